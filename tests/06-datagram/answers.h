/*
 * answers.h - servers for ask, played by the test.
 */
#ifndef LAB_06_ANSWERS_H
#define LAB_06_ANSWERS_H

#include "arguments.h"
#include "datagrams.h"

struct asked { /* a run of ask whose first query has come */
    struct program *ask;
    struct peer *server;
    const char *client;   /* where its queries come from */
    long long arrival_ms; /* when the query came, by the kernel's clock */
    const char *id;       /* the digits at the query's start */
    struct bytes query;
    long long before_ms; /* the time before it was started ... */
    long long heard_ms;  /* ... and when its query was there */
};

static struct program *run_ask(enum build build, const char *where, int tries, int timeout_ms,
                               const char *verb, const char *said)
{
    return launch(.program = "ask", .build = build,
                  .args = {host_of(where), port_text(port_of(where)), text("%d", tries),
                           text("%d", timeout_ms), verb, said});
}

/* The ID at the start of a query, which must be 1 to 10 digits and a space. */
static const char *id_of(struct bytes query)
{
    size_t digits = 0;
    while (digits < query.length && query.at[digits] >= '0' && query.at[digits] <= '9')
        digits++;
    expect_that(digits >= 1 && digits <= 10 && digits < query.length && query.at[digits] == ' ',
                "a query that begins with an ID (1 to 10 digits) and a space", "%s", shown(query));
    return text("%.*s", (int)digits, (const char *)query.at);
}

/* Runs the student's ask, which asks a server that the test plays, and waits for the first query.
 */
static struct asked hear_query(struct peer *server, int tries, int timeout_ms, const char *verb,
                               const char *said)
{
    await_build("ask");
    struct asked asked = {.server = server, .before_ms = now_ms()};
    asked.ask = run_ask(STUDENTS, local_address(server), tries, timeout_ms, verb, said);
    asked.query = hear_datagram(server, &asked.client);
    asked.heard_ms = now_ms();
    asked.arrival_ms = arrival_ms(server);
    asked.id = id_of(asked.query);
    return asked;
}

/* Answers it with its ID and this text. */
static void answer_it(const struct asked *asked, struct bytes said)
{
    say_to(asked->server, asked->client, answer(asked->id, said));
}

/* It must print this text and a newline, and exit with 0. */
static void expect_printed(struct program *ask, struct bytes said)
{
    expect_output(ask, both(said, BYTES("\n")));
    expect_exit(ask, 0);
}

/* --- what a query must be --- */

/* The query must be these words behind its ID. */
static void expect_words(const struct asked *asked, const char *words)
{
    expect_that(same(asked->query, answer(asked->id, bytes_of(words))),
                text("the query %s", shown(answer(asked->id, bytes_of(words)))), "%s",
                shown(asked->query));
}

/* Runs ask; its query must be these words, and what is answered must be printed. */
static void expect_talk(struct peer *server, const char *verb, const char *said, const char *words,
                        struct bytes reply)
{
    tried("ran `ask HOST PORT 1 60000 %s%s`, and answered %s", verb,
          said ? text(" '%s'", said) : "", shown(answer("ID", reply)));
    suspect("A query is one datagram, sent by a socket of SOCK_DGRAM%s: ID (1 to 10 digits), "
            "space, verb, and if there is a TEXT a space and that, even if it is empty. No newline "
            "and no NUL is sent.",
            strchr(local_address(server), '[') ? ", of IPv6 if HOST is" : "");
    struct asked asked = hear_query(server, 1, PATIENT_MS, verb, said);
    expect_words(&asked, words);
    suspect("As soon as the answer comes ask prints what follows the ID and its space, whatever "
            "bytes these are, and a newline. Received bytes are no string.");
    answer_it(&asked, reply);
    expect_printed(asked.ask, reply);
}

/* Several runs, one at once after the other, must not have the same ID. Returns the length that all
 * IDs had, 0 if they differ. */
static size_t expect_own_ids(struct peer *server)
{
    enum { RUNS = 5 };
    const char *ids[RUNS];
    size_t length = 0;
    int different = 0;
    tried("ran ask %d times and compared the IDs of its queries", RUNS);
    suspect("Each run needs an ID of its own, also in the same second, or an answer to one run "
            "can be taken for that of another: rand() starts with the same number every time, and "
            "time() changes once a second. getentropy() gives random bytes.");
    for (int i = 0; i < RUNS; i++) {
        struct asked asked = hear_query(server, 1, PATIENT_MS, "echo", "x");
        answer_it(&asked, BYTES("x"));
        expect_printed(asked.ask, BYTES("x"));
        ids[i] = asked.id;
        bool is_new = true;
        for (int k = 0; k < i; k++)
            is_new &= strcmp(ids[k], ids[i]) != 0;
        different += is_new;
        length = i == 0 || length == strlen(ids[i]) ? strlen(ids[i]) : 0;
    }
    /* Two are no accident: the second may just have changed. */
    expect_that(different > 2, "different IDs", "%d runs with only %d: %s, %s, %s ...", RUNS,
                different, ids[0], ids[1], ids[2]);
    return length;
}

static bool has_query_or_end(void *context)
{
    struct asked *asked = context;
    return has_something_to_say(asked->server) || ended_by_now(asked->ask);
}

/* Runs ask with a text of this length. Returns true if it was sent, and at most 512 bytes. */
static bool sends_text_of(struct peer *server, size_t length)
{
    struct asked asked = {.server = server};
    tried("ran `ask HOST PORT 1 60000 echo TEXT` with a TEXT of %zu bytes", length);
    suspect("A query has at most 512 bytes, ID, verb and spaces included. One of 512 is sent; a "
            "longer one is refused before it is sent: exit 1. It must not be cut either.");
    const char *said = letters('x', length);
    asked.ask = run_ask(STUDENTS, local_address(server), 1, PATIENT_MS, "echo", said);
    wait_until(has_query_or_end, &asked, "a query, or exit code 1");
    if (!has_something_to_say(server)) {
        expect_exit(asked.ask, 1);
        return false;
    }
    asked.query = hear_datagram(server, &asked.client);
    asked.id = id_of(asked.query);
    expect_that(asked.query.length <= LONGEST, "no query of more than 512 bytes",
                "one of %zu bytes", asked.query.length);
    expect_that(same(asked.query, answer(asked.id, bytes_of(text("echo %s", said)))),
                text("the query %s", shown(answer(asked.id, bytes_of(text("echo %s", said))))),
                "%s", shown(asked.query));
    suspect(
        "An answer may have as many bytes as a query: it is printed whole. recv() drops what has "
        "no room.");
    answer_it(&asked, bytes_of(said));
    expect_printed(asked.ask, bytes_of(said));
    return true;
}

/* The limit to the byte: an ID has 1 to 10 digits, so some lengths are sent, some are refused, and
 * those in between depend on the ID. If all IDs had the same length, the test knows better. */
static void expect_limit(struct peer *server, size_t id_length)
{
    enum { LONG_ID = 10, AROUND_TEXT = 6, OFTEN = 20 };
    bool sent = sends_text_of(server, LONGEST - AROUND_TEXT - LONG_ID);
    expect_that(sent, "a query, for it has 512 bytes at most", "exit code 1");
    sent = sends_text_of(server, LONGEST - AROUND_TEXT);
    expect_that(!sent, "exit code 1, for the query would have at least 513 bytes", "a query");
    sent = sends_text_of(server, 5000);
    expect_that(!sent, "exit code 1, for the query would have over 5000 bytes", "a query");
    if (id_length == 0)
        return;
    sends_text_of(server, LONGEST - AROUND_TEXT - id_length + 1);
    if (id_length == LONG_ID) /* then the first text was the longest that is sent */
        return;
    for (int i = 0; i < OFTEN && !sent; i++)
        sent = sends_text_of(server, LONGEST - AROUND_TEXT - id_length);
    if (!sent && expect_own_ids(server) == id_length)
        fail_step(text("a query: with an ID of %zu digits it has 512 bytes", id_length),
                  "exit code 1");
}

static void expect_usage_errors_of_ask(void)
{
    expect_usage_error("ask", "127.0.0.1", "4000", "3", "1000");
    expect_usage_error("ask", "127.0.0.1", "4000", "3", "1000", "echo", "two", "words");
    expect_strict_numbers("ask", WORD("127.0.0.1"), PORT("4000"), NUMBER("3", 1, 100),
                          NUMBER("1000", 1, 60000), WORD("time"));
}

/* --- time --- */

/* The next query must come by its time and be the same as the first. */
static void expect_repeat(const struct asked *asked, long long due_ms)
{
    wait_until_due(has_datagram, asked->server, asked->ask, due_ms, "the same query again");
    struct bytes query = hear_datagram(asked->server, NULL);
    expect_that(same(query, asked->query), text("the same query, %s", shown(asked->query)), "%s",
                shown(query));
}

/* It must end with exit code 1 by the time that is due, and not have given up before. */
static void expect_no_answer_found(const struct asked *asked, int tries, int timeout_ms)
{
    long long all_ms = (long long)tries * timeout_ms;
    wait_until_due(has_ended, asked->ask, asked->ask, asked->heard_ms + all_ms, "the end of ask");
    long long took_ms = now_ms() - asked->before_ms;
    expect_exit(asked->ask, 1);
    expect_no_more_output(asked->ask);
    expect_that(took_ms * 10 >= all_ms * 9, text("an end after %lld ms", all_ms),
                "an end after %lld ms", took_ms);
}

/* After its last query it must wait once more. The wait before that is long, for only an end that
 * is much too early by the kernel's clock counts (the test itself may be late): so this run of ask
 * is begun before other trials, goes on beside them, and is looked at after them. */
enum { LAST_TRIES = 2, LAST_TIMEOUT_MS = 200 };

static void tell_last_wait(void)
{
    tried("ran `ask HOST PORT %d %d time`, and looked whether it waits after its last query",
          LAST_TRIES, LAST_TIMEOUT_MS);
    suspect(
        "The answer to the last query needs its time as well: wait after it, then exit with 1.");
}

static struct asked begin_last_wait(struct peer *server)
{
    tell_last_wait();
    return hear_query(server, LAST_TRIES, LAST_TIMEOUT_MS, "time", NULL);
}

static void expect_last_wait(const struct asked *asked)
{
    struct timespec now;
    long long ahead_ms; /* the clock of arrivals is ahead of now_ms() by this */
    tell_last_wait();
    expect_repeat(asked, asked->heard_ms + LAST_TIMEOUT_MS);
    wait_until_idle(asked->ask);
    if (!ended_by_now(asked->ask))
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    ahead_ms = now.tv_sec * 1000LL + now.tv_nsec / 1000000 - now_ms();
    long long since_ms = ended_ms(asked->ask) + ahead_ms - arrival_ms(asked->server);
    expect_that(since_ms * 2 > LAST_TIMEOUT_MS, "ask to wait for TIMEOUT_MS",
                "its end at most %lld ms after the query", since_ms);
}

/* --- what is no answer --- */

struct shower { /* datagrams that are no answer, one after the other, until something happens */
    const struct asked *asked;
    struct peer *stranger;
    bool (*until)(void *context);
    void *context;
    long long next_ms;
    int count;
};

/* What is not the answer to this question, from the server itself. */
static struct bytes no_answer(const struct asked *asked, int kind)
{
    const char *id = asked->id, *other = text("%s", id);
    char *last = (char *)other + strlen(other) - 1;
    *last = *last == '9' ? '0' : (char)(*last + 1);
    switch (kind) {
    case 0:
        return answer(other, BYTES("another ID"));
    case 1: /* where the space would be, that of the datagram before may stand still */
        return bytes_of(id);
    case 2:
        return BYTES("");
    case 3:
        return BYTES("error: bad query");
    case 4:
        return answer(text("%s0", id), BYTES("a longer ID"));
    case 5:
        return answer(text("0%s", id), BYTES("other digits"));
    case 6:
        return answer(text("%.*s", (int)strlen(id) - 1, id), BYTES("a shorter ID"));
    case 7:
        return both(bytes_of(other), noise(60000));
    default:
        return both(BYTES("x"), answer(id, BYTES("not at the start")));
    }
}
enum { KINDS = 9 };

static const char wrong_id[] =
    "Only an answer with this query's ID counts: the same digits from the first byte on, then a "
    "space. Anything else that comes (an old answer, an empty datagram, an error without an ID) is "
    "passed over, and the wait goes on.";

/* Sends ask what is no answer; it must go on waiting and send nothing, as it has time. */
static void expect_unmoved(const struct asked *asked, struct peer *from, struct bytes datagram)
{
    say_to(from, asked->client, datagram);
    wait_until_idle(asked->ask);
    if (ended_by_now(asked->ask) || output_so_far(asked->ask).length > 0)
        fail_step("ask to go on waiting for the answer",
                  output_so_far(asked->ask).length
                      ? text("%s on standard output", shown(output_so_far(asked->ask)))
                      : text("its end with exit code %d", exit_status(asked->ask)));
    expect_that(!has_something_to_say(asked->server),
                "no second query, for TIMEOUT_MS has not passed", "one");
}

static bool showers_until(void *context)
{
    struct shower *shower = context;
    const struct asked *asked = shower->asked;
    if (shower->until(shower->context))
        return true;
    if (now_ms() >= shower->next_ms) {
        shower->next_ms = now_ms() + FREQUENT_MS;
        if (shower->count++ % 2)
            say_to(asked->server, asked->client, no_answer(asked, 0));
        else
            say_to(shower->stranger, asked->client, answer(asked->id, BYTES("forged")));
    }
    return false;
}

/* --- names --- */

struct named { /* a run of ask that was given a name, and the servers at its addresses */
    struct program *ask;
    struct peer *servers[2];
    int count;
    struct peer *asked; /* the one that has a query */
};

static bool one_is_asked(void *context)
{
    struct named *named = context;
    for (int i = 0; i < named->count && !named->asked; i++)
        if (has_something_to_say(named->servers[i]))
            named->asked = named->servers[i];
    return named->asked;
}

/* ask takes a name's first address only; which that is, is the machine's affair. */
static void expect_name_to_work(void)
{
    struct named named = {0};
    int port = free_port();
    for (int i = 0; i < host_count(); i++)
        if (localhost_is(hosts[i]))
            named.servers[named.count++] = datagram_peer_at(address(hosts[i], port));
    tried("ran `ask localhost PORT 1 60000 time`");
    suspect("HOST may be a name: getaddrinfo() turns it into addresses, each with its own family.");
    named.ask = run_ask(STUDENTS, address("localhost", port), 1, PATIENT_MS, "time", NULL);
    wait_until(one_is_asked, &named, "a query");
    const char *client;
    struct bytes query = hear_datagram(named.asked, &client);
    say_to(named.asked, client, answer(id_of(query), BYTES("here")));
    expect_printed(named.ask, BYTES("here"));
}

#endif

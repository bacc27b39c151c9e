/*
 * questions.h - clients for askserver, played by the test.
 */
#ifndef LAB_06_QUESTIONS_H
#define LAB_06_QUESTIONS_H

#include "datagrams.h"

static const char *serve_on(const char *host, struct program **server)
{
    suspect("As soon as datagrams can come the server prints \"listening on ADDR:PORT\", and "
            "flushes it. Its socket is one of SOCK_DGRAM, bound, without listen() or accept()%s.",
            strchr(host, ':') ? ", of IPv6 if HOST is: ask for any family" : "");
    *server = start("askserver", host, "0");
    return listening_for_datagrams(*server);
}

/* Sends a query and demands this answer, from where the query went. */
static void expect_answer(struct peer *client, const char *where, struct bytes query,
                          struct bytes expected)
{
    say_to(client, where, query);
    const char *from = expect_datagram(client, expected);
    suspect("Whoever asks takes an answer only from the address that was asked: send it by the "
            "socket that got the query.");
    expect_that(port_of(from) == port_of(where), text("an answer from %s", where), "one from %s",
                from);
}

/* A new client that is served. */
static void expect_service(const char *where)
{
    expect_answer(datagram_peer(host_of(where)), where, BYTES("hello"), BYTES("error: bad query"));
}

/* No datagram may have come to the client, and the server is through with all it got. */
static void expect_nothing_heard(struct peer *client, struct program *server)
{
    wait_until_idle(server);
    if (has_something_to_say(client))
        fail_step("no answer", shown(hear_datagram(client, NULL)));
}

static void expect_time(struct peer *client, const char *where, const char *query)
{
    time_t from = time(NULL);
    tried("sent %s", shown(bytes_of(query)));
    suspect("`time` is answered with the ID, a space and the local time, whether a text follows or "
            "not.");
    say_to(client, where, bytes_of(query));
    struct bytes came = hear_datagram(client, NULL);
    bool has_id = came.length > 3 && memcmp(came.at, "42 ", 3) == 0;
    struct bytes said = {came.at + 3, has_id ? came.length - 3 : 0};
    if (has_id)
        suspect_by_time(said);
    expect_that(has_id && is_time_since(from, said), "\"42 \" and the local time, 24 characters",
                "%s", shown(came));
}

struct exchange {
    struct bytes query, answer;
    const char *cause; /* of a wrong answer */
};

static void expect_answers(const char *where, const struct exchange *exchanges, size_t count)
{
    struct peer *client = datagram_peer(host_of(where));
    for (size_t i = 0; i < count; i++) {
        tried("sent %s", shown(exchanges[i].query));
        suspect("%s", exchanges[i].cause);
        expect_answer(client, where, exchanges[i].query, exchanges[i].answer);
    }
}

static void expect_no_answer(struct program *server, const char *where, struct bytes datagram)
{
    struct peer *client = datagram_peer(host_of(where));
    tried("sent %s", shown(datagram));
    suspect("What begins with \"error:\" is somebody's answer and no question, however long it is: "
            "if it is answered with an error, two servers can keep each other busy for ever.");
    say_to(client, where, datagram);
    expect_answer(client, where, BYTES("1 echo still there"), BYTES("1 still there"));
    expect_nothing_heard(client, server);
}

/* Clients who all ask several things at once, and are answered. */
enum { CROWD = 12, QUESTIONS = 8 };

static void let_crowd_ask(const char *where)
{
    struct peer *clients[CROWD];
    const char *said = letters('x', 400);
    for (int i = 0; i < CROWD; i++)
        clients[i] = datagram_peer(host_of(where));
    for (int i = 0; i < CROWD * QUESTIONS; i++)
        say_to(clients[i % CROWD], where, bytes_of(text("%d echo %s", i, said)));
    for (int i = 0; i < CROWD * QUESTIONS; i++)
        hear_datagram(clients[i % CROWD], NULL);
    for (int i = 0; i < CROWD; i++)
        hang_up(clients[i]);
}

/* Waits until the server sleeps. */
static void wait_to_rest(struct program *server)
{
    tried("sent nothing for a while");
    suspect("A server without work sleeps in recvfrom(), or in poll() without a time-out. It must "
            "not ask again and again.");
    wait_until_idle(server);
}

/* Clients that came and went must have left nothing behind. */
static void expect_no_leak(struct program *server, const char *where)
{
    enum { SEVERAL = 8 };
    wait_until_idle(server);
    int before = count_descriptors(server);
    tried("asked %d times and counted what the server has open", SEVERAL);
    for (int i = 0; i < SEVERAL; i++)
        expect_service(where);
    suspect("Each query leaves a descriptor open in the server: close what was opened for it.");
    wait_until_idle(server);
    expect_that(count_descriptors(server) <= before, text("%d open descriptors, as before", before),
                "%d", count_descriptors(server));
    expect_service(where); /* the last moment for a server that collects them as it goes */
    suspect("Each query leaves a child behind that nobody waits for.");
    wait_until_idle(server);
    expect_that(count_zombies(server) <= 1, "no child that has ended and was not waited for", "%d",
                count_zombies(server));
}

#endif

/*
 * crowd.h - how lab 09 plays many clients at once, and what it sees of a server from outside.
 */
#ifndef LAB_09_CROWD_H
#define LAB_09_CROWD_H

#include "arguments.h"
#include "manners.h"
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    KIB = 1 << 10,
    FLOOD_PIECE = 64 * KIB,
    MOST = 1000,    /* clients in a crowd */
    MOST_AHEAD = 64 /* of them connect before the first of these is served */
};

/* Where a server is started that could as well be started elsewhere: with IPv6, if this machine has
 * it, since other steps start it with IPv4. */
static const char *other_host(void)
{
    return has_ipv6() ? "::1" : "127.0.0.1";
}

/* --- one client --- */

/* Says this and hears it again. */
static void chat(struct peer *client, struct bytes words)
{
    say(client, words);
    expect_bytes(client, words);
}

static void take_leave(struct peer *client)
{
    half_close(client);
    expect_end_of_file(client);
    hang_up(client);
}

/* A client that comes, says a word, hears it again, and goes. */
static void visit(const char *where)
{
    struct peer *client = join(where);
    chat(client, BYTES("ping"));
    take_leave(client);
}

/* --- many --- */

struct crowd {
    struct peer *client[MOST];
    int size;
};

static struct bytes word_of(int number)
{
    return bytes_of(text("client %d\n", number));
}

/* How many may connect at a time: as many as the queue at the door holds. Any queue holds two. */
static int fit_into_the_queue(const char *where)
{
    int backlog = tcp_socket_at(where).backlog;
    return backlog < 2 ? 2 : backlog < MOST_AHEAD ? backlog : MOST_AHEAD;
}

/* Lets so many more of the crowd connect. */
static void come(struct crowd *crowd, const char *where, int many)
{
    for (int end = crowd->size + many; crowd->size < end; crowd->size++)
        crowd->client[crowd->size] = join(where);
}

static void say_words_of(struct crowd *crowd, int first)
{
    for (int i = first; i < crowd->size; i++)
        say(crowd->client[i], word_of(i));
}

static void expect_words_of(struct crowd *crowd, int first)
{
    for (int i = first; i < crowd->size; i++)
        attend_to(crowd->client[i]);
    for (int i = first; i < crowd->size; i++)
        expect_bytes(crowd->client[i], word_of(i));
}

/* Connects these clients, some at a time, each when those before it have been served. */
static struct crowd *gather(const char *where, int size)
{
    struct crowd *crowd = step_memory(sizeof *crowd);
    int ahead = fit_into_the_queue(where);
    for (int first = 0; first < size; first = crowd->size) {
        come(crowd, where, size - first < ahead ? size - first : ahead);
        say_words_of(crowd, first);
        expect_words_of(crowd, first);
    }
    return crowd;
}

/* All say something at the same time, each something else. */
static void talk_at_once(struct crowd *crowd)
{
    say_words_of(crowd, 0);
    expect_words_of(crowd, 0);
}

static void see_all_off(struct crowd *crowd)
{
    for (int i = 0; i < crowd->size; i++)
        attend_to(crowd->client[i]);
    for (int i = 0; i < crowd->size; i++) {
        expect_end_of_file(crowd->client[i]);
        hang_up(crowd->client[i]);
    }
}

static void all_leave(struct crowd *crowd)
{
    for (int i = 0; i < crowd->size; i++)
        half_close(crowd->client[i]);
    see_all_off(crowd);
}

/* --- in one moment --- */

/* While a server is stopped everything that clients do is one moment for it; and it turns to a
 * thousand of them once, not a thousand times. The last of those that come in a moment says a word:
 * when it comes back, all before it have been let in. */
static struct crowd *gather_by_moments(struct program *server, const char *where, int size)
{
    struct crowd *crowd = step_memory(sizeof *crowd);
    int ahead = fit_into_the_queue(where);
    for (int first = 0; first < size; first = crowd->size) {
        stop(server);
        come(crowd, where, size - first < ahead ? size - first : ahead);
        say_words_of(crowd, crowd->size - 1);
        go_on(server);
        expect_words_of(crowd, crowd->size - 1);
    }
    return crowd;
}

static void talk_in_one_moment(struct program *server, struct crowd *crowd)
{
    stop(server);
    say_words_of(crowd, 0);
    go_on(server);
    expect_words_of(crowd, 0);
}

static void all_leave_in_one_moment(struct program *server, struct crowd *crowd)
{
    stop(server);
    for (int i = 0; i < crowd->size; i++)
        half_close(crowd->client[i]);
    go_on(server);
    see_all_off(crowd);
}

/* --- one that sends and does not read --- */

struct flood {
    struct peer *client;
    struct bytes piece; /* that it said again and again */
    int pieces;
};

/* Lets a client send until the server takes no more, or has taken much more than buffers between
 * them hold. */
static struct flood flood(struct program *server, const char *where)
{
    enum { MOST_PIECES = 64 };
    struct flood flood = {.client = join_modestly(where), .piece = noise(FLOOD_PIECE)};
    while (flood.pieces < MOST_PIECES && unsaid(flood.client) == 0) {
        say(flood.client, flood.piece);
        flood.pieces++;
        wait_until_stuck(flood.client, server);
    }
    return flood;
}

/* It reads its echo in the end, all of it: most after it has said that no more will come, when
 * `at_end` (may be NULL) is what lies behind a failure. */
static void expect_echo_of(struct flood flood, const char *at_end)
{
    size_t half = FLOOD_PIECE / 2;
    expect_bytes(flood.client, (struct bytes){flood.piece.at, half});
    if (at_end)
        suspect("%s", at_end);
    half_close(flood.client);
    expect_bytes(flood.client, (struct bytes){flood.piece.at + half, half});
    for (int i = 1; i < flood.pieces; i++)
        expect_bytes(flood.client, flood.piece);
    expect_end_of_file(flood.client);
}

/* --- what a round of clients leaves behind --- */

struct belongings {
    int descriptors;
    long kib; /* of memory */
};

static struct belongings look_at(struct program *server)
{
    wait_until_idle(server);
    return (struct belongings){count_descriptors(server), anonymous_kib(server)};
}

static void expect_no_more_descriptors(struct program *server, struct belongings before)
{
    suspect("Each client leaves a descriptor open in the server, and there are only so many: close "
            "the connection when the client has gone, on every way out.");
    struct belongings after = look_at(server);
    expect_that(after.descriptors <= before.descriptors,
                text("%d open descriptors, as before", before.descriptors), "%d",
                after.descriptors);
}

/* --- rounds of clients --- */

enum { CROWD = 200, GROUP = 50, ROW = 30 };

/* Many clients at once, and one after them. */
static void group_visit(const char *where)
{
    all_leave(gather(where, GROUP));
    visit(where);
}

/* More clients than the contract knows: they may be served, wait or be dropped, but the server and
 * those that it has go on. */
static void expect_no_harm_of_more(struct program *server, const char *where, struct crowd *crowd)
{
    enum { MORE = 60 };
    tried("connected %d clients, and %d more", crowd->size, MORE);
    suspect("That an array is full is no reason to end, nor that a descriptor is too high for an "
            "fd_set (FD_SETSIZE): this client can wait in the queue or be dropped (close its "
            "connection), and the server goes on.");
    struct peer *others[MORE];
    for (int i = 0; i < MORE; i++)
        others[i] = begin_to_join(where);
    wait_until_idle(server);
    expect_running(server);
    chat(crowd->client[0], BYTES("and I?"));
    for (int i = 0; i < MORE; i++)
        hang_up(others[i]);
}

/* --- what every server owes its user --- */

/* What happens to every server once in a while. The launch's weather brings it about. */
static void expect_to_serve_in_any_weather(struct program *server)
{
    suspect("HOST may be a name: getaddrinfo() tells what it stands for. ADDR and PORT in the line "
            "are numbers: getnameinfo() with NI_NUMERICHOST makes them of what getsockname() "
            "tells.");
    const char *where = listening(server);
    tried("let accept() fail once (ECONNABORTED), and connected");
    suspect("ECONNABORTED says that a client has gone before it was let in. That is no reason for "
            "a server to end: accept() the next one.");
    struct peer *client = join(where);
    chat(client, BYTES("a"));
    tried("let send() take only two of four bytes");
    suspect("send() may take less than it was given, and returns how many bytes it took. Send the "
            "rest: from behind these, and only as many as are left.");
    chat(client, BYTES("ping"));
    take_leave(client);
}

/* pollserver learns to send the rest in a step of its own. */
static void expect_good_start(const char *name, bool sends_all)
{
    struct program *named = launch(.program = name, .args = {"localhost", "0"},
                                   .weather = sends_all ? "accept 1 ECONNABORTED; send 2 short 2"
                                                        : "accept 1 ECONNABORTED");
    expect_bad_starts_told(name, "127.0.0.1");
    tried("started `%s localhost 0`", name);
    expect_to_serve_in_any_weather(named);
    expect_unknown_host_told(name, UNKNOWN_HOST, "0");
}

static void expect_good_end(const char *name, struct program *server, const char *where)
{
    tried("ended the server by SIGTERM while a client was there, and started it again on its port");
    suspect("SIGTERM ends the server, at once. And without SO_REUSEADDR, set before bind(), a port "
            "is refused while old connections rest in TIME_WAIT.");
    struct peer *client = join(where);
    chat(client, BYTES("ping"));
    terminate(server); /* its side closes first */
    hang_up(client);
    visit(listening(start(name, host_of(where), port_text(port_of(where)))));
}

enum { REST_MS = 30 }; /* that a server is watched at least */

static const char rest[] =
    "A server with nothing to do waits in accept(), poll() or select(), without a time-out or with "
    "a long one: it asks for nothing that is always ready, and uses no processor time.";

struct kind { /* of server, and what usually lies behind its failures */
    const char *name;
    const char *deaf;  /* a second client is not served */
    const char *open;  /* no end of file comes */
    const char *ended; /* it ends with its first client */
    const char *mixed; /* a client is no longer served, or with another's words */
};

/* Starts a server: clients are silent there, and others are served. Returns it when they have left,
 * and where it listens. */
static struct program *expect_silence_to_hold_up_nobody(const struct kind *kind, const char **where)
{
    const char *host = other_host(), *port = port_text(free_port());
    expect_strict_arguments_too(kind->name, WORD("127.0.0.1"), PORT("0"));
    tried("started `%s %s %s` and connected a client", kind->name, host, port);
    suspect("As soon as clients can connect the server prints \"listening on ADDR:PORT\", and "
            "flushes it.");
    struct program *server =
        launch(.program = kind->name, .args = {host, port}, .no_quarantine = true);
    *where = listening(server);
    struct peer *first = join(*where);
    suspect("What a client says comes back at once: send what you received before you wait for "
            "anything else, in recv() or in poll().");
    chat(first, BYTES("a"));
    tried("connected a third client, while the first was silent and the second had not said "
          "anything yet");
    suspect("%s", kind->deaf);
    struct peer *silent = join(*where);
    struct peer *talker = join(*where);
    chat(talker, BYTES("hello\0world\n"));
    tried("ended the third client's stream (half-close), while the others stayed");
    suspect("%s", kind->open);
    take_leave(talker);
    tried("came back to the first client, when the third had left");
    suspect("%s", kind->mixed);
    chat(first, BYTES("still here"));
    chat(silent, BYTES("at last"));
    take_leave(silent);
    chat(first, BYTES("good-bye"));
    take_leave(first);
    suspect("%s", kind->ended);
    expect_running(server);
    suspect(rest);
    wait_until_idle(server);
    suspect("%s", kind->ended); /* or a moment later, at SIGCHLD */
    expect_running(server);
    return server;
}

#endif

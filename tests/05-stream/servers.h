/*
 * servers.h - what lab 05's two servers have to stand: bad weather, rude clients, too few
 * descriptors, several clients at once; and what they owe: nothing kept of clients, a good start
 * and end.
 */
#ifndef LAB_05_SERVERS_H
#define LAB_05_SERVERS_H

#include "manners.h"
#include "streams.h"

/* --- weather --- */

static struct program *start_failing_to_accept(const char *name)
{
    tried("let accept() fail with ECONNABORTED and with EINTR, and connected");
    suspect("accept() fails with ECONNABORTED when a client has gone before its turn, and with "
            "EINTR when a signal comes: both pass. Take the next client.");
    return launch(.program = name, .args = {"127.0.0.1", port_text(free_port())},
                  .no_quarantine = true, .weather = "accept 1 ECONNABORTED; accept 2 EINTR");
}

/* A server that may take a nap for each failure, while the step does something else. */
static struct program *start_in_need(const char *name)
{
    return launch(.program = name, .args = {"127.0.0.1", "0"},
                  .weather = "accept 1 ENFILE; accept 2 ENOBUFS; accept 3 ENOMEM");
}

static void expect_end_of_need(struct program *poor, void (*serve)(const char *where))
{
    tried("let accept() fail with ENFILE, ENOBUFS and ENOMEM, and connected");
    suspect("The whole machine can be short of descriptors (ENFILE) or memory (ENOBUFS, ENOMEM): "
            "that passes as EMFILE does. Wait a moment, and accept() again.");
    const char *where = listening(poor);
    serve(where);
    expect_running(poor);
    terminate(poor); /* with its family: the next to end has to be alone */
}

static void expect_drop_by_drop(const char *name, struct bytes sent, struct bytes back)
{
    struct program *server = launch(.program = name, .args = {"localhost", "0"},
                                    .weather = "recv 1 EINTR; send 1 EINTR; send 2- short 1000");
    tried("started `%s localhost 0`", name);
    suspect("ADDR is numeric, whatever HOST is: print what getsockname() reports.");
    const char *where = listening(server);
    tried(
        "let recv() and send() be interrupted once, send() take at most 1000 bytes at a time, and "
        "sent %zu",
        sent.length);
    suspect("The rest can come short as well: send again and again, until all has gone. And a -1 "
            "with EINTR is no failure: try again.");
    struct peer *client = join(where);
    say(client, sent);
    half_close(client);
    expect_same(hear_all(client), back, "back");
}

/* --- several clients at once --- */

/* While the server is stuck in sending to one client, another one says this and ends its stream;
 * where it is served side by side, it is served now. */
static struct peer *come_between(struct peer *slow, struct program *server, const char *where,
                                 struct bytes words)
{
    wait_until_stuck(slow, server);
    stop_family(server);
    struct peer *other = join(where);
    say(other, words);
    half_close(other);
    go_on(server);
    wait_until_idle(server);
    return other;
}

/* Clients that come in one moment, as many as the server's queue holds, each with a word of its own
 * in the form of the server. */
static void expect_no_mixing(struct program *server, const char *where,
                             struct bytes (*question)(struct bytes word),
                             struct bytes (*reply)(struct bytes word))
{
    enum { MOST = 3 };
    const struct bytes words[MOST] = {BYTES("one"), BYTES("two"), BYTES("three")};
    struct peer *clients[MOST];
    int room = tcp_socket_at(where).backlog + 1, count = room < MOST ? room : MOST;
    tried("let %d clients come at once, each with a word of its own", count);
    suspect("Each client has its own socket. A thread must be given the descriptor itself: the "
            "variable whose address it gets may hold the next client's before it looks.");
    wait_until_idle(server);
    stop_family(server);
    for (int i = 0; i < count; i++) {
        clients[i] = join(where);
        say(clients[i], question(words[i]));
        half_close(clients[i]);
    }
    go_on(server);
    for (int i = 0; i < count; i++) {
        expect_bytes(clients[i], reply(words[i]));
        expect_end_of_file(clients[i]);
    }
}

/* --- rude clients --- */

/* Puts a client's connection where the next send() of a server raises SIGPIPE: the server sleeps
 * while the client says a last word, ends its stream and breaks the connection. */
static void say_and_vanish(struct program *server, const char *where, struct bytes words)
{
    struct peer *client = join(where);
    wait_until_idle(server);
    stop_family(server);
    say(client, words);
    half_close(client);
    reset(client);
    go_on(server);
}

/* What the next client hears is not what was left for the one that has vanished. `serve` is a right
 * client's visit. */
static void expect_nothing_left_over(const char *where, struct bytes left, struct bytes said,
                                     struct bytes back)
{
    struct peer *next = join(where);
    say(next, said);
    struct bytes came = hear_up_to(next, back.length);
    if (came.length == left.length && memcmp(came.at, left.at, left.length) == 0)
        suspect("What was left for a client that has gone is dropped: begin each client with an "
                "empty buffer and counts of 0.");
    expect_that(came.length == back.length && memcmp(came.at, back.at, back.length) == 0,
                shown(back), "%s", came.length ? shown(came) : "an end of the connection");
    half_close(next);
    expect_end_of_file(next);
}

/* A client that is gone before anybody looks at its socket. */
static void expect_no_fear_of_ghosts(struct program *server, const char *where,
                                     void (*serve)(const char *where))
{
    tried("connected and broke the connection before the server could accept it");
    suspect("A client can be gone when it is accepted. Calls on its socket then fail "
            "(getpeername() with ENOTCONN): no reason to end, close it and take the next.");
    wait_until_idle(server);
    stop_family(server);
    reset(join(where));
    go_on(server);
    wait_until_idle(server);
    serve(where);
    expect_running(server);
}

/* Takes a server its descriptors and gives them back. `serve` is a right client's visit. */
static void expect_patience(struct program *server, const char *where,
                            void (*serve)(const char *where))
{
    tried("left the server no descriptor for another client, and connected two");
    static const char fatal[] = "accept() fails with EMFILE while no descriptor is free. That "
                                "passes: the server must not end, but go on when there is room "
                                "again.",
                      spins[] = "The clients stay in the queue, so accept() fails again at once: "
                                "without a pause the loop burns a processor. (EMFILE)";
    suspect("%s", spins);
    wait_until_idle(server);
    limit_resource(server, RLIMIT_NOFILE, (rlim_t)count_descriptors(server));
    struct peer *early = join(where); /* may get in: a waiting accept() has its descriptor */
    wait_until_idle(server);
    suspect("%s", fatal);
    hang_up(early);
    struct peer *waits = join(where);
    suspect("%s", spins);
    wait_until_idle(server);
    suspect("%s", fatal);
    expect_running(server);
    hang_up(waits);
    limit_resource(server, RLIMIT_NOFILE, 1024);
    serve(where);
}

/* --- what stays --- */

/* A client that is served, and breaks its connection every other time. */
static void visit_with(const char *where, struct bytes question, struct bytes reply)
{
    static bool breaks;
    struct peer *client = join(where);
    say(client, question);
    expect_bytes(client, reply);
    breaks = !breaks;
    if (breaks) {
        reset(client);
        return;
    }
    half_close(client);
    expect_end_of_file(client);
}

/* Nothing of clients that have left, and nothing about them on standard output. `visit` is one of
 * them, `serve` a right client's visit. */
static void expect_nothing_kept(struct program *server, const char *where,
                                void (*visit)(const char *where), void (*serve)(const char *where))
{
    enum { VISITS = 4, ROW = 8 };
    tried("ended the server's standard input, and connected");
    suspect("A server serves until SIGTERM: its standard input is none of its business.");
    end_input(server);
    wait_until_idle(server);
    serve(where);
    expect_running(server);
    expect_nothing_stays(server, where, visit, VISITS);
    expect_steady_memory(server, where, visit, ROW, 1, NULL);
    tried("looked at the server's standard output when clients had come and gone");
    expect_silence(server);
}

/* --- start and end --- */

/* What every server owes its user: an end of all its processes, its port back afterwards, and a
 * reason when it can't start. `talk` says something as a client, and expects the answer. */
static void expect_good_end_and_start(const char *name, struct program *server, const char *where,
                                      void (*talk)(struct peer *client))
{
    const char *port = port_text(port_of(where));
    tried("ended the server while a client was there");
    suspect("Clients that come later are served like the first ones.");
    struct peer *client = join(where);
    talk(client);                        /* so it has been let in */
    expect_end_of_family(server, where); /* its side closes first */
    hang_up(client);
    tried("started the server again on its port");
    suspect("Without SO_REUSEADDR, set before bind(), a port is refused while old connections "
            "rest in TIME_WAIT.");
    struct program *again = start(name, "127.0.0.1", port);
    talk(join(listening(again)));

    expect_bad_starts_told(name, "127.0.0.1");
}

#endif

/*
 * rude.h - lab 09's rude clients: they break their connections, and harm nobody but themselves.
 */
#ifndef LAB_09_RUDE_H
#define LAB_09_RUDE_H

#include "crowd.h"

enum { RUDE = 16 }; /* clients in a rude visit */

/* Puts a client's connection where the next send() of a server raises SIGPIPE: the server sleeps
 * while the client says a last word, ends its stream and breaks the connection. */
static void say_and_vanish(struct program *server, const char *where)
{
    struct peer *client = join(where);
    chat(client, BYTES("ping"));
    wait_until_idle(server);
    stop_family(server);
    say(client, BYTES("pong"));
    half_close(client);
    reset(client);
    go_on(server);
}

static bool has_one_child(void *server)
{
    return count_children(server) <= 1;
}

static const char *children_left(void *server)
{
    return text("%d of its children still there", count_children(server));
}

/* With one more client there, which stays. */
static void expect_children_to_end(struct program *server)
{
    wait_until_seen(has_one_child, server, "the end of the child whose client has gone",
                    children_left);
}

static void expect_rude_clients_harm_nobody(struct program *server, const char *where)
{
    struct belongings before = look_at(server);
    tried("broke a connection by a reset while the server waited for the client's words");
    suspect("recv() fails with ECONNRESET: the -1 is no number of bytes, and this client's trouble "
            "is no reason for the whole server to end.");
    struct peer *witness = join(where);
    chat(witness, BYTES("I was here before"));
    struct peer *rude = join(where);
    chat(rude, BYTES("ping"));
    suspect("While nobody says anything the server waits: poll() is asked for POLLOUT only while "
            "there is something to send.");
    wait_until_idle(server);
    suspect("recv() fails with ECONNRESET: the -1 is no number of bytes, and this client's trouble "
            "is no reason for the whole server to end.");
    reset(rude);
    visit(where);
    expect_running(server);
    suspect("A recv() that fails (ECONNRESET) is the end of this client, as 0 is: its child "
            "ends.");
    expect_children_to_end(server);

    tried("said a word and was gone before it could come back");
    suspect(
        "send() to a client that has gone fails (EPIPE, ECONNRESET), which concerns this client "
        "only. And it raises SIGPIPE, which ends the whole process, and all clients with it: "
        "MSG_NOSIGNAL, or ignore the signal.");
    say_and_vanish(server, where);
    visit(where);
    expect_running(server);
    suspect(
        "After EPIPE or ECONNRESET a client will never have room again: send() that fails so is "
        "its end. Close the connection; its child ends.");
    expect_children_to_end(server);
    wait_until_idle(server);
    suspect("Another client broke its connection; this one did not.");
    chat(witness, BYTES("and I am still here"));
    take_leave(witness);
    expect_no_more_descriptors(server, before);
}

static struct program *harassed; /* by rude_visit(), which has to stop it */

/* Clients that break their connection while the server waits for their words, and others with a
 * word that cannot come back any more. */
static void rude_visit(const char *where)
{
    struct peer *client[RUDE];
    for (int i = 0; i < RUDE; i++) {
        client[i] = join(where);
        chat(client[i], BYTES("ping"));
    }
    wait_until_idle(harassed);
    stop_family(harassed);
    for (int i = 0; i < RUDE; i++) {
        if (i % 2 == 0)
            say(client[i], BYTES("pong"));
        if (i % 2 == 0)
            half_close(client[i]);
        reset(client[i]);
    }
    go_on(harassed);
    visit(where);
}

/* Whether polite clients make it grow, too, every time: it may use a place for the first time for
 * each. Few, for what they leave free is taken by those that come next. */
static bool grows_anyway(struct program *server, const char *where)
{
    enum { FEW = 4, ROUNDS = 3 };
    all_leave(gather(where, FEW));
    long before = look_at(server).kib;
    for (int round = 0; round < ROUNDS; round++) {
        all_leave(gather(where, FEW));
        long now = look_at(server).kib;
        if (now <= before + FEW * 2)
            return false;
        before = now;
    }
    return true;
}

/* Before a crowd comes, whose memory would do for what these leave. */
static void expect_rude_clients_to_leave_nothing(struct program *server, const char *where)
{
    if (grows_anyway(server, where))
        return;
    struct belongings before = look_at(server);
    harassed = server;
    expect_steady_memory(server, where, rude_visit, 1, RUDE,
                         "A client that breaks its connection (recv() or send() fails) leaves "
                         "memory behind: on every way out free what was allocated for the client, "
                         "also if something was still to be sent.");
    expect_no_more_descriptors(server, before);
}

/* With a server that is stuck in sending, or has no room for the rest. */
static void expect_broken_sends_harm_nobody(struct program *server, const char *where)
{
    tried("broke a connection while its echo could not be sent");
    suspect("send() fails with ECONNRESET or EPIPE when the client breaks the connection: close "
            "this socket, and go on with the others. It will never have room again.");
    struct belongings before = look_at(server);
    reset(flood(server, where).client);
    wait_until_idle(server);
    suspect("A client that comes now hears what it says itself, nothing that another one left: "
            "malloc() gives memory with anything in it.");
    visit(where);
    expect_running(server);
    expect_no_more_descriptors(server, before);
}

#endif

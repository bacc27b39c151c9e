/*
 * crowd.h - how lab 09 plays many clients at once, and what it sees of a server from outside.
 */
#ifndef LAB_09_CROWD_H
#define LAB_09_CROWD_H

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

enum { KIB = 1 << 10, MIB = 1 << 20, MOST = 1000 /* clients in a crowd */ };

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
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

/* Connects these clients, each when the one before it has been served: nothing depends on the
 * server's backlog. */
static struct crowd *gather(const char *where, int size)
{
    struct crowd *crowd = step_memory(sizeof *crowd);
    while (crowd->size < size) {
        struct peer *client = join(where);
        crowd->client[crowd->size++] = client;
        chat(client, word_of(crowd->size));
    }
    return crowd;
}

/* All say something at the same time, each something else. */
static void talk_at_once(struct crowd *crowd)
{
    for (int i = 0; i < crowd->size; i++)
        say(crowd->client[i], word_of(i));
    for (int i = 0; i < crowd->size; i++)
        expect_bytes(crowd->client[i], word_of(i));
}

static void all_leave(struct crowd *crowd)
{
    for (int i = 0; i < crowd->size; i++)
        half_close(crowd->client[i]);
    for (int i = 0; i < crowd->size; i++) {
        expect_end_of_file(crowd->client[i]);
        hang_up(crowd->client[i]);
    }
}

/* --- rude ones, as in lab 05 --- */

/* Puts a client's connection where the next send() of a server raises SIGPIPE: the server sleeps
 * while the client says a last word, ends its stream and breaks the connection. */
static void say_and_vanish(struct program *server, const char *where)
{
    struct peer *client = join(where);
    chat(client, BYTES("ping"));
    wait_until_idle(server);
    send_signal(server, SIGSTOP);
    say(client, BYTES("pong"));
    half_close(client);
    reset(client);
    send_signal(server, SIGCONT);
}

static void expect_rude_clients_harm_nobody(struct program *server, const char *where)
{
    tried("broke a connection by a reset while the server waited for the client's words");
    suspect("recv() fails with ECONNRESET: the -1 is no number of bytes, and this client's trouble "
            "is no reason for the whole server to end.");
    struct peer *witness = join(where);
    chat(witness, BYTES("I was here before"));
    struct peer *rude = join(where);
    chat(rude, BYTES("ping"));
    wait_until_idle(server);
    reset(rude);
    visit(where);
    expect_running(server);

    tried("said a word and was gone before it could come back");
    suspect("A send() to a client that has gone raises SIGPIPE, which ends the whole process, and "
            "all clients with it: MSG_NOSIGNAL, or ignore the signal.");
    say_and_vanish(server, where);
    visit(where);
    expect_running(server);

    tried("broke a connection while its echo could not be sent");
    suspect("send() fails with ECONNRESET or EPIPE when the client breaks the connection: close "
            "this socket, and go on with the others.");
    struct peer *full = join(where);
    say(full, noise(8 * MIB));
    wait_until_stuck(full, server);
    reset(full);
    visit(where);
    expect_running(server);
    suspect("Another client broke its connection; this one did not.");
    chat(witness, BYTES("and I am still here"));
    take_leave(witness);
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
            "the connection when the client has gone.");
    struct belongings after = look_at(server);
    expect_that(after.descriptors <= before.descriptors,
                text("%d open descriptors, as before", before.descriptors), "%d",
                after.descriptors);
}

/* `clients` came and went since `before`. What one leaves for good shows in pages of memory. */
static void expect_no_more_memory(struct program *server, struct belongings before, int clients,
                                  const char *cause)
{
    long most = clients * 2L;
    suspect("%s", cause);
    struct belongings after = look_at(server);
    expect_that(after.kib - before.kib <= most,
                text("at most %ld KiB more memory after %d clients than before", most, clients),
                "%ld KiB more", after.kib - before.kib);
}

/* --- what every server owes its user --- */

static void expect_good_start_and_end(const char *name, struct program *server, const char *where)
{
    const char *host = host_of(where), *port = port_text(port_of(where));
    tried("gave %s a standard output that is full (/dev/full)", name);
    suspect("Check that the line \"listening on\" could be written (fflush()), else exit 1.");
    struct program *mute = launch(.program = name, .args = {"127.0.0.1", "0"}, .output = FROM_FILE,
                                  .output_path = "/dev/full");
    struct program *second = start(name, host, port);
    expect_exit(mute, 1);
    tried("started %s on a port that is taken", name);
    suspect("When bind() fails: its reason on standard error and exit 1.");
    expect_failure(second, reason(EADDRINUSE));

    tried("ended the server by SIGTERM while a client was there, and started it again on its port");
    suspect("SIGTERM ends the server, at once. And without SO_REUSEADDR, set before bind(), a port "
            "is refused while old connections rest in TIME_WAIT.");
    struct peer *client = join(where);
    chat(client, BYTES("ping"));
    terminate(server); /* its side closes first */
    hang_up(client);
    struct program *again = start(name, host, port);
    visit(listening(again));
}

/* Starts a server on every kind of host: two clients are silent there, and others are served. */
static struct program *expect_silence_to_hold_up_nobody(const char *name, const char **where)
{
    struct program *server = NULL;
    expect_usage_error(name, "127.0.0.1");
    expect_usage_error(name, "127.0.0.1", "80x");
    for (int i = 0; i < host_count(); i++) {
        tried("started `%s %s 0` and connected a client", name, hosts[i]);
        suspect("As soon as clients can connect the server prints \"listening on ADDR:PORT\", and "
                "flushes it; what a client says comes back at once.");
        server = launch(.program = name, .args = {hosts[i], "0"}, .no_quarantine = true);
        *where = listening(server);
        struct peer *quiet = join(*where);
        chat(quiet, BYTES("a"));
        tried("connected a second client, while a first one and one that said nothing were there");
        suspect("The server waits for one client's words and is deaf to all others. Whoever says "
                "something has to be served, however long others are silent.");
        struct peer *silent = join(*where);
        struct peer *talker = join(*where);
        chat(talker, BYTES("hello\0world\n"));
        tried("ended the second client's stream (half-close), while the others stayed");
        suspect("The client sees the end of file only when every copy of its connection is closed: "
                "fork() made one, and the parent has to close its own at once.");
        if (strcmp(name, "forkserver") != 0)
            suspect("recv() returns 0 when the client has said everything. Then its connection is "
                    "closed, and the client reads an end of file, too.");
        take_leave(talker);
        tried("came back to the first client");
        suspect("Every client goes on being served, also after another has left.");
        chat(quiet, BYTES("still here"));
        take_leave(silent);
    }
    return server;
}

#endif

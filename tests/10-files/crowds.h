/*
 * crowds.h - lab 10's step 5: many clients at once, clients that leave, too little room for them.
 */
#ifndef LAB_10_CROWDS_H
#define LAB_10_CROWDS_H

#include "manners.h"
#include "servers.h"

/* --- many clients --- */

enum { CROWD = 110 };

/* Two clients that read slowly, each another file, while a third one comes and goes. */
static void expect_separate_downloads(struct program *server, const char *where, struct bytes one,
                                      struct bytes two)
{
    tried("fetched two files of 4 MiB slowly, at the same time, and a small one in between");
    suspect("The bytes of one client's file went to another, or got lost: what belongs to a client "
            "(buffer, name, file, count) must not be shared. A static array is, between threads.");
    struct peer *first_client = ask_and_stall(server, where, "one", (long long)one.length);
    struct peer *second_client = ask_and_stall(server, where, "two", (long long)two.length);
    expect_small(where);
    size_t heard_one = 0, heard_two = 0;
    for (int i = 0; i < 4; i++) {
        struct bytes piece = hear(first_client, 100000);
        expect_same(piece, first(piece.length, after(heard_one, one)), "for the first client");
        heard_one += piece.length;
        piece = hear(second_client, 100000);
        expect_same(piece, first(piece.length, after(heard_two, two)), "for the second client");
        heard_two += piece.length;
    }
    expect_same(hear_all(second_client), after(heard_two, two), "for the second client");
    expect_same(hear_all(first_client), after(heard_one, one), "for the first client");
}

static void expect_no_waiting(struct program *server, const char *where, struct bytes large,
                              struct bytes one)
{
    tried("connected a client that says nothing, and another that wants a file");
    suspect("accept() is not called again until the first client is served, and that may take for "
            "ever: serve each client in a thread (or a child process) of its own, or all of them "
            "with poll().");
    struct peer *silent = join(where);
    wait_until_idle(server);
    expect_small(where);

    tried("connected a client that has sent half of a name, and another that wants a file");
    struct peer *halfway = join(where);
    say(halfway, BYTES("on"));
    wait_until_idle(server);
    expect_small(where);
    tried("connected a client that does not read its 8 MiB, and another that wants a file");
    struct peer *full = ask_and_stall(server, where, "large", (long long)large.length);
    expect_small(where);
    tried("connected %d more clients that say nothing, and another that wants a file", CROWD);
    suspect("However many clients are there already, the next one is served: no fixed number of "
            "threads or places.");
    struct peer *crowd[CROWD];
    for (int i = 0; i < CROWD; i++)
        crowd[i] = join(where);
    expect_small(where);
    struct rest quiet = begin_rest(server);
    expect_bad_starts_told("fileserver", "pub", "127.0.0.1");
    tried("left the server alone with these %d clients", CROWD);
    suspect("Who waits for what a client may say sleeps in recv() or poll(). To look again every "
            "millisecond costs processor time, and more with each client.");
    expect_rest_since(quiet, 30);

    tried("sent the other half of a name, after all these clients");
    suspect("What one client has said must be kept for it, apart from all others, until it is "
            "answered and closed: a static array is shared by all threads.");
    say(halfway, BYTES("e\n"));
    expect_answer(halfway, one);
    hang_up(silent);
    for (int i = 0; i < CROWD; i++)
        hang_up(crowd[i]);
    tried("read, after all these clients, the 8 MiB that one of them had left");
    suspect(
        "What belongs to a slow client stays its own, however many others come and go meanwhile: "
        "a static buffer is shared by all threads.");
    expect_same(hear_all(full), large, "behind the line");
}

/* A client whose file is cut down to nothing while it is sent: one that no buffers can hold. */
static void let_shrink(struct program *server, const char *where)
{
    tried("cut a file down to nothing while it was sent");
    suspect("read() returns 0 at the end of the file, though less than SIZE bytes have been sent: "
            "close the file and the connection.");
    struct peer *client = ask_and_stall(server, where, "endless", TIB);
    must(truncate(scratch_path("pub/endless"), 0), "truncate", "endless");
    hear_up_to(client, 64 * MIB);
    expect_gone(client);
    expect_small(where);
}

/* --- what every server owes its clients, and its user --- */

/* accept() fails twice, and then there is no room for a client's thread or process. Which of them
 * is a client's is not for us to guess: a server may make others before. */
static void expect_room_to_pass(void)
{
    tried("let accept() fail with ECONNABORTED and with EINTR");
    suspect("Both pass: ECONNABORTED is a client that has gone before its turn, EINTR a signal. "
            "The next client is served.");
    struct program *server =
        launch(.program = "fileserver", .args = {"pub", "127.0.0.1", "0"}, .gated = true,
               .weather = "accept 1 ECONNABORTED; accept 2 EINTR");
    const char *where = listening(server);
    expect_small(where);
    struct belongings before = belongings_of(server);
    if (refuse_children(server, true)) {
        tried("refused the server another thread (or child process), and a client came");
        suspect("pthread_create() and fork() fail with EAGAIN for lack of room. That passes: the "
                "client is dropped, or waits. The next is served.");
        struct peer *unlucky = ask(where, "small");
        wait_until_idle(server);
        expect_running(server);
        refuse_children(server, false);
        expect_small(where);
        hang_up(unlucky);
        expect_closed(server, before,
                      "A client for whom there is no room is dropped: close its socket, or it "
                      "stays open for ever.");
    }
    terminate(server);
}

/* A server to which all descriptors but `left` are taken, and given back: several are tried side by
 * side, for one that is patient takes its naps. */
struct patience {
    struct program *server;
    const char *where;
    int left;
    struct peer *early, *waits;
};

static void tell_of(const struct patience *trial)
{
    if (trial->left == 0)
        tried("left the server no descriptor for another client, and connected two");
    else
        tried("left the server a descriptor for a client, but none for its file");
}

static void take_descriptors(struct patience *trial)
{
    struct program *server = trial->server;
    tell_of(trial);
    suspect("accept() and open() fail with EMFILE while no descriptor is free. That passes: the "
            "server goes on, with an ERR for a client that it has. A client in the queue stays "
            "there, so accept() fails again at once: without a pause the loop burns a processor.");
    wait_until_idle(server);
    limit_resource(server, RLIMIT_NOFILE, (rlim_t)(count_descriptors(server) + trial->left));
    trial->early = ask(trial->where, "small"); /* a waiting accept() has its descriptor already */
    wait_until_idle(server);
    trial->waits = ask(trial->where, "small");
    wait_until_idle(server);
    expect_running(server);
}

static void give_descriptors_back(struct patience *trial)
{
    tell_of(trial);
    suspect("accept() and open() fail with EMFILE while no descriptor is free. That passes: the "
            "client may wait, be dropped or get an ERR, but the server goes on when there is room "
            "again.");
    expect_running(trial->server);
    hang_up(trial->early);
    hang_up(trial->waits);
    limit_resource(trial->server, RLIMIT_NOFILE, 1024);
    expect_small(trial->where);
}

/* A second server, whose sanitizer, if it has one, keeps nothing that was freed. */
static struct program *expect_no_growth(const char **where)
{
    struct program *server =
        launch(.program = "fileserver", .args = {"pub", "127.0.0.1", "0"}, .no_quarantine = true);
    *where = listening(server);
    expect_steady_memory(server, *where, expect_small, ROW, 1, NULL);
    return server;
}

static void expect_all_collected(struct program *server, struct belongings before)
{
    struct belongings now = belongings_of(server);
    suspect("Each client leaves a child process behind: collect those that have ended with "
            "waitpid().");
    expect_that(now.children <= before.children + 1, "at most the last client's child uncollected",
                "%d more children than before", now.children - before.children);
}

static void expect_good_end(struct program *server, const char *where)
{
    tried("ended the server while a client was there, and started it again on its port");
    struct peer *client = join(where);
    say_bytewise(client, BYTES("n"), server); /* it has been let in */
    expect_end_of_family(server, where);      /* its side closes first */
    suspect("Without SO_REUSEADDR, set before bind(), a port is refused while old connections "
            "rest in TIME_WAIT.");
    hang_up(client);
    const char *port = port_text(port_of(where));
    expect_small(listening(start("fileserver", "pub", "127.0.0.1", port)));
}

#endif

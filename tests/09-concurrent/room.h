/*
 * room.h - lab 09's step 8: all three servers, without descriptors, processes or threads for one
 * more client.
 */
#ifndef LAB_09_ROOM_H
#define LAB_09_ROOM_H

#include "crowd.h"

enum { ROOM = 16 }; /* descriptors that are left to a server */

/* Starts a server for which nearly all descriptors that it may have are taken. (To lower the limit
 * of a running one would not do: poll() refuses a list that is longer than the limit.) */
static struct program *start_cramped(const char *name)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    int most = limit.rlim_max < 1024 ? (int)limit.rlim_max : 1024;
    return launch(.program = name, .args = {"127.0.0.1", "0"}, .gated = true,
                  .descriptor_limit = most, .spare_descriptors = most - 3 - ROOM);
}

static void limit_descriptors(struct program *program, rlim_t most)
{
    struct rlimit limit;
    prlimit(process_of(program), RLIMIT_NOFILE, NULL, &limit);
    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    if (prlimit(process_of(program), RLIMIT_NOFILE, &limit, NULL) == -1)
        cannot_judge("prlimit: %s", reason(errno));
}

static void expect_to_do_without_descriptors(const char *name, struct program *server,
                                             const char *where)
{
    struct peer *others[ROOM + 5];
    bool keeps_none = strcmp(name, "forkserver") == 0; /* no client takes a descriptor for long */
    tried("left %s hardly any descriptor, and connected %d clients", name, ROOM + 6);
    suspect("accept() fails with EMFILE while no descriptor is free. That passes: the server goes "
            "on, and tries again later. The client stays in the queue, so to try again at once, "
            "without a pause, burns a processor.");
    struct peer *witness = join(where);
    chat(witness, BYTES("ping"));
    wait_until_idle(server);
    if (keeps_none)
        limit_descriptors(server, (rlim_t)count_descriptors(server));
    for (int i = 0; i < ROOM + 5; i++)
        others[i] = begin_to_join(where);
    wait_until_idle(server);
    expect_running(server);
    suspect("Whoever has a place is served also while others wait for theirs.");
    chat(witness, BYTES("pong"));
    suspect("The clients stay in the queue, so accept() fails again at once: without a pause the "
            "loop burns a processor.");
    expect_rest(server, REST_MS);
    expect_running(server);
    tried("let all of them leave but the first, and came with a new one");
    suspect("When there is room again the next client is served.");
    for (int i = 0; i < ROOM + 5; i++)
        hang_up(others[i]);
    if (keeps_none)
        limit_descriptors(server, 1024);
    visit(where);
    take_leave(witness);
}

static void expect_to_do_without_children(const char *name, struct program *server,
                                          const char *where, const char *call)
{
    tried("refused %s every further process and thread, and connected two clients", name);
    suspect("%s fails (EAGAIN) when the system has no more. That passes: this client can be "
            "dropped, or wait; the server goes on. It is no reason to end, nor to try again and "
            "again without a pause.",
            call);
    struct peer *witness = join(where);
    chat(witness, BYTES("ping"));
    struct belongings before = look_at(server);
    if (!refuse_children(server, true))
        return;
    struct peer *one = join(where), *two = join(where);
    wait_until_idle(server);
    expect_running(server);
    suspect(
        "A client that cannot be served just now is dropped or waits; meanwhile the server must "
        "not try again and again without a pause.");
    expect_rest(server, REST_MS);
    expect_running(server);
    suspect("Whoever has a place is served also while others wait for theirs.");
    chat(witness, BYTES("pong"));
    refuse_children(server, false);
    hang_up(one);
    hang_up(two);
    tried("let %s have processes and threads again", name);
    suspect("The next client is served as usual.");
    visit(where);
    expect_no_more_descriptors(server, before);
    take_leave(witness);
}

STEP(8, "when there is no room for another client, the server waits for better times", .points = 10,
     .after = 6, .see = "Step 8: no room",
     .hints = {"Which resources does one more client need? What does the server do when one of "
               "them has run out, and then is there again?",
               "accept() fails with EMFILE or ENFILE, fork() and pthread_create() with EAGAIN. The "
               "client stays in the queue: trying again at once is a busy loop.",
               "worth_trying_again(): cases EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN; poll(NULL, 0, "
               "NAP_MS); return 1. In pollserver no nap: has_no_room = 1."},
     .by_hand = "(ulimit -n 6; build/labs/09-concurrent/pollserver 127.0.0.1 0)    # then three nc")
{
    static const struct {
        const char *name, *call;
    } servers[] = {
        {"forkserver", "fork()"}, {"threadserver", "pthread_create()"}, {"pollserver", NULL}};
    struct program *poor[3]; /* their naps, if they take any, pass meanwhile */
    const char *poor_where[3];
    for (int i = 0; i < 3; i++) {
        poor[i] = launch(.program = servers[i].name, .args = {"127.0.0.1", "0"},
                         .weather = "accept 1 ENFILE; accept 2 ENOBUFS; accept 3 ENOMEM");
        poor_where[i] = listening(poor[i]);
    }
    for (int i = 0; i < 3; i++) {
        const char *name = servers[i].name;
        struct program *server = start_cramped(name);
        const char *where = listening(server);
        expect_to_do_without_descriptors(name, server, where);
        if (servers[i].call)
            expect_to_do_without_children(name, server, where, servers[i].call);

        tried("let accept() of %s fail with ENFILE, ENOBUFS and ENOMEM, and connected", name);
        suspect("The whole machine can be short of descriptors (ENFILE) or memory (ENOBUFS, "
                "ENOMEM): that passes as well. Wait a moment, and accept() again.");
        visit(poor_where[i]);
        expect_running(poor[i]);
    }
}

#endif

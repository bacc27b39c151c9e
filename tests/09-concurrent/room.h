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

/* One of the three servers. Each phase of the trial is gone through with all of them before the
 * next one: the naps that they take pass side by side, and they are seen to rest at the same time.
 */
struct trial {
    const char *name,
        *call; /* what makes a process or thread for each client; NULL: nothing does */
    struct program *server;
    const char *where;
    struct peer *witness;          /* has a place all the time */
    struct peer *others[ROOM + 5]; /* have none */
    struct belongings before;
    struct peer *unserved[2]; /* while it gets no process or thread */
    struct rest rest;
};

static bool keeps_no_descriptor(const struct trial *trial)
{
    return strcmp(trial->name, "forkserver") == 0;
}

struct answer { /* a wait for an echo */
    struct peer *client;
    struct program *server;
    long long asked_ms;
    int asleep; /* looks that found the server asleep long after, in a row */
};

/* A server that was woken up and is only slow, on a busy machine, does not sleep. */
static bool is_there_or_late(void *context)
{
    enum { LATE_MS = 500, LATE_LOOKS = 3 };
    struct answer *answer = context;
    bool late = now_ms() - answer->asked_ms >= LATE_MS && is_idle(answer->server);
    if (has_something_to_say(answer->client))
        return true;
    answer->asleep = late ? answer->asleep + 1 : 0;
    if (answer->asleep >= LATE_LOOKS)
        fail_step("an answer to a client that has a place",
                  text("nothing for %d ms, while the server sleeps", LATE_MS));
    return false;
}

static void expect_prompt_answer(struct program *server, struct peer *client)
{
    struct answer answer = {.client = client, .server = server, .asked_ms = now_ms()};
    say(client, BYTES("pong"));
    wait_until(is_there_or_late, &answer, "an answer to a client that has a place");
    expect_bytes(client, BYTES("pong"));
}

static void crowd_out(struct trial *trial)
{
    tried("left %s hardly any descriptor, and connected %d clients", trial->name, ROOM + 6);
    suspect("accept() fails with EMFILE while no descriptor is free. That passes: the server goes "
            "on, and tries again later. The client stays in the queue, so to try again at once, "
            "without a pause, burns a processor.");
    trial->witness = join(trial->where);
    chat(trial->witness, BYTES("ping"));
    wait_until_idle(trial->server);
    expect_running(trial->server);
    if (keeps_no_descriptor(trial))
        limit_resource(trial->server, RLIMIT_NOFILE, (rlim_t)count_descriptors(trial->server));
    for (int i = 0; i < ROOM + 5; i++)
        trial->others[i] = begin_to_join(trial->where);
    wait_until_idle(trial->server);
    expect_running(trial->server);
    suspect("Whoever has a place is served also while others wait for theirs. Where one thread "
            "serves all, no sleep(): leave the door out of the next poll(), with a time-out.");
    expect_prompt_answer(trial->server, trial->witness);
    trial->rest = begin_rest(trial->server);
}

static void expect_rest_without_room(struct trial *trial)
{
    tried("left %s hardly any descriptor, and connected %d clients", trial->name, ROOM + 6);
    suspect("The clients stay in the queue, so accept() fails again at once: without a pause the "
            "loop burns a processor.");
    expect_rest_since(trial->rest, REST_MS);
    expect_running(trial->server);
    for (int i = 0; i < ROOM + 5; i++)
        hang_up(trial->others[i]);
    if (keeps_no_descriptor(trial))
        limit_resource(trial->server, RLIMIT_NOFILE, 1024);
}

static void expect_room_again(struct trial *trial)
{
    tried("left %s hardly any descriptor, and connected %d clients; then let all of them leave but "
          "the first, and came with a new one",
          trial->name, ROOM + 6);
    suspect("When there is room again the next client is served.");
    visit(trial->where);
    take_leave(trial->witness);
}

#define REFUSED "refused %s every further process and thread, and connected two clients"

/* Returns false if the machine cannot refuse children. */
static bool refuse_to_serve(struct trial *trial)
{
    tried(REFUSED, trial->name);
    suspect("%s fails (EAGAIN) when the system has no more. That passes: this client can be "
            "dropped, or wait; the server goes on. It is no reason to end, nor to try again and "
            "again without a pause.",
            trial->call);
    trial->witness = join(trial->where);
    chat(trial->witness, BYTES("ping"));
    trial->before = look_at(trial->server);
    if (!refuse_children(trial->server, true))
        return false;
    trial->unserved[0] = join(trial->where);
    trial->unserved[1] = join(trial->where);
    wait_until_idle(trial->server);
    expect_running(trial->server);
    trial->rest = begin_rest(trial->server);
    return true;
}

static void expect_rest_without_children(struct trial *trial)
{
    tried(REFUSED, trial->name);
    suspect(
        "A client that cannot be served just now is dropped or waits; meanwhile the server must "
        "not try again and again without a pause.");
    expect_rest_since(trial->rest, REST_MS);
    expect_running(trial->server);
    suspect("Whoever has a place is served also while others wait for theirs.");
    chat(trial->witness, BYTES("pong"));
    refuse_children(trial->server, false);
    hang_up(trial->unserved[0]);
    hang_up(trial->unserved[1]);
}

static void expect_service_again(struct trial *trial)
{
    tried("let %s have processes and threads again", trial->name);
    suspect("The next client is served as usual.");
    visit(trial->where);
    expect_no_more_descriptors(trial->server, trial->before);
    take_leave(trial->witness);
}

/* After fork() has failed. */
static void expect_end_of_family_only(struct program *server)
{
    tried("ended forkserver by SIGTERM, after fork() had failed and worked again");
    suspect("fork()'s -1 is no PID, and kill(-1, SIGTERM) goes to every process that you may "
            "signal: only what is more than 0 belongs to the family.");
    terminate(server);
    expect_that(!wanted_to_kill_all(server), "signals to its own children",
                "kill(-1, ...), a signal to everybody (the check has refused it)");
}

/* Not for the server with threads: for each thread that a program makes AddressSanitizer wants
 * memory of its own, and ends the program if there is none. */
static void expect_to_go_on_without_memory(struct program *server, const char *where)
{
    enum { MANY = 16 }; /* for whom what it has freed is not enough */
    tried("refused pollserver any further memory, and connected %d clients", MANY);
    suspect("malloc() returns NULL when there is no memory. That passes: this client can be "
            "dropped (close its connection), or wait; the server goes on, and rests.");
    struct peer *witness = join(where);
    chat(witness, BYTES("ping"));
    visit(where);
    struct belongings before = look_at(server);
    expect_running(server);
    limit_resource(server, RLIMIT_DATA,
                   1); /* a limit of 0 would be none, for the sake of Valgrind */
    struct peer *others[MANY];
    for (int i = 0; i < MANY; i++)
        others[i] = begin_to_join(where);
    wait_until_idle(server);
    expect_rest(server, REST_MS);
    expect_running(server);
    chat(witness, BYTES("pong"));
    expect_running(server);
    limit_resource(server, RLIMIT_DATA, RLIM_INFINITY);
    for (int i = 0; i < MANY; i++)
        hang_up(others[i]);
    suspect("When there is memory again the next client is served.");
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
    enum { SERVERS = 3, WITH_CHILDREN = 2 };
    struct trial trials[SERVERS] = {{.name = "forkserver", .call = "fork()"},
                                    {.name = "threadserver", .call = "pthread_create()"},
                                    {.name = "pollserver"}};
    struct trial poor[SERVERS];
    for (int i = 0; i < SERVERS; i++) {
        trials[i].server = start_cramped(trials[i].name);
        poor[i].server = launch(.program = trials[i].name, .args = {"127.0.0.1", "0"},
                                .weather = "accept 1 ENFILE; accept 2 ENOBUFS; accept 3 ENOMEM",
                                .no_quarantine = true);
    }
    for (int i = 0; i < SERVERS; i++) {
        trials[i].where = listening(trials[i].server);
        poor[i].where = listening(poor[i].server);
        poor[i].witness = begin_to_join(poor[i].where);
    }
    for (int i = 0; i < SERVERS; i++)
        crowd_out(&trials[i]);
    for (int i = 0; i < SERVERS; i++)
        expect_rest_without_room(&trials[i]);
    for (int i = 0; i < SERVERS; i++)
        expect_room_again(&trials[i]);

    bool refused = true;
    for (int i = 0; i < WITH_CHILDREN; i++)
        refused = refuse_to_serve(&trials[i]) && refused;
    for (int i = 0; i < WITH_CHILDREN && refused; i++)
        expect_rest_without_children(&trials[i]);
    for (int i = 0; i < WITH_CHILDREN && refused; i++)
        expect_service_again(&trials[i]);
    if (refused)
        expect_end_of_family_only(trials[0].server);

    for (int i = 0; i < SERVERS; i++) {
        tried("let accept() of %s fail with ENFILE, ENOBUFS and ENOMEM, and connected",
              trials[i].name);
        suspect("The whole machine can be short of descriptors (ENFILE) or memory (ENOBUFS, "
                "ENOMEM): that passes as well. Wait a moment, and accept() again.");
        visit(poor[i].where);
        hang_up(poor[i].witness);
        expect_running(poor[i].server);
    }
    expect_to_go_on_without_memory(poor[SERVERS - 1].server, poor[SERVERS - 1].where);
}

#endif

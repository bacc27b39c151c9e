/*
 * door.h - what the steps about doorman look at: the queue behind its door.
 *
 * How many connections a queue completes is the kernel's affair: the test fills a queue of its own
 * with the same backlog and compares. It stays below the first retransmission, which comes after
 * one second and lets clients in that were pending.
 */
#ifndef PLUMBLINE_LAB_03_DOOR_H
#define PLUMBLINE_LAB_03_DOOR_H

#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>

enum { MORE = 4, SETTLE_MS = 25 };

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

struct crowd { /* clients that came one after another */
    struct peer *client[16];
    int count, inside;
};

static int count_inside(const struct crowd *crowd)
{
    int inside = 0;
    for (int i = 0; i < crowd->count; i++)
        inside += connected(crowd->client[i]) == 0;
    return inside;
}

static bool nobody_new(void *context)
{
    struct crowd *crowd = context;
    int inside = count_inside(crowd);
    bool same = inside == crowd->inside;
    crowd->inside = inside;
    return same;
}

static void wait_until_full(struct crowd *crowd)
{
    crowd->inside = count_inside(crowd);
    expect_still(nobody_new, crowd, SETTLE_MS, "a queue that is full");
}

struct reaction { /* of a doorman to a client that came */
    struct program *doorman;
    long cpu_ms;
};

/* It rests again, or it spins, which is for step 2 to judge. */
static bool is_over(void *context)
{
    struct reaction *reaction = context;
    return is_idle(reaction->doorman) || cpu_time_ms(reaction->doorman) - reaction->cpu_ms > 20;
}

struct queue {   /* behind a door to which more clients came than it holds */
    int inside;  /* clients whose connections were completed */
    int waiting; /* those of them that nobody took out of it */
};

/* Sends backlog + MORE clients to the door, each when the doorman (NULL: there is none) is done
 * with the last. */
static struct queue fill_queue(const char *where, int backlog, struct program *doorman)
{
    struct crowd crowd = {.count = backlog + MORE};
    for (int i = 0; i < crowd.count; i++) {
        crowd.client[i] = begin_to_join(where);
        struct reaction reaction = {doorman, doorman ? cpu_time_ms(doorman) : 0};
        if (doorman)
            wait_until(is_over, &reaction, "a doorman that rests");
    }
    wait_until_full(&crowd);
    struct queue queue = {crowd.inside, tcp_socket_at(where).waiting};
    for (int i = 0; i < crowd.count; i++)
        hang_up(crowd.client[i]);
    return queue;
}

/* A doorman's queue completes as many connections as one of ours with this backlog. */
static void expect_queue_for(int backlog)
{
    tried("started `doorman 127.0.0.1 0 %d` and sent %d clients, one after another", backlog,
          backlog + MORE);
    suspect("Give listen() the BACKLOG of the command line, not a number of your own.");
    int usual = fill_queue(local_address(open_door("127.0.0.1", backlog, 0)), backlog, NULL).inside;
    struct program *doorman = start("doorman", "127.0.0.1", "0", text("%d", backlog));
    struct queue queue = fill_queue(listening(doorman), backlog, doorman);
    if (queue.waiting < queue.inside)
        suspect("%d clients got in, and %d of them are in the queue: accept() takes them out, and "
                "others get in. doorman never calls accept(): poll() tells that a client is there.",
                queue.inside, queue.waiting);
    else if (queue.inside == backlog + MORE)
        suspect("All clients got in, and they wait in the queue: listen() was not given the "
                "BACKLOG of the command line.");
    expect_that(queue.inside == usual,
                text("%d connections, as this kernel does for backlog %d", usual, backlog),
                "%d connections", queue.inside);
}

/* The kernel's table tells a listening socket's backlog, where it tells more than /proc/net. */
static void expect_any_backlog(void)
{
    static const char *const asked[] = {"8", "1000", "0"};
    static const int backlogs[] = {8, 1000, 0};
    enum { TRIALS = 3 };
    struct program *doorman[TRIALS];
    for (int i = 0; i < TRIALS; i++)
        doorman[i] = start("doorman", "127.0.0.1", "0", asked[i]);
    for (int i = 0; i < TRIALS; i++) {
        tried("started `doorman 127.0.0.1 0 %s` and looked at its door with `ss -ltn`", asked[i]);
        suspect(
            backlogs[i] == 0
                ? "0 is a BACKLOG like any other (one connection on Linux): no wrong argument, and "
                  "listen() gets it as it is."
                : "Give listen() the BACKLOG of the command line: no number of your own, and "
                  "no limit of your own. The kernel has its own.");
        int ours = tcp_socket_at(local_address(open_door("127.0.0.1", backlogs[i], 0))).backlog;
        int backlog = tcp_socket_at(listening(doorman[i])).backlog;
        expect_that(backlog == ours || backlog == 0, text("a backlog (Send-Q) of %d", ours), "%d",
                    backlog);
        if (backlogs[i] == 8 && ours == 0)
            expect_queue_for(8);
    }
}

/* A TCP port that has a name here and on which nobody listens; -1 if there is none. */
static int port_with_name(void)
{
    int port = -1;
    setservent(0);
    for (const struct servent *entry; port == -1 && (entry = getservent());) {
        int number = ntohs((in_port_t)entry->s_port);
        if (number >= 1024 && strcmp(entry->s_proto, "tcp") == 0 &&
            !tcp_socket_at(address("127.0.0.1", number)).found)
            port = number;
    }
    endservent();
    return port;
}

static bool has_told_or_ended(void *doorman)
{
    return output_so_far(doorman).length > 0 || ended_by_now(doorman);
}

/* Somebody may take the port before doorman does: then nothing is judged. */
static void expect_port_in_numbers(void)
{
    int port = port_with_name();
    if (port == -1)
        return;
    tried("started `doorman 127.0.0.1 %d 1`, a port that has a name in /etc/services", port);
    suspect("The line shows numbers: getnameinfo() needs NI_NUMERICSERV, or it puts the name of "
            "the service in the port's place.");
    struct program *doorman = start("doorman", "127.0.0.1", port_text(port), "1");
    wait_until(has_told_or_ended, doorman, "a line from doorman");
    if (output_so_far(doorman).length > 0)
        expect_line(doorman, "listening on 127.0.0.1:%d", port);
}

/* What doorman cannot do ends it; the programs run side by side. */
static void expect_failures_told(void)
{
    const char *taken = port_text(port_of(local_address(open_door("127.0.0.1", 1, 0))));
    struct program *at_taken = start("doorman", "127.0.0.1", taken, "1");
    struct program *elsewhere = start("doorman", "192.0.2.1", "0", "1");
    struct program *full = launch(.program = "doorman", .args = {"127.0.0.1", "0", "1"},
                                  .output = FROM_FILE, .output_path = "/dev/full");
    tried("started doorman on a port where another socket listens");
    suspect("When bind() or listen() fails: its reason on standard error and exit 1.");
    expect_failure(at_taken, reason(EADDRINUSE));
    tried("started `doorman 192.0.2.1 0 1`, an address that is not ours");
    suspect("bind() fails with EADDRNOTAVAIL for an address of another machine. Bind to HOST, "
            "check bind()'s result and report errno.");
    expect_failure(elsewhere, reason(EADDRNOTAVAIL));
    tried("gave doorman a standard output that is full (/dev/full)");
    suspect("Whether the line could be written is known after fflush(): exit with 1 if not.");
    expect_exit(full, 1);
}

#endif

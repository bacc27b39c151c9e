/*
 * knocks.h - what the steps about knock do: open doors, knock, look how it waits. Linux only: asks
 * /proc for the call in which it sleeps.
 */
#ifndef PLUMBLINE_LAB_03_KNOCKS_H
#define PLUMBLINE_LAB_03_KNOCKS_H

#include "door.h"
#include "peer.h"
#include "processes.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* A door whose queue is full: whoever comes now has to wait, at least for the next second. */
static const char *full_door(void)
{
    const char *where = local_address(open_door("127.0.0.1", 1, 0));
    struct crowd crowd = {.count = 1 + MORE};
    for (int i = 0; i < crowd.count; i++)
        crowd.client[i] = begin_to_join(where);
    wait_until_full(&crowd);
    for (int i = 0; i < crowd.count; i++)
        if (connected(crowd.client[i]) != 0)
            hang_up(crowd.client[i]);
    return where;
}

static struct program *start_knock(const char *where, const char *count, const char *timeout_ms)
{
    return start("knock", host_of(where), port_text(port_of(where)), count, timeout_ms);
}

enum { IN_VAIN = 4 }; /* looks; it changes only what is suspected */

struct visit { /* of a knock to a door */
    struct program *knock;
    const char *where;
    int count, looks;
};

/* It told its line, or it was seen asleep again and again although all its connections stand. */
static bool has_told_or_sleeps(void *context)
{
    struct visit *visit = context;
    if (output_so_far(visit->knock).length > 0 || ended_by_now(visit->knock))
        return true;
    bool in_vain = is_idle(visit->knock) && tcp_socket_at(visit->where).waiting == visit->count;
    visit->looks = in_vain ? visit->looks + 1 : 0;
    return visit->looks == IN_VAIN;
}

/* The line that knock prints. */
static const char *told_by(struct program *knock)
{
    const char *line = next_line(knock);
    expect_exit(knock, 0);
    expect_no_more_output(knock);
    return line;
}

static void expect_tally(const char *line, int count, int refused, int waiting)
{
    const char *expected = text("connected %d, refused %d, waiting %d", count, refused, waiting);
    int c, r, w;
    if (sscanf(line, "connected %d, refused %d, waiting %d", &c, &r, &w) == 3 &&
        c + r + w != count + refused + waiting)
        suspect("These are not COUNT connections: begin as many, and count each of them once.");
    expect_that(strcmp(line, expected) == 0, expected, "%s", line);
}

/* Knocks where nothing keeps it waiting, with a time-out that is never reached. */
static void expect_settled(const char *where, int connected, int refused)
{
    int count = connected + refused;
    struct visit visit = {start_knock(where, text("%d", count), "15000"), where, count, 0};
    wait_until(has_told_or_sleeps, &visit, "a line from knock");
    if (visit.looks == IN_VAIN)
        suspect("All %d connections stand, and knock still waits. poll() with POLLOUT returns as "
                "soon as one is settled; a sleep for TIMEOUT_MS, or a poll() for something else "
                "(POLLIN), does not.",
                count);
    expect_tally(told_by(visit.knock), connected, refused, 0);
}

/* --- how connections are begun --- */

struct beginning {
    struct program *knock;
    int count;
};

/* A program may also use a process for each connection. */
static int begun_by(const struct program *knock)
{
    return count_descriptors((struct program *)knock) - 3 + see_offspring().alive;
}

/* Or it ended already: how long it waits is for another step. */
static bool all_begun(void *context)
{
    struct beginning *beginning = context;
    return ended_by_now(beginning->knock) || begun_by(beginning->knock) >= beginning->count;
}

static const char *begun(void *context)
{
    struct beginning *beginning = context;
    return text("%d", begun_by(beginning->knock));
}

/* At a full door, where connect() on a blocking socket does not return. */
static void expect_begun_at_once(const char *count)
{
    const char *where = full_door();
    tried("ran `knock 127.0.0.1 PORT %s 15000` at a door whose queue is full", count);
    suspect("connect() on an ordinary socket waits for the handshake, and behind a full queue that "
            "takes long. Make each socket non-blocking (O_NONBLOCK) before its connect(): then all "
            "are begun at once.");
    struct beginning beginning = {start_knock(where, count, "15000"), atoi(count)};
    wait_until_seen(all_begun, &beginning, text("%s sockets, one for each connection", count),
                    begun);
}

/* localhost may have two addresses, and getaddrinfo() says which is the first: a door at each. */
static void expect_name_understood(void)
{
    int port = free_port(), doors = 0;
    for (int i = 0; i < host_count(); i++)
        if (localhost_is(hosts[i]) && ++doors)
            open_door_at(address(hosts[i], port), 5, 0);
    if (doors == 0)
        return;
    tried("ran `knock localhost %d 2 15000`", port);
    suspect("HOST is a name or an address, and getaddrinfo() understands both, unless it is told "
            "AI_NUMERICHOST. inet_pton() knows no names.");
    expect_tally(told_by(start("knock", "localhost", port_text(port), "2", "15000")), 2, 0, 0);
}

/* --- how it comes out --- */

/* More sockets than knock may have: it tells so, unless it needs fewer at a time. The limit is on
 * descriptors' numbers, and poll() takes no longer array either. */
static void expect_lack_of_sockets_told(void)
{
    enum { LIMIT = 520, LEFT = 7 };
    const char *where = local_address(open_door("127.0.0.1", 100, 0));
    tried("ran `knock 127.0.0.1 PORT 50 15000` where %d descriptors are left", LEFT);
    suspect("socket() fails with EMFILE here. Any failure but a refusal ends the program: its "
            "reason on standard error, exit 1. A socket that there is not can't be waited for.");
    struct program *knock =
        launch(.program = "knock", .descriptor_limit = LIMIT, .spare_descriptors = LIMIT - LEFT - 3,
               .args = {host_of(where), port_text(port_of(where)), "50", "15000"});
    if (exit_status(knock) == 0)
        expect_tally(next_line(knock), 50, 0, 0);
    else
        expect_failure(knock, reason(EMFILE));
}

/* A knock whose connection stands and is broken before it asks for it, if weather can bring that.
 */
static struct program *start_to_be_reset(void)
{
    struct peer *door = open_door("127.0.0.1", 5, 0);
    struct program *knock =
        launch(.program = "knock", .times_itself = true, .weather = "poll 1 delay 40",
               .args = {"127.0.0.1", port_text(port_of(local_address(door))), "1", "15000"});
    reset(let_in(door));
    return knock;
}

static void expect_reset_counted(struct program *knock)
{
    tried("took knock's connection and reset it at once");
    suspect("SO_ERROR is ECONNRESET then: the connection stood, and broke. That is no refusal and "
            "no failure of knock: count it as connected.");
    expect_tally(told_by(knock), 1, 0, 0);
}

/* --- how it waits --- */

enum { PATIENCE_MS = 80, CROWD = 100, LATE_MS = 20, ROUND_MS = 25, ROUNDS = 3, LONG_MS = 15000 };

static bool has_ended(void *knock)
{
    return ended_by_now(knock);
}

/* If each connection has the time-out for itself, they take CROWD times as long. */
static void expect_one_time_out(const char *where)
{
    tried("ran `knock 127.0.0.1 PORT %d %d` at a door whose queue is full", CROWD, PATIENCE_MS);
    suspect("The %d ms are for all connections together. Fix a deadline before the loop, and let "
            "poll() watch all of them for what is left: with a time-out of its own for each, %d "
            "connections take %d times as long, and with -1 poll() waits for ever.",
            PATIENCE_MS, CROWD, CROWD);
    await_build("knock");
    long long before = now_ms();
    struct program *knock = launch(.program = "knock", .times_itself = true,
                                   .args = {host_of(where), port_text(port_of(where)),
                                            text("%d", CROWD), text("%d", PATIENCE_MS)});
    wait_until_due(has_ended, knock, knock, before + PATIENCE_MS,
                   text("its end after %d ms", PATIENCE_MS));
    long long waited = now_ms() - before;
    suspect("Connections that are still pending when TIMEOUT_MS is over are counted as waiting.");
    expect_tally(told_by(knock), 0, 0, CROWD);
    suspect("poll() must wait for what is left of TIMEOUT_MS, and be called again while something "
            "is left.");
    expect_that(waited >= PATIENCE_MS, text("at least %d ms of waiting", PATIENCE_MS), "%lld ms",
                waited);
}

/* A knock whose first waits are interrupted by a signal, each after a while, at a full door. */
static struct program *start_to_be_interrupted(const char *where)
{
    return launch(.program = "knock",
                  .weather = text("poll 1-%d delay %d; poll 1-%d EINTR", ROUNDS, ROUND_MS, ROUNDS),
                  .args = {host_of(where), port_text(port_of(where)), "1", text("%d", LONG_MS)});
}

struct patience {
    struct program *knock;
    int looks;
    long long give_up_ms;
};

/* The time-out of the poll() in which the program sleeps, -1 if it is in another call. */
static int time_out_of(struct program *program)
{
    struct blocked_call call;
    if (!blocked_call(process_of(program), process_of(program), &call))
        return -1;
#ifdef SYS_poll
    if (call.number == SYS_poll)
        return (int)call.arguments[2];
#endif
    return -1;
}

/* It ended; it was interrupted and waits again; or neither can be seen of it. */
static bool waits_again(void *context)
{
    enum { LOOKS = 8 };
    struct patience *patience = context;
    struct blocked_call call;
    pid_t process = process_of(patience->knock);
    if (ended_by_now(patience->knock) || now_ms() > patience->give_up_ms)
        return true;
    bool asleep = is_idle(patience->knock) && blocked_call(process, process, &call) &&
                  call.number != SYS_nanosleep && call.number != SYS_clock_nanosleep;
    patience->looks = asleep ? patience->looks + 1 : 0;
    return asleep && (weather_came(patience->knock) || patience->looks == LOOKS);
}

/* It was interrupted at least twice after it had begun to wait. A timer of its own may end the wait
 * too. */
static void expect_rest_of_time_out(struct program *knock)
{
    tried(
        "let the first calls of poll() by `knock 127.0.0.1 PORT 1 %d` be interrupted by a signal, "
        "each after %d ms",
        LONG_MS, ROUND_MS);
    suspect("poll() fails with EINTR when a signal comes, and that is no failure: count what is "
            "left of TIMEOUT_MS and call it again.");
    struct patience patience = {knock, 0, now_ms() + 500};
    wait_until(waits_again, &patience, "a knock that waits again");
    if (ended_by_now(knock) && exit_status(knock) == 0)
        suspect("TIMEOUT_MS is not over. poll() must wait for what is left of TIMEOUT_MS, and be "
                "called again while something is left.");
    expect_running(knock);
    if (!weather_came(knock) || has_timer(process_of(knock)))
        return;
    suspect("Each round waits for the whole TIMEOUT_MS again, so that many rounds take many times "
            "as long. Fix a deadline before the loop; poll() gets what is left until then.");
    int most = LONG_MS - (ROUNDS - 1) * ROUND_MS + 5;
    expect_that(time_out_of(knock) <= most, text("a poll() for at most %d ms, the rest", most),
                "a poll() for %d ms", time_out_of(knock));
}

#endif

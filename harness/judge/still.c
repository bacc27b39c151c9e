/*
 * still.c - recognizes programs that stand still (see still.h). Linux only: reads /proc.
 *
 * A thread's state comes from /proc/PID/task/TID/stat, the call that it sleeps in and the call's
 * arguments from /proc/PID/task/TID/syscall. Whether it ran between two looks shows in schedstat
 * (time on the processor, in nanoseconds) where the kernel has it, else in stat's times.
 */
#include "still.h"

#include "processes.h"
#include "program.h"
#include "stage.h"
#include "world.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    STILL_LOOKS = 8,    /* that many looks in a row ... */
    STILL_MS = 180,     /* ... over at least this time make a standstill */
    HOT_CPU_MS = 300,   /* processor time without an event that makes a hot loop ... */
    TOIL_CPU_MS = 4000, /* ... and this much even if the program gets on, as its traces show:
                         * tests/attacks has one that is through with 5 s of short children */
    CPU_EVERY_MS = 60,  /* that often it is asked for */
    UNKNOWN = -1,
    DOZING_MS = 1200,     /* asleep by the clock and nothing else: it waits for no event at all */
    NODDING_MS = 1600,    /* waiting for events with a time-out, again and again in vain */
    ON_ITS_WAY_MS = 3500, /* a queue that is full drops SYNs: they come again after 1 and 3 s */
    MOSTLY = 8,           /* dozing in that many looks of ten */
    LONG_WAIT_MS = 8000,  /* a time-out that no step would wait for: counts as none, except in */
};                        /* programs that wait on the clock by contract */

/* What a look found: how the busiest thread of all stands. */
struct look {
    bool moving;             /* something runs */
    bool times_itself;       /* a program waits on the clock by contract */
    bool sleeps_by_clock;    /* at least one thread is in a mere sleep */
    bool waits_with_timeout; /* at least one thread waits for events with a time-out */
    unsigned long long
        fingerprint; /* of all threads, unless one is moving: state, call, time run */
};

enum call_kind { UNTIMED, LONG, TIMED, SLEEP };

static bool socket_has_timeout(pid_t process, unsigned long fd, int option)
{
#ifdef SYS_pidfd_getfd
    int pidfd = (int)syscall(SYS_pidfd_open, process, 0);
    int copy = pidfd == -1 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, (int)fd, 0);
    struct timeval limit = {0};
    socklen_t size = sizeof limit;
    bool timed = true; /* what cannot be seen may have one */
    if (copy != -1)
        timed = getsockopt(copy, SOL_SOCKET, option, &limit, &size) == 0 &&
                (limit.tv_sec != 0 || limit.tv_usec != 0);
    if (copy != -1)
        close(copy);
    if (pidfd != -1)
        close(pidfd);
    return timed;
#else
    (void)process, (void)fd, (void)option;
    return true;
#endif
}

/* How long the sleep at `address` in the process lasts; a short one if it cannot be read. */
static enum call_kind kind_of_sleep(pid_t process, unsigned long address)
{
    struct timespec request;
    struct iovec ours = {&request, sizeof request};
    struct iovec theirs = {(void *)address, sizeof request};
    if (process_vm_readv(process, &ours, 1, &theirs, 1, 0) != (ssize_t)sizeof request)
        return SLEEP;
    return request.tv_sec >= LONG_WAIT_MS / 1000 ? LONG : SLEEP;
}

static enum call_kind kind_of_timeout(int milliseconds)
{
    if (milliseconds < 0)
        return UNTIMED;
    return milliseconds >= LONG_WAIT_MS ? LONG : TIMED;
}

static enum call_kind kind_of_wait(pid_t process, const struct blocked_call *call)
{
    const unsigned long *argument = call->arguments;
    switch (call->number) {
    case SYS_nanosleep:
        return kind_of_sleep(process, argument[0]);
    case SYS_clock_nanosleep:
        return argument[1] == TIMER_ABSTIME ? SLEEP : kind_of_sleep(process, argument[2]);
#ifdef SYS_poll
    case SYS_poll:
        return kind_of_timeout((int)argument[2]);
#endif
    case SYS_ppoll:
        return argument[2] ? TIMED : UNTIMED;
#ifdef SYS_select
    case SYS_select:
#endif
    case SYS_pselect6:
        return argument[4] ? TIMED : UNTIMED;
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
    case SYS_epoll_pwait:
        return kind_of_timeout((int)argument[3]);
    case SYS_futex:
        return argument[3] ? TIMED : UNTIMED;
    case SYS_rt_sigtimedwait:
        return argument[2] ? TIMED : UNTIMED;
    case SYS_mq_timedsend:
    case SYS_mq_timedreceive:
        return argument[4] ? TIMED : UNTIMED;
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_accept:
    case SYS_accept4:
        return socket_has_timeout(process, argument[0], SO_RCVTIMEO) ? TIMED : UNTIMED;
    case SYS_sendto:
    case SYS_sendmsg:
        return socket_has_timeout(process, argument[0], SO_SNDTIMEO) ? TIMED : UNTIMED;
    case SYS_read:
    case SYS_readv:
        return call->on_socket && socket_has_timeout(process, argument[0], SO_RCVTIMEO) ? TIMED
                                                                                        : UNTIMED;
    case SYS_write:
    case SYS_writev:
        return call->on_socket && socket_has_timeout(process, argument[0], SO_SNDTIMEO) ? TIMED
                                                                                        : UNTIMED;
#ifdef SYS_pause
    case SYS_pause:
#endif
    case SYS_rt_sigsuspend:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_splice:
    case SYS_sendfile:
    case SYS_openat:
#ifdef SYS_open
    case SYS_open:
#endif
        return UNTIMED;
    default: /* connect and all that the kernel may end by itself */
        return TIMED;
    }
}

static void look_at_thread(pid_t process, pid_t thread, struct look *look)
{
    struct thread_state state;
    if (!thread_state(process, thread, &state)) {
        look->moving = true; /* it just went, or it cannot be read */
        return;
    }
    look->fingerprint = look->fingerprint * 1099511628211ULL + (unsigned)thread;
    look->fingerprint = look->fingerprint * 1099511628211ULL + state.run_ns;
    if (state.letter == 'Z' || state.letter == 'X' || state.letter == 'T')
        return; /* ended; or stopped, and only we could continue it */
    struct blocked_call call;
    if (state.letter != 'S' || !blocked_call(process, thread, &call)) {
        look->moving = true;
        return;
    }
    look->fingerprint = look->fingerprint * 1099511628211ULL + (unsigned long)call.number;
    switch (kind_of_wait(process, &call)) {
    case UNTIMED:
        break;
    case LONG:
        look->waits_with_timeout |= look->times_itself;
        break;
    case TIMED:
        look->waits_with_timeout = true;
        break;
    case SLEEP:
        look->sleeps_by_clock = true;
        break;
    }
}

/* Returns whether it moves: how the others stand does not matter then, and they may be hundreds. */
static bool look_at_process(pid_t process, void *context)
{
    struct look *look = context;
    pid_t threads[MOST_THREADS];
    int count = threads_of(process, threads, MOST_THREADS);
    if (count == MOST_THREADS)
        look->moving = true; /* too many to say */
    for (int i = 0; i < count && !look->moving; i++)
        look_at_thread(process, threads[i], look);
    return look->moving;
}

static struct look look_at_all(void)
{
    struct look look = {0};
    for (struct program *program = the_stage()->programs; program; program = program->next)
        look.times_itself |= !program->ended && program->how->times_itself;
    any_descendant(look_at_process, &look);
    return look;
}

bool still_rests(unsigned long long *fingerprint)
{
    struct look look = look_at_all();
    *fingerprint = look.fingerprint;
    return !look.moving;
}

static void ask_for_timer(pid_t process, void *found)
{
    *(bool *)found |= has_timer(process);
}

/* Costs more than a look: only asked before a verdict. */
static bool timer_may_wake_one(void)
{
    bool found = false;
    for_each_descendant(ask_for_timer, &found);
    return found;
}

/* Whether a connection of the test's own is on its way: the kernel may finish it later, though all
 * programs sleep. */
static bool one_is_connecting(void)
{
    for (struct peer *peer = the_stage()->peers; peer; peer = peer->next)
        if (peer->connecting && peer->fd != -1 && !peer->trouble)
            return true;
    return false;
}

static void begin_again(struct still *still, long long now)
{
    still->events = the_stage()->events;
    still->looks = 0;
    still->since_ms = now;
    still->cpu_ms = UNKNOWN;
    still->next_cpu_ms = now + CPU_EVERY_MS;
    still->event_ms = now;
    still->dozing_looks = 0;
    still->looks_since_event = 0;
}

/* Of programs, and of the ends of connections that are not the test's: what they take there by
 * recv() and give by send() shows in no file of /proc. */
static unsigned long traces_of_all(void)
{
    unsigned long number = traces_of_descendants();
    struct tcp_queues queues;
    for (struct peer *peer = the_stage()->peers; peer; peer = peer->next)
        if (peer->fd != -1 && !peer->datagram && peer->local && peer->remote &&
            tcp_queues(peer->remote, peer->local, &queues))
            number += queues.unread + queues.unsent;
    return number;
}

/* Most waits are over before this asks for the first time: that is no small work where processes
 * are many. */
static bool runs_hot(struct still *still, long long now)
{
    if (now < still->next_cpu_ms)
        return false;
    long cpu_ms = cpu_time_of_descendants_ms();
    still->next_cpu_ms = now + CPU_EVERY_MS;
    if (still->cpu_ms == UNKNOWN) {
        still->cpu_ms = still->idle_cpu_ms = cpu_ms;
        still->traces = traces_of_all();
    }
    if (cpu_ms - still->idle_cpu_ms < HOT_CPU_MS)
        return false;
    unsigned long before = still->traces;
    still->traces = traces_of_all();
    still->idle_cpu_ms = cpu_ms;
    return still->traces == before || cpu_ms - still->cpu_ms >= TOIL_CPU_MS;
}

enum stillness still_look(struct still *still)
{
    long long now = now_ms();
    if (still->since_ms == 0 || still->events != the_stage()->events)
        begin_again(still, now);
    if (runs_hot(still, now))
        return HOT;

    struct look look = look_at_all();
    still->looks_since_event++;
    if (!look.moving && (look.sleeps_by_clock || look.waits_with_timeout))
        still->dozing_looks++;
    long long patience = look.waits_with_timeout ? NODDING_MS : DOZING_MS;
    long long still_ms = STILL_MS;
    if (one_is_connecting())
        patience = still_ms = ON_ITS_WAY_MS;
    if (!look.moving && !look.times_itself && now - still->event_ms >= patience &&
        still->dozing_looks * 10 >= still->looks_since_event * MOSTLY && !timer_may_wake_one())
        return DOZING;

    if (look.moving || look.waits_with_timeout || look.sleeps_by_clock ||
        look.fingerprint != still->fingerprint) {
        still->fingerprint = look.fingerprint;
        still->looks = 0;
        still->since_ms = now;
        return MOVING;
    }
    still->looks++;
    bool long_enough = still->looks >= STILL_LOOKS && now - still->since_ms >= still_ms;
    return long_enough && !timer_may_wake_one() ? STILL : MOVING;
}

static const char *name_of_call(long number)
{
    static const struct {
        long number;
        const char *name;
    } names[] = {
        {SYS_accept, "accept"},
        {SYS_accept4, "accept4"},
        {SYS_connect, "connect"},
        {SYS_recvfrom, "recv"},
        {SYS_recvmsg, "recvmsg"},
        {SYS_sendto, "send"},
        {SYS_sendmsg, "sendmsg"},
        {SYS_read, "read"},
        {SYS_write, "write"},
        {SYS_readv, "readv"},
        {SYS_writev, "writev"},
        {SYS_wait4, "waitpid"},
        {SYS_waitid, "waitid"},
        {SYS_futex, "a lock"},
        {SYS_nanosleep, "sleep"},
        {SYS_ppoll, "poll"},
        {SYS_pselect6, "select"},
        {SYS_clock_nanosleep, "sleep"},
        {SYS_openat, "open"},
        {SYS_msgrcv, "msgrcv"},
        {SYS_msgsnd, "msgsnd"},
        {SYS_sendfile, "sendfile"},
        {SYS_splice, "splice"},
        {SYS_epoll_pwait, "epoll_wait"},
        {SYS_mq_timedsend, "mq_send"},
        {SYS_rt_sigsuspend, "sigsuspend"},
        {SYS_mq_timedreceive, "mq_receive"},
#ifdef SYS_poll
        {SYS_poll, "poll"},
        {SYS_select, "select"},
        {SYS_epoll_wait, "epoll_wait"},
        {SYS_pause, "pause"},
        {SYS_open, "open"},
#endif
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].number == number)
            return names[i].name;
    return NULL;
}

static bool takes_descriptor(long number)
{
    switch (number) {
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_read:
    case SYS_write:
    case SYS_readv:
    case SYS_writev:
        return true;
    default:
        return false;
    }
}

const char *still_describe(pid_t process)
{
    struct thread_state state;
    struct blocked_call call;
    if (!thread_state(process, process, &state))
        return NULL;
    if (state.letter == 'R')
        return "is computing";
    if (state.letter == 'T')
        return "is stopped by a signal";
    if (state.letter != 'S' || !blocked_call(process, process, &call))
        return NULL;
    const char *name = name_of_call(call.number);
    if (!name)
        return NULL;
    if (takes_descriptor(call.number))
        return text("is waiting in %s(%d)", name, (int)call.arguments[0]);
    return text("is waiting in %s", name);
}

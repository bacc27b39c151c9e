/*
 * stage.c - the loop that serves everything on stage while a step waits (see stage.h).
 */
#include "stage.h"

#include "gate.h"
#include "processes.h"
#include "program.h"
#include "still.h"
#include "story.h"
#include "world.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    STARVED_MS = 90 * 1000, /* the deadline of programs that are not served by the machine */
    SLICE_MS = 1000,        /* whether they are is seen in that time */
    WATCHED = 4096,         /* most descriptors that one step waits for */
    CHUNK = 256 * 1024,     /* read at once */
    FIRST_NAP_US = 250, /* what no event announces, like a process's state, tends to come soon */
    LONGEST_NAP_US = LOOK_EVERY_MS * 1000,
    LOOK_PRICE = 4, /* looking takes at most the fifth part of a wait */
    MEMORY_EVERY_MS = 60,
    SETTLE_MS = 250,           /* that long a failure waits for programs to come to rest, ... */
    SETTLED_LOOKS = 3,         /* ... that many looks in a row */
    MOST_MEMORY_KIB = 2 << 20, /* of all programs of the step together */
};
static const size_t MOST_OUTPUT = 512u << 20; /* a program that says more runs into a limit */

struct stage *the_stage(void)
{
    static struct stage stage;
    return &stage;
}

long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* --- what can be ready, and what is done then --- */

static void close_end(int *fd)
{
    if (*fd != -1)
        close(*fd);
    *fd = -1;
}

static void drain(struct program *program, int *fd, struct buffer *into)
{
    static unsigned char chunk[CHUNK];
    ssize_t length = read(*fd, chunk, sizeof chunk);
    if (length == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    the_stage()->events++;
    if (length <= 0)
        close_end(fd);
    else
        buffer_append(into, chunk, (size_t)length);
    if (length > 0)
        story_said(program, into == &program->said ? 1 : 2, (struct bytes){chunk, (size_t)length});
    if (buffer_length(into) > MOST_OUTPUT)
        limit_reached("the program wrote more than %zu MiB", MOST_OUTPUT >> 20);
}

static void feed_more(struct program *program)
{
    struct bytes bytes = buffer_content(&program->fed);
    long long before = story_time();
    ssize_t written = bytes.length ? write(program->input, bytes.at, bytes.length) : 0;
    if (written == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    the_stage()->events++;
    if (written == -1) { /* EPIPE: nobody reads any more, which is the program's right */
        close_end(&program->input);
        return;
    }
    if (written > 0)
        story_fed(program, (struct bytes){bytes.at, (size_t)written}, before);
    program->fed.start += (size_t)written;
    if (buffer_length(&program->fed) == 0 && program->input_ends) {
        story_input_ended(program);
        close_end(&program->input);
    }
}

static void hear_more(struct peer *peer)
{
    static unsigned char chunk[CHUNK];
    ssize_t length = recv(peer->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (length == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    the_stage()->events++;
    if (length == -1)
        peer->trouble = errno;
    else if (length == 0)
        peer->heard_end = true;
    else
        buffer_append(&peer->heard, chunk, (size_t)length);
}

/* A peer that has just spoken would hold back its acknowledgments for 40 ms, and a program that
 * answers in two small pieces would wait for the first one before it sends the second (Nagle's
 * algorithm, tcp(7)). No verdict is the better for that wait. */
static void acknowledge_at_once(struct peer *peer)
{
#ifdef TCP_QUICKACK
    int on = 1;
    setsockopt(peer->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
}

void say_more(struct peer *peer)
{
    struct bytes bytes = buffer_content(&peer->to_say);
    ssize_t sent =
        bytes.length ? send(peer->fd, bytes.at, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    if (sent == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    the_stage()->events++;
    if (sent == -1) { /* what was heard before the trouble can still be taken */
        peer->to_say.start = peer->to_say.end = 0;
        if (errno != EPIPE)
            peer->trouble = errno;
        return;
    }
    peer->to_say.start += (size_t)sent;
    acknowledge_at_once(peer);
    if (buffer_length(&peer->to_say) == 0 && peer->then_half_close) {
        shutdown(peer->fd, SHUT_WR);
        peer->then_half_close = false;
    }
}

static void finish_connecting(struct peer *peer)
{
    socklen_t size = sizeof peer->trouble;
    getsockopt(peer->fd, SOL_SOCKET, SO_ERROR, &peer->trouble, &size);
    peer->connecting = false;
    the_stage()->events++;
}

static short wishes_of(const struct peer *peer)
{
    if (peer->fd == -1 || peer->trouble)
        return 0;
    if (peer->connecting)
        return POLLOUT;
    short wishes = 0;
    if (buffer_length(&peer->to_say) > 0 || peer->then_half_close)
        wishes |= POLLOUT;
    if (peer->wanted && !peer->heard_end)
        wishes |= POLLIN;
    return wishes;
}

struct watch { /* the list for poll(), and whom each entry stands for */
    struct pollfd polled[WATCHED];
    struct program *program[WATCHED];
    struct peer *peer[WATCHED];
    nfds_t count;
};

static void watch_fd(struct watch *watch, int fd, short events, struct program *program,
                     struct peer *peer)
{
    if (fd == -1 || events == 0)
        return;
    if (watch->count == WATCHED)
        cannot_judge("the step watches more than %d descriptors", WATCHED);
    watch->polled[watch->count] = (struct pollfd){.fd = fd, .events = events};
    watch->program[watch->count] = program;
    watch->peer[watch->count++] = peer;
}

static void watch_all(struct watch *watch)
{
    watch->count = 0;
    for (struct program *program = the_stage()->programs; program; program = program->next) {
        bool feeds = buffer_length(&program->fed) > 0 || program->input_ends;
        watch_fd(watch, program->output, POLLIN, program, NULL);
        watch_fd(watch, program->error, POLLIN, program, NULL);
        watch_fd(watch, program->pidfd, POLLIN, program, NULL);
        watch_fd(watch, program->gate, POLLIN, program, NULL);
        watch_fd(watch, program->input, feeds ? POLLOUT : 0, program, NULL);
    }
    struct peer **link = &the_stage()->peers;
    for (struct peer *peer; (peer = *link);) {
        short wishes = wishes_of(peer);
        watch_fd(watch, peer->fd, wishes, NULL, peer);
        peer->roused = wishes != 0;
        if (peer->roused)
            link = &peer->next;
        else
            *link = peer->next;
    }
}

void peer_rouse(struct peer *peer)
{
    if (peer->roused)
        return;
    peer->roused = true;
    peer->next = the_stage()->peers;
    the_stage()->peers = peer;
}

/* The gate ends when the last process behind it has. */
static void serve_gate(struct program *program, short ready)
{
    the_stage()->events += !program->refuses; /* who tries in vain again and again runs hot */
    if (ready & POLLIN)
        program->killed_all |= gate_serve(program->gate, program->refuses);
    else
        close_end(&program->gate);
}

static void serve_program(struct program *program, int fd, short ready)
{
    if (fd == program->output)
        drain(program, &program->output, &program->said);
    else if (fd == program->error)
        drain(program, &program->error, &program->complained);
    else if (fd == program->input)
        feed_more(program);
    else if (fd == program->gate)
        serve_gate(program, ready);
    else
        program_collect(program);
}

static void serve_peer(struct peer *peer, short ready)
{
    if (peer->connecting) {
        finish_connecting(peer);
        return;
    }
    if (peer->datagram) /* whoever waits for it takes it out */
        return;
    if (ready & (POLLIN | POLLHUP | POLLERR) && peer->wanted && !peer->heard_end)
        hear_more(peer);
    if (ready & POLLOUT && !peer->trouble)
        say_more(peer);
    else if (ready & (POLLERR | POLLHUP) && !peer->wanted)
        say_more(peer); /* finds out what is wrong */
}

static void serve(long timeout_us)
{
    static struct watch watch;
    struct timespec timeout = {timeout_us / 1000000, timeout_us % 1000000 * 1000};
    watch_all(&watch);
    if (ppoll(watch.polled, watch.count, &timeout, NULL) <= 0)
        return;
    for (nfds_t i = 0; i < watch.count; i++) {
        short ready = watch.polled[i].revents;
        if (ready == 0)
            continue;
        if (watch.program[i])
            serve_program(watch.program[i], watch.polled[i].fd, ready);
        else
            serve_peer(watch.peer[i], ready);
    }
}

void stage_serve(int timeout_ms)
{
    serve(timeout_ms * 1000L);
}

/* --- waiting --- */

/* Memory has no limit of the kernel's that sanitizers could live with, so it is watched. */
static void check_memory(void)
{
    static long long next;
    if (now_ms() < next)
        return;
    next = now_ms() + MEMORY_EVERY_MS;
    long kib = anonymous_kib_of_descendants();
    if (kib > MOST_MEMORY_KIB)
        limit_reached("the program took %ld MiB of memory", kib >> 10);
}

/* When a wait is given up, in milliseconds of now_ms(). Time in which programs wait for a
 * processor, or the kernel is at work for them, is not theirs to answer for. */
struct deadline {
    long long next_ms, last_ms;
    long long starved_ms; /* at the last look; -1: none yet */
};

static struct deadline deadline_in(long long ms)
{
    long long now = now_ms();
    return (struct deadline){now + ms, now + STARVED_MS, -1};
}

static bool has_passed(struct deadline *deadline, long long now)
{
    if (now < deadline->next_ms)
        return false;
    long long before = deadline->starved_ms;
    deadline->starved_ms = starved_ms_of_descendants();
    deadline->next_ms = now + SLICE_MS;
    /* It shrinks when a thread ends that had waited. */
    bool starving = before == -1 || deadline->starved_ms < before ||
                    deadline->starved_ms - before >= SLICE_MS / 4;
    bool served = !starving && !kernel_holds_a_descendant();
    return served || now >= deadline->last_ms;
}

static const char *nothing_came(enum stillness standing)
{
    return standing == HOT      ? "nothing, while the processor was kept busy"
           : standing == MOVING ? "nothing, for a long while"
                                : "nothing";
}

void stage_wait_within(long long limit_ms, bool (*done)(void *), void *context,
                       const char *expected, const char *(*came)(void *))
{
    struct deadline deadline = deadline_in(limit_ms);
    struct still still = {.events = the_stage()->events};
    long long next_look = now_ms() + LOOK_EVERY_MS;
    unsigned long events = the_stage()->events;
    long nap_us = FIRST_NAP_US;

    for (;;) {
        stage_serve(0);
        if (done(context))
            return;
        nap_us = events != the_stage()->events ? FIRST_NAP_US : nap_us;
        events = the_stage()->events;
        long long now = now_ms();
        enum stillness standing = MOVING;
        if (now >= next_look) {
            check_memory();
            standing = still_look(&still);
            long long cost = now_ms() - now; /* of a look at a crowd of processes */
            next_look = now + LOOK_EVERY_MS + cost * LOOK_PRICE;
        }
        if (standing != MOVING || has_passed(&deadline, now)) {
            stage_serve(0);
            if (done(context)) /* it came at the last moment */
                return;
            const char *seen = came ? came(context) : NULL;
            fail_step(expected, seen ? seen : nothing_came(standing));
        }
        serve(nap_us);
        nap_us = nap_us * 2 < LONGEST_NAP_US ? nap_us * 2 : LONGEST_NAP_US;
    }
}

void stage_wait(bool (*done)(void *), void *context, const char *expected,
                const char *(*came)(void *))
{
    stage_wait_within(DEADLINE_MS, done, context, expected, came);
}

void wait_until(bool (*holds)(void *), void *context, const char *expected)
{
    stage_wait(holds, context, expected, NULL);
}

void wait_until_seen(bool (*holds)(void *), void *context, const char *expected,
                     const char *(*came)(void *))
{
    stage_wait(holds, context, expected, came);
}

void expect_still(bool (*holds)(void *), void *context, int milliseconds, const char *expected)
{
    long long end = now_ms() + milliseconds;
    for (long long now = now_ms(); now < end; now = now_ms()) {
        stage_serve((int)(end - now));
        if (!holds(context))
            fail_step(expected, "it changed");
    }
}

void stage_settle(void)
{
    long long deadline = now_ms() + SETTLE_MS;
    unsigned long long before = 0, now = 0;
    for (int looks = 0; looks < SETTLED_LOOKS && now_ms() < deadline; before = now) {
        stage_serve(1);
        looks = still_rests(&now) && now == before ? looks + 1 : 0;
    }
}

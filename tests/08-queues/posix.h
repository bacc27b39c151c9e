/*
 * posix.h - how lab 08 makes POSIX queues, looks into them, and plays the other side of pmq.
 */
#ifndef LAB_08_POSIX_H
#define LAB_08_POSIX_H

#include "program.h"
#include "queues.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGES = 8, SIZE = 256, PAGE = 4096, LONG_SIZE = 8192, OWNER_ONLY = 0600 };

/* --- bytes --- */

static bool is_same(struct bytes a, struct bytes b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

/* A line of `length` bytes that look random, without a newline. */
static struct bytes line_of(size_t length)
{
    struct bytes bytes = noise(length);
    unsigned char *at = (unsigned char *)bytes.at;
    for (size_t i = 0; i < length; i++)
        at[i] = at[i] == '\n' ? 'n' : at[i];
    return bytes;
}

static struct bytes joined(struct bytes a, struct bytes b)
{
    unsigned char *both = step_memory(a.length + b.length);
    memcpy(both, a.at, a.length);
    memcpy(both + a.length, b.at, b.length);
    return (struct bytes){both, a.length + b.length};
}

/* --- queues of the test --- */

/* A queue that another program made: `messages` of at most `size` bytes. */
static mqd_t make_queue(const char *name, long messages, long size)
{
    struct mq_attr attributes = {.mq_maxmsg = messages, .mq_msgsize = size};
    int flags = O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC;
    need_room_for_posix_queue(messages, size);
    mqd_t queue = mq_open(name, flags, OWNER_ONLY, &attributes);
    if (queue == (mqd_t)-1)
        cannot_judge("mq_open: %s", reason(errno));
    return queue;
}

/* The queue that a program was to make. */
static mqd_t open_queue(const char *name)
{
    mqd_t queue = mq_open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (queue == (mqd_t)-1)
        fail_step(text("a queue with the name %s, for its owner to read and write", name),
                  text("mq_open: %s", reason(errno)));
    return queue;
}

static struct mq_attr attributes_of(mqd_t queue)
{
    struct mq_attr attributes;
    if (mq_getattr(queue, &attributes) == -1)
        cannot_judge("mq_getattr: %s", reason(errno));
    return attributes;
}

/* On Linux a queue's descriptor is a file descriptor. */
static struct stat status_of(mqd_t queue)
{
    struct stat status;
    if (fstat((int)queue, &status) == -1)
        cannot_judge("fstat of a queue: %s", reason(errno));
    return status;
}

static void expect_no_queue(const char *name)
{
    mqd_t queue = mq_open(name, O_RDONLY | O_CLOEXEC);
    expect_that(queue == (mqd_t)-1 && errno == ENOENT, "no queue of that name", "%s",
                queue == (mqd_t)-1 ? reason(errno) : "there is one");
}

/* --- messages --- */

static void send_message(mqd_t queue, unsigned priority, struct bytes message)
{
    if (mq_send(queue, (const char *)message.at, message.length, priority) == -1)
        cannot_judge("mq_send: %s", reason(errno));
}

struct arrival { /* a message that a program is to send */
    mqd_t queue;
    unsigned priority;
    char bytes[LONG_SIZE];
    ssize_t length; /* -1: none yet */
};

static bool has_arrived(void *context)
{
    struct arrival *a = context;
    a->length = mq_receive(a->queue, a->bytes, sizeof a->bytes, &a->priority);
    return a->length >= 0;
}

/* Takes the next message out of the queue, and waits for it; it must be this one. */
static void expect_message(mqd_t queue, unsigned priority, struct bytes message)
{
    struct arrival a = {.queue = queue};
    const char *expected = text("the message %s with priority %u", shown(message), priority);
    wait_until(has_arrived, &a, expected);
    struct bytes came = {(unsigned char *)a.bytes, (size_t)a.length};
    if (is_same(came, message) && a.priority != priority)
        suspect("The PRIORITY that was asked for is the last argument of mq_send().");
    expect_that(is_same(came, message) && a.priority == priority, expected, "%s with priority %u",
                shown(came), a.priority);
}

static void expect_empty(mqd_t queue)
{
    struct arrival a = {.queue = queue};
    expect_that(!has_arrived(&a), "no more messages in the queue", "one more: %s",
                shown((struct bytes){(unsigned char *)a.bytes, (size_t)a.length}));
}

/* --- pmq --- */

/* Starts `pmq put` and gives it its whole standard input. */
static struct program *start_put(const char *name, const char *priority, struct bytes lines)
{
    struct program *put =
        launch(.program = "pmq", .args = {"put", name, priority}, .umask = NO_UMASK);
    feed(put, lines);
    end_input(put);
    return put;
}

/* A program that has ended well, and has no result to print. */
static void expect_nothing_said(struct program *program)
{
    struct bytes said = rest_of_output(program);
    if (said.length == 0)
        return;
    suspect("Only get has something for standard output: what put and rm have to say belongs on "
            "standard error.");
    fail_step("nothing on standard output", shown(said));
}

static void put(const char *name, const char *priority, struct bytes lines)
{
    struct program *program = start_put(name, priority, lines);
    expect_exit(program, 0);
    expect_nothing_said(program);
}

enum { MANY_LINES = 200 };

/* The lines `1`, `2`, ..., each behind a prefix. */
static struct bytes numbered_lines(const char *prefix)
{
    const char *lines = "";
    for (int i = 1; i <= MANY_LINES; i++)
        lines = text("%s%s%d\n", lines, prefix, i);
    return bytes_of(lines);
}

/* Gives a program its standard input in these pieces, each when it waits for more. */
static void feed_in_pieces(struct program *program, const char *const pieces[])
{
    for (int i = 0; pieces[i]; i++) {
        wait_until_idle(program);
        feed(program, bytes_of(pieces[i]));
    }
    wait_until_idle(program);
    end_input(program);
    exit_status(program);
}

static bool is_short(struct program *program)
{
    struct bytes said = error_output(program);
    return gives_reason(said, reason(EMFILE)) || gives_reason(said, reason(ENOSPC)) ||
           gives_reason(said, reason(ENOMEM));
}

/* `pmq put` where there is no queue yet. Another user of this machine may have taken the last room
 * for queues, which is no fault of the program's. If it says so, but there is room now, it gets
 * another chance to say the same: then the shortage is its own. */
static void put_into_new(const char *name, const char *priority, struct bytes lines)
{
    struct program *first = start_put(name, priority, lines);
    if (exit_status(first) != 0 && is_short(first)) {
        need_room_for_posix_queue(MESSAGES, SIZE);
        struct program *again = start_put(name, priority, lines);
        if (exit_status(again) == 0 || !is_short(again))
            cannot_judge("there was no room for a POSIX message queue for a moment");
        need_room_for_posix_queue(MESSAGES, SIZE);
    }
    expect_exit(first, 0);
}

/* The queue is full: the program has to wait. */
static void expect_waiting(struct program *program)
{
    if (ended_by_now(program))
        fail_step("a program that waits until there is room",
                  text("an end with exit code %d", exit_status(program)));
}

struct brim { /* a queue that a program fills */
    mqd_t queue;
    struct program *program;
    long messages;
};

static bool is_at_the_brim(void *context)
{
    struct brim *brim = context;
    return ended_by_now(brim->program) ||
           (attributes_of(brim->queue).mq_curmsgs == brim->messages && is_idle(brim->program));
}

/* Waits until a program has filled the queue and waits for room. */
static void wait_until_full(mqd_t queue, struct program *program)
{
    struct brim brim = {queue, program, attributes_of(queue).mq_maxmsg};
    wait_until(is_at_the_brim, &brim, "a full queue, and a program that waits for room in it");
    expect_waiting(program);
}

/* --- pmq get, which waits by the clock --- */

static struct program *start_get(const char *name, long timeout_ms)
{
    return launch(.program = "pmq", .args = {"get", name, text("%ld", timeout_ms)},
                  .times_itself = true);
}

/* Takes all that waits, and no more. */
static void expect_got(const char *name, struct bytes output)
{
    struct program *get = start_get(name, 0);
    end_input(get);
    expect_output(get, output);
    expect_exit(get, 0);
}

enum { SURE_LOOKS = 5 };

struct taking { /* a message on its way through `pmq get` */
    mqd_t queue;
    struct program *get;
    size_t length; /* of what it has to print */
    int looks;     /* in a row that saw it wait although it had printed nothing */
};

static bool is_printed_or_kept(void *context)
{
    struct taking *taking = context;
    bool sleeps = attributes_of(taking->queue).mq_curmsgs == 0 && is_idle(taking->get);
    taking->looks = sleeps ? taking->looks + 1 : 0;
    return output_so_far(taking->get).length >= taking->length || taking->looks >= SURE_LOOKS;
}

/* Sends a message, which the program has to print before it waits for the next. */
static void expect_printed_at_once(mqd_t queue, struct program *get, unsigned priority,
                                   const char *message)
{
    const char *line = text("%u %s", priority, message);
    struct taking taking = {queue, get, strlen(line) + 1, 0};
    send_message(queue, priority, bytes_of(message));
    const char *expected = text("the line %s", shown(bytes_of(line)));
    wait_until_due(is_printed_or_kept, &taking, get, now_ms(), expected);
    if (output_so_far(get).length == 0)
        fail_step(expected, ended_by_now(get) ? "no output"
                                              : "nothing; the program waits for the next message");
    expect_line(get, "%s", line);
}

static bool has_ended(void *context)
{
    return ended_by_now(context);
}

/* Waits until a `pmq get` that was started at `began` waits; it must not have ended too early. */
static void expect_no_early_end(struct program *get, long long began, long timeout_ms)
{
    wait_until_idle(get);
    if (ended_by_now(get) && ended_ms(get) - began < timeout_ms * 3 / 4)
        fail_step(text("no end before %ld ms have passed", timeout_ms),
                  text("an end after %lld ms", ended_ms(get) - began));
}

/* Ends a `pmq get` from which nothing more is to be learned. */
static void end_get(struct program *get)
{
    if (!ended_by_now(get))
        send_signal(get, SIGKILL);
    exit_status(get);
}

/* ... and nothing was: empties its queue as well. */
static bool is_inconclusive(struct program *get, mqd_t queue)
{
    struct arrival left = {.queue = queue};
    end_get(get);
    while (has_arrived(&left))
        continue;
    return false;
}

/* A moment that lies in the past ends `pmq get` at once: to see that takes no time. While the last
 * one starts, the first ends also if its moment is but a millisecond away. The first TIMEOUT_MS
 * comes twice: if 999 ms did not fill the second that had just begun, they do a little later. */
static void expect_waits(const char *name, long one_ms, long other_ms)
{
    const long timeout_ms[] = {one_ms, one_ms, other_ms};
    enum { WAITS = sizeof timeout_ms / sizeof timeout_ms[0] };
    struct program *get[WAITS];
    long long began[WAITS];
    await_build("pmq");
    for (int i = 0; i < WAITS; i++) {
        began[i] = now_ms();
        get[i] = start_get(name, timeout_ms[i]);
        wait_until_idle(get[i]);
    }
    for (int i = WAITS - 1; i >= 0; i--)
        expect_no_early_end(get[i], began[i], timeout_ms[i]);
    for (int i = 0; i < WAITS; i++)
        end_get(get[i]);
}

/*
 * Lets `pmq get` wait twice, the second time from the middle of the first, and demands that it
 * waits long enough and not for ever. Returns false if this process was kept from sending its
 * messages in time by other work of the machine: then nothing is proven.
 */
static bool waits_anew(const char *name, mqd_t queue, long timeout_ms)
{
    await_build("pmq");
    const char *enough = text("no end until %ld ms after the last message", timeout_ms);
    long long began = now_ms(), surely = timeout_ms * 3 / 4;
    struct program *get = start_get(name, timeout_ms);
    expect_no_early_end(get, began, timeout_ms);
    long long first = now_ms();
    send_message(queue, 1, BYTES("first"));
    if (now_ms() - began >= surely)
        return is_inconclusive(get, queue);

    bool ended = holds_until(has_ended, get, first + timeout_ms * 6 / 10);
    long long second = now_ms();
    if (ended && second - first < surely)
        fail_step(enough, text("an end after %lld ms", second - first));
    send_message(queue, 1, BYTES("second"));
    if (now_ms() - first >= timeout_ms * 9 / 10)
        return is_inconclusive(get, queue);

    wait_until_due(has_ended, get, get, second + timeout_ms,
                   text("an end %ld ms after the last message", timeout_ms));
    expect_that(now_ms() - second > surely, enough, "an end %lld ms after it", now_ms() - second);
    expect_output(get, BYTES("1 first\n1 second\n"));
    expect_exit(get, 0);
    return true;
}

#endif

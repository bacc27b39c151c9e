/*
 * sysv.h - how lab 08 makes System V queues, looks into them, and plays the other side of svq.
 */
#ifndef LAB_08_SYSV_H
#define LAB_08_SYSV_H

#include "posix.h"

#include <sys/ipc.h>
#include <sys/msg.h>

enum { PROJECT = 'p', LINE_MOST = 1024, SYSV_MOST = 8192 };

struct letter { /* a message as msgsnd() and msgrcv() want it */
    long type;
    char text[SYSV_MOST];
};

/* --- queues of the test --- */

static key_t key_of(const char *path)
{
    key_t key = ftok(path, PROJECT);
    if (key == -1) /* the test has made it */
        suspect("The file is not the queue, and stays: rm finds the queue by its key and removes "
                "it by msgctl() with IPC_RMID.");
    if (key == -1)
        fail_step("the file at PATH left as it is: it only gives the key", reason(errno));
    return key;
}

/* A queue that another program made. */
static int make_sysv_queue(const char *path)
{
    int queue = msgget(key_of(path), IPC_CREAT | IPC_EXCL | OWNER_ONLY);
    if (queue == -1)
        need_room_for_sysv_queue();
    if (queue == -1)
        cannot_judge("msgget: %s", reason(errno));
    return queue;
}

/* The queue that a program was to make. */
static int find_sysv_queue(const char *path)
{
    int queue = msgget(key_of(path), 0);
    if (queue == -1)
        fail_step(text("a queue with the key of ftok(PATH, 'p'), 0x%08x", (unsigned)key_of(path)),
                  text("msgget: %s", reason(errno)));
    return queue;
}

static struct msqid_ds state_of_sysv(int queue)
{
    struct msqid_ds state;
    if (msgctl(queue, IPC_STAT, &state) == -1)
        fail_step("the queue still there", text("msgctl: %s", reason(errno)));
    return state;
}

/* Leaves room for so many bytes of text in the queue. */
static void narrow_sysv(int queue, unsigned long bytes)
{
    struct msqid_ds state = state_of_sysv(queue);
    state.msg_qbytes = bytes;
    if (msgctl(queue, IPC_SET, &state) == -1)
        cannot_judge("msgctl: %s", reason(errno));
}

static void expect_no_sysv_queue(const char *path)
{
    expect_that(msgget(key_of(path), 0) == -1 && errno == ENOENT, "no queue with that key",
                "there is one");
}

/* --- messages --- */

static void send_letter(int queue, long type, struct bytes message)
{
    struct letter letter = {.type = type};
    memcpy(letter.text, message.at, message.length);
    if (msgsnd(queue, &letter, message.length, IPC_NOWAIT) == -1)
        cannot_judge("msgsnd: %s", reason(errno));
}

struct delivery { /* a message that a program is to send */
    int queue;
    ssize_t length; /* -1: none yet */
    struct letter letter;
};

static bool is_delivered(void *context)
{
    struct delivery *d = context;
    d->length = msgrcv(d->queue, &d->letter, sizeof d->letter.text, 0, IPC_NOWAIT);
    return d->length >= 0;
}

/* Takes the oldest message out of the queue, and waits for it; it must be this one. */
static void expect_letter(int queue, long type, struct bytes message)
{
    struct delivery d = {.queue = queue};
    const char *expected = text("the message %s of type %ld", shown(message), type);
    wait_until(is_delivered, &d, expected);
    struct bytes came = {(unsigned char *)d.letter.text, (size_t)d.length};
    if (is_same(came, message) && d.letter.type != type)
        suspect("The TYPE that was asked for goes into the message's first member, a long.");
    expect_that(is_same(came, message) && d.letter.type == type, expected, "%s of type %ld",
                shown(came), d.letter.type);
}

static void expect_no_letter(int queue)
{
    struct delivery d = {.queue = queue};
    expect_that(!is_delivered(&d), "no more messages in the queue", "one more: %s",
                shown((struct bytes){(unsigned char *)d.letter.text, (size_t)d.length}));
}

/* --- svq --- */

/* Starts `svq put` and gives it its whole standard input. */
static struct program *start_svq_put(const char *path, const char *type, struct bytes lines)
{
    struct program *put = launch(.program = "svq", .args = {"put", path, type}, .umask = NO_UMASK);
    feed(put, lines);
    end_input(put);
    return put;
}

static void svq_put(const char *path, const char *type, struct bytes lines)
{
    struct program *program = start_svq_put(path, type, lines);
    expect_exit(program, 0);
    expect_nothing_said(program);
}

/* `svq put` where there is no queue yet: see put_into_new(). */
static void svq_put_into_new(const char *path, const char *type, struct bytes lines)
{
    struct program *first = start_svq_put(path, type, lines);
    if (exit_status(first) != 0 && is_short(first)) {
        need_room_for_sysv_queue();
        struct program *again = start_svq_put(path, type, lines);
        if (exit_status(again) == 0 || !is_short(again))
            cannot_judge("there was no room for a System V message queue for a moment");
        need_room_for_sysv_queue();
    }
    expect_exit(first, 0);
}

static void expect_svq_got(const char *path, const char *type, struct bytes output)
{
    struct program *get = start("svq", "get", path, type);
    expect_output(get, output);
    expect_exit(get, 0);
}

static void expect_svq_failure(const char *verb, const char *path, const char *type, int error)
{
    struct program *program = start("svq", verb, path, type);
    end_input(program);
    expect_failure(program, reason(error));
    expect_no_more_output(program);
}

struct sysv_brim { /* a queue that a program fills */
    int queue;
    struct program *program;
    unsigned long messages;
};

static bool is_at_the_sysv_brim(void *context)
{
    struct sysv_brim *brim = context;
    return ended_by_now(brim->program) ||
           (state_of_sysv(brim->queue).msg_qnum == brim->messages && is_idle(brim->program));
}

/* Waits until a program has filled the queue with so many messages and waits for room. */
static void wait_until_sysv_full(int queue, struct program *program, unsigned long messages)
{
    struct sysv_brim brim = {queue, program, messages};
    wait_until(is_at_the_sysv_brim, &brim, "a full queue, and a program that waits for room in it");
    expect_waiting(program);
}

#endif

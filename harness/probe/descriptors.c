/*
 * descriptors.c - the probe's wrappers of the calls that make and end descriptors of other kinds,
 * and of System V and POSIX message queues.
 */
#define _GNU_SOURCE /* for calls of Linux */
#include "probe.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdarg.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <unistd.h>

int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

#define POINTER(p) ((long)(intptr_t)(p))

WRAPPER int close(int fd)
{
    struct call call;
    probe_begin(&call, CALL_close, HERE, fd, 0, 0, 0, 0);
    return (int)probe_end(&call, REAL(close)(fd));
}

WRAPPER int dup(int fd)
{
    struct call call;
    probe_begin(&call, CALL_dup, HERE, fd, 0, 0, 0, 0);
    return (int)probe_end(&call, REAL(dup)(fd));
}

WRAPPER int dup2(int fd, int at)
{
    struct call call;
    probe_begin(&call, CALL_dup2, HERE, fd, at, 0, 0, 0);
    return (int)probe_end(&call, REAL(dup2)(fd, at));
}

WRAPPER int dup3(int fd, int at, int flags)
{
    struct call call;
    probe_begin(&call, CALL_dup3, HERE, fd, at, flags, 0, 0);
    return (int)probe_end(&call, REAL(dup3)(fd, at, flags));
}

static int fcntl_recorded(struct call *call, int (*real)(int, int, ...), int fd, int command,
                          void *word)
{
    probe_argument(call, 2, POINTER(word));
    return (int)probe_end(call, real(fd, command, word));
}

/* The third argument may be missing, a number or a pointer: it is passed on as what is there. */
WRAPPER int fcntl(int fd, int command, ...)
{
    struct call call;
    va_list words;
    va_start(words, command);
    void *word = va_arg(words, void *);
    va_end(words);
    probe_begin(&call, CALL_fcntl, HERE, fd, command, 0, 0, 0);
    return fcntl_recorded(&call, REAL(fcntl), fd, command, word);
}

WRAPPER int fcntl64(int fd, int command, ...)
{
    struct call call;
    static void *known;
    va_list words;
    va_start(words, command);
    void *word = va_arg(words, void *);
    va_end(words);
    probe_begin(&call, CALL_fcntl, HERE, fd, command, 0, 0, 0);
    return fcntl_recorded(&call, probe_real_named(&known, "fcntl64"), fd, command, word);
}

static int note_ends(struct call *call, const int ends[2], int result)
{
    for (int i = 0; result == 0 && i < 2; i++)
        probe_argument(call, i, ends[i]);
    return (int)probe_end(call, result);
}

WRAPPER int pipe(int ends[2])
{
    struct call call;
    probe_begin(&call, CALL_pipe, HERE, -1, -1, 0, 0, 0);
    return note_ends(&call, ends, weather_fails(&call) ? -1 : REAL(pipe)(ends));
}

WRAPPER int pipe2(int ends[2], int flags)
{
    struct call call;
    probe_begin(&call, CALL_pipe2, HERE, -1, -1, flags, 0, 0);
    return note_ends(&call, ends, weather_fails(&call) ? -1 : REAL(pipe2)(ends, flags));
}

/* --- paths --- */

static mode_t mode_of(int flags, va_list words)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(words, mode_t) : 0;
}

static int open_recorded(struct call *call, int (*real)(const char *, int, ...), const char *path,
                         int flags, mode_t mode)
{
    probe_string(call, path);
    return (int)probe_end(call, real(path, flags, mode));
}

WRAPPER int open(const char *path, int flags, ...)
{
    struct call call;
    va_list words;
    va_start(words, flags);
    mode_t mode = mode_of(flags, words);
    va_end(words);
    probe_begin(&call, CALL_open, HERE, POINTER(path), flags, mode, 0, 0);
    return open_recorded(&call, REAL(open), path, flags, mode);
}

WRAPPER int open64(const char *path, int flags, ...)
{
    struct call call;
    static void *known;
    va_list words;
    va_start(words, flags);
    mode_t mode = mode_of(flags, words);
    va_end(words);
    probe_begin(&call, CALL_open, HERE, POINTER(path), flags, mode, 0, 0);
    return open_recorded(&call, probe_real_named(&known, "open64"), path, flags, mode);
}

WRAPPER int __open_2(const char *path, int flags)
{
    struct call call;
    static void *known;
    __typeof__(&__open_2) real = probe_real_named(&known, "__open_2");
    probe_begin(&call, CALL_open, HERE, POINTER(path), flags, 0, 0, 0);
    probe_string(&call, path);
    return (int)probe_end(&call, real(path, flags));
}

WRAPPER int __open64_2(const char *path, int flags)
{
    struct call call;
    static void *known;
    __typeof__(&__open64_2) real = probe_real_named(&known, "__open64_2");
    probe_begin(&call, CALL_open, HERE, POINTER(path), flags, 0, 0, 0);
    probe_string(&call, path);
    return (int)probe_end(&call, real(path, flags));
}

WRAPPER int creat(const char *path, mode_t mode)
{
    struct call call;
    probe_begin(&call, CALL_creat, HERE, POINTER(path), mode, 0, 0, 0);
    probe_string(&call, path);
    return (int)probe_end(&call, REAL(creat)(path, mode));
}

WRAPPER int mkfifo(const char *path, mode_t mode)
{
    struct call call;
    probe_begin(&call, CALL_mkfifo, HERE, POINTER(path), mode, 0, 0, 0);
    probe_string(&call, path);
    return (int)probe_end(&call, REAL(mkfifo)(path, mode));
}

WRAPPER int unlink(const char *path)
{
    struct call call;
    probe_begin(&call, CALL_unlink, HERE, POINTER(path), 0, 0, 0, 0);
    probe_string(&call, path);
    return (int)probe_end(&call, REAL(unlink)(path));
}

/* --- POSIX queues --- */

WRAPPER mqd_t mq_open(const char *name, int flags, ...)
{
    struct call call;
    mode_t mode = 0;
    struct mq_attr *attributes = NULL, copy = {.mq_maxmsg = 0};
    if (flags & O_CREAT) {
        va_list words;
        va_start(words, flags);
        mode = va_arg(words, mode_t);
        attributes = va_arg(words, struct mq_attr *);
        va_end(words);
    }
    if (!probe_peek(&copy, attributes, sizeof copy))
        copy.mq_maxmsg = copy.mq_msgsize = 0;
    probe_begin(&call, CALL_mq_open, HERE, POINTER(name), flags, copy.mq_maxmsg, copy.mq_msgsize,
                mode);
    probe_string(&call, name);
    return (mqd_t)probe_end(&call, REAL(mq_open)(name, flags, mode, attributes));
}

WRAPPER int mq_close(mqd_t queue)
{
    struct call call;
    probe_begin(&call, CALL_mq_close, HERE, queue, 0, 0, 0, 0);
    return (int)probe_end(&call, REAL(mq_close)(queue));
}

WRAPPER int mq_unlink(const char *name)
{
    struct call call;
    probe_begin(&call, CALL_mq_unlink, HERE, POINTER(name), 0, 0, 0, 0);
    probe_string(&call, name);
    return (int)probe_end(&call, REAL(mq_unlink)(name));
}

WRAPPER int mq_send(mqd_t queue, const char *message, size_t size, unsigned priority)
{
    struct call call;
    probe_begin(&call, CALL_mq_send, HERE, queue, POINTER(message), (long)size, priority, 0);
    int result = REAL(mq_send)(queue, message, size, priority);
    probe_moved(&call, message, result == 0 ? (long)size : 0);
    return (int)probe_end(&call, result);
}

WRAPPER int mq_timedsend(mqd_t queue, const char *message, size_t size, unsigned priority,
                         const struct timespec *until)
{
    struct call call;
    probe_begin(&call, CALL_mq_timedsend, HERE, queue, POINTER(message), (long)size, priority, 0);
    int result = REAL(mq_timedsend)(queue, message, size, priority, until);
    probe_moved(&call, message, result == 0 ? (long)size : 0);
    return (int)probe_end(&call, result);
}

WRAPPER ssize_t mq_receive(mqd_t queue, char *message, size_t size, unsigned *priority)
{
    struct call call;
    probe_begin(&call, CALL_mq_receive, HERE, queue, POINTER(message), (long)size, 0, 0);
    ssize_t result = REAL(mq_receive)(queue, message, size, priority);
    probe_moved(&call, message, result);
    return probe_end(&call, result);
}

WRAPPER ssize_t mq_timedreceive(mqd_t queue, char *restrict message, size_t size,
                                unsigned *restrict priority, const struct timespec *restrict until)
{
    struct call call;
    probe_begin(&call, CALL_mq_timedreceive, HERE, queue, POINTER(message), (long)size, 0, 0);
    ssize_t result = REAL(mq_timedreceive)(queue, message, size, priority, until);
    probe_moved(&call, message, result);
    return probe_end(&call, result);
}

WRAPPER int mq_getattr(mqd_t queue, struct mq_attr *attributes)
{
    struct call call;
    probe_begin(&call, CALL_mq_getattr, HERE, queue, 0, 0, 0, 0);
    int result = REAL(mq_getattr)(queue, attributes);
    if (result == 0) {
        probe_argument(&call, 2, attributes->mq_maxmsg);
        probe_argument(&call, 3, attributes->mq_msgsize);
    }
    return (int)probe_end(&call, result);
}

/* --- System V queues --- */

WRAPPER int msgget(key_t key, int flags)
{
    struct call call;
    probe_begin(&call, CALL_msgget, HERE, key, flags, 0, 0, 0);
    return (int)probe_end(&call, REAL(msgget)(key, flags));
}

WRAPPER int msgsnd(int queue, const void *message, size_t size, int flags)
{
    struct call call;
    long type = 0;
    probe_begin(&call, CALL_msgsnd, HERE, queue, POINTER(message), (long)size, flags, 0);
    if (call.record && probe_peek(&type, message, sizeof type))
        probe_argument(&call, 4, type);
    int result = REAL(msgsnd)(queue, message, size, flags);
    if (result == 0)
        probe_moved(&call, (const char *)message + sizeof type, (long)size);
    return (int)probe_end(&call, result);
}

WRAPPER ssize_t msgrcv(int queue, void *message, size_t size, long type, int flags)
{
    struct call call;
    probe_begin(&call, CALL_msgrcv, HERE, queue, POINTER(message), (long)size, flags, type);
    ssize_t result = REAL(msgrcv)(queue, message, size, type, flags);
    probe_moved(&call, (const char *)message + sizeof type, result);
    return probe_end(&call, result);
}

WRAPPER int msgctl(int queue, int command, struct msqid_ds *buffer)
{
    struct call call;
    probe_begin(&call, CALL_msgctl, HERE, queue, command, 0, 0, 0);
    return (int)probe_end(&call, REAL(msgctl)(queue, command, buffer));
}

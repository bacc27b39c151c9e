/*
 * streams.c - the probe's wrappers of the calls that move bytes through several buffers, of those
 * that wait for several descriptors, and of sendfile().
 */
#define _GNU_SOURCE /* for calls of Linux */
#include "probe.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t room);
int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                const sigset_t *mask, size_t room);

#define POINTER(p) ((long)(intptr_t)(p))

enum { MOST_PARTS = 16 };

/* --- several buffers --- */

struct parts { /* a copy of the list, with what the weather leaves of it */
    struct iovec part[MOST_PARTS];
    const struct iovec *list; /* what the call gets */
    int count;
    size_t total;
};

/* Lists that are longer than usual are passed on as they are. */
static void look_at_parts(struct parts *parts, const struct iovec *list, size_t count)
{
    parts->list = list;
    parts->count = (int)count;
    parts->total = 0;
    if (count == 0 || count > MOST_PARTS ||
        !probe_peek(parts->part, list, count * sizeof parts->part[0]))
        return;
    for (size_t i = 0; i < count; i++)
        parts->total += parts->part[i].iov_len;
}

static void shorten_parts(struct parts *parts, const struct call *call)
{
    size_t left = weather_size(call, parts->total);
    if (left == parts->total)
        return;
    int count = 0;
    for (; count < parts->count && left > 0; count++) {
        if (parts->part[count].iov_len > left)
            parts->part[count].iov_len = left;
        left -= parts->part[count].iov_len;
    }
    parts->list = parts->part;
    parts->count = count;
}

/* The bytes of the first buffer that has any. */
static void note_parts(struct call *call, const struct parts *parts, ssize_t result)
{
    for (int i = 0; call->record && parts->total > 0 && result > 0 && i < parts->count; i++) {
        size_t length = parts->part[i].iov_len;
        if (length == 0)
            continue;
        probe_moved(call, parts->part[i].iov_base,
                    (size_t)result < length ? (long)result : (long)length);
        return;
    }
}

WRAPPER ssize_t readv(int fd, const struct iovec *list, int count)
{
    struct call call;
    struct parts parts;
    look_at_parts(&parts, list, (size_t)count);
    probe_begin(&call, CALL_readv, HERE, fd, POINTER(list), (long)parts.total, count, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    shorten_parts(&parts, &call);
    ssize_t result = REAL(readv)(fd, parts.list, parts.count);
    note_parts(&call, &parts, result);
    return probe_end(&call, result);
}

WRAPPER ssize_t writev(int fd, const struct iovec *list, int count)
{
    struct call call;
    struct parts parts;
    look_at_parts(&parts, list, (size_t)count);
    probe_begin(&call, CALL_writev, HERE, fd, POINTER(list), (long)parts.total, count, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    shorten_parts(&parts, &call);
    ssize_t result = REAL(writev)(fd, parts.list, parts.count);
    note_parts(&call, &parts, result);
    return probe_end(&call, result);
}

WRAPPER ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    struct call call;
    struct parts parts = {.total = 0};
    struct msghdr copy = {.msg_iovlen = 0};
    bool known = probe_peek(&copy, message, sizeof copy);
    if (known)
        look_at_parts(&parts, copy.msg_iov, copy.msg_iovlen);
    probe_begin(&call, CALL_sendmsg, HERE, fd, POINTER(message), (long)parts.total, flags, 0);
    if (known && copy.msg_name)
        probe_address(&call, copy.msg_name, copy.msg_namelen);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    shorten_parts(&parts, &call);
    bool shortened = parts.list == parts.part;
    copy.msg_iov = parts.part;
    copy.msg_iovlen = (size_t)parts.count;
    ssize_t result = REAL(sendmsg)(fd, shortened ? &copy : message, flags);
    note_parts(&call, &parts, result);
    return probe_end(&call, result);
}

WRAPPER ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    struct call call;
    struct parts parts = {.total = 0};
    struct msghdr copy = {.msg_iovlen = 0};
    bool known = probe_peek(&copy, message, sizeof copy);
    if (known)
        look_at_parts(&parts, copy.msg_iov, copy.msg_iovlen);
    probe_begin(&call, CALL_recvmsg, HERE, fd, POINTER(message), (long)parts.total, flags, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    shorten_parts(&parts, &call);
    ssize_t result;
    if (parts.list == parts.part) { /* the caller's own head gets what comes back */
        message->msg_iov = parts.part;
        message->msg_iovlen = (size_t)parts.count;
        result = REAL(recvmsg)(fd, message, flags);
        message->msg_iov = copy.msg_iov;
        message->msg_iovlen = copy.msg_iovlen;
    } else {
        result = REAL(recvmsg)(fd, message, flags);
    }
    if (known && result >= 0 && copy.msg_name)
        probe_address(&call, copy.msg_name,
                      message->msg_namelen < copy.msg_namelen ? message->msg_namelen
                                                              : copy.msg_namelen);
    note_parts(&call, &parts, result);
    return probe_end(&call, result);
}

WRAPPER ssize_t sendfile(int out, int in, off_t *offset, size_t size)
{
    struct call call;
    probe_begin(&call, CALL_sendfile, HERE, out, in, (long)size, 0, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return probe_end(&call, REAL(sendfile)(out, in, offset, weather_size(&call, size)));
}

/* --- several descriptors --- */

WRAPPER int poll(struct pollfd *polled, nfds_t count, int timeout)
{
    struct call call;
    probe_begin(&call, CALL_poll, HERE, POINTER(polled), (long)count, timeout, 0, 0);
    probe_data(&call, polled, count * sizeof *polled);
    int result = weather_fails(&call) ? -1 : REAL(poll)(polled, count, timeout);
    if (result > 0)
        probe_moved(&call, polled, (long)(count * sizeof *polled));
    return (int)probe_end(&call, result);
}

WRAPPER int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t room)
{
    struct call call;
    static void *known;
    __typeof__(&__poll_chk) real = probe_real_named(&known, "__poll_chk");
    probe_begin(&call, CALL_poll, HERE, POINTER(polled), (long)count, timeout, 0, 0);
    probe_data(&call, polled, count * sizeof *polled);
    int result = weather_fails(&call) ? -1 : real(polled, count, timeout, room);
    if (result > 0)
        probe_moved(&call, polled, (long)(count * sizeof *polled));
    return (int)probe_end(&call, result);
}

/* A time-out in milliseconds as poll() has it; -1 for none. */
static long milliseconds_of(const struct timespec *timeout)
{
    struct timespec copy;
    return probe_peek(&copy, timeout, sizeof copy) ? copy.tv_sec * 1000 + copy.tv_nsec / 1000000
                                                   : -1;
}

WRAPPER int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                  const sigset_t *mask)
{
    struct call call;
    probe_begin(&call, CALL_ppoll, HERE, POINTER(polled), (long)count, milliseconds_of(timeout),
                POINTER(mask), 0);
    probe_data(&call, polled, count * sizeof *polled);
    int result = weather_fails(&call) ? -1 : REAL(ppoll)(polled, count, timeout, mask);
    if (result > 0)
        probe_moved(&call, polled, (long)(count * sizeof *polled));
    return (int)probe_end(&call, result);
}

WRAPPER int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
                        const sigset_t *mask, size_t room)
{
    struct call call;
    static void *known;
    __typeof__(&__ppoll_chk) real = probe_real_named(&known, "__ppoll_chk");
    probe_begin(&call, CALL_ppoll, HERE, POINTER(polled), (long)count, milliseconds_of(timeout),
                POINTER(mask), 0);
    probe_data(&call, polled, count * sizeof *polled);
    int result = weather_fails(&call) ? -1 : real(polled, count, timeout, mask, room);
    if (result > 0)
        probe_moved(&call, polled, (long)(count * sizeof *polled));
    return (int)probe_end(&call, result);
}

WRAPPER int select(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
                   struct timeval *restrict timeout)
{
    struct call call;
    struct timeval limit;
    bool timed = probe_peek(&limit, timeout, sizeof limit);
    probe_begin(&call, CALL_select, HERE, count, POINTER(in), POINTER(out), POINTER(other),
                timed ? limit.tv_sec * 1000 + limit.tv_usec / 1000 : -1);
    return (int)probe_end(&call,
                          weather_fails(&call) ? -1 : REAL(select)(count, in, out, other, timeout));
}

WRAPPER int pselect(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
                    const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
    struct call call;
    probe_begin(&call, CALL_pselect, HERE, count, POINTER(in), POINTER(out), POINTER(other),
                milliseconds_of(timeout));
    return (int)probe_end(
        &call, weather_fails(&call) ? -1 : REAL(pselect)(count, in, out, other, timeout, mask));
}

WRAPPER int epoll_wait(int fd, struct epoll_event *events, int most, int timeout)
{
    struct call call;
    probe_begin(&call, CALL_epoll_wait, HERE, fd, POINTER(events), most, timeout, 0);
    return (int)probe_end(&call,
                          weather_fails(&call) ? -1 : REAL(epoll_wait)(fd, events, most, timeout));
}

WRAPPER int epoll_pwait(int fd, struct epoll_event *events, int most, int timeout,
                        const sigset_t *mask)
{
    struct call call;
    probe_begin(&call, CALL_epoll_pwait, HERE, fd, POINTER(events), most, timeout, 0);
    return (int)probe_end(
        &call, weather_fails(&call) ? -1 : REAL(epoll_pwait)(fd, events, most, timeout, mask));
}

WRAPPER int epoll_ctl(int fd, int operation, int target, struct epoll_event *event)
{
    struct call call;
    probe_begin(&call, CALL_epoll_ctl, HERE, fd, operation, target, POINTER(event), 0);
    return (int)probe_end(&call, REAL(epoll_ctl)(fd, operation, target, event));
}

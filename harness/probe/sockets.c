/*
 * sockets.c - the probe's wrappers of the calls that make, name and connect sockets, and of those
 * that move bytes through any descriptor.
 *
 * Each has the name and type of the function that it wraps. A fortified build calls the names
 * with _chk; glibc's headers do not declare those.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length, int flags);
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *restrict buffer, size_t size, size_t room, int flags,
                       struct sockaddr *restrict address, socklen_t *restrict length);

#define POINTER(p) ((long)(intptr_t)(p))

/* What *length holds, 0 if it can't be read. */
static socklen_t length_at(const socklen_t *length)
{
    socklen_t value = 0;
    return length && probe_peek(&value, length, sizeof value) ? value : 0;
}

/* An address that came back: as much of it as the kernel filled in. */
static void note_address(struct call *call, long result, const struct sockaddr *address,
                         socklen_t room, const socklen_t *length)
{
    if (!call->record || result == -1 || !address)
        return;
    socklen_t filled = length_at(length);
    probe_address(call, address, filled < room ? filled : room);
}

/* --- sockets and their names --- */

WRAPPER int socket(int domain, int type, int protocol)
{
    struct call call;
    probe_begin(&call, CALL_socket, HERE, domain, type, protocol, 0, 0);
    return (int)probe_end(&call, REAL(socket)(domain, type, protocol));
}

WRAPPER int socketpair(int domain, int type, int protocol, int pair[2])
{
    struct call call;
    probe_begin(&call, CALL_socketpair, HERE, -1, -1, domain, type, protocol);
    int result = (int)probe_end(&call, REAL(socketpair)(domain, type, protocol, pair));
    for (int i = 0; result == 0 && i < 2; i++)
        probe_argument(&call, i, pair[i]);
    return result;
}

WRAPPER int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct call call;
    probe_begin(&call, CALL_bind, HERE, fd, POINTER(address), length, 0, 0);
    probe_address(&call, address, length);
    return (int)probe_end(&call, REAL(bind)(fd, address, length));
}

WRAPPER int listen(int fd, int backlog)
{
    struct call call;
    probe_begin(&call, CALL_listen, HERE, fd, backlog, 0, 0, 0);
    return (int)probe_end(&call, weather_fails(&call) ? -1 : REAL(listen)(fd, backlog));
}

/* Whether the weather lets this accept() fail. ECONNABORTED tells of a client that came: where
 * accept() would wait for one, so does this. The client stays in the queue, for the next call. */
static bool accept_fails(struct call *call, int fd)
{
    if (!weather_fails(call))
        return false;
    if (errno == ECONNABORTED && !(REAL(fcntl)(fd, F_GETFL) & O_NONBLOCK))
        REAL(poll)(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
    errno = (int)call->value;
    return true;
}

WRAPPER int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    struct call call;
    socklen_t room = length_at(length);
    probe_begin(&call, CALL_accept, HERE, fd, POINTER(address), room, 0, 0);
    int result = accept_fails(&call, fd) ? -1 : REAL(accept)(fd, address, length);
    note_address(&call, result, address, room, length);
    return (int)probe_end(&call, result);
}

WRAPPER int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict length,
                    int flags)
{
    struct call call;
    socklen_t room = length_at(length);
    probe_begin(&call, CALL_accept4, HERE, fd, POINTER(address), room, flags, 0);
    int result = accept_fails(&call, fd) ? -1 : REAL(accept4)(fd, address, length, flags);
    note_address(&call, result, address, room, length);
    return (int)probe_end(&call, result);
}

WRAPPER int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    struct call call;
    probe_begin(&call, CALL_connect, HERE, fd, POINTER(address), length, 0, 0);
    probe_address(&call, address, length);
    return (int)probe_end(&call, weather_fails(&call) ? -1 : REAL(connect)(fd, address, length));
}

WRAPPER int shutdown(int fd, int how)
{
    struct call call;
    probe_begin(&call, CALL_shutdown, HERE, fd, how, 0, 0, 0);
    return (int)probe_end(&call, REAL(shutdown)(fd, how));
}

WRAPPER int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
    struct call call;
    int number = 0;
    probe_begin(&call, CALL_setsockopt, HERE, fd, level, option, 0, length);
    if (call.record && length >= sizeof number && probe_peek(&number, value, sizeof number))
        probe_argument(&call, 3, number);
    return (int)probe_end(&call, REAL(setsockopt)(fd, level, option, value, length));
}

WRAPPER int getsockopt(int fd, int level, int option, void *restrict value,
                       socklen_t *restrict length)
{
    struct call call;
    int number = 0;
    probe_begin(&call, CALL_getsockopt, HERE, fd, level, option, 0, 0);
    int result = (int)probe_end(&call, REAL(getsockopt)(fd, level, option, value, length));
    if (call.record && result == 0 && probe_peek(&number, value, sizeof number))
        probe_argument(&call, 3, number);
    return result;
}

WRAPPER int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    struct call call;
    socklen_t room = length_at(length);
    probe_begin(&call, CALL_getsockname, HERE, fd, POINTER(address), room, 0, 0);
    int result = REAL(getsockname)(fd, address, length);
    note_address(&call, result, address, room, length);
    return (int)probe_end(&call, result);
}

WRAPPER int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict length)
{
    struct call call;
    socklen_t room = length_at(length);
    probe_begin(&call, CALL_getpeername, HERE, fd, POINTER(address), room, 0, 0);
    int result = REAL(getpeername)(fd, address, length);
    note_address(&call, result, address, room, length);
    return (int)probe_end(&call, result);
}

/* --- out --- */

static ssize_t sent(struct call *call, const void *buffer, ssize_t result)
{
    probe_moved(call, buffer, result);
    return probe_end(call, result);
}

WRAPPER ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
    struct call call;
    probe_begin(&call, CALL_send, HERE, fd, POINTER(buffer), (long)size, flags, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return sent(&call, buffer, REAL(send)(fd, buffer, weather_size(&call, size), flags));
}

WRAPPER ssize_t sendto(int fd, const void *buffer, size_t size, int flags,
                       const struct sockaddr *address, socklen_t length)
{
    struct call call;
    probe_begin(&call, CALL_sendto, HERE, fd, POINTER(buffer), (long)size, flags, length);
    if (address)
        probe_address(&call, address, length);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return sent(&call, buffer,
                REAL(sendto)(fd, buffer, weather_size(&call, size), flags, address, length));
}

WRAPPER ssize_t write(int fd, const void *buffer, size_t size)
{
    struct call call;
    probe_begin(&call, CALL_write, HERE, fd, POINTER(buffer), (long)size, 0, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return sent(&call, buffer, REAL(write)(fd, buffer, weather_size(&call, size)));
}

/* --- in --- */

static ssize_t received(struct call *call, const void *buffer, size_t size, ssize_t result)
{
    /* With MSG_TRUNC more may have come than there was room for. */
    probe_moved(call, buffer, result > 0 && (size_t)result > size ? (long)size : result);
    return probe_end(call, result);
}

WRAPPER ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    struct call call;
    probe_begin(&call, CALL_recv, HERE, fd, POINTER(buffer), (long)size, flags, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return received(&call, buffer, size, REAL(recv)(fd, buffer, weather_size(&call, size), flags));
}

WRAPPER ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t room, int flags)
{
    struct call call;
    static void *known;
    __typeof__(&__recv_chk) real = probe_real_named(&known, "__recv_chk");
    probe_begin(&call, CALL_recv, HERE, fd, POINTER(buffer), (long)size, flags, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return received(&call, buffer, size, real(fd, buffer, weather_size(&call, size), room, flags));
}

WRAPPER ssize_t recvfrom(int fd, void *restrict buffer, size_t size, int flags,
                         struct sockaddr *restrict address, socklen_t *restrict length)
{
    struct call call;
    socklen_t space = length_at(length);
    probe_begin(&call, CALL_recvfrom, HERE, fd, POINTER(buffer), (long)size, flags, space);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    ssize_t result = REAL(recvfrom)(fd, buffer, weather_size(&call, size), flags, address, length);
    note_address(&call, result, address, space, length);
    return received(&call, buffer, size, result);
}

WRAPPER ssize_t __recvfrom_chk(int fd, void *restrict buffer, size_t size, size_t room, int flags,
                               struct sockaddr *restrict address, socklen_t *restrict length)
{
    struct call call;
    static void *known;
    __typeof__(&__recvfrom_chk) real = probe_real_named(&known, "__recvfrom_chk");
    socklen_t space = length_at(length);
    probe_begin(&call, CALL_recvfrom, HERE, fd, POINTER(buffer), (long)size, flags, space);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    ssize_t result = real(fd, buffer, weather_size(&call, size), room, flags, address, length);
    note_address(&call, result, address, space, length);
    return received(&call, buffer, size, result);
}

WRAPPER ssize_t read(int fd, void *buffer, size_t size)
{
    struct call call;
    probe_begin(&call, CALL_read, HERE, fd, POINTER(buffer), (long)size, 0, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return received(&call, buffer, size, REAL(read)(fd, buffer, weather_size(&call, size)));
}

WRAPPER ssize_t __read_chk(int fd, void *buffer, size_t size, size_t room)
{
    struct call call;
    static void *known;
    __typeof__(&__read_chk) real = probe_real_named(&known, "__read_chk");
    probe_begin(&call, CALL_read, HERE, fd, POINTER(buffer), (long)size, 0, 0);
    if (weather_fails(&call))
        return probe_end(&call, -1);
    return received(&call, buffer, size, real(fd, buffer, weather_size(&call, size), room));
}

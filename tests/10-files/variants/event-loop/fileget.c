/* Differs: recv() without waiting and poll(), the line peeked at before it is taken, an anonymous
 * pipe and splice() from the socket to the file. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char temporary[4400];

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "fileget: %s: %s\n", what, why);
    if (*temporary)
        unlink(temporary);
    return 1;
}

static void wait_for(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    while (poll(&one, 1, -1) == -1)
        ;
}

/* Takes "OK SIZE\n"; -1 if that is not what comes, with errno or 0. */
static long long take_line(int fd)
{
    char line[32];
    size_t got = 0;
    while (got < sizeof line) {
        wait_for(fd);
        ssize_t n = recv(fd, line + got, sizeof line - got, MSG_PEEK | MSG_DONTWAIT);
        if (n == -1 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n == 0)
            errno = 0;
        if (n <= 0)
            return -1;
        char *newline = memchr(line + got, '\n', (size_t)n);
        size_t take = newline ? (size_t)(newline - line) + 1 - got : (size_t)n;
        if (recv(fd, line + got, take, 0) != (ssize_t)take)
            return -1;
        got += take;
        if (newline)
            break;
    }
    long long size = 0;
    errno = 0;
    if (got < 5 || line[got - 1] != '\n' || memcmp(line, "OK ", 3) != 0)
        return -1;
    for (char *digit = line + 3; *digit != '\n'; digit++)
        if (*digit < '0' || *digit > '9' || __builtin_mul_overflow(size, 10, &size) ||
            __builtin_add_overflow(size, *digit - '0', &size))
            return -1;
    return size;
}

/* Moves `size` bytes through a pipe. Returns NULL or what went wrong. */
static const char *move(int from, int to, long long size)
{
    int ends[2];
    if (pipe(ends) == -1)
        return strerror(errno);
    while (size > 0) {
        ssize_t n = splice(from, NULL, ends[1], NULL, size < 65536 ? (size_t)size : 65536, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? strerror(errno) : "the end came too early";
        size -= n;
        while (n > 0) {
            char bytes[4096];
            ssize_t k = read(ends[0], bytes, sizeof bytes);
            for (ssize_t done = 0; done < k;) {
                ssize_t m = write(to, bytes + done, (size_t)(k - done));
                if (m == -1 && errno != EINTR)
                    return strerror(errno);
                done += m > 0 ? m : 0;
            }
            n -= k > 0 ? k : 0;
        }
    }
    return NULL;
}

static int open_out(const char *out)
{
    const char *slash = strrchr(out, '/');
    if (!strcmp(out, "-"))
        return 1;
    sprintf(temporary, "%.*s.%x-%lx", slash ? (int)(slash - out) + 1 : 0, out, (unsigned)getpid(),
            (long)rand());
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd == -1)
        *temporary = '\0';
    return fd;
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1, error;
    if (argc != 5 || !*argv[2] || argv[2][strspn(argv[2], "0123456789")] || strlen(argv[2]) > 5 ||
        atol(argv[2]) > 65535)
        return fputs("usage: fileget HOST PORT NAME OUT\n", stderr), 2;
    size_t length = strlen(argv[3]);
    if ((error = getaddrinfo(argv[1], argv[2], &hints, &list)))
        return fail(argv[1], gai_strerror(error));
    for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        fd = socket(ai->ai_family, SOCK_STREAM, 0);
        if (!connect(fd, ai->ai_addr, ai->ai_addrlen))
            break;
        error = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd == -1)
        return fail("connect", strerror(error));
    if (length < 1 || length > 255 || strchr(argv[3], '\n'))
        return fail("NAME", "no name"); /* connected, but nothing was sent */
    if (send(fd, argv[3], length, MSG_NOSIGNAL | MSG_MORE) != (ssize_t)length ||
        send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
        return fail("send", strerror(errno));
    long long size = take_line(fd);
    if (size == -1)
        return fail("answer", errno ? strerror(errno) : "is not OK");
    int out = open_out(argv[4]);
    if (out == -1)
        return fail(argv[4], strerror(errno));
    const char *problem = move(fd, out, size);
    if (problem)
        return fail("move", problem);
    if (out != 1 && (fsync(out) || close(out) || rename(temporary, argv[4])))
        return fail(argv[4], strerror(errno));
    return 0;
}

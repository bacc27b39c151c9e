/* Non-blocking: poll() for the connection and for each piece; readv() into two halves. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int wait_for(int fd, short what)
{
    struct pollfd p = {.fd = fd, .events = what};
    while (poll(&p, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    return 0;
}

static int try_address(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK, ai->ai_protocol), error = 0;
    socklen_t size = sizeof error;
    if (fd == -1)
        return -1;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
        error = errno;
        if (error == EINPROGRESS) {
            wait_for(fd, POLLOUT);
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        }
    }
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

/* writev() may take less than all: then the rest. */
static int put(struct iovec halves[2])
{
    while (halves[0].iov_len + halves[1].iov_len > 0) {
        ssize_t n = writev(1, halves, 2);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        for (int i = 0; i < 2; i++) {
            size_t taken = (size_t)n < halves[i].iov_len ? (size_t)n : halves[i].iov_len;
            halves[i].iov_base = (char *)halves[i].iov_base + taken;
            halves[i].iov_len -= taken;
            n -= (ssize_t)taken;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (argc != 3 || !*argv[2] || argv[2][strspn(argv[2], "0123456789")] || strlen(argv[2]) > 5 ||
        atol(argv[2]) > 65535) {
        fprintf(stderr, "usage: timeclient HOST PORT\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list), fd = -1;
    if (error) {
        fprintf(stderr, "timeclient: %s\n", gai_strerror(error));
        return 1;
    }
    for (struct addrinfo *ai = list; ai && fd == -1; ai = ai->ai_next)
        fd = try_address(ai);
    if (fd == -1) {
        perror("timeclient: connect");
        return 1;
    }
    long long total = 0;
    for (;;) {
        char first[3], second[5000];
        struct iovec halves[] = {{first, sizeof first}, {second, sizeof second}};
        if (wait_for(fd, POLLIN) == -1)
            break;
        ssize_t n = readv(fd, halves, 2);
        if (n == -1 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n == -1) {
            perror("timeclient: read");
            return 1;
        }
        if (n == 0)
            break;
        total += n;
        size_t in_first = (size_t)n < sizeof first ? (size_t)n : sizeof first;
        halves[0].iov_len = in_first;
        halves[1].iov_len = (size_t)n - in_first;
        if (put(halves) == -1) {
            perror("timeclient: write");
            return 1;
        }
    }
    return total ? 0 : 1;
}

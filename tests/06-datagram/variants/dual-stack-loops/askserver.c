/* Variant: one IPv6 socket for both families (an IPv4 address is mapped), non-blocking, with epoll;
 * MSG_TRUNC as a flag tells the true length. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int complain(const char *what)
{
    fprintf(stderr, "askserver: %s\n", what);
    return 1;
}

static int bind_to(const struct addrinfo *ai, int *fd)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6};
    int off = 0;
    if (ai->ai_family == AF_INET6) {
        memcpy(&at, ai->ai_addr, sizeof at);
    } else {
        const struct sockaddr_in *v4 = (const void *)ai->ai_addr;
        at.sin6_addr.s6_addr[10] = at.sin6_addr.s6_addr[11] = 0xff;
        memcpy(at.sin6_addr.s6_addr + 12, &v4->sin_addr, 4);
        at.sin6_port = v4->sin_port;
    }
    *fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (*fd == -1) { /* a machine without IPv6 */
        *fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        return bind(*fd, ai->ai_addr, ai->ai_addrlen);
    }
    setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    return bind(*fd, (struct sockaddr *)&at, sizeof at);
}

static size_t reply_to(const char *q, size_t n, char *out)
{
    size_t i = 0, v;
    if (n >= 6 && !memcmp(q, "error:", 6))
        return 0;
    if (n > 512)
        return (size_t)sprintf(out, "error: too long");
    while (i < n && isdigit((unsigned char)q[i]))
        i++;
    if (i == 0 || i > 10 || i == n || q[i] != ' ')
        goto bad;
    for (v = ++i; v < n && q[v] != ' '; v++)
        ;
    if (v == i)
        goto bad;
    memcpy(out, q, i);
    if (v - i == 4 && !memcmp(q + i, "time", 4)) {
        time_t now = time(NULL);
        return i + strftime(out + i, 40, "%a %b %e %T %Y", localtime(&now));
    }
    if (v - i != 4 || memcmp(q + i, "echo", 4))
        return i + (size_t)sprintf(out + i, "error: unknown query");
    if (v == n)
        return i + (size_t)sprintf(out + i, "error: bad query");
    memcpy(out + i, q + v + 1, n - v - 1);
    return i + n - v - 1;
bad:
    return (size_t)sprintf(out, "error: bad query");
}

int main(int argc, char **argv)
{
    char *end = "";
    if (argc != 3 || !isdigit((unsigned char)argv[2][0]) || strtol(argv[2], &end, 10) > 65535 ||
        *end)
        return fprintf(stderr, "usage: askserver HOST PORT\n"), 2;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list, *ai;
    int fd = -1, error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return complain(gai_strerror(error));
    for (ai = list; ai && bind_to(ai, &fd) == -1; ai = ai->ai_next)
        if (!ai->ai_next)
            return complain(strerror(errno));
    struct sockaddr_storage here, from;
    socklen_t size = sizeof here;
    char host[INET6_ADDRSTRLEN], port[8];
    getsockname(fd, (struct sockaddr *)&here, &size);
    getnameinfo((struct sockaddr *)&here, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(here.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
           port);
    if (fflush(stdout))
        return complain(strerror(errno));
    int loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
    for (;;) {
        static char in[4096], out[4096];
        epoll_wait(loop, &event, 1, -1);
        ssize_t n;
        while (size = sizeof from,
               (n = recvfrom(fd, in, sizeof in, MSG_TRUNC, (struct sockaddr *)&from, &size)) >= 0) {
            size_t length = reply_to(in, (size_t)n, out);
            if (length)
                sendto(fd, out, length, MSG_DONTWAIT, (struct sockaddr *)&from, size);
        }
    }
}

/* Waits with epoll, the door edge-triggered; listens twice; CLOEXEC and non-blocking everywhere. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int bad_number(const char *s, unsigned long long most)
{
    char *end;
    if (*s < '0' || *s > '9')
        return 1;
    errno = 0;
    unsigned long long n = strtoull(s, &end, 10);
    return errno || *end || n > most;
}

static int die(const char *call, const char *why)
{
    dprintf(2, "doorman could not %s (%s)\n", call, why);
    return 1;
}

int main(int argc, char **argv)
{
    struct addrinfo hints, *list, *ai;
    int fd = -1, on = 1, error;
    if (argc != 4 || bad_number(argv[2], 65535) || bad_number(argv[3], 2147483647)) {
        dprintf(2, "usage: doorman HOST PORT BACKLOG\n");
        return 2;
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    if ((error = getaddrinfo(argv[1], argv[2], &hints, &list)))
        return die("find the host", gai_strerror(error));
    error = 0;
    for (ai = list; ai; ai = ai->ai_next) {
        fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd == -1) {
            error = errno;
            continue;
        }
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (!bind(fd, ai->ai_addr, ai->ai_addrlen))
            break;
        error = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd == -1)
        return die("bind", strerror(error));
    if (listen(fd, atoi(argv[3])) || listen(fd, atoi(argv[3])))
        return die("listen", strerror(errno));

    struct sockaddr_storage me;
    socklen_t size = sizeof me;
    char host[100], port[10];
    if (getsockname(fd, (void *)&me, &size))
        return die("getsockname", strerror(errno));
    getnameinfo((void *)&me, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    const char *brackets[2] = {"", ""};
    if (me.ss_family == AF_INET6)
        brackets[0] = "[", brackets[1] = "]";
    if (dprintf(1, "listening on %s%s%s:%s\n", brackets[0], host, brackets[1], port) < 0)
        return die("write", strerror(errno));

    int poller = epoll_create1(EPOLL_CLOEXEC), knocked = 0;
    struct epoll_event door = {.events = EPOLLIN | EPOLLET, .data.fd = fd};
    struct epoll_event input = {.events = EPOLLIN, .data.fd = 0};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &door);
    if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &input) == -1 && errno == EPERM)
        return 0; /* a file is at its end at some time */
    for (;;) {
        struct epoll_event events[4];
        int count = epoll_wait(poller, events, 4, -1);
        for (int i = 0; i < count; i++) {
            char byte;
            if (events[i].data.fd == fd && !knocked++)
                dprintf(1, "knock\n");
            else if (events[i].data.fd == 0 && read(0, &byte, 1) == 0)
                return 0;
        }
    }
}

/* Differs: one epoll loop for many clients with sockets that do not block; what a client does not
 * read yet is kept in a list of its own; high-numbered descriptors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 16384 };

struct client {
    int fd;
    size_t from, to; /* unsent bytes */
    int ended;       /* the client has said everything */
    char bytes[CHUNK];
};

static int events;

static void watch(struct client *c, int how)
{
    struct epoll_event e = {.data.ptr = c};
    e.events = c->from < c->to ? EPOLLOUT : EPOLLIN;
    epoll_ctl(events, how, c->fd, &e);
}

static void drop(struct client *c)
{
    close(c->fd);
    free(c);
}

/* Sends what is unsent. 1: all gone, 0: no room, -1: drop it. */
static int flush(struct client *c)
{
    while (c->from < c->to) {
        ssize_t n = send(c->fd, c->bytes + c->from, c->to - c->from, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? 0 : -1;
        c->from += (size_t)n;
    }
    c->from = c->to = 0;
    return 1;
}

static void turn(struct client *c)
{
    int state = flush(c);
    while (state == 1) {
        ssize_t n = recv(c->fd, c->bytes, CHUNK, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            drop(c);
            return;
        }
        c->to = (size_t)n;
        state = flush(c);
    }
    if (state == -1)
        drop(c);
    else
        watch(c, EPOLL_CTL_MOD);
}

static int let_in(int door)
{
    int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    struct client *c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return 1;
    }
    c->fd = fd;
    watch(c, EPOLL_CTL_ADD);
    return 0;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 3 || strspn(argv[2], "0123456789") == 0 || strtol(argv[2], &end, 10) > 65535 ||
        *end) {
        fprintf(stderr, "usage: echoserver HOST PORT\n");
        return 2;
    }
    struct addrinfo *a, *list, hints = {.ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (code) {
        fprintf(stderr, "echoserver: %s\n", gai_strerror(code));
        return 1;
    }
    int low = -1, door = -1;
    for (a = list; a; a = a->ai_next) {
        low = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (low < 0)
            continue;
        setsockopt(low, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(low, a->ai_addr, a->ai_addrlen) == 0 && listen(low, 1000) == 0)
            break;
        fprintf(stderr, "echoserver: %s\n", strerror(errno));
        close(low);
    }
    if (!a)
        return 1;
    freeaddrinfo(list);
    door = fcntl(low, F_DUPFD_CLOEXEC, 200);
    close(low);
    int low_events = epoll_create1(0);
    events = fcntl(low_events, F_DUPFD_CLOEXEC, 300);
    close(low_events);
    epoll_ctl(events, EPOLL_CTL_ADD, door, &(struct epoll_event){.events = EPOLLIN});

    struct sockaddr_storage s;
    socklen_t size = sizeof s;
    char host[64], port[8];
    getsockname(door, (struct sockaddr *)&s, &size);
    getnameinfo((struct sockaddr *)&s, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (printf(s.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
               port) < 0 ||
        fflush(stdout))
        return 1;
    for (int wait = -1;;) {
        struct epoll_event e[8];
        int n = epoll_wait(events, e, 8, wait);
        wait = -1;
        for (int i = 0; i < n; i++) {
            if (e[i].data.ptr)
                turn(e[i].data.ptr);
            else if (let_in(door))
                usleep(50000); /* no room for it just now: a pause, not a busy loop */
        }
    }
}

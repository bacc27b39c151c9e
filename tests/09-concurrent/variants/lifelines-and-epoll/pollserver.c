/* Differs: epoll, edge-triggered for clients; half a megabyte for each of them, which grows
 * when it has to; writev(). */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MOST = 400000, STEP = 20000 };

struct client {
    int fd, ended;
    size_t from, to, size;
    char *bytes;
};

static int events;

static int make_room(struct client *c)
{
    if (c->from == c->to)
        c->from = c->to = 0;
    if (c->to + STEP <= c->size)
        return 1;
    if (c->from > 0) {
        memmove(c->bytes, c->bytes + c->from, c->to - c->from);
        c->to -= c->from;
        c->from = 0;
    }
    if (c->to + STEP <= c->size)
        return 1;
    if (c->size >= MOST)
        return 0;
    char *more = realloc(c->bytes, c->size + 2 * STEP);
    if (!more)
        return 0;
    c->bytes = more;
    c->size += 2 * STEP;
    return 1;
}

/* Returns 1 if it did something, 0 if it has to wait, -1 at the end. */
static int advance(struct client *c)
{
    int moved = 0;
    if (!c->ended && make_room(c)) {
        ssize_t n = recv(c->fd, c->bytes + c->to, STEP, 0);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        c->ended = n == 0;
        c->to += n > 0 ? (size_t)n : 0;
        moved = n >= 0;
    }
    if (c->from < c->to) {
        ssize_t n = send(c->fd, c->bytes + c->from, c->to - c->from, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        c->from += n > 0 ? (size_t)n : 0;
        moved |= n > 0;
    }
    return c->ended && c->from == c->to ? -1 : moved;
}

static void turn(struct client *c)
{
    int state;
    while ((state = advance(c)) == 1)
        ;
    if (state == 0)
        return;
    close(c->fd);
    free(c->bytes);
    free(c);
}

static int let_in(int door)
{
    int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK);
    struct client *c = fd < 0 ? NULL : calloc(1, sizeof *c);
    if (fd >= 0 && !c)
        close(fd);
    if (!c)
        return -1;
    c->fd = fd;
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    return epoll_ctl(events, EPOLL_CTL_ADD, fd, &e);
}

static int give_up(const char *why)
{
    fprintf(stderr, "pollserver: %s\n", why);
    return 1;
}

/* Opens the door and says so; exits where that fails. */
static int open_up(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 3 || strspn(argv[2], "0123456789") == 0 || strtol(argv[2], &end, 10) > 65535 ||
        *end) {
        fprintf(stderr, "usage: pollserver HOST PORT\n");
        exit(2);
    }
    struct addrinfo *a, *list, hints = {.ai_socktype = SOCK_STREAM};
    int door = -1, code = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (code)
        exit(give_up(gai_strerror(code)));
    for (a = list; a; a = a->ai_next) {
        door = socket(a->ai_family, SOCK_STREAM, 0);
        if (door < 0)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(door, a->ai_addr, a->ai_addrlen) == 0 && listen(door, 50) == 0)
            break;
        give_up(strerror(errno));
        close(door);
    }
    if (!a)
        exit(1);
    struct sockaddr_storage s;
    socklen_t size = sizeof s;
    char host[64], port[8];
    getsockname(door, (struct sockaddr *)&s, &size);
    getnameinfo((struct sockaddr *)&s, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (printf(s.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
               port) < 0 ||
        fflush(stdout))
        exit(give_up("write"));
    return door;
}

int main(int argc, char **argv)
{
    events = epoll_create1(EPOLL_CLOEXEC);
    int door = open_up(argc, argv), timeout = -1;
    struct epoll_event at_door = {.events = EPOLLIN}, ready[16];
    epoll_ctl(events, EPOLL_CTL_ADD, door, &at_door);
    for (;;) {
        int n = epoll_wait(events, ready, 16, timeout);
        if (n == 0) {
            epoll_ctl(events, EPOLL_CTL_MOD, door, &at_door);
            timeout = -1;
        }
        for (int i = 0; i < n; i++) {
            if (ready[i].data.ptr) {
                turn(ready[i].data.ptr);
            } else if (let_in(door) < 0) {
                struct epoll_event nothing = {0};
                epoll_ctl(events, EPOLL_CTL_MOD, door, &nothing);
                timeout = 80;
            }
        }
    }
}

/* Differs: select(); reads on while its ring of 32 KiB for each client has room, and sends
 * while there is something in it; the half-close is noted. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RING = 32768 };

struct client {
    unsigned head, length; /* of what is in the ring */
    char in_use, ended;
    char ring[RING];
};

static struct client *client[FD_SETSIZE];

static void drop(int fd)
{
    close(fd);
    free(client[fd]);
    client[fd] = NULL;
}

static int take(int fd)
{
    struct client *c = client[fd];
    unsigned tail = (c->head + c->length) % RING;
    unsigned room = tail >= c->head && c->length < RING ? RING - tail : c->head - tail;
    ssize_t n = recv(fd, c->ring + tail, room, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->ended = n == 0;
    c->length += (unsigned)n;
    return 1;
}

static int give(int fd)
{
    struct client *c = client[fd];
    unsigned most = c->head + c->length > RING ? RING - c->head : c->length;
    ssize_t n = send(fd, c->ring + c->head, most, 0);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->head = (c->head + (unsigned)n) % RING;
    c->length -= (unsigned)n;
    return 1;
}

static void turn(int fd, fd_set *in, fd_set *out)
{
    int alive = 1;
    if (FD_ISSET(fd, in))
        alive = take(fd);
    if (alive && FD_ISSET(fd, out))
        alive = give(fd);
    if (!alive || (client[fd]->ended && client[fd]->length == 0))
        drop(fd);
}

static int let_in(int door)
{
    int fd = accept(door, NULL, NULL);
    if (fd < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
    if (fd >= FD_SETSIZE || !(client[fd] = calloc(1, sizeof *client[fd]))) {
        close(fd);
        return 1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return 1;
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
    int door = open_up(argc, argv), rests = 0;
    signal(SIGPIPE, SIG_IGN);
    fcntl(door, F_SETFL, O_NONBLOCK);
    for (;;) {
        fd_set in, out;
        struct timeval pause = {0, 100000};
        int top = door;
        FD_ZERO(&in);
        FD_ZERO(&out);
        if (!rests)
            FD_SET(door, &in);
        for (int fd = 0; fd < FD_SETSIZE; fd++)
            if (client[fd]) {
                top = fd > top ? fd : top;
                if (client[fd]->length < RING && !client[fd]->ended)
                    FD_SET(fd, &in);
                if (client[fd]->length > 0)
                    FD_SET(fd, &out);
            }
        int n = select(top + 1, &in, &out, NULL, rests ? &pause : NULL);
        rests = 0;
        if (n < 0)
            continue;
        for (int fd = 0; fd <= top; fd++)
            if (client[fd])
                turn(fd, &in, &out);
        if (FD_ISSET(door, &in) && !client[door])
            rests = !let_in(door);
    }
}

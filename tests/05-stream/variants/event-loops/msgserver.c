/* Differs: select() and a state machine for many clients at once, sockets that do not block, one
 * recv() at most per client and round, the answer built in a second buffer. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 65536, CLIENTS = 64 };

struct client {
    int fd;
    size_t got;  /* bytes of the frame, its prefix among them */
    size_t left; /* unsent bytes of the answer */
    unsigned char frame[MOST + 4], answer[MOST + 4];
};

static struct client *clients[CLIENTS];

static size_t wanted(const struct client *c)
{
    const unsigned char *p = c->frame;
    if (c->got < 4)
        return 4;
    return 4 + ((size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
}

static size_t answer_size(const struct client *c)
{
    return wanted(c);
}

static int say(struct client *c)
{
    size_t all = answer_size(c);
    ssize_t n = send(c->fd, c->answer + all - c->left, c->left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->left -= (size_t)n;
    if (c->left == 0)
        c->got = 0; /* the next frame */
    return 1;
}

static int hear(struct client *c)
{
    size_t want = wanted(c);
    if (want > MOST + 4)
        return 0;
    ssize_t n = c->got < want ? recv(c->fd, c->frame + c->got, want - c->got, MSG_DONTWAIT) : 0;
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0 && c->got < want)
        return 0;
    c->got += (size_t)n;
    want = wanted(c);
    if (want > MOST + 4)
        return 0;
    if (c->got < 4 || c->got < want)
        return 1;
    memcpy(c->answer, c->frame, 4);
    for (size_t i = 4; i < want; i++)
        c->answer[i] = c->frame[want + 3 - i];
    c->left = want;
    return say(c);
}

static int let_in(int door)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i])
            continue;
        int fd = accept(door, NULL, NULL);
        if (fd < 0 || fd >= FD_SETSIZE) {
            if (fd >= 0)
                close(fd);
            return 0;
        }
        clients[i] = malloc(sizeof *clients[i]);
        if (!clients[i]) {
            close(fd);
            return 0;
        }
        clients[i]->fd = fd;
        clients[i]->got = clients[i]->left = 0;
        return 1;
    }
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc != 3 || argv[2][0] == '\0' || argv[2][strspn(argv[2], "0123456789")] != '\0' ||
        strlen(argv[2]) > 5 || atoi(argv[2]) > 65535) {
        fprintf(stderr, "usage: msgserver HOST PORT\n");
        return 2;
    }
    struct addrinfo *a, *list, hints = {.ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(argv[1], argv[2], &hints, &list), door = -1;
    if (code) {
        fprintf(stderr, "msgserver: %s\n", gai_strerror(code));
        return 1;
    }
    for (a = list; a; a = a->ai_next) {
        door = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (door < 0)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(door, a->ai_addr, a->ai_addrlen) == 0 && listen(door, 9) == 0)
            break;
        fprintf(stderr, "msgserver: %s\n", strerror(errno));
        close(door);
    }
    freeaddrinfo(list);
    if (!a)
        return 1;
    struct sockaddr_storage s;
    socklen_t size = sizeof s;
    char host[64], port[8];
    getsockname(door, (struct sockaddr *)&s, &size);
    getnameinfo((struct sockaddr *)&s, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(s.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host, port);
    if (fflush(stdout))
        return 1;
    fcntl(door, F_SETFL, O_NONBLOCK);
    for (int pause = 0;;) {
        fd_set r, w;
        FD_ZERO(&r);
        FD_ZERO(&w);
        if (!pause)
            FD_SET(door, &r);
        for (int i = 0; i < CLIENTS; i++)
            if (clients[i])
                FD_SET(clients[i]->fd, clients[i]->left ? &w : &r);
        struct timeval nap = {0, 50000};
        int n = select(FD_SETSIZE, &r, &w, NULL, pause ? &nap : NULL);
        pause = 0;
        if (n <= 0)
            continue;
        for (int i = 0; i < CLIENTS; i++) {
            struct client *c = clients[i];
            if (!c || !(FD_ISSET(c->fd, &r) || FD_ISSET(c->fd, &w)))
                continue;
            if (c->left ? say(c) : hear(c))
                continue;
            close(c->fd);
            free(c);
            clients[i] = NULL;
        }
        if (FD_ISSET(door, &r))
            pause = !let_in(door);
    }
}

/* Differs: a table that grows and never shrinks, with holes that are filled again; one byte is
 * received ahead of all others; SO_REUSEPORT; the sockets themselves block, and MSG_DONTWAIT does
 * not. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 3000 };

struct client {
    size_t from, to;
    char bytes[CHUNK];
};

static struct pollfd *list;
static struct client **client;
static nfds_t size;

static nfds_t free_place(void)
{
    for (nfds_t i = 1; i < size; i++)
        if (list[i].fd < 0)
            return i;
    nfds_t more = size * 2 + 8;
    struct pollfd *new_list = realloc(list, more * sizeof *list);
    if (new_list)
        list = new_list;
    struct client **new_client = realloc(client, more * sizeof *client);
    if (new_client)
        client = new_client;
    if (!new_list || !new_client)
        return 0;
    for (nfds_t i = size; i < more; i++) {
        list[i] = (struct pollfd){.fd = -1};
        client[i] = NULL;
    }
    nfds_t place = size ? size : 1;
    size = more;
    return place;
}

static int let_in(int door)
{
    int fd = accept(door, NULL, NULL);
    if (fd < 0)
        return errno == EINTR || errno == ECONNABORTED;
    nfds_t place = free_place();
    struct client *c = place ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        close(fd);
        return 0;
    }
    list[place] = (struct pollfd){.fd = fd, .events = POLLIN};
    client[place] = c;
    return 1;
}

static int flush(int fd, struct client *c)
{
    while (c->from < c->to) {
        ssize_t n = send(fd, c->bytes + c->from, c->to - c->from, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        c->from += (size_t)n;
    }
    c->from = c->to = 0;
    return 1;
}

static int turn(int fd, struct client *c)
{
    if (c->to == 0) {
        ssize_t n = recv(fd, c->bytes, 1, MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return 0;
        c->to = 1;
        n = recv(fd, c->bytes + 1, CHUNK - 1, MSG_DONTWAIT);
        c->to += n > 0 ? (size_t)n : 0;
    }
    return flush(fd, c);
}

static void serve_clients(void)
{
    for (nfds_t i = 1; i < size; i++) {
        if (list[i].fd < 0)
            continue;
        if (list[i].revents && !turn(list[i].fd, client[i])) {
            close(list[i].fd);
            free(client[i]);
            client[i] = NULL;
            list[i].fd = -1;
        } else {
            list[i].events = client[i]->to ? POLLOUT : POLLIN;
        }
    }
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
        setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int));
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
    if (!free_place())
        return give_up("no memory");
    for (;;) {
        list[0] = (struct pollfd){.fd = door, .events = rests ? 0 : POLLIN};
        int n = poll(list, size, rests ? 60 : -1);
        rests = 0;
        if (n <= 0)
            continue;
        int knocks = list[0].revents & POLLIN;
        serve_clients();
        if (knocks)
            rests = !let_in(door);
    }
}

/*
 * pollserver - sends every byte that a client says back to it: one thread, one loop, many clients.
 *
 *     pollserver HOST PORT
 *
 * Nothing here ever waits, except poll(), which waits for everybody at once. Each client has a
 * buffer for what it has said and not yet got back. While there is something in it, the server
 * waits for room and takes nothing more from this client: who doesn't read is slowed down by TCP
 * itself, and costs one buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { BACKLOG = 128, NAP_MS = 50, BUFFER_SIZE = 65536, MOST_CLIENTS = 4096 };

struct client {
    size_t start, end; /* bytes[start] to bytes[end - 1] have not been sent back yet */
    char bytes[BUFFER_SIZE];
};

struct server {
    struct pollfd polled[1 + MOST_CLIENTS]; /* the door is the first, then the clients */
    struct client *client[MOST_CLIENTS];    /* client[i] is at polled[1 + i] */
    nfds_t clients;
    int has_no_room; /* accept() failed for want of room: leave the door alone for a while */
};

/* --- one client --- */

/* What poll() has to wait for, for this client. */
static short wishes_of(const struct client *client)
{
    /* TODO 7: while there is something to send back, wait for room (POLLOUT), and only then;
     * there is nearly always room, and the loop would never rest. And meanwhile take nothing
     * more from this client, or its buffer has no end. */
    (void)client;
    return POLLIN;
}

/* Does for a client what can be done without waiting. Returns 0, or -1 when it is finished: it
 * ended, or its connection broke. */
static int turn(int fd, struct client *client)
{
    if (client->start == client->end) {
        /* TODO 6: one recv() into the client's buffer, and note what is in it. Nothing yet
         * (EAGAIN, EINTR): return 0. Its end of file, or a failure: return -1. If bytes
         * came, don't return: go on below, where they are sent back in the same turn. No
         * loop: others wait for their turn. */
        (void)fd;
        return 0;
    }
    /* TODO 7: this sends all or waits, and everybody else waits as well. On a socket that
     * does not block, send() takes what there is room for, or fails with EAGAIN. Note what is
     * sent (client->start); the rest stays in the buffer for a later turn. */
    ssize_t count = send(fd, client->bytes, client->end, MSG_NOSIGNAL);
    client->start = client->end = 0;
    return count == -1 ? -1 : 0;
}

/* --- all clients --- */

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* Takes the next client from the door and gives it a place. Returns 0, or -1 with errno. */
static int let_in(struct server *server)
{
    /* TODO 6: accept() a client; malloc() a struct client with an empty buffer (if there is
     * no memory: close the connection, errno ENOMEM). Its place is the first free one: the
     * struct in server->client[], the descriptor in server->polled[], one further on. */
    int fd = -1;
    (void)server;
    errno = ENOSYS;
    return -1;
    /* TODO 7: a call on this socket must never wait: set_nonblocking(). */
    (void)fd;
    return 0;
}

/* Forgets a client; the last one moves into its place. */
static void drop(struct server *server, nfds_t place)
{
    close(server->polled[1 + place].fd);
    free(server->client[place]);
    server->clients--;
    server->client[place] = server->client[server->clients];
    server->polled[1 + place] = server->polled[1 + server->clients];
}

/* --- a server, as in labs 01 to 05 --- */

static void print_address(const struct sockaddr_storage *address)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    socklen_t length =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* A socket that listens on the first of these addresses that can be bound. Returns it, or -1 with
 * *call naming what failed. */
static int open_door(const struct addrinfo *list, const char **call)
{
    const int on = 1;
    int door = -1;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        *call = "socket";
        door = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (door == -1)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        *call = "bind";
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        int error = errno;
        close(door);
        errno = error;
        door = -1;
    }
    *call = door == -1 ? *call : "listen";
    return door != -1 && listen(door, BACKLOG) == 0 ? door : -1;
}

/* Whether a server goes on after accept() or malloc() failed like this. */
static int worth_trying_again(struct server *server, int error)
{
    switch (error) {
    /* TODO 8: as in forkserver; but a pause here would be a pause for all clients. Note in
     * `has_no_room` that the door is not to be looked at for a while. */
    (void)server;
    case EAGAIN: /* the client left before it was let in */
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return 1;
    default:
        return 0;
    }
}

/* Waits until something can be done, for at most NAP_MS if there is no room for another client. */
static int wait_for_all(struct server *server)
{
    int is_open = !server->has_no_room && server->clients < MOST_CLIENTS;
    server->polled[0].events = is_open ? POLLIN : 0;
    for (nfds_t i = 0; i < server->clients; i++)
        server->polled[1 + i].events = wishes_of(server->client[i]);
    int timeout = server->has_no_room ? NAP_MS : -1;
    server->has_no_room = 0;
    return poll(server->polled, 1 + server->clients, timeout);
}

/* Serves for ever. Returns only when something fails for good, with *call and errno. */
static void serve(struct server *server, const char **call)
{
    for (;;) {
        *call = "poll";
        if (wait_for_all(server) == -1) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            return;
        }
        /* From the last to the first: whoever moves into a free place had its turn. */
        for (nfds_t i = server->clients; i-- > 0;)
            if (server->polled[1 + i].revents && turn(server->polled[1 + i].fd, server->client[i]))
                drop(server, i);
        *call = "accept";
        if (server->polled[0].revents && let_in(server) == -1 && !worth_trying_again(server, errno))
            return;
    }
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "pollserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    static struct server server;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: pollserver HOST PORT\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int door = open_door(list, &call);
    error = errno;
    freeaddrinfo(list);
    if (door == -1)
        return fail(call, strerror(error));
    if (set_nonblocking(door) == -1)
        return fail("fcntl", strerror(errno));

    struct sockaddr_storage here;
    socklen_t length = sizeof here;
    if (getsockname(door, (struct sockaddr *)&here, &length) == -1)
        return fail("getsockname", strerror(errno));
    printf("listening on ");
    print_address(&here);
    printf("\n");
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));

    server.polled[0].fd = door;
    serve(&server, &call);
    return fail(call, strerror(errno));
}

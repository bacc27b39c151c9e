/*
 * echoserver - sends every byte that a client says back to it, as it comes.
 *
 *     echoserver HOST PORT
 *
 * It serves one client after another, each until that client's end of file. Its partner is
 * echoclient.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { BACKLOG = 128, NAP_MS = 50, BUFFER_SIZE = 65536 };

/* --- bytes on a stream --- */

/* Hands all of these bytes to the kernel, waiting for room where there is none. Returns 0, or -1
 * if the connection broke. */
static int send_all(int fd, const char *bytes, size_t length)
{
    /* TODO 2: send() returns how many bytes it took, and that may be fewer than it was
     * given: here the rest would be lost. Go on with the rest until all is sent. See the
     * return value in send(2). EINTR is no failure: try again. */
    return send(fd, bytes, length, 0) == -1 ? -1 : 0;
}

/* Sends back what the client says until its end of file. Returns 0, or -1 if the connection
 * broke. */
static int echo(int client)
{
    static char buffer[BUFFER_SIZE];
    /* TODO 1: take what the client has said so far with recv() and send exactly these
     * bytes back with send_all(); again and again, until recv() returns 0: the client's
     * end of file. -1 is a failure, except EINTR: try again. The bytes are no string: only
     * the count tells how many there are. See recv(2). */
    (void)client;
    (void)buffer;
    (void)send_all;
    errno = ENOSYS;
    return -1;
}

/* --- a server, as in labs 01 to 04 --- */

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

/* Whether a server goes on after accept() failed like this. */
static int worth_trying_again(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        poll(NULL, 0, NAP_MS); /* the client stays in the queue: don't spin */
        return 1;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return 1;
    default:
        return 0;
    }
}

/* Serves clients one after another. Returns only when accept() fails for good, with errno. */
static void serve(int door)
{
    for (;;) {
        int client = accept(door, NULL, NULL);
        if (client == -1 && worth_trying_again(errno))
            continue;
        if (client == -1)
            return;
        /* TODO 3: echo() fails when a client breaks its connection. Is that a reason for
         * the server to end? */
        if (echo(client) == -1)
            return;
        close(client);
    }
}

/* A send() to a client that has gone raises SIGPIPE, which ends the process unless it is ignored;
 * then send() fails with EPIPE instead. Lab 04 asked each send() for that with MSG_NOSIGNAL. Here
 * it is settled once, for all calls. */
static void ignore_sigpipe(void)
{
    /* TODO 3: set the disposition of SIGPIPE to SIG_IGN with sigaction(). See sigaction(2)
     * and signal(7). */
    (void)sigaction;
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "echoserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: echoserver HOST PORT\n");
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

    struct sockaddr_storage here;
    socklen_t length = sizeof here;
    if (getsockname(door, (struct sockaddr *)&here, &length) == -1)
        return fail("getsockname", strerror(errno));
    printf("listening on ");
    print_address(&here);
    printf("\n");
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));

    ignore_sigpipe();
    serve(door);
    return fail("accept", strerror(errno));
}

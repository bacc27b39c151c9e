/*
 * timeserver - tells every client the local time and hangs up, as the daytime service did.
 *
 *     timeserver HOST PORT
 *
 * For each client it prints the connection's two ends. Its partner is timeclient.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 128, NAP_MS = 50 };

struct ends { /* the two ends of one connection */
    struct sockaddr_storage client;
    struct sockaddr_storage server;
};

static void print_address(const struct sockaddr_storage *address)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    socklen_t length =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* Labs 01 to 03: a socket that listens on the first of these addresses that can be bound.
 * Returns it, or -1 with *call naming what failed. */
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

/* Waits for the next client. Returns its socket, and both ends of the connection in *ends; -1
 * with errno if there is none. */
static int accept_client(int door, struct ends *ends)
{
    int client = -1;
    // BEGIN SOLUTION
    socklen_t length = sizeof ends->client;
    client = accept(door, (struct sockaddr *)&ends->client, &length);
    if (client == -1)
        return -1;
    length = sizeof ends->server;
    if (getsockname(client, (struct sockaddr *)&ends->server, &length) == -1) {
        close(client);
        return -1;
    }
    // STUB: /* TODO 1: take the next client from the queue: accept() gives a new socket, for this
    // STUB:  * one client, and the client's address. Then ask getsockname() for the server's end
    // STUB:  * of that connection. Both calls want to be told how much room there is: set the
    // STUB:  * length before each. On failure return -1; errno says why. */
    // STUB: (void)door;
    // STUB: (void)ends;
    // STUB: errno = ENOSYS;
    // END SOLUTION
    return client;
}

static void print_connection(const struct ends *ends)
{
    print_address(&ends->client);
    printf(" -> ");
    print_address(&ends->server);
    printf("\n");
    fflush(stdout);
}

/* Writes the local time and CR LF into line. Returns its length, 26. */
static size_t format_time(char *line, size_t size)
{
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    return strftime(line, size, "%a %b %e %H:%M:%S %Y\r\n", &local);
}

/* Sends the time to one client. A client that has gone is no failure of the server's. */
static void say_time(int client)
{
    char line[64];
    size_t length = format_time(line, sizeof line);
    size_t sent = 0;
    // BEGIN SOLUTION
    while (sent < length) {
        ssize_t count = send(client, line + sent, length - sent, MSG_NOSIGNAL);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return;
        sent += (size_t)count;
    }
    // STUB: /* TODO 2: send all `length` bytes of line to the client. send() may take fewer than
    // STUB:  * it was given: go on with the rest. If the client has gone, send() would raise
    // STUB:  * SIGPIPE, which ends the whole server: ask it not to (send(2), MSG_NOSIGNAL). */
    // STUB: (void)client;
    // STUB: (void)length;
    // STUB: (void)sent;
    // END SOLUTION
}

/* Whether a server goes on after accept() failed like this. */
static int worth_trying_again(int error)
{
    // BEGIN SOLUTION
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        /* The client stays in the queue, so accept() would fail again at once, and again: without
         * a nap this is a loop that burns a processor. */
        poll(NULL, 0, NAP_MS);
        return 1;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return 1;
    default:
        return 0;
    }
    // STUB: /* TODO 6: some failures of accept() concern one client, or pass: EINTR, ECONNABORTED,
    // STUB:  * and out of descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM). The server goes
    // STUB:  * on after these. When descriptors are short, wait a moment first, for instance with
    // STUB:  * poll(NULL, 0, NAP_MS): the client is still in the queue, and accept() would fail
    // STUB:  * again at once. */
    // STUB: (void)error;
    // STUB: (void)poll;
    // STUB: return 0;
    // END SOLUTION
}

/* Serves clients one after another. Returns only when accept() fails for good, with errno. */
static void serve(int door)
{
    struct ends ends;
    for (;;) {
        int client = accept_client(door, &ends);
        if (client == -1 && worth_trying_again(errno))
            continue;
        if (client == -1)
            return;
        print_connection(&ends);
        say_time(client);
        // BEGIN SOLUTION
        close(client);
        // STUB: /* TODO 3: this client is served: close its socket, and only its. Then go round
        // STUB:  * for the next client instead of leaving. */
        // STUB: (void)close;
        // STUB: pause();
        // END SOLUTION
    }
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "timeserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: timeserver HOST PORT\n");
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

    serve(door);
    return fail("accept", strerror(errno));
}

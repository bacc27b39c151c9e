/*
 * threadserver - sends every byte that a client says back to it, with a thread for each client.
 *
 *     threadserver HOST PORT
 *
 * The first thread waits for clients. Each client gets a thread of its own, with a `struct visit`
 * that belongs to this thread alone; what all threads share is the tally, under its lock. Whenever
 * the last client has left, a line on standard error tells how many there were.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { BACKLOG = 128, NAP_MS = 50, BUFFER_SIZE = 65536 };

struct tally { /* what all threads share */
    pthread_mutex_t lock;
    unsigned long here;       /* clients that are served now */
    unsigned long clients;    /* that were served in all */
    unsigned long long bytes; /* that were sent back to them */
};

struct visit { /* what one thread has for itself */
    int client;
    struct tally *tally;
    char buffer[BUFFER_SIZE];
};

/* --- one client, as in lab 05 --- */

static int send_all(int fd, const char *bytes, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t count = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        sent += (size_t)count;
    }
    return 0;
}

/* Sends back what the client says until its end of file. Returns how many bytes these were, or -1
 * if the connection broke. */
static long long echo(struct visit *visit)
{
    long long bytes = 0;
    for (;;) {
        ssize_t count = recv(visit->client, visit->buffer, sizeof visit->buffer, 0);
        if (count == 0)
            return bytes;
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1 || send_all(visit->client, visit->buffer, (size_t)count) == -1)
            return -1;
        bytes += count;
    }
}

/* --- what all threads share --- */

static void count_in(struct tally *tally)
{
    /* TODO 5: `here++` reads, adds and writes. What if another thread does the same between
     * these? Hold the lock meanwhile. See pthread_mutex_lock(3p). */
    tally->here++;
}

static void count_out(struct tally *tally, long long bytes)
{
    /* TODO 5: the same here, from the first use of the tally to the last. */
    tally->clients++;
    tally->bytes += bytes > 0 ? (unsigned long long)bytes : 0;
    if (--tally->here == 0)
        fprintf(stderr, "threadserver: %lu clients so far, %llu bytes\n", tally->clients,
                tally->bytes);
}

/* --- threads --- */

/* The whole life of a thread: one client. Its argument is its visit, which it gives back. */
static void *attend(void *argument)
{
    struct visit *visit = argument;
    count_in(visit->tally);
    long long bytes = echo(visit);
    count_out(visit->tally, bytes);
    close(visit->client); /* the process lives on: nobody else closes and frees this */
    free(visit);
    return NULL;
}

/* Gives this client a thread of its own, which closes the connection at its end. Returns 0, or -1
 * with errno; then the connection is closed. */
static int start_thread(int client, struct tally *tally)
{
    /* TODO 4: so far one client is served after another, with the only visit there is.
     * malloc() a visit for this client, fill it in, and pthread_create() a thread that
     * does attend() with it. pthread_create() returns 0 or an error number (it does not set
     * errno): then free the visit, close the client, put the number into errno and return
     * -1. Who collects a thread that has ended? Nobody here, so pthread_detach() it. */
    static struct visit visit;
    (void)attend;
    visit.client = client;
    visit.tally = tally;
    count_in(tally);
    count_out(tally, echo(&visit));
    close(client);
    return 0;
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

/* Whether a server goes on after accept(), malloc() or pthread_create() failed like this. */
static int worth_trying_again(int error)
{
    switch (error) {
    /* TODO 8: as in forkserver. See ERRORS in accept(2) and pthread_create(3). */
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return 1;
    default:
        return 0;
    }
}

/* Takes clients for ever. Returns only when something fails for good, with *call and errno. */
static void serve(int door, struct tally *tally, const char **call)
{
    int status = 0;
    while (status == 0) {
        *call = "accept";
        int client = accept(door, NULL, NULL);
        status = client == -1 ? -1 : 0;
        if (client != -1) {
            *call = "pthread_create";
            status = start_thread(client, tally);
        }
        if (status == -1 && worth_trying_again(errno))
            status = 0;
    }
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "threadserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    static struct tally tally = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct addrinfo *list;
    const char *call;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: threadserver HOST PORT\n");
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

    serve(door, &tally, &call);
    return fail(call, strerror(errno));
}

/*
 * doorman - listens, lets nobody in, and says when the first client knocks.
 *
 *     doorman HOST PORT BACKLOG
 *
 * Prints `listening on ADDR:PORT`, and `knock` when the first connection waits in the queue. Ends
 * at end of file on standard input. Its partner is knock.
 */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* The number that a word of digits stands for if it is at most `most`, else -1. */
static int number_of(const char *word, int most)
{
    size_t digits = strspn(word, "0123456789");
    if (digits == 0 || word[digits] != '\0')
        return -1;
    errno = 0;
    long number = strtol(word, NULL, 10);
    return errno == 0 && number <= most ? (int)number : -1;
}

/* Lab 02: a stream socket bound to this address, or -1 with errno and *call. */
static int bound_socket(const struct addrinfo *ai, const char **call)
{
    const int on = 1;
    *call = "socket";
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    *call = "bind";
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* A socket that listens on the first of these addresses that can be bound. Returns it, or -1 with
 * errno and *call naming the call that failed. */
static int open_door(const struct addrinfo *list, int backlog, const char **call)
{
    int door = -1;
    for (const struct addrinfo *ai = list; ai && door == -1; ai = ai->ai_next)
        door = bound_socket(ai, call);
    if (door == -1)
        return -1;
    *call = "listen";
    /* TODO 1: turn the bound socket into a listening one, with this backlog. Return -1 if
     * listen() fails. See listen(2). */
    (void)backlog;
    return door;
}

/* Prints where the door is. Returns 0, or -1 with errno. */
static int announce(int door)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(door, (struct sockaddr *)&address, &length) == -1)
        return -1;
    getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host, port);
    return fflush(stdout) != 0 || ferror(stdout) ? -1 : 0;
}

/* Waits for whatever comes first: a knock, which is told once, or the end of standard input,
 * which ends the wait. Returns 0, or -1 with errno. */
static int watch_door(int door)
{
    char ignored[512];
    /* TODO 2: wait with poll() for two things at once, without a time-out: input on
     * STDIN_FILENO, and a connection in the queue, which makes the listening socket
     * readable (POLLIN) although nobody accepts. At the first knock print "knock" and flush,
     * then watch the door no longer: set its fd in the array to -1, which poll() skips.
     * read() and forget what comes on standard input; when it returns 0, return 0. */
    (void)door;
    (void)poll;
    while (read(STDIN_FILENO, ignored, sizeof ignored) > 0)
        continue;
    return 0;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "doorman: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call;

    int backlog = argc == 4 ? number_of(argv[3], INT_MAX) : -1;
    if (backlog == -1 || number_of(argv[2], 65535) == -1) {
        fprintf(stderr, "usage: doorman HOST PORT BACKLOG\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int door = open_door(list, backlog, &call);
    error = errno;
    freeaddrinfo(list);
    if (door == -1)
        return fail(call, strerror(error));
    if (announce(door) == -1)
        return fail("cannot tell the address", strerror(errno));
    if (watch_door(door) == -1)
        return fail("poll", strerror(errno));
    return EXIT_SUCCESS;
}

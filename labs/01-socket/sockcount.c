/*
 * sockcount - how many sockets can one process hold? Opens them until the kernel refuses.
 *
 *     sockcount LIMIT
 *
 * Prints how many it opened, why it had to stop if it had to, and which descriptor a new socket
 * gets after all of them are closed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 1000000 };

/* Opens sockets into fds until there are `limit` of them or the kernel refuses. Returns how many;
 * *error is the errno of the refusal, or 0. */
static int open_sockets(int *fds, int limit, int *error)
{
    int count = 0;
    *error = 0;
    /* TODO 5: in a loop, make stream sockets (AF_UNIX is the cheapest family) and keep
     * their descriptors in fds[0], fds[1], ... Stop at `limit`, or when socket() returns
     * -1: then put errno into *error, before another call can change it. */
    (void)fds;
    (void)limit;
    return count;
}

/* Gives all descriptors back. */
static void close_sockets(const int *fds, int count)
{
    /* TODO 6: close() every one of them. */
    (void)fds;
    (void)count;
    (void)close;
}

/* Reports a call that failed for good. Returns the exit code. */
static int fail(const char *call)
{
    fprintf(stderr, "sockcount: %s: %s\n", call, strerror(errno));
    return EXIT_FAILURE;
}

/* The number that a word of digits stands for if it is 1 to MOST, else -1. */
static int limit_of(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    if (digits == 0 || word[digits] != '\0')
        return -1;
    errno = 0;
    long number = strtol(word, NULL, 10);
    return errno == 0 && number >= 1 && number <= MOST ? (int)number : -1;
}

int main(int argc, char *argv[])
{
    int limit = argc == 2 ? limit_of(argv[1]) : -1;
    int error;

    if (limit == -1) {
        fprintf(stderr, "usage: sockcount LIMIT (1 to %d)\n", MOST);
        return 2;
    }
    int *fds = malloc((size_t)limit * sizeof *fds);
    if (!fds)
        return fail("malloc");
    int count = open_sockets(fds, limit, &error);
    printf("opened %d\n", count);
    if (error)
        printf("stopped: %s\n", strerror(error));
    close_sockets(fds, count);
    free(fds);

    int again = socket(AF_UNIX, SOCK_STREAM, 0);
    if (again == -1)
        return fail("socket");
    printf("reopened fd=%d\n", again);
    if (fflush(stdout) == EOF || ferror(stdout)) /* printf() only filled a buffer */
        return fail("write");
    return EXIT_SUCCESS;
}

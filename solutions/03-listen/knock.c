/*
 * knock - starts many connections at once and counts how they fare.
 *
 *     knock HOST PORT COUNT TIMEOUT_MS
 *
 * Prints `connected C, refused R, waiting W`. Its partner is doorman.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 500 };

struct tally { /* how the connections fared */
    int connected, refused, waiting;
};

/* The number that a word of digits stands for if it is `least` to `most`, else -1. */
static int number_of(const char *word, int least, int most)
{
    size_t digits = strspn(word, "0123456789");
    if (digits == 0 || word[digits] != '\0')
        return -1;
    errno = 0;
    long number = strtol(word, NULL, 10);
    return errno == 0 && number >= least && number <= most ? (int)number : -1;
}

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Begins a connection without waiting for it. Returns 0 if it is on its way or stands, else the
 * errno of the failure. */
static int begin_connection(const struct addrinfo *ai, int *fd)
{
    *fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (*fd == -1)
        return errno;
    // BEGIN SOLUTION
    int flags = fcntl(*fd, F_GETFL);
    if (flags == -1 || fcntl(*fd, F_SETFL, flags | O_NONBLOCK) == -1)
        return errno;
    if (connect(*fd, ai->ai_addr, ai->ai_addrlen) == -1 && errno != EINPROGRESS)
        return errno;
    return 0;
    // STUB: /* TODO 3: make the socket non-blocking (fcntl(), O_NONBLOCK), then connect() it. That
    // STUB:  * returns at once: -1 with EINPROGRESS means that the connection is on its way, which
    // STUB:  * is no failure here. */
    // STUB: (void)fcntl;
    // STUB: return ENOSYS;
    // END SOLUTION
}

/* Counts a connection that is settled: error is 0 if it stands, else the errno of its failure.
 * Returns 0, or -1 with errno for a failure that is not to be counted. */
static int count_settled(int error, struct tally *tally)
{
    // BEGIN SOLUTION
    if (error == ECONNREFUSED) {
        tally->refused++;
    } else if (error == 0 || error == ECONNRESET || error == EPIPE) {
        tally->connected++;
    } else {
        errno = error;
        return -1;
    }
    // STUB: /* TODO 4: this counts connections that stand, and takes every failure for one that
    // STUB:  * ends the program. But ECONNREFUSED is to be counted as refused, and ECONNRESET as
    // STUB:  * connected: that connection stood, and then broke. */
    // STUB: if (error != 0) {
    // STUB:     errno = error;
    // STUB:     return -1;
    // STUB: }
    // STUB: tally->connected++;
    // END SOLUTION
    tally->waiting--;
    return 0;
}

/* How a connection that was on its way came out: 0, or the errno of its failure. */
static int result_of(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1 ? errno : error;
}

/* Waits until no connection is on its way, at most timeout_ms for all of them together. Returns 0,
 * or -1 with errno. */
static int wait_for_all(struct pollfd *polled, int count, int timeout_ms, struct tally *tally)
{
    long long deadline = now_ms() + timeout_ms;
    while (tally->waiting > 0) {
        int left = -1;
        // BEGIN SOLUTION
        long long rest = deadline - now_ms();
        left = rest > 0 ? (int)rest : 0;
        // STUB: /* TODO 5: -1 lets poll() wait for ever. The time-out is for all connections
        // STUB:  * together, and poll() may return early, for one of many: `left` is what remains
        // STUB:  * until `deadline`, never below 0. */
        // STUB: (void)deadline;
        // END SOLUTION
        int ready = poll(polled, (nfds_t)count, left);
        if (ready == -1 && errno != EINTR)
            return -1;
        if (ready == 0)
            return 0;
        for (int i = 0; i < count && ready > 0; i++)
            if (polled[i].revents) {
                if (count_settled(result_of(polled[i].fd), tally) == -1)
                    return -1;
                polled[i].fd = -1; /* settled: poll() skips it */
            }
    }
    return 0;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "knock: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    static struct pollfd polled[MOST];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;

    int count = argc == 5 ? number_of(argv[3], 1, MOST) : -1;
    int timeout_ms = argc == 5 ? number_of(argv[4], 0, INT_MAX) : -1;
    if (count == -1 || timeout_ms == -1 || number_of(argv[2], 0, 65535) == -1) {
        fprintf(stderr, "usage: knock HOST PORT COUNT TIMEOUT_MS (COUNT is 1 to %d)\n", MOST);
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));

    struct tally tally = {.waiting = count};
    for (int i = 0; i < count; i++) {
        polled[i].events = POLLOUT;
        error = begin_connection(list, &polled[i].fd);
        if (error == 0)
            continue;
        polled[i].fd = -1;
        if (count_settled(error, &tally) == -1) {
            freeaddrinfo(list);
            return fail("connect", strerror(error));
        }
    }
    freeaddrinfo(list);
    if (wait_for_all(polled, count, timeout_ms, &tally) == -1)
        return fail("connect", strerror(errno));

    printf("connected %d, refused %d, waiting %d\n", tally.connected, tally.refused, tally.waiting);
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));
    return EXIT_SUCCESS;
}

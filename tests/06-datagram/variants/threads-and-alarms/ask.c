/* Variant: an interval timer's signal tells that the time is over; pselect() lets it in. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t rang;

static void ring(int number)
{
    (void)number;
    rang = 1;
}

static int usage(void)
{
    fputs("usage: ask HOST PORT TRIES TIMEOUT_MS VERB [TEXT]\n", stderr);
    return 2;
}

static long in_range(const char *word, long least, long most)
{
    for (const char *p = word; *p; p++)
        if (*p < '0' || *p > '9')
            return -1;
    long n = *word ? atol(word) : -1;
    return n < least || n > most ? -1 : n;
}

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 7)
        return usage();
    long tries = in_range(argv[3], 1, 100), ms = in_range(argv[4], 1, 60000);
    if (in_range(argv[2], 0, 65535) < 0 || tries < 0 || ms < 0)
        return usage();
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    char id[12], *query = NULL;
    size_t length;
    sprintf(id, "%ld ", t.tv_nsec);
    FILE *stream = open_memstream(&query, &length);
    fprintf(stream, argc == 7 ? "%s%s %s" : "%s%s", id, argv[5], argv[6]);
    fclose(stream);
    if (length > 512)
        return fprintf(stderr, "ask: too long\n"), 1;

    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *ai;
    int error = getaddrinfo(argv[1], argv[2], &hints, &ai);
    if (error)
        return fprintf(stderr, "ask: %s\n", gai_strerror(error)), 1;
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        return perror("ask: connect"), 1;

    sigset_t alarm_only, before;
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm_only, &before);
    struct sigaction action = {.sa_handler = ring};
    sigaction(SIGALRM, &action, NULL);
    struct timeval each = {ms / 1000, ms % 1000 * 1000};
    struct itimerval timer = {each, each};
    setitimer(ITIMER_REAL, &timer, NULL);
    while (tries-- > 0) {
        if (send(fd, query, length, 0) == -1)
            send(fd, query, length, 0); /* the first told of the one before */
        for (rang = 0; !rang;) {
            static char room[65536];
            fd_set set;
            FD_ZERO(&set);
            FD_SET(fd, &set);
            if (pselect(fd + 1, &set, NULL, NULL, NULL, &before) < 1)
                continue;
            ssize_t n = read(fd, room, sizeof room);
            size_t start = strlen(id);
            if (n < (ssize_t)start || strncmp(room, id, start) != 0)
                continue;
            FILE *out =
                n >= (ssize_t)start + 6 && !memcmp(room + start, "error:", 6) ? stderr : stdout;
            for (size_t i = start; i < (size_t)n; i++)
                putc(room[i], out);
            putc('\n', out);
            return fflush(out) || out == stderr;
        }
    }
    fputs("ask: no answer\n", stderr);
    return 1;
}

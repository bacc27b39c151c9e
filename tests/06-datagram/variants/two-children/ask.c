/* Variant: one child sends the queries on time, another receives, byte by byte to the output; the
 * parent waits for either. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int is_number(const char *s, int least, int most)
{
    char *end;
    errno = 0;
    long n = strtol(s, &end, 10);
    return *s >= '0' && *s <= '9' && !*end && !errno && n >= least && n <= most;
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7 || !is_number(argv[2], 0, 65535) || !is_number(argv[3], 1, 100) ||
        !is_number(argv[4], 1, 60000)) {
        fprintf(stderr, "usage: ask HOST PORT TRIES TIMEOUT_MS VERB [TEXT]\n");
        return 2;
    }
    char query[2048] = "";
    snprintf(query, sizeof query, "%010d %s%s%s", getpid(), argv[5], argv[6] ? " " : "",
             argv[6] ? argv[6] : "");
    if (strlen(query) > 512)
        return 1;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;
    int unknown = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (unknown) {
        fprintf(stderr, "%s\n", gai_strerror(unknown));
        return 1;
    }
    int fd = socket(list->ai_family, SOCK_DGRAM, IPPROTO_UDP);
    if (connect(fd, list->ai_addr, list->ai_addrlen) == -1)
        return 1;
    pid_t child = fork();
    if (child == 0) { /* the clock: asks and sleeps; its end tells that the time is over */
        struct timespec next;
        int ms = atoi(argv[4]);
        clock_gettime(CLOCK_MONOTONIC, &next);
        for (int i = atoi(argv[3]); i > 0; i--) {
            for (int k = 0; write(fd, query, strlen(query)) == -1 && k < 3; k++)
                ; /* ECONNREFUSED tells of an earlier one */
            next.tv_sec += ms / 1000;
            next.tv_nsec += ms % 1000 * 1000000L;
            next.tv_sec += next.tv_nsec / 1000000000L;
            next.tv_nsec %= 1000000000L;
            while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) == EINTR)
                ;
        }
        _exit(0);
    }
    int status = 1;
    pid_t reader = fork();
    if (reader == 0) {
        static char room[65536];
        for (;;) {
            ssize_t n = read(fd, room, sizeof room);
            if (n < 11 || memcmp(room, query, 11) != 0)
                continue;
            int error = n >= 17 && !memcmp(room + 11, "error:", 6), to = error ? 2 : 1;
            for (ssize_t i = 11; i < n; i++)
                if (write(to, room + i, 1) != 1)
                    _exit(1);
            _exit(write(to, "\n", 1) != 1 || error);
        }
    }
    pid_t first = wait(&status);
    if (first == child) { /* the time is over */
        kill(reader, SIGKILL);
        return 1;
    }
    kill(child, SIGKILL);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

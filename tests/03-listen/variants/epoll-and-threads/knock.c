/* A thread for each connection, each of which waits in poll() by itself. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct addrinfo *target;
static long long deadline;
static int outcome[500]; /* an errno, or -1 for one that waits */

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void *visit(void *where)
{
    int *mine = where, error = 0;
    socklen_t size = sizeof error;
    int fd = socket(target->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        *mine = errno;
        return NULL;
    }
    if (connect(fd, target->ai_addr, target->ai_addrlen) == 0) {
        *mine = 0;
        return NULL;
    }
    if (errno != EINPROGRESS) {
        *mine = errno;
        return NULL;
    }
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    int ready;
    do {
        long long left = deadline - now();
        ready = poll(&one, 1, left > 0 ? (int)left : 0);
    } while (ready == -1 && errno == EINTR);
    if (ready == 0)
        *mine = -1;
    else
        *mine = getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) ? errno : error;
    return NULL;
}

static int bad(const char *s, long least, long most)
{
    if (!*s || s[strspn(s, "0123456789")] || strlen(s) > 10)
        return 1;
    return atoll(s) < least || atoll(s) > most;
}

int main(int argc, char **argv)
{
    static pthread_t thread[500];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (argc != 5 || bad(argv[2], 0, 65535) || bad(argv[3], 1, 500) ||
        bad(argv[4], 0, 2147483647)) {
        fputs("usage: knock HOST PORT COUNT TIMEOUT_MS\n", stderr);
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &target);
    if (error) {
        fprintf(stderr, "knock: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    int count = atoi(argv[3]);
    deadline = now() + atoll(argv[4]);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    for (int i = 0; i < count; i++)
        if ((error = pthread_create(&thread[i], &small, visit, &outcome[i]))) {
            fprintf(stderr, "knock: pthread_create: %s\n", strerror(error));
            return 1;
        }
    int connected = 0, refused = 0, waiting = 0;
    for (int i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
        if (outcome[i] == 0 || outcome[i] == ECONNRESET)
            connected++;
        else if (outcome[i] == ECONNREFUSED)
            refused++;
        else if (outcome[i] == -1)
            waiting++;
        else {
            fprintf(stderr, "knock: connect: %s\n", strerror(outcome[i]));
            return 1;
        }
    }
    if (dprintf(1, "connected %d, refused %d, waiting %d\n", connected, refused, waiting) < 0) {
        fprintf(stderr, "knock: write: %s\n", strerror(errno));
        return 1;
    }
    return 0;
}

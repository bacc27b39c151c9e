/* A thread for each client; fprintf() on the connection; asctime_r(). */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

static void put(const void *address, socklen_t length)
{
    char h[NI_MAXHOST], p[NI_MAXSERV];
    getnameinfo(address, length, h, sizeof h, p, sizeof p, NI_NUMERICHOST | NI_NUMERICSERV);
    const char *format = strchr(h, ':') ? "[%s]:%s" : "%s:%s";
    printf(format, h, p);
}

static void *serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    struct sockaddr_storage a, b;
    socklen_t m = sizeof a, n = sizeof b;
    int here = getsockname(fd, (struct sockaddr *)&a, &m);
    int there = getpeername(fd, (struct sockaddr *)&b, &n);
    if (here == 0 && there == 0) {
        pthread_mutex_lock(&output);
        put(&b, n);
        fputs(" -> ", stdout);
        put(&a, m);
        putchar('\n');
        fflush(stdout);
        pthread_mutex_unlock(&output);
    }
    FILE *client = fdopen(fd, "w");
    if (client) {
        time_t now = time(NULL);
        struct tm tm;
        char words[32];
        asctime_r(localtime_r(&now, &tm), words);
        fprintf(client, "%.24s\r\n", words);
        fclose(client);
    } else {
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list, *ai;
    char *end = "";
    int door = -1, error = 0;
    if (argc != 3 || argv[2][0] < '0' || argv[2][0] > '9' || strtoul(argv[2], &end, 10) > 65535 ||
        *end) {
        fprintf(stderr, "usage: timeserver HOST PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    tzset();
    if ((error = getaddrinfo(argv[1], argv[2], &hints, &list))) {
        fprintf(stderr, "timeserver: %s\n", gai_strerror(error));
        return 1;
    }
    for (ai = list; ai; ai = ai->ai_next) {
        if ((door = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, 0)) == -1)
            continue;
        int yes = 1;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0 && listen(door, 200) == 0)
            break;
        error = errno;
        close(door);
        door = -1;
    }
    freeaddrinfo(list);
    if (door == -1) {
        fprintf(stderr, "timeserver: %s\n", strerror(error));
        return 1;
    }
    struct sockaddr_storage me;
    socklen_t n = sizeof me;
    getsockname(door, (struct sockaddr *)&me, &n);
    printf("listening on ");
    put(&me, n);
    putchar('\n');
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "timeserver: %s\n", strerror(errno));
        return 1;
    }
    for (;;) {
        int fd = accept(door, NULL, NULL);
        pthread_t thread;
        if (fd == -1) {
            if (errno != EINTR && errno != ECONNABORTED)
                usleep(20000); /* no room for it just now: a pause, not a busy loop */
            continue;
        }
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
        else
            close(fd);
    }
}

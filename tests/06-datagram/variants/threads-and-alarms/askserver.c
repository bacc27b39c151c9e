/* Variant: four threads wait on the same socket; the query is taken apart from its end. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int box;

static void stop(int number)
{
    (void)number;
    _exit(0);
}

static size_t digits(const char *p)
{
    return strspn(p, "0123456789");
}

static void *work(void *unused)
{
    char room[600], reply[700];
    (void)unused;
    for (;;) {
        union {
            struct sockaddr any;
            struct sockaddr_storage room;
        } who;
        socklen_t size = sizeof who;
        ssize_t n = recvfrom(box, room, sizeof room - 1, 0, &who.any, &size);
        if (n < 0)
            continue;
        room[n] = '\0';
        size_t length = (size_t)n, id = digits(room);
        if (strncmp(room, "error:", 6) == 0)
            continue;
        const char *fixed = NULL;
        if (length > 512)
            fixed = "error: too long";
        else if (id < 1 || id > 10 || room[id] != ' ' || id + 1 >= length || room[id + 1] == ' ')
            fixed = "error: bad query";
        if (fixed) {
            sendto(box, fixed, strlen(fixed), 0, &who.any, size);
            continue;
        }
        size_t verb = id + 1, end = verb;
        while (end < length && room[end] != ' ')
            end++;
        memcpy(reply, room, verb);
        size_t put = verb;
        if (end - verb == 4 && memcmp(room + verb, "echo", 4) == 0 && end < length) {
            memcpy(reply + put, room + end + 1, length - end - 1);
            put += length - end - 1;
        } else if (end - verb == 4 && memcmp(room + verb, "echo", 4) == 0) {
            put += (size_t)sprintf(reply + put, "error: bad query");
        } else if (end - verb == 4 && memcmp(room + verb, "time", 4) == 0) {
            time_t now = time(NULL);
            char text[32];
            put += (size_t)sprintf(reply + put, "%.24s", ctime_r(&now, text));
        } else {
            put += (size_t)sprintf(reply + put, "error: unknown query");
        }
        sendto(box, reply, put, 0, &who.any, size);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3 || digits(argv[2]) == 0 || digits(argv[2]) > 5 || argv[2][digits(argv[2])] ||
        atoi(argv[2]) > 65535) {
        fputs("usage: askserver HOST PORT\n", stderr);
        return 2;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_protocol = 0}, *list, *ai;
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error) {
        fprintf(stderr, "askserver: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    for (ai = list; ai; ai = ai->ai_next) {
        box = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (box != -1 && bind(box, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        if (!ai->ai_next) {
            perror("askserver: bind");
            return 1;
        }
    }
    signal(SIGTERM, stop);
    struct sockaddr_storage here;
    socklen_t size = sizeof here;
    getsockname(box, (struct sockaddr *)&here, &size);
    char host[100], port[10];
    getnameinfo((struct sockaddr *)&here, size, host, 100, port, 10,
                NI_NUMERICHOST | NI_NUMERICSERV);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    const char *form = strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n";
    if (dprintf(1, form, host, port) < 0)
        return 1;
    pthread_join(threads[0], NULL);
}

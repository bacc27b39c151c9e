/* Variant: an IPv6 socket for both families, epoll and a timer descriptor. */
#define _GNU_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static long whole(const char *word, long least, long most)
{
    size_t n = strspn(word, "0123456789");
    long value = n && !word[n] ? strtol(word, NULL, 10) : -1;
    if (value >= least && value <= most)
        return value;
    fprintf(stderr, "usage: ask HOST PORT TRIES TIMEOUT_MS VERB [TEXT]\n");
    exit(2);
}

int main(int argc, char **argv)
{
    if (argc != 6 && argc != 7)
        whole("", 0, 0);
    whole(argv[2], 0, 65535);
    long tries = whole(argv[3], 1, 100), ms = whole(argv[4], 1, 60000);
    uint16_t random;
    char query[600], room[66000];
    if (getrandom(&random, sizeof random, 0) != sizeof random)
        return 1;
    int id = snprintf(query, sizeof query, "%u ", random);
    int n = snprintf(query + id, sizeof query - (size_t)id, "%s%s%s", argv[5], argc == 7 ? " " : "",
                     argc == 7 ? argv[6] : "");
    if (id + n > 512)
        return fprintf(stderr, "ask: query too long\n"), 1;
    struct addrinfo hints = {.ai_family = AF_INET6,
                             .ai_socktype = SOCK_DGRAM,
                             .ai_flags = AI_V4MAPPED},
                    *list;
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fprintf(stderr, "ask: %s\n", gai_strerror(error)), 1;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (connect(fd, list->ai_addr, list->ai_addrlen))
        return perror("ask: connect"), 1;
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), loop = epoll_create1(0);
    struct epoll_event a = {.events = EPOLLIN, .data.fd = fd},
                       b = {.events = EPOLLIN, .data.fd = timer}, event;
    epoll_ctl(loop, EPOLL_CTL_ADD, fd, &a);
    epoll_ctl(loop, EPOLL_CTL_ADD, timer, &b);
    struct itimerspec every = {{ms / 1000, ms % 1000 * 1000000}, {ms / 1000, ms % 1000 * 1000000}};
    timerfd_settime(timer, 0, &every, NULL);
    send(fd, query, (size_t)(id + n), 0);
    for (;;) {
        if (epoll_wait(loop, &event, 1, -1) < 1)
            continue;
        uint64_t expired;
        if (event.data.fd == timer && read(timer, &expired, sizeof expired) == sizeof expired) {
            if (--tries == 0)
                return fprintf(stderr, "ask: no answer\n"), 1;
            if (send(fd, query, (size_t)(id + n), 0) == -1)
                send(fd, query, (size_t)(id + n), 0);
            continue;
        }
        ssize_t got = recv(fd, room, sizeof room, 0);
        if (got < id || memcmp(room, query, (size_t)id) != 0)
            continue;
        char *text = room + id;
        size_t length = (size_t)(got - id);
        int bad = length >= 6 && strncmp(text, "error:", 6) == 0;
        FILE *out = bad ? stderr : stdout;
        fwrite(text, 1, length, out);
        fputc('\n', out);
        return fclose(out) != 0 || bad;
    }
}

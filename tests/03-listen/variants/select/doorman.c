/* Waits with select(); the address filled in by hand where the host is a number. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static int number(const char *s, unsigned long most, unsigned long *n)
{
    *n = 0;
    if (!*s)
        return 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || (*n = *n * 10 + (unsigned long)(*s - '0')) > most)
            return 0;
    }
    return 1;
}

static int fail(const char *what)
{
    perror(what);
    return 1;
}

int main(int argc, char *argv[])
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } at;
    unsigned long port, backlog;
    char text[INET6_ADDRSTRLEN];
    socklen_t size;
    int one = 1;

    if (argc != 4 || !number(argv[2], 65535, &port) || !number(argv[3], 2147483647, &backlog)) {
        fprintf(stderr, "usage: doorman HOST PORT BACKLOG\n");
        return 2;
    }
    memset(&at, 0, sizeof at);
    if (inet_pton(AF_INET, argv[1], &at.four.sin_addr) == 1) {
        at.four.sin_family = AF_INET;
        at.four.sin_port = htons((uint16_t)port);
        size = sizeof at.four;
    } else if (inet_pton(AF_INET6, argv[1], &at.six.sin6_addr) == 1) {
        at.six.sin6_family = AF_INET6;
        at.six.sin6_port = htons((uint16_t)port);
        size = sizeof at.six;
    } else {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found;
        int error = getaddrinfo(argv[1], argv[2], &hints, &found);
        if (error) {
            fprintf(stderr, "doorman: %s\n", gai_strerror(error));
            return 1;
        }
        size = found->ai_addrlen;
        memcpy(&at, found->ai_addr, size);
    }
    int door = socket(at.any.sa_family, SOCK_STREAM, 0);
    if (door == -1)
        return fail("socket");
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &(int){0}, sizeof one);
    if (bind(door, &at.any, size) == -1)
        return fail("bind");
    if (listen(door, (int)backlog) == -1)
        return fail("listen");
    size = sizeof at;
    if (getsockname(door, &at.any, &size) == -1)
        return fail("getsockname");
    if (at.any.sa_family == AF_INET)
        printf("listening on %s:%u\n", inet_ntop(AF_INET, &at.four.sin_addr, text, sizeof text),
               ntohs(at.four.sin_port));
    else
        printf("listening on [%s]:%u\n", inet_ntop(AF_INET6, &at.six.sin6_addr, text, sizeof text),
               ntohs(at.six.sin6_port));
    if (fflush(stdout) || ferror(stdout))
        return fail("stdout");

    for (int watch_door = 1;;) {
        fd_set ready;
        FD_ZERO(&ready);
        FD_SET(0, &ready);
        if (watch_door)
            FD_SET(door, &ready);
        if (select(door + 1, &ready, NULL, NULL, NULL) == -1) {
            if (errno == EINTR)
                continue;
            return fail("select");
        }
        if (FD_ISSET(door, &ready)) {
            puts("knock");
            fflush(stdout);
            watch_door = 0;
        }
        char junk[64];
        if (FD_ISSET(0, &ready) && read(0, junk, sizeof junk) == 0)
            return 0;
    }
}

/* Differs: it collects what comes in a heap buffer that grows, cuts frames out of it, and sends the
 * answer in small pieces, the prefix apart from it; big-endian by shifts. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct box {
    unsigned char *at;
    size_t used, room;
};

static int push(int fd, const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
    return 0;
}

static int answer(int fd, const unsigned char *frame, size_t length)
{
    unsigned char turned[512];
    if (push(fd, frame, 4) != 0)
        return -1;
    for (size_t i = length, n = 0; i > 0;) {
        turned[n++] = frame[4 + --i];
        if (n == sizeof turned || i == 0) {
            if (push(fd, turned, n) != 0)
                return -1;
            n = 0;
        }
    }
    return 0;
}

/* Answers all frames that are whole. -1: this client is to be dropped. */
static int cut(int fd, struct box *box)
{
    size_t start = 0;
    while (box->used - start >= 4) {
        const unsigned char *p = box->at + start;
        unsigned long length = (unsigned long)p[0] << 24 | (unsigned long)p[1] << 16 |
                               (unsigned long)p[2] << 8 | (unsigned long)p[3];
        if (length > 65536)
            return -1;
        if (box->used - start < 4 + length)
            break;
        if (answer(fd, p, length) != 0)
            return -1;
        start += 4 + length;
    }
    memmove(box->at, box->at + start, box->used - start);
    box->used -= start;
    return 0;
}

static void serve(int fd)
{
    struct box box = {NULL, 0, 0};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    for (;;) {
        if (box.room - box.used < 1500) {
            box.room = box.room * 2 + 3000;
            unsigned char *more = realloc(box.at, box.room);
            if (!more)
                break;
            box.at = more;
        }
        struct iovec parts[] = {{box.at + box.used, 3}, {box.at + box.used + 3, 1497}};
        ssize_t n = readv(fd, parts, 2);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        box.used += (size_t)n;
        if (cut(fd, &box) != 0)
            break;
    }
    free(box.at);
}

int main(int argc, char *argv[])
{
    unsigned port;
    char rest;
    if (argc != 3 || strspn(argv[2], "0123456789") != strlen(argv[2]) || strlen(argv[2]) > 5 ||
        sscanf(argv[2], "%u%c", &port, &rest) != 1 || port > 65535) {
        fprintf(stderr, "usage: msgserver HOST PORT\n");
        return 2;
    }
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe, NULL);

    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *got, *a;
    int code = getaddrinfo(argv[1], argv[2], &want, &got), door = -1;
    if (code) {
        fprintf(stderr, "msgserver: %s\n", gai_strerror(code));
        return 1;
    }
    for (a = got; a; a = a->ai_next) {
        if ((door = socket(a->ai_family, a->ai_socktype, a->ai_protocol)) < 0)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &(int){0}, sizeof(int));
        if (bind(door, a->ai_addr, a->ai_addrlen) == 0)
            break;
        perror("msgserver: bind");
        close(door);
    }
    if (!a)
        return 1;
    if (listen(door, 5) < 0) {
        perror("msgserver: listen");
        return 1;
    }
    freeaddrinfo(got);
    struct sockaddr_storage s;
    char host[100], service[10];
    if (getsockname(door, (struct sockaddr *)&s, &(socklen_t){sizeof s}) < 0 ||
        getnameinfo((struct sockaddr *)&s, sizeof s, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return 1;
    dprintf(2, "msgserver, one client after another\n");
    if (dprintf(1, strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
                service) < 0)
        return 1;
    for (;;) {
        int fd = accept(door, NULL, NULL);
        if (fd < 0) {
            usleep(30000); /* no room for it just now: a pause, not a busy loop */
            continue;
        }
        serve(fd);
        close(fd);
    }
}

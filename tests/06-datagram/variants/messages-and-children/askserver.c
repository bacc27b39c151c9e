/* Variant: a child answers each query with sendmsg(); recvmsg() tells by MSG_TRUNC what was cut. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int die(const char *call, const char *reason)
{
    fprintf(stderr, "askserver: %s: %s\n", call, reason);
    return 1;
}

/* An answer in up to three parts. Returns how many; 0: no answer. */
static int answer(char *bytes, size_t length, int cut, struct iovec *parts)
{
    static char clock_text[64];
#define SAY(i, s)                                                                                  \
    parts[i] = (struct iovec)                                                                      \
    {                                                                                              \
        (void *)(s), strlen(s)                                                                     \
    }
    if (length >= 6 && memcmp(bytes, "error:", 6) == 0)
        return 0;
    if (cut) {
        SAY(0, "error: too long");
        return 1;
    }
    SAY(0, "error: bad query");
    char *end = bytes + length, *p = bytes;
    while (p < end && isdigit((unsigned char)*p))
        p++;
    if (p == bytes || p - bytes > 10 || p == end || *p != ' ' || p + 1 == end || p[1] == ' ')
        return 1;
    char *verb = p + 1, *space = memchr(verb, ' ', (size_t)(end - verb));
    size_t verb_length = (size_t)((space ? space : end) - verb);
    parts[0] = (struct iovec){bytes, (size_t)(verb - bytes)};
    if (verb_length == 4 && memcmp(verb, "time", 4) == 0) {
        time_t now = time(NULL);
        ctime_r(&now, clock_text);
        parts[1] = (struct iovec){clock_text, 24};
    } else if (verb_length != 4 || memcmp(verb, "echo", 4) != 0) {
        SAY(1, "error: unknown query");
    } else if (!space) {
        SAY(1, "error: bad query");
    } else {
        parts[1] = (struct iovec){space + 1, (size_t)(end - space - 1)};
    }
    return 2;
}

int main(int argc, char **argv)
{
    char *rest;
    if (argc != 3 || !isdigit((unsigned char)*argv[2]) || strtol(argv[2], &rest, 10) > 65535 ||
        *rest) {
        fprintf(stderr, "usage: askserver HOST PORT\n");
        return 2;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE}, *list;
    int error = getaddrinfo(argv[1], argv[2], &hints, &list), fd = -1;
    if (error)
        return die("getaddrinfo", gai_strerror(error));
    for (; list; list = list->ai_next) {
        fd = socket(list->ai_family, SOCK_DGRAM, 0);
        int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(fd, list->ai_addr, list->ai_addrlen) == 0)
            break;
        error = errno;
        close(fd);
        fd = -1;
    }
    if (fd == -1)
        return die("bind", strerror(error));
    struct sockaddr_storage who;
    socklen_t size = sizeof who;
    char host[64], port[8];
    getsockname(fd, (struct sockaddr *)&who, &size);
    getnameinfo((struct sockaddr *)&who, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (printf(who.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
               port) < 0 ||
        fflush(stdout) == EOF)
        return die("stdout", strerror(errno));
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        char room[512];
        struct iovec in = {room, sizeof room}, out[2];
        struct msghdr message = {
            .msg_name = &who, .msg_namelen = sizeof who, .msg_iov = &in, .msg_iovlen = 1};
        ssize_t count = recvmsg(fd, &message, 0);
        if (count < 0)
            continue;
        int parts = answer(room, (size_t)count, message.msg_flags & MSG_TRUNC, out);
        if (parts == 0)
            continue;
        message.msg_iov = out;
        message.msg_iovlen = (size_t)parts;
        pid_t child = fork();
        if (child <= 0)
            sendmsg(fd, &message, 0);
        if (child == 0)
            _exit(0);
    }
}

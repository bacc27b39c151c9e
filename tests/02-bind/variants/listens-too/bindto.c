/* Listens on what it bound, sets SO_REUSEPORT as well, is non-blocking, has no buffered output, and
 * a thread reads standard input. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void *drain(void *unused)
{
    char c;
    ssize_t n;
    (void)unused;
    while ((n = read(0, &c, 1)) == 1 || (n < 0 && errno == EINTR))
        ;
    return NULL;
}

static void die(const char *what, const char *why)
{
    dprintf(2, "bindto: %s: %s\n", what, why);
    exit(1);
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM,
                             .ai_protocol = IPPROTO_TCP},
                    *list, *a;
    int one = 1, fd = -1, error = 0, code;
    unsigned port;
    char junk, host[128], serv[8], line[256];
    pthread_t thread;

    if (argc != 3 || strspn(argv[2], "0123456789") != strlen(argv[2]) || strlen(argv[2]) > 9 ||
        sscanf(argv[2], "%u%c", &port, &junk) != 1 || port > 0xffff) {
        dprintf(2, "usage: %s HOST PORT\n", argv[0]);
        return 2;
    }
    if ((code = getaddrinfo(argv[1], argv[2], &hints, &list)) != 0)
        die(argv[1], gai_strerror(code));
    for (a = list; a; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
        if (fd == -1) {
            error = errno;
            continue;
        }
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
        if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, 1) == 0)
            break;
        error = errno;
        close(fd);
        fd = -1;
    }
    if (fd == -1)
        die("bind", strerror(error));
    struct sockaddr_storage mine;
    socklen_t size = sizeof mine;
    if (getsockname(fd, (struct sockaddr *)&mine, &size) == -1)
        die("getsockname", strerror(errno));
    code = getnameinfo((struct sockaddr *)&mine, size, host, sizeof host, serv, sizeof serv,
                       NI_NUMERICHOST | NI_NUMERICSERV);
    if (code)
        die("getnameinfo", gai_strerror(code));
    int v6 = mine.ss_family == AF_INET6;
    int length = snprintf(line, sizeof line, "bound to %s%s%s:%s\n", v6 ? "[" : "", host,
                          v6 ? "]" : "", serv);
    if (write(1, line, (size_t)length) != length)
        die("write", strerror(errno));
    if (pthread_create(&thread, NULL, drain, NULL) != 0)
        die("pthread_create", "no thread");
    pthread_join(thread, NULL);
    return 0;
}

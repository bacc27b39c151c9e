/* Asks socket options for both answers (SO_DOMAIN), has spare descriptors open, writes with
 * dprintf(), and closes the socket before it says a word. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int digits(const char *s)
{
    long long n = 0;
    if (!*s)
        return -1;
    for (; *s; s++) {
        if (!isdigit((unsigned char)*s))
            return -1;
        n = n * 10 + (*s - '0');
        if (n > 2147483647)
            return -1;
    }
    return (int)n;
}

static int option(int fd, int name)
{
    int value;
    socklen_t length = sizeof value;
    if (getsockopt(fd, SOL_SOCKET, name, &value, &length) < 0) {
        perror("getsockopt");
        exit(1);
    }
    return value;
}

int main(int argc, char **argv)
{
    int family = -1, type = -1;
    if (argc == 3) {
        family = !strcmp(argv[1], "inet")    ? AF_INET
                 : !strcmp(argv[1], "inet6") ? AF_INET6
                 : !strcmp(argv[1], "unix")  ? AF_UNIX
                                             : digits(argv[1]);
        type = !strcmp(argv[2], "stream")  ? SOCK_STREAM
               : !strcmp(argv[2], "dgram") ? SOCK_DGRAM
                                           : digits(argv[2]);
    }
    if (family < 0 || type < 0) {
        dprintf(2, "usage: %s FAMILY TYPE\n", argv[0]);
        return 2;
    }
    int log = open("/dev/null", O_WRONLY), log2 = dup(log);
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        perror("cannot make the socket");
        return 1;
    }
    family = option(fd, SO_DOMAIN);
    type = option(fd, SO_TYPE);
    close(fd);
    close(log);
    close(log2);
    char f[16], t[16];
    snprintf(f, sizeof f, "%d", family);
    snprintf(t, sizeof t, "%d", type);
    const char *fn = family == AF_INET    ? "inet"
                     : family == AF_INET6 ? "inet6"
                     : family == AF_UNIX  ? "unix"
                                          : f;
    const char *tn = type == SOCK_STREAM ? "stream" : type == SOCK_DGRAM ? "dgram" : t;
    if (dprintf(1, "fd=%d family=%s type=%s\n", fd, fn, tn) < 0) {
        perror("write");
        return 1;
    }
    return 0;
}

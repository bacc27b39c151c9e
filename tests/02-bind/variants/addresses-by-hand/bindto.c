/* Fills the addresses in by hand with inet_pton() and htons(), asks getaddrinfo() for names only,
 * prints with inet_ntop(), and waits with poll() and stdio. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int try_to_bind(union address *address, unsigned short port)
{
    socklen_t length;
    if (address->any.sa_family == AF_INET) {
        address->v4.sin_port = htons(port);
        length = sizeof address->v4;
    } else {
        address->v6.sin6_port = htons(port);
        length = sizeof address->v6;
    }
    int fd = socket(address->any.sa_family, SOCK_STREAM, IPPROTO_TCP);
    int one = 1, v6only = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (address->any.sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
    if (bind(fd, &address->any, length) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int bind_name(const char *name, unsigned short port)
{
    struct addrinfo *list, *p, hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    int fd = -1, code = getaddrinfo(name, NULL, &hints, &list);
    if (code) {
        fprintf(stderr, "bindto: %s: %s\n", name, gai_strerror(code));
        exit(1);
    }
    for (p = list; p != NULL; p = p->ai_next) {
        union address address;
        memcpy(&address, p->ai_addr, p->ai_addrlen);
        if ((fd = try_to_bind(&address, port)) >= 0)
            break;
    }
    freeaddrinfo(list);
    return fd;
}

int main(int argc, char *argv[])
{
    union address address;
    char text[INET6_ADDRSTRLEN], line[256];
    long port = 0;
    const char *c;
    int fd;

    if (argc != 3 || !argv[2][0]) {
        fprintf(stderr, "usage: bindto HOST PORT\n");
        exit(2);
    }
    for (c = argv[2]; *c; c++) {
        if (*c < '0' || *c > '9' || (port = port * 10 + (*c - '0')) > 65535) {
            fprintf(stderr, "usage: bindto HOST PORT (a PORT is 0 to 65535, not %s)\n", argv[2]);
            exit(2);
        }
    }
    memset(&address, 0, sizeof address);
    if (inet_pton(AF_INET, argv[1], &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        fd = try_to_bind(&address, (unsigned short)port);
    } else if (inet_pton(AF_INET6, argv[1], &address.v6.sin6_addr) == 1) {
        address.v6.sin6_family = AF_INET6;
        fd = try_to_bind(&address, (unsigned short)port);
    } else {
        fd = bind_name(argv[1], (unsigned short)port);
    }
    if (fd < 0) {
        perror("bindto");
        exit(1);
    }
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) < 0) {
        perror("bindto: getsockname");
        exit(1);
    }
    if (address.any.sa_family == AF_INET)
        printf("bound to %s:%u\n", inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text),
               ntohs(address.v4.sin_port));
    else
        printf("bound to [%s]:%u\n", inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text),
               ntohs(address.v6.sin6_port));
    if (fflush(stdout) == EOF) {
        perror("bindto: stdout");
        exit(1);
    }
    do {
        struct pollfd input = {.fd = 0, .events = POLLIN};
        poll(&input, 1, -1);
    } while (fgets(line, sizeof line, stdin) != NULL || !feof(stdin));
    close(fd);
    return 0;
}

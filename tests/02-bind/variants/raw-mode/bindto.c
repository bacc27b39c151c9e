/* Ignores SIGPIPE, compares the port as text, writes with writev(), waits with select() and reads
 * byte by byte; never calls getnameinfo(). */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *word(const struct sockaddr_storage *s, char *to, size_t size)
{
    char host[INET6_ADDRSTRLEN];
    if (s->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)s;
        inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
        snprintf(to, size, "[%s]:%hu", host, ntohs(six->sin6_port));
    } else {
        const struct sockaddr_in *four = (const void *)s;
        inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
        snprintf(to, size, "%s:%hu", host, ntohs(four->sin_port));
    }
    return to;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    size_t length = argc == 3 ? strlen(argv[2]) : 0;
    if (length < 1 || length > 5 || strspn(argv[2], "0123456789") != length ||
        (length == 5 && strcmp(argv[2], "65535") > 0)) {
        fputs("usage: bindto HOST PORT\n", stderr);
        return 2;
    }
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    int why = getaddrinfo(argv[1], argv[2], &hints, &list), fd = -1, last = 0;
    if (why) {
        fprintf(stderr, "bindto: %s\n", gai_strerror(why));
        return 1;
    }
    while (list && fd < 0) {
        int yes = 1;
        fd = socket(list->ai_family, SOCK_STREAM, 0);
        if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
                        bind(fd, list->ai_addr, list->ai_addrlen) < 0)) {
            last = errno;
            close(fd);
            fd = -1;
        }
        list = list->ai_next; /* the list stays until the end */
    }
    if (fd < 0) {
        errno = last;
        perror("bindto: bind");
        return 1;
    }
    struct sockaddr_storage here;
    socklen_t size = sizeof here;
    char text[80];
    getsockname(fd, (struct sockaddr *)&here, &size);
    word(&here, text, sizeof text);
    struct iovec line[] = {{"bound to ", 9}, {text, strlen(text)}, {"\n", 1}};
    if (writev(1, line, 3) < 0) {
        perror("bindto: writev");
        return 1;
    }
    for (;;) {
        char byte;
        fd_set set;
        FD_ZERO(&set);
        FD_SET(0, &set);
        if (select(1, &set, NULL, NULL, NULL) == 1 && read(0, &byte, 1) == 0)
            return 0;
    }
}

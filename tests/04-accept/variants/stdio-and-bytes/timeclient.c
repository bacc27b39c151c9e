/* stdio over the socket, a character at a time; unbuffered output. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct addrinfo *list, hints;
    char *end;
    int fd = -1, error;
    if (argc != 3 || argv[2][0] < '0' || argv[2][0] > '9' || strtoul(argv[2], &end, 10) > 65535 ||
        *end) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return 2;
    }
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error) {
        fprintf(stderr, "%s: %s\n", argv[0], gai_strerror(error));
        return 1;
    }
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM, 0);
        if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
            break;
        error = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd == -1) {
        fprintf(stderr, "%s: %s\n", argv[0], strerror(error));
        return 1;
    }
    FILE *server = fdopen(fd, "r");
    setvbuf(server, NULL, _IOFBF, 7);
    setvbuf(stdout, NULL, _IONBF, 0);
    int c, any = 0;
    while ((c = getc(server)) != EOF) {
        any = 1;
        if (putchar(c) == EOF || ferror(stdout)) {
            perror("stdout");
            return 1;
        }
    }
    if (ferror(server))
        perror("server");
    return ferror(server) || !any;
}

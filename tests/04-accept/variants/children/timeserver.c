/* A process for each client; a dual-stack or plain socket by hand; ctime(); shutdown before close.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void show(char *to, size_t size, const struct sockaddr_storage *address, socklen_t length)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    getnameinfo((const void *)address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(to, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static void serve(int fd, const struct sockaddr_storage *from, socklen_t length)
{
    struct sockaddr_storage here;
    socklen_t size = sizeof here;
    char theirs[300], ours[300], line[700];
    if (getsockname(fd, (void *)&here, &size) == -1)
        _exit(1);
    show(theirs, sizeof theirs, from, length);
    show(ours, sizeof ours, &here, size);
    int n = snprintf(line, sizeof line, "%s -> %s\n", theirs, ours);
    if (write(1, line, (size_t)n) != n)
        _exit(1);
    time_t now = time(NULL);
    char *words = ctime(&now);
    memcpy(line, words, 24);
    memcpy(line + 24, "\r\n", 2);
    if (write(fd, line, 26) != 26)
        _exit(1);
    shutdown(fd, SHUT_WR);
    close(fd);
    _exit(0);
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
    if (argc != 3 || !*argv[2] || argv[2][strspn(argv[2], "0123456789")] || strlen(argv[2]) > 5 ||
        atoi(argv[2]) > 65535) {
        fprintf(stderr, "usage: timeserver HOST PORT\n");
        return 2;
    }
    int code = getaddrinfo(argv[1], argv[2], &hints, &list), door = -1;
    if (code) {
        fprintf(stderr, "timeserver: %s: %s\n", argv[1], gai_strerror(code));
        return 1;
    }
    for (struct addrinfo *ai = list; ai && door == -1; ai = ai->ai_next) {
        door = socket(ai->ai_family, ai->ai_socktype, 0);
        if (door == -1)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &(int){0}, sizeof(int));
        if (bind(door, ai->ai_addr, ai->ai_addrlen)) {
            code = errno;
            close(door);
            errno = code;
            door = -1;
        }
    }
    if (door == -1 || listen(door, SOMAXCONN)) {
        perror("timeserver: bind");
        return 1;
    }
    struct sockaddr_storage here;
    socklen_t size = sizeof here;
    char where[300], line[400];
    getsockname(door, (void *)&here, &size);
    show(where, sizeof where, &here, size);
    int n = snprintf(line, sizeof line, "listening on %s\n", where);
    if (write(1, line, (size_t)n) != n) {
        perror("timeserver: write");
        return 1;
    }
    for (;;) {
        struct sockaddr_storage from;
        size = sizeof from;
        while (waitpid(-1, NULL, WNOHANG) > 0)
            continue;
        int fd = accept(door, (void *)&from, &size);
        if (fd == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                nanosleep(&(struct timespec){0, 20000000}, NULL);
            continue;
        }
        pid_t child = fork();
        if (child == 0) {
            close(door);
            serve(fd, &from, size);
        }
        close(fd);
    }
}

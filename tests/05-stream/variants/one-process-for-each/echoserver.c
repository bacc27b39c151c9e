/* Differs: a process for each client, which echoes with stdio over the socket, byte by byte,
 * flushed when nothing more is there; ended children are collected at the next client. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void echo(int fd)
{
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    if (!in || !out)
        return;
    setvbuf(in, NULL, _IONBF, 0);
    char chunk[777];
    for (;;) {
        struct pollfd more = {.fd = fd, .events = POLLIN};
        if (poll(&more, 1, 0) == 0 && fflush(out) != 0)
            return; /* nothing more for now: what there is goes out */
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++)
            if (putc(chunk[i], out) == EOF)
                return;
    }
    fclose(out);
}

int main(int argc, char **argv)
{
    if (argc != 3 || !*argv[2] || argv[2][strspn(argv[2], "0123456789")] || strlen(argv[2]) > 5 ||
        atol(argv[2]) > 65535) {
        fprintf(stderr, "usage: %s HOST PORT\n", argv[0]);
        return 2;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list, *at;
    int door = -1, one = 1;
    int status = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (status) {
        fprintf(stderr, "%s\n", gai_strerror(status));
        return 1;
    }
    for (at = list; at; at = at->ai_next) {
        door = socket(at->ai_family, SOCK_STREAM, 0);
        if (door == -1)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(door, at->ai_addr, at->ai_addrlen) == 0 && listen(door, 10) == 0)
            break;
        if (at->ai_next)
            close(door);
    }
    if (!at) {
        perror("echoserver");
        return 1;
    }
    struct sockaddr_storage here;
    socklen_t room = sizeof here;
    char host[256], port[32];
    if (getsockname(door, (struct sockaddr *)&here, &room) ||
        getnameinfo((struct sockaddr *)&here, room, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strchr(host, ':') ? printf("listening on [%s]:%s\n", host, port) < 0
                          : printf("listening on %s:%s\n", host, port) < 0)
        return 1;

    for (;;) {
        int client = accept(door, NULL, NULL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (client == -1) {
            if (errno != EINTR && errno != ECONNABORTED)
                usleep(100000); /* no room for it just now: a pause, not a busy loop */
            continue;
        }
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM); /* it ends with its parent */
            close(door);
            echo(client);
            _exit(0); /* SIGPIPE may end this process: only its client is concerned */
        }
        close(client);
    }
}

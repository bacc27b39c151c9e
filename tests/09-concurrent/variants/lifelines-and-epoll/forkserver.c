/* Differs: SIGCHLD is ignored, so nobody has to be collected; SIGTERM simply kills the parent, and
 * the children see it by the end of file of a pipe (a lifeline). Sockets do not block. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int lifeline[2];

static void serve(int fd)
{
    static char bytes[30000];
    ssize_t from = 0, to = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        struct pollfd wait[2] = {{.fd = lifeline[0], .events = POLLIN},
                                 {.fd = fd, .events = from < to ? POLLOUT : POLLIN}};
        poll(wait, 2, -1);
        if (wait[0].revents)
            _exit(0); /* the parent has gone */
        if (!wait[1].revents)
            continue;
        if (from == to) {
            from = 0;
            to = recv(fd, bytes, sizeof bytes, 0);
            if (to == 0 || (to < 0 && errno != EAGAIN && errno != EINTR))
                _exit(0);
            to = to < 0 ? 0 : to;
        }
        if (from < to) {
            ssize_t n = send(fd, bytes + from, (size_t)(to - from), MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                _exit(0);
            from += n < 0 ? 0 : n;
        }
    }
}

static int give_up(const char *why)
{
    fprintf(stderr, "forkserver: %s\n", why);
    return 1;
}

/* Opens the door and says so; exits where that fails. */
static int open_up(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 3 || strspn(argv[2], "0123456789") == 0 || strtol(argv[2], &end, 10) > 65535 ||
        *end) {
        fprintf(stderr, "usage: forkserver HOST PORT\n");
        exit(2);
    }
    struct addrinfo *a, *list, hints = {.ai_socktype = SOCK_STREAM};
    int door = -1, code = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (code)
        exit(give_up(gai_strerror(code)));
    for (a = list; a; a = a->ai_next) {
        door = socket(a->ai_family, SOCK_STREAM, 0);
        if (door < 0)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(door, a->ai_addr, a->ai_addrlen) == 0 && listen(door, 50) == 0)
            break;
        give_up(strerror(errno));
        close(door);
    }
    if (!a)
        exit(1);
    struct sockaddr_storage s;
    socklen_t size = sizeof s;
    char host[64], port[8];
    getsockname(door, (struct sockaddr *)&s, &size);
    getnameinfo((struct sockaddr *)&s, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (printf(s.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
               port) < 0 ||
        fflush(stdout))
        exit(give_up("write"));
    return door;
}

int main(int argc, char **argv)
{
    if (pipe(lifeline) != 0)
        return give_up(strerror(errno));
    signal(SIGCHLD, SIG_IGN);
    int door = open_up(argc, argv);
    for (;;) {
        int fd = accept(door, NULL, NULL);
        pid_t child = fd < 0 ? -1 : fork();
        if (child == 0) {
            close(door);
            close(lifeline[1]);
            serve(fd);
        }
        if (fd >= 0)
            close(fd);
        if (child < 0)
            poll(NULL, 0, 20);
    }
}

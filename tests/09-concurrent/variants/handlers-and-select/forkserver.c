/* Differs: children are collected in the handler of SIGCHLD, with SA_RESTART; the handler of
 * SIGTERM ends the whole process group. read() and write(), a buffer of 1000 bytes. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void collect(int number)
{
    int saved = errno;
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

static void end(int number)
{
    (void)number;
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    _exit(0);
}

static void serve(int fd)
{
    char bytes[1000];
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        for (ssize_t done = 0, m; done < n; done += m)
            if ((m = write(fd, bytes + done, (size_t)(n - done))) < 0) {
                if (errno != EINTR)
                    _exit(1);
                m = 0;
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
    setpgid(0, 0); /* fails where this process already leads its group */
    int door = open_up(argc, argv);
    struct sigaction on_child = {.sa_handler = collect, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    sigaction(SIGCHLD, &on_child, NULL);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = end}, NULL);
    for (;;) {
        int fd = accept(door, NULL, NULL);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                poll(NULL, 0, 100);
            continue;
        }
        switch (fork()) {
        case 0:
            signal(SIGTERM, SIG_DFL);
            close(door);
            serve(fd);
            break;
        case -1:
            fprintf(stderr, "no child for a client: %s\n", strerror(errno));
        }
        close(fd);
    }
}

/* Differs: a second thread waits for signals with sigwait(), collects children and ends the
 * process group; each client is served by a grandchild, splice() moves its bytes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t signals;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER; /* a process right now */

static void *attend_signals(void *unused)
{
    int number;
    (void)unused;
    while (sigwait(&signals, &number) == 0)
        if (number == SIGTERM) {
            pthread_mutex_lock(&making);
            signal(SIGTERM, SIG_IGN);
            kill(0, SIGTERM);
            _exit(0);
        }
    return NULL;
}

static void serve(int fd)
{
    int pipes[2];
    if (pipe(pipes) != 0)
        _exit(1);
    for (;;) {
        ssize_t n = splice(fd, NULL, pipes[1], NULL, 65536, SPLICE_F_MOVE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(0);
        while (n > 0) {
            ssize_t m = splice(pipes[0], NULL, fd, NULL, (size_t)n, SPLICE_F_MOVE);
            if (m < 0 && errno != EINTR)
                _exit(0);
            n -= m < 0 ? 0 : m;
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
    pthread_t thread;
    setpgid(0, 0);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (pthread_create(&thread, NULL, attend_signals, NULL))
        return give_up("pthread_create");
    int door = open_up(argc, argv);
    fcntl(door, F_SETFD, FD_CLOEXEC);
    for (;;) {
        int fd = accept(door, NULL, NULL), status = 1;
        if (fd < 0) {
            poll(NULL, 0, 20);
            continue;
        }
        pthread_mutex_lock(&making);
        pid_t child = fork();
        if (child == 0) {
            close(door);
            pid_t grandchild = fork();
            if (grandchild != 0)
                _exit(grandchild < 0);
            signal(SIGTERM, SIG_DFL);
            sigprocmask(SIG_UNBLOCK, &signals, NULL);
            serve(fd);
        }
        close(fd);
        if (child > 0)
            waitpid(child, &status, 0);
        pthread_mutex_unlock(&making);
        if (status)
            fprintf(stderr, "forkserver: no process for a client\n");
    }
}

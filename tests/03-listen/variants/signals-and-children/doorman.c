/* Two processes: a child waits for the door, the parent for the end of input and ends both. */
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

static void fail(const char *call, const char *why)
{
    fprintf(stderr, "doorman: %s: %s\n", call, why);
    exit(1);
}

static long plain(const char *s, long most)
{
    char *end;
    errno = 0;
    long n = strtol(s, &end, 10);
    return *s >= '0' && *s <= '9' && !*end && !errno && n <= most ? n : -1;
}

int main(int argc, char **argv)
{
    long backlog = argc == 4 ? plain(argv[3], 2147483647) : -1;
    if (backlog < 0 || plain(argv[2], 65535) < 0) {
        fprintf(stderr, "usage: doorman HOST PORT BACKLOG\n");
        exit(2);
    }
    struct addrinfo *list = NULL, hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(argv[1], argv[2], &hints, &list), door = -1, error = 0;
    if (code)
        fail("getaddrinfo", gai_strerror(code));
    for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        door = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (door == -1) {
            error = errno;
            continue;
        }
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        error = errno;
        close(door);
        door = -1;
    }
    freeaddrinfo(list);
    if (door == -1)
        fail("bind", strerror(error));
    if (listen(door, (int)backlog) == -1)
        fail("listen", strerror(errno));
    struct sockaddr_storage me;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    getsockname(door, (struct sockaddr *)&me, &(socklen_t){sizeof me});
    getnameinfo((struct sockaddr *)&me, me.ss_family == AF_INET ? 16 : 28, host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    setvbuf(stdout, NULL, _IONBF, 0);
    char line[NI_MAXHOST + 64];
    int length =
        snprintf(line, sizeof line,
                 strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host, port);
    if (write(1, line, (size_t)length) != length)
        fail("write", strerror(errno));

    pid_t watcher = fork();
    if (watcher == -1)
        fail("fork", strerror(errno));
    if (watcher == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        struct pollfd one = {.fd = door, .events = POLLIN};
        while (poll(&one, 1, -1) != 1)
            continue;
        if (write(1, "knock\n", 6) == -1)
            _exit(1);
        for (;;)
            pause();
    }
    char junk[4096];
    ssize_t got;
    while ((got = read(0, junk, sizeof junk)) != 0)
        if (got == -1 && errno != EINTR)
            break;
    kill(watcher, SIGKILL);
    waitpid(watcher, NULL, 0);
    return got == 0 ? 0 : 1;
}

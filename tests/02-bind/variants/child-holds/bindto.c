/* A child inherits the socket and holds it while the parent waits for the child; signals are
 * caught, the socket lives on a high descriptor, and standard input is emptied in big pieces. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static void ignore(int signal)
{
    (void)signal;
}

static int hold(void)
{
    static char room[65536];
    for (;;) {
        ssize_t count = read(STDIN_FILENO, room, sizeof room);
        if (count == 0)
            return 0;
        if (count == -1 && errno != EINTR)
            return 1;
    }
}

static int bound(struct addrinfo *list)
{
    if (!list) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int low = socket(list->ai_family, SOCK_STREAM, 0), error;
    int fd = low == -1 ? -1 : fcntl(low, F_DUPFD, 100);
    if (low != -1)
        close(low);
    if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0 &&
        bind(fd, list->ai_addr, list->ai_addrlen) == 0)
        return fd;
    error = errno;
    if (fd != -1)
        close(fd);
    if (list->ai_next)
        return bound(list->ai_next);
    errno = error;
    return -1;
}

int main(int argc, char **argv)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = ignore;
    sigaction(SIGCONT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);

    char *end = NULL;
    unsigned long port = argc == 3 ? strtoul(argv[2], &end, 10) : 65536;
    if (port > 65535 || *end || argv[2][0] < '0' || argv[2][0] > '9') {
        fprintf(stderr, "usage: bindto HOST PORT\n");
        exit(EXIT_FAILURE + 1);
    }
    struct addrinfo hints, *list;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    char service[8];
    snprintf(service, sizeof service, "%lu", port);
    int code = getaddrinfo(argv[1], service, &hints, &list);
    if (code) {
        fprintf(stderr, "%s is nowhere to be found: %s\n", argv[1], gai_strerror(code));
        exit(1);
    }
    int fd = bound(list);
    if (fd == -1) {
        perror("bind");
        exit(1);
    }
    freeaddrinfo(list);
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char host[NI_MAXHOST], number[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&address, &length) == -1 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof host, number, sizeof number,
                    NI_NUMERICHOST | NI_NUMERICSERV)) {
        perror("getsockname");
        exit(1);
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    if (printf(address.ss_family == AF_INET ? "bound to %s:%s\n" : "bound to [%s]:%s\n", host,
               number) < 0) {
        perror("stdout");
        exit(1);
    }
    pid_t child = fork();
    if (child == -1)
        exit(1);
    if (child == 0)
        _exit(hold());
    close(fd);
    int status;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Differs: the child sends, the parent prints, with stdio on both ends; the count of the bytes sent
 * comes back through a pipe. */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

static long long send_all_input(int server)
{
    static char block[65536];
    long long sum = 0;
    size_t n;
    while ((n = fread(block, 1, sizeof block, stdin)) > 0) {
        for (size_t gone = 0; gone < n;) {
            ssize_t now = send(server, block + gone, n - gone, MSG_NOSIGNAL);
            if (now < 0 && errno != EINTR)
                return -1;
            gone += now > 0 ? (size_t)now : 0;
        }
        sum += (long long)n;
    }
    return ferror(stdin) || shutdown(server, SHUT_WR) != 0 ? -1 : sum;
}

int main(int argc, char **argv)
{
    struct addrinfo hints, *list;
    int server = -1, report[2];

    if (argc != 3 || !*argv[2] || strlen(argv[2]) > 5 ||
        strspn(argv[2], "0123456789") != strlen(argv[2]) || atoi(argv[2]) > 65535)
        return complain("usage", "echoclient HOST PORT"), 2;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    int e = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (e)
        return complain(argv[1], gai_strerror(e));
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        server = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (connect(server, a->ai_addr, a->ai_addrlen) == 0)
            break;
        int why = errno;
        close(server);
        server = -1;
        errno = why;
    }
    if (server == -1)
        return complain(argv[1], strerror(errno));
    freeaddrinfo(list);
    if (pipe(report) != 0)
        return complain("pipe", strerror(errno));

    pid_t child = fork();
    if (child < 0)
        return complain("fork", strerror(errno));
    if (child == 0) {
        close(report[0]);
        long long sum = send_all_input(server);
        if (write(report[1], &sum, sizeof sum) != sizeof sum)
            _exit(1);
        _exit(0);
    }
    close(report[1]);
    static char block[12345];
    long long came = 0, sent = -1;
    ssize_t n;
    while ((n = recv(server, block, sizeof block, 0)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0)
            continue;
        came += n;
        if (fwrite(block, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout) != 0) {
            kill(child, SIGTERM);
            return complain("standard output", strerror(errno));
        }
    }
    /* The server is done. A child that still waits for input cannot send it any more. */
    int why = errno;
    if (n < 0) {
        kill(child, SIGTERM);
        return complain("recv", strerror(why));
    }
    if (read(report[0], &sent, sizeof sent) != sizeof sent)
        sent = -1;
    waitpid(child, NULL, 0);
    return sent == came ? 0 : complain("echoclient", "not all came back");
}

/* Waits with select() and asks each descriptor by a second connect(). */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static double clock_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long digits(const char *s)
{
    if (!*s || strspn(s, "0123456789") != strlen(s) || strlen(s) > 10)
        return -1;
    return strtol(s, NULL, 10);
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *to;
    int fd[500], pending = 0, stands = 0, refused = 0;
    long port = argc == 5 ? digits(argv[2]) : -1, count = argc == 5 ? digits(argv[3]) : -1;
    long patience = argc == 5 ? digits(argv[4]) : -1;
    if (port < 0 || port > 65535 || count < 1 || count > 500 || patience < 0 ||
        patience > 2147483647) {
        fprintf(stderr, "usage: knock HOST PORT COUNT TIMEOUT_MS\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &to);
    if (error) {
        fprintf(stderr, "knock: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    double end = clock_s() + (double)patience / 1000;
    for (int i = 0; i < count; i++) {
        fd[i] = socket(to->ai_family, SOCK_STREAM, 0);
        if (fd[i] == -1)
            goto failed;
        fcntl(fd[i], F_SETFL, O_NONBLOCK);
        if (connect(fd[i], to->ai_addr, to->ai_addrlen) == 0) {
            stands++;
            fd[i] = -1;
        } else if (errno == ECONNREFUSED) {
            refused++;
            close(fd[i]);
            fd[i] = -1;
        } else if (errno == EINPROGRESS) {
            pending++;
        } else {
            goto failed;
        }
    }
    while (pending > 0) {
        double left = end - clock_s();
        if (left < 0)
            left = 0;
        struct timeval wait = {(time_t)left, (suseconds_t)((left - (double)(time_t)left) * 1e6)};
        fd_set writable;
        int top = -1;
        FD_ZERO(&writable);
        for (int i = 0; i < count; i++)
            if (fd[i] != -1) {
                FD_SET(fd[i], &writable);
                top = fd[i] > top ? fd[i] : top;
            }
        int ready = select(top + 1, NULL, &writable, NULL, &wait);
        if (ready == 0 && clock_s() >= end)
            break;
        for (int i = 0; ready > 0 && i < count; i++) {
            if (fd[i] == -1 || !FD_ISSET(fd[i], &writable))
                continue;
            socklen_t size = sizeof error;
            getsockopt(fd[i], SOL_SOCKET, SO_ERROR, &error, &size);
            errno = error;
            if (error == 0 || error == ECONNRESET || error == EPIPE)
                stands++;
            else if (error == ECONNREFUSED)
                refused++;
            else
                goto failed;
            fd[i] = -1;
            pending--;
        }
    }
    printf("connected %d, refused %d, waiting %d\n", stands, refused, pending);
    if (fclose(stdout)) {
        perror("knock: write");
        return 1;
    }
    return 0;
failed:
    fprintf(stderr, "knock: connect: %s\n", strerror(errno));
    return 1;
}

/* Differs: two threads with blocking calls instead of poll(); read() and write() with buffers of
 * odd sizes; SIGPIPE ignored; it leaves as soon as as many bytes came back as were sent. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t sent, received;
static int input_done;

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    _exit(1);
}

static void write_all(int fd, const char *bytes, size_t length, const char *what)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            die(what);
        bytes += n;
        length -= (size_t)n;
    }
}

static void finish_if_complete(void)
{
    pthread_mutex_lock(&lock);
    if (input_done && sent == received)
        _exit(0);
    pthread_mutex_unlock(&lock);
}

static void *sender(void *unused)
{
    static char buffer[30011];
    ssize_t n;
    while ((n = read(0, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            die("standard input");
        write_all(server, buffer, (size_t)n, "sending");
        pthread_mutex_lock(&lock);
        sent += (uint64_t)n;
        pthread_mutex_unlock(&lock);
    }
    pthread_mutex_lock(&lock);
    input_done = 1; /* before the server can know, and hang up */
    pthread_mutex_unlock(&lock);
    if (shutdown(server, SHUT_WR) < 0)
        die("half-close");
    finish_if_complete();
    return unused;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 3 || argv[2][0] < '0' || argv[2][0] > '9' || strtoul(argv[2], &end, 10) > 65535 ||
        *end) {
        fputs("usage: echoclient HOST PORT\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct addrinfo *all, hints;
    memset(&hints, 0, sizeof hints);
    hints.ai_socktype = SOCK_STREAM;
    int bad = getaddrinfo(argv[1], argv[2], &hints, &all);
    if (bad) {
        fprintf(stderr, "%s: %s\n", argv[1], gai_strerror(bad));
        return 1;
    }
    server = -1;
    for (struct addrinfo *a = all; a; a = a->ai_next) {
        server = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        if (server >= 0 && connect(server, a->ai_addr, a->ai_addrlen) == 0)
            break;
        if (!a->ai_next)
            die("connecting");
        if (server >= 0)
            close(server);
    }
    freeaddrinfo(all);

    pthread_t thread;
    if ((errno = pthread_create(&thread, NULL, sender, NULL)))
        die("a thread");
    static char buffer[7919];
    ssize_t n;
    while ((n = read(server, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            die("receiving");
        write_all(1, buffer, (size_t)n, "standard output");
        pthread_mutex_lock(&lock);
        received += (uint64_t)n;
        pthread_mutex_unlock(&lock);
        finish_if_complete();
    }
    finish_if_complete(); /* of an empty input nothing comes back before the end */
    fputs("the server has left too early\n", stderr);
    _exit(1);
}

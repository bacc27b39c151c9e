/* Differs: select(), a buffer for both directions, sockets that do not block from the start of the
 * connection on, standard output through a stream that is flushed each time. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

static void fatal(const char *what, const char *why)
{
    fprintf(stderr, "echoclient: %s: %s\n", what, why);
    exit(1);
}

/* Connects without blocking, and waits for the outcome. */
static int reach(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol), error = 0;
    socklen_t size = sizeof error;
    if (fd < 0)
        return -1;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
        error = errno;
        if (error == EINPROGRESS) {
            fd_set out;
            FD_ZERO(&out);
            FD_SET(fd, &out);
            while (select(fd + 1, NULL, &out, NULL, NULL) < 0 && errno == EINTR)
                ;
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        }
    }
    if (error == 0)
        return fd;
    close(fd);
    errno = error;
    return -1;
}

int main(int argc, char *argv[])
{
    if (argc != 3 || argv[2][0] == 0 || strspn(argv[2], "0123456789") < strlen(argv[2]) ||
        strlen(argv[2]) > 5 || strtol(argv[2], NULL, 10) >= 65536) {
        fputs("usage: echoclient HOST PORT\n", stderr);
        return 2;
    }
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM};
    int code = getaddrinfo(argv[1], argv[2], &hints, &list), server = -1;
    if (code)
        fatal("getaddrinfo", gai_strerror(code));
    for (struct addrinfo *a = list; a && server < 0; a = a->ai_next)
        server = reach(a);
    if (server < 0)
        fatal("connect", strerror(errno));
    freeaddrinfo(list);

    static char out[1 << 18], in[1 << 14];
    size_t from = 0, to = 0;
    unsigned long long sent = 0, came = 0;
    for (int ended = 0, open = 1; open;) {
        fd_set r, w;
        FD_ZERO(&r);
        FD_ZERO(&w);
        FD_SET(server, &r);
        if (from < to)
            FD_SET(server, &w);
        if (!ended && to < sizeof out)
            FD_SET(0, &r);
        if (select(server + 1, &r, &w, NULL, NULL) < 0) {
            if (errno == EINTR)
                continue;
            fatal("select", strerror(errno));
        }
        ssize_t n;
        if (FD_ISSET(0, &r)) {
            n = read(0, out + to, sizeof out - to);
            if (n < 0 && errno != EINTR && errno != EAGAIN)
                fatal("read", strerror(errno));
            if (n == 0)
                ended = 1;
            if (n > 0)
                to += (size_t)n;
            if (ended && from == to)
                shutdown(server, SHUT_WR);
        }
        if (FD_ISSET(server, &w) && from < to) {
            n = write(server, out + from, to - from);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                fatal("write", strerror(errno));
            if (n > 0) {
                sent += (unsigned long long)n;
                from += (size_t)n;
            }
            if (from == to) {
                from = to = 0;
                if (ended)
                    shutdown(server, SHUT_WR);
            }
        }
        if (FD_ISSET(server, &r)) {
            n = read(server, in, sizeof in);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                fatal("read", strerror(errno));
            if (n == 0 && (!ended || from < to))
                fatal("read", "end of file too early");
            open = n != 0;
            if (n > 0) {
                came += (unsigned long long)n;
                if (fwrite(in, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout))
                    fatal("standard output", strerror(errno));
            }
        }
    }
    return sent == came ? 0 : 1;
}

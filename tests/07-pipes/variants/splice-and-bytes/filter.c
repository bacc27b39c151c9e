/* Different: splice() moves the bytes, which this process never sees; where it cannot, small reads
 * and writes do. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_MOST = 1 << 20, SMALL = 512 };

static void die(const char *call)
{
    fprintf(stderr, "filter: %s: %s\n", call, strerror(errno));
    exit(1);
}

/* Moves what can be moved at once, as splice() returns it. A small write into a pipe that has room
 * is taken whole. */
static ssize_t move(int from, int to, unsigned flags)
{
    char bytes[SMALL];
    ssize_t n = splice(from, NULL, to, NULL, AT_MOST, flags);
    if (n != -1 || errno != EINVAL)
        return n;
    n = read(from, bytes, sizeof bytes);
    for (ssize_t done = 0; done < n;) {
        ssize_t written = write(to, bytes + done, (size_t)(n - done));
        if (written == -1 && errno != EINTR)
            return -1;
        done += written > 0 ? written : 0;
    }
    return n;
}

int main(int argc, char *argv[])
{
    if (argc < 2)
        return fputs("usage: filter CMD [ARG]...\n", stderr), 2;
    int to[2], from[2], status;
    if (pipe2(to, O_CLOEXEC) == -1 || pipe2(from, O_CLOEXEC) == -1)
        die("pipe2");
    pid_t command = fork();
    if (command == -1)
        die("fork");
    if (command == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execvp(argv[1], argv + 1);
        _exit(errno == ENOENT ? 127 : 126);
    }
    signal(SIGPIPE, SIG_IGN);
    close(to[0]);
    close(from[1]);

    unsigned long long in = 0, out = 0;
    int feed = to[1], product = from[0], is_full = 0, has_ended = 0;
    while (product != -1 || (feed != -1 && !has_ended)) {
        struct pollfd all[] = {{.fd = product, .events = POLLIN},
                               {.fd = feed, .events = is_full ? POLLOUT : 0},
                               {.fd = is_full || feed == -1 ? -1 : 0, .events = POLLIN}};
        if (poll(all, 3, product == -1 ? 20 : -1) == -1 && errno != EINTR)
            die("poll");
        if (all[0].revents) {
            ssize_t n = move(product, 1, 0);
            if (n == -1 && errno != EINTR)
                die("splice");
            if (n > 0)
                out += (unsigned long long)n;
            if (n == 0) {
                close(product);
                product = -1;
            }
        }
        if (all[1].revents & POLLERR) {
            close(feed);
            feed = -1;
        } else if (all[1].revents) {
            is_full = 0;
        } else if (all[2].revents) {
            struct pollfd room = {.fd = feed, .events = POLLOUT};
            ssize_t n = -1;
            errno = EAGAIN;
            if (poll(&room, 1, 0) == 1)
                n = move(0, feed, SPLICE_F_NONBLOCK);
            is_full = n == -1 && errno == EAGAIN;
            if (n == 0 || (n == -1 && errno == EPIPE)) {
                close(feed);
                feed = -1;
            } else if (n == -1 && !is_full && errno != EINTR) {
                die("splice");
            }
            if (n > 0)
                in += (unsigned long long)n;
        }
        if (product == -1 && !has_ended)
            has_ended = waitpid(command, &status, WNOHANG) == command;
    }
    if (!has_ended)
        while (waitpid(command, &status, 0) == -1 && errno == EINTR)
            ;
    fprintf(stderr, "in=%llu out=%llu\n", in, out);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

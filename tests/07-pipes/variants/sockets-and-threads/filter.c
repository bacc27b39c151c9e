/* Different: a thread feeds, main() copies; one socket pair is both of the command's pipes, and its
 * end of input is a shutdown(). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2], stop[2];
static unsigned long long in, out;

static void die(const char *call, int error)
{
    fprintf(stderr, "filter: %s: %s\n", call, strerror(error));
    exit(1);
}

static int wait_for(int fd, short what)
{
    struct pollfd both[] = {{.fd = fd, .events = what}, {.fd = stop[0], .events = POLLIN}};
    while (poll(both, 2, -1) == -1 && errno == EINTR)
        ;
    return both[1].revents == 0;
}

/* Sends all of it. Returns 0 when that cannot be done, or need not be any more. */
static int pass_on(const char *at, size_t left)
{
    while (left > 0) {
        ssize_t n = send(ends[0], at, left, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            at += n;
            left -= (size_t)n;
            in += (unsigned long long)n;
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_for(ends[0], POLLOUT)) {
            return 0;
        }
    }
    return 1;
}

static void *feed(void *unused)
{
    static char bytes[20000];
    while (wait_for(STDIN_FILENO, POLLIN)) {
        ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            die("read", errno);
        if (n == 0 || !pass_on(bytes, (size_t)n))
            break;
    }
    shutdown(ends[0], SHUT_WR);
    return unused;
}

int main(int argc, char *argv[])
{
    static char bytes[30000];
    pthread_t feeder;
    if (argc < 2)
        return fputs("usage: filter CMD [ARG]...\n", stderr), 2;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1 || pipe(stop) == -1)
        die("socketpair", errno);
    fcntl(stop[0], F_SETFD, FD_CLOEXEC);
    fcntl(stop[1], F_SETFD, FD_CLOEXEC);
    pid_t command = fork();
    if (command == -1)
        die("fork", errno);
    if (command == 0) {
        dup2(ends[1], 0);
        dup2(ends[1], 1);
        execvp(argv[1], argv + 1);
        int error = errno;
        perror(argv[1]);
        _exit(error == ENOENT ? 127 : 126);
    }
    close(ends[1]);
    int error = pthread_create(&feeder, NULL, feed, NULL);
    if (error)
        die("pthread_create", error);

    for (;;) {
        ssize_t n = recv(ends[0], bytes, sizeof bytes, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0) /* a command that leaves with input unread resets the connection */
            break;
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(1, bytes + done, (size_t)(n - done));
            if (written == -1 && errno != EINTR)
                die("write", errno);
            done += written > 0 ? written : 0;
        }
        out += (unsigned long long)n;
    }
    int status;
    while (waitpid(command, &status, 0) == -1 && errno == EINTR)
        ;
    close(stop[1]);
    pthread_join(feeder, NULL);
    if (!WIFEXITED(status) || WEXITSTATUS(status) < 126)
        fprintf(stderr, "in=%llu out=%llu\n", in, out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

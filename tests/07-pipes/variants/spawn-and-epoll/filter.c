/* Different: posix_spawnp(); both pipes non-blocking, and one buffer each way; poll() with a pipe
 * that a SIGCHLD handler writes to, without SA_RESTART. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct flow {
    char bytes[10000];
    size_t start, end;
    int from, to;
    unsigned long long taken, given;
    int is_over;
};

static int bell[2];

static void ring(int number)
{
    int error = errno;
    (void)number;
    (void)!write(bell[1], "", 1);
    errno = error;
}

static void die(const char *call)
{
    fprintf(stderr, "filter: %s: %s\n", call, strerror(errno));
    exit(1);
}

static int is_empty(const struct flow *f)
{
    return f->start == f->end;
}

/* What poll() has to look at for this flow. */
static struct pollfd need(const struct flow *f)
{
    if (f->is_over)
        return (struct pollfd){.fd = -1};
    return is_empty(f) ? (struct pollfd){.fd = f->from, .events = POLLIN}
                       : (struct pollfd){.fd = f->to, .events = POLLOUT};
}

static int again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void advance(struct flow *f)
{
    if (is_empty(f)) {
        ssize_t n = read(f->from, f->bytes, sizeof f->bytes);
        if (n == -1 && !again())
            die("read");
        if (n == 0)
            f->is_over = 1;
        if (n > 0) {
            f->start = 0;
            f->end = (size_t)n;
            f->taken += (size_t)n;
        }
        return;
    }
    ssize_t n = write(f->to, f->bytes + f->start, f->end - f->start);
    if (n == -1 && errno == EPIPE && f->to > 2)
        f->is_over = 1;
    else if (n == -1 && !again())
        die("write");
    if (n > 0) {
        f->start += (size_t)n;
        f->given += (size_t)n;
    }
}

int main(int argc, char *argv[])
{
    static struct flow in, out;
    int to[2], from[2];
    pid_t command;
    if (argc < 2) {
        fputs("usage: filter CMD [ARG]...\n", stderr);
        return 2;
    }
    if (pipe(to) == -1 || pipe(from) == -1 || pipe(bell) == -1)
        die("pipe");
    int ours[] = {to[1], from[0], bell[0], bell[1], to[0], from[1]};
    for (int i = 0; i < 6; i++)
        fcntl(ours[i], F_SETFD, FD_CLOEXEC);
    for (int i = 0; i < 4; i++)
        fcntl(ours[i], F_SETFL, fcntl(ours[i], F_GETFL) | O_NONBLOCK);

    struct sigaction on_end = {.sa_handler = ring}; /* no SA_RESTART: EINTR everywhere */
    sigaction(SIGCHLD, &on_end, NULL);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], 0);
    posix_spawn_file_actions_adddup2(&actions, from[1], 1);
    int error = posix_spawnp(&command, argv[1], &actions, NULL, argv + 1, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error) {
        fprintf(stderr, "filter: %s: %s\n", argv[1], strerror(error));
        return error == ENOENT ? 127 : 126;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    close(to[0]);
    close(from[1]);

    in.from = 0, in.to = to[1];
    out.from = from[0], out.to = 1;
    int has_ended = 0, status = 0;
    while (!has_ended || !out.is_over) {
        struct pollfd ready[] = {need(&out), need(&in), {.fd = bell[0], .events = POLLIN}};
        if (in.is_over && to[1] != -1) {
            close(to[1]);
            to[1] = -1;
        }
        if (poll(ready, 3, -1) == -1 && errno != EINTR)
            die("poll");
        if (ready[0].revents)
            advance(&out);
        if (ready[1].revents)
            advance(&in);
        char rings[16];
        if (read(bell[0], rings, sizeof rings) > 0)
            has_ended = has_ended || waitpid(command, &status, WNOHANG) == command;
    }
    fprintf(stderr, "in=%llu out=%llu\n", in.given, out.given);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

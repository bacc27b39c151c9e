/* Different: posix_spawnp() with close-on-exec ends at high numbers, all pipes made beforehand. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { HIGH = 64, MOST = 4096 };

static int ends[MOST][2];
static int pipes;

static int lifted(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
    int error = errno;
    close(fd);
    errno = error;
    return high;
}

static int add_pipe(void)
{
    int low[2];
    if (pipe(low) == -1)
        return -1;
    int *end = ends[pipes++];
    end[0] = lifted(low[0]);
    int error = errno;
    end[1] = lifted(low[1]);
    if (end[0] != -1)
        return end[1] == -1 ? -1 : 0;
    errno = error;
    return -1;
}

static void report(const char *what, int error)
{
    fprintf(stderr, "pipeline: %s: %s\n", what, strerror(error));
}

/* Returns 0 or what posix_spawnp() returned. */
static int spawn(pid_t *child, char **words, int input, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    if (input != -1)
        posix_spawn_file_actions_adddup2(&actions, input, 0);
    if (output != -1)
        posix_spawn_file_actions_adddup2(&actions, output, 1);
    int error = posix_spawnp(child, words[0], &actions, &attributes, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
}

int main(int argc, char *argv[])
{
    char **commands[MOST];
    int count = 0, words = 0;
    for (int i = 1; i <= argc; i++) {
        if (i < argc && strcmp(argv[i], ":") != 0) {
            if (words++ == 0 && count < MOST)
                commands[count] = &argv[i];
            continue;
        }
        if (words == 0) {
            fputs("usage: pipeline CMD [ARG]... [: CMD [ARG]...]...\n", stderr);
            return 2;
        }
        if (i < argc)
            argv[i] = NULL;
        words = 0;
        if (++count > MOST) {
            report("too many commands", E2BIG);
            return 1;
        }
    }
    for (int i = 0; i + 1 < count; i++)
        if (add_pipe() == -1) {
            report("pipe", errno);
            return 1;
        }

    pid_t children[MOST];
    int code = 0;
    for (int i = 0; i < count; i++) {
        int error = spawn(&children[i], commands[i], i > 0 ? ends[i - 1][0] : -1,
                          i < count - 1 ? ends[i][1] : -1);
        if (error)
            report(commands[i][0], error);
        if (error)
            children[i] = -1;
        code = error == ENOENT ? 127 : 126;
    }
    for (int i = 0; i < pipes; i++) {
        close(ends[i][0]);
        close(ends[i][1]);
    }
    for (int i = 0; i < count; i++) {
        int status;
        if (children[i] == -1)
            continue;
        while (waitpid(children[i], &status, 0) == -1 && errno == EINTR)
            ;
        if (i == count - 1)
            code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return code;
}

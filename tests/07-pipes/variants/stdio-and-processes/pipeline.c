/* Different: recursive: each process starts one command and one process for all that follow it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int fail(const char *call)
{
    perror(call);
    return 1;
}

static int become(char *words[])
{
    execvp(words[0], words);
    int error = errno;
    perror(words[0]);
    return error == ENOENT ? 127 : 126;
}

static int end_of(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            return 1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Makes the pipe's ends other descriptors than 0 and 1, by filling what is closed with them. */
static int make_pipe(int ends[2])
{
    int fillers[2], used = 0, result = -1;
    for (;;) {
        int fd = open("/dev/null", O_RDONLY);
        if (fd == -1 || fd > 2 || used == 2) {
            if (fd != -1)
                close(fd);
            break;
        }
        fillers[used++] = fd;
    }
    result = pipe(ends);
    int error = errno;
    while (used > 0)
        close(fillers[--used]);
    errno = error;
    return result;
}

/* Runs the row that begins here; returns its exit code. */
static int run(char *words[])
{
    int ends[2] = {-1, -1};
    char **colon = words;
    while (*colon && strcmp(*colon, ":") != 0)
        colon++;
    int is_last = !*colon;
    *colon = NULL;
    if (!is_last && make_pipe(ends) == -1)
        return fail("pipe");

    pid_t first = fork();
    if (first == 0) {
        if (!is_last && dup2(ends[1], 1) == -1)
            _exit(126);
        if (!is_last) {
            close(ends[0]);
            close(ends[1]);
        }
        _exit(become(words));
    }
    if (first == -1)
        return fail("fork");
    if (is_last) {
        close(0);
        close(1);
        return end_of(first);
    }

    close(ends[1]);
    pid_t others = fork();
    if (others == 0) {
        if (dup2(ends[0], 0) == -1)
            _exit(126);
        close(ends[0]);
        _exit(run(colon + 1));
    }
    int error = errno;
    close(ends[0]);
    close(0); /* the ends of this process's own place in the row */
    close(1);
    end_of(first);
    errno = error;
    return others == -1 ? fail("fork") : end_of(others);
}

int main(int argc, char *argv[])
{
    int is_wrong = argc < 2 || !strcmp(argv[1], ":") || !strcmp(argv[argc - 1], ":");
    for (int i = 2; i < argc; i++)
        is_wrong |= !strcmp(argv[i], ":") && !strcmp(argv[i - 1], ":");
    if (is_wrong)
        return fputs("usage: pipeline CMD [ARG]... [: CMD [ARG]...]...\n", stderr), 2;
    return run(argv + 1);
}

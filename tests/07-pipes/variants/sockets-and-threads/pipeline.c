/* Different: socket pairs for pipes, vfork(), started from right to left, children collected by
 * wait() in any order. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int usage(void)
{
    fputs("usage: pipeline CMD [ARG]... [: CMD [ARG]...]...\n", stderr);
    return 2;
}

/* Two connected ends, none of them a standard descriptor. */
static int connect_ends(int ends[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1)
        return -1;
    for (int i = 0; i < 2; i++) {
        int low[3], used = 0;
        while (ends[i] != -1 && ends[i] < 3) {
            low[used++] = ends[i];
            ends[i] = dup(ends[i]);
        }
        if (ends[i] != -1)
            fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        int error = errno;
        while (used > 0)
            close(low[--used]);
        errno = error;
    }
    shutdown(ends[0], SHUT_WR);
    shutdown(ends[1], SHUT_RD);
    return ends[0] == -1 || ends[1] == -1 ? -1 : 0;
}

static pid_t start(char *words[], int input, int output)
{
    pid_t child = vfork();
    if (child != 0)
        return child;
    if (input != -1)
        dup2(input, 0);
    if (output != -1)
        dup2(output, 1);
    execvp(words[0], words);
    int is_missing = errno == ENOENT;
    static const char sorry[] = "pipeline: cannot run the command\n";
    (void)!write(2, sorry, sizeof sorry - 1);
    _exit(is_missing ? 127 : 126);
}

int main(int argc, char *argv[])
{
    if (argc < 2 || strcmp(argv[1], ":") == 0 || strcmp(argv[argc - 1], ":") == 0)
        return usage();
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], ":") == 0 && strcmp(argv[i - 1], ":") == 0)
            return usage();
    int output = -1, code = 0, error = 0;
    pid_t last = -1;
    char **end = argv + argc;
    while (end > argv && !error) {
        char **words = end - 1;
        int pair[2] = {-1, -1};
        while (words > argv + 1 && strcmp(words[-1], ":") != 0)
            words--;
        if (words > argv + 1 && connect_ends(pair) == -1)
            error = errno;
        pid_t child = error ? -1 : start(words, pair[0], output);
        if (child == -1 && !error)
            error = errno;
        if (last == -1)
            last = child;
        if (pair[0] != -1)
            close(pair[0]);
        if (output != -1)
            close(output);
        output = pair[1];
        end = words - 1;
        *end = NULL;
        if (words == argv + 1)
            break;
    }
    if (output != -1)
        close(output);
    for (;;) {
        int status;
        pid_t child = wait(&status);
        if (child == -1 && errno == ECHILD)
            break;
        if (child == last && child != -1)
            code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    if (error)
        fprintf(stderr, "pipeline: socketpair: %s\n", strerror(error));
    return error ? 1 : code;
}

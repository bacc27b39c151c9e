/* Different: a second child feeds the command; it counts in shared memory and is told by SIGTERM,
 * which it takes only while it waits, that the command has ended. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t is_over;

static void stop(int number)
{
    (void)number;
    is_over = 1;
}

static void die(const char *call)
{
    fprintf(stderr, "filter: %s: %s\n", call, strerror(errno));
    exit(1);
}

/* Waits for a descriptor, or SIGTERM. */
static int can(int to_read, int to_write, const sigset_t *calm)
{
    fd_set reads, writes;
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    if (to_read != -1)
        FD_SET(to_read, &reads);
    if (to_write != -1)
        FD_SET(to_write, &writes);
    return pselect(64, &reads, &writes, NULL, NULL, calm) > 0;
}

static void feed(int to, unsigned long long *in, const sigset_t *calm)
{
    char bytes[8192];
    while (!is_over) {
        if (!can(0, -1, calm))
            continue;
        ssize_t left = read(0, bytes, sizeof bytes);
        if (left == -1 && errno != EINTR)
            die("read");
        if (left == 0)
            return;
        for (char *at = bytes; left > 0 && !is_over;) {
            ssize_t n = can(-1, to, calm) ? write(to, at, (size_t)left) : 0;
            if (n == -1 && errno != EAGAIN && errno != EINTR)
                return;
            if (n > 0) {
                *in += (unsigned long long)n;
                at += n;
                left -= n;
            }
        }
    }
}

int main(int argc, char *argv[])
{
    if (argc < 2)
        return fputs("usage: filter CMD [ARG]...\n", stderr), 2;
    int to[2], from[2], status;
    if (pipe(to) == -1 || pipe(from) == -1)
        die("pipe");
    unsigned long long *in =
        mmap(NULL, sizeof *in, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (in == MAP_FAILED)
        die("mmap");

    pid_t command = fork();
    if (command == -1)
        die("fork");
    if (command == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        close(to[0]), close(to[1]), close(from[0]), close(from[1]);
        execvp(argv[1], argv + 1);
        _exit(errno == ENOENT ? 127 : 126);
    }
    close(to[0]);
    close(from[1]);

    sigset_t term, calm;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &calm);
    pid_t feeder = fork();
    if (feeder == -1)
        die("fork");
    if (feeder == 0) {
        struct sigaction on_term = {.sa_handler = stop};
        sigaction(SIGTERM, &on_term, NULL);
        signal(SIGPIPE, SIG_IGN);
        fcntl(to[1], F_SETFL, O_NONBLOCK);
        close(from[0]);
        feed(to[1], in, &calm);
        _exit(0);
    }
    close(to[1]);
    sigprocmask(SIG_SETMASK, &calm, NULL);

    FILE *product = fdopen(from[0], "r");
    char bytes[4096];
    ssize_t n;
    unsigned long long out = 0;
    if (!product)
        die("fdopen");
    while ((n = read(fileno(product), bytes, sizeof bytes)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            die("read");
        if (fwrite(bytes, 1, (size_t)n, stdout) != (size_t)n || fflush(stdout) != 0) {
            kill(feeder, SIGTERM);
            die("fwrite");
        }
        out += (unsigned long long)n;
    }
    fclose(product);
    while (waitpid(command, &status, 0) == -1 && errno == EINTR)
        ;
    kill(feeder, SIGTERM);
    int fed;
    while (waitpid(feeder, &fed, 0) == -1 && errno == EINTR)
        ;
    if (WIFEXITED(fed) && WEXITSTATUS(fed) != 0)
        return 1;
    fprintf(stderr, "in=%llu out=%llu\n", *in, out);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

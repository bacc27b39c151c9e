/*
 * unchanged.c - prints what a probe might change in a program; for tests/probe.bats, which compares
 * the output with the probe and without.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void say_descriptors(const char *when)
{
    printf("%s:", when);
    for (int fd = 0; fd < 64; fd++)
        if (fcntl(fd, F_GETFD) != -1)
            printf(" %d", fd);
    printf("\n");
}

static void say_environment(void)
{
    for (char **word = environ; *word; word++)
        printf("%s\n", *word);
    printf("preload %s\n", getenv("LD_PRELOAD") ? "set" : "unset");
}

static void say_errno(void)
{
    char byte;
    void *nowhere = (void *)8;
    errno = E2BIG;
    close(dup(1));
    printf("errno after success %d\n", errno);
    printf("close %d %d\n", close(-1), errno);
    printf("read %zd %d\n", read(-1, &byte, 1), errno);
    int ends[2];
    if (pipe(ends) == -1)
        exit(1);
    printf("bad write %zd %d\n", write(ends[1], nowhere, 10), errno);
    printf("bad bind %d %d\n", bind(ends[0], nowhere, 16), errno);
    printf("bad path %d %d\n", open(nowhere, O_RDONLY), errno);
    close(ends[0]);
    close(ends[1]);
}

static void *block(void *ends)
{
    char byte;
    ssize_t count = read(*(int *)ends, &byte, 1); /* a cancellation point */
    printf("not canceled: %zd\n", count);
    return NULL;
}

static void say_canceled(void)
{
    int ends[2];
    pthread_t thread;
    void *result = NULL;
    if (pipe(ends) == -1 || pthread_create(&thread, NULL, block, ends) != 0)
        exit(1);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    printf("canceled %d\n", result == PTHREAD_CANCELED);
    close(ends[0]);
    close(ends[1]);
}

static volatile sig_atomic_t rings;

static void ring(int signal)
{
    (void)signal;
    errno = 0;
    close(-1);
    rings++;
}

static void say_interrupted(void)
{
    char byte;
    int ends[2];
    struct sigaction action = {.sa_handler = ring};
    sigaction(SIGALRM, &action, NULL);
    if (pipe(ends) == -1)
        exit(1);
    ualarm(20000, 0);
    printf("interrupted %zd %d\n", read(ends[0], &byte, 1), errno);
    printf("rings %d\n", rings);
    close(ends[0]);
    close(ends[1]);
}

static void say_children(void)
{
    int status = 0, mark = 1;
    fflush(stdout);
    pid_t child = vfork();
    if (child == 0) {
        mark = 2; /* the parent's own memory */
        execl("/nonexistent", "x", (char *)NULL);
        _exit(errno == ENOENT ? 7 : 8);
    }
    waitpid(child, &status, 0);
    printf("vfork %d %d\n", WEXITSTATUS(status), mark);
    fflush(stdout);
    if (fork() == 0) {
        execlp("env", "env", (char *)NULL);
        _exit(127);
    }
    wait(&status);
    printf("system %d\n", system("echo from a shell; exit 3"));
}

int main(void)
{
    say_descriptors("at the start");
    say_environment();
    say_errno();
    say_canceled();
    say_interrupted();
    say_children();
    say_descriptors("at the end");
    return 5;
}

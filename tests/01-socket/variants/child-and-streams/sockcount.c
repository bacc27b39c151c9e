/* A linked list of descriptors, closed from the last to the first; every line is flushed. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct link {
    int fd;
    struct link *below;
};

static void say(const char *format, const char *text, long number)
{
    if (text)
        printf(format, text);
    else
        printf(format, number);
    if (fflush(stdout)) {
        perror("sockcount: output");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct link *stack = NULL, *top;
    long limit = 0, count;
    int error = 0;
    const char *p;

    for (p = argc == 2 ? argv[1] : ""; *p >= '0' && *p <= '9' && limit <= 1000000; p++)
        limit = limit * 10 + (*p - '0');
    if (argc != 2 || *p || limit < 1 || limit > 1000000) {
        fprintf(stderr, "usage: sockcount LIMIT\n");
        exit(2);
    }
    for (count = 0; count < limit; count++) {
        top = malloc(sizeof *top);
        if (!top)
            exit(1);
        top->fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (top->fd == -1) {
            error = errno;
            free(top);
            break;
        }
        top->below = stack;
        stack = top;
    }
    say("opened %ld\n", NULL, count);
    if (error)
        say("stopped: %s\n", strerror(error), 0);
    while ((top = stack)) {
        stack = top->below;
        close(top->fd);
        free(top);
    }
    say("reopened fd=%ld\n", NULL, socket(AF_UNIX, SOCK_STREAM, 0));
    exit(0);
}

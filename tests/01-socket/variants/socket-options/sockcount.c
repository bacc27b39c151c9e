/* Two families in turn, an array that grows, unbuffered output, chatty on standard error, and
 * descriptors closed from the last to the first. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char *end = "x", junk[16];
    long limit = argc == 2 ? strtol(argv[1], &end, 10) : 0;
    if (*end || limit < 1 || limit > 1000000 || argv[1][0] < '0' || argv[1][0] > '9') {
        fprintf(stderr, "usage: sockcount LIMIT, which is 1 to 1000000\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    int *fds = NULL, n = 0, room = 0, why = 0;
    while (n < limit) {
        int fd = socket(n % 2 ? AF_INET : AF_UNIX, SOCK_STREAM, 0);
        if (fd < 0) {
            why = errno;
            fprintf(stderr, "enough: %s\n", strerror(why));
            break;
        }
        if (n == room) {
            room = room * 2 + 1;
            fds = realloc(fds, (size_t)room * sizeof *fds);
            if (!fds)
                abort();
        }
        fds[n++] = fd;
    }
    snprintf(junk, sizeof junk, "%d", n);
    if (printf("opened %s\n", junk) < 0)
        return 1;
    if (why && printf("stopped: %s\n", strerror(why)) < 0)
        return 1;
    while (n > 0)
        close(fds[--n]);
    free(fds);
    int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (fd < 0) {
        perror("socket");
        return 1;
    }
    int said = printf("reopened fd=%d\n", fd);
    close(fd);
    return said < 0;
}

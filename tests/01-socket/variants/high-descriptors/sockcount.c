/* Holds a dozen other descriptors, raises its own limit as far as it may, remembers descriptors as
 * flags in a table, and prints everything at the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static unsigned char mine[2 * 1024 * 1024];

int main(int argc, char **argv)
{
    struct rlimit limits;
    char why[256] = "";
    int limit = 0, count = 0, top = -1;

    if (argc == 2 && strlen(argv[1]) < 8 && argv[1][strspn(argv[1], "0123456789")] == '\0')
        sscanf(argv[1], "%d", &limit);
    if (limit < 1 || limit > 1000000) {
        fputs("usage: sockcount LIMIT\n", stderr);
        exit(2);
    }
    if (getrlimit(RLIMIT_NOFILE, &limits) == 0) {
        limits.rlim_cur = limits.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limits);
    }
    for (int i = 0; i < 12; i++)
        if (open("/dev/null", O_RDONLY) == -1)
            exit(1);
    while (count < limit) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd == -1 && errno == EAFNOSUPPORT)
            fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (fd == -1) {
            strncpy(why, strerror(errno), sizeof why - 1);
            break;
        }
        mine[fd] = 1;
        top = fd > top ? fd : top;
        count++;
    }
    for (int fd = top; fd >= 0; fd--)
        if (mine[fd])
            close(fd);
    int again = socket(AF_UNIX, SOCK_STREAM, 0);
    printf("opened %d\n", count);
    if (*why)
        printf("stopped: %s\n", why);
    printf("reopened fd=%d\n", again);
    if (again == -1 || fclose(stdout) == EOF) {
        perror("sockcount");
        _exit(1);
    }
    return 0;
}

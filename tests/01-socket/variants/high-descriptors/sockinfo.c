/* Holds other descriptors, one of them high; a union for the address, one write() for the line. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char *const names[2][3] = {{"inet", "inet6", "unix"}, {"stream", "dgram", NULL}};
static const int values[2][3] = {{AF_INET, AF_INET6, AF_UNIX}, {SOCK_STREAM, SOCK_DGRAM, 0}};

static int parse(int what, const char *word)
{
    for (int i = 0; i < 3 && names[what][i]; i++)
        if (!strcmp(names[what][i], word))
            return values[what][i];
    unsigned long long n;
    char end;
    if (strlen(word) > 10 || strspn(word, "0123456789") != strlen(word) ||
        sscanf(word, "%llu%c", &n, &end) != 1 || n > 2147483647)
        return -1;
    return (int)n;
}

static void add(char *line, int what, const char *label, int value)
{
    char number[16];
    const char *word = number;
    snprintf(number, sizeof number, "%d", value);
    for (int i = 0; i < 3 && names[what][i]; i++)
        if (values[what][i] == value)
            word = names[what][i];
    strcat(strcat(strcat(line, " "), label), word);
}

int main(int argc, char **argv)
{
    int family, type;
    if (argc != 3 || (family = parse(0, argv[1])) == -1 || (type = parse(1, argv[2])) == -1) {
        static const char usage[] = "usage: sockinfo FAMILY TYPE\n";
        (void)!write(2, usage, sizeof usage - 1);
        _exit(2);
    }
    int log = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int high = fcntl(log, F_DUPFD_CLOEXEC, 200);
    close(log);
    int files[3];
    for (int i = 0; i < 3; i++)
        files[i] = open("/", O_RDONLY | O_DIRECTORY);
    int fd = socket(family, type, 0);
    if (fd == -1) {
        fprintf(stderr, "no socket of family %d, type %d (%s)\n", family, type, strerror(errno));
        exit(1);
    }
    union {
        struct sockaddr any;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
    } address;
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) == -1 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type}) == -1) {
        perror("sockinfo");
        exit(1);
    }
    char line[128];
    snprintf(line, sizeof line, "fd=%d", fd);
    add(line, 0, "family=", address.any.sa_family);
    add(line, 1, "type=", type);
    strcat(line, "\n");
    ssize_t written = write(1, line, strlen(line));
    for (int i = 0; i < 3; i++)
        close(files[i]);
    close(high);
    if (written != (ssize_t)strlen(line)) {
        perror("standard output");
        return 1;
    }
    return 0;
}

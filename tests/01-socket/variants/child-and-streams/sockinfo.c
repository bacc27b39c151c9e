/* A child makes the socket and sends the answers through a pipe; the line is flushed by fclose().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
    int fd, family, type, error;
};

static int number(const char *word)
{
    char *end;
    if (*word < '0' || *word > '9')
        return -1;
    long long n = strtoll(word, &end, 10);
    return *end || n > 0x7fffffff ? -1 : (int)n;
}

static int family_number(const char *word)
{
    if (strcmp(word, "unix") == 0)
        return PF_UNIX;
    if (strcmp(word, "inet") == 0)
        return PF_INET;
    if (strcmp(word, "inet6") == 0)
        return PF_INET6;
    return number(word);
}

static int type_number(const char *word)
{
    if (strcmp(word, "dgram") == 0)
        return SOCK_DGRAM;
    if (strcmp(word, "stream") == 0)
        return SOCK_STREAM;
    return number(word);
}

static struct answer ask(int family, int type)
{
    struct answer a = {.error = 0};
    char room[1024];
    socklen_t size = sizeof room, four = sizeof a.type;
    struct sockaddr *address = (struct sockaddr *)(void *)room;
    a.fd = socket(family, type, 0);
    if (a.fd == -1 || getsockname(a.fd, address, &size) == -1 ||
        getsockopt(a.fd, SOL_SOCKET, SO_TYPE, &a.type, &four) == -1)
        a.error = errno;
    else
        memcpy(&a.family, &address->sa_family, sizeof address->sa_family);
    return a;
}

static const char *family_word(int family)
{
    static char text[12];
    switch (family) {
    case AF_UNIX:
        return "unix";
    case AF_INET:
        return "inet";
    case AF_INET6:
        return "inet6";
    }
    sprintf(text, "%d", family);
    return text;
}

static const char *type_word(int type)
{
    static char text[12];
    switch (type) {
    case SOCK_STREAM:
        return "stream";
    case SOCK_DGRAM:
        return "dgram";
    }
    sprintf(text, "%d", type);
    return text;
}

int main(int argc, char **argv)
{
    int ends[2], status;
    struct answer answer;
    if (argc != 3 || family_number(argv[1]) < 0 || type_number(argv[2]) < 0) {
        fprintf(stderr, "usage: %s family type\n", "sockinfo");
        return 2;
    }
    if (pipe(ends) == -1)
        return 1;
    pid_t child = fork();
    if (child == -1)
        return 1;
    if (child == 0) {
        answer = ask(family_number(argv[1]), type_number(argv[2]));
        ssize_t sent = write(ends[1], &answer, sizeof answer);
        _exit(sent != sizeof answer);
    }
    close(ends[1]);
    if (read(ends[0], &answer, sizeof answer) != sizeof answer)
        return 1;
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        ;
    if (answer.error) {
        fprintf(stderr, "%s: the kernel says: %s.\n", argv[0], strerror(answer.error));
        return 1;
    }
    fprintf(stdout, "fd=%d family=%s type=%s\n", answer.fd, family_word(answer.family),
            type_word(answer.type));
    return fclose(stdout) == 0 ? 0 : 1;
}

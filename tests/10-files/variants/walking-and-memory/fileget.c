/* Differs: all that the server says is kept in memory until its end of file and looked at then; an
 * answer longer than it says is refused. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int put(int fd, const char *bytes, size_t left)
{
    for (ssize_t n; left > 0; bytes += n, left -= (size_t)n)
        if ((n = write(fd, bytes, left)) < 0) {
            if (errno != EINTR)
                return -1;
            n = 0;
        }
    return 0;
}

/* Returns 0 if `out` holds these bytes now. */
static int save(const char *out, const char *bytes, size_t length)
{
    if (strcmp(out, "-") == 0)
        return put(STDOUT_FILENO, bytes, length);
    char *copy = strdup(out), name[5000];
    snprintf(name, sizeof name, "%s/tmpXXXXXX", dirname(copy));
    free(copy);
    int fd = mkstemp(name);
    if (fd == -1)
        return -1;
    int status = put(fd, bytes, length);
    int error = errno;
    if (close(fd) == -1 && status == 0) {
        status = -1;
        error = errno;
    }
    if (status == 0 && (status = rename(name, out)) == 0)
        return 0;
    if (status == -1 && error == 0)
        error = errno;
    unlink(name);
    errno = error;
    return -1;
}

/* Where the file begins in this answer, or NULL if it is not whole. */
static const char *content_of(const char *said, size_t length, size_t *size)
{
    const char *newline = memchr(said, '\n', length), *digit = said + 3;
    if (!newline || length < 5 || memcmp(said, "OK ", 3) != 0 || digit == newline ||
        newline - digit > 18)
        return NULL;
    for (*size = 0; digit < newline; digit++) {
        if (*digit < '0' || *digit > '9')
            return NULL;
        *size = *size * 10 + (size_t)(*digit - '0');
    }
    return *size == length - (size_t)(newline + 1 - said) ? newline + 1 : NULL;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int fd = -1, error = 0;
    if (argc != 5 || !argv[2][0] || argv[2][strspn(argv[2], "0123456789")] || strlen(argv[2]) > 5 ||
        atoi(argv[2]) > 65535) {
        fprintf(stderr, "usage: fileget HOST PORT NAME OUT\n");
        return 2;
    }
    size_t asked = strlen(argv[3]);
    if (asked == 0 || asked > 255 || memchr(argv[3], '\n', asked)) {
        fprintf(stderr, "fileget: nobody can be asked for this name\n");
        return 1;
    }
    error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error) {
        fprintf(stderr, "fileget: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (fd != -1 && connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        error = errno;
        if (fd != -1)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    if (fd == -1) {
        fprintf(stderr, "fileget: connect: %s\n", strerror(error));
        return 1;
    }
    struct linger linger = {1, 5};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    for (size_t i = 0; i <= asked; i++)
        if (send(fd, i < asked ? &argv[3][i] : "\n", 1, MSG_NOSIGNAL) != 1)
            return fprintf(stderr, "fileget: send: %s\n", strerror(errno)), 1;

    char *said = NULL;
    size_t length = 0, room = 0, size;
    ssize_t n;
    do {
        if (length == room) {
            room = room ? 2 * room : 4096;
            said = realloc(said, room);
            if (!said)
                return fprintf(stderr, "fileget: %s\n", strerror(errno)), 1;
        }
        n = recv(fd, said + length, room - length, 0);
        length += n > 0 ? (size_t)n : 0;
    } while (n > 0 || (n == -1 && errno == EINTR));
    const char *content = n == 0 ? content_of(said, length, &size) : NULL;
    if (!content) {
        fprintf(stderr, "fileget: recv: %s\n", n == -1 ? strerror(errno) : "not a whole file");
        return 1;
    }
    if (save(argv[4], content, size) == -1) {
        fprintf(stderr, "fileget: %s: %s\n", argv[4], strerror(errno));
        return 1;
    }
    free(said);
    return 0;
}

/*
 * fileget - fetches one file from a fileserver, whole or not at all.
 *
 *     fileget HOST PORT NAME OUT
 *
 * OUT is the file to be written, `-` for standard output. Its partner is fileserver: the request is
 * `NAME` and a newline, the answer `OK SIZE`, a newline and SIZE bytes, or `ERR REASON`.
 *
 * What arrives goes into a temporary file beside OUT. Only when all of it has been written does
 * rename() give it OUT's name, in one step: whoever looks finds the old file or the new one, never
 * a part.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { USAGE = 2, LONGEST_NAME = 255, LINE_SIZE = 512, BUFFER_SIZE = 65536 };

/* Why something failed: the call, and the reason in words. */
struct failure {
    const char *call, *reason;
};

static int failed(struct failure *why, const char *call, const char *reason)
{
    *why = (struct failure){.call = call, .reason = reason};
    return -1;
}

/* --- the request --- */

/* Whether a server can be asked for this name. */
static int is_askable(const char *name)
{
    /* TODO 6: a name has 1 to LONGEST_NAME bytes, and no newline. */
    (void)name;
    return 1;
}

static int send_all(int socket, const char *bytes, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t count = send(socket, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        sent += (size_t)count;
    }
    return 0;
}

static int send_request(int socket, const char *name, struct failure *why)
{
    char line[LONGEST_NAME + 2];
    int length = snprintf(line, sizeof line, "%s\n", name);
    if (send_all(socket, line, (size_t)length) == -1)
        return failed(why, "send", strerror(errno));
    return 0;
}

/* --- the answer --- */

/* Receives the answer's first line, without its newline; what does not fit is cut. */
static int recv_line(int socket, char line[LINE_SIZE], struct failure *why)
{
    /* TODO 6: recv() up to the newline, and not a byte more, since what comes behind it
     * belongs to the file: one byte at a time will do for such a short line. Put a NUL in
     * the newline's place. Bytes for which the array has no room are dropped. An end of
     * file or a failure (but not EINTR) before the newline: return failed(). */
    (void)socket;
    line[0] = '\0';
    return failed(why, "recv", strerror(ENOSYS));
}

/* Makes a number of the digits behind `OK `. Returns 0, or -1 if they are none or too many. */
static int parse_size(const char *digits, long long *size)
{
    /* TODO 6: the server is a stranger: accept digits and nothing else, and no number that
     * does not fit (strtoll() sets errno to ERANGE; set it to 0 before). See strtol(3). */
    (void)digits;
    *size = 0;
    return -1;
}

/* Receives the answer's first line and finds out the size of what follows. */
static int recv_size(int socket, long long *size, struct failure *why)
{
    static char line[LINE_SIZE];
    if (recv_line(socket, line, why) == -1)
        return -1;
    if (strncmp(line, "OK ", 3) == 0 && parse_size(line + 3, size) == 0)
        return 0;
    return failed(why, "the server says", line);
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        bytes += count;
        length -= (size_t)count;
    }
    return 0;
}

/* Copies `size` bytes from the server to `fd`. */
static int recv_file(int socket, int fd, long long size, struct failure *why)
{
    char buffer[BUFFER_SIZE];
    /* TODO 6: recv() into the buffer and write_all() what came, until `size` bytes have
     * been written. An end of file before that, a recv() that fails (but not by EINTR) and
     * a write that fails: return failed(). */
    (void)socket;
    (void)fd;
    (void)size;
    (void)why;
    (void)write_all;
    (void)buffer;
    return 0;
}

/* --- where it goes --- */

struct target {
    const char *out;          /* as asked for; "-" is standard output */
    char temporary[PATH_MAX]; /* what is written until all of it is there, "" for none */
    int fd;
};

/* Makes a temporary file in OUT's folder: rename() works only within one file system. */
static int open_temporary(struct target *to)
{
    const char *slash = strrchr(to->out, '/');
    int folder = slash ? (int)(slash - to->out) + 1 : 0; /* the length of its path with the slash */
    int size = (int)sizeof to->temporary;
    if (snprintf(to->temporary, sizeof to->temporary, "%.*s.filegetXXXXXX", folder, to->out) >=
        size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkstemp(to->temporary);
    if (fd == -1) {
        to->temporary[0] = '\0';
        return -1;
    }
    mode_t mask = umask(0); /* there is no other way to ask for it */
    umask(mask);
    fchmod(fd, 0666 & ~mask); /* as open() would have made it: mkstemp()'s is for us alone */
    return fd;
}

/* Opens what is going to be written. */
static int open_target(struct target *to, struct failure *why)
{
    struct stat status;
    to->temporary[0] = '\0';
    to->fd = STDOUT_FILENO;
    if (strcmp(to->out, "-") == 0)
        return 0;
    if (lstat(to->out, &status) == 0 && !S_ISREG(status.st_mode)) /* a rename would remove it */
        return failed(why, to->out, "not a regular file");
    /* TODO 7: this destroys the old OUT before the new one is there. Write into a temporary
     * file instead: open_temporary() makes one. */
    (void)open_temporary;
    to->fd = open(to->out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    return to->fd == -1 ? failed(why, to->out, strerror(errno)) : 0;
}

/* All is written: gives it its name. */
static int finish_target(struct target *to, struct failure *why)
{
    if (to->fd == STDOUT_FILENO)
        return 0;
    int status = close(to->fd); /* some file systems report only here that the disk is full */
    /* TODO 7: if close() succeeded, rename() the temporary file to to->out. It is none any
     * more then: make to->temporary an empty string. See rename(2). */
    return status == -1 ? failed(why, to->out, strerror(errno)) : 0;
}

/* Leaves nothing behind that is not whole. */
static void abandon_target(struct target *to)
{
    /* TODO 7: unlink() the temporary file if there is one. */
    (void)to;
}

/* --- all of it --- */

static int fetch(int socket, const char *name, const char *out, struct failure *why)
{
    static struct target to;
    long long size;
    if (send_request(socket, name, why) == -1 || recv_size(socket, &size, why) == -1)
        return -1;
    to.out = out;
    if (open_target(&to, why) == 0 && recv_file(socket, to.fd, size, why) == 0 &&
        finish_target(&to, why) == 0)
        return 0;
    abandon_target(&to);
    return -1;
}

/* --- a client, as in lab 04 --- */

/* Connects to the first of these addresses that answers. Returns the socket, or -1 with *call
 * naming what failed last. */
static int connect_to(const struct addrinfo *list, const char **call)
{
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        *call = "socket";
        int server = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (server == -1)
            continue;
        *call = "connect";
        if (connect(server, ai->ai_addr, ai->ai_addrlen) == 0)
            return server;
        int error = errno;
        close(server);
        errno = error;
    }
    return -1;
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "fileget: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    struct failure why;

    if (argc != 5 || !is_port(argv[2])) {
        fprintf(stderr, "usage: fileget HOST PORT NAME OUT\n");
        return USAGE;
    }
    if (!is_askable(argv[3]))
        return fail("NAME", "must have 1 to 255 bytes and no newline");
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int server = connect_to(list, &why.call);
    error = errno;
    freeaddrinfo(list);
    if (server == -1)
        return fail(why.call, strerror(error));

    if (fetch(server, argv[3], argv[4], &why) == -1)
        return fail(why.call, why.reason);
    return EXIT_SUCCESS;
}

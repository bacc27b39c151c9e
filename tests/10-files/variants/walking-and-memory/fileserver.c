/* Differs: threads made before they are needed and more when there are too few; walks down from DIR
 * itself, component by component, and follows links by hand; dprintf-free answers with sendmsg();
 * looks before it opens; a last descriptor kept for clients when there is none left. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SPARE = 4 };

static int root, door;
static int waiting; /* threads in accept() */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int send_parts(int fd, struct iovec *parts, size_t n)
{
    while (n > 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = n};
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return -1;
        for (size_t left = sent < 0 ? 0 : (size_t)sent; n > 0;) {
            size_t part = left < parts->iov_len ? left : parts->iov_len;
            parts->iov_base = (char *)parts->iov_base + part;
            parts->iov_len -= part;
            left -= part;
            if (parts->iov_len > 0)
                break;
            parts++;
            n--;
        }
    }
    return 0;
}

/* The path of the file below the root without links, or -1. `pending` is what is left to walk. */
static int walk(const char *name, char path[PATH_MAX], struct stat *st)
{
    char pending[2 * PATH_MAX], target[PATH_MAX], rest[PATH_MAX];
    snprintf(pending, sizeof pending, "%s", name);
    path[0] = '\0';
    int links = 0;
    while (*pending) {
        size_t n = strcspn(pending, "/");
        size_t skip = n + strspn(pending + n, "/");
        char part[NAME_MAX + 1];
        if (n > NAME_MAX)
            return errno = ENAMETOOLONG, -1;
        memcpy(part, pending, n);
        part[n] = '\0';
        snprintf(rest, sizeof rest, "%s", pending + skip);
        memmove(pending, pending + skip, strlen(pending + skip) + 1);
        if (n == 0 || strcmp(part, ".") == 0)
            continue;
        char *end = strrchr(path, '/');
        if (strcmp(part, "..") == 0) { /* only links bring these */
            if (!*path)
                return errno = EACCES, -1;
            *(end ? end : path) = '\0';
            continue;
        }
        size_t at = strlen(path);
        if (at + n + 2 > PATH_MAX)
            return errno = ENAMETOOLONG, -1;
        sprintf(path + at, "%s%s", at ? "/" : "", part);
        if (fstatat(root, path, st, AT_SYMLINK_NOFOLLOW) == -1)
            return -1;
        if (!S_ISLNK(st->st_mode))
            continue;
        ssize_t length = readlinkat(root, path, target, sizeof target - 1);
        if (length == -1 || ++links > 20)
            return errno = ELOOP, -1;
        target[length] = '\0';
        path[at] = '\0';
        if (target[0] == '/')
            return errno = EACCES, -1;
        snprintf(pending, sizeof pending, "%s/%s", target, rest);
    }
    return *path ? fstatat(root, path, st, AT_SYMLINK_NOFOLLOW) : (errno = EISDIR, -1);
}

static int open_named(char *name, off_t *size)
{
    char path[PATH_MAX];
    struct stat st;
    char *part = name;
    if (!*name || *name == '/')
        return errno = EACCES, -1;
    while (part) {
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            return errno = EACCES, -1;
        part = strchr(part, '/');
        part = part ? part + 1 : NULL;
    }
    if (walk(name, path, &st) == -1)
        return -1;
    if (!S_ISREG(st.st_mode))
        return errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL, -1;
    int file = openat(root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file != -1 && fstat(file, &st) == 0)
        *size = st.st_size;
    return file;
}

static void answer(int fd)
{
    char name[1024], line[128], *bytes = NULL;
    size_t n = 0;
    int file = -1;
    off_t size = 0;
    char *newline = NULL;
    ssize_t got = 1;
    while (!newline && n < 256 && (got > 0 || (got == -1 && errno == EINTR))) {
        got = recv(fd, name + n, 256 - n, 0);
        if (got > 0) {
            newline = memchr(name + n, '\n', (size_t)got);
            n += (size_t)got;
        }
    }
    errno = EINVAL;
    if (newline && !memchr(name, '\0', (size_t)(newline - name))) {
        *newline = '\0';
        file = open_named(name, &size);
    }
    if (file != -1)
        snprintf(line, sizeof line, "OK %ju\n", (uintmax_t)size);
    else
        snprintf(line, sizeof line, "ERR %s\n", strerror(errno));
    struct iovec parts[2] = {{line, strlen(line)}, {NULL, 0}};
    bytes = malloc(20000);
    for (off_t at = 0; bytes && file != -1 && at < size;) {
        ssize_t piece = pread(file, bytes, size - at < 20000 ? (size_t)(size - at) : 20000, at);
        if (piece <= 0)
            goto end;
        at += piece;
        parts[1] = (struct iovec){bytes, (size_t)piece};
        if (send_parts(fd, parts, 2) == -1)
            goto end;
        parts[0] = (struct iovec){line, 0};
    }
    if (parts[0].iov_len)
        send_parts(fd, parts, 1);
end:
    free(bytes);
    if (file != -1)
        close(file);
    shutdown(fd, SHUT_WR);
    close(fd);
}

/* The first thread gets NULL and never leaves. */
static void *work(void *may_leave)
{
    for (;;) {
        pthread_t another;
        int fd = accept(door, NULL, NULL);
        if (fd == -1) {
            poll(NULL, 0, 25);
            continue;
        }
        pthread_mutex_lock(&lock);
        waiting--;
        if (waiting < SPARE && pthread_create(&another, NULL, work, &lock) == 0) {
            pthread_detach(another);
            waiting++;
        }
        pthread_mutex_unlock(&lock);
        answer(fd);
        pthread_mutex_lock(&lock);
        int enough = may_leave && waiting >= 2 * SPARE;
        waiting += !enough;
        pthread_mutex_unlock(&lock);
        if (enough)
            return NULL;
    }
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list, *ai;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    const char *call = "open";
    int on = 1;
    if (argc != 4 || !argv[3][0] || argv[3][strspn(argv[3], "0123456789")] || strlen(argv[3]) > 5 ||
        atoi(argv[3]) > 65535) {
        fprintf(stderr, "usage: fileserver DIR HOST PORT\n");
        return 2;
    }
    root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root == -1)
        goto failed;
    int error = getaddrinfo(argv[2], argv[3], &hints, &list);
    if (error) {
        fprintf(stderr, "fileserver: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    call = "bind";
    for (ai = list, door = -1; ai; ai = ai->ai_next) {
        door = socket(ai->ai_family, ai->ai_socktype, 0);
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0 && listen(door, 500) == 0)
            break;
        error = errno;
        close(door);
        errno = error;
    }
    if (!ai)
        goto failed;
    freeaddrinfo(list);
    struct sockaddr_storage a;
    socklen_t length = sizeof a;
    getsockname(door, (struct sockaddr *)&a, &length);
    getnameinfo((struct sockaddr *)&a, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    int v6 = strchr(host, ':') != NULL;
    call = "write";
    if (printf("listening on %s%s%s:%s\n", v6 ? "[" : "", host, v6 ? "]" : "", port) < 0 ||
        fflush(stdout) == EOF)
        goto failed;
    waiting = 1;
    work(NULL);
failed:
    fprintf(stderr, "fileserver: %s: %s\n", call, strerror(errno));
    return 1;
}

/* Different: epoll on a non-blocking FIFO held open with O_RDWR, one line buffer of fixed pieces,
 * output by writev(). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void die(const char *call)
{
    fprintf(stderr, "fifolog: %s: %s\n", call, strerror(errno));
    exit(1);
}

/* Writes the kept beginning of a line and its end. */
static void put(const char *kept, size_t kept_length, const char *rest, size_t rest_length)
{
    while (kept_length + rest_length > 0) {
        struct iovec parts[] = {{(void *)kept, kept_length}, {(void *)rest, rest_length}};
        ssize_t n = writev(1, parts, 2);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            die("writev");
        size_t first = (size_t)n < kept_length ? (size_t)n : kept_length;
        kept += first;
        kept_length -= first;
        rest += (size_t)n - first;
        rest_length -= (size_t)n - first;
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fputs("usage: fifolog PATH\n", stderr);
        return 2;
    }
    struct stat status;
    if (mkfifo(argv[1], 0600) == -1 && errno != EEXIST)
        die("mkfifo");
    if (lstat(argv[1], &status) == -1)
        die("lstat");
    if (!S_ISFIFO(status.st_mode)) {
        errno = EEXIST;
        die("mkfifo");
    }
    int fifo = open(argv[1], O_RDWR | O_NONBLOCK);
    int set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (fifo == -1 || set == -1 || epoll_ctl(set, EPOLL_CTL_ADD, fifo, &event) == -1)
        die("open");
    put("ready\n", 6, "", 0);

    char *kept = malloc(1);
    size_t kept_length = 0;
    if (!kept)
        die("malloc");
    for (;;) {
        char bytes[777];
        ssize_t n = read(fifo, bytes, sizeof bytes);
        if (n == -1 && errno == EAGAIN)
            epoll_wait(set, &event, 1, -1);
        else if (n == -1 && errno != EINTR)
            die("read");
        char *line = bytes, *newline;
        size_t left = n > 0 ? (size_t)n : 0;
        while ((newline = memchr(line, '\n', left))) {
            size_t length = (size_t)(newline - line) + 1;
            char whole[5];
            if (kept_length + length == 5) {
                memcpy(whole, kept, kept_length);
                memcpy(whole + kept_length, line, length);
                if (memcmp(whole, "quit\n", 5) == 0) {
                    free(kept);
                    return unlink(argv[1]) == 0 ? 0 : 1;
                }
            }
            put(kept, kept_length, line, length);
            kept_length = 0;
            line += length;
            left -= length;
        }
        if (left > 0) {
            kept = realloc(kept, kept_length + left);
            if (!kept)
                die("realloc");
            memcpy(kept + kept_length, line, left);
            kept_length += left;
        }
    }
}

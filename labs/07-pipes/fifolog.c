/*
 * fifolog - prints the lines that any process writes into a FIFO, until one says `quit`.
 *
 *     fifolog PATH
 *
 * Its partner is whatever can write into a file: `echo hello >PATH`.
 *
 * A FIFO is a pipe with a name. Processes that never met can use it; who wrote a line, nobody
 * knows. A write of at most PIPE_BUF bytes stays in one piece, so lines of different writers do not
 * mix; but one read may bring many lines, or half of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { USAGE = 2, FIRST_SIZE = 4096, MODE = 0600 };

struct log {
    int fifo;         /* where the lines come from */
    int keeper;       /* our own write end of it, never written to */
    char *text;       /* what was read and not yet printed: the beginning of a line */
    size_t used;      /* bytes in text */
    size_t size;      /* room in text */
    int has_quit;     /* the line `quit` was read */
    const char *call; /* what failed, when a function below returned -1 */
};

/* --- the FIFO --- */

/* Makes the FIFO, if there is none, and opens it for reading. */
static int open_fifo(struct log *log, const char *path)
{
    log->call = "mkfifo";
    /* TODO 7: make a FIFO at path with MODE. One that exists is as good: EEXIST is no
     * failure yet, any other is. See mkfifo(3). */
    (void)path;
    /* TODO 7: open it for reading. open() would wait for the first writer, and `ready` with
     * it; with O_NONBLOCK it does not. Then ask fstat() what it is that you opened: if it
     * is no FIFO (S_ISFIFO), return -1 with errno EEXIST, for it stood in the way. See
     * fifo(7), open(2), stat(2), inode(7). */
    errno = ENOSYS;
    return -1;
}

/* Takes care that the FIFO is never at its end, and that read() waits. */
static int keep_open(struct log *log, const char *path)
{
    /* TODO 8: when the last writer closes a FIFO, its reader sees the end of file, again
     * and again, until the next writer comes. So be a writer, too: open path with O_WRONLY
     * into log->keeper. From now on there is always one, and read() can wait: take the
     * O_NONBLOCK of log->fifo away. See fifo(7) and F_SETFL in fcntl(2). */
    (void)path;
    log->keeper = -1;
    return 0;
}

/* --- the lines --- */

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

static int make_room(struct log *log)
{
    if (log->used < log->size)
        return 0;
    log->call = "realloc";
    size_t size = log->size ? 2 * log->size : FIRST_SIZE;
    char *text = realloc(log->text, size);
    if (!text)
        return -1;
    log->text = text;
    log->size = size;
    return 0;
}

/* Reads, once, what has come. */
static int read_more(struct log *log)
{
    if (make_room(log) == -1)
        return -1;
    log->call = "read";
    ssize_t count = 0;
    do
        count = read(log->fifo, log->text + log->used, log->size - log->used);
    while (count == -1 && errno == EINTR);
    if (count == -1)
        return -1;
    log->used += (size_t)count;
    return 0;
}

static int is_quit(const char *line, size_t length)
{
    return length == 4 && memcmp(line, "quit", 4) == 0;
}

/* Prints the whole lines of the text and keeps the rest, the beginning of the next. The first
 * `known` bytes were looked at before: they hold no newline. */
static int print_lines(struct log *log, size_t known)
{
    log->call = "write";
    /* TODO 8: look for newlines in the log->used bytes of log->text; these are no string,
     * so memchr() is the way. Write each whole line with write_all(). If is_quit(), set
     * log->has_quit and return 0: what follows is dropped. At the end move what is left to
     * the front with memmove() and set log->used to its length. */
    (void)is_quit;
    (void)known;
    return 0;
}

/* Prints line after line until `quit`. */
static int serve(struct log *log)
{
    /* TODO 8: until log->has_quit: read_more(), then print_lines(), which wants to know how
     * many bytes stood in log->text before. */
    (void)log;
    (void)read_more;
    (void)print_lines;
    pause();
    return 0;
}

static int run(struct log *log, const char *path)
{
    static const char ready[] = "ready\n";
    if (open_fifo(log, path) == -1 || keep_open(log, path) == -1)
        return -1;
    log->call = "write";
    if (write_all(STDOUT_FILENO, ready, sizeof ready - 1) == -1 || serve(log) == -1)
        return -1;
    /* TODO 8: the FIFO's name stays when all processes have gone: remove it. See unlink(2).
     */
    return 0;
}

int main(int argc, char *argv[])
{
    struct log log = {.fifo = -1, .keeper = -1};
    if (argc != 2) {
        fprintf(stderr, "usage: fifolog PATH\n");
        return USAGE;
    }
    int result = run(&log, argv[1]);
    if (result == -1)
        fprintf(stderr, "fifolog: %s: %s\n", log.call, strerror(errno));
    free(log.text);
    return result == -1 ? EXIT_FAILURE : EXIT_SUCCESS;
}

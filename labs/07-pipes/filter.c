/*
 * filter - sends standard input through a command, copies what it makes of it, and counts both.
 *
 *     filter CMD [ARG]...
 *
 * At the end it prints `in=BYTES out=BYTES` on standard error; its exit code is the command's. Its
 * partner is pipeline, which connects commands and never sees their bytes.
 *
 *     standard input -> filter -> pipe -> CMD -> pipe -> filter -> standard output
 *
 * This process stands at both ends of the command. A pipe holds 64 KiB; then its writer waits. If
 * the filter waited to write while the command waits to write, neither would ever read. So it waits
 * for both pipes at once with poll(), as echoclient does for its socket in lab 05.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USAGE = 2, CANNOT_RUN = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };
enum { BUFFER_SIZE = 65536, LOOK_AGAIN_MS = 50 };

struct filter {
    pid_t command;           /* the command's process */
    int has_ended;           /* it was waited for, and ... */
    int status;              /* ... this is how it ended */
    int feed;                /* write end of its standard input, -1: closed */
    int product;             /* read end of its standard output, -1: closed */
    char unfed[BUFFER_SIZE]; /* standard input on its way to the command ... */
    size_t start, end;       /* ... from here to here */
    unsigned long long in;   /* bytes that the pipe to the command took */
    unsigned long long out;  /* bytes that were copied to standard output */
    const char *call;        /* what failed, when a function below returned -1 */
};

static int is_only_for_now(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void close_end(int *end)
{
    if (*end != -1)
        close(*end);
    *end = -1;
}

/* --- from standard input to the command --- */

static int all_is_fed(const struct filter *f)
{
    return f->start == f->end;
}

/* Reads more of standard input, once, when all that was read before is fed. At its end the command
 * gets an end of file, too. */
static int take_input(struct filter *f)
{
    f->call = "read";
    ssize_t count = read(STDIN_FILENO, f->unfed, sizeof f->unfed);
    if (count == -1)
        return is_only_for_now(errno) ? 0 : -1;
    f->start = 0;
    f->end = (size_t)count;
    if (count == 0)
        close_end(&f->feed);
    return 0;
}

/* Writes, once, as many of the unfed bytes as the pipe takes. */
static int feed_some(struct filter *f)
{
    f->call = "write";
    /* TODO 5: write() to f->feed what stands in f->unfed from f->start to f->end. The pipe
     * may take fewer bytes: move f->start by what it took (the next call goes on from
     * there), and add it to f->in. Return 0, or -1 for a failure that is_only_for_now()
     * does not excuse. See write(2) and pipe(7). */
    errno = ENOSYS;
    return -1;
    return 0;
}

/* Feeds the command, once; `ready` is what poll() said of the pipe. That the command reads no more
 * is no failure: there is nobody left to feed. */
static int feed(struct filter *f, short ready)
{
    int result = 0;
    /* TODO 6: when the command has closed its standard input or has ended, poll() reports
     * POLLERR for our end of that pipe, even if there is nothing to write, and write()
     * fails with EPIPE. In both cases close f->feed and return 0. */
    (void)ready;
    result = feed_some(f);
    return result;
}

/* --- from the command to standard output --- */

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

/* Reads, once, what the command has written, and copies it. */
static int copy_some(struct filter *f)
{
    char bytes[BUFFER_SIZE];
    ssize_t count = 0;
    f->call = "read";
    /* TODO 5: read() from f->product into bytes. 0 is the end of file; -1 is a failure,
     * which is_only_for_now() may excuse (then return 0). See read(2). */
    bytes[0] = 0;
    if (count == 0)
        close_end(&f->product);
    f->call = "write";
    if (write_all(STDOUT_FILENO, bytes, (size_t)count) == -1)
        return -1;
    f->out += (unsigned long long)count;
    return 0;
}

/* --- both at the same time --- */

/* Whether the loop goes on: until the command has ended and its output is copied. */
static int is_flowing(struct filter *f)
{
    if (f->product != -1)
        return 1;
    /* TODO 6: a command can close its output and read on. Feed it as long as f->feed is
     * open and it has not ended: waitpid() with WNOHANG tells that without waiting; if it
     * returns f->command, set f->has_ended, for it must not be waited for again. */
    return 0;
}

/* Feeds the command and copies its output, whatever can be done first. */
static int pump(struct filter *f)
{
    /* TODO 5: this feeds everything first and copies afterwards. With little data nobody
     * notices. With 8 MiB both processes stand still for ever: who waits for whom?
     * Make f->feed non-blocking (fcntl(), O_NONBLOCK), and as long as is_flowing() go round
     * a loop that waits with poll() for whichever comes first: standard input, but only
     * while f->feed is open and nothing is unfed; the command's output, always; room in the
     * pipe (POLLOUT), but only while something is unfed (watch it without events
     * otherwise). Then let take_input(), copy_some() and feed() do what is possible. A
     * descriptor of -1 is passed over by poll(). While f->product is -1, give poll() a
     * time-out of LOOK_AGAIN_MS. See poll(2) and fcntl(2). */
    (void)fcntl;
    (void)poll;
    while (f->feed != -1)
        if ((all_is_fed(f) ? take_input(f) : feed(f, POLLOUT)) == -1)
            return -1;
    while (is_flowing(f))
        if (copy_some(f) == -1)
            return -1;
    return 0;
}

/* --- the command, as in pipeline --- */

/* In the child: becomes the command. Returns only if that failed, with the exit code for it. */
static int become(char *words[], int input, int output)
{
    signal(SIGPIPE, SIG_DFL); /* an ignored signal would stay ignored in the command */
    if (dup2(input, STDIN_FILENO) == -1 || dup2(output, STDOUT_FILENO) == -1)
        return CANNOT_RUN;
    close(input);
    close(output);
    execvp(words[0], words);
    int error = errno;
    fprintf(stderr, "filter: %s: %s\n", words[0], strerror(error));
    return error == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

/* Starts the command between two pipes. Returns 0, or -1 with errno. */
static int start(struct filter *f, char *words[])
{
    int to[2], from[2];
    f->call = "pipe";
    if (pipe(to) == -1 || pipe(from) == -1)
        return -1;
    f->feed = to[1];
    f->product = from[0];
    f->call = "fork";
    f->command = fork();
    if (f->command == -1)
        return -1;
    if (f->command == 0) {
        close(f->feed);
        close(f->product);
        _exit(become(words, to[0], from[1]));
    }
    close(to[0]);
    close(from[1]);
    return 0;
}

/* Waits until the command has ended. */
static int wait_for_end(struct filter *f)
{
    f->call = "waitpid";
    while (!f->has_ended && waitpid(f->command, &f->status, 0) == -1)
        if (errno != EINTR)
            return -1;
    f->has_ended = 1;
    return 0;
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? BY_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char *argv[])
{
    static struct filter f;
    if (argc < 2) {
        fprintf(stderr, "usage: filter CMD [ARG]...\n");
        return USAGE;
    }
    /* TODO 6: writing into a pipe that nobody reads raises SIGPIPE, which kills this
     * process. Ignore it: write() tells the same with EPIPE. See signal(2), pipe(7). */
    if (start(&f, argv + 1) == -1 || pump(&f) == -1 || wait_for_end(&f) == -1) {
        fprintf(stderr, "filter: %s: %s\n", f.call, strerror(errno));
        return EXIT_FAILURE;
    }
    int code = EXIT_SUCCESS;
    /* TODO 6: print the line with the counts on standard error, and end as the command
     * ended: exit_code() tells how. */
    (void)exit_code;
    return code;
}

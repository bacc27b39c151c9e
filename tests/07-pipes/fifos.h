/*
 * fifos.h - how lab 07 plays the other side of a FIFO: slow readers, writers that come and go; and
 * what stands at a path where a FIFO should be.
 */
#ifndef LAB_07_FIFOS_H
#define LAB_07_FIFOS_H

#include "commands.h"

enum { ONE_PAGE = 4096 };

/* --- a slow reader --- */

/* A FIFO as the standard output of a program, with room for one page: what the program writes goes
 * in slowly, as the test reads. */
struct outlet {
    int fd;
    unsigned char *at;
    size_t length, most;
    bool has_ended;
};

static struct outlet *make_outlet(const char *path, size_t most)
{
    struct outlet *outlet = step_memory(sizeof *outlet);
    outlet->at = step_memory(most);
    outlet->most = most;
    if (mkfifo(path, 0600) == -1 ||
        (outlet->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1 ||
        fcntl(outlet->fd, F_SETPIPE_SZ, ONE_PAGE) == -1)
        cannot_judge("%s: %s", path, reason(errno));
    return outlet;
}

/* Reads what is there; true at the end of file. */
static bool has_run_dry(void *context)
{
    struct outlet *outlet = context;
    for (;;) {
        unsigned char byte;
        bool is_full = outlet->length == outlet->most;
        ssize_t length =
            is_full ? read(outlet->fd, &byte, 1)
                    : read(outlet->fd, outlet->at + outlet->length, outlet->most - outlet->length);
        if (length == 0)
            outlet->has_ended = true;
        if (length <= 0)
            return outlet->has_ended;
        if (is_full)
            fail_step(text("%zu bytes on standard output", outlet->most), "more");
        outlet->length += (size_t)length;
    }
}

/* --- writers --- */

/* A process that writes into a FIFO, played by the test. */
struct writer {
    const char *path;
    int fd;
    struct bytes unsaid;
};

static bool is_let_in(void *context)
{
    struct writer *writer = context;
    writer->fd = open(writer->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return writer->fd != -1;
}

/* Opens the FIFO as soon as somebody reads it. */
static struct writer *come(const char *path)
{
    struct writer *writer = step_memory(sizeof *writer);
    writer->path = path;
    wait_until(is_let_in, writer, "the FIFO open for reading, so that a writer gets in");
    return writer;
}

static bool has_said_all(void *context)
{
    struct writer *writer = context;
    struct bytes *unsaid = &writer->unsaid;
    while (unsaid->length > 0) {
        ssize_t length = write(writer->fd, unsaid->at, unsaid->length);
        if (length == -1 && errno == EAGAIN)
            return false;
        if (length == -1)
            fail_step("somebody who reads the FIFO", text("write: %s", reason(errno)));
        unsaid->at += length;
        unsaid->length -= (size_t)length;
    }
    return true;
}

static void say_into(struct writer *writer, struct bytes bytes)
{
    writer->unsaid = bytes;
    wait_until(has_said_all, writer, "the FIFO read, so that there is room in it");
}

static void leave(struct writer *writer)
{
    close(writer->fd);
}

/* --- a gate: a shell that does `read go <gate` waits at it --- */

static const char *make_gate(void)
{
    const char *path = scratch_path("gate");
    if (mkfifo(path, 0600) == -1 && errno != EEXIST)
        cannot_judge("mkfifo %s: %s", path, reason(errno));
    return path;
}

static void open_gate(const char *path)
{
    leave(come(path));
}

/* Feeds a filter whose command does not read yet, to the end: one byte, and all the rest when that
 * one stands in the command's pipe. So the pipe gets full in the middle of a write: one that does
 * not wait is cut short at once, one that waits by stop_and_continue(). */
static void feed_to_the_brim(struct program *filter, struct bytes bytes)
{
    wait_until_idle(filter);
    feed(filter, (struct bytes){bytes.at, 1});
    wait_until_idle(filter);
    feed(filter, (struct bytes){bytes.at + 1, bytes.length - 1});
    end_input(filter);
    wait_until_idle(filter);
}

/* --- what is no FIFO --- */

static const char *const NOT_A_FIFO[] = {"file", "folder", "link", "nowhere/fifo"};

/* Everything at these paths has to be as make_obstacles() left it. */
static void make_obstacles(void)
{
    make_file(scratch_path("file"), BYTES("precious\n"));
    if (mkdir(scratch_path("folder"), 0700) == -1 ||
        symlink("/dev/null", scratch_path("link")) == -1)
        cannot_judge("%s: %s", scratch_path(""), reason(errno));
}

static bool is_there(const char *path, mode_t type)
{
    struct stat status;
    return lstat(path, &status) == 0 && (status.st_mode & S_IFMT) == type;
}

static void expect_obstacles(void)
{
    expect_same(read_file(scratch_path("file")), BYTES("precious\n"), "in the file");
    expect_that(is_there(scratch_path("folder"), S_IFDIR) &&
                    is_there(scratch_path("link"), S_IFLNK),
                "everything that is no FIFO left as it was", "something was removed");
}

static struct stat expect_fifo(const char *path)
{
    struct stat status;
    expect_that(lstat(path, &status) == 0 && S_ISFIFO(status.st_mode), "a FIFO at the path", "%s",
                lstat(path, &status) == -1 ? reason(errno) : "something else");
    return status;
}

/* --- lines --- */

/* Starts fifolog and waits until it is ready. */
static struct program *start_fifolog(const char *path)
{
    struct program *program = start("fifolog", path);
    expect_line(program, "ready");
    return program;
}

/* `length` bytes that look random, with a newline only at the end. */
static struct bytes long_line(size_t length)
{
    struct bytes bytes = noise(length);
    unsigned char *at = (unsigned char *)bytes.at;
    for (size_t i = 0; i < length; i++)
        at[i] = at[i] == '\n' ? 'n' : at[i];
    at[length - 1] = '\n';
    return bytes;
}

static void expect_printed(struct program *program, struct bytes expected)
{
    expect_same(take_output(program, expected.length), expected, "on standard output");
}

#endif

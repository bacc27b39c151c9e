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
    const char *path;
    int fd;
    unsigned char *at;
    size_t length, most;
    bool has_ended;
};

/* At most `most` bytes will come out of it. */
static struct outlet *make_outlet(size_t most)
{
    struct outlet *outlet = step_memory(sizeof *outlet);
    outlet->path = scratch_path("outlet");
    outlet->at = step_memory(most);
    outlet->most = most;
    if (mkfifo(outlet->path, 0600) == -1 ||
        (outlet->fd = open(outlet->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1 ||
        fcntl(outlet->fd, F_SETPIPE_SZ, ONE_PAGE) == -1)
        cannot_judge("%s: %s", outlet->path, reason(errno));
    return outlet;
}

/* Runs `filter CMD` with its output into the outlet. */
static struct program *start_filter_into(struct outlet *outlet, const char *command)
{
    return launch(.program = "filter", .args = {command}, .output = FROM_FILE,
                  .output_path = outlet->path);
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

/* Interrupts the writer a few times in the middle of a write; returns all that it wrote. */
static struct bytes read_haltingly(struct outlet *outlet, struct program *writer)
{
    for (int i = 0; i < 3; i++) {
        stop_and_continue(writer, 0);
        has_run_dry(outlet);
    }
    fcntl(outlet->fd, F_SETPIPE_SZ, MIB);
    wait_until(has_run_dry, outlet, "the end of standard output");
    return (struct bytes){outlet->at, outlet->length};
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

/* --- what stands at the path --- */

static struct stat expect_fifo(const char *path)
{
    struct stat status;
    expect_that(lstat(path, &status) == 0 && S_ISFIFO(status.st_mode), "a FIFO at the path", "%s",
                lstat(path, &status) == -1 ? reason(errno) : "something else");
    return status;
}

/* Starts fifolog and waits until it is ready. */
static struct program *start_fifolog(const char *path, int umask)
{
    struct program *program = launch(.program = "fifolog", .args = {path}, .umask = umask);
    expect_line(program, "ready");
    return program;
}

/* Starts fifolog and demands a FIFO for its owner alone, with somebody who reads it. */
static struct stat expect_door(const char *path, int umask)
{
    suspect("Make the FIFO with mkfifo(), print \"ready\" and flush it. One that exists is as "
            "good: EEXIST is no failure. open() must not wait for a writer.");
    struct program *program = start_fifolog(path, umask);
    struct stat status = expect_fifo(path);
    suspect("The mode is the second argument of mkfifo(), 0600: the owner may read and write, "
            "nobody else. The umask can only take rights away.");
    expect_that((status.st_mode & 07777) == 0600, "mode 0600", "mode %04o", status.st_mode & 07777);
    suspect("After \"ready\" a process that opens the FIFO for writing has to get in: fifolog "
            "has to open it for reading.");
    leave(come(path));
    expect_running(program);
    return status;
}

/* Makes a FIFO before any program does. Its number stays its own: it is kept open. */
static struct stat make_fifo(const char *path)
{
    if (mkfifo(path, 0600) == -1 || open(path, O_PATH | O_CLOEXEC) == -1)
        cannot_judge("%s: %s", path, reason(errno));
    return expect_fifo(path);
}

static void expect_no_fifo(const char *path)
{
    expect_that(access(path, F_OK) == -1 && errno == ENOENT, "no FIFO at the path", "it is there");
}

/* --- what is no FIFO --- */

static const struct obstacle {
    const char *name, *what;
} OBSTACLES[] = {{"file", "a regular file"},
                 {"folder", "a folder"},
                 {"link", "a link to a regular file"},
                 {"nowhere/fifo", "in a folder that does not exist"}};
enum { ALL_OBSTACLES = sizeof OBSTACLES / sizeof OBSTACLES[0] };

enum { FILE_MODE = 0644, FOLDER_MODE = 0755 };

/* Everything at these paths has to be as make_obstacles() left it. */
static void make_obstacles(void)
{
    const char *file = scratch_path("file"), *folder = scratch_path("folder");
    const char *target = scratch_path("target");
    make_file(file, BYTES("precious\n"));
    make_file(target, BYTES("precious\n"));
    if (mkdir(folder, FOLDER_MODE) == -1 || symlink(target, scratch_path("link")) == -1 ||
        chmod(file, FILE_MODE) == -1 || chmod(target, FILE_MODE) == -1 ||
        chmod(folder, FOLDER_MODE) == -1)
        cannot_judge("%s: %s", scratch_path(""), reason(errno));
}

/* What stands at the path was left as it was: its type and, but for a link, its mode. */
static void expect_left(const char *name, mode_t type, mode_t mode)
{
    struct stat status;
    bool is_there = lstat(scratch_path(name), &status) == 0 && (status.st_mode & S_IFMT) == type;
    expect_that(is_there, "everything that is no FIFO left as it was", "%s was removed", name);
    suspect("What is no FIFO stays as it is, its mode, too: mkfifo() gives the FIFO its mode, and "
            "chmod() before you know what stands there hits something else.");
    expect_that(type == S_IFLNK || (status.st_mode & 07777) == mode,
                text("mode %04o, as before", mode), "mode %04o", status.st_mode & 07777);
}

static void expect_obstacles(void)
{
    expect_same(read_file(scratch_path("file")), BYTES("precious\n"), "in the file");
    expect_same(read_file(scratch_path("target")), BYTES("precious\n"), "in the link's file");
    expect_left("file", S_IFREG, FILE_MODE);
    expect_left("target", S_IFREG, FILE_MODE);
    expect_left("folder", S_IFDIR, FOLDER_MODE);
    expect_left("link", S_IFLNK, 0);
}

/* Starts fifolog at each of the obstacles, all at a time. Returns the last one, which failed for
 * want of a folder. */
static struct program *expect_refusals(void)
{
    struct program *refused[ALL_OBSTACLES];
    make_obstacles();
    for (int i = 0; i < ALL_OBSTACLES; i++)
        refused[i] = start("fifolog", scratch_path(OBSTACLES[i].name));
    for (int i = 0; i < ALL_OBSTACLES; i++) {
        tried("started fifolog with a PATH that is %s", OBSTACLES[i].what);
        suspect("Only a FIFO will do: ask fstat() or stat() what stands at PATH (S_ISFIFO), and "
                "exit with 1 if it is anything else (a regular file is always at its end of file). "
                "Never remove it.");
        expect_exit(refused[i], 1);
        expect_no_more_output(refused[i]);
    }
    struct program *nowhere = refused[ALL_OBSTACLES - 1];
    tried("started fifolog where something else stood, and looked at that afterwards");
    suspect("What is no FIFO stays: never remove or change it.");
    expect_obstacles();
    tried("started fifolog with a PATH that is %s", OBSTACLES[ALL_OBSTACLES - 1].what);
    return nowhere;
}

/* --- lines --- */

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

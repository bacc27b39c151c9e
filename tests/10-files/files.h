/*
 * files.h - how lab 10 makes folders full of files, asks a server for them, and is rude to it.
 */
#ifndef LAB_10_FILES_H
#define LAB_10_FILES_H

#include "peer.h"
#include "processes.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KIB = 1 << 10,
    MIB = 1 << 20,
    LONGEST_NAME = 255,
    ROUNDS = 3, /* interruptions: at least one meets a call that has done a part of its work */
};

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

/* A size for a file of holes: to read all of it takes minutes. */
static const long long TIB = 1LL << 40;

/* --- bytes --- */

static struct bytes first(size_t length, struct bytes bytes)
{
    return (struct bytes){bytes.at, length};
}

static struct bytes after(size_t start, struct bytes bytes)
{
    return (struct bytes){bytes.at + start, bytes.length - start};
}

static struct bytes both(struct bytes one, struct bytes two)
{
    unsigned char *at = step_memory(one.length + two.length + 1);
    memcpy(at, one.at, one.length);
    memcpy(at + one.length, two.at, two.length);
    return (struct bytes){at, one.length + two.length};
}

/* `length` times the same letter. */
static const char *letters(char letter, size_t length)
{
    char *at = step_memory(length + 1);
    memset(at, letter, length);
    at[length] = '\0';
    return at;
}

static size_t same_bytes(struct bytes one, struct bytes two)
{
    size_t at = 0;
    while (at < one.length && at < two.length && one.at[at] == two.at[at])
        at++;
    return at;
}

/* Fails unless `came` is what was expected; `where` says where it came. */
static void expect_same(struct bytes came, struct bytes expected, const char *where)
{
    size_t same = same_bytes(came, expected);
    if (same == came.length && same == expected.length)
        return;
    if (expected.length <= 60)
        fail_step(text("%s %s", shown(expected), where), came.length ? shown(came) : "nothing");
    const char *seen = text("%zu bytes, then an end", came.length);
    if (same < came.length && same < expected.length)
        seen = text("%zu bytes; byte %zu is the first that differs", came.length, same + 1);
    fail_step(text("the %zu bytes of the file %s", expected.length, where), seen);
}

/* --- folders and files --- */

static void must(int result, const char *call, const char *path)
{
    if (result == -1)
        cannot_judge("%s %s: %s", call, path, reason(errno));
}

static void make_folder(const char *name)
{
    must(mkdir(scratch_path(name), 0700), "mkdir", name);
}

static void make_link(const char *name, const char *target)
{
    must(symlink(target, scratch_path(name)), "symlink", name);
}

static void make(const char *name, struct bytes content)
{
    make_file(scratch_path(name), content);
}

/* A file that begins with `start`; the rest, up to `size`, is a hole and takes no room. */
static void make_sparse(const char *name, struct bytes start, long long size)
{
    make(name, start);
    must(truncate(scratch_path(name), (off_t)size), "truncate", name);
}

/* --- asking a server --- */

static struct peer *ask_with(struct peer *client, const char *name)
{
    say(client, bytes_of(text("%s\n", name)));
    return client;
}

static struct peer *ask(const char *where, const char *name)
{
    return ask_with(join(where), name);
}

/* The answer's first line must announce a file of this size. */
static void expect_ok(struct peer *client, long long size)
{
    struct bytes line = hear_line(client), expected = bytes_of(text("OK %lld\n", size));
    if (line.length != expected.length || memcmp(line.at, expected.at, line.length) != 0)
        fail_step(text("the line %s", shown(expected)), shown(line));
}

static void expect_answer(struct peer *client, struct bytes content)
{
    expect_ok(client, (long long)content.length);
    expect_same(hear_all(client), content, "behind the line");
}

static void expect_file(const char *where, const char *name, struct bytes content)
{
    expect_answer(ask(where, name), content);
}

/* The answer must be `ERR REASON`, and the end. It may be a reset: not all was read, perhaps. */
static void expect_err(struct peer *client)
{
    struct bytes line = hear_line(client);
    if (line.length < 6 || memcmp(line.at, "ERR ", 4) != 0)
        fail_step("a line \"ERR REASON\"", shown(line));
    expect_gone(client);
}

static void expect_refused(const char *where, const char *name)
{
    expect_err(ask(where, name));
}

/* A right client's visit, for a server whose folder holds the file `small`. */
static void expect_small(const char *where)
{
    expect_file(where, "small", BYTES("a small file\n"));
}

static void make_small(const char *folder)
{
    make(text("%s/small", folder), BYTES("a small file\n"));
}

/* --- interruptions --- */

/* Waits until the program sleeps, stops all its processes and continues them: a call that has done
 * a part of its work returns with that part. */
static void interrupt(struct program *program)
{
    wait_until_idle(program);
    stop_family(program);
    go_on(program);
}

/* Hears nothing until the program is stuck in sending, then interrupts it there; a few times, each
 * after a little was heard. Returns how much was heard, all of it as expected. */
static size_t hear_haltingly(struct peer *peer, struct program *program, struct bytes expected)
{
    size_t heard = 0;
    for (int i = 0; i < ROUNDS; i++) {
        wait_until_stuck(peer, program);
        interrupt(program);
        struct bytes piece = hear_up_to(peer, 60000);
        expect_same(piece, first(piece.length, after(heard, expected)), "behind the line");
        heard += piece.length;
    }
    return heard;
}

/* --- memory --- */

struct household { /* a program's first process and its children */
    pid_t process;
    long largest_kib; /* of their own memory, what the largest of them takes */
};

static void note_largest(pid_t process, void *context)
{
    struct household *household = context;
    long kib = anonymous_kib_of(process);
    bool belongs = process == household->process || parent_of(process) == household->process;
    if (belongs && kib > household->largest_kib)
        household->largest_kib = kib;
}

/* A forked child counts as its parent does: the pages that they share are in both. */
static long largest_kib(struct program *program)
{
    struct household household = {.process = process_of(program)};
    for_each_descendant(note_largest, &household);
    return household.largest_kib;
}

/* --- rude clients --- */

/* Puts a client's connection where the next send() of a server raises SIGPIPE: the server sleeps
 * while the client asks, ends its stream and breaks the connection. */
static void ask_and_vanish(struct program *server, const char *where, const char *name)
{
    struct peer *client = join(where);
    wait_until_idle(server);
    stop_family(server);
    say(client, bytes_of(text("%s\n", name)));
    half_close(client);
    reset(client);
    go_on(server);
}

/* A client that asked for a large file and reads nothing; the server is stuck in sending. */
static struct peer *ask_and_stall(struct program *server, const char *where, const char *name,
                                  long long size)
{
    struct peer *client = ask_with(join_modestly(where), name);
    expect_ok(client, size);
    wait_until_stuck(client, server);
    return client;
}

#endif

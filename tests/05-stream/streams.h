/*
 * streams.h - how lab 05 compares streams, and interrupts a program in the middle of a send or a
 * write.
 */
#ifndef LAB_05_STREAMS_H
#define LAB_05_STREAMS_H

#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KIB = 1 << 10,
    MIB = 1 << 20,
    LONGEST = 65536, /* of a frame, without its prefix */
    ROUNDS = 3,      /* interruptions: at least one meets a call that has done a part of its work */
};

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

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
    unsigned char *at = step_memory(one.length + two.length);
    memcpy(at, one.at, one.length);
    memcpy(at + one.length, two.at, two.length);
    return (struct bytes){at, one.length + two.length};
}

/* What a second client says, in a test whose first one says noise(): one byte, again and again. */
static struct bytes foreign_words(size_t length)
{
    return (struct bytes){memset(step_memory(length), '#', length), length};
}

/* Whether a second client's words stand there. */
static bool are_foreign(struct bytes came)
{
    return came.length >= 16 && memcmp(came.at, "################", 16) == 0;
}

/* Fails unless `came` is what was expected; `where` says where it came. */
static void expect_same(struct bytes came, struct bytes expected, const char *where)
{
    if (came.length == expected.length && memcmp(came.at, expected.at, came.length) == 0)
        return;
    size_t at = 0;
    while (at < came.length && at < expected.length && came.at[at] == expected.at[at])
        at++;
    if (are_foreign(after(at, came)))
        suspect("What another client said stands there. Threads that serve side by side must not "
                "share a buffer: none that is static or global, one for each client.");
    fail_step(text("%zu bytes %s, the same that were sent", expected.length, where),
              at == came.length && at > 0
                  ? text("%zu bytes, then an end", came.length)
                  : text("%zu bytes; byte %zu is the first that differs", came.length, at + 1));
}

/* --- frames --- */

/* The 4 bytes in front of a frame that announce `length` bytes. */
static struct bytes prefix(unsigned long length)
{
    unsigned char *at = step_memory(4);
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(length >> (24 - 8 * i));
    return (struct bytes){at, 4};
}

static struct bytes frame(struct bytes content)
{
    return both(prefix(content.length), content);
}

/* The frame that msgserver answers to a frame with this content. */
static struct bytes answer(struct bytes content)
{
    struct bytes whole = frame(content);
    unsigned char *at = (unsigned char *)whole.at + 4;
    for (size_t i = 0; i < content.length; i++)
        at[i] = content.at[content.length - 1 - i];
    return whole;
}

/* All bytes of `many` in frames of the greatest length, each as form() makes it. */
static struct bytes in_frames(struct bytes many, struct bytes (*form)(struct bytes content))
{
    size_t count = many.length / LONGEST, size = LONGEST + 4;
    unsigned char *at = step_memory(count * size);
    for (size_t i = 0; i < count; i++)
        memcpy(at + i * size, form(first(LONGEST, after(i * LONGEST, many))).at, size);
    return (struct bytes){at, count * size};
}

/* --- interruptions --- */

/* Hears nothing until the program is stuck in sending, then stops and continues it there, so that
 * its send() comes back with a part of its bytes; a few times, each after a little was heard.
 * Returns how much was heard, all of it as expected. */
static size_t hear_haltingly(struct peer *peer, struct program *program, struct bytes expected)
{
    size_t heard = 0;
    for (int i = 0; i < ROUNDS; i++) {
        wait_until_stuck(peer, program);
        stop_and_continue(program, 0);
        struct bytes piece = hear_up_to(peer, 60000);
        expect_same(piece, first(piece.length, after(heard, expected)), "back");
        heard += piece.length;
    }
    return heard;
}

/* A door whose clients soon find the way full: what they send goes in small segments into a small
 * buffer. */
static struct peer *open_narrow_door(void)
{
    int segment = 536;
    struct peer *door = open_door("127.0.0.1", 5, 4 * KIB);
    if (setsockopt(socket_of(door), IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) == -1)
        cannot_judge("TCP_MAXSEG: %s", reason(errno));
    return door;
}

/* A FIFO with room for one page as the standard output of a program: what it writes goes in slowly,
 * as the test reads. */
struct outlet {
    const char *path;
    int fd;
    unsigned char *at;   /* what was read */
    size_t length, most; /* so many bytes, of at most these */
    bool has_ended;
};

static struct outlet *make_outlet(size_t most)
{
    struct outlet *outlet = step_memory(sizeof *outlet);
    outlet->path = scratch_path("outlet");
    outlet->at = step_memory(most);
    outlet->most = most;
    if (mkfifo(outlet->path, 0600) == -1 ||
        (outlet->fd = open(outlet->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1 ||
        fcntl(outlet->fd, F_SETPIPE_SZ, 4 * KIB) == -1)
        cannot_judge("%s: %s", outlet->path, reason(errno));
    return outlet;
}

/* Reads what is there; true when there can be no more. */
static bool has_run_dry(void *context)
{
    struct outlet *outlet = context;
    while (outlet->length < outlet->most) {
        ssize_t length =
            read(outlet->fd, outlet->at + outlet->length, outlet->most - outlet->length);
        if (length == 0)
            return true;
        if (length == -1)
            return false;
        outlet->length += (size_t)length;
    }
    return true;
}

/* Interrupts the writer a few times in the middle of a write; returns all that it wrote. */
static struct bytes read_haltingly(struct outlet *outlet, struct program *writer)
{
    for (int i = 0; i < ROUNDS; i++) {
        stop_and_continue(writer, 0);
        has_run_dry(outlet);
    }
    fcntl(outlet->fd, F_SETPIPE_SZ, MIB);
    wait_until(has_run_dry, outlet, "all of it on standard output");
    return (struct bytes){outlet->at, outlet->length};
}

#endif

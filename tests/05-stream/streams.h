/*
 * streams.h - how lab 05 compares streams, interrupts a program in the middle of a send or a write,
 * and meets servers rudely.
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

/* Fails unless `came` is what was expected; `where` says where it came. */
static void expect_same(struct bytes came, struct bytes expected, const char *where)
{
    if (came.length == expected.length && memcmp(came.at, expected.at, came.length) == 0)
        return;
    size_t at = 0;
    while (at < came.length && at < expected.length && came.at[at] == expected.at[at])
        at++;
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

/* --- rude clients --- */

/* Puts a client's connection where the next send() of a server raises SIGPIPE: the server sleeps
 * while the client says a last word, ends its stream and breaks the connection. */
static void say_and_vanish(struct program *server, const char *where, struct bytes words)
{
    struct peer *client = join(where);
    wait_until_idle(server);
    stop_family(server);
    say(client, words);
    half_close(client);
    reset(client);
    go_on(server);
}

/* Takes a server its descriptors and gives them back. `serve` is a right client's visit. */
static void expect_patience(struct program *server, const char *where,
                            void (*serve)(const char *where))
{
    tried("left the server no descriptor for another client, and connected two");
    static const char fatal[] = "accept() fails with EMFILE while no descriptor is free. That "
                                "passes: the server must not end, but go on when there is room "
                                "again.",
                      spins[] = "The clients stay in the queue, so accept() fails again at once: "
                                "without a pause the loop burns a processor. (EMFILE)";
    suspect("%s", spins);
    wait_until_idle(server);
    limit_resource(server, RLIMIT_NOFILE, (rlim_t)count_descriptors(server));
    struct peer *early = join(where); /* may get in: a waiting accept() has its descriptor */
    wait_until_idle(server);
    suspect("%s", fatal);
    hang_up(early);
    struct peer *waits = join(where);
    suspect("%s", spins);
    wait_until_idle(server);
    suspect("%s", fatal);
    expect_running(server);
    hang_up(waits);
    limit_resource(server, RLIMIT_NOFILE, 1024);
    serve(where);
}

/* Clients that came and went must have left nothing behind. `serve` is a right client's visit. */
static void expect_no_leak(struct program *server, const char *where,
                           void (*serve)(const char *where))
{
    tried("let three more clients come and go, and counted the server's descriptors");
    suspect("Each client leaves a descriptor open in the server: close its socket, also when it "
            "broke the connection.");
    wait_until_idle(server);
    int before = count_descriptors(server);
    reset(join(where));
    for (int i = 0; i < 3; i++)
        serve(where);
    wait_until_idle(server);
    expect_that(count_descriptors(server) <= before, text("%d open descriptors, as before", before),
                "%d", count_descriptors(server));
}

/* What every server owes its user: a reason when it can't start, and its port back afterwards.
 * `talk` says something as a client, and expects the answer. */
static void expect_good_start_and_end(const char *name, struct program *server, const char *where,
                                      void (*talk)(struct peer *client))
{
    const char *port = port_text(port_of(where));
    tried("gave %s a standard output that is full (/dev/full)", name);
    suspect("Check that the line \"listening on\" could be written (fflush()), else exit 1.");
    struct program *mute = launch(.program = name, .args = {"127.0.0.1", "0"}, .output = FROM_FILE,
                                  .output_path = "/dev/full");
    struct program *second = start(name, "127.0.0.1", port);
    expect_exit(mute, 1);
    tried("started %s on a port that is taken", name);
    suspect("When bind() fails: its reason on standard error and exit 1.");
    expect_failure(second, reason(EADDRINUSE));

    tried("ended the server while a client was there, and started it again on its port");
    suspect("Without SO_REUSEADDR, set before bind(), a port is refused while old connections "
            "rest in TIME_WAIT.");
    struct peer *client = join(where);
    talk(client);      /* so it has been let in */
    terminate(server); /* its side closes first */
    hang_up(client);
    talk(join(listening(start(name, "127.0.0.1", port))));
}

static void talk_to_echoserver(struct peer *client)
{
    say(client, BYTES("ping"));
    expect_bytes(client, BYTES("ping"));
}

/* A client whose words come back, and then the end of file. */
static void expect_echo(const char *where)
{
    struct peer *client = join(where);
    talk_to_echoserver(client);
    half_close(client);
    expect_end_of_file(client);
}

/* --- weather --- */

static struct program *start_failing_to_accept(const char *name)
{
    tried("let accept() fail with ECONNABORTED and with EINTR, and connected");
    suspect("accept() fails with ECONNABORTED when a client has gone before its turn, and with "
            "EINTR when a signal comes: both pass. Take the next client.");
    return launch(.program = name, .args = {"127.0.0.1", "0"},
                  .weather = "accept 1 ECONNABORTED; accept 2 EINTR");
}

static void expect_drop_by_drop(const char *name, struct bytes sent, struct bytes back)
{
    tried(
        "let recv() and send() be interrupted once, send() take at most 1000 bytes at a time, and "
        "sent %zu",
        sent.length);
    suspect("The rest can come short as well: send again and again, until all has gone. And a -1 "
            "with EINTR is no failure: try again.");
    struct program *server = launch(.program = name, .args = {"127.0.0.1", "0"},
                                    .weather = "recv 1 EINTR; send 1 EINTR; send 2- short 1000");
    struct peer *client = join(listening(server));
    say(client, sent);
    half_close(client);
    expect_same(hear_all(client), back, "back");
}

#endif

/*
 * room.h - lab 11's step 6: clients that come and go leave nothing behind in the server, and
 * descriptors, processes or threads that it lacks for a while do not end it.
 */
#ifndef LAB_11_ROOM_H
#define LAB_11_ROOM_H

#include "web.h"

static void set_size(const char *name, size_t size)
{
    if (truncate(scratch_path(name), (off_t)size) == -1)
        cannot_judge("truncate %s: %s", name, reason(errno));
}

/* Takes the server its descriptors and gives them back. */
static void expect_patience(struct program *server, const char *where)
{
    tried("left the server no descriptor for another client, and two asked");
    suspect("Without a descriptor accept() fails again at once, or open() of the file does: a loop "
            "without a pause burns a processor. (EMFILE)");
    wait_until_idle(server);
    limit_descriptors(server, (rlim_t)count_descriptors(server));
    struct peer *early = join(where), *waits = join(where); /* one may get in, without its file */
    say(early, get("/hello.txt"));
    say(waits, get("/hello.txt"));
    wait_until_idle(server);
    suspect("EMFILE passes: the server must not end, but go on when there is room again.");
    expect_running(server);
    hang_up(early);
    hang_up(waits);
    limit_descriptors(server, 1024);
    expect_visit(where);
}

/* Clients that came and went must have left nothing behind. */
static void expect_no_leak(struct program *server, const char *where)
{
    tried("let fourteen clients come and go, and counted the server's descriptors and children");
    suspect("Something stays open in the server: the file that was sent, the socket of a client "
            "that has gone (also one that broke its connection), a folder that was looked at.");
    expect_visit(where);
    wait_until_idle(server);
    int before = count_descriptors(server);
    for (int i = 0; i < 2; i++) {
        reset(join(where));
        struct peer *leaves = join(where);
        say(leaves, get("/large"));
        hear_up_to(leaves, KIB);
        reset(leaves);
        ask(where, get("/sub/"));
        ask(where, get("/sub"));
        ask(where, get("/nothing/"));
        ask(where, get("/missing"));
        expect_visit(where);
    }
    wait_until_idle(server);
    expect_that(count_descriptors(server) <= before, text("%d open descriptors, as before", before),
                "%d", count_descriptors(server));
    suspect("Each client leaves an ended child uncollected: waitpid().");
    expect_visit(where); /* some collect when the next client comes */
    expect_that(count_zombies(server) <= 2, "hardly a child that was not waited for", "%d",
                count_zombies(server));
}

/* What only the probe can bring about; a server that it cannot reach has a sound disk. */
static void expect_no_made_up_bytes(void)
{
    struct bytes content = content_of("binary");
    tried("let the second read() of a file fail with EIO");
    suspect("read() can fail in the middle of a file, and -1 is no count of bytes: close the "
            "connection, and serve the next client.");
    struct program *server =
        launch(.program = "webserver", .args = {"site", "127.0.0.1", "0"}, .weather = "read 2 EIO");
    const char *where = listening(server);
    struct peer *client = join(where);
    say(client, BYTES("GET /binary HTTP/1.0\r\n\r\n"));
    const char *line = head_line(client);
    while (*head_line(client))
        ;
    struct bytes came = hear_up_to(client, content.length);
    if (strstr(line, " 200"))
        expect_same(came, first(came.length, content), "the beginning of the file");
    hang_up(client);
    if (weather_came(server)) /* else it comes to a program that reads a file in one piece now */
        expect_visit(where);
    expect_running(server);
    terminate(server);
}

enum { ROW = 30 };

/* A server of its own, whose sanitizer, if it has one, keeps nothing that was freed. */
static void expect_no_growth(void)
{
    struct program *server =
        launch(.program = "webserver", .args = {"site", "127.0.0.1", "0"}, .no_quarantine = true);
    const char *where = listening(server);
    expect_steady_memory(server, where, expect_visit, ROW, 1, NULL);
    terminate(server);
}

/* Refuses the server processes and threads, and allows them again. */
static void expect_to_do_without_children(struct program *server, const char *where)
{
    tried("refused the server every further process and thread, and two clients connected");
    suspect("pthread_create() and fork() fail (EAGAIN) when the system has no more. That passes: "
            "this client is dropped, or waits, and the server goes on.");
    wait_until_idle(server);
    int before = count_descriptors(server);
    if (!refuse_children(server, true))
        return;
    struct peer *one = join(where), *two = join(where);
    wait_until_idle(server);
    expect_running(server);
    refuse_children(server, false);
    hang_up(one);
    hang_up(two);
    expect_visit(where);
    suspect("The connection of a client that got no thread or process stays open: close() it.");
    wait_until_idle(server);
    expect_that(count_descriptors(server) <= before, text("%d open descriptors, as before", before),
                "%d", count_descriptors(server));
}

#endif

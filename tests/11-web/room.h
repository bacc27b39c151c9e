/*
 * room.h - lab 11's step 6: clients that come and go leave nothing behind in the server, and
 * descriptors, processes or threads that it lacks for a while do not end it.
 */
#ifndef LAB_11_ROOM_H
#define LAB_11_ROOM_H

#include "manners.h"
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
    limit_resource(server, RLIMIT_NOFILE, (rlim_t)count_descriptors(server));
    struct peer *early = join(where), *waits = join(where); /* one may get in, without its file */
    say(early, get("/hello.txt"));
    say(waits, get("/hello.txt"));
    wait_until_idle(server);
    suspect("EMFILE passes: the server must not end, but go on when there is room again.");
    expect_running(server);
    hang_up(early);
    hang_up(waits);
    limit_resource(server, RLIMIT_NOFILE, 1024);
    expect_visit(where);
}

static void leave_at_once(const char *where)
{
    reset(join(where));
}

static void leave_in_mid_file(const char *where)
{
    struct peer *leaves = join(where);
    say(leaves, get("/large"));
    hear_up_to(leaves, KIB);
    reset(leaves);
}

static void ask_for_head(const char *where)
{
    struct peer *client = join(where);
    say(client, request("HEAD", "/page.html", ""));
    hear_answer_to("HEAD", client);
    hang_up(client);
}

static void ask_for_folders(const char *where)
{
    ask(where, get("/sub/"));
    ask(where, get("/sub"));
    ask(where, get("/nothing/"));
}

static void ask_in_vain(const char *where)
{
    ask(where, get("/missing"));
    ask(where, request("POST", "/hello.txt", ""));
}

static void ask_badly(const char *where)
{
    ask(where, BYTES("GET /hello.txt\r\n\r\n"));
    ask(where, get("/%zz"));
}

/* Clients that came and went must have left nothing behind. */
static void expect_no_leak(struct program *server, const char *where)
{
    static const struct {
        const char *did;
        void (*visit)(const char *where);
    } kinds[] = {
        {"asked for /hello.txt", expect_visit},
        {"broke their connection at once", leave_at_once},
        {"broke their connection in the middle of a file", leave_in_mid_file},
        {"sent HEAD /page.html", ask_for_head},
        {"asked for folders", ask_for_folders},
        {"asked for what is not there, or by POST", ask_in_vain},
        {"sent what is no request, or a bad escape", ask_badly},
    };
    expect_visit(where);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        wait_until_idle(server);
        int before = count_descriptors(server);
        tried("let clients come and go that %s, and counted the server's descriptors",
              kinds[i].did);
        suspect("Something stays open in the server: the file, a folder that was looked at, or the "
                "client's socket. Close it on every way out.");
        for (int k = 0; k < 3; k++)
            kinds[i].visit(where);
        expect_closed(server, before);
    }
    expect_nothing_stays(server, where, expect_visit, 4);
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
    const char *line = status_line(client);
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

/* A client that asks at length, so that what is kept of each request shows. */
static void ask_at_length(const char *where)
{
    char *missing = step_memory(3900);
    memset(missing, 'a', 3899);
    missing[0] = '/';
    struct peer *client = join(where);
    say(client, get(text("/hello.txt?%08000d", 0)));
    expect_file(hear_answer(client), "hello.txt");
    say(client, get(missing));
    expect_status("400 403 404 414 431", hear_answer(client));
    hang_up(client);
}

/* A server of its own, whose sanitizer, if it has one, keeps nothing that was freed. */
static void expect_no_growth(void)
{
    struct program *server =
        launch(.program = "webserver", .args = {"site", "127.0.0.1", "0"}, .no_quarantine = true);
    const char *where = listening(server);
    expect_steady_memory(server, where, ask_at_length, ROW, 1,
                         "Each client, or each of its requests, leaves memory behind: what was "
                         "allocated for it, or its thread's stack, if the thread is neither "
                         "detached nor joined.");
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
    expect_closed(server, before);
}

/* Hears a large file only when the server is stuck in sending it, and stops and continues it there:
 * a few times, each after a little was heard. Returns the body. */
static struct bytes hear_haltingly(struct peer *peer, struct program *server, size_t length)
{
    struct bytes heard = BYTES("");
    for (int i = 0; i < 3; i++) {
        wait_until_stuck(peer, server);
        stop_and_continue(server, 0);
        heard = both(heard, hear_up_to(peer, 60000));
    }
    return both(heard, hear_up_to(peer, length - heard.length));
}

/* How far the server has got with its queue. */
struct queue {
    struct program *server;
    const char *where;
};

static bool has_room(void *context)
{
    struct queue *queue = context;
    return tcp_socket_at(queue->where).waiting == 0 || is_idle(queue->server);
}

/* Connects when all before have been accepted: how many may wait in the queue is the server's own
 * business. */
static struct peer *join_in_turn(struct program *server, const char *where)
{
    struct queue queue = {server, where};
    if (tcp_socket_at(where).waiting > 0)
        wait_until(has_room, &queue, "all clients accepted");
    return join(where);
}

STEP(6, "no client holds up another, and none ends the server", .points = 10, .after = 4,
     .see = "Step 6: many clients",
     .hints = {"One client sends half a request and waits. Who else waits?",
               "A thread for each client (lab 09), or a process, or one loop over all. See "
               "pthread_create(3), pthread_detach(3).",
               "welcome(): pthread_create(&thread, NULL, serve_client, client); 0: "
               "pthread_detach(thread); else close() and free()."},
     .by_hand = "nc 127.0.0.1 PORT &  curl -i http://127.0.0.1:PORT/hello.txt")
{
    enum { MANY = 70 }; /* more than a round number of threads, 64 */
    struct bytes large = noise(8 * MIB);
    make_site();
    make_file(scratch_path("site/large"), large);
    struct program *server = launch(.program = "webserver", .gated = true,
                                    .args = {"site", "127.0.0.1", port_text(free_port())});
    const char *where = listening(server);
    tried("left a silent client connected, and asked for a file on another connection");
    suspect("The server waits in recv() for the first client, and the second one waits with it: "
            "give each client a thread or a process, or poll() them all.");
    struct peer *silent = join(where);
    expect_visit(where);

    tried("asked for 8 MiB without reading, and for a small file on another connection");
    suspect("The server is stuck in send() to a client that does not read; only that client may "
            "wait for it.");
    struct peer *slow = join_narrowly(where, 4 * KIB);
    say(slow, get("/large"));
    wait_until_stuck(slow, server);
    expect_visit(where);

    tried("left %d clients connected, each in the middle of a head, and asked on another one",
          MANY);
    suspect("However many clients are there already, and silent, the next one is served: no fixed "
            "number of threads, processes or places.");
    struct peer *clients[MANY];
    for (int i = 0; i < MANY; i++) {
        clients[i] = join_in_turn(server, where);
        say(clients[i], BYTES("GET /page.html HT"));
    }
    expect_visit(where);
    tried("let the %d clients finish their heads, the last one first", MANY);
    suspect("What came from one client must stay that client's: no static buffer for all.");
    for (int i = MANY - 1; i >= 0; i--)
        say(clients[i], BYTES("TP/1.1\r\nHost: plumbline\r\n\r\n"));
    for (int i = 0; i < MANY; i++) {
        expect_file(hear_answer(clients[i]), "page.html");
        hang_up(clients[i]);
    }

    tried("read the 8 MiB slowly, and stopped and continued the server meanwhile");
    suspect("send() and sendfile() may take less than they are given: go on with what is left. "
            "(On a socket that does not block: when there is room again.)");
    set_size("site/large", large.length + MIB);
    const char *line = status_line(slow);
    expect_that(strstr(line, " 200"), "status 200", "%s", line);
    while (*head_line(slow))
        ;
    expect_same(hear_haltingly(slow, server, large.length), large, "the file \"large\"");
    tried("read the 8 MiB of a file that grew meanwhile, and ended the connection");
    suspect("Content-Length is a promise: a file that grows while it is sent is sent up to that "
            "length, not up to its end.");
    half_close(slow);
    expect_gone(slow);
    hang_up(slow);
    hang_up(silent);

    tried("broke a connection while the server was stuck in sending to it");
    suspect("send() fails with ECONNRESET or EPIPE, and SIGPIPE ends the process unless "
            "MSG_NOSIGNAL or SIG_IGN prevents it: that client is lost, and nobody else.");
    struct peer *rude = join(where);
    say(rude, get("/large"));
    wait_until_stuck(rude, server);
    reset(rude);
    wait_until_idle(server);
    expect_visit(where);
    tried("asked for a file and was gone before it came");
    ask_and_vanish(server, where, both(get("/hello.txt"), get("/large")));
    wait_until_idle(server);
    expect_visit(where);
    expect_running(server);

    tried("looked at the server's standard output when clients had come and gone");
    expect_silence(server);
    expect_no_made_up_bytes();
    expect_no_leak(server, where);
    expect_no_growth();
    expect_patience(server, where);
    expect_to_do_without_children(server, where);

    expect_bad_starts_told("webserver", "site", "127.0.0.1");
    tried("ended the server with SIGTERM while a client was there, and started it on its port");
    suspect("After SIGTERM nobody holds a connection or takes another client, children neither; "
            "and with SO_REUSEADDR, set before bind(), the port can be used again at once.");
    struct peer *last = join(where);
    say(last, get("/hello.txt"));
    expect_file(hear_answer(last), "hello.txt");
    wait_until_idle(server);
    terminate(server); /* its side closes first */
    expect_gone(last);
    hang_up(last);
    expect_visit(listening(start("webserver", "site", "127.0.0.1", port_text(port_of(where)))));
}

#endif

/*
 * steps.c - lab 04: one socket per client.
 *
 * The server is met by clients that the test plays and by the reference client; the client meets
 * servers that the test plays and the reference server.
 */
#include "arguments.h"
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { TIME_LENGTH = 26 }; /* 24 characters, CR, LF */

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

/* True if `line` is the local time of a second between `from` and now. Now is read from the exact
 * clock: time() may lag behind it by some milliseconds, here or in the program. */
static bool is_time_since(time_t from, struct bytes line)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (time_t second = from; second <= now.tv_sec; second++) {
        char expected[64];
        struct tm local;
        localtime_r(&second, &local);
        strftime(expected, sizeof expected, "%a %b %e %H:%M:%S %Y\r\n", &local);
        if (line.length == TIME_LENGTH && memcmp(line.at, expected, TIME_LENGTH) == 0)
            return true;
    }
    return false;
}

/* What is wrong with a line that should be the time, as far as it can be told. */
static void suspect_by(struct bytes line)
{
    time_t now = time(NULL);
    char utc[64];
    struct tm parts;
    gmtime_r(&now, &parts);
    size_t length = strftime(utc, sizeof utc, "%a %b %e %H:", &parts);
    if (line.length == 25 && line.at[24] == '\n')
        suspect("The line ends with LF alone; the protocol wants CR LF, \"\\r\\n\".");
    else if (line.length > TIME_LENGTH && memchr(line.at, '\0', line.length))
        suspect("More than the line was sent: the length given to send() is the buffer's, not "
                "the text's.");
    else if (line.length == TIME_LENGTH && memcmp(line.at, utc, length) == 0)
        suspect("This is the time in UTC: gmtime() where localtime() is asked for.");
    else if (line.length == TIME_LENGTH && line.at[8] == '0')
        suspect("A day below 10 is padded with a space, as ctime() does it: %%e, not %%d.");
    else
        suspect("Send 24 characters in ctime()'s form and CR LF, all 26 bytes and no more.");
}

static void expect_the_time(struct peer *client, time_t from)
{
    struct bytes line = hear_all(client);
    if (line.length == 0)
        suspect("The server closed the connection without sending the line.");
    else
        suspect_by(line);
    expect_that(is_time_since(from, line), "the local time in 24 characters and CR LF", "%s",
                line.length ? shown(line) : "an end of file at once");
}

static void expect_service(const char *where)
{
    time_t from = time(NULL);
    expect_the_time(join(where), from);
}

STEP(1, "every client is accepted, and both ends of its connection are printed", .points = 20,
     .see = "Step 1: take a client from the queue",
     .hints = {"listen() only fills a queue. Which call takes a client out of it?",
               "accept() returns a new socket for this client and fills in the client's address; "
               "getsockname() on the new socket tells the server's end. See accept(2).",
               "Set a socklen_t to the size of the address structure before each of the two calls "
               "and pass its address. Ask getsockname() about the socket that accept() returned, "
               "not about the listening one."},
     .by_hand = "build/labs/04-accept/timeserver 127.0.0.1 0    # then: nc 127.0.0.1 PORT")
{
    expect_strict_arguments("timeserver", WORD("127.0.0.1"), PORT("0"));
    for (int i = 0; i < host_count(); i++) {
        tried("connected a client to `timeserver %s 0`", hosts[i]);
        struct program *server = start("timeserver", hosts[i], "0");
        const char *where = listening(server);
        struct peer *client = join(where);
        suspect("After accept() print the two ends of the connection and flush: printf() only "
                "fills a buffer.");
        const char *line = next_line(server);
        const char *end = local_address(client);
        suspect("After accept() print the client's address, \" -> \" and the server's end of this "
                "connection.");
        if (strcmp(line, text("%s -> %s", where, end)) == 0)
            suspect("The two ends are swapped: the client's address comes first.");
        else if (strncmp(line, "0.0.0.0:0", 9) == 0)
            suspect("The client's address was never filled in: is the length that accept() gets "
                    "set to the size of the address before the call?");
        else if (strcmp(line, text("%s -> %s", end, end)) == 0)
            suspect("The client's end stands twice: getpeername() tells the client's, "
                    "getsockname() on the client's socket the server's end.");
        const char *expected = text("%s -> %s", end, where);
        expect_that(strcmp(line, expected) == 0, text("the line \"%s\"", expected), "\"%s\"", line);
    }
}

STEP(2, "the client gets the local time, 24 characters and CR LF", .points = 15, .after = 1,
     .see = "Step 2: say the time",
     .hints = {"The line is ready in the buffer. Who hands it to the kernel?",
               "send(client, ...) takes bytes and a count: 26 of them. It can take fewer than you "
               "gave it, and it raises SIGPIPE when the client has gone. See send(2).",
               "Loop until `length` bytes are sent: send what is left with MSG_NOSIGNAL, add what "
               "it took, try again after EINTR, and give up on this client at any other failure."},
     .by_hand = "nc 127.0.0.1 PORT | od -c")
{
    live_early_in_the_month();
    struct program *server = start("timeserver", "localhost", "0");
    const char *where = listening(server);
    time_t from = time(NULL);
    tried("connected and read, without saying a word; TZ made it a day early in the month");
    suspect("The server must not wait for the client to speak: send the line at once.");
    struct bytes line = hear_up_to(join(where), TIME_LENGTH);
    suspect_by(line);
    expect_that(is_time_since(from, line), "the local time in 24 characters and CR LF", "%s",
                shown(line));
}

STEP(3, "client after client is served, polite or rude", .points = 20, .after = 2,
     .see = "Step 3: hang up, and take the next",
     .hints = {"When does the client know that nothing more will come?",
               "close() the client's socket when it is served, and keep the listening one: it is "
               "needed for the next. See close(2).",
               "One close(client) at the end of each round of the loop, none of the door, no exit "
               "when one client fails."},
     .by_hand = "for i in 1 2 3; do nc 127.0.0.1 PORT; done; ls /proc/$(pidof timeserver)/fd")
{
    struct program *server = start("timeserver", "127.0.0.1", "0");
    const char *where = listening(server);
    tried("connected and read to the end of file");
    suspect("The client waits for the end of file. It comes when the server has closed the "
            "client's socket.");
    expect_service(where);

    tried("connected a second client");
    suspect("The server must go on with the next client: close only the client's socket, not the "
            "listening one, and go round.");
    expect_service(where);

    tried("connected clients that were gone, by a reset, before the server got to them");
    suspect("A client that has gone is no reason to end: send() fails with EPIPE or ECONNRESET, "
            "or SIGPIPE kills the process if MSG_NOSIGNAL (or SIG_IGN) does not prevent it.");
    stop_family(server);
    for (int i = 0; i < 3; i++)
        reset(join(where));
    hang_up(join(where));
    struct peer *rude = join(where);
    half_close(rude); /* and then broken: send() to it fails with EPIPE */
    reset(rude);
    go_on(server);
    expect_service(where);
    expect_running(server);

    tried("let three more clients come and go, and counted the server's descriptors");
    wait_until_idle(server);
    int before = count_descriptors(server);
    for (int i = 0; i < 3; i++)
        expect_service(where);
    wait_until_idle(server);
    suspect("Each client leaves a descriptor open in the server: close its socket.");
    expect_that(count_descriptors(server) <= before, text("%d open descriptors, as before", before),
                "%d", count_descriptors(server));

    tried("ended the server and started it again on its port");
    suspect("Without SO_REUSEADDR, set before bind(), a port is refused while old connections "
            "rest in TIME_WAIT.");
    terminate(server);
    struct program *again = start("timeserver", "127.0.0.1", port_text(port_of(where)));
    expect_service(listening(again));

    tried("ran the reference's timeclient against the server");
    struct program *client = start_reference("timeclient", "127.0.0.1", port_text(port_of(where)));
    time_t from = time(NULL);
    expect_exit(client, 0);
    struct bytes line = rest_of_output(client);
    expect_that(is_time_since(from - 1, line), "the time on its standard output", "%s",
                shown(line));
}

STEP(4, "timeclient connects to a server by address or name", .points = 15,
     .see = "Step 4: connect",
     .hints = {"A name can stand for several addresses. Which of them answers?",
               "Walk the list of getaddrinfo(): socket() and connect() for each address, until one "
               "connects. See getaddrinfo(3).",
               "In the loop, a socket that could not connect is closed before the next is made; "
               "errno of the last failure is what is reported at the end."},
     .by_hand = "nc -l 127.0.0.1 0 -v    # then: build/labs/04-accept/timeclient 127.0.0.1 PORT")
{
    expect_strict_arguments("timeclient", WORD("127.0.0.1"), PORT("1"));
    for (int i = 0; i < host_count(); i++) {
        struct peer *door = open_door(hosts[i], 5, 0);
        const char *port = port_text(port_of(local_address(door)));
        tried("ran timeclient %s PORT, where a server listens", hosts[i]);
        suspect("Make a socket of the address's own family and connect() it to that address.");
        start("timeclient", hosts[i], port);
        let_in(door);
        if (!localhost_is(hosts[i]))
            continue;
        tried("ran timeclient localhost PORT, where a server listens on %s only", hosts[i]);
        suspect("localhost has more than one address: when the first refuses, try the next.");
        start("timeclient", "localhost", port);
        let_in(door);
    }
    tried("ran timeclient with a port where nobody listens");
    suspect("Report the reason of the last connect() that failed, and exit with 1.");
    const char *dead = port_text(free_port());
    struct program *refused = start("timeclient", "127.0.0.1", dead);
    expect_failure(refused, reason(ECONNREFUSED));
    expect_no_more_output(refused);
}

static struct peer *serve(const char *program, struct program **client)
{
    struct peer *door = open_door("127.0.0.1", 5, 0);
    *client = start(program, "127.0.0.1", port_text(port_of(local_address(door))));
    return let_in(door);
}

STEP(5, "timeclient prints all that comes, and nothing else", .points = 15, .after = 4,
     .see = "Step 5: read to the end",
     .hints = {"How do you know that the server has said everything?",
               "recv() returns what has come so far, 0 at the end of file, -1 at a failure. Only 0 "
               "means that all is there. See recv(2).",
               "Write exactly `count` bytes of each recv() with fwrite(): printf(\"%s\") stops at "
               "a NUL byte. A break in the connection, or an end before the first byte, exits "
               "with 1."},
     .by_hand = "head -c 100000 /dev/urandom | nc -N -l 127.0.0.1 4000 & "
                "build/labs/04-accept/timeclient 127.0.0.1 4000 | wc -c")
{
    struct program *client;
    tried("sent a line to timeclient one byte at a time");
    suspect("recv() returns as soon as there is one byte: a line can come in many pieces. Go on "
            "until it returns 0.");
    struct peer *server = serve("timeclient", &client);
    say_bytewise(server, BYTES("Wed Dec\r\n"), client);
    hang_up(server);
    expect_output(client, BYTES("Wed Dec\r\n"));
    expect_exit(client, 0);

    tried("sent a single byte, and let timeclient's first recv() be interrupted by a signal");
    suspect("recv() fails with EINTR when a signal comes: call it again. One byte is all that this "
            "server says, and is no failure.");
    struct peer *terse = open_door("127.0.0.1", 5, 0);
    client = launch(.program = "timeclient", .weather = "recv 1 EINTR",
                    .args = {"127.0.0.1", port_text(port_of(local_address(terse)))});
    server = let_in(terse);
    say(server, BYTES("x"));
    half_close(server);
    expect_output(client, BYTES("x"));
    expect_exit(client, 0);

    tried("sent 100,000 bytes, NUL bytes among them");
    suspect("Received bytes are no string: there is no NUL at their end, and there may be some in "
            "the middle. Write as many bytes as recv() returned.");
    server = serve("timeclient", &client);
    struct bytes many = noise(100000);
    say(server, many);
    half_close(server);
    struct bytes printed = rest_of_output(client);
    expect_that(printed.length == many.length, "100000 bytes on standard output", "%zu bytes",
                printed.length);
    expect_that(memcmp(printed.at, many.at, many.length) == 0, "the same bytes", "other bytes");
    expect_exit(client, 0);

    tried("hung up without a word");
    suspect("An end of file before the first byte is a failure: exit 1.");
    hang_up(serve("timeclient", &client));
    expect_exit(client, 1);
    expect_no_more_output(client);

    tried("sent 3 bytes and broke the connection by a reset");
    suspect("recv() returns -1 when the connection breaks: that is no end of file, and no count "
            "of bytes. Exit 1.");
    server = serve("timeclient", &client);
    say_bytewise(server, BYTES("Wed"), client);
    reset(server);
    expect_failure(client, reason(ECONNRESET));
    struct bytes before = rest_of_output(client);
    expect_that(before.length <= 3 && memcmp(before.at, "Wed", before.length) == 0,
                "\"Wed\", or a part of it", "%s", shown(before));

    tried("gave timeclient a standard output that is full (/dev/full)");
    suspect("What fwrite() takes is written later: only fflush() tells that it failed.");
    struct peer *door = open_door("127.0.0.1", 5, 0);
    client = launch(.program = "timeclient", .output = FROM_FILE, .output_path = "/dev/full",
                    .args = {"127.0.0.1", port_text(port_of(local_address(door)))});
    server = let_in(door);
    say(server, BYTES("Wed Dec\r\n"));
    half_close(server);
    expect_exit(client, 1);

    tried("ran timeclient against the reference's timeserver");
    suspect("%s", "");
    const char *where = listening(start_reference("timeserver", "127.0.0.1", "0"));
    time_t from = time(NULL);
    client = start("timeclient", "127.0.0.1", port_text(port_of(where)));
    struct bytes line = rest_of_output(client);
    expect_that(is_time_since(from, line), "the time on standard output", "%s", shown(line));
    expect_exit(client, 0);
}

STEP(6, "out of descriptors, the server waits and goes on when there is room", .points = 15,
     .after = 3, .see = "Step 6: when descriptors run out",
     .hints = {"Which failures of accept() concern one client only, or pass by themselves?",
               "accept(2) lists its errors: ECONNABORTED and EINTR pass at once; EMFILE, ENFILE, "
               "ENOBUFS and ENOMEM pass when something is freed.",
               "Return 1 for these errors. For the shortages call poll(NULL, 0, NAP_MS) first, so "
               "that the loop does not spin while it can't accept."},
     .by_hand = "prlimit --nofile=4 --pid $(pidof timeserver); nc 127.0.0.1 PORT")
{
    struct program *poor = launch(.program = "timeserver", .args = {"127.0.0.1", "0"},
                                  .weather = "accept 1 ENFILE; accept 2 ENOBUFS; accept 3 ENOMEM");
    const char *poor_where = listening(poor);

    tried("let accept() fail with ECONNABORTED and with EINTR, and connected");
    suspect("accept() fails with ECONNABORTED when a client has gone before its turn, and with "
            "EINTR when a signal comes: both pass. The server takes the next client.");
    struct program *server = launch(.program = "timeserver", .args = {"127.0.0.1", "0"},
                                    .weather = "accept 1 ECONNABORTED; accept 2 EINTR");
    const char *where = listening(server);
    expect_service(where);
    expect_running(server);
    wait_until_idle(server);
    limit_resource(server, RLIMIT_NOFILE, (rlim_t)count_descriptors(server));

    tried("left the server no descriptor for a client, and connected two");
    suspect("accept() fails with EMFILE while no descriptor is free. That passes: the server must "
            "not end.");
    struct peer *early = join(where); /* may get in: a waiting accept() has its descriptor */
    struct peer *second = join(where);
    suspect("The client stays in the queue, so accept() fails again at once: without a pause the "
            "loop burns a processor. (EMFILE)");
    expect_rest(server, 30);
    suspect("accept() fails with EMFILE while no descriptor is free. That passes: the server must "
            "not end.");
    expect_running(server);

    tried("gave the server its descriptors back, and connected another client");
    limit_resource(server, RLIMIT_NOFILE, 1024);
    expect_service(where);
    hang_up(early);
    hang_up(second);

    tried("let accept() fail with ENFILE, ENOBUFS and ENOMEM, and connected");
    suspect("The whole machine can be short of descriptors (ENFILE) or memory (ENOBUFS, ENOMEM): "
            "that passes as well. Wait a moment, and accept() again.");
    wait_until_idle(poor);
    expect_running(poor);
    expect_service(poor_where);

    tried("gave timeserver a standard output that is full (/dev/full)");
    suspect("Check that the line \"listening on\" could be written (fflush()), else exit 1.");
    struct program *mute = launch(.program = "timeserver", .args = {"127.0.0.1", "0"},
                                  .output = FROM_FILE, .output_path = "/dev/full");
    expect_exit(mute, 1);
    tried("started timeserver on a port that is taken");
    suspect("When bind() fails: its reason on standard error and exit 1.");
    expect_failure(start("timeserver", "127.0.0.1", port_text(port_of(where))), reason(EADDRINUSE));
}

STORY("one door, two clients, a socket for each")
{
    tried("started the server: it opens its door and sleeps in accept()");
    struct program *server = start("timeserver", "127.0.0.1", "0");
    const char *port = port_text(port_of(listening(server)));
    wait_until_idle(server);
    tried("let the first client come: it gets a socket of its own, the time and an end of file");
    expect_exit(start("timeclient", "127.0.0.1", port), 0);
    wait_until_idle(server);
    tried("let the second client come: the door was open all the while");
    expect_exit(start("timeclient", "127.0.0.1", port), 0);
    wait_until_idle(server);
    terminate(server);
}

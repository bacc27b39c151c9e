/*
 * steps.c - lab 04: one socket per client.
 *
 * The server is met by clients that the test plays and by the reference client; the client meets
 * servers that the test plays and the reference server.
 */
#include "arguments.h"
#include "clock.h"
#include "manners.h"
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

/* Where the server listens; clients must be able to connect when it says so. */
static const char *place_of(struct program *server)
{
    suspect("The line \"listening on\" says that clients can connect: print it after listen().");
    return listening(server);
}

/* Connects from a port that has a name in /etc/services, if one is free, and returns that address.
 */
static const char *join_from_known_port(const char *where)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* open until the step ends */
    setservent(1);
    for (struct servent *service; (service = getservent());) {
        here.sin_port = (in_port_t)service->s_port;
        if (strcmp(service->s_proto, "tcp") != 0 || ntohs(here.sin_port) < 1024 ||
            bind(client, (struct sockaddr *)&here, sizeof here) == -1)
            continue;
        struct sockaddr_in there = here;
        there.sin_port = htons((in_port_t)port_of(where));
        if (connect(client, (struct sockaddr *)&there, sizeof there) == 0)
            return address("127.0.0.1", ntohs(here.sin_port));
        break;
    }
    close(client);
    return local_address(join(where));
}

/* The next line must show these two ends. */
static void expect_ends(struct program *server, const char *client, const char *here)
{
    suspect("After accept() print the two ends of the connection and flush: printf() only fills a "
            "buffer.");
    const char *line = next_line(server);
    const char *arrow = strstr(line, " -> ");
    suspect("After accept() print the client's address, \" -> \" and the server's end of this "
            "connection.");
    if (strcmp(line, text("%s -> %s", here, client)) == 0)
        suspect("The two ends are swapped: the client's address comes first.");
    else if (strncmp(line, "0.0.0.0:0", 9) == 0)
        suspect("The client's address was never filled in: is the length that accept() gets set to "
                "the size of the address before the call?");
    else if (strcmp(line, text("%s -> %s", client, client)) == 0)
        suspect("The client's end stands twice: getpeername() tells the client's, getsockname() on "
                "the client's socket the server's end.");
    else if (arrow && strncmp(arrow, " -> 0.0.0.0:", 12) == 0)
        suspect("The listening socket's address is 0.0.0.0, any: ask getsockname() about the "
                "socket that accept() returned.");
    else if (arrow && strspn(arrow - 1, "0123456789") == 0)
        suspect("The client's port has a name on this machine: getnameinfo() needs "
                "NI_NUMERICSERV to give the number.");
    const char *expected = text("%s -> %s", client, here);
    expect_that(strcmp(line, expected) == 0, text("the line \"%s\"", expected), "\"%s\"", line);
}

/* Of a name's addresses the first that can be bound is taken. */
static void expect_next_address_bound(void)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
    if (!localhost_is(hosts[0]) || !localhost_is(hosts[1]) || !has_ipv6() ||
        getaddrinfo("localhost", "0", &hints, &list) != 0)
        return;
    const char *first = list->ai_family == AF_INET6 ? "::1" : "127.0.0.1";
    const char *second = list->ai_family == AF_INET6 ? "127.0.0.1" : "::1";
    freeaddrinfo(list);
    int port = free_port();
    open_door_at(address(first, port), 1, 0);
    tried("started timeserver on localhost with a port that is taken on %s, but not on %s", first,
          second);
    suspect("A name can have several addresses: when bind() fails for one, try the next.");
    expect_line(start("timeserver", "localhost", port_text(port)), "listening on %s",
                address(second, port));
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
    struct program *server[2], *anywhere = start("timeserver", "0.0.0.0", "0");
    for (int i = 0; i < host_count(); i++)
        server[i] = start("timeserver", hosts[i], "0");
    expect_strict_arguments("timeserver", WORD("127.0.0.1"), PORT("0"));
    for (int i = 0; i < host_count(); i++) {
        tried("connected a client to `timeserver %s 0`", hosts[i]);
        const char *where = place_of(server[i]);
        const char *client = i == 0 ? join_from_known_port(where) : local_address(join(where));
        expect_ends(server[i], client, where);
    }
    tried("started timeserver on 0.0.0.0 and connected a client to 127.0.0.1");
    const char *where = address("127.0.0.1", port_of(place_of(anywhere)));
    expect_ends(anywhere, local_address(join(where)), where);
    expect_next_address_bound();
    expect_unknown_host_told("timeserver", UNKNOWN_HOST, "0");
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
    const char *where = place_of(server);
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
    struct program *server =
        launch(.program = "timeserver", .args = {"127.0.0.1", port_text(free_port())},
               .no_quarantine = true);
    const char *where = place_of(server);
    tried("connected and read to the end of file");
    suspect("The client waits for the end of file. It comes when the server has closed the "
            "client's socket.");
    expect_service(where);

    tried("connected a second client");
    suspect("The server must go on with the next client: close only the client's socket, not the "
            "listening one, and go round.");
    expect_service(where);

    tried("connected clients that were gone before the server got to them");
    suspect("A client that has gone is no reason to end: send() fails with EPIPE or ECONNRESET, "
            "or SIGPIPE kills the process if MSG_NOSIGNAL (or SIG_IGN) does not prevent it.");
    for (int way = 0; way < 3; way++) { /* one by one: a queue may be short */
        stop_family(server);
        struct peer *rude = join(where);
        if (way == 1)
            half_close(rude); /* and then broken: send() to it fails with EPIPE */
        if (way < 2)
            reset(rude);
        else
            hang_up(rude);
        go_on(server);
        wait_until_idle(server);
        expect_running(server);
    }
    expect_service(where);

    expect_nothing_stays(server, where, expect_service, 5);
    expect_steady_memory(server, where, expect_service, 24, 1, NULL);
    expect_own_time(server, where);

    tried("ended the server by SIGTERM");
    expect_end_of_family(server, where);
    tried("started the server again on its port");
    suspect("Without SO_REUSEADDR, set before bind(), a port is refused while old connections "
            "rest in TIME_WAIT.");
    struct program *again = start("timeserver", "127.0.0.1", port_text(port_of(where)));
    expect_line(again, "listening on %s", where);
    suspect("The line \"listening on\" says that clients can connect: print it after listen().");
    expect_service(where);

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
    expect_unknown_host_told("timeclient", UNKNOWN_HOST, "1");
}

static struct peer *serve(const char *program, struct program **client)
{
    struct peer *door = open_door("127.0.0.1", 5, 0);
    *client = start(program, "127.0.0.1", port_text(port_of(local_address(door))));
    return let_in(door);
}

/* Many bytes, while write() takes fewer than it is given. */
static void expect_all_printed(void)
{
    tried("sent 300,000 bytes, NUL bytes among them");
    suspect("Received bytes are no string: there is no NUL at their end, and there may be some in "
            "the middle. Write as many bytes as recv() returned.");
    struct peer *door = open_door("127.0.0.1", 5, 0);
    struct program *client = launch(.program = "timeclient", .weather = "write 1-3 short 100",
                                    .args = {"127.0.0.1", port_text(port_of(local_address(door)))});
    struct peer *server = let_in(door);
    struct bytes many = noise(300000);
    say(server, many);
    half_close(server);
    struct bytes printed = rest_of_output(client);
    bool beginning =
        printed.length < many.length && memcmp(printed.at, many.at, printed.length) == 0;
    if (printed.length < many.length && weather_came(client))
        suspect("write() may take fewer bytes than it is given and returns how many: write the "
                "rest as well.");
    else if (beginning && memchr(printed.at, '\0', printed.length))
        suspect("That is the beginning of what came, and it may be longer than any buffer: read a "
                "piece, write it, and use the buffer again from its start.");
    expect_that(printed.length == many.length, "300000 bytes on standard output", "%zu bytes",
                printed.length);
    expect_that(memcmp(printed.at, many.at, many.length) == 0, "the same bytes", "other bytes");
    expect_exit(client, 0);
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

    expect_all_printed();

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
    hang_up(join(where)); /* may get in: a waiting accept() has its descriptor */
    struct peer *second = join(where);
    suspect("The client stays in the queue, so accept() fails again at once: without a pause the "
            "loop burns a processor. (EMFILE)");
    expect_rest(server, 30);
    suspect("accept() fails with EMFILE while no descriptor is free. That passes: the server must "
            "not end.");
    expect_running(server);

    tried("gave the server its descriptors back, and connected another client");
    limit_resource(server, RLIMIT_NOFILE, 1024);
    hear_up_to(second, TIME_LENGTH); /* or it was turned away; either way its turn is over */
    hang_up(second);
    expect_service(where);

    tried("let accept() fail with ENFILE, ENOBUFS and ENOMEM, and connected");
    suspect("The whole machine can be short of descriptors (ENFILE) or memory (ENOBUFS, ENOMEM): "
            "that passes as well. Wait a moment, and accept() again.");
    wait_until_idle(poor);
    expect_running(poor);
    expect_service(poor_where);

    expect_bad_starts_told("timeserver", "127.0.0.1");
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

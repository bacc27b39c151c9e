/*
 * steps.c - lab 03: the queue at the door.
 */
#include "arguments.h"
#include "door.h"
#include "knocks.h"
#include "manners.h"
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

STEP(1, "clients connect to a listening socket, as many as the backlog says", .points = 20,
     .see = "Step 1: listen",
     .hints = {"A bound socket refuses every client. Which call opens the door?",
               "listen(fd, backlog) makes the socket a listening one; the kernel then completes "
               "connections by itself. See listen(2).",
               "One call after bind() has succeeded, with the backlog from the command line, its "
               "result checked."},
     .by_hand = "build/labs/03-listen/doorman 127.0.0.1 0 1    # then: ss -tln")
{
    expect_strict_arguments("doorman", WORD("127.0.0.1"), PORT("0"), NUMBER("1", 0, INT_MAX));
    tried("started `doorman 127.0.0.1 0 5`");
    suspect("A socket that is bound but does not listen refuses its clients: call listen().");
    listening(launch(.program = "doorman", .args = {"127.0.0.1", "0", "5"},
                     .weather = "listen 1 delay 30"));
    for (int i = 0; i < host_count(); i++) {
        tried("started `doorman %s 0 5` and connected a client", hosts[i]);
        suspect("A socket that is bound but does not listen refuses its clients: call listen().");
        join(listening(start("doorman", hosts[i], "0", "5")));
    }
    if (localhost_is(hosts[0]) || localhost_is(hosts[1])) {
        tried("started `doorman localhost 0 5` and connected a client");
        suspect("HOST is a name or an address, and getaddrinfo() understands both, unless it is "
                "told AI_NUMERICHOST. inet_pton() knows no names.");
        join(listening(start("doorman", "localhost", "0", "5")));
    }
    expect_unknown_host_told("doorman", UNKNOWN_HOST, "0", "1");
    expect_queue_for(1);
    expect_any_backlog();
    expect_port_in_numbers();
    expect_failures_told();
}

STEP(2, "the first knock is told, once, and the end of input ends it", .points = 20, .after = 1,
     .see = "Step 2: two things at once",
     .hints = {"The program waits for a client and for standard input, whichever comes first. "
               "Which call waits for several descriptors?",
               "poll() on both. A listening socket is readable (POLLIN) when a connection waits in "
               "its queue. See poll(2).",
               "After the first knock set the door's fd in the array to -1: it stays readable, and "
               "poll() would return at once for ever. read() returning 0 is the end of input."},
     .by_hand = "build/labs/03-listen/doorman 127.0.0.1 0 5    # then: nc 127.0.0.1 PORT")
{
    tried("connected to doorman");
    suspect("Watch the door and standard input at once, with poll(). It says POLLIN for the "
            "listening socket when a client waits: print \"knock\" then, and flush: printf() only "
            "fills a buffer.");
    struct program *door = start("doorman", "127.0.0.1", "0", "5");
    const char *where = listening(door);
    join(where);
    expect_line(door, "knock");

    tried("left the client waiting in the queue");
    suspect("The socket stays readable as long as a client waits, so poll() returns at once, again "
            "and again, and the loop burns a processor. After the first knock take the door out of "
            "the array: fd = -1.");
    expect_rest(door, 30);
    tried("sent doorman a line on its standard input, and another client");
    suspect("What comes on standard input is read and means nothing: only its end, where read() "
            "returns 0, ends doorman.");
    join(where);
    feed(door, BYTES("hello\n"));
    wait_until_idle(door);
    expect_running(door);
    suspect("read() may store as many bytes as it was told: no more than the buffer's size.");
    feed(door, noise(10000));
    wait_until_idle(door);
    expect_running(door);

    tried("ended doorman's standard input after two clients had come");
    suspect("read() returning 0 is the end of input: exit with 0. The knock is told only once.");
    end_input(door);
    expect_exit(door, 0);
    expect_no_more_output(door);

    tried("ended the standard input of a doorman that nobody visits");
    suspect("Watch standard input and the door at the same time: poll() with both.");
    door = start("doorman", "127.0.0.1", "0", "5");
    listening(door);
    end_input(door);
    expect_exit(door, 0);

    tried("let doorman's first poll() and read() be interrupted by a signal, and connected");
    suspect("poll() and read() fail with EINTR when a signal comes: that is no failure, and no end "
            "of file. Go round and call again.");
    door = launch(.program = "doorman", .args = {"127.0.0.1", "0", "5"},
                  .weather = "poll 1 EINTR; read 1 EINTR");
    join(listening(door));
    expect_line(door, "knock");
    feed(door, BYTES("hello\n"));
    wait_until_idle(door);
    expect_running(door);
    end_input(door);
    expect_exit(door, 0);

    tried("started doorman with its standard input at its end from the start (/dev/null)");
    suspect("The end of standard input shows as POLLIN, and as POLLHUP only on a pipe: ask for "
            "POLLIN, and read() until it returns 0.");
    expect_exit(launch(.program = "doorman", .args = {"127.0.0.1", "0", "5"}, .input = FROM_FILE,
                       .input_path = "/dev/null"),
                0);

    tried("sent doorman a byte without a newline, and then a client");
    suspect("A call that waits for a whole line (fgets(), getline(), scanf()) holds the program "
            "until the newline comes, and meanwhile nobody watches the door. read() takes what is "
            "there.");
    door = start("doorman", "127.0.0.1", "0", "5");
    where = listening(door);
    feed(door, BYTES("h"));
    wait_until_idle(door);
    join(where);
    expect_line(door, "knock");
    tried("sent SIGTERM to a doorman that waits");
    suspect("SIGTERM ends a server.");
    terminate(door);
}

STEP(
    3, "many connections are begun at once, without waiting for each", .points = 20,
    .see = "Step 3: connect without waiting",
    .hints = {"connect() waits for the handshake. How do you tell a socket not to wait?",
              "fcntl(fd, F_SETFL, flags | O_NONBLOCK) before connect(), which then returns -1 with "
              "EINPROGRESS. See fcntl(2) and connect(2).",
              "Return 0 if connect() succeeds or errno is EINPROGRESS, else errno."},
    .by_hand = "build/labs/03-listen/knock 127.0.0.1 PORT 5 1000")
{
    expect_strict_arguments("knock", WORD("127.0.0.1"), PORT("1"), NUMBER("1", 1, 500),
                            NUMBER("10", 0, INT_MAX));
    tried("ran `knock 127.0.0.1 0 1 0`");
    suspect("0 is a PORT, too, though nobody can listen there: no wrong argument.");
    expect_that(exit_status(start("knock", "127.0.0.1", "0", "1", "0")) != 2, "no usage error",
                "exit code 2");
    for (int i = 0; i < host_count(); i++) {
        struct peer *door = open_door(hosts[i], 511, 0);
        tried("ran `knock %s PORT 5 15000` at a door with room for all", hosts[i]);
        suspect("Each socket is made non-blocking before connect(); -1 with EINPROGRESS is no "
                "failure.");
        expect_settled(local_address(door), 5, 0);
    }
    expect_name_understood();
    expect_unknown_host_told("knock", UNKNOWN_HOST, "1", "1", "10");
    expect_begun_at_once("8");
    tried("ran `knock 127.0.0.1 PORT 500 15000`");
    suspect("COUNT goes up to 500, and each connection takes one socket, which is one descriptor.");
    struct peer *wide = open_door("127.0.0.1", 1000, 0);
    expect_settled(local_address(wide), 500, 0);
}

STEP(4, "a refusal is counted, any other failure ends it", .points = 20, .after = 3,
     .see = "Step 4: how did it come out?",
     .hints = {"Three kinds of outcome: it stands, it was refused, something else went wrong.",
               "ECONNREFUSED is what a closed door says. A connection that stood and broke "
               "(ECONNRESET) counts as connected. See connect(2) for the others.",
               "refused++ for ECONNREFUSED, connected++ for 0 and ECONNRESET; else put error into "
               "errno and return -1."},
     .by_hand = "build/labs/03-listen/knock 127.0.0.1 1 3 1000")
{
    struct program *broken = start_to_be_reset();
    for (int i = 0; i < host_count(); i++) {
        tried("ran `knock %s PORT 3 15000` where nobody listens", hosts[i]);
        suspect("A refused connection (ECONNREFUSED) is counted as refused, and is no failure.");
        expect_settled(address(hosts[i], free_port()), 0, 3);
    }
    expect_reset_counted(broken);
    tried("ran `knock 255.255.255.255 1 1 15000`, an address for which there is no connection");
    struct program *reference = start_reference("knock", "255.255.255.255", "1", "1", "15000");
    if (exit_status(reference) == 1) {
        struct bytes said = error_output(reference);
        const char *line = text("%.*s", (int)said.length, (const char *)said.at);
        const char *why = strrchr(line, ':');
        suspect("Any failure but a refusal ends the program: its reason on standard error, exit "
                "1.");
        struct program *program = start("knock", "255.255.255.255", "1", "1", "15000");
        expect_failure(program, text("%.*s", (int)strcspn(why + 2, "\n"), why + 2));
        expect_no_more_output(program);
    }
    expect_lack_of_sockets_told();
    tried("gave knock a standard output that is full (/dev/full)");
    suspect("Whether the line could be written is known after fflush(): exit with 1 if not.");
    expect_exit(launch(.program = "knock", .output = FROM_FILE, .output_path = "/dev/full",
                       .args = {"127.0.0.1", port_text(free_port()), "1", "15000"}),
                1);
}

STEP(5, "the time-out is for all connections together", .points = 20, .after = 4,
     .see = "Step 5: wait, but not for ever",
     .hints = {"poll() returns for the first of many. How long may the next poll() wait?",
               "Fix a deadline before the loop, on CLOCK_MONOTONIC; each round waits for what is "
               "left until then. See poll(2) and clock_gettime(2).",
               "left = deadline - now_ms(), and 0 if that is negative. poll() returning 0 means "
               "that the time is over."},
     .by_hand = "build/labs/03-listen/doorman 127.0.0.1 4000 1 & "
                "build/labs/03-listen/knock 127.0.0.1 4000 8 500")
{
    const char *where = full_door();
    struct program *interrupted = start_to_be_interrupted(where);
    expect_one_time_out(where);

    tried("ran `knock 127.0.0.1 PORT 3 0` at a door whose queue is full");
    suspect("A TIMEOUT_MS of 0 does not wait at all: poll() gets 0, not a negative number.");
    expect_tally(told_by(start_knock(where, "3", "0")), 0, 0, 3);
    expect_rest_of_time_out(interrupted);

    tried("let the first poll() of `knock 127.0.0.1 PORT 8 %d` begin when the time was over",
          LATE_MS);
    suspect("The deadline can have passed when what is left of it is counted: a negative time-out "
            "lets poll() wait for ever. Give it 0 then.");
    const char *narrow = listening(start_reference("doorman", "127.0.0.1", "0", "1"));
    struct program *late =
        launch(.program = "knock", .times_itself = true,
               .weather = text("poll 1 delay %d", 2 * LATE_MS),
               .args = {"127.0.0.1", port_text(port_of(narrow)), "8", text("%d", LATE_MS)});
    int inside = -1, outside = -1;
    const char *line = next_line(late);
    expect_that(sscanf(line, "connected %d, refused 0, waiting %d", &inside, &outside) == 2 &&
                    inside + outside == 8,
                "8 connections, those that stand and those that wait", "%s", line);
    expect_exit(late, 0);

    tried("ran `knock 127.0.0.1 PORT 1 2147483647` at an open door");
    suspect("It returns as soon as no connection is waiting, however long TIMEOUT_MS is.");
    where = local_address(open_door("127.0.0.1", 5, 0));
    expect_tally(told_by(start_knock(where, "1", "2147483647")), 1, 0, 0);
}

STORY("clients connect although nobody accepts, until the queue is full")
{
    tried("opened a door with a backlog of 1");
    struct program *door = start("doorman", "127.0.0.1", "0", "1");
    const char *port = port_text(port_of(listening(door)));
    wait_until_idle(door);
    tried("knocked three times at once: two get in, one is left waiting");
    expect_exit(
        launch(.program = "knock", .args = {"127.0.0.1", port, "3", "200"}, .times_itself = true),
        0);
    tried("told the doorman to end");
    end_input(door);
    expect_exit(door, 0);
}

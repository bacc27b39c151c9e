/*
 * echoclient.h - lab 05's steps 4 and 5: echoclient, whose servers the test plays.
 */
#ifndef LAB_05_ECHOCLIENT_H
#define LAB_05_ECHOCLIENT_H

#include "arguments.h"
#include "manners.h"
#include "streams.h"

/* Starts echoclient with a server at this door that the test plays. */
static struct peer *meet_client_at(struct peer *door, struct program **client)
{
    *client = start("echoclient", "127.0.0.1", port_text(port_of(local_address(door))));
    return let_in(door);
}

static struct peer *meet_client(struct program **client)
{
    return meet_client_at(open_door("127.0.0.1", 5, 0), client);
}

/* Runs echoclient with this input, and hears all of it as its server. */
static struct peer *hear_out(struct program **client, struct bytes input)
{
    struct peer *server = meet_client(client);
    feed(*client, input);
    end_input(*client);
    expect_same(hear_all(server), input, "at the server");
    return server;
}

/* The server of echoclient sends other than it heard, in number. */
static void expect_miscount(struct bytes back)
{
    struct program *client;
    struct peer *server = hear_out(&client, BYTES("hello"));
    say(server, back);
    half_close(server);
    expect_exit(client, 1);
    suspect("All that comes back is printed, also when the count is wrong in the end.");
    expect_same(rest_of_output(client), back, "on standard output");
}

/* Starts echoclient with this file as its input. */
static struct program *start_reading(const char *path, const char *where)
{
    return launch(.program = "echoclient", .args = {host_of(where), port_text(port_of(where))},
                  .input = FROM_FILE, .input_path = path);
}

/* An input that is empty, and one that can't be read; with a server that is in order. */
static void expect_good_and_bad_input(void)
{
    struct program *server = start_reference("echoserver", "127.0.0.1", "0");
    const char *where = listening(server);
    tried("gave echoclient an empty input");
    suspect("An input can be empty: the first read() returns 0. Then half-close at once; nothing "
            "was sent, nothing came back, and the exit code is 0.");
    struct program *empty = start_reading("/dev/null", where);
    expect_exit(empty, 0);
    expect_no_more_output(empty);
    tried("gave echoclient a folder as its input, which can't be read");
    suspect("read() returns -1 (EISDIR): that is no end of file. Its reason on standard error, and "
            "exit 1.");
    struct program *folder = start_reading("/", where);
    wait_until_idle(folder);
    terminate(server); /* one that listens in another process learns of its end by this */
    expect_exit(folder, 1);
}

STEP(4, "echoclient sends its input, half-closes and prints what comes back", .points = 15,
     .see = "Step 4: say all, and still listen",
     .hints = {"The server waits for an end of file, and the client for the server's last bytes. "
               "Which call ends one direction and leaves the other?",
               "shutdown() with SHUT_WR ends what you send; recv() still works. send() and "
               "write() may take less than they were given. See shutdown(2).",
               "send_some(): send the bytes from unsent_start to unsent_end, move unsent_start by "
               "what it took, add it to x->sent. print_some(): one recv(). print_all(): loop until "
               "`written` is `length`."},
     .by_hand = "echo hello | build/labs/05-stream/echoclient 127.0.0.1 PORT; echo $?")
{
    expect_strict_arguments("echoclient", WORD("127.0.0.1"), PORT("7"));
    expect_unknown_host_told("echoclient", UNKNOWN_HOST, "7");
    struct program *client;
    for (int i = 0; i < host_count(); i++) {
        struct peer *door = open_door(hosts[i], 5, 0);
        const char *host = localhost_is(hosts[i]) ? "localhost" : hosts[i];
        client = start("echoclient", host, port_text(port_of(local_address(door))));
        tried("ran echoclient %s PORT with 3 bytes on standard input, where a server listens on %s",
              host, hosts[i]);
        suspect("Connect to the addresses of the name one after another, each with a socket of its "
                "own family: when the first refuses, try the next.");
        struct peer *server = let_in(door);
        suspect("Every byte of standard input goes to the server, NUL bytes among them: send as "
                "many as read() returned.");
        feed(client, BYTES("t\0o"));
        end_input(client);
        expect_bytes(server, BYTES("t\0o"));
        suspect("At the end of standard input the server has to see an end of file: half-close the "
                "connection with shutdown(). Without it the server waits for ever.");
        expect_end_of_file(server);
        say(server, BYTES("t\0o"));
        half_close(server);
        struct bytes printed = rest_of_output(client);
        if (printed.length == 0)
            suspect("The end of standard input is not the end of the answer: close() takes both "
                    "directions down, shutdown() with SHUT_WR only the one.");
        else
            suspect("Received bytes are no string: print as many as recv() returned, NUL bytes "
                    "among them.");
        expect_same(printed, BYTES("t\0o"), "on standard output");
        suspect("All was sent and as many bytes came back: exit code 0.");
        expect_exit(client, 0);
    }
    tried("gave echoclient a file of 200,000 bytes as its input, and sent them back");
    suspect(
        "Standard input can be a file, too: read() and poll() take it, while epoll_ctl() refuses "
        "it with EPERM (then just read() it).");
    struct bytes many = noise(200000);
    struct peer *door = open_door("127.0.0.1", 5, 0);
    make_file(scratch_path("input"), many);
    client = start_reading(scratch_path("input"), local_address(door));
    struct peer *server = let_in(door);
    expect_same(hear_all(server), many, "at the server");
    suspect("An answer comes in many pieces: go on with recv() until it returns 0.");
    say(server, many);
    half_close(server);
    expect_same(rest_of_output(client), many, "on standard output");
    expect_exit(client, 0);

    tried("sent back fewer bytes than came, and closed");
    suspect("Count what is sent and what comes back: exit code 1 if fewer bytes came back.");
    expect_miscount(BYTES("hell"));
    tried("sent back more bytes than came, and closed");
    suspect("Count what is sent and what comes back: exit code 1 if more bytes came back, too.");
    expect_miscount(BYTES("hello!"));
    expect_good_and_bad_input();

    tried("hung up while there was still standard input to send");
    suspect("The server has gone before the end of standard input: exit code 1, at once or when "
            "the next send() fails. SIGPIPE must not end the client (MSG_NOSIGNAL).");
    server = meet_client(&client);
    hang_up(server);
    feed(client, noise(4 * MIB));
    expect_exit(client, 1);

    tried("broke the connection by a reset");
    suspect("recv() returns -1 when the connection breaks: that is no end of file, and no number "
            "of bytes. Exit code 1.");
    server = hear_out(&client, BYTES("hello"));
    say(server, BYTES("hell"));
    reset(server);
    expect_exit(client, 1);

    tried("ran echoclient with a port where nobody listens");
    suspect("Report the reason of the last connect() that failed, and exit with 1.");
    struct program *refused = start("echoclient", "127.0.0.1", port_text(free_port()));
    end_input(refused);
    expect_failure(refused, reason(ECONNREFUSED));
    suspect("A failure is told on standard error, and not on standard output.");
    expect_no_more_output(refused);

    tried("gave echoclient a standard output that is full (/dev/full)");
    suspect("When write() fails: its reason on standard error and exit code 1.");
    door = open_door("127.0.0.1", 5, 0);
    struct program *mute =
        launch(.program = "echoclient", .output = FROM_FILE, .output_path = "/dev/full",
               .args = {"127.0.0.1", port_text(port_of(local_address(door)))});
    feed(mute, BYTES("hello"));
    end_input(mute);
    server = let_in(door);
    expect_same(hear_all(server), BYTES("hello"), "at the server");
    say(server, BYTES("hello"));
    half_close(server);
    expect_exit(mute, 1);
}

STEP(5, "16 MiB pass through echoclient without a deadlock", .points = 15, .after = 4,
     .see = "Step 5: both at the same time",
     .hints =
         {"The kernel keeps some bytes for a reader, but not 16 MiB. What does the server do "
          "when nobody reads its echo, and what does your send() do then?",
          "Wait for both directions at once with poll(), and send without blocking "
          "(O_NONBLOCK), so that the client always comes back to recv(). See poll(2), "
          "fcntl(2).",
          "Ask poll() for POLLIN on the socket always, for POLLOUT on it only while something "
          "is unsent, for POLLIN on standard input only while nothing is, else with fd = -1. Read "
          "standard input if its revents is not 0: a pipe's end can be POLLHUP alone."},
     .by_hand = "head -c 16M /dev/urandom >build/sent; build/labs/05-stream/echoclient 127.0.0.1 "
                "PORT <build/sent | cmp - build/sent")
{
    struct bytes many = noise(16 * MIB);
    struct program *client;
    tried("ran 16 MiB through echoclient and the reference's echoserver");
    suspect("Client and server both stand still in send(): each waits until the other reads. The "
            "client has to read what comes back while it sends: poll() and a socket that does not "
            "block, or a second thread or process.");
    const char *where = listening(start_reference("echoserver", "127.0.0.1", "0"));
    client = start("echoclient", "127.0.0.1", port_text(port_of(where)));
    feed(client, many);
    end_input(client);
    expect_same(rest_of_output(client), many, "back");
    expect_exit(client, 0);

    tried("took 65,000 of 16 Mi bytes from echoclient and no more, and sent these back");
    suspect("What has come back has to be printed at the same time, not when all is sent, when "
            "stdio's buffer is full (fflush()) or at the very end. And a send() that waits for "
            "room is deaf.");
    struct peer *server = meet_client(&client);
    feed(client, many);
    struct bytes taken = hear(server, 65000);
    wait_until_stuck(server, client);
    say(server, taken);
    expect_same(take_output(client, taken.length), taken, "on standard output");
    reset(server);
    expect_exit(client, 1);

    tried("left echoclient nothing to do but wait");
    suspect("It burns the processor while it waits. A socket is nearly always ready for POLLOUT, "
            "and an input that has ended for POLLIN: ask only for what you can use.");
    meet_client(&client);
    wait_until_idle(client);
    hear_out(&client, BYTES("hello"));
    wait_until_idle(client);

    tried("read slowly what echoclient sent, and stopped and continued it meanwhile");
    suspect("send() takes fewer bytes than it is given when there is no room or when it is "
            "interrupted: send what is left, and nothing twice.");
    struct bytes part = first(MIB, many);
    struct peer *slow = meet_client_at(open_narrow_door(), &client);
    feed(client, part);
    end_input(client);
    size_t heard = hear_haltingly(slow, client, part);
    expect_same(hear_all(slow), after(heard, part), "at the server");
    say(slow, part);
    half_close(slow);
    expect_same(rest_of_output(client), part, "back");
    expect_exit(client, 0);

    tried("stopped and continued echoclient while a slow reader held up its standard output");
    suspect("write() may take fewer bytes than it is given, too: write what is left.");
    struct bytes some = first(300000, many);
    struct outlet *outlet = make_outlet(some.length);
    client = launch(.program = "echoclient", .output = FROM_FILE, .output_path = outlet->path,
                    .args = {"127.0.0.1", port_text(port_of(where))});
    feed(client, some);
    end_input(client);
    expect_same(read_haltingly(outlet, client), some, "on standard output");
    expect_exit(client, 0);

    tried("let echoclient's poll(), send(), recv(), read() and write() be interrupted once, and "
          "send() and write() take at most 1000 bytes at a time");
    suspect(
        "A call that returns -1 with EINTR has done nothing, and has not failed: call it again. "
        "send() and write() may take fewer bytes than they are given: send and write what is "
        "left, and nothing twice.");
    /* The second read() and write(): the first may be the only one, on a pipe between two processes
     * that leave the rest to stdio. */
    client = launch(.program = "echoclient", .args = {"127.0.0.1", port_text(port_of(where))},
                    .weather = "poll 1 EINTR; send 1 EINTR; send 2- short 1000; recv 1 EINTR; "
                               "read 2 EINTR; write 1 short 1000; write 2 EINTR; "
                               "write 3- short 1000");
    some = first(20 * KIB, many);
    feed(client, some);
    end_input(client);
    expect_same(rest_of_output(client), some, "back");
    expect_exit(client, 0);
}

#endif

/*
 * steps.c - lab 05: bytes, not messages.
 *
 * The servers are met by clients that the test plays: quick, slow, rude ones. The client meets
 * servers that the test plays. Both meet the reference on the other side.
 */
#include "arguments.h"
#include "frames.h" /* steps 6 and 7 */
#include "story.h"
#include "streams.h"

/* --- echoserver --- */

STEP(1, "every byte comes back as it comes, until the client's end of file", .points = 10,
     .see = "Step 1: send back what comes",
     .hints = {"How many bytes has the client said when recv() returns? Who tells you?",
               "recv() returns the number of bytes that have come so far, 0 at the client's end of "
               "file, -1 at a failure. Send back exactly that number. See recv(2).",
               "A loop: recv() into the buffer; 0: return 0; -1 with EINTR: again; another -1: "
               "return -1; else send_all() with the count that recv() returned."},
     .by_hand = "build/labs/05-stream/echoserver 127.0.0.1 0    # then: nc 127.0.0.1 PORT")
{
    expect_usage_error("echoserver", "127.0.0.1");
    expect_usage_error("echoserver", "127.0.0.1", "80x");
    const char *where = NULL;
    for (int i = 0; i < host_count(); i++) {
        tried("started `echoserver %s 0` and sent a single byte", hosts[i]);
        suspect("As soon as clients can connect the server prints \"listening on ADDR:PORT\", and "
                "flushes it.%s",
                strchr(hosts[i], ':') ? " HOST can be an IPv6 address, too: ask for any family."
                                      : "");
        where = listening(start("echoserver", hosts[i], "0"));
        suspect(
            "recv() returns as soon as there is one byte, and this byte has to go back at once: "
            "do not wait for a line, a full buffer or the end.");
        struct peer *client = join(where);
        say(client, BYTES("a"));
        expect_bytes(client, BYTES("a"));
        tried("sent a second byte");
        suspect("One recv() is not all that a client says: go on until it returns 0. And send back "
                "as many bytes as it returned, not the whole buffer.");
        say(client, BYTES("b"));
        expect_bytes(client, BYTES("b"));

        tried("sent a word with NUL bytes in it, and then a shorter one");
        suspect("Received bytes are no string: send back as many as recv() returned, whatever "
                "they are. strlen() stops at a NUL byte, and old bytes may stand behind the new.");
        say(client, BYTES("long\0\0word\xff\r\n"));
        expect_bytes(client, BYTES("long\0\0word\xff\r\n"));
        say(client, BYTES("\0b"));
        expect_bytes(client, BYTES("\0b"));

        tried("ended the client's stream (half-close)");
        suspect("recv() returns 0 when the client has said everything. Then this client's socket "
                "is closed, and the client reads an end of file, too.");
        half_close(client);
        expect_end_of_file(client);
        tried("connected a second client");
        suspect("After a client's end of file the next one is served: go round to accept().");
        expect_echo(where);
    }
    tried("sent 100,000 bytes and the end of file at once");
    suspect("The end of file comes after the last byte: all that came before it has to go back.");
    struct bytes many = noise(100000);
    struct peer *quick = join(where);
    say(quick, many);
    half_close(quick);
    expect_same(hear_all(quick), many, "back");
}

STEP(2, "every byte comes back, even to a slow reader", .points = 15, .after = 1,
     .see = "Step 2: a send can be short",
     .hints = {"Compare what you asked send() to take with what it took.",
               "send() returns how many bytes it took. When the way to the client is full, or a "
               "signal comes, that is only a part of them. Who sends the rest? See send(2).",
               "Keep a count of what is sent. Until it has reached `length`: send `length - sent` "
               "bytes from `bytes + sent`, and add what came back. EINTR: once more."},
     .by_hand = "head -c 8M /dev/urandom >build/sent; "
                "nc -N 127.0.0.1 PORT <build/sent | cmp - build/sent")
{
    struct bytes many = noise(8 * MIB);
    struct program *server = start("echoserver", "localhost", "0");
    const char *where = listening(server);
    tried("sent 8 MiB without reading, stopped and continued the server, then read slowly");
    suspect("send() takes fewer bytes than it is given when it is interrupted, or (on a socket "
            "that does not block) when there is no room. Send the rest: bytes + sent, length - "
            "sent, until nothing is left. Wait for room in send() or poll(), not by asking.");
    struct peer *slow = join(where);
    say(slow, many);
    half_close(slow);
    size_t heard = hear_haltingly(slow, server, many);
    expect_same(hear_all(slow), after(heard, many), "back");

    tried("ran 4 MiB through the server with the reference's echoclient");
    struct program *client =
        start_reference("echoclient", host_of(where), port_text(port_of(where)));
    feed(client, first(4 * MIB, many));
    end_input(client);
    expect_same(rest_of_output(client), first(4 * MIB, many), "back");
    expect_exit(client, 0);

    expect_drop_by_drop("echoserver", first(5500, many), first(5500, many));
}

STEP(3, "a client that breaks its connection ends nothing but that", .points = 15, .after = 2,
     .see = "Step 3: rude clients",
     .hints = {"A client can vanish at any moment. What do recv() and send() do then? What does "
               "the kernel do to a process that sends to nobody?",
               "recv() fails with ECONNRESET, send() with EPIPE, and SIGPIPE ends the process "
               "unless it is ignored. See sigaction(2), signal(7), send(2).",
               "ignore_sigpipe(): a struct sigaction whose handler is SIG_IGN, set for SIGPIPE. "
               "serve(): whatever echo() returns, close the client and take the next."},
     .by_hand = "timeout -s KILL 1 nc 127.0.0.1 PORT </dev/zero >/dev/null; nc 127.0.0.1 PORT")
{
    struct program *server = start_failing_to_accept("echoserver");
    const char *where = listening(server);
    expect_echo(where);
    tried("broke a connection by a reset while the server waited for the client's words");
    suspect("recv() fails with ECONNRESET: the -1 is no number of bytes, and this client's trouble "
            "is no reason for the server to end. Close its socket and take the next.");
    struct peer *rude = join(where);
    say(rude, BYTES("ping"));
    expect_bytes(rude, BYTES("ping"));
    wait_until_idle(server);
    reset(rude);
    expect_echo(where);
    expect_running(server);

    tried("said a word and was gone before it could come back");
    suspect("A send() to a client that has gone raises SIGPIPE, which ends the process unless it "
            "is ignored (sigaction() with SIG_IGN, or MSG_NOSIGNAL); then it fails with EPIPE, "
            "which concerns this client only.");
    say_and_vanish(server, where, BYTES("ping"));
    expect_echo(where);
    expect_running(server);

    tried("broke a connection while the server was stuck in sending to it");
    suspect("send() fails with ECONNRESET or EPIPE when the client breaks the connection: close "
            "its socket and take the next client.");
    struct peer *full = join(where);
    say(full, noise(8 * MIB));
    wait_until_stuck(full, server);
    reset(full);
    expect_echo(where);
    expect_running(server);

    expect_no_leak(server, where, expect_echo);
    expect_patience(server, where, expect_echo);
    expect_good_start_and_end("echoserver", server, where, talk_to_echoserver);
}

/* --- echoclient --- */

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
    expect_usage_error("echoclient");
    expect_usage_error("echoclient", "127.0.0.1", "70000");
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
    tried("sent back the 200,000 bytes that came");
    suspect("An answer comes in many pieces: go on with recv() until it returns 0.");
    struct bytes many = noise(200000);
    struct peer *server = hear_out(&client, many);
    say(server, many);
    half_close(server);
    expect_same(rest_of_output(client), many, "on standard output");
    expect_exit(client, 0);

    tried("sent back fewer bytes than came, and closed");
    suspect("Count what is sent and what comes back: exit code 1 if fewer bytes came back.");
    server = hear_out(&client, BYTES("hello"));
    say(server, BYTES("hell"));
    half_close(server);
    expect_exit(client, 1);

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

    tried("gave echoclient a standard output that is full (/dev/full)");
    suspect("When write() fails: its reason on standard error and exit code 1.");
    struct peer *door = open_door("127.0.0.1", 5, 0);
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

    tried("took 64 KiB of 16 MiB from echoclient and no more, and sent these back");
    suspect("What has come back has to be printed at the same time, not when all is sent or at the "
            "very end. A send() that waits for room is deaf meanwhile.");
    struct peer *server = meet_client(&client);
    feed(client, many);
    struct bytes taken = hear(server, 64 * KIB);
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

    tried("let echoclient's poll(), send() and recv() be interrupted once, and send() and write() "
          "take at most 1000 bytes at a time");
    suspect(
        "A call that returns -1 with EINTR has done nothing, and has not failed: call it again. "
        "send() and write() may take fewer bytes than they are given: send and write what is "
        "left, and nothing twice.");
    client = launch(.program = "echoclient", .args = {"127.0.0.1", port_text(port_of(where))},
                    .weather = "poll 1 EINTR; send 1 EINTR; send 2- short 1000; recv 1 EINTR; "
                               "write 1- short 1000");
    some = first(20 * KIB, many);
    feed(client, some);
    end_input(client);
    expect_same(rest_of_output(client), some, "back");
    expect_exit(client, 0);
}

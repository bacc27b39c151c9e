/*
 * steps.c - lab 05: bytes, not messages.
 *
 * The servers are met by clients that the test plays: quick, slow, rude ones. The client meets
 * servers that the test plays. Both meet the reference on the other side.
 */
#include "arguments.h"
#include "echoclient.h" /* steps 4 and 5 */
#include "frames.h"     /* steps 6 and 7 */
#include "servers.h"
#include "story.h"
#include "streams.h"

#include <poll.h>

/* --- echoserver --- */

static struct bytes as_it_is(struct bytes words)
{
    return words;
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

static void visit_echoserver(const char *where)
{
    visit_with(where, noise(4 * KIB), noise(4 * KIB));
}

static bool has_come_to_an_end(void *client)
{
    struct pollfd way = {.fd = socket_of(client), .events = POLLIN};
    return connected(client) != 0 || poll(&way, 1, 0) == 1;
}

static const char *nothing(void *unused)
{
    (void)unused;
    return "nothing";
}

/* After the client's end of file: the server's, and not a reset. */
static void expect_orderly_end(struct peer *client)
{
    suspect("recv() returns 0 when the client has said everything. Then its socket is closed, "
            "after fork() in both processes, and the client reads an end of file, too.");
    wait_until_seen(has_come_to_an_end, client, "an end of file", nothing);
    suspect("The client's end of file is answered by close(). It becomes a reset if bytes are left "
            "unread, or with SO_LINGER and a time of 0.");
    expect_end_of_file(client);
}

STEP(1, "every byte comes back as it comes, until the client's end of file", .points = 10,
     .see = "Step 1: send back what comes",
     .hints = {"How many bytes has the client said when recv() returns? Who tells you?",
               "recv() returns the number of bytes that have come so far, 0 at the client's end of "
               "file, -1 at a failure. Send back exactly that number. See recv(2).",
               "A loop: recv() into the buffer; 0: return 0; -1 with EINTR: again; another -1: "
               "return -1; else send_all() with the count that recv() returned."},
     .by_hand = "build/labs/05-stream/echoserver 127.0.0.1 0    # then: nc 127.0.0.1 PORT")
{
    expect_strict_arguments("echoserver", WORD("127.0.0.1"), PORT("0"));
    expect_unknown_host_told("echoserver", UNKNOWN_HOST, "0");
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
        half_close(client);
        expect_orderly_end(client);
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
    struct program *server = start("echoserver", "127.0.0.1", "0");
    const char *where = listening(server);
    tried("sent 8 MiB without reading, let another client speak, then stopped and continued the "
          "server and read slowly");
    suspect("send() takes fewer bytes than it is given when it is interrupted, or (on a socket "
            "that does not block) when there is no room. Send the rest: bytes + sent, length - "
            "sent, until nothing is left. Wait for room in send() or poll(), not by asking.");
    struct peer *slow = join_modestly(where);
    say(slow, many);
    half_close(slow);
    struct bytes words = foreign_words(96 * KIB);
    struct peer *other = come_between(slow, server, where, words);
    size_t heard = hear_haltingly(slow, server, many);
    expect_same(hear_all(slow), after(heard, many), "back");
    suspect("A client that comes while another is served gets its answer then or afterwards.");
    expect_same(hear_all(other), words, "back");
    expect_no_mixing(server, where, as_it_is, as_it_is);

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
    struct program *poor = start_in_need("echoserver");
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
    say_and_vanish(server, where, BYTES("last"));
    expect_nothing_left_over(where, BYTES("last"), BYTES("ping"), BYTES("ping"));
    expect_running(server);

    tried("broke a connection while the server was stuck in sending to it");
    suspect("send() fails with ECONNRESET or EPIPE when the client breaks the connection: close "
            "its socket and take the next client.");
    struct peer *full = join_modestly(where);
    say(full, noise(8 * MIB));
    wait_until_stuck(full, server);
    reset(full);
    expect_echo(where);
    expect_running(server);

    expect_no_fear_of_ghosts(server, where, expect_echo);
    expect_nothing_kept(server, where, visit_echoserver, expect_echo);
    expect_patience(server, where, expect_echo);
    expect_end_of_need(poor, expect_echo);
    expect_good_end_and_start("echoserver", server, where, talk_to_echoserver);
}

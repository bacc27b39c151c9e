/*
 * frames.h - lab 05's steps 6 and 7: msgserver, whose messages are frames on a stream.
 */
#ifndef LAB_05_FRAMES_H
#define LAB_05_FRAMES_H

#include "arguments.h"
#include "servers.h"
#include "streams.h"

static void talk_to_msgserver(struct peer *client)
{
    say(client, frame(BYTES("ping")));
    expect_bytes(client, answer(BYTES("ping")));
}

/* A client whose frame is answered, and then the end of file. */
static void expect_answer(const char *where)
{
    struct peer *client = join(where);
    talk_to_msgserver(client);
    half_close(client);
    expect_end_of_file(client);
}

static void visit_msgserver(const char *where)
{
    visit_with(where, frame(noise(4 * KIB)), answer(noise(4 * KIB)));
}

static void expect_answers(struct peer *client, const size_t lengths[], size_t count,
                           struct bytes many)
{
    for (size_t i = 0; i < count; i++) {
        say(client, frame(first(lengths[i], many)));
        expect_bytes(client, answer(first(lengths[i], many)));
    }
}

STEP(6, "each frame is answered, in whatever pieces the stream brings it", .points = 15, .after = 2,
     .see = "Step 6: messages on a stream",
     .hints = {"What if the first recv() returns two bytes of the prefix, or a frame and a half?",
               "Receive exactly 4 bytes, then exactly as many as they say: a loop around recv() "
               "that never asks for more than is left. See recv(2), byteorder(3).",
               "recv_all(): until `got` is `length`, recv() `length - got` bytes to `bytes + got`. "
               "*length is ntohl(prefix). Then reverse(), and send_all() of prefix and bytes "
               "together."},
     .by_hand = "printf '\\0\\0\\0\\5hello' | nc -N 127.0.0.1 PORT | od -c")
{
    expect_strict_arguments("msgserver", WORD("127.0.0.1"), PORT("0"));
    expect_unknown_host_told("msgserver", UNKNOWN_HOST, "0");
    struct program *server = NULL;
    const char *where = NULL;
    struct peer *client = NULL;
    for (int i = 0; i < host_count(); i++) {
        tried("sent `msgserver %s 0` a frame of 5 bytes", hosts[i]);
        suspect("The prefix is the number of bytes behind it, 4 bytes in network byte order: "
                "ntohl() makes it a number of this machine. The answer has the same prefix, and "
                "then the bytes in reverse order; they are no string, NUL bytes can be among "
                "them.");
        server = start("msgserver", hosts[i], "0");
        where = listening(server);
        client = join(where);
        say(client, frame(BYTES("he\0lo")));
        expect_bytes(client, answer(BYTES("he\0lo")));
        tried("sent a second frame");
        suspect("A client sends as many frames as it likes: go on until its end of file. Each "
                "answer ends with the last of its bytes: nothing of the buffer behind them.");
        say(client, frame(BYTES("again")));
        expect_bytes(client, answer(BYTES("again")));
    }
    tried("sent a frame one byte at a time");
    suspect("recv() returns as soon as there is one byte, inside the prefix, too. Go on until the "
            "4 bytes, and then all bytes of the frame, are there.");
    say_bytewise(client, frame(BYTES("stream")), server);
    expect_bytes(client, answer(BYTES("stream")));

    tried("stopped and continued the server inside a prefix, and inside a frame");
    suspect("recv() may return with less than it was asked for, with MSG_WAITALL as well, if it is "
            "interrupted. Go on for the rest until all is there, and keep what has come.");
    struct bytes torn = frame(BYTES("interrupted"));
    say_bytewise(client, first(2, torn), server);
    stop_and_continue(server, 0);
    say_bytewise(client, first(4, after(2, torn)), server);
    stop_and_continue(server, 0);
    say(client, after(6, torn));
    expect_bytes(client, answer(BYTES("interrupted")));

    tried("sent two frames and a half in one piece");
    suspect("One recv() can bring more than one frame. What belongs to the next must not get lost: "
            "ask only for what is left of this frame, or keep the rest.");
    struct bytes third = frame(BYTES("third"));
    say(client, both(frame(BYTES("one")), both(frame(BYTES("second")), first(6, third))));
    expect_bytes(client, both(answer(BYTES("one")), answer(BYTES("second"))));
    say(client, after(6, third));
    expect_bytes(client, answer(BYTES("third")));

    tried("sent frames of 0, 1, 300, 65,536 and 0 bytes");
    suspect("A frame of 0 bytes is a frame, with a prefix and an answer; 65,536 bytes are "
            "allowed; and all 4 bytes of the prefix count.");
    struct bytes many = noise(4 * MIB);
    const size_t lengths[] = {0, 1, 300, LONGEST, 0}, high[] = {200, 0x80ff, 0};
    expect_answers(client, lengths, sizeof lengths / sizeof lengths[0], many);
    tried("sent frames of 200, 33,023 and 0 bytes");
    suspect("A byte of the prefix can be over 127, which a plain char takes for a negative number. "
            "Put the length together from bytes that are unsigned, or with ntohl().");
    expect_answers(client, high, sizeof high / sizeof high[0], many);
    tried("ended the client's stream after a whole frame");
    suspect("An end of file between two frames is the end of this client: close its socket.");
    half_close(client);
    expect_end_of_file(client);

    tried("sent 64 frames of 65,536 bytes, let another client send one, and read slowly");
    suspect("send() takes fewer bytes than it is given when there is no room or when it is "
            "interrupted: send the rest of the answer.");
    struct bytes frames = in_frames(many, frame), answers = in_frames(many, answer);
    struct peer *slow = join_modestly(where);
    say(slow, frames);
    half_close(slow);
    struct bytes words = foreign_words(LONGEST);
    struct peer *other = come_between(slow, server, where, frame(words));
    size_t heard = hear_haltingly(slow, server, answers);
    expect_same(hear_all(slow), after(heard, answers), "back");
    suspect("A client that comes while another is served gets its answer then or afterwards.");
    expect_same(hear_all(other), answer(words), "back");
    expect_no_mixing(server, where, frame, answer);

    struct bytes few = first(5500, many);
    expect_drop_by_drop("msgserver", frame(few), answer(few));
}

/* Announces too much after a frame that was in order. */
static void expect_refusal(const char *where, unsigned long length)
{
    tried("sent a frame, and then a prefix that announces %lu bytes", length);
    suspect("At most 65,536 bytes are allowed, in a type without a sign. Check the length before "
            "the first byte is stored or any memory is asked for, close the connection, and go on "
            "with the next client.");
    struct peer *client = join(where);
    say(client, frame(BYTES("ping")));
    expect_bytes(client, answer(BYTES("ping")));
    say(client, prefix(length));
    expect_gone(client);
    expect_answer(where);
}

STEP(
    7, "what is no frame closes that connection, and only that", .points = 15, .after = 6,
    .see = "Step 7: when it is no frame",
    .hints = {"The prefix comes from a stranger. What is the largest number that it can hold?",
              "Compare the length with LONGEST before you receive a byte of the frame, and compare "
              "what recv_all() got with what you asked it for.",
              "Three ifs that return -1: fewer bytes than a prefix; a length over LONGEST; fewer "
              "bytes than the length."},
    .by_hand = "printf '\\377\\377\\377\\377' | nc 127.0.0.1 PORT; printf '\\0\\0\\0\\5hel' | nc "
               "-N 127.0.0.1 PORT | wc -c")
{
    struct program *poor = start_in_need("msgserver");
    struct program *server = start_failing_to_accept("msgserver");
    const char *where = listening(server);
    expect_answer(where);
    expect_running(server);
    expect_refusal(where, LONGEST + 1);
    expect_refusal(where, 0x80000000);
    expect_refusal(where, 0xffffffff);

    tried("ended the stream inside a frame");
    suspect("An end of file before the frame is whole: half a frame gets no answer, its connection "
            "is closed.");
    struct peer *client = join(where);
    say(client, first(7, frame(BYTES("hello"))));
    half_close(client);
    expect_gone(client);
    expect_answer(where);
    tried("ended the stream inside a prefix");
    suspect("An end of file before the prefix is whole: there is no length and no frame, so no "
            "answer; the connection is closed.");
    client = join(where);
    say(client, frame(BYTES("")));
    expect_bytes(client, answer(BYTES("")));
    say(client, first(2, prefix(0)));
    half_close(client);
    expect_gone(client);
    expect_answer(where);

    tried("broke a connection inside a frame by a reset");
    suspect("recv() fails with ECONNRESET: the -1 is no number of bytes, and the server goes on "
            "with the next client.");
    client = join(where);
    say_bytewise(client, first(6, frame(BYTES("hello"))), server);
    reset(client);
    expect_answer(where);
    expect_running(server);
    tried("sent a frame and was gone before its answer");
    suspect("A send() to a client that has gone raises SIGPIPE, which ends the process unless "
            "MSG_NOSIGNAL or SIG_IGN prevents it; then it fails with EPIPE, which concerns this "
            "client only.");
    say_and_vanish(server, where, frame(BYTES("last")));
    expect_nothing_left_over(where, answer(BYTES("last")), frame(BYTES("ping")),
                             answer(BYTES("ping")));
    expect_running(server);

    expect_no_fear_of_ghosts(server, where, expect_answer);
    expect_nothing_kept(server, where, visit_msgserver, expect_answer);
    expect_patience(server, where, expect_answer);
    expect_end_of_need(poor, expect_answer);
    expect_good_end_and_start("msgserver", server, where, talk_to_msgserver);
}

#endif

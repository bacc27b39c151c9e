/*
 * steps.c - lab 06: messages, no promises.
 *
 * askserver meets clients that the test plays, ask meets servers that the test plays: lying, late,
 * dead and silent ones. Both meet the reference on the other side, across a bad network.
 */
#include "arguments.h"
#include "asking.h" /* steps 5 to 7 */
#include "questions.h"
#include "story.h"

#include <errno.h>

/* --- versus --- */

static void suspect_by_picture(struct bytes came)
{
    const char *said = text("%.*s", (int)came.length, (const char *)came.at);
    if (strstr(said, "stream: 3 + "))
        suspect("A stream has no seams: that it came in pieces today means nothing. Add up all "
                "bytes until recv() returns 0.");
    else if (strstr(said, "stream: ") && !strstr(said, "stream: 11 "))
        suspect("recv() on a stream takes what is there, perhaps not all. Go on, and add up, until "
                "it returns 0: the end of file.");
    else if (strstr(said, "datagram: 3 + 3 + "))
        suspect("recv() drops what has no room of a datagram, without a word: a buffer must be as "
                "large as the longest message.");
    else if (strstr(said, "datagram: 11 "))
        suspect("Each recv() on a datagram socket (SOCK_DGRAM) takes one message: print the length "
                "of each, in the order in which they came.");
    else
        suspect("Print a line for the stream, the sum of all bytes that came, and a line for the "
                "datagrams, the length of each one that came.");
}

STEP(1, "three sends: a stream joins them, datagrams keep them apart", .points = 10,
     .see = "Step 1: the same words twice",
     .hints = {"What does recv() return on a stream, and what on a datagram socket? How does each "
               "of them tell that there is nothing more?",
               "On the stream, recv() in a loop until 0 (the sender has ended its side), and add "
               "up. On the datagram socket each recv() is one message, and there is no end of "
               "file: recv(..., MSG_DONTWAIT) fails with EAGAIN when no message waits.",
               "receive_stream(): a loop that adds each count to lengths[0] and returns at 0. "
               "receive_datagrams(): a loop that stores each count in lengths[count++] and leaves "
               "when recv() is -1 with EAGAIN."},
     .by_hand = "ASAN_OPTIONS=detect_leaks=0 strace -e trace=network build/labs/06-datagram/versus")
{
    static const char stream[] = "stream: 11 bytes\n", datagram[] = "datagram: 3 + 3 + 5 bytes\n";
    expect_usage_error("versus", "extra");
    tried("ran versus");
    suspect(
        "Print both lines. A datagram socket has no end of file: recv() would wait for ever for "
        "a fourth message, so take with MSG_DONTWAIT what is there.");
    struct program *versus = start("versus");
    struct bytes came = rest_of_output(versus);
    suspect_by_picture(came);
    expect_that(same(came, bytes_of(text("%s%s", stream, datagram))) ||
                    same(came, bytes_of(text("%s%s", datagram, stream))),
                shown(bytes_of(text("%s%s", stream, datagram))), "%s",
                came.length ? shown(came) : "nothing");
    suspect("%s", "");
    expect_exit(versus, 0);

    tried("ran versus with no descriptors left for a pair of sockets");
    suspect("Both lines come from what was received. Where no socket can be made nothing can be, "
            "and versus exits with 1 and the reason.");
    expect_failure(launch(.program = "versus", .descriptor_limit = 4), reason(EMFILE));
    tried("gave versus a standard output that is full (/dev/full)");
    suspect("What printf() takes is written later: only fflush() tells that it failed. Exit 1.");
    expect_exit(launch(.program = "versus", .output = FROM_FILE, .output_path = "/dev/full"), 1);
}

/* --- askserver --- */

STEP(2, "a datagram comes in, its answer goes back to whoever sent it", .points = 15,
     .see = "Step 2: to whoever asked",
     .hints = {"There is no connection and no accept(). How does the server learn who sent a "
               "datagram?",
               "recvfrom() fills in the sender's address if its length says how much room there "
               "is; sendto() takes that address and that length. See recvfrom(2).",
               "In the loop: socklen_t length = sizeof from; recvfrom(mailbox, datagram, sizeof "
               "datagram, 0, (struct sockaddr *)&from, &length); answer(); sendto() with the same "
               "address and length."},
     .by_hand = "build/labs/06-datagram/askserver 127.0.0.1 0    # then: nc -u 127.0.0.1 PORT")
{
    expect_strict_arguments("askserver", WORD("127.0.0.1"), PORT("0"));
    expect_unknown_host_told("askserver", UNKNOWN_HOST, "0");
    struct program *server = NULL;
    const char *where = NULL;
    for (int i = 0; i < host_count(); i++) {
        tried("started `askserver %s 0` and sent the datagram \"hello\"", hosts[i]);
        where = serve_on(hosts[i], &server);
        suspect("One recvfrom() brings one whole datagram. What is no query is answered \"error: "
                "bad query\" and not a byte more, at once, to the address that recvfrom() gave. "
                "The length that recvfrom() and sendto() are given is the size of that address.");
        struct peer *client = datagram_peer(host_of(where));
        expect_answer(client, where, BYTES("hello"), BYTES("error: bad query"));
        tried("sent a second datagram");
        suspect("One datagram is not the end: go round to recvfrom(), for ever.");
        expect_answer(client, where, BYTES("hello again"), BYTES("error: bad query"));
        tried("sent an empty datagram");
        suspect(
            "A datagram of 0 bytes is a datagram, and is answered. recvfrom() returns 0 for it: "
            "that is no end of file, which datagram sockets do not have.");
        expect_answer(client, where, BYTES(""), BYTES("error: bad query"));
    }
    wait_to_rest(server);
    tried("sent datagrams from three clients before the server could read any of them");
    suspect("Each answer goes to the client whose datagram it answers: take the address from each "
            "recvfrom() anew. A server that remembers one client, or connect()s to it, is deaf to "
            "the others.");
    struct peer *clients[3];
    stop_family(server);
    for (int i = 0; i < 6; i++) {
        clients[i % 3] = i < 3 ? datagram_peer(host_of(where)) : clients[i % 3];
        say_to(clients[i % 3], where, BYTES("hello"));
    }
    go_on(server);
    for (int i = 0; i < 6; i++)
        expect_datagram(clients[i % 3], BYTES("error: bad query"));
    for (int i = 0; i < 3; i++)
        expect_nothing_heard(clients[i], server);

    tried("sent a datagram and was gone before its answer");
    suspect("An answer that cannot be delivered is no reason to end: go on with the next.");
    stop_family(server);
    struct peer *rude = datagram_peer(host_of(where));
    say_to(rude, where, BYTES("hello"));
    hang_up(rude);
    go_on(server);
    expect_service(where);
    expect_service(where);
    expect_running(server);
    wait_to_rest(server);
}

static const char parts[] = "ID, one space, verb, one space, text: the text is all that follows "
                            "that space, whatever it holds, and goes back as it came.",
                  same_id[] =
                      "The answer bears the ID as it came, digit by digit. It is no number: "
                      "1 to 10 digits, and leading zeros stay.",
                  no_string[] = "A datagram is no string: it has no NUL at its end, may have some "
                                "inside, and its length is what recvfrom() returned. Compare the "
                                "verb's length as well as its bytes, each as it is.",
                  no_text[] = "`echo` with a space behind it has an empty text; without the space "
                              "it has none, and is a bad query.",
                  no_query[] = "An ID is 1 to 10 digits from the first byte on, then comes exactly "
                               "one space, then a verb of at least one byte. All else is answered "
                               "\"error: bad query\", without an ID.";

STEP(3, "a query is taken apart byte by byte, and its ID comes back", .points = 15, .after = 2,
     .see = "Step 3: what is a query",
     .hints = {"Which byte ends the ID, which the verb, and which the text? What if it is missing?",
               "Walk over the bytes with an index that never passes `length`: digits; a space; "
               "bytes up to a space or the end; what is left is the text. memcmp() compares, once "
               "the lengths are equal; strings would end at a NUL.",
               "ID: while (at < length && isdigit) at++; 0 or more than 10, or no space there: "
               "return 0. Verb: from at + 1 to the next space or the end; if it is empty, return "
               "0. Text: NULL if the verb ended with the datagram, else what follows the space."},
     .by_hand = "printf '42 echo hello' | nc -u -w 1 127.0.0.1 PORT | od -c")
{
    static const struct exchange good[] = {
        {BYTES("7 echo hello"), BYTES("7 hello"), parts},
        {BYTES("0071 echo x"), BYTES("0071 x"), same_id},
        {BYTES("9876543210 echo x"), BYTES("9876543210 x"), same_id},
        {BYTES("0 echo x"), BYTES("0 x"), same_id},
        {BYTES("8 echo  two  words "), BYTES("8  two  words "), parts},
        {BYTES("9 echo a\0b\xff\r\n"), BYTES("9 a\0b\xff\r\n"), no_string},
        {BYTES("10 echo "), BYTES("10 "), no_text},
        {BYTES("11 echo"), BYTES("11 error: bad query"), no_text},
        {BYTES("12 dance"), BYTES("12 error: unknown query"),
         "A verb that is unknown is answered "
         "with the ID and \"error: unknown "
         "query\"."},
        {BYTES("13 dance now"), BYTES("13 error: unknown query"), parts},
        {BYTES("14 ech"), BYTES("14 error: unknown query"), no_string},
        {BYTES("140 x"), BYTES("140 error: unknown query"), parts},
        {BYTES("15 echoes x"), BYTES("15 error: unknown query"), no_string},
        {BYTES("16 time\0"), BYTES("16 error: unknown query"), no_string},
        {BYTES("17 echo\0 x"), BYTES("17 error: unknown query"), no_string},
        {BYTES("18 ECHO x"), BYTES("18 error: unknown query"), no_string},
        {BYTES("19 echo\tx"), BYTES("19 error: unknown query"), parts},
        {BYTES("20 time\n"), BYTES("20 error: unknown query"), parts},
    };
    static const struct exchange bad[] = {
        {BYTES("7"), BYTES("error: bad query"), no_query},
        {BYTES("7 "), BYTES("error: bad query"), no_query},
        {BYTES("7  echo x"), BYTES("error: bad query"), no_query},
        {BYTES(" 7 echo x"), BYTES("error: bad query"), no_query},
        {BYTES("echo x"), BYTES("error: bad query"), no_query},
        {BYTES("-7 echo x"), BYTES("error: bad query"), no_query},
        {BYTES("7x echo x"), BYTES("error: bad query"), no_query},
        {BYTES("7\techo x"), BYTES("error: bad query"), no_query},
        {BYTES("7\0echo x"), BYTES("error: bad query"), no_query},
        {BYTES("ERROR: x"), BYTES("error: bad query"),
         "Only the bytes \"error:\" go without an answer, each as it is: this is a bad query."},
        {BYTES("12345678901 echo x"), BYTES("error: bad query"), no_query},
        {BYTES("\0"), BYTES("error: bad query"), no_query},
        {BYTES("\n"), BYTES("error: bad query"), no_query},
    };
    live_early_in_the_month();
    struct program *server;
    tried("started `askserver localhost 0`");
    const char *where = serve_on("localhost", &server);
    expect_answers(where, good, sizeof good / sizeof good[0]);
    struct peer *client = datagram_peer(host_of(where));
    expect_time(client, where, "42 time");
    expect_time(client, where, "42 time please");
    expect_time(client, where, "42 time ");
    expect_answers(where, bad, sizeof bad / sizeof bad[0]);

    tried("asked from two clients with the same ID before the server could answer");
    suspect("Clients choose their IDs themselves, so two may have the same: the address tells whom "
            "an answer is for.");
    struct peer *other = datagram_peer(host_of(where));
    wait_until_idle(server);
    stop_family(server);
    say_to(client, where, BYTES("5 echo for the first"));
    say_to(other, where, BYTES("5 echo for the other"));
    go_on(server);
    expect_datagram(client, BYTES("5 for the first"));
    expect_datagram(other, BYTES("5 for the other"));
    expect_running(server);

    tried("asked with the reference's ask, over a network that loses, doubles and delays");
    where = serve_on("127.0.0.1", &server);
    suspect("Every query is answered by itself, also one that comes twice.");
    ask_through_bad_network(REFERENCE, where, 6);
}

static const char cut[] =
    "More than 512 bytes are answered \"error: too long\", without an ID. "
    "recvfrom() drops what has no room, without a word: give it one byte more "
    "than a query may have, or MSG_TRUNC, to notice.",
                  whole[] =
                      "A query of 512 bytes is one: too long is what has more. And the answer "
                      "needs room for all of its text.";

STEP(4, "what is too long is not cut, and errors are not answered", .points = 15, .after = 3,
     .see = "Step 4: too long, and too talkative",
     .hints = {"What does recvfrom() do with the part of a datagram that has no room? And who "
               "might have sent you something that begins with \"error:\"?",
               "A buffer of 513 bytes tells 512 from more. Look for \"error:\" before anything "
               "else: such a datagram gets no answer at all, whatever its length.",
               "In serve(): char datagram[LONGEST + 1]. In answer(): if the first six bytes are "
               "\"error:\", return 0; if length > LONGEST, put \"error: too long\"."},
     .by_hand = "head -c 513 /dev/zero | nc -u -w 1 127.0.0.1 PORT")
{
    struct program *server;
    tried("started `askserver 127.0.0.1 0`");
    suspect("As soon as datagrams can come the server prints \"listening on ADDR:PORT\".");
    server = launch(.program = "askserver", .args = {"127.0.0.1", port_text(free_port())},
                    .no_quarantine = true);
    const char *where = listening_for_datagrams(server);
    const char *most = letters('x', LONGEST - 7);
    const struct exchange exchanges[] = {
        {bytes_of(text("1 echo %s", most)), bytes_of(text("1 %s", most)), whole},
        {bytes_of(text("1 echo %sx", most)), BYTES("error: too long"), cut},
        {bytes_of(text("3 %s", letters('v', LONGEST - 2))), BYTES("3 error: unknown query"),
         "A verb is one or more bytes, as many as the datagram has: compare it where it lies, or "
         "give its copy room for all."},
        {noise(LONGEST), BYTES("error: bad query"), whole},
        {noise(LONGEST + 1), BYTES("error: too long"), cut},
        {noise(LARGEST), BYTES("error: too long"), cut},
        {BYTES("2 echo short"), BYTES("2 short"),
         "After a long datagram a short one: its length "
         "is what recvfrom() returned, and old bytes may "
         "stand behind it."},
    };
    expect_answers(where, exchanges, sizeof exchanges / sizeof exchanges[0]);

    expect_no_answer(server, where, BYTES("error: bad query"));
    expect_no_answer(server, where, BYTES("error:"));
    expect_no_answer(server, where, bytes_of(text("error: %s", letters('x', 600))));
    static const struct exchange no_errors[] = {
        {BYTES("error"), BYTES("error: bad query"),
         "Only what begins with \"error:\", colon "
         "included, goes without an answer."},
        {BYTES("3 echo error: x"), BYTES("3 error: x"),
         "Only what begins with \"error:\" goes without an answer; a text may hold it."},
    };
    expect_answers(where, no_errors, sizeof no_errors / sizeof no_errors[0]);
    tried("sent \"error: x\", and then \"error\"");
    suspect("A datagram ends where recvfrom() says: what stands behind it in the buffer is left "
            "from the one before. Look at the length before you compare.");
    struct peer *client = datagram_peer(host_of(where));
    say_to(client, where, BYTES("error: x"));
    expect_answer(client, where, BYTES("error"), BYTES("error: bad query"));

    tried("flooded the server with more than its queue can hold");
    suspect("What has no room in the socket's queue is lost, and that is all that happens.");
    struct peer *flood = datagram_peer(host_of(where));
    struct bytes large = noise(LARGEST);
    stop_family(server);
    for (int i = 0; i < 20; i++)
        say_to(flood, where, large);
    go_on(server);
    wait_until_idle(server);
    expect_service(where);
    expect_running(server);
    expect_no_leak(server, where);
    let_crowd_ask(where);
    expect_steady_memory(server, where, let_crowd_ask, 4, CROWD,
                         "Each query leaves memory behind: what was allocated for it is not freed, "
                         "or its thread is neither detached nor joined.");
    expect_silence(server);
    tried("ended the server by SIGTERM, and started it again on its port");
    expect_end_of_family(server, where);
    suspect("%s", "");
    server = start("askserver", "127.0.0.1", port_text(port_of(where)));
    expect_service(listening_for_datagrams(server));

    tried("let the server's recvfrom() be interrupted, and fail for want of memory");
    suspect("recvfrom() fails with EINTR when a signal comes, and with ENOBUFS or ENOMEM while "
            "memory is short: both pass. Call it again.");
    struct program *shaken = launch(.program = "askserver", .args = {"127.0.0.1", "0"},
                                    .weather = "recv 1 EINTR; recv 2 ENOBUFS; recv 3 ENOMEM");
    struct program *cut_off = launch(.program = "askserver", .args = {"127.0.0.1", "0"},
                                     .weather = "send 1 EHOSTUNREACH");
    expect_service(listening_for_datagrams(shaken));
    tried("let the server's first sendto() fail with EHOSTUNREACH, and asked again");
    suspect("An answer that cannot be sent is that client's loss, and no reason to end: go on with "
            "the next datagram.");
    const char *cut_off_where = listening_for_datagrams(cut_off);
    say_to(datagram_peer(host_of(cut_off_where)), cut_off_where, BYTES("hello"));
    wait_until_idle(cut_off);
    expect_service(cut_off_where);

    expect_bad_starts_told("askserver", "127.0.0.1");
}

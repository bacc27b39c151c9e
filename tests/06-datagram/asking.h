/*
 * asking.h - lab 06's steps 5 to 7: ask, and whom it believes.
 */
#ifndef LAB_06_ASKING_H
#define LAB_06_ASKING_H

#include "arguments.h"
#include "relay.h"

STEP(5, "ask sends a query with an ID of its own and prints the answer", .points = 15,
     .see = "Step 5: ask once",
     .hints = {"How will ask know, among several, the answer to its own question?",
               "connect() gives the socket the server's address, without sending anything; then "
               "send() and recv() are enough. The ID is random: getentropy(3). The length of the "
               "query is counted before anything is sent.",
               "snprintf() into LONGEST + 1 bytes tells the whole length: more than LONGEST is "
               "EMSGSIZE. send() that length. What follows the ID and its space goes to stdout "
               "with fwrite(), then '\\n', then fflush()."},
     .by_hand = "build/labs/06-datagram/ask 127.0.0.1 PORT 1 1000 echo hello")
{
    expect_usage_errors_of_ask();
    expect_unknown_host_told("ask", UNKNOWN_HOST, "4000", "1", "100", "time");
    struct peer *server = NULL;
    for (int i = 0; i < host_count(); i++) {
        server = datagram_peer(hosts[i]);
        expect_talk(server, "echo", "hello", "echo hello", BYTES("hello"));
    }
    expect_talk(server, "time", NULL, "time", BYTES("Wed Dec 29 19:14:15 2017"));
    expect_talk(server, "echo", " two  words ", "echo  two  words ", BYTES(" two  words "));
    expect_talk(server, "echo", "", "echo ", BYTES(""));
    expect_talk(server, "dance", NULL, "dance", BYTES("a\0b\xff\r\n"));
    expect_name_to_work();

    tried("answered with an error");
    suspect("A text that begins with \"error:\" goes to standard error as it came (fwrite(); it is "
            "no format for printf()), with exit code 1, and standard output stays empty.");
    struct asked asked = hear_query(server, 1, PATIENT_MS, "dance", NULL);
    answer_it(&asked, BYTES("error: 100%% unknown"));
    expect_failure(asked.ask, "error: 100%% unknown");
    expect_no_more_output(asked.ask);
    tried("answered with \"error:\" and nothing behind it");
    suspect("\"error:\" is a text that begins with \"error:\".");
    asked = hear_query(server, 1, PATIENT_MS, "dance", NULL);
    answer_it(&asked, BYTES("error:"));
    expect_exit(asked.ask, 1);
    expect_no_more_output(asked.ask);
    tried("answered `echo 'no error: here'` with its text");
    suspect("Only a text that begins with \"error:\" is an error.");
    asked = hear_query(server, 1, PATIENT_MS, "echo", "no error: here");
    answer_it(&asked, BYTES("no error: here"));
    expect_printed(asked.ask, BYTES("no error: here"));

    expect_limit(server, expect_own_ids(server));
    tried("gave ask a standard output that is full (/dev/full)");
    suspect("What fwrite() takes is written later: only fflush() tells that it failed. Exit 1.");
    const char *where = local_address(server);
    asked.ask = launch(.program = "ask", .output = FROM_FILE, .output_path = "/dev/full",
                       .args = {host_of(where), port_text(port_of(where)), "1", "60000", "time"});
    asked.id = id_of(hear_datagram(server, &asked.client));
    answer_it(&asked, BYTES("x"));
    expect_exit(asked.ask, 1);

    tried("asked the reference's askserver for the time");
    suspect("%s", "");
    time_t from = time(NULL);
    where = listening_for_datagrams(start_reference("askserver", "127.0.0.1", "0"));
    struct program *ask = run_ask(STUDENTS, where, 1, PATIENT_MS, "time", NULL);
    struct bytes came = rest_of_output(ask);
    expect_that(came.length > 0 && is_time_since(from, (struct bytes){came.at, came.length - 1}),
                "the time and a newline on standard output", "%s", shown(came));
    expect_exit(ask, 0);
}

STEP(
    6, "without an answer it asks again, TRIES times, TIMEOUT_MS apart", .points = 15, .after = 5,
    .see = "Step 6: when nothing comes",
    .hints = {"A datagram can get lost on the way there or on the way back. How would ask notice?",
              "poll() waits for a datagram or until a time has passed, whichever comes first. A "
              "port where nobody listens makes recv() fail with ECONNREFUSED: somebody may listen "
              "there by the next try. See poll(2), udp(7).",
              "For each try: a deadline (now_ms() + TIMEOUT_MS), send(), and a loop while there is "
              "time left: poll() for what is left; recv(); EINTR, EAGAIN and ECONNREFUSED: go on "
              "waiting. After TRIES tries: exit 1."},
    .by_hand = "time build/labs/06-datagram/ask 127.0.0.1 4000 3 500 time    # nobody is there")
{
    enum { TRIES = 7, TIMEOUT_MS = 20 };
    struct peer *server = datagram_peer("127.0.0.1");
    struct asked two = begin_last_wait(datagram_peer("127.0.0.1"));
    tried("ran `ask HOST PORT %d %d time`, and never answered", TRIES, TIMEOUT_MS);
    suspect("Wait TIMEOUT_MS for an answer, then send the same query again, ID included, TRIES "
            "times in all, always with the same time between them. Wait after the last one, too, "
            "then exit with 1.");
    struct asked asked = hear_query(server, TRIES, TIMEOUT_MS, "time", NULL);
    for (int i = 1; i < TRIES; i++)
        expect_repeat(&asked, asked.heard_ms + i * TIMEOUT_MS);
    /* Half of it: on a busy machine the first may be sent late. */
    long long apart_ms = arrival_ms(server) - asked.arrival_ms;
    expect_that(apart_ms * 2 >= (TRIES - 1) * TIMEOUT_MS,
                text("%d ms from the first query to the last", (TRIES - 1) * TIMEOUT_MS), "%lld ms",
                apart_ms);
    expect_no_answer_found(&asked, TRIES, TIMEOUT_MS);
    expect_that(!has_something_to_say(server), text("%d queries", TRIES), "more");

    tried("answered the first query only when the second had come");
    suspect("Both queries have the same ID, so a late answer to the first is as good.");
    asked = hear_query(server, 100, TIMEOUT_MS, "echo", "late");
    expect_repeat(&asked, asked.heard_ms + TIMEOUT_MS);
    answer_it(&asked, BYTES("late"));
    expect_printed(asked.ask, BYTES("late"));

    tried("ran ask with TIMEOUT_MS 60000, stopped and continued it, then answered");
    while (has_something_to_say(server))
        hear_datagram(server, NULL);
    asked = hear_query(server, 3, PATIENT_MS, "echo", "x");
    suspect("Sleep until the answer comes, in poll() with what is left of the time: who asks again "
            "and again burns a processor.");
    wait_until_idle(asked.ask);
    suspect("A wait that a signal or a stop interrupts (EINTR) is no time-out: go on waiting for "
            "what is left of the time.");
    stop_and_continue(asked.ask, 0);
    answer_it(&asked, BYTES("x"));
    expect_printed(asked.ask, BYTES("x"));
    suspect("The next query is sent only when TIMEOUT_MS has passed (a wait that was interrupted, "
            "EINTR, goes on for what is left of it), and none after an answer.");
    expect_that(!has_something_to_say(server), "one query", "more than one");

    tried("let ask's first poll() and recv() be interrupted by a signal, and answered");
    suspect("A call that returns -1 with EINTR has done nothing, and has not failed: go on waiting "
            "for what is left of the time.");
    const char *where = local_address(server);
    asked.ask = launch(.program = "ask", .weather = "poll 1 EINTR; recv 1 EINTR",
                       .args = {host_of(where), port_text(port_of(where)), "1", "60000", "time"});
    asked.id = id_of(hear_datagram(server, &asked.client));
    answer_it(&asked, BYTES("x"));
    expect_printed(asked.ask, BYTES("x"));

    tried("asked a port where nobody listens");
    suspect("ECONNREFUSED is no answer yet: somebody may listen there by the next try. Wait out "
            "the time. poll() says POLLERR unasked until recv() has taken the error: a loop that "
            "does not call it burns a processor.");
    int port = free_port();
    const char *dead = address("127.0.0.1", port);
    struct program *patient = run_ask(STUDENTS, dead, 2, PATIENT_MS, "time", NULL);
    wait_until_idle(patient);
    expect_running(patient);
    tried("asked a port where nobody listened at first, and then somebody did");
    asked.ask = run_ask(STUDENTS, dead, 100, TIMEOUT_MS * 2, "echo", "hello");
    wait_until_idle(asked.ask);
    asked.server = datagram_peer_at(dead);
    asked.id = id_of(hear_datagram(asked.server, &asked.client));
    answer_it(&asked, BYTES("hello"));
    expect_printed(asked.ask, BYTES("hello"));
    expect_last_wait(&two);
}

STEP(7, "only the answer with its ID from its server counts", .points = 15, .after = 6,
     .see = "Step 7: whom to believe",
     .hints = {"Who can send a datagram to your socket, and what might be in it?",
               "A connected datagram socket hears its server only. The ID tells an answer to this "
               "question from one to another. And what is no answer must not restart the clock.",
               "is_answer(): longer than the ID, the ID's bytes at the start (memcmp()), a space "
               "behind them. In the wait: poll() for deadline - now_ms(), never for TIMEOUT_MS "
               "again."},
     .by_hand =
         "nc -u -l 127.0.0.1 4000    # and: build/labs/06-datagram/ask 127.0.0.1 4000 1 20000 "
         "time")
{
    int port = free_port();
    struct peer *server = datagram_peer_at(address("127.0.0.1", port));
    struct peer *namesake = datagram_peer_at(address("127.0.0.2", port));
    struct peer *stranger = datagram_peer("127.0.0.1");
    struct asked old = hear_query(server, 1, PATIENT_MS, "echo", "x");
    answer_it(&old, BYTES("x"));
    expect_printed(old.ask, BYTES("x"));
    struct asked asked = hear_query(server, 2, PATIENT_MS, "echo", "right");
    static const char whose[] =
        "Anybody can send to a UDP socket. connect() it to the server, or "
        "compare the whole address, host and port, that recvfrom() fills in.";
    tried("sent ask an answer with its ID, from another port");
    suspect("%s", whose);
    expect_unmoved(&asked, stranger, answer(asked.id, BYTES("forged")));
    tried("sent ask an answer with its ID, from the server's port on another address");
    suspect("%s", whose);
    expect_unmoved(&asked, namesake, answer(asked.id, BYTES("forged")));
    if (strcmp(old.id, asked.id) != 0) {
        tried("sent ask the answer to an earlier run's query");
        suspect("%s", wrong_id);
        expect_unmoved(&asked, server, answer(old.id, BYTES("late")));
    }
    for (int kind = 0; kind < KINDS; kind++) {
        tried("sent ask, whose ID is %s, the datagram %s", asked.id,
              shown(no_answer(&asked, kind)));
        suspect("%s", wrong_id);
        expect_unmoved(&asked, server, no_answer(&asked, kind));
    }
    tried("sent ask its answer at last");
    suspect("What was no answer has not ended the wait: the right one still counts.");
    answer_it(&asked, BYTES("right"));
    expect_printed(asked.ask, BYTES("right"));

    tried("sent ask an error for another query, and then its answer, \"error\"");
    suspect("The answer ends where recv() says: behind it stands what is left of the datagram "
            "before. Look at the length before you compare.");
    asked = hear_query(server, 1, PATIENT_MS, "echo", "error");
    if (strcmp(old.id, asked.id) != 0)
        say_to(server, asked.client, answer(old.id, BYTES("error: late")));
    answer_it(&asked, BYTES("error"));
    expect_printed(asked.ask, BYTES("error"));

    enum { TRIES = 2, TIMEOUT_MS = 50 };
    tried("ran `ask HOST PORT %d %d time` under a shower of wrong answers", TRIES, TIMEOUT_MS);
    suspect("Other datagrams do not lengthen the wait, nor shorten it: note the deadline once, and "
            "wait for what is left of it, not for TIMEOUT_MS again.");
    asked = hear_query(server, TRIES, TIMEOUT_MS, "time", NULL);
    struct shower shower = {
        .asked = &asked, .stranger = stranger, .until = has_datagram, .context = server};
    wait_until_due(showers_until, &shower, asked.ask, asked.heard_ms + TIMEOUT_MS,
                   "the same query again");
    hear_datagram(server, NULL);
    shower.until = has_ended;
    shower.context = asked.ask;
    wait_until_due(showers_until, &shower, asked.ask, asked.heard_ms + TRIES * TIMEOUT_MS,
                   "the end of ask");
    expect_no_answer_found(&asked, TRIES, TIMEOUT_MS);

    tried("asked the reference's askserver, over a network that loses, doubles, delays and forges");
    suspect("%s", "");
    const char *where = listening_for_datagrams(start_reference("askserver", "127.0.0.1", "0"));
    ask_through_bad_network(STUDENTS, where, 1);
    ask_through_bad_network(STUDENTS, where, 2);
}

#endif

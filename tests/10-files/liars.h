/*
 * liars.h - lab 10's step 6: servers whose answer is none, names that can't be asked for.
 */
#ifndef LAB_10_LIARS_H
#define LAB_10_LIARS_H

#include "downloads.h"

/* --- servers that cannot be trusted --- */

static void expect_refusal_to_ask(const char *what, const char *name)
{
    tried("ran fileget with %s", what);
    suspect("A name has 1 to 255 bytes, and no newline, which would end it. Look before you ask: "
            "exit 1, and the server gets nothing.");
    struct peer *door = open_plain_door();
    expect_exit(launch_at(door, (struct launch){0}, name, "-"), 1);
    expect_nothing_sent(door);
}

static void expect_name_asked(const char *what, const char *why, const char *name)
{
    tried("%s", what);
    suspect("%s", why);
    struct peer *door = open_plain_door();
    struct program *client = launch_at(door, (struct launch){0}, name, "-");
    struct peer *server = let_in(door);
    expect_bytes(server, bytes_of(text("%s\n", name)));
    say(server, BYTES("OK 1\n!"));
    half_close(server);
    expect_output(client, BYTES("!"));
    expect_exit(client, 0);
}

static void expect_reset_told(const char *when, struct bytes before)
{
    struct program *client;
    tried("broke the connection by a reset, %s", when);
    suspect("recv() returns -1 when the connection breaks: that is no end of file, and no number "
            "of bytes. Its reason on standard error, exit code 1.");
    struct peer *server = meet(&client, "-");
    say(server, before);
    finish_saying(server);
    wait_until_idle(client);
    reset(server);
    expect_failure(client, reason(ECONNRESET));
}

struct lie {
    const char *shows;
    struct bytes answer;
    const char *why;
};

/* fileget must notice that none of these is an answer. It is asked of all at once. */
static void expect_distrust(const struct lie lies[], size_t count)
{
    struct peer *doors[MOST_ENTRIES];
    struct program *clients[MOST_ENTRIES];
    for (size_t i = 0; i < count; i++) {
        doors[i] = open_plain_door();
        clients[i] = launch_at(doors[i], (struct launch){0}, "name", "-");
    }
    for (size_t i = 0; i < count; i++) {
        tried("answered %s, and closed", lies[i].shows);
        suspect("%s", lies[i].why);
        struct peer *server = let_in(doors[i]);
        expect_bytes(server, BYTES("name\n"));
        say(server, lies[i].answer);
        half_close(server);
        expect_exit(clients[i], 1);
    }
}

static void expect_distrust_of_liars(void)
{
    const char *ends = "The server ended before the line was whole: that is no answer. Exit 1.";
    const char *ok = "An answer begins with \"OK \" or it is none: exit 1, whatever else it is.";
    const char *size = "SIZE is one or more digits and nothing else, no sign either: look at each "
                       "byte, since atoi(), strtol() and sscanf() take what they can and skip the "
                       "rest.";
    const char *wide = "A size can be larger than an int or 32 bits can hold: 4,294,967,301 is not "
                       "5. Use long long.";
    const struct lie lies[] = {
        {"nothing", BYTES(""), ends},
        {"\"OK 5\" without a newline", BYTES("OK 5"), ends},
        {"\"ERR no\"", BYTES("ERR no\n"), ok},
        {"\"HTTP/1.0 200 OK\"", BYTES("HTTP/1.0 200 OK\n\nhello"), ok},
        {"an empty line", BYTES("\nhello"), ok},
        {"\"OK5\" and 5 bytes", BYTES("OK5\nhello"), ok},
        {"an ERR of 5000 bytes", bytes_of(text("ERR %s\n", letters('x', 5000))),
         "A line can be longer than your array: nothing may be written behind its end."},
        {"\"OK \"", BYTES("OK \n"), size},
        {"\"OK -1\"", BYTES("OK -1\n"), size},
        {"\"OK +5\" and 5 bytes", BYTES("OK +5\nhello"), size},
        {"\"OK 5x\" and 5 bytes", BYTES("OK 5x\nhello"), size},
        {"\"OK 5 junk\" and 5 bytes", BYTES("OK 5 junk\nhello"), size},
        {"\"OK x\"", BYTES("OK x\n"), size},
        {"\"OK 4294967301\" and 5 bytes", BYTES("OK 4294967301\nhello"), wide},
        {"\"OK 18446744073709551621\" and 5 bytes", BYTES("OK 18446744073709551621\nhello"),
         "A number can be larger than any type: strtoll() then sets errno to ERANGE. "
         "18,446,744,073,709,551,621 is not 5."},
    };
    expect_distrust(lies, sizeof lies / sizeof lies[0]);
}

/* What only the probe can bring about; a fileget that it cannot reach has fair weather. */
static void expect_drops_put_together(struct bytes content)
{
    tried("let fileget's recv() give, and its write() take, a small part at a time, and let "
          "recv() be interrupted twice");
    suspect("recv() and write() may do a part of what they are asked for, again and again: go on "
            "until all is done. And a -1 with EINTR is no failure: try again.");
    struct peer *door = open_plain_door();
    struct program *client =
        launch_at(door,
                  (struct launch){.weather = "recv 1- short 3000; recv 1 EINTR; recv 14 EINTR; "
                                             "write 1- short 999"},
                  "name", "-");
    struct peer *server = let_in(door);
    say(server, answer_with(content));
    half_close(server);
    expect_same(rest_of_output(client), content, "on standard output");
    expect_exit(client, 0);
}

#endif

/*
 * getting.h - lab 11, steps 7 and 8: webget meets servers that the test plays, and the reference's.
 */
#ifndef LAB_11_GETTING_H
#define LAB_11_GETTING_H

#include "arguments.h"
#include "get.h"
#include "manners.h"

STEP(7, "webget sends a request and prints the body that comes back", .points = 15,
     .see = "Step 7: ask as a browser asks",
     .hints = {"Which parts has a URL, and what does the server need to know of each?",
               "A request line and the field Host; then the answer's head, line by line, until an "
               "empty one. Content-Length tells where the body ends; without it, the end of the "
               "connection. See strcspn(3), strcasecmp(3), strtoull(3).",
               "parse_url(): strcspn(text, \"/?\") ends the authority. copy(): must_fill(), then "
               "fwrite() the smaller of what is unused and what is missing. copy_to_end(): copy() "
               "all that fill() brings, until it returns 0."},
     .by_hand = "build/labs/11-web/webget http://127.0.0.1:PORT/hello.txt; echo $?")
{
    static const char *const bad_urls[] = {
        "",
        "http:",
        "http:/127.0.0.1/",
        "http://",
        "http:///x",
        "http://?x",
        "http://:80/",
        "http://127.0.0.1:/",
        "http://127.0.0.1:80x/",
        "http://127.0.0.1:70000/",
        "http://127.0.0.1:-1/",
        "https://127.0.0.1/",
        "HTTP://127.0.0.1/",
        "127.0.0.1/",
        "http://::1/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[::1]:/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/a#b",
        "http://127.0.0.1/a\nb",
        "http://127.0.0.1/\x7f",
        "http://127.0.0.1/\x01",
        " http://127.0.0.1/",
    };
    expect_usage_error("webget");
    expect_usage_error("webget", "http://127.0.0.1/", "http://127.0.0.1/");
    expect_refused_urls(bad_urls, sizeof bad_urls / sizeof bad_urls[0]);

    expect_unknown_host_told("webget", "http://" UNKNOWN_HOST "/");
    const char *long_target = text("/%03000d", 0);
    const char *const targets[] = {"/",          "",          "?q=1",     "/a/b.html?x=1&y=/:2",
                                   "/a:8/@%20b", "/\xc3\xa9", long_target};
    const char *request_cause =
        "The request is \"GET TARGET HTTP/1.1\", a field `Host: HOST:PORT` and an empty line, each "
        "line ended by \\r\\n. The target is the URL from its path on, with its query, \"/\" in "
        "front.";
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        bool is_long = targets[i] == long_target;
        tried("ran webget http://127.0.0.1:PORT%s", is_long ? "/000..., 3000 bytes" : targets[i]);
        suspect("%s",
                is_long ? "A URL may be long: make as much room for the request as it needs "
                          "(snprintf() tells how much that is), and send all of it."
                : strchr(targets[i], '\xc3')
                    ? "The bytes above 127 are no control characters (and a char may be signed): "
                      "they go to the server as they are."
                    : request_cause);
        struct visit visit = begin_visit(targets[i]);
        say(visit.server, with_head("Content-Length: 3\r\n", BYTES("t\0o")));
        half_close(visit.server);
        suspect("The body is as many bytes as Content-Length says, NUL bytes among them.");
        expect_printed(visit, BYTES("t\0o"));
    }
    for (int i = 0; i < host_count(); i++) {
        struct peer *door = open_door(hosts[i], 5, 0);
        const char *names[] = {localhost_is(hosts[0]) ? "localhost" : hosts[0], "[::1]"};
        const char *authority = text("%s:%d", names[i], port_of(local_address(door)));
        tried("ran webget http://%s/, where a server listens on %s", authority, hosts[i]);
        suspect("An IPv6 address stands in brackets in the URL and in the field Host, and without "
                "them for getaddrinfo(); a name's addresses are tried one after another.");
        struct visit visit = {.client = start("webget", text("http://%s/", authority))};
        visit.server = let_in(door);
        hear_request(&visit, "/", authority);
        say(visit.server, with_head("Content-Length: 2\r\n", BYTES("ok")));
        half_close(visit.server);
        expect_printed(visit, BYTES("ok"));
    }
    static const char *const empty[] = {"http://[]/"};
    expect_refused_urls(empty, 1);
    struct peer *door_80 = try_to_open_port_80();
    if (door_80) {
        tried("ran webget http://127.0.0.1/ with a server on port 80");
        suspect("A URL without a port means port 80.");
        struct visit visit = {.client = start("webget", "http://127.0.0.1/")};
        visit.server = let_in(door_80);
        hear_request(&visit, "/", "127.0.0.1:80");
        say(visit.server, with_head("Content-Length: 2\r\n", BYTES("ok")));
        half_close(visit.server);
        expect_printed(visit, BYTES("ok"));
    }

    const char *length_cause =
        "The body is exactly Content-Length bytes: no more are printed, and "
        "its end is not the end of the connection. Names of fields are "
        "compared whole and in any case, with blanks behind the colon or none.";
    tried("answered with odd fields and more bytes than Content-Length says");
    suspect("%s", length_cause);
    expect_printed(answer_with(with_head("X-A:1\r\ncONTENT-lENGTH:5\r\nX-Content-Length: 3\r\n",
                                         BYTES("helloHTTP/1.1 200 OK\r\n\r\n"))),
                   BYTES("hello"));
    tried("answered \"HTTP/1.1 200 \" with a body of 0 bytes");
    suspect("%s", length_cause);
    expect_printed(answer_with(BYTES("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n")), BYTES(""));
    tried("answered one byte at a time, with status 226");
    suspect("Head and body come in any number of pieces: go on with recv() until all is there. And "
            "every status from 200 to 299 is fine.");
    struct visit slow = begin_visit("/x");
    say_bytewise(slow.server, BYTES("HTTP/1.0 226 \r\nContent-Length:2\r\n\r\nok"), slow.client);
    if (slow.wants_close)
        half_close(slow.server);
    expect_printed(slow, BYTES("ok"));
    tried("answered with 100 fields of 200 bytes before the Content-Length");
    suspect("A head has any number of fields: no buffer for all of it, or one that grows.");
    const char *fields = "";
    for (int i = 0; i < 100; i++)
        fields = text("%sX-Field-%03d: %0186d\r\n", fields, i, i);
    expect_printed(answer_with(with_head(text("%sContent-Length: 2\r\n", fields), BYTES("ok"))),
                   BYTES("ok"));
    tried("answered with a field of 4000 bytes before Content-Length");
    suspect("A field may be longer than your buffer for it: nothing is written beyond the end, and "
            "what is of no use to you is passed over, up to its line end.");
    expect_printed(answer_with(with_head(text("Set-Cookie: %03988d\r\nContent-Length: 2\r\n", 0),
                                         BYTES("ok"))),
                   BYTES("ok"));
    tried("answered without a Content-Length: 300,000 bytes, and the end of the connection");
    suspect("Without a Content-Length the body ends with the connection: recv() until it returns "
            "0.");
    expect_printed(answer_and_end(with_head("Server: test\r\n", noise(300000))), noise(300000));
    tried("answered without a Content-Length: 1 byte, and the end of the connection");
    expect_printed(answer_and_end(with_head("", BYTES("x"))), BYTES("x"));

    tried("ended the connection before Content-Length bytes had come");
    suspect("A body that is shorter than its Content-Length is cut short: exit code 1.");
    expect_exit(answer_and_end(with_head("Content-Length: 5\r\n", BYTES("hell"))).client, 1);
    static const char *const large[] = {"5000000000", "4294967300"};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        tried("answered with Content-Length: %s, and ended the connection after 4 bytes", large[i]);
        suspect("A length can be more than an int or 32 bits hold: 4294967300 must not become 4. "
                "See strtoull(3). The body is cut short here: exit code 1.");
        expect_exit(
            answer_and_end(with_head(text("Content-Length: %s\r\n", large[i]), BYTES("hell")))
                .client,
            1);
    }
    tried("ended the connection inside the answer's head, and before it");
    suspect("Without a whole head there is no answer: exit code 1.");
    expect_exit(answer_and_end(BYTES("HTTP/1.1 200 OK\r\nContent-Le")).client, 1);
    expect_exit(answer_and_end(BYTES("")).client, 1);
    tried("answered in another protocol, and with a length that is none");
    suspect(
        "What does not begin with HTTP/1. is no answer, and -1 no Content-Length: exit code 1.");
    expect_exit(answer_and_end(BYTES("SSH-2.0-OpenSSH_9.2\r\n\r\n")).client, 1);
    expect_exit(answer_and_end(with_head("Content-Length: -1\r\n", BYTES("x"))).client, 1);
    tried("broke the connection by a reset in a body without Content-Length");
    suspect("A connection that breaks is no end of file: recv() returns -1, exit code 1.");
    struct visit broken = begin_visit("/x");
    say_bytewise(broken.server, with_head("", BYTES("h")), broken.client);
    reset(broken.server);
    expect_exit(broken.client, 1);

    static const char *const refusals[] = {"HTTP/1.1 404 Not Found",
                                           "HTTP/1.1 301 Moved Permanently", "HTTP/1.0 500 Oh no",
                                           "HTTP/1.1 304 Not Modified"};
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        tried("answered %s", refusals[i]);
        suspect("A status other than 2xx: the answer's status line on standard error, exit code 1. "
                "A redirect is not followed.");
        struct visit visit = answer_with(bytes_of(
            text("%s\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", refusals[i])));
        expect_failure(visit.client, refusals[i]);
    }
    tried("ran webget with a port where nobody listens");
    suspect("Report the reason of the last connect() that failed, and exit with 1.");
    expect_failure(start("webget", text("http://127.0.0.1:%d/", free_port())),
                   reason(ECONNREFUSED));
    tried("gave webget a standard output that is full (/dev/full)");
    suspect("What can't be written is not printed: check the last fflush(), too. Exit code 1.");
    expect_full_output_noticed(with_head("Content-Length: 2\r\n", BYTES("ok")));
    expect_full_output_noticed(with_head("", BYTES("ok")));
    tried("answered with 8192 bytes to a webget whose standard output is full (/dev/full)");
    suspect("fwrite() may write at once, and forget what it could not write: the last fflush() has "
            "nothing left that could fail. Check both (or ferror()). Exit code 1.");
    expect_full_output_noticed(with_head("Content-Length: 8192\r\n", noise(8192)));
    expect_full_output_noticed(with_head("", noise(8192)));
    make_site();
    const char *where = listening(start_reference("webserver", "site", "127.0.0.1", "0"));
    tried("fetched /binary from the reference's webserver");
    suspect("%s", length_cause);
    struct program *client = start("webget", text("http://%s/binary", where));
    expect_same(rest_of_output(client), content_of("binary"), "the file \"binary\"");
    expect_exit(client, 0);
}

STEP(8, "a body in chunks is put together again", .points = 10, .after = 7, .see = "Step 8: chunks",
     .hints = {"How can a server send a page before it knows how long it will be?",
               "Transfer-Encoding: chunked. Each chunk is a line with its size in hexadecimal, "
               "perhaps `;` and more, that many bytes, and an empty line; size 0 is the end. See "
               "strtoull(3).",
               "copy_chunks(): read_line(), parse_number(line, 16, &size), copy(size), read_line() "
               "until size is 0; then read_line() until a line is empty."},
     .by_hand = "printf 'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n2\\r\\nok"
                "\\r\\n0\\r\\n\\r\\n' | nc -lN 127.0.0.1 4000 & "
                "build/labs/11-web/webget http://127.0.0.1:4000/")
{
    static const char *const cut[] = {
        "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n3", "5\r\nhello\r\n3\r\n", "",
    };
    static const char *const bad[] = {"zz\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n",
                                      "\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\nhello\r\n",
                                      "7fffffffffffffff\r\nhello\r\n",
                                      "100000005\r\nhello\r\n0\r\n\r\n",
                                      /* behind a right one; who passes over it finds an end */
                                      "5\r\nhello\r\nzz\r\n\r\n0\r\n\r\n0\r\n\r\n"};
    tried("answered with three chunks");
    suspect(
        "A chunk is its size in hexadecimal, \\r\\n, so many bytes, \\r\\n; size 0 and an empty "
        "line end the body, not the end of the connection.");
    expect_printed(answer_with(in_chunks("3\r\nhel\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n")),
                   BYTES("hello"));
    tried("answered with an empty body in chunks");
    suspect("The chunk of size 0 may be the first.");
    expect_printed(answer_with(in_chunks("0\r\n\r\n")), BYTES(""));
    tried("answered with a chunk that looks like the end inside, and bytes behind the last one");
    suspect("Only a chunk's size tells where it ends, in hexadecimal: A is 10. What its bytes look "
            "like, and what follows the last chunk, is of no account.");
    expect_printed(answer_with(in_chunks("A\r\n0\r\n\r\n5\r\nab\r\n00\r\n\r\nHTTP/1.1 200 OK\r\n")),
                   BYTES("0\r\n\r\n5\r\nab"));
    tried("answered with extensions behind the sizes, leading zeros and large digits");
    suspect("The size ends at `;`, where extensions begin, or at a blank; its digits are "
            "hexadecimal, large or small, and zeros may lead. An extension may be long.");
    expect_printed(answer_with(in_chunks(text("0000a;name=\"5;0\"\r\n0123456789\r\n"
                                              "0B ;%0300d\r\nabcdefghijk"
                                              "\r\n000;last\r\n\r\n",
                                              0))),
                   BYTES("0123456789abcdefghijk"));
    tried("answered with fields behind the last chunk");
    suspect("Fields may follow the last chunk, up to an empty line: they are no part of the body.");
    expect_printed(answer_with(in_chunks("2\r\nok\r\n0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n")),
                   BYTES("ok"));
    tried("answered with X-Transfer-Encoding: chunked and Content-Length: 2");
    suspect("Names of fields are compared whole: these are no chunks.");
    expect_printed(answer_with(with_head("X-Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
                                         BYTES("ok"))),
                   BYTES("ok"));
    tried("answered with transfer-encoding: CHUNKED, one byte at a time");
    suspect("The field's name and this value come in any case, and chunks in any number of pieces: "
            "a size can be torn apart, and so can its \\r\\n.");
    struct visit slow = begin_visit("/x");
    say(slow.server, BYTES("HTTP/1.1 200 OK\r\ntransfer-encoding:CHUNKED\r\n\r"));
    say_bytewise(slow.server, BYTES("\n10\r\n0123456789abcdef\r\n2;x\r\nok\r\n0\r\nT: 1\r\n\r"),
                 slow.client);
    say(slow.server, BYTES("\n"));
    if (slow.wants_close)
        half_close(slow.server);
    expect_printed(slow, BYTES("0123456789abcdefok"));
    tried("answered with 2 MiB in chunks of 9973 bytes");
    suspect("A chunk can be larger or smaller than what recv() brings: count what is missing.");
    expect_printed(answer_with(chunked(noise(2 * MIB))), noise(2 * MIB));

    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        tried("answered in chunks with %s, and ended the connection", shown(bytes_of(cut[i])));
        suspect("Without the chunk of size 0 the body is cut short: exit code 1.");
        expect_exit(answer_and_end(in_chunks(cut[i])).client, 1);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tried("answered in chunks with %s, and ended the connection", shown(bytes_of(bad[i])));
        suspect("%s",
                *bad[i] == '1'
                    ? "100000005 is more than 32 bits hold, and must not become 5: keep a size in "
                      "an unsigned long long. The body is cut short here: exit code 1."
                    : "That is no size, or one that never comes: exit code 1, and nothing is "
                      "written beyond a buffer's end.");
        expect_exit(answer_and_end(in_chunks(bad[i])).client, 1);
    }
    tried("ended the connection in the fields behind the last chunk");
    suspect(
        "At the end of file no empty line comes any more: who looks for nothing else goes round "
        "for ever. The body is whole, so the exit code may be 0 or 1.");
    int status = exit_status(answer_and_end(in_chunks("2\r\nok\r\n0\r\nX-Sum: 1\r\n")).client);
    expect_that(status == 0 || status == 1, "exit code 0 or 1", "%d", status);
    tried("answered with a chunk of 8192 bytes to a webget whose standard output is full "
          "(/dev/full)");
    suspect("What can't be written is not printed: check fwrite() of a chunk, too. Exit code 1.");
    expect_full_output_noticed(chunked(noise(8192)));
    tried("answered with a chunk of 2 bytes to a webget whose standard output is full (/dev/full)");
    suspect(
        "What fwrite() took may still wait in the buffer: check the last fflush() after chunks, "
        "too. Exit code 1.");
    expect_full_output_noticed(in_chunks("2\r\nok\r\n0\r\n\r\n"));
}

#endif

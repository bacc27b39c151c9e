/*
 * steps.c - lab 11: send a URL, get a page.
 *
 * The server is met by clients that the test plays: patient, hasty, clumsy and malicious ones. The
 * client meets servers that the test plays. Both meet the reference on the other side.
 */
#include "arguments.h"
#include "connection.h" /* step 4 */
#include "getting.h"    /* steps 7 and 8 */
#include "manners.h"
#include "names.h" /* steps 2 and 3 */
#include "room.h"  /* step 6 */
#include "story.h"
#include "web.h"

/* --- webserver --- */

static void expect_name_taken(void)
{
    tried("started `webserver site localhost 0` and asked for /hello.txt");
    suspect("HOST may be a name: getaddrinfo() without AI_NUMERICHOST finds its addresses.");
    expect_visit(listening(start("webserver", "site", "localhost", "0")));
}

STEP(1, "a head is read to its empty line, and its file is sent", .points = 10,
     .see = "Step 1: a head, then a file",
     .hints = {"How do you know that a request is complete? Who tells the client how long the "
               "answer is?",
               "The head ends with an empty line, \\r\\n\\r\\n, and comes in any number of pieces. "
               "The answer's head says Content-Length, and ends with an empty line, too. See "
               "recv(2), read(2).",
               "take_head(): a loop of head_length() and recv(). parse_head(): two cut()s. "
               "write_head(): one snprintf(). send_file(): read() behind the head, send_all(), "
               "until `left` is 0."},
     .by_hand = "curl -v http://127.0.0.1:PORT/hello.txt")
{
    make_site();
    expect_strict_arguments("webserver", WORD("site"), WORD("127.0.0.1"), PORT("0"));
    expect_unknown_host_told("webserver", "site", UNKNOWN_HOST, "0");
    tried("started webserver with a DIR that does not exist");
    suspect("A DIR that can't be used: the reason on standard error and exit 1.");
    expect_failure(start("webserver", "nowhere", "127.0.0.1", "0"), reason(ENOENT));
    tried("started webserver with a file as its DIR");
    suspect("A DIR that is no directory: the reason on standard error and exit 1.");
    expect_failure(start("webserver", "site/hello.txt", "127.0.0.1", "0"), reason(ENOTDIR));

    struct program *server = NULL;
    const char *where = NULL;
    for (int i = 0; i < host_count(); i++) {
        tried("started `webserver site %s 0` and asked for /hello.txt", hosts[i]);
        suspect("HOST is an IPv4 or IPv6 address, or a name: getaddrinfo() with AF_UNSPEC. As soon "
                "as clients can connect the server prints \"listening on ADDR:PORT\", and "
                "flushes it.");
        server = start("webserver", "site", hosts[i], "0");
        where = listening(server);
        suspect("An answer is a status line, fields, an empty line, and Content-Length bytes of "
                "the file; each line of the head ends with \\r\\n.");
        expect_visit(where);
    }
    if (localhost_is("127.0.0.1") || localhost_is("::1"))
        expect_name_taken();
    tried("asked for a file of 200,000 bytes with NUL bytes in it");
    suspect("A file is no string, and more than one read() of it: send as many bytes as read() "
            "returned, until Content-Length is reached.");
    expect_file(ask(where, get("/binary")), "binary");
    tried("asked for an empty file");
    suspect("A file of 0 bytes is a file: 200, Content-Length: 0, and no body.");
    expect_file(ask(where, get("/empty.txt")), "empty.txt");
    tried("asked for a file of one byte");
    suspect("Go on with read() and send() until no byte is left, not until hardly any is.");
    expect_file(ask(where, get("/one.txt")), "one.txt");

    tried("hung up after an answer");
    suspect("recv() returns 0 when the client has gone: then its socket is closed, and there is "
            "nothing more to wait for.");
    wait_until_idle(server);
    tried("sent a request one byte at a time");
    suspect("A head comes in any number of pieces: go on with recv() until its empty line has "
            "come, behind what is there already.");
    struct peer *slow = join(where);
    say_bytewise(slow, BYTES("GET /hello.txt HTTP/1.0\r\n\r\n"), server);
    expect_file(hear_answer(slow), "hello.txt");
    hang_up(slow);

    tried("asked for a file that does not exist, and then for one that does");
    suspect("A file that can't be found is 404, and nothing that ends the server.");
    expect_status("404", ask(where, get("/missing.txt")));
    expect_status("404", ask(where, get("/sub/missing.txt")));
    expect_visit(where);
    tried("ended a connection in the middle of a head, and then asked on another one");
    suspect("recv() returns 0 when the client has gone: half a head gets no file, the socket is "
            "closed, and the next client is served.");
    struct peer *gone = join(where);
    say(gone, BYTES("GET /hello.txt HTTP"));
    half_close(gone);
    hear_up_to(gone, KIB);
    hang_up(gone);
    expect_visit(where);
    expect_running(server);

    tried("fetched /binary with the reference's webget");
    suspect("The body is exactly the bytes of the file, as many as Content-Length says.");
    struct program *client = start_reference("webget", text("http://%s/binary", where));
    expect_same(rest_of_output(client), content_of("binary"), "the file \"binary\"");
    expect_exit(client, 0);
}

/* A request for /hello.txt whose head has exactly this many bytes, most of them in one field or in
 * many. */
static struct bytes long_head(size_t length, const char *filling)
{
    struct bytes begin = BYTES("GET /hello.txt HTTP/1.1\r\nHost: plumbline\r\n");
    char *head = step_memory(length + 64);
    size_t used = begin.length, last = strlen("X: \r\n\r\n");
    memcpy(head, begin.at, begin.length);
    while (*filling && length - used >= last + 2 * strlen(filling)) {
        memcpy(head + used, filling, strlen(filling));
        used += strlen(filling);
    }
    memcpy(head + used, "X: ", 3);
    memset(head + used + 3, 'x', length - used - last);
    memcpy(head + length - 4, "\r\n\r\n", 4);
    return (struct bytes){(unsigned char *)head, length};
}

/* Lets a client that said what it had to say go; others must be served as before. */
static void expect_survival(struct program *server, const char *where, struct peer *client)
{
    half_close(client);
    hear_up_to(client, MIB);
    hang_up(client);
    expect_visit(where);
    expect_running(server);
}

STEP(5, "what is no right request gets the status that says so", .points = 15, .after = 4,
     .see = "Step 5: what is no right request",
     .hints = {"Which parts of the request line can be wrong, and which status says so?",
               "400: it is no request at all. 405: the method. 431: the head is too long. 505: "
               "the version. See the table in the handout.",
               "answer(): length > HEAD_MAX, memchr() for '\\0'. parse_head(): strlen(version) is "
               "8, strncmp() with \"HTTP/\", digits at 5 and 7; strcmp() with GET and HEAD. "
               "write_head(): \"Allow: GET, HEAD\\r\\n\"."},
     .by_hand = "curl -i -X BREW http://127.0.0.1:PORT/hello.txt")
{
    static const char *const methods[] = {"POST", "PUT",    "DELETE", "OPTIONS", "BREW",
                                          "GETS", "HEADER", "GE",     "get",     "Head"};
    make_site();
    struct program *server = start("webserver", "site", "127.0.0.1", "0");
    const char *where = listening(server);
    const char *parts = "A request line is METHOD TARGET VERSION, the target begins with a slash. "
                        "A line that lacks one of them is 400.";
    expect_refusal(where, "400", parts, BYTES("GET /hello.txt\r\n\r\n"));
    expect_refusal(where, "400", parts, BYTES("GET\r\n\r\n"));
    expect_refusal(where, "400", parts, BYTES("GET\r\nHost: plumbline\r\n\r\n"));
    expect_refusal(where, "400 403 404", parts, BYTES("GET hello.txt HTTP/1.1\r\nHost: x\r\n\r\n"));
    const char *version =
        "A version is \"HTTP/\", a digit, a dot, a digit. Another first digit than "
        "1 is 505; what is no version of HTTP is 400 (or 505).";
    expect_refusal(where, "400 505", version, BYTES("GET /hello.txt FTP/1.1\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "400 505", version, BYTES("GET /hello.txt HTTP\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "400 505", version, BYTES("GET /hello.txt RTSP/1.0\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "400 505", version, BYTES("GET /hello.txt HTTP-1.1\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "400 505", version, BYTES("GET /hello.txt http/1.1\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "505", version, BYTES("GET /hello.txt HTTP/0.9\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "505", version, BYTES("GET /hello.txt HTTP/2.0\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "505", version, BYTES("GET /hello.txt HTTP/3.1\r\nHost: x\r\n\r\n"));
    expect_refusal(where, "400 505",
                   "Three words and no more: what follows the version is no part of it, and 400. "
                   "(sscanf() does not tell.)",
                   BYTES("GET /hello.txt HTTP/1.1 junk\r\nHost: x\r\n\r\n"));
    tried("asked for /hello.txt in HTTP/1.2");
    suspect("Only the first digit of the version tells whether you understand it: all of HTTP/1 is "
            "served, and 505 is for another major version.");
    expect_file(ask(where, BYTES("GET /hello.txt HTTP/1.2\r\nHost: x\r\nConnection: "
                                 "close\r\n\r\n")),
                "hello.txt");

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        tried("sent the method %s", methods[i]);
        suspect("Only GET and HEAD are served, and a method is compared whole, small letters are "
                "others: 405 with a field `Allow: GET, HEAD` for any other (or 501).");
        struct answer answer = ask(where, request(methods[i], "/hello.txt", ""));
        expect_status("405 501", answer);
        const char *allow = field(&answer, "Allow");
        if (answer.status == 405 && !(allow && strstr(allow, "GET") && strstr(allow, "HEAD")))
            fail_step("a field Allow: GET, HEAD", allow ? text("Allow: %s", allow) : "no Allow");
    }

    struct bytes body = get("/page.html");
    struct bytes length_behind_nul =
        both(BYTES("POST /hello.txt HTTP/1.1\r\nHost: x\r\nX: \0\r\n"),
             bytes_of(text("Content-Length: %zu\r\n\r\n", body.length)));
    expect_body_passed_over(where, "a request with a NUL byte before its Content-Length and",
                            "To string functions a head ends at its first NUL byte, and the fields "
                            "behind it are not seen: answer 400 and close the connection.",
                            both(length_behind_nul, body));

    const char *lines = "A: b\r\n";
    for (size_t length = HEAD_MAX - 1; length <= HEAD_MAX; length++) {
        tried("sent heads of %zu bytes, in one piece", length);
        suspect("8192 bytes are allowed, the empty line among them, in any number of fields.");
        expect_file(ask(where, long_head(length, "")), "hello.txt");
        expect_file(ask(where, long_head(length, lines)), "hello.txt");
    }
    tried("sent a request, and in the same piece one with a head of 8192 bytes");
    suspect("The limit counts from the head's own first byte: what was answered before it has to "
            "make room.");
    struct peer *client = join(where);
    say(client, both(get("/page.html"), long_head(HEAD_MAX, "")));
    expect_file(hear_answer(client), "page.html");
    expect_file(hear_answer(client), "hello.txt");
    hang_up(client);
    size_t lengths[] = {HEAD_MAX + 1, HEAD_MAX + 2, 9000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        tried("sent heads of %zu bytes", lengths[i]);
        suspect("A head over 8192 bytes, its empty line included, gets 431. Its bytes must not be "
                "written beyond the buffer's end.");
        expect_status("414 431", ask(where, long_head(lengths[i], "")));
        expect_status("414 431", ask(where, long_head(lengths[i], lines)));
    }
    char *target = step_memory(9001);
    memset(target, 'a', 9000);
    target[0] = '/';
    tried("asked for a name of 9000 bytes");
    expect_status("414 431", ask(where, get(target)));
    target[8000] = '\0';
    tried("asked for a name of 8000 bytes");
    suspect("The name is longer than any file's, and perhaps than your buffer.");
    expect_status("400 403 404 414 431", ask(where, get(target)));

    const struct bytes odd[] = {
        BYTES("\r\n"),
        BYTES("\r\n\r\n"),
        BYTES("\n\n\r\n\r\n"),
        BYTES(" \r\n\r\n"),
        BYTES("\0\r\n\r\n"),
        BYTES("GET /hello.txt HTTP/1.1\r\n:\r\n: \r\nnonsense\r\n\r\n"),
        BYTES("GET /hello.txt HTTP/1.1\r\nHost : x\r\n folded\r\n\r\n"),
        BYTES("GET /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"),
        BYTES(
            "GET /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nx"),
        BYTES("POST /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 2147483648\r\n\r\nx"),
        BYTES("GET /%n%s%n%s HTTP/1.1\r\nHost: %n%s\r\n\r\n"),
        both(noise(5000), BYTES("\r\n\r\n")),
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        tried("sent %s, ended the connection, and then asked for /hello.txt on another one",
              shown(odd[i]));
        suspect("Whatever comes in a head, it must not end the server.");
        client = join(where);
        say(client, odd[i]);
        expect_survival(server, where, client);
    }
    tried("sent two empty lines one byte at a time, ended the connection, and then asked for "
          "/hello.txt on another one");
    client = join(where);
    say_bytewise(client, BYTES("\r\n\r\n"), server);
    expect_survival(server, where, client);
}

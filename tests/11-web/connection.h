/*
 * connection.h - lab 11's step 4: one request after another, bodies, and the last answer.
 */
#ifndef LAB_11_CONNECTION_H
#define LAB_11_CONNECTION_H

#include "processes.h"
#include "web.h"

/* Asks so that the server must answer with this status, and then close. */
static struct answer expect_last_answer_with(const char *statuses, const char *where,
                                             struct bytes request)
{
    tried("sent %s", shown(request));
    suspect("After `Connection: close` (names and this value come in any case, blanks behind the "
            "colon or none) and in HTTP/1.0 the answer is the last, whatever its status: then the "
            "server closes.");
    struct peer *client = join(where);
    say(client, request);
    struct answer answer = expect_status(statuses, hear_answer(client));
    expect_gone(client);
    hang_up(client);
    return answer;
}

static void expect_last_answer(const char *where, struct bytes request)
{
    expect_file(expect_last_answer_with("200", where, request), "hello.txt");
}

/* Sends HEAD for what is no file, and GET behind it. */
static void expect_bare_refusal(const char *where, const char *target, const char *statuses)
{
    tried("sent HEAD %s and GET /hello.txt on one connection", target);
    suspect("The answer to HEAD has no body, whatever its status is: the client takes what follows "
            "for the next answer.");
    struct peer *client = join(where);
    say(client, both(request("HEAD", target, ""), get("/hello.txt")));
    struct answer answer = expect_status(statuses, hear_answer_to("HEAD", client));
    if (says_good_bye(&answer))
        expect_gone(client);
    else if (answer.status != 400) /* after which it may close */
        expect_file(hear_answer(client), "hello.txt");
    hang_up(client);
}

/* A wait for an answer of a server that may as well read the whole file first. */
struct patience {
    struct peer *client;
    long most_kib;
};

static bool speaks_or_hoards(void *context)
{
    struct patience *patience = context;
    return has_something_to_say(patience->client) ||
           anonymous_kib_of_descendants() > patience->most_kib;
}

/* Asks for the head of a file whose size needs more than 32 bits. The last question to this server:
 * one that reads files into memory may do so here, but it is not waited for. */
static void expect_large_length(struct program *server, const char *where)
{
    const long long size = (4LL << 30) + 5;
    make_file(scratch_path("site/huge"), BYTES(""));
    if (truncate(scratch_path("site/huge"), size) == -1) {
        remark("no file of more than 4 GiB can be made here (%s)", reason(errno));
        return;
    }
    tried("sent HEAD for a file of %lld bytes", size);
    suspect("A size is an off_t, which is more than an int: print it with %%lld as a (long long).");
    struct patience patience = {join(where), anonymous_kib_of_descendants() + 256 * KIB};
    say(patience.client, request("HEAD", "/huge", ""));
    wait_until(speaks_or_hoards, &patience, "an answer");
    if (!has_something_to_say(patience.client)) {
        terminate(server);
        return;
    }
    struct answer answer = hear_answer_to("HEAD", patience.client);
    const char *length = field(&answer, "Content-Length");
    if (answer.status == 200) /* else it lacks the memory */
        expect_that(length && strtoll(length, NULL, 10) == size, text("Content-Length: %lld", size),
                    "%s", length ? length : "no Content-Length");
    reset(patience.client);
}

/* Sends a request's body when its head was seen already. */
static void expect_late_body_passed_over(struct program *server, const char *where)
{
    struct bytes body = get("/page.html");
    tried("sent a request with a Content-Length and, when the server had taken it, its body, which "
          "reads \"GET /page.html ...\"");
    suspect("A body may come later than its head: not what is in the buffer counts, but "
            "Content-Length. Read that many bytes more, or close the connection after the answer.");
    struct peer *client = join(where);
    say(client, request("GET", "/hello.txt", text("Content-Length: %zu\r\n", body.length)));
    wait_until_idle(server);
    bool at_once = has_something_to_say(client); /* it need not wait for the body */
    if (at_once)
        expect_file(hear_answer(client), "hello.txt");
    say(client, both(body, get("/style.css")));
    if (!at_once)
        expect_file(hear_answer(client), "hello.txt");
    if (hear_up_to(client, 1).length > 0) {
        head_line(client);
        while (*head_line(client))
            ;
        struct bytes next = hear(client, content_of("style.css").length);
        if (!same(next, content_of("style.css")))
            fail_step("the connection closed, or the file \"style.css\"",
                      same(next, first(next.length, content_of("page.html")))
                          ? "the file \"page.html\": the body was taken for a request"
                          : shown(next));
    }
    hang_up(client);
}

/* Sends a request with a body that looks like a request, and then a right one. */
static void expect_body_passed_over(const char *where, const char *what, const char *cause,
                                    struct bytes request)
{
    tried("sent %s whose body reads \"GET /page.html ...\", and then one for /hello.txt", what);
    suspect("%s", cause);
    struct peer *client = join(where);
    say(client, both(request, get("/hello.txt")));
    struct answer answer = hear_answer(client);
    if (hear_up_to(client, 1).length > 0) {
        reset(client);
        client = join(where);
        say(client, both(request, get("/hello.txt")));
        hear_answer(client);
        answer = hear_answer(client);
        if (same(answer.body, content_of("page.html")))
            fail_step("the connection closed, or the file \"hello.txt\"",
                      "the file \"page.html\": the body was taken for a request");
        expect_file(answer, "hello.txt");
    }
    hang_up(client);
    expect_visit(where);
}

STEP(4, "a connection carries one request after another", .points = 15, .after = 1,
     .see = "Step 4: one connection, many requests",
     .hints = {"What comes behind a head's empty line? And how does the server know that no other "
               "request will come?",
               "Use up the head that was answered, and keep what came behind it: the next request "
               "may be there already. `Connection: close` and HTTP/1.0 end it. See strcasecmp(3).",
               "answer(): use_up(client, length), and return true if request.persistent. "
               "parse_head(): a loop over strtok_r(), cut() at ':', strcasecmp() of the name."},
     .by_hand = "printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\nHEAD / HTTP/1.1\\r\\nHost: "
                "x\\r\\nConnection: close\\r\\n\\r\\n' | nc 127.0.0.1 PORT")
{
    make_site();
    struct program *server = start("webserver", "site", "127.0.0.1", "0");
    const char *where = listening(server);
    tried("asked for two files on one connection, the second after the answer to the first");
    suspect("In HTTP/1.1 a connection stays open: after an answer wait for the next request.");
    struct peer *client = join(where);
    say(client,
        request("GET", "/hello.txt",
                "X-Note: Connection: close\r\nConnection: keep-alive\r\nConnection-Id: close\r\n"
                "X-Content-Length: 5\r\nContent-Length-X: 5\r\nX-Transfer-Encoding: chunked\r\n"));
    struct answer answer = hear_answer(client);
    expect_file(answer, "hello.txt");
    suspect("The version in the status line is the server's own, HTTP/1.1.");
    expect_that(strcmp(answer.version, "HTTP/1.1") == 0, "an answer in HTTP/1.1", "%s",
                answer.version);
    suspect("In HTTP/1.1 a connection stays open: after an answer wait for the next request. Names "
            "of fields are compared whole: X-Content-Length announces no body.");
    say(client, get("/binary"));
    expect_file(hear_answer(client), "binary");

    tried("sent three requests and a half in one piece, and then the rest");
    suspect("One recv() can bring more than one head: what comes behind an empty line is the next "
            "request. Keep it, and look there first.");
    struct bytes last = get("/style.css");
    say(client,
        both(get("/hello.txt"), both(get("/missing"), both(get("/page.html"), first(9, last)))));
    expect_file(hear_answer(client), "hello.txt");
    struct answer missing = expect_status("404", hear_answer(client));
    if (says_good_bye(&missing)) { /* which is its right */
        hang_up(client);
        client = join(where);
        say(client, both(get("/page.html"), first(9, last)));
    }
    expect_file(hear_answer(client), "page.html");
    say(client, after(9, last));
    expect_file(hear_answer(client), "style.css");
    wait_until_idle(server);
    tried("ended its side of the connection behind the last answer");
    suspect("recv() returns 0: no other request comes, so there is none to answer, not even with "
            "400. Close the connection.");
    half_close(client);
    expect_gone(client);
    hang_up(client);

    tried("sent 400 requests in one piece");
    suspect("Any number of requests may wait in the stream: use up each head when it is answered, "
            "so that there is room for the next. The limit of 8192 bytes is one head's.");
    struct bytes pair = both(get("/hello.txt"), get("/page.html"));
    unsigned char *many = step_memory(200 * pair.length);
    for (size_t i = 0; i < 200; i++)
        memcpy(many + i * pair.length, pair.at, pair.length);
    client = join(where);
    say(client, (struct bytes){many, 200 * pair.length});
    for (int i = 0; i < 200; i++) {
        expect_file(hear_answer(client), "hello.txt");
        expect_file(hear_answer(client), "page.html");
    }
    hang_up(client);

    tried("sent HEAD /page.html, HEAD /missing and GET /hello.txt on one connection");
    suspect("The answer to HEAD is the head that GET would get, with its Content-Length, and no "
            "body, also when it is a refusal: the client takes what follows for the next answer.");
    client = join(where);
    say(client, both(request("HEAD", "/page.html", ""), request("HEAD", "/missing", "")));
    say(client, get("/hello.txt"));
    answer = expect_status("200", hear_answer_to("HEAD", client));
    expect_type(answer, "text/html", "");
    const char *length = field(&answer, "Content-Length");
    expect_that(length && strtoull(length, NULL, 10) == content_of("page.html").length,
                text("Content-Length: %zu", content_of("page.html").length), "%s",
                length ? length : "no Content-Length");
    answer = expect_status("404", hear_answer_to("HEAD", client));
    if (says_good_bye(&answer))
        expect_gone(client);
    else
        expect_file(hear_answer(client), "hello.txt");
    hang_up(client);

    expect_bare_refusal(where, "/sub", "200 301 302 303 307 308");
    expect_bare_refusal(where, "/nothing/", "403 404");
    expect_bare_refusal(where, "/../secret.txt", "400 403 404");

    expect_last_answer(where, request("GET", "/hello.txt", "Connection: close\r\n"));
    expect_last_answer(where, request("GET", "/hello.txt", "cOnnEction:Close\r\nAccept: */*\r\n"));
    expect_last_answer(where, BYTES("GET /hello.txt HTTP/1.0\r\n\r\n"));
    expect_last_answer(where, BYTES("GET /hello.txt HTTP/1.0\r\nHost: x\r\nAccept: */*\r\n\r\n"));
    expect_last_answer_with("404", where, request("GET", "/missing", "Connection: close\r\n"));
    expect_last_answer_with("404", where, BYTES("GET /missing HTTP/1.0\r\n\r\n"));
    expect_last_answer_with("200 301 302 303 307 308", where,
                            request("GET", "/sub", "Connection: close\r\n"));

    struct bytes body = get("/page.html");
    const char *size = text("cOntent-lEngth:%zu\r\n", body.length);
    struct bytes chunk =
        both(bytes_of(text("%zx\r\n", body.length)), both(body, BYTES("\r\n0\r\n\r\n")));
    const char *cause =
        "A body follows if there is a Content-Length that is not 0, or a Transfer-Encoding. It is "
        "no request: read it and forget it, or close the connection after the answer.";
    const char *what = "a request";
    expect_body_passed_over(where, what, cause, both(request("POST", "/hello.txt", size), body));
    expect_body_passed_over(where, what, cause, both(request("GET", "/hello.txt", size), body));
    expect_body_passed_over(
        where, what, cause,
        both(request("POST", "/hello.txt", "Transfer-Encoding: chunked\r\n"), chunk));
    expect_body_passed_over(
        where, "a request with the field tRANSFER-eNCODING: chunked",
        "The names of fields come in any case. A Transfer-Encoding announces a body, which is no "
        "request: read it and forget it, or close the connection after the answer.",
        both(request("GET", "/hello.txt", "tRANSFER-eNCODING: chunked\r\n"), chunk));
    expect_body_passed_over(where, "a request for what does not exist, with a Content-Length",
                            cause, both(request("GET", "/missing", size), body));
    expect_late_body_passed_over(server, where);
    expect_running(server);
    expect_large_length(server, where);
}

#endif

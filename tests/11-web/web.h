/*
 * web.h - how lab 11 asks a web server and reads its answers, and the folder that the server
 * serves.
 */
#ifndef LAB_11_WEB_H
#define LAB_11_WEB_H

#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KIB = 1 << 10, MIB = 1 << 20, HEAD_MAX = 8192 };

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

/* --- bytes --- */

static struct bytes first(size_t length, struct bytes bytes)
{
    return (struct bytes){bytes.at, length};
}

static struct bytes after(size_t start, struct bytes bytes)
{
    return (struct bytes){bytes.at + start, bytes.length - start};
}

static struct bytes both(struct bytes one, struct bytes two)
{
    unsigned char *at = step_memory(one.length + two.length);
    memcpy(at, one.at, one.length);
    memcpy(at + one.length, two.at, two.length);
    return (struct bytes){at, one.length + two.length};
}

static bool same(struct bytes one, struct bytes two)
{
    return one.length == two.length && memcmp(one.at, two.at, one.length) == 0;
}

/* Fails unless `came` is what was expected; `what` says what that is. */
static void expect_same(struct bytes came, struct bytes expected, const char *what)
{
    size_t at = 0;
    while (at < came.length && at < expected.length && came.at[at] == expected.at[at])
        at++;
    if (at == came.length && at == expected.length)
        return;
    if (expected.length <= 60)
        fail_step(text("%s, %s", what, shown(expected)), came.length ? shown(came) : "nothing");
    fail_step(text("%s, %zu bytes", what, expected.length),
              at == came.length
                  ? text("%zu bytes", came.length)
                  : text("%zu bytes; byte %zu is the first that differs", came.length, at + 1));
}

/* --- the folder --- */

/* Each file's content is this, but for a few. */
static struct bytes content_of(const char *name)
{
    if (strcmp(name, "binary") == 0)
        return noise(200000);
    if (strcmp(name, "empty.txt") == 0)
        return BYTES("");
    if (strcmp(name, "one.txt") == 0)
        return BYTES("1");
    return bytes_of(text("this is %s\n", name));
}

static void make_folder(const char *name)
{
    if (mkdir(scratch_path(name), 0700) == -1)
        cannot_judge("mkdir %s: %s", name, reason(errno));
}

static void make_link(const char *target, const char *name)
{
    if (symlink(target, scratch_path(name)) == -1)
        cannot_judge("symlink %s: %s", name, reason(errno));
}

/* The folder "site" and three neighbors that nobody may see. */
static void make_site(void)
{
    static const char *const folders[] = {
        "site", "site/sub", "site/sub/deep", "site/nothing", "site/v1.css", "site-secret", "twin"};
    static const char *const files[] = {
        "index.html",
        "hello.txt",
        "binary",
        "empty.txt",
        "one.txt",
        "page.html",
        "style.css",
        "script.js",
        "pixel.png",
        "drawing.svg",
        "data.json",
        "box.tar.gz",
        "README",
        "html",
        "v1.css/data",
        "a b.txt",
        "100%.txt",
        "what?.txt",
        "a+b.txt",
        "%41.txt",
        "\xc3\xa9.txt",
        "sub/index.html",
        "sub/deep/x.txt",
        "a..b.txt",
        "..c.txt",
        "d..",
        ".e",
        "notes.v2.txt",
        "%zz",
        "hello%2",
        "\x04.txt",
    };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        make_folder(folders[i]);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        make_file(scratch_path(text("site/%s", files[i])), content_of(files[i]));
    make_file(scratch_path("secret.txt"), BYTES("a secret\n"));
    make_file(scratch_path("site-secret/secret.txt"), BYTES("a secret\n"));
    make_file(scratch_path("twin/secret.txt"), BYTES("a secret\n"));
}

/* --- answers --- */

struct answer {
    int status;
    const char *version; /* "HTTP/1.1" */
    const char *fields;  /* each "NAME: VALUE\n", as they came */
    struct bytes body;   /* without its chunks' seams */
};

/* A field's value without blanks around it; NULL if there is no such field. */
static const char *field(const struct answer *answer, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = answer->fields; *line; line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        line += length + 1 + strspn(line + length + 1, " \t");
        size_t end = strcspn(line, "\n");
        while (end > 0 && strchr(" \t", line[end - 1]))
            end--;
        return text("%.*s", (int)end, line);
    }
    return NULL;
}

/* A line of an answer, without its CR LF; `what` says which. */
static const char *line_of(struct peer *peer, const char *what)
{
    struct bytes line = hear_line_as(peer, what);
    if (line.length < 2 || line.at[line.length - 2] != '\r')
        fail_step("a head whose lines end with CR LF (\\r\\n)", shown(line));
    if (memchr(line.at, '\0', line.length))
        fail_step("a head of text", shown(line));
    return text("%.*s", (int)line.length - 2, (const char *)line.at);
}

static const char *status_line(struct peer *peer)
{
    return line_of(peer, "an answer, which begins with a status line");
}

/* A field, or the empty line. */
static const char *head_line(struct peer *peer)
{
    return line_of(peer, "the rest of the answer's head, up to its empty line");
}

static size_t number(const char *word, int base, const char *what)
{
    char *end = NULL;
    errno = 0;
    unsigned long long value = isxdigit((unsigned char)*word) ? strtoull(word, &end, base) : 0;
    if (!end || !strchr("; \t", *end) || errno != 0)
        fail_step(what, shown(bytes_of(word)));
    return (size_t)value;
}

static struct bytes hear_chunks(struct peer *peer)
{
    struct bytes body = BYTES("");
    for (;;) {
        size_t size =
            number(line_of(peer, "a chunk's size"), 16, "a chunk's size in hexadecimal digits");
        if (size == 0)
            break;
        body = both(body, hear(peer, size));
        line_of(peer, "the line end behind a chunk");
    }
    while (*line_of(peer, "the empty line behind the last chunk"))
        ;
    return body;
}

/* Waits for the next answer. One to HEAD has no body. */
static struct answer hear_answer_to(const char *method, struct peer *peer)
{
    struct answer answer = {.fields = ""};
    const char *line = status_line(peer);
    if (strncmp(line, "HTTP/1.", 7) != 0 || strlen(line) < 12 || line[8] != ' ' ||
        strspn(line + 9, "0123456789") != 3 || !strchr(" ", line[12]))
        fail_step("a status line like \"HTTP/1.1 200 OK\"", shown(bytes_of(line)));
    answer.version = text("%.8s", line);
    answer.status = atoi(line + 9);
    while (*(line = head_line(peer))) {
        if (strcspn(line, ":") == strlen(line) || strcspn(line, " \t") < strcspn(line, ":"))
            fail_step("a field of the answer, \"NAME: VALUE\"", shown(bytes_of(line)));
        answer.fields = text("%s%s\n", answer.fields, line);
    }
    const char *length = field(&answer, "Content-Length");
    const char *coding = field(&answer, "Transfer-Encoding");
    if (strcmp(method, "HEAD") == 0)
        return answer;
    if (coding && strcasecmp(coding, "chunked") == 0)
        answer.body = hear_chunks(peer);
    else if (length)
        answer.body = hear(peer, number(length, 10, "a Content-Length in decimal digits"));
    else /* until the end, which after a refusal may be a reset */
        answer.body = hear_up_to(peer, 1u << 30);
    return answer;
}

static struct answer hear_answer(struct peer *peer)
{
    return hear_answer_to("GET", peer);
}

/* True if the server says that it closes the connection after this answer. */
static bool says_good_bye(const struct answer *answer)
{
    const char *connection = field(answer, "Connection");
    return strcmp(answer->version, "HTTP/1.1") != 0 ||
           (connection && strcasestr(connection, "close"));
}

/* --- questions --- */

static struct bytes request(const char *method, const char *target, const char *fields)
{
    return bytes_of(text("%s %s HTTP/1.1\r\nHost: plumbline\r\n%s\r\n", method, target, fields));
}

static struct bytes get(const char *target)
{
    return request("GET", target, "");
}

/* Asks on a connection of its own. */
static struct answer ask(const char *where, struct bytes request)
{
    struct peer *client = join(where);
    say(client, request);
    struct answer answer = hear_answer(client);
    hang_up(client);
    return answer;
}

static const char *told(const struct answer *answer)
{
    if (answer->body.length == 0)
        return text("status %d", answer->status);
    return text("status %d, body %s", answer->status, shown(answer->body));
}

/* One of these statuses, "400 404". */
static struct answer expect_status(const char *statuses, struct answer answer)
{
    if (!strstr(statuses, text("%03d", answer.status)))
        fail_step(text("status %s", statuses), told(&answer));
    return answer;
}

/* Asks for something in one request and judges the answer's status. */
static struct answer expect_refusal(const char *where, const char *statuses, const char *cause,
                                    struct bytes request)
{
    tried("sent %s", shown(request));
    suspect("%s", cause);
    return expect_status(statuses, ask(where, request));
}

/* An answer that brings this file. */
static void expect_file(struct answer answer, const char *name)
{
    struct bytes content = content_of(name);
    const char *length;
    if (answer.status != 200)
        fail_step(text("status 200 and the file \"%s\"", name), told(&answer));
    if (!(length = field(&answer, "Content-Length")))
        fail_step("a field Content-Length", "none");
    expect_that(strtoull(length, NULL, 10) == content.length,
                text("Content-Length: %zu, the size of \"%s\"", content.length, name), "%s",
                length);
    expect_same(answer.body, content, text("the file \"%s\"", name));
}

/* A right client's visit, as simple as can be. */
static void expect_visit(const char *where)
{
    expect_file(ask(where, get("/hello.txt")), "hello.txt");
}

/* The media type without its parameters. */
static void expect_type(struct answer answer, const char *type, const char *or_type)
{
    const char *came = field(&answer, "Content-Type");
    if (!came)
        fail_step(text("a field Content-Type: %s", type), "none");
    size_t length = strcspn(came, "; \t");
    const char *bare = text("%.*s", (int)length, came);
    if (strcasecmp(bare, type) != 0 && strcasecmp(bare, or_type) != 0)
        fail_step(text("Content-Type: %s", type), came);
}

/* --- rude clients, and a server's means --- */

struct descriptors {
    struct program *server;
    int most;
};

static bool are_closed(void *context)
{
    struct descriptors *open = context;
    return count_descriptors(open->server) <= open->most;
}

static const char *how_many(void *context)
{
    return text("%d", count_descriptors(((struct descriptors *)context)->server));
}

/* Waits until the server holds no more descriptors than `before`: it may take its time to close
 * them. */
static void expect_closed(struct program *server, int before)
{
    struct descriptors open = {server, before};
    wait_until_seen(are_closed, &open, text("%d open descriptors, as before", before), how_many);
}

/* Puts a client's connection where the next send() of a server raises SIGPIPE: the server sleeps
 * while the client asks, ends its stream and breaks the connection. */
static void ask_and_vanish(struct program *server, const char *where, struct bytes request)
{
    struct peer *client = join(where);
    wait_until_idle(server);
    stop_family(server);
    say(client, request);
    half_close(client);
    reset(client);
    go_on(server);
}

#endif

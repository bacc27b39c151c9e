/*
 * get.h - lab 11's webget meets servers that the test plays.
 */
#ifndef LAB_11_GET_H
#define LAB_11_GET_H

#include "web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* One run of webget with its server. */
struct visit {
    struct program *client;
    struct peer *server;
    bool wants_close; /* it asked for the connection to be closed after the answer */
};

/* A field of the request's head, which is here a text with \r\n at the end of each line. */
static const char *asked_for(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = head; (line = strstr(line, "\r\n"));) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1 + strspn(line + length + 1, " \t");
            return text("%.*s", (int)strcspn(line, "\r"), line);
        }
    }
    return NULL;
}

/* The text with each byte above 127 as an escape, which stands for the same. */
static const char *in_ascii(const char *word)
{
    char *ascii = step_memory(3 * strlen(word) + 1), *at = ascii;
    for (; *word; word++)
        at += sprintf(at, (unsigned char)*word > 127 ? "%%%02X" : "%c", (unsigned char)*word);
    return ascii;
}

/* Waits for the head of the client's request and checks what a server needs. */
static void hear_request(struct visit *visit, const char *target, const char *authority)
{
    const char *head = "";
    do {
        struct bytes line = hear_line_as(visit->server, "a request, up to its empty line");
        if (line.length < 2 || line.at[line.length - 2] != '\r')
            fail_step("a request whose lines end with CR LF (\\r\\n)", shown(line));
        head = text("%s%.*s", head, (int)line.length, (const char *)line.at);
    } while (strlen(head) < 4 || strcmp(head + strlen(head) - 4, "\r\n\r\n") != 0);
    const char *line = in_ascii(text("%.*s", (int)strcspn(head, "\r"), head));
    const char *expected = in_ascii(text("GET %s HTTP/1.1", target));
    size_t length = strlen(expected) - 1; /* HTTP/1.0 is as right */
    if (strlen(line) != length + 1 || strncmp(line, expected, length) != 0 ||
        !strchr("01", line[length]))
        fail_step(text("the request line %s", shown(bytes_of(expected))), shown(bytes_of(line)));
    const char *host = asked_for(head, "Host"), *connection = asked_for(head, "Connection");
    bool is_old = line[length] == '0';
    if (!host && !is_old)
        fail_step("a field Host, which HTTP/1.1 demands", shown(bytes_of(head)));
    const char *alone = text("%.*s", (int)(strrchr(authority, ':') - authority), authority);
    if (host && strcasecmp(host, authority) != 0 && strcasecmp(host, alone) != 0)
        fail_step(text("Host: %s", authority), text("Host: %s", host));
    visit->wants_close = connection ? strcasestr(connection, "close") != NULL : is_old;
}

/* Starts webget with this target and a file as its standard output (NULL: a pipe), and hears its
 * request. */
static struct visit begin_visit_to(const char *output_path, const char *target)
{
    struct peer *door = open_door("127.0.0.1", 5, 0);
    const char *authority = local_address(door);
    struct visit visit = {
        .client = launch(.program = "webget", .args = {text("http://%s%s", authority, target)},
                         .output = output_path ? FROM_FILE : PIPED, .output_path = output_path)};
    end_input(visit.client);
    visit.server = let_in(door);
    hear_request(&visit, *target == '/' ? target : text("/%s", target), authority);
    return visit;
}

static struct visit begin_visit(const char *target)
{
    return begin_visit_to(NULL, target);
}

/* Sends an answer that says itself where it ends. The connection stays open unless the client asked
 * for its end. */
static struct visit answer_with(struct bytes answer)
{
    struct visit visit = begin_visit("/x");
    say(visit.server, answer);
    if (visit.wants_close)
        half_close(visit.server);
    return visit;
}

/* Sends an answer and ends the connection. */
static struct visit answer_and_end(struct bytes answer)
{
    struct visit visit = begin_visit("/x");
    say(visit.server, answer);
    half_close(visit.server);
    return visit;
}

static void expect_printed(struct visit visit, struct bytes body)
{
    expect_same(rest_of_output(visit.client), body, "on standard output");
    expect_exit(visit.client, 0);
}

/* Sends an answer, and its end, to a webget that can print nothing. */
static void expect_full_output_noticed(struct bytes answer)
{
    struct visit visit = begin_visit_to("/dev/full", "/x");
    say(visit.server, answer);
    half_close(visit.server);
    expect_exit(visit.client, 1);
}

static struct bytes with_head(const char *fields, struct bytes body)
{
    return both(bytes_of(text("HTTP/1.1 200 OK\r\n%s\r\n", fields)), body);
}

/* An answer whose body comes in chunks, written out by the test. */
static struct bytes in_chunks(const char *chunks)
{
    return with_head("Transfer-Encoding: chunked\r\n", bytes_of(chunks));
}

/* These bytes in chunks of a size that fits no buffer. */
static struct bytes chunked(struct bytes bytes)
{
    const size_t size = 9973;
    struct bytes whole = {step_memory(bytes.length + (bytes.length / size + 2) * 16), 0};
    unsigned char *at = (unsigned char *)whole.at;
    for (size_t done = 0; done < bytes.length; done += size) {
        size_t some = bytes.length - done < size ? bytes.length - done : size;
        at += sprintf((char *)at, "%zX\r\n", some);
        memcpy(at, bytes.at + done, some);
        at += some;
        at += sprintf((char *)at, "\r\n");
    }
    at += sprintf((char *)at, "0\r\n\r\n");
    whole.length = (size_t)(at - whole.at);
    return with_head("Transfer-Encoding: chunked\r\n", whole);
}

/* webget has no server to meet: URLs that are none. All are started at once. */
static void expect_refused_urls(const char *const urls[], size_t count)
{
    struct program *clients[32];
    for (size_t i = 0; i < count; i++) {
        clients[i] = start("webget", urls[i]);
        end_input(clients[i]);
    }
    for (size_t i = 0; i < count; i++) {
        tried("ran webget with the URL %s", shown(bytes_of(urls[i])));
        suspect("A URL is http://HOST[:PORT][/PATH][?QUERY], an IPv6 address stands in brackets, "
                "and no space, control character or # is in it. Anything else: exit code 2.");
        expect_exit(clients[i], 2);
    }
}

/* Whether a server of the test can have port 80, the one of URLs that name none. */
static struct peer *try_to_open_port_80(void)
{
    struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool can = bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, 1) == 0;
    close(fd);
    return can ? open_door_at("127.0.0.1:80", 5, 0) : NULL;
}

#endif

/*
 * webget - prints the page that a URL names.
 *
 *     webget http://HOST[:PORT][/PATH][?QUERY]
 *
 * It sends one request and reads one answer: a head of lines, then a body whose end is told in one
 * of three ways: by its length, by chunks that each bring their own, or by the end of the
 * connection. Its partner is webserver; any web server will do.
 */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 65536,
    LINE_SIZE = 16384 /* what a longer line of the answer has beyond that is lost on us */
};

struct url {
    char *authority; /* HOST[:PORT], as the server is told whom we mean */
    char *host;      /* without the brackets of an IPv6 address */
    char *port;
    char *target; /* [/PATH][?QUERY] */
};

/* The stream from the server, with what came and is not yet used. */
struct stream {
    int fd;
    size_t start, end; /* unused are bytes[start] up to bytes[end] */
    char bytes[BUFFER_SIZE];
};

/* What the answer's head says about its body. */
struct answer {
    char status_line[LINE_SIZE];
    bool has_length; /* there was a Content-Length ... */
    bool is_chunked; /* ... or Transfer-Encoding: chunked, which counts for more */
    unsigned long long length;
};

/* --- the URL --- */

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

/* Takes a URL apart. Returns 0, or -1 if it is none of ours. */
static int parse_url(const char *text, struct url *url)
{
    /* TODO 7: no space, control character (1 to 31, 127) or "#" may be in it, and "http://"
     * is in front. A byte above 127 may (a char can be signed). What follows up to the
     * first "/" or "?" is the authority, the rest the target. In the authority a ":" begins
     * the port (80 if there is none); but an IPv6 address has colons, so it stands in
     * brackets. A host must not be empty. Copies are made by strdup(3) and strndup(3). */
    (void)text;
    (void)url;
    (void)is_port;
    return -1;
}

/* --- bytes on a stream --- */

static int send_all(int fd, const char *bytes, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t count = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        sent += (size_t)count;
    }
    return 0;
}

/* Waits for more if all that came is used. Returns how many bytes are unused; 0 at the end of file,
 * -1 if the connection broke. */
static ssize_t fill(struct stream *stream)
{
    ssize_t count;
    if (stream->start < stream->end)
        return (ssize_t)(stream->end - stream->start);
    do
        count = recv(stream->fd, stream->bytes, sizeof stream->bytes, 0);
    while (count == -1 && errno == EINTR);
    stream->start = 0;
    stream->end = count > 0 ? (size_t)count : 0;
    return count;
}

/* Like fill(), where the stream must not end yet: -1 with EPROTO if it does. */
static ssize_t must_fill(struct stream *stream)
{
    ssize_t count = fill(stream);
    if (count == 0)
        errno = EPROTO;
    return count == 0 ? -1 : count;
}

/* Reads a line, without its line end, into LINE_SIZE bytes. Returns 0, or -1. */
static int read_line(struct stream *stream, char *line)
{
    size_t length = 0;
    for (char byte = '\0'; byte != '\n';) {
        if (must_fill(stream) == -1)
            return -1;
        byte = stream->bytes[stream->start++];
        if (length < LINE_SIZE - 1 && byte != '\n')
            line[length++] = byte;
    }
    if (length > 0 && line[length - 1] == '\r')
        length--;
    line[length] = '\0';
    return 0;
}

/* Passes the next `length` bytes on to standard output. Returns 0, or -1: EPROTO if there are
 * fewer. */
static int copy(struct stream *stream, unsigned long long length)
{
    /* TODO 7: while bytes are missing: must_fill(), fwrite() what is unused, but no more
     * than is missing, and move stream->start behind it. -1 if fwrite() wrote less. */
    (void)stream;
    (void)length;
    (void)must_fill;
    return 0;
}

/* --- request and answer --- */

static int send_request(int server, const struct url *url)
{
    /* TODO 7: a request line, "GET TARGET HTTP/1.1"; a line "Host: AUTHORITY", since many
     * sites may live at one address; a line "Connection: close", since we ask only once;
     * an empty line. Lines end with CR LF. The least target is "/", and URLs may be long.
     */
    (void)server;
    (void)url;
    (void)send_all;
    errno = ENOSYS;
    return -1;
}

/* The number at the front of a field's value or a chunk's line. Returns 0, or -1 with EPROTO. */
static int parse_number(const char *text, int base, unsigned long long *number)
{
    char *end = NULL;
    errno = 0;
    if (isxdigit((unsigned char)*text))
        *number = strtoull(text, &end, base);
    if (end && end != text && errno == 0 && strchr("; \t", *end))
        return 0;
    errno = EPROTO;
    return -1;
}

/* Takes note of a field of the answer, NAME: VALUE. Returns 0, or -1. */
static int note_field(const char *name, const char *value, struct answer *answer)
{
    /* TODO 7: is it the Content-Length? Names come in any case: strcasecmp(3). */
    (void)name;
    (void)value;
    (void)parse_number;
    /* TODO 8: is it Transfer-Encoding: chunked? The value comes in any case, too. */
    (void)answer;
    (void)strncasecmp;
    return 0;
}

/* Reads an answer's head. Returns 0, or -1: EPROTO if it is no HTTP. */
static int read_head(struct stream *stream, struct answer *answer)
{
    static char line[LINE_SIZE];
    *answer = (struct answer){0};
    if (read_line(stream, answer->status_line) == -1)
        return -1;
    if (strncmp(answer->status_line, "HTTP/1.", 7) != 0) {
        errno = EPROTO;
        return -1;
    }
    while (read_line(stream, line) == 0) {
        if (*line == '\0')
            return 0;
        char *colon = line + strcspn(line, ":");
        char *value = *colon ? colon + 1 + strspn(colon + 1, " \t") : colon;
        *colon = '\0';
        if (note_field(line, value, answer) == -1)
            return -1;
    }
    return -1;
}

/* The hundreds of the answer's status, 2 for 200; -1 if it has none. */
static int class_of(const struct answer *answer)
{
    const char *status = strchr(answer->status_line, ' ');
    return status && isdigit((unsigned char)status[1]) ? status[1] - '0' : -1;
}

static int copy_to_end(struct stream *stream)
{
    /* TODO 7: fill() and copy() until the end of file. A connection that breaks is no end.
     */
    (void)stream;
    return -1;
}

/* Copies chunks: a line with their size in hexadecimal, as many bytes, CR LF; the last has size 0,
 * and fields may follow it, up to an empty line. */
static int copy_chunks(struct stream *stream)
{
    /* TODO 8: read_line() the size (parse_number() with base 16 stops at a ";", where
     * extensions begin), copy() the bytes, read_line() the empty line behind them; until
     * the size is 0. An end of file before that is a failure. Then skip what follows, up to
     * an empty line or the end of file. */
    (void)stream;
    errno = ENOSYS;
    return -1;
}

/* Reads the answer and prints its body. Returns the program's exit code. */
static int get(int server, const struct url *url)
{
    static struct stream stream;
    static struct answer answer;
    int result = send_request(server, url);
    stream.fd = server;
    while (result == 0) {
        result = read_head(&stream, &answer);
        if (result == 0 && class_of(&answer) != 1) /* 1xx: the answer proper is still to come */
            break;
    }
    if (result == 0 && class_of(&answer) != 2) {
        fprintf(stderr, "webget: %s\n", answer.status_line);
        return EXIT_FAILURE;
    }
    if (result == 0 && answer.is_chunked)
        result = copy_chunks(&stream);
    else if (result == 0 && answer.has_length)
        result = copy(&stream, answer.length);
    else if (result == 0)
        result = copy_to_end(&stream);
    if (result == 0 && fflush(stdout) == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "webget: %s\n",
            errno == EPROTO ? "the answer is cut short, or no HTTP" : strerror(errno));
    return EXIT_FAILURE;
}

/* --- a client, as in labs 01 to 05 --- */

/* Connects to the first of these addresses that answers. Returns the socket, or -1. */
static int connect_to(const struct addrinfo *list)
{
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        int server = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (server == -1)
            continue;
        if (connect(server, ai->ai_addr, ai->ai_addrlen) == 0)
            return server;
        int error = errno;
        close(server);
        errno = error;
    }
    return -1;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "webget: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    static struct url url;

    if (argc != 2 || parse_url(argv[1], &url) == -1) {
        fprintf(stderr, "usage: webget http://HOST[:PORT][/PATH][?QUERY]\n");
        return 2;
    }
    int error = getaddrinfo(url.host, url.port, &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int server = connect_to(list);
    error = errno;
    freeaddrinfo(list);
    if (server == -1)
        return fail("connect", strerror(error));
    return get(server, &url);
}

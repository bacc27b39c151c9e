/*
 * webserver - sends the files below DIR to browsers: HTTP/1.1, GET and HEAD.
 *
 *     webserver DIR HOST PORT
 *
 * A request is a head of text: a request line and fields, ended by an empty line. Each client has a
 * thread of its own, which takes one head after the other out of the stream and answers it. The
 * client is a stranger: parse_head() trusts no line that it wrote, find_file() no name. Its partner
 * is webget; any browser will do.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum {
    BACKLOG = 512,
    NAP_MS = 50,
    LINGER_MS = 1000,
    HEAD_MAX = 8192, /* bytes of a request's head, its empty line included */
    ROOM = 32768     /* for a piece of an answer; more than any answer's head */
};

struct client {
    int fd;
    size_t length;                               /* that many bytes came and are not used up; */
    char bytes[HEAD_MAX + 1];                    /* they begin with a request */
    char name[HEAD_MAX + sizeof "./index.html"]; /* of the file that it wants */
    char answer[ROOM];
};

struct request {
    const char *method;
    char *target;    /* as it stood in the request line, less its query */
    bool wants_body; /* the answer to HEAD is a head alone */
    bool persistent; /* another request may follow on this connection */
};

static char root[PATH_MAX]; /* DIR's real path, without a slash at its end; set once by main() */

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

/* The length of the head at the front of these bytes; 0 if its empty line has not come yet. */
static size_t head_length(const char *bytes, size_t length)
{
    for (size_t end = 4; end <= length; end++)
        if (memcmp(bytes + end - 4, "\r\n\r\n", 4) == 0)
            return end;
    return 0;
}

/* Takes bytes off the front: what came behind them belongs to the next request. */
static void use_up(struct client *client, size_t length)
{
    client->length -= length;
    memmove(client->bytes, client->bytes + length, client->length);
}

/* Waits until the client's bytes begin with a whole head. Returns its length; 0 if the client has
 * ended or broken the connection; HEAD_MAX + 1 if its head is longer than that. */
static size_t take_head(struct client *client)
{
    /* TODO 1: a head comes in any number of pieces, and behind its last piece the next may
     * begin. Again and again: return head_length() if that is not 0, HEAD_MAX + 1 if
     * there is no room for more; else recv() behind the bytes that are there, and count
     * them in client->length. 0 at the end of file or a failure (EINTR is none). */
    (void)recv;
    (void)head_length;
    (void)client;
    return 0;
}

/* --- what a head says --- */

/* Ends a text at its first `separator` and returns what follows; "" if there is none. */
static char *cut(char *text, char separator)
{
    char *end = strchr(text, separator);
    if (!end)
        return text + strlen(text);
    *end = '\0';
    return end + 1;
}

/* Whether a list with commas holds a word, in any case: "TE, Close". */
static bool lists(const char *list, const char *word)
{
    size_t length = strlen(word);
    while (*list != '\0') {
        list += strspn(list, " \t,");
        if (strncasecmp(list, word, length) == 0 && strchr(" \t,", list[length]))
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

/* Takes a head apart, in place. Returns 0, or the status of the refusal. */
static int parse_head(char *head, struct request *request)
{
    char *rest, *version = "", *line = strtok_r(head, "\r\n", &rest);
    if (!line)
        return 400;
    request->method = line;
    /* TODO 1: `line` is METHOD, a space, TARGET, a space, VERSION: cut() it in three. */
    (void)cut;
    /* TODO 2: what follows a "?" is a query for programs, and no part of a name. */
    /* TODO 4: HEAD wants no body; HTTP/1.0 no second request. Then each line is a field,
     * NAME:VALUE; strtok_r(NULL, "\r\n", &rest) is the next one. Names are compared by
     * strcasecmp(3), blanks may stand before the value. No request follows one with
     * `Connection: close`, or with a body (Content-Length over 0, Transfer-Encoding). */
    (void)lists;
    (void)strcasecmp;
    /* TODO 5: a version is "HTTP/", a digit, a dot, a digit: else 400. If the first is not
     * 1: 505. A method that is not GET or HEAD: 405. */
    (void)version;
    return 0;
}

/* --- from a target to a file --- */

/* Writes the target to `name` as a relative path, "./..."; %XX stands for a byte. Returns 0, or
 * 400 for what is no target. */
static int decode(const char *target, char *name)
{
    *name++ = '.';
    if (*target != '/')
        return 400;
    while (*target != '\0') {
        char byte = *target++;
        /* TODO 2: `%` and two hexadecimal digits stand for the byte of that number. Once
         * is enough: %2541 is "%41". Anything else behind a `%` is 400, and so is %00. */
        *name++ = byte;
    }
    *name = '\0';
    return 0;
}

/* The type of a file's content, by what follows the last dot of its name. */
static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html"},        {".css", "text/css"},      {".js", "text/javascript"},
        {".png", "image/png"},         {".svg", "image/svg+xml"}, {".txt", "text/plain"},
        {".json", "application/json"},
    };
    /* TODO 2: look up the last dot, and what follows it, in `types`. A dot in a folder's
     * name does not count. */
    (void)name;
    (void)types;
    return "application/octet-stream";
}

/* True if `..` leads out of where the name begins, even if it comes back later. */
static bool climbs_out(const char *name)
{
    /* TODO 3: go through the parts of the name, between slashes. Each one leads down; but
     * ".." leads up, and "." and an empty part nowhere. Has it ever been above 0? */
    (void)name;
    return false;
}

static int status_of(int error)
{
    if (error == EMFILE || error == ENFILE || error == ENOMEM)
        return 503; /* later, perhaps */
    return error == EACCES || error == ENXIO ? 403 : 404;
}

/* Opens what a name stands for, if it is below DIR. Returns 200, or the status of the refusal. */
static int open_below(const char *name, int *file, struct stat *info)
{
    /* TODO 3: 403 if the name climbs_out(). Links may lead out, too: let realpath() find
     * where the name really leads, and open that place, if it is `root` or below it
     * ("/srv/web" is not above "/srv/web-old/x"). See realpath(3). A FIFO's open() waits
     * for a writer, unless with O_NONBLOCK. */
    (void)climbs_out;
    *file = open(name, O_RDONLY | O_CLOEXEC);
    if (*file == -1)
        return status_of(errno);
    if (fstat(*file, info) == 0)
        return 200;
    close(*file);
    return 500;
}

/* Finds the file that a target stands for; writes its name to `name`. Returns 200 with the open
 * file, or the status of the refusal. */
static int find_file(const char *target, char *name, int *file, struct stat *info)
{
    int status = decode(target, name);
    if (status == 0)
        status = open_below(name, file, info);
    /* TODO 2: for a directory (S_ISDIR): its "index.html". Its name must end with a slash;
     * if it does not, 301 sends the client there. Close what is not used. */
    /* TODO 3: only a regular file (S_ISREG) has a content to send: else 403. */
    return status;
}

/* --- answers --- */

static const char *const phrases[] = {
    [200] = "OK",
    [301] = "Moved Permanently",
    [400] = "Bad Request",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [431] = "Request Header Fields Too Large",
    [500] = "Internal Server Error",
    [503] = "Service Unavailable",
    [505] = "HTTP Version Not Supported",
};

/* Writes the head of an answer whose body has `length` bytes. Returns the head's length. */
static size_t write_head(char *room, const struct request *request, int status, const char *type,
                         off_t length)
{
    char *at = room, *end = room + ROOM; /* more than any head of ours */
    /* TODO 1: write the status line, HTTP/1.1 STATUS PHRASE, and the fields Content-Type
     * and Content-Length, each line ended by CR LF; snprintf() tells how long they are. An
     * off_t is printed as a (long long) by %lld. */
    (void)phrases;
    (void)type;
    (void)length;
    if (status == 301) /* from "//x" we would send a browser to another host: one slash only */
        at += snprintf(at, (size_t)(end - at), "Location: /%s/\r\n",
                       request->target + strspn(request->target, "/"));
    /* TODO 5: a 405 says which methods are allowed, in a field Allow. */
    if (!request->persistent)
        at += snprintf(at, (size_t)(end - at), "Connection: close\r\n");
    return (size_t)(at + snprintf(at, (size_t)(end - at), "\r\n") - room);
}

/* Returns 0, or -1 if the connection is of no use any more. */
static int send_refusal(struct client *client, const struct request *request, int status)
{
    size_t length = strlen(phrases[status]);
    size_t used = write_head(client->answer, request, status, "text/plain", (off_t)length);
    if (request->wants_body) {
        memcpy(client->answer + used, phrases[status], length);
        used += length;
    }
    return send_all(client->fd, client->answer, used);
}

/* Sends head and file. Returns 0, or -1 if the connection is of no use any more. */
static int send_file(struct client *client, const struct request *request, int file, off_t size)
{
    size_t used = write_head(client->answer, request, 200, type_of(client->name), size);
    off_t left = request->wants_body ? size : 0;
    /* TODO 1: the head stands in client->answer. While bytes are left: read() a piece of
     * the file behind it, no more than is left and than there is room for, and send_all()
     * both; the next piece then has the whole room. If the file ends before `size` bytes,
     * the client must notice: -1. */
    (void)file;
    (void)left;
    return send_all(client->fd, client->answer, used);
}

/* Answers the request at the front of the client's bytes. True if another one may follow. */
static bool answer(struct client *client, size_t length)
{
    struct request request = {.target = client->bytes, .wants_body = true};
    struct stat info;
    int file, result, status = 0;
    /* TODO 5: 431 for a head that is too long, 400 for one with a NUL byte in it. */
    if (status == 0) {
        client->bytes[length - 1] = '\0'; /* the LF at its end: the head is a string */
        status = parse_head(client->bytes, &request);
    }
    if (status == 0)
        status = find_file(request.target, client->name, &file, &info);
    if (status == 400 || length > HEAD_MAX)
        request.persistent = false; /* who knows where the next request begins */
    if (status == 200) {
        result = send_file(client, &request, file, info.st_size);
        close(file);
    } else {
        result = send_refusal(client, &request, status);
    }
    /* TODO 4: if all went well and the request allows another, use_up() its head, and say
     * so. */
    (void)result;
    (void)use_up;
    return false;
}

/* Ends a connection so that the last answer arrives: close() with bytes unread would be a reset,
 * and that may destroy what is still on its way. */
static void part(int fd)
{
    struct pollfd more = {.fd = fd, .events = POLLIN};
    char unread[1024];
    shutdown(fd, SHUT_WR);
    while (poll(&more, 1, LINGER_MS) == 1 && recv(fd, unread, sizeof unread, 0) > 0)
        ;
    close(fd);
}

static void *serve_client(void *context)
{
    struct client *client = context;
    const int on = 1;
    size_t length;
    /* A second small answer would else wait until the first is acknowledged. See tcp(7). */
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    do
        length = take_head(client);
    while (length > 0 && answer(client, length));
    part(client->fd);
    free(client);
    return NULL;
}

/* --- a server, as in lab 09 --- */

/* A socket that listens on the first of these addresses that can be bound, or -1. */
static int open_door(const struct addrinfo *list)
{
    const int on = 1;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        int door = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (door == -1)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0 && listen(door, BACKLOG) == 0)
            return door;
        int error = errno;
        close(door);
        errno = error;
    }
    return -1;
}

/* Prints where clients can connect. Returns 0, or -1. */
static int announce(int door)
{
    struct sockaddr_storage here;
    socklen_t length = sizeof here;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(door, (struct sockaddr *)&here, &length) == -1)
        return -1;
    getnameinfo((struct sockaddr *)&here, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host, port);
    return fflush(stdout) != 0 || ferror(stdout) ? -1 : 0;
}

/* Serves this client while others are served. Without memory or a thread for it, it has to go. */
static void welcome(int fd)
{
    struct client *client = malloc(sizeof *client);
    if (!client) {
        close(fd);
        return;
    }
    client->fd = fd;
    client->length = 0;
    /* TODO 6: this serves one client after another. Give each a thread of its own that
     * runs serve_client(client), and detach it. If there is none to be had, the client is
     * dropped: close() and free(). See pthread_create(3), pthread_detach(3). */
    serve_client(client);
}

static void serve(int door)
{
    for (;;) {
        int client = accept(door, NULL, NULL);
        if (client != -1)
            welcome(client);
        else if (errno != EINTR)
            poll(NULL, 0, NAP_MS); /* no room: the client stays in the queue, so don't spin */
    }
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "webserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;

    if (argc != 4 || !is_port(argv[3])) {
        fprintf(stderr, "usage: webserver DIR HOST PORT\n");
        return 2;
    }
    if (chdir(argv[1]) == -1 || !realpath(".", root)) /* names are relative from now on */
        return fail(argv[1], strerror(errno));
    if (strcmp(root, "/") == 0)
        root[0] = '\0';
    int error = getaddrinfo(argv[2], argv[3], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int door = open_door(list);
    error = errno;
    freeaddrinfo(list);
    if (door == -1)
        return fail("bind", strerror(error));
    if (announce(door) == -1)
        return fail("write", strerror(errno));
    serve(door);
}

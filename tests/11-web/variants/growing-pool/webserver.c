/* Differs: 64 threads stand ready, each of which accepts clients itself, and one more is made
 * whenever none is free; the queue of the listening socket is short. The rest is the reference's.
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
    BACKLOG = 5,
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
    for (;;) {
        while (client->length >= 2 && memcmp(client->bytes, "\r\n", 2) == 0)
            use_up(client, 2); /* some clients send an empty line too many */
        size_t length = head_length(client->bytes, client->length);
        if (length > 0)
            return length;
        if (client->length == HEAD_MAX)
            return HEAD_MAX + 1;
        ssize_t count =
            recv(client->fd, client->bytes + client->length, HEAD_MAX - client->length, 0);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1 || count == 0)
            return 0;
        client->length += (size_t)count;
    }
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
    request->target = cut(line, ' ');
    version = cut(request->target, ' ');
    cut(request->target, '?');
    request->wants_body = strcmp(request->method, "HEAD") != 0;
    request->persistent = strcmp(version, "HTTP/1.0") != 0;
    while ((line = strtok_r(NULL, "\r\n", &rest))) {
        char *value = cut(line, ':');
        value += strspn(value, " \t");
        if (strpbrk(line, " \t"))
            return 400; /* "Content-Length : 5" must not hide from us */
        if ((strcasecmp(line, "Connection") == 0 && lists(value, "close")) ||
            (strcasecmp(line, "Content-Length") == 0 && strcmp(value, "0") != 0) ||
            strcasecmp(line, "Transfer-Encoding") == 0)
            request->persistent = false; /* a body, too, would be in the next request's place */
    }
    if (*request->method == '\0' || strlen(version) != 8 || strncmp(version, "HTTP/", 5) != 0 ||
        !isdigit((unsigned char)version[5]) || version[6] != '.')
        return 400;
    if (version[5] != '1')
        return 505;
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return 405;
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
        if (byte == '%') {
            if (!isxdigit((unsigned char)target[0]) || !isxdigit((unsigned char)target[1]))
                return 400;
            char digits[] = {target[0], target[1], '\0'};
            byte = (char)strtol(digits, NULL, 16);
            target += 2;
            if (byte == '\0')
                return 400; /* no name holds a NUL: C would see a shorter one */
        }
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
    const char *base = strrchr(name, '/');
    const char *ending = strrchr(base ? base : name, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* True if `..` leads out of where the name begins, even if it comes back later. */
static bool climbs_out(const char *name)
{
    int depth = 0;
    while (*name != '\0' && depth >= 0) {
        size_t length = strcspn(name, "/");
        if (length == 2 && strncmp(name, "..", 2) == 0)
            depth--;
        else if (length > 0 && !(length == 1 && *name == '.'))
            depth++;
        name += length + (name[length] == '/');
    }
    return depth < 0;
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
    char place[PATH_MAX];
    size_t length = strlen(root);
    if (climbs_out(name))
        return 403;
    if (!realpath(name, place)) /* follows every symbolic link */
        return status_of(errno);
    if (strncmp(place, root, length) != 0 || (place[length] != '/' && place[length] != '\0'))
        return 403;
    *file = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for its writer */
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
    if (status == 200 && S_ISDIR(info->st_mode)) {
        size_t length = strlen(name);
        close(*file);
        if (name[length - 1] != '/')
            return 301; /* links in the page are relative: its folder must end with a slash */
        memcpy(name + length, "index.html", sizeof "index.html");
        status = open_below(name, file, info);
    }
    if (status == 200 && !S_ISREG(info->st_mode)) {
        close(*file);
        return 403;
    }
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
    at += snprintf(at, ROOM, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %lld\r\n",
                   status, phrases[status], type, (long long)length);
    if (status == 301) /* from "//x" we would send a browser to another host: one slash only */
        at += snprintf(at, (size_t)(end - at), "Location: /%s/\r\n",
                       request->target + strspn(request->target, "/"));
    if (status == 405)
        at += snprintf(at, (size_t)(end - at), "Allow: GET, HEAD\r\n");
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
    while (left > 0) {
        size_t room = ROOM - used; /* the head and the first piece go out in one call */
        ssize_t count = read(file, client->answer + used, left < (off_t)room ? (size_t)left : room);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1 || count == 0)
            return -1; /* the file is shorter than we said: all we can do is break off */
        left -= count;
        if (send_all(client->fd, client->answer, used + (size_t)count) == -1)
            return -1;
        used = 0;
    }
    return send_all(client->fd, client->answer, used);
}

/* Answers the request at the front of the client's bytes. True if another one may follow. */
static bool answer(struct client *client, size_t length)
{
    struct request request = {.target = client->bytes, .wants_body = true};
    struct stat info;
    int file, result, status = 0;
    if (length > HEAD_MAX)
        status = 431;
    else if (memchr(client->bytes, '\0', length))
        status = 400; /* to string functions the head would end there */
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
    if (result == 0 && request.persistent) {
        use_up(client, length);
        return true;
    }
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

static int pool_door;
static _Atomic int busy, all;
static void *worker(void *unused)
{
    all++;
    for (;;) {
        int fd = accept(pool_door, NULL, NULL);
        struct client *client = fd == -1 ? NULL : malloc(sizeof *client);
        if (!client) {
            if (fd != -1)
                close(fd);
            poll(NULL, 0, NAP_MS);
            continue;
        }
        client->fd = fd;
        client->length = 0;
        pthread_t thread;
        if (++busy >= all && pthread_create(&thread, NULL, worker, NULL) == 0)
            pthread_detach(thread);
        serve_client(client);
        busy--;
    }
    return unused;
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
    for (int i = 0; i < 64; i++) {
        pthread_t thread;
        pool_door = door;
        if (pthread_create(&thread, NULL, worker, NULL) == 0)
            pthread_detach(thread);
    }
    worker(NULL);
}

/* Differs: one epoll loop with sockets that do not block, sendfile(); names are opened part by part
 * below a descriptor of DIR, without following any link; a directory's page comes without a
 * redirect; refusals are short, keep the connection where they may, and 400 and 431 break it. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 8192 };

struct client {
    int fd, file, last;
    off_t at, size;
    size_t have, from, to;
    char in[MOST], out[512];
};

static int events, folder;

static void drop(struct client *c)
{
    if (c->file != -1)
        close(c->file);
    close(c->fd);
    free(c);
}

static void put(struct client *c, const char *status, const char *more, const char *type,
                long long size)
{
    c->from = 0;
    c->to = (size_t)snprintf(c->out, sizeof c->out,
                             "HTTP/1.1 %s\r\n%sContent-length: %lld\r\nContent-type: %s\r\n%s\r\n",
                             status, more, size, type, c->last ? "Connection: Close\r\n" : "");
}

static int unhex(const char *s)
{
    const char *digits = "0123456789abcdef", *a, *b;
    if (!s[0] || !s[1] || !(a = strchr(digits, tolower((unsigned char)s[0]))) ||
        !(b = strchr(digits, tolower((unsigned char)s[1]))))
        return 0;
    return (int)(a - digits) * 16 + (int)(b - digits);
}

/* Opens a decoded path below `folder`; "" parts and "." stay, ".." goes up as it is written. */
static int walk(char *path)
{
    char *parts[4100], *save, *part;
    int depth = 0, is_folder = path[strlen(path) - 1] == '/';
    for (part = strtok_r(path, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
        if (strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            if (depth-- == 0)
                return -1;
            continue;
        }
        parts[depth++] = part;
    }
    int at = dup(folder);
    for (int i = 0; i <= depth && at != -1; i++) {
        struct stat s;
        const char *name = i < depth ? parts[i] : "index.html";
        if (i == depth && (fstat(at, &s) == -1 || !S_ISDIR(s.st_mode))) {
            if (!is_folder && S_ISREG(s.st_mode))
                return at;
            close(at);
            return -1;
        }
        int next = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        close(at);
        at = next;
    }
    struct stat s;
    if (at != -1 && (fstat(at, &s) == -1 || !S_ISREG(s.st_mode))) {
        close(at);
        at = -1;
    }
    return at;
}

static const char *type_for(const char *path)
{
    static const char table[] =
        ".html text/html\n.css text/css\n.js text/javascript\n.png image/png\n"
        ".svg image/svg+xml\n.txt text/plain\n.json application/json\n";
    static char type[64];
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash, '.');
    for (const char *row = table; dot && *row; row = strchr(row, '\n') + 1)
        if (strncmp(row, dot, strlen(dot)) == 0 && row[strlen(dot)] == ' ') {
            sscanf(row, "%*s %63s", type);
            return type;
        }
    return "application/octet-stream";
}

/* Makes ready the answer to the head of this length. */
static void answer(struct client *c, char *head, size_t length)
{
    char *line = head, path[MOST + 1], *to = path;
    c->last = 1;
    if (memchr(head, 0, length)) {
        put(c, "400 Bad", "", "text/plain", 0);
        return;
    }
    char *end = memmem(head, length, "\r\n", 2);
    *end = 0;
    char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || target[1] != '/' || strncmp(version, " HTTP/", 6) || strchr(version + 1, ' ')) {
        put(c, "400 Bad", "", "text/plain", 0);
        return;
    }
    *target++ = 0;
    *version++ = 0;
    if (strncmp(version, "HTTP/1.", 7)) {
        put(c, "505 No", "", "text/plain", 0);
        return;
    }
    c->last = strcmp(version, "HTTP/1.0") == 0;
    for (char *field = end + 2;
         (end = memmem(field, (size_t)(head + length - field), "\r\n", 2)) && end != field;
         field = end + 2) {
        *end = 0;
        if (strncasecmp(field, "connection:", 11) == 0 && strcasestr(field, "close"))
            c->last = 1;
        if (strncasecmp(field, "transfer-encoding:", 18) == 0 ||
            (strncasecmp(field, "content-length:", 15) == 0 && strpbrk(field, "123456789-")))
            c->last = 1;
    }
    int is_head = strcmp(line, "HEAD") == 0;
    if (!is_head && strcmp(line, "GET")) {
        put(c, "405 No", "ALLOW:HEAD,GET\r\n", "text/plain", 0);
        return;
    }
    for (char *s = target; *s && *s != '?'; s++, to++) {
        int byte = *s == '%' ? unhex(s + 1) : *s;
        if (byte == 0) {
            put(c, "404 No", "", "text/plain", 0);
            return;
        }
        *to = (char)byte;
        s += *s == '%' ? 2 : 0;
    }
    *to = 0;
    char copy[MOST + 1];
    strcpy(copy, path);
    c->file = walk(copy);
    if (c->file == -1) {
        int full = errno == EMFILE || errno == ENFILE;
        put(c, full ? "503 Full" : "404 No", "", "text/plain", 0);
        return;
    }
    struct stat s, named;
    fstat(c->file, &s);
    int is_page =
        fstatat(folder, path[1] ? path + 1 : ".", &named, 0) == 0 && S_ISDIR(named.st_mode);
    put(c, "200 Fine", "", is_page ? "text/html" : type_for(path), s.st_size);
    c->at = 0;
    c->size = is_head ? 0 : s.st_size;
}

static size_t head_end(const char *in, size_t have)
{
    char *end = memmem(in, have, "\r\n\r\n", 4);
    return end ? (size_t)(end - in) + 4 : 0;
}

/* Does what can be done now; 0 if the client is gone. */
static int turn(struct client *c)
{
    for (;;) {
        while (c->from < c->to) {
            ssize_t n = send(c->fd, c->out + c->from, c->to - c->from,
                             MSG_NOSIGNAL | (c->file != -1 && c->size > 0 ? MSG_MORE : 0));
            if (n < 0)
                return errno == EAGAIN || errno == EINTR;
            c->from += (size_t)n;
        }
        while (c->file != -1 && c->at < c->size) {
            ssize_t n = sendfile(c->fd, c->file, &c->at, (size_t)(c->size - c->at));
            if (n < 0)
                return errno == EAGAIN || errno == EINTR;
            if (n == 0)
                return 0;
        }
        if (c->file != -1)
            close(c->file);
        c->file = -1;
        if (c->to && c->last)
            return 0;
        c->from = c->to = 0;
        size_t skip = 0;
        while (skip < c->have && (c->in[skip] == '\r' || c->in[skip] == '\n'))
            skip++;
        memmove(c->in, c->in + skip, c->have -= skip);
        size_t length = head_end(c->in, c->have);
        if (length == 0 && c->have == MOST) {
            c->last = 1;
            put(c, "431 Long", "", "text/plain", 0);
            continue;
        }
        if (length > 0) {
            answer(c, c->in, length);
            memmove(c->in, c->in + length, c->have -= length);
            continue;
        }
        ssize_t n = recv(c->fd, c->in + c->have, MOST - c->have, 0);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return 0;
        c->have += (size_t)n;
    }
}

static int let_in(int door)
{
    int fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    struct client *c = calloc(1, sizeof *c);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    c->fd = fd;
    c->file = -1;
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &e) == -1)
        drop(c);
    return 0;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 4 || strspn(argv[3], "0123456789") == 0 || strtol(argv[3], &end, 10) > 65535 ||
        *end) {
        fprintf(stderr, "usage: webserver DIR HOST PORT\n");
        return 2;
    }
    folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder == -1) {
        perror("webserver: open");
        return 1;
    }
    struct addrinfo *a, *list, hints = {.ai_socktype = SOCK_STREAM};
    int door = -1, code = getaddrinfo(argv[2], argv[3], &hints, &list);
    if (code) {
        fprintf(stderr, "webserver: %s\n", gai_strerror(code));
        return 1;
    }
    for (a = list; a; a = a->ai_next) {
        door = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (door < 0)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &(int){0}, sizeof(int));
        if (bind(door, a->ai_addr, a->ai_addrlen) == 0 && listen(door, 1000) == 0)
            break;
        fprintf(stderr, "webserver: %s\n", strerror(errno));
        close(door);
    }
    if (!a)
        return 1;
    freeaddrinfo(list);
    signal(SIGPIPE, SIG_IGN); /* sendfile() has no flag */
    events = epoll_create1(0);
    epoll_ctl(events, EPOLL_CTL_ADD, door, &(struct epoll_event){.events = EPOLLIN});

    struct sockaddr_storage s;
    socklen_t size = sizeof s;
    char host[64], port[8];
    getsockname(door, (struct sockaddr *)&s, &size);
    getnameinfo((struct sockaddr *)&s, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (printf(s.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
               port) < 0 ||
        fflush(stdout))
        return 1;
    for (;;) {
        struct epoll_event e[8];
        int n = epoll_wait(events, e, 8, -1);
        for (int i = 0; i < n; i++) {
            if (!e[i].data.ptr) {
                if (let_in(door))
                    usleep(50000); /* no room for it just now: a pause, not a busy loop */
            } else if (!turn(e[i].data.ptr)) {
                drop(e[i].data.ptr);
            }
        }
    }
}

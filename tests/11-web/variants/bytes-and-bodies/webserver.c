/* Differs: a thread for each client, which receives single bytes and reads the whole file before it
 * sends it by writev(); bodies of requests are read and skipped, so that the connection stays;
 * refusals come in chunks; an IPv6 socket takes IPv4 clients, too, where HOST allows it. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char *top;

/* One byte, or -1. */
static int one(int fd)
{
    unsigned char byte;
    ssize_t n;
    while ((n = recv(fd, &byte, 1, 0)) < 0 && errno == EINTR)
        ;
    return n == 1 ? byte : -1;
}

static int say(int fd, const char *head, const char *body, size_t length)
{
    struct iovec part[2] = {{(void *)head, strlen(head)}, {(void *)body, length}};
    while (part[0].iov_len + part[1].iov_len > 0) {
        ssize_t n = writev(fd, part, 2);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return 0;
        for (int i = 0; i < 2; i++) {
            size_t some = (size_t)n < part[i].iov_len ? (size_t)n : part[i].iov_len;
            part[i].iov_base = (char *)part[i].iov_base + some;
            part[i].iov_len -= some;
            n -= (ssize_t)some;
        }
    }
    return 1;
}

static int refuse(int fd, const char *status, int bare)
{
    char head[300];
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nAllow: GET,HEAD\r\nContent-Type: text/plain\r\n"
             "Transfer-Encoding: Chunked\r\n\r\n",
             status);
    return say(fd, head, "2;x=y\r\nno\r\n0\r\nX: y\r\n\r\n", bare ? 0 : 22);
}

static int hex_at(const char *s)
{
    static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
    const char *high = *s ? strchr(digits, s[0]) : NULL,
               *low = high && s[1] ? strchr(digits, s[1]) : NULL;
    return low ? (int)((high - digits) / 2 * 16 + (low - digits) / 2) : 0;
}

/* The file's bytes, or NULL; *name becomes its name. */
static char *load(const char *target, char **name, unsigned long long *length)
{
    size_t room = strlen(top) + strlen(target) + 20;
    char *path = malloc(room), *to = path + sprintf(path, "%s", top), *real;
    for (; *target && *target != '?'; target++, to++) {
        *to = *target;
        if (*target == '%' && !(*to = (char)hex_at(target + 1))) {
            free(path);
            return NULL;
        }
        target += *target == '%' ? 2 : 0;
    }
    *to = 0;
    /* Up and down, as the parts say; every prefix has to stay below. */
    int depth = 0;
    char *copy = strdup(path + strlen(top)), *save;
    for (char *part = strtok_r(copy, "/", &save); part && depth >= 0;
         part = strtok_r(NULL, "/", &save))
        depth += !strcmp(part, ".") ? 0 : !strcmp(part, "..") ? -1 : 1;
    free(copy);
    struct stat s;
    if (depth >= 0 && stat(path, &s) == 0 && S_ISDIR(s.st_mode))
        strcat(path, "/index.html");
    real = depth < 0 ? NULL : realpath(path, NULL);
    free(path);
    if (!real || strncmp(real, top, strlen(top)) || real[strlen(top)] != '/' || stat(real, &s) ||
        !S_ISREG(s.st_mode)) {
        free(real);
        return NULL;
    }
    int fd = open(real, O_RDONLY);
    char *bytes = fd == -1 ? NULL : malloc((size_t)s.st_size + 1);
    size_t got = 0;
    for (ssize_t n; bytes && got < (size_t)s.st_size; got += (size_t)n)
        if ((n = read(fd, bytes + got, (size_t)s.st_size - got)) <= 0)
            break;
    if (fd != -1)
        close(fd);
    *name = real;
    *length = got;
    return bytes;
}

static const char *type(const char *name)
{
    static const char *all[] = {
        "html", "text/html",     "css", "text/css",   "js",   "text/javascript", "png", "image/png",
        "svg",  "image/svg+xml", "txt", "text/plain", "json", "application/json"};
    const char *dot = strrchr(strrchr(name, '/'), '.');
    for (int i = 0; dot && i < 14; i += 2)
        if (!strcmp(dot + 1, all[i]))
            return all[i + 1];
    return "application/octet-stream";
}

/* Reads and forgets a body. */
static int skip(int fd, unsigned long long length, int chunked)
{
    do {
        int c = 0;
        if (chunked) {
            length = 0;
            char line[20] = "";
            for (size_t i = 0; (c = one(fd)) != '\n' && c != -1;)
                if (i < 17)
                    line[i++] = (char)c;
            length = strtoull(line, NULL, 16) + 2;
        }
        for (unsigned long long i = 0; i < length; i++)
            if (one(fd) == -1)
                return 0;
    } while (chunked && length > 2);
    return 1;
}

static int answer(int fd)
{
    char head[8193] = "", *field, *save;
    size_t n = 0;
    while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4)) {
        int c = n < 8192 ? one(fd) : -2;
        if (c == -1)
            return 0;
        if (c <= 0) {
            refuse(fd, c ? "431 x" : "400 x", 0);
            return 0;
        }
        head[n++] = (char)c;
        if (n == 2 && !memcmp(head, "\r\n", 2))
            n = 0;
    }
    head[n] = 0;
    char *line = strtok_r(head, "\r\n", &save), *target = line ? strchr(line, ' ') : NULL;
    char *version = target ? strrchr(target + 1, ' ') : NULL;
    if (!version || target[1] != '/' || strncmp(version, " HTTP/", 6)) {
        refuse(fd, "400 x", 0);
        return 0;
    }
    *target++ = *version++ = 0;
    if (version[5] != '1')
        return refuse(fd, "505 x", 0);
    int stay = strcmp(version, "HTTP/1.0") != 0, chunked = 0;
    unsigned long long length = 0;
    while ((field = strtok_r(NULL, "\r\n", &save))) {
        char *value = strchr(field, ':');
        if (!value) {
            refuse(fd, "400 x", 0);
            return 0;
        }
        *value++ = 0;
        while (*value == ' ' || *value == '\t')
            value++;
        if (!strcasecmp(field, "content-length"))
            length = strtoull(value, NULL, 10);
        if (!strcasecmp(field, "transfer-encoding"))
            chunked = 1;
        if (!strcasecmp(field, "connection"))
            stay = !strcasecmp(value, "keep-alive") || (stay && strcasecmp(value, "close"));
    }
    int bare = !strcmp(line, "HEAD");
    if ((length > 0 || chunked) && !skip(fd, length, chunked))
        return 0;
    if (!bare && strcmp(line, "GET"))
        return refuse(fd, "405 x", 0) && stay;
    char *name = NULL, *bytes = load(target, &name, &length);
    if (!bytes) {
        free(name);
        return refuse(fd, "404 x", bare) && stay;
    }
    char answer[300];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 200\r\nContent-Type:%s\r\nConnection: %s\r\nContent-Length:%llu\r\n\r\n",
             type(name), stay ? "keep-alive" : "close", length);
    stay &= say(fd, answer, bytes, bare ? 0 : length);
    free(bytes);
    free(name);
    return stay;
}

static void *serve(void *argument)
{
    int fd = *(int *)argument;
    free(argument);
    while (answer(fd))
        ;
    shutdown(fd, SHUT_WR);
    close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 4 || !*argv[3] || argv[3][strspn(argv[3], "0123456789")] || strlen(argv[3]) > 5 ||
        atol(argv[3]) > 65535)
        return fprintf(stderr, "usage: webserver DIR HOST PORT\n"), 2;
    struct stat s;
    top = realpath(argv[1], NULL);
    if (!top || stat(top, &s) == -1 || (!S_ISDIR(s.st_mode) && (errno = ENOTDIR)))
        return perror(argv[1]), 1;
    if (!strcmp(top, "/"))
        *top = 0;
    signal(SIGPIPE, SIG_IGN);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *a, *list;
    int door = -1, on = 1, off = 0, error = getaddrinfo(argv[2], argv[3], &hints, &list);
    if (error)
        return fprintf(stderr, "webserver: %s\n", gai_strerror(error)), 1;
    for (a = list; a; a = a->ai_next) {
        door = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (a->ai_family == AF_INET6)
            setsockopt(door, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        if (bind(door, a->ai_addr, a->ai_addrlen) == 0 && listen(door, 200) == 0)
            break;
        error = errno;
        close(door);
    }
    if (!a)
        return fprintf(stderr, "webserver: %s\n", strerror(error)), 1;
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    char host[100], port[10];
    getsockname(door, (struct sockaddr *)&at, &size);
    getnameinfo((struct sockaddr *)&at, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    const char *left = strchr(host, ':') ? "[" : "", *right = *left ? "]" : "";
    if (dprintf(1, "listening on %s%s%s:%s\n", left, host, right, port) < 0)
        return perror("webserver"), 1;
    for (;;) {
        int client = accept(door, NULL, NULL), *copy;
        pthread_t thread;
        if (client == -1) {
            if (errno != EINTR)
                usleep(20000); /* no room for it just now: a pause, not a busy loop */
            continue;
        }
        copy = malloc(sizeof *copy);
        *copy = client;
        if (pthread_create(&thread, NULL, serve, copy) == 0)
            pthread_detach(thread);
        else
            close(client), free(copy);
    }
}

/* Differs: a process for each client, which reads its head with stdio and sends mapped files;
 * most refusals have no length and end with the connection, some by a reset; a directory is
 * redirected to an absolute URL; 414 and 501; SIGPIPE may end a child. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[PATH_MAX];
static const char *kinds[][2] = {{"html", "text/html; charset=utf-8"},
                                 {"css", "Text/CSS;charset=utf-8"},
                                 {"js", "application/javascript"},
                                 {"png", "image/png"},
                                 {"svg", "image/svg+xml"},
                                 {"txt", "text/plain ; charset=utf-8"},
                                 {"json", "application/json"}};

/* Ends the connection, with whatever the client may still have said. */
static void refuse(FILE *out, int code, int silent)
{
    fprintf(out, "HTTP/1.1 %d \r\nconnection: close\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n",
            code);
    if (!silent)
        fprintf(out, "Error %d: no\n", code);
    fclose(out);
    _exit(0);
}

static int digit(int c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* Decodes in place; 0 if there is no such name. */
static int decode(char *s)
{
    char *to = s;
    for (; *s; s++, to++) {
        if ((*to = *s) != '%')
            continue;
        int high = digit((unsigned char)s[1]), low = high < 0 ? -1 : digit((unsigned char)s[2]);
        if (low < 0 || high * 16 + low == 0)
            return 0;
        *to = (char)(high * 16 + low);
        s += 2;
    }
    *to = 0;
    return 1;
}

static void serve(int fd)
{
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    if (!in || !out)
        _exit(0);
    setvbuf(in, NULL, _IONBF, 0);
    for (;;) {
        char head[8193], *save, place[PATH_MAX];
        size_t n = 0;
        int c = 0;
        while (n < 8192 && (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4)) && (c = getc(in)) != EOF)
            if (n > 0 || (c != '\r' && c != '\n'))
                head[n++] = (char)c;
        if (c == EOF)
            _exit(0);
        head[n] = 0;
        if (strlen(head) != n || memcmp(head + n - 4, "\r\n\r\n", 4))
            refuse(out, n == 8192 ? 414 : 400, 0);
        char *line = strtok_r(head, "\r\n", &save);
        char method[8193], target[8193], version[8193], more_words;
        if (!line || sscanf(line, "%s %s %s %c", method, target, version, &more_words) != 3 ||
            strncmp(version, "HTTP/", 5))
            refuse(out, 400, 0);
        if (version[5] != '1' || version[6] != '.')
            refuse(out, 505, 0);
        int headonly = !strcmp(method, "HEAD"), last = version[7] == '0';
        while ((line = strtok_r(NULL, "\r\n", &save)) != NULL) {
            char *value = strchr(line, ':');
            if (!value)
                refuse(out, 400, headonly);
            *value++ = 0;
            value += strspn(value, " ");
            last |= !strcasecmp(line, "connection") && !strcasecmp(value, "close");
            last |= !strcasecmp(line, "transfer-encoding");
            last |= !strcasecmp(line, "content-length") && strtoull(value, NULL, 10) != 0;
        }
        if (!headonly && strcmp(method, "GET"))
            refuse(out, 501, 0);
        *strchrnul(target, '?') = 0;
        if (*target != '/' || !decode(target))
            refuse(out, 400, headonly);
        /* No component ".." at all: simpler, and as right for what lies outside. */
        char padded[8300];
        snprintf(padded, sizeof padded, "%s/", target);
        if (strstr(padded, "/../"))
            refuse(out, 404, headonly);
        char *path = NULL, *more = "";
        struct stat s;
        int code = 404;
        if (asprintf(&path, "%s/%s", base, target) < 0)
            _exit(1);
        if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) {
            if (target[strlen(target) - 1] != '/' && (code = 308) &&
                asprintf(&more, "Location: http://127.0.0.1%s/\r\n", target) < 0)
                _exit(1);
            free(path);
            if (asprintf(&path, "%s/%s/index.html", base, target) < 0)
                _exit(1);
        }
        if (code == 308 || !realpath(path, place) || strncmp(place, base, strlen(base)) ||
            place[strlen(base)] != '/' || stat(place, &s) || !S_ISREG(s.st_mode)) {
            fprintf(out, "HTTP/1.1 %d \r\n%sContent-Length:0\r\n\r\n", code, more);
            if (fflush(out) || last)
                _exit(0);
            continue;
        }
        int file = open(place, O_RDONLY);
        if (file == -1)
            refuse(out, 503, headonly);
        const char *kind = "application/octet-stream", *dot = strrchr(strrchr(place, '/'), '.');
        for (size_t i = 0; dot && i < sizeof kinds / sizeof kinds[0]; i++)
            if (!strcmp(dot + 1, kinds[i][0]))
                kind = kinds[i][1];
        fprintf(out,
                "HTTP/1.1 200 Here you are\r\nServer: a variant\r\ncontent-length:%lld  \r\n"
                "CONTENT-TYPE:  %s\r\n\r\n",
                (long long)s.st_size, kind);
        if (!headonly && s.st_size > 0) {
            char *all = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, file, 0);
            if (all == MAP_FAILED || fwrite(all, 1, (size_t)s.st_size, out) != (size_t)s.st_size)
                _exit(1);
            munmap(all, (size_t)s.st_size);
        }
        close(file);
        if (fflush(out) || last)
            _exit(0);
    }
}

static void end_all(int number)
{
    signal(number, SIG_DFL);
    kill(0, number);
}

int main(int argc, char **argv)
{
    if (argc != 4 || !*argv[3] || argv[3][strspn(argv[3], "0123456789")] || strlen(argv[3]) > 5 ||
        atol(argv[3]) > 65535) {
        fprintf(stderr, "usage: %s DIR HOST PORT\n", argv[0]);
        return 2;
    }
    struct stat s;
    if (!realpath(argv[1], base) || stat(base, &s) ||
        (S_ISDIR(s.st_mode) ? 0 : (errno = ENOTDIR))) {
        perror("webserver");
        return 1;
    }
    if (!base[1])
        base[0] = 0;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list, *at;
    int door = -1, one = 1, status = getaddrinfo(argv[2], argv[3], &hints, &list);
    if (status) {
        fprintf(stderr, "%s\n", gai_strerror(status));
        return 1;
    }
    for (at = list; at; at = at->ai_next) {
        door = socket(at->ai_family, SOCK_STREAM, 0);
        if (door == -1)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(door, at->ai_addr, at->ai_addrlen) == 0 && listen(door, 100) == 0)
            break;
        if (at->ai_next)
            close(door);
    }
    if (!at) {
        perror("webserver");
        return 1;
    }
    struct sockaddr_storage here;
    socklen_t room = sizeof here;
    char host[256], port[32];
    if (getsockname(door, (struct sockaddr *)&here, &room) ||
        getnameinfo((struct sockaddr *)&here, room, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV))
        return 1;
    if (printf(strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host, port) <
            0 ||
        fflush(stdout))
        return 1;
    signal(SIGTERM, end_all);
    for (;;) {
        int client = accept(door, NULL, NULL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        if (client == -1) {
            if (errno != EINTR && errno != ECONNABORTED)
                usleep(100000); /* no room for it just now: a pause, not a busy loop */
            continue;
        }
        pid_t child = fork();
        if (child == 0) {
            signal(SIGTERM, SIG_DFL);
            close(door);
            serve(client);
        }
        close(client);
    }
}

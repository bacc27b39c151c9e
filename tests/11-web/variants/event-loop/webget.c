/* Differs: reads all that the server sends until it closes, which it was asked to do, waiting in
 * poll() on a socket that does not block; takes the answer apart in memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char *all;
static size_t length;

static void die(const char *why)
{
    fprintf(stderr, "webget: %s\n", why);
    exit(1);
}

static char *piece(const char *url, regmatch_t part)
{
    return part.rm_so < 0 ? NULL : strndup(url + part.rm_so, (size_t)(part.rm_eo - part.rm_so));
}

static void receive(int fd)
{
    size_t room = 0;
    for (;;) {
        if (length + 1 >= room && !(all = realloc(all, room = room * 2 + 4096)))
            die("memory");
        ssize_t n = recv(fd, all + length, room - length - 1, 0);
        if (n == 0)
            break;
        if (n > 0)
            length += (size_t)n;
        else if (errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1);
        else if (errno != EINTR)
            die(strerror(errno));
    }
    all[length] = 0;
}

static void print(const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t n = write(1, bytes, count);
        if (n < 0 && errno != EINTR)
            die(strerror(errno));
        bytes += n > 0 ? n : 0;
        count -= n > 0 ? (size_t)n : 0;
    }
}

static char *find_field(char *head, const char *name)
{
    char *at = strcasestr(head, name);
    return at ? at + strlen(name) + strspn(at + strlen(name), " \t") : NULL;
}

int main(int argc, char **argv)
{
    regex_t form;
    regmatch_t part[9];
    regcomp(&form, "^http://(\\[([^]/?]+)]|([^]:/?[]+))(:([0-9]{1,5}))?(/[^?]*)?(\\?.*)?$",
            REG_EXTENDED);
    if (argc != 2 || strpbrk(argv[1], " #") || regexec(&form, argv[1], 9, part, 0)) {
        fprintf(stderr, "usage: webget URL\n");
        return 2;
    }
    for (char *c = argv[1]; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127) {
            fprintf(stderr, "usage: webget URL\n");
            return 2;
        }
    char *host = piece(argv[1], part[part[2].rm_so < 0 ? 3 : 2]), *port = piece(argv[1], part[5]);
    char *path = piece(argv[1], part[6]), *query = piece(argv[1], part[7]), *request;
    if (port && atoi(port) > 65535) {
        fprintf(stderr, "usage: webget URL\n");
        return 2;
    }
    int size = asprintf(
        &request,
        "GET %s%s HTTP/1.1\r\naccept: */*\r\nconnection: CLOSE\r\nhost: %s%s%s%s%s\r\n\r\n",
        path ? path : "/", query ? query : "", strchr(host, ':') ? "[" : "", host,
        strchr(host, ':') ? "]" : "", port ? ":" : "", port ? port : "");

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *a;
    int fd = -1, code = getaddrinfo(host, port ? port : "80", &hints, &a);
    if (code)
        die(gai_strerror(code));
    for (; a; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM, 0);
        if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
            break;
        if (!a->ai_next)
            die(strerror(errno));
        close(fd);
    }
    if (send(fd, request, (size_t)size, MSG_NOSIGNAL) != size)
        die(strerror(errno));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    receive(fd);

    char *body = memmem(all, length, "\r\n\r\n", 4);
    int status = 0, used = 0;
    if (!body || sscanf(all, "HTTP/1.%*d %d%n", &status, &used) != 1)
        die("no answer");
    *body = 0;
    body += 4;
    size_t left = length - (size_t)(body - all);
    if (status / 100 != 2) {
        all[strcspn(all, "\r")] = 0;
        die(all);
    }
    char *coding = find_field(all, "\ntransfer-encoding:"),
         *said = find_field(all, "\ncontent-length:");
    if (coding && strncasecmp(coding, "chunked", 7) == 0) {
        for (;;) {
            char *end = memmem(body, left, "\r\n", 2), *stop;
            unsigned long long n = strtoull(body, &stop, 16);
            if (!end || stop == body || *body == '-')
                die("bad chunk");
            if (n == 0)
                break;
            left -= (size_t)(end + 2 - body);
            body = end + 2;
            if (n > left || left - n < 2)
                die("cut short");
            print(body, n);
            left -= n + 2;
            body += n + 2;
        }
    } else if (said) {
        unsigned long long n = strtoull(said, NULL, 10);
        if (n > left || *said == '-')
            die("cut short");
        print(body, n);
    } else {
        print(body, left);
    }
    return 0;
}

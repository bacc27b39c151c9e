/* Differs: the connection stays open, so only the answer tells where it ends: a state for each
 * byte. The request goes out in small pieces, the answer is printed byte by byte. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { STATUS, FIELD, COUNTED, TO_END, SIZE, CHUNK, SEAM, TRAILER, DONE, BAD };

static char line[70000];
static size_t used;
static unsigned long long left;
static int counted, chunked, status;

static int fail(const char *why)
{
    fprintf(stderr, "webget: %s\n", why);
    return 1;
}

static int end_of_line(int byte)
{
    if (byte != '\n') {
        if (used < sizeof line - 1)
            line[used++] = (char)byte;
        return 0;
    }
    while (used > 0 && (line[used - 1] == '\r' || line[used - 1] == ' '))
        used--;
    line[used] = 0;
    used = 0;
    return 1;
}

static enum state field_or_body(void)
{
    if (*line) {
        char *colon = strchr(line, ':');
        if (!colon)
            return BAD;
        *colon++ = 0;
        colon += strspn(colon, " \t");
        if (strcasecmp(line, "content-length") == 0) {
            char *end;
            counted = 1;
            left = strtoull(colon, &end, 10);
            return isdigit((unsigned char)*colon) && !*end ? FIELD : BAD;
        }
        chunked |= strcasecmp(line, "transfer-encoding") == 0 && strcasecmp(colon, "chunked") == 0;
        return FIELD;
    }
    return status / 100 != 2 ? DONE : chunked ? SIZE : !counted ? TO_END : left ? COUNTED : DONE;
}

static enum state size_or_bad(void)
{
    char *end;
    errno = 0;
    left = strtoull(line, &end, 16);
    if (!isxdigit((unsigned char)*line) || errno || (*end && *end != ';' && *end != ' '))
        return BAD;
    return left ? CHUNK : TRAILER;
}

static enum state next(enum state state, int byte)
{
    switch (state) {
    case STATUS:
        if (!end_of_line(byte))
            return STATUS;
        if (sscanf(line, "HTTP/1.%*1[0-9] %3d", &status) != 1)
            return BAD;
        if (status / 100 != 2)
            fprintf(stderr, "webget: %s\n", line);
        return FIELD;
    case FIELD:
        return end_of_line(byte) ? field_or_body() : FIELD;
    case COUNTED:
    case CHUNK:
        putchar(byte);
        return --left ? state : state == CHUNK ? SEAM : DONE;
    case TO_END:
        putchar(byte);
        return TO_END;
    case SIZE:
        return end_of_line(byte) ? size_or_bad() : SIZE;
    case SEAM:
        return end_of_line(byte) ? *line ? BAD : SIZE : SEAM;
    case TRAILER:
        return end_of_line(byte) && !*line ? DONE : TRAILER;
    default:
        return BAD;
    }
}

static int usage(void)
{
    fprintf(stderr, "usage: webget http://HOST[:PORT][/PATH][?QUERY]\n");
    return 2;
}

int main(int argc, char **argv)
{
    if (argc != 2 || strncmp(argv[1], "http://", 7) || strchr(argv[1], '#'))
        return usage();
    for (unsigned char *c = (unsigned char *)argv[1]; *c; c++)
        if (isspace(*c) || iscntrl(*c))
            return usage();
    char *whole = strdup(argv[1] + 7), *target = strdup(whole + strcspn(whole, "/?"));
    whole[strcspn(whole, "/?")] = 0;
    char *authority = strdup(whole), *host = whole, *port = NULL, *end;
    if (*host == '[') {
        if (!(end = strchr(++host, ']')))
            return usage();
        *end++ = 0;
        if (*end && *end != ':')
            return usage();
        port = *end ? end + 1 : NULL;
    } else if ((end = strchr(host, ':'))) {
        *end = 0;
        port = end + 1;
    }
    if (!*host || (port && (!*port || strlen(port) > 5 || port[strspn(port, "0123456789")] ||
                            atol(port) > 65535)))
        return usage();
    signal(SIGPIPE, SIG_IGN);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC}, *list = NULL;
    int fd = -1, code = getaddrinfo(host, port ? port : "80", &hints, &list);
    if (code)
        return fail(gai_strerror(code));
    while (list && ((fd = socket(list->ai_family, SOCK_STREAM, 0)) == -1 ||
                    connect(fd, list->ai_addr, list->ai_addrlen) == -1)) {
        code = errno;
        close(fd);
        list = list->ai_next;
    }
    if (!list)
        return fail(strerror(code));
    dprintf(fd, "GET ");
    if (*target != '/')
        dprintf(fd, "/");
    for (char *c = target; *c; c += strlen(c) > 500 ? 500 : strlen(c))
        dprintf(fd, "%.500s", c);
    dprintf(fd, " HTTP/1.1\r\n");
    dprintf(fd, "HOST:%s\r\nUser-Agent: a variant\r\n\r\n", authority);

    enum state state = STATUS;
    while (state < DONE) {
        unsigned char bytes[1000];
        ssize_t n = recv(fd, bytes, sizeof bytes, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(strerror(errno));
        if (n == 0)
            state = state == TO_END ? DONE : BAD;
        for (ssize_t i = 0; i < n && state < DONE; i++)
            state = next(state, bytes[i]);
    }
    if (fflush(stdout) || ferror(stdout))
        return fail(strerror(errno));
    if (state == BAD)
        return fail("bad answer, or cut short");
    return status / 100 == 2 ? 0 : 1;
}

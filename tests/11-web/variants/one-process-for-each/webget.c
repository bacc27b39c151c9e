/* Differs: stdio over the socket, getline() and getc(); HTTP/1.0, so that the server closes; the
 * host is found by sscanf(). */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static int bad(void)
{
    fprintf(stderr, "usage: webget URL\n");
    exit(2);
}

static int die(const char *why)
{
    fprintf(stderr, "webget: %s\n", why);
    exit(1);
}

static char *line;
static size_t room;

static char *next(FILE *in)
{
    ssize_t n = getline(&line, &room, in);
    if (n <= 0 || line[n - 1] != '\n')
        die(ferror(in) ? strerror(errno) : "cut short");
    line[strcspn(line, "\r\n")] = 0;
    return line;
}

static void pass(FILE *in, unsigned long long n)
{
    while (n-- > 0) {
        int c = getc(in);
        if (c == EOF)
            die(ferror(in) ? strerror(errno) : "cut short");
        putchar(c);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 || strncmp(argv[1], "http://", 7))
        bad();
    for (char *c = argv[1]; *c; c++)
        if (*c == '#' || *c == 127 || (*c >= 0 && *c <= 32))
            bad();
    char *authority = argv[1] + 7, host[strlen(argv[1]) + 1], port[strlen(argv[1]) + 1];
    char *target = authority + strcspn(authority, "/?");
    int length = (int)(target - authority), used = 0;
    char whole[length + 1];
    memcpy(whole, authority, (size_t)length);
    whole[length] = 0;
    strcpy(port, "80");
    if (sscanf(whole, *whole == '[' ? "[%[0-9a-fA-F:.%%]]%n" : "%[^:]%n", host, &used) != 1 ||
        !used)
        bad();
    if (whole[used] && (whole[used] != ':' || strlen(whole + used + 1) > 5 ||
                        sscanf(whole + used + 1, "%5[0-9]%n", port, &length) != 1 ||
                        whole[used + 1 + length] || atoi(port) > 65535))
        bad();

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int status = getaddrinfo(host, port, &hints, &list), fd = -1;
    if (status)
        die(gai_strerror(status));
    for (; list; list = list->ai_next) {
        fd = socket(list->ai_family, list->ai_socktype, 0);
        if (fd != -1 && connect(fd, list->ai_addr, list->ai_addrlen) == 0)
            break;
        status = errno;
    }
    if (!list)
        die(strerror(status));
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
    fprintf(out, "GET %s%s HTTP/1.0\r\nHost: %s\r\n\r\n", *target == '/' ? "" : "/", target, whole);
    fflush(out);

    int chunked = 0;
    long long size = -1;
    char *first = strdup(next(in));
    double version;
    if (sscanf(first, "HTTP/%lf %d", &version, &status) != 2)
        die("no HTTP");
    while (*next(in)) {
        char *value = strchr(line, ':');
        if (!value)
            die("no field");
        *value++ = 0;
        while (*value == ' ')
            value++;
        if (!strcasecmp(line, "content-length"))
            size = atoll(value) < 0 ? die("a negative length") : atoll(value);
        if (!strcasecmp(line, "transfer-encoding") && !strcasecmp(value, "chunked"))
            chunked = 1;
    }
    if (status < 200 || status > 299)
        die(first);
    while (chunked) {
        char *end;
        next(in);
        unsigned long long n = strtoull(line, &end, 16);
        if (end == line || *line == '-')
            die("no size");
        if (n == 0)
            break;
        pass(in, n);
        next(in);
    }
    if (chunked)
        while (*next(in))
            ;
    else if (size >= 0)
        pass(in, (unsigned long long)size);
    else
        for (int c; (c = getc(in)) != EOF;)
            putchar(c);
    if (ferror(in))
        die(strerror(errno));
    return fflush(stdout) || ferror(stdout) ? die(strerror(errno)) : 0;
}

/* Differs: stdio on the socket and on the file, a temporary name made of the process ID, atexit()
 * to clean up. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char temporary[5000];

static void clean_up(void)
{
    if (*temporary)
        remove(temporary);
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "fileget: %s: %s\n", what, why);
    exit(1);
}

static unsigned long long size_of(FILE *server)
{
    char word[24];
    unsigned n = 0;
    int c;
    if (getc(server) != 'O' || getc(server) != 'K' || getc(server) != ' ')
        fail("answer", ferror(server) ? strerror(errno) : "not OK");
    while ((c = getc(server)) != '\n' && n < 19) {
        if (!isdigit(c))
            fail("answer", c == EOF && ferror(server) ? strerror(errno) : "no size");
        word[n++] = (char)c;
    }
    if (n == 0 || c != '\n')
        fail("answer", "no size");
    word[n] = '\0';
    return strtoull(word, NULL, 10);
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    char *end = "";
    int fd = -1, error;
    if (argc != 5 || !isdigit((unsigned char)argv[2][0]) || strtoul(argv[2], &end, 10) > 65535 ||
        *end) {
        fputs("usage: fileget HOST PORT NAME OUT\n", stderr);
        return 2;
    }
    if (!*argv[3] || strlen(argv[3]) > 255 || strchr(argv[3], '\n'))
        return fail("NAME", "cannot be asked for");
    if ((error = getaddrinfo(argv[1], argv[2], &hints, &list)))
        return fail(argv[1], gai_strerror(error));
    for (struct addrinfo *ai = list; ai && fd == -1; ai = ai->ai_next) {
        fd = socket(ai->ai_family, SOCK_STREAM, 0);
        if (fd != -1 && connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
            error = errno;
            close(fd);
            fd = -1;
        }
    }
    if (fd == -1)
        return fail("connect", strerror(error));
    freeaddrinfo(list);
    signal(SIGPIPE, SIG_IGN);
    FILE *to_server = fdopen(dup(fd), "w"), *server = fdopen(fd, "r");
    fprintf(to_server, "%s\n", argv[3]);
    fclose(to_server);
    shutdown(fd, SHUT_WR);
    unsigned long long left = size_of(server);
    FILE *out = stdout;
    if (strcmp(argv[4], "-") != 0) {
        const char *slash = strrchr(argv[4], '/');
        snprintf(temporary, sizeof temporary, "%.*s~fileget.%ld",
                 slash ? (int)(slash - argv[4] + 1) : 0, argv[4], (long)getpid());
        atexit(clean_up);
        out = fopen(temporary, "wbx");
        if (!out) {
            error = errno;
            *temporary = '\0';
            return fail(argv[4], strerror(error));
        }
    }
    for (char bytes[777]; left > 0;) {
        size_t n = fread(bytes, 1, left < sizeof bytes ? (size_t)left : sizeof bytes, server);
        if (n == 0)
            return fail("recv", ferror(server) ? strerror(errno) : "cut short");
        if (fwrite(bytes, 1, n, out) != n)
            return fail("write", strerror(errno));
        left -= n;
    }
    if (fclose(out) == EOF)
        return fail("write", strerror(errno));
    fclose(server);
    if (*temporary && rename(temporary, argv[4]) == -1)
        return fail(argv[4], strerror(errno));
    *temporary = '\0';
    return 0;
}

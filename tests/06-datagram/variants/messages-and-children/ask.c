/* Variant: not connected, compares the sender's address; SO_RCVTIMEO instead of poll(); the ID is
 * made of the process ID. */
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long number(const char *word, long least, long most)
{
    char *end;
    long value = isdigit((unsigned char)*word) ? strtol(word, &end, 10) : -1;
    if (value < least || value > most || *end) {
        fprintf(stderr, "usage: ask HOST PORT TRIES TIMEOUT_MS VERB [TEXT]\n");
        exit(2);
    }
    return value;
}

static int same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return 0;
    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *x = (const void *)a, *y = (const void *)b;
        return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
    }
    const struct sockaddr_in6 *x = (const void *)a, *y = (const void *)b;
    return x->sin6_port == y->sin6_port &&
           memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7)
        number("", 1, 0);
    number(argv[2], 0, 65535);
    long tries = number(argv[3], 1, 100);
    double wait = (double)number(argv[4], 1, 60000) / 1000;
    char id[16];
    size_t id_length = (size_t)sprintf(id, "%d", (int)getpid());
    struct iovec parts[] = {{id, id_length},
                            {(void *)" ", 1},
                            {argv[5], strlen(argv[5])},
                            {(void *)" ", 1},
                            {argv[6], argc == 7 ? strlen(argv[6]) : 0}};
    size_t count = argc == 7 ? 5 : 3, length = 0;
    for (size_t i = 0; i < count; i++)
        length += parts[i].iov_len;
    if (length > 512) {
        fprintf(stderr, "ask: the query is too long\n");
        return 1;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list;
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error) {
        fprintf(stderr, "ask: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    int fd = socket(list->ai_family, SOCK_DGRAM, 0);
    struct sockaddr_storage server = {0}, from;
    memcpy(&server, list->ai_addr, list->ai_addrlen);
    struct msghdr message = {.msg_name = &server,
                             .msg_namelen = list->ai_addrlen,
                             .msg_iov = parts,
                             .msg_iovlen = count};
    for (; tries > 0; tries--) {
        double end = now() + wait;
        sendmsg(fd, &message, 0);
        for (double left; (left = end - now()) > 0;) {
            static char room[70000];
            socklen_t size = sizeof from;
            struct timeval limit = {(time_t)left, (suseconds_t)((left - (int)left) * 1e6) + 1};
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
            ssize_t got = recvfrom(fd, room, sizeof room, 0, (struct sockaddr *)&from, &size);
            if (got <= (ssize_t)id_length || !same_address(&from, &server) ||
                memcmp(room, id, id_length) != 0 || room[id_length] != ' ')
                continue;
            char *text = room + id_length + 1;
            size_t rest = (size_t)got - id_length - 1;
            int bad = rest >= 6 && memcmp(text, "error:", 6) == 0;
            text[rest] = '\n';
            return write(bad ? 2 : 1, text, rest + 1) != (ssize_t)rest + 1 || bad;
        }
    }
    fprintf(stderr, "ask: nobody answered\n");
    return 1;
}

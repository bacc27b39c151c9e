/* One event loop with poll() and non-blocking sockets; SIGPIPE ignored; one byte at a time. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };

struct guest {
    int fd;
    char words[27];
    int said;
};

static struct guest guests[MOST];
static int count;

static void print_end(const char *before, const struct sockaddr_storage *a, socklen_t n)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    getnameinfo((const struct sockaddr *)a, n, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(a->ss_family == AF_INET6 ? "%s[%s]:%s" : "%s%s:%s", before, host, port);
}

static void welcome(int door)
{
    struct sockaddr_storage them, us;
    socklen_t n = sizeof them, m = sizeof us;
    int fd = accept(door, (struct sockaddr *)&them, &n);
    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            poll(NULL, 0, 30);
        return;
    }
    if (getsockname(fd, (struct sockaddr *)&us, &m) == -1) {
        close(fd);
        return;
    }
    print_end("", &them, n);
    print_end(" -> ", &us, m);
    putchar('\n');
    fflush(stdout);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    struct guest *guest = &guests[count++];
    time_t now = time(NULL);
    struct tm tm = *localtime(&now);
    guest->fd = fd;
    guest->said = 0;
    strftime(guest->words, sizeof guest->words, "%a %b %e %H:%M:%S %Y\r\n", &tm);
}

/* Returns 1 when the guest is to go. */
static int talk(struct guest *guest)
{
    while (guest->said < 26) {
        ssize_t n = write(guest->fd, guest->words + guest->said, 1);
        if (n == -1)
            return errno != EAGAIN && errno != EINTR;
        guest->said++;
    }
    return 1;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *ai, *list;
    int door = -1, error;
    if (argc != 3 || !argv[2][0] || strspn(argv[2], "0123456789") != strlen(argv[2]) ||
        strlen(argv[2]) > 5 || strtol(argv[2], NULL, 10) > 65535) {
        fputs("usage: timeserver HOST PORT\n", stderr);
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN);
    if ((error = getaddrinfo(argv[1], argv[2], &hints, &list)) != 0) {
        fprintf(stderr, "timeserver: getaddrinfo: %s\n", gai_strerror(error));
        exit(1);
    }
    for (ai = list; ai; ai = ai->ai_next) {
        door = socket(ai->ai_family, SOCK_STREAM, 0);
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (door != -1 && bind(door, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        error = errno;
        close(door);
        door = -1;
    }
    if (door == -1) {
        fprintf(stderr, "timeserver: bind: %s\n", strerror(error));
        exit(1);
    }
    listen(door, 64);
    fcntl(door, F_SETFL, O_NONBLOCK);
    struct sockaddr_storage us;
    socklen_t m = sizeof us;
    getsockname(door, (struct sockaddr *)&us, &m);
    print_end("listening on ", &us, m);
    putchar('\n');
    if (fflush(stdout) || ferror(stdout)) {
        perror("timeserver: write");
        exit(1);
    }
    for (;;) {
        struct pollfd p[MOST + 1];
        for (int i = 0; i < count; i++)
            p[i] = (struct pollfd){.fd = guests[i].fd, .events = POLLOUT};
        p[count] = (struct pollfd){.fd = count < MOST ? door : -1, .events = POLLIN};
        int before = count;
        if (poll(p, (nfds_t)count + 1, -1) == -1)
            continue;
        if (p[before].revents)
            welcome(door);
        for (int i = before - 1; i >= 0; i--)
            if (p[i].revents && talk(&guests[i])) {
                close(guests[i].fd);
                guests[i] = guests[--count];
            }
    }
}

/* Differs: one thread, poll(), sockets that do not block, a list of clients that grows, pread() at
 * an offset; SIGPIPE ignored; a dual-stack socket where the host is an IPv6 one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct client {
    int fd, file;
    bool answering;
    char name[256];
    size_t got;
    char out[4096]; /* what has to be sent next: out[from] to out[to] */
    size_t from, to;
    off_t at, size; /* of the file */
};

static struct client **clients;
static struct pollfd *polled;
static size_t count, room;
static char *root;
static long pause_until;

static void drop(size_t i)
{
    close(clients[i]->fd);
    if (clients[i]->file != -1)
        close(clients[i]->file);
    free(clients[i]);
    clients[i] = clients[--count];
}

static bool add(int fd)
{
    if (count == room) {
        size_t more = room ? 2 * room : 8;
        struct client **bigger = realloc(clients, more * sizeof *clients);
        if (bigger)
            clients = bigger;
        struct pollfd *wider = realloc(polled, (more + 1) * sizeof *polled);
        if (wider)
            polled = wider;
        if (!bigger || !wider)
            return false;
        room = more;
    }
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return false;
    c->fd = fd;
    c->file = -1;
    clients[count++] = c;
    return true;
}

static const char *open_for(struct client *c)
{
    char path[PATH_MAX], around[300];
    struct stat st;
    snprintf(around, sizeof around, "/%s/", c->name);
    if (c->name[0] == '/' || strstr(around, "/../"))
        return "forbidden";
    if (snprintf(path, sizeof path, "%s/%s", root, c->name) >= (int)sizeof path)
        return "too long";
    char *real = realpath(path, NULL);
    if (!real)
        return strerror(errno);
    size_t n = strlen(root);
    bool inside = !strcmp(root, "/") || (!strncmp(real, root, n) && real[n] == '/');
    bool regular = stat(real, &st) == 0 && S_ISREG(st.st_mode);
    if (inside && regular)
        c->file = open(real, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    int error = errno;
    free(real);
    if (!inside)
        return "forbidden";
    if (!regular)
        return "not a regular file";
    if (c->file == -1)
        return strerror(error);
    c->size = st.st_size;
    return NULL;
}

static void begin(struct client *c, const char *refused)
{
    if (!refused)
        refused = open_for(c);
    int n = refused ? snprintf(c->out, sizeof c->out, "ERR %s\n", refused)
                    : snprintf(c->out, sizeof c->out, "OK %lld\n", (long long)c->size);
    c->answering = true;
    c->from = 0;
    c->to = (size_t)n;
}

/* Both return false when the client is to be dropped. */
static bool hear(struct client *c)
{
    ssize_t n = read(c->fd, c->name + c->got, sizeof c->name - c->got);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    char *newline = memchr(c->name + c->got, '\n', (size_t)n);
    c->got += (size_t)n;
    if (newline) {
        *newline = '\0';
        size_t length = (size_t)(newline - c->name);
        begin(c, length == 0 || strlen(c->name) != length ? "no name" : NULL);
    } else if (n == 0 || c->got == sizeof c->name) {
        begin(c, "no name");
    }
    return true;
}

static bool tell(struct client *c)
{
    if (c->from == c->to) {
        off_t left = c->file == -1 ? 0 : c->size - c->at;
        if (left == 0)
            return false;
        ssize_t n = pread(c->file, c->out, left < 4096 ? (size_t)left : 4096, c->at);
        if (n <= 0)
            return n == -1 && errno == EINTR;
        c->at += n;
        c->from = 0;
        c->to = (size_t)n;
    }
    ssize_t n = write(c->fd, c->out + c->from, c->to - c->from);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    c->from += (size_t)n;
    return true;
}

static void take(int door)
{
    int fd = accept(door, NULL, NULL);
    if (fd == -1 && (errno == EMFILE || errno == ENFILE))
        pause_until = 1;
    if (fd == -1)
        return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (!add(fd))
        close(fd);
}

static void loop(int door)
{
    polled = malloc(sizeof *polled);
    for (;;) {
        size_t n = count;
        polled[0] = (struct pollfd){.fd = pause_until ? -1 : door, .events = POLLIN};
        for (size_t i = 0; i < n; i++)
            polled[i + 1] = (struct pollfd){.fd = clients[i]->fd,
                                            .events = clients[i]->answering ? POLLOUT : POLLIN};
        poll(polled, n + 1, pause_until ? 30 : -1);
        bool knock = polled[0].revents || pause_until;
        pause_until = 0;
        for (size_t i = n; i-- > 0;)
            if (polled[i + 1].revents && !(clients[i]->answering ? tell : hear)(clients[i]))
                drop(i);
        if (knock)
            take(door);
    }
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *ai;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    struct stat st;
    int on = 1, off = 0;
    if (argc != 4 || strspn(argv[3], "0123456789") != strlen(argv[3]) || !*argv[3] ||
        strlen(argv[3]) > 5 || atoi(argv[3]) > 65535)
        return fputs("usage: fileserver DIR HOST PORT\n", stderr), 2;
    root = realpath(argv[1], NULL);
    if (root && (stat(root, &st) == -1 || !S_ISDIR(st.st_mode)))
        errno = ENOTDIR;
    if (!root || errno == ENOTDIR)
        return perror("fileserver: DIR"), 1;
    int error = getaddrinfo(argv[2], argv[3], &hints, &ai);
    if (error)
        return fprintf(stderr, "fileserver: %s\n", gai_strerror(error)), 1;
    int door = socket(ai->ai_family, SOCK_STREAM, 0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ai->ai_family == AF_INET6)
        setsockopt(door, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(door, ai->ai_addr, ai->ai_addrlen) == -1 || listen(door, 1000) == -1)
        return perror("fileserver: bind"), 1;
    fcntl(door, F_SETFL, O_NONBLOCK);
    struct sockaddr_storage a;
    socklen_t length = sizeof a;
    getsockname(door, (struct sockaddr *)&a, &length);
    getnameinfo((struct sockaddr *)&a, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    freeaddrinfo(ai);
    printf(strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host, port);
    if (fflush(stdout))
        return perror("fileserver: write"), 1;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    loop(door);
}

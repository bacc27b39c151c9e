/* Differs: a pool of threads that waits for clients from the start, handed over in a queue under a
 * lock; nobody is ever made or joined later. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 210, PLACES = 64 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t filled, taken;
    int fd[PLACES], count;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
           .filled = PTHREAD_COND_INITIALIZER,
           .taken = PTHREAD_COND_INITIALIZER};

static void put(int fd)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == PLACES)
        pthread_cond_wait(&queue.taken, &queue.lock);
    queue.fd[queue.count++] = fd;
    pthread_cond_signal(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
}

static int take(void)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0)
        pthread_cond_wait(&queue.filled, &queue.lock);
    int fd = queue.fd[0];
    memmove(queue.fd, queue.fd + 1, (size_t)--queue.count * sizeof queue.fd[0]);
    pthread_cond_signal(&queue.taken);
    pthread_mutex_unlock(&queue.lock);
    return fd;
}

static void echo(int fd)
{
    char bytes[2048];
    ssize_t n, sent, m;
    while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0 || (n < 0 && errno == EINTR))
        for (sent = 0; sent < n; sent += m < 0 ? 0 : m)
            if ((m = send(fd, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL)) < 0 &&
                errno != EINTR)
                return;
}

static void *work(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = take();
        echo(fd);
        close(fd);
    }
    return NULL;
}

static int give_up(const char *why)
{
    fprintf(stderr, "threadserver: %s\n", why);
    return 1;
}

/* Opens the door and says so; exits where that fails. */
static int open_up(int argc, char **argv)
{
    char *end = NULL;
    if (argc != 3 || strspn(argv[2], "0123456789") == 0 || strtol(argv[2], &end, 10) > 65535 ||
        *end) {
        fprintf(stderr, "usage: threadserver HOST PORT\n");
        exit(2);
    }
    struct addrinfo *a, *list, hints = {.ai_socktype = SOCK_STREAM};
    int door = -1, code = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (code)
        exit(give_up(gai_strerror(code)));
    for (a = list; a; a = a->ai_next) {
        door = socket(a->ai_family, SOCK_STREAM, 0);
        if (door < 0)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(door, a->ai_addr, a->ai_addrlen) == 0 && listen(door, 50) == 0)
            break;
        give_up(strerror(errno));
        close(door);
    }
    if (!a)
        exit(1);
    struct sockaddr_storage s;
    socklen_t size = sizeof s;
    char host[64], port[8];
    getsockname(door, (struct sockaddr *)&s, &size);
    getnameinfo((struct sockaddr *)&s, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    if (printf(s.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host,
               port) < 0 ||
        fflush(stdout))
        exit(give_up("write"));
    return door;
}

int main(int argc, char **argv)
{
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, &small, work, NULL);
        if (error)
            return give_up(strerror(error));
    }
    int door = open_up(argc, argv);
    for (;;) {
        int fd = accept(door, NULL, NULL);
        if (fd >= 0)
            put(fd);
        else if (errno != EINTR && errno != ECONNABORTED)
            usleep(50000);
    }
}

/* Differs: threads that have ended are joined when the next client comes; readv() and send(),
 * SIGPIPE ignored, accept4(). */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct thread {
    struct thread *next;
    pthread_t id;
    int fd;
};

static struct thread *ended; /* under the lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A call that was stopped and continued may have sent a part. */
static int give(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, 0);
        if (n < 0 && errno != EINTR)
            return 0;
        bytes += n < 0 ? 0 : n;
        length -= n < 0 ? 0 : (size_t)n;
    }
    return 1;
}

static void *serve(void *argument)
{
    struct thread *me = argument;
    char one[100], two[5000];
    struct iovec parts[] = {{one, sizeof one}, {two, sizeof two}};
    ssize_t n;
    while ((n = readv(me->fd, parts, 2)) > 0 || (n < 0 && errno == EINTR)) {
        size_t first = n < 0 ? 0 : (size_t)n < sizeof one ? (size_t)n : sizeof one;
        if (n < 0)
            continue;
        if (!give(me->fd, one, first) || !give(me->fd, two, (size_t)n - first))
            break;
    }
    close(me->fd);
    pthread_mutex_lock(&lock);
    me->next = ended;
    ended = me;
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void join_ended(void)
{
    pthread_mutex_lock(&lock);
    struct thread *list = ended;
    ended = NULL;
    pthread_mutex_unlock(&lock);
    while (list) {
        struct thread *next = list->next;
        pthread_join(list->id, NULL);
        free(list);
        list = next;
    }
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
    int door = open_up(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);
        join_ended();
        struct thread *thread = fd < 0 ? NULL : malloc(sizeof *thread);
        if (!thread) {
            if (fd >= 0)
                close(fd);
            poll(NULL, 0, 30);
            continue;
        }
        thread->fd = fd;
        int error = pthread_create(&thread->id, NULL, serve, thread);
        if (error) {
            fprintf(stderr, "threadserver: %s\n", strerror(error));
            close(fd);
            free(thread);
        }
    }
}

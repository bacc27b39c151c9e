/* Differs: C11's threads and mutexes; recvmsg(); a stack buffer of 4 KiB. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <threads.h>
#include <unistd.h>

static atomic_ulong bytes_in_all;
static mtx_t lock;
static unsigned long here;

static void count(int change)
{
    mtx_lock(&lock);
    here += (unsigned long)change;
    mtx_unlock(&lock);
}

static int serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char bytes[4096];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;
    count(1);
    while ((n = recvmsg(fd, &message, 0)) > 0 || (n < 0 && errno == EINTR)) {
        ssize_t sent = 0;
        while (sent < n) {
            ssize_t m = send(fd, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);
            if (m < 0 && errno != EINTR)
                break;
            sent += m < 0 ? 0 : m;
        }
        if (sent < n)
            break;
        bytes_in_all += n < 0 ? 0 : (unsigned long)n;
    }
    count(-1);
    close(fd);
    return 0;
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
    if (mtx_init(&lock, mtx_plain) != thrd_success)
        return give_up("mtx_init");
    for (;;) {
        thrd_t thread;
        int fd = accept(door, NULL, NULL);
        if (fd < 0) {
            thrd_sleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        } else if (thrd_create(&thread, serve, (void *)(intptr_t)fd) == thrd_success) {
            thrd_detach(thread);
        } else {
            fprintf(stderr, "threadserver: no thread\n");
            close(fd);
        }
    }
}

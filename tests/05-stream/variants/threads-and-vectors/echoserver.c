/* Differs: a thread for each client, sendmsg() and recvmsg(), a buffer of 1000 bytes on the stack,
 * a dual-stack socket where the host is an IPv6 one. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static ssize_t receive(int fd, char *at, size_t room)
{
    struct iovec part = {at, room};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t n;
    do
        n = recvmsg(fd, &message, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

static int deliver(int fd, char *at, size_t left)
{
    while (left) {
        struct iovec parts[2] = {{at, left / 2}, {at + left / 2, left - left / 2}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return 0;
        if (n > 0) {
            at += n;
            left -= (size_t)n;
        }
    }
    return 1;
}

static void *serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char buffer[1000];
    ssize_t n;
    while ((n = receive(fd, buffer, sizeof buffer)) > 0 && deliver(fd, buffer, (size_t)n))
        ;
    shutdown(fd, SHUT_RDWR);
    close(fd);
    return NULL;
}

static int give_up(const char *what, const char *why)
{
    fprintf(stderr, "echoserver: cannot %s: %s\n", what, why);
    return 1;
}

int main(int argc, char **argv)
{
    char *end = "x";
    long port =
        argc == 3 && argv[2][0] >= '0' && argv[2][0] <= '9' ? strtol(argv[2], &end, 10) : -1;
    if (argc != 3 || *end || port < 0 || port > 65535) {
        fputs("usage: echoserver HOST PORT\n", stderr);
        return 2;
    }
    struct addrinfo *all, want = {.ai_socktype = SOCK_STREAM};
    int bad = getaddrinfo(argv[1], argv[2], &want, &all);
    if (bad)
        return give_up("find the host", gai_strerror(bad));
    int door = -1;
    for (struct addrinfo *a = all; a && door < 0; a = a->ai_next) {
        door = socket(a->ai_family, a->ai_socktype, 0);
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (a->ai_family == AF_INET6)
            setsockopt(door, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
        if (door >= 0 && bind(door, a->ai_addr, a->ai_addrlen) < 0) {
            int why = errno;
            close(door);
            door = -1;
            errno = why;
        }
    }
    if (door < 0 || listen(door, SOMAXCONN) < 0)
        return give_up("listen", strerror(errno));
    freeaddrinfo(all);

    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    char host[NI_MAXHOST], service[NI_MAXSERV], line[NI_MAXHOST + 64];
    getsockname(door, (struct sockaddr *)&name, &size);
    getnameinfo((struct sockaddr *)&name, size, host, sizeof host, service, sizeof service,
                NI_NUMERICHOST | NI_NUMERICSERV);
    int length = snprintf(line, sizeof line,
                          strchr(host, ':') ? "listening on [%s]:%s\n" : "listening on %s:%s\n",
                          host, service);
    if (write(1, line, (size_t)length) != length)
        return give_up("write", strerror(errno));

    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (;;) {
        pthread_t thread;
        int fd = accept(door, NULL, NULL);
        if (fd >= 0 && pthread_create(&thread, &detached, serve, (void *)(intptr_t)fd) == 0)
            continue;
        if (fd >= 0)
            close(fd); /* no thread for this one */
        else
            nanosleep(&(struct timespec){0, 20 * 1000 * 1000}, NULL);
    }
}

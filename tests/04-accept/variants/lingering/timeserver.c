/* One client at a time, and each until it has left: an end of file, then whatever it still says is
 * read away. A close with bytes unread would be a reset, which can eat the line. A short queue. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const char *words(char room[80], const struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN];
    const struct sockaddr_in *v4 = (const void *)address;
    const struct sockaddr_in6 *v6 = (const void *)address;
    if (address->ss_family == AF_INET)
        sprintf(room, "%s:%d", inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host),
                ntohs(v4->sin_port));
    else
        sprintf(room, "[%s]:%d", inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host),
                ntohs(v6->sin6_port));
    return room;
}

static void serve(int client)
{
    struct sockaddr_storage us, them;
    socklen_t size = sizeof us, length = sizeof them;
    char ours[80], theirs[80], away[512];
    if (getsockname(client, (void *)&us, &size) == 0 &&
        getpeername(client, (void *)&them, &length) == 0)
        dprintf(1, "%s -> %s\n", words(theirs, &them), words(ours, &us));
    time_t now = time(NULL);
    struct iovec parts[] = {{ctime(&now), 24}, {(char[]){'\r', '\n'}, 2}};
    struct msghdr line = {.msg_iov = parts, .msg_iovlen = 2};
    while (sendmsg(client, &line, MSG_NOSIGNAL) == -1 && errno == EINTR)
        continue;
    shutdown(client, SHUT_WR);
    for (ssize_t n = 1; n > 0 || (n == -1 && errno == EINTR);)
        n = recv(client, away, sizeof away, 0);
}

static int open_door(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int code = getaddrinfo(host, port, &hints, &list), door = -1;
    if (code) {
        fprintf(stderr, "timeserver: %s: %s\n", host, gai_strerror(code));
        return -1;
    }
    for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        door = socket(ai->ai_family, SOCK_STREAM, 0);
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0 && listen(door, 1) == 0)
            break;
        if (!ai->ai_next)
            perror("timeserver");
        close(door);
        door = -1;
    }
    freeaddrinfo(list);
    return door;
}

int main(int argc, char **argv)
{
    char where[80];
    struct sockaddr_storage here;
    socklen_t size = sizeof here;
    if (argc != 3 || !*argv[2] || strspn(argv[2], "0123456789") != strlen(argv[2]) ||
        strlen(argv[2]) > 5 || (strlen(argv[2]) == 5 && strcmp(argv[2], "65535") > 0)) {
        fputs("usage: timeserver HOST PORT\n", stderr);
        return 2;
    }
    int door = open_door(argv[1], argv[2]);
    if (door == -1)
        return 1;
    getsockname(door, (void *)&here, &size);
    if (dprintf(1, "listening on %s\n", words(where, &here)) < 0) {
        perror("timeserver: write");
        return 1;
    }
    for (;;) {
        int client = accept(door, NULL, NULL);
        if (client != -1) {
            serve(client);
            close(client);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            usleep(50000);
        }
    }
}

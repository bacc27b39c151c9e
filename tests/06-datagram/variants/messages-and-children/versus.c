/* Variant: a TCP connection and two UDP sockets on the loopback; a child sends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int must(int result, const char *call)
{
    if (result == -1) {
        fprintf(stderr, "versus: %s: %s\n", call, strerror(errno));
        exit(1);
    }
    return result;
}

static struct sockaddr_in local(int fd)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    must(bind(fd, (struct sockaddr *)&here, length), "bind");
    must(getsockname(fd, (struct sockaddr *)&here, &length), "getsockname");
    return here;
}

static void send_in_child(int type, const struct sockaddr_in *to, int close_first)
{
    pid_t child = must(fork(), "fork");
    if (child != 0)
        return;
    close(close_first);
    int fd = must(socket(AF_INET, type, 0), "socket");
    must(connect(fd, (const struct sockaddr *)to, sizeof *to), "connect");
    must((int)write(fd, "one", 3), "write");
    must((int)write(fd, "two", 3), "write");
    must((int)write(fd, "three", 5), "write");
    _exit(0);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        fprintf(stderr, "usage: versus\n");
        return 2;
    }
    char room[100];
    int door = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
    struct sockaddr_in here = local(door);
    must(listen(door, 1), "listen");
    send_in_child(SOCK_STREAM, &here, door);
    int client = must(accept(door, NULL, NULL), "accept");
    long sum = 0;
    for (ssize_t count; (count = must((int)read(client, room, 2), "read")) > 0;)
        sum += count;

    int box = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    here = local(box);
    send_in_child(SOCK_DGRAM, &here, box);
    long lengths[3];
    for (int i = 0; i < 3; i++)
        lengths[i] = must((int)read(box, room, sizeof room), "read");
    while (wait(NULL) > 0)
        ;
    if (printf("datagram: %ld + %ld + %ld bytes\nstream: %ld bytes\n", lengths[0], lengths[1],
               lengths[2], sum) < 0 ||
        fflush(stdout) == EOF)
        must(-1, "printf");
    return 0;
}

/* Differs: a process for each client that reads and writes through stdio: fread() waits for as many
 * bytes as a frame has, fflush() sends each answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int fd)
{
    FILE *in = fdopen(fd, "rb"), *out = fdopen(dup(fd), "wb");
    uint32_t prefix;
    if (!in || !out)
        return;
    while (fread(&prefix, sizeof prefix, 1, in) == 1) {
        uint32_t length = ntohl(prefix);
        if (length > 65536)
            return;
        unsigned char *bytes = malloc(length + 1);
        if (!bytes || fread(bytes, 1, length, in) != length)
            return;
        fwrite(&prefix, sizeof prefix, 1, out);
        while (length > 0)
            putc(bytes[--length], out);
        free(bytes);
        if (fflush(out) != 0)
            return;
    }
}

static void on_child(int number)
{
    int saved = errno;
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

int main(int argc, char **argv)
{
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    char *rest;
    if (argc != 3 || strspn(argv[2], "0123456789") == 0 || strtol(argv[2], &rest, 10) > 65535 ||
        *rest) {
        fprintf(stderr, "usage: msgserver HOST PORT\n");
        return 2;
    }
    int code = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (code) {
        fprintf(stderr, "msgserver: getaddrinfo: %s\n", gai_strerror(code));
        return 1;
    }
    struct sigaction collect = {.sa_handler = on_child}; /* without SA_RESTART: accept() is cut */
    sigaction(SIGCHLD, &collect, NULL);
    int door = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    setsockopt(door, SOL_SOCKET, SO_REUSEPORT, &(int){0}, sizeof(int));
    if (bind(door, list->ai_addr, list->ai_addrlen) || listen(door, 50)) {
        fprintf(stderr, "msgserver: bind: %s\n", strerror(errno));
        return 1;
    }
    struct sockaddr_storage s;
    socklen_t size = sizeof s;
    char host[64], port[8];
    getsockname(door, (struct sockaddr *)&s, &size);
    getnameinfo((struct sockaddr *)&s, size, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf("listening on %s%s%s:%s\n", strchr(host, ':') ? "[" : "", host,
           strchr(host, ':') ? "]" : "", port);
    if (fflush(stdout) == EOF)
        return 1;
    for (;;) {
        int client = accept(door, NULL, NULL);
        if (client < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                usleep(50000); /* no room for it just now: a pause, not a busy loop */
            continue;
        }
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM); /* it ends with its parent */
            close(door);
            serve(client);
            _exit(0);
        }
        close(client); /* if there is no child, this client is dropped */
    }
}

/* Differs: a child process for each client, collected by the kernel (SA_NOCLDWAIT); sendfile() or
 * read() with pieces of 1000 bytes; DIR is the working folder, and the folder in which a file
 * really stands is asked for with getcwd(); stdio for the request. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[PATH_MAX];

static int is_below(const char *path)
{
    size_t n = strlen(root);
    return strcmp(root, "/") == 0 || (!strncmp(path, root, n) && (path[n] == '/' || !path[n]));
}

/* Follows links at the end of the name by hand, goes into the folder, and looks where that is. */
static int find(char *name)
{
    char here[PATH_MAX], target[PATH_MAX];
    for (int links = 0; links < 40; links++) {
        char *slash = strrchr(name, '/');
        char *last = slash ? slash + 1 : name;
        if (slash) {
            *slash = '\0';
            if (chdir(slash == name ? "/" : name) == -1)
                return -1;
        }
        ssize_t n = readlink(last, target, sizeof target - 1);
        if (n == -1) {
            if (!getcwd(here, sizeof here) || !is_below(here)) {
                errno = EACCES;
                return -1;
            }
            return open(last, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
        }
        target[n] = '\0';
        name = strcpy(malloc((size_t)n + 1), target); /* the child ends soon */
    }
    errno = ELOOP;
    return -1;
}

static int is_refused(const char *name)
{
    char padded[300];
    snprintf(padded, sizeof padded, "/%s/", name);
    return *name == '/' || !*name || strstr(padded, "/../");
}

static int deliver(FILE *client, int file, off_t size)
{
    int fd = fileno(client);
    fprintf(client, "OK %jd\n", (intmax_t)size);
    if (fflush(client) == EOF)
        return -1;
    off_t at = 0;
    while (at < size) {
        ssize_t n = sendfile(fd, file, &at, (size_t)(size - at < 100000 ? size - at : 100000));
        if (n == 0 || (n == -1 && errno != EINTR))
            return -1;
    }
    return 0;
}

static void answer(int fd)
{
    char line[257] = "";
    size_t n = 0;
    FILE *client = fdopen(fd, "w");
    struct stat st;
    int file = -1;
    for (ssize_t got; n < 256 && (got = read(fd, line + n, 1)) != 0;)
        if (got == 1 && line[n] == '\n')
            break;
        else if (got == 1)
            n++;
        else if (errno != EINTR)
            break;
    if (n == 256 || line[n] != '\n' || memchr(line, '\0', n))
        errno = EINVAL;
    else if ((line[n] = '\0', is_refused(line)))
        errno = EACCES;
    else
        file = find(line);
    if (file != -1 && (fstat(file, &st) == -1 || !S_ISREG(st.st_mode))) {
        errno = EISDIR;
        file = -1;
    }
    if (file == -1)
        fprintf(client, "ERR %s\n", strerror(errno));
    else
        deliver(client, file, st.st_size);
    fclose(client);
}

static void stop(int signal_number)
{
    signal(signal_number, SIG_DFL);
    kill(0, signal_number);
}

int main(int argc, char **argv)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *ai;
    struct sigaction reap = {.sa_handler = SIG_IGN, .sa_flags = SA_NOCLDWAIT};
    char *end = "", host[NI_MAXHOST], port[NI_MAXSERV];
    int on = 1, door, error;
    if (argc != 4 || argv[3][0] < '0' || argv[3][0] > '9' || strtoul(argv[3], &end, 10) > 65535 ||
        *end || strlen(argv[3]) > 5) {
        fputs("usage: fileserver DIR HOST PORT\n", stderr);
        return 2;
    }
    if (chdir(argv[1]) == -1 || !getcwd(root, sizeof root)) {
        fprintf(stderr, "fileserver: chdir: %s\n", strerror(errno));
        return 1;
    }
    if ((error = getaddrinfo(argv[2], argv[3], &hints, &ai))) {
        fprintf(stderr, "fileserver: getaddrinfo: %s\n", gai_strerror(error));
        return 1;
    }
    door = socket(ai->ai_family, SOCK_STREAM, 0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(door, ai->ai_addr, ai->ai_addrlen) == -1 || listen(door, SOMAXCONN) == -1) {
        fprintf(stderr, "fileserver: bind: %s\n", strerror(errno));
        return 1;
    }
    struct sockaddr_storage a;
    socklen_t length = sizeof a;
    getsockname(door, (struct sockaddr *)&a, &length);
    getnameinfo((struct sockaddr *)&a, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    freeaddrinfo(ai);
    printf(a.ss_family == AF_INET6 ? "listening on [%s]:%s\n" : "listening on %s:%s\n", host, port);
    if (fflush(stdout) == EOF)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    sigaction(SIGCHLD, &reap, NULL);
    for (;;) {
        int client = accept(door, NULL, NULL);
        if (client == -1) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                poll(NULL, 0, 20);
            continue;
        }
        if (fork() == 0) {
            close(door);
            answer(client);
            _exit(0);
        }
        close(client);
    }
}

/*
 * bindto - gives a socket an address of its own and holds it.
 *
 *     bindto HOST PORT
 *
 * Prints `bound to ADDR:PORT` and keeps the port until end of file on standard input (Ctrl-D).
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* True if the word is a port: decimal digits, 0 to 65535. */
static int is_port(const char *word)
{
    int valid = 1;
    // BEGIN SOLUTION
    size_t digits = strspn(word, "0123456789");
    valid = digits > 0 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
    // STUB: /* TODO 1: a port is decimal digits and nothing else, from 0 to 65535. Refuse `abc`, the
    // STUB:  * empty word, `-1`, `80x` and `70000`. strspn() counts digits; strtol() reads them, and
    // STUB:  * takes signs and blanks as well, which a port has not. */
    // STUB: (void)word;
    // END SOLUTION
    return valid;
}

/* Looks HOST and PORT up, as addresses to bind a stream socket to. Returns 0 and *list, or the
 * code for gai_strerror(). */
static int look_up(const char *host, const char *port, struct addrinfo **list)
{
    struct addrinfo hints;
    int error = EAI_FAIL;
    // BEGIN SOLUTION
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    error = getaddrinfo(host, port, &hints, list);
    // STUB: /* TODO 2: fill in hints and call getaddrinfo(): any family (AF_UNSPEC), stream sockets,
    // STUB:  * for binding (AI_PASSIVE). All other fields of hints must be zero. It turns names and
    // STUB:  * numbers of either family into addresses, with the port in network byte order. */
    // STUB: (void)host;
    // STUB: (void)port;
    // STUB: (void)list;
    // STUB: (void)hints;
    // END SOLUTION
    return error;
}

/* A stream socket bound to this address. Returns it, or -1 with errno and *call naming the call
 * that failed. */
static int bound_socket(const struct addrinfo *ai, const char **call)
{
    int error, result = -1;

    *call = "socket";
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    // BEGIN SOLUTION
    const int on = 1;
    *call = "setsockopt";
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        goto failed;
    // STUB: /* TODO 6: set the option SO_REUSEADDR to 1, before bind(): a port whose old connections
    // STUB:  * still rest in TIME_WAIT can be bound then. See socket(7). */
    // END SOLUTION
    *call = "bind";
    // BEGIN SOLUTION
    result = bind(fd, ai->ai_addr, ai->ai_addrlen);
    // STUB: /* TODO 3: bind() the socket to the address ai->ai_addr, whose length is ai->ai_addrlen,
    // STUB:  * and keep in result what bind() returns. See bind(2). */
    // STUB: errno = ENOSYS;
    // END SOLUTION
    if (result == -1)
        goto failed;
    return fd;

failed:
    error = errno; /* close() may change it */
    close(fd);
    errno = error;
    return -1;
}

/* The first of these addresses that can be bound. Returns its socket, or -1 like bound_socket(). */
static int first_bound(const struct addrinfo *list, const char **call)
{
    int fd = -1;
    for (const struct addrinfo *ai = list; ai && fd == -1; ai = ai->ai_next)
        fd = bound_socket(ai, call);
    return fd;
}

/* The address that a socket is bound to, as text. Returns 0, or -1 with errno. */
static int own_address(int fd, char host[NI_MAXHOST], char port[NI_MAXSERV])
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    strcpy(host, "?");
    strcpy(port, "?");
    // BEGIN SOLUTION
    if (getsockname(fd, (struct sockaddr *)&address, &length) == -1)
        return -1;
    if (getnameinfo((struct sockaddr *)&address, length, host, NI_MAXHOST, port, NI_MAXSERV,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        errno = EAFNOSUPPORT; /* all that can be wrong when no name is looked up */
        return -1;
    }
    // STUB: /* TODO 4: with port 0 the kernel chooses: only getsockname() knows the port. Ask it, and
    // STUB:  * let getnameinfo() turn the address into text, with NI_NUMERICHOST | NI_NUMERICSERV. */
    // STUB: (void)fd;
    // STUB: (void)address;
    // STUB: (void)length;
    // END SOLUTION
    return 0;
}

/* Holds on until standard input ends. Returns 0, or -1 with errno. */
static int wait_for_end_of_input(void)
{
    ssize_t count = 0;
    // BEGIN SOLUTION
    char ignored[512];
    do
        count = read(STDIN_FILENO, ignored, sizeof ignored);
    while (count > 0 || (count == -1 && errno == EINTR));
    // STUB: /* TODO 5: let count be what read() from STDIN_FILENO returns, forget what came, and read
    // STUB:  * again until it is 0, the end of file, or -1 for another reason than EINTR. The port is
    // STUB:  * ours as long as the socket is open. */
    // STUB: (void)read;
    // END SOLUTION
    return (int)count;
}

/* Reports a call that failed for good. Returns the exit code. */
static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "bindto: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo *list;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    const char *call = "bind";

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: bindto HOST PORT\n");
        return 2;
    }
    int error = look_up(argv[1], argv[2], &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int fd = first_bound(list, &call);
    error = errno; /* freeaddrinfo() may change it */
    freeaddrinfo(list);
    if (fd == -1)
        return fail(call, strerror(error));
    if (own_address(fd, host, port) == -1)
        return fail("getsockname", strerror(errno));
    printf(strchr(host, ':') ? "bound to [%s]:%s\n" : "bound to %s:%s\n", host, port);
    if (fflush(stdout) == EOF || ferror(stdout)) /* flushed now: it will hold the port for long */
        return fail("write", strerror(errno));
    if (wait_for_end_of_input() == -1)
        return fail("read", strerror(errno));
    return EXIT_SUCCESS;
}

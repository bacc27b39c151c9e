/*
 * timeclient - prints what a server says until it hangs up, byte for byte.
 *
 *     timeclient HOST PORT
 *
 * Its partner is timeserver; any server that speaks first will do.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

/* Connects to the first of these addresses that answers. Returns the socket, or -1 with *call
 * naming what failed last. */
static int connect_to(const struct addrinfo *list, const char **call)
{
    int server = -1;
    *call = "connect";
    /* TODO 4: for each address of the list (ai_next leads to the next one): make a socket
     * of its ai_family, ai_socktype and ai_protocol, and connect() it to ai_addr. The
     * first that connects is returned. Close the sockets that did not. */
    (void)list;
    errno = ENOSYS;
    return server;
}

/* Copies all that the server sends to standard output. Returns the number of bytes, or -1 with
 * errno and *call naming what failed. */
static long copy_all(int server, const char **call)
{
    char buffer[4096];
    long total = 0;
    /* TODO 5: recv() until it returns 0, the end of file: one recv() gives what has come
     * so far, and that may be a single byte. Write exactly these bytes with fwrite(); they
     * need not be text. -1 is a failure, except EINTR: try again. Count the bytes. */
    (void)server;
    (void)buffer;
    *call = "recv";
    errno = ENOSYS;
    total = -1;
    return total;
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "timeclient: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    const char *call;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: timeclient HOST PORT\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int server = connect_to(list, &call);
    error = errno;
    freeaddrinfo(list);
    if (server == -1)
        return fail(call, strerror(error));

    long total = copy_all(server, &call);
    if (total == -1)
        return fail(call, strerror(errno));
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));
    if (total == 0)
        return fail("recv", "the server hung up without a word");
    return EXIT_SUCCESS;
}

/*
 * echoclient - sends standard input to an echo server and prints what comes back, both at the same
 * time.
 *
 *     echoclient HOST PORT
 *
 * Exit code 0 if all of standard input was sent and as many bytes came back. Its partner is
 * echoserver.
 *
 * Two streams pass through this one process: input -> server and server -> output. A process that
 * waits for one of them alone stands still for ever as soon as the other has to flow first, so it
 * waits for both with poll().
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536 };

struct exchange {
    int server;                  /* the connected socket */
    char unsent[BUFFER_SIZE];    /* standard input on its way to the server ... */
    size_t unsent_start;         /* ... from here ... */
    size_t unsent_end;           /* ... to here */
    int input_ended;             /* standard input is at its end */
    int server_ended;            /* and the server's stream is, too */
    unsigned long long sent;     /* bytes that the kernel took for the server */
    unsigned long long received; /* bytes that came back */
    const char *call;            /* what failed, when a function below returned -1 */
};

static int is_only_for_now(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Tells the server that nothing more will come, and goes on listening. */
static int end_sending(struct exchange *x)
{
    x->call = "shutdown";
    // BEGIN SOLUTION
    return shutdown(x->server, SHUT_WR);
    // STUB: /* TODO 4: half-close the connection: the server gets an end of file, while its answers
    // STUB:  * can still come. Why would close() be wrong here? See shutdown(2). */
    // STUB: (void)shutdown;
    // STUB: return 0;
    // END SOLUTION
}

/* Reads more of standard input, once, when all that was read before is sent. At its end the server
 * is told. */
static int take_input(struct exchange *x)
{
    x->call = "read";
    ssize_t count = read(STDIN_FILENO, x->unsent, sizeof x->unsent);
    if (count == -1)
        return is_only_for_now(errno) ? 0 : -1;
    x->unsent_start = 0;
    x->unsent_end = (size_t)count;
    x->input_ended = count == 0;
    return x->input_ended ? end_sending(x) : 0;
}

/* Sends, once, as much of the unsent bytes as the kernel takes. */
static int send_some(struct exchange *x)
{
    x->call = "send";
    // BEGIN SOLUTION
    ssize_t count =
        send(x->server, x->unsent + x->unsent_start, x->unsent_end - x->unsent_start, MSG_NOSIGNAL);
    if (count == -1)
        return is_only_for_now(errno) ? 0 : -1;
    x->unsent_start += (size_t)count;
    x->sent += (unsigned long long)count;
    // STUB: /* TODO 4: send() what stands in x->unsent from x->unsent_start to x->unsent_end, with
    // STUB:  * MSG_NOSIGNAL. It may take fewer bytes: move x->unsent_start by what it took (the next
    // STUB:  * call goes on from there), and add it to x->sent. Returns 0, or -1 for a failure that
    // STUB:  * is_only_for_now() does not excuse. */
    // STUB: errno = ENOSYS;
    // STUB: return -1;
    // END SOLUTION
    return 0;
}

/* Writes all of these bytes to standard output. */
static int print_all(const char *bytes, size_t length)
{
    size_t written = 0;
    // BEGIN SOLUTION
    while (written < length) {
        ssize_t count = write(STDOUT_FILENO, bytes + written, length - written);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        written += (size_t)count;
    }
    // STUB: /* TODO 4: write() to STDOUT_FILENO until all `length` bytes are written. Like send(),
    // STUB:  * it may take fewer than it was given. See write(2). */
    // STUB: (void)bytes;
    // STUB: (void)length;
    // STUB: (void)written;
    // END SOLUTION
    return 0;
}

/* Receives, once, what has come from the server, and prints it. */
static int print_some(struct exchange *x)
{
    char bytes[BUFFER_SIZE];
    ssize_t count = 0;
    x->call = "recv";
    // BEGIN SOLUTION
    count = recv(x->server, bytes, sizeof bytes, 0);
    if (count == -1)
        return is_only_for_now(errno) ? 0 : -1;
    // STUB: /* TODO 4: recv() into bytes what the server has sent so far. 0 is its end of file; -1
    // STUB:  * is a failure, which is_only_for_now() may excuse (then return 0). */
    // STUB: (void)recv;
    // STUB: bytes[0] = 0;
    // END SOLUTION
    x->server_ended = count == 0;
    x->received += (unsigned long long)count;
    x->call = "write";
    return print_all(bytes, (size_t)count);
}

static int all_is_sent(const struct exchange *x)
{
    return x->unsent_start == x->unsent_end;
}

/* Sends all of standard input and prints all that comes back. Returns 0 when the server has ended
 * its stream, -1 if a call failed. */
static int exchange(struct exchange *x)
{
    // BEGIN SOLUTION
    /* poll() tells when a call will do something, but not how much: on a blocking socket send()
     * would wait until all is taken, and be deaf meanwhile. */
    x->call = "fcntl";
    if (fcntl(x->server, F_SETFL, O_NONBLOCK) == -1)
        return -1;
    while (!x->server_ended) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        struct pollfd server = {.fd = x->server, .events = POLLIN};
        if (!all_is_sent(x))
            server.events |= POLLOUT;
        if (!all_is_sent(x) || x->input_ended)
            input.fd = -1; /* poll() passes over it */

        struct pollfd both[] = {input, server};
        x->call = "poll";
        if (poll(both, 2, -1) == -1 && errno != EINTR)
            return -1;
        if (both[1].revents & ~POLLOUT && print_some(x) == -1)
            return -1;
        if (both[1].revents & POLLOUT && send_some(x) == -1)
            return -1;
        if (both[0].revents && take_input(x) == -1)
            return -1;
    }
    // STUB: /* TODO 5: this sends everything first and listens afterwards. With little data nobody
    // STUB:  * notices. With 16 MiB both sides stand still for ever: who waits for whom?
    // STUB:  * Make the socket non-blocking (fcntl(), O_NONBLOCK), and until x->server_ended go
    // STUB:  * round a loop that waits with poll() for whichever comes first: standard input, but
    // STUB:  * only while nothing is unsent; the server's bytes, always; room for more, but only
    // STUB:  * while something is unsent. Then let take_input(), print_some() and send_some() do
    // STUB:  * what is possible. POLLHUP and POLLERR come unasked: they are ends and failures that
    // STUB:  * read() and recv() tell. See poll(2) and fcntl(2). */
    // STUB: (void)fcntl;
    // STUB: (void)poll;
    // STUB: while (!x->input_ended)
    // STUB:     if ((all_is_sent(x) ? take_input(x) : send_some(x)) == -1)
    // STUB:         return -1;
    // STUB: while (!x->server_ended)
    // STUB:     if (print_some(x) == -1)
    // STUB:         return -1;
    // END SOLUTION
    return 0;
}

/* --- a client, as in lab 04 --- */

/* Connects to the first of these addresses that answers. Returns the socket, or -1 with *call
 * naming what failed last. */
static int connect_to(const struct addrinfo *list, const char **call)
{
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        *call = "socket";
        int server = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (server == -1)
            continue;
        *call = "connect";
        if (connect(server, ai->ai_addr, ai->ai_addrlen) == 0)
            return server;
        int error = errno;
        close(server);
        errno = error;
    }
    return -1;
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "echoclient: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    static struct exchange x;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: echoclient HOST PORT\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    x.server = connect_to(list, &x.call);
    error = errno;
    freeaddrinfo(list);
    if (x.server == -1)
        return fail(x.call, strerror(error));

    if (exchange(&x) == -1)
        return fail(x.call, strerror(errno));
    if (!x.input_ended)
        return fail("recv", "the server hung up before the end of standard input");
    if (x.received != x.sent)
        return fail("recv", "not as many bytes came back as were sent");
    return EXIT_SUCCESS;
}

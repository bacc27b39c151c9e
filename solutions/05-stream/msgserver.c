/*
 * msgserver - messages on a stream: answers each frame with its bytes in reverse order.
 *
 *     msgserver HOST PORT
 *
 * A frame is the number of its bytes, as 4 bytes in network order, and then these bytes. TCP
 * carries the frames of a client as one stream without seams; the lengths alone tell where one
 * frame ends and the next begins. Any client that speaks like this is a partner: see the handout.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { BACKLOG = 128, NAP_MS = 50, LONGEST = 65536 };

/* A frame as it stands on the wire: `prefix` and `bytes` follow each other without a gap. */
struct frame {
    uint32_t prefix;              /* the length, in network byte order */
    unsigned char bytes[LONGEST]; /* the first `length` of them count */
};

/* --- bytes on a stream --- */

static int send_all(int fd, const void *bytes, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t count = send(fd, (const char *)bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        sent += (size_t)count;
    }
    return 0;
}

/* Receives `length` bytes, in however many pieces they come. Returns how many it got: fewer only
 * if the stream ended before; -1 if the connection broke. */
static ssize_t recv_all(int fd, void *bytes, size_t length)
{
    size_t got = 0;
    // BEGIN SOLUTION
    while (got < length) {
        ssize_t count = recv(fd, (char *)bytes + got, length - got, 0);
        if (count == 0)
            break;
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        got += (size_t)count;
    }
    // STUB: /* TODO 6: recv() returns what has come so far, perhaps one byte: go on for the rest,
    // STUB:  * and never ask for more than the rest, for what follows belongs to the next frame.
    // STUB:  * Stop early at the end of file (0). -1 is a failure, except EINTR: try again. */
    // STUB: (void)fd;
    // STUB: (void)bytes;
    // STUB: (void)length;
    // STUB: (void)recv;
    // END SOLUTION
    return (ssize_t)got;
}

/* --- frames --- */

/* Receives the next frame. Returns 1; 0 if the stream ended between two frames; -1 if the
 * connection broke, or what came is no frame. */
static int recv_frame(int fd, struct frame *frame, size_t *length)
{
    ssize_t got = recv_all(fd, &frame->prefix, sizeof frame->prefix);
    if (got == -1 || got == 0)
        return (int)got;
    // BEGIN SOLUTION
    if (got < (ssize_t)sizeof frame->prefix) {
        errno = EPROTO;
        return -1;
    }
    // STUB: /* TODO 7: did the stream end inside the prefix? Then this is no frame: -1. */
    // END SOLUTION

    *length = 0;
    // BEGIN SOLUTION
    *length = ntohl(frame->prefix);
    // STUB: /* TODO 6: the prefix is a number in network byte order. Set *length to it, in the
    // STUB:  * host's order. See byteorder(3). */
    // STUB: (void)ntohl;
    // END SOLUTION

    // BEGIN SOLUTION
    if (*length > LONGEST) {
        errno = EMSGSIZE;
        return -1;
    }
    // STUB: /* TODO 7: who keeps a client from announcing 4 GiB? Check *length before a single byte
    // STUB:  * is written into frame->bytes, and return -1 if they have no room. */
    // END SOLUTION
    got = recv_all(fd, frame->bytes, *length);
    if (got == -1)
        return -1;
    // BEGIN SOLUTION
    if ((size_t)got < *length) {
        errno = EPROTO;
        return -1;
    }
    // STUB: /* TODO 7: did the stream end inside the frame? Half a frame gets no answer: -1. */
    // END SOLUTION
    return 1;
}

static void reverse(unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length / 2; i++) {
        unsigned char byte = bytes[i];
        bytes[i] = bytes[length - 1 - i];
        bytes[length - 1 - i] = byte;
    }
}

/* Answers one client's frames until its end of file. Returns 0, or -1 if it must be dropped. */
static int answer_frames(int client)
{
    static struct frame frame;
    size_t length;
    int status;
    while ((status = recv_frame(client, &frame, &length)) == 1) {
        // BEGIN SOLUTION
        reverse(frame.bytes, length);
        if (send_all(client, &frame, sizeof frame.prefix + length) == -1)
            return -1;
        // STUB: /* TODO 6: reverse() the frame's bytes and send_all() the answer: the prefix is
        // STUB:  * still there, and right. Prefix and bytes go out in one call: a second small
        // STUB:  * send() could be held back until the first is acknowledged (tcp(7),
        // STUB:  * TCP_NODELAY). */
        // STUB: (void)reverse;
        // STUB: (void)send_all;
        // STUB: return -1;
        // END SOLUTION
    }
    return status;
}

/* --- a server, as in labs 01 to 04 --- */

static void print_address(const struct sockaddr_storage *address)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    socklen_t length =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* A socket that listens on the first of these addresses that can be bound. Returns it, or -1 with
 * *call naming what failed. */
static int open_door(const struct addrinfo *list, const char **call)
{
    const int on = 1;
    int door = -1;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        *call = "socket";
        door = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (door == -1)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        *call = "bind";
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        int error = errno;
        close(door);
        errno = error;
        door = -1;
    }
    *call = door == -1 ? *call : "listen";
    return door != -1 && listen(door, BACKLOG) == 0 ? door : -1;
}

/* Whether a server goes on after accept() failed like this. */
static int worth_trying_again(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        poll(NULL, 0, NAP_MS); /* the client stays in the queue: don't spin */
        return 1;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return 1;
    default:
        return 0;
    }
}

/* Serves clients one after another. Returns only when accept() fails for good, with errno. */
static void serve(int door)
{
    for (;;) {
        int client = accept(door, NULL, NULL);
        if (client == -1 && worth_trying_again(errno))
            continue;
        if (client == -1)
            return;
        answer_frames(client); /* why a client was dropped concerns nobody else */
        close(client);
    }
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "msgserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: msgserver HOST PORT\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int door = open_door(list, &call);
    error = errno;
    freeaddrinfo(list);
    if (door == -1)
        return fail(call, strerror(error));

    struct sockaddr_storage here;
    socklen_t length = sizeof here;
    if (getsockname(door, (struct sockaddr *)&here, &length) == -1)
        return fail("getsockname", strerror(errno));
    printf("listening on ");
    print_address(&here);
    printf("\n");
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));

    serve(door);
    return fail("accept", strerror(errno));
}

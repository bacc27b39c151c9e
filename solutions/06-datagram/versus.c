/*
 * versus - the same three words, once through a stream and once through datagrams.
 *
 *     versus
 *
 * Prints what arrived of them: a number of bytes, or the bytes of each message. Both pairs of
 * sockets are Unix-domain ones, which lose nothing, so that the difference in form is all there is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { BUFFER_SIZE = 512, MOST = 16 };

struct arrival {          /* what came through one pair of sockets */
    const char *call;     /* the call that failed, if one did */
    size_t lengths[MOST]; /* of each message; of a stream there is only the first */
    size_t count;         /* how many of them are filled in */
};

static int send_words(int fd)
{
    static const char *const words[] = {"one", "two", "three"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (send(fd, words[i], strlen(words[i]), MSG_NOSIGNAL) == -1)
            return -1;
    return 0;
}

/* Receives a stream to its end and counts its bytes. Returns 0, or -1. */
static int receive_stream(int fd, struct arrival *arrival)
{
    char bytes[BUFFER_SIZE];
    arrival->count = 1;
    arrival->lengths[0] = 0;
    // BEGIN SOLUTION
    for (;;) {
        ssize_t count = recv(fd, bytes, sizeof bytes, 0);
        if (count == -1 && errno == EINTR)
            continue;
        if (count <= 0)
            return (int)count;
        arrival->lengths[0] += (size_t)count;
    }
    // STUB: /* TODO 1: recv() until it returns 0, the end of file, and add up in
    // STUB:  * arrival->lengths[0] how many bytes came. Return -1 if recv() fails, but not for
    // STUB:  * EINTR: then try again. */
    // STUB: (void)fd;
    // STUB: (void)bytes;
    // STUB: return 0;
    // END SOLUTION
}

/* Receives the datagrams that wait, each with its length. Returns 0, or -1. */
static int receive_datagrams(int fd, struct arrival *arrival)
{
    char bytes[BUFFER_SIZE];
    arrival->count = 0;
    // BEGIN SOLUTION
    while (arrival->count < MOST) {
        ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (count == -1)
            return -1;
        arrival->lengths[arrival->count++] = (size_t)count;
    }
    // STUB: /* TODO 1: each recv() takes one datagram, whole, and returns its length: note it in
    // STUB:  * arrival->lengths[] and count it. There is no end of file: a datagram of 0 bytes is a
    // STUB:  * datagram. With MSG_DONTWAIT recv() fails with EAGAIN when nothing waits: that is
    // STUB:  * where to stop, without a failure. Room is for MOST. See recv(2). */
    // STUB: (void)fd;
    // STUB: (void)bytes;
    // END SOLUTION
    return 0;
}

/* Sends the words through a pair of sockets of this type and receives them at the other end.
 * Returns 0, or -1. */
static int carry(int type, struct arrival *arrival)
{
    int ends[2];
    arrival->call = "socketpair";
    if (socketpair(AF_UNIX, type, 0, ends) == -1)
        return -1;
    arrival->call = "send";
    int status = send_words(ends[0]);
    if (status == 0 && type == SOCK_STREAM)
        status = shutdown(ends[0], SHUT_WR); /* a stream can be ended; datagrams have no end */
    if (status == 0) {
        arrival->call = "recv";
        status = type == SOCK_STREAM ? receive_stream(ends[1], arrival)
                                     : receive_datagrams(ends[1], arrival);
    }
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    errno = error;
    return status;
}

static void print_arrival(const char *name, const struct arrival *arrival)
{
    printf("%s: ", name);
    for (size_t i = 0; i < arrival->count; i++)
        printf(i == 0 ? "%zu" : " + %zu", arrival->lengths[i]);
    printf(" bytes\n");
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "versus: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct arrival stream, datagrams;
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: versus\n");
        return 2;
    }
    if (carry(SOCK_STREAM, &stream) == -1)
        return fail(stream.call, strerror(errno));
    if (carry(SOCK_DGRAM, &datagrams) == -1)
        return fail(datagrams.call, strerror(errno));
    print_arrival("stream", &stream);
    print_arrival("datagram", &datagrams);
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));
    return EXIT_SUCCESS;
}

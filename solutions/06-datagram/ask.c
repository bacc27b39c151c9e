/*
 * ask - asks a question by datagram, again and again until it is answered.
 *
 *     ask HOST PORT TRIES TIMEOUT_MS VERB [TEXT]
 *
 * Datagrams get lost, come twice, come late, and come from strangers. So every query has an ID that
 * its answer must bear, and is sent TRIES times at most, with TIMEOUT_MS to wait after each. Its
 * partner is askserver.
 */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum {
    LONGEST = 512, /* bytes of a query */
    ID_LENGTH = 10,
    MOST_TRIES = 100,
    MOST_TIMEOUT_MS = 60000,
    LARGEST_DATAGRAM = 65536, /* UDP carries a little less */
};

struct question {
    char id[ID_LENGTH + 1]; /* digits, and a NUL */
    char query[LONGEST];    /* as it is sent; no NUL */
    size_t length;          /* of the query */
    int tries;
    int timeout_ms;
};

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* --- the question --- */

/* Makes an ID that no other run of this program is likely to have, nor a stranger to guess. */
static int make_id(char *id)
{
    uint32_t number = 1;
    // BEGIN SOLUTION
    if (getentropy(&number, sizeof number) == -1)
        return -1;
    // STUB: /* TODO 5: every run needs an ID of its own, also in the same second. Fill `number` with
    // STUB:  * random bytes from getentropy(). See getentropy(3). */
    // STUB: (void)getentropy;
    // END SOLUTION
    snprintf(id, ID_LENGTH + 1, "%0*" PRIu32, ID_LENGTH, number);
    return 0;
}

/* Writes `ID VERB` or `ID VERB TEXT`. Returns 0, or -1 if that is too long for a query. */
static int make_query(struct question *question, const char *verb, const char *text)
{
    // BEGIN SOLUTION
    char whole[LONGEST + 1]; /* snprintf() adds a NUL, which is not sent */
    int length = snprintf(whole, sizeof whole, "%s %s%s%s", question->id, verb, text ? " " : "",
                          text ? text : "");
    if (length < 0 || (size_t)length >= sizeof whole) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(question->query, whole, (size_t)length);
    question->length = (size_t)length;
    return 0;
    // STUB: /* TODO 5: write the query into question->query and its length into question->length: ID,
    // STUB:  * space, verb, and if there is a text (it may be empty, but not NULL) a space and the
    // STUB:  * text. If it is longer than LONGEST bytes, set errno to EMSGSIZE and return -1. No NUL
    // STUB:  * and no newline is sent. */
    // STUB: (void)question;
    // STUB: (void)verb;
    // STUB: (void)text;
    // STUB: errno = ENOSYS;
    // STUB: return -1;
    // END SOLUTION
}

/* --- the answer --- */

/* Whether this datagram from the server answers the question: its ID, then a space. */
static int is_answer(const struct question *question, const char *bytes, size_t length)
{
    size_t id_length = strlen(question->id);
    // BEGIN SOLUTION
    return length > id_length && memcmp(bytes, question->id, id_length) == 0 &&
           bytes[id_length] == ' ';
    // STUB: /* TODO 7: this takes whatever comes for the answer: a late answer to another question,
    // STUB:  * an empty datagram, an error without an ID. Compare the ID, and what stands behind it;
    // STUB:  * `length` may be shorter than that. */
    // STUB: (void)bytes;
    // STUB: return length > id_length;
    // END SOLUTION
}

/* Waits until the deadline for the answer. Returns its length; 0 if none came in time; -1 if a call
 * failed. */
static ssize_t await_answer(int server, const struct question *question, long long deadline,
                            char *room, size_t size)
{
    // BEGIN SOLUTION
    /* The deadline stands, whatever comes: only the time that is left of it is waited for. */
    for (long long now; (now = now_ms()) < deadline;) {
        struct pollfd wait = {.fd = server, .events = POLLIN};
        int ready = poll(&wait, 1, (int)(deadline - now));
        if (ready == -1 && errno != EINTR)
            return -1;
        if (ready <= 0)
            continue;
        ssize_t count = recv(server, room, size, MSG_DONTWAIT);
        if (count >= 0 && is_answer(question, room, (size_t)count))
            return count;
        /* ECONNREFUSED: nobody listens there yet. That is no answer, but no end either. */
        if (count == -1 && errno != ECONNREFUSED && errno != EAGAIN && errno != EWOULDBLOCK &&
            errno != EINTR)
            return -1;
    }
    return 0;
    // STUB: /* TODO 6: this waits for ever. Wait with poll() for as long as is left until the
    // STUB:  * deadline (now_ms() tells the time), recv() what came, and go on until is_answer() or
    // STUB:  * the deadline. poll() and recv() may fail with EINTR, and recv() with EAGAIN or with
    // STUB:  * ECONNREFUSED (nobody listens there yet): these are no reasons to give up. See
    // STUB:  * poll(2). */
    // STUB: (void)deadline;
    // STUB: (void)poll;
    // STUB: (void)now_ms;
    // STUB: ssize_t count = recv(server, room, size, 0);
    // STUB: return count >= 0 && !is_answer(question, room, (size_t)count) ? 0 : count;
    // END SOLUTION
}

static int send_query(int server, const struct question *question)
{
    while (send(server, question->query, question->length, 0) == -1) {
        if (errno == ECONNREFUSED)
            return 0; /* the fate of an earlier query: this one counts as lost */
        if (errno != EINTR)
            return -1;
    }
    return 0;
}

/* Asks until there is an answer. Returns its length; 0 if there was none; -1 if a call failed. */
static ssize_t ask(int server, const struct question *question, char *room, size_t size)
{
    ssize_t length = 0;
    // BEGIN SOLUTION
    for (int i = 0; i < question->tries && length == 0; i++) {
        long long deadline = now_ms() + question->timeout_ms;
        if (send_query(server, question) == -1)
            return -1;
        length = await_answer(server, question, deadline, room, size);
    }
    // STUB: /* TODO 6: this asks once. Ask the same question question->tries times, and after each
    // STUB:  * wait for question->timeout_ms, until an answer has come. */
    // STUB: if (send_query(server, question) == -1)
    // STUB:     return -1;
    // STUB: length = await_answer(server, question, 0, room, size);
    // END SOLUTION
    return length;
}

/* Prints what follows the ID: an answer on standard output, an error on standard error. Returns the
 * exit code. */
static int print_answer(const char *text, size_t length)
{
    FILE *out = stdout;
    int code = EXIT_SUCCESS;
    // BEGIN SOLUTION
    static const char error[] = "error:";
    if (length >= strlen(error) && memcmp(text, error, strlen(error)) == 0) {
        out = stderr;
        code = EXIT_FAILURE;
    }
    fwrite(text, 1, length, out);
    fputc('\n', out);
    if (fflush(out) != 0 || ferror(out)) {
        fprintf(stderr, "ask: write: %s\n", strerror(errno));
        code = EXIT_FAILURE;
    }
    // STUB: /* TODO 5: write the text as it is (fwrite(): there may be NUL bytes in it) and a
    // STUB:  * newline. If the text begins with "error:", then to stderr, with EXIT_FAILURE. What
    // STUB:  * can't be written is a failure, too: fflush() tells. */
    // STUB: (void)text;
    // STUB: (void)length;
    // STUB: (void)out;
    // END SOLUTION
    return code;
}

/* --- a client without a connection --- */

/* A socket for the first of these addresses. Returns it, or -1 with *call naming what failed. */
static int open_line(const struct addrinfo *list, const char **call)
{
    *call = "socket";
    int server = socket(list->ai_family, list->ai_socktype, list->ai_protocol);
    if (server == -1)
        return -1;
    *call = "connect";
    // BEGIN SOLUTION
    if (connect(server, list->ai_addr, list->ai_addrlen) == -1) {
        int error = errno;
        close(server);
        errno = error;
        return -1;
    }
    // STUB: /* TODO 5: connect() a datagram socket: nothing is sent, but from now on send() goes to
    // STUB:  * this address, and only datagrams from there are received. See connect(2). */
    // STUB: (void)connect;
    // END SOLUTION
    return server;
}

/* A number from 1 to most, or 0 if the word is none. */
static int number_in(const char *word, long most)
{
    size_t digits = strspn(word, "0123456789");
    long number = digits > 0 && word[digits] == '\0' ? strtol(word, NULL, 10) : 0;
    return number <= most ? (int)number : 0;
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "ask: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *list;
    struct question question;
    static char room[LARGEST_DATAGRAM];
    const char *call = "getaddrinfo";

    if (argc == 6 || argc == 7) {
        question.tries = number_in(argv[3], MOST_TRIES);
        question.timeout_ms = number_in(argv[4], MOST_TIMEOUT_MS);
    }
    if ((argc != 6 && argc != 7) || !is_port(argv[2]) || !question.tries || !question.timeout_ms) {
        fprintf(stderr, "usage: ask HOST PORT TRIES TIMEOUT_MS VERB [TEXT]\n");
        return 2;
    }
    if (make_id(question.id) == -1)
        return fail("getentropy", strerror(errno));
    if (make_query(&question, argv[5], argv[6]) == -1) /* argv[argc] is NULL */
        return fail("query", strerror(errno));

    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail(call, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int server = open_line(list, &call);
    error = errno;
    freeaddrinfo(list);
    if (server == -1)
        return fail(call, strerror(error));

    ssize_t length = ask(server, &question, room, sizeof room);
    if (length == -1)
        return fail("send or recv", strerror(errno));
    if (length == 0)
        return fail("recv", "no answer");
    size_t start = strlen(question.id) + 1;
    return print_answer(room + start, (size_t)length - start);
}

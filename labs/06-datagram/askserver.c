/*
 * askserver - answers questions that come as datagrams.
 *
 *     askserver HOST PORT
 *
 * A query is `ID VERB` or `ID VERB TEXT`; the answer begins with the query's ID, so that whoever
 * asked can tell which question it belongs to. One socket serves everybody: there are no
 * connections, so nothing is left of a client when its answer is on its way. Its partner is ask.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum {
    LONGEST = 512,   /* bytes of a query, and no answer is longer */
    LONGEST_ID = 10, /* digits */
    NAP_MS = 50,
};

struct query { /* the parts of a datagram; none of them ends with a NUL */
    const char *id;
    size_t id_length;
    const char *verb;
    size_t verb_length;
    const char *text; /* NULL if there is none, not even an empty one */
    size_t text_length;
};

/* --- queries and answers --- */

/* Takes a datagram apart. Returns 1, or 0 if it is no query. */
static int parse(const char *bytes, size_t length, struct query *query)
{
    /* TODO 3: find the ID (1 to LONGEST_ID digits), one space, the verb (everything up to
     * the next space or the end, at least 1 byte), and the text: all that follows the
     * space after the verb, perhaps nothing. Stop at `length`: there is no NUL at the end,
     * and there may be some inside. Set every part of *query and return 1, or return 0. */
    (void)bytes;
    (void)length;
    (void)query;
    return 0;
}

static int is_verb(const struct query *query, const char *verb)
{
    return query->verb_length == strlen(verb) && memcmp(query->verb, verb, query->verb_length) == 0;
}

/* Puts a string at the start of room, which is large enough, and returns its length. */
static size_t put(char *room, const char *string)
{
    size_t length = strlen(string);
    memcpy(room, string, length);
    return length;
}

/* Writes the local time as 24 characters. */
static size_t put_time(char *room, size_t size)
{
    time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    return strftime(room, size, "%a %b %e %H:%M:%S %Y", &local);
}

/* What follows the ID in the answer to this query, in room for LONGEST bytes. Returns its length.
 */
static size_t answer_query(const struct query *query, char *room)
{
    /* TODO 3: `time`: put_time(). `echo`: the text as it came, with memcpy(); without a
     * text "error: bad query". Any other verb: "error: unknown query". */
    (void)query;
    (void)is_verb;
    (void)put_time;
    return put(room, "error: unknown query");
}

/* Writes the answer to a datagram into room, which holds the longest. Returns its length, 0 if
 * there must be no answer. */
static size_t answer(const char *bytes, size_t length, char *room)
{
    struct query query;
    /* TODO 4: what begins with "error:" must not be answered at all, or two servers can
     * keep answering each other for ever. What is longer than LONGEST gets "error: too
     * long". */
    if (!parse(bytes, length, &query))
        return put(room, "error: bad query");

    memcpy(room, query.id, query.id_length);
    size_t end = query.id_length;
    room[end++] = ' ';
    return end + answer_query(&query, room + end);
}

/* --- a server without connections --- */

/* Whether a server goes on after recvfrom() failed like this. ECONNREFUSED, where a system reports
 * it, is the fate of an earlier answer: whoever asked has gone. */
static int passes(int error)
{
    if (error == ENOBUFS || error == ENOMEM)
        poll(NULL, 0, NAP_MS); /* don't spin while memory is short */
    return error == EINTR || error == ECONNREFUSED || error == ENOBUFS || error == ENOMEM;
}

/* Answers one datagram after another. Returns only when recvfrom() fails for good, with errno. */
static void serve(int mailbox)
{
    /* TODO 4: recvfrom() drops what has no room here, without a word. So how will you
     * notice that a datagram was longer than LONGEST? */
    char datagram[LONGEST];
    char reply[LONGEST_ID + 1 + LONGEST];
    struct sockaddr_storage from;
    for (;;) {
        /* TODO 2: take the next datagram with recvfrom(), which also tells who sent it: the
         * address goes into `from`. Set a socklen_t to the size of `from` before each call,
         * and pass its address. If it fails, go on where passes(errno), else return. A
         * count of 0 is an empty datagram, and no end of anything. Let answer() write the
         * reply, and sendto() it to `from`; a length of 0 means no reply. See recvfrom(2)
         * and sendto(2). */
        (void)mailbox;
        (void)datagram;
        (void)reply;
        (void)from;
        (void)answer;
        (void)passes;
        pause();
    }
}

/* A datagram socket bound to the first of these addresses that can be bound. Returns it, or -1 with
 * *call naming what failed. Without SO_REUSEADDR: no old connection can hold a UDP port, and with
 * it a second server could take this one's datagrams. */
static int open_mailbox(const struct addrinfo *list, const char **call)
{
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        *call = "socket";
        int mailbox = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (mailbox == -1)
            continue;
        *call = "bind";
        if (bind(mailbox, ai->ai_addr, ai->ai_addrlen) == 0)
            return mailbox;
        int error = errno;
        close(mailbox);
        errno = error;
    }
    return -1;
}

static void print_address(const struct sockaddr_storage *address)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    socklen_t length =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM);
    printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "askserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call = "getaddrinfo";

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: askserver HOST PORT\n");
        return 2;
    }
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error)
        return fail(call, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int mailbox = open_mailbox(list, &call);
    error = errno;
    freeaddrinfo(list);
    if (mailbox == -1)
        return fail(call, strerror(error));

    struct sockaddr_storage here;
    socklen_t length = sizeof here;
    if (getsockname(mailbox, (struct sockaddr *)&here, &length) == -1)
        return fail("getsockname", strerror(errno));
    printf("listening on ");
    print_address(&here);
    printf("\n");
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));

    serve(mailbox);
    return fail("recvfrom", strerror(errno));
}

/*
 * forkserver - sends every byte that a client says back to it, with a process for each client.
 *
 *     forkserver HOST PORT
 *
 * The parent only waits: for clients, and for signals. Each client gets a child of its own, which
 * holds that client's connection and ends with it. SIGTERM ends the parent and all its children.
 *
 * Signals arrive at one place only, in the wait of wait_for_client(): everywhere else they are
 * blocked, so that nothing here is ever interrupted in the middle.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 128, NAP_MS = 50, BUFFER_SIZE = 65536, MOST_CHILDREN = 1000 };

struct family {                 /* the children that were not collected yet */
    pid_t child[MOST_CHILDREN]; /* in no order */
    int count;
};

/* --- one client, as in lab 05 --- */

static int send_all(int fd, const char *bytes, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t count = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        sent += (size_t)count;
    }
    return 0;
}

/* Sends back what the client says until its end of file. Returns 0, or -1 if the connection
 * broke. */
static int echo(int client)
{
    static char buffer[BUFFER_SIZE];
    for (;;) {
        ssize_t count = recv(client, buffer, sizeof buffer, 0);
        if (count == 0)
            return 0;
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1 || send_all(client, buffer, (size_t)count) == -1)
            return -1;
    }
}

/* --- signals --- */

static volatile sig_atomic_t told_to_end;

/* A handler may do very little (signal-safety(7)): this one leaves a note. SIGCHLD needs none, its
 * arrival ends the wait. */
static void note_signal(int number)
{
    if (number == SIGTERM)
        told_to_end = 1;
}

/* Blocks SIGCHLD and SIGTERM; *open_mask is the mask that lets them in. */
static void prepare_signals(sigset_t *open_mask)
{
    struct sigaction note = {.sa_handler = note_signal};
    sigset_t ours;
    sigemptyset(&note.sa_mask);
    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, open_mask);
    sigdelset(open_mask, SIGCHLD);
    sigdelset(open_mask, SIGTERM);
    sigaction(SIGCHLD, &note, NULL);
    sigaction(SIGTERM, &note, NULL);
}

/* In a child: signals as a program without handlers has them, so that SIGTERM ends it. */
static void forget_signals(const sigset_t *open_mask)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};
    sigemptyset(&usual.sa_mask);
    sigaction(SIGCHLD, &usual, NULL);
    sigaction(SIGTERM, &usual, NULL);
    sigprocmask(SIG_SETMASK, open_mask, NULL);
}

/* --- children --- */

static void forget_child(struct family *family, pid_t child)
{
    for (int i = 0; i < family->count; i++)
        if (family->child[i] == child) {
            family->child[i] = family->child[--family->count];
            return;
        }
}

/* Collects the children that have ended, without waiting for those that have not. */
static void collect_children(struct family *family)
{
    // BEGIN SOLUTION
    pid_t child;
    while ((child = waitpid(-1, NULL, WNOHANG)) > 0) /* one SIGCHLD may stand for many of them */
        forget_child(family, child);
    // STUB: /* TODO 2: a child that has ended stays in the process table until its parent asks how
    // STUB:  * it ended. waitpid() with WNOHANG collects one that has ended and returns its PID, and
    // STUB:  * does not wait for one that has not. Collect *all* that have ended, and forget_child()
    // STUB:  * each. See waitpid(2). */
    // STUB: (void)family;
    // STUB: (void)forget_child;
    // END SOLUTION
}

/* Ends the children that are left and waits until they are gone. */
static void end_children(struct family *family)
{
    // BEGIN SOLUTION
    for (int i = 0; i < family->count; i++)
        kill(family->child[i], SIGTERM);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    family->count = 0;
    // STUB: /* TODO 3: each child that is left gets a SIGTERM (kill()), and is waited for: this time
    // STUB:  * without WNOHANG, until waitpid() fails because there is no child any more (ECHILD). */
    // STUB: (void)family;
    // END SOLUTION
}

/* The whole life of a child: one client, and nothing else. */
static void live_as_child(int door, int client, const sigset_t *open_mask)
{
    // BEGIN SOLUTION
    close(door); /* a child that kept it would keep the port taken when the parent has gone */
    // STUB: /* TODO 3: fork() copied every descriptor of the parent. Which of them is none of this
    // STUB:  * child's business? */
    // STUB: (void)door;
    // END SOLUTION
    forget_signals(open_mask);
    fcntl(client, F_SETFL, 0); /* some systems hand on the door's O_NONBLOCK */
    _exit(echo(client) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Gives this client a child of its own, and keeps no copy of its connection. Returns 0, or -1 with
 * errno. */
static int start_child(int door, int client, struct family *family, const sigset_t *open_mask)
{
    // BEGIN SOLUTION
    pid_t child = fork();
    if (child == 0)
        live_as_child(door, client, open_mask);
    int error = errno;
    if (child > 0)
        family->child[family->count++] = child;
    close(client); /* while a copy is open anywhere, the client sees no end of file */
    errno = error;
    return child == -1 ? -1 : 0;
    // STUB: /* TODO 1: so far one client is served after another, and the second waits until the
    // STUB:  * first has gone. fork() a child: it returns 0 in the child, which does
    // STUB:  * live_as_child() and never comes back here. In the parent it returns the child's PID
    // STUB:  * (put it into `family`) or -1; either way the parent closes its copy of the
    // STUB:  * connection. See fork(2). */
    // STUB: (void)live_as_child;
    // STUB: (void)door;
    // STUB: (void)family;
    // STUB: (void)open_mask;
    // STUB: echo(client);
    // STUB: close(client);
    // STUB: return 0;
    // END SOLUTION
}

/* --- a server, as in labs 01 to 05 --- */

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

/* Whether a server goes on after accept() or fork() failed like this. */
static int worth_trying_again(int error)
{
    switch (error) {
    // BEGIN SOLUTION
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:               /* fork(): no more processes; accept(): the client has gone */
        poll(NULL, 0, NAP_MS); /* who waits in the queue wakes us again at once: don't spin */
        return 1;
    // STUB: /* TODO 8: which failures of accept() and fork() only say that there is no room just
    // STUB:  * now? Name them here. And see to it that the server does not try again and again
    // STUB:  * without a pause: poll(NULL, 0, NAP_MS) makes one. See ERRORS in accept(2), fork(2). */
    // END SOLUTION
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return 1;
    default:
        return 0;
    }
}

/* Waits until a client is at the door or a signal came. Returns 1 if there is a client. */
static int wait_for_client(int door, const sigset_t *open_mask)
{
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(door, &readable);
    return pselect(door + 1, &readable, NULL, NULL, NULL, open_mask) == 1;
}

/* Takes the next client from the door. Returns 0, or -1 with *call and errno. */
static int take_client(int door, struct family *family, const sigset_t *open_mask,
                       const char **call)
{
    *call = "fork";
    if (family->count == MOST_CHILDREN) {
        errno = EAGAIN; /* the client stays in the queue until a child has ended */
        return -1;
    }
    *call = "accept";
    int client = accept(door, NULL, NULL);
    if (client == -1)
        return -1;
    *call = "fork";
    return start_child(door, client, family, open_mask);
}

/* Takes clients until SIGTERM. Returns 0, or -1 with *call and errno if something failed for
 * good. */
static int serve(int door, const sigset_t *open_mask, const char **call)
{
    static struct family family;
    int status = 0;
    while (status == 0) {
        int has_client = wait_for_client(door, open_mask);
        collect_children(&family);
        if (told_to_end)
            break;
        if (has_client && take_client(door, &family, open_mask, call) == -1)
            status = worth_trying_again(errno) ? 0 : -1;
    }
    int error = errno;
    close(door);
    end_children(&family);
    errno = error;
    return status;
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "forkserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call;

    if (argc != 3 || !is_port(argv[2])) {
        fprintf(stderr, "usage: forkserver HOST PORT\n");
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

    sigset_t open_mask;
    prepare_signals(&open_mask);
    fcntl(door, F_SETFL, O_NONBLOCK); /* a client can leave between pselect() and accept() */
    struct sockaddr_storage here;
    socklen_t length = sizeof here;
    if (getsockname(door, (struct sockaddr *)&here, &length) == -1)
        return fail("getsockname", strerror(errno));
    printf("listening on ");
    print_address(&here);
    printf("\n");
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));
    if (serve(door, &open_mask, &call) == -1)
        return fail(call, strerror(errno));
    return EXIT_SUCCESS;
}

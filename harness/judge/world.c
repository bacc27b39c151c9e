/*
 * world.c - files of the test, what a server says when it opens, and what its clients leave behind.
 */
#include "world.h"

#include "address.h"
#include "peer.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *scratch_path(const char *name)
{
    const char *scratch = getenv("PLUMBLINE_SCRATCH");
    if (!scratch)
        cannot_judge("the runner did not say where scratch files go");
    return *name ? text("%s/%s", scratch, name) : scratch;
}

void make_file(const char *path, struct bytes content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t written = 0;
    while (fd != -1 && written < content.length) {
        ssize_t length = write(fd, content.at + written, content.length - written);
        if (length <= 0)
            break;
        written += (size_t)length;
    }
    if (fd == -1 || written < content.length)
        cannot_judge("cannot write %s: %s", path, strerror(errno));
    close(fd);
}

struct bytes read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd == -1 || fstat(fd, &status) == -1)
        fail_step(text("the file %s", path), strerror(errno));
    unsigned char *data = step_memory((size_t)status.st_size + 1);
    size_t length = 0;
    for (ssize_t got; length < (size_t)status.st_size; length += (size_t)got)
        if ((got = read(fd, data + length, (size_t)status.st_size - length)) <= 0)
            break;
    close(fd);
    return (struct bytes){data, length};
}

/* Whether ADDR:PORT in a server's first line is at this host. An IPv6 socket for both families
 * tells an IPv4 address in IPv6's form. */
static bool is_at(const char *where, const char *host)
{
    const char *plain = address(host, 0), *mapped = text("[::ffff:%s]:0", host);
    return strncmp(where, plain, strlen(plain) - 1) == 0 ||
           strncmp(where, mapped, strlen(mapped) - 1) == 0;
}

/* The numeric address among a server's arguments, NULL if HOST is a name. */
static const char *asked_address(const struct program *server)
{
    static const char *const known[] = {"127.0.0.1", "::1", "0.0.0.0", "::"};
    for (int i = 0; server->how->args[i]; i++)
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
            if (strcmp(server->how->args[i], known[k]) == 0)
                return known[k];
    return NULL;
}

static const char *place_in_first_line(struct program *server)
{
    static const char words[] = "listening on ";
    const char *line = next_line(server);
    const char *where = line + sizeof words - 1;
    if (strncmp(line, words, sizeof words - 1) != 0 || port_of(where) <= 0)
        fail_step("the line \"listening on ADDR:PORT\"", shown(bytes_of(line)));
    struct sockaddr_storage parsed;
    if (parse_address(where, &parsed) == 0) {
        suspect("The line shows the numeric address that getsockname() tells (getnameinfo() with "
                "NI_NUMERICHOST), an IPv6 one in brackets, and not what was typed as HOST.");
        fail_step("the line \"listening on ADDR:PORT\", ADDR numeric", shown(bytes_of(line)));
    }
    const char *asked = asked_address(server);
    if (asked && !is_at(where, asked)) {
        suspect("HOST says where the server listens: bind() to the address that getaddrinfo() made "
                "of it. The line shows the address that getsockname() tells, an IPv6 one in "
                "brackets.");
        const char *expected = address(asked, 0);
        fail_step(text("the line \"listening on %.*sPORT\"", (int)strlen(expected) - 1, expected),
                  shown(bytes_of(line)));
    }
    return where;
}

const char *listening(struct program *server)
{
    enum { LATE_MS = 300 };
    const char *where = place_in_first_line(server);
    if (tcp_socket_at(where).listens)
        return where;
    const char *expected = text("a socket that listens on %s", where);
    for (long long end = now_ms() + LATE_MS; now_ms() < end && !ended_by_now(server);) {
        stage_serve(5);
        if (!tcp_socket_at(where).listens)
            continue;
        suspect("The line tells that clients can connect, and they can only after listen(): call "
                "it first, and print the line then.");
        fail_step(expected, "the line first, and listen() after it");
    }
    fail_step(expected, "no such socket in the kernel's table (see `ss -tln`)");
}

const char *listening_for_datagrams(struct program *server)
{
    const char *where = place_in_first_line(server);
    if (!udp_socket_at(where))
        fail_step(text("a UDP socket at %s", where),
                  "no such socket in the kernel's table (see `ss -uln`)");
    return where;
}

struct due { /* a wait for what a program must do by its own clock */
    bool (*holds)(void *context);
    void *context;
    struct program *program;
    long long at_ms;
    long long span_ms;   /* so long it may sleep once it has come to wait at all */
    long long looked_ms; /* the last look, if it was late and asleep */
    long long asleep_ms; /* so long it has slept since then, by the looks */
    const char *expected;
};

static bool is_done_or_late(void *context)
{
    enum { LATE_MS = 1000, MORE_MS = 50, MOST_BETWEEN_LOOKS_MS = 25 };
    struct due *due = context;
    long long now = now_ms();
    bool late = now >= due->at_ms + LATE_MS, asleep = late && is_idle(due->program);
    if (due->holds(due->context))
        return true;
    if (asleep && due->looked_ms > 0) { /* between looks far apart it may have been awake */
        long long between_ms = now - due->looked_ms;
        due->asleep_ms += between_ms < MOST_BETWEEN_LOOKS_MS ? between_ms : MOST_BETWEEN_LOOKS_MS;
    }
    due->looked_ms = asleep ? now : 0;
    if (due->asleep_ms >= due->span_ms + MORE_MS)
        fail_step(due->expected, text("nothing, %d ms after its time", LATE_MS));
    return false;
}

void wait_until_due(bool (*holds)(void *), void *context, struct program *program, long long due_ms,
                    const char *expected)
{
    long long left_ms = due_ms - now_ms();
    struct due due = {.holds = holds,
                      .context = context,
                      .program = program,
                      .at_ms = due_ms,
                      .span_ms = left_ms > 0 ? left_ms : 0,
                      .expected = expected};
    wait_until(is_done_or_late, &due, expected);
}

bool holds_until(bool (*holds)(void *), void *context, long long until_ms)
{
    enum { LOOK_MS = 5 };
    while (!holds(context)) {
        long long left_ms = until_ms - now_ms();
        if (left_ms <= 0)
            return false;
        stage_serve(left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
    }
    return true;
}

static long kib_at_rest(struct program *server)
{
    wait_until_idle(server);
    return anonymous_kib(server);
}

void expect_steady_memory(struct program *server, const char *where,
                          void (*visit)(const char *where), int visits, int clients,
                          const char *cause)
{
    enum { ROUNDS = 8, MOST_ROUNDS = 40, LEFT_KIB = 2 }; /* what stays shows in whole pages */
    int all = visits * clients;
    if (!cause)
        cause = "Each client leaves memory behind: its thread's stack, if the thread is neither "
                "detached nor joined, or what was allocated for it.";
    tried("let %d more clients come and go, and then as many again", all);
    long before = kib_at_rest(server);
    /* Threads that stand ready take memory when they serve for the first time. Which one a client
     * gets is up to the kernel: that each has had its turn needs several times as many clients. */
    int rounds = 8 * count_threads(server) / all + 1;
    rounds = rounds < ROUNDS ? ROUNDS : rounds > MOST_ROUNDS ? MOST_ROUNDS : rounds;
    for (int round = 1;; round++) {
        suspect("Clients that come later are served like the first ones.");
        for (int i = 0; i < visits; i++)
            visit(where);
        suspect("%s", cause);
        long more = kib_at_rest(server) - before;
        if (more <= all * LEFT_KIB)
            return;
        if (round == rounds)
            fail_step(text("no more memory after %d clients than before", all),
                      text("%ld KiB more, and so after each time", more));
        before += more;
    }
}

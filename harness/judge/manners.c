/*
 * manners.c - what every program owes (see manners.h).
 */
#include "manners.h"

#include "peer.h"
#include "program.h"
#include "stage.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>

/* --- failures and output --- */

void expect_unknown_host_of(const char *const words[])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    int code = getaddrinfo(UNKNOWN_HOST, "0", &hints, &list);
    if (code == 0)
        cannot_judge("the name \"%s\" is known here", UNKNOWN_HOST);
    const char *line = words[0];
    for (int i = 1; words[i]; i++)
        line = text("%s %s", line, words[i]);
    tried("ran `%s`, a name that cannot exist", line);
    suspect("getaddrinfo() does not set errno: it returns a code, 0 for success, and "
            "gai_strerror() puts it into words. Exit 1.");
    struct program *program = start_words(STUDENTS, words);
    end_input(program);
    expect_failure(program, gai_strerror(code));
    suspect("A failure is told on standard error, and not on standard output.");
    expect_no_more_output(program);
}

void expect_bad_starts_of(const char *const words[])
{
    int taken = free_port();
    open_door_at(address("127.0.0.1", taken), 1, 0);
    datagram_peer_at(address("127.0.0.1", taken));
    struct launch mute = {.program = words[0], .output = FROM_FILE, .output_path = "/dev/full"};
    int last = 0;
    for (; words[last + 1]; last++)
        mute.args[last] = words[last + 1];
    struct launch late = {.program = words[0]};
    memcpy(late.args, mute.args, sizeof late.args);
    mute.args[last] = "0";
    late.args[last] = port_text(taken);
    struct program *first = launch_as(&mute), *second = launch_as(&late);
    tried("gave %s a standard output that is full (/dev/full)", words[0]);
    suspect("Check that the line \"listening on\" could be written (fflush()), else exit 1.");
    expect_exit(first, 1);
    tried("started %s on a port that is taken", words[0]);
    suspect("When bind() fails: its reason on standard error and exit 1.");
    expect_failure(second, reason(EADDRINUSE));
}

void expect_silence(struct program *server)
{
    stage_serve(0);
    struct bytes said = buffer_content(&server->said);
    if (said.length == 0)
        return;
    suspect("Standard output carries the line \"listening on ADDR:PORT\" and nothing else: "
            "programs read it. What is only for people goes to standard error.");
    fail_step("nothing more on standard output", shown(said));
}

/* --- what clients leave behind --- */

struct holdings {
    int descriptors, children, zombies, threads;
};

/* What clients left in the server, and how much of it is right. */
struct leftovers {
    struct program *server;
    struct holdings most;
};

static struct holdings held_by(struct program *server)
{
    return (struct holdings){count_descriptors(server), count_children(server),
                             count_zombies(server), count_threads(server)};
}

static bool hold_no_more(void *context)
{
    struct leftovers *left = context;
    struct holdings now = held_by(left->server);
    return now.descriptors <= left->most.descriptors && now.children <= left->most.children &&
           now.zombies <= left->most.zombies && now.threads <= left->most.threads;
}

/* Names the kind that there is too much of, and its cause. */
static const char *what_stays(void *context)
{
    struct leftovers *left = context;
    struct holdings now = held_by(left->server);
    if (now.zombies > left->most.zombies) {
        suspect("A child that has ended stays in the table of processes, a zombie, until its "
                "parent collects it: waitpid() with WNOHANG in a loop, or SIGCHLD ignored.");
        return text("%d zombies", now.zombies);
    }
    if (now.children > left->most.children) {
        suspect("The child goes on when its client has left: it ends with its client.");
        return text("%d children", now.children);
    }
    if (now.threads > left->most.threads) {
        suspect("The thread goes on when its client has left: it returns then.");
        return text("%d threads", now.threads);
    }
    suspect("Each client leaves a descriptor open in the server: close its socket, on every way "
            "out, and in the parent too if a child serves the client.");
    return text("%d open descriptors", now.descriptors);
}

/* Of a server that collects its children at its next client, the last visit of some finds all that
 * have ended: it comes when they have had the time to. */
static void come_and_go(struct program *server, const char *where, void (*visit)(const char *where),
                        int visits)
{
    for (int i = 1; i < visits; i++)
        visit(where);
    wait_until_idle(server);
    visit(where);
    wait_until_idle(server);
}

void expect_nothing_stays(struct program *server, const char *where,
                          void (*visit)(const char *where), int visits)
{
    tried("let %d clients come and go, and then as many again", visits);
    suspect("Clients that come later are served like the first ones.");
    come_and_go(server, where, visit, visits);
    struct leftovers left = {server, held_by(server)};
    /* The last client's may be collected with the next; so may it have been when we counted. */
    left.most.children++;
    left.most.zombies++;
    left.most.threads++;
    come_and_go(server, where, visit, visits);
    wait_until_seen(hold_no_more, &left,
                    text("no more in the server than after the first %d: at most %d descriptors, "
                         "%d children, %d threads",
                         visits, left.most.descriptors, left.most.children, left.most.threads),
                    what_stays);
}

/* --- the end --- */

static bool has_no_offspring(void *unused)
{
    (void)unused;
    return see_offspring().alive == 0;
}

static const char *offspring_left(void *unused)
{
    (void)unused;
    return text("%d of its processes still there", see_offspring().alive);
}

/* A right server needs some milliseconds. That a limit has passed shows a second later. */
void expect_end_of_family(struct program *server, const char *where)
{
    enum { LIMIT_MS = 2000 };
    send_signal(server, SIGTERM);
    go_on(server);
    suspect(
        "SIGTERM ends a server. If a handler only leaves a note, the call that waits for clients "
        "has to be interrupted by it (no SA_RESTART), and the note to be read then. And who "
        "waits for children must have told them to end.");
    expect_end_within(LIMIT_MS, server, text("%s to end within a second", server->name));
    suspect("A child does not end with its parent: it lives on, with its client, and nobody "
            "collects it. The parent has to end its children (kill()) before it ends itself.");
    stage_wait_within(LIMIT_MS, has_no_offspring, NULL,
                      "all of the server's processes gone within a second", offspring_left);
    struct peer *late;
    suspect("After SIGTERM no further client is taken: no process may keep the listening socket.");
    expect_that(try_join(where, &late) != 0, "a refusal to the next client", "a connection");
}

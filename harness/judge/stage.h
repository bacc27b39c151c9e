/*
 * stage.h - inside the judge: what is on stage during one step, and the loop that waits for it.
 *
 * A step runs in one thread of one process. Everything that can make something happen (programs'
 * descriptors, peers' sockets) is known here, so that every wait serves all of them: standard
 * output and error are always read, what was fed and said goes out. One wait, one deadline.
 */
#ifndef PLUMBLINE_STAGE_H
#define PLUMBLINE_STAGE_H

#include "step.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/* What step_memory() or this gave, or NULL, grown to this size as by realloc(3). Never NULL. */
void *larger_memory(void *memory, size_t size);

struct buffer { /* bytes that grow at the end and are taken from the front */
    unsigned char *data;
    size_t start, end, capacity;
};

void buffer_append(struct buffer *buffer, const void *data, size_t length);
size_t buffer_length(const struct buffer *buffer);
struct bytes buffer_content(const struct buffer *buffer);       /* valid until the next append */
struct bytes buffer_take(struct buffer *buffer, size_t length); /* a copy that stays */
void buffer_drop(struct buffer *buffer, size_t length);

struct program {
    const char *name;         /* as in the lab's contract */
    struct launch *how;       /* as it was asked for */
    pid_t pid;                /* its first process */
    int pidfd;                /* readable when that has ended, -1 once it was collected */
    int input, output, error; /* our ends of its standard descriptors, -1: closed or none */
    int gate;                 /* where it asks for processes and threads (gate.h), -1: none */
    bool refuses;             /* and gets none */
    bool killed_all;          /* it wanted to signal every process */
    struct buffer fed;        /* what still has to go to its standard input */
    bool input_ends;          /* close standard input after `fed` is gone */
    struct buffer said;       /* its standard output, not yet taken */
    struct buffer complained; /* its standard error */
    int sent;                 /* the signal that the test sent it last, 0: none */
    bool ended;               /* collected; `status` is valid */
    int status;               /* as waitpid() gave it */
    long long ended_ms;       /* when that was, of now_ms() */
    const char *path;         /* of its executable */
    int probe;                /* the file of its calls (transcript.h), -1: none */
    struct account *account;  /* what the calls tell (calls.h), once it was asked for */
    struct program *next;
};

struct peer {
    int fd;               /* -1 once closed */
    bool datagram;        /* a UDP socket */
    bool connecting;      /* a TCP connection is on its way */
    int trouble;          /* errno that ended it, 0 for none */
    bool wanted;          /* a wait wants to hear it: readable ends a nap */
    struct buffer to_say; /* what still has to be sent */
    bool then_half_close; /* FIN after `to_say` is gone */
    struct buffer heard;  /* what came and was not yet taken */
    bool heard_end;       /* end of file came */
    long long arrival_ms; /* of the datagram that was heard last */
    const char *local, *remote;
    bool roused; /* it is in the stage's list */
    struct peer *next;
};

/* Makes a peer of a socket; its addresses, once they are known; and a socket for an address. */
struct peer *new_peer(int fd);
void note_addresses(struct peer *peer);
int socket_for(const char *address, int type, struct sockaddr_storage *parsed, socklen_t *length);

/* From now on there is something to do for this peer, until it is done. In a crowd most are silent,
 * and nobody looks at them. */
void peer_rouse(struct peer *peer);

/* Sends as much of what it has to say as can be sent without waiting, and then its end of file. */
void say_more(struct peer *peer);

struct stage {
    struct program *programs;
    struct program *asked; /* by the last expectation; NULL: none since the last was started */
    struct peer *peers;    /* those for whom there may be something to do */
    unsigned long events;  /* grows whenever a byte moved or a program ended */
};

struct stage *the_stage(void);

/* Serves everything that is ready; waits at most timeout_ms for the first event. */
void stage_serve(int timeout_ms);

enum { DEADLINE_MS = 20 * 1000 }; /* of a wait; the last resort, which wrong programs reach */

/*
 * Serves until done(context). If it cannot come true any more (see still.h) or the deadline
 * passed, the step fails with `expected`; `came` (may be NULL) tells what was seen instead.
 */
void stage_wait(bool (*done)(void *), void *context, const char *expected,
                const char *(*came)(void *));

/* The same with a deadline of its own. That it has passed shows a second later: time in which
 * programs wait for a processor or for the kernel, up to 90 s, is not counted. */
void stage_wait_within(long long limit_ms, bool (*done)(void *), void *context,
                       const char *expected, const char *(*came)(void *));

/* Lets what still runs come to rest, for a moment: how the programs stand and what they called
 * last is then no matter of chance. */
void stage_settle(void);

/* Starts a tool of the system as confined as a program, but not on stage: the caller reads its
 * `output` and collects it. */
struct program *launch_tool(const char *path, char *const argv[]);

/* Ends every process that the step started, and collects it. */
void stage_clear(void);

/* Takes note of a program's end if it has ended; does not wait. */
void program_collect(struct program *program);

/* How a program stands, for a failure: "timeserver ended with exit code 1", "... waits in
 * accept(3)". NULL if there is nothing to say. */
const char *program_standing(struct program *program);

/* Where the student's build for ThreadSanitizer is, NULL if there is none. */
const char *watched_build(const char *name);

/* Fails the step if a sanitizer wrote a report on this program's standard error. */
void program_check_sanitizer(struct program *program);

#endif

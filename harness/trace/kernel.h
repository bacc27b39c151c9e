/*
 * kernel.h - inside the drawing of `make trace`: the small model of a kernel that plays a story.
 *
 * It knows only what the recorded calls tell, so it is a picture, not an authority: a program that
 * hides a call from the probe makes it miss something, never crash.
 */
#ifndef PLUMBLINE_TRACE_KERNEL_H
#define PLUMBLINE_TRACE_KERNEL_H

#include "trace.h"

#include <stdio.h>

enum { MOST_FDS = 1100 };

enum object_kind { STREAM_SOCKET, DATAGRAM_SOCKET, PIPE, FILE_, QUEUE, EPOLL, STANDARD, OTHER };

enum state { FRESH, BOUND, LISTEN, SYN_SENT, ESTABLISHED, CLOSED };

struct letter {         /* a datagram or message that waits */
    long long priority; /* or type */
    struct data data;
    struct object *from; /* the socket that sent it, NULL: not known */
    int moment;          /* in which it was sent */
    struct letter *next;
};

struct object { /* what descriptors lead to */
    enum object_kind kind;
    int number;           /* "socket 2" */
    int refs;             /* descriptors; of a pipe: both ends */
    int readers, writers; /* of a pipe */
    int domain;
    enum state state;
    const char *name; /* a path, a queue's name, "standard input" */
    const char *local, *peer;
    struct object *other; /* the socket at the other end, NULL: not in the story */
    struct object *door;  /* whose queue it waits in, NULL: none */
    int backlog, queued;
    bool sent_end, got_end; /* FIN */
    bool ended_first;       /* so that TIME-WAIT is its lot */
    bool reset;
    bool system_v;     /* a queue without a descriptor */
    bool removed;      /* a queue whose name is gone */
    long long waiting; /* bytes to be read */
    struct letter *letters;
    int *flying; /* moments whose arrows end where this is read next */
    int flights;
    struct object *next;
};

struct descriptor {
    struct object *object; /* NULL: free */
    char end;              /* 'r' or 'w' of a pipe, 'b' both */
    bool close_on_exec;
};

struct process {
    int pid, program, lane;
    bool alive;
    struct descriptor fd[MOST_FDS];
};

struct kernel {
    struct trace *trace;
    int moment; /* that is being played */
    struct process **process;
    int processes;
    struct object *objects, **tail;
    int numbers[OTHER + 1]; /* names given so far */
    struct object *standard[64][3];
};

/* --- objects.c: descriptors, and what becomes of things without them --- */

struct object *make_object(struct kernel *kernel, enum object_kind kind);
struct descriptor *descriptor_at(struct process *process, long long fd); /* NULL: no such */
struct object *object_at(struct process *process, long long fd);         /* NULL: not known */
void give(struct kernel *kernel, struct process *process, long long fd, struct object *object,
          char end);
void drop(struct kernel *kernel, struct process *process, long long fd);
struct process *process_of_event(struct kernel *kernel, const struct event *event);
struct process *process_with_pid(struct kernel *kernel, long long pid);
struct process *make_process(struct kernel *kernel, int pid, int program, int lane);
void copy_descriptors(struct process *from, struct process *to);
void end_process(struct kernel *kernel, struct process *process);

/* The moment's arrow flies to whoever reads this object next. */
void fly(struct kernel *kernel, struct object *to, enum arrow_kind kind, const char *label);
/* Here they land: this lane has read. An end of file lands only with `at_end`. */
void land(struct kernel *kernel, struct object *object, int lane, bool at_end);
int writer_of(struct kernel *kernel, const struct object *pipe, int but);

/* --- sockets.c --- */

void play_socket_call(struct kernel *kernel, struct process *process, const struct event *event);
void close_socket(struct kernel *kernel, struct object *object);

/* --- state.c: what a page shows --- */

/* The states now, as entries of the trace's pool, ended by -1. */
const int *process_states(struct kernel *kernel);
const int *object_states(struct kernel *kernel);

/* Text for JSON inside a <script> of a page. */
void put_script_text(FILE *out, const char *string);

#endif

/*
 * trace.h - inside the drawing of `make trace`: what happened in a story, and what is made of it.
 *
 * The judge writes a trace, a text file (../judge/story.c tells its form). read.c takes it in as
 * events; printed.c finds out how output came about; order.c makes moments of them, puts them in an
 * order in which causes come before what they cause, and gives each thread a lane; kernel.c plays
 * the moments and keeps for each one how descriptors, sockets, pipes and queues stood then. What
 * comes of that is drawn by terminal.c, svg.c and page.c. All strings and arrays live as long as
 * the program.
 */
#ifndef PLUMBLINE_TRACE_H
#define PLUMBLINE_TRACE_H

#include <stdbool.h>
#include <stddef.h>

enum { ARGUMENTS = 5 };

enum event_kind {
    CALL,      /* a thread made a call */
    SCENE,     /* the story says what comes next */
    START,     /* a process began to run a program file */
    SAID,      /* a program's output reached the test */
    FED,       /* the test wrote to a program's standard input */
    INPUT_END, /* ... or closed it */
    END,       /* a program's first process ended */
};

struct data { /* bytes of any content; `whole` may be more than was kept */
    const char *at;
    size_t length, whole;
};

struct event {
    enum event_kind kind;
    int program; /* which one of the story, from 0; -1: none */
    int process, thread;
    long long at, end;       /* nanoseconds; a call that did not return has no end: 0 */
    const struct call *call; /* with CALL: its entry in the table */
    long long argument[ARGUMENTS];
    long long result;    /* of a call; the wait status with END; the stream with SAID */
    const char *error;   /* "EPIPE" if the call failed, else NULL */
    const char *address; /* that was given or came back: "127.0.0.1:80"; NULL: none */
    const char *local;   /* of the socket, where the judge knows it; NULL: not */
    struct data data;
    const char *file; /* the caller's source file, NULL: not known */
    int line;
    const char *text;           /* of a SCENE; the command line of a start */
    const struct data *printed; /* what left the program by this call of stdio; NULL: nothing */
    bool hidden;                /* another call of stdio tells it */
};

struct program { /* that the story started */
    const char *name;
    const char *arguments;
    const char *build; /* "student" or "reference" */
};

enum phase { WHOLE, BEGINS, RETURNS }; /* a call that waits makes two moments */

struct lane { /* the life of one thread, a line in the picture */
    int program, process, thread;
    const char *name, *arguments; /* as the head of the line has them */
    int parent;                   /* lane that made it, -1: the story */
    int column;                   /* where it is drawn; one may follow the other in it */
    int first, last;              /* its moments */
    bool ended;                   /* the process has ended with its last moment */
    bool helper;                  /* a thread of a process that has another lane */
    int images;                   /* programs that it began to run */
};

enum arrow_kind { NO_ARROW, DATA_ARROW, HAND_ARROW, FIN_ARROW, BIRTH_ARROW };

struct moment {
    const struct event *event;
    enum phase phase;
    int lane;         /* -1: the whole stage (a scene) */
    const char *text; /* "accept(3) = 4" */
    const char *note; /* beside it: what was read, why it failed; NULL: nothing */
    bool failed;      /* the call did */
    enum arrow_kind arrow;
    int from;             /* lane that the arrow leaves; its own, but for what stdio wrote */
    int to;               /* lane that the arrow reaches, -1: nobody yet */
    const char *label;    /* on the arrow */
    const int *processes; /* entries of `pool` after this moment, ended by -1 */
    const int *objects;   /* likewise */
};

struct trace {
    const char *lab, *title, *tree;
    const char *verdict;         /* "pass", or how the story was cut short */
    const char *expected, *came; /* then; NULL otherwise */
    struct program *program;
    int programs;
    struct event *event;
    int events;
    struct lane *lane;
    int lanes, columns;
    struct moment *moment;
    int moments;
    int dropped;       /* calls that are not drawn: too many */
    const char **pool; /* states of processes and objects as JSON, each once */
    int pooled;
};

/* Reads the file. Returns 0, or -1 after saying on standard error what is wrong. */
int read_trace(struct trace *trace, const char *path);

/* Finds the calls by which output left the programs: sets `printed` and `hidden` of events. */
void find_printers(struct trace *trace);
bool is_print(const struct event *event); /* a call of printf() and its like */

/* Fills in lanes and moments, all but what the kernel knows. */
void order_moments(struct trace *trace);

/* Plays the moments: fills in arrows and states. */
void play_kernel(struct trace *trace);

/* True if the moment's lane is in a call that began before and has not returned yet. */
bool waits_at(const struct trace *trace, int lane, int moment);

/* Grows an array by doubling; returns its new place. */
void *room_for(void *array, int count, size_t size);

#endif

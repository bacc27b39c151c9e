/*
 * ledger.h - who held which descriptor, worked out from a transcript: what each one was, and what
 * is still open in whom.
 *
 * It is a reckoning, not the truth: calls that the probe did not see (in the middle of a long run,
 * through stdio, by raw system calls) are missing from it.
 */
#ifndef PLUMBLINE_LEDGER_H
#define PLUMBLINE_LEDGER_H

#include "transcript.h"

enum object_kind {
    SOCKET,     /* neither listens nor is connected */
    LISTENER,   /* a listening socket */
    ACCEPTED,   /* the connection of client `number` */
    CONNECTED,  /* a connection that the program made */
    PIPE_READ,  /* the ends of pipe `number` */
    PIPE_WRITE, /* */
    PAIR,       /* an end of a socketpair */
    OPENED,     /* `path` */
    QUEUE,      /* the POSIX queue `path` */
    STANDARD,   /* what the test gave as descriptor `number` */
};

struct object {
    enum object_kind kind;
    int number;
    bool datagram;
    const char *path;
    const char *peer; /* of a pipe's end: the program at the other one, once that is known */
};

struct holding { /* one descriptor of one process */
    pid_t process;
    int fd;
    int object; /* index */
    bool closes_on_exec;
    bool executed; /* the process runs another image by now */
};

struct ledger {
    struct object *object;
    int objects;
    struct holding *holding; /* as at the end of the transcript */
    int holdings;
    int *of; /* for each record: the object that its first argument stood for, or -1 */
    int clients, pipes;
};

struct ledger *ledger_of(const struct transcript *transcript);

/* "client 2's connection", "the write end of the pipe to wc"; NULL if there is nothing to say. */
const char *object_name(const struct ledger *ledger, int object);

/* The path that a call was given. Of one into the step's own folder, or one whose beginning was not
 * recorded, the last part. */
const char *path_given(const struct probe_record *record);

/* The object behind a process's descriptor at the end, or -1. */
int object_held(const struct ledger *ledger, pid_t process, int fd);

#endif

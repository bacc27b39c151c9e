/*
 * sandbox.h - inside the autograder: shuts in what unpacks, compiles and runs a submission.
 *
 * bubblewrap does it: namespaces of its own for everything, a system that is read-only, nothing of
 * the home, the checkout or other submissions, an empty environment, sized folders in memory.
 * Limits of time, memory and file size are set here. When grade runs as root, the sandbox runs as
 * nobody. With UNSEALED=yes commands run as they are, and paths inside are replaced by those
 * outside.
 */
#ifndef PLUMBLINE_SANDBOX_H
#define PLUMBLINE_SANDBOX_H

#include "grader.h"

enum { USUAL_FILE_MIB = 300 };

struct sandbox {
    const char *words[64];     /* the command and its arguments */
    const char *settings[32];  /* NAME, VALUE, ... of the environment */
    const char *read_only[24]; /* PATH OUTSIDE, PATH INSIDE, ...: bound read-only */
    const char *writable[6];   /* the same, bound for writing */
    const char *folders[8];    /* empty folders in memory */
    const char *outside[8];    /* PATH INSIDE, PATH OUTSIDE, ...: for the way without a sandbox */
    int input;                 /* standard input, -1: none */
    int output;                /* standard output, -1: none */
    int records;               /* comes in as descriptor 3, -1: none */
    const char *log;           /* file for standard error */
    int memory_mib;            /* of address space, 0: no limit */
    int file_mib;              /* of one file, 0: no limit */
    int cpu_seconds;           /* of processor time for each process, 0: the usual limit */
    int seconds;               /* by the clock; the sandbox is killed when it is over */
};

/* Says in a word why submissions cannot be shut in here, NULL if they can. */
const char *sandbox_problem(const struct grader *grader);

/* Runs a command in a sandbox to its end. Returns its exit code, 128 + the signal that killed it,
 * or -1 with errno (ETIME: its time was over). */
int sandbox_run(const struct grader *grader, const struct sandbox *sandbox);

/* The first line that something wrote into a log, for a message; what is likely if nothing did. */
const char *sandbox_said(const char *log);

/* The calling process is to be killed when its parent dies, or at once if that has happened. */
void die_with(pid_t parent);

/* The user and group that submissions are handled as: nobody if grade runs as root. */
void sandbox_user(uid_t *user, gid_t *group);

#endif

/*
 * box.h - inside the runner: a step's test process, shut in as well as this machine allows.
 *
 * Sealed: user, mount, network, IPC and PID namespaces of its own; all that it started dies with
 * it. Cooperative: a process that collects orphans and ends them when the step is over.
 */
#ifndef PLUMBLINE_BOX_H
#define PLUMBLINE_BOX_H

#include <stdbool.h>
#include <sys/types.h>

enum tier { SEALED, COOPERATIVE };

/* Tries whether sealed boxes work here; *why_not says what is refused if they do not. */
bool box_can_seal(const char **why_not);

struct box {
    const char *name;    /* unique in this run: "04-accept-3" */
    const char *build;   /* folder that must be seen inside, absolute */
    const char *home;    /* folder of this box below BUILD/scratch; holds the following three */
    const char *scratch; /* folder that the step may fill, empty at first */
    const char *log;     /* file for what the test process itself prints */
    const char *verdict; /* path of the FIFO for the verdict */
    char *const *argv;   /* the test process */
    char *const *environment;
    enum tier tier; /* how it was started */
    int verdict_fd; /* our end of the FIFO */
    pid_t pid;      /* the box's outermost process */
};

/* Makes scratch folder and FIFO and starts the test process. Returns 0, or -1 with errno. */
int box_start(struct box *box, enum tier tier);

/* Ends all that is in the box. Its process still has to be collected. */
void box_kill(const struct box *box);

/* After its process was collected: closes and removes what box_start() made. */
void box_clear(struct box *box);

const char *tier_name(enum tier tier);

#endif

/*
 * course.h - inside the runner: labs, their steps, and how each step went.
 *
 * A lab is found, never listed: it is a folder NN-name under tests/ whose steps were built; all
 * that the runner knows of it stands in steps/NN-name.list in the build folder. All strings live
 * as long as the run.
 */
#ifndef PLUMBLINE_COURSE_H
#define PLUMBLINE_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum status { UNTRIED, PASS, FAIL, BLOCKED, LIMIT, ERROR };

enum {
    HINTS = 3,
    MOST_STEPS = 16,
    MOST_PROGRAMS = 8,
    MOST_STANDINGS = 4,
    MOST_CALLS = 8,
    MOST_LABS = 64
};

struct outcome {
    enum status status;
    const char *tried;                    /* what the step did; these may be NULL */
    const char *expected;                 /* what should have come */
    const char *came;                     /* what came instead; for ERROR: what could not be done */
    const char *cause;                    /* the usual cause */
    const char *standing[MOST_STANDINGS]; /* how each program stood or ended */
    const char *call[MOST_CALLS];         /* the program's calls that led there, a line each */
    const char *remark;                   /* what could not be judged here; may be NULL */
    const char *ran[MOST_PROGRAMS];       /* the programs of the tree that a passed step ran */
    bool kept;                            /* from the last check (keep.h), not performed anew */
    double seconds;
};

struct step {
    int number;
    const char *title;
    int points;
    int after;       /* the step it builds on, 0: none */
    const char *see; /* heading in the handout */
    const char *hint[HINTS];
    const char *by_hand; /* may be NULL */
    struct outcome outcome;
};

struct lab {
    const char *name; /* "04-accept" */
    struct step step[MOST_STEPS];
    int steps;
    const char *program[MOST_PROGRAMS]; /* "timeserver", ... */
    int programs;
    const char *story;                  /* title of what `make trace` plays, NULL: none */
    const char *watched[MOST_PROGRAMS]; /* those that a step wants built for ThreadSanitizer, too */
    int watched_count;
    const char *key[MOST_PROGRAMS]; /* tells what each program was built from (keep.h) ... */
    const char *ground;             /* ... and what else the verdicts depend on */
};

struct course {
    const char *build; /* folder for all that is built, absolute */
    const char *tree;  /* the tree to grade, as the user wrote it: "labs" */
    bool own_tree;     /* it is this checkout's labs/ */
    const char *trace; /* file in which a story is noted down, NULL: graded steps are performed */
    struct lab *lab;
    int labs;
    bool partial;  /* not all steps of the lab are to be graded */
    pid_t builder; /* builds the programs while steps run, 0: all are built (compile.h) */
};

/*
 * Finds the labs: all, or those whose name is `only` or begins with it and a dash ("04"). With
 * `tree` other than labs/, those that the tree holds. Returns 0, or -1 after saying why on
 * standard error.
 */
int course_find(struct course *course, const char *only);

/* Keeps, of the only lab, the step of this number and those that it builds on. Returns 0, or -1
 * after saying why on standard error. */
int course_keep_step(struct course *course, const char *number);

int lab_score(const struct lab *lab);
int lab_points(const struct lab *lab);
bool course_passed(const struct course *course); /* every step of every lab passed */
bool course_judged(const struct course *course); /* no step is ERROR or UNTRIED */

const char *status_name(enum status status); /* as in result.json */

/* The first step that has not passed, or NULL. */
struct step *first_open_step(struct lab *lab);

/* One sentence or a few for result.json: what was tried, expected, came, and why. */
const char *outcome_message(const struct outcome *outcome);

#endif

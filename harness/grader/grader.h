/*
 * grader.h - inside the autograder: what all its parts share.
 *
 * grade (main.c) finds the submissions (submission.c), lets a process of its own grade each one
 * (worker.c: intake.c opens what was handed in, take.c picks the program files out of it, sandbox.c
 * shuts in what unpacks, compiles and runs them), writes what comes back into the journal
 * (journal.c), and makes everything that people read out of the journal (publish.c, feedback.c,
 * report.c, grades.c).
 */
#ifndef PLUMBLINE_GRADER_H
#define PLUMBLINE_GRADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { MOST_LABS = 64, MOST_PROGRAMS = 8, MOST_FILE = 1 << 20 /* bytes of one source file */ };

struct lab {
    const char *name; /* "04-accept" */
    const char *program[MOST_PROGRAMS];
    int programs;
    int points;
    int steps;
    bool wanted;             /* it is graded in this run */
    unsigned long long hash; /* of all that judges it: harness/grade makes a key of it */
};

struct submission {
    const char *id;     /* names its results; safe as a file's name */
    const char *called; /* the ID as it was handed in, in UTF-8 */
    const char *name;   /* of the person, "" if unknown */
    /* folders, archives and .c files, the one that counts most last, ended by NULL; NULL: nothing
     * was handed in */
    const char **parts;
    const char *note; /* what was odd about it, or NULL */
};

struct grader {
    const char *submissions; /* folder with what was handed in */
    const char *out;         /* folder for the results */
    const char *build;       /* the checkout's build folder */
    const char *kit;         /* what the sandbox sees of it */
    const char *work;        /* folder for what is being graded now */
    const char *hidden;      /* steps that no student sees: "04:6 05:2", or NULL */
    bool sealed;             /* false: UNSEALED=yes was said */
    int jobs;
    struct lab lab[MOST_LABS];
    int labs;
    struct submission *submission;
    size_t submissions_count;
    const char **left_out; /* names in the folder of submissions that are nobody's */
    size_t left_out_count;
    struct journal *journal;
};

/* True if this step appears in no student's output. */
bool is_hidden(const struct grader *grader, const char *lab, int step);

/* The lab of this name, or NULL. */
struct lab *lab_named(struct grader *grader, const char *name);

#endif

/*
 * intake.h - inside the autograder: from what a person handed in to a tree of programs.
 */
#ifndef PLUMBLINE_INTAKE_H
#define PLUMBLINE_INTAKE_H

#include "grader.h"
#include "notes.h"

struct intake {
    const struct grader *grader;
    const struct submission *submission;
    const char *folder; /* to work in */
    const char *tree;   /* that gets the programs */
    struct notes notes;
    int archives, files; /* taken so far */
    const char *trouble; /* why it could not be taken, for reasons that are not the student's */
};

/* Takes all parts together: a program of a later part goes before one of an earlier. What cannot be
 * taken is noted. Returns 0, or -1 with `trouble`. */
int intake_run(struct intake *intake);

#endif

/*
 * grade.h - inside the runner: from a course to its outcomes.
 */
#ifndef PLUMBLINE_GRADE_H
#define PLUMBLINE_GRADE_H

#include "box.h"
#include "course.h"

/* A setting from the environment; NULL if it is not set or empty. */
const char *setting(const char *name);

/*
 * Which tier it is going to be: sealed where that works, unless $TIER says otherwise; *why_not
 * says why it is not sealed. Returns 0, or -1 after saying on standard error what is wrong.
 */
int choose_tier(enum tier *tier, const char **why_not);

/*
 * Builds and performs everything, and fills in the outcomes; lab_done (may be NULL) is called as
 * each lab is finished. Returns 0, or -1 after saying on standard error why it could not be done.
 */
int grade(struct course *course, enum tier tier, void (*lab_done)(struct course *, struct lab *));

/* Makes sure that a lab's outcomes are known, from memory or by grading it; 0 or -1. */
int know_lab(struct course *course, struct lab *lab);

#endif

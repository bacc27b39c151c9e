/*
 * coach.h - inside the runner: next, hint and progress. Each returns the exit code.
 *
 * know_lab fills in how a lab's steps stand, from memory or by grading it; -1 if it can't.
 */
#ifndef PLUMBLINE_COACH_H
#define PLUMBLINE_COACH_H

#include "course.h"

int coach_next(struct course *course, int (*know_lab)(struct course *, struct lab *));
int coach_hint(struct course *course, const char *step,
               int (*know_lab)(struct course *, struct lab *));
int coach_progress(struct course *course, int (*know_lab)(struct course *, struct lab *));

#endif

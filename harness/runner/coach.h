/*
 * coach.h - inside the runner: next, hint and progress. Each returns the exit code: 0, or 2 after
 * saying on standard error what is wrong.
 */
#ifndef PLUMBLINE_COACH_H
#define PLUMBLINE_COACH_H

#include "course.h"

int coach_next(struct course *course);
int coach_hint(struct course *course); /* for step $STEP, or the first that has not passed */
int coach_progress(struct course *course);

/* Prints the next hint for this step, one strength more than the last time. */
void coach_give_hint(const struct course *course, const struct lab *lab, const struct step *step);

#endif

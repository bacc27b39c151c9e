/*
 * keep.h - inside the runner: verdicts that are kept from one check of a lab to the next.
 *
 * After an edit, a step that passed in the last check and ran none of the programs that have
 * changed since keeps its verdict, so that a student waits only for what the edit can have changed.
 * All else is performed: steps that did not pass, steps with a remark, and every step of a lab in
 * which no program has changed (to check again is to check everything), or where anything else is
 * not as it was: the step's own test, the harness, the references, the compiler, the settings.
 */
#ifndef PLUMBLINE_KEEP_H
#define PLUMBLINE_KEEP_H

#include "box.h"
#include "course.h"

/* Fills in the outcomes that are kept, before anything is built or performed. */
void keep_verdicts(struct course *course, enum tier tier);

/* Notes what the next check may keep; that it cannot be noted is no failure. Wants each lab's
 * `ground` and `key` as keep_verdicts() found them, for a file can be saved during a check. */
void note_verdicts(const struct course *course);

#endif

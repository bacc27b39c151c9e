/*
 * progress.h - inside the autograder: how far it is.
 */
#ifndef PLUMBLINE_PROGRESS_H
#define PLUMBLINE_PROGRESS_H

#include "grader.h"

enum { PROGRESS_MS = 500 }; /* between two looks at the clock */

struct progress {
    size_t done, all, fresh, errors;
    long long started_ms;
    bool on_terminal;
};

void progress_begin(struct progress *progress, size_t all);

/* One more is done; `fresh`: it was graded now, not known before. */
void progress_step(struct progress *progress, const struct grader *grader, size_t submission,
                   bool fresh);

/* Brings the line on a terminal up to date. */
void progress_tick(const struct progress *progress);
void progress_end(const struct progress *progress);

#endif

/*
 * pool.h - inside the autograder: workers side by side, one writer, progress.
 */
#ifndef PLUMBLINE_POOL_H
#define PLUMBLINE_POOL_H

#include "grader.h"

/*
 * Grades every submission, grader->jobs at a time, and publishes each person's results as they
 * come. A submission that could not be graded is tried again, a bounded number of times; then its
 * verdict is `error`. Returns 0, or -1 after saying on standard error why it stopped (interrupted,
 * or the disk is full): what is in the journal by then is not lost.
 */
int pool_run(struct grader *grader);

#endif

/*
 * worker.h - inside the autograder: grades one submission, in a process of its own.
 */
#ifndef PLUMBLINE_WORKER_H
#define PLUMBLINE_WORKER_H

#include "grader.h"

/*
 * Takes the program files out of the submission, and grades the labs whose verdict is not in the
 * journal yet. Writes their blocks (journal.h, without checksums) to the descriptor `out`. `number`
 * names the folder below grader->work that it fills and removes. Returns 0, or 1 after a line
 * on the descriptor that says what the trouble was (`trouble=...`).
 */
int work_on(const struct grader *grader, const struct submission *submission, size_t number,
            int out);

/* Blocks that say `error` for every wanted lab, for a submission that could not be graded. */
void write_errors(const struct grader *grader, const struct submission *submission,
                  const char *trouble, int out);

#endif

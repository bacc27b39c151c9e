/*
 * causes.h - from what the calls show to what usually causes it.
 *
 * A step names the usual cause of each expectation with suspect(). This table knows what no step
 * can know beforehand: which call, with which arguments, in which state. It speaks where the step
 * suspects nothing, and adds to what the step suspects where it is sure and the step says nothing
 * of it.
 */
#ifndef PLUMBLINE_CAUSES_H
#define PLUMBLINE_CAUSES_H

#include "calls.h"

struct symptom { /* what the failed expectation says */
    const char *expected, *came;
};

/* The cause, in a sentence or two, or NULL. `suspected` is what the step says, perhaps "". */
const char *cause_of(const struct account *account, const struct symptom *symptom,
                     const char *suspected);

#endif

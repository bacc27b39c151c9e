/*
 * similar.h - inside the autograder: which submissions are alike.
 */
#ifndef PLUMBLINE_SIMILAR_H
#define PLUMBLINE_SIMILAR_H

#include "grader.h"

/*
 * Compares the sources that were kept in OUT/sources, program by program, without the lines of the
 * skeletons in labs/, and writes OUT/similar.html: the pairs of which one is at least `percent`
 * alike the other. Needs sim_c. Returns 0, or -1 after saying why on standard error.
 */
int write_similar(const struct grader *grader, int percent);

#endif

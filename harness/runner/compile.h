/*
 * compile.h - inside the runner: builds students' and reference programs, only what changed.
 *
 * OUT/NAME is the program; OUT/NAME.problem says in words why there is none; OUT/NAME.warnings
 * holds what the compiler had to say about one that compiled; OUT/NAME.key describes what it was
 * built from and how.
 */
#ifndef PLUMBLINE_COMPILE_H
#define PLUMBLINE_COMPILE_H

#include "course.h"

/* The folder of a tree's builds: BUILD/labs, BUILD/solutions, BUILD/trees/HASH. */
const char *builds_of(const struct course *course, const char *tree);

/*
 * Builds the programs of all labs of the course, from the tree to grade and from solutions/,
 * `jobs` at a time. That a program does not compile is no error here. Returns 0, or -1 after
 * saying on standard error why nothing could be built (no compiler, a full disk).
 */
int compile_all(const struct course *course, int jobs);

#endif

/*
 * compile.h - inside the runner: builds students' and reference programs, only what changed.
 *
 * OUT/NAME is the program; OUT/NAME.problem says in words why there is none; OUT/NAME.warnings
 * holds what the compiler had to say about one that compiled; OUT/NAME.key describes what it was
 * built from and how. OUT/NAME.threads is a second build, for ThreadSanitizer, of a program that a
 * step wants to watch so; there is none where the compiler or this machine cannot have it.
 */
#ifndef PLUMBLINE_COMPILE_H
#define PLUMBLINE_COMPILE_H

#include "course.h"

/* The folder of a tree's builds: BUILD/labs, BUILD/solutions, BUILD/trees/HASH. */
const char *builds_of(const struct course *course, const char *tree);

/* A line that is another one when the file has changed: its path, size and time. */
const char *stamp_of(const char *path);

/* The stamps of a C file and of the files beside it that it includes. */
const char *stamps_of_source(const char *source);

/*
 * Begins to build the programs of all labs of the course, from the tree to grade and from
 * solutions/, `jobs` at a time, in a process of its own (course->builder): meanwhile steps can
 * start, and wait where they need a program, as long as OUT/NAME.building is locked. That a program
 * does not compile is no error here. Returns 0, or -1 after saying on standard error why nothing
 * can be built (no compiler, a full disk).
 */
int compile_start(struct course *course, int jobs);

/* Waits until all is built, if something is being built. Returns 0, or -1 with ECANCELED after
 * saying that the builder was ended by force. */
int compile_finish(struct course *course);

/* Ends it before its time, if it runs. */
void compile_abandon(struct course *course);

#endif

/*
 * story.h - inside the judge: notes down what happens in a story, for the drawing of `make trace`.
 *
 * Nothing of this runs in a graded step: without $PLUMBLINE_TRACE every function returns at once.
 */
#ifndef PLUMBLINE_STORY_H
#define PLUMBLINE_STORY_H

#include "step.h"

struct program;

/* The clock of the notes, in nanoseconds; the probe's as well. */
long long story_time(void);

/* What comes next. */
void story_scene(const char *words);

/* The program began at that time. */
void story_started(const struct program *program, long long at);

/* These bytes came from its standard output (1) or error (2). */
void story_said(const struct program *program, int stream, struct bytes bytes);

/* These bytes went to its standard input at that time; it is closed now. */
void story_fed(const struct program *program, struct bytes bytes, long long at);
void story_input_ended(const struct program *program);

/* It has ended with program->status. */
void story_ended(const struct program *program);

/* Writes the trace: the notes, and the calls of all programs. `verdict` is the story's own. */
void story_write(const char *verdict, const char *expected, const char *came);

#endif

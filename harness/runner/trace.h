/*
 * trace.h - inside the runner: plays a lab's story and has it drawn.
 */
#ifndef PLUMBLINE_TRACE_COMMAND_H
#define PLUMBLINE_TRACE_COMMAND_H

#include "course.h"

/* Plays the story of the one lab of the course. Returns the exit code: 0 when it went to its end, 1
 * when a program cut it short, 2 if it could not be played or drawn. */
int trace(struct course *course);

#endif

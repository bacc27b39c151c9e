/*
 * watch.h - inside the runner: grades again on every save.
 */
#ifndef PLUMBLINE_WATCH_H
#define PLUMBLINE_WATCH_H

#include "course.h"

/* Watches the labs' files until `q`, the end of standard input, or a signal. Returns the exit
 * code: 0 when it was told to end, 2 if it could not be done. */
int watch(struct course *course);

#endif

/*
 * schedule.h - inside the runner: performs the steps of all labs, side by side where they are
 * independent of each other.
 */
#ifndef PLUMBLINE_SCHEDULE_H
#define PLUMBLINE_SCHEDULE_H

#include "box.h"
#include "course.h"

/*
 * Performs every step, `jobs` at a time, and fills in the outcomes; calls lab_done (may be NULL)
 * for each lab as it is finished, in the order of the labs. Returns 0, or -1 with errno if it was
 * interrupted (EINTR) or could not go on.
 */
int schedule_run(struct course *course, enum tier tier, int jobs,
                 void (*lab_done)(struct course *, struct lab *));

#endif

/*
 * report.h - inside the runner: what the user sees of a check.
 */
#ifndef PLUMBLINE_REPORT_H
#define PLUMBLINE_REPORT_H

#include "course.h"

/* Finds out what the terminal can show: color (NO_COLOR is obeyed), UTF-8 or ASCII. */
void report_set_up(void);

/* One lab: its steps a line each, its score, warnings of the compiler. */
void report_lab(struct course *course, struct lab *lab);

/* The first step that failed, in full. */
void report_failure(const struct course *course, struct lab *lab, const struct step *step);

/* The first open step of the first lab that has one, in full. */
void report_first_failure(struct course *course);

/* All labs as bars. */
void report_progress(const struct course *course);

/* Where the student goes on: "labs/04-accept/timeserver.c:41"; NULL if no TODO is left there. */
const char *place_of_step(const struct course *course, const struct lab *lab,
                          const struct step *step);

#endif

/*
 * publish.h - inside the autograder: what people read, made out of the journal.
 */
#ifndef PLUMBLINE_PUBLISH_H
#define PLUMBLINE_PUBLISH_H

#include "grader.h"
#include "record.h"

#include <stdio.h>

/* Writes OUT/results/ID.json and OUT/feedback/ID.html. Returns 0, or -1 with errno. */
int publish_person(const struct grader *grader, const struct submission *submission);

/* Writes OUT/grades.csv and OUT/report.html. Returns 0, or -1 with errno. */
int publish_class(const struct grader *grader);

/* --- the parts --- */

int write_feedback(const struct grader *grader, const struct submission *submission);
int write_grades(const struct grader *grader);
int write_report(const struct grader *grader);
void put_persons(FILE *out, const struct grader *grader); /* of the report */

/* Calls visit for each record of a person's verdict on a lab, in order; the last one is the
 * block's `done`. Returns how many steps, or -1 if there is no verdict. */
int visit_block(const struct grader *grader, const char *id, const char *lab,
                void (*visit)(const struct record *record, void *context), void *context);

/* Writes the file whole or not at all, synced to the disk; one that holds this already is left
 * alone. Returns 0, or -1 with errno. */
int write_synced_file(const char *path, const char *content, size_t length);

#endif

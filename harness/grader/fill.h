/*
 * fill.h - inside the autograder: grades into the table that a course platform exported.
 */
#ifndef PLUMBLINE_FILL_H
#define PLUMBLINE_FILL_H

/*
 * Writes the exported table to standard output, with the grades of OUT/grades.csv in its columns;
 * what goes where is told in fill.c. `columns`: COLUMN=LAB in words, ended by NULL. Returns the
 * exit code: 0; 1 if some grade has no place in the table, or is `error`; 2 if it could not be
 * done, which standard error explains.
 */
int fill_table(const char *platform, const char *out, const char *table, char *columns[]);

#endif

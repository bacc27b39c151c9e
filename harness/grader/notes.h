/*
 * notes.h - inside the autograder: what was odd about a submission, a line each.
 */
#ifndef PLUMBLINE_NOTES_H
#define PLUMBLINE_NOTES_H

enum { MOST_NOTES = 20, MOST_NOTE = 400 /* bytes of one */ };

struct notes {
    const char *first; /* stands before the others, or NULL */
    const char *line[MOST_NOTES];
    int count;
    int more; /* were not kept: a folder may be odd in 20,000 ways */
};

/* Adds a note, its middle left out if it is long, unless it is there already. Beyond the most they
 * are only counted. */
void note(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds each line of a text. */
void note_lines(struct notes *notes, const char *lines);

/* All of them, each with its newline, and how many more there were. */
const char *notes_text(const struct notes *notes);

#endif

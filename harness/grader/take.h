/*
 * take.h - inside the autograder: picks the labs' program files out of what a student handed in.
 */
#ifndef PLUMBLINE_TAKE_H
#define PLUMBLINE_TAKE_H

#include "grader.h"

#include "notes.h"

#include <stdio.h>

struct archives { /* found on the way */
    const char **path;
    int count;
};

/*
 * Walks through a folder that may hold anything. A file belongs to a lab's program if it is a
 * regular file called PROGRAM.c; of several, the one in a folder NN-name wins, then the one nearest
 * to the top. Links are never followed. Each found file is written to `out` as a line
 * `NN-name/PROGRAM.c SIZE` and its bytes. What was odd goes to `notes`; archives, which are not
 * opened, to `archives`, in the order of their names, if it is not NULL. Returns 0, or -1 with
 * errno.
 */
int take_files(const struct grader *grader, const char *folder, FILE *out, struct notes *notes,
               struct archives *archives);

/* Writes notes into such a stream, as `notes SIZE` and their lines. */
void send_notes(const struct notes *notes, FILE *out);

/* Reads such a stream, of what was found in `part`, and makes the files below `tree`, in place of
 * earlier ones; that they were others is noted. Returns how many, or -1 with errno: EPROTO if it is
 * not such a stream. */
int put_files(const struct grader *grader, FILE *in, const char *tree, const char *part,
              struct notes *notes);

#endif

/*
 * journal.h - inside the autograder: every verdict that was ever reached, append-only.
 *
 * OUT/journal is a text file, a record a line (record.h), each behind a checksum of its own. The
 * verdict on one lab of one submission is a block: one record a step, then one with `done=N`, the
 * number of steps. A block is written with one call and synced; what a crash leaves half written is
 * cut off when the journal is opened again, and was never part of a result. A block's key is a hash
 * of all that went into the verdict: while it is the same, the verdict stands.
 */
#ifndef PLUMBLINE_JOURNAL_H
#define PLUMBLINE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

struct block { /* the last complete verdict on one lab of one person */
    unsigned long long who, key;
    long long offset; /* in the file */
    unsigned length;
    int points;
    bool error; /* a step could not be judged */
};

struct journal;

/* Opens or makes the journal in folder `out` and locks it. NULL with errno: EWOULDBLOCK if another
 * grader works there. *damaged becomes the number of lines that were not whole. */
struct journal *journal_open(const char *out, int *damaged);
void journal_close(struct journal *journal);

/* The verdict on that lab of that person, NULL if there is none. */
const struct block *journal_find(const struct journal *journal, const char *id, const char *lab);

/* Adds whole blocks; lines without checksums, each with its newline. Returns 0 when they are safe
 * on the disk, or -1 with errno: then the file is as it was before. */
int journal_append(struct journal *journal, const char *lines, size_t length);

/* The lines of a block without their checksums, to be freed; NULL with errno. */
char *journal_read(const struct journal *journal, const struct block *block);

/* Adds the blocks of another folder's journal that this one has not got: the same block any number
 * of times makes no difference. Returns how many were new, or -1 with errno. */
int journal_merge(struct journal *journal, const char *other);

#endif

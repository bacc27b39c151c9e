/*
 * submission.h - inside the autograder: who handed in what, from the names that platforms give.
 */
#ifndef PLUMBLINE_SUBMISSION_H
#define PLUMBLINE_SUBMISSION_H

#include "grader.h"

/* What a platform's name for a file or folder says. */
struct label {
    char id[768];       /* of the person, canonical() */
    char name[256];     /* of the person, or "" */
    char original[256]; /* the name that the file had, or "" for a folder */
    long long attempt;  /* Canvas: the file's number; the larger, the later */
    bool by_platform;   /* a platform gave it this name */
    bool is_text;       /* Moodle: what was typed into a page, beside the files */
};

/*
 * Reads a name as Moodle (`Name_ID_assignsubmission_file_`), Canvas (`name_ID_FILEID_file.ext`,
 * with `_LATE_` or a `-2` for a second attempt; it has no folders), Gradescope (`submission_ID`)
 * or, failing these, as the person's ID itself with an archive's ending cut off.
 */
void label_read(const char *name, bool is_folder, struct label *label);

/* Makes an ID that is safe as a file's name; different IDs stay different, but for the way in which
 * their letters are written. */
void safe_id(const char *id, char *safe, size_t size);

/*
 * Fills in grader->submission from the entries of grader->submissions, sorted by ID, and from a
 * roster (a CSV with a column `id` and perhaps `name`, NULL: none): whoever is only there handed in
 * nothing. All entries of a person are parts of one submission. What is nobody's is told on
 * standard error. Returns 0, or -1 after saying why there.
 */
int find_submissions(struct grader *grader, const char *roster);

/* True if a name ends like an archive, be it one that we cannot unpack. */
bool is_archive(const char *name);

/* True if it ends with .c. */
bool is_source(const char *name);

#endif

/*
 * text.h - inside the runner: strings that live as long as the run.
 */
#ifndef PLUMBLINE_TEXT_H
#define PLUMBLINE_TEXT_H

#include <stddef.h>

/* Formats a string; ends the program with exit code 2 if memory is out. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A hash of the string (FNV-1a), to tell strings apart, not to protect anything. */
unsigned long long string_hash(const char *string);

/* The whole file with a NUL behind it, *length (may be NULL) its length; NULL with errno. */
char *read_whole(const char *path, size_t *length);

/* Writes the file through a temporary one, so that it is old or new but never half. Returns 0,
 * or -1 with errno. */
int write_whole(const char *path, const char *content, size_t length);

/* Makes the folder and those above it. Returns 0, or -1 with errno. */
int make_folders(const char *path);

/* Removes the folder and all below it, as far as it can be done. */
void remove_tree(const char *path);

#endif

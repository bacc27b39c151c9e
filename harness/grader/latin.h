/*
 * latin.h - inside the autograder: names, in whatever way their letters are written.
 */
#ifndef PLUMBLINE_LATIN_H
#define PLUMBLINE_LATIN_H

/* A copy of the string in UTF-8: as it is if it is UTF-8 already, otherwise taken for Windows-1252,
 * of which Latin-1 is a part. */
char *as_utf8(const char *string);

/* The same, and letters with a mark are one character, as Windows and Linux write them, not two, as
 * a Mac does: then equal names are equal strings. */
char *canonical(const char *string);

#endif

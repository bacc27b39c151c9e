/*
 * latin.h - inside the autograder: names that were not written in UTF-8.
 */
#ifndef PLUMBLINE_LATIN_H
#define PLUMBLINE_LATIN_H

/* A copy of the string in UTF-8: as it is if it is UTF-8 already, otherwise taken for Windows-1252,
 * of which Latin-1 is a part. */
char *as_utf8(const char *string);

#endif

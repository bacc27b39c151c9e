/*
 * page.h - inside the autograder: what its HTML pages have in common.
 */
#ifndef PLUMBLINE_PAGE_H
#define PLUMBLINE_PAGE_H

#include <stdio.h>

/* Begins a page that needs no other file; the title is escaped. */
void page_begin(FILE *out, const char *title);
void page_end(FILE *out);

/* A bar of `most` with `part` of it filled, as SVG with a text for those who do not see it. */
void page_bar(FILE *out, int part, int most, const char *words);

#endif

/*
 * similar_page.h - inside the autograder: OUT/similar.html.
 */
#ifndef PLUMBLINE_SIMILAR_PAGE_H
#define PLUMBLINE_SIMILAR_PAGE_H

#include "grader.h"

#include <stdio.h>

enum { MOST_RANGES = 64 };

struct source { /* what one person handed in */
    const char *id, *path;
};

struct pair {
    int file[2];    /* numbers of two sources */
    int percent[2]; /* how much of each is found in the other */
    struct range {
        int from[2], to[2]; /* lines, from 1, of either */
    } range[MOST_RANGES];   /* what is alike */
    int ranges;
};

struct alike { /* one program, as all of the class wrote it */
    const struct grader *grader;
    const struct lab *lab;
    const char *program;
    char **skeleton; /* its lines without blanks, sorted */
    size_t skeleton_lines;
    struct source *file;
    int files;
    struct pair *pair; /* the most alike first */
    int pairs;
    bool too_many; /* there were more candidates than are compared */
};

struct similar_page {
    const struct grader *grader;
    FILE *out;
    char *content;
    size_t length;
    int shown, found;
};

/* Return 0, or -1 after saying why on standard error. */
int similar_page_begin(struct similar_page *page, const struct grader *grader, int percent);
int similar_page_end(struct similar_page *page);

void similar_page_put(struct similar_page *page, const struct alike *alike);

#endif

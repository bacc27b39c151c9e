/*
 * svg_plan.h - where everything of the ladder's drawing stands, before it is drawn. In pixels.
 */
#ifndef PLUMBLINE_SVG_PLAN_H
#define PLUMBLINE_SVG_PLAN_H

#include "draw.h"

#include <stdbool.h>
#include <stdio.h>

enum { PAIR, ROW, LANES }; /* two columns; one, or several; narrow */

enum {
    RUNG = 24,
    HEAD = 52,
    FOOT = 44,
    BESIDE = 14, /* from a line to words */
    NUMBER = 30, /* for the number of a source line */
};

struct plan {
    const struct trace *trace;
    FILE *out;
    int kind, width, height;
    int *x, *side; /* of each column: its line, and the room for words beside it */
    int *top;      /* of each moment */
};

/* Measures a trace and places it. `out` is for who draws. */
struct plan make_plan(const struct trace *trace, enum breadth breadth, FILE *out);

/* Frees what make_plan() has taken. */
void free_plan(struct plan *plan);

/* The line of a thread, from the left. */
int lane_x(const struct plan *plan, int lane);

/* Where words stand, if they do not stand beside their own line. */
int words_x(const struct plan *plan);

/* How many characters fit beside the lines of a column. */
int words_room(const struct plan *plan, int column);

/* Where the words of a moment in a row end. */
int words_end(const struct plan *plan, const struct moment *moment);

/* What stands under the words of a moment where all words stand at the right, or NULL. */
const char *under_words(const struct moment *moment);

/* How many characters of a scene's title go on its next line, broken at a blank. */
int title_length(const struct plan *plan, const char *words);

/* True if a moment is drawn with an arrow. */
bool has_arrow(const struct moment *moment);

/* True if the arrow needs no line of its own: nothing stands between the lines of a pair, and in a
 * row it may begin behind the words. */
bool fits_beside(const struct plan *plan, const struct moment *moment);

/* How far the arrow of a moment stands below its words. */
int arrow_drop(const struct plan *plan, int index);

/* How high a moment is, with the heads of the threads that begin with it. */
int moment_height(const struct plan *plan, int index);

/* The middle of a moment's own line, from the top. */
int middle(const struct plan *plan, int index);

/* Where the name of a thread stands, from the top. */
int head_top(const struct plan *plan, int lane);

#endif

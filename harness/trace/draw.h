/*
 * draw.h - inside the drawing of `make trace`: the three pictures of a story.
 */
#ifndef PLUMBLINE_TRACE_DRAW_H
#define PLUMBLINE_TRACE_DRAW_H

#include "trace.h"

#include <stdio.h>

/* The ladder on standard output, as wide as the terminal. */
void draw_terminal(const struct trace *trace);

/* The ladder as SVG. WIDE is for slides and screens, NARROW for telephones; both hold a group of
 * class "rung" and attribute data-moment for each moment. */
enum breadth { WIDE, NARROW };
void draw_svg(const struct trace *trace, enum breadth breadth, FILE *out);

/* The same as a file of its own, with this style sheet: one scene, from 1, or 0 for all of them. */
void draw_svg_file(const struct trace *trace, int scene, const char *style, FILE *out);
int scene_count(const struct trace *trace);

/* The page: source, ladder and state, moment by moment. `templates` is the folder of page.html,
 * page.css and page.js; sources are read from the tree. Returns 0, or -1 with errno. */
int draw_page(const struct trace *trace, const char *templates, FILE *out);

/* --- what they have in common --- */

/* The last moment in which the lane's line is drawn. */
int lane_end(const struct trace *trace, int lane);

#define UNRECORDED                                                                                 \
    "only programs that load this machine's own C library can be recorded, no static ones. What "  \
    "the test saw is drawn."

/* The programs of which no call is known, "a, b"; NULL if there is none. */
const char *unrecorded(const struct trace *trace);

/* A copy that begins with a capital letter. */
const char *capital(const char *words);

#endif

/*
 * main.c - draw: makes pictures of a story that was played (see trace.h); plumb calls it.
 *
 *     draw TRACE OUT TEMPLATES    writes OUT.html, OUT.svg and OUT-1.svg ... for its scenes, and
 *                                the ladder to standard output
 *
 * Exit code 0: drawn; 2: it could not be done, with the reason on standard error; 3: no program
 * began to run, so there is nothing to draw.
 */
#include "draw.h"
#include "trace.h"

#include "../runner/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_MOMENTS = 400, KEPT_AT_END = 100 };

int lane_end(const struct trace *trace, int lane)
{
    const struct lane *one = &trace->lane[lane];
    return one->ended || one->helper ? one->last : trace->moments - 1;
}

const char *unrecorded(const struct trace *trace)
{
    const char *names = NULL;
    for (int i = 0; i < trace->programs; i++) {
        bool known = false;
        for (int j = 0; j < trace->events; j++)
            known |= trace->event[j].kind == CALL && trace->event[j].program == i;
        for (int j = 0; j < i; j++)
            known |= strcmp(trace->program[j].name, trace->program[i].name) == 0;
        if (!known)
            names = names ? text("%s, %s", names, trace->program[i].name) : trace->program[i].name;
    }
    return names;
}

const char *capital(const char *words)
{
    char *copy = text("%s", words);
    if (*copy >= 'a' && *copy <= 'z')
        *copy = (char)(*copy - 'a' + 'A');
    return copy;
}

/* Calls through `content` to write OUT.SUFFIX; old or new, never half. */
static void write_file(const char *path, char *content, size_t size)
{
    if (write_whole(path, content, size) == -1) {
        fprintf(stderr, "trace: cannot write %s: %s\n", path, strerror(errno));
        exit(2);
    }
    free(content);
}

static void write_page(const struct trace *trace, const char *out, const char *templates)
{
    char *content = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&content, &size);
    if (!file || draw_page(trace, templates, file) == -1 || fclose(file) != 0) {
        fprintf(stderr, "trace: cannot make the page: %s\n", strerror(errno));
        exit(2);
    }
    write_file(text("%s.html", out), content, size);
}

static void write_svg(const struct trace *trace, int scene, const char *style, const char *path)
{
    char *content = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&content, &size);
    if (file)
        draw_svg_file(trace, scene, style, file);
    if (!file || fclose(file) != 0) {
        fprintf(stderr, "trace: cannot make the picture: %s\n", strerror(errno));
        exit(2);
    }
    write_file(path, content, size);
}

/* OUT.svg, and OUT-1.svg, OUT-2.svg, ... for slides: a scene fits into one. */
static void write_pictures(const struct trace *trace, const char *out, const char *templates)
{
    char *style = read_whole(text("%s/ladder.css", templates), NULL);
    if (!style) {
        fprintf(stderr, "trace: cannot read %s/ladder.css: %s\n", templates, strerror(errno));
        exit(2);
    }
    write_svg(trace, 0, style, text("%s.svg", out));
    for (int scene = 1; scene <= scene_count(trace); scene++)
        write_svg(trace, scene, style, text("%s-%d.svg", out, scene));
    free(style);
}

/* A program that spins makes more moments than anybody looks at: the middle is left out. */
static void leave_out_middle(struct trace *trace)
{
    static struct event gap = {.kind = SCENE, .program = -1};
    if (trace->moments <= MOST_MOMENTS)
        return;
    int from = MOST_MOMENTS - KEPT_AT_END - 1, until = trace->moments - KEPT_AT_END;
    int shift = until - from - 1;
    trace->dropped += shift;
    gap.text = text("... %d moments are left out here ...", shift + 1);
    struct moment instead = trace->moment[until - 1];
    instead.event = &gap;
    instead.lane = instead.to = -1;
    instead.arrow = NO_ARROW;
    instead.phase = WHOLE;
    instead.text = gap.text;
    instead.note = instead.label = NULL;
    instead.failed = false;
    trace->moment[from] = instead;
    memmove(&trace->moment[from + 1], &trace->moment[until], sizeof trace->moment[0] * KEPT_AT_END);
    trace->moments -= shift;
    for (int i = 0; i < trace->lanes; i++) {
        struct lane *lane = &trace->lane[i];
        int *ends[] = {&lane->first, &lane->last};
        for (int j = 0; j < 2; j++)
            if (*ends[j] >= from)
                *ends[j] = *ends[j] < until ? from : *ends[j] - shift;
    }
}

int main(int argc, char *argv[])
{
    struct trace trace;
    if (argc != 4) {
        fprintf(stderr, "usage: draw TRACE OUT TEMPLATES\n");
        return 2;
    }
    if (read_trace(&trace, argv[1]) == -1)
        return 2;
    order_moments(&trace);
    if (trace.lanes == 0)
        return 3;
    play_kernel(&trace);
    leave_out_middle(&trace);
    write_pictures(&trace, argv[2], argv[3]);
    write_page(&trace, argv[2], argv[3]);
    draw_terminal(&trace);
    if (unrecorded(&trace))
        printf("\nNo calls of %s were recorded: " UNRECORDED "\n", unrecorded(&trace));
    return fflush(stdout) == 0 ? 0 : 2;
}

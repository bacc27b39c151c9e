/*
 * svg.c - the ladder as SVG (see draw.h).
 *
 * Time runs down, every thread is a line. Two columns stand as in the classic drawings: words at
 * the outer sides, arrows between the lines. More of them have their words at the right of each
 * line and the arrows below. On a telephone the lines stand close together and all words at the
 * right.
 */
#include "calls.h"
#include "draw.h"
#include "svg_plan.h"

#include "../runner/escape.h"
#include "../runner/text.h"

#include <stdlib.h>
#include <string.h>

enum { COLORS = 6 };

/* --- words --- */

static const char *clip(const char *words, int most)
{
    int length = (int)strlen(words);
    if (length <= most)
        return words;
    return text("%.*s…", most > 1 ? most - 1 : 0, words);
}

/* A label of data ends with how many bytes it was: the data is what gets shorter. */
static const char *clip_label(const char *label, int most)
{
    const char *count = strstr(label, "\"  ");
    if (!count)
        count = strstr(label, "...  ");
    if ((int)strlen(label) <= most || !count || *label != '"')
        return clip(label, most);
    while (*count != ' ')
        count++;
    return text("%.*s…\"%s", most - (int)strlen(count) - 2, label, count + 1);
}

static void put_text(const struct plan *plan, int x, int y, const char *class, const char *anchor,
                     const char *words)
{
    fprintf(plan->out, "<text x=\"%d\" y=\"%d\" class=\"%s\"%s>", x, y, class, anchor);
    put_html(plan->out, words);
    fputs("</text>", plan->out);
}

/* --- lines of life --- */

/* A part of a life, up to this moment. */
static void put_segment(const struct plan *plan, int lane, int from, int to, bool asleep,
                        int moment)
{
    if (to > from)
        fprintf(plan->out,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" class=\"life %s c%d\" "
                "data-moment=\"%d\"/>",
                lane_x(plan, lane), lane_x(plan, lane), from, to, asleep ? "asleep" : "awake",
                plan->trace->lane[lane].column % COLORS, moment);
}

static void put_life(const struct plan *plan, int lane)
{
    const struct trace *trace = plan->trace;
    int from = head_top(plan, lane) + HEAD - 8;
    bool asleep = false;
    for (int i = trace->lane[lane].first; i <= trace->lane[lane].last; i++) {
        if (trace->moment[i].lane != lane || middle(plan, i) <= from)
            continue;
        put_segment(plan, lane, from, middle(plan, i), asleep, i);
        asleep = trace->moment[i].phase == BEGINS;
        from = middle(plan, i);
    }
    int last = trace->lane[lane].last;
    if (trace->moment[last].lane != lane && trace->moment[last].from == lane) /* stdio's last */
        put_segment(plan, lane, from, middle(plan, last) + arrow_drop(plan, last), asleep, last);
    else if (!trace->lane[lane].ended && !trace->lane[lane].helper)
        put_segment(plan, lane, from, plan->height - FOOT, asleep, trace->moments - 1);
    fputc('\n', plan->out);
}

static void put_head(const struct plan *plan, int lane)
{
    const struct lane *head = &plan->trace->lane[lane];
    int top = head_top(plan, lane), x = lane_x(plan, lane);
    int room = words_room(plan, head->column);
    const char *arguments = clip(head->arguments, room);
    const char *anchor = "";
    int words = x - 9;
    if (plan->kind == LANES)
        words = words_x(plan);
    else if (plan->kind == PAIR)
        anchor = head->column == 0 ? " text-anchor=\"end\"" : "";
    if (plan->kind == PAIR)
        words = head->column == 0 ? x + 9 : x - 9;
    fprintf(plan->out, "<g class=\"head c%d\">", head->column % COLORS);
    put_text(plan, words, top + 20, "name", anchor, clip(head->name, room));
    put_text(plan, words, top + 35, "quiet", anchor, arguments);
    fprintf(plan->out, "<circle cx=\"%d\" cy=\"%d\" r=\"5\" class=\"birth\"/></g>\n", x,
            top + HEAD - 9);
}

/* --- arrows --- */

static void put_arrow(const struct plan *plan, const struct moment *moment, int y)
{
    int from = lane_x(plan, moment->from), to = lane_x(plan, moment->to);
    int sign = to > from ? 1 : -1;
    if (plan->kind == ROW && fits_beside(plan, moment))
        from = words_end(plan, moment) - 6;
    int span = abs(to - from);
    const char *class = moment->arrow == FIN_ARROW    ? "arrow fin"
                        : moment->arrow == DATA_ARROW ? "arrow data"
                                                      : "arrow";
    fprintf(plan->out,
            "<g class=\"%s\"><path class=\"shaft\" d=\"M%d %dH%d\"/><path class=\"tip\" d=\"M%d "
            "%dl%d -4.5v9z\"/>",
            class, from + 6 * sign, y, to - 12 * sign, to - 5 * sign, y, -9 * sign);
    if (moment->label && plan->kind != LANES)
        put_text(plan, (from + to) / 2, y - 5, "label", " text-anchor=\"middle\"",
                 clip_label(moment->label, (int)((span - 24) / 6.7)));
    fputs("</g>", plan->out);
}

/* --- rungs --- */

static void put_words_beside(const struct plan *plan, const struct moment *moment, int y)
{
    int column = plan->trace->lane[moment->lane].column, x = lane_x(plan, moment->lane);
    bool left = plan->kind == PAIR && column == 0;
    const char *line = moment->event->line > 0 ? text("%d", moment->event->line) : "";
    const char *dots = moment->phase == BEGINS ? " …" : "";
    int room = words_room(plan, column);
    int words_at = left ? x - BESIDE : x + BESIDE + (plan->kind == ROW ? NUMBER : 0);
    const char *words = clip(moment->text, room - (*dots ? 2 : 0));
    const char *note = moment->note ? moment->note : has_arrow(moment) ? NULL : moment->label;
    int rest = room - (int)strlen(words) - 2;
    fprintf(plan->out, "<text x=\"%d\" y=\"%d\" class=\"call\"%s>", words_at, y + 4,
            left ? " text-anchor=\"end\"" : "");
    put_html(plan->out, text("%s%s", words, dots));
    if (note && rest > 5) {
        fputs(" <tspan class=\"note\" dx=\"4\">", plan->out);
        put_html(plan->out, clip(note, rest));
        fputs("</tspan>", plan->out);
    }
    fputs("</text>", plan->out);
    int edge = left ? 8 : plan->kind == PAIR ? plan->width - 8 : words_at - 10;
    put_text(plan, edge, y + 4, "quiet", left ? "" : " text-anchor=\"end\"", line);
}

static void put_words_aside(const struct plan *plan, const struct moment *moment, int y)
{
    int x = words_x(plan), room = words_room(plan, 0);
    const char *line = moment->event->line > 0 ? text("%d", moment->event->line) : "";
    const char *dots = moment->phase == BEGINS ? " …" : "";
    put_text(plan, x, y + 4, "call", "", text("%s%s", clip(moment->text, room - 6), dots));
    put_text(plan, plan->width - 6, y + 4, "quiet", " text-anchor=\"end\"", line);
    if (under_words(moment))
        put_text(plan, x + 10, y + 18, "note", "", clip(under_words(moment), room - 2));
}

static void put_mark(const struct plan *plan, int index)
{
    const struct moment *moment = &plan->trace->moment[index];
    int x = lane_x(plan, moment->lane), y = middle(plan, index);
    int color = plan->trace->lane[moment->lane].column % COLORS;
    if (moment->event->kind == END)
        fprintf(plan->out,
                "<rect x=\"%d\" y=\"%d\" width=\"16\" height=\"4\" rx=\"2\" "
                "class=\"mark c%d\"/>",
                x - 8, y - 2, color);
    else if (moment->failed)
        fprintf(plan->out, "<path d=\"M%d %dl8 8m0 -8l-8 8\" class=\"cross\"/>", x - 4, y - 4);
    else
        fprintf(plan->out, "<circle cx=\"%d\" cy=\"%d\" r=\"4\" class=\"%s c%d\"/>", x, y,
                moment->phase == BEGINS ? "mark hollow" : "mark", color);
}

static void put_scene(const struct plan *plan, int index)
{
    const struct moment *moment = &plan->trace->moment[index];
    const char *words = capital(moment->text);
    int y = plan->top[index] + 22;
    for (int length; *words; words += length + (words[length] == ' '), y += 18) {
        length = title_length(plan, words);
        put_text(plan, 8, y, "scene", "", text("%.*s", length, words));
    }
}

static void put_rung(const struct plan *plan, int index)
{
    const struct moment *moment = &plan->trace->moment[index];
    const struct event *event = moment->event;
    fprintf(plan->out,
            "<g class=\"rung%s\" data-moment=\"%d\"><rect class=\"hit\" x=\"0\" y=\"%d\" "
            "width=\"%d\" height=\"%d\" rx=\"4\"/>",
            moment->failed ? " failed" : "", index, plan->top[index], plan->width,
            moment_height(plan, index));
    if (event->kind == CALL && *event->call->sentence) {
        fputs("<title>", plan->out);
        put_html(plan->out, text("%s: %s", event->call->page, event->call->sentence));
        fputs("</title>", plan->out);
    }
    for (int lane = 0; lane < plan->trace->lanes; lane++)
        if (plan->trace->lane[lane].first == index)
            put_head(plan, lane);
    if (moment->lane == -1) {
        put_scene(plan, index);
    } else if (event->kind != START) {
        if (has_arrow(moment))
            put_arrow(plan, moment, middle(plan, index) + arrow_drop(plan, index));
        put_mark(plan, index);
        if (plan->kind == LANES)
            put_words_aside(plan, moment, middle(plan, index));
        else
            put_words_beside(plan, moment, middle(plan, index));
    }
    fputs("</g>\n", plan->out);
}

/* What the signs mean, at the foot. */
static void put_legend(const struct plan *plan)
{
    int y = plan->height - 16;
    fprintf(plan->out,
            "<g class=\"legend\"><line x1=\"8\" x2=\"30\" y1=\"%d\" y2=\"%d\" class=\"awake\"/>", y,
            y);
    put_text(plan, 36, y + 4, "quiet", "", "runs");
    fprintf(plan->out, "<line x1=\"84\" x2=\"106\" y1=\"%d\" y2=\"%d\" class=\"asleep\"/>", y, y);
    put_text(plan, 112, y + 4, "quiet", "", "sleeps in a call");
    if (plan->kind != LANES)
        put_text(plan, 250, y + 4, "quiet", "", "numbers are lines of the source");
    fputs("</g>\n", plan->out);
}

static void put_all(const struct plan *plan)
{
    for (int lane = 0; lane < plan->trace->lanes; lane++)
        put_life(plan, lane);
    for (int i = 0; i < plan->trace->moments; i++)
        put_rung(plan, i);
    put_legend(plan);
}

enum { MARGIN = 16 };

void draw_svg(const struct trace *trace, enum breadth breadth, FILE *out)
{
    struct plan plan = make_plan(trace, breadth, out);
    fprintf(out,
            "<svg class=\"ladder %s\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
            "role=\"group\" aria-label=\"The ladder of calls\">\n",
            breadth == WIDE ? "broad" : "narrow", plan.width, plan.height, plan.width, plan.height);
    put_all(&plan);
    fputs("</svg>\n", out);
    free_plan(&plan);
}

static void put_description(const struct trace *trace, FILE *out)
{
    fprintf(out, "<desc id=\"desc\">A ladder: time runs down, %d %s, %d moments.", trace->lanes,
            trace->lanes == 1 ? "line of life" : "lines of life", trace->moments);
    for (int i = 0; i < trace->moments; i++)
        if (trace->moment[i].lane == -1) {
            fputc(' ', out);
            put_html(out, capital(trace->moment[i].text));
            fputc('.', out);
        }
    fputs("</desc>\n", out);
}

int scene_count(const struct trace *trace)
{
    int scenes = 0;
    for (int i = 0; i < trace->moments; i++)
        scenes += trace->moment[i].lane == -1;
    return scenes;
}

struct strip { /* of the picture, from top to bottom */
    int top, bottom;
};

/* Where a scene stands, from its title to the next one's; 0 is the whole. */
static struct strip strip_of(const struct plan *plan, int scene)
{
    struct strip part = {-MARGIN - 20, plan->height + MARGIN};
    int number = 0;
    for (int i = 0; scene > 0 && i < plan->trace->moments; i++) {
        if (plan->trace->moment[i].lane != -1)
            continue;
        number++;
        if (number == scene)
            part.top = plan->top[i];
        if (number == scene + 1)
            part.bottom = plan->top[i] + 2;
    }
    return part;
}

void draw_svg_file(const struct trace *trace, int scene, const char *style, FILE *out)
{
    struct plan plan = make_plan(trace, WIDE, out);
    struct strip part = strip_of(&plan, scene);
    int width = plan.width + 2 * MARGIN, height = part.bottom - part.top;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%d %d %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">",
            -MARGIN, part.top, width, height, width, height);
    put_html(out, text("%s: %s", trace->lab, trace->title));
    fputs("</title>\n", out);
    put_description(trace, out);
    fprintf(out,
            "<style>%s</style>\n<rect class=\"ground\" x=\"%d\" y=\"%d\" width=\"%d\" "
            "height=\"%d\"/>\n",
            style, -MARGIN, part.top, width, height);
    put_text(&plan, 8, 0, "title", "", text("%s: %s", trace->lab, trace->title));
    put_all(&plan);
    fputs("</svg>\n", out);
    free_plan(&plan);
}

/*
 * svg_plan.c - where everything of the ladder's drawing stands (see svg_plan.h).
 */
#include "svg_plan.h"

#include "calls.h"

#include <stdlib.h>
#include <string.h>

enum { UNDER = 20 /* an arrow, or words, on a line of their own */ };
enum { BETWEEN = 248 /* from line to line of a pair */ };

static double character(const struct plan *plan)
{
    return plan->kind == LANES ? 6.7 : 7.25;
}

int lane_x(const struct plan *plan, int lane)
{
    return plan->x[plan->trace->lane[lane].column];
}

int words_x(const struct plan *plan)
{
    return plan->x[plan->trace->columns - 1] + 20;
}

int words_room(const struct plan *plan, int column)
{
    int pixels = plan->kind == LANES ? plan->width - words_x(plan) - 6 : plan->side[column];
    return (int)(pixels / character(plan));
}

int title_length(const struct plan *plan, const char *words)
{
    int length = (int)strlen(words), room = (plan->width - 24) / 8;
    if (length <= room)
        return length;
    for (length = room; length > 1 && words[length] != ' ';)
        length--;
    return length > 1 ? length : room;
}

static int scene_lines(const struct plan *plan, const char *words)
{
    int lines = 0;
    for (int length; *words; words += length + (words[length] == ' '), lines++)
        length = title_length(plan, words);
    return lines;
}

/* --- where everything stands --- */

bool has_arrow(const struct moment *moment)
{
    return moment->arrow != NO_ARROW && moment->to != -1;
}

const char *under_words(const struct moment *moment)
{
    return moment->note ? moment->note : moment->label;
}

int words_end(const struct plan *plan, const struct moment *moment)
{
    int column = plan->trace->lane[moment->lane].column, room = words_room(plan, column);
    int length = (int)strlen(moment->text) + (moment->note ? (int)strlen(moment->note) + 3 : 0);
    length = length < room ? length : room;
    return plan->x[column] + BESIDE + NUMBER + (int)(length * character(plan)) + 8;
}

bool fits_beside(const struct plan *plan, const struct moment *moment)
{
    if (plan->kind != ROW)
        return true;
    int room = lane_x(plan, moment->to) - words_end(plan, moment);
    int label = moment->label ? (int)((int)strlen(moment->label) * 6.7) : 0;
    return moment->from == moment->lane && room > label + 40;
}

int moment_height(const struct plan *plan, int index)
{
    const struct moment *moment = &plan->trace->moment[index];
    int height = moment->event->kind == START ? 0 : RUNG;
    if (moment->lane == -1)
        return 22 + 18 * scene_lines(plan, moment->text);
    if (has_arrow(moment) && !fits_beside(plan, moment))
        height += UNDER;
    if (plan->kind == LANES && under_words(moment))
        height += UNDER - 4;
    for (int lane = 0; lane < plan->trace->lanes; lane++)
        if (plan->trace->lane[lane].first == index)
            height += HEAD;
    return height;
}

/* The longest words of a column, in characters. */
static int longest_words(const struct trace *trace, int column)
{
    int longest = 0;
    for (int i = 0; i < trace->moments; i++) {
        const struct moment *moment = &trace->moment[i];
        if (moment->lane == -1 || trace->lane[moment->lane].column != column)
            continue;
        int length = (int)strlen(moment->text) + (moment->phase == BEGINS ? 2 : 0);
        length += moment->note ? (int)strlen(moment->note) + 2 : 0;
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void place_columns(struct plan *plan)
{
    int columns = plan->trace->columns;
    int least = plan->kind == PAIR ? 24 : 22, most = columns == 1 ? 80 : columns > 3 ? 34 : 40;
    int at = plan->kind == PAIR ? 0 : 22;
    plan->x = calloc((size_t)columns, sizeof *plan->x);
    plan->side = calloc((size_t)columns, sizeof *plan->side);
    for (int i = 0; i < columns; i++) {
        int longest = longest_words(plan->trace, i);
        int room = longest < least ? least : longest > most ? most : longest;
        plan->side[i] = (int)(room * character(plan)) + 2;
        if (plan->kind == LANES)
            plan->x[i] = 14 + i * 18;
        else if (plan->kind == PAIR)
            plan->x[i] = i == 0 ? plan->side[0] + BESIDE + NUMBER : plan->x[0] + BETWEEN;
        else
            plan->x[i] = at;
        at = plan->x[i] + plan->side[i] + BESIDE + NUMBER;
    }
    plan->width = plan->kind == LANES ? 344 : at + 8;
}

struct plan make_plan(const struct trace *trace, enum breadth breadth, FILE *out)
{
    struct plan plan = {.trace = trace, .out = out};
    plan.kind = breadth == NARROW ? LANES : trace->columns == 2 ? PAIR : ROW;
    place_columns(&plan);
    plan.top = calloc((size_t)trace->moments + 1, sizeof *plan.top);
    plan.height = 8;
    for (int i = 0; i < trace->moments; i++) {
        plan.top[i] = plan.height;
        plan.height += moment_height(&plan, i);
    }
    plan.height += FOOT;
    return plan;
}

int middle(const struct plan *plan, int index)
{
    return plan->top[index] + RUNG / 2;
}

int head_top(const struct plan *plan, int lane)
{
    int index = plan->trace->lane[lane].first;
    const struct moment *moment = &plan->trace->moment[index];
    int top = plan->top[index] + (moment->event->kind == START ? 0 : RUNG);
    if (has_arrow(moment) && !fits_beside(plan, moment))
        top += UNDER;
    return top;
}

int arrow_drop(const struct plan *plan, int index)
{
    return fits_beside(plan, &plan->trace->moment[index]) ? 0 : UNDER + 3;
}

void free_plan(struct plan *plan)
{
    free(plan->x);
    free(plan->side);
    free(plan->top);
}

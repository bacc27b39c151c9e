/*
 * terminal.c - the ladder in a terminal (see draw.h).
 *
 * Where there is room, every column has its own part of the width and what a thread does stands
 * beside its line; otherwise the lines stand close together at the left and the words at the right.
 */
#include "draw.h"

#include "../runner/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    MARGIN = 2,
    ROOMY = 36,  /* a column of its own needs that much */
    CLOSE = 3,   /* from line to line where there is less */
    GUTTER = 6,  /* for the source line */
    MOST = 240,  /* columns of the terminal that are used */
    USUAL = 100, /* where its width is not known */
    LEAST = 40,
};

enum style { PLAIN, DIM, BOLD, BAD, DATA, SCENE_STYLE };

struct cell {
    const char *glyph; /* one column wide */
    enum style style;
};

struct canvas {
    const struct trace *trace;
    int width, step; /* from one line to the next */
    bool roomy, color, utf8;
    struct cell row[MOST + 1];
};

static const char *glyph(const struct canvas *canvas, const char *pretty, const char *simple)
{
    return canvas->utf8 ? pretty : simple;
}

/* --- a row --- */

static void put(struct canvas *canvas, int at, const char *pretty, const char *simple,
                enum style style)
{
    if (at >= 0 && at < canvas->width)
        canvas->row[at] = (struct cell){glyph(canvas, pretty, simple), style};
}

/* Writes words from `at`, up to before `end`; cut words end with dots. Returns where they end. */
static int put_words(struct canvas *canvas, int at, int end, const char *words, enum style style)
{
    static char letters[256][2];
    int length = (int)strlen(words);
    end = end < canvas->width ? end : canvas->width;
    for (int i = 0; i < length && at < end; i++, at++) {
        unsigned char letter = (unsigned char)words[i];
        letter = letter < 0x20 || letter >= 0x7f ? '?' : letter;
        letters[letter][0] = (char)letter;
        if (at == end - 1 && i < length - 1)
            put(canvas, at, "…", "~", style);
        else
            canvas->row[at] = (struct cell){letters[letter], style};
    }
    return at;
}

static void print_row(struct canvas *canvas)
{
    static const char *const codes[] = {"\033[0m",  "\033[2m",  "\033[1m",
                                        "\033[31m", "\033[36m", "\033[1;34m"};
    int last = canvas->width;
    enum style style = PLAIN;
    while (last > 0 && !canvas->row[last - 1].glyph)
        last--;
    for (int i = 0; i < last; i++) {
        const struct cell *cell = &canvas->row[i];
        if (cell->glyph && cell->style != style && canvas->color) {
            printf("%s%s", codes[PLAIN], cell->style == PLAIN ? "" : codes[cell->style]);
            style = cell->style;
        }
        fputs(cell->glyph ? cell->glyph : " ", stdout);
    }
    puts(style == PLAIN ? "" : codes[PLAIN]);
}

static int line_of(const struct canvas *canvas, int lane)
{
    return MARGIN + canvas->trace->lane[lane].column * canvas->step;
}

/* The lines of all that live at this moment (or, with `after`, go on after it). */
static void put_lines(struct canvas *canvas, int moment, bool after)
{
    const struct trace *trace = canvas->trace;
    memset(canvas->row, 0, sizeof canvas->row);
    for (int i = 0; i < trace->lanes; i++) {
        if (moment < trace->lane[i].first + !after || moment > lane_end(trace, i) - after)
            continue;
        if (waits_at(trace, i, moment))
            put(canvas, line_of(canvas, i), "┊", ":", DIM);
        else
            put(canvas, line_of(canvas, i), "│", "|", DIM);
    }
}

/* --- arrows --- */

/* Between two lines, with a label in its middle. */
static void put_arrow(struct canvas *canvas, int from, int to, const char *label, bool dashed)
{
    int left = from < to ? from : to, right = from < to ? to : from;
    for (int at = left + (from > to); at < right + (from > to); at++)
        put(canvas, at, dashed ? "╌" : "─", "-", DATA);
    if (from < to)
        put(canvas, to - 1, "▶", ">", DATA);
    else
        put(canvas, to + 1, "◀", "<", DATA);
    int room = right - left - 8;
    int length = label ? (int)strlen(label) : 0;
    if (length == 0 || room < 6)
        return;
    length = length < room ? length : room;
    int at = left + (right - left - length) / 2;
    put_words(canvas, at - 1, at, " ", DATA);
    put_words(canvas, put_words(canvas, at, at + length, label, DATA), right, " ", DATA);
}

static bool has_arrow(const struct moment *moment)
{
    return moment->arrow != NO_ARROW && moment->to != -1;
}

static const char *label_of(const struct moment *moment)
{
    return moment->label ? moment->label : "";
}

/* --- a moment --- */

static const char *source_line(const struct moment *moment)
{
    return moment->event->line > 0 ? text("%d", moment->event->line) : "";
}

static enum style style_of(const struct moment *moment)
{
    return moment->failed ? BAD : PLAIN;
}

/* The source line, and from `at` the words; returns where they end. */
static int put_moment(struct canvas *canvas, const struct moment *moment, int at, int end)
{
    const char *line = source_line(moment);
    put_words(canvas, at + GUTTER - 1 - (int)strlen(line), end, line, DIM);
    at += GUTTER;
    at = put_words(canvas, at, end, moment->text, style_of(moment));
    if (moment->phase == BEGINS)
        at = put_words(canvas, at, end, canvas->utf8 ? "" : " ...", DIM);
    if (moment->phase == BEGINS && canvas->utf8)
        put(canvas, at + 1, "…", "", DIM);
    if (moment->note)
        at = put_words(canvas, at + 2, end, moment->note, DATA);
    return at;
}

static void print_roomy(struct canvas *canvas, int index)
{
    const struct moment *moment = &canvas->trace->moment[index];
    int line = line_of(canvas, moment->lane), end = line + canvas->step - 1;
    bool last = index == lane_end(canvas->trace, moment->lane);
    put_lines(canvas, index, false);
    put(canvas, line, last ? "└" : "├", last ? "`" : "+", PLAIN);
    if (moment->arrow == NO_ARROW && canvas->trace->lane[moment->lane].column == 0 &&
        canvas->trace->columns == 1)
        end = canvas->width;
    int words_end = put_moment(canvas, moment, line, end);
    if (!has_arrow(moment)) {
        if (moment->label)
            put_words(canvas, words_end + 2, end, label_of(moment), DATA);
        print_row(canvas);
        return;
    }
    int target = line_of(canvas, moment->to), from = line_of(canvas, moment->from);
    bool dashed = moment->arrow == FIN_ARROW;
    if (from < line)
        put_arrow(canvas, from + 1, line, label_of(moment), dashed);
    else if (from > line)
        put_arrow(canvas, from - 1, words_end, label_of(moment), dashed);
    else if (target < line)
        put_arrow(canvas, line - 1, target, label_of(moment), dashed);
    else if (target - words_end >= 12 + (int)strlen(label_of(moment)))
        put_arrow(canvas, words_end + 1, target, label_of(moment), dashed);
    else { /* no room beside the words: below them */
        print_row(canvas);
        put_lines(canvas, index, true);
        put_arrow(canvas, line + 1, target, label_of(moment), dashed);
    }
    print_row(canvas);
}

static void print_close(struct canvas *canvas, int index)
{
    const struct moment *moment = &canvas->trace->moment[index];
    int line = line_of(canvas, moment->lane);
    int at = MARGIN + canvas->trace->columns * canvas->step;
    put_lines(canvas, index, false);
    if (has_arrow(moment))
        put_arrow(canvas, line_of(canvas, moment->from), line_of(canvas, moment->to), NULL,
                  moment->arrow == FIN_ARROW);
    put(canvas, line, index == lane_end(canvas->trace, moment->lane) ? "┴" : "●", "*",
        style_of(moment));
    at = put_moment(canvas, moment, at, canvas->width);
    if (moment->label)
        put_words(canvas, at + 2, canvas->width, label_of(moment), DATA);
    print_row(canvas);
}

static void print_head(struct canvas *canvas, int index, int lane)
{
    const struct lane *head = &canvas->trace->lane[lane];
    int line = line_of(canvas, lane);
    int at = canvas->roomy ? line + 2 : MARGIN + canvas->trace->columns * canvas->step + GUTTER;
    int end = canvas->roomy && canvas->trace->columns > 1 ? line + canvas->step - 1 : canvas->width;
    put_lines(canvas, index, true);
    put(canvas, line, "┬", "+", BOLD);
    at = put_words(canvas, at, end, head->name, BOLD);
    put_words(canvas, at + 1, end, head->arguments, PLAIN);
    print_row(canvas);
}

static void print_scene(struct canvas *canvas, int index)
{
    const char *words = capital(canvas->trace->moment[index].text);
    put_lines(canvas, index, true);
    print_row(canvas);
    while (*words) {
        int room = canvas->width - MARGIN, length = (int)strlen(words);
        if (length > room)
            for (length = room; length > 1 && words[length] != ' ';)
                length--;
        memset(canvas->row, 0, sizeof canvas->row);
        put_words(canvas, MARGIN, canvas->width, text("%.*s", length, words), SCENE_STYLE);
        print_row(canvas);
        words += length + (words[length] == ' ');
    }
}

static void print_moment(struct canvas *canvas, int index)
{
    const struct trace *trace = canvas->trace;
    const struct moment *moment = &trace->moment[index];
    if (moment->lane == -1)
        print_scene(canvas, index);
    else if (moment->event->kind != START && canvas->roomy)
        print_roomy(canvas, index);
    else if (moment->event->kind != START)
        print_close(canvas, index);
    for (int lane = 0; lane < trace->lanes; lane++)
        if (trace->lane[lane].first == index)
            print_head(canvas, index, lane);
}

/* --- the whole --- */

static int terminal_width(void)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int width = columns ? atoi(columns) : USUAL;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    return width < LEAST ? LEAST : width > MOST ? MOST : width;
}

void draw_terminal(const struct trace *trace)
{
    static struct canvas canvas;
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    setlocale(LC_CTYPE, "");
    canvas.trace = trace;
    canvas.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    canvas.color = isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal &&
                   strcmp(terminal, "dumb") != 0;
    canvas.width = terminal_width();
    int columns = trace->columns ? trace->columns : 1;
    canvas.roomy = (canvas.width - MARGIN) / columns >= ROOMY || columns == 1;
    canvas.step = canvas.roomy ? (canvas.width - MARGIN) / columns : CLOSE;
    for (int i = 0; i < trace->moments; i++)
        print_moment(&canvas, i);
}

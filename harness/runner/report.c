/*
 * report.c - what the user sees of a check (see report.h). Lines are at most 100 columns wide.
 */
#include "report.h"

#include "compile.h"
#include "text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 100, LABEL = 12, BAR = 40, TITLE = 75, SCREEN = 24, FEWEST_CALLS = 2 };

static struct {
    const char *good, *bad, *quiet, *bold, *plain;          /* escape sequences or "" */
    const char *passed, *failed, *blocked, *trouble, *dash; /* marks */
    const char *full, *empty;                               /* a bar's parts */
    bool utf8;
} look;

void report_set_up(void)
{
    const char *terminal = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    bool color = isatty(STDOUT_FILENO) && !(no_color && *no_color) && terminal &&
                 strcmp(terminal, "dumb") != 0;
    setlocale(LC_CTYPE, "");
    bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    look.good = color ? "\033[32m" : "";
    look.bad = color ? "\033[31m" : "";
    look.quiet = color ? "\033[2m" : "";
    look.bold = color ? "\033[1m" : "";
    look.plain = color ? "\033[0m" : "";
    look.passed = utf8 ? "✓" : "+";
    look.failed = utf8 ? "✗" : "x";
    look.blocked = utf8 ? "·" : ".";
    look.trouble = "!";
    look.utf8 = utf8;
    look.dash = utf8 ? "·" : "-";
    look.full = utf8 ? "█" : "#";
    look.empty = utf8 ? "░" : ".";
}

/* --- one lab --- */

static const char *mark_of(enum status status)
{
    return status == PASS      ? look.passed
           : status == BLOCKED ? look.blocked
           : status == ERROR   ? look.trouble
                               : look.failed;
}

static const char *color_of(enum status status)
{
    return status == PASS ? look.good : status == BLOCKED ? look.quiet : look.bad;
}

static void print_step(const struct step *step)
{
    enum status status = step->outcome.status;
    const char *why = status == BLOCKED ? text(" (after step %d)", step->after) : "";
    int room = TITLE - (int)strlen(why);
    bool cut = (int)strlen(step->title) > room;
    const char *title = text("%.*s%s%s", cut ? room - 3 : room, step->title, cut ? "..." : "", why);
    printf("  %s%s %2d  %-*s %3d/%d%s\n", color_of(status), mark_of(status), step->number, TITLE,
           title, status == PASS ? step->points : 0, step->points, look.plain);
    if (step->outcome.remark)
        printf("  %s      %s%s\n", look.quiet, step->outcome.remark, look.plain);
}

/* Prints the first warning of each program, or (on `show` = false) only counts them. */
static int print_warnings(const struct course *course, const struct lab *lab, bool show)
{
    int count = 0;
    for (int i = 0; i < lab->programs; i++) {
        char *warnings = read_whole(
            text("%s/%s/%s.warnings", builds_of(course, course->tree), lab->name, lab->program[i]),
            NULL);
        const char *first = warnings ? strstr(warnings, "warning: ") : NULL;
        if (first) {
            while (first > warnings && first[-1] != '\n')
                first--;
            size_t length = strcspn(first, "\n");
            if (show)
                printf("  %s%.*s%s\n", look.quiet, (int)(length < WIDTH - 2 ? length : WIDTH - 2),
                       first, look.plain);
            count++;
        }
        free(warnings);
    }
    return count;
}

/* "steps 1, 2, 4", of those whose verdicts were kept; NULL if there are none. */
static const char *steps_kept(const struct lab *lab)
{
    const char *numbers = "";
    int count = 0;
    for (int i = 0; i < lab->steps; i++)
        if (lab->step[i].outcome.kept)
            numbers = text("%s%s%d", numbers, count++ ? ", " : " ", lab->step[i].number);
    return count ? text("step%s%s", count > 1 ? "s" : "", numbers) : NULL;
}

void report_lab(struct course *course, struct lab *lab)
{
    printf("\n%s%s%s\n", look.bold, lab->name, look.plain);
    for (int i = 0; i < lab->steps; i++)
        print_step(&lab->step[i]);
    print_warnings(course, lab, true);
    if (steps_kept(lab))
        printf("  %skept from the last check, as no program that they run has changed: %s%s\n",
               look.quiet, steps_kept(lab), look.plain);
    printf("  %s%81d/%d%s\n", look.bold, lab_score(lab), lab_points(lab), look.plain);
    fflush(stdout);
}

/* --- one failure --- */

/* How much of the words goes on one line: to a newline, or the last space within the width. */
static size_t one_line(const char *words)
{
    size_t room = WIDTH - LABEL, length = strcspn(words, "\n");
    if (length <= room)
        return length;
    length = room;
    while (length > room / 2 && words[length] != ' ')
        length--;
    return words[length] == ' ' ? length : room;
}

/* Prints `words` behind the label, wrapped, indented below itself; returns the number of lines. On
 * a NULL `out` it only counts them. */
static int print_field(FILE *out, const char *label, const char *words)
{
    int lines = 0;
    for (; words && *words; lines++) {
        size_t length = one_line(words);
        if (out && lines == 0)
            fprintf(out, "  %s%-*s%s", look.bold, LABEL - 2, label, look.plain);
        if (out)
            fprintf(out, "%*s%.*s\n", lines ? LABEL : 0, "", (int)length, words);
        words += length;
        while (*words == ' ' || *words == '\n')
            words++;
    }
    return lines;
}

/* --- the calls --- */

/* 0: nothing to remark; 1: an end of file, which is in order; 2: what failed, fell short or waits.
 */
static int weight_of(const char *call)
{
    if (!strstr(call, "←"))
        return 0;
    return strstr(call, "← the end of") || strstr(call, "← end of") ? 1 : 2;
}

/* The bytes of the first `columns` characters. */
static size_t bytes_of_columns(const char *words, int columns)
{
    size_t length = 0;
    for (; words[length]; length++)
        if ((words[length] & 0xc0) != 0x80 && columns-- == 0)
            break;
    return length;
}

static const char *in_ascii(const char *call)
{
    char *copy = text("%s", call), *to = copy;
    for (const char *from = call; *from;)
        if (strncmp(from, "×", strlen("×")) == 0) {
            *to++ = 'x';
            from += strlen("×");
        } else if (strncmp(from, "←", strlen("←")) == 0) {
            *to++ = '<';
            *to++ = '-';
            from += strlen("←");
        } else {
            *to++ = *from++;
        }
    *to = '\0';
    return copy;
}

/* The call, as much of it as a line holds. */
static const char *in_a_line(const char *call)
{
    static const char dots[] = "...";
    const int room = WIDTH - LABEL;
    if (!call[bytes_of_columns(call, room)])
        return call;
    return text("%.*s%s", (int)bytes_of_columns(call, room - (int)strlen(dots)), call, dots);
}

/* Prints at most `most` of the calls: the last ones, and rather those with a remark that counts. */
static void print_calls(const struct outcome *outcome, int most)
{
    bool dropped[MOST_CALLS] = {false};
    int count = 0;
    while (count < MOST_CALLS && outcome->call[count])
        count++;
    int left = count;
    for (int weight = 0; weight <= 2; weight++)
        for (int i = 0; i < count - 1 && left > most; i++)
            if (!dropped[i] && weight_of(outcome->call[i]) <= weight) {
                dropped[i] = true;
                left--;
            }
    for (int i = 0, printed = 0; i < count; i++) {
        if (dropped[i])
            continue;
        const char *call = look.utf8 ? outcome->call[i] : in_ascii(outcome->call[i]);
        printf("  %s%-*s%s%s\n", look.bold, LABEL - 2, printed++ ? "" : "calls", look.plain,
               in_a_line(call));
    }
}

static const char *label_of(enum status status)
{
    return status == ERROR ? "not done" : status == LIMIT ? "limit" : "came";
}

/* A line of a step's author says build/labs/ for the place of the programs: puts in where those of
 * this tree really are, seen from here if possible. */
static const char *line_to_paste(const struct course *course, const char *line)
{
    static const char usual[] = "build/labs/";
    char here[4096];
    const char *place = builds_of(course, course->tree);
    if (!line)
        return NULL;
    if (getcwd(here, sizeof here) && strncmp(place, here, strlen(here)) == 0 &&
        place[strlen(here)] == '/')
        place += strlen(here) + 1;
    const char *result = "";
    for (const char *at; (at = strstr(line, usual)); line = at + strlen(usual))
        result = text("%s%.*s%s/", result, (int)(at - line), line, place);
    return text("%s%s", result, line);
}

/* What may be left out where room is short: what the calls say as well, or a nudge where the cause
 * says more. */
struct room {
    bool no_standing, no_hint;
};

/* What a failure tells before its calls and after them; returns the number of lines. */
static int tell_what_happened(FILE *out, const struct outcome *outcome, struct room room)
{
    int lines = print_field(out, "tried", outcome->tried);
    lines += print_field(out, "expected", outcome->expected);
    lines += print_field(out, label_of(outcome->status), outcome->came);
    for (int i = 0; i < MOST_STANDINGS && outcome->standing[i] && !room.no_standing; i++)
        lines += print_field(out, i == 0 ? "program" : "", outcome->standing[i]);
    return lines;
}

static int tell_what_to_do(FILE *out, const struct course *course, const struct lab *lab,
                           const struct step *step, struct room room)
{
    int lines = print_field(out, "cause", step->outcome.cause);
    if (step->outcome.status == ERROR)
        return lines; /* nobody's fault: a hint would be misleading */
    if (!room.no_hint)
        lines += print_field(out, "hint", step->hint[0]);
    lines += print_field(out, "read", text("labs/%s/README.md, \"%s\"", lab->name, step->see));
    lines += print_field(out, "by hand", line_to_paste(course, step->by_hand));
    lines += print_field(out, "next", place_of_step(course, lab, step));
    return lines;
}

/* True if the last of the calls tells where the only program stands. */
static bool calls_tell_standing(const struct outcome *outcome)
{
    const char *last = NULL;
    for (int i = 0; i < MOST_CALLS && outcome->call[i]; i++)
        last = outcome->call[i];
    return last && strstr(last, "← waits") && outcome->standing[0] && !outcome->standing[1] &&
           strstr(outcome->standing[0], " is waiting in ");
}

static int lines_of(const struct course *course, const struct lab *lab, const struct step *step,
                    struct room room)
{
    int others = 2; /* a heading */
    if (course->labs == 1) {
        others = 6 + print_warnings(course, lab, false); /* headings and the lab's score */
        others += steps_kept(lab) != NULL;
        for (int i = 0; i < lab->steps; i++)
            others += 1 + (lab->step[i].outcome.remark != NULL);
    }
    return others + tell_what_happened(NULL, &step->outcome, room) +
           tell_what_to_do(NULL, course, lab, step, room);
}

void report_failure(const struct course *course, struct lab *lab, const struct step *step)
{
    const struct outcome *outcome = &step->outcome;
    int fewest = outcome->call[0] ? FEWEST_CALLS : 0;
    struct room room = {0};
    /* With the lab's own lines it should fit on one screen: the calls take what is left. */
    if (lines_of(course, lab, step, room) + fewest > SCREEN)
        room.no_standing = calls_tell_standing(outcome);
    if (lines_of(course, lab, step, room) + fewest > SCREEN)
        room.no_hint = outcome->cause && *outcome->cause;
    int left = SCREEN - lines_of(course, lab, step, room);
    printf("\n%s%s %s step %d: %s%s\n", look.bold, lab->name, look.dash, step->number, step->title,
           look.plain);
    tell_what_happened(stdout, outcome, room);
    print_calls(outcome, left > FEWEST_CALLS ? left : FEWEST_CALLS);
    tell_what_to_do(stdout, course, lab, step, room);
}

void report_first_failure(struct course *course)
{
    for (int i = 0; i < course->labs; i++) {
        struct step *step = first_open_step(&course->lab[i]);
        if (step) {
            report_failure(course, &course->lab[i], step);
            return;
        }
    }
}

/* --- where to go on --- */

const char *place_of_step(const struct course *course, const struct lab *lab,
                          const struct step *step)
{
    const char *todo = text("TODO %d:", step->number);
    for (int i = 0; i < lab->programs; i++) {
        const char *path = text("%s/%s/%s.c", course->tree, lab->name, lab->program[i]);
        char *source = read_whole(path, NULL);
        char *at = source ? strstr(source, todo) : NULL;
        int line = 1;
        for (char *c = source; at && c < at; c++)
            line += *c == '\n';
        free(source);
        if (at)
            return text("%s:%d", path, line);
    }
    return NULL;
}

/* --- all labs --- */

void report_progress(const struct course *course)
{
    int score = 0, points = 0;
    for (int i = 0; i < course->labs; i++) {
        const struct lab *lab = &course->lab[i];
        int full = lab_points(lab) ? BAR * lab_score(lab) / lab_points(lab) : 0;
        printf("%-16s %s", lab->name, full == BAR ? look.good : "");
        for (int j = 0; j < BAR; j++)
            fputs(j < full ? look.full : look.empty, stdout);
        printf("%s %3d/%d\n", look.plain, lab_score(lab), lab_points(lab));
        score += lab_score(lab);
        points += lab_points(lab);
    }
    printf("%*s %3d/%d\n", 16 + 1 + BAR, "", score, points);
}

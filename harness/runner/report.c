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

enum { WIDTH = 100, LABEL = 12, BAR = 40, TITLE = 75 };

static struct {
    const char *good, *bad, *quiet, *bold, *plain;          /* escape sequences or "" */
    const char *passed, *failed, *blocked, *trouble, *dash; /* marks */
    const char *full, *empty;                               /* a bar's parts */
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
}

static void print_warnings(const struct course *course, const struct lab *lab)
{
    for (int i = 0; i < lab->programs; i++) {
        char *warnings = read_whole(
            text("%s/%s/%s.warnings", builds_of(course, course->tree), lab->name, lab->program[i]),
            NULL);
        const char *first = warnings ? strstr(warnings, "warning: ") : NULL;
        if (first) {
            while (first > warnings && first[-1] != '\n')
                first--;
            printf("  %s%.*s%s\n", look.quiet, (int)strcspn(first, "\n"), first, look.plain);
        }
        free(warnings);
    }
}

void report_lab(struct course *course, struct lab *lab)
{
    printf("\n%s%s%s\n", look.bold, lab->name, look.plain);
    for (int i = 0; i < lab->steps; i++)
        print_step(&lab->step[i]);
    print_warnings(course, lab);
    printf("  %s%81d/%d%s\n", look.bold, lab_score(lab), lab_points(lab), look.plain);
    fflush(stdout);
}

/* --- one failure --- */

/* Prints `words` behind the label, wrapped at spaces to the width, indented below itself. */
static void print_field(const char *label, const char *words)
{
    if (!words || !*words)
        return;
    printf("  %s%-*s%s", look.bold, LABEL - 2, label, look.plain);
    size_t room = WIDTH - LABEL;
    while (*words) {
        size_t length = strcspn(words, "\n");
        if (length > room) {
            length = room;
            while (length > room / 2 && words[length] != ' ')
                length--;
            if (words[length] != ' ')
                length = room;
        }
        printf("%.*s\n", (int)length, words);
        words += length;
        while (*words == ' ' || *words == '\n')
            words++;
        if (*words)
            printf("%*s", LABEL, "");
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

void report_failure(const struct course *course, struct lab *lab, const struct step *step)
{
    const struct outcome *outcome = &step->outcome;
    printf("\n%s%s %s step %d: %s%s\n", look.bold, lab->name, look.dash, step->number, step->title,
           look.plain);
    print_field("tried", outcome->tried);
    print_field("expected", outcome->expected);
    print_field(label_of(outcome->status), outcome->came);
    for (int i = 0; i < MOST_STANDINGS && outcome->standing[i]; i++)
        print_field(i == 0 ? "program" : "", outcome->standing[i]);
    print_field("cause", outcome->cause);
    if (outcome->status == ERROR)
        return; /* nobody's fault: a hint would be misleading */
    print_field("hint", step->hint[0]);
    print_field("read", text("labs/%s/README.md, \"%s\"", lab->name, step->see));
    print_field("by hand", line_to_paste(course, step->by_hand));
    print_field("next", place_of_step(course, lab, step));
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

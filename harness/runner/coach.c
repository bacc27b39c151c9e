/*
 * coach.c - shows the student the way on: next, hint and progress (see coach.h).
 *
 * How strong the last hint for a step was is remembered in BUILD/state/LAB.hints, a line for each
 * step: its number and how many hints were given.
 */
#include "coach.h"

#include "grade.h"
#include "report.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DONE = 0, IMPOSSIBLE = 2 };

int coach_next(struct course *course)
{
    for (int i = 0; i < course->labs; i++) {
        struct lab *lab = &course->lab[i];
        if (know_lab(course, lab) == -1)
            return IMPOSSIBLE;
        struct step *step = first_open_step(lab);
        if (!step)
            continue;
        const char *place = place_of_step(course, lab, step);
        if (!place)
            place = text("%s/%s/", course->tree, lab->name);
        printf("%s: step %d of %s: %s\n", place, step->number, lab->name, step->title);
        printf("  read   labs/%s/README.md, \"%s\"\n", lab->name, step->see);
        printf("  check  make check LAB=%.2s\n", lab->name);
        printf("  stuck  make hint LAB=%.2s\n", lab->name);
        return DONE;
    }
    printf("All done: every step of %s has passed.\n",
           course->labs == 1 ? course->lab[0].name : "every lab");
    return DONE;
}

/* --- hints --- */

struct hints_given {
    int given[MOST_STEPS + 1]; /* by step number */
};

static const char *hints_file(const struct course *course, const struct lab *lab)
{
    return text("%s/state/%s.hints", course->build, lab->name);
}

static struct hints_given recall_hints(const struct course *course, const struct lab *lab)
{
    struct hints_given hints = {{0}};
    char *content = read_whole(hints_file(course, lab), NULL);
    char *rest = content;
    for (char *line; content && (line = strtok_r(rest, "\n", &rest));) {
        int step, given;
        if (sscanf(line, "%d %d", &step, &given) == 2 && step > 0 && step <= MOST_STEPS)
            hints.given[step] = given;
    }
    free(content);
    return hints;
}

static void remember_hints(const struct course *course, const struct lab *lab,
                           const struct hints_given *hints)
{
    const char *content = "";
    for (int i = 1; i <= MOST_STEPS; i++)
        if (hints->given[i] > 0)
            content = text("%s%d %d\n", content, i, hints->given[i]);
    make_folders(text("%s/state", course->build));
    if (write_whole(hints_file(course, lab), content, strlen(content)) == -1)
        fprintf(stderr, "plumb: how far the hints went cannot be remembered: %s\n",
                strerror(errno));
}

static struct step *wanted_step(struct lab *lab, const char *number)
{
    char *end;
    long wanted = strtol(number, &end, 10);
    for (int i = 0; i < lab->steps && *end == '\0'; i++)
        if (lab->step[i].number == wanted)
            return &lab->step[i];
    fprintf(stderr, "plumb: %s has no step \"%s\"; its steps are 1 to %d\n", lab->name, number,
            lab->steps);
    return NULL;
}

void coach_give_hint(const struct course *course, const struct lab *lab, const struct step *step)
{
    struct hints_given hints = recall_hints(course, lab);
    int *given = &hints.given[step->number];
    *given = *given < HINTS ? *given + 1 : HINTS;
    printf("%s, step %d: %s\n", lab->name, step->number, step->title);
    for (int i = 0; i < *given; i++)
        printf("  %d  %s\n", i + 1, step->hint[i]);
    if (*given < HINTS)
        printf("A stronger one: type it again (%d of %d).\n", *given, HINTS);
    else
        printf("That was the last one. Read on: labs/%s/README.md, \"%s\".\n", lab->name,
               step->see);
    remember_hints(course, lab, &hints);
}

int coach_hint(struct course *course)
{
    const char *number = setting("STEP");
    for (int i = 0; i < course->labs; i++) {
        struct lab *lab = &course->lab[i];
        struct step *step;
        if (number && course->labs > 1) {
            fprintf(stderr, "plumb: STEP needs a LAB: make hint LAB=04 STEP=%s\n", number);
            return IMPOSSIBLE;
        }
        if (!number && know_lab(course, lab) == -1)
            return IMPOSSIBLE;
        step = number ? wanted_step(lab, number) : first_open_step(lab);
        if (number && !step)
            return IMPOSSIBLE;
        if (!step)
            continue;
        coach_give_hint(course, lab, step);
        return DONE;
    }
    printf("No hint is needed: every step has passed.\n");
    return DONE;
}

/* --- progress --- */

int coach_progress(struct course *course)
{
    for (int i = 0; i < course->labs; i++)
        if (know_lab(course, &course->lab[i]) == -1)
            return IMPOSSIBLE;
    report_progress(course);
    return DONE;
}

/*
 * course.c - finds the labs and keeps how their steps went (see course.h).
 */
#include "course.h"

#include "text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- a lab's steps, as `steps list` describes them --- */

static int take_line(struct lab *lab, char *line)
{
    char *value = strchr(line, ' ');
    if (!value)
        return -1;
    *value++ = '\0';
    if (strcmp(line, "program") == 0) {
        if (lab->programs == MOST_PROGRAMS)
            return -1;
        lab->program[lab->programs++] = text("%s", value);
        return 0;
    }
    if (strcmp(line, "story") == 0) {
        lab->story = text("%s", value);
        return 0;
    }
    if (strcmp(line, "step") == 0) {
        if (lab->steps == MOST_STEPS)
            return -1;
        lab->step[lab->steps++].number = atoi(value);
        return 0;
    }
    if (lab->steps == 0)
        return -1;
    struct step *step = &lab->step[lab->steps - 1];
    if (strcmp(line, "title") == 0)
        step->title = text("%s", value);
    else if (strcmp(line, "points") == 0)
        step->points = atoi(value);
    else if (strcmp(line, "after") == 0)
        step->after = atoi(value);
    else if (strcmp(line, "see") == 0)
        step->see = text("%s", value);
    else if (strcmp(line, "by_hand") == 0)
        step->by_hand = text("%s", value);
    else if (strcmp(line, "watch_threads") == 0 && lab->watched_count < MOST_PROGRAMS)
        lab->watched[lab->watched_count++] = text("%s", value);
    else if (strcmp(line, "hint") == 0)
        for (int i = 0; i < HINTS; i++)
            if (!step->hint[i]) {
                step->hint[i] = text("%s", value);
                break;
            }
    return 0;
}

static int by_number(const void *a, const void *b)
{
    return ((const struct step *)a)->number - ((const struct step *)b)->number;
}

static int read_steps(struct course *course, struct lab *lab)
{
    const char *path = text("%s/steps/%s.list", course->build, lab->name);
    char *list = read_whole(path, NULL);
    if (!list) {
        fprintf(stderr, "plumb: %s: %s\n", path, strerror(errno));
        return -1;
    }
    char *rest = list;
    for (char *line; (line = strtok_r(rest, "\n", &rest));)
        if (take_line(lab, line) == -1) {
            fprintf(stderr, "plumb: %s: \"%s\" is no description of a step\n", path, line);
            return -1;
        }
    qsort(lab->step, (size_t)lab->steps, sizeof lab->step[0], by_number);
    free(list);
    return 0;
}

/* --- folders --- */

static int is_list(const struct dirent *entry)
{
    const char *name = entry->d_name;
    const char *end = strrchr(name, '.');
    return isdigit((unsigned char)name[0]) && isdigit((unsigned char)name[1]) && name[2] == '-' &&
           end && strcmp(end, ".list") == 0;
}

static bool selected(const struct course *course, const char *name, const char *only)
{
    struct stat status;
    size_t length = only ? strlen(only) : 0;
    if (only && strcmp(name, only) != 0 &&
        !(strncmp(name, only, length) == 0 && name[length] == '-'))
        return false;
    if (access("tests", F_OK) == 0 && access(text("tests/%s", name), F_OK) == -1)
        return false; /* built once, but gone by now */
    return course->own_tree || only || stat(text("%s/%s", course->tree, name), &status) == 0;
}

int course_find(struct course *course, const char *only)
{
    struct dirent **entries;
    struct stat status;
    if (stat(course->tree, &status) == -1 || !S_ISDIR(status.st_mode)) {
        fprintf(stderr, "plumb: there is no folder %s to grade\n", course->tree);
        return -1;
    }
    const char *folder = text("%s/steps", course->build);
    int count = scandir(folder, &entries, is_list, alphasort);
    if (count == -1) {
        fprintf(stderr, "plumb: %s: %s\n", folder, strerror(errno));
        return -1;
    }
    course->lab = calloc((size_t)count + 1, sizeof course->lab[0]);
    for (int i = 0; i < count; i++) {
        char *name = entries[i]->d_name;
        *strrchr(name, '.') = '\0';
        if (!selected(course, name, only))
            continue;
        if (course->labs == MOST_LABS) {
            fprintf(stderr, "plumb: more than %d labs\n", MOST_LABS);
            return -1;
        }
        struct lab *lab = &course->lab[course->labs++];
        lab->name = text("%s", name);
        if (read_steps(course, lab) == -1)
            return -1;
    }
    if (course->labs > 0)
        return 0;
    if (only)
        fprintf(stderr, "plumb: there is no lab \"%s\"; labs stand in labs/\n", only);
    else
        fprintf(stderr, "plumb: %s holds no lab (a folder such as 04-accept)\n", course->tree);
    return -1;
}

int course_keep_step(struct course *course, const char *number)
{
    struct lab *lab = &course->lab[0];
    bool keep[MOST_STEPS] = {false};
    int wanted = number[strspn(number, "0123456789")] ? 0 : atoi(number), kept = 0;
    if (course->labs != 1) {
        fprintf(stderr, "plumb: STEP needs a LAB: make check LAB=04 STEP=%s\n", number);
        return -1;
    }
    for (int i = lab->steps - 1; i >= 0; i--) /* a step stands behind the one that it builds on */
        if (lab->step[i].number == wanted) {
            keep[i] = true;
            wanted = lab->step[i].after;
        }
    for (int i = 0; i < lab->steps; i++)
        if (keep[i])
            lab->step[kept++] = lab->step[i];
    if (kept == 0) {
        fprintf(stderr, "plumb: %s has no step \"%s\"\n", lab->name, number);
        return -1;
    }
    course->partial = kept < lab->steps;
    lab->steps = kept;
    return 0;
}

/* --- how it went --- */

int lab_points(const struct lab *lab)
{
    int points = 0;
    for (int i = 0; i < lab->steps; i++)
        points += lab->step[i].points;
    return points;
}

int lab_score(const struct lab *lab)
{
    int score = 0;
    for (int i = 0; i < lab->steps; i++)
        if (lab->step[i].outcome.status == PASS)
            score += lab->step[i].points;
    return score;
}

bool course_passed(const struct course *course)
{
    for (int i = 0; i < course->labs; i++)
        for (int j = 0; j < course->lab[i].steps; j++)
            if (course->lab[i].step[j].outcome.status != PASS)
                return false;
    return true;
}

bool course_judged(const struct course *course)
{
    for (int i = 0; i < course->labs; i++)
        for (int j = 0; j < course->lab[i].steps; j++) {
            enum status status = course->lab[i].step[j].outcome.status;
            if (status == ERROR || status == UNTRIED)
                return false;
        }
    return true;
}

const char *status_name(enum status status)
{
    static const char *const names[] = {"untried", "pass", "fail", "blocked", "limit", "error"};
    return names[status];
}

struct step *first_open_step(struct lab *lab)
{
    for (int i = 0; i < lab->steps; i++)
        if (lab->step[i].outcome.status != PASS)
            return &lab->step[i];
    return NULL;
}

const char *outcome_message(const struct outcome *outcome)
{
    if (outcome->status == PASS)
        return "";
    const char *message = outcome->came ? outcome->came : "";
    if (outcome->expected)
        message = text("expected %s; came %s", outcome->expected, message);
    if (outcome->tried)
        message = text("%s: %s", outcome->tried, message);
    for (int i = 0; i < MOST_STANDINGS && outcome->standing[i]; i++)
        message = text("%s; %s", message, outcome->standing[i]);
    if (outcome->cause)
        message = text("%s. %s", message, outcome->cause);
    return message;
}

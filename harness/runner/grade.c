/*
 * grade.c - from a course to its outcomes (see grade.h).
 */
#include "grade.h"

#include "compile.h"
#include "keep.h"
#include "result.h"
#include "schedule.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* JOBS, or so many jobs for each processor. */
static int job_count(int per_processor)
{
    const char *wish = setting("JOBS");
    long jobs = wish ? strtol(wish, NULL, 10) : per_processor * sysconf(_SC_NPROCESSORS_ONLN);
    return jobs < 1 ? 1 : jobs > 32 ? 32 : (int)jobs;
}

int choose_tier(enum tier *tier, const char **why_not)
{
    const char *wish = setting("TIER");
    *why_not = "asked for by TIER";
    *tier = COOPERATIVE;
    if (wish && strcmp(wish, "cooperative") == 0)
        return 0;
    if (wish && strcmp(wish, "sealed") != 0) {
        fprintf(stderr, "plumb: TIER is \"sealed\" or \"cooperative\", not \"%s\"\n", wish);
        return -1;
    }
    if (box_can_seal(why_not)) {
        *tier = SEALED;
        return 0;
    }
    if (!wish)
        return 0;
    fprintf(stderr, "plumb: steps cannot be sealed here: %s\n", *why_not);
    return -1;
}

/* A part of a lab, and programs that another one built, leave nothing for the next check. */
static bool has_memory(const struct course *course)
{
    return !course->partial && !course->trace && !setting("COMPILED");
}

int grade(struct course *course, enum tier tier, void (*lab_done)(struct course *, struct lab *))
{
    if (has_memory(course))
        keep_verdicts(course, tier);
    if (!setting("COMPILED") && compile_start(course, job_count(1)) == -1)
        return -1;
    /* Steps wait for most of their time, more so while programs are being built. */
    int jobs = job_count(course->builder ? 4 : 2);
    if (schedule_run(course, tier, jobs, lab_done) == 0 && compile_finish(course) == 0) {
        if (has_memory(course))
            note_verdicts(course);
        return 0;
    }
    int error = errno;
    compile_abandon(course);
    if (error == EINTR)
        fprintf(stderr, "plumb: interrupted\n");
    else if (error != ECANCELED)
        fprintf(stderr, "plumb: a step cannot be started: %s\n", strerror(error));
    return -1;
}

int know_lab(struct course *course, struct lab *lab)
{
    struct course alone = *course;
    enum tier tier;
    const char *why_not;
    if (result_recall(course, lab))
        return 0;
    alone.lab = lab;
    alone.labs = 1;
    if (choose_tier(&tier, &why_not) == -1 || grade(&alone, tier, NULL) == -1)
        return -1;
    result_remember(course, lab);
    return 0;
}

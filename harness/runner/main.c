/*
 * main.c - plumb: grades labs and shows the way on. The Makefile calls it from the top folder.
 *
 *     plumb check     grade; writes $RESULT if set
 *     plumb next      the next step to do, with its file and line
 *     plumb hint      a hint for the step, one strength more each time
 *     plumb progress  all labs as bars
 *
 * Settings come from the environment, as make sets them: BUILD, DIR, LAB, STEP, RESULT, TIER
 * (cooperative or sealed to force one), JOBS. Exit code 0: every step passed (check), or done;
 * 1: a step failed; 2: it could not be done.
 */
#include "box.h"
#include "coach.h"
#include "compile.h"
#include "course.h"
#include "report.h"
#include "result.h"
#include "schedule.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, IMPOSSIBLE = 2 };

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static int job_count(void)
{
    const char *wish = setting("JOBS");
    long jobs = wish ? strtol(wish, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    return jobs < 1 ? 1 : jobs > 32 ? 32 : (int)jobs;
}

static bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static int find_course(struct course *course)
{
    const char *build = setting("BUILD");
    const char *tree = setting("DIR");
    course->build = realpath(build ? build : "build", NULL);
    course->tree = tree ? tree : "labs";
    if (!course->build) {
        fprintf(stderr, "plumb: the build folder %s: %s\n", build ? build : "build",
                strerror(errno));
        return -1;
    }
    course->own_tree = same_file(course->tree, "labs");
    return course_find(course, setting("LAB"));
}

/* Which tier it is going to be; says why a sealed one is not possible. */
static int choose_tier(enum tier *tier, const char **why_not)
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

static int grade(struct course *course, enum tier tier,
                 void (*lab_done)(struct course *, struct lab *))
{
    if (compile_all(course, job_count()) == -1)
        return -1;
    if (schedule_run(course, tier, job_count(), lab_done) == 0)
        return 0;
    if (errno == EINTR)
        fprintf(stderr, "plumb: interrupted\n");
    else
        fprintf(stderr, "plumb: a step cannot be started: %s\n", strerror(errno));
    return -1;
}

static void lab_done(struct course *course, struct lab *lab)
{
    result_remember(course, lab);
    report_lab(course, lab);
}

static void report_first_failure(struct course *course)
{
    for (int i = 0; i < course->labs; i++) {
        struct step *step = first_open_step(&course->lab[i]);
        if (step) {
            report_failure(course, &course->lab[i], step);
            return;
        }
    }
}

static int write_result(const struct course *course, enum tier tier)
{
    const char *path = setting("RESULT");
    if (!path || result_write(course, tier_name(tier), path) == 0)
        return 0;
    fprintf(stderr, "plumb: cannot write %s: %s\n", path, strerror(errno));
    return -1;
}

static int check(struct course *course)
{
    enum tier tier;
    const char *why_not;
    if (choose_tier(&tier, &why_not) == -1)
        return IMPOSSIBLE;
    printf("%s, %s tier%s%s\n", course->tree, tier_name(tier), tier == SEALED ? "" : ": ",
           tier == SEALED ? "" : why_not);
    fflush(stdout);
    if (grade(course, tier, lab_done) == -1)
        return IMPOSSIBLE;
    report_first_failure(course);
    if (write_result(course, tier) == -1 || fflush(stdout) != 0 || !course_judged(course))
        return IMPOSSIBLE;
    return course_passed(course) ? DONE : FAILED;
}

/* Makes sure that the lab's outcomes are known, from memory or by grading it. */
static int know_lab(struct course *course, struct lab *lab)
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

int main(int argc, char *argv[])
{
    struct course course = {0};
    const char *command = argc == 2 ? argv[1] : "";
    prctl(PR_SET_DUMPABLE, 0);
    report_set_up();
    if (strcmp(command, "check") == 0)
        return find_course(&course) == -1 ? IMPOSSIBLE : check(&course);
    if (strcmp(command, "next") == 0)
        return find_course(&course) == -1 ? IMPOSSIBLE : coach_next(&course, know_lab);
    if (strcmp(command, "hint") == 0)
        return find_course(&course) == -1 ? IMPOSSIBLE
                                          : coach_hint(&course, setting("STEP"), know_lab);
    if (strcmp(command, "progress") == 0)
        return find_course(&course) == -1 ? IMPOSSIBLE : coach_progress(&course, know_lab);
    fprintf(stderr, "usage: plumb check | next | hint | progress\n");
    return IMPOSSIBLE;
}

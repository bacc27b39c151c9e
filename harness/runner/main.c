/*
 * main.c - plumb: grades labs and shows the way on. The Makefile calls it from the top folder.
 *
 *     plumb check     grade; writes $RESULT if set
 *     plumb watch     grade again on every save
 *     plumb next      the next step to do, with its file and line
 *     plumb hint      a hint for the step, one strength more each time
 *     plumb progress  all labs as bars
 *     plumb trace     play a lab's story and draw it
 *     plumb compile   build the programs, and no more
 *     plumb seal      say whether steps can be sealed here
 *
 * Settings come from the environment, as make sets them: BUILD, DIR, LAB, STEP, RESULT, TIER
 * (cooperative or sealed to force one), JOBS. The autograder sets COMPILED (the programs were built
 * before: do not), RECORDS (a descriptor for one line a step) and HIDDEN (folders that programs
 * under test must not see). Exit code 0: every step passed (check), or done; 1: a step failed; 2:
 * it could not be done.
 */
#include "box.h"
#include "coach.h"
#include "compile.h"
#include "course.h"
#include "grade.h"
#include "report.h"
#include "result.h"
#include "trace.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

enum { DONE = 0, FAILED = 1, IMPOSSIBLE = 2 };

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

static void lab_done(struct course *course, struct lab *lab)
{
    if (!course->partial)
        result_remember(course, lab);
    report_lab(course, lab);
}

static int write_result(const struct course *course, enum tier tier)
{
    const char *path = setting("RESULT");
    if (!path || result_write(course, tier_name(tier), path) == 0)
        return 0;
    fprintf(stderr, "plumb: cannot write %s: %s\n", path, strerror(errno));
    return -1;
}

static int compile(struct course *course)
{
    return compile_start(course, 1) == 0 && compile_finish(course) == 0 ? DONE : IMPOSSIBLE;
}

/* The descriptor for records, or -1 if none was asked for; nobody else inherits it. */
static int records_descriptor(void)
{
    const char *number = setting("RECORDS");
    int fd = number ? atoi(number) : -1;
    if (number && fcntl(fd, F_SETFD, FD_CLOEXEC) == -1) {
        fprintf(stderr, "plumb: RECORDS: %s\n", strerror(errno));
        exit(IMPOSSIBLE);
    }
    return fd;
}

static int check(struct course *course)
{
    int records = records_descriptor();
    enum tier tier;
    const char *why_not, *step = setting("STEP");
    if ((step && course_keep_step(course, step) == -1) || choose_tier(&tier, &why_not) == -1)
        return IMPOSSIBLE;
    printf("%s, %s tier%s%s\n", course->tree, tier_name(tier), tier == SEALED ? "" : ": ",
           tier == SEALED ? "" : why_not);
    fflush(stdout);
    if (grade(course, tier, lab_done) == -1)
        return IMPOSSIBLE;
    report_first_failure(course);
    if (records != -1 && result_send(course, tier_name(tier), records) == -1) {
        fprintf(stderr, "plumb: RECORDS: %s\n", strerror(errno));
        return IMPOSSIBLE;
    }
    if (write_result(course, tier) == -1 || fflush(stdout) != 0 || !course_judged(course))
        return IMPOSSIBLE;
    return course_passed(course) ? DONE : FAILED;
}

static const struct {
    const char *name;
    int (*run)(struct course *course);
} commands[] = {
    {"check", check},
    {"watch", watch},
    {"next", coach_next},
    {"hint", coach_hint},
    {"progress", coach_progress},
    {"trace", trace},
    {"compile", compile},
};

int main(int argc, char *argv[])
{
    struct course course = {0};
    const char *command = argc == 2 ? argv[1] : "";
    const char *why_not;
    prctl(PR_SET_DUMPABLE, 0); /* students' programs must not look into the runner */
    if (strcmp(command, "seal") == 0) {
        if (box_can_seal(&why_not))
            return DONE;
        fprintf(stderr, "plumb: steps cannot be sealed here: %s\n", why_not);
        return FAILED;
    }
    report_set_up();
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(command, commands[i].name) == 0)
            return find_course(&course) == -1 ? IMPOSSIBLE : commands[i].run(&course);
    fprintf(stderr,
            "usage: plumb check | watch | next | hint | progress | trace | compile | seal\n");
    return IMPOSSIBLE;
}

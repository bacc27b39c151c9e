/*
 * trace.c - plays a lab's story and has it drawn (see trace.h).
 *
 * A story is performed like a step, in a box of its own, as step 0. The judge notes down what
 * happens in BUILD/trace/LAB.trace (../judge/story.c), and BUILD/bin/draw makes pictures of it.
 */
#include "trace.h"

#include "grade.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WHOLE = 0, CUT_SHORT = 1, IMPOSSIBLE = 2 };
enum { DRAWN = 0, EMPTY = 3 }; /* exit codes of draw */

/* A value for a field of the trace. */
static const char *field(const char *words)
{
    char *value = text("%s", words);
    for (char *c = value; *c; c++)
        if (*c == '\\' || *c == '\t' || *c == '\n')
            *c = '?';
    return value;
}

static int begin_trace(const struct course *course, const struct lab *lab)
{
    const char *head = text("plumbline-trace 1\nrun\tlab=%s\ttitle=%s\ttree=%s\n", lab->name,
                            field(lab->story), field(course->tree));
    if (make_folders(text("%s/trace", course->build)) == 0 &&
        write_whole(course->trace, head, strlen(head)) == 0)
        return 0;
    fprintf(stderr, "plumb: cannot write %s: %s\n", course->trace, strerror(errno));
    return -1;
}

/* The exit code of draw. */
static int draw(const struct course *course, const char *out)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        execl(text("%s/bin/draw", course->build), "draw", course->trace, out, "harness/trace",
              (char *)NULL);
        fprintf(stderr, "plumb: %s/bin/draw: %s\n", course->build, strerror(errno));
        _exit(IMPOSSIBLE);
    }
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            return IMPOSSIBLE;
    return WIFEXITED(status) ? WEXITSTATUS(status) : IMPOSSIBLE;
}

static void tell_why(const struct outcome *outcome, bool drawn)
{
    printf("\nThe story was cut short%s.\n",
           drawn ? ", and is drawn up to there" : " before it began");
    if (outcome->tried)
        printf("  tried     %s\n", outcome->tried);
    if (outcome->expected)
        printf("  expected  %s\n", outcome->expected);
    if (outcome->came)
        printf("  came      %s\n", outcome->came);
    for (int i = 0; i < MOST_STANDINGS && outcome->standing[i]; i++)
        printf("  program   %s\n", outcome->standing[i]);
}

/* The one lab, with its story for its only step. */
static struct lab story_of(const struct lab *lab)
{
    struct lab alone = *lab;
    memset(alone.step, 0, sizeof alone.step);
    alone.steps = 1;
    alone.step[0].title = lab->story;
    alone.step[0].after = -1; /* on nothing; 0 is itself */
    return alone;
}

int trace(struct course *course)
{
    const char *build = getenv("BUILD");
    enum tier tier;
    const char *why_not;
    if (course->labs != 1) {
        fprintf(stderr, "trace: say which lab: make trace LAB=04\n");
        return IMPOSSIBLE;
    }
    if (!course->lab[0].story) {
        fprintf(stderr, "trace: lab %s has no story to draw\n", course->lab[0].name);
        return IMPOSSIBLE;
    }
    struct lab story = story_of(&course->lab[0]);
    course->lab = &story;
    course->trace = text("%s/trace/%s.trace", course->build, story.name);
    if (choose_tier(&tier, &why_not) == -1 || begin_trace(course, &story) == -1 ||
        grade(course, tier, NULL) == -1)
        return IMPOSSIBLE;
    const struct outcome *outcome = &story.step[0].outcome;
    if (outcome->status == ERROR || outcome->status == UNTRIED) {
        fprintf(stderr, "trace: the story cannot be played: %s\n",
                outcome->came ? outcome->came : "no reason is known");
        return IMPOSSIBLE;
    }
    int drawn = draw(course, text("%s/trace/%s", course->build, story.name));
    if (drawn != DRAWN && drawn != EMPTY)
        return IMPOSSIBLE;
    if (outcome->status != PASS)
        tell_why(outcome, drawn == DRAWN);
    if (drawn == EMPTY)
        return outcome->status == PASS ? IMPOSSIBLE : CUT_SHORT;
    const char *pages = text("%s/trace/%s", build && *build ? build : "build", story.name);
    printf("\nStep through it in a browser: %s.html\nThe picture alone: %s.svg\n", pages, pages);
    return fflush(stdout) != 0 ? IMPOSSIBLE : outcome->status == PASS ? WHOLE : CUT_SHORT;
}

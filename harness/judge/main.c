/*
 * main.c - what a lab's steps are linked with.
 *
 *     steps list     describe the steps, one `key value` a line; `story TITLE` if there is one
 *     steps run N    perform step N under Criterion; its verdict goes to $PLUMBLINE_VERDICT.
 *                    0 is the story
 */
#include "step.h"

#include <criterion/options.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct step *const __start_plumbline_steps[];
extern const struct step *const __stop_plumbline_steps[];

static void describe(const struct step *step)
{
    printf("step %d\ntitle %s\npoints %d\nafter %d\n", step->number, step->title, step->points,
           step->after);
    printf("see %s\n", step->see ? step->see : "");
    for (int i = 0; i < HINTS_PER_STEP; i++)
        if (step->hints[i])
            printf("hint %s\n", step->hints[i]);
    if (step->by_hand)
        printf("by_hand %s\n", step->by_hand);
    if (step->watch_threads)
        printf("watch_threads %s\n", step->watch_threads);
}

static int list(void)
{
    if (&plumbline_story)
        printf("story %s\n", plumbline_story->title);
    for (const struct step *const *step = __start_plumbline_steps; step < __stop_plumbline_steps;
         step++)
        describe(*step);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const char *name, const char *number)
{
    char filter[64];
    snprintf(filter, sizeof filter, "steps/step_%s", number);
    char *arguments[] = {(char *)name, "--filter", filter, "--jobs", "1", NULL};
    struct criterion_test_set *tests = criterion_initialize();
    if (criterion_handle_args(5, arguments, false))
        criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return EXIT_SUCCESS; /* the verdict speaks on its own channel */
}

int main(int argc, char *argv[])
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    if (argc == 3 && strcmp(argv[1], "run") == 0)
        return run(argv[0], argv[2]);
    fprintf(stderr, "usage: steps list | steps run N\n");
    return 2;
}

/*
 * progress.c - a line that changes on a terminal, a line a person in a log (see progress.h).
 */
#include "progress.h"

#include "journal.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, size_t all)
{
    *progress = (struct progress){.all = all, .started_ms = now_ms()};
    progress->on_terminal = isatty(STDOUT_FILENO);
    progress_tick(progress);
}

void progress_tick(const struct progress *progress)
{
    if (!progress->on_terminal)
        return;
    printf("\r\033[K%zu of %zu graded", progress->done, progress->all);
    if (progress->errors > 0)
        printf(", %zu with errors", progress->errors);
    if (progress->fresh > 3) { /* those known before cost no time worth counting */
        long long spent = now_ms() - progress->started_ms;
        long long left =
            spent * (long long)(progress->all - progress->done) / (long long)progress->fresh / 1000;
        if (left >= 120)
            printf(", about %lld minutes left", (left + 30) / 60);
        else
            printf(", about %lld seconds left", left);
    }
    fflush(stdout);
}

void progress_step(struct progress *progress, const struct grader *grader, size_t submission,
                   bool fresh)
{
    const struct submission *person = &grader->submission[submission];
    bool error = false;
    progress->done++;
    progress->fresh += fresh;
    if (!progress->on_terminal)
        printf("%*zu/%zu  %s", progress->all > 999 ? 4 : 3, progress->done, progress->all,
               person->id);
    for (int i = 0; i < grader->labs; i++) {
        const struct block *block = journal_find(grader->journal, person->id, grader->lab[i].name);
        if (!grader->lab[i].wanted || !block)
            continue;
        error |= block->error;
        if (!progress->on_terminal && block->error)
            printf("  %.2s error", grader->lab[i].name);
        else if (!progress->on_terminal)
            printf("  %.2s %d", grader->lab[i].name, block->points);
    }
    progress->errors += error;
    if (!progress->on_terminal)
        printf("%s\n", fresh ? "" : "  (as before)");
    progress_tick(progress);
    fflush(stdout);
}

void progress_end(const struct progress *progress)
{
    if (progress->on_terminal)
        printf("\r\033[K");
    fflush(stdout);
}

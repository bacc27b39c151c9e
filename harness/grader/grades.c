/*
 * grades.c - OUT/grades.csv: a line a person, a column a lab (see publish.h).
 *
 * A lab that could not be judged is `error`, and so is the total then: never a silent 0.
 */
#include "../runner/text.h"
#include "csv.h"
#include "journal.h"
#include "publish.h"

#include <stdlib.h>

static void put_person(FILE *out, const struct grader *grader, const struct submission *submission)
{
    int total = 0;
    bool error = false;
    csv_put(out, submission->id, ',');
    for (int i = 0; i < grader->labs; i++) {
        if (!grader->lab[i].wanted)
            continue;
        const struct block *block =
            journal_find(grader->journal, submission->id, grader->lab[i].name);
        bool unknown = !block || block->error;
        error |= unknown;
        if (unknown)
            fputs(",error", out);
        else
            fprintf(out, ",%d", block->points);
        total += unknown ? 0 : block->points;
    }
    if (error)
        fputs(",error\n", out);
    else
        fprintf(out, ",%d\n", total);
}

int write_grades(const struct grader *grader)
{
    char *content;
    size_t length;
    FILE *out = open_memstream(&content, &length);
    if (!out)
        return -1;
    fputs("id", out);
    for (int i = 0; i < grader->labs; i++)
        if (grader->lab[i].wanted)
            fprintf(out, ",%s", grader->lab[i].name);
    fputs(",total\n", out);
    for (size_t i = 0; i < grader->submissions_count; i++)
        put_person(out, grader, &grader->submission[i]);
    if (fclose(out) != 0)
        return -1;
    int result = write_synced_file(text("%s/grades.csv", grader->out), content, length);
    free(content);
    return result;
}

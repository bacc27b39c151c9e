/*
 * publish.c - results of one person, and what all that is published shares (see publish.h).
 */
#include "publish.h"

#include "../runner/escape.h"
#include "../runner/text.h"
#include "journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True if the file already holds exactly this. */
static bool holds(const char *path, const char *content, size_t length)
{
    size_t there = 0;
    char *whole = read_whole(path, &there);
    bool same = whole && there == length && memcmp(whole, content, length) == 0;
    free(whole);
    return same;
}

int write_synced_file(const char *path, const char *content, size_t length)
{
    if (holds(path, content, length))
        return 0;
    const char *temporary = text("%s.new", path);
    FILE *file = fopen(temporary, "we");
    if (!file)
        return -1;
    bool failed = fwrite(content, 1, length, file) != length || fflush(file) != 0 ||
                  fsync(fileno(file)) == -1;
    failed |= fclose(file) != 0;
    if (!failed && rename(temporary, path) == 0)
        return 0;
    int error = errno;
    unlink(temporary);
    errno = error;
    return -1;
}

int visit_block(const struct grader *grader, const char *id, const char *lab,
                void (*visit)(const struct record *record, void *context), void *context)
{
    const struct block *block = journal_find(grader->journal, id, lab);
    char *lines = block ? journal_read(grader->journal, block) : NULL;
    int count = -1;
    if (!lines)
        return -1;
    char *rest = lines;
    for (char *line; (line = strtok_r(rest, "\n", &rest)); count++) {
        struct record record;
        if (record_parse(line, &record) == 0)
            visit(&record, context);
    }
    free(lines);
    return count;
}

/* --- results/ID.json --- */

struct writing { /* one lab's part of a person's results */
    const struct grader *grader;
    FILE *out;
    const char *lab;
    const char *notes, *sealed;
    int steps, points, most;
};

static void count_points(const struct record *record, void *context)
{
    struct writing *writing = context;
    if (record_get(record, "done"))
        return;
    writing->points += record_number(record, "points");
    writing->most += record_number(record, "max_points");
}

static void put_step(const struct record *record, void *context)
{
    static const char *const details[] = {"tried", "expected", "came", "program",
                                          "cause", "hint",     "read"};
    struct writing *writing = context;
    FILE *out = writing->out;
    const char *words = record_get(record, "message");
    if (record_get(record, "done")) {
        const char *notes = record_get(record, "notes");
        writing->notes = text("%s", notes ? notes : "");
        writing->sealed = text("%s", record_get(record, "sealed"));
        return;
    }
    int step = record_number(record, "step");
    fprintf(out, "%s\n    {\"step\": %d, \"title\": ", writing->steps++ ? "," : "", step);
    put_json(out, record_get(record, "title") ? record_get(record, "title") : "");
    fprintf(out, ", \"status\": \"%s\", \"points\": %d, \"max_points\": %d, \"message\": ",
            record_get(record, "status"), record_number(record, "points"),
            record_number(record, "max_points"));
    put_json(out, words ? words : "");
    fprintf(out, ", \"seconds\": %.3f", record_number(record, "ms") / 1000.0);
    if (is_hidden(writing->grader, writing->lab, step))
        fputs(", \"hidden\": true", out);
    for (size_t i = 0; i < sizeof details / sizeof details[0]; i++) {
        const char *value = record_get(record, details[i]);
        if (!value)
            continue;
        fprintf(out, ", \"%s\": ", details[i]);
        put_json(out, value);
    }
    fputc('}', out);
}

static void put_lab(struct writing *writing, const struct submission *submission,
                    const struct lab *lab, bool first)
{
    FILE *out = writing->out;
    *writing = (struct writing){.grader = writing->grader, .out = out, .lab = lab->name};
    if (visit_block(writing->grader, submission->id, lab->name, count_points, writing) == -1)
        return;
    if (writing->most == 0)
        writing->most = lab->points;
    fprintf(out, "%s\n  {\"lab\": \"%s\", \"score\": %d, \"max_score\": %d, \"steps\": [",
            first ? "" : ",", lab->name, writing->points, writing->most);
    visit_block(writing->grader, submission->id, lab->name, put_step, writing);
    fprintf(out, "\n  ], \"sealed\": %s, \"notes\": ",
            strcmp(writing->sealed, "yes") == 0 ? "true" : "false");
    put_json(out, writing->notes);
    fputs("}", out);
}

static int write_results(const struct grader *grader, const struct submission *submission)
{
    char *content;
    size_t length;
    FILE *out = open_memstream(&content, &length);
    if (!out)
        return -1;
    fputs("{\"version\": 1, \"id\": ", out);
    put_json(out, submission->id);
    fputs(", \"name\": ", out);
    put_json(out, submission->name);
    fputs(", \"labs\": [", out);
    struct writing writing = {.grader = grader, .out = out};
    bool first = true;
    for (int i = 0; i < grader->labs; i++)
        if (grader->lab[i].wanted) {
            put_lab(&writing, submission, &grader->lab[i], first);
            first &= !journal_find(grader->journal, submission->id, grader->lab[i].name);
        }
    fputs("\n]}\n", out);
    if (fclose(out) != 0)
        return -1;
    int result =
        write_synced_file(text("%s/results/%s.json", grader->out, submission->id), content, length);
    free(content);
    return result;
}

int publish_person(const struct grader *grader, const struct submission *submission)
{
    if (write_results(grader, submission) == -1)
        return -1;
    return write_feedback(grader, submission);
}

int publish_class(const struct grader *grader)
{
    return write_grades(grader) == -1 || write_report(grader) == -1 ? -1 : 0;
}

/*
 * feedback.c - OUT/feedback/ID.html: what a student reads (see publish.h).
 *
 * For each lab its steps, and the first failure of each lab in full, as `make check` shows it.
 * Hidden steps leave no trace: not their titles, not their points.
 */
#include "../runner/escape.h"
#include "../runner/text.h"
#include "page.h"
#include "publish.h"

#include <stdlib.h>
#include <string.h>

struct feedback {
    const struct grader *grader;
    const struct lab *lab;
    FILE *out;
    int points, most, steps;
    bool told; /* the first failure was told in full */
    const char *notes;
};

static bool is_shown(const struct feedback *feedback, const struct record *record)
{
    return !record_get(record, "done") &&
           !is_hidden(feedback->grader, feedback->lab->name, record_number(record, "step"));
}

static void add_points(const struct record *record, void *context)
{
    struct feedback *feedback = context;
    if (record_get(record, "notes"))
        feedback->notes = text("%s", record_get(record, "notes"));
    if (!is_shown(feedback, record))
        return;
    feedback->points += record_number(record, "points");
    feedback->most += record_number(record, "max_points");
    feedback->steps++;
}

static void put_row(const struct record *record, void *context)
{
    struct feedback *feedback = context;
    FILE *out = feedback->out;
    const char *status = record_get(record, "status"), *title = record_get(record, "title");
    if (!is_shown(feedback, record) || !status)
        return;
    fprintf(out, "<tr class=\"%s\"><td class=\"n\">%d</td><td>", status,
            record_number(record, "step"));
    put_html(out, title ? title : "");
    fprintf(out, "</td><td>%s</td><td class=\"n\">%d/%d</td></tr>\n", status,
            record_number(record, "points"), record_number(record, "max_points"));
}

static void put_detail(FILE *out, const char *label, const char *value)
{
    if (!value)
        return;
    fprintf(out, "<dt>%s</dt><dd>", label);
    put_html(out, value);
    fputs("</dd>\n", out);
}

static void put_calls(FILE *out, const struct record *record)
{
    const char *lines = NULL;
    for (int i = 0; i < record->fields; i++)
        if (strcmp(record->field[i].key, "call") == 0)
            lines = lines ? text("%s\n%s", lines, record->field[i].value)
                          : text("%s", record->field[i].value);
    if (!lines)
        return;
    fputs("<dt>calls</dt><dd class=\"calls\">", out);
    put_html(out, lines);
    fputs("</dd>\n", out);
}

static void put_failure(const struct record *record, void *context)
{
    struct feedback *feedback = context;
    FILE *out = feedback->out;
    const char *status = record_get(record, "status");
    const char *read = record_get(record, "read");
    if (feedback->told || !is_shown(feedback, record) || !status || strcmp(status, "pass") == 0 ||
        strcmp(status, "blocked") == 0)
        return;
    feedback->told = true;
    fprintf(out, "<div class=\"box\"><h3>Step %d: ", record_number(record, "step"));
    put_html(out, record_get(record, "title") ? record_get(record, "title") : "");
    fputs("</h3>\n<dl>\n", out);
    put_detail(out, "tried", record_get(record, "tried"));
    put_detail(out, "expected", record_get(record, "expected"));
    put_detail(out, "came", record_get(record, "came"));
    for (int i = 0; i < record->fields; i++)
        if (strcmp(record->field[i].key, "program") == 0)
            put_detail(out, "program", record->field[i].value);
    put_calls(out, record);
    put_detail(out, "cause", record_get(record, "cause"));
    put_detail(out, "hint", record_get(record, "hint"));
    if (read)
        put_detail(out, "read", text("labs/%s/README.md, \"%s\"", feedback->lab->name, read));
    if (!record_get(record, "tried"))
        put_detail(out, "message", record_get(record, "message"));
    fputs("</dl></div>\n", out);
}

static void put_lab(struct feedback *feedback, const struct submission *submission)
{
    const struct grader *grader = feedback->grader;
    const char *lab = feedback->lab->name;
    FILE *out = feedback->out;
    if (visit_block(grader, submission->id, lab, add_points, feedback) == -1)
        return;
    fprintf(out, "<h2>%s</h2>\n", lab);
    if (feedback->steps == 0) {
        fputs("<p>Nothing was handed in for this lab.</p>\n", out);
    } else {
        fprintf(out, "<p>%d of %d points ", feedback->points, feedback->most);
        page_bar(out, feedback->points, feedback->most,
                 text("%d of %d points", feedback->points, feedback->most));
        fputs("</p>\n<div class=\"wide\"><table>\n", out);
        visit_block(grader, submission->id, lab, put_row, feedback);
        fputs("</table></div>\n", out);
        visit_block(grader, submission->id, lab, put_failure, feedback);
    }
    if (feedback->notes && *feedback->notes) {
        fputs("<p class=\"soft\">", out);
        put_html(out, feedback->notes);
        fputs("</p>\n", out);
    }
}

int write_feedback(const struct grader *grader, const struct submission *submission)
{
    char *content;
    size_t length;
    FILE *out = open_memstream(&content, &length);
    if (!out)
        return -1;
    page_begin(out, text("Feedback for %s", *submission->name ? submission->name : submission->id));
    if (!grader->sealed)
        fputs("<p class=\"error\">Graded without a sandbox (UNSEALED).</p>\n", out);
    for (int i = 0; i < grader->labs; i++) {
        struct feedback feedback = {.grader = grader, .lab = &grader->lab[i], .out = out};
        if (grader->lab[i].wanted)
            put_lab(&feedback, submission);
    }
    page_end(out);
    if (fclose(out) != 0)
        return -1;
    int result = write_synced_file(text("%s/feedback/%s.html", grader->out, submission->id),
                                   content, length);
    free(content);
    return result;
}

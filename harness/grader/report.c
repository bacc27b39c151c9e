/*
 * report.c - OUT/report.html: what an instructor reads about the class (see publish.h).
 *
 * One pass over all verdicts gathers the figures, then the page is written from them.
 */
#include "../runner/escape.h"
#include "../runner/text.h"
#include "journal.h"
#include "page.h"
#include "publish.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_STEPS = 16,
    MOST_CAUSES = 4096,
    SHOWN_CAUSES = 12,
    SHOWN_SLOW = 8,
    SHOWN_LEFT_OUT = 200,
    BINS = 10
};

struct step_figures {
    const char *title;
    int tried, passed, blocked;
};

struct lab_figures {
    struct step_figures step[MOST_STEPS + 1];
    int bin[BINS + 1]; /* persons with 0-9, 10-19, ..., 90-99, 100 % */
    int handed_in, errors;
    long long points;
};

struct cause { /* why steps failed, and how often */
    const char *words, *lab;
    int step, times;
};

struct slow {
    const char *id, *lab;
    int ms;
};

struct figures {
    const struct grader *grader;
    struct lab_figures lab[MOST_LABS];
    struct cause cause[MOST_CAUSES];
    int causes;
    struct slow slow[SHOWN_SLOW];
    /* the verdict that is being read */
    const struct submission *person;
    int lab_index, ms;
    const char *notes;
};

/* --- gathering --- */

static void count_cause(struct figures *figures, const char *words, int step)
{
    const char *lab = figures->grader->lab[figures->lab_index].name;
    for (int i = 0; i < figures->causes; i++)
        if (figures->cause[i].step == step && strcmp(figures->cause[i].lab, lab) == 0 &&
            strcmp(figures->cause[i].words, words) == 0) {
            figures->cause[i].times++;
            return;
        }
    if (figures->causes < MOST_CAUSES)
        figures->cause[figures->causes++] = (struct cause){text("%s", words), lab, step, 1};
}

static void take_record(const struct record *record, void *context)
{
    struct figures *figures = context;
    struct lab_figures *lab = &figures->lab[figures->lab_index];
    const char *status = record_get(record, "status"), *title = record_get(record, "title");
    int step = record_number(record, "step");
    if (record_get(record, "done")) {
        figures->notes = record_get(record, "notes") ? text("%s", record_get(record, "notes")) : "";
        return;
    }
    figures->ms += record_number(record, "ms");
    if (!status || step > MOST_STEPS)
        return;
    struct step_figures *at = &lab->step[step];
    if (!at->title)
        at->title = text("%s", title ? title : "");
    at->tried++;
    at->passed += strcmp(status, "pass") == 0;
    at->blocked += strcmp(status, "blocked") == 0;
    if (strcmp(status, "fail") == 0 || strcmp(status, "limit") == 0) {
        const char *words = record_get(record, "cause");
        count_cause(figures, words ? words : "(no cause is known)", step);
    }
}

static void note_slow(struct figures *figures)
{
    struct slow new = {figures->person->id, figures->grader->lab[figures->lab_index].name,
                       figures->ms};
    for (int i = 0; i < SHOWN_SLOW; i++)
        if (new.ms > figures->slow[i].ms) {
            struct slow pushed = figures->slow[i];
            figures->slow[i] = new;
            new = pushed;
        }
}

static void gather(struct figures *figures)
{
    const struct grader *grader = figures->grader;
    for (size_t i = 0; i < grader->submissions_count; i++)
        for (int j = 0; j < grader->labs; j++) {
            const struct lab *lab = &grader->lab[j];
            if (!lab->wanted)
                continue;
            figures->person = &grader->submission[i];
            figures->lab_index = j;
            figures->ms = 0;
            int steps = visit_block(grader, figures->person->id, lab->name, take_record, figures);
            const struct block *block =
                journal_find(grader->journal, figures->person->id, lab->name);
            if (steps <= 0 || !block)
                continue;
            int percent = lab->points ? block->points * 100 / lab->points : 0;
            figures->lab[j].handed_in++;
            figures->lab[j].errors += block->error;
            figures->lab[j].points += block->points;
            figures->lab[j].bin[percent >= 100 ? BINS : percent / 10]++;
            note_slow(figures);
        }
}

/* --- writing --- */

static void put_histogram(FILE *out, const int bin[BINS + 1], const char *lab)
{
    int most = 1;
    for (int i = 0; i <= BINS; i++)
        most = bin[i] > most ? bin[i] : most;
    fprintf(out,
            "<svg viewBox=\"0 0 352 120\" width=\"352\" role=\"img\" "
            "aria-label=\"How many persons earned how many percent in %s\">",
            lab);
    for (int i = 0; i <= BINS; i++) {
        double height = 80.0 * bin[i] / most;
        fprintf(out,
                "<rect x=\"%d\" y=\"%.1f\" width=\"26\" height=\"%.1f\" fill=\"var(--bar)\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"10\" "
                "fill=\"var(--ink)\">%d</text><text x=\"%d\" y=\"112\" text-anchor=\"middle\" "
                "font-size=\"10\" fill=\"var(--soft)\">%d%s</text>",
                i * 32, 98 - height, height, i * 32 + 13, 94 - height, bin[i], i * 32 + 13, i * 10,
                i < BINS ? "" : "%");
    }
    fputs("<line x1=\"0\" x2=\"352\" y1=\"98.5\" y2=\"98.5\" stroke=\"var(--line)\"/></svg>\n",
          out);
}

static void put_lab(FILE *out, const struct figures *figures, int index)
{
    const struct lab *lab = &figures->grader->lab[index];
    const struct lab_figures *figure = &figures->lab[index];
    fprintf(out, "<h2>%s</h2>\n<p>%d handed in", lab->name, figure->handed_in);
    if (figure->handed_in > 0)
        fprintf(out, ", %.1f of %d points on average", (double)figure->points / figure->handed_in,
                lab->points);
    if (figure->errors > 0)
        fprintf(out, ", <span class=\"error\">%d could not be judged</span>", figure->errors);
    fputs("</p>\n", out);
    if (figure->handed_in == 0)
        return;
    put_histogram(out, figure->bin, lab->name);
    fputs("<div class=\"wide\"><table><tr><th class=\"n\">step</th><th>behavior</th>"
          "<th class=\"n\">passed</th><th></th><th class=\"n k\">not reached</th></tr>\n",
          out);
    for (int i = 1; i <= MOST_STEPS; i++) {
        const struct step_figures *step = &figure->step[i];
        if (step->tried == 0)
            continue;
        fprintf(out, "<tr><td class=\"n\">%d</td><td>", i);
        put_html(out, step->title);
        fprintf(out, "%s</td><td class=\"n\">%d</td><td>",
                is_hidden(figures->grader, lab->name, i) ? " <em>(hidden)</em>" : "", step->passed);
        page_bar(out, step->passed, step->tried,
                 text("%d of %d passed", step->passed, step->tried));
        fprintf(out, "</td><td class=\"n\">%d</td></tr>\n", step->blocked);
    }
    fputs("</table></div>\n", out);
}

static int by_times(const void *a, const void *b)
{
    return ((const struct cause *)b)->times - ((const struct cause *)a)->times;
}

static void put_causes(FILE *out, struct figures *figures)
{
    if (figures->causes == 0)
        return;
    qsort(figures->cause, (size_t)figures->causes, sizeof figures->cause[0], by_times);
    fputs("<h2>The commonest causes</h2>\n<div class=\"wide\"><table><tr><th class=\"n\">times</th>"
          "<th>lab</th><th class=\"n\">step</th><th>cause</th></tr>\n",
          out);
    for (int i = 0; i < figures->causes && i < SHOWN_CAUSES; i++) {
        const struct cause *cause = &figures->cause[i];
        fprintf(out,
                "<tr><td class=\"n\">%d</td><td class=\"k\">%s</td><td class=\"n\">%d</td><td>",
                cause->times, cause->lab, cause->step);
        put_html(out, cause->words);
        fputs("</td></tr>\n", out);
    }
    fputs("</table></div>\n", out);
}

static void put_slowest(FILE *out, const struct figures *figures)
{
    if (figures->slow[0].ms == 0)
        return;
    fputs("<h2>The slowest</h2>\n<div class=\"wide\"><table><tr><th>id</th><th>lab</th>"
          "<th class=\"n\">seconds in steps</th></tr>\n",
          out);
    for (int i = 0; i < SHOWN_SLOW && figures->slow[i].ms > 0; i++) {
        fputs("<tr><td>", out);
        put_html(out, figures->slow[i].id);
        fprintf(out, "</td><td>%s</td><td class=\"n\">%.1f</td></tr>\n", figures->slow[i].lab,
                figures->slow[i].ms / 1000.0);
    }
    fputs("</table></div>\n", out);
}

static void put_left_out(FILE *out, const struct grader *grader)
{
    if (grader->left_out_count == 0)
        return;
    fputs("<h2>Left out</h2>\n<p>No folder, archive or .c file, and so nobody's submission:", out);
    for (size_t i = 0; i < grader->left_out_count && i < SHOWN_LEFT_OUT; i++) {
        fputs(i ? ", " : " ", out);
        put_html(out, grader->left_out[i]);
    }
    if (grader->left_out_count > SHOWN_LEFT_OUT)
        fprintf(out, ", and %zu more", grader->left_out_count - SHOWN_LEFT_OUT);
    fputs(".</p>\n", out);
}

int write_report(const struct grader *grader)
{
    char *content;
    size_t length;
    FILE *out = open_memstream(&content, &length);
    struct figures *figures = calloc(1, sizeof *figures);
    if (!out || !figures)
        return -1;
    figures->grader = grader;
    gather(figures);
    page_begin(out, "How the class did");
    fprintf(out, "<p>%zu persons, graded %s.</p>\n", grader->submissions_count,
            grader->sealed ? "in sandboxes" : "<span class=\"error\">without a sandbox</span>");
    for (int i = 0; i < grader->labs; i++)
        if (grader->lab[i].wanted)
            put_lab(out, figures, i);
    put_causes(out, figures);
    put_slowest(out, figures);
    put_persons(out, grader);
    put_left_out(out, grader);
    page_end(out);
    if (fclose(out) != 0)
        return -1;
    int result = write_synced_file(text("%s/report.html", grader->out), content, length);
    free(content);
    free(figures);
    return result;
}

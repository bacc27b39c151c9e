/*
 * similar_page.c - OUT/similar.html: pairs side by side (see similar_page.h).
 *
 * The page says what was compared and what is alike. What that means is for a person to decide, and
 * the page says so first.
 */
#include "similar_page.h"

#include "../runner/escape.h"
#include "../runner/text.h"
#include "page.h"
#include "publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_PAIRS = 60 /* in full */, SHOWN_LINES = 2000 };

static const char style[] =
    "<style>.two{display:grid;grid-template-columns:1fr 1fr;gap:.6em}pre{margin:0;padding:.4em;"
    "background:var(--box);border:1px solid var(--line);overflow-x:auto;font-size:.8rem;"
    "line-height:1.35}.a{background:color-mix(in srgb,var(--warn) 22%,transparent)}"
    "summary{cursor:pointer;padding:.3em 0}body{max-width:90rem}</style>\n";

int similar_page_begin(struct similar_page *page, const struct grader *grader, int percent)
{
    *page = (struct similar_page){.grader = grader};
    page->out = open_memstream(&page->content, &page->length);
    if (!page->out) {
        fprintf(stderr, "grade: %s\n", strerror(errno));
        return -1;
    }
    page_begin(page->out, "Submissions that are alike");
    fputs(style, page->out);
    fprintf(page->out,
            "<p><strong>A reason to look, not a verdict.</strong> Small tasks have few solutions, "
            "people learn from the same handout, and some work together because they may. Where "
            "many pairs of a program stand here, the program is such a task: raise the "
            "threshold.</p>\n<p class=\"soft\">Compared by tokens, so other names and comments do "
            "not matter; the lines of the skeleton were left out. Shown: pairs of which one is "
            "found in the other by %d percent or more. Lines that are alike are marked.</p>\n",
            percent);
    return 0;
}

/* One side of a pair, its lines numbered. */
static void put_source(FILE *out, const struct source *file, const struct pair *pair, int side)
{
    size_t length;
    char *content = read_whole(file->path, &length);
    int number = 1;
    fputs("<pre>", out);
    for (char *at = content; at && at < content + length && number <= SHOWN_LINES; number++) {
        size_t line = strcspn(at, "\n");
        bool alike = false;
        for (int i = 0; i < pair->ranges; i++)
            alike |= number >= pair->range[i].from[side] && number <= pair->range[i].to[side];
        at[line] = '\0';
        fprintf(out, "<span class=\"%s\"><span class=\"soft\">%4d</span> ", alike ? "a" : "n",
                number);
        put_html(out, at);
        fputs("</span>\n", out);
        at += line + 1;
    }
    fputs("</pre>", out);
    free(content);
}

static void put_person(FILE *out, const char *id)
{
    fputs("<a href=\"feedback/", out);
    put_html(out, id);
    fputs(".html\">", out);
    put_html(out, id);
    fputs("</a>", out);
}

static void put_pair(struct similar_page *page, const struct alike *alike, const struct pair *pair)
{
    FILE *out = page->out;
    const struct source *first = &alike->file[pair->file[0]], *second = &alike->file[pair->file[1]];
    fputs("<details><summary>", out);
    put_person(out, first->id);
    fprintf(out, " (%d&nbsp;%% of it) and ", pair->percent[0]);
    put_person(out, second->id);
    fprintf(out, " (%d&nbsp;%% of it)</summary>\n", pair->percent[1]);
    if (page->shown++ < SHOWN_PAIRS) {
        fputs("<div class=\"two\">", out);
        put_source(out, first, pair, 0);
        put_source(out, second, pair, 1);
        fputs("</div>\n", out);
    } else {
        fprintf(out, "<p>Only the first %d pairs are shown in full.</p>\n", SHOWN_PAIRS);
    }
    fputs("</details>\n", out);
}

void similar_page_put(struct similar_page *page, const struct alike *alike)
{
    if (alike->files == 0)
        return;
    page->found += alike->pairs;
    fprintf(page->out, "<h2>%s, %s</h2>\n<p>%d handed in, %d %s.</p>\n", alike->lab->name,
            alike->program, alike->files, alike->pairs, alike->pairs == 1 ? "pair" : "pairs");
    if (alike->too_many)
        fputs("<p class=\"error\">So many are alike that not all pairs were compared: raise the "
              "threshold.</p>\n",
              page->out);
    for (int i = 0; i < alike->pairs; i++)
        put_pair(page, alike, &alike->pair[i]);
}

int similar_page_end(struct similar_page *page)
{
    page_end(page->out);
    const char *path = text("%s/similar.html", page->grader->out);
    if (fclose(page->out) != 0 || write_synced_file(path, page->content, page->length) == -1) {
        fprintf(stderr, "grade: %s: %s\n", path, strerror(errno));
        return -1;
    }
    free(page->content);
    printf("%d pairs are alike; %s\n", page->found, path);
    return 0;
}

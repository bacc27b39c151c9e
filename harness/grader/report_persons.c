/*
 * report_persons.c - the last part of OUT/report.html: everybody in one table (see publish.h).
 *
 * A script in the page sorts the table by any column and shows only the rows that hold some words;
 * all of it works by keyboard.
 */
#include "../runner/escape.h"
#include "../runner/text.h"
#include "journal.h"
#include "publish.h"

#include <string.h>

static void remember_notes(const struct record *record, void *context)
{
    const char **notes = context;
    if (record_get(record, "notes"))
        *notes = text("%s", record_get(record, "notes"));
}

static void put_person(FILE *out, const struct grader *grader, const struct submission *person)
{
    int total = 0;
    bool error = false;
    const char *notes = "";
    fputs("<tr><td><a href=\"feedback/", out);
    put_html(out, person->id);
    fputs(".html\">", out);
    put_html(out, person->id);
    fputs("</a></td><td>", out);
    put_html(out, person->name);
    fputs("</td>", out);
    for (int i = 0; i < grader->labs; i++) {
        const char *lab = grader->lab[i].name;
        const struct block *block = journal_find(grader->journal, person->id, lab);
        if (!grader->lab[i].wanted)
            continue;
        int steps = visit_block(grader, person->id, lab, remember_notes, &notes);
        if (!block || block->error)
            fputs("<td class=\"n error\">error</td>", out);
        else if (steps == 0)
            fputs("<td class=\"n soft\">none</td>", out);
        else
            fprintf(out, "<td class=\"n\">%d</td>", block->points);
        error |= !block || block->error;
        total += block ? block->points : 0;
    }
    fprintf(out, "<td class=\"n\">%s</td><td class=\"soft notes\">",
            error ? "error" : text("%d", total));
    put_html(out, person->parts ? notes : "nothing was handed in");
    fputs("</td></tr>\n", out);
}

/* Whoever reads without scripts has the table as it is. Rows that are alike keep their order. */
static const char script[] =
    "(() => {\n"
    "const table = document.getElementById('persons'), body = table.tBodies[0];\n"
    "const rows = [...body.rows], heads = [...table.tHead.rows[0].cells];\n"
    "const line = document.createElement('p'), label = document.createElement('label');\n"
    "const filter = document.createElement('input'), count = document.createElement('output');\n"
    "filter.type = 'search';\n"
    "label.append('Show only ', filter);\n"
    "line.append(label, ' ', count);\n"
    "table.parentNode.before(line);\n"
    "const show = () => {\n"
    "  const words = filter.value.toLowerCase().split(/\\s+/);\n"
    "  let shown = 0;\n"
    "  for (const row of rows) {\n"
    "    const cells = [...row.cells].map(cell => cell.textContent).join(' ').toLowerCase();\n"
    "    row.hidden = !words.every(word => cells.includes(word));\n"
    "    shown += !row.hidden;\n"
    "  }\n"
    "  count.value = `${shown} of ${rows.length}`;\n"
    "};\n"
    "filter.addEventListener('input', show);\n"
    "show();\n"
    "// Errors first, then who handed in nothing, then by points.\n"
    "const points = text => text === 'error' ? -2 : text === 'none' ? -1 : Number(text);\n"
    "const words = new Intl.Collator(undefined, {numeric: true}).compare;\n"
    "heads.forEach((head, column) => {\n"
    "  const button = document.createElement('button');\n"
    "  button.append(...head.childNodes);\n"
    "  head.append(button);\n"
    "  button.addEventListener('click', () => {\n"
    "    const up = head.ariaSort !== 'ascending', by = head.classList.contains('n') ?\n"
    "      (a, b) => points(a) - points(b) : words;\n"
    "    for (const other of heads) other.removeAttribute('aria-sort');\n"
    "    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');\n"
    "    const text = row => row.cells[column].textContent;\n"
    "    rows.sort((a, b) => (up ? 1 : -1) * by(text(a), text(b)));\n"
    "    body.append(...rows);\n"
    "  });\n"
    "});\n"
    "})();\n";

void put_persons(FILE *out, const struct grader *grader)
{
    fputs("<h2>Everybody</h2>\n<div class=\"wide\"><table "
          "id=\"persons\"><thead><tr><th>id</th><th>name</th>",
          out);
    for (int i = 0; i < grader->labs; i++)
        if (grader->lab[i].wanted)
            fprintf(out, "<th class=\"n\">%s</th>", grader->lab[i].name);
    fputs("<th class=\"n\">total</th><th>notes</th></tr></thead>\n<tbody>\n", out);
    for (size_t i = 0; i < grader->submissions_count; i++)
        put_person(out, grader, &grader->submission[i]);
    fprintf(out, "</tbody></table></div>\n<script>\n%s</script>\n", script);
}

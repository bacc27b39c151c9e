/*
 * fill.c - grades into the table that a course platform exported (see fill.h).
 *
 * Nothing is added, neither rows nor columns: a platform would make new assignments of them. A row
 * is found by the column that names most of the persons in grades.csv (Canvas: `ID`, `SIS User ID`,
 * `SIS Login ID`; Moodle: `Identifier`, `ID number`, `Email address`, `Username`, some of them in
 * German), or by the one that COLUMN=id names. A lab's grade goes into the column named like the
 * lab, as in `04-accept (12345)` or `Assignment:04-accept
 * (Real)`, into Moodle's `Grade` if only one lab was graded, or where COLUMN=LAB says (LAB may be
 * `total`). Cells that get no grade stay as they are, but for the quotes around them and a ' before
 * what a spreadsheet would take for a formula.
 */
#include "fill.h"

#include "../runner/text.h"
#include "csv.h"
#include "submission.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DONE = 0, LEFT_OVER = 1, IMPOSSIBLE = 2, MOST_ID = 160 };

struct platform {
    const char *name;
    const char *keys[12]; /* columns that name a person, the best first */
};

static const struct platform platforms[] = {
    {"canvas", {"ID", "SIS User ID", "SIS Login ID"}},
    {"moodle",
     {"Identifier", "ID", "ID number", "Email address", "Username", "ID-Nummer", "E-Mail-Adresse",
      "Anmeldename"}},
};

struct person { /* a row of grades.csv */
    const char *id;
    size_t row;
    size_t place; /* the row of the table that names this person, 0: none */
};

struct filling {
    struct csv grades, table;
    struct person *person; /* sorted by ID */
    size_t persons;
    int key;     /* column of the table that names a person, -1: not known yet */
    size_t word; /* that many letters stand before the number in each of its cells */
    int *source; /* for each column of the table: the column of the grades, or -1 */
    bool by_id;  /* COLUMN=id was said */
    bool left_over;
};

static int give_up(const char *words)
{
    fprintf(stderr, "grade: %s\n", words);
    return -1;
}

/* --- persons --- */

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct person *)a)->id, ((const struct person *)b)->id);
}

static int read_persons(struct filling *filling)
{
    filling->persons = filling->grades.rows - 1;
    filling->person = calloc(filling->persons + 1, sizeof *filling->person);
    if (!filling->person)
        return give_up("out of memory");
    for (size_t i = 0; i < filling->persons; i++)
        filling->person[i] = (struct person){csv_cell(&filling->grades, i + 1, 0), i + 1, 0};
    qsort(filling->person, filling->persons, sizeof *filling->person, by_id);
    return 0;
}

/* Where the number at the end of a cell begins. */
static size_t number_at(const char *cell)
{
    size_t at = strlen(cell);
    while (at > 0 && isdigit((unsigned char)cell[at - 1]))
        at--;
    return at;
}

/* Moodle's `Participant 101` has a word before the number, in any language, but the same one in
 * each row. Returns its length, 0 if there is none. */
static size_t word_before_number(const struct csv *table, int column)
{
    const char *first = csv_cell(table, 1, column);
    size_t length = number_at(first);
    for (size_t row = 1; row < table->rows; row++) {
        const char *cell = csv_cell(table, row, column);
        if (*cell && (number_at(cell) != length || cell[length] == '\0' ||
                      strncmp(cell, first, length) != 0))
            return 0;
    }
    return length;
}

static void use_key(struct filling *filling, int column)
{
    static const char *const numbered[] = {"Identifier", "ID"};
    const char *name = csv_cell(&filling->table, 0, column);
    bool may_have_word = filling->by_id;
    for (size_t i = 0; i < sizeof numbered / sizeof numbered[0]; i++)
        may_have_word |= strcasecmp(name, numbered[i]) == 0;
    filling->key = column;
    filling->word = may_have_word ? word_before_number(&filling->table, column) : 0;
}

/* Who stands in that row of the table, or NULL. IDs are compared in the form that makes them names
 * of files. */
static struct person *person_of(const struct filling *filling, size_t row)
{
    char id[160];
    const char *cell = csv_cell(&filling->table, row, filling->key);
    if (*cell == '\0')
        return NULL;
    safe_id(cell + filling->word, id, sizeof id);
    struct person wanted = {.id = id};
    return bsearch(&wanted, filling->person, filling->persons, sizeof wanted, by_id);
}

static size_t count_persons(const struct filling *filling)
{
    size_t found = 0;
    for (size_t row = 1; row < filling->table.rows; row++)
        found += person_of(filling, row) != NULL;
    return found;
}

/* The column that names most persons, if none was wished for; each of them gets its place. */
static int find_places(struct filling *filling, const struct platform *platform)
{
    size_t most = filling->by_id ? count_persons(filling) : 0;
    int best = filling->key;
    for (const char *const *key = platform->keys; *key && !filling->by_id; key++) {
        int column = csv_column(&filling->table, *key);
        if (column == -1)
            continue;
        use_key(filling, column);
        size_t found = count_persons(filling);
        best = found > most ? column : best;
        most = found > most ? found : most;
    }
    if (most == 0)
        return give_up("the table names nobody who was graded: is it the export of this course? If "
                       "so, say which column holds the IDs, as in 'Number=id'");
    use_key(filling, best);
    for (size_t row = 1; row < filling->table.rows; row++) {
        struct person *person = person_of(filling, row);
        if (person && person->place)
            return give_up(text("the table names %s twice", person->id));
        if (person)
            person->place = row;
    }
    return 0;
}

/* --- columns --- */

/* True if a column's name holds that of the lab, as a word. */
static bool names_lab(const char *column, const char *lab)
{
    size_t length = strlen(lab);
    for (const char *at = column; (at = strstr(at, lab)); at++) {
        bool begins = at == column || (!isalnum((unsigned char)at[-1]) && at[-1] != '-');
        bool ends = !isalnum((unsigned char)at[length]) && at[length] != '-';
        if (begins && ends)
            return true;
    }
    return false;
}

/* The column of the grades for a lab, given as "04-accept", "04" or "total"; -1 if none. */
static int grade_column(const struct csv *grades, const char *lab)
{
    size_t length = strlen(lab);
    for (int i = 1; i < grades->row[0].cells; i++) {
        const char *name = csv_cell(grades, 0, i);
        if (length > 0 && strncmp(name, lab, length) == 0 &&
            (name[length] == '\0' || name[length] == '-'))
            return i;
    }
    return -1;
}

static int take_wish(struct filling *filling, const char *wish)
{
    const char *equals = strrchr(wish, '=');
    if (!equals)
        return give_up(text("\"%s\" is not COLUMN=LAB", wish));
    const char *name = text("%.*s", (int)(equals - wish), wish);
    int column = csv_column(&filling->table, name);
    int source = grade_column(&filling->grades, equals + 1);
    if (column == -1)
        return give_up(text("the table has no column \"%s\"", name));
    if (strcmp(equals + 1, "id") == 0) {
        filling->by_id = true;
        use_key(filling, column);
        return 0;
    }
    if (source == -1)
        return give_up(text("nothing was graded as \"%s\"", equals + 1));
    filling->source[column] = source;
    return 0;
}

static bool has_place(const struct filling *filling, int source)
{
    for (int i = 0; i < filling->table.row[0].cells; i++)
        if (filling->source[i] == source)
            return true;
    return false;
}

static bool is_total(const struct filling *filling, int source)
{
    return strcmp(csv_cell(&filling->grades, 0, source), "total") == 0;
}

/* Labs that no wish gave a column go into those named like them. */
static void find_by_name(struct filling *filling)
{
    for (int j = 1; j < filling->grades.row[0].cells; j++) {
        if (is_total(filling, j) || has_place(filling, j))
            continue;
        for (int i = 0; i < filling->table.row[0].cells; i++)
            if (filling->source[i] == -1 &&
                names_lab(csv_cell(&filling->table, 0, i), csv_cell(&filling->grades, 0, j)))
                filling->source[i] = j;
    }
}

static int find_columns(struct filling *filling, char *wishes[])
{
    const struct csv *grades = &filling->grades, *table = &filling->table;
    int columns = table->row[0].cells, found = 0;
    filling->source = calloc((size_t)columns, sizeof *filling->source);
    if (!filling->source)
        return give_up("out of memory");
    for (int i = 0; i < columns; i++)
        filling->source[i] = -1;
    for (; *wishes; wishes++)
        if (take_wish(filling, *wishes) == -1)
            return -1;
    find_by_name(filling);
    for (int i = 0; i < columns; i++)
        found += filling->source[i] != -1;
    int grade = csv_column(table, "Grade");
    if (found == 0 && grade != -1 && grades->row[0].cells == 3) { /* id, one lab, total */
        filling->source[grade] = 1;
        found = 1;
    }
    if (found == 0)
        return give_up("no column of the table is named like a lab: say COLUMN=LAB, as in "
                       "'Lab 4 (1234)=04' or 'Grade=total'");
    return 0;
}

/* Labs without a column are told, unless they are in the total that has one. */
static void tell_labs_left_over(struct filling *filling)
{
    int labs = filling->grades.row[0].cells - 1;
    for (int j = 1; j <= labs; j++)
        if (is_total(filling, j) && has_place(filling, j))
            return;
    for (int j = 1; j <= labs; j++)
        if (!is_total(filling, j) && !has_place(filling, j)) {
            fprintf(stderr, "grade: the table has no column for %s\n",
                    csv_cell(&filling->grades, 0, j));
            filling->left_over = true;
        }
}

/* --- writing --- */

/* What goes into a cell. */
static const char *content_of(struct filling *filling, size_t row, int column)
{
    const char *old = csv_cell(&filling->table, row, column);
    int source = column < filling->table.row[0].cells ? filling->source[column] : -1;
    const struct person *person = row > 0 && source != -1 ? person_of(filling, row) : NULL;
    if (!person)
        return old;
    const char *grade = csv_cell(&filling->grades, person->row, source);
    if (strcmp(grade, "error") != 0)
        return grade;
    fprintf(stderr, "grade: %s: %s could not be judged; the cell stays as it is\n", person->id,
            csv_cell(&filling->grades, 0, source));
    filling->left_over = true;
    return old;
}

static void write_table(struct filling *filling)
{
    const struct csv *table = &filling->table;
    if (table->has_mark)
        fputs("\xef\xbb\xbf", stdout);
    if (table->hint)
        printf("sep=%c%s", table->hint, table->line_end);
    for (size_t row = 0; row < table->rows; row++) {
        int cells = table->row[row].cells;
        if (row > 0 && cells < table->row[0].cells && person_of(filling, row))
            cells = table->row[0].cells; /* empty ones at the end were left out */
        for (int column = 0; column < cells; column++) {
            if (column > 0)
                putchar(table->separator);
            csv_put(stdout, content_of(filling, row, column), table->separator);
        }
        fputs(table->line_end, stdout);
    }
}

static int fill(struct filling *filling, const struct platform *platform, char *wishes[])
{
    if (read_persons(filling) == -1 || find_columns(filling, wishes) == -1 ||
        find_places(filling, platform) == -1)
        return IMPOSSIBLE;
    write_table(filling);
    tell_labs_left_over(filling);
    for (size_t i = 0; i < filling->persons; i++)
        if (!filling->person[i].place) {
            fprintf(stderr, "grade: the table has no row for %s\n", filling->person[i].id);
            filling->left_over = true;
        }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        give_up("standard output cannot be written");
        return IMPOSSIBLE;
    }
    return filling->left_over ? LEFT_OVER : DONE;
}

static int open_table(struct csv *csv, const char *path)
{
    if (csv_open(csv, path) == 0)
        return 0;
    return give_up(text("%s: %s", path, csv_problem(csv)));
}

int fill_table(const char *platform, const char *out, const char *table, char *columns[])
{
    struct filling filling = {.key = -1};
    const struct platform *chosen = NULL;
    for (size_t i = 0; i < sizeof platforms / sizeof platforms[0]; i++)
        if (strcmp(platforms[i].name, platform) == 0)
            chosen = &platforms[i];
    if (!chosen) {
        give_up(text("no tables of \"%s\" are known: canvas, moodle", platform));
        return IMPOSSIBLE;
    }
    int result = IMPOSSIBLE;
    if (open_table(&filling.grades, text("%s/grades.csv", out)) == 0 &&
        open_table(&filling.table, table) == 0)
        result = fill(&filling, chosen, columns);
    csv_close(&filling.table);
    csv_close(&filling.grades);
    free(filling.person);
    free(filling.source);
    return result;
}

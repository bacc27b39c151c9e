/*
 * csv.c - tables (see csv.h).
 */
#include "csv.h"

#include "../runner/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Takes one cell from *at, unquotes it in place and moves *at behind it. Returns what ended it:
 * the separator, '\n' or '\0'. */
static char take_cell(struct csv *csv, char **at, char **cell)
{
    char *from = *at, *to = *at;
    *cell = to;
    if (*from == '"') {
        for (from++; *from; from++) {
            if (*from == '"' && from[1] == '"')
                from++;
            else if (*from == '"')
                break;
            *to++ = *from;
        }
        if (*from == '\0')
            csv->problem = "a quoted cell has no end";
        else
            from++;
    }
    char *unquoted = to;
    while (*from && *from != csv->separator && *from != '\n')
        *to++ = *from++;
    char end = *from;
    *at = end ? from + 1 : from;
    if (end != csv->separator && to > unquoted && to[-1] == '\r')
        to--;
    *to = '\0';
    return end;
}

static int add_cell(struct csv_row *row, char *cell)
{
    if ((row->cells & (row->cells - 1)) == 0) {
        size_t room = row->cells ? (size_t)row->cells * 2 : 1;
        char **larger = realloc(row->cell, room * sizeof *larger);
        if (!larger)
            return -1;
        row->cell = larger;
    }
    row->cell[row->cells++] = cell;
    return 0;
}

static struct csv_row *add_row(struct csv *csv)
{
    if ((csv->rows & (csv->rows - 1)) == 0) {
        size_t room = csv->rows ? csv->rows * 2 : 1;
        struct csv_row *larger = realloc(csv->row, room * sizeof *larger);
        if (!larger)
            return NULL;
        csv->row = larger;
    }
    csv->row[csv->rows] = (struct csv_row){0};
    return &csv->row[csv->rows++];
}

/* Behind the quoted cell that begins here, if one does. */
static const char *skip_quoted(const char *at)
{
    if (*at != '"')
        return at;
    for (at++; *at; at++)
        if (*at == '"' && *++at != '"')
            break;
    return at;
}

/* The first newline that is not inside a quoted cell, or the end. */
static const char *end_of_line(const char *content, char separator)
{
    const char *c = skip_quoted(content);
    while (*c && *c != '\n')
        if (*c++ == separator)
            c = skip_quoted(c);
    return c;
}

/* `sep=;` in a line of its own is for spreadsheets: it says what separates, and is no row. Returns
 * what follows it. */
static char *skip_hint(struct csv *csv, char *at)
{
    size_t length = strcspn(at, "\r\n");
    if (length != 5 || strncasecmp(at, "sep=", 4) != 0)
        return at;
    csv->hint = at[4];
    at += length;
    return at + strspn(at, "\r\n");
}

/* The first line tells what separates: the most frequent of comma, semicolon and tab. */
static char separator_of(const char *content)
{
    int commas = 0, semicolons = 0, tabs = 0;
    for (const char *c = skip_quoted(content); *c && *c != '\n';) {
        char found = *c++;
        commas += found == ',';
        semicolons += found == ';';
        tabs += found == '\t';
        if (strchr(",;\t", found))
            c = skip_quoted(c);
    }
    if (tabs > commas && tabs > semicolons)
        return '\t';
    return semicolons > commas ? ';' : ',';
}

/* Old spreadsheets end a line with CR alone. */
static void mend_line_ends(char *content)
{
    if (strchr(content, '\n'))
        return;
    for (char *c = content; *c; c++)
        if (*c == '\r')
            *c = '\n';
}

int csv_parse(struct csv *csv, char *content, size_t length, char separator)
{
    *csv = (struct csv){.content = content, .line_end = "\n"};
    if (strlen(content) != length) {
        csv->problem = "it holds NUL bytes: save it as a CSV file, in UTF-8";
        return -1;
    }
    mend_line_ends(content);
    csv->has_mark = strncmp(content, "\xef\xbb\xbf", 3) == 0;
    char *at = content + (csv->has_mark ? 3 : 0);
    at = skip_hint(csv, at);
    if (csv->hint == '"') {
        csv->problem = "its first line, sep=\", makes quotation marks separate cells: they quote";
        return -1;
    }
    csv->separator = separator ? separator : csv->hint ? csv->hint : separator_of(at);
    const char *newline = end_of_line(at, csv->separator);
    if (newline > at && *newline == '\n' && newline[-1] == '\r')
        csv->line_end = "\r\n";
    while (*at) {
        struct csv_row *row = add_row(csv);
        char *cell, end;
        do {
            end = row ? take_cell(csv, &at, &cell) : '\0';
            if (!row || add_cell(row, cell) == -1) {
                csv->problem = "out of memory";
                return -1;
            }
        } while (end == csv->separator);
    }
    if (csv->rows == 0)
        csv->problem = "it is empty";
    return csv->problem ? -1 : 0;
}

int csv_open(struct csv *csv, const char *path)
{
    size_t length;
    char *content = read_whole(path, &length);
    if (!content) {
        *csv = (struct csv){.problem = strerror(errno)};
        return -1;
    }
    return csv_parse(csv, content, length, '\0');
}

const char *csv_problem(const struct csv *csv)
{
    return csv->problem ? csv->problem : "";
}

void csv_close(struct csv *csv)
{
    for (size_t i = 0; i < csv->rows; i++)
        free(csv->row[i].cell);
    free(csv->row);
    free(csv->content);
    *csv = (struct csv){0};
}

int csv_column(const struct csv *csv, const char *name)
{
    for (int i = 0; csv->rows > 0 && i < csv->row[0].cells; i++)
        if (strcasecmp(csv->row[0].cell[i], name) == 0)
            return i;
    return -1;
}

const char *csv_cell(const struct csv *csv, size_t row, int column)
{
    if (row >= csv->rows || column < 0 || column >= csv->row[row].cells)
        return "";
    return csv->row[row].cell[column];
}

/* -5 and +1 are numbers, and harmless; so is -1,5 where the comma is the point. */
static bool is_number(const char *value)
{
    char *end;
    strtod(value, &end);
    if (end > value && *end == ',' && end[1])
        end += 1 + strspn(end + 1, "0123456789");
    return *value && *end == '\0';
}

void csv_put(FILE *out, const char *value, char separator)
{
    bool formula =
        !is_number(value) && strcmp(value, "-") != 0 && *value && strchr("=+-@\t\r", *value);
    bool quote = formula || strpbrk(value, "\"\r\n,;\t") || strchr(value, separator) ||
                 *value == '\xef' ||                 /* a byte order mark, perhaps */
                 strncasecmp(value, "sep=", 4) == 0; /* no hint for spreadsheets */
    if (quote)
        fputc('"', out);
    if (formula)
        fputc('\'', out);
    for (; *value; value++) {
        if (*value == '"')
            fputc('"', out);
        fputc(*value, out);
    }
    if (quote)
        fputc('"', out);
}

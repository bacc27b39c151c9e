/*
 * csv.h - inside the autograder: tables as spreadsheets and course platforms exchange them
 * (RFC 4180; also with LF or CR alone, a byte order mark, semicolons or tabs).
 */
#ifndef PLUMBLINE_CSV_H
#define PLUMBLINE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct csv {
    char *content;
    struct csv_row {
        char **cell;
        int cells;
    } * row; /* the first holds the columns' names */
    size_t rows;
    char separator;
    char hint;            /* it began with a line sep=; for spreadsheets: the separator, or '\0' */
    const char *line_end; /* "\n" or "\r\n", as the first line ends */
    bool has_mark;        /* it began with a byte order mark */
    const char *problem;
};

/* Reads a whole table. Returns 0, or -1; csv_problem() says why in words. */
int csv_open(struct csv *csv, const char *path);

/* The same from memory; takes over `content`, which must be of malloc() and end with a NUL. The
 * separator may be '\0': then it is found out. */
int csv_parse(struct csv *csv, char *content, size_t length, char separator);

const char *csv_problem(const struct csv *csv);
void csv_close(struct csv *csv);

/* The number of the column with this name, whatever the case of its letters; -1 if none. */
int csv_column(const struct csv *csv, const char *name);

/* "" where the row has no such cell, or column is -1. */
const char *csv_cell(const struct csv *csv, size_t row, int column);

/* Writes one cell, quoted where needed. What a spreadsheet would take for a formula (= + - @, a
 * tab) gets a ' before it; numbers and a lone - do not. */
void csv_put(FILE *out, const char *value, char separator);

#endif

/*
 * record.h - inside the autograder: one line of the journal, fields KEY=VALUE between tabs.
 *
 * In values, \\ \t \n \r stand for these characters, so that a line is a record and a tab ends a
 * field, whatever a program printed.
 */
#ifndef PLUMBLINE_RECORD_H
#define PLUMBLINE_RECORD_H

#include <stdio.h>

enum { MOST_FIELDS = 32 };

struct record {
    struct {
        const char *key, *value;
    } field[MOST_FIELDS];
    int fields;
};

/* Splits a line in place; the record points into it. Returns 0, or -1 if it is no record. */
int record_parse(char *line, struct record *record);

/* The value of the first field with this key, or NULL. */
const char *record_get(const struct record *record, const char *key);

/* The value as a number from 0 up, or 0. */
int record_number(const struct record *record, const char *key);

/* Writes "\tKEY=VALUE", the value escaped; nothing if it is NULL or empty. */
void record_put(FILE *out, const char *key, const char *value);

#endif

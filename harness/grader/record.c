/*
 * record.c - one line of the journal (see record.h).
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

/* Turns \\ \t \n \r into the characters that they stand for, in place. */
static int unescape(char *value)
{
    char *to = value;
    for (char *from = value; *from; from++) {
        if (*from == '\\') {
            from++;
            *to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from;
            if (*from == '\0')
                return -1;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return 0;
}

int record_parse(char *line, struct record *record)
{
    record->fields = 0;
    for (char *at = line; at;) {
        char *next = strchr(at, '\t');
        if (next)
            *next++ = '\0';
        char *value = strchr(at, '=');
        if (!value || record->fields == MOST_FIELDS)
            return -1;
        *value++ = '\0';
        if (unescape(value) == -1)
            return -1;
        record->field[record->fields].key = at;
        record->field[record->fields++].value = value;
        at = next;
    }
    return 0;
}

const char *record_get(const struct record *record, const char *key)
{
    for (int i = 0; i < record->fields; i++)
        if (strcmp(record->field[i].key, key) == 0)
            return record->field[i].value;
    return NULL;
}

int record_number(const struct record *record, const char *key)
{
    const char *value = record_get(record, key);
    long number = value ? strtol(value, NULL, 10) : 0;
    return number < 0 || number > 1000000000 ? 0 : (int)number;
}

void record_put(FILE *out, const char *key, const char *value)
{
    if (!value || !*value)
        return;
    fprintf(out, "\t%s=", key);
    for (; *value; value++)
        switch (*value) {
        case '\\':
            fputs("\\\\", out);
            break;
        case '\t':
            fputs("\\t", out);
            break;
        case '\n':
            fputs("\\n", out);
            break;
        case '\r':
            fputs("\\r", out);
            break;
        default:
            fputc(*value, out);
        }
}

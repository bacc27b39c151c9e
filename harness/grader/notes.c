/*
 * notes.c - what was odd about a submission (see notes.h).
 */
#include "notes.h"

#include "../runner/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A copy of the line, without its middle if it is long: a path's end and the reason behind it say
 * more than its many folders. No letter of UTF-8 is cut in two. */
static const char *cut(const char *line, size_t length)
{
    size_t head = MOST_NOTE / 2, tail = length - MOST_NOTE / 2;
    if (length <= MOST_NOTE)
        return text("%.*s", (int)length, line);
    while (head > 0 && (line[head] & 0xc0) == 0x80)
        head--;
    while (tail < length && (line[tail] & 0xc0) == 0x80)
        tail++;
    return text("%.*s ... %.*s", (int)head, line, (int)(length - tail), line + tail);
}

static bool holds(const struct notes *notes, const char *line)
{
    for (int i = 0; i < notes->count; i++)
        if (strcmp(notes->line[i], line) == 0)
            return true;
    return false;
}

static void add(struct notes *notes, const char *line, size_t length)
{
    if (notes->count == MOST_NOTES) {
        notes->more++;
        return;
    }
    const char *whole = cut(line, length);
    if (!holds(notes, whole))
        notes->line[notes->count++] = whole;
}

void note(struct notes *notes, const char *format, ...)
{
    char *line;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length == -1)
        return;
    for (char *c = line; (c = strchr(c, '\n'));) /* in the name of a file, say */
        *c = ' ';
    add(notes, line, (size_t)length);
    free(line);
}

void note_lines(struct notes *notes, const char *lines)
{
    for (size_t length; *lines; lines += length + (lines[length] == '\n')) {
        length = strcspn(lines, "\n");
        if (length > 0)
            add(notes, lines, length);
    }
}

const char *notes_text(const struct notes *notes)
{
    const char *all = notes->first ? text("%s\n", notes->first) : "";
    for (int i = 0; i < notes->count; i++)
        all = text("%s%s\n", all, notes->line[i]);
    return notes->more ? text("%sand %d more\n", all, notes->more) : all;
}

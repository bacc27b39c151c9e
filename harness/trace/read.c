/*
 * read.c - reads a trace (see trace.h; ../judge/story.c tells the form of the file).
 *
 * A line is a word and fields KEY=VALUE between tabs; in values \\ \t \n \r \xNN stand for the
 * bytes that would break the line. What a reader does not know, it skips.
 */
#include "calls.h"
#include "trace.h"

#include "../runner/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 32 };

struct line {
    const char *key[FIELDS];
    struct data value[FIELDS];
    int fields;
};

void *room_for(void *array, int count, size_t size)
{
    if (count & (count - 1)) /* room was made when it became a power of two */
        return array;
    void *grown = realloc(array, (size_t)(count ? 2 * count : 1) * size);
    if (!grown) {
        fprintf(stderr, "trace: out of memory\n");
        exit(2);
    }
    return grown;
}

/* Turns escapes into bytes, in place; ended by a NUL that does not count. */
static struct data plain(char *value)
{
    static const char letters[] = "ntr\\", bytes[] = "\n\t\r\\";
    char *to = value;
    for (char *from = value; *from; from++) {
        const char *letter = *from == '\\' && from[1] ? strchr(letters, from[1]) : NULL;
        unsigned int byte;
        if (letter) {
            *to++ = bytes[letter - letters];
            from++;
        } else if (*from == '\\' && from[1] == 'x' && sscanf(from + 2, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return (struct data){value, (size_t)(to - value), (size_t)(to - value)};
}

static void split(char *words, struct line *line)
{
    char *rest = words;
    line->fields = 0;
    for (char *field; line->fields < FIELDS && (field = strtok_r(rest, "\t", &rest));) {
        char *value = strchr(field, '=');
        if (!value)
            continue;
        *value++ = '\0';
        line->key[line->fields] = field;
        line->value[line->fields++] = plain(value);
    }
}

static const struct data *field(const struct line *line, const char *key)
{
    for (int i = 0; i < line->fields; i++)
        if (strcmp(line->key[i], key) == 0)
            return &line->value[i];
    return NULL;
}

static const char *words(const struct line *line, const char *key)
{
    const struct data *data = field(line, key);
    return data && data->length ? data->at : NULL;
}

static long long number(const struct line *line, const char *key)
{
    const char *digits = words(line, key);
    return digits ? strtoll(digits, NULL, 10) : 0;
}

static void take_where(struct event *event, const char *where)
{
    const char *colon = where ? strrchr(where, ':') : NULL;
    if (!colon)
        return;
    event->file = text("%.*s", (int)(colon - where), where);
    event->line = atoi(colon + 1);
}

static void take_event(struct trace *trace, enum event_kind kind, const struct line *line)
{
    struct event event = {.kind = kind, .program = -1};
    const char *rest = words(line, "arguments");
    if (field(line, "program"))
        event.program = (int)number(line, "program");
    event.process = (int)number(line, "process");
    event.thread = (int)number(line, "thread");
    event.at = number(line, "at");
    event.end = number(line, "end");
    for (int i = 0; rest && i < ARGUMENTS; i++) {
        char *after;
        event.argument[i] = strtoll(rest, &after, 10);
        rest = *after == ',' ? after + 1 : NULL;
    }
    event.result = number(line, kind == SAID ? "stream" : kind == END ? "status" : "result");
    event.error = words(line, "error");
    event.address = words(line, "address");
    event.local = words(line, "local");
    if (field(line, "data"))
        event.data = *field(line, "data");
    if (field(line, "whole"))
        event.data.whole = (size_t)number(line, "whole");
    take_where(&event, words(line, "where"));
    event.text = words(line, "text");
    event.call = kind == CALL ? find_call(words(line, "call") ? words(line, "call") : "?") : NULL;
    trace->event = room_for(trace->event, trace->events, sizeof *trace->event);
    trace->event[trace->events++] = event;
}

static void take_program(struct trace *trace, const struct line *line)
{
    struct program program = {.name = words(line, "name"), .arguments = words(line, "arguments")};
    program.name = program.name ? program.name : "?";
    program.arguments = program.arguments ? program.arguments : "";
    program.build = words(line, "build") ? words(line, "build") : "student";
    trace->program = room_for(trace->program, trace->programs, sizeof *trace->program);
    trace->program[trace->programs++] = program;
}

static void take_run(struct trace *trace, const struct line *line)
{
    trace->lab = words(line, "lab") ? words(line, "lab") : trace->lab;
    trace->title = words(line, "title") ? words(line, "title") : trace->title;
    trace->tree = words(line, "tree") ? words(line, "tree") : trace->tree;
    trace->verdict = words(line, "verdict") ? words(line, "verdict") : trace->verdict;
    trace->expected = words(line, "expected");
    trace->came = words(line, "came");
    trace->dropped += (int)number(line, "lost");
}

static void take_line(struct trace *trace, char *words)
{
    static const char *const kinds[] = {"call", "scene",     "start", "said",
                                        "fed",  "input-end", "end"};
    struct line line;
    char *kind = strsep(&words, "\t");
    if (!words)
        return;
    split(words, &line);
    if (strcmp(kind, "run") == 0)
        take_run(trace, &line);
    else if (strcmp(kind, "program") == 0)
        take_program(trace, &line);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            take_event(trace, (enum event_kind)i, &line);
}

int read_trace(struct trace *trace, const char *path)
{
    static const char first[] = "plumbline-trace 1\n";
    char *content = read_whole(path, NULL);
    if (!content) {
        fprintf(stderr, "trace: %s: %s\n", path, strerror(errno));
        return -1;
    }
    if (strncmp(content, first, sizeof first - 1) != 0) {
        fprintf(stderr, "trace: %s does not begin with \"plumbline-trace 1\"\n", path);
        return -1;
    }
    *trace = (struct trace){.lab = "", .title = "", .tree = "labs", .verdict = "unfinished"};
    char *rest = content + sizeof first - 1;
    for (char *line; (line = strsep(&rest, "\n"));)
        take_line(trace, line);
    for (int i = 0; i < trace->events; i++)
        if (trace->event[i].program >= trace->programs)
            trace->event[i].program = -1;
    return 0;
}

/*
 * page.c - the page of a story (see draw.h): a template, filled in.
 *
 * What programs wrote goes into the page in two ways: as text of the ladder, escaped for HTML, and
 * as JSON in which no character has a meaning for HTML. Scripts run only with the page's nonce.
 */
#include "calls.h"
#include "draw.h"
#include "kernel.h"

#include "../runner/escape.h"
#include "../runner/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { MOST_SOURCE_LINES = 5000 };

/* --- data for the script --- */

static void put_member(FILE *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    fprintf(out, ",\"%s\":", name);
    put_script_text(out, value);
}

static void put_numbers(FILE *out, const char *name, const int *numbers)
{
    fprintf(out, ",\"%s\":[", name);
    for (int i = 0; numbers && numbers[i] != -1; i++)
        fprintf(out, "%s%d", i ? "," : "", numbers[i]);
    fputc(']', out);
}

static void put_moment(FILE *out, const struct moment *moment, const char *scene)
{
    const struct event *event = moment->event;
    fprintf(out, "{\"lane\":%d", moment->lane);
    put_member(out, "text", moment->text);
    put_member(out, "note", moment->note);
    put_member(out, "label", moment->label);
    put_member(out, "scene", scene);
    put_member(out, "file", event->file);
    if (event->file)
        fprintf(out, ",\"line\":%d", event->line);
    if (event->kind == CALL)
        put_member(out, "call", event->call->name);
    if (moment->failed) {
        fputs(",\"failed\":true", out);
        put_member(out, "why", text("It failed with %s.", event->error));
    }
    if (moment->phase == BEGINS)
        fputs(",\"waits\":true", out);
    put_numbers(out, "p", moment->processes);
    put_numbers(out, "o", moment->objects);
    fputc('}', out);
}

static void put_moments(const struct trace *trace, FILE *out)
{
    const char *scene = capital(trace->title);
    fputs("\"moments\":[", out);
    for (int i = 0; i < trace->moments; i++) {
        if (trace->moment[i].lane == -1)
            scene = capital(trace->moment[i].text);
        fputs(i ? "," : "", out);
        put_moment(out, &trace->moment[i], scene);
    }
    fputc(']', out);
}

static void put_lanes(const struct trace *trace, FILE *out)
{
    fputs(",\"lanes\":[", out);
    for (int i = 0; i < trace->lanes; i++) {
        fprintf(out, "%s{\"name\":", i ? "," : "");
        put_script_text(out, trace->lane[i].name);
        fprintf(out, ",\"color\":%d}", trace->lane[i].column % 6);
    }
    fputs("],\"pool\":[", out);
    for (int i = 0; i < trace->pooled; i++)
        fprintf(out, "%s%s", i ? "," : "", trace->pool[i]);
    fputc(']', out);
}

static bool seen_before(const struct trace *trace, int event, bool files)
{
    const struct event *mine = &trace->event[event];
    for (int i = 0; i < event; i++) {
        const struct event *other = &trace->event[i];
        if (files ? other->file && strcmp(other->file, mine->file) == 0
                  : other->kind == CALL && strcmp(other->call->name, mine->call->name) == 0)
            return true;
    }
    return false;
}

static void put_calls(const struct trace *trace, FILE *out)
{
    bool any = false;
    fputs(",\"calls\":{", out);
    for (int i = 0; i < trace->events; i++) {
        const struct event *event = &trace->event[i];
        if (event->kind != CALL || seen_before(trace, i, false) || !*event->call->sentence)
            continue;
        fputs(any ? "," : "", out);
        put_script_text(out, event->call->name);
        fputs(":[", out);
        put_script_text(out, event->call->page);
        fputc(',', out);
        put_script_text(out, event->call->sentence);
        fputc(']', out);
        any = true;
    }
    fputc('}', out);
}

/* A source file is named by its last part alone, and stands in the lab's folder of its tree. */
static char *read_source(const struct trace *trace, const struct event *event)
{
    bool reference =
        event->program >= 0 && strcmp(trace->program[event->program].build, "reference") == 0;
    if (strchr(event->file, '/') || *event->file == '.')
        return NULL;
    return read_whole(
        text("%s/%s/%s", reference ? "solutions" : trace->tree, trace->lab, event->file), NULL);
}

static void put_sources(const struct trace *trace, FILE *out)
{
    bool any = false;
    fputs(",\"sources\":{", out);
    for (int i = 0; i < trace->events; i++) {
        if (!trace->event[i].file || seen_before(trace, i, true))
            continue;
        char *source = read_source(trace, &trace->event[i]), *rest = source;
        if (!source)
            continue;
        fputs(any ? "," : "", out);
        put_script_text(out, trace->event[i].file);
        fputs(":[", out);
        int lines = 0;
        for (char *line; lines < MOST_SOURCE_LINES && (line = strsep(&rest, "\n"));) {
            fputs(lines++ ? "," : "", out);
            put_script_text(out, line);
        }
        fputc(']', out);
        free(source);
        any = true;
    }
    fputc('}', out);
}

static void put_data(const struct trace *trace, FILE *out)
{
    fputc('{', out);
    put_moments(trace, out);
    put_lanes(trace, out);
    put_calls(trace, out);
    put_sources(trace, out);
    fputc('}', out);
}

/* --- the template --- */

static const char *nonce(void)
{
    unsigned char random[16];
    const char *words = "";
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return NULL;
    for (size_t i = 0; i < sizeof random; i++)
        words = text("%s%02x", words, random[i]);
    return words;
}

/* Why the picture may not be what the reader expects. */
static void put_verdict(const struct trace *trace, FILE *out)
{
    if (strcmp(trace->verdict, "pass") != 0) {
        fputs("<p class=\"verdict\">The story was cut short", out);
        if (trace->came) {
            fputs(": expected ", out);
            put_html(out, trace->expected ? trace->expected : "something else");
            fputs(", came ", out);
            put_html(out, trace->came);
        }
        fputs(". This is what happened until then.</p>\n", out);
    }
    if (unrecorded(trace)) {
        fputs("<p class=\"verdict\">No calls of ", out);
        put_html(out, unrecorded(trace));
        fputs(" were recorded: " UNRECORDED "</p>\n", out);
    }
    if (trace->dropped > 0)
        fprintf(out, "<p class=\"verdict\">%d calls were too many to draw and are left out.</p>\n",
                trace->dropped);
}

struct filling {
    const struct trace *trace;
    const char *templates, *nonce;
};

static int put_file(const struct filling *filling, const char *name, FILE *out)
{
    char *content = read_whole(text("%s/%s", filling->templates, name), NULL);
    if (!content)
        return -1;
    fputs(content, out);
    free(content);
    return 0;
}

static int fill(const struct filling *filling, const char *name, FILE *out)
{
    const struct trace *trace = filling->trace;
    if (strcmp(name, "TITLE") == 0)
        put_html(out, text("%s: %s", trace->lab, trace->title));
    else if (strcmp(name, "LAB") == 0)
        put_html(out, text("Plumbline, lab %s, programs of %s/", trace->lab, trace->tree));
    else if (strcmp(name, "STORY") == 0)
        put_html(out, capital(trace->title));
    else if (strcmp(name, "NONCE") == 0)
        fputs(filling->nonce, out);
    else if (strcmp(name, "VERDICT") == 0)
        put_verdict(trace, out);
    else if (strcmp(name, "LAST") == 0)
        fprintf(out, "%d", trace->moments - 1);
    else if (strcmp(name, "MOMENTS") == 0)
        fprintf(out, "%d", trace->moments);
    else if (strcmp(name, "WIDE") == 0)
        draw_svg(trace, WIDE, out);
    else if (strcmp(name, "NARROW") == 0)
        draw_svg(trace, NARROW, out);
    else if (strcmp(name, "DATA") == 0)
        put_data(trace, out);
    else if (strcmp(name, "STYLE") == 0)
        return put_file(filling, "ladder.css", out) || put_file(filling, "page.css", out) ? -1 : 0;
    else if (strcmp(name, "SCRIPT") == 0)
        return put_file(filling, "page.js", out);
    return 0;
}

/* @NAME@ is a place to be filled in; any other @ stands for itself. */
int draw_page(const struct trace *trace, const char *templates, FILE *out)
{
    struct filling filling = {trace, templates, nonce()};
    char *template = read_whole(text("%s/page.html", templates), NULL);
    if (!template || !filling.nonce)
        return -1;
    for (const char *at = template; *at;) {
        size_t length = 0;
        while (*at == '@' && isupper((unsigned char)at[1 + length]))
            length++;
        if (length > 0 && at[1 + length] == '@') {
            if (fill(&filling, text("%.*s", (int)length, at + 1), out) == -1)
                return -1;
            at += length + 2;
        } else {
            fputc(*at++, out);
        }
    }
    free(template);
    return 0;
}

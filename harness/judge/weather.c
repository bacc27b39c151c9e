/*
 * weather.c - the words of a launch's .weather (see weather.h), and whether it came.
 */
#include "weather.h"

#include "program.h"
#include "stage.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum probe_kind kind;
} kinds[] = {
    {"accept", KIND_ACCEPT},   {"send", KIND_SEND},     {"recv", KIND_RECV},
    {"read", KIND_READ},       {"write", KIND_WRITE},   {"fork", KIND_FORK},
    {"pipe", KIND_PIPE},       {"thread", KIND_THREAD}, {"poll", KIND_POLL},
    {"connect", KIND_CONNECT}, {"wait", KIND_WAIT},     {"listen", KIND_LISTEN},
};

static bool read_kind(const char *word, struct probe_rule *rule)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].name, word) == 0)
            rule->kind = kinds[i].kind;
    return rule->kind != KIND_NONE;
}

/* "2", "2-5", "2-" */
static bool read_range(const char *word, struct probe_rule *rule)
{
    char *end;
    rule->from = rule->to = (uint32_t)strtoul(word, &end, 10);
    if (*end == '-')
        rule->to = end[1] ? (uint32_t)strtoul(end + 1, &end, 10) : UINT32_MAX;
    return rule->from > 0 && rule->to >= rule->from;
}

static bool read_error(const char *word, struct probe_rule *rule)
{
    rule->weather = WEATHER_FAIL;
    for (int error = 1; error < 200; error++) {
        const char *name = strerrorname_np(error);
        if (name && strcmp(name, word) == 0)
            rule->value = error;
    }
    return rule->value > 0;
}

static bool read_rule(const char *words, struct probe_rule *rule)
{
    char kind[16], range[24], what[24];
    long long value = 0;
    int count = sscanf(words, " %15s %23s %23s %lld", kind, range, what, &value);
    if (count < 3 || !read_kind(kind, rule) || !read_range(range, rule))
        return false;
    if (count == 3)
        return read_error(what, rule);
    rule->weather = strcmp(what, "short") == 0   ? WEATHER_SHORT
                    : strcmp(what, "delay") == 0 ? WEATHER_DELAY
                                                 : WEATHER_NONE;
    rule->value = value;
    return rule->weather != WEATHER_NONE && value > 0;
}

int weather_rules(const char *words, struct probe_rule *rule)
{
    int count = 0;
    char *rest = (char *)text("%s", words);
    for (char *word; (word = strtok_r(rest, ";", &rest)); count++)
        if (count == PROBE_RULES || !read_rule(word, &rule[count]))
            cannot_judge("this weather means nothing: %s", words);
    return count;
}

bool set_clock_ahead(struct program *program, int seconds)
{
    const off_t at = offsetof(struct probe_header, ahead_s);
    const off_t calls_at = offsetof(struct probe_header, clock_calls);
    int64_t ahead_s = seconds;
    uint64_t calls = 0;
    return program->probe != -1 &&
           pwrite(program->probe, &ahead_s, sizeof ahead_s, at) == sizeof ahead_s &&
           pread(program->probe, &calls, sizeof calls, calls_at) == sizeof calls && calls > 0;
}

bool weather_came(struct program *program)
{
    struct probe_rule rule[PROBE_RULES];
    if (program->probe == -1 || !program->how->weather ||
        pread(program->probe, rule, sizeof rule, offsetof(struct probe_header, rule)) !=
            (ssize_t)sizeof rule)
        return false;
    for (int i = 0; i < PROBE_RULES; i++)
        if (rule[i].kind != KIND_NONE && rule[i].count < rule[i].from)
            return false;
    return true;
}

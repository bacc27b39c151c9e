/*
 * result.c - result.json, and what is remembered between runs (see result.h).
 *
 * JSON is written here and not by Criterion, whose writers do not escape what they print.
 */
#include "result.h"

#include "escape.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void write_step(FILE *out, const struct step *step)
{
    const struct outcome *outcome = &step->outcome;
    fprintf(out, "    {\"step\": %d, \"title\": ", step->number);
    put_json(out, step->title);
    fprintf(out, ", \"status\": \"%s\", \"points\": %d, \"max_points\": %d, \"message\": ",
            status_name(outcome->status), outcome->status == PASS ? step->points : 0, step->points);
    put_json(out, outcome_message(outcome));
    if (outcome->call[0])
        fputs(", \"calls\": [", out);
    for (int i = 0; i < MOST_CALLS && outcome->call[i]; i++) {
        put_json(out, outcome->call[i]);
        fputs(i + 1 < MOST_CALLS && outcome->call[i + 1] ? ", " : "]", out);
    }
    if (outcome->remark) {
        fputs(", \"remark\": ", out);
        put_json(out, outcome->remark);
    }
    if (outcome->kept)
        fputs(", \"kept\": true", out);
    fprintf(out, ", \"seconds\": %.3f}", outcome->seconds);
}

static void write_lab(FILE *out, const struct lab *lab)
{
    fputs("  {\"lab\": ", out);
    put_json(out, lab->name);
    fprintf(out, ", \"score\": %d, \"max_score\": %d, \"steps\": [\n", lab_score(lab),
            lab_points(lab));
    for (int i = 0; i < lab->steps; i++) {
        write_step(out, &lab->step[i]);
        fputs(i + 1 < lab->steps ? ",\n" : "\n", out);
    }
    fputs("  ]}", out);
}

int result_write(const struct course *course, const char *tier, const char *path)
{
    char *content;
    size_t length;
    FILE *out = open_memstream(&content, &length);
    if (!out)
        return -1;
    fprintf(out, "{\"version\": 1, \"tier\": \"%s\", \"labs\": [\n", tier);
    for (int i = 0; i < course->labs; i++) {
        write_lab(out, &course->lab[i]);
        fputs(i + 1 < course->labs ? ",\n" : "\n", out);
    }
    fputs("]}\n", out);
    if (fclose(out) != 0)
        return -1;
    struct stat status;
    int result;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) { /* /dev/stdout, a pipe */
        FILE *sink = fopen(path, "we");
        result = sink && fwrite(content, 1, length, sink) == length ? 0 : -1;
        if (sink && fclose(sink) != 0)
            result = -1;
    } else {
        result = write_whole(path, content, length);
    }
    free(content);
    return result;
}

/* --- records for the program that called --- */

static void send_field(FILE *out, const char *key, const char *value)
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

static void send_step(FILE *out, const struct lab *lab, const struct step *step, const char *tier)
{
    const struct outcome *outcome = &step->outcome;
    fprintf(out, "lab=%s\tstep=%d\tpoints=%d\tmax_points=%d\tstatus=%s\ttier=%s\tms=%.0f",
            lab->name, step->number, outcome->status == PASS ? step->points : 0, step->points,
            status_name(outcome->status), tier, outcome->seconds * 1000);
    send_field(out, "title", step->title);
    send_field(out, "message", outcome_message(outcome));
    if (outcome->status != PASS && outcome->status != BLOCKED) {
        send_field(out, "tried", outcome->tried);
        send_field(out, "expected", outcome->expected);
        send_field(out, "came", outcome->came);
        for (int i = 0; i < MOST_STANDINGS; i++)
            send_field(out, "program", outcome->standing[i]);
        for (int i = 0; i < MOST_CALLS; i++)
            send_field(out, "call", outcome->call[i]);
        send_field(out, "cause", outcome->cause);
        send_field(out, "hint", step->hint[0]);
        send_field(out, "read", step->see);
    }
    fputc('\n', out);
}

int result_send(const struct course *course, const char *tier, int fd)
{
    FILE *out = fdopen(fd, "w");
    if (!out)
        return -1;
    for (int i = 0; i < course->labs; i++)
        for (int j = 0; j < course->lab[i].steps; j++)
            send_step(out, &course->lab[i], &course->lab[i].step[j], tier);
    return fclose(out) == 0 ? 0 : -1;
}

/* --- memory between runs --- */

static const char *memory_of(const struct course *course, const struct lab *lab)
{
    return text("%s/state/%s", course->build, lab->name);
}

void result_remember(const struct course *course, const struct lab *lab)
{
    char *content = text("%s", "");
    if (!course->own_tree)
        return;
    for (int i = 0; i < lab->steps; i++)
        content = text("%s%d %d\n", content, lab->step[i].number, (int)lab->step[i].outcome.status);
    make_folders(text("%s/state", course->build));
    write_whole(memory_of(course, lab), content, strlen(content));
}

static bool newer(const char *path, const struct timespec *than)
{
    struct stat status;
    if (stat(path, &status) == -1)
        return true; /* it was removed: the memory no longer holds */
    return status.st_mtim.tv_sec > than->tv_sec ||
           (status.st_mtim.tv_sec == than->tv_sec && status.st_mtim.tv_nsec > than->tv_nsec);
}

bool result_recall(const struct course *course, struct lab *lab)
{
    const char *path = memory_of(course, lab);
    struct stat status;
    if (stat(path, &status) == -1 ||
        newer(text("%s/steps/%s", course->build, lab->name), &status.st_mtim))
        return false;
    for (int i = 0; i < lab->programs; i++)
        if (newer(text("%s/%s/%s.c", course->tree, lab->name, lab->program[i]), &status.st_mtim))
            return false;
    char *content = read_whole(path, NULL);
    char *rest = content;
    for (char *line; content && (line = strtok_r(rest, "\n", &rest));) {
        int number, value;
        if (sscanf(line, "%d %d", &number, &value) != 2)
            continue;
        for (int i = 0; i < lab->steps; i++)
            if (lab->step[i].number == number)
                lab->step[i].outcome.status = (enum status)value;
    }
    bool recalled = content != NULL;
    free(content);
    return recalled;
}

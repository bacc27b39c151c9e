/*
 * similar.c - which submissions are alike (see similar.h).
 *
 * sim_c compares tokens, so new names, other blanks and comments hide nothing. It reads what
 * strangers wrote, so it runs in the sandbox, on copies in which the skeleton's lines are empty
 * (lines keep their numbers). A first run over all files names candidates quickly, if not every one
 * of a group that is alike; so groups are completed, and then each pair is compared on its own, for
 * its percentages and for the lines that are alike.
 */
#include "similar.h"

#include "../runner/text.h"
#include "sandbox.h"
#include "similar_page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_CANDIDATES = 1000, COMPARE_S = 1800 };

#define RUN "16" /* tokens that must be alike in a row to count: about two lines */

static int by_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A line without its blanks, so that a new indent makes no new line. */
static void squeeze(const char *line, size_t length, char *squeezed, size_t size)
{
    size_t kept = 0;
    for (size_t i = 0; i < length && kept + 1 < size; i++)
        if (!strchr(" \t\r", line[i]))
            squeezed[kept++] = line[i];
    squeezed[kept] = '\0';
}

/* The lines of the skeleton, sorted, ended by their count. */
static char **skeleton_lines(const char *path, size_t *count)
{
    char *content = read_whole(path, NULL);
    size_t room = 1;
    for (const char *c = content; c && *c; c++)
        room += *c == '\n';
    char **lines = calloc(room + 1, sizeof *lines);
    *count = 0;
    for (char *at = content; lines && at && *at;) {
        size_t length = strcspn(at, "\n");
        char squeezed[512];
        squeeze(at, length, squeezed, sizeof squeezed);
        lines[(*count)++] = text("%s", squeezed);
        at += length + (at[length] == '\n');
    }
    free(content);
    if (lines)
        qsort(lines, *count, sizeof *lines, by_words);
    return lines;
}

/* A copy of a source with the skeleton's lines empty; in `own` each line's first character tells
 * whether it is one of the student's own. */
static int write_own_lines(const struct alike *alike, const char *from, const char *to)
{
    size_t length;
    char *content = read_whole(from, &length);
    FILE *out = fopen(to, "we");
    for (const char *at = content; out && at && at < content + length;) {
        size_t line = strcspn(at, "\n");
        char squeezed[512], *key = squeezed;
        squeeze(at, line, squeezed, sizeof squeezed);
        if (!bsearch(&key, alike->skeleton, alike->skeleton_lines, sizeof key, by_words))
            fwrite(at, 1, line, out);
        fputc('\n', out);
        at += line + 1; /* behind a NUL nothing is looked at */
    }
    int failed = !out || fclose(out) != 0 || !content;
    free(content);
    return failed ? -1 : 0;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Everybody who handed in this program. Returns 0, or -1 with errno. */
static int find_sources(struct alike *alike, const char *folder)
{
    struct dirent **persons;
    const char *sources = text("%s/sources", alike->grader->out);
    int count = scandir(sources, &persons, is_visible, alphasort);
    if (count == -1)
        return -1;
    alike->file = calloc((size_t)count + 1, sizeof *alike->file);
    for (int i = 0; i < count && alike->file; i++) {
        struct source *file = &alike->file[alike->files];
        file->id = text("%s", persons[i]->d_name);
        file->path = text("%s/%s/%s/%s.c", sources, file->id, alike->lab->name, alike->program);
        if (access(file->path, R_OK) == 0) {
            if (write_own_lines(alike, file->path, text("%s/%d.c", folder, alike->files)) == -1)
                return -1;
            alike->files++;
        }
        free(persons[i]);
    }
    free(persons);
    return alike->file ? 0 : -1;
}

/* Runs a shell's commands in the sandbox, where the copies are the working folder. */
static FILE *run_shell(const struct alike *alike, const char *folder, const char *commands,
                       const char *input)
{
    const char *output = text("%s/../found", folder);
    FILE *found = fopen(output, "w+e");
    int in = -1;
    if (write_whole(text("%s/../input", folder), input, strlen(input)) == 0)
        in = open(text("%s/../input", folder), O_RDONLY | O_CLOEXEC);
    if (!found || in == -1)
        return NULL;
    struct sandbox sandbox = {
        .words = {"/bin/sh", "-c", text("cd \"$FOLDER\" && %s", commands)},
        .settings = {"FOLDER", "/copies"},
        .read_only = {folder, "/copies"},
        .outside = {"/copies", folder},
        .input = in,
        .output = fileno(found),
        .records = -1,
        .log = text("%s/../log", folder),
        .memory_mib = 4096,
        .file_mib = USUAL_FILE_MIB,
        .seconds = COMPARE_S,
    };
    int code = sandbox_run(alike->grader, &sandbox);
    close(in);
    if (code != 0) {
        fprintf(stderr, "grade: sim_c ended with %d%s\n", code, code == -1 ? strerror(errno) : "");
        fclose(found);
        return NULL;
    }
    rewind(found);
    return found;
}

/* --- what sim_c says --- */

static int more_alike(const void *a, const void *b)
{
    const struct pair *first = a, *second = b;
    int one = first->percent[0] > first->percent[1] ? first->percent[0] : first->percent[1];
    int two = second->percent[0] > second->percent[1] ? second->percent[0] : second->percent[1];
    if (one != two)
        return two - one;
    return first->file[0] != second->file[0] ? first->file[0] - second->file[0]
                                             : first->file[1] - second->file[1];
}

static bool is_file(const struct alike *alike, int number)
{
    return number >= 0 && number < alike->files;
}

/* The pair of these two files, made if it is new; NULL if there is no room. */
static struct pair *pair_of(struct alike *alike, int first, int second)
{
    if (first > second) {
        int swapped = first;
        first = second;
        second = swapped;
    }
    for (int i = 0; i < alike->pairs; i++)
        if (alike->pair[i].file[0] == first && alike->pair[i].file[1] == second)
            return &alike->pair[i];
    if (alike->pairs == MOST_CANDIDATES)
        return NULL;
    alike->pair[alike->pairs] = (struct pair){.file = {first, second}};
    return &alike->pair[alike->pairs++];
}

/* "12.c consists for 83 % of 31.c material" */
static void take_percent(struct alike *alike, const char *line)
{
    int whole, part, percent;
    if (sscanf(line, "%d.c consists for %d %% of %d.c material", &whole, &percent, &part) != 3 ||
        !is_file(alike, whole) || !is_file(alike, part) || whole == part)
        return;
    struct pair *pair = pair_of(alike, whole, part);
    if (pair)
        pair->percent[whole > part] = percent;
}

/* "12.c: line 49-84      |31.c: line 50-85     [170]" */
static void take_range(struct alike *alike, const char *line)
{
    struct range range;
    int file[2];
    const char *bar = strchr(line, '|');
    if (!bar || sscanf(line, "%d.c: line %d-%d", &file[0], &range.from[0], &range.to[0]) != 3 ||
        sscanf(bar + 1, "%d.c: line %d-%d", &file[1], &range.from[1], &range.to[1]) != 3 ||
        !is_file(alike, file[0]) || !is_file(alike, file[1]) || file[0] == file[1])
        return;
    struct pair *pair = pair_of(alike, file[0], file[1]);
    if (!pair || pair->ranges == MOST_RANGES)
        return;
    if (file[0] > file[1]) {
        struct range swapped = {{range.from[1], range.from[0]}, {range.to[1], range.to[0]}};
        range = swapped;
    }
    pair->range[pair->ranges++] = range;
}

static int compare_all(struct alike *alike, const char *folder, int percent)
{
    char *list, *line = NULL;
    size_t length, room = 0;
    FILE *names = open_memstream(&list, &length);
    if (!names)
        return -1;
    for (int i = 0; i < alike->files; i++)
        fprintf(names, "%d.c\n", i);
    fclose(names);
    /* Where three are alike, one may get only its share: so half the percentage makes a candidate.
     */
    FILE *found =
        run_shell(alike, folder, text("sim_c -i -p -a -s -T -r " RUN " -t %d", percent / 2), list);
    free(list);
    if (!found)
        return -1;
    while (getline(&line, &room, found) > 0)
        take_percent(alike, line);
    fclose(found);
    free(line);
    return 0;
}

static int group_of(int *group, int file)
{
    while (group[file] != file)
        file = group[file] = group[group[file]];
    return file;
}

/* Candidates are all pairs of a group whose members are candidates in a chain. */
static int complete_groups(struct alike *alike)
{
    int *group = calloc((size_t)alike->files, sizeof *group);
    if (!group)
        return -1;
    for (int i = 0; i < alike->files; i++)
        group[i] = i;
    for (int i = 0; i < alike->pairs; i++)
        group[group_of(group, alike->pair[i].file[0])] = group_of(group, alike->pair[i].file[1]);
    for (int i = 0; i < alike->files; i++)
        for (int j = i + 1; j < alike->files; j++)
            if (group_of(group, i) == group_of(group, j) && !pair_of(alike, i, j)) {
                alike->too_many = true;
                i = j = alike->files; /* there is no room */
            }
    free(group);
    return 0;
}

static int compare_pairs(struct alike *alike, const char *folder)
{
    char *list, *line = NULL;
    size_t length, room = 0;
    FILE *names = open_memstream(&list, &length);
    if (!names)
        return -1;
    for (int i = 0; i < alike->pairs; i++) {
        fprintf(names, "%d.c %d.c\n", alike->pair[i].file[0], alike->pair[i].file[1]);
        alike->pair[i].percent[0] = alike->pair[i].percent[1] = 0;
    }
    fclose(names);
    FILE *found = run_shell(alike, folder,
                            "while read -r a b; do sim_c -p -e -a -s -T -r " RUN " $a $b || exit;"
                            " sim_c -n -e -s -T -r " RUN " $a $b || exit; done",
                            list);
    free(list);
    if (!found)
        return -1;
    while (getline(&line, &room, found) > 0) {
        take_percent(alike, line);
        take_range(alike, line);
    }
    fclose(found);
    free(line);
    return 0;
}

/* Leaves the pairs over the threshold, the most alike first. */
static void choose(struct alike *alike, int percent)
{
    int kept = 0;
    for (int i = 0; i < alike->pairs; i++)
        if (alike->pair[i].percent[0] >= percent || alike->pair[i].percent[1] >= percent)
            alike->pair[kept++] = alike->pair[i];
    alike->pairs = kept;
    if (kept > 0)
        qsort(alike->pair, (size_t)kept, sizeof *alike->pair, more_alike);
}

/* Compares one program of all who handed it in. */
static int compare(struct alike *alike, int percent)
{
    const char *top = text("%s/similar", alike->grader->work);
    const char *folder = text("%s/copies", top);
    alike->skeleton = skeleton_lines(text("labs/%s/%s.c", alike->lab->name, alike->program),
                                     &alike->skeleton_lines);
    alike->pair = calloc(MOST_CANDIDATES, sizeof *alike->pair);
    remove_tree(top);
    int result = !alike->pair || make_folders(folder) == -1 ? -1 : find_sources(alike, folder);
    if (result == 0 && alike->files > 1)
        result = compare_all(alike, folder, percent);
    if (result == 0 && alike->files > 1)
        result = complete_groups(alike);
    if (result == 0 && alike->pairs > 0)
        result = compare_pairs(alike, folder);
    choose(alike, percent);
    remove_tree(top);
    return result;
}

int write_similar(const struct grader *grader, int percent)
{
    struct similar_page page;
    if (similar_page_begin(&page, grader, percent) == -1)
        return -1;
    for (int i = 0; i < grader->labs; i++)
        for (int j = 0; grader->lab[i].wanted && j < grader->lab[i].programs; j++) {
            struct alike alike = {
                .grader = grader, .lab = &grader->lab[i], .program = grader->lab[i].program[j]};
            if (compare(&alike, percent) == -1) {
                fprintf(stderr, "grade: %s of %s cannot be compared: %s\n", alike.program,
                        alike.lab->name, strerror(errno));
                return -1;
            }
            similar_page_put(&page, &alike);
            free(alike.pair);
            free(alike.file);
        }
    return similar_page_end(&page);
}

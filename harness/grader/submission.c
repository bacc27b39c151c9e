/*
 * submission.c - who handed in what (see submission.h).
 */
#include "submission.h"

#include "../runner/text.h"
#include "csv.h"
#include "latin.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

struct entry { /* one thing in the folder of submissions */
    struct label label;
    const char *path;
    bool is_source;  /* a single .c file, as Canvas exports them */
    bool is_useless; /* a file that cannot hold a program: counts if there is nothing else */
};

/* --- names --- */

static const char *const archive_endings[] = {".zip", ".tar.gz",  ".tgz", ".tar.xz",
                                              ".txz", ".tar.bz2", ".tar"};

static size_t archive_ending(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof archive_endings / sizeof archive_endings[0]; i++) {
        size_t ending = strlen(archive_endings[i]);
        if (length > ending && strcasecmp(name + length - ending, archive_endings[i]) == 0)
            return ending;
    }
    return 0;
}

/* The ending of an archive that we cannot unpack. */
static size_t foreign_ending(const char *name)
{
    static const char *const endings[] = {".rar", ".7z", ".lzh", ".dmg"};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (length > strlen(endings[i]) &&
            strcasecmp(name + length - strlen(endings[i]), endings[i]) == 0)
            return strlen(endings[i]);
    return 0;
}

bool is_archive(const char *name)
{
    return archive_ending(name) > 0;
}

static size_t digits_at(const char *at)
{
    return strspn(at, "0123456789");
}

static void copy(char *to, size_t size, const char *from, size_t length)
{
    if (length >= size)
        length = size - 1;
    memcpy(to, from, length);
    to[length] = '\0';
}

/* `Name_ID_assignsubmission_file_`: the name may hold underscores itself. */
static bool is_moodle(const char *name, struct label *label)
{
    const char *mark = strstr(name, "_assignsubmission_");
    const char *id = mark;
    if (!mark)
        return false;
    while (id > name && isdigit((unsigned char)id[-1]))
        id--;
    if (id == mark || id == name || id[-1] != '_')
        return false;
    copy(label->id, sizeof label->id, id, (size_t)(mark - id));
    copy(label->name, sizeof label->name, name, (size_t)(id - 1 - name));
    const char *file = strstr(mark + 1, "file_");
    copy(label->original, sizeof label->original, file ? file + 5 : "",
         file ? strlen(file + 5) : 0);
    return true;
}

/* `name_ID_FILEID_original`, `name_LATE_ID_FILEID_original`; a later attempt has a larger FILEID
 * and a `-N` before its ending. */
static bool is_canvas(const char *name, struct label *label)
{
    const char *at = strchr(name, '_');
    if (!at || at == name)
        return false;
    size_t person = (size_t)(at - name);
    at++;
    if (strncmp(at, "LATE_", 5) == 0 || strncmp(at, "late_", 5) == 0)
        at += 5;
    size_t id = digits_at(at);
    if (id == 0 || at[id] != '_')
        return false;
    const char *file = at + id + 1;
    size_t number = digits_at(file);
    if (number == 0 || file[number] != '_' || file[number + 1] == '\0')
        return false;
    copy(label->id, sizeof label->id, at, id);
    copy(label->name, sizeof label->name, name, person);
    copy(label->original, sizeof label->original, file + number + 1, strlen(file + number + 1));
    errno = 0;
    label->attempt = strtoll(file, NULL, 10);
    return true;
}

static bool is_gradescope(const char *name, struct label *label)
{
    static const char start[] = "submission_";
    const char *id = name + sizeof start - 1;
    if (strncmp(name, start, sizeof start - 1) != 0 || digits_at(id) == 0 || id[digits_at(id)])
        return false;
    copy(label->id, sizeof label->id, id, strlen(id));
    return true;
}

void label_read(const char *name, struct label *label)
{
    *label = (struct label){.attempt = 0};
    if (is_moodle(name, label) || is_canvas(name, label) || is_gradescope(name, label))
        return;
    copy(label->id, sizeof label->id, name,
         strlen(name) - archive_ending(name) - foreign_ending(name));
    copy(label->original, sizeof label->original, name, strlen(name));
}

void safe_id(const char *id, char *safe, size_t size)
{
    unsigned long long hash = 14695981039346656037ULL; /* FNV-1a */
    bool changed = *id == '\0' || strlen(id) > 100;
    size_t length = 0;
    for (const char *c = id; *c; c++) {
        bool fine = isalnum((unsigned char)*c) || (strchr("._@+-", *c) && c != id);
        hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
        if (length < 100 && length + 20 < size)
            safe[length++] = fine ? *c : '_';
        changed |= !fine;
    }
    if (length == 0)
        safe[length++] = '_';
    safe[length] = '\0';
    if (changed) /* what was lost goes into a number behind it */
        snprintf(safe + length, size - length, "-%08llx", hash & 0xffffffff);
}

/* --- the folder --- */

static int by_person(const void *a, const void *b)
{
    const struct entry *first = a, *second = b;
    int order = strcmp(first->label.id, second->label.id);
    if (order == 0)
        order = first->label.attempt < second->label.attempt   ? -1
                : first->label.attempt > second->label.attempt ? 1
                                                               : 0;
    return order != 0 ? order : strcmp(first->path, second->path);
}

static bool is_of_interest(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "__MACOSX") != 0;
}

static struct entry *list_entries(const struct grader *grader, size_t *count)
{
    DIR *folder = opendir(grader->submissions);
    struct entry *entries = NULL;
    size_t room = 0;
    *count = 0;
    if (!folder)
        return NULL;
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat status;
        const char *name = entry->d_name;
        size_t length = strlen(name);
        bool source = length > 2 && strcmp(name + length - 2, ".c") == 0;
        const char *path = text("%s/%s", grader->submissions, name);
        if (!is_of_interest(entry) || lstat(path, &status) == -1)
            continue;
        struct label label;
        label_read(name, &label);
        bool useless = S_ISREG(status.st_mode) && !is_archive(name) && !source;
        if (useless && label.attempt == 0 && foreign_ending(name) == 0)
            continue; /* nobody's: a list of grades, a read-me */
        if (*count == room) {
            room = room ? room * 2 : 64;
            entries = realloc(entries, room * sizeof *entries);
            if (!entries)
                return NULL;
        }
        struct entry *new = &entries[(*count)++];
        *new = (struct entry){label, path, source && S_ISREG(status.st_mode), useless};
    }
    closedir(folder);
    if (*count > 0)
        qsort(entries, *count, sizeof *entries, by_person);
    return entries ? entries : calloc(1, sizeof *entries);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Leaves out what is useless, if anything is not. Returns how many are left. */
static size_t leave_out_useless(struct entry *entries, size_t count)
{
    size_t useful = 0;
    for (size_t i = 0; i < count; i++)
        if (!entries[i].is_useless)
            entries[useful++] = entries[i];
    return useful ? useful : count;
}

/* One person's entries, in order of attempts: the last folder or archive counts; of single files
 * all, a later one of the same name in place of an earlier (put_single() takes them in order). */
static struct submission from_entries(struct entry *entries, size_t count)
{
    count = leave_out_useless(entries, count);
    struct submission submission = {.name = as_utf8(entries[0].label.name)};
    char id[160];
    safe_id(entries[0].label.id, id, sizeof id);
    submission.id = text("%s", id);
    const struct entry *last = &entries[count - 1];
    submission.path = last->path;
    size_t sources = 0;
    for (size_t i = 0; i < count; i++)
        sources += entries[i].is_source;
    if (last->is_source && sources > 1) {
        submission.more = calloc(sources, sizeof *submission.more);
        size_t next = 0;
        for (size_t i = 0; i + 1 < count; i++)
            if (entries[i].is_source)
                submission.more[next++] = entries[i].path;
    } else if (count > 1) {
        submission.note = text("%zu attempts were handed in; the last one counts: %s", count,
                               last_part(last->path));
    }
    if (last->is_useless && foreign_ending(last->path))
        submission.note = text("%s: archives of this kind cannot be read; .zip and .tar.gz can",
                               last_part(last->path));
    return submission;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct submission *)a)->id, ((const struct submission *)b)->id);
}

static int add(struct grader *grader, struct submission submission)
{
    size_t count = grader->submissions_count;
    if ((count & (count - 1)) == 0) { /* full at each power of two */
        size_t room = count ? count * 2 : 1;
        void *larger = realloc(grader->submission, room * sizeof submission);
        if (!larger)
            return -1;
        grader->submission = larger;
    }
    grader->submission[grader->submissions_count++] = submission;
    return 0;
}

/* --- the roster --- */

static struct submission *by_name_of_id(struct grader *grader, const char *id, size_t known)
{
    struct submission key = {.id = id};
    return known ? bsearch(&key, grader->submission, known, sizeof key, by_id) : NULL;
}

static int read_roster(struct grader *grader, const char *path)
{
    struct csv csv;
    if (csv_open(&csv, path) == -1) {
        fprintf(stderr, "grade: the roster %s: %s\n", path, csv_problem(&csv));
        return -1;
    }
    int id_column = csv_column(&csv, "id"), name_column = csv_column(&csv, "name");
    if (id_column == -1) {
        fprintf(stderr, "grade: the roster %s has no column \"id\" in its first line\n", path);
        csv_close(&csv);
        return -1;
    }
    size_t known = grader->submissions_count;
    for (size_t row = 1; row < csv.rows; row++) {
        char id[160];
        const char *name = csv_cell(&csv, row, name_column);
        if (!*csv_cell(&csv, row, id_column))
            continue;
        safe_id(csv_cell(&csv, row, id_column), id, sizeof id);
        struct submission *found = by_name_of_id(grader, id, known);
        if (found && !*found->name)
            found->name = as_utf8(name);
        else if (!found && add(grader, (struct submission){.id = text("%s", id),
                                                           .name = as_utf8(name)}) == -1)
            return -1;
    }
    csv_close(&csv);
    qsort(grader->submission, grader->submissions_count, sizeof *grader->submission, by_id);
    return 0;
}

int find_submissions(struct grader *grader, const char *roster)
{
    size_t count;
    struct entry *entries = list_entries(grader, &count);
    if (!entries) {
        fprintf(stderr, "grade: the folder of submissions %s: %s\n", grader->submissions,
                strerror(errno));
        return -1;
    }
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count; end++)
            if (strcmp(entries[start].label.id, entries[end].label.id) != 0)
                break;
        if (add(grader, from_entries(entries + start, end - start)) == -1)
            return -1;
    }
    free(entries);
    if (grader->submissions_count > 0)
        qsort(grader->submission, grader->submissions_count, sizeof *grader->submission, by_id);
    return roster ? read_roster(grader, roster) : 0;
}

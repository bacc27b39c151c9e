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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct entry { /* one thing in the folder of submissions */
    struct label label;
    const char *path;
    bool is_loose;   /* a folder or a .c file: goes before an archive */
    bool is_useless; /* a file that cannot hold a program */
};

/* --- names --- */

/* unpack knows what it can do with them; what has one of these endings was meant as a submission.
 */
static const char *const archive_endings[] = {
    ".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst", ".tar.lz", ".tar.lzma", ".tar.Z",
    ".tar",    ".tgz",    ".txz",     ".tbz2",    ".tbz",    ".tzst",     ".tlz",
    ".taz",    ".zip",    ".zipx",    ".rar",     ".7z",     ".gz",       ".xz",
    ".bz2",    ".zst",    ".lz",      ".lzma",    ".lzh",    ".z",        ".dmg",
};

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

bool is_archive(const char *name)
{
    return archive_ending(name) > 0;
}

bool is_source(const char *name)
{
    size_t length = strlen(name);
    return length > 2 && strcmp(name + length - 2, ".c") == 0;
}

/* True if a file begins like an archive. Documents of offices are archives too, and no submission:
 * they are known by their endings. */
static bool begins_like_archive(const char *path)
{
    static const char *const documents[] = {".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp",
                                            ".jar",  ".epub", ".apk",  ".ipa", ".svgz"};
    static const char *const starts[] = {
        "PK\x03\x04", "\x1f\x8b",         "BZh",  "\xfd\x37zXZ", "Rar!",
        "7z\xbc\xaf", "\x28\xb5\x2f\xfd", "LZIP",
    };
    char content[262] = "";
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++)
        if (strlen(path) > strlen(documents[i]) &&
            strcasecmp(path + strlen(path) - strlen(documents[i]), documents[i]) == 0)
            return false;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t length = fd == -1 ? -1 : read(fd, content, sizeof content);
    if (fd != -1)
        close(fd);
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (length > (ssize_t)strlen(starts[i]) &&
            memcmp(content, starts[i], strlen(starts[i])) == 0)
            return true;
    return length == sizeof content && memcmp(content + 257, "ustar", 5) == 0;
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
    const char *kind = mark + strlen("_assignsubmission_");
    const char *file = strncmp(kind, "file_", 5) == 0 ? kind : NULL;
    label->is_text = strncmp(kind, "onlinetext", strlen("onlinetext")) == 0;
    copy(label->original, sizeof label->original, file ? file + 5 : "",
         file ? strlen(file + 5) : 0);
    return true;
}

/* `name_ID_FILEID_original`, `name_LATE_ID_FILEID_original`. Every file has a FILEID of its own, a
 * later one a larger one. Numbers of Canvas do not begin with 0, as those of labs and groups do. */
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
    if (id == 0 || *at == '0' || at[id] != '_')
        return false;
    const char *file = at + id + 1;
    size_t number = digits_at(file);
    if (number == 0 || *file == '0' || file[number] != '_' || file[number + 1] == '\0')
        return false;
    copy(label->id, sizeof label->id, at, id);
    copy(label->name, sizeof label->name, name, person);
    copy(label->original, sizeof label->original, file + number + 1, strlen(file + number + 1));
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

static void label_plainly(const char *name, struct label *label)
{
    *label = (struct label){.attempt = 0};
    const char *id = canonical(text("%.*s", (int)(strlen(name) - archive_ending(name)), name));
    copy(label->id, sizeof label->id, id, strlen(id));
    copy(label->original, sizeof label->original, name, strlen(name));
}

void label_read(const char *name, bool is_folder, struct label *label)
{
    *label = (struct label){.attempt = 0};
    label->by_platform = is_moodle(name, label) || (!is_folder && is_canvas(name, label)) ||
                         is_gradescope(name, label);
    if (!label->by_platform)
        label_plainly(name, label);
}

void safe_id(const char *raw, char *safe, size_t size)
{
    const char *id = canonical(raw);
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
    if (order == 0)
        order = first->is_loose - second->is_loose;
    return order != 0 ? order : strcmp(first->path, second->path);
}

static bool is_of_interest(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strcmp(entry->d_name, "__MACOSX") != 0;
}

/* Remembers a list of grades, a read-me. */
static void leave_out(struct grader *grader, const char *name)
{
    enum { MOST_TOLD = 20 };
    size_t count = grader->left_out_count;
    if ((count & (count - 1)) == 0) { /* full at each power of two */
        const char **larger = realloc(grader->left_out, (count ? count * 2 : 1) * sizeof *larger);
        if (!larger)
            return;
        grader->left_out = larger;
    }
    char *shown = as_utf8(name);
    for (char *c = shown; *c; c++)
        if (iscntrl((unsigned char)*c)) /* a terminal might obey */
            *c = '?';
    grader->left_out[grader->left_out_count++] = shown;
    if (count < MOST_TOLD)
        fprintf(stderr, "grade: %s was left out: it is no folder, archive or .c file\n", shown);
    else if (count == MOST_TOLD)
        fprintf(stderr, "grade: more was left out: see the report\n");
}

static const char *last_part(const char *path)
{
    return strrchr(path, '/') + 1;
}

/* Reads one name; false if it is nobody's. */
static bool read_entry(struct grader *grader, const char *name, struct entry *entry)
{
    struct stat status;
    *entry = (struct entry){.path = text("%s/%s", grader->submissions, name)};
    if (lstat(entry->path, &status) == -1)
        return false;
    bool is_file = S_ISREG(status.st_mode);
    label_read(name, S_ISDIR(status.st_mode), &entry->label);
    entry->is_loose = S_ISDIR(status.st_mode) || is_source(name);
    entry->is_useless =
        is_file && !is_source(name) && !is_archive(name) && !begins_like_archive(entry->path);
    if (!entry->is_useless || entry->label.by_platform)
        return true;
    leave_out(grader, name);
    return false;
}

/* Canvas numbers every file: two of one number were named alike by somebody else. */
static void unmask(struct entry *entries, size_t count)
{
    bool found = false;
    for (size_t i = 1; i < count; i++) {
        struct label *one = &entries[i - 1].label, *other = &entries[i].label;
        if (other->attempt == 0 || other->attempt != one->attempt ||
            strcmp(one->id, other->id) != 0)
            continue;
        const long long number = other->attempt;
        const char *id = text("%s", other->id);
        for (i--; i < count && entries[i].label.attempt == number &&
                  strcmp(entries[i].label.id, id) == 0;
             i++)
            label_plainly(last_part(entries[i].path), &entries[i].label);
        found = true;
    }
    if (found)
        qsort(entries, count, sizeof *entries, by_person);
}

static struct entry *list_entries(struct grader *grader, size_t *count)
{
    DIR *folder = opendir(grader->submissions);
    struct entry *entries = NULL;
    size_t room = 0;
    *count = 0;
    if (!folder)
        return NULL;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (*count == room) {
            room = room ? room * 2 : 64;
            entries = realloc(entries, room * sizeof *entries);
            if (!entries)
                return NULL;
        }
        if (is_of_interest(entry))
            *count += read_entry(grader, entry->d_name, &entries[*count]);
    }
    closedir(folder);
    if (*count > 0)
        qsort(entries, *count, sizeof *entries, by_person);
    unmask(entries, *count);
    return entries ? entries : calloc(1, sizeof *entries);
}

/* Gradescope's export holds a folder for each person, and this beside them. */
static bool is_export(const char *path)
{
    return access(text("%s/submission_metadata.yml", path), F_OK) == 0;
}

/* One person's entries are one submission: the platforms export the last attempt alone, and give
 * each of its files an entry. They are in the order in which they count (by_person()). */
static struct submission from_entries(const struct entry *entries, size_t count)
{
    struct submission submission = {.name = as_utf8(entries[0].label.name), .note = ""};
    char id[160];
    size_t parts = 0;
    bool has_files = false;
    safe_id(entries[0].label.id, id, sizeof id);
    submission.id = text("%s", id);
    submission.called = as_utf8(entries[0].label.id);
    submission.parts = calloc(count + 1, sizeof *submission.parts);
    for (size_t i = 0; i < count; i++)
        has_files |= !entries[i].label.is_text;
    for (size_t i = 0; submission.parts && i < count; i++) {
        const struct entry *entry = &entries[i];
        if (entry->label.is_text && has_files)
            continue;
        if (entry->is_useless)
            submission.note = text("%s%s was not looked at: it is no folder, archive or .c file\n",
                                   submission.note, last_part(entry->path));
        else
            submission.parts[parts++] = entry->path;
        if (is_export(entry->path))
            submission.note = text("%s%s looks like the submissions of several persons, as "
                                   "Gradescope exports them: they are taken for one\n",
                                   submission.note, last_part(entry->path));
    }
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

static const char *trimmed(const char *cell)
{
    size_t length;
    cell += strspn(cell, " \t");
    for (length = strlen(cell); length > 0 && strchr(" \t", cell[length - 1]);)
        length--;
    return text("%.*s", (int)length, cell);
}

/* By ID; who stands in the roster twice is one person. */
static void sort_once(struct grader *grader)
{
    size_t kept = 0;
    qsort(grader->submission, grader->submissions_count, sizeof *grader->submission, by_id);
    for (size_t i = 0; i < grader->submissions_count; i++)
        if (kept == 0 || strcmp(grader->submission[kept - 1].id, grader->submission[i].id) != 0)
            grader->submission[kept++] = grader->submission[i];
    grader->submissions_count = kept;
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
        const char *called = trimmed(csv_cell(&csv, row, id_column));
        if (!*called)
            continue;
        safe_id(called, id, sizeof id);
        struct submission *found = by_name_of_id(grader, id, known);
        if (found && !*found->name)
            found->name = as_utf8(name);
        else if (!found && add(grader, (struct submission){.id = text("%s", id),
                                                           .called = as_utf8(called),
                                                           .name = as_utf8(name)}) == -1)
            return -1;
    }
    csv_close(&csv);
    sort_once(grader);
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
    if (count == 1 && is_export(entries[0].path)) {
        fprintf(stderr, "grade: %s is an export of Gradescope: say SUBMISSIONS=%s\n",
                entries[0].path, entries[0].path);
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
    if (roster && read_roster(grader, roster) == -1)
        return -1;
    for (size_t i = 0; i < grader->submissions_count; i++) {
        struct submission *person = &grader->submission[i];
        if (!*person->name && strcmp(person->id, person->called) != 0)
            person->name = person->called; /* the ID had to be changed: it says little */
    }
    return 0;
}

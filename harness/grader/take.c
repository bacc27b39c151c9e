/*
 * take.c - picks program files out of a folder (see take.h).
 *
 * The folder is hostile: it may hold links, FIFOs, devices, 100,000 entries or a thousand levels.
 * So every step down opens one name without following it, and the walk ends at fixed bounds.
 */
#include "take.h"

#include "../runner/text.h"
#include "submission.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_ENTRIES = 20000, MOST_LEVELS = 64, BEST = MOST_LEVELS + 1 };

struct find {          /* where a program was found */
    int rank;          /* 0: nowhere; higher is better */
    int rivals;        /* further files of that name and rank */
    const char *alike; /* a file that may be meant for it, or NULL */
    const char *where; /* the first of them, in the order of their names */
    char *content;
    size_t length;
};

struct walk {
    const struct grader *grader;
    struct notes *notes;
    struct archives *archives;
    int entries;
    struct find find[MOST_LABS][MOST_PROGRAMS];
};

static bool is_junk(const char *name)
{
    return name[0] == '.' || strcmp(name, "__MACOSX") == 0;
}

static char *read_source(int fd, size_t size)
{
    char *content = malloc(size + 1);
    size_t length = 0;
    for (ssize_t got; content && length < size; length += (size_t)got)
        if ((got = read(fd, content + length, size - length)) <= 0) {
            free(content);
            return NULL;
        }
    return content;
}

static void take_source(struct walk *walk, int fd, const char *where, struct find *find, int rank)
{
    struct stat status;
    int rivals = rank == find->rank ? find->rivals + 1 : 0;
    if (rank < find->rank)
        return;
    if (rivals > 0 && strcmp(where, find->where) > 0) { /* whatever order the folder has */
        find->rivals = rivals;
        return;
    }
    if (fstat(fd, &status) == -1 || !S_ISREG(status.st_mode)) {
        note(walk->notes, "%s is no regular file", where);
    } else if (status.st_size > MOST_FILE) {
        note(walk->notes, "%s is larger than %d KiB", where, MOST_FILE >> 10);
    } else {
        char *content = read_source(fd, (size_t)status.st_size);
        if (!content)
            return;
        free(find->content);
        *find = (struct find){rank, rivals, find->alike, where, content, (size_t)status.st_size};
    }
}

static bool is_named(const char *name, const char *program)
{
    size_t length = strlen(program);
    return strncmp(name, program, length) == 0 && strcmp(name + length, ".c") == 0;
}

/* `Sockinfo.c`, `sockinfo (1).c`, `sockinfo.c.txt`: not the program's name, but almost. */
static bool is_alike(const char *name, const char *program)
{
    size_t length = strlen(program);
    return strncasecmp(name, program, length) == 0 && !is_named(name, program) &&
           !isalpha((unsigned char)name[length]) && strcasestr(name + length, ".c");
}

static void note_alike(struct walk *walk, const char *where, const char *name)
{
    for (int i = 0; i < walk->grader->labs; i++)
        for (int j = 0; j < walk->grader->lab[i].programs; j++) {
            struct find *find = &walk->find[i][j];
            if (is_alike(name, walk->grader->lab[i].program[j]) &&
                (!find->alike || strcmp(where, find->alike) < 0))
                find->alike = where;
        }
}

/* The whole name of a file. Some archives of Windows hold names like `lab\echo.c`, which are those
 * of files in folders there, and of files here. */
static const char *where_of(const char *path, const char *name)
{
    char *where = text("%s/%s", path, name);
    for (char *c = where + strlen(path); (c = strchr(c, '\\'));)
        *c = '/';
    return where;
}

static bool is_in_folder(const char *where, const char *folder)
{
    const char *name = strrchr(where, '/');
    size_t length = strlen(folder);
    return name >= where + length && strncmp(name - length, folder, length) == 0 &&
           (name == where + length || name[-(ptrdiff_t)length - 1] == '/');
}

/* Is it a program's file? In the folder of its lab it ranks before all others. */
static void look_at_file(struct walk *walk, int folder, const char *path, const char *name,
                         int level)
{
    const char *where = where_of(path, name);
    const char *own_name = strrchr(where, '/') + 1;
    note_alike(walk, where, own_name);
    if (!is_source(name))
        return;
    for (int i = 0; i < walk->grader->labs; i++) {
        const struct lab *lab = &walk->grader->lab[i];
        for (int j = 0; j < lab->programs; j++) {
            if (!is_named(own_name, lab->program[j]))
                continue;
            int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
            if (fd == -1) {
                note(walk->notes, "%s: %s", where,
                     errno == ELOOP ? "a symbolic link is not followed" : strerror(errno));
                return;
            }
            take_source(walk, fd, where, &walk->find[i][j],
                        MOST_LEVELS - level + 1 + (is_in_folder(where, lab->name) ? BEST : 0));
            close(fd);
        }
    }
}

static void remember_archive(struct walk *walk, const char *path)
{
    struct archives *archives = walk->archives;
    int count = archives->count;
    if ((count & (count - 1)) == 0) { /* full at each power of two */
        size_t room = count ? (size_t)count * 2 : 1;
        const char **larger = realloc(archives->path, room * sizeof *larger);
        if (!larger)
            return;
        archives->path = larger;
    }
    archives->path[archives->count++] = path;
}

static void walk_folder(struct walk *walk, int folder, const char *path, int level)
{
    DIR *entries = fdopendir(folder);
    if (!entries) {
        close(folder);
        return;
    }
    for (struct dirent *entry; (entry = readdir(entries));) {
        struct stat status;
        if (is_junk(entry->d_name))
            continue;
        if (++walk->entries > MOST_ENTRIES) {
            if (walk->entries == MOST_ENTRIES + 1)
                note(walk->notes, "more than %d files: the rest was not looked at", MOST_ENTRIES);
            break;
        }
        if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1)
            continue;
        if (!S_ISDIR(status.st_mode)) {
            look_at_file(walk, dirfd(entries), path, entry->d_name, level);
            if (walk->archives && is_archive(entry->d_name))
                remember_archive(walk, text("%s/%s", path, entry->d_name));
        } else if (level == MOST_LEVELS) {
            note(walk->notes, "what lies deeper than %d folders was not looked at", MOST_LEVELS);
        } else {
            int below = openat(dirfd(entries), entry->d_name,
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below != -1)
                walk_folder(walk, below, text("%s/%s", path, entry->d_name), level + 1);
        }
    }
    closedir(entries);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What was found of one program, or what may have been meant. */
static void tell_find(const struct find *find, const char *lab, const char *program, FILE *out,
                      struct notes *notes)
{
    if (find->rivals > 0)
        note(notes, "%d files are named %s.c; this one was taken: %s", find->rivals + 1, program,
             find->where);
    if (find->rank == 0 && find->alike)
        note(notes, "%s was not taken: should its name be %s.c?", find->alike, program);
    if (find->rank > 0) {
        fprintf(out, "%s/%s.c %zu\n", lab, program, find->length);
        fwrite(find->content, 1, find->length, out);
    }
}

int take_files(const struct grader *grader, const char *folder, FILE *out, struct notes *notes,
               struct archives *archives)
{
    struct walk *walk = calloc(1, sizeof *walk);
    int top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!walk || top == -1) {
        free(walk);
        return -1;
    }
    walk->grader = grader;
    walk->notes = notes;
    walk->archives = archives;
    const char *name = strrchr(folder, '/');
    walk_folder(walk, top, name ? name + 1 : folder, 0);
    if (archives && archives->count > 0)
        qsort(archives->path, (size_t)archives->count, sizeof *archives->path, by_name);
    for (int i = 0; i < grader->labs; i++)
        for (int j = 0; j < grader->lab[i].programs; j++) {
            tell_find(&walk->find[i][j], grader->lab[i].name, grader->lab[i].program[j], out,
                      notes);
            free(walk->find[i][j].content);
        }
    free(walk);
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}

/* --- the other end of the stream --- */

/* True if it is the file of a program of ours. */
static bool is_program_file(const struct grader *grader, const char *path)
{
    for (int i = 0; i < grader->labs; i++)
        for (int j = 0; j < grader->lab[i].programs; j++)
            if (strcmp(path, text("%s/%s.c", grader->lab[i].name, grader->lab[i].program[j])) == 0)
                return true;
    return false;
}

/* Makes one file; `content` has a NUL behind it. */
static int put_file(const char *tree, const char *path, const char *content, size_t size,
                    const char *part, struct notes *notes)
{
    const char *target = text("%s/%s", tree, path);
    size_t old_size = 0;
    char *old = read_whole(target, &old_size);
    if (old && (old_size != size || memcmp(old, content, size) != 0))
        note(notes, "%s was handed in more than once; this one was taken: %s", path, part);
    free(old);
    if (make_folders(text("%s/%.*s", tree, (int)strcspn(path, "/"), path)) == -1)
        return -1;
    return write_whole(target, content, size);
}

void send_notes(const struct notes *notes, FILE *out)
{
    const char *all = notes_text(notes);
    fprintf(out, "notes %zu\n%s", strlen(all), all);
}

int put_files(const struct grader *grader, FILE *in, const char *tree, const char *part,
              struct notes *notes)
{
    char line[256], path[200];
    int count = 0;
    while (fgets(line, sizeof line, in)) {
        size_t size;
        if (sscanf(line, "%199s %zu", path, &size) != 2 || size > MOST_FILE ||
            (strcmp(path, "notes") != 0 && !is_program_file(grader, path))) {
            errno = EPROTO;
            return -1;
        }
        char *content = malloc(size + 1);
        if (!content || fread(content, 1, size, in) != size) {
            free(content);
            errno = EPROTO;
            return -1;
        }
        content[size] = '\0';
        int put = 0;
        if (strcmp(path, "notes") == 0)
            note_lines(notes, content);
        else if ((put = put_file(tree, path, content, size, part, notes)) == 0)
            count++;
        free(content);
        if (put == -1)
            return -1;
    }
    return count;
}

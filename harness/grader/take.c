/*
 * take.c - picks program files out of a folder (see take.h).
 *
 * The folder is hostile: it may hold links, FIFOs, devices, 100,000 entries or a thousand levels.
 * So every step down opens one name without following it, and the walk ends at fixed bounds.
 */
#include "take.h"

#include "../runner/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_ENTRIES = 20000, MOST_LEVELS = 8, BEST = MOST_LEVELS + 1 };

struct find {          /* where a program was found */
    int rank;          /* 0: nowhere; higher is better */
    int rivals;        /* further files of that name and rank */
    const char *where; /* the first of them, in the order of their names */
    char *content;
    size_t length;
};

struct walk {
    const struct grader *grader;
    FILE *notes;
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
        fprintf(walk->notes, "%s is no regular file\n", where);
    } else if (status.st_size > MOST_FILE) {
        fprintf(walk->notes, "%s is larger than %d KiB\n", where, MOST_FILE >> 10);
    } else {
        char *content = read_source(fd, (size_t)status.st_size);
        if (!content)
            return;
        free(find->content);
        *find = (struct find){rank, rivals, where, content, (size_t)status.st_size};
    }
}

/* Is it a program's file? In the folder of its lab it ranks before all others. */
static void look_at_file(struct walk *walk, int folder, const char *path, const char *name,
                         int level)
{
    size_t length = strlen(name);
    const char *parent = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (length < 3 || strcmp(name + length - 2, ".c") != 0)
        return;
    for (int i = 0; i < walk->grader->labs; i++) {
        const struct lab *lab = &walk->grader->lab[i];
        for (int j = 0; j < lab->programs; j++) {
            if (strlen(lab->program[j]) != length - 2 ||
                strncmp(lab->program[j], name, length - 2) != 0)
                continue;
            int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
            if (fd == -1) {
                fprintf(walk->notes, "%s/%s: %s\n", path, name,
                        errno == ELOOP ? "a symbolic link is not followed" : strerror(errno));
                return;
            }
            int rank = MOST_LEVELS - level + 1 + (strcmp(parent, lab->name) == 0 ? BEST : 0);
            take_source(walk, fd, text("%s/%s", path, name), &walk->find[i][j], rank);
            close(fd);
        }
    }
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
                fprintf(walk->notes, "more than %d files: the rest was not looked at\n",
                        MOST_ENTRIES);
            break;
        }
        if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == -1)
            continue;
        if (!S_ISDIR(status.st_mode)) {
            look_at_file(walk, dirfd(entries), path, entry->d_name, level);
        } else if (level < MOST_LEVELS) {
            int below = openat(dirfd(entries), entry->d_name,
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below != -1)
                walk_folder(walk, below, text("%s/%s", path, entry->d_name), level + 1);
        }
    }
    closedir(entries);
}

int take_files(const struct grader *grader, const char *folder, FILE *out, FILE *notes)
{
    struct walk *walk = calloc(1, sizeof *walk);
    int top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (!walk || top == -1) {
        free(walk);
        return -1;
    }
    walk->grader = grader;
    walk->notes = notes;
    const char *name = strrchr(folder, '/');
    walk_folder(walk, top, name ? name + 1 : folder, 0);
    for (int i = 0; i < grader->labs; i++)
        for (int j = 0; j < grader->lab[i].programs; j++) {
            struct find *find = &walk->find[i][j];
            if (find->rivals > 0)
                fprintf(notes, "%d files are named %s.c; this one was taken: %s\n",
                        find->rivals + 1, grader->lab[i].program[j], find->where);
            if (find->rank > 0) {
                fprintf(out, "%s/%s.c %zu\n", grader->lab[i].name, grader->lab[i].program[j],
                        find->length);
                fwrite(find->content, 1, find->length, out);
            }
            free(find->content);
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

int put_files(const struct grader *grader, FILE *in, const char *tree)
{
    char line[256], path[200];
    int count = 0;
    while (fgets(line, sizeof line, in)) {
        size_t size;
        if (sscanf(line, "%199s %zu", path, &size) != 2 || size > MOST_FILE ||
            !is_program_file(grader, path)) {
            errno = EPROTO;
            return -1;
        }
        char *content = malloc(size + 1);
        if (!content || fread(content, 1, size, in) != size) {
            free(content);
            errno = EPROTO;
            return -1;
        }
        if (make_folders(text("%s/%.*s", tree, (int)strcspn(path, "/"), path)) == -1 ||
            write_whole(text("%s/%s", tree, path), content, size) == -1) {
            free(content);
            return -1;
        }
        free(content);
        count++;
    }
    return count;
}

/*
 * text.c - strings and small files (see text.h).
 */
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *text(const char *format, ...)
{
    char *string;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&string, format, arguments);
    va_end(arguments);
    if (length == -1) {
        fprintf(stderr, "plumb: out of memory\n");
        exit(2);
    }
    return string;
}

unsigned long long string_hash(const char *string)
{
    unsigned long long hash = 14695981039346656037ULL;
    for (; *string; string++)
        hash = (hash ^ (unsigned char)*string) * 1099511628211ULL;
    return hash;
}

char *read_whole(const char *path, size_t *length)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *content = NULL;
    size_t size = 0, used = 0;
    do {
        size += 16384;
        char *larger = realloc(content, size + 1);
        if (!larger) {
            free(content);
            fclose(file);
            return NULL;
        }
        content = larger;
        used += fread(content + used, 1, size - used, file);
    } while (used == size);
    content[used] = '\0';
    int error = ferror(file) ? EIO : 0;
    fclose(file);
    if (error) {
        free(content);
        errno = error;
        return NULL;
    }
    if (length)
        *length = used;
    return content;
}

int write_whole(const char *path, const char *content, size_t length)
{
    char *temporary = text("%s.%d", path, getpid());
    FILE *file = fopen(temporary, "we");
    int failed = !file;
    if (file) {
        failed = fwrite(content, 1, length, file) != length;
        failed |= fclose(file) != 0;
    }
    if (!failed && rename(temporary, path) == 0) {
        free(temporary);
        return 0;
    }
    int error = errno;
    unlink(temporary);
    free(temporary);
    errno = error;
    return -1;
}

int make_folders(const char *path)
{
    char *copy = text("%s", path);
    for (char *slash = copy + 1; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = '\0';
        mkdir(copy, 0777);
        *slash = '/';
    }
    int result = mkdir(copy, 0777) == -1 && errno != EEXIST ? -1 : 0;
    free(copy);
    return result;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status, (void)kind, (void)where;
    remove(path);
    return 0;
}

void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

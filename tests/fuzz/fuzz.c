/*
 * fuzz.c - what the fuzz targets share (see fuzz.h). It stands in for text() of the runner.
 */
#include "fuzz.h"

#include "../../harness/runner/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **texts;
static size_t count, room;

char *text(const char *format, ...)
{
    char *string;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&string, format, arguments);
    va_end(arguments);
    if (length == -1)
        abort();
    if (count == room) {
        room = room ? room * 2 : 64;
        texts = realloc(texts, room * sizeof *texts);
        if (!texts)
            abort();
    }
    return texts[count++] = string;
}

void fuzz_free_texts(void)
{
    while (count > 0)
        free(texts[--count]);
}

static char folder[64];

static void remove_folder(void)
{
    remove_tree(folder);
}

const char *fuzz_folder(void)
{
    if (!*folder) {
        strcpy(folder, "/dev/shm/plumbline-fuzz.XXXXXX");
        if (!mkdtemp(folder))
            abort();
        atexit(remove_folder);
    }
    return folder;
}

const char *fuzz_file(const char *name, const void *bytes, size_t length)
{
    static char paths[4][128];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder(), name);
    FILE *file = fopen(path, "we");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
    return path;
}

char *fuzz_string(const uint8_t *data, size_t size)
{
    char *string = malloc(size + 1);
    if (!string)
        abort();
    memcpy(string, data, size);
    string[size] = '\0';
    return string;
}

void fuzz_expect(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "does not hold: %s\n", what);
    abort();
}

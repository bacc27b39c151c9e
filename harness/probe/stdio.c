/*
 * stdio.c - wrappers of the functions that print, in the probe of stories only (libstory.so): what
 * they print leaves the program at a flush, inside libc, where no wrapper sees it.
 *
 * Recorded are the calls for standard output and error, as record.h tells. Functions of single
 * characters are left out: too many.
 */
#include "probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int __printf_chk(int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...);

/* 1 or 2, or -1 if it is none of our business. */
static int descriptor_of(const FILE *stream)
{
    return stream == stdout ? 1 : stream == stderr ? 2 : -1;
}

static void begin(struct call *call, enum probe_call name, void *caller, void *frame, int fd,
                  const void *data, size_t length)
{
    *call = (struct call){0};
    if (fd == -1)
        return;
    probe_begin(call, name, caller, frame, fd, 0, (long)length, 0, 0);
    probe_data(call, data, length);
}

static int print(enum probe_call name, void *caller, void *frame, FILE *stream, const char *format,
                 va_list words)
{
    struct call call = {0};
    if (descriptor_of(stream) != -1) {
        char text[PROBE_DATA + 1];
        va_list again;
        int error = errno;
        va_copy(again, words);
        int length = vsnprintf(text, sizeof text, format, again);
        va_end(again);
        errno = error;
        size_t kept = length < 0 ? 0 : length < PROBE_DATA ? (size_t)length : PROBE_DATA;
        begin(&call, name, caller, frame, descriptor_of(stream), text, kept);
        probe_argument(&call, 2, length);
    }
    static void *real;
    int (*next)(FILE *, const char *, va_list) = probe_real_named(&real, "vfprintf");
    return (int)probe_end(&call, next(stream, format, words));
}

WRAPPER int printf(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    int result = print(CALL_printf, HERE, stdout, format, words);
    va_end(words);
    return result;
}

WRAPPER int __printf_chk(int flag, const char *format, ...)
{
    va_list words;
    (void)flag;
    va_start(words, format);
    int result = print(CALL_printf, HERE, stdout, format, words);
    va_end(words);
    return result;
}

WRAPPER int fprintf(FILE *stream, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    int result = print(CALL_fprintf, HERE, stream, format, words);
    va_end(words);
    return result;
}

WRAPPER int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
    va_list words;
    (void)flag;
    va_start(words, format);
    int result = print(CALL_fprintf, HERE, stream, format, words);
    va_end(words);
    return result;
}

WRAPPER int puts(const char *string)
{
    struct call call;
    char line[PROBE_DATA];
    size_t length = strlen(string), kept = length < sizeof line ? length : sizeof line - 1;
    memcpy(line, string, kept);
    line[kept] = '\n';
    begin(&call, CALL_puts, HERE, 1, line, kept + 1);
    probe_argument(&call, 2, (long)length + 1);
    return (int)probe_end(&call, REAL(puts)(string));
}

WRAPPER int fputs(const char *string, FILE *stream)
{
    struct call call;
    begin(&call, CALL_fputs, HERE, descriptor_of(stream), string, strlen(string));
    return (int)probe_end(&call, REAL(fputs)(string, stream));
}

WRAPPER size_t fwrite(const void *data, size_t size, size_t count, FILE *stream)
{
    struct call call;
    begin(&call, CALL_fwrite, HERE, descriptor_of(stream), data, size * count);
    return (size_t)probe_end(&call, (long)REAL(fwrite)(data, size, count, stream));
}

WRAPPER int fflush(FILE *stream)
{
    struct call call;
    begin(&call, CALL_fflush, HERE, stream ? descriptor_of(stream) : 1, "", 0);
    return (int)probe_end(&call, REAL(fflush)(stream));
}

WRAPPER void perror(const char *words)
{
    struct call call;
    begin(&call, CALL_perror, HERE, 2, words, words ? strlen(words) : 0);
    REAL(perror)(words);
    probe_end(&call, 0);
}

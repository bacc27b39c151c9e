/*
 * escape.c - text made safe for JSON and HTML (see escape.h).
 */
#include "escape.h"

#include <string.h>

/* Length of the valid UTF-8 sequence at `at`, 0 if there is none. */
static size_t utf8_length(const unsigned char *at)
{
    size_t length = at[0] < 0x80                     ? 1
                    : at[0] >= 0xc2 && at[0] <= 0xdf ? 2
                    : (at[0] & 0xf0) == 0xe0         ? 3
                    : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4
                                                     : 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0; /* overlong, a surrogate, or beyond Unicode */
    return length;
}

bool is_utf8(const char *string)
{
    const unsigned char *at = (const unsigned char *)string;
    for (size_t length; *at; at += length)
        if ((length = utf8_length(at)) == 0)
            return false;
    return true;
}

void put_json(FILE *out, const char *string)
{
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)string; *at;) {
        size_t length = utf8_length(at);
        if (length == 0)
            fputs("\\ufffd", out);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < 0x20 || *at == 0x7f)
            fprintf(out, "\\u%04x", *at);
        else
            fwrite(at, 1, length, out);
        at += length ? length : 1;
    }
    fputc('"', out);
}

void put_html(FILE *out, const char *string)
{
    for (const unsigned char *at = (const unsigned char *)string; *at;) {
        size_t length = utf8_length(at);
        if (length == 0)
            fputs("&#xfffd;", out);
        else if (strchr("&<>\"'", *at))
            fprintf(out, "&#%d;", *at);
        else if (*at == '\n')
            fputs("<br>", out);
        else if (*at >= 0x20 && *at != 0x7f)
            fwrite(at, 1, length, out);
        at += length ? length : 1;
    }
}

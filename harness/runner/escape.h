/*
 * escape.h - text that programs printed, made safe for what it is put into.
 */
#ifndef PLUMBLINE_ESCAPE_H
#define PLUMBLINE_ESCAPE_H

#include <stdbool.h>
#include <stdio.h>

bool is_utf8(const char *string);

/* A JSON string with its quotes. What is no valid UTF-8 becomes U+FFFD. */
void put_json(FILE *out, const char *string);

/* Text for HTML and its attributes: no markup, no control characters; a newline becomes <br>. */
void put_html(FILE *out, const char *string);

#endif

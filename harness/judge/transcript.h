/*
 * transcript.h - what the probe wrote down about a program (see ../probe/record.h), made readable.
 *
 * The program could have written anything into that file. So it is copied once, every record is
 * checked, and nothing that comes from it has a say in a verdict: it only explains one.
 */
#ifndef PLUMBLINE_TRANSCRIPT_H
#define PLUMBLINE_TRANSCRIPT_H

#include "../probe/record.h"
#include "step.h"

#include <stdbool.h>
#include <stddef.h>

struct program;

/* --- before the program starts --- */

/* Makes the file for a program whose executable is at `path`, if that can load the probe: it is
 * dynamically linked with the C library that this process uses, and $PLUMBLINE_PROBE names the
 * library. Adds what its environment needs to words[] (two at most), returns how many. */
int transcript_prepare(struct program *program, const char *path, char *words[]);

/* --- afterwards, or while it runs --- */

struct transcript {
    const struct program *program;
    struct probe_record *record; /* in the order in which the calls began */
    size_t count;
    unsigned long long lost; /* calls that were forgotten: after the first PROBE_FIRST records */
    struct probe_image image[PROBE_IMAGES]; /* paths are NUL-terminated */
    bool own[PROBE_IMAGES];                 /* the image is the program's own file */
    const char **line;                      /* of each record, once resolved; NULL: not known */
};

/* A copy of what is there now; never NULL, but count may be 0. Lasts until the step ends. */
struct transcript *transcript_of(struct program *program);

/* Finds the source line of every record of the program's own image: line[i] becomes
 * "echoserver.c:61". One run of addr2line(1), confined like a program under test; without it, or
 * without debugging information, lines stay unknown. */
void transcript_resolve(struct transcript *transcript);

/* "recv", "accept"; "start" for the beginning of an image. */
const char *call_name(const struct probe_record *record);

/* True if the call has not returned. */
bool is_unfinished(const struct probe_record *record);

/* The last part of the path of the image that made the call: "echoserver", "dash"; "" if unknown.
 */
const char *image_name(const struct transcript *transcript, const struct probe_record *record);

/* What the process that made call number i was started as: "sh"; the image's name if unknown. */
const char *command_name(const struct transcript *transcript, size_t i);

/* True if the call was made by the program itself and not by what it executed. */
bool is_own(const struct transcript *transcript, const struct probe_record *record);

#endif

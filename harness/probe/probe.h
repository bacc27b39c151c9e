/*
 * probe.h - inside the probe: how a wrapper writes its record.
 *
 *     struct call call;
 *     probe_begin(&call, CALL_recv, HERE, fd, (long)buffer, (long)size, flags, 0);
 *     return probe_end(&call, REAL(recv)(fd, buffer, size, flags));
 *
 * Everything here may run in a signal handler, in the child of a vfork() and in a thread that is
 * being canceled: no locks, no allocation, no descriptor, errno untouched.
 */
#ifndef PLUMBLINE_PROBE_H
#define PLUMBLINE_PROBE_H

#include "record.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define WRAPPER __attribute__((visibility("default")))

/* The function of this name that comes after the probe: libc's, or a sanitizer's around it. */
#define REAL(name) ((__typeof__(&name))probe_real(CALL_##name, #name))
void *probe_real(enum probe_call call, const char *name);
void *probe_real_named(void **known, const char *name); /* for names that are no recorded call */

struct call {
    struct probe_record *record; /* NULL: nothing is recorded */
    uint64_t number;             /* that the record had when it was begun */
    uint8_t weather;             /* enum probe_weather */
    long value;                  /* of the weather */
};

/* Where a wrapper was called from. */
#define HERE __builtin_return_address(0), __builtin_frame_address(0)

void probe_begin(struct call *call, enum probe_call name, void *caller, void *frame, long a0,
                 long a1, long a2, long a3, long a4);

/* Completes the record; returns `result`. */
long probe_end(struct call *call, long result);

/* Between the two: what is known about the call. Memory of the program is read without risk. */
void probe_argument(struct call *call, int index, long value);
void probe_data(struct call *call, const void *data, size_t length);
void probe_moved(struct call *call, const void *data, long length); /* that the kernel just moved */
void probe_string(struct call *call, const char *string);
void probe_address(struct call *call, const void *address, size_t length);
bool probe_peek(void *into, const void *from, size_t length); /* false: it can't be read */

/* --- weather (see weather.c) --- */

/* Finds out what the test does to a call of this kind; a delay is over when it returns. */
void weather_strikes(struct call *call, enum probe_kind kind, struct probe_header *header);
bool weather_fails(struct call *call);                  /* errno is set: do not call */
size_t weather_size(const struct call *call, size_t n); /* how much it may ask for */

struct probe_header *probe_header(void); /* NULL if nothing is recorded */

/* --- the program that exec makes of a process --- */

/* The words that a new image needs in its environment, or NULL if nothing is recorded; they were
 * taken out of this image's own. */
const char *probe_preload(void), *probe_file(void);

#endif

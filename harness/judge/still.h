/*
 * still.h - recognizes programs that stand still: nothing but the test could wake them.
 *
 * State decides, not the clock. A program stands still when every thread of every process that the
 * step started sleeps in a call without a time-out, was seen doing so in several looks in a row
 * without having run in between, and no event came meanwhile. It runs hot when it burns processor
 * time without any event, and leaves no trace: makes no process, thread or descriptor, takes no
 * memory and moves no byte. On a slow machine right programs burn as much, but leave traces. A
 * connection of the test's that is on its way may still come: the kernel tries again after a
 * second, and that is waited for. What cannot be seen (no /proc, no permission) is never called
 * still: then the deadline of the wait decides.
 */
#ifndef PLUMBLINE_STILL_H
#define PLUMBLINE_STILL_H

#include <stdbool.h>
#include <sys/types.h>

enum stillness { MOVING, STILL, HOT, DOZING };

struct still {
    unsigned long events;           /* of the stage, at the last look */
    unsigned long long fingerprint; /* of all threads, at the last look */
    int looks;                      /* in a row with the same fingerprint and no event */
    long long since_ms;             /* time of the first of these looks */
    long long event_ms;             /* when `events` last changed */
    long cpu_ms;                    /* processor time of all programs soon after that, or unknown */
    long idle_cpu_ms;               /* the same, when `traces` last changed */
    unsigned long traces;           /* of all programs: they get on, though no event shows it */
    long long next_cpu_ms;          /* when to ask for these again */
    int looks_since_event;
    int dozing_looks; /* those that saw threads sleep by the clock and none run */
};

/* Looks once at all programs of the step; call it every LOOK_EVERY_MS while waiting. */
enum stillness still_look(struct still *still);
enum { LOOK_EVERY_MS = 20 };

/* True if nothing runs right now. As long as it rests, the fingerprint stays the same. */
bool still_rests(unsigned long long *fingerprint);

/* "waits in accept(3)", "burns processor time", ...; NULL if the process can't be read. */
const char *still_describe(pid_t process);

#endif

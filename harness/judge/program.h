/*
 * program.h - programs under test: start them, talk to them, watch how they end.
 *
 * Every program is a process of its own with a clean environment (PATH, LC_ALL=C, a TZ that is not
 * UTC), descriptors 0, 1 and 2 only, default signals, its own process group and limits. Standard
 * output and error are always read, however much comes. All functions that wait return as soon as
 * what they wait for happened, and end the step as failed when it cannot happen any more: the
 * program ended, stands still in calls that only the test could wake, burns processor time
 * without end, or (the last resort) the deadline passed.
 */
#ifndef PLUMBLINE_PROGRAM_H
#define PLUMBLINE_PROGRAM_H

#include "step.h"

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct program; /* one started program; belongs to the step */

enum build { STUDENTS, REFERENCE }; /* whose build of the program */

enum stream { PIPED, CLOSED, FROM_FILE }; /* what a standard descriptor is connected to */

enum { ARGS = 256 }; /* of a program at most, with the NULL */

struct launch {
    const char *program;     /* its name, as in the lab's contract: "timeserver" */
    const char *args[ARGS];  /* its arguments, ended by NULL */
    enum build build;        /* the student's unless said otherwise */
    enum stream input;       /* standard input: a pipe that the test holds, or ... */
    enum stream output;      /* standard output: a pipe that the test reads, or ... */
    const char *input_path;  /* with FROM_FILE */
    const char *output_path; /* with FROM_FILE: "/dev/full" */
    int spare_descriptors;   /* that many more descriptors are open from 3 on */
    long descriptor_limit;   /* RLIMIT_NOFILE, soft and hard, 0: 1024, which may be raised */
    long long file_limit;    /* RLIMIT_FSIZE in bytes with SIGXFSZ ignored, 0: 256 MiB, a limit */
    int umask;               /* file mode creation mask, 0: 022; NO_UMASK: none */
    bool times_itself;       /* waits on the clock by contract: a timed wait is no standstill */
    const char *weather;     /* calls of its that fail, fall short or are late: see weather.h */
    bool watch_threads;      /* its build for ThreadSanitizer, see start_watched() */
    bool gated;              /* refuse_children() can be asked of it */
    bool no_quarantine;      /* a sanitizer uses freed memory again at once: to measure memory */
    bool no_fill;            /* ... and malloc() gives it with what was left in it */
};
enum { NO_UMASK = -1 };

/* Starts the student's program: start("timeserver", "127.0.0.1", "0"). A program that is missing
 * or did not compile fails the step with the compiler's first error. */
#define start(...)           start_words(STUDENTS, (const char *[]){__VA_ARGS__, NULL})
#define start_reference(...) start_words(REFERENCE, (const char *[]){__VA_ARGS__, NULL})
struct program *start_words(enum build build, const char *const words[]);

/* Starts a program with more than arguments: launch(.program = "fifolog", .umask = NO_UMASK). */
#define launch(...) launch_as(&(struct launch){__VA_ARGS__})
struct program *launch_as(const struct launch *how);

/* Waits until the student's program has been built, or has been found not to compile. Starting one
 * waits as well: this is for a step that takes the time from before the start. */
void await_build(const char *name);

/* True if all of the launch's weather has come. A program that the probe cannot reach (linked
 * statically, with another C library, or making system calls of its own) never has any: no step may
 * demand what only a program with weather would show. */
bool weather_came(struct program *program);
/* From now on the program's time of day is so many seconds ahead. Returns false if it never asked
 * for the time in a way that the probe reaches: then no step may demand the other time. */
bool set_clock_ahead(struct program *program, int seconds);

/* Starts a server whose threads are watched by ThreadSanitizer: a data race is a failure of the
 * step, at its end. The step's description names the program in .watch_threads. Where the compiler
 * has no ThreadSanitizer, or its programs do not run, this is remarked and the usual build starts.
 */
#define start_watched(...) start_watched_words((const char *[]){__VA_ARGS__, NULL})
struct program *start_watched_words(const char *const words[]);

/* --- what it says --- */

/* Waits for the next line of standard output; returned without its newline. */
const char *next_line(struct program *program);

/* The next line must be this one. */
void expect_line(struct program *program, const char *format, ...) PRINTF_LIKE(2, 3);

/* Waits for `listening on ADDR:PORT` and returns "ADDR:PORT" for join() and others. Checks that
 * the address is the one asked for and that the line comes when clients can connect. */
const char *listening(struct program *server);
const char *listening_for_datagrams(struct program *server); /* the same for UDP */

/* All of standard output, to its end, must be these bytes (as from the program's start, less the
 * lines already taken). */
void expect_output(struct program *program, struct bytes bytes);

/* Standard output must end without another byte. */
void expect_no_more_output(struct program *program);

/* Waits for the end of standard output and returns all that is left of it. */
struct bytes rest_of_output(struct program *program);

/* What came on standard output but was not taken yet; does not wait. */
struct bytes output_so_far(struct program *program);

/* Everything it wrote on standard error up to now (after its end: all). */
struct bytes error_output(struct program *program);

/* Waits until standard output holds at least `length` bytes that were not taken yet, and takes
 * exactly these. */
struct bytes take_output(struct program *program, size_t length);

/* --- what it is given --- */

/* Hands bytes to standard input, in the background: they go as the program takes them. */
void feed(struct program *program, struct bytes bytes);

/* Ends standard input after all that was fed. */
void end_input(struct program *program);

/* From now on every process or thread that a program launched with .gated wants to make is refused
 * with EAGAIN, or works again. Returns false if this machine has no way to do that (no seccomp); to
 * ask for a refusal is then remarked in the verdict. */
bool refuse_children(struct program *program, bool refuse);

/* Whether a program launched with .gated has called kill(-1, ...), which goes to every process that
 * it may signal. It does not get that far: the call fails. */
bool wanted_to_kill_all(struct program *program);

/* Sets how much of a resource (getrlimit(2)) its first process may have from now on, at most its
 * hard limit. That it has ended fails the step. */
void limit_resource(struct program *program, int resource, rlim_t most);

void send_signal(struct program *program, int signal); /* to its first process */

/* Stops the first process, or all that the program has made, and returns when no thread of them
 * runs any more: what clients do until go_on() happens in one moment for the program. */
void stop(struct program *program);
void stop_family(struct program *program);
void go_on(struct program *program);

/* Waits until the program sleeps in a call, stops it, lets `milliseconds` pass while the test
 * reads and writes nothing, and continues it: a call in progress is cut short or interrupted. */
void stop_and_continue(struct program *program, int milliseconds);

/* --- how it ends --- */

/* Waits for the end and demands this exit code; a signal or a sanitizer report fails the step. */
void expect_exit(struct program *program, int code);

/* Exit 1 and REASON somewhere on standard error. */
void expect_failure(struct program *program, const char *reason);

/* Waits for the end: the exit code, or 128 + the signal that killed it. */
int exit_status(struct program *program);

/* Waits for the end, however it comes, and fails the step with `expected` if the program had the
 * processor and has not ended in that time (see stage_wait_within()). */
void expect_end_within(long long limit_ms, struct program *program, const char *expected);

bool ended_by_now(struct program *program); /* whether it has ended; does not wait */

/* When its end was seen, in now_ms()'s milliseconds: while the test waits for anything, that is at
 * once. -1 if it has not ended. */
long long ended_ms(struct program *program);

/* It must still run: ending by itself is a failure. */
void expect_running(struct program *program);

/* Ends a server as its user would: SIGTERM, which may kill it or be handled; waits for its end. */
void terminate(struct program *program);

/* --- what /proc tells about it --- */

/* Waits until every thread sleeps in a call that an event from outside must end. */
void wait_until_idle(struct program *program);
bool is_idle(struct program *program); /* whether it does, or has ended; does not wait */

/* It must rest while it waits: use hardly any processor time. `rest_ms` is how long it is watched
 * at least; on a busy machine longer, until it is clear. */
void expect_rest(struct program *program, int rest_ms);

/* The same in two parts, so that several can be watched at the same time, or something else be
 * tried meanwhile. */
struct rest {
    struct program *program;
    long cpu_ms;        /* of processor time it had used when it began */
    long long began_ms; /* of now_ms() */
};
struct rest begin_rest(struct program *program);
void expect_rest_since(struct rest rest, int rest_ms);

pid_t process_of(struct program *program);
int count_descriptors(struct program *program); /* open ones, of the first process */
int count_children(struct program *program);    /* alive, of the first process */
int count_zombies(struct program *program);     /* ended but not waited for */
int count_threads(struct program *program);     /* of the first process */
long cpu_time_ms(struct program *program);      /* user and system, the first process */
long anonymous_kib(struct program *program);    /* RssAnon of the first process */

/* The processes that the step's programs made, however deep, and also those that have lost their
 * parent; those that the step started itself do not count. */
struct offspring {
    int alive;        /* that have not ended */
    int most_sockets; /* that one of them holds; copies of one socket count once */
};
struct offspring see_offspring(void);

/* True if the program's build has a sanitizer in it. */
bool is_sanitized(struct program *program);

#endif

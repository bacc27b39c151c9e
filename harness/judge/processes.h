/*
 * processes.h - inside the judge: what /proc tells about processes and threads.
 */
#ifndef PLUMBLINE_PROCESSES_H
#define PLUMBLINE_PROCESSES_H

#include <stdbool.h>
#include <sys/types.h>

struct thread_state {
    char letter;               /* R, S, D, T, Z as in proc(5) */
    unsigned long long run_ns; /* time it spent on a processor */
};

/* Both return false if the thread has gone or cannot be read. */
bool thread_state(pid_t process, pid_t thread, struct thread_state *state);

/* The letter alone, for half the price; 0 if the thread has gone. */
char letter_of_thread(pid_t process, pid_t thread);

struct blocked_call { /* the system call that a thread sleeps in */
    long number;
    unsigned long arguments[6];
    bool on_socket; /* the first argument is a socket's descriptor */
};
bool blocked_call(pid_t process, pid_t thread, struct blocked_call *call);

enum { MOST_THREADS = 2048 }; /* that are looked at in one process */

/* Fills in the threads' IDs and returns how many, at most `most`. */
int threads_of(pid_t process, pid_t *threads, int most);

/* Calls visit for every living or uncollected process below this one, parents first. */
void for_each_descendant(void (*visit)(pid_t process, void *context), void *context);

/* Whether this holds for one of them: asks no more after the first for which it does. */
bool any_descendant(bool (*holds)(pid_t process, void *context), void *context);

/* Of all descendants together, those that ended among them. */
long cpu_time_of_descendants_ms(void);

/* How long the threads of all descendants have waited for a processor in their lives, added up; 0
 * where the kernel does not tell (no schedstat). */
long long starved_ms_of_descendants(void);

/* Whether the kernel has one of them in its hands just now: it waits for the kernel's own locks, or
 * has ended and is being taken apart. On a busy machine both can take seconds. */
bool kernel_holds_a_descendant(void);

/* Memory of its own (RssAnon), 0 if it has gone; and of all descendants together. */
long anonymous_kib_of(pid_t process);
long anonymous_kib_of_descendants(void);

/* True if a timer may wake the process from any call: a handler for an alarm, a timer of
 * timer_create(2) or a descriptor of timerfd_create(2). */
bool has_timer(pid_t process);

int count_descriptors_of(pid_t process); /* that are open; -1 if it has gone */
int count_sockets_of(pid_t process);     /* different ones: a copy of a descriptor does not count */

/* A number that changes when a descendant, a thread or an open descriptor of one comes or goes,
 * when one gets memory, and when it reads or writes a byte (by read() and write(): see proc(5),
 * io). */
unsigned long traces_of_descendants(void);

pid_t parent_of(pid_t process); /* -1 if it has gone */
char state_of(pid_t process);   /* the letter, 0 if it has gone */

/* The letter of a child of `parent`, 0 if it has gone or has another parent. */
char state_below(pid_t process, pid_t parent);

long cpu_time_of_ms(pid_t process); /* user and system, 0 if it has gone */

/* Reads a small file of /proc, NUL-terminated; returns its length or -1. */
ssize_t read_proc(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

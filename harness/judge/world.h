/*
 * world.h - what the test can see and wait for beside programs and peers: the clock, the kernel's
 * socket tables, files of its own, what clients leave behind.
 */
#ifndef PLUMBLINE_WORLD_H
#define PLUMBLINE_WORLD_H

#include "program.h"
#include "step.h"

#include <stdbool.h>

/* Milliseconds on CLOCK_MONOTONIC. */
long long now_ms(void);

/* Waits until holds(context) is true, looking again at every event and every few milliseconds; the
 * step fails with `expected` if it never is. While it waits, everything flows. */
void wait_until(bool (*holds)(void *context), void *context, const char *expected);

/* The same; came(context) tells what is seen instead. */
void wait_until_seen(bool (*holds)(void *context), void *context, const char *expected,
                     const char *(*came)(void *context));

/* Watches for `milliseconds` that holds(context) stays true; while it waits, everything flows. For
 * what must not happen, and only where no event can show it. */
void expect_still(bool (*holds)(void *context), void *context, int milliseconds,
                  const char *expected);

/* For what a program must do by its own clock: waits until holds(context) is true, and fails the
 * step if the program still sleeps long after due_ms (of now_ms()), and longer than it may once it
 * has come to wait at all: on a busy machine it may be late to begin. */
void wait_until_due(bool (*holds)(void *context), void *context, struct program *program,
                    long long due_ms, const char *expected);

/* Waits until holds(context) is true, but no longer than until_ms (of now_ms()), and to the
 * millisecond. Returns whether it is. */
bool holds_until(bool (*holds)(void *context), void *context, long long until_ms);

/* From now on the local time, the test's own and that of programs started later, is some days ago:
 * the day of the month has one digit, whatever the date is. For a step to begin with. */
void live_early_in_the_month(void);

/* How a TCP socket with this local address stands in the kernel's table. */
struct tcp_socket {
    bool found;
    bool listens;
    int waiting; /* connections in the accept queue (of a listening socket) */
    int backlog; /* as many it holds, and one more; 0: not known here */
};
struct tcp_socket tcp_socket_at(const char *address);

/* What an open connection holds in the kernel, at its end that has this local address. Returns
 * false where the kernel does not tell. */
struct tcp_queues {
    unsigned unread, unsent; /* bytes that the program has not read, and that it has sent but the
                              * other side's kernel has not got */
    unsigned long long come; /* bytes that have come there since the beginning, read or not; 0
                              * also where the kernel does not tell */
};
bool tcp_queues(const char *local, const char *remote, struct tcp_queues *queues);

/* Bytes that this socket of the test's was given to send since the beginning; 0 where the kernel
 * does not tell (TCP_INFO, tcp(7)). When so many have come to the other end all have, which is
 * known up to 40 ms before they are acknowledged. */
unsigned long long tcp_bytes_given(int fd);

/* True if a UDP socket has this local address. */
bool udp_socket_at(const char *address);

/* The folder in which the step's programs run: empty at first, removed at the end. */
const char *scratch_path(const char *name); /* "NAME" in it, as an absolute path */
void make_file(const char *path, struct bytes content);
struct bytes read_file(const char *path); /* fails the step if it can't be read */

/* The words of strerror(). */
const char *reason(int error);

/* True if these bytes hold the reason, in the words of any C library. */
bool gives_reason(struct bytes said, const char *why);

/* Lets clients come and go, again and again, and fails if every round leaves the server's first
 * process with more memory. Some may: the first clients make it set things up, and what is free can
 * be given back to the system at any time, and taken again; a pool's threads take some when each
 * has its first client, so there are enough rounds for all of them. A round is visit(where),
 * `visits` times; `clients` is how many come in each visit. `cause` is told with the failure; NULL
 * stands for the usual one: what was allocated for a client, or its thread's stack, is not freed.
 */
void expect_steady_memory(struct program *server, const char *where,
                          void (*visit)(const char *where), int visits, int clients,
                          const char *cause);

#endif

/*
 * gate.h - inside the judge: lets a program make processes and threads, or refuses it. Linux only.
 * A signal to every process, kill(-1, ...), it always refuses.
 *
 * A limit of the kernel's would do the same (RLIMIT_NPROC), but it counts all processes of a user
 * and does not hold for root. So the calls that make processes and threads are stopped by a filter
 * of seccomp(2), and the judge answers each one while it waits for anything (see stage.c).
 */
#ifndef PLUMBLINE_GATE_H
#define PLUMBLINE_GATE_H

#include <stdbool.h>

/* In the child, before exec, without privileges: puts up the gate around this process and all that
 * it will make. Returns the descriptor on which the calls arrive, or -1 with errno. */
int gate_put_up(void);

/* Answers the next call that waits at the gate: it goes on, or fails with EAGAIN. Returns true if
 * it was a signal to every process; it failed with EPERM. */
bool gate_serve(int gate, bool refuses);

/* True if a call waits for an answer. */
bool gate_has_calls(int gate);

#endif

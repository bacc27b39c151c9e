/*
 * queues.h - names and keys for message queues, which outlive every process.
 *
 * Each name or path that a step asks for is free, is noted beside the scratch folder before any
 * program learns of it, and the queue that is made of it is removed: at the end of the step, or by
 * the box if the test process was killed (see ../runner/leftovers.h). A machine that lacks queues,
 * or has no room for one more, ends the step as an `error`.
 */
#ifndef PLUMBLINE_QUEUES_H
#define PLUMBLINE_QUEUES_H

#include "step.h"

#include <sys/types.h>

/* A name that no POSIX queue has, with its slash. */
const char *queue_name(void);

/* The name of an empty file in the scratch folder, where the test and its programs run; no System V
 * queue has the key ftok(path, project). */
const char *queue_path(int project);

/* End the step as an error if there is no room now for one more queue. The first asks for one of
 * `messages` messages of `size` bytes. */
void need_room_for_posix_queue(long messages, long size);
void need_room_for_sysv_queue(void);

#endif

/*
 * evidence.h - what the rows of the table of causes look at (see causes.h): the calls of one
 * program and what they were about.
 */
#ifndef PLUMBLINE_EVIDENCE_H
#define PLUMBLINE_EVIDENCE_H

#include "calls.h"
#include "causes.h"

#include <stdint.h>

struct evidence {
    const struct account *account;
    const struct program *program;
    const struct symptom *symptom;
    size_t count; /* of records */
};

#define NONE SIZE_MAX /* no such record */

/* Record number i if the program itself made the call, else NULL. */
const struct probe_record *own(const struct evidence *e, size_t i);

size_t last_own(const struct evidence *e);
size_t own_before(const struct evidence *e, size_t i);
size_t next_of_thread(const struct evidence *e, size_t i);
size_t last_failure(const struct evidence *e, enum probe_call call, int error);
size_t waiting_own(const struct evidence *e); /* the call in which the program stands still */

/* What is not in a transcript proves something only if no record was lost: in the whole, or from
 * record i to record j (NONE: to the end). */
bool complete(const struct evidence *e);
bool unbroken(const struct evidence *e, size_t i, size_t j);

/* What the call's first argument stood for. */
int object_of(const struct evidence *e, size_t i); /* index in the ledger, or -1 */
bool is_about(const struct evidence *e, size_t i, enum object_kind kind);

bool returned(const struct probe_record *record, long long result);
bool binds_or_connects(const struct probe_record *record);
bool accepts(const struct probe_record *record);
bool ends_process(const struct probe_record *record);
bool is_exec(const struct probe_record *record);
bool waits_for_child(const struct probe_record *record);

/* Who still holds the object: a process that has no use for it, NULL if none has. */
const struct holding *idle_holder(const struct evidence *e, int object, pid_t reader);
const struct holding *holder_of_kind(const struct evidence *e, enum object_kind kind);
bool holds(const struct evidence *e, pid_t process, int object);
bool is_held(const struct evidence *e, int object); /* by any process */

const char *process_name(const struct evidence *e, pid_t process);
const char *at_line(const struct evidence *e, size_t i); /* " at echoserver.c:48", or "" */

/* The rows, in the files causes_*.c. */
typedef const char *row(const struct evidence *e);
row port_swapped, loopback_swapped, address_is_pointer, family_unset, never_listened, length_unset,
    talks_to_door, accept_was_fatal, first_address_only, reuse_after_bind, no_reuse,
    bound_then_closed;
row failure_as_count, asks_for_nothing, end_of_file_unseen, spins, killed_by_sigpipe, rest_not_sent,
    interrupt_was_fatal, bad_descriptor, no_socket, not_flushed;
row child_goes_on, child_accepts, write_end_open, waits_before_reading, fifo_waits, end_never_told,
    client_kept_open, dup2_swapped, writes_while_it_writes, not_all_waited_for, no_child_left;
row buffer_too_small, message_too_long, priority_too_high, name_without_slash, queue_too_long,
    type_not_positive, room_too_small, queue_removed;
row errno_overwritten, reason_on_stdout, failure_unheeded;

#endif

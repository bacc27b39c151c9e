/*
 * calls.h - the calls that led to a failure, as lines for the failure's screen.
 *
 *     echoserver.c:48  recv(4) = 65536
 *     echoserver.c:52  send(4, "..", 65536) = 1024  ← 64512 bytes were left over
 *     echoserver.c:48  recv(4)  ← waits here; 4 is client 2's connection
 */
#ifndef PLUMBLINE_CALLS_H
#define PLUMBLINE_CALLS_H

#include "ledger.h"
#include "transcript.h"

enum { MOST_CALL_LINES = 8 };

/* All that a transcript tells, worked out once for each program; NULL without any record. */
struct account {
    struct transcript *transcript;
    struct ledger *ledger;
};
struct account *account_of(struct program *program);

/* Adds the lines to the verdict, with the key "call". */
void calls_tell(const struct account *account);

/* Where a thread waits in a call: " at echoserver.c:61, client 2's connection"; or, if it is in
 * none, where it was seen last: ", around echoserver.c:61". "" if that is not known. */
const char *calls_place(struct program *program, pid_t thread, bool in_call);

/* A call as a C programmer would write it down, without its result; and its result. Data is shown
 * if that is short and wanted. */
const char *call_text(const struct account *account, size_t i, bool with_data);
const char *result_text(const struct account *account, size_t i);

bool moves_in(const struct probe_record *record);  /* recv() and its like, read(), readv() */
bool moves_out(const struct probe_record *record); /* send() and its like, write(), writev() */

/* True if the thread sleeps in the call now: it has not returned, and never will by itself. */
bool is_waiting(const struct probe_record *record);

#endif

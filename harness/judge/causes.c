/*
 * causes.c - the table from symptoms to usual causes (see causes.h).
 *
 * Each row is a function that looks for one symptom and, if it is there, says what lies behind it.
 * The first row that finds something speaks, so the rows stand from the surest to the vaguest. A
 * row that is not sure says nothing where the step suspects something itself.
 */
#include "causes.h"

#include "evidence.h"
#include "program.h"
#include "stage.h"

#include <string.h>

static const struct {
    row *find;
    const char *about; /* a step whose suspicion speaks of this needs no help; "" if unsure */
} rows[] = {
    {port_swapped, "htons"},
    {loopback_swapped, "htonl"},
    {address_is_pointer, "size of"},
    {family_unset, "sin_family"},
    {never_listened, "listen()"},
    {length_unset, "set the length"},
    {talks_to_door, "accept()"},
    {failure_as_count, "-1"},
    {asks_for_nothing, "room"},
    {end_of_file_unseen, "end of file"},
    {no_child_left, "ECHILD"},
    {spins, "processor"},
    {child_goes_on, "_exit"},
    {child_accepts, "_exit"},
    {killed_by_sigpipe, "SIGPIPE"},
    {write_end_open, "write end"},
    {waits_before_reading, "read end"},
    {fifo_waits, "open()"},
    {buffer_too_small, "EMSGSIZE"},
    {message_too_long, "EMSGSIZE"},
    {priority_too_high, "32767"},
    {name_without_slash, "slash"},
    {queue_too_long, "msg_max"},
    {type_not_positive, "type"},
    {room_too_small, "E2BIG"},
    {queue_removed, "EIDRM"},
    {end_never_told, "shutdown"},
    {client_kept_open, "close"},
    {rest_not_sent, "rest"},
    {accept_was_fatal, "accept()"},
    {interrupt_was_fatal, "EINTR"},
    {reuse_after_bind, "SO_REUSEADDR"},
    {errno_overwritten, "change errno"},
    {bad_descriptor, "descriptor"},
    {bound_then_closed, "closed"},
    {no_socket, "socket"},
    {dup2_swapped, "dup2"},
    {writes_while_it_writes, ""},
    {no_reuse, ""},
    {first_address_only, ""},
    {not_all_waited_for, ""},
    {not_flushed, ""},
    {reason_on_stdout, "standard error"},
    {failure_unheeded, "exit"},
};

const char *cause_of(const struct account *account, const struct symptom *symptom,
                     const char *suspected)
{
    struct evidence evidence = {.account = account,
                                .program = account->transcript->program,
                                .symptom = symptom,
                                .count = account->transcript->count};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (*suspected && (!*rows[i].about || strstr(suspected, rows[i].about)))
            continue;
        const char *cause = rows[i].find(&evidence);
        if (cause)
            return cause;
    }
    return NULL;
}

/*
 * causes_processes.c - rows of the table of causes (see causes.h): who waits for whom, and who
 * holds what.
 */
#include "evidence.h"

#include "program.h"
#include "stage.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

const char *child_goes_on(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || !is_exec(r) || is_unfinished(r))
            continue;
        for (size_t j = i + 1; j < e->count; j++) {
            const struct probe_record *later = own(e, j);
            if (!later || later->process != r->process)
                continue;
            if (waits_for_child(later) || later->call == CALL_fork || later->call == CALL_pipe)
                return "When exec fails it returns, and the child goes on as a second parent: end "
                       "it with _exit().";
        }
    }
    return NULL;
}

const char *child_accepts(const struct evidence *e)
{
    pid_t first = e->account->transcript->record[0].process;
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || (r->call != CALL_accept && r->call != CALL_accept4) || r->process == first)
            continue;
        for (size_t j = 0; j < i; j++) { /* it served a client before, whom its parent let in */
            if (!own(e, j) || own(e, j)->process != r->process)
                continue;
            if (accepts(own(e, j)))
                break;
            if (is_about(e, j, ACCEPTED) && complete(e))
                return "A child that has served its client goes on to accept() the next: end it "
                       "with _exit().";
        }
    }
    return NULL;
}

const char *write_end_open(const struct evidence *e)
{
    for (size_t i = 0; complete(e) && i < e->count; i++) {
        const struct probe_record *r = &e->account->transcript->record[i];
        if (!is_about(e, i, PIPE_READ) || !moves_in(r) || !is_waiting(r))
            continue;
        int write_end = object_of(e, i) + 1;
        const struct holding *held = idle_holder(e, write_end, r->process);
        if (!held)
            continue;
        return text("%s reads from a pipe whose write end is still open, as descriptor %d in %s: "
                    "it sees the end only when every copy is closed.",
                    process_name(e, r->process), held->fd, process_name(e, held->process));
    }
    return NULL;
}

/* A command waits for room in a pipe, and who waits for it is the only one that could read there:
 * or only keeps that end open, if the pipe's reader was another command. */
const char *waits_before_reading(const struct evidence *e)
{
    size_t w = waiting_own(e);
    if (w == NONE || !waits_for_child(own(e, w)) || !complete(e))
        return NULL;
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = &e->account->transcript->record[i];
        if (!moves_out(r) || !is_waiting(r) || !is_about(e, i, PIPE_WRITE) ||
            !holds(e, own(e, w)->process, object_of(e, i) - 1))
            continue;
        const char *name = process_name(e, r->process);
        const char *reader = e->account->ledger->object[object_of(e, i)].peer;
        if (reader)
            return text("%s waits for room in the pipe to %s: its read end is still open in %s, "
                        "where nobody reads. Close it there.",
                        name, reader, process_name(e, own(e, w)->process));
        return text("%s is waited for while it waits for room in the pipe, which nobody reads: a "
                    "pipe holds 64 KiB. Read first, then wait.",
                    name);
    }
    return NULL;
}

/* Collects in a loop that does not end. */
const char *no_child_left(const struct evidence *e)
{
    size_t in_vain = 0, most = 0; /* in a row: a loop that waits for something else meanwhile may
                                   * ask in vain each time */
    pid_t first = e->account->transcript->record[0].process;
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || r->process != first)
            continue;
        in_vain = waits_for_child(r) && r->error == ECHILD ? in_vain + 1 : 0;
        most = in_vain > most ? in_vain : most;
    }
    if (most < 200)
        return NULL;
    return "waitpid() is called again and again, and fails with ECHILD: there is no child. That is "
           "-1, not 0: collect only while it returns more than 0.";
}

const char *fifo_waits(const struct evidence *e)
{
    size_t w = waiting_own(e);
    if (w == NONE || own(e, w)->call != CALL_open)
        return NULL;
    return "open() of a FIFO waits until somebody opens the other end. O_NONBLOCK (to read) or "
           "O_RDWR does not wait.";
}

/* Waits for the server after its own input has ended, and has not half-closed the connection. */
const char *end_never_told(const struct evidence *e)
{
    size_t w = waiting_own(e);
    int connection = -1;
    bool ended = false;
    for (size_t i = 0; w != NONE && i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r && is_about(e, i, CONNECTED) && moves_out(r))
            connection = object_of(e, i);
        if (r && r->call == CALL_shutdown && r->argument[1] != SHUT_RD)
            return NULL;
        if (r && moves_in(r) && is_about(e, i, STANDARD) && returned(r, 0) && r->argument[2] > 0)
            ended = true;
    }
    bool waits_for_it =
        w != NONE && (object_of(e, w) == connection || own(e, w)->call == CALL_poll ||
                      own(e, w)->call == CALL_select);
    if (connection == -1 || !ended || !waits_for_it || !complete(e))
        return NULL;
    return "Standard input has ended, but the server was not told, and each waits for the other: "
           "half-close the connection with shutdown(fd, SHUT_WR).";
}

const char *client_kept_open(const struct evidence *e)
{
    size_t w = waiting_own(e);
    if (w == NONE || !is_about(e, w, LISTENER) || !strstr(e->symptom->expected, "end of file") ||
        !complete(e))
        return NULL;
    const struct holding *held = holder_of_kind(e, ACCEPTED);
    if (!held)
        return NULL;
    return text("%s is still open as descriptor %d%s: close it when the client is served.",
                object_name(e->account->ledger, held->object), held->fd,
                held->process == own(e, w)->process ? "" : ", in another process");
}

const char *dup2_swapped(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || r->call != CALL_dup2 || !is_about(e, i, STANDARD) || r->argument[1] <= 2 ||
            r->process == e->account->transcript->record[0].process)
            continue;
        return text("dup2(%lld, %lld) makes %lld a copy of %s. dup2(from, to) copies from the left "
                    "to the right.",
                    (long long)r->argument[0], (long long)r->argument[1], (long long)r->argument[1],
                    object_name(e->account->ledger, object_of(e, i)));
    }
    return NULL;
}

const char *writes_while_it_writes(const struct evidence *e)
{
    size_t w = waiting_own(e);
    if (w == NONE || !moves_out(own(e, w)))
        return NULL;
    if (!is_about(e, w, PIPE_WRITE) && !is_about(e, w, CONNECTED))
        return NULL;
    for (size_t i = 0; i < e->count; i++)
        if (own(e, i) && moves_in(own(e, i)) && is_waiting(own(e, i)))
            return NULL; /* another thread or process does read */
    return text("The program waits in %s() until somebody reads, and reads nothing meanwhile. If "
                "the other side waits for the same, neither goes on: read and write as each is "
                "possible, with poll().",
                call_name(own(e, w)));
}

/* The process went on as another program: a command, and no helper of the program's own. */
static bool executed(const struct evidence *e, long long process)
{
    for (size_t i = 0; i < e->count; i++)
        if (own(e, i) && own(e, i)->process == process && is_exec(own(e, i)) && !own(e, i)->error)
            return true;
    return false;
}

const char *not_all_waited_for(const struct evidence *e)
{
    size_t forked = 0, waited = 0;
    pid_t first = e->account->transcript->record[0].process;
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || r->process != first)
            continue;
        forked += r->call == CALL_fork && r->result > 0 && executed(e, r->result);
        waited += waits_for_child(r) && r->result > 0 && !is_unfinished(r);
    }
    if (!e->program->ended || waited >= forked || waited == 0 || !complete(e))
        return NULL;
    return text("The program started %zu processes and waited for %zu of them before it ended.",
                forked, waited);
}

/*
 * evidence.c - what the rows of the table of causes look at (see evidence.h).
 */
#include "evidence.h"

#include "stage.h"

#include <string.h>

const struct probe_record *own(const struct evidence *e, size_t i)
{
    const struct probe_record *record = &e->account->transcript->record[i];
    return is_own(e->account->transcript, record) && record->call != CALL_start ? record : NULL;
}

size_t own_before(const struct evidence *e, size_t i)
{
    while (i-- > 0)
        if (own(e, i))
            return i;
    return NONE;
}

size_t last_own(const struct evidence *e)
{
    return own_before(e, e->count);
}

size_t next_of_thread(const struct evidence *e, size_t i)
{
    for (size_t j = i + 1; j < e->count; j++)
        if (own(e, j) && own(e, j)->thread == own(e, i)->thread)
            return j;
    return NONE;
}

size_t last_failure(const struct evidence *e, enum probe_call call, int error)
{
    for (size_t i = e->count; i-- > 0;)
        if (own(e, i) && own(e, i)->call == call && own(e, i)->error == error)
            return i;
    return NONE;
}

size_t waiting_own(const struct evidence *e)
{
    for (size_t i = e->count; i-- > 0;)
        if (own(e, i) && is_waiting(own(e, i)))
            return i;
    return NONE;
}

bool complete(const struct evidence *e)
{
    return e->account->transcript->lost == 0;
}

bool unbroken(const struct evidence *e, size_t i, size_t j)
{
    const struct probe_record *record = e->account->transcript->record;
    size_t last = j == NONE ? e->count - 1 : j;
    return complete(e) || record[last].number - record[i].number == last - i;
}

int object_of(const struct evidence *e, size_t i)
{
    return e->account->ledger->of[i];
}

bool is_about(const struct evidence *e, size_t i, enum object_kind kind)
{
    return object_of(e, i) != -1 && e->account->ledger->object[object_of(e, i)].kind == kind;
}

bool returned(const struct probe_record *record, long long result)
{
    return !is_unfinished(record) && record->result == result;
}

bool binds_or_connects(const struct probe_record *record)
{
    return record->call == CALL_bind || record->call == CALL_connect;
}

bool accepts(const struct probe_record *record)
{
    return record->call == CALL_accept || record->call == CALL_accept4;
}

bool ends_process(const struct probe_record *record)
{
    return record->call == CALL_exit || record->call == CALL__exit;
}

bool is_exec(const struct probe_record *record)
{
    return record->call >= CALL_execve && record->call <= CALL_fexecve;
}

bool waits_for_child(const struct probe_record *record)
{
    return record->call >= CALL_wait && record->call <= CALL_waitid;
}

/* The program has read its standard input to the end. */
static bool input_ended(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++)
        if (own(e, i) && moves_in(own(e, i)) && is_about(e, i, STANDARD) &&
            returned(own(e, i), 0) && own(e, i)->argument[2] > 0)
            return true;
    return false;
}

const struct holding *idle_holder(const struct evidence *e, int object, pid_t reader)
{
    const struct ledger *ledger = e->account->ledger;
    size_t waiting = waiting_own(e);
    bool waits = waiting != NONE && waits_for_child(own(e, waiting));
    for (int i = 0; i < ledger->holdings; i++) {
        const struct holding *holding = &ledger->holding[i];
        if (holding->object != object)
            continue;
        if (holding->process == reader || (holding->executed && holding->fd > 2))
            return holding;
        if (!holding->executed && (waits || input_ended(e)))
            return holding;
    }
    return NULL;
}

const struct holding *holder_of_kind(const struct evidence *e, enum object_kind kind)
{
    const struct ledger *ledger = e->account->ledger;
    for (int i = 0; i < ledger->holdings; i++)
        if (ledger->object[ledger->holding[i].object].kind == kind)
            return &ledger->holding[i];
    return NULL;
}

bool holds(const struct evidence *e, pid_t process, int object)
{
    const struct ledger *ledger = e->account->ledger;
    for (int i = 0; i < ledger->holdings; i++)
        if (ledger->holding[i].process == process && ledger->holding[i].object == object)
            return true;
    return false;
}

bool is_held(const struct evidence *e, int object)
{
    const struct ledger *ledger = e->account->ledger;
    for (int i = 0; i < ledger->holdings; i++)
        if (ledger->holding[i].object == object)
            return true;
    return false;
}

const char *process_name(const struct evidence *e, pid_t process)
{
    for (size_t i = e->count; i-- > 0;)
        if (e->account->transcript->record[i].process == process)
            return command_name(e->account->transcript, i);
    return "a process";
}

const char *at_line(const struct evidence *e, size_t i)
{
    const char *line = e->account->transcript->line[i];
    return line ? text(" at %s", line) : "";
}

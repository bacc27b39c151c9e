/*
 * calls.c - chooses the calls that led to a failure and writes them as lines (see calls.h).
 *
 * Calls that repeat, alone or as a round of a loop, are folded into one line each. Of what is left
 * the end is kept, and before it whatever failed or came short.
 */
#include "calls.h"

#include "processes.h"
#include "program.h"
#include "stage.h"
#include "verdict.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LOOP = 6, NOTABLE_LINES = 3 };

struct entry {          /* one line: a call, or several alike */
    size_t first, last; /* records */
    unsigned count;
    long long least, most; /* results */
};

struct list {
    const struct account *account;
    struct entry *entry;
    size_t count;
};

static const struct probe_record *record_at(const struct list *list, size_t i)
{
    return &list->account->transcript->record[i];
}

/* --- what deserves a remark --- */

bool moves_out(const struct probe_record *record)
{
    switch (record->call) {
    case CALL_send:
    case CALL_sendto:
    case CALL_sendmsg:
    case CALL_write:
    case CALL_writev:
        return true;
    default:
        return false;
    }
}

bool moves_in(const struct probe_record *record)
{
    switch (record->call) {
    case CALL_recv:
    case CALL_recvfrom:
    case CALL_recvmsg:
    case CALL_read:
    case CALL_readv:
        return true;
    default:
        return false;
    }
}

/* An exec that did not return has worked. */
static bool never_returns(const struct probe_record *record)
{
    return record->call == CALL_exit || record->call == CALL__exit ||
           (record->call >= CALL_execve && record->call <= CALL_fexecve);
}

bool is_waiting(const struct probe_record *record)
{
    if (!is_unfinished(record) || never_returns(record))
        return false;
    /* What a process left unfinished when it was killed is not waiting. */
    struct thread_state state;
    return thread_state(record->process, record->thread, &state) && state.letter == 'S';
}

static bool is_short(const struct probe_record *record)
{
    return moves_out(record) && record->result >= 0 && record->argument[2] > record->result &&
           !is_unfinished(record);
}

static bool failed(const struct probe_record *record)
{
    return !is_unfinished(record) && record->result == -1 && record->error != EAGAIN &&
           record->error != EINPROGRESS && record->call != CALL_start;
}

static bool is_notable(const struct probe_record *record)
{
    return record->weather || failed(record) || is_short(record) || is_waiting(record);
}

static const char *weather_remark(const struct probe_record *record)
{
    switch (record->weather) {
    case WEATHER_FAIL:
        return "made to fail by the test";
    case WEATHER_SHORT:
        return "made short by the test";
    case WEATHER_DELAY:
        return "delayed by the test";
    default:
        return NULL;
    }
}

/* What a poll waits for: "the listening socket or client 1's connection". */
static const char *polled_names(const struct account *account, const struct probe_record *record)
{
    struct pollfd polled[PROBE_DATA / sizeof(struct pollfd)];
    const char *names = NULL;
    memcpy(polled, record->data, sizeof polled);
    size_t known = record->data_length / sizeof *polled;
    for (size_t i = 0; i < known && (long long)i < record->argument[1]; i++) {
        int object = object_held(account->ledger, record->process, polled[i].fd);
        const char *name = object_name(account->ledger, object);
        if (!name || polled[i].events == 0)
            continue;
        names = names ? text("%s or %s", names, name) : name;
    }
    return names;
}

static const char *waiting_remark(const struct account *account, size_t i)
{
    const struct probe_record *record = &account->transcript->record[i];
    const char *name = object_name(account->ledger, account->ledger->of[i]);
    if (record->call == CALL_poll || record->call == CALL_ppoll) {
        const char *names = polled_names(account, record);
        return names ? text("waits for %s", names) : "waits here";
    }
    return name ? text("waits here: %s", name) : "waits here";
}

static const char *remark_on(const struct account *account, size_t i)
{
    const struct probe_record *record = &account->transcript->record[i];
    const char *name = object_name(account->ledger, account->ledger->of[i]);
    if (is_unfinished(record))
        return is_waiting(record) ? waiting_remark(account, i) : NULL;
    if (record->weather)
        return weather_remark(record);
    if (is_short(record))
        return text("%lld bytes were left over",
                    (long long)record->argument[2] - (long long)record->result);
    if (failed(record))
        return strerror(record->error);
    int object = account->ledger->of[i];
    if (moves_in(record) && record->result == 0 && record->argument[2] > 0 && object != -1 &&
        account->ledger->object[object].datagram)
        return "an empty datagram";
    if (moves_in(record) && record->result == 0 && record->argument[2] > 0)
        return name ? text("the end of %s", name) : "end of file";
    return NULL;
}

/* --- folding --- */

static bool alike(const struct list *list, const struct entry *one, const struct entry *other)
{
    const struct probe_record *a = record_at(list, one->last), *b = record_at(list, other->last);
    const char *line_a = list->account->transcript->line[one->last];
    const char *line_b = list->account->transcript->line[other->last];
    bool same_line = line_a && line_b ? strcmp(line_a, line_b) == 0 : line_a == line_b;
    return same_line && a->call == b->call && a->error == b->error && a->weather == b->weather &&
           is_short(a) == is_short(b) && is_unfinished(a) == is_unfinished(b) &&
           (a->result == 0) == (b->result == 0) &&
           (!is_unfinished(a) || a->argument[0] == b->argument[0]);
}

static void merge(struct entry *into, const struct entry *entry)
{
    into->last = entry->last;
    into->count += entry->count;
    into->least = entry->least < into->least ? entry->least : into->least;
    into->most = entry->most > into->most ? entry->most : into->most;
}

/* If the last `length` entries repeat those before them, they become one round. */
static bool fold(struct list *list, size_t length)
{
    if (list->count < 2 * length)
        return false;
    struct entry *before = list->entry + list->count - 2 * length, *after = before + length;
    for (size_t i = 0; i < length; i++)
        if (!alike(list, &before[i], &after[i]))
            return false;
    for (size_t i = 0; i < length; i++)
        merge(&before[i], &after[i]);
    list->count -= length;
    return true;
}

static void add(struct list *list, size_t i)
{
    long long result = record_at(list, i)->result;
    list->entry[list->count++] = (struct entry){i, i, 1, result, result};
    for (size_t length = 1; length <= LONGEST_LOOP; length++)
        if (fold(list, length))
            length = 0; /* the loop's next length is 1 again */
}

/* A call that belongs on the screen: the program's own, from a line of its source. */
static bool belongs(const struct transcript *transcript, size_t i)
{
    const struct probe_record *record = &transcript->record[i];
    return is_own(transcript, record) && transcript->line[i] && record->call != CALL_start &&
           (!is_unfinished(record) || never_returns(record) || is_waiting(record));
}

/* What stands still comes last, whenever it began: it is how things are now. Commands that the
 * program executed show only there. */
static void add_all(struct list *list)
{
    const struct account *account = list->account;
    const struct transcript *transcript = account->transcript;
    for (size_t i = 0; i < transcript->count; i++)
        if (belongs(transcript, i) && !is_waiting(&transcript->record[i]))
            add(list, i);
    for (size_t i = 0; i < transcript->count; i++)
        if (is_waiting(&transcript->record[i]) &&
            (belongs(transcript, i) || !is_own(transcript, &transcript->record[i])))
            add(list, i);
}

/* --- choosing --- */

/* Marks the lines to keep: the end, and before it what is notable. */
static void choose(const struct list *list, bool *keep)
{
    size_t left = MOST_CALL_LINES;
    size_t end = list->count > left - NOTABLE_LINES ? list->count - (left - NOTABLE_LINES) : 0;
    for (size_t i = list->count; i-- > end; left--)
        keep[i] = true;
    for (size_t i = end; i-- > 0 && left > 0;)
        if (is_notable(record_at(list, list->entry[i].last))) {
            keep[i] = true;
            left--;
        }
    for (size_t i = end; i-- > 0 && left > 0;)
        if (!keep[i]) {
            keep[i] = true;
            left--;
        }
}

/* "echoserver.c:48"; for what it executed the command's name. */
static const char *place_of(const struct account *account, size_t i)
{
    const struct transcript *transcript = account->transcript;
    return transcript->line[i] ? transcript->line[i] : text("(%s)", command_name(transcript, i));
}

/* " in child 2" for a process other than the first, children being counted as they appear. */
static const char *child_of(const struct account *account, size_t i)
{
    const struct transcript *transcript = account->transcript;
    pid_t first = transcript->record[0].process, process = transcript->record[i].process;
    if (process == first || !is_own(transcript, &transcript->record[i]))
        return "";
    int number = 0;
    for (size_t j = 0; j < transcript->count; j++) {
        const struct probe_record *record = &transcript->record[j];
        if (record->call == CALL_fork && record->process == first && record->result > 0) {
            number++;
            if (record->result == process)
                return text("  (child %d)", number);
        }
    }
    return "  (a child)";
}

static const char *line_of(const struct list *list, const struct entry *entry, int width)
{
    const struct account *account = list->account;
    const char *remark = remark_on(account, entry->last);
    const char *result = result_text(account, entry->last);
    if (entry->least != entry->most && moves_in(record_at(list, entry->last)))
        result = text(" = %lld to %lld", entry->least, entry->most);
    const char *line = text("%-*s  %s%s", width, place_of(account, entry->last),
                            call_text(account, entry->last, entry->count == 1), result);
    if (entry->count > 1)
        line = text("%s  ×%u%s", line, entry->count,
                    account->transcript->lost && entry->count > PROBE_RING / 4 ? " and more" : "");
    line = text("%s%s", line, child_of(account, entry->last));
    return remark ? text("%s  ← %s", line, remark) : line;
}

void calls_tell(const struct account *account)
{
    struct list list = {.account = account};
    size_t width = 0;
    list.entry = step_memory((account->transcript->count + 1) * sizeof *list.entry);
    add_all(&list);
    bool *keep = step_memory(list.count + 1);
    choose(&list, keep);
    for (size_t i = 0; i < list.count; i++)
        if (keep[i] && strlen(place_of(account, list.entry[i].last)) > width)
            width = strlen(place_of(account, list.entry[i].last));
    for (size_t i = 0; i < list.count; i++)
        if (keep[i])
            verdict_add("call", line_of(&list, &list.entry[i], (int)width));
}

/* --- one program --- */

struct account *account_of(struct program *program)
{
    if (program->account)
        return program->account;
    struct account *account = step_memory(sizeof *account);
    account->transcript = transcript_of(program);
    if (account->transcript->count == 0)
        return NULL;
    transcript_resolve(account->transcript);
    account->ledger = ledger_of(account->transcript);
    return program->account = account;
}

const char *calls_place(struct program *program, pid_t thread, bool in_call)
{
    const struct account *account = account_of(program);
    if (!account)
        return "";
    for (size_t i = account->transcript->count; i-- > 0;) {
        const struct probe_record *record = &account->transcript->record[i];
        if (record->thread != thread)
            continue;
        const char *line = account->transcript->line[i];
        const char *name = object_name(account->ledger, account->ledger->of[i]);
        if (!line)
            return "";
        if (!in_call)
            return text(", around %s", line);
        if (!is_unfinished(record))
            return "";
        return text(" at %s%s%s", line, name ? ", " : "", name ? name : "");
    }
    return "";
}

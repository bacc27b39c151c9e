/*
 * ledger.c - who held which descriptor (see ledger.h).
 *
 * The records are replayed in the order in which the calls began; one that may wait (for a client,
 * for a child's end) has its effect when it returns. A fork copies its parent's descriptors to the
 * child, an exec drops those that close on it. Whatever the program wrote into the records, tables
 * stay within their bounds.
 */
#include "ledger.h"

#include "program.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { MOST_HOLDINGS = 8192 };

static struct holding *find(const struct ledger *ledger, pid_t process, int fd)
{
    for (int i = ledger->holdings - 1; i >= 0; i--)
        if (ledger->holding[i].process == process && ledger->holding[i].fd == fd)
            return &ledger->holding[i];
    return NULL;
}

int object_held(const struct ledger *ledger, pid_t process, int fd)
{
    const struct holding *holding = find(ledger, process, fd);
    return holding ? holding->object : -1;
}

static void drop(struct ledger *ledger, pid_t process, int fd)
{
    struct holding *holding = find(ledger, process, fd);
    if (holding)
        *holding = ledger->holding[--ledger->holdings];
}

static void hold(struct ledger *ledger, pid_t process, int fd, int object, bool closes_on_exec)
{
    drop(ledger, process, fd);
    if (ledger->holdings < MOST_HOLDINGS && object >= 0 && fd >= 0)
        ledger->holding[ledger->holdings++] = (struct holding){
            .process = process, .fd = fd, .object = object, .closes_on_exec = closes_on_exec};
}

/* There are never more objects than two for each record, and three to begin with. */
static int new_object(struct ledger *ledger, enum object_kind kind, int number)
{
    ledger->object[ledger->objects] = (struct object){.kind = kind, .number = number};
    return ledger->objects++;
}

static bool is_known(const struct ledger *ledger, pid_t process)
{
    for (int i = 0; i < ledger->holdings; i++)
        if (ledger->holding[i].process == process)
            return true;
    return false;
}

static void forget(struct ledger *ledger, pid_t process)
{
    for (int i = 0; i < ledger->holdings;)
        if (ledger->holding[i].process == process)
            ledger->holding[i] = ledger->holding[--ledger->holdings];
        else
            i++;
}

static void inherit(struct ledger *ledger, pid_t child, pid_t parent)
{
    int count = ledger->holdings;
    forget(ledger, child); /* the number was another process's before */
    if (ledger->holdings < count)
        count = ledger->holdings;
    for (int i = 0; i < count; i++)
        if (ledger->holding[i].process == parent)
            hold(ledger, child, ledger->holding[i].fd, ledger->holding[i].object,
                 ledger->holding[i].closes_on_exec);
}

/* A new image: what closes on exec is gone; the image's name says who is at the other end of its
 * pipes. */
static void start_image(struct ledger *ledger, const struct transcript *transcript,
                        const struct probe_record *record)
{
    for (int i = 0; i < ledger->holdings;)
        if (ledger->holding[i].process == record->process && ledger->holding[i].closes_on_exec)
            ledger->holding[i] = ledger->holding[--ledger->holdings];
        else
            i++;
    const char *name = command_name(transcript, (size_t)(record - transcript->record));
    for (int i = 0; i < ledger->holdings; i++) {
        struct holding *holding = &ledger->holding[i];
        struct object *end = &ledger->object[holding->object];
        if (holding->process != record->process)
            continue;
        holding->executed = !is_own(transcript, record);
        if (holding->fd > 1 || (end->kind != PIPE_READ && end->kind != PIPE_WRITE))
            continue;
        /* The two ends of a pipe are neighbors: reading, writing. */
        struct object *other = end->kind == PIPE_READ ? end + 1 : end - 1;
        if (!other->peer)
            other->peer = text("%.32s", name);
    }
}

static void add_pipe(struct ledger *ledger, const struct probe_record *record, bool cloexec)
{
    int number = ++ledger->pipes;
    int reads = new_object(ledger, PIPE_READ, number);
    int writes = new_object(ledger, PIPE_WRITE, number);
    hold(ledger, record->process, (int)record->argument[0], reads, cloexec);
    hold(ledger, record->process, (int)record->argument[1], writes, cloexec);
}

static void add_pair(struct ledger *ledger, const struct probe_record *record)
{
    for (int i = 0; i < 2; i++)
        hold(ledger, record->process, (int)record->argument[i], new_object(ledger, PAIR, i),
             record->argument[3] & SOCK_CLOEXEC);
}

const char *path_given(const struct probe_record *record)
{
    const char *path = text("%.*s", record->data_length, (const char *)record->data);
    const char *scratch = scratch_path("");
    const char *slash = strrchr(path, '/');
    bool cut = record->data_length == PROBE_DATA;
    return slash && (cut || strncmp(path, scratch, strlen(scratch)) == 0) ? slash + 1 : path;
}

static void add_path(struct ledger *ledger, const struct probe_record *record,
                     enum object_kind kind)
{
    int object = new_object(ledger, kind, 0);
    ledger->object[object].path =
        kind == QUEUE ? text("%.*s", record->data_length, (const char *)record->data)
                      : path_given(record);
    hold(ledger, record->process, (int)record->result, object, record->argument[1] & O_CLOEXEC);
}

static void set_kind(struct ledger *ledger, int object, enum object_kind kind)
{
    if (object >= 0 && ledger->object[object].kind == SOCKET)
        ledger->object[object].kind = kind;
}

static void copy(struct ledger *ledger, const struct probe_record *record, int object)
{
    int flags = record->call == CALL_dup3 ? (int)record->argument[2] : 0;
    if (record->result != record->argument[0])
        hold(ledger, record->process, (int)record->result, object, flags & O_CLOEXEC);
}

/* What a call that has succeeded did to the descriptors. */
static void succeed(struct ledger *ledger, const struct transcript *transcript,
                    const struct probe_record *record, int object)
{
    pid_t process = record->process;
    int made;
    switch (record->call) {
    case CALL_socket:
        made = new_object(ledger, SOCKET, 0);
        ledger->object[made].datagram = (record->argument[1] & 0xf) == SOCK_DGRAM;
        hold(ledger, process, (int)record->result, made, record->argument[1] & SOCK_CLOEXEC);
        break;
    case CALL_listen:
        set_kind(ledger, object, LISTENER);
        break;
    case CALL_connect:
        set_kind(ledger, object, CONNECTED);
        break;
    case CALL_accept:
    case CALL_accept4:
        made = new_object(ledger, ACCEPTED, ++ledger->clients);
        hold(ledger, process, (int)record->result, made,
             record->call == CALL_accept4 && record->argument[3] & SOCK_CLOEXEC);
        break;
    case CALL_socketpair:
        add_pair(ledger, record);
        break;
    case CALL_pipe:
        add_pipe(ledger, record, false);
        break;
    case CALL_pipe2:
        add_pipe(ledger, record, record->argument[2] & O_CLOEXEC);
        break;
    case CALL_open:
        add_path(ledger, record, OPENED);
        break;
    case CALL_mq_open:
        add_path(ledger, record, QUEUE);
        break;
    case CALL_dup:
    case CALL_dup2:
    case CALL_dup3:
        copy(ledger, record, object);
        break;
    case CALL_fcntl:
        if (record->argument[1] == F_SETFD && find(ledger, process, (int)record->argument[0]))
            find(ledger, process, (int)record->argument[0])->closes_on_exec =
                record->argument[2] & FD_CLOEXEC;
        else if (record->argument[1] == F_DUPFD || record->argument[1] == F_DUPFD_CLOEXEC)
            hold(ledger, process, (int)record->result, object,
                 record->argument[1] == F_DUPFD_CLOEXEC);
        break;
    case CALL_close:
        drop(ledger, process, (int)record->argument[0]);
        break;
    case CALL_fork:
        inherit(ledger, (pid_t)record->result, process);
        break;
    case CALL_start:
        start_image(ledger, transcript, record);
        break;
    case CALL_wait:
    case CALL_waitpid:
    case CALL_wait3:
    case CALL_wait4:
        if (record->result > 0 && !WIFSTOPPED((int)record->argument[1]))
            forget(ledger, (pid_t)record->result);
        break;
    default:
        break;
    }
}

/* A process that no fork announced: the child of a vfork() or a spawn. */
static void meet(struct ledger *ledger, const struct transcript *transcript,
                 const struct probe_record *record)
{
    pid_t parent =
        record->call == CALL_start ? (pid_t)record->argument[0] : transcript->record[0].process;
    inherit(ledger, record->process, parent);
    if (record->call == CALL_start)
        for (int fd = 0; fd < 3; fd++) /* a spawn may have placed others there */
            drop(ledger, record->process, fd);
}

static bool takes_descriptor(const struct probe_record *record)
{
    switch (record->call) {
    case CALL_socket:
    case CALL_socketpair:
    case CALL_pipe:
    case CALL_pipe2:
    case CALL_open:
    case CALL_creat:
    case CALL_mkfifo:
    case CALL_unlink:
    case CALL_fork:
    case CALL_wait:
    case CALL_waitpid:
    case CALL_wait3:
    case CALL_wait4:
    case CALL_waitid:
    case CALL_poll:
    case CALL_ppoll:
    case CALL_select:
    case CALL_pselect:
    case CALL_mq_open:
    case CALL_mq_unlink:
    case CALL_msgget:
    case CALL_msgsnd:
    case CALL_msgrcv:
    case CALL_msgctl:
    case CALL_pthread_create:
    case CALL_exit:
    case CALL__exit:
    case CALL_start:
        return false;
    default:
        return true;
    }
}

/* While it waits, others close descriptors and start images. */
static bool may_wait(const struct probe_record *record)
{
    switch (record->call) {
    case CALL_accept:
    case CALL_accept4:
    case CALL_open:
    case CALL_wait:
    case CALL_waitpid:
    case CALL_wait3:
    case CALL_wait4:
        return true;
    default:
        return false;
    }
}

/* The calls begun and, as far as this table knows, not yet returned. */
struct waiting {
    size_t *index;
    size_t count;
};

static void succeed_until(struct ledger *ledger, const struct transcript *transcript,
                          struct waiting *waiting, uint64_t now)
{
    size_t left = 0;
    for (size_t i = 0; i < waiting->count; i++) {
        size_t index = waiting->index[i];
        if (transcript->record[index].ended_ns <= now)
            succeed(ledger, transcript, &transcript->record[index], ledger->of[index]);
        else
            waiting->index[left++] = index;
    }
    waiting->count = left;
}

struct ledger *ledger_of(const struct transcript *transcript)
{
    struct waiting waiting = {step_memory((transcript->count + 1) * sizeof *waiting.index), 0};
    struct ledger *ledger = step_memory(sizeof *ledger);
    ledger->object = step_memory((transcript->count * 2 + 8) * sizeof *ledger->object);
    ledger->holding = step_memory(MOST_HOLDINGS * sizeof *ledger->holding);
    ledger->of = step_memory((transcript->count + 1) * sizeof *ledger->of);
    for (int fd = 0; fd < 3 && transcript->count > 0; fd++)
        hold(ledger, transcript->record[0].process, fd, new_object(ledger, STANDARD, fd), false);
    for (size_t i = 0; i < transcript->count; i++) {
        const struct probe_record *record = &transcript->record[i];
        succeed_until(ledger, transcript, &waiting, record->began_ns);
        if (!is_known(ledger, record->process))
            meet(ledger, transcript, record);
        ledger->of[i] = takes_descriptor(record)
                            ? object_held(ledger, record->process, (int)record->argument[0])
                            : -1;
        if (record->call == CALL_exit || record->call == CALL__exit)
            forget(ledger, record->process);
        else if (!is_unfinished(record) && record->result != -1 && may_wait(record))
            waiting.index[waiting.count++] = i;
        else if (!is_unfinished(record) && record->result != -1)
            succeed(ledger, transcript, record, ledger->of[i]);
        else if (record->call == CALL_connect && record->error == EINPROGRESS)
            set_kind(ledger, ledger->of[i], CONNECTED);
    }
    succeed_until(ledger, transcript, &waiting, UINT64_MAX);
    return ledger;
}

static const char *pipe_name(const struct ledger *ledger, const struct object *end)
{
    bool reads = end->kind == PIPE_READ;
    const char *which = reads ? "read" : "write";
    if (end->peer)
        return text("the %s end of the pipe %s `%s`", which, reads ? "from" : "to", end->peer);
    return ledger->pipes == 1 ? text("the %s end of the pipe", which)
                              : text("the %s end of pipe %d", which, end->number);
}

const char *object_name(const struct ledger *ledger, int index)
{
    static const char *const standard[] = {"standard input", "standard output", "standard error"};
    if (index < 0)
        return NULL;
    const struct object *object = &ledger->object[index];
    switch (object->kind) {
    case SOCKET:
        return object->datagram ? "the datagram socket" : NULL;
    case LISTENER:
        return "the listening socket";
    case ACCEPTED:
        return ledger->clients == 1 ? "the client's connection"
                                    : text("client %d's connection", object->number);
    case CONNECTED:
        return "the connection to the server";
    case PIPE_READ:
    case PIPE_WRITE:
        return pipe_name(ledger, object);
    case PAIR:
        return "an end of the socket pair";
    case OPENED:
        return text("the file %s", object->path);
    case QUEUE:
        return text("the queue %s", object->path);
    case STANDARD:
        return standard[object->number];
    }
    return NULL;
}

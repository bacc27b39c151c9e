/*
 * kernel.c - plays a story's moments (see kernel.h): processes, pipes, queues, files.
 */
#include "kernel.h"

#include "calls.h"

#include "../runner/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void play_sent(struct kernel *kernel, struct object *to, const struct event *event,
               struct object *from, long long priority);
void play_received(struct kernel *kernel, struct object *socket, const struct event *event);

static bool is_call(const struct event *event, const char *name)
{
    return strcmp(event->call->name, name) == 0;
}

/* --- pipes and files --- */

static struct object *find_named(struct kernel *kernel, enum object_kind kind, const char *name)
{
    for (struct object *object = kernel->objects; object; object = object->next)
        if (object->kind == kind && !object->removed && object->name && name &&
            strcmp(object->name, name) == 0)
            return object;
    return NULL;
}

static char end_of(long long flags)
{
    return (flags & O_ACCMODE) == O_RDONLY ? 'r' : (flags & O_ACCMODE) == O_WRONLY ? 'w' : 'b';
}

static void open_file(struct kernel *kernel, struct process *process, const struct event *event)
{
    const char *path = text("%.*s", (int)event->data.length, event->data.at);
    struct object *object = find_named(kernel, PIPE, path);
    if (!object) {
        object = make_object(kernel, FILE_);
        object->name = path;
    }
    give(kernel, process, event->result, object, end_of(event->argument[1]));
    if (descriptor_at(process, event->result))
        process->fd[event->result].close_on_exec = event->argument[1] & O_CLOEXEC;
}

static void make_pipe(struct kernel *kernel, struct process *process, const struct event *event)
{
    struct object *pipe = make_object(kernel, PIPE);
    for (int i = 0; i < 2; i++) {
        give(kernel, process, event->argument[i], pipe, "rw"[i]);
        if (descriptor_at(process, event->argument[i]))
            process->fd[event->argument[i]].close_on_exec =
                is_call(event, "pipe2") && event->argument[2] & O_CLOEXEC;
    }
}

static void duplicate(struct kernel *kernel, struct process *process, const struct event *event)
{
    struct descriptor *from = descriptor_at(process, event->argument[0]);
    if (from && from->object && event->argument[0] != event->result)
        give(kernel, process, event->result, from->object, from->end);
}

static void move_bytes(struct kernel *kernel, struct process *process, const struct event *event)
{
    struct object *object = object_at(process, event->argument[0]);
    bool writes = event->call->part == CAUSES;
    if (!object || event->result < 0 || (object->kind != PIPE && object->kind != STANDARD))
        return;
    if (writes)
        play_sent(kernel, object, event, NULL, 0);
    else
        play_received(kernel, object, event);
    if (writes && object->kind == STANDARD && object->name)
        kernel->trace->moment[kernel->moment].note = quoted(event->data, 40);
}

/* --- queues --- */

static struct object *system_v_queue(struct kernel *kernel, long long number)
{
    const char *name = text("queue %lld", number);
    struct object *queue = find_named(kernel, QUEUE, name);
    if (!queue) {
        queue = make_object(kernel, QUEUE);
        queue->system_v = true;
        queue->name = name;
    }
    return queue;
}

/* True if msgrcv() with this wish takes a message of that type rather than of `best`. */
static bool is_wanted(long long wish, const struct letter *letter, const struct letter *best)
{
    if (wish == 0)
        return !best;
    if (wish > 0)
        return !best && letter->priority == wish;
    return letter->priority <= -wish && (!best || letter->priority < best->priority);
}

static void take_letter(struct kernel *kernel, struct object *queue, const struct event *event)
{
    struct letter **best = NULL;
    int lane = kernel->trace->moment[kernel->moment].lane;
    for (struct letter **at = &queue->letters; *at; at = &(*at)->next)
        if (queue->system_v ? is_wanted(event->argument[3], *at, best ? *best : NULL) : !best)
            best = at;
    if (!best)
        return;
    struct moment *sent = &kernel->trace->moment[(*best)->moment];
    if (sent->lane != lane && kernel->trace->lane[lane].first <= (*best)->moment)
        sent->to = lane;
    *best = (*best)->next;
}

static void play_queue_call(struct kernel *kernel, struct process *process,
                            const struct event *event)
{
    const char *name = event->call->name;
    const char *path = text("%.*s", (int)event->data.length, event->data.at ? event->data.at : "");
    struct object *queue = object_at(process, event->argument[0]);
    if (event->error)
        return;
    if (strcmp(name, "mq_open") == 0) {
        queue = find_named(kernel, QUEUE, path);
        if (!queue) {
            queue = make_object(kernel, QUEUE);
            queue->name = path;
        }
        give(kernel, process, event->result, queue, 'b');
    } else if (strcmp(name, "mq_unlink") == 0) {
        queue = find_named(kernel, QUEUE, path);
        if (queue)
            queue->removed = true;
    } else if (strcmp(name, "mq_close") == 0) {
        drop(kernel, process, event->argument[0]);
    } else if (strncmp(name, "mq_send", 7) == 0 || strncmp(name, "mq_timeds", 9) == 0) {
        if (queue && queue->kind == QUEUE)
            play_sent(kernel, queue, event, NULL, event->argument[3]);
    } else if (strncmp(name, "mq_receive", 10) == 0 || strncmp(name, "mq_timedr", 9) == 0) {
        if (queue && queue->kind == QUEUE)
            take_letter(kernel, queue, event);
    } else if (strcmp(name, "msgget") == 0) {
        system_v_queue(kernel, event->result);
    } else if (strcmp(name, "msgsnd") == 0) {
        play_sent(kernel, system_v_queue(kernel, event->argument[0]), event, NULL,
                  event->argument[4]);
    } else if (strcmp(name, "msgrcv") == 0) {
        take_letter(kernel, system_v_queue(kernel, event->argument[0]), event);
    } else if (strcmp(name, "msgctl") == 0 && event->argument[1] == 0) {
        system_v_queue(kernel, event->argument[0])->removed = true;
    }
}

/* --- processes --- */

static void fork_process(struct kernel *kernel, struct process *parent, const struct event *event)
{
    for (int i = 0; i < kernel->trace->lanes; i++) {
        const struct lane *lane = &kernel->trace->lane[i];
        if (lane->process != event->result || lane->helper || lane->first < kernel->moment ||
            process_with_pid(kernel, event->result))
            continue;
        struct process *child = make_process(kernel, lane->process, lane->program, i);
        copy_descriptors(parent, child);
        return;
    }
}

static void close_on_exec(struct kernel *kernel, struct process *process)
{
    for (int fd = 0; fd < MOST_FDS; fd++)
        if (process->fd[fd].object && process->fd[fd].close_on_exec)
            drop(kernel, process, fd);
}

static bool is_duplication(long long command)
{
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC;
}

static void play_call(struct kernel *kernel, const struct event *event)
{
    struct process *process = process_of_event(kernel, event);
    const char *name = event->call->name;
    bool fails = event->error;
    play_socket_call(kernel, process, event);
    if (strcmp(name, "close") == 0 && !fails)
        drop(kernel, process, event->argument[0]);
    else if ((strncmp(name, "dup", 3) == 0 ||
              (strcmp(name, "fcntl") == 0 && is_duplication(event->argument[1]))) &&
             !fails)
        duplicate(kernel, process, event);
    else if (strncmp(name, "pipe", 4) == 0 && !fails)
        make_pipe(kernel, process, event);
    else if ((strcmp(name, "open") == 0 || strcmp(name, "creat") == 0) && !fails)
        open_file(kernel, process, event);
    else if (strcmp(name, "mkfifo") == 0 && !fails)
        make_object(kernel, PIPE)->name =
            text("%.*s", (int)event->data.length, event->data.at ? event->data.at : "");
    else if (strncmp(name, "epoll_create", 12) == 0 && !fails)
        give(kernel, process, event->result, make_object(kernel, EPOLL), 'b');
    else if (strncmp(name, "mq_", 3) == 0 || strncmp(name, "msg", 3) == 0)
        play_queue_call(kernel, process, event);
    else if (strncmp(name, "read", 4) == 0 || strncmp(name, "write", 5) == 0)
        move_bytes(kernel, process, event);
    else if (strcmp(name, "fork") == 0 && event->result > 0)
        fork_process(kernel, process, event);
    else if (strcmp(name, "start") == 0)
        close_on_exec(kernel, process);
    else if (strcmp(name, "exit") == 0 || strcmp(name, "_exit") == 0)
        end_process(kernel, process);
    else if (strncmp(name, "wait", 4) == 0 && event->result > 0 &&
             process_with_pid(kernel, event->result))
        end_process(kernel, process_with_pid(kernel, event->result));
}

static void play_moment(struct kernel *kernel, const struct moment *moment)
{
    const struct event *event = moment->event;
    struct process *process = moment->lane == -1 ? NULL : process_of_event(kernel, event);
    /* What a call does happens before others can see it, also if the call itself goes on. */
    bool counts =
        event->kind == CALL &&
        (moment->phase == WHOLE || (event->call->part == AWAITS) == (moment->phase == RETURNS)) &&
        (event->end || event->call->part != AWAITS);
    if (counts)
        play_call(kernel, event);
    else if (event->kind == FED)
        kernel->standard[process->program & 63][0]->waiting += (long long)event->data.whole;
    else if (event->kind == INPUT_END)
        kernel->standard[process->program & 63][0]->got_end = true;
    else if (event->kind == END)
        end_process(kernel, process);
}

void play_kernel(struct trace *trace)
{
    struct kernel kernel = {.trace = trace};
    kernel.tail = &kernel.objects;
    for (kernel.moment = 0; kernel.moment < trace->moments; kernel.moment++) {
        struct moment *moment = &trace->moment[kernel.moment];
        play_moment(&kernel, moment);
        moment->processes = process_states(&kernel);
        moment->objects = object_states(&kernel);
    }
}

/*
 * objects.c - descriptors, and what becomes of things that none leads to any more (see kernel.h).
 */
#include "kernel.h"

#include <stdlib.h>
#include <string.h>

static void *made(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory) {
        fprintf(stderr, "trace: out of memory\n");
        exit(2);
    }
    return memory;
}

struct object *make_object(struct kernel *kernel, enum object_kind kind)
{
    struct object *object = made(sizeof *object);
    enum object_kind counted = kind == DATAGRAM_SOCKET ? STREAM_SOCKET : kind;
    object->kind = kind;
    object->number = ++kernel->numbers[counted];
    *kernel->tail = object;
    kernel->tail = &object->next;
    return object;
}

/* --- arrows on their way --- */

/* A lane whose process could read it, but for that one; -1: there is none. */
static int holder(struct kernel *kernel, const struct object *object, int but)
{
    for (int i = 0; i < kernel->processes; i++)
        for (int fd = 0; fd < MOST_FDS && kernel->process[i]->alive; fd++)
            if (kernel->process[i]->fd[fd].object == object &&
                kernel->process[i]->fd[fd].end != 'w' && kernel->process[i]->lane != but)
                return kernel->process[i]->lane;
    return -1;
}

void fly(struct kernel *kernel, struct object *to, enum arrow_kind kind, const char *label)
{
    struct moment *moment = &kernel->trace->moment[kernel->moment];
    if (moment->arrow == BIRTH_ARROW)
        return;
    moment->arrow = kind;
    moment->label = label;
    moment->to = holder(kernel, to->door ? to->door : to, moment->lane); /* if nobody reads it */
    to->flying = room_for(to->flying, to->flights, sizeof *to->flying);
    to->flying[to->flights++] = kernel->moment;
}

void land(struct kernel *kernel, struct object *object, int lane, bool at_end)
{
    int left = 0;
    for (int i = 0; i < object->flights; i++) {
        struct moment *moment = &kernel->trace->moment[object->flying[i]];
        if (moment->arrow == FIN_ARROW && !at_end)
            object->flying[left++] = object->flying[i];
        else if (lane != moment->lane && kernel->trace->lane[lane].first <= object->flying[i])
            moment->to = lane;
    }
    object->flights = left;
}

/* The lane of another process that can write into the pipe. */
int writer_of(struct kernel *kernel, const struct object *pipe, int but)
{
    int found = -1;
    for (int i = 0; i < kernel->processes; i++)
        for (int fd = 0; fd < MOST_FDS && kernel->process[i]->alive; fd++)
            if (kernel->process[i]->fd[fd].object == pipe &&
                kernel->process[i]->fd[fd].end != 'r' && kernel->process[i]->lane != but)
                found = kernel->process[i]->lane; /* a child rather than its parent */
    return found;
}

/* --- descriptors --- */

struct descriptor *descriptor_at(struct process *process, long long fd)
{
    return fd >= 0 && fd < MOST_FDS ? &process->fd[fd] : NULL;
}

struct object *object_at(struct process *process, long long fd)
{
    struct descriptor *descriptor = descriptor_at(process, fd);
    return descriptor ? descriptor->object : NULL;
}

static void close_pipe_end(struct kernel *kernel, struct object *pipe, char end)
{
    pipe->readers -= end != 'w';
    pipe->writers -= end != 'r';
    if (end != 'r' && pipe->writers == 0 && pipe->readers > 0)
        fly(kernel, pipe, FIN_ARROW, "end of file");
}

void drop(struct kernel *kernel, struct process *process, long long fd)
{
    struct descriptor *descriptor = descriptor_at(process, fd);
    struct object *object = descriptor ? descriptor->object : NULL;
    if (!object)
        return;
    descriptor->object = NULL;
    object->refs--;
    if (object->kind == PIPE)
        close_pipe_end(kernel, object, descriptor->end);
    else if (object->refs == 0 && object->kind <= DATAGRAM_SOCKET)
        close_socket(kernel, object);
}

void give(struct kernel *kernel, struct process *process, long long fd, struct object *object,
          char end)
{
    struct descriptor *descriptor = descriptor_at(process, fd);
    if (!descriptor)
        return;
    object->refs++;
    object->readers += end != 'w';
    object->writers += end != 'r';
    drop(kernel, process, fd); /* what was there was closed unseen */
    *descriptor = (struct descriptor){.object = object, .end = end};
}

/* --- processes --- */

struct process *process_with_pid(struct kernel *kernel, long long pid)
{
    for (int i = kernel->processes - 1; i >= 0; i--)
        if (kernel->process[i]->pid == pid && kernel->process[i]->alive)
            return kernel->process[i];
    return NULL;
}

static void give_standard(struct kernel *kernel, struct process *process)
{
    static const char *const names[] = {"standard input", "standard output", "standard error"};
    int program = process->program >= 0 && process->program < 64 ? process->program : 63;
    for (int fd = 0; fd < 3; fd++) {
        struct object **standard = &kernel->standard[program][fd];
        if (!*standard) {
            *standard = make_object(kernel, STANDARD);
            (*standard)->name = names[fd];
        }
        give(kernel, process, fd, *standard, fd == 0 ? 'r' : 'w');
    }
}

struct process *make_process(struct kernel *kernel, int pid, int program, int lane)
{
    struct process *process = made(sizeof *process);
    process->pid = pid;
    process->program = program;
    process->lane = lane;
    process->alive = true;
    kernel->process = room_for(kernel->process, kernel->processes, sizeof(struct process *));
    kernel->process[kernel->processes++] = process;
    return process;
}

void copy_descriptors(struct process *from, struct process *to)
{
    for (int fd = 0; fd < MOST_FDS; fd++) {
        struct object *object = from->fd[fd].object;
        to->fd[fd] = from->fd[fd];
        if (!object)
            continue;
        object->refs++;
        object->readers += from->fd[fd].end != 'w';
        object->writers += from->fd[fd].end != 'r';
    }
}

struct process *process_of_event(struct kernel *kernel, const struct event *event)
{
    int lane = kernel->trace->moment[kernel->moment].lane;
    int pid = kernel->trace->lane[lane].process;
    struct process *process = process_with_pid(kernel, pid);
    if (!process) { /* a child whose fork was not seen, too */
        process = make_process(kernel, pid, event->program, lane);
        give_standard(kernel, process);
    }
    return process;
}

void end_process(struct kernel *kernel, struct process *process)
{
    for (int fd = 0; fd < MOST_FDS; fd++)
        drop(kernel, process, fd);
    process->alive = false;
}

/*
 * state.c - how processes and objects of the model stand, as JSON for the page (see kernel.h).
 *
 * Most of them stay as they were from moment to moment: each state is written once, and a moment
 * names those that hold.
 */
#include "kernel.h"

#include "calls.h"

#include "../runner/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LETTERS_SHOWN = 8 };

void put_script_text(FILE *out, const char *string)
{
    fputc('"', out);
    for (const unsigned char *at = (const unsigned char *)(string ? string : ""); *at; at++)
        if (*at < 0x20 || *at == 0x7f || strchr("\"\\<>&'/", *at))
            fprintf(out, "\\u%04x", *at);
        else if (*at >= 0x80)
            fputs("\\ufffd", out);
        else
            fputc(*at, out);
    fputc('"', out);
}

static int pooled(struct trace *trace, const char *state)
{
    for (int i = trace->pooled - 1; i >= 0; i--)
        if (strcmp(trace->pool[i], state) == 0)
            return i;
    trace->pool = room_for(trace->pool, trace->pooled, sizeof *trace->pool);
    trace->pool[trace->pooled] = text("%s", state);
    return trace->pooled++;
}

/* --- in words --- */

static const char *object_name(const struct object *object)
{
    static const char *const kinds[] = {"socket", "socket", "pipe",     "file",
                                        "queue",  "epoll",  "standard", "thing"};
    if (object->kind == STANDARD)
        return object->name;
    return text("%s %d", kinds[object->kind], object->number);
}

static const char *object_kind(const struct object *object)
{
    bool local = object->domain == AF_UNIX;
    switch (object->kind) {
    case STREAM_SOCKET:
        return local                        ? "Unix stream socket"
               : object->domain == AF_INET6 ? "TCP socket, IPv6"
                                            : "TCP socket";
    case DATAGRAM_SOCKET:
        return local                        ? "Unix datagram socket"
               : object->domain == AF_INET6 ? "UDP socket, IPv6"
                                            : "UDP socket";
    case PIPE:
        return object->name ? "FIFO" : "pipe";
    case QUEUE:
        return object->system_v ? "System V message queue" : "POSIX message queue";
    case FILE_:
        return "file";
    case EPOLL:
        return "epoll";
    default:
        return "";
    }
}

static const char *connection_state(const struct object *socket)
{
    if (socket->reset)
        return "RESET";
    if (socket->sent_end && socket->got_end)
        return socket->ended_first ? "TIME-WAIT" : "closed";
    return socket->sent_end ? "FIN-WAIT" : socket->got_end ? "CLOSE-WAIT" : "ESTABLISHED";
}

static const char *state_name(const struct object *object)
{
    static const char *const names[] = {"new",      "bound",       "LISTEN",
                                        "SYN-SENT", "ESTABLISHED", "closed"};
    if (object->kind == DATAGRAM_SOCKET)
        return object->local ? "bound" : "new";
    if (object->kind == STREAM_SOCKET)
        return object->state == ESTABLISHED && object->domain != AF_UNIX ? connection_state(object)
               : object->state == ESTABLISHED                            ? "connected"
                                                                         : names[object->state];
    if (object->kind == PIPE)
        return object->writers == 0 ? "no writer" : object->readers == 0 ? "no reader" : "open";
    if (object->kind == QUEUE)
        return object->removed ? "removed" : "open";
    return "";
}

static const char *plural(long long count, const char *word)
{
    return text("%lld %s%s", count, word, count == 1 ? "" : "s");
}

static int count_letters(const struct object *object)
{
    int count = 0;
    for (const struct letter *letter = object->letters; letter; letter = letter->next)
        count++;
    return count;
}

/* What stands beside the name in a table of descriptors. */
static const char *summary(const struct object *object, char end)
{
    switch (object->kind) {
    case STREAM_SOCKET:
        if (object->state == LISTEN || object->state == BOUND)
            return text("%s %s", state_name(object), object->local ? object->local : "");
        if (object->peer && (object->state == ESTABLISHED || object->state == SYN_SENT))
            return text("%s with %s", state_name(object), object->peer);
        return state_name(object);
    case DATAGRAM_SOCKET:
        return object->local ? text("UDP %s", object->local) : "UDP";
    case PIPE:
        return end == 'r' ? "read end" : end == 'w' ? "write end" : "both ends";
    case STANDARD:
        if (object->waiting > 0 && end == 'r')
            return text("%s waiting", plural(object->waiting, "byte"));
        return object->got_end && end == 'r' ? "at its end" : "";
    case FILE_:
    case QUEUE:
        return object->name;
    default:
        return "";
    }
}

/* --- as JSON --- */

static void put_pair(FILE *out, const char *key, const char *value)
{
    fputs(",[", out);
    put_script_text(out, key);
    fputc(',', out);
    put_script_text(out, value);
    fputc(']', out);
}

static const char *finished(FILE *out, char **memory)
{
    fclose(out);
    return *memory;
}

static const char *process_json(struct kernel *kernel, struct process *process)
{
    char *memory = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&memory, &size);
    const struct lane *lane = &kernel->trace->lane[process->lane];
    fprintf(out, "{\"lane\":%d,\"pid\":%d,\"name\":", process->lane, process->pid);
    put_script_text(out, lane->name);
    fputs(",\"fds\":[0", out);
    for (int fd = 0; fd < MOST_FDS; fd++) {
        const struct object *object = process->fd[fd].object;
        if (!object)
            continue;
        fprintf(out, ",[%d,", fd);
        put_script_text(out, object_name(object));
        fputc(',', out);
        put_script_text(out, summary(object, process->fd[fd].end));
        fputc(']', out);
    }
    fputs("]}", out);
    return finished(out, &memory);
}

static void put_letters(FILE *out, const struct object *object)
{
    int shown = 0;
    fputs("],\"letters\":[0", out);
    for (const struct letter *letter = object->letters; letter && shown < LETTERS_SHOWN;
         letter = letter->next, shown++)
        put_pair(out,
                 object->kind != QUEUE
                     ? ""
                     : text("%s %lld", object->system_v ? "type" : "priority", letter->priority),
                 quoted(letter->data, 32));
    if (count_letters(object) > LETTERS_SHOWN)
        put_pair(out, "", text("and %d more", count_letters(object) - LETTERS_SHOWN));
}

static const char *object_json(const struct object *object)
{
    char *memory = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&memory, &size);
    fputs("{\"name\":", out);
    put_script_text(out, object_name(object));
    fputs(",\"kind\":", out);
    put_script_text(out, object_kind(object));
    fputs(",\"state\":", out);
    put_script_text(out, state_name(object));
    fputs(",\"rows\":[0", out);
    if (object->name && object->kind != STANDARD)
        put_pair(out, "name", object->name);
    if (object->local)
        put_pair(out, "address", object->local);
    if (object->peer && object->state != LISTEN)
        put_pair(out, "peer", object->peer);
    if (object->state == LISTEN && object->kind == STREAM_SOCKET)
        put_pair(out, "queue",
                 text("%s, backlog %d", plural(object->queued, "connection"), object->backlog));
    if ((object->kind == STREAM_SOCKET && object->state == ESTABLISHED) || object->kind == PIPE)
        put_pair(out, "waiting to be read", plural(object->waiting, "byte"));
    if (object->kind == DATAGRAM_SOCKET || object->kind == QUEUE)
        put_pair(out, "waiting",
                 plural(count_letters(object), object->kind == QUEUE ? "message" : "datagram"));
    if (object->kind == PIPE)
        put_pair(
            out, "ends",
            text("%s, %s", plural(object->readers, "reader"), plural(object->writers, "writer")));
    if (object->door)
        put_pair(out, "descriptor",
                 text("none: waits in the queue of %s", object_name(object->door)));
    else if (object->refs == 0 && object->kind != QUEUE)
        put_pair(out, "descriptor", "none: closed");
    put_letters(out, object);
    fputs("]}", out);
    return finished(out, &memory);
}

/* --- of a moment --- */

static bool is_visible(const struct object *object)
{
    bool lingers = object->kind == STREAM_SOCKET && object->domain != AF_UNIX &&
                   object->state == ESTABLISHED && object->other && !object->reset;
    if (object->kind == STANDARD || object->kind == FILE_ || object->kind == OTHER)
        return false;
    if (object->kind == QUEUE)
        return !object->removed || object->refs > 0;
    if (object->kind == PIPE && object->name)
        return true;
    /* Of a connection that both have left, TIME-WAIT stays with the side that ended it first. */
    if (lingers && object->refs == 0 && !object->door && object->other->refs == 0)
        return object->ended_first;
    return object->refs > 0 || object->door || lingers;
}

const int *process_states(struct kernel *kernel)
{
    int *states = calloc((size_t)kernel->processes + 1, sizeof *states);
    int count = 0;
    for (int i = 0; i < kernel->processes; i++)
        if (kernel->process[i]->alive)
            states[count++] = pooled(kernel->trace, process_json(kernel, kernel->process[i]));
    states[count] = -1;
    return states;
}

const int *object_states(struct kernel *kernel)
{
    int count = 0;
    for (struct object *object = kernel->objects; object; object = object->next)
        count++;
    int *states = calloc((size_t)count + 1, sizeof *states);
    count = 0;
    for (struct object *object = kernel->objects; object; object = object->next)
        if (is_visible(object))
            states[count++] = pooled(kernel->trace, object_json(object));
    states[count] = -1;
    return states;
}

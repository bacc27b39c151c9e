/*
 * sockets.c - how the model's sockets stand (see kernel.h): addresses, doors, connections.
 */
#include "kernel.h"

#include "calls.h"

#include "../runner/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_call(const struct event *event, const char *name)
{
    return strcmp(event->call->name, name) == 0;
}

static int here(const struct kernel *kernel)
{
    return kernel->trace->moment[kernel->moment].lane;
}

/* --- addresses --- */

/* True if a socket with the address `mine` gets what is sent to `wanted`. */
static bool answers_to(const char *mine, const char *wanted)
{
    if (!mine || !wanted)
        return false;
    const char *my_port = strrchr(mine, ':'), *port = strrchr(wanted, ':');
    bool everywhere = strncmp(mine, "0.0.0.0:", 8) == 0 || strncmp(mine, "[::]:", 5) == 0;
    return strcmp(mine, wanted) == 0 || (everywhere && port && strcmp(my_port, port) == 0);
}

static struct object *find_socket(struct kernel *kernel, const char *address, enum object_kind kind)
{
    for (struct object *object = kernel->objects; object; object = object->next)
        if (object->kind == kind && object->refs > 0 && answers_to(object->local, address) &&
            (kind == DATAGRAM_SOCKET || object->state == LISTEN))
            return object;
    return NULL;
}

static bool is_wildcard_port(const char *address)
{
    const char *port = address ? strrchr(address, ':') : NULL;
    return port && strcmp(port, ":0") == 0;
}

static void take_address(struct object *socket, const char *address)
{
    if (address)
        socket->local = is_wildcard_port(address)
                            ? text("%.*s:(chosen by the kernel)",
                                   (int)(strrchr(address, ':') - address), address)
                            : address;
}

/* --- connections --- */

/* The door's side of a connection; it waits in the queue. False if that is full. */
static bool enter_queue(struct kernel *kernel, struct object *client, struct object *door)
{
    if (door->queued > door->backlog) /* Linux lets in one more than the backlog */
        return false;
    struct object *served = make_object(kernel, STREAM_SOCKET);
    served->domain = door->domain;
    served->state = client->state = ESTABLISHED;
    served->local = client->peer;
    served->peer = client->local;
    served->other = client;
    served->door = door;
    client->other = served;
    door->queued++;
    return true;
}

static void connect_stream(struct kernel *kernel, struct object *client, const struct event *event)
{
    struct object *door = find_socket(kernel, event->address, STREAM_SOCKET);
    bool pending = event->error && strcmp(event->error, "EINPROGRESS") == 0;
    client->peer = event->address;
    if (event->local)
        client->local = event->local;
    if (event->error && !pending) {
        client->state = client->local ? BOUND : FRESH;
        client->peer = NULL;
        return;
    }
    client->state = pending ? SYN_SENT : ESTABLISHED;
    if (!door || client->other)
        return;
    if (enter_queue(kernel, client, door))
        fly(kernel, client->other, HAND_ARROW, "connects");
    else
        fly(kernel, door, HAND_ARROW, "the queue is full");
}

/* The connection that accept() took: the oldest in the queue, or that of this client. */
static struct object *from_queue(struct kernel *kernel, struct object *door, const char *client)
{
    struct object *first = NULL;
    for (struct object *object = kernel->objects; object; object = object->next) {
        if (object->door != door)
            continue;
        if (client && object->peer && strcmp(object->peer, client) == 0)
            return object;
        if (!first && !(client && object->peer))
            first = object;
    }
    return first;
}

static void accept_one(struct kernel *kernel, struct process *process, const struct event *event)
{
    struct object *door = object_at(process, event->argument[0]);
    struct object *served = door ? from_queue(kernel, door, event->address) : NULL;
    if (!served) { /* a client that is not in the story's records */
        served = make_object(kernel, STREAM_SOCKET);
        served->domain = door ? door->domain : AF_INET;
        served->state = ESTABLISHED;
        served->local = door ? door->local : NULL;
    } else {
        served->door->queued--;
        served->door = NULL;
        for (int i = 0; i < served->flights; i++) { /* only the hand is taken; data waits */
            struct moment *moment = &kernel->trace->moment[served->flying[i]];
            if (moment->arrow == HAND_ARROW && moment->lane != here(kernel))
                moment->to = here(kernel);
        }
    }
    if (event->address) {
        served->peer = event->address;
        if (served->other)
            served->other->local = event->address;
    }
    give(kernel, process, event->result, served, 'b');
}

static void send_end(struct kernel *kernel, struct object *socket)
{
    if (socket->sent_end || socket->state != ESTABLISHED)
        return;
    socket->sent_end = true;
    socket->ended_first = !socket->got_end;
    if (socket->other && !socket->other->got_end) {
        socket->other->got_end = true;
        if (socket->other->refs > 0 || socket->other->door)
            fly(kernel, socket->other, FIN_ARROW, "end of file");
    }
}

void close_socket(struct kernel *kernel, struct object *socket)
{
    if (socket->state == LISTEN) {
        for (struct object *object = kernel->objects; object; object = object->next)
            if (object->door == socket) {
                object->door = NULL;
                object->state = CLOSED;
                if (object->other)
                    object->other->reset = true;
            }
    } else if (socket->kind == STREAM_SOCKET && socket->state == ESTABLISHED) {
        if (socket->waiting > 0 && socket->other) { /* unread bytes: TCP answers with a reset */
            socket->other->reset = true;
            socket->state = CLOSED;
        }
        send_end(kernel, socket);
    }
    if (socket->state != ESTABLISHED)
        socket->state = CLOSED;
}

/* --- bytes and datagrams --- */

static const char *bytes_label(const struct event *event, long long count)
{
    struct data data = event->data;
    if ((long long)data.length > count)
        data.length = (size_t)count;
    data.whole = (size_t)count;
    const char *plural = count == 1 ? "" : "s";
    if (data.length == 0)
        return text("%lld byte%s", count, plural);
    return text("%s  %lld byte%s", quoted(data, 30), count, plural);
}

void play_sent(struct kernel *kernel, struct object *to, const struct event *event,
               struct object *from, long long priority)
{
    if (to->kind == STREAM_SOCKET || to->kind == PIPE || to->kind == STANDARD) {
        to->waiting += event->result;
    } else {
        struct letter *letter = calloc(1, sizeof *letter), **at = &to->letters;
        *letter = (struct letter){priority, event->data, from, kernel->moment, NULL};
        while (*at && (to->system_v || to->kind != QUEUE || (*at)->priority >= priority))
            at = &(*at)->next;
        letter->next = *at;
        *at = letter;
    }
    if (to->kind == STANDARD)
        return;
    long long count = to->kind == QUEUE ? (long long)event->data.whole : event->result;
    const char *label = bytes_label(event, count);
    if (to->kind == QUEUE) {
        label = text("%s %lld: %s", to->system_v ? "type" : "priority", priority,
                     quoted(event->data, 26));
        kernel->trace->moment[kernel->moment].arrow = DATA_ARROW;
        kernel->trace->moment[kernel->moment].label = label;
        return; /* lands when its own letter is taken */
    }
    fly(kernel, to, DATA_ARROW, label);
}

static void send_bytes(struct kernel *kernel, struct object *socket, const struct event *event)
{
    struct object *to = socket->other;
    if (event->result < 0)
        return;
    if (socket->kind == DATAGRAM_SOCKET && event->address)
        to = find_socket(kernel, event->address, DATAGRAM_SOCKET);
    else if (socket->kind == DATAGRAM_SOCKET && !to)
        to = find_socket(kernel, socket->peer, DATAGRAM_SOCKET);
    if (to)
        play_sent(kernel, to, event, socket, 0);
    else
        kernel->trace->moment[kernel->moment].note = bytes_label(event, event->result);
}

/* Bytes that no recorded call wrote: they came through stdio, from who else can write. */
static void came_unseen(struct kernel *kernel, const struct object *pipe, const struct event *event)
{
    struct moment *moment = &kernel->trace->moment[kernel->moment];
    int writer = writer_of(kernel, pipe, here(kernel));
    if (writer == -1)
        return;
    if (kernel->trace->lane[writer].last < kernel->moment)
        kernel->trace->lane[writer].last = kernel->moment; /* it lived until then */
    moment->arrow = DATA_ARROW;
    moment->from = writer;
    moment->to = here(kernel);
    moment->label = bytes_label(event, event->result - pipe->waiting);
    moment->note = NULL;
}

void play_received(struct kernel *kernel, struct object *socket, const struct event *event)
{
    if (event->result < 0) {
        socket->reset |= event->error && strcmp(event->error, "ECONNRESET") == 0;
        return;
    }
    if (socket->kind == DATAGRAM_SOCKET) {
        struct letter *letter = socket->letters;
        if (letter)
            socket->letters = letter->next;
        if (letter && letter->from && event->address && !letter->from->local)
            letter->from->local = event->address;
    } else {
        if (socket->kind == PIPE && event->result > socket->waiting)
            came_unseen(kernel, socket, event);
        socket->waiting -= event->result;
        socket->waiting = socket->waiting < 0 ? 0 : socket->waiting;
    }
    land(kernel, socket, here(kernel), event->result == 0);
}

/* --- the calls --- */

static void connect_socket(struct kernel *kernel, struct object *socket, const struct event *event)
{
    if (socket->kind == STREAM_SOCKET) {
        connect_stream(kernel, socket, event);
    } else if (!event->error) {
        socket->peer = event->address;
    }
}

static void make_socket(struct kernel *kernel, struct process *process, const struct event *event)
{
    int type = (int)event->argument[1] & 0xf;
    struct object *socket =
        make_object(kernel, type == SOCK_DGRAM ? DATAGRAM_SOCKET : STREAM_SOCKET);
    socket->domain = (int)event->argument[0];
    give(kernel, process, event->result, socket, 'b');
    process->fd[event->result].close_on_exec = event->argument[1] & SOCK_CLOEXEC;
}

static void make_pair(struct kernel *kernel, struct process *process, const struct event *event)
{
    struct object *pair[2];
    for (int i = 0; i < 2; i++) {
        pair[i] =
            make_object(kernel, event->argument[3] == SOCK_DGRAM ? DATAGRAM_SOCKET : STREAM_SOCKET);
        pair[i]->domain = AF_UNIX;
        pair[i]->state = ESTABLISHED;
        give(kernel, process, event->argument[i], pair[i], 'b');
    }
    pair[0]->other = pair[1];
    pair[1]->other = pair[0];
}

static void shut(struct kernel *kernel, struct object *socket, long long how)
{
    if (how != SHUT_RD)
        send_end(kernel, socket);
}

static bool is_any(const struct event *event, const char *const *names)
{
    for (; *names; names++)
        if (is_call(event, *names))
            return true;
    return false;
}

void play_socket_call(struct kernel *kernel, struct process *process, const struct event *event)
{
    static const char *const sends[] = {"send", "sendto", "sendmsg", "write", "writev", NULL};
    static const char *const receives[] = {"recv", "recvfrom", "recvmsg", "read", "readv", NULL};
    bool fails = event->error;
    struct object *socket = object_at(process, event->argument[0]);
    if (is_call(event, "socket") && !fails && descriptor_at(process, event->result)) {
        make_socket(kernel, process, event);
        return;
    }
    if (is_call(event, "socketpair") && !fails) {
        make_pair(kernel, process, event);
        return;
    }
    if (!socket || socket->kind > DATAGRAM_SOCKET)
        return;
    if (is_call(event, "bind") && !fails) {
        take_address(socket, event->address);
        socket->state = BOUND;
    } else if (is_call(event, "listen") && !fails) {
        socket->state = LISTEN;
        socket->backlog = (int)event->argument[1];
    } else if (is_call(event, "getsockname") && !fails && !is_wildcard_port(event->address)) {
        take_address(socket, event->address);
    } else if (is_call(event, "getpeername") && !fails) {
        socket->peer = event->address;
    } else if (is_call(event, "connect")) {
        connect_socket(kernel, socket, event);
    } else if ((is_call(event, "accept") || is_call(event, "accept4")) && !fails) {
        accept_one(kernel, process, event);
    } else if (is_call(event, "shutdown") && !fails) {
        shut(kernel, socket, event->argument[1]);
    } else if (is_any(event, sends)) {
        send_bytes(kernel, socket, event);
    } else if (is_any(event, receives)) {
        play_received(kernel, socket, event);
    }
}

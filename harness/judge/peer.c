/*
 * peer.c - the other side of a connection or datagram, played by the test (see peer.h).
 *
 * All sockets are non-blocking; stage.c moves the bytes.
 */
#include "peer.h"

#include "address.h"
#include "program.h"
#include "stage.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- making peers --- */

void make_room_for_peers(int many)
{
    enum { OTHERS = 64 }; /* descriptors of the test itself, and a few late peers */
    int far = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, many + OTHERS);
    if (far != -1) /* else the limit is lower than that */
        close(far);
}

struct peer *new_peer(int fd)
{
    struct peer *peer = step_memory(sizeof *peer);
    peer->fd = fd;
    the_stage()->events++;
    return peer;
}

void note_addresses(struct peer *peer)
{
    struct sockaddr_storage name;
    socklen_t length = sizeof name;
    if (getsockname(peer->fd, (struct sockaddr *)&name, &length) == 0)
        peer->local = address_text(&name);
    length = sizeof name;
    if (getpeername(peer->fd, (struct sockaddr *)&name, &length) == 0)
        peer->remote = address_text(&name);
}

int socket_for(const char *address, int type, struct sockaddr_storage *parsed, socklen_t *length)
{
    *length = parse_address(address, parsed);
    if (*length == 0)
        cannot_judge("\"%s\" is no ADDR:PORT", address);
    int fd = socket(parsed->ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd == -1)
        cannot_judge("socket: %s", strerror(errno));
    return fd;
}

enum { KERNELS_CHOICE = -1 };

static struct peer *begin_to_join_with(const char *address, int receive_buffer, int segment)
{
    struct sockaddr_storage to;
    socklen_t length;
    struct peer *peer = new_peer(socket_for(address, SOCK_STREAM, &to, &length));
    if (receive_buffer != KERNELS_CHOICE)
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (segment != KERNELS_CHOICE)
        setsockopt(peer->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    peer->remote = address;
    if (connect(peer->fd, (struct sockaddr *)&to, length) == 0)
        return peer;
    if (errno == EINPROGRESS)
        peer->connecting = true;
    else
        peer->trouble = errno;
    peer_rouse(peer);
    return peer;
}

struct peer *begin_to_join(const char *address)
{
    return begin_to_join_with(address, KERNELS_CHOICE, KERNELS_CHOICE);
}

static bool no_longer_connecting(void *context)
{
    return !((struct peer *)context)->connecting;
}

int connected(struct peer *peer)
{
    stage_serve(0);
    return peer->connecting ? EINPROGRESS : peer->trouble;
}

static void finish_joining(struct peer *peer)
{
    stage_wait(no_longer_connecting, peer, text("a connection to %s", peer->remote), NULL);
    note_addresses(peer);
}

int try_join(const char *address, struct peer **peer)
{
    *peer = begin_to_join(address);
    finish_joining(*peer);
    return (*peer)->trouble;
}

static struct peer *must_join(struct peer *peer)
{
    const char *address = peer->remote;
    finish_joining(peer);
    if (peer->trouble)
        fail_step(text("a connection to %s", address), strerror(peer->trouble));
    return peer;
}

struct peer *join(const char *address)
{
    return must_join(begin_to_join(address));
}

struct peer *join_narrowly(const char *address, int receive_buffer)
{
    return must_join(begin_to_join_with(address, receive_buffer, KERNELS_CHOICE));
}

struct peer *join_modestly(const char *address)
{
    enum { SEGMENT = 1448, BUFFER = 16 * 1024 };
    int size = BUFFER;
    struct peer *peer = must_join(begin_to_join_with(address, size, SEGMENT));
    setsockopt(peer->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return peer;
}

struct peer *join_in_segments(const char *address, int segment)
{
    return must_join(begin_to_join_with(address, 0, segment));
}

struct peer *open_door_at(const char *address, int backlog, int receive_buffer)
{
    struct sockaddr_storage at;
    socklen_t length;
    int on = 1;
    struct peer *door = new_peer(socket_for(address, SOCK_STREAM, &at, &length));
    setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (receive_buffer)
        setsockopt(door->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (bind(door->fd, (struct sockaddr *)&at, length) == -1 || listen(door->fd, backlog) == -1)
        cannot_judge("the test cannot listen on %s: %s", address, strerror(errno));
    note_addresses(door);
    return door;
}

struct peer *open_door(const char *host, int backlog, int receive_buffer)
{
    return open_door_at(address(host, 0), backlog, receive_buffer);
}

struct arrival { /* a wait for the next client at a door */
    struct peer *door;
    int fd;
};

static bool has_arrived(void *context)
{
    struct arrival *arrival = context;
    arrival->fd = accept4(arrival->door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return arrival->fd != -1;
}

struct peer *let_in(struct peer *door)
{
    struct arrival arrival = {.door = door};
    stage_wait(has_arrived, &arrival, text("a client at %s", door->local), NULL);
    struct peer *peer = new_peer(arrival.fd);
    note_addresses(peer);
    return peer;
}

/* --- speaking --- */

/* What can be said goes at once, the rest while the test waits for something. */
static void say_now(struct peer *peer)
{
    the_stage()->events++;
    peer_rouse(peer);
    if (!peer->connecting && !peer->trouble && peer->fd != -1)
        say_more(peer);
}

void say(struct peer *peer, struct bytes bytes)
{
    buffer_append(&peer->to_say, bytes.at, bytes.length);
    say_now(peer);
}

size_t unsaid(struct peer *peer)
{
    return peer->trouble || peer->fd == -1 ? 0 : buffer_length(&peer->to_say);
}

static bool all_said(void *context)
{
    return unsaid(context) == 0;
}

void finish_saying(struct peer *peer)
{
    stage_wait(all_said, peer, "all that the test sends to be taken", NULL);
}

struct flow {                 /* of what was said, at one look */
    struct tcp_queues queues; /* at the program's end */
    int unacknowledged;       /* bytes that may not have come there yet */
    unsigned long long given; /* bytes that the test's end was given to send, 0: not known */
    bool full;                /* no more can be sent just now */
};

struct stuck { /* a wait until a program takes no more */
    struct peer *peer;
    struct program *program;
    struct flow last;
};

/* Returns whether something has moved since the last look. A program may take a byte at a time:
 * that it gets on shows here long before the test can send more, and is an event. */
static bool moves(struct stuck *stuck)
{
    struct peer *peer = stuck->peer;
    struct pollfd way = {.fd = peer->fd, .events = POLLOUT};
    struct flow now = {.full = false}, last = stuck->last;
    if (!tcp_queues(peer->remote, peer->local, &now.queues) ||
        ioctl(peer->fd, TIOCOUTQ, &now.unacknowledged) == -1)
        now = (struct flow){.full = false};
    else
        now.given = tcp_bytes_given(peer->fd);
    now.full = poll(&way, 1, 0) == 0;
    stuck->last = now;
    bool moved = now.queues.unread != last.queues.unread ||
                 now.queues.unsent != last.queues.unsent ||
                 now.unacknowledged != last.unacknowledged || now.full != last.full;
    the_stage()->events += moved;
    return moved;
}

/* The end of all that was said has come when as many bytes are there as were given away; its
 * acknowledgment may take 40 ms more. It has to be waited for only if it makes room for the rest.
 */
static bool is_on_its_way(const struct peer *peer, const struct flow *flow)
{
    bool is_counted = flow->given > 0 && flow->queues.come > 0; /* by both ends' kernel */
    if (buffer_length(&peer->to_say) == 0 && is_counted)
        return flow->queues.come < flow->given;
    return flow->unacknowledged > 0;
}

/* A program that sleeps may have taken all that has come, while the rest is still on its way. And
 * what one look sees may be over when the next one sees that the program sleeps: only if nothing
 * has moved from before to after it does it tell something. */
static bool is_stuck(void *context)
{
    struct stuck *stuck = context;
    moves(stuck);
    bool sleeps = is_idle(stuck->program);
    if (moves(stuck) || !sleeps)
        return false;
    bool on_its_way = stuck->last.queues.unread == 0 && is_on_its_way(stuck->peer, &stuck->last);
    return (all_said(stuck->peer) || stuck->last.full) && !on_its_way;
}

void wait_until_stuck(struct peer *peer, struct program *program)
{
    struct stuck stuck = {.peer = peer, .program = program};
    stage_wait(is_stuck, &stuck, text("%s to take no more", program->name), NULL);
}

struct drained { /* a wait until everything that was said has been read */
    struct peer *peer;
    struct program *reader;
};

/* Whether the bytes are in the reader's queue. That the reader sleeps again, or ended, tells that
 * it has taken them out. */
static bool is_drained(void *context)
{
    struct drained *drained = context;
    struct peer *peer = drained->peer;
    struct flow flow = {.given = 0};
    if (peer->trouble || drained->reader->ended)
        return true;
    if (!all_said(peer) || ioctl(peer->fd, TIOCOUTQ, &flow.unacknowledged) == -1)
        return false;
    if (tcp_queues(peer->remote, peer->local, &flow.queues))
        flow.given = tcp_bytes_given(peer->fd);
    return !is_on_its_way(peer, &flow);
}

void say_bytewise(struct peer *peer, struct bytes bytes, struct program *reader)
{
    struct drained drained = {peer, reader};
    for (size_t i = 0; i < bytes.length; i++) {
        say(peer, (struct bytes){bytes.at + i, 1});
        stage_wait(is_drained, &drained, "the program to take one byte", NULL);
        wait_until_idle(reader);
    }
}

void half_close(struct peer *peer)
{
    peer->then_half_close = true;
    say_now(peer);
}

void hang_up(struct peer *peer)
{
    if (peer->fd != -1)
        close(peer->fd);
    peer->fd = -1;
    the_stage()->events++;
}

void reset(struct peer *peer)
{
    struct linger abort = {.l_onoff = 1, .l_linger = 0};
    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    hang_up(peer);
}

/* --- hearing --- */

struct hearing { /* a wait on one peer */
    struct peer *peer;
    size_t length;
    bool line;
    bool end;
};

static bool has_heard(void *context)
{
    struct hearing *hearing = context;
    struct peer *peer = hearing->peer;
    struct bytes heard = buffer_content(&peer->heard);
    if (peer->trouble || peer->heard_end)
        return true;
    if (hearing->end)
        return false;
    return hearing->line ? memchr(heard.at, '\n', heard.length) != NULL
                         : heard.length >= hearing->length;
}

static const char *how_it_goes(struct peer *peer)
{
    struct bytes heard = buffer_content(&peer->heard);
    const char *end = peer->heard_end               ? "an end of file"
                      : peer->trouble == ECONNRESET ? "a reset (Connection reset by peer)"
                      : peer->trouble               ? strerror(peer->trouble)
                                                    : NULL;
    if (heard.length == 0)
        return end ? end : "nothing";
    return end ? text("%s, then %s", shown(heard), end) : text("%s and nothing more", shown(heard));
}

static const char *what_was_heard(void *context)
{
    return how_it_goes(((struct hearing *)context)->peer);
}

void attend_to(struct peer *peer)
{
    peer->wanted = true;
    peer_rouse(peer);
}

static void listen_to(struct hearing *hearing, const char *expected)
{
    attend_to(hearing->peer);
    if (!has_heard(hearing)) /* of a crowd most have, and to serve all for each takes its time */
        stage_wait(has_heard, hearing, expected, what_was_heard);
    hearing->peer->wanted = false;
}

struct bytes hear(struct peer *peer, size_t length)
{
    struct hearing hearing = {.peer = peer, .length = length};
    const char *expected = text("%zu bytes", length);
    listen_to(&hearing, expected);
    if (buffer_length(&peer->heard) < length)
        fail_step(expected, how_it_goes(peer));
    return buffer_take(&peer->heard, length);
}

struct bytes hear_up_to(struct peer *peer, size_t length)
{
    struct hearing hearing = {.peer = peer, .length = length};
    listen_to(&hearing, text("%zu bytes or an end", length));
    size_t came = buffer_length(&peer->heard);
    return buffer_take(&peer->heard, came < length ? came : length);
}

static const char *difference(struct bytes expected, struct bytes came)
{
    size_t at = 0;
    while (at < expected.length && expected.at[at] == came.at[at])
        at++;
    if (expected.length <= 60)
        return shown(came);
    size_t from = at > 10 ? at - 10 : 0;
    return text("a first difference at byte %zu: %s", at,
                shown((struct bytes){came.at + from, came.length - from}));
}

void expect_bytes(struct peer *peer, struct bytes bytes)
{
    struct hearing hearing = {.peer = peer, .length = bytes.length};
    const char *expected = bytes.length > 60 ? text("%zu bytes", bytes.length) : shown(bytes);
    listen_to(&hearing, expected);
    size_t came = buffer_length(&peer->heard);
    if (came < bytes.length)
        fail_step(expected, came > 60 ? text("%zu bytes, then %s", came,
                                             peer->heard_end ? "an end of file" : "a reset")
                                      : how_it_goes(peer));
    struct bytes heard = {buffer_content(&peer->heard).at, bytes.length};
    if (memcmp(heard.at, bytes.at, bytes.length) != 0)
        fail_step(expected, difference(bytes, heard));
    buffer_drop(&peer->heard, bytes.length);
}

struct bytes hear_line_as(struct peer *peer, const char *what)
{
    struct hearing hearing = {.peer = peer, .line = true};
    listen_to(&hearing, what);
    struct bytes heard = buffer_content(&peer->heard);
    const unsigned char *newline = memchr(heard.at, '\n', heard.length);
    if (!newline)
        fail_step(what, how_it_goes(peer));
    return buffer_take(&peer->heard, (size_t)(newline - heard.at) + 1);
}

struct bytes hear_line(struct peer *peer)
{
    return hear_line_as(peer, "a line");
}

struct bytes hear_all(struct peer *peer)
{
    struct hearing hearing = {.peer = peer, .end = true};
    listen_to(&hearing, "an end of file");
    if (peer->trouble)
        fail_step("an end of file", how_it_goes(peer));
    return buffer_take(&peer->heard, buffer_length(&peer->heard));
}

void expect_end_of_file(struct peer *peer)
{
    struct hearing hearing = {.peer = peer, .length = 1};
    listen_to(&hearing, "an end of file");
    if (!peer->heard_end || buffer_length(&peer->heard) > 0)
        fail_step("an end of file", how_it_goes(peer));
}

void expect_gone(struct peer *peer)
{
    struct hearing hearing = {.peer = peer, .length = 1};
    listen_to(&hearing, "the end of the connection");
    if (buffer_length(&peer->heard) > 0)
        fail_step("the end of the connection", how_it_goes(peer));
}

bool has_something_to_say(struct peer *peer)
{
    unsigned char byte;
    stage_serve(0);
    if (buffer_length(&peer->heard) > 0 || peer->trouble || peer->heard_end)
        return true;
    return recv(peer->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

/* --- about the socket --- */

const char *local_address(struct peer *peer)
{
    return peer->local;
}

const char *remote_address(struct peer *peer)
{
    return peer->remote;
}

int socket_of(struct peer *peer)
{
    return peer->fd;
}

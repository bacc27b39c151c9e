/*
 * peer.h - the other side of a connection or datagram, played by the test.
 *
 * Clients that trickle, reset or never read; servers that lie or stay silent. Addresses are
 * strings as programs print them: "127.0.0.1:9999", "[::1]:9999". Sending never blocks the test:
 * what was said is sent in the background while later functions wait.
 */
#ifndef PLUMBLINE_PEER_H
#define PLUMBLINE_PEER_H

#include "step.h"

#include <stdbool.h>

struct program;
struct peer; /* one socket of the test; belongs to the step */

/* --- addresses --- */

const char *address(const char *host, int port); /* host is numeric; an IPv6 one gets brackets */
int port_of(const char *address);
const char *host_of(const char *address); /* without brackets */
const char *port_text(int port);

/* A TCP and UDP port on which nobody listens, kept free for this step; its two bytes differ. A
 * server that will be started again on its port has to have one of these: one that the kernel chose
 * may be given to another program of this machine meanwhile. */
int free_port(void);

/* The same for TCP, of four digits, and one for which this machine knows a name, as it may know
 * `http-alt` for 8080: to see that a program prints the number. 0 if there is none. */
int free_port_with_name(void);

/* True if this machine can use IPv6 on its loopback. */
bool has_ipv6(void);

/* True if the name "localhost" stands for this numeric host here. */
bool localhost_is(const char *host);

/* --- TCP, as a client --- */

/* To be called before many peers come, best before the first program is started. The kernel makes a
 * process's table of descriptors larger when it is full; one with several threads, like a test,
 * waits 10 ms for that, each time. Now it waits once, perhaps while the program is being built. */
void make_room_for_peers(int many);

/* Connects; must succeed. Waits only for the handshake, not for accept. */
struct peer *join(const char *address);

/* Like join(), with a small receive buffer (0: the smallest there is): what the other side sends
 * fills the way soon unless the test reads. */
struct peer *join_narrowly(const char *address, int receive_buffer);

/* On a way that holds two or three hundred KiB: the loopback's usual segments are so long that
 * megabytes fit into the buffers. */
struct peer *join_modestly(const char *address);

/* Narrowly, and what the other side sends goes in TCP segments of at most so many bytes, options
 * among them: pieces of just this size either have room or have not. */
struct peer *join_in_segments(const char *address, int segment);

/* Connects and returns 0 (connected, *peer set) or the errno of the refusal. */
int try_join(const char *address, struct peer **peer);

/* Begins to connect and does not wait; connected() tells how it stands: 0 when connected,
 * EINPROGRESS while waiting, else the errno. */
struct peer *begin_to_join(const char *address);
int connected(struct peer *peer);

/* --- TCP, as a server --- */

/* Listens on a free port of this numeric host; receive_buffer 0 leaves the kernel's size. */
struct peer *open_door(const char *host, int backlog, int receive_buffer);
struct peer *open_door_at(const char *address, int backlog, int receive_buffer);

/* Waits for the next client of that door. */
struct peer *let_in(struct peer *door);

/* --- TCP and datagrams: what is said --- */

void say(struct peer *peer, struct bytes bytes); /* in the background */

/* One byte at a time, each only when `reader` has drained the last; returns when all are drained.
 */
void say_bytewise(struct peer *peer, struct bytes bytes, struct program *reader);

void finish_saying(struct peer *peer); /* waits until the kernel took all of it */
size_t unsaid(struct peer *peer);      /* bytes that it has not taken yet */

/* Waits until the program sleeps and takes no more of what was said, or was given all of it: with a
 * peer that is not heard meanwhile, the program is stuck in sending. */
void wait_until_stuck(struct peer *peer, struct program *program);

void half_close(struct peer *peer); /* FIN after all that was said */
void hang_up(struct peer *peer);    /* close */
void reset(struct peer *peer);      /* RST: close with SO_LINGER {1, 0} */

/* --- TCP: what is heard --- */

/* From now on, until it has been waited for, what this peer hears is taken in also while others are
 * waited for. Each of a crowd that gets its bytes shows that the program gets on, however long it
 * takes until the one comes that is waited for first. */
void attend_to(struct peer *peer);

/* Waits for exactly these bytes; anything else, or an end before them, fails. */
void expect_bytes(struct peer *peer, struct bytes bytes);

/* Waits for `length` bytes, whatever they are. */
struct bytes hear(struct peer *peer, size_t length);

/* Waits for `length` bytes or an end before them; returns what came. */
struct bytes hear_up_to(struct peer *peer, size_t length);

/* Waits for one line and returns it with its line end; `what` says what it is, for a failure. */
struct bytes hear_line(struct peer *peer);
struct bytes hear_line_as(struct peer *peer, const char *what);

/* Waits for the end of file and returns all that came before it. A reset fails. */
struct bytes hear_all(struct peer *peer);

/* The next thing that comes must be an end of file. */
void expect_end_of_file(struct peer *peer);

/* The next thing must be an end of file or a reset. */
void expect_gone(struct peer *peer);

/* True if something (bytes or an end) can be heard now; does not wait. */
bool has_something_to_say(struct peer *peer);

/* --- datagrams --- */

/* A UDP socket on a free port of this numeric host, or at this address. */
struct peer *datagram_peer(const char *host);
struct peer *datagram_peer_at(const char *address);

void say_to(struct peer *peer, const char *address, struct bytes datagram);

/* Waits for the next datagram; *from (may be NULL) becomes its sender's address. */
struct bytes hear_datagram(struct peer *peer, const char **from);

/* When the kernel got the datagram that was heard last, in milliseconds of its own clock: what was
 * sent in which distance, however late the test is. */
long long arrival_ms(struct peer *peer);

/* Waits for a datagram with exactly these bytes; returns its sender's address. */
const char *expect_datagram(struct peer *peer, struct bytes bytes);

/* --- about the socket --- */

const char *local_address(struct peer *peer);
const char *remote_address(struct peer *peer);
int socket_of(struct peer *peer); /* for what these functions do not cover; stays the peer's */

#endif

/*
 * datagram.c - peers that speak by datagrams (see peer.h).
 */
#include "peer.h"

#include "address.h"
#include "stage.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

enum { LARGEST_DATAGRAM = 65536 };

struct peer *datagram_peer_at(const char *address)
{
    struct sockaddr_storage at;
    socklen_t length;
    struct peer *peer = new_peer(socket_for(address, SOCK_DGRAM, &at, &length));
    int on = 1;
    peer->datagram = true;
    setsockopt(peer->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (bind(peer->fd, (struct sockaddr *)&at, length) == -1)
        cannot_judge("the test cannot bind a UDP socket at %s: %s", address, strerror(errno));
    note_addresses(peer);
    return peer;
}

struct peer *datagram_peer(const char *host)
{
    return datagram_peer_at(address(host, 0));
}

void say_to(struct peer *peer, const char *address, struct bytes datagram)
{
    struct sockaddr_storage to;
    socklen_t length = parse_address(address, &to);
    if (length == 0)
        cannot_judge("\"%s\" is no ADDR:PORT", address);
    the_stage()->events++;
    if (sendto(peer->fd, datagram.at, datagram.length, 0, (struct sockaddr *)&to, length) == -1 &&
        errno != ECONNREFUSED)
        cannot_judge("sendto %s: %s", address, strerror(errno));
}

struct mail { /* a wait for a datagram */
    struct peer *peer;
    struct iovec room;
    ssize_t length;
    struct sockaddr_storage from;
};

static void note_arrival(struct peer *peer, struct msghdr *message)
{
    struct timespec at;
    struct cmsghdr *note = CMSG_FIRSTHDR(message);
    if (!note || note->cmsg_level != SOL_SOCKET || note->cmsg_type != SCM_TIMESTAMPNS)
        return;
    memcpy(&at, CMSG_DATA(note), sizeof at);
    peer->arrival_ms = at.tv_sec * 1000LL + at.tv_nsec / 1000000;
}

static bool has_mail(void *context)
{
    struct mail *mail = context;
    char notes[CMSG_SPACE(sizeof(struct timespec))];
    struct msghdr message;
    do {
        message = (struct msghdr){.msg_name = &mail->from,
                                  .msg_namelen = sizeof mail->from,
                                  .msg_iov = &mail->room,
                                  .msg_iovlen = 1,
                                  .msg_control = notes,
                                  .msg_controllen = sizeof notes};
        mail->length = recvmsg(mail->peer->fd, &message, MSG_DONTWAIT);
    } while (mail->length == -1 && errno == ECONNREFUSED); /* an old answer to say_to() */
    if (mail->length >= 0)
        note_arrival(mail->peer, &message);
    return mail->length >= 0;
}

static struct bytes await_datagram(struct peer *peer, const char **from, const char *expected)
{
    static unsigned char data[LARGEST_DATAGRAM];
    struct mail mail = {.peer = peer, .room = {data, sizeof data}};
    peer->wanted = true;
    peer_rouse(peer);
    stage_wait(has_mail, &mail, expected, NULL);
    peer->wanted = false;
    the_stage()->events++;
    if (from)
        *from = address_text(&mail.from);
    unsigned char *kept = step_memory((size_t)mail.length);
    memcpy(kept, data, (size_t)mail.length);
    return (struct bytes){kept, (size_t)mail.length};
}

struct bytes hear_datagram(struct peer *peer, const char **from)
{
    return await_datagram(peer, from, "a datagram");
}

const char *expect_datagram(struct peer *peer, struct bytes bytes)
{
    const char *from, *expected = text("the datagram %s", shown(bytes));
    struct bytes heard = await_datagram(peer, &from, expected);
    if (heard.length != bytes.length || memcmp(heard.at, bytes.at, bytes.length) != 0)
        fail_step(expected, shown(heard));
    return from;
}

long long arrival_ms(struct peer *peer)
{
    return peer->arrival_ms;
}

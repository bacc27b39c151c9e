/*
 * causes_sockets.c - rows of the table of causes (see causes.h): addresses, and a socket's life.
 */
#include "evidence.h"

#include "program.h"
#include "stage.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The port in an address that was given, -1 if there is none. */
static int port_in(const struct probe_record *record)
{
    struct sockaddr_in in;
    if (record->address_length < 4)
        return -1;
    memset(&in, 0, sizeof in);
    memcpy(&in, record->address,
           record->address_length < sizeof in ? record->address_length : sizeof in);
    return in.sin_family == AF_INET || in.sin_family == AF_INET6 ? ntohs(in.sin_port) : -1;
}

const char *port_swapped(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || !binds_or_connects(r))
            continue;
        int port = port_in(r), swapped = port == -1 ? -1 : ntohs((uint16_t)port);
        for (const char *const *word = e->program->how->args; port > 0 && *word; word++) {
            char *end;
            long asked = strtol(*word, &end, 10);
            if (**word && !*end && asked == swapped && asked != port)
                return text("%s() was given port %d, which is %ld with its two bytes swapped: a "
                            "port goes into an address by htons().",
                            call_name(r), port, asked);
        }
    }
    return NULL;
}

const char *loopback_swapped(const struct evidence *e)
{
    static const unsigned char swapped[] = {1, 0, 0, 127};
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r && binds_or_connects(r) && r->address_length >= 8 && r->address[0] == AF_INET &&
            memcmp(r->address + 4, swapped, 4) == 0)
            return text("%s() was given 1.0.0.127, which is 127.0.0.1 with its bytes swapped: "
                        "INADDR_LOOPBACK needs htonl().",
                        call_name(r));
    }
    return NULL;
}

const char *address_is_pointer(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r && binds_or_connects(r) && r->argument[2] == 8 && r->error == EINVAL)
            return text("%s() was told that the address has 8 bytes, which is the size of a "
                        "pointer: give it the size of the struct.",
                        call_name(r));
    }
    return NULL;
}

const char *family_unset(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r && binds_or_connects(r) && r->address_length >= 8 && r->error == EAFNOSUPPORT &&
            r->address[0] == 0 && r->address[1] == 0)
            return text("The address that %s() was given has family 0: set sin_family to AF_INET.",
                        call_name(r));
    }
    return NULL;
}

const char *never_listened(const struct evidence *e)
{
    size_t i = last_failure(e, CALL_accept, EINVAL);
    if (i == NONE || object_of(e, i) == -1 || !complete(e) ||
        e->account->ledger->object[object_of(e, i)].kind != SOCKET)
        return NULL;
    return "accept() failed with EINVAL because the socket does not listen: call listen() first.";
}

const char *length_unset(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r &&
            (r->call == CALL_accept || r->call == CALL_getsockname ||
             r->call == CALL_getpeername) &&
            r->argument[1] && (r->argument[2] == 0 || r->argument[2] > 65536))
            return text(
                "%s() was told that there is room for %lld bytes of address: set the length "
                "to the size of the struct before each call.",
                call_name(r), (long long)(int)r->argument[2]);
    }
    return NULL;
}

const char *talks_to_door(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r && r->error == ENOTCONN && is_about(e, i, LISTENER))
            return text("%s(%lld) is used on the listening socket: what is said and heard goes "
                        "through the client's socket, which accept() returned.",
                        call_name(r), (long long)r->argument[0]);
    }
    return NULL;
}

const char *accept_was_fatal(const struct evidence *e)
{
    size_t i = last_own(e);
    while (i != NONE && (ends_process(own(e, i)) || own(e, i)->call == CALL_close))
        i = own_before(e, i);
    if (i == NONE || !e->program->ended || !unbroken(e, i, NONE))
        return NULL;
    const struct probe_record *r = own(e, i);
    if (r->call != CALL_accept && r->call != CALL_accept4)
        return NULL;
    if (r->error == ECONNABORTED || r->error == EINTR || r->error == EMFILE || r->error == ENFILE)
        return text("A failed accept() (%s) ended the program. That passes: the server goes on.",
                    strerrorname_np(r->error));
    return NULL;
}

/* Of a name's addresses IPv6 comes first; an IPv4 address may well have been the only one. */
const char *first_address_only(const struct evidence *e)
{
    size_t failed = 0, i = NONE;
    for (size_t j = 0; j < e->count; j++)
        if (own(e, j) && own(e, j)->call == CALL_connect) {
            failed += own(e, j)->result == -1;
            i = j;
        }
    if (failed != 1 || i == NONE || !complete(e) || own(e, i)->error != ECONNREFUSED ||
        !e->program->ended || own(e, i)->address_length < 2 || own(e, i)->address[0] != AF_INET6)
        return NULL;
    return "connect() failed for one address, and no other was tried: a name can have several "
           "(getaddrinfo() returns a list), and the first that connects counts.";
}

const char *reuse_after_bind(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || r->call != CALL_setsockopt || r->argument[1] != SOL_SOCKET ||
            r->argument[2] != SO_REUSEADDR)
            continue;
        for (size_t j = 0; j < i; j++) {
            const struct probe_record *b = own(e, j);
            if (b && b->call == CALL_bind && object_of(e, j) == object_of(e, i) &&
                object_of(e, i) != -1 && unbroken(e, j, i))
                return "SO_REUSEADDR was set after bind(), which is too late: set it before.";
        }
    }
    return NULL;
}

/* The kernel's tables do not show the address, and the socket that had it is gone. */
const char *bound_then_closed(const struct evidence *e)
{
    if (e->program->ended || !complete(e) ||
        !(strstr(e->symptom->came, "can be bound by others") ||
          strstr(e->symptom->came, "no such socket")))
        return NULL;
    for (size_t i = e->count; i-- > 0;) {
        const struct probe_record *r = own(e, i);
        if (!r || r->call != CALL_bind || !returned(r, 0) || object_of(e, i) == -1)
            continue;
        size_t closed = NONE;
        for (size_t j = i + 1; j < e->count; j++)
            if (own(e, j) && own(e, j)->call == CALL_close && returned(own(e, j), 0) &&
                object_of(e, j) == object_of(e, i))
                closed = j;
        return closed == NONE || is_held(e, object_of(e, i))
                   ? NULL
                   : text("The socket was closed%s: it has its address only as long as it is open.",
                          at_line(e, closed));
    }
    return NULL;
}

const char *no_reuse(const struct evidence *e)
{
    size_t i = last_failure(e, CALL_bind, EADDRINUSE);
    if (i == NONE || !complete(e))
        return NULL;
    if (object_of(e, i) != -1 && e->account->ledger->object[object_of(e, i)].datagram)
        return NULL; /* which knows no TIME_WAIT */
    for (size_t j = 0; j < i; j++)
        if (own(e, j) && own(e, j)->call == CALL_setsockopt &&
            own(e, j)->argument[2] == SO_REUSEADDR)
            return NULL;
    return "bind() failed with EADDRINUSE. If only old connections rest there in TIME_WAIT, "
           "SO_REUSEADDR, set before bind(), makes it succeed.";
}

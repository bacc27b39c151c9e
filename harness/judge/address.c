/*
 * address.c - addresses as strings, and free ports.
 *
 * A port that is kept for a step lies outside the kernel's ephemeral range, so that no other
 * socket is given it by chance, and is reserved by a Unix-domain socket with an abstract name,
 * which vanishes with the test process: several judges on one machine do not collide.
 */
#include "peer.h"

#include "address.h"
#include "processes.h"
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PORT = 10000 };

const char *address(const char *host, int port)
{
    return strchr(host, ':') ? text("[%s]:%d", host, port) : text("%s:%d", host, port);
}

const char *port_text(int port)
{
    return text("%d", port);
}

int port_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    char *end;
    long port = colon ? strtol(colon + 1, &end, 10) : -1;
    return colon && *end == '\0' && end != colon + 1 && port >= 0 && port <= 65535 ? (int)port : -1;
}

const char *host_of(const char *address)
{
    const char *colon = strrchr(address, ':');
    int length = colon ? (int)(colon - address) : (int)strlen(address);
    if (address[0] == '[' && length > 1 && address[length - 1] == ']')
        return text("%.*s", length - 2, address + 1);
    return text("%.*s", length, address);
}

socklen_t parse_address(const char *address, struct sockaddr_storage *parsed)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)parsed;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)parsed;
    const char *host = host_of(address);
    int port = port_of(address);
    memset(parsed, 0, sizeof *parsed);
    if (port == -1)
        return 0;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((in_port_t)port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((in_port_t)port);
        return sizeof *v6;
    }
    return 0;
}

const char *address_text(const struct sockaddr_storage *from)
{
    char host[INET6_ADDRSTRLEN];
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        return address(host, ntohs(v4->sin_port));
    }
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        return address(host, ntohs(v6->sin6_port));
    }
    return "?";
}

static bool can_bind(const char *where, int type)
{
    struct sockaddr_storage parsed;
    socklen_t length = parse_address(where, &parsed);
    int fd = socket(parsed.ss_family, type | SOCK_CLOEXEC, 0);
    bool bound = fd != -1 && bind(fd, (struct sockaddr *)&parsed, length) == 0;
    if (fd != -1)
        close(fd);
    return bound;
}

bool has_ipv6(void)
{
    return can_bind("[::1]:0", SOCK_STREAM);
}

bool localhost_is(const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    bool found = false;
    if (getaddrinfo("localhost", NULL, &hints, &list) != 0)
        return false;
    for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        char name[NI_MAXHOST];
        if (getnameinfo(ai->ai_addr, ai->ai_addrlen, name, sizeof name, NULL, 0, NI_NUMERICHOST) ==
                0 &&
            strcmp(name, host) == 0)
            found = true;
    }
    freeaddrinfo(list);
    return found;
}

/* Reserves the port among all judges of this machine; the descriptor stays open on purpose. */
static bool reserve(int port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "plumbline-port-%d", port);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    if (fd != -1 && bind(fd, (struct sockaddr *)&name, size) == 0)
        return true;
    if (fd != -1)
        close(fd);
    return false;
}

static bool nobody_is_at(const char *host, int port)
{
    return can_bind(address(host, port), SOCK_STREAM) && can_bind(address(host, port), SOCK_DGRAM);
}

static int first_ephemeral_port(void)
{
    char range[64];
    int first = 32768;
    if (read_proc(range, sizeof range, "/proc/sys/net/ipv4/ip_local_port_range") > 0)
        sscanf(range, "%d", &first);
    return first > FIRST_PORT + 1000 ? first : 32768;
}

static bool is_free(int port)
{
    return nobody_is_at("0.0.0.0", port) && (!has_ipv6() || nobody_is_at("::", port));
}

int free_port(void)
{
    static int next;
    int range = first_ephemeral_port() - FIRST_PORT;
    if (next == 0)
        next = (int)((unsigned)getpid() * 7919U % (unsigned)range);
    for (int i = 0; i < range; i++) {
        int port = FIRST_PORT + (next++ % range);
        int swapped = (port & 0xff) << 8 | port >> 8;
        if (port == swapped || swapped < 1024 || !reserve(port))
            continue;
        if (is_free(port))
            return port;
    }
    cannot_judge("no free port between %d and %d", FIRST_PORT, FIRST_PORT + range);
}

int free_port_with_name(void)
{
    enum { MOST = 512, FIRST_FOR_ALL = 1024, FIRST_OF_FIVE_DIGITS = 10000 };
    int named[MOST], count = 0;
    setservent(1);
    for (struct servent *service; count < MOST && (service = getservent());) {
        int port = ntohs((in_port_t)service->s_port);
        if (strcmp(service->s_proto, "tcp") == 0 && port >= FIRST_FOR_ALL &&
            port < FIRST_OF_FIVE_DIGITS)
            named[count++] = port;
    }
    endservent();
    for (int i = 0; i < count; i++) { /* each judge begins elsewhere */
        int port = named[((unsigned)getpid() * 7919U + (unsigned)i) % (unsigned)count];
        if (reserve(port) && is_free(port))
            return port;
    }
    return 0;
}

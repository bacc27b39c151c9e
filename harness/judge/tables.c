/*
 * tables.c - what the kernel's tables of sockets say (see world.h). Linux only.
 *
 * Of a socket that listens the kernel tells by netlink (sock_diag(7)), which costs no more than a
 * look. What it does not find like that, or where it has no netlink, stands in /proc/net: to read
 * that costs the kernel a walk through all connections there could be.
 */
#include "address.h"
#include "step.h"
#include "world.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTENS = 0x0A }; /* TCP_LISTEN, as the kernel numbers it */

/* --- by netlink --- */

static bool ask_for_listener(int kernel, const struct sockaddr_storage *at)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 wish;
    } question = {.header = {.nlmsg_len = sizeof question,
                             .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                             .nlmsg_flags = NLM_F_REQUEST}};
    struct inet_diag_sockid *id = &question.wish.id;
    question.wish.sdiag_family = (unsigned char)at->ss_family;
    question.wish.sdiag_protocol = IPPROTO_TCP;
    question.wish.idiag_states = 1U << LISTENS;
    id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (at->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
        id->idiag_sport = v4->sin_port;
        memcpy(id->idiag_src, &v4->sin_addr, sizeof v4->sin_addr);
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;
        id->idiag_sport = v6->sin6_port;
        memcpy(id->idiag_src, &v6->sin6_addr, sizeof v6->sin6_addr);
    }
    return send(kernel, &question, sizeof question, 0) == (ssize_t)sizeof question;
}

/* The listener that would get a connection to this address may have a wildcard for its own: that
 * is another one. */
static bool is_at(const struct inet_diag_msg *found, const struct sockaddr_storage *at)
{
    if (found->idiag_state != LISTENS || found->idiag_family != at->ss_family)
        return false;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;
    return at->ss_family == AF_INET
               ? memcmp(found->id.idiag_src, &v4->sin_addr, sizeof v4->sin_addr) == 0
               : memcmp(found->id.idiag_src, &v6->sin6_addr, sizeof v6->sin6_addr) == 0;
}

static bool find_listener(const char *address, struct tcp_socket *found)
{
    struct sockaddr_storage at;
    union {
        struct nlmsghdr header;
        char room[1024];
    } answer;
    if (parse_address(address, &at) == 0)
        return false;
    int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (kernel == -1)
        return false;
    ssize_t length =
        ask_for_listener(kernel, &at) ? recv(kernel, &answer, sizeof answer, MSG_DONTWAIT) : -1;
    close(kernel);
    const struct inet_diag_msg *listener = NLMSG_DATA(&answer.header);
    if (length < (ssize_t)NLMSG_LENGTH(sizeof *listener) ||
        answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY || !is_at(listener, &at))
        return false;
    *found = (struct tcp_socket){.found = true,
                                 .listens = true,
                                 .waiting = (int)listener->idiag_rqueue,
                                 .backlog = (int)listener->idiag_wqueue};
    return true;
}

/* --- by /proc/net --- */

/* An address as /proc/net/tcp and tcp6 write it: words of 32 bits in the machine's order. */
static const char *table_form(const char *address)
{
    struct sockaddr_storage parsed;
    if (parse_address(address, &parsed) == 0)
        return NULL;
    if (parsed.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&parsed;
        return text("%08X:%04X", v4->sin_addr.s_addr, ntohs(v4->sin_port));
    }
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&parsed;
    uint32_t word[4];
    memcpy(word, &v6->sin6_addr, sizeof word);
    return text("%08X%08X%08X%08X:%04X", word[0], word[1], word[2], word[3], ntohs(v6->sin6_port));
}

/* Opens /proc/net/PROTOCOL, or the one for IPv6, and finds the form in which it has the address. */
static FILE *open_table(const char *protocol, const char *address, const char **wanted)
{
    *wanted = table_form(address);
    if (!*wanted)
        return NULL;
    return fopen(text("/proc/net/%s%s", protocol, strchr(address, '[') ? "6" : ""), "re");
}

bool udp_socket_at(const char *address)
{
    const char *wanted;
    FILE *table = open_table("udp", address, &wanted);
    char line[512], local[64];
    bool found = false;
    while (table && !found && fgets(line, sizeof line, table))
        found = sscanf(line, " %*d: %63s", local) == 1 && strcmp(local, wanted) == 0;
    if (table)
        fclose(table);
    return found;
}

struct tcp_socket tcp_socket_at(const char *address)
{
    struct tcp_socket found = {0};
    if (find_listener(address, &found))
        return found;
    const char *wanted;
    FILE *table = open_table("tcp", address, &wanted);
    char line[512], small[128];
    if (table) /* Listeners come first; what is not asked for (each read() fills its buffer) costs
                * the kernel a walk through all connections there could be. */
        setvbuf(table, small, _IOFBF, sizeof small);
    while (!found.listens && table && fgets(line, sizeof line, table)) {
        char local[64];
        unsigned state, to_send, to_read;
        if (sscanf(line, " %*d: %63s %*s %x %x:%x", local, &state, &to_send, &to_read) != 4 ||
            strcmp(local, wanted) != 0)
            continue;
        bool listens = state == LISTENS;
        if (found.found && !listens)
            continue;
        found = (struct tcp_socket){
            .found = true, .listens = listens, .waiting = listens ? (int)to_read : 0};
    }
    if (table)
        fclose(table);
    return found;
}

/*
 * tables.c - what the kernel's tables of sockets say (see world.h). Linux only.
 *
 * Of a socket that listens, and of the UDP sockets at a port, the kernel tells by netlink
 * (sock_diag(7)). Where it does not, they stand in /proc/net, which is second best: to read of TCP
 * costs the kernel a walk through all connections there could be, and what comes in more than one
 * read() can lack a socket that was there all the time, for the kernel counts its way to the place
 * where it was, and others have gone meanwhile.
 */
#include "address.h"
#include "step.h"
#include "world.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* States, as the kernel numbers them. A UDP socket has the second or, if it is connected, the
 * first. */
enum { ESTABLISHED = 1, CLOSE = 7, CLOSE_WAIT = 8, LISTENS = 10 };

enum presence { UNKNOWN, ABSENT, PRESENT };

union answer { /* from the kernel, aligned for its first header */
    struct nlmsghdr header;
    char room[8192];
};

/* --- by netlink --- */

static void put_end(const struct sockaddr_storage *at, __be16 *port, __be32 address[4])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)at;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)at;
    *port = at->ss_family == AF_INET ? v4->sin_port : v6->sin6_port;
    if (at->ss_family == AF_INET)
        memcpy(address, &v4->sin_addr, sizeof v4->sin_addr);
    else
        memcpy(address, &v6->sin6_addr, sizeof v6->sin6_addr);
}

/* Asks for sockets at this address: its listener, or all at its port, or the one that is connected
 * to `remote` (may be NULL), and its struct tcp_info. Returns the netlink socket that the answer
 * comes by, or -1. */
static int ask(const struct sockaddr_storage *at, const struct sockaddr_storage *remote,
               int protocol, uint32_t states, uint16_t flags)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 wish;
    } question = {.header = {.nlmsg_len = sizeof question,
                             .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                             .nlmsg_flags = NLM_F_REQUEST | flags}};
    struct inet_diag_sockid *id = &question.wish.id;
    question.wish.sdiag_family = (unsigned char)at->ss_family;
    question.wish.sdiag_protocol = (unsigned char)protocol;
    question.wish.idiag_states = states;
    id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    put_end(at, &id->idiag_sport, id->idiag_src);
    if (remote) {
        put_end(remote, &id->idiag_dport, id->idiag_dst);
        question.wish.idiag_ext = 1 << (INET_DIAG_INFO - 1);
    }
    int kernel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (kernel != -1 && send(kernel, &question, sizeof question, 0) != (ssize_t)sizeof question) {
        close(kernel);
        kernel = -1;
    }
    return kernel;
}

/* Whether the address is its own. Another socket's may be a wildcard, or another host of this
 * machine. */
static bool is_at(const struct inet_diag_msg *found, const struct sockaddr_storage *at)
{
    if (found->idiag_family != at->ss_family)
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
    union answer answer;
    if (parse_address(address, &at) == 0)
        return false;
    int kernel = ask(&at, NULL, IPPROTO_TCP, 1U << LISTENS, 0);
    ssize_t length = kernel == -1 ? -1 : recv(kernel, &answer, sizeof answer, MSG_DONTWAIT);
    if (kernel != -1)
        close(kernel);
    const struct inet_diag_msg *listener = NLMSG_DATA(&answer.header);
    if (length < (ssize_t)NLMSG_LENGTH(sizeof *listener) ||
        answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY || listener->idiag_state != LISTENS ||
        !is_at(listener, &at))
        return false;
    *found = (struct tcp_socket){.found = true,
                                 .listens = true,
                                 .waiting = (int)listener->idiag_rqueue,
                                 .backlog = (int)listener->idiag_wqueue};
    return true;
}

/* Bytes that have come, of the struct tcp_info in an answer of so many bytes; 0 if none is there.
 */
static unsigned long long bytes_come(const union answer *answer, size_t length)
{
    const struct inet_diag_msg *found = NLMSG_DATA(&answer->header);
    const struct rtattr *part = (const struct rtattr *)(found + 1);
    size_t left = length - NLMSG_LENGTH(sizeof *found);
    for (; RTA_OK(part, left); part = RTA_NEXT(part, left)) {
        struct tcp_info info = {.tcpi_bytes_received = 0}; /* an old kernel knows less */
        if (part->rta_type == INET_DIAG_INFO) {
            size_t known = RTA_PAYLOAD(part);
            memcpy(&info, RTA_DATA(part), known < sizeof info ? known : sizeof info);
            return info.tcpi_bytes_received;
        }
    }
    return 0;
}

unsigned long long tcp_bytes_given(int fd)
{
    struct tcp_info info = {.tcpi_bytes_sent = 0};
    socklen_t length = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == -1 || info.tcpi_bytes_sent == 0)
        return 0;
    return info.tcpi_bytes_sent - info.tcpi_bytes_retrans + info.tcpi_notsent_bytes;
}

bool tcp_queues(const char *local, const char *remote, struct tcp_queues *queues)
{
    struct sockaddr_storage here, there;
    union answer answer;
    if (parse_address(local, &here) == 0 || parse_address(remote, &there) == 0)
        return false;
    int kernel = ask(&here, &there, IPPROTO_TCP, 1U << ESTABLISHED | 1U << CLOSE_WAIT, 0);
    ssize_t length = kernel == -1 ? -1 : recv(kernel, &answer, sizeof answer, MSG_DONTWAIT);
    if (kernel != -1)
        close(kernel);
    const struct inet_diag_msg *found = NLMSG_DATA(&answer.header);
    if (length < (ssize_t)NLMSG_LENGTH(sizeof *found) ||
        answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        (found->idiag_state != ESTABLISHED && found->idiag_state != CLOSE_WAIT))
        return false;
    *queues = (struct tcp_queues){.unread = found->idiag_rqueue,
                                  .unsent = found->idiag_wqueue,
                                  .come = bytes_come(&answer, (size_t)length)};
    return true;
}

/* Looks through a part of the answer. Returns whether it was the last part, or no answer at all. */
static bool look_through(const union answer *answer, size_t length,
                         const struct sockaddr_storage *at, enum presence *presence)
{
    for (const struct nlmsghdr *part = &answer->header; NLMSG_OK(part, length);
         part = NLMSG_NEXT(part, length)) {
        if (part->nlmsg_type == NLMSG_DONE)
            *presence = *presence == UNKNOWN ? ABSENT : *presence;
        else if (part->nlmsg_type == SOCK_DIAG_BY_FAMILY && is_at(NLMSG_DATA(part), at))
            *presence = PRESENT;
        if (part->nlmsg_type == NLMSG_DONE || part->nlmsg_type == NLMSG_ERROR)
            return true;
    }
    return false;
}

/* Whether a UDP socket has this address; UNKNOWN where the kernel does not answer. */
static enum presence find_udp_socket(const char *address)
{
    enum presence presence = UNKNOWN;
    struct sockaddr_storage at;
    union answer answer;
    if (parse_address(address, &at) == 0)
        return ABSENT;
    int kernel = ask(&at, NULL, IPPROTO_UDP, 1U << ESTABLISHED | 1U << CLOSE, NLM_F_DUMP);
    if (kernel == -1)
        return UNKNOWN;
    ssize_t length;
    do
        length = recv(kernel, &answer, sizeof answer, MSG_DONTWAIT);
    while (length > 0 && !look_through(&answer, (size_t)length, &at, &presence));
    close(kernel);
    return presence;
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
    enum presence presence = find_udp_socket(address);
    if (presence != UNKNOWN)
        return presence == PRESENT;
    const char *wanted;
    FILE *table = open_table("udp", address, &wanted);
    char line[512], local[64], page[4096]; /* the kernel gives no more at a time */
    bool found = false;
    if (table)
        setvbuf(table, page, _IOFBF, sizeof page);
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

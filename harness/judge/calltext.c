/*
 * calltext.c - one recorded call as a C programmer would write it down (see calls.h).
 */
#include "calls.h"

#include "program.h"
#include "world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { SHORT_DATA = 16 }; /* bytes of data that are shown in a line */

struct word {
    int value;
    const char *name;
};

#define WORD(name)                                                                                 \
    {                                                                                              \
        name, #name                                                                                \
    }

static const char *word_of(const struct word *words, int value)
{
    for (; words->name; words++)
        if (words->value == value)
            return words->name;
    return text("%d", value);
}

static const char *family(int value)
{
    static const struct word words[] = {WORD(AF_INET), WORD(AF_INET6), WORD(AF_UNIX), {0, NULL}};
    return word_of(words, value);
}

static const char *socket_type(int value)
{
    static const struct word words[] = {
        WORD(SOCK_STREAM), WORD(SOCK_DGRAM), WORD(SOCK_SEQPACKET), {0, NULL}};
    return word_of(words, value & ~(SOCK_NONBLOCK | SOCK_CLOEXEC));
}

static const char *option(int level, int value)
{
    static const struct word socket_level[] = {
        WORD(SO_REUSEADDR), WORD(SO_REUSEPORT), WORD(SO_RCVTIMEO), WORD(SO_SNDTIMEO),
        WORD(SO_LINGER),    WORD(SO_RCVBUF),    WORD(SO_SNDBUF),   WORD(SO_KEEPALIVE),
        WORD(SO_ERROR),     WORD(SO_TYPE),      WORD(SO_DOMAIN),   {0, NULL}};
    if (level == SOL_SOCKET)
        return word_of(socket_level, value);
    if (level == IPPROTO_IPV6 && value == IPV6_V6ONLY)
        return "IPV6_V6ONLY";
    if (level == IPPROTO_TCP && value == TCP_NODELAY)
        return "TCP_NODELAY";
    return text("%d", value);
}

static const char *address_text(const struct probe_record *record)
{
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    sa_family_t which = 0;
    if (record->address_length < sizeof which)
        return "an address";
    memcpy(&which, record->address, sizeof which);
    if (which == AF_INET && record->address_length >= sizeof in) {
        memcpy(&in, record->address, sizeof in);
        return text("%s:%d", inet_ntop(AF_INET, &in.sin_addr, host, sizeof host),
                    ntohs(in.sin_port));
    }
    if (which == AF_INET6 && record->address_length >= sizeof in6) {
        memcpy(&in6, record->address, sizeof in6);
        return text("[%s]:%d", inet_ntop(AF_INET6, &in6.sin6_addr, host, sizeof host),
                    ntohs(in6.sin6_port));
    }
    if (which == AF_UNIX)
        return shown((struct bytes){record->address + 2, strnlen((const char *)record->address + 2,
                                                                 record->address_length - 2u)});
    return text("family %d", which);
}

/* Paths in the step's own folder, and those that are longer than a record holds, without the
 * folders. */
static const char *path_text(const struct probe_record *record)
{
    return shown(bytes_of(path_given(record)));
}

/* The bytes of a small message; ".." for more. */
static const char *data_text(const struct probe_record *record, long long moved, bool wanted)
{
    if (!wanted || moved <= 0 || moved > SHORT_DATA || record->data_length < moved)
        return "..";
    return shown((struct bytes){record->data, (size_t)moved});
}

static const char *how_shut(long long how)
{
    static const struct word words[] = {WORD(SHUT_RD), WORD(SHUT_WR), WORD(SHUT_RDWR), {0, NULL}};
    return word_of(words, (int)how);
}

static const char *limit_text(const char *before, long long milliseconds)
{
    return milliseconds < 0 ? "" : text("%s%lld ms", before, milliseconds);
}

const char *call_text(const struct account *account, size_t i, bool with_data)
{
    const struct probe_record *record = &account->transcript->record[i];
    const long long *a = (const long long *)record->argument;
    const char *name = call_name(record);
    switch (record->call) {
    case CALL_socket:
        return text("socket(%s, %s)", family((int)a[0]), socket_type((int)a[1]));
    case CALL_bind:
    case CALL_connect:
        return text("%s(%lld, %s)", name, a[0], address_text(record));
    case CALL_sendto:
        if (record->address_length == 0)
            return text("sendto(%lld, %s, %lld)", a[0],
                        data_text(record, record->result, with_data), a[2]);
        return text("sendto(%lld, %s, %lld, %s)", a[0],
                    data_text(record, record->result, with_data), a[2], address_text(record));
    case CALL_send:
    case CALL_write:
    case CALL_writev:
    case CALL_sendmsg:
    case CALL_mq_send:
    case CALL_mq_timedsend:
    case CALL_msgsnd:
        return text("%s(%lld, %s, %lld)", name, a[0],
                    data_text(record, record->result == 0 ? a[2] : record->result, with_data),
                    a[2]);
    case CALL_recv:
    case CALL_recvfrom:
    case CALL_recvmsg:
    case CALL_read:
    case CALL_readv:
    case CALL_mq_receive:
    case CALL_mq_timedreceive:
        if (with_data && record->result > 0 && record->result <= SHORT_DATA)
            return text("%s(%lld, %s)", name, a[0], data_text(record, record->result, true));
        return text("%s(%lld)", name, a[0]);
    case CALL_msgrcv:
        return text("msgrcv(%lld, .., %lld, type %lld)", a[0], a[2], a[4]);
    case CALL_setsockopt:
    case CALL_getsockopt:
        return text("%s(%lld, %s)", name, a[0], option((int)a[1], (int)a[2]));
    case CALL_shutdown:
        return text("shutdown(%lld, %s)", a[0], how_shut(a[1]));
    case CALL_listen:
    case CALL_dup2:
    case CALL_dup3:
        return text("%s(%lld, %lld)", name, a[0], a[1]);
    case CALL_sendfile:
        return text("sendfile(%lld, %lld, %lld)", a[0], a[1], a[2]);
    case CALL_pipe:
    case CALL_pipe2:
    case CALL_socketpair:
    case CALL_fork:
    case CALL_wait:
    case CALL_pthread_create:
        return text("%s()", name);
    case CALL_waitpid:
    case CALL_wait4:
        return text("%s(%lld)", name, a[0]);
    case CALL_poll:
    case CALL_ppoll:
        return text("%s(%lld descriptors%s)", name, a[1], limit_text(", ", a[2]));
    case CALL_select:
    case CALL_pselect:
        return text("%s(%s)", name, limit_text("", a[4]));
    case CALL_epoll_wait:
    case CALL_epoll_pwait:
        return text("%s(%lld%s)", name, a[0], limit_text(", ", a[3]));
    case CALL_open:
    case CALL_creat:
    case CALL_mkfifo:
    case CALL_unlink:
    case CALL_mq_open:
    case CALL_mq_unlink:
    case CALL_execve:
    case CALL_execv:
    case CALL_execvp:
    case CALL_execvpe:
    case CALL_execl:
    case CALL_execlp:
    case CALL_execle:
    case CALL_posix_spawn:
    case CALL_posix_spawnp:
        return text("%s(%s)", name, path_text(record));
    case CALL_fcntl:
        return text("fcntl(%lld, %s)", a[0],
                    a[1] == F_SETFL   ? "F_SETFL"
                    : a[1] == F_GETFL ? "F_GETFL"
                    : a[1] == F_SETFD ? "F_SETFD"
                                      : text("%lld", a[1]));
    default:
        return text("%s(%lld)", name, a[0]);
    }
}

const char *result_text(const struct account *account, size_t i)
{
    const struct probe_record *record = &account->transcript->record[i];
    const char *error = record->error ? strerrorname_np(record->error) : NULL;
    if (record->call == CALL_exit || record->call == CALL__exit)
        return "";
    if (is_unfinished(record))
        return "";
    if (record->result == -1)
        return error ? text(" = -1 %s", error) : " = -1";
    switch (record->call) {
    case CALL_pipe:
    case CALL_pipe2:
    case CALL_socketpair:
        return text(" gives %lld and %lld", (long long)record->argument[0],
                    (long long)record->argument[1]);
    case CALL_accept:
    case CALL_accept4:
        if (record->address_length > 0)
            return text(" = %lld, from %s", (long long)record->result, address_text(record));
        break;
    case CALL_getsockname:
    case CALL_getpeername:
        return text(" gives %s", address_text(record));
    default:
        break;
    }
    return text(" = %lld", (long long)record->result);
}

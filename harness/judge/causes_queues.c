/*
 * causes_queues.c - rows of the table of causes (see causes.h): message queues and datagrams.
 */
#include "evidence.h"

#include "program.h"
#include "stage.h"

#include <errno.h>

/* The last failure of the program itself with this errno, in one of up to three calls. */
static const struct probe_record *failed_with(const struct evidence *e, int error,
                                              enum probe_call a, enum probe_call b,
                                              enum probe_call c)
{
    for (size_t i = e->count; i-- > 0;) {
        const struct probe_record *r = own(e, i);
        if (r && r->error == error && (r->call == a || r->call == b || r->call == c))
            return r;
    }
    return NULL;
}

const char *buffer_too_small(const struct evidence *e)
{
    const struct probe_record *r =
        failed_with(e, EMSGSIZE, CALL_mq_receive, CALL_mq_timedreceive, CALL_none);
    return r ? text("%s() was given room for %lld bytes, and the queue's messages may be longer "
                    "(EMSGSIZE, even if none is): ask mq_getattr() for mq_msgsize.",
                    call_name(r), (long long)r->argument[2])
             : NULL;
}

const char *message_too_long(const struct evidence *e)
{
    const struct probe_record *r =
        failed_with(e, EMSGSIZE, CALL_mq_send, CALL_mq_timedsend, CALL_none);
    if (r)
        return text("%s() was given %lld bytes, more than a message of this queue may have "
                    "(mq_msgsize).",
                    call_name(r), (long long)r->argument[2]);
    r = failed_with(e, EMSGSIZE, CALL_send, CALL_sendto, CALL_write);
    return r ? text("%s() was given %lld bytes, more than a datagram can hold (EMSGSIZE).",
                    call_name(r), (long long)r->argument[2])
             : NULL;
}

const char *priority_too_high(const struct evidence *e)
{
    const struct probe_record *r =
        failed_with(e, EINVAL, CALL_mq_send, CALL_mq_timedsend, CALL_none);
    return r && r->argument[3] > 32767 ? text("%s() was given priority %lld: the highest is 32767.",
                                              call_name(r), (long long)r->argument[3])
                                       : NULL;
}

const char *name_without_slash(const struct evidence *e)
{
    for (size_t i = e->count; i-- > 0;) {
        const struct probe_record *r = own(e, i);
        if (r && (r->call == CALL_mq_open || r->call == CALL_mq_unlink) && returned(r, -1) &&
            r->data_length > 0 && r->data[0] != '/')
            return text("The name of a POSIX queue begins with a slash: /%.*s.", r->data_length,
                        (const char *)r->data);
    }
    return NULL;
}

const char *queue_too_long(const struct evidence *e)
{
    const struct probe_record *r = failed_with(e, EINVAL, CALL_mq_open, CALL_none, CALL_none);
    return r && r->argument[2] > 10
               ? text("mq_open() was asked for room for %lld messages, and the system allows 10 "
                      "(/proc/sys/fs/mqueue/msg_max).",
                      (long long)r->argument[2])
               : NULL;
}

const char *type_not_positive(const struct evidence *e)
{
    const struct probe_record *r = failed_with(e, EINVAL, CALL_msgsnd, CALL_none, CALL_none);
    if (r && r->argument[4] <= 0)
        return text("msgsnd() was given a message of type %lld: the type, its first member, a "
                    "long, must be positive.",
                    (long long)r->argument[4]);
    return r && r->argument[2] > 8192
               ? text("msgsnd() was given %lld bytes: a message may have 8192 (msgmax).",
                      (long long)r->argument[2])
               : NULL;
}

const char *room_too_small(const struct evidence *e)
{
    const struct probe_record *r = failed_with(e, E2BIG, CALL_msgrcv, CALL_none, CALL_none);
    return r ? text("msgrcv() was given room for %lld bytes, and the message is longer (E2BIG); it "
                    "stays in the queue.",
                    (long long)r->argument[2])
             : NULL;
}

const char *queue_removed(const struct evidence *e)
{
    const struct probe_record *r = failed_with(e, EIDRM, CALL_msgrcv, CALL_msgsnd, CALL_none);
    return r ? text("%s() failed with EIDRM: the queue was removed. There is nothing left to wait "
                    "for.",
                    call_name(r))
             : NULL;
}

/*
 * record.h - what the probe writes down about a program: the file that both sides map or read.
 *
 * One file belongs to one program that the judge started, with all processes and threads that come
 * of it. The judge makes the file in its full size, writes the header and any rules of weather, and
 * names the file in the program's environment (PLUMBLINE_PROBE). The probe, preloaded into the
 * program, maps it and adds a record for each call: written when the call begins and completed when
 * it returns, so that a record without an end is a call that has not returned.
 *
 *     header | the first PROBE_FIRST records | a ring of the last PROBE_RING records
 *
 * Record number n (from 0) is at index n, or PROBE_FIRST + (n - PROBE_FIRST) % PROBE_RING beyond.
 * The program can write anything into the file: a reader must take every field as a claim, keep
 * each index in bounds, and draw no verdict from it. All numbers are the machine's own.
 */
#ifndef PLUMBLINE_PROBE_RECORD_H
#define PLUMBLINE_PROBE_RECORD_H

#include <stdint.h>

enum {
    PROBE_VERSION = 1,
    PROBE_FIRST = 512,   /* records kept from the beginning */
    PROBE_RING = 1536,   /* and from the end */
    PROBE_IMAGES = 64,   /* program files that can be told apart */
    PROBE_RULES = 8,     /* weather */
    PROBE_DATA = 48,     /* bytes of data or path kept */
    PROBE_ADDRESS = 28,  /* bytes of a socket address kept: all of an IPv6 one */
    PROBE_ARGUMENTS = 5, /* the first of a call */
    PROBE_PLACES = 4,    /* return addresses */
};
#define PROBE_MAGIC 0x31656e696c626d70ULL /* "pmbline1" */

/* Every call that is recorded; new ones go to the end. A fortified build's __read_chk is a read. */
/* clang-format off */
#define PROBE_CALLS(X) \
    X(none) X(socket) X(socketpair) X(bind) X(listen) X(accept) X(accept4) X(connect) \
    X(shutdown) X(setsockopt) X(getsockopt) X(getsockname) X(getpeername) X(send) X(sendto) \
    X(sendmsg) X(recv) X(recvfrom) X(recvmsg) X(read) X(write) X(readv) X(writev) X(sendfile) \
    X(close) X(dup) X(dup2) X(dup3) X(pipe) X(pipe2) X(open) X(creat) X(mkfifo) X(unlink) \
    X(fork) X(execve) X(execv) X(execvp) X(execvpe) X(execl) X(execlp) X(execle) X(fexecve) \
    X(posix_spawn) X(posix_spawnp) X(wait) X(waitpid) X(wait3) X(wait4) X(waitid) X(poll) \
    X(ppoll) X(select) X(pselect) X(epoll_wait) X(epoll_pwait) X(epoll_ctl) X(mq_open) \
    X(mq_close) X(mq_unlink) X(mq_send) X(mq_timedsend) X(mq_receive) X(mq_timedreceive) \
    X(mq_getattr) X(msgget) X(msgsnd) X(msgrcv) X(msgctl) X(pthread_create) X(exit) X(_exit) \
    X(start) X(fcntl) X(printf) X(fprintf) X(puts) X(fputs) X(fwrite) X(fflush) X(perror)
/* clang-format on */

#define PROBE_ENUMERATOR(name) CALL_##name,
enum probe_call { PROBE_CALLS(PROBE_ENUMERATOR) PROBE_CALL_COUNT };

/*
 * One call. `argument` holds its arguments in the order of its prototype; pointers as numbers, and
 * in these calls something else, in the place of the pointer:
 *     pipe, pipe2, socketpair  the two descriptors, as arguments 0 and 1 (once it has returned)
 *     accept, getsockname ...  argument 2 is the length that went in
 *     setsockopt, getsockopt   argument 3 is the value, if it is an int
 *     wait, waitpid, wait4     argument 1 is the status (once it has returned)
 *     open                     argument 1 is flags, 2 is mode
 *     readv, writev, sendmsg, recvmsg   argument 2 is the number of bytes asked for
 *     mq_open                  argument 1 is flags, 2 is mq_maxmsg and 3 is mq_msgsize if given
 *     msgsnd, msgrcv           argument 4 is the message's type
 *     fcntl                    argument 2 is the third argument, whatever it means
 *     printf, fputs, fflush ...  argument 0 is the stream's descriptor, 2 the number of bytes; data
 *                              is the text; recorded in stories only (stdio.c)
 * `start` is no call: a process began to run a program file; argument 0 is its parent, data the
 * first words of its command line, with a NUL after each.
 */
struct probe_record {
    uint64_t number;             /* n + 1; 0: never written; written last */
    uint64_t began_ns, ended_ns; /* CLOCK_MONOTONIC; ended_ns is 0 until it returns */
    int32_t process, thread;     /* PID and TID as the program sees them */
    uint16_t call;               /* enum probe_call */
    uint16_t image;              /* index into the header's images */
    uint8_t weather;             /* enum probe_weather: what the test did to it */
    uint8_t data_length;         /* bytes valid in data */
    uint8_t address_length;      /* bytes valid in address */
    uint8_t kind;                /* enum probe_kind, where weather is on order */
    int64_t result;              /* what it returned */
    int32_t error;               /* errno if that was -1 (what it returned, for posix_spawn
                                  * and pthread_create) */
    uint32_t spare;
    uint32_t place[PROBE_PLACES];      /* return addresses, innermost first, relative to the
                                        * image's base; 0: unknown or outside the image */
    int64_t argument[PROBE_ARGUMENTS]; /* see above */
    uint8_t data[PROBE_DATA];          /* the first bytes moved, or of struct pollfd; the last ones
                                        * of a path or name */
    uint8_t address[PROBE_ADDRESS];    /* a struct sockaddr that was given or came back */
    uint32_t reserved;
};

/* A program file that some process ran. */
struct probe_image {
    int32_t process;
    uint32_t ready;  /* 1 once the rest is written */
    uint64_t base;   /* where it was loaded: address - base is what addr2line(1) understands */
    uint64_t length; /* of its loaded segments */
    char path[232];  /* NUL-terminated */
};

/* What the test does to a call so that rare weather comes on order. */
enum probe_weather {
    WEATHER_NONE,
    WEATHER_FAIL,  /* it fails with errno `value`, and nothing is done */
    WEATHER_SHORT, /* it is asked to move at most `value` bytes */
    WEATHER_DELAY, /* it begins `value` milliseconds later */
};

/* Calls of one kind, as rules count them. */
enum probe_kind {
    KIND_NONE,
    KIND_ACCEPT, /* accept, accept4 */
    KIND_SEND,   /* send, sendto, sendmsg; write, writev on a socket */
    KIND_RECV,   /* recv, recvfrom, recvmsg; read, readv on a socket */
    KIND_READ,   /* read, readv on anything else */
    KIND_WRITE,  /* write, writev on anything else */
    KIND_FORK,   /* fork; posix_spawn reports as its own what an exec does */
    KIND_THREAD, /* pthread_create */
    KIND_POLL,   /* poll, ppoll, select, pselect, epoll_wait, epoll_pwait */
    KIND_CONNECT,
    KIND_PIPE,
    KIND_WAIT,
    KIND_LISTEN,
};

/* The rule holds for calls number `from` to `to` of that kind, counted from 1 in all processes and
 * threads together; only calls that the program's own image makes count. */
struct probe_rule {
    uint32_t kind;    /* enum probe_kind; KIND_NONE: no rule */
    uint32_t weather; /* enum probe_weather */
    uint32_t from, to;
    int64_t value;
    uint64_t count; /* calls of the kind so far; the probe adds */
};

struct probe_header {
    uint64_t magic;
    uint32_t version, header_size, record_size, spare;
    uint64_t next;   /* number of the next record; the probe adds */
    uint32_t images; /* images claimed so far; may exceed PROBE_IMAGES; the probe adds */
    uint32_t rules;
    struct probe_rule rule[PROBE_RULES];
    int64_t ahead_s;      /* that the program's time of day is ahead; the test sets it */
    uint64_t clock_calls; /* that asked for the time of day; the probe adds */
    struct probe_image image[PROBE_IMAGES];
};

enum { PROBE_HEADER_SIZE = 20480 }; /* whole pages */
_Static_assert(sizeof(struct probe_record) == 192, "the format is fixed");
_Static_assert(sizeof(struct probe_header) <= PROBE_HEADER_SIZE, "the header fits");

#define PROBE_FILE_SIZE                                                                            \
    (PROBE_HEADER_SIZE + (PROBE_FIRST + PROBE_RING) * sizeof(struct probe_record))

#endif

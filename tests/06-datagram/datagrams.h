/*
 * datagrams.h - what all of lab 06's grader shares: bytes, the time, and waits for datagrams.
 */
#ifndef LAB_06_DATAGRAMS_H
#define LAB_06_DATAGRAMS_H

#include "manners.h"
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LONGEST = 512,          /* bytes of a query */
    LARGEST = 65507,        /* bytes of a UDP datagram over IPv4 */
    PATIENT_MS = 60 * 1000, /* a time-out that no step waits for */
    FREQUENT_MS = 10,       /* between two datagrams of a shower */
};

static const char *hosts[] = {"127.0.0.1", "::1"};

static int host_count(void)
{
    return has_ipv6() ? 2 : 1;
}

/* --- bytes --- */

static bool same(struct bytes one, struct bytes two)
{
    return one.length == two.length && memcmp(one.at, two.at, one.length) == 0;
}

static struct bytes both(struct bytes one, struct bytes two)
{
    unsigned char *at = step_memory(one.length + two.length + 1);
    memcpy(at, one.at, one.length);
    memcpy(at + one.length, two.at, two.length);
    return (struct bytes){at, one.length + two.length};
}

/* `length` times the same letter, as a string. */
static const char *letters(char letter, size_t length)
{
    char *at = step_memory(length + 1);
    memset(at, letter, length);
    return at;
}

/* "ID TEXT" */
static struct bytes answer(const char *id, struct bytes text_)
{
    return both(bytes_of(text("%s ", id)), text_);
}

/* True if these 24 characters are the local time of a second between `from` and now. Now is read
 * from the exact clock: time() may lag behind it by some milliseconds, here or in the program. */
static bool is_time_since(time_t from, struct bytes came)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (time_t second = from; second <= now.tv_sec; second++) {
        char expected[64];
        struct tm local;
        localtime_r(&second, &local);
        size_t length = strftime(expected, sizeof expected, "%a %b %e %H:%M:%S %Y", &local);
        if (same(came, (struct bytes){(unsigned char *)expected, length}))
            return true;
    }
    return false;
}

/* What is wrong with 24 characters that should be the time, as far as it can be told. */
static void suspect_by_time(struct bytes came)
{
    time_t now = time(NULL);
    char utc[64];
    struct tm parts;
    gmtime_r(&now, &parts);
    size_t length = strftime(utc, sizeof utc, "%a %b %e %H:", &parts);
    if (came.length > 24 && (came.at[24] == '\n' || came.at[24] == '\r'))
        suspect("The answer ends with the year: no CR and no newline in a datagram, for where it "
                "ends is known.");
    else if (came.length == 24 && came.at[8] == '0')
        suspect("A day below 10 is padded with a space, as ctime() does it: %%e, not %%d.");
    else if (came.length > length && memcmp(came.at, utc, length) == 0)
        suspect("This is the time in UTC: gmtime() where localtime() is asked for.");
    else
        suspect("`time` is answered with 24 characters in ctime()'s form, local time, whether a "
                "text follows or not.");
}

/* --- waits --- */

static bool has_datagram(void *peer)
{
    return has_something_to_say(peer);
}

static bool has_ended(void *program)
{
    return ended_by_now(program);
}

#endif

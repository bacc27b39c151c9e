/*
 * clock.c - the probe's wrappers of the calls that tell the time of day, which is as many seconds
 * ahead as the test says (see struct probe_header). Not recorded: some programs ask all the time.
 */
#define _GNU_SOURCE /* for the coarse clock */
#include "probe.h"

#include <sys/time.h>
#include <time.h>

static struct { /* the functions that come after ours */
    void *time, *clock_gettime, *gettimeofday, *timespec_get;
} known;

#define NEXT(name) ((__typeof__(&name))probe_real_named(&known.name, #name))

/* dlsym() is not for signal handlers and children of vfork(): all are looked up at the start. */
__attribute__((constructor)) static void find_all(void)
{
    (void)NEXT(time);
    (void)NEXT(clock_gettime);
    (void)NEXT(gettimeofday);
    (void)NEXT(timespec_get);
}

static time_t ahead_s(void)
{
    struct probe_header *header = probe_header();
    if (!header)
        return 0;
    __atomic_add_fetch(&header->clock_calls, 1, __ATOMIC_RELAXED);
    return (time_t)__atomic_load_n(&header->ahead_s, __ATOMIC_RELAXED);
}

WRAPPER time_t time(time_t *into)
{
    time_t now = NEXT(time)(NULL) + ahead_s();
    if (into)
        *into = now;
    return now;
}

WRAPPER int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = NEXT(clock_gettime)(clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += ahead_s();
    return result;
}

WRAPPER int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int result = NEXT(gettimeofday)(now, zone);
    if (result == 0)
        now->tv_sec += ahead_s();
    return result;
}

WRAPPER int timespec_get(struct timespec *now, int base)
{
    int result = NEXT(timespec_get)(now, base);
    if (result == TIME_UTC)
        now->tv_sec += ahead_s();
    return result;
}

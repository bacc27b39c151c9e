/*
 * weather.c - makes a call fail, move less than it was asked to, or begin late, where the test has
 * put a rule for it into the file (see struct probe_rule).
 */
#include "probe.h"

#include <errno.h>
#include <time.h>

static void sleep_ms(long milliseconds)
{
    struct timespec rest = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&rest, NULL);
}

void weather_strikes(struct call *call, enum probe_kind kind, struct probe_header *header)
{
    if (kind == KIND_NONE)
        return;
    long delay_ms = 0;
    for (int i = 0; i < PROBE_RULES; i++) {
        struct probe_rule *rule = &header->rule[i];
        if (rule->kind != (uint32_t)kind)
            continue;
        uint64_t count = __atomic_add_fetch(&rule->count, 1, __ATOMIC_RELAXED);
        if (count < rule->from || count > rule->to)
            continue;
        if (rule->weather == WEATHER_DELAY)
            delay_ms = (long)rule->value;
        if (rule->weather != WEATHER_DELAY || call->weather == WEATHER_NONE) {
            call->weather = (uint8_t)rule->weather;
            call->value = (long)rule->value;
            call->record->weather = call->weather;
        }
    }
    if (delay_ms > 0)
        sleep_ms(delay_ms);
}

bool weather_fails(struct call *call)
{
    if (call->weather != WEATHER_FAIL)
        return false;
    errno = (int)call->value;
    return true;
}

size_t weather_size(const struct call *call, size_t n)
{
    return call->weather == WEATHER_SHORT && call->value > 0 && (size_t)call->value < n
               ? (size_t)call->value
               : n;
}

/*
 * clock.h - lab 04: the local time in 24 characters and CR LF, and clients that ask for it.
 */
#ifndef PLUMBLINE_LAB_04_CLOCK_H
#define PLUMBLINE_LAB_04_CLOCK_H

#include "peer.h"
#include "program.h"
#include "step.h"

#include <string.h>
#include <time.h>

enum { TIME_LENGTH = 26 }; /* 24 characters, CR, LF */

/* True if `line` is the local time of a second between `from` and now, by a clock that is ahead.
 * Now is read from the exact clock: time() may lag behind it by some milliseconds, here or in the
 * program. */
static inline bool is_time_ahead(time_t from, int ahead_s, struct bytes line)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (time_t second = from + ahead_s; second <= now.tv_sec + ahead_s; second++) {
        char expected[64];
        struct tm local;
        localtime_r(&second, &local);
        strftime(expected, sizeof expected, "%a %b %e %H:%M:%S %Y\r\n", &local);
        if (line.length == TIME_LENGTH && memcmp(line.at, expected, TIME_LENGTH) == 0)
            return true;
    }
    return false;
}

static inline bool is_time_since(time_t from, struct bytes line)
{
    return is_time_ahead(from, 0, line);
}

static inline void suspect_an_early_time(void)
{
    suspect("This time was taken before the client came: ask for it after accept(), for each "
            "client anew.");
}

static inline bool is_time_of_last_minute(struct bytes line)
{
    return is_time_since(time(NULL) - 60, line);
}

/* What is wrong with a line that should be the time, as far as it can be told. */
static inline void suspect_by(struct bytes line)
{
    time_t now = time(NULL);
    char utc[64];
    struct tm parts;
    gmtime_r(&now, &parts);
    size_t length = strftime(utc, sizeof utc, "%a %b %e %H:", &parts);
    if (is_time_of_last_minute(line))
        suspect_an_early_time();
    else if (line.length == 25 && line.at[24] == '\n')
        suspect("The line ends with LF alone; the protocol wants CR LF, \"\\r\\n\".");
    else if (line.length > TIME_LENGTH && memchr(line.at, '\0', line.length))
        suspect("More than the line was sent: the length given to send() is the buffer's, not "
                "the text's.");
    else if (line.length == TIME_LENGTH && memcmp(line.at, utc, length) == 0)
        suspect("This is the time in UTC: gmtime() where localtime() is asked for.");
    else if (line.length == TIME_LENGTH && line.at[8] == '0')
        suspect("A day below 10 is padded with a space, as ctime() does it: %%e, not %%d.");
    else
        suspect("Send 24 characters in ctime()'s form and CR LF, all 26 bytes and no more.");
}

static inline void expect_the_time(struct peer *client, time_t from)
{
    struct bytes line = hear_all(client);
    if (is_time_since(from, line))
        return;
    if (line.length == 0)
        suspect("The server closed the connection without sending the line.");
    else
        suspect_by(line);
    fail_step("the local time in 24 characters and CR LF",
              line.length ? shown(line) : "an end of file at once");
}

/* One client that is served and leaves: a server may look after one until it has. */
static inline void expect_service(const char *where)
{
    time_t from = time(NULL);
    struct peer *client = join(where);
    expect_the_time(client, from);
    hang_up(client);
}

/* Whoever comes later gets a later time: the server's clock is set while it waits. */
static inline void expect_own_time(struct program *server, const char *where)
{
    enum { AHEAD_S = 1000 };
    tried("let the clock go on while the server waited, and connected");
    wait_until_idle(server);
    bool heeds = set_clock_ahead(server, AHEAD_S);
    suspect("The server must go on with the next client.");
    time_t from = time(NULL);
    struct peer *client = join(where);
    struct bytes line = hear_all(client);
    suspect_an_early_time();
    expect_that(
        is_time_ahead(from, heeds ? AHEAD_S : 0, line), "the time at which the client came", "%s",
        is_time_of_last_minute(line) ? text("%s, an earlier one", shown(line)) : shown(line));
    hang_up(client);
    set_clock_ahead(server, 0);
}

#endif

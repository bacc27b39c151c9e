/*
 * cost.c - nanoseconds of processor time that a send() and a recv() of 64 bytes take, for
 * tests/bench/probe-cost.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

int main(void)
{
    enum { ROUNDS = 100000 };
    int pair[2];
    char bytes[64] = {0};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
        return 1;
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++)
        if (send(pair[0], bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes ||
            recv(pair[1], bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
            return 1;
    printf("%.0f\n", (now_ns() - start) / ROUNDS / 2);
    return 0;
}

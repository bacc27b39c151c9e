/*
 * weather.h - inside the judge: the words of a launch's .weather become rules for the probe.
 *
 *     accept 1 ECONNABORTED; send 2-5 short 100; recv 3- delay 20
 *
 * KIND WHICH WHAT, separated by semicolons. KIND: accept, send, recv (on sockets, whatever the
 * call), read, write (on anything else), fork, thread, poll, connect, pipe, wait, listen. WHICH:
 * the calls of that kind, counted from 1 in all processes of the program: 2, 2-5, 2- (and all that
 * follow). WHAT: an errno's name (the call fails and does nothing), `short BYTES` (it moves at most
 * that many) or `delay MILLISECONDS` (it begins that much later; with another rule for the same
 * call, it is late and fails: how a signal interrupts a wait). An accept() that fails with
 * ECONNABORTED waits for a client first, and leaves it in the queue.
 */
#ifndef PLUMBLINE_WEATHER_H
#define PLUMBLINE_WEATHER_H

#include "../probe/record.h"

/* Fills in rule[PROBE_RULES]; words that mean nothing end the step as an error. Returns how many.
 */
int weather_rules(const char *words, struct probe_rule *rule);

#endif

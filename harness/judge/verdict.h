/*
 * verdict.h - the channel on which a step tells the runner how it went.
 *
 * The runner makes a FIFO and names it in PLUMBLINE_VERDICT. The test process opens it and removes
 * the name before any student code runs, and makes itself undumpable, so that no student process
 * can reach the open end. The verdict is one record of `key NUL value NUL` pairs, closed by the
 * key "end": a record without it does not count.
 */
#ifndef PLUMBLINE_VERDICT_H
#define PLUMBLINE_VERDICT_H

/* Opens the channel. Returns 0, or -1 with errno. */
int verdict_open(void);

/* Adds a pair to the record. A NULL or empty value is left out. */
void verdict_add(const char *key, const char *value);

/* Sends the record. Returns 0, or -1 with errno. Later calls do nothing. */
int verdict_send(void);

#endif

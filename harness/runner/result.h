/*
 * result.h - inside the runner: result.json, and what is remembered between runs.
 */
#ifndef PLUMBLINE_RESULT_H
#define PLUMBLINE_RESULT_H

#include "course.h"

/* Writes result.json, version 1. Returns 0, or -1 with errno. */
int result_write(const struct course *course, const char *tier, const char *path);

/* Writes one line for each step to a descriptor, for the program that called: fields KEY=VALUE
 * between tabs, with \\ \t \n \r for these characters in values. Returns 0, or -1 with errno. */
int result_send(const struct course *course, const char *tier, int fd);

/* Remembers how a lab's steps went (for next, hint and progress); failing to is no failure. */
void result_remember(const struct course *course, const struct lab *lab);

/* Fills in the outcomes' status from the last run, if it is newer than the lab's programs and
 * the steps. Returns true if so. */
bool result_recall(const struct course *course, struct lab *lab);

#endif

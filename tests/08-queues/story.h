/*
 * story.h - lab 08's story for `make trace`; part of steps.c, which is long enough.
 */
#ifndef LAB_08_STORY_H
#define LAB_08_STORY_H

#include "posix.h"
#include "sysv.h"

STORY("three messages wait, the most urgent comes first, and the queue is removed")
{
    const char *name = queue_name();
    tried("put two lines with priority 3 into a new queue; put ends, they stay");
    put(name, "3", BYTES("first\nsecond\n"));
    tried("put one with priority 7");
    put(name, "7", BYTES("urgent\n"));
    tried("got them, the most urgent first, until none came for 100 ms");
    struct program *get = start_get(name, 100);
    expect_output(get, BYTES("7 urgent\n3 first\n3 second\n"));
    expect_exit(get, 0);
    tried("removed the queue");
    expect_exit(start("pmq", "rm", name), 0);

    const char *path = queue_path(PROJECT);
    tried("put lines of the types 5 and 2 into a System V queue");
    svq_put(path, "5", BYTES("five\n"));
    svq_put(path, "2", BYTES("two\n"));
    tried("got the lowest type up to 9, then removed the queue with what is left in it");
    expect_svq_got(path, "-9", BYTES("2 two\n"));
    expect_exit(start("svq", "rm", path), 0);
}

#endif

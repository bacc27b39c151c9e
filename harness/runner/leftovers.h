/*
 * leftovers.h - message queues that a step's test process was going to remove, had it lived.
 *
 * In a sealed box queues end with it. Elsewhere they stay until somebody removes them, so the test
 * process notes each in the file `queues` of the box's folder before it is made: a line `posix
 * NAME` or `sysv KEY` (see ../judge/queues.h).
 */
#ifndef PLUMBLINE_LEFTOVERS_H
#define PLUMBLINE_LEFTOVERS_H

/* Removes the queues that stand in the box's folder; most often there are none left. */
void leftovers_remove(const char *home);

/* Marks the folder of a run (BUILD/scratch/PID) as in use, until the descriptor that it returns is
 * closed here and in the children that have it. Returns -1 where that cannot be done: then nobody
 * will sweep the folder. */
int leftovers_mark(const char *folder);

/* Looks into the folders of runs that were killed with all their boxes: removes the queues noted
 * there, and the folders. */
void leftovers_sweep(const char *build);

#endif

/*
 * leftovers.c - removes queues that nobody else removes any more (see leftovers.h). Linux only.
 *
 * Programs under test can reach the list where boxes are not sealed. So a name counts only if it is
 * one of the judge's own; and a key is no more than these programs could remove themselves.
 */
#include "leftovers.h"

#include "text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- queues --- */

static void remove_queue(char *line)
{
    static const char posix[] = "posix /", own[] = "plumbline-", sysv[] = "sysv ";
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, posix, sizeof posix - 1) == 0) {
        const char *name = line + sizeof posix - 1; /* the system call wants it without the slash */
        if (strncmp(name, own, sizeof own - 1) == 0)
            syscall(SYS_mq_unlink, name);
    } else if (strncmp(line, sysv, sizeof sysv - 1) == 0) {
        key_t key = (key_t)strtol(line + sizeof sysv - 1, NULL, 10);
        int queue = key == IPC_PRIVATE ? -1 : msgget(key, 0);
        if (queue != -1)
            msgctl(queue, IPC_RMID, NULL);
    }
}

void leftovers_remove(const char *home)
{
    char line[256];
    FILE *list = fopen(text("%s/queues", home), "re");
    while (list && fgets(line, sizeof line, list))
        remove_queue(line);
    if (list)
        fclose(list);
}

/* --- runs of the past --- */

int leftovers_mark(const char *folder)
{
    const char *mark = text("%s/mark", folder), *fresh = text("%s/mark.new", folder);
    int fd = open(fresh, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    /* It gets its name when it is locked, so nobody ever sees it free while we live. */
    if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0 && rename(fresh, mark) == 0)
        return fd;
    if (fd != -1)
        close(fd);
    return -1;
}

/* A process ID says nothing here: in another container it may be somebody else's. */
static bool is_in_use(const char *folder)
{
    int fd = open(text("%s/mark", folder), O_RDWR | O_CLOEXEC);
    if (fd == -1)
        return true; /* it is just being made, or removed */
    bool is_free = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return !is_free;
}

static void sweep_run(const char *folder)
{
    DIR *boxes = opendir(folder);
    for (struct dirent *box; boxes && (box = readdir(boxes));)
        if (box->d_name[0] != '.')
            leftovers_remove(text("%s/%s", folder, box->d_name));
    if (boxes)
        closedir(boxes);
    remove_tree(folder);
}

void leftovers_sweep(const char *build)
{
    const char *all = text("%s/scratch", build);
    DIR *runs = opendir(all);
    for (struct dirent *run; runs && (run = readdir(runs));) {
        const char *folder = text("%s/%s", all, run->d_name);
        if (run->d_name[0] != '.' && !is_in_use(folder))
            sweep_run(folder);
    }
    if (runs)
        closedir(runs);
}

/*
 * queues.c - names and keys for message queues (see queues.h). Linux only: reads /proc.
 */
#include "queues.h"

#include "program.h"
#include "stage.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { OWNER_ONLY = 0600, FILES = 64, SMALL_MESSAGES = 8, SMALL_SIZE = 256 };

/* --- what has to be removed --- */

static void forget_posix(void *name)
{
    mq_unlink(name);
}

static void forget_sysv(void *key)
{
    int queue = msgget(*(key_t *)key, 0);
    if (queue != -1)
        msgctl(queue, IPC_RMID, NULL);
}

static bool is_of_this_step(pid_t process)
{
    for (struct program *program = the_stage()->programs; program; program = program->next)
        if (program->pid == process)
            return true;
    return false;
}

/* A program may have taken another key: also removed is what its processes sent to or received
 * from, if it was made since the step began. */
static void forget_stray_sysv(void *began)
{
    char line[512];
    FILE *table = fopen("/proc/sysvipc/msg", "re");
    while (table && fgets(line, sizeof line, table)) {
        int queue, sender, receiver;
        long long changed;
        if (sscanf(line, "%*d %d %*o %*u %*u %d %d %*u %*u %*u %*u %*u %*u %lld", &queue, &sender,
                   &receiver, &changed) == 4 &&
            changed >= *(time_t *)began && (is_of_this_step(sender) || is_of_this_step(receiver)))
            msgctl(queue, IPC_RMID, NULL);
    }
    if (table)
        fclose(table);
}

/* The list that the box reads if this process does not get to the end of the step. */
static const char *list_path(void)
{
    return text("%s/../queues", scratch_path(""));
}

static void forget_list(void *path)
{
    unlink(path);
}

/* Adds a line to the list. A sealed box needs none: its queues end with it. */
static void note(const char *line)
{
    static bool is_begun;
    const char *path = list_path();
    if (getenv("PLUMBLINE_SEALED"))
        return;
    if (!is_begun)
        at_step_end(forget_list, (void *)path); /* after all queues are removed */
    is_begun = true;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, OWNER_ONLY);
    if (fd == -1 || write(fd, line, strlen(line)) != (ssize_t)strlen(line))
        cannot_judge("cannot write %s: %s", path, reason(errno));
    close(fd);
}

/* --- POSIX --- */

static long limit_of(const char *name)
{
    long limit = -1;
    FILE *file = fopen(text("/proc/sys/fs/mqueue/%s", name), "re");
    if (file && fscanf(file, "%ld", &limit) != 1)
        limit = -1;
    if (file)
        fclose(file);
    return limit;
}

/* A privileged judge is refused nothing, but its programs are. */
static void need_limits(long messages, long size)
{
    long most = limit_of("msg_max"), longest = limit_of("msgsize_max");
    if (most != -1 && most < messages)
        cannot_judge("a queue of %ld messages is not allowed here: /proc/sys/fs/mqueue/msg_max is "
                     "%ld",
                     messages, most);
    if (longest != -1 && longest < size)
        cannot_judge("messages of %ld bytes are not allowed here: /proc/sys/fs/mqueue/msgsize_max "
                     "is %ld",
                     size, longest);
}

static void blame_machine_for_posix(int error) NO_RETURN;
static void blame_machine_for_posix(int error)
{
    struct rlimit limit = {0};
    getrlimit(RLIMIT_MSGQUEUE, &limit);
    if (error == ENOSYS)
        cannot_judge("this system has no POSIX message queues (mq_open: %s)", reason(error));
    if (error == EMFILE)
        cannot_judge("no room for a POSIX message queue: all queues of this user may take %llu "
                     "bytes together (RLIMIT_MSGQUEUE, `ulimit -q`), and others use them",
                     (unsigned long long)limit.rlim_cur);
    if (error == ENOSPC)
        cannot_judge("no room for a POSIX message queue: there are as many as this machine allows "
                     "(/proc/sys/fs/mqueue/queues_max)");
    cannot_judge("no POSIX message queue can be made here (mq_open: %s)", reason(error));
}

void need_room_for_posix_queue(long messages, long size)
{
    const char *name = text("/plumbline-room-%d", getpid());
    struct mq_attr attributes = {.mq_maxmsg = messages, .mq_msgsize = size};
    need_limits(messages, size);
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_CLOEXEC, OWNER_ONLY, &attributes);
    if (queue == (mqd_t)-1)
        blame_machine_for_posix(errno);
    mq_unlink(name);
    mq_close(queue);
}

/* In a sealed box there are no queues but the step's own, so a short name will do. */
const char *queue_name(void)
{
    static int count;
    unsigned random = 0;
    need_room_for_posix_queue(SMALL_MESSAGES, SMALL_SIZE);
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = (unsigned)time(NULL);
    const char *name = text("/queue-%d", ++count);
    if (!getenv("PLUMBLINE_SEALED"))
        name = text("/plumbline-%d-%08x-%d", getpid(), random, count);
    note(text("posix %s\n", name));
    at_step_end(forget_posix, (void *)name);
    return name;
}

/* --- System V --- */

static void blame_machine_for_sysv(int error) NO_RETURN;
static void blame_machine_for_sysv(int error)
{
    if (error == ENOSYS)
        cannot_judge("this system has no System V message queues (msgget: %s)", reason(error));
    if (error == ENOSPC)
        cannot_judge("no room for a System V message queue: there are as many as this machine "
                     "allows (/proc/sys/kernel/msgmni; `ipcs -q` lists them)");
    cannot_judge("no System V message queue can be made here (msgget: %s)", reason(error));
}

void need_room_for_sysv_queue(void)
{
    int queue = msgget(IPC_PRIVATE, OWNER_ONLY);
    if (queue == -1)
        blame_machine_for_sysv(errno);
    msgctl(queue, IPC_RMID, NULL);
}

/* ftok() takes 16 bits of the file's inode number: others may have the same key. Then another file
 * is made, while this one keeps its number. */
const char *queue_path(int project)
{
    static time_t began;
    static int count;
    need_room_for_sysv_queue();
    if (count == 0) {
        began = time(NULL) - 1;
        at_step_end(forget_stray_sysv, &began);
    }
    for (int i = 0; i < FILES; i++) {
        const char *path = text("file-%d", ++count);
        make_file(scratch_path(path), BYTES(""));
        key_t *key = step_memory(sizeof *key);
        *key = ftok(scratch_path(path), project);
        if (*key == -1 || msgget(*key, 0) != -1 || errno != ENOENT)
            continue;
        note(text("sysv %ld\n", (long)*key));
        at_step_end(forget_sysv, key);
        return path;
    }
    cannot_judge("no file in %s has a key that no queue has (see `ipcs -q`)", scratch_path(""));
}

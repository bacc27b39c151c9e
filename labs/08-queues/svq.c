/*
 * svq - puts lines into a System V message queue, and gets one out by its type.
 *
 *     svq put PATH TYPE    sends each line of standard input as one message of this type
 *     svq get PATH TYPE    prints one message as `TYPE TEXT`: the oldest of this type; if TYPE is
 *                          0, the oldest of all; if it is -N, the lowest type up to N
 *     svq rm PATH          removes the queue
 *
 * Programs that want the same queue agree on a file: ftok() makes a key of it, msgget() finds the
 * queue with that key. The file is never opened. Like a queue of pmq, the queue needs no process;
 * unlike there, it is known by a number that is no descriptor, and nothing closes it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/types.h>

enum { USAGE = 2, MODE = 0600, LONGEST = 1024, PROJECT = 'p' };

struct message { /* as msgsnd() and msgrcv() want it */
    long type;   /* greater than 0 */
    char text[LONGEST];
};

struct job {
    const char *path; /* the file that the key is made of */
    long type;        /* TYPE */
    const char *call; /* what failed, when a function below returned -1 */
};

/* Finds the queue, or makes it: what msgget() does with these flags. Returns its number. */
static int find_queue(struct job *job, int flags)
{
    int queue = -1;
    job->call = "ftok";
    /* TODO 6: ftok() makes a key of job->path and PROJECT, or returns -1: then do so, too.
     * msgget() returns the number of the queue with that key; `flags` tells it whether to
     * make one. See ftok(3) and msgget(2). */
    (void)flags;
    errno = ENOSYS;
    return queue;
}

/* --- put --- */

/* Sends one message; waits while the queue is full. */
static int send_message(struct job *job, int queue, const char *text, size_t length)
{
    struct message message = {.type = job->type};
    job->call = "a line over 1024 bytes";
    if (length > sizeof message.text) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(message.text, text, length);
    job->call = "msgsnd";
    /* TODO 6: send the message. The size that msgsnd() wants is that of the text alone, for
     * the type is not counted. Without IPC_NOWAIT it waits while the queue is full. If a
     * signal interrupted it (EINTR), send again; any other failure is one: return -1. See
     * msgop(2). */
    (void)queue;
    errno = ENOSYS;
    return -1;
    return 0;
}

/* Sends each line of standard input, without its newline. */
static int send_lines(struct job *job, int queue)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    int result = 0;
    while (result == 0 && (length = getline(&line, &size, stdin)) != -1) {
        size_t text = (size_t)length;
        if (line[text - 1] == '\n')
            text--;
        result = send_message(job, queue, line, text);
    }
    if (result == 0 && ferror(stdin)) {
        job->call = "getline";
        result = -1;
    }
    int error = errno;
    free(line);
    errno = error;
    return result;
}

static int put(struct job *job)
{
    int queue = -1;
    /* TODO 6: find the queue, and make it with MODE if there is none: which flags does
     * msgget() want for that? The umask plays no part here. */
    queue = find_queue(job, 0);
    return queue == -1 ? -1 : send_lines(job, queue);
}

/* --- get --- */

/* Takes one message out of the queue, if there is one. Returns the length of its text. */
static ssize_t take_message(struct job *job, int queue, struct message *message)
{
    ssize_t length = -1;
    job->call = "msgrcv";
    /* TODO 7: msgrcv() chooses by job->type and fills in the message, its type as well. A
     * flag lets it fail with ENOMSG instead of waiting. Another one lets it cut a text that
     * is too long: what happens to such a message without it? See msgop(2). */
    (void)queue;
    (void)message;
    errno = ENOSYS;
    return length;
}

static int print_message(struct job *job, const struct message *message, size_t length)
{
    job->call = "write";
    /* TODO 7: print `TYPE TEXT` and a newline: the type that the message has, not the one
     * that was asked for. The text is no string. */
    (void)message;
    (void)length;
    return fflush(stdout) == EOF || ferror(stdout) ? -1 : 0;
}

static int get(struct job *job)
{
    struct message message;
    int queue = find_queue(job, 0);
    if (queue == -1)
        return -1;
    ssize_t length = take_message(job, queue, &message);
    return length == -1 ? -1 : print_message(job, &message, (size_t)length);
}

/* --- rm --- */

static int rm(struct job *job)
{
    /* TODO 8: find the queue (do not make one), and remove it with IPC_RMID. Whoever waits
     * for it is woken up with EIDRM. See msgctl(2). */
    job->call = "msgctl";
    errno = ENOSYS;
    return -1;
}

/* --- what was asked for --- */

/* Reads a number from -INT_MAX to INT_MAX: decimal digits, perhaps behind a minus. */
static int read_number(const char *word, long *number)
{
    int is_negative = word[0] == '-';
    const char *digits = word + is_negative;
    long long value = 0;
    if (!*digits)
        return -1;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return -1;
        value = value * 10 + (*digits - '0');
        if (value > INT_MAX)
            return -1;
    }
    *number = (long)(is_negative ? -value : value);
    return 0;
}

int main(int argc, char *argv[])
{
    struct job job = {.call = ""};
    const char *verb = argc > 1 ? argv[1] : "";
    int puts_in = argc == 4 && strcmp(verb, "put") == 0;
    int gets_out = argc == 4 && strcmp(verb, "get") == 0;
    int removes = argc == 3 && strcmp(verb, "rm") == 0;
    int is_right = puts_in || gets_out || removes;
    if (puts_in || gets_out)
        is_right = read_number(argv[3], &job.type) == 0 && (gets_out || job.type > 0);
    if (!is_right) {
        fprintf(stderr, "usage: svq put PATH TYPE | svq get PATH TYPE | svq rm PATH\n");
        return USAGE;
    }
    job.path = argv[2];
    int result = puts_in ? put(&job) : gets_out ? get(&job) : rm(&job);
    if (result == -1)
        fprintf(stderr, "svq: %s: %s\n", job.call, strerror(errno));
    return result == -1 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * pmq - puts lines into a POSIX message queue, and gets them out again.
 *
 *     pmq put NAME PRIORITY      sends each line of standard input as one message
 *     pmq get NAME TIMEOUT_MS    prints each message as `PRIORITY TEXT`, until none comes in time
 *     pmq rm NAME                removes the queue
 *
 * The queue lies in the kernel under its name. It needs no process: what was put today can be got
 * tomorrow, if nobody removed the queue and the machine runs on. So put and get are partners that
 * need not meet. svq does the same with the other kind of queue.
 *
 *     put -> [ 7 urgent | 3 first | 3 second ] -> get
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

enum { USAGE = 2, MODE = 0600, MESSAGES = 8, MESSAGE_SIZE = 256 };

struct job {
    const char *name; /* the queue's */
    long number;      /* PRIORITY or TIMEOUT_MS */
    const char *call; /* what failed, when a function below returned -1 */
};

static const mqd_t NO_QUEUE = (mqd_t)-1;

/* Closes the queue. Keeps errno for whoever still has to report it. */
static void close_queue(mqd_t queue)
{
    int error = errno;
    mq_close(queue);
    errno = error;
}

/* --- put --- */

/* Opens the queue for sending, and makes it if there is none. */
static mqd_t open_to_send(struct job *job)
{
    mqd_t queue = NO_QUEUE;
    job->call = "mq_open";
    // BEGIN SOLUTION
    struct mq_attr attributes = {.mq_maxmsg = MESSAGES, .mq_msgsize = MESSAGE_SIZE};
    queue = mq_open(job->name, O_WRONLY | O_CREAT, MODE, &attributes);
    // STUB: /* TODO 1: open the queue job->name for writing; with O_CREAT it is made if there is
    // STUB:  * none. Then two more arguments count: the MODE, and a struct mq_attr that asks for
    // STUB:  * room for MESSAGES messages of MESSAGE_SIZE bytes. A queue that exists keeps its own.
    // STUB:  * See mq_open(3) and mq_overview(7). */
    // STUB: errno = ENOSYS;
    // END SOLUTION
    return queue;
}

/* Sends one message; waits while the queue is full. */
static int send_message(struct job *job, mqd_t queue, const char *text, size_t length)
{
    job->call = "mq_send";
    // BEGIN SOLUTION
    while (mq_send(queue, text, length, (unsigned)job->number) == -1)
        if (errno != EINTR)
            return -1;
    // STUB: /* TODO 2: send the `length` bytes of `text` with the priority job->number. mq_send()
    // STUB:  * waits by itself while the queue is full. It fails if the message or the priority is
    // STUB:  * too large: return -1 then. If a signal interrupted it (EINTR), send again. See
    // STUB:  * mq_send(3). */
    // STUB: (void)queue;
    // STUB: (void)text;
    // STUB: (void)length;
    // END SOLUTION
    return 0;
}

/* Sends each line of standard input, without its newline. */
static int send_lines(struct job *job, mqd_t queue)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length = 0;
    int result = 0;
    while (result == 0 && (length = getline(&line, &size, stdin)) != -1) {
        size_t text = (size_t)length;
        // BEGIN SOLUTION
        if (line[text - 1] == '\n')
            text--;
        // STUB: /* TODO 2: getline() keeps the newline, which is no part of the message. The last
        // STUB:  * line may have none. */
        // END SOLUTION
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
    mqd_t queue = open_to_send(job);
    if (queue == NO_QUEUE)
        return -1;
    int result = send_lines(job, queue);
    close_queue(queue);
    return result;
}

/* --- get --- */

/* Finds out how long a message of this queue can be. */
static int ask_size(struct job *job, mqd_t queue, size_t *size)
{
    job->call = "mq_getattr";
    // BEGIN SOLUTION
    struct mq_attr attributes;
    if (mq_getattr(queue, &attributes) == -1)
        return -1;
    *size = (size_t)attributes.mq_msgsize;
    // STUB: /* TODO 3: somebody else may have made the queue, with longer messages. The kernel
    // STUB:  * refuses a buffer that is shorter than the longest message that the queue allows,
    // STUB:  * whatever lies in it. Ask the queue: mq_getattr(3). */
    // STUB: (void)queue;
    // STUB: *size = MESSAGE_SIZE;
    // END SOLUTION
    return 0;
}

/* The moment that is `milliseconds` from now, on the clock that mq_timedreceive() looks at. */
static struct timespec moment_in(long milliseconds)
{
    struct timespec moment = {0};
    // BEGIN SOLUTION
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_sec += milliseconds / 1000;
    moment.tv_nsec += milliseconds % 1000 * 1000000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_nsec -= 1000000000;
        moment.tv_sec++;
    }
    // STUB: /* TODO 4: mq_timedreceive() does not want to know how long, but until when: a moment on
    // STUB:  * CLOCK_REALTIME, in seconds and nanoseconds since 1970. As it stands, all moments have
    // STUB:  * long passed. Nanoseconds over 999,999,999 are refused (EINVAL): carry them over. See
    // STUB:  * clock_gettime(2) and mq_receive(3). */
    // STUB: (void)milliseconds;
    // END SOLUTION
    return moment;
}

/* Takes one message out of the queue. Returns its length, or -1: with ETIMEDOUT if none came in
 * time. */
static ssize_t take_message(struct job *job, mqd_t queue, char *text, size_t size,
                            unsigned *priority)
{
    struct timespec end = moment_in(job->number);
    ssize_t length = -1;
    job->call = "mq_timedreceive";
    // BEGIN SOLUTION
    do
        length = mq_timedreceive(queue, text, size, priority, &end);
    while (length == -1 && errno == EINTR);
    // STUB: /* TODO 3: mq_timedreceive() takes the message with the highest priority, among equals
    // STUB:  * the oldest, into `text`; it waits until `end` for one, and fills in its priority. If a
    // STUB:  * signal interrupted it (EINTR), call it again. See mq_receive(3). */
    // STUB: (void)queue;
    // STUB: (void)text;
    // STUB: (void)size;
    // STUB: (void)priority;
    // STUB: (void)end;
    // STUB: errno = ENOSYS;
    // END SOLUTION
    return length;
}

static int print_message(struct job *job, unsigned priority, const char *text, size_t length)
{
    job->call = "write";
    // BEGIN SOLUTION
    printf("%u ", priority);
    fwrite(text, 1, length, stdout);
    putchar('\n');
    // STUB: /* TODO 3: print `PRIORITY TEXT` and a newline. The text is no string: it has `length`
    // STUB:  * bytes and no NUL behind them. See printf(3) and fwrite(3). */
    // STUB: (void)priority;
    // STUB: (void)text;
    // STUB: (void)length;
    // END SOLUTION
    // BEGIN SOLUTION
    if (fflush(stdout) == EOF || ferror(stdout))
        return -1;
    // STUB: /* TODO 4: into a pipe or a file, stdio writes only when its buffer is full or the
    // STUB:  * program ends. Write the message out now, and return -1 if that failed, or one of the
    // STUB:  * calls above did: stdio remembers it. See fflush(3) and ferror(3). */
    // END SOLUTION
    return 0;
}

/* Prints message after message until none comes in time; `text` has room for the longest. */
static int print_messages(struct job *job, mqd_t queue, char *text, size_t size)
{
    for (;;) {
        unsigned priority = 0;
        ssize_t length = take_message(job, queue, text, size, &priority);
        if (length == -1)
            return errno == ETIMEDOUT ? 0 : -1;
        if (print_message(job, priority, text, (size_t)length) == -1)
            return -1;
    }
}

static int print_from(struct job *job, mqd_t queue)
{
    size_t size = 0;
    if (ask_size(job, queue, &size) == -1)
        return -1;
    job->call = "malloc";
    char *text = malloc(size);
    if (!text)
        return -1;
    int result = print_messages(job, queue, text, size);
    int error = errno;
    free(text);
    errno = error;
    return result;
}

static int get(struct job *job)
{
    job->call = "mq_open";
    mqd_t queue = mq_open(job->name, O_RDONLY);
    if (queue == NO_QUEUE)
        return -1;
    int result = print_from(job, queue);
    close_queue(queue);
    return result;
}

/* --- rm --- */

static int rm(struct job *job)
{
    job->call = "mq_unlink";
    // BEGIN SOLUTION
    return mq_unlink(job->name);
    // STUB: /* TODO 5: remove the queue's name, and with it the queue as soon as nobody has it open.
    // STUB:  * See mq_unlink(3). */
    // STUB: errno = ENOSYS;
    // STUB: return -1;
    // END SOLUTION
}

/* --- what was asked for --- */

/* The number that these decimal digits stand for; -1 if they are none, or it is over INT_MAX. */
static long number_from(const char *digits)
{
    long long number = *digits ? 0 : -1;
    for (; *digits; digits++) {
        if (*digits < '0' || *digits > '9')
            return -1;
        number = number * 10 + (*digits - '0');
        if (number > INT_MAX)
            return -1;
    }
    return (long)number;
}

/* Without this, musl would add the slash that is missing, while glibc refuses. */
static int has_slash(struct job *job)
{
    job->call = job->name;
    errno = EINVAL;
    return job->name[0] == '/';
}

int main(int argc, char *argv[])
{
    struct job job = {.call = ""};
    const char *verb = argc > 1 ? argv[1] : "";
    int puts_in = argc == 4 && strcmp(verb, "put") == 0;
    int gets_out = argc == 4 && strcmp(verb, "get") == 0;
    int removes = argc == 3 && strcmp(verb, "rm") == 0;
    if (puts_in || gets_out)
        job.number = number_from(argv[3]);
    if ((!puts_in && !gets_out && !removes) || job.number == -1) {
        fprintf(stderr, "usage: pmq put NAME PRIORITY | pmq get NAME TIMEOUT_MS | pmq rm NAME\n");
        return USAGE;
    }
    job.name = argv[2];
    int result = -1;
    if (has_slash(&job))
        result = puts_in ? put(&job) : gets_out ? get(&job) : rm(&job);
    if (result == -1)
        fprintf(stderr, "pmq: %s: %s\n", job.call, strerror(errno));
    return result == -1 ? EXIT_FAILURE : EXIT_SUCCESS;
}

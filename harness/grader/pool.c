/*
 * pool.c - workers side by side (see pool.h).
 *
 * Each worker is a child that grades one submission and sends its blocks through a pipe. Only this
 * process writes the journal, and only when a worker has ended well, so a verdict is there whole or
 * not at all. Publishing happens in children as well: whatever they allocate goes with them, and
 * memory stays flat however large the class is.
 */
#include "pool.h"

#include "../runner/text.h"
#include "journal.h"
#include "progress.h"
#include "publish.h"
#include "sandbox.h"
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_JOBS = 256, TRIES = 3, MOST_BLOCKS = 16 << 20 };

struct slot {  /* one worker */
    pid_t pid; /* 0: free */
    int pipe;
    size_t submission;
    int tries;
    char *received;
    size_t length, room;
};

struct pool {
    struct grader *grader;
    struct slot slot[MOST_JOBS];
    int busy;
    size_t next;
    struct progress progress;
};

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

/* In a worker: without the ends of pipes that only the grader reads. While a worker held one, it
 * would wait for ever to be read once the grader has given up on it, rather than get EPIPE. */
static void close_pipes(const struct pool *pool, int own)
{
    close(own);
    for (int i = 0; i < pool->grader->jobs; i++)
        if (pool->slot[i].pid > 0)
            close(pool->slot[i].pipe);
}

static int start(struct pool *pool, struct slot *slot)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        return -1;
    fflush(NULL);
    pid_t grader = getpid();
    slot->pid = fork();
    if (slot->pid == 0) {
        const struct submission *submission = &pool->grader->submission[slot->submission];
        die_with(grader);
        close_pipes(pool, ends[0]);
        setpgid(0, 0); /* a terminal's Ctrl-C is for the grader alone */
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        if (slot->tries <= TRIES)
            _exit(work_on(pool->grader, submission, slot->submission, ends[1]));
        slot->received[slot->length] = '\0';
        write_errors(pool->grader, submission, slot->received, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    slot->pipe = ends[0];
    slot->length = 0;
    pool->busy += slot->pid > 0;
    return slot->pid == -1 ? -1 : 0;
}

/* Publishes one person's results in a child. */
static int publish(const struct pool *pool, size_t submission)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(publish_person(pool->grader, &pool->grader->submission[submission]) == 0 ? 0 : errno);
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    return errno == 0 ? 0 : -1;
}

/* Returns 0 at the end of what the worker sends. One that sends without end is ended. */
static int receive(struct slot *slot)
{
    if (slot->room - slot->length < 65536) {
        size_t room = slot->room ? slot->room * 2 : 131072;
        char *larger = room <= MOST_BLOCKS ? realloc(slot->received, room) : NULL;
        if (!larger) {
            kill(slot->pid, SIGKILL);
            return 0;
        }
        slot->received = larger;
        slot->room = room;
    }
    ssize_t length = read(slot->pipe, slot->received + slot->length, slot->room - slot->length - 1);
    if (length == -1 && errno == EINTR)
        return 1;
    slot->length += length > 0 ? (size_t)length : 0;
    return length > 0;
}

/* Cuts what is no block (trouble=...) off the end; true if there was some. */
static bool cut_trouble(struct slot *slot)
{
    slot->received[slot->length] = '\0';
    char *trouble = strncmp(slot->received, "trouble=", 8) == 0
                        ? slot->received
                        : strstr(slot->received, "\ntrouble=");
    if (!trouble)
        return false;
    char *words = strchr(trouble, '=') + 1;
    words[strcspn(words, "\n")] = '\0';
    memmove(slot->received, words, strlen(words) + 1);
    slot->length = strlen(slot->received);
    return true;
}

static bool has_error(const struct grader *grader, size_t submission)
{
    for (int i = 0; i < grader->labs; i++) {
        const struct block *block =
            journal_find(grader->journal, grader->submission[submission].id, grader->lab[i].name);
        if (grader->lab[i].wanted && block && block->error)
            return true;
    }
    return false;
}

/* A worker has ended: 0, or -1 with errno if the verdicts cannot be written. */
static int finish(struct pool *pool, struct slot *slot)
{
    int status;
    close(slot->pipe);
    while (waitpid(slot->pid, &status, 0) == -1 && errno == EINTR)
        if (interrupted)
            kill(slot->pid, SIGKILL);
    slot->pid = 0;
    pool->busy--;
    bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!well) {
        if (slot->length == 0 || !cut_trouble(slot)) {
            const char *words = "the worker that graded it was killed";
            memcpy(slot->received, words, strlen(words) + 1);
            slot->length = strlen(words);
        }
        slot->tries++;
        return start(pool, slot); /* after the last try it tells what was received as the reason */
    }
    if (slot->length > 0 &&
        journal_append(pool->grader->journal, slot->received, slot->length) == -1)
        return -1;
    if (slot->length > 0 && slot->tries < TRIES && has_error(pool->grader, slot->submission)) {
        slot->tries++;
        return start(pool, slot);
    }
    bool fresh = slot->length > 0;
    /* Always: an earlier run may have been killed between its verdicts and their publication. */
    if (publish(pool, slot->submission) == -1)
        return -1;
    progress_step(&pool->progress, pool->grader, slot->submission, fresh);
    return 0;
}

static int wait_for_workers(struct pool *pool)
{
    struct pollfd polled[MOST_JOBS];
    struct slot *whose[MOST_JOBS];
    nfds_t count = 0;
    for (int i = 0; i < pool->grader->jobs; i++) {
        if (pool->slot[i].pid == 0)
            continue;
        polled[count] = (struct pollfd){.fd = pool->slot[i].pipe, .events = POLLIN};
        whose[count++] = &pool->slot[i];
    }
    int ready = poll(polled, count, PROGRESS_MS);
    if (ready <= 0)
        progress_tick(&pool->progress);
    for (nfds_t i = 0; ready > 0 && i < count; i++)
        if (polled[i].revents && receive(whose[i]) == 0 && finish(pool, whose[i]) == -1)
            return -1;
    return 0;
}

static int begin_more(struct pool *pool)
{
    for (int i = 0; i < pool->grader->jobs && pool->next < pool->grader->submissions_count; i++) {
        struct slot *slot = &pool->slot[i];
        if (slot->pid != 0)
            continue;
        slot->submission = pool->next++;
        slot->tries = 1;
        if (start(pool, slot) == -1)
            return -1;
    }
    return 0;
}

static void stop(struct pool *pool)
{
    for (int i = 0; i < pool->grader->jobs; i++)
        if (pool->slot[i].pid > 0)
            kill(pool->slot[i].pid, SIGKILL); /* what it started dies with it */
    for (int i = 0; i < pool->grader->jobs; i++)
        if (pool->slot[i].pid > 0)
            waitpid(pool->slot[i].pid, NULL, 0);
}

int pool_run(struct grader *grader)
{
    static struct pool pool;
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction note = {.sa_handler = note_interrupt};
    for (int i = 0; i < 3; i++)
        sigaction(ends[i], &note, NULL);
    pool.grader = grader;
    progress_begin(&pool.progress, grader->submissions_count);
    int result = 0;
    while (result == 0 && !interrupted) {
        result = begin_more(&pool);
        if (result == -1 || pool.busy == 0)
            break;
        result = wait_for_workers(&pool);
    }
    int error = errno;
    progress_end(&pool.progress);
    if (result == 0 && !interrupted)
        return 0;
    stop(&pool);
    if (interrupted)
        fprintf(stderr, "grade: interrupted; the same command goes on\n");
    else
        fprintf(stderr, "grade: stopped: %s; the same command goes on\n", strerror(error));
    return -1;
}

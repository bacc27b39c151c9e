/*
 * schedule.c - performs the steps (see schedule.h).
 *
 * One box for each step, as many at a time as there are slots. A step need not wait for the one
 * that it builds on: it starts in the hope that this one passes. If it does not pass, the steps
 * that build on it are blocked, whatever came of them until then; what still runs is ended. The
 * verdict of a box counts only if its record is whole (see ../judge/verdict.h); a box that ends
 * without one makes an `error`.
 */
#include "schedule.h"

#include "compile.h"
#include "grade.h"
#include "leftovers.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SLOTS = 32, RECORD_SIZE = 65536, STEP_LIMIT_MS = 120 * 1000 };

struct slot { /* one step that is being performed */
    struct box box;
    struct lab *lab;
    struct step *step; /* NULL: the slot is free */
    int pidfd;
    long long started_us;
};

struct run {
    struct course *course;
    enum tier tier;
    const char *programs, *reference; /* folders of builds */
    struct slot slot[MOST_SLOTS];
    int slots, busy;
};

static volatile sig_atomic_t interrupted;

static void note_interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static long long now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* --- verdicts --- */

static enum status status_of(const char *name)
{
    for (enum status status = PASS; status <= ERROR; status++)
        if (strcmp(name, status_name(status)) == 0)
            return status;
    return ERROR;
}

static void add_line(const char **lines, int most, const char *value)
{
    for (int i = 0; i < most; i++)
        if (!lines[i]) {
            lines[i] = text("%s", value);
            return;
        }
}

static void take_pair(struct outcome *outcome, const char *key, const char *value)
{
    if (strcmp(key, "status") == 0)
        outcome->status = status_of(value);
    else if (strcmp(key, "tried") == 0)
        outcome->tried = text("%s", value);
    else if (strcmp(key, "expected") == 0)
        outcome->expected = text("%s", value);
    else if (strcmp(key, "came") == 0)
        outcome->came = text("%s", value);
    else if (strcmp(key, "cause") == 0)
        outcome->cause = text("%s", value);
    else if (strcmp(key, "remark") == 0)
        outcome->remark = text("%s", value);
    else if (strcmp(key, "ran") == 0)
        add_line(outcome->ran, MOST_PROGRAMS, value);
    else if (strcmp(key, "standing") == 0)
        add_line(outcome->standing, MOST_STANDINGS, value);
    else if (strcmp(key, "call") == 0)
        add_line(outcome->call, MOST_CALLS, value);
}

static bool read_verdict(int fd, struct outcome *outcome)
{
    static char record[RECORD_SIZE + 1];
    struct outcome read_out = {.status = UNTRIED};
    ssize_t length = read(fd, record, RECORD_SIZE);
    if (length <= 0 || record[length - 1] != '\0')
        return false;
    for (char *key = record; key < record + length;) {
        char *value = key + strlen(key) + 1;
        if (strcmp(key, "end") == 0 && read_out.status != UNTRIED) {
            *outcome = read_out;
            return true;
        }
        if (value >= record + length)
            return false;
        take_pair(&read_out, key, value);
        key = value + strlen(value) + 1;
    }
    return false;
}

static void report_error(struct outcome *outcome, const struct box *box, const char *why)
{
    size_t length = 0;
    char *log = read_whole(box->log, &length);
    outcome->status = ERROR;
    outcome->came = text("%s%s%.*s", why, length ? ": " : "", 600, log ? log : "");
    free(log);
}

/* --- one step --- */

static struct slot *free_slot(struct run *run)
{
    for (int i = 0; i < run->slots; i++)
        if (!run->slot[i].step)
            return &run->slot[i];
    return NULL;
}

static void prepare_box(struct run *run, struct slot *slot)
{
    const char *folder = text("%s/scratch/%d", run->course->build, getpid());
    const char *lab = slot->lab->name;
    char **argv = calloc(4, sizeof *argv);
    char **environment = calloc(16, sizeof *environment);
    slot->box = (struct box){.name = text("%s-%d", lab, slot->step->number)};
    slot->box.build = run->course->build;
    slot->box.home = text("%s/%s", folder, slot->box.name);
    slot->box.scratch = text("%s/files", slot->box.home);
    slot->box.log = text("%s/log", slot->box.home);
    slot->box.verdict = text("%s/verdict", slot->box.home);
    argv[0] = text("%s/steps/%s", run->course->build, lab);
    argv[1] = "run";
    argv[2] = text("%d", slot->step->number);
    int count = 0;
    environment[count++] = "PATH=/usr/local/bin:/usr/bin:/bin";
    environment[count++] = "LC_ALL=C";
    environment[count++] = "TZ=PLT-5:45"; /* neither UTC nor a whole hour */
    environment[count++] = text("PLUMBLINE_VERDICT=%s", slot->box.verdict);
    environment[count++] = text("PLUMBLINE_SCRATCH=%s", slot->box.scratch);
    environment[count++] = text("PLUMBLINE_PROGRAMS=%s/%s", run->programs, lab);
    environment[count++] = text("PLUMBLINE_REFERENCE=%s/%s", run->reference, lab);
    const char *probe =
        text("%s/probe/%s", run->course->build, run->course->trace ? "libstory.so" : "libprobe.so");
    if ((!setting("PROBE") || strcmp(setting("PROBE"), "no") != 0) && access(probe, R_OK) == 0)
        environment[count++] = text("PLUMBLINE_PROBE=%s", probe);
    if (run->tier == SEALED)
        environment[count++] = "PLUMBLINE_SEALED=1";
    if (setting("HIDDEN"))
        environment[count++] = text("PLUMBLINE_HIDDEN=%s", setting("HIDDEN"));
    if (setting("ACCUSE"))
        environment[count++] = "PLUMBLINE_ACCUSE=1";
    if (run->course->trace)
        environment[count++] = text("PLUMBLINE_TRACE=%s", run->course->trace);
    slot->box.argv = argv;
    slot->box.environment = environment;
}

static int begin_step(struct run *run, struct lab *lab, struct step *step)
{
    struct slot *slot = free_slot(run);
    slot->lab = lab;
    slot->step = step;
    slot->started_us = now_us();
    prepare_box(run, slot);
    if (box_start(&slot->box, run->tier) == -1)
        return -1;
    slot->pidfd = (int)syscall(SYS_pidfd_open, slot->box.pid, 0);
    run->busy++;
    return 0;
}

static bool is_running(const struct run *run, const struct step *step)
{
    for (int i = 0; i < run->slots; i++)
        if (run->slot[i].step == step)
            return true;
    return false;
}

/* The steps of this lab that build on one that has not passed are blocked. */
static void block_followers(struct run *run, struct lab *lab, const struct step *parent)
{
    for (int i = 0; i < lab->steps; i++) {
        struct step *step = &lab->step[i];
        if (step->after != parent->number || step->outcome.status == BLOCKED)
            continue;
        step->outcome = (struct outcome){.status = BLOCKED};
        step->outcome.came = text("builds on step %d", parent->number);
        block_followers(run, lab, step);
    }
    for (int i = 0; i < run->slots; i++)
        if (run->slot[i].step && run->slot[i].step->outcome.status == BLOCKED)
            box_kill(&run->slot[i].box);
}

static void finish_step(struct run *run, struct slot *slot)
{
    struct step *step = slot->step;
    struct outcome *outcome = &step->outcome;
    while (waitpid(slot->box.pid, NULL, 0) == -1 && errno == EINTR)
        continue;
    if (outcome->status == ERROR) /* set when its time was up */
        report_error(outcome, &slot->box, "the check of this step did not come to an end");
    else if (outcome->status != BLOCKED && !read_verdict(slot->box.verdict_fd, outcome))
        report_error(outcome, &slot->box, "the check of this step ended without a verdict");
    if (outcome->status != BLOCKED)
        outcome->seconds = (double)(now_us() - slot->started_us) / 1e6;
    close(slot->pidfd);
    box_clear(&slot->box);
    slot->step = NULL;
    run->busy--;
    if (outcome->status != PASS && outcome->status != BLOCKED)
        block_followers(run, slot->lab, step);
}

/* --- all of them --- */

/* Finds a step that was not begun yet. */
static bool next_step(struct run *run, struct lab **lab_out, struct step **step_out)
{
    for (int i = 0; i < run->course->labs; i++) {
        struct lab *lab = &run->course->lab[i];
        for (int j = 0; j < lab->steps; j++) {
            struct step *step = &lab->step[j];
            if (step->outcome.status != UNTRIED || is_running(run, step))
                continue;
            *lab_out = lab;
            *step_out = step;
            return true;
        }
    }
    return false;
}

static bool lab_finished(const struct run *run, const struct lab *lab)
{
    for (int i = 0; i < lab->steps; i++)
        if (lab->step[i].outcome.status == UNTRIED || is_running(run, &lab->step[i]))
            return false;
    return true;
}

static void stop_overdue(struct run *run)
{
    for (int i = 0; i < run->slots; i++) {
        struct slot *slot = &run->slot[i];
        if (slot->step && now_us() - slot->started_us > STEP_LIMIT_MS * 1000LL) {
            slot->step->outcome.status = ERROR;
            box_kill(&slot->box);
        }
    }
}

static void wait_for_slots(struct run *run)
{
    struct pollfd polled[MOST_SLOTS];
    struct slot *whose[MOST_SLOTS];
    nfds_t count = 0;
    for (int i = 0; i < run->slots; i++) {
        if (!run->slot[i].step)
            continue;
        polled[count] = (struct pollfd){.fd = run->slot[i].pidfd, .events = POLLIN};
        whose[count++] = &run->slot[i];
    }
    if (poll(polled, count, 1000) == 0)
        stop_overdue(run);
    else
        for (nfds_t i = 0; i < count; i++)
            if (polled[i].revents)
                finish_step(run, whose[i]);
}

static void abandon(struct run *run)
{
    for (int i = 0; i < run->slots; i++)
        if (run->slot[i].step)
            box_kill(&run->slot[i].box);
    for (int i = 0; i < run->slots; i++)
        if (run->slot[i].step)
            finish_step(run, &run->slot[i]);
}

static int run_steps(struct run *run, void (*lab_done)(struct course *, struct lab *))
{
    int done = 0;
    for (;;) {
        struct lab *lab;
        struct step *step;
        while (run->busy < run->slots && next_step(run, &lab, &step))
            if (begin_step(run, lab, step) == -1)
                return -1;
        for (; done < run->course->labs && lab_finished(run, &run->course->lab[done]); done++) {
            if (lab_done && compile_finish(run->course) == -1) /* its report tells of warnings */
                return -1;
            if (lab_done)
                lab_done(run->course, &run->course->lab[done]);
        }
        if (run->busy == 0)
            return 0;
        wait_for_slots(run);
        if (interrupted) {
            errno = EINTR;
            return -1;
        }
    }
}

int schedule_run(struct course *course, enum tier tier, int jobs,
                 void (*lab_done)(struct course *, struct lab *))
{
    struct run run = {.course = course, .tier = tier};
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction note = {.sa_handler = note_interrupt}, before[3];
    for (int i = 0; i < 3; i++)
        sigaction(ends[i], &note, &before[i]);
    run.slots = jobs < MOST_SLOTS ? jobs : MOST_SLOTS;
    run.programs = builds_of(course, course->tree);
    run.reference = builds_of(course, "solutions");
    const char *folder = text("%s/scratch/%d", course->build, getpid());
    if (tier == COOPERATIVE)
        leftovers_sweep(course->build);
    int mark = make_folders(folder) == 0 ? leftovers_mark(folder) : -1;
    int result = run_steps(&run, lab_done);
    int error = errno;
    if (result == -1)
        abandon(&run);
    remove_tree(folder);
    if (mark != -1)
        close(mark);
    for (int i = 0; i < 3; i++)
        sigaction(ends[i], &before[i], NULL);
    errno = error;
    return result;
}

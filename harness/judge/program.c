/*
 * program.c - talking with programs under test, and watching how they end (see program.h).
 */
#include "program.h"

#include "calls.h"
#include "gate.h"
#include "processes.h"
#include "stage.h"
#include "still.h"
#include "story.h"
#include "world.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SANITIZER_EXIT = 99 };

/* --- how it ended or stands --- */

void program_collect(struct program *program)
{
    if (program->ended || waitpid(program->pid, &program->status, WNOHANG) != program->pid)
        return;
    program->ended = true;
    program->ended_ms = now_ms();
    close(program->pidfd);
    program->pidfd = -1;
    the_stage()->events++;
    story_ended(program);
}

static const char *first_error_line(struct program *program)
{
    struct bytes error = buffer_content(&program->complained);
    const unsigned char *end = memchr(error.at, '\n', error.length);
    if (end)
        error.length = (size_t)(end - error.at);
    return error.length ? text(", saying %s", shown(error)) : "";
}

static const char *ending(const struct program *program)
{
    int status = program->status;
    if (WIFSIGNALED(status))
        return text("was killed by SIG%s (%s)%s", sigabbrev_np(WTERMSIG(status)),
                    strsignal(WTERMSIG(status)),
                    WTERMSIG(status) == program->sent ? ", which the test sent" : "");
    if (WEXITSTATUS(status) == SANITIZER_EXIT)
        return "was stopped by the sanitizer";
    return text("ended with exit code %d", WEXITSTATUS(status));
}

const char *program_standing(struct program *program)
{
    program_collect(program);
    const char *owner = program->how->build == REFERENCE ? "the reference " : "";
    if (*owner && program->ended && WIFEXITED(program->status) && WEXITSTATUS(program->status) == 0)
        return NULL; /* as always */
    if (program->ended)
        return text("%s%s %s%s", owner, program->name, ending(program), first_error_line(program));
    const char *waiting = still_describe(program->pid);
    if (!waiting)
        return NULL;
    const char *place =
        *owner ? "" : calls_place(program, program->pid, strncmp(waiting, "is waiting", 10) == 0);
    return text("%s%s %s%s", owner, program->name, waiting, place);
}

/* --- waiting for output --- */

struct awaited { /* what a wait looks for on one program */
    struct program *program;
    size_t length;
};

static bool has_line_or_end(void *context)
{
    struct program *program = ((struct awaited *)context)->program;
    struct bytes said = buffer_content(&program->said);
    return program->output == -1 || memchr(said.at, '\n', said.length);
}

static bool output_has_ended(void *context)
{
    return ((struct awaited *)context)->program->output == -1;
}

static bool has_length_or_end(void *context)
{
    struct awaited *awaited = context;
    return awaited->program->output == -1 ||
           buffer_length(&awaited->program->said) >= awaited->length;
}

static bool has_ended(void *context)
{
    struct awaited *awaited = context;
    program_collect(awaited->program);
    return awaited->program->ended;
}

static const char *what_it_said(void *context)
{
    struct program *program = ((struct awaited *)context)->program;
    struct bytes said = buffer_content(&program->said);
    return said.length ? text("only %s on its standard output", shown(said))
                       : "nothing on its standard output";
}

const char *next_line(struct program *program)
{
    struct awaited awaited = {.program = program};
    the_stage()->asked = program;
    stage_wait(has_line_or_end, &awaited, text("a line from %s", program->name), what_it_said);
    struct bytes said = buffer_content(&program->said);
    const unsigned char *newline = memchr(said.at, '\n', said.length);
    if (!newline) {
        stage_wait(has_ended, &awaited, text("a line from %s", program->name), what_it_said);
        fail_step(text("a line from %s", program->name),
                  said.length ? text("%s without a line end", shown(said)) : "no output");
    }
    size_t length = (size_t)(newline - said.at);
    struct bytes line = buffer_take(&program->said, length + 1);
    ((unsigned char *)line.at)[length] = '\0';
    return (const char *)line.at;
}

void expect_line(struct program *program, const char *format, ...)
{
    char expected[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    const char *line = next_line(program);
    if (strcmp(line, expected) != 0)
        fail_step(text("the line %s", shown(bytes_of(expected))), shown(bytes_of(line)));
}

struct bytes output_so_far(struct program *program)
{
    stage_serve(0);
    return buffer_content(&program->said);
}

struct bytes take_output(struct program *program, size_t length)
{
    struct awaited awaited = {.program = program, .length = length};
    the_stage()->asked = program;
    const char *expected = text("%zu bytes on standard output", length);
    stage_wait(has_length_or_end, &awaited, expected, what_it_said);
    if (buffer_length(&program->said) < length)
        fail_step(expected, text("%zu bytes, then its end", buffer_length(&program->said)));
    return buffer_take(&program->said, length);
}

struct bytes rest_of_output(struct program *program)
{
    struct awaited awaited = {.program = program};
    the_stage()->asked = program;
    stage_wait(output_has_ended, &awaited, text("the end of what %s prints", program->name),
               what_it_said);
    return buffer_take(&program->said, buffer_length(&program->said));
}

void expect_output(struct program *program, struct bytes expected)
{
    struct bytes said = rest_of_output(program);
    if (said.length != expected.length || memcmp(said.at, expected.at, said.length) != 0)
        fail_step(text("%s on standard output", shown(expected)),
                  said.length ? shown(said) : "nothing");
}

void expect_no_more_output(struct program *program)
{
    struct bytes said = rest_of_output(program);
    if (said.length > 0)
        fail_step("no more output", shown(said));
}

struct bytes error_output(struct program *program)
{
    stage_serve(0);
    return buffer_content(&program->complained);
}

/* --- what it is given --- */

void feed(struct program *program, struct bytes bytes)
{
    buffer_append(&program->fed, bytes.at, bytes.length);
    the_stage()->events++;
    stage_serve(0);
}

void end_input(struct program *program)
{
    program->input_ends = true;
    the_stage()->events++;
    stage_serve(0);
}

bool refuse_children(struct program *program, bool refuse)
{
    program->refuses = refuse;
    the_stage()->events++;
    if (program->gate == -1 && refuse)
        remark("without refusing processes, which this machine cannot (no seccomp)");
    return program->gate != -1;
}

void limit_resource(struct program *program, int resource, rlim_t most)
{
    struct rlimit limit;
    int result = prlimit(program->pid, (__rlimit_resource_t)resource, NULL, &limit);
    limit.rlim_cur = most < limit.rlim_max ? most : limit.rlim_max;
    if (result == 0)
        result = prlimit(program->pid, (__rlimit_resource_t)resource, &limit, NULL);
    if (result == 0)
        return;
    int error = errno;
    expect_running(program);
    cannot_judge("prlimit: %s", reason(error));
}

bool wanted_to_kill_all(struct program *program)
{
    return program->killed_all;
}

/* --- how it ends --- */

static bool error_has_ended(void *context)
{
    struct awaited *awaited = context;
    return awaited->program->error == -1;
}

void expect_end_within(long long limit_ms, struct program *program, const char *expected)
{
    struct awaited awaited = {.program = program};
    the_stage()->asked = program;
    stage_wait_within(limit_ms, has_ended, &awaited, expected, NULL);
    /* What it wrote is in the pipes; whoever inherited them may live on, so do not wait for long.
     */
    for (int i = 0; i < 64 && !error_has_ended(&awaited); i++)
        stage_serve(0);
    program_check_sanitizer(program);
}

static void wait_for_end(struct program *program, const char *expected)
{
    expect_end_within(DEADLINE_MS, program, expected);
}

int exit_status(struct program *program)
{
    wait_for_end(program, text("%s to end", program->name));
    return WIFSIGNALED(program->status) ? 128 + WTERMSIG(program->status)
                                        : WEXITSTATUS(program->status);
}

void expect_exit(struct program *program, int code)
{
    const char *expected = text("exit code %d", code);
    wait_for_end(program, text("%s to end with %s", program->name, expected));
    int status = program->status;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
        limit_reached("%s used %d seconds of processor time", program->name, 20);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
        fail_step(expected, WIFEXITED(status) ? text("exit code %d%s", WEXITSTATUS(status),
                                                     first_error_line(program))
                                              : text("%s %s", program->name, ending(program)));
}

void expect_failure(struct program *program, const char *why)
{
    expect_exit(program, 1);
    struct bytes error = error_output(program);
    if (!gives_reason(error, why))
        fail_step(text("\"%s\" on standard error", why), error.length ? shown(error) : "nothing");
}

bool ended_by_now(struct program *program)
{
    stage_serve(0);
    program_collect(program);
    return program->ended;
}

long long ended_ms(struct program *program)
{
    return ended_by_now(program) ? program->ended_ms : -1;
}

void expect_running(struct program *program)
{
    the_stage()->asked = program;
    stage_serve(0);
    program_collect(program);
    if (program->ended)
        fail_step(text("%s to go on", program->name), text("it %s", ending(program)));
}

void terminate(struct program *program)
{
    send_signal(program, SIGTERM);
    wait_for_end(program, text("%s to end at SIGTERM", program->name));
}

/* --- what /proc tells about it --- */

static bool is_moving(pid_t process, void *context)
{
    pid_t threads[MOST_THREADS];
    int count = threads_of(process, threads, MOST_THREADS);
    char letter = 0;
    (void)context;
    for (int i = 0; i < count && (letter == 0 || letter == 'S' || letter == 'Z'); i++)
        letter = letter_of_thread(process, threads[i]);
    return letter != 0 && letter != 'S' && letter != 'Z';
}

bool is_idle(struct program *program)
{
    struct blocked_call call;
    if (program->ended)
        return true;
    if (any_descendant(is_moving, NULL) || !blocked_call(program->pid, program->pid, &call))
        return false;
    return !gate_has_calls(program->gate); /* that call ends as soon as it is answered */
}

static bool sleeps(void *context)
{
    return is_idle(((struct awaited *)context)->program);
}

void wait_until_idle(struct program *program)
{
    struct awaited awaited = {.program = program};
    the_stage()->asked = program;
    wait_until(sleeps, &awaited, text("%s to wait for something", program->name));
}

static bool runs_now(struct program *program)
{
    pid_t threads[MOST_THREADS];
    int count = threads_of(program->pid, threads, MOST_THREADS);
    for (int i = 0; i < count; i++)
        if (letter_of_thread(program->pid, threads[i]) == 'R')
            return true;
    return false;
}

/* A program that spins is found running at nearly every look, and one that asks every millisecond
 * at some of them; both gather processor time, sooner or later. On a busy machine they get less of
 * it: they are watched for longer, as long as they take a good part of the time. */
void expect_rest_since(struct rest rest, int rest_ms)
{
    enum { LOOK_MS = 4, MOST_CPU_MS = 50, GOOD_PART = 10 };
    the_stage()->asked = rest.program;
    bool busy = true; /* until the first look, which there is in any case */
    for (int looks = 1, running = 0; busy || now_ms() < rest.began_ms + rest_ms; looks++) {
        stage_serve(LOOK_MS);
        running += runs_now(rest.program);
        long used = cpu_time_ms(rest.program) - rest.cpu_ms;
        busy = running * 2 > looks || used * GOOD_PART > now_ms() - rest.began_ms;
        if (busy && used > MOST_CPU_MS)
            fail_step("a program that waits without using the processor",
                      text("%ld ms of processor time", used));
    }
}

struct rest begin_rest(struct program *program)
{
    return (struct rest){program, cpu_time_ms(program), now_ms()};
}

void expect_rest(struct program *program, int rest_ms)
{
    expect_rest_since(begin_rest(program), rest_ms);
}

pid_t process_of(struct program *program)
{
    return program->pid;
}

int count_descriptors(struct program *program)
{
    return count_descriptors_of(program->pid);
}

struct family { /* counts the children of one process */
    pid_t parent;
    int alive, zombies;
};

static void count_child(pid_t process, void *context)
{
    struct family *family = context;
    char letter = state_below(process, family->parent);
    family->zombies += letter == 'Z';
    family->alive += letter != 0 && letter != 'Z';
}

int count_children(struct program *program)
{
    struct family family = {.parent = program->pid};
    for_each_descendant(count_child, &family);
    return family.alive;
}

int count_zombies(struct program *program)
{
    struct family family = {.parent = program->pid};
    for_each_descendant(count_child, &family);
    return family.zombies;
}

int count_threads(struct program *program)
{
    pid_t threads[MOST_THREADS];
    return threads_of(program->pid, threads, MOST_THREADS);
}

long cpu_time_ms(struct program *program)
{
    return cpu_time_of_ms(program->pid);
}

long anonymous_kib(struct program *program)
{
    return anonymous_kib_of(program->pid);
}

/* --- the end of the step --- */

static void kill_process(pid_t process, void *context)
{
    (void)context;
    kill(process, SIGKILL);
}

/* Until nobody is left: a process that forks meanwhile is met in the next round. Those that lose
 * their parent become our children (we are their subreaper). */
void stage_clear(void)
{
    bool alone = getenv("PLUMBLINE_SEALED"); /* all processes that we can see are ours */
    for (;;) {
        if (!alone || kill(-1, SIGKILL) == -1)
            for_each_descendant(kill_process, NULL);
        pid_t ended = waitpid(-1, NULL, 0);
        while (ended > 0)
            ended = waitpid(-1, NULL, WNOHANG);
        if (ended == -1 && errno == ECHILD)
            return;
    }
}

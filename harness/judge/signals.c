/*
 * signals.c - signals for programs, and programs that are stopped for a moment (see program.h).
 *
 * A stop is complete when the last thread has stopped: until then one may still take what comes. Of
 * the first process the kernel tells it by waitid(2), of its children the letters in /proc do.
 */
#include "processes.h"
#include "program.h"
#include "stage.h"
#include "world.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char stops[] = "the program to stop at SIGSTOP";

void send_signal(struct program *program, int signal)
{
    if (!program->ended && kill(program->pid, signal) == 0)
        program->sent = signal;
    the_stage()->events++;
}

/* --- stopped --- */

static bool has_stopped(void *context)
{
    struct program *program = context;
    siginfo_t info = {.si_pid = 0};
    program_collect(program);
    return program->ended ||
           (waitid(P_PID, (id_t)program->pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid != 0);
}

void stop(struct program *program)
{
    send_signal(program, SIGSTOP);
    wait_until(has_stopped, program, stops);
}

static bool runs_in_group(pid_t process, void *context)
{
    struct program *program = context;
    pid_t threads[MOST_THREADS];
    if (getpgid(process) != program->pid)
        return false;
    for (int i = threads_of(process, threads, MOST_THREADS) - 1; i >= 0; i--) {
        char letter = letter_of_thread(process, threads[i]);
        if (letter != 'T' && letter != 'Z' && letter != 'X' && letter != 0)
            return true;
    }
    return false;
}

static bool family_has_stopped(void *context)
{
    return has_stopped(context) && !any_descendant(runs_in_group, context);
}

void stop_family(struct program *program)
{
    if (!program->ended)
        kill(-program->pid, SIGSTOP);
    the_stage()->events++;
    wait_until(family_has_stopped, program, stops);
}

void go_on(struct program *program)
{
    if (!program->ended)
        kill(-program->pid, SIGCONT);
    the_stage()->events++;
}

void stop_and_continue(struct program *program, int milliseconds)
{
    wait_until_idle(program);
    stop(program);
    long long end = now_ms() + milliseconds;
    for (long long now = now_ms(); now < end; now = now_ms())
        stage_serve((int)(end - now));
    go_on(program);
}

/*
 * commands.h - how lab 07 looks at programs that run commands: how these end, which descriptors
 * they hold, what passed through them.
 */
#ifndef LAB_07_COMMANDS_H
#define LAB_07_COMMANDS_H

#include "processes.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20, BY_SIGNAL = 128 };

/* --- bytes, processes --- */

/* Fails unless `came` is what was expected; `where` says where it came. */
static void expect_same(struct bytes came, struct bytes expected, const char *where)
{
    size_t at = 0;
    while (at < came.length && at < expected.length && came.at[at] == expected.at[at])
        at++;
    if (at == came.length && at == expected.length)
        return;
    fail_step(text("%zu bytes %s, the same that went in", expected.length, where),
              at == came.length
                  ? text("%zu bytes, then an end", came.length)
                  : text("%zu bytes; byte %zu is the first that differs", came.length, at + 1));
}

/* Fails if a command outlives the programs of the step, or was not waited for: then it became a
 * child of this process. Every program of the step has to have ended. */
static void expect_nobody_left(void)
{
    siginfo_t left = {.si_pid = 0};
    if (waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT) == -1)
        return;
    suspect("Every child has to be waited for with waitpid() before the program ends, also the "
            "ones whose exit code nobody asks for.");
    fail_step("all commands ended and waited for when the program ends",
              left.si_pid == 0 ? "a command still runs"
                               : "a command has ended, but nobody waited for it (a zombie)");
}

static void expect_end(struct program *program, int code)
{
    if (exit_status(program) == BY_SIGNAL + SIGTERM || exit_status(program) == BY_SIGNAL + SIGKILL)
        suspect("The command was ended by a signal (128 + its number), and the test has sent none. "
                "A command whose output has ended may still run: kill nobody, wait for its end.");
    expect_exit(program, code);
    expect_nobody_left();
}

/* --- one command, seen by the ID that it writes into the file `self`: `echo $$ >self` --- */

/* 0 if it has not done so yet. */
static pid_t command_itself(void)
{
    FILE *file = fopen(scratch_path("self"), "r");
    int process = 0;
    if (file && fscanf(file, "%d", &process) != 1)
        process = 0;
    if (file)
        fclose(file);
    return process;
}

/* --- descriptors --- */

/* A shell's words that list its own descriptors in the file NAME and go on with `then`. The
 * subshell keeps what the redirection opens out of the list. */
static const char *listing(const char *name, const char *then)
{
    return text("(exec ls -l /proc/$$/fd >%s); %s", name, then);
}

static bool is_pipe(const char *target)
{
    return strncmp(target, "pipe:", 5) == 0 || strncmp(target, "socket:", 7) == 0;
}

/* Fails if a listing shows a pipe that is none of the command's own: only 0, 1 and 2 may be one,
 * and of these 0 and 1 only where the command's place in the row gives it one. */
static void expect_own_ends_only(const char *name, bool reads_pipe, bool writes_pipe)
{
    struct bytes list = read_file(scratch_path(name));
    char *lines = (char *)text("%.*s", (int)list.length, (const char *)list.at);
    for (char *line; (line = strsep(&lines, "\n"));) {
        char *target = strstr(line, " -> ");
        if (!target || !is_pipe(target + 4))
            continue;
        while (target > line && target[-1] != ' ')
            target--;
        long fd = strtol(target, NULL, 10);
        bool is_own = fd == 0 ? reads_pipe : fd == 1 ? writes_pipe : fd == 2;
        expect_that(is_own, text("no pipe end in the %s command but its own", name),
                    "its descriptor %s", target);
    }
}

/* --- how a command ends: the same for pipeline and filter --- */

/* The exit codes of a command's end, which pipeline and filter share with the shell. Returns the
 * program whose command was killed. */
static struct program *expect_exit_codes(const char *program)
{
    tried("ran %s sh -c 'exit 7'", program);
    suspect("The exit code stands inside the status that waitpid() fills in: WEXITSTATUS().");
    struct program *seven = start(program, "sh", "-c", "exit 7");
    struct program *killed = start(program, "sh", "-c", "kill -KILL $$");
    make_file(scratch_path("no-program"), BYTES("text\n")); /* mode 0600 */
    struct program *missing = start(program, "./no-such-program");
    struct program *no_permission = start(program, "./no-program");
    struct program *no_folder = start(program, "./no-program/command");
    struct program *all[] = {seven, killed, missing, no_permission, no_folder};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        end_input(all[i]);
    expect_exit(seven, 7);

    tried("ran %s with a command that is killed by a signal", program);
    suspect("A command that a signal killed has no exit code (WIFSIGNALED): for it the shell's "
            "answer is 128 + WTERMSIG().");
    expect_exit(killed, BY_SIGNAL + SIGKILL);

    tried("ran %s ./no-such-program", program);
    suspect("exec returns only if it failed: with ENOENT the child's exit code is 127.");
    expect_exit(missing, 127);
    suspect("What the child has to say about exec's failure belongs on standard error: its "
            "standard output is another's input.");
    expect_no_more_output(missing);

    tried("ran %s with a file that is not executable", program);
    suspect("A program that is there but cannot be run (exec fails otherwise than with ENOENT) is "
            "126.");
    expect_exit(no_permission, 126);

    tried("ran %s ./no-program/command, where no-program is a file", program);
    suspect("Only ENOENT makes 127. Whatever else exec fails with, here ENOTDIR, makes 126.");
    expect_exit(no_folder, 126);
    expect_nobody_left();
    return killed;
}

/* --- pipeline --- */

/* However many words a command has, and whatever they look like: it gets them all. */
static void expect_all_words(void)
{
    enum { MANY = 200, BEFORE = 3 };
    const char *words[BEFORE + MANY + 1] = {"pipeline", "printf", "%s "};
    const char *all = "";
    for (int i = 0; i < MANY; i++) {
        words[BEFORE + i] = text("%d", i + 1);
        all = text("%s%d ", all, i + 1);
    }
    struct program *many = start_words(STUDENTS, words);
    struct program *colons = start("pipeline", "printf", "%s|", ":a", "b:c", "::");

    tried("ran pipeline printf '%%s ' with the words from 1 to %d", MANY);
    suspect("A command may have any number of words: point into argv, or count them first.");
    expect_output(many, bytes_of(all));
    expect_exit(many, 0);
    tried("ran pipeline printf '%%s|' :a b:c ::");
    suspect("Only a word that is exactly `:` ends a command: compare whole words with strcmp().");
    expect_output(colons, BYTES(":a|b:c|::|"));
    expect_end(colons, 0);
}

struct stopped { /* a program whose command has stopped itself */
    struct program *program;
    int looks; /* in a row that found the command stopped and the program asleep */
};

static bool is_stopped(void *context)
{
    enum { SURE = 3 };
    struct stopped *stopped = context;
    pid_t command = command_itself();
    bool sleeps =
        command != 0 && state_of(command) == 'T' && state_of(process_of(stopped->program)) == 'S';
    stopped->looks = sleeps ? stopped->looks + 1 : 0;
    return ended_by_now(stopped->program) || stopped->looks == SURE;
}

static void wait_for_stopped(void)
{
    tried("ran pipeline sh -c 'kill -STOP $$; exit 7', and continued the command");
    suspect("A command that is stopped has not ended: waitpid() tells of it only if WUNTRACED asks "
            "for that. Leave it out.");
    struct stopped stopped = {
        .program = start("pipeline", "sh", "-c", "echo $$ >self; kill -STOP $$; exit 7")};
    wait_until(is_stopped, &stopped, "the command to stop itself");
    expect_running(stopped.program);
    kill(command_itself(), SIGCONT);
    expect_end(stopped.program, 7);
}

/* After a usage error: the command that would have made the file `name` was never started. */
static void expect_nothing_ran(const char *name)
{
    siginfo_t left = {.si_pid = 0};
    bool is_left = waitid(P_ALL, 0, &left, WEXITED | WNOHANG | WNOWAIT) == 0;
    suspect("Look at all words before you start the first command: an empty one is a wrong "
            "argument, and then nothing has run.");
    expect_that(!is_left && access(scratch_path(name), F_OK) == -1,
                "no command started where one of them is empty", "the first one was started");
}

enum { ROW = 36 };

/* pipeline with ROW times `cat`. */
static struct program *start_row(void)
{
    const char *words[2 * ROW + 1] = {"pipeline"};
    for (int i = 0; i < ROW; i++) {
        words[2 * i + 1] = "cat";
        words[2 * i + 2] = i < ROW - 1 ? ":" : NULL;
    }
    return start_words(STUDENTS, words);
}

/* Starts a pipeline of two commands with descriptors closed. The first writes "hi", the second
 * copies it into the file `copied`; both list their descriptors. */
static void run_closed(enum stream input, enum stream output)
{
    struct program *closed = launch(.program = "pipeline", .input = input, .output = output,
                                    .args = {"sh", "-c", listing("first", "echo hi"), ":", "cat",
                                             ":", "sh", "-c", listing("last", "cat >copied")});
    if (input == PIPED)
        end_input(closed);
    expect_end(closed, 0);
    expect_same(read_file(scratch_path("copied")), BYTES("hi\n"), "at the last command");
    expect_own_ends_only("first", input == PIPED, true);
    expect_own_ends_only("last", true, output == PIPED);
    unlink(scratch_path("copied"));
}

/* Starts a program that can have only `limit` descriptors and ends its input. It fails with the
 * reason, or it needs no more than these and does its work. */
static void run_short_of_descriptors(const char *name, long limit, bool must_fail,
                                     const char *const words[], struct bytes work)
{
    struct launch how = {.program = name, .descriptor_limit = limit};
    for (int i = 0; words[i]; i++)
        how.args[i] = words[i];
    struct program *program = launch_as(&how);
    end_input(program);
    if (exit_status(program) != 0 || must_fail) {
        /* A duplicate above the limit is refused with EINVAL. */
        bool is_above = gives_reason(error_output(program), reason(EINVAL));
        expect_failure(program, reason(is_above ? EINVAL : EMFILE));
    } else {
        expect_output(program, work);
    }
    expect_nobody_left();
}

/* For a program with a fork() that fails; one that the probe can't reach runs as ever. It is gated,
 * lest it takes the -1 for a process and kills that. */
static void run_without_process(struct program *program)
{
    end_input(program);
    exit_status(program);
    if (weather_came(program))
        expect_failure(program, reason(EAGAIN));
    expect_nobody_left();
}

#endif

/*
 * pipeline - runs commands joined by pipes, as a shell does with `|`.
 *
 *     pipeline CMD [ARG]... [: CMD [ARG]...]...
 *
 * Its exit code is the last command's. Its partner is any shell: `sh -c 'CMD | CMD'` does the same.
 *
 *     standard input -> CMD 1 -> pipe -> CMD 2 -> pipe -> ... -> CMD n -> standard output
 *
 * A pipe has ended when its write end is open nowhere, and is broken when its read end is open
 * nowhere. So each end has one owner: the write end belongs to the command before the pipe, the
 * read end to the command behind it. This process makes the pipes, hands out the ends, keeps none.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USAGE = 2, CANNOT_RUN = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

struct stage {  /* the pipe ends that are open while one command is started, -1 for none */
    int input;  /* read end of the pipe before it; none: our standard input */
    int output; /* write end of the pipe behind it; none: our standard output */
    int next;   /* read end of the pipe behind it, for the next command */
};

/* --- pipe ends --- */

/* Closes a pipe end if there is one. Keeps errno for whoever still has to report it. */
static void close_end(int end)
{
    int error = errno;
    if (end != -1)
        close(end);
    errno = error;
}

/* Moves a descriptor above the three standard ones. Returns the new one, or -1 with errno. */
static int lift(int fd)
{
    int lifted = fd;
    // BEGIN SOLUTION
    if (fd > STDERR_FILENO)
        return fd;
    lifted = fcntl(fd, F_DUPFD, STDERR_FILENO + 1);
    close_end(fd);
    // STUB: /* TODO 4: a process that was started with descriptor 0 or 1 closed gets these numbers
    // STUB:  * from pipe(), and the dup2() calls of the child overwrite an end that is still
    // STUB:  * needed. If fd is one of the standard descriptors, duplicate it to a number above
    // STUB:  * STDERR_FILENO and close fd. See F_DUPFD in fcntl(2). */
    // STUB: (void)fcntl;
    // END SOLUTION
    return lifted;
}

/* Makes the pipe behind a command. Returns -1 with errno and no new descriptor on failure. */
static int make_pipe(struct stage *stage)
{
    int ends[2] = {-1, -1};
    // BEGIN SOLUTION
    if (pipe(ends) == -1)
        return -1;
    // STUB: /* TODO 2: pipe() makes a pipe and fills in its two ends: ends[0] is for reading,
    // STUB:  * ends[1] for writing. On failure return -1. See pipe(2). */
    // STUB: if (ends[0] == -1)
    // STUB:     return 0;
    // END SOLUTION
    stage->next = lift(ends[0]);
    stage->output = lift(ends[1]);
    if (stage->next != -1 && stage->output != -1)
        return 0;
    close_end(stage->next);
    close_end(stage->output);
    stage->next = stage->output = -1;
    return -1;
}

/* --- one command --- */

/* In the child: puts the pipe ends where the command looks for them. */
static int take_ends(const struct stage *stage)
{
    // BEGIN SOLUTION
    if (stage->input != -1 && dup2(stage->input, STDIN_FILENO) == -1)
        return -1;
    if (stage->output != -1 && dup2(stage->output, STDOUT_FILENO) == -1)
        return -1;
    // STUB: /* TODO 2: if the stage has an input, make it this process's standard input; if it has
    // STUB:  * an output, make it the standard output. See dup2(2), and mind the order of its
    // STUB:  * arguments. On failure return -1. */
    // STUB: (void)stage;
    // END SOLUTION
    // BEGIN SOLUTION
    close_end(stage->input);
    close_end(stage->output);
    close_end(stage->next);
    // STUB: /* TODO 3: the child was born with copies of all three ends of the stage. The command
    // STUB:  * needs none of them any more: what it uses are 0 and 1. Close them. */
    // END SOLUTION
    return 0;
}

/* In the child: becomes the command. Returns only if that failed, with the exit code for it. */
static int become(char *words[], const struct stage *stage)
{
    signal(SIGPIPE, SIG_DFL); /* whoever started us may ignore it; the command must not */
    if (take_ends(stage) == -1)
        return CANNOT_RUN;

    int error = ENOSYS;
    // BEGIN SOLUTION
    execvp(words[0], words);
    error = errno;
    // STUB: /* TODO 1: execvp() finds the program and starts it in place of this one. It returns
    // STUB:  * only if it failed: then keep errno in error. See exec(3). */
    // STUB: (void)execvp;
    // END SOLUTION
    fprintf(stderr, "pipeline: %s: %s\n", words[0], strerror(error));
    return error == ENOENT ? NOT_FOUND : CANNOT_RUN;
}

/* Starts one command. Returns its process, or -1 with errno. */
static pid_t start(char *words[], const struct stage *stage)
{
    pid_t child = -1;
    // BEGIN SOLUTION
    child = fork();
    if (child == 0)
        _exit(become(words, stage));
    // STUB: /* TODO 1: fork() makes a second process, which runs on from here like this one; only
    // STUB:  * what fork() returned tells them apart. The child calls become() and ends with the
    // STUB:  * code that it returns, by _exit(): it must never get back to main(). The parent
    // STUB:  * returns the child's process. See fork(2) and _exit(2). */
    // STUB: (void)words;
    // STUB: (void)stage;
    // STUB: (void)become;
    // STUB: errno = ENOSYS;
    // END SOLUTION
    return child;
}

/* Waits until this child has ended. Returns its exit code, as a shell tells it. */
static int wait_for(pid_t child)
{
    int status = 0;
    // BEGIN SOLUTION
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    if (WIFSIGNALED(status))
        return BY_SIGNAL + WTERMSIG(status);
    // STUB: /* TODO 1: waitpid() waits for this child and fills in its status; if it was
    // STUB:  * interrupted (EINTR), wait again. A child that a signal killed has no exit code: for
    // STUB:  * it return BY_SIGNAL plus the signal's number. See waitpid(2), WIFSIGNALED. */
    // STUB: (void)child;
    // END SOLUTION
    return WEXITSTATUS(status);
}

/* --- all of them --- */

/* Cuts the words into commands, in place: each ":" becomes the NULL that ends the command before
 * it. Returns how many there are, 0 if one of them is empty. */
static int split(char *words[])
{
    int count = 1;
    for (char **word = words; *word; word++) {
        if (strcmp(*word, ":") != 0)
            continue;
        if (word == words || !word[1] || strcmp(word[1], ":") == 0)
            return 0;
        *word = NULL;
        count++;
    }
    return count;
}

static char **command_behind(char *words[])
{
    while (*words)
        words++;
    return words + 1;
}

/* Starts the commands from left to right. Returns how many run: if fewer than all, then *call and
 * errno tell what failed. */
static int start_all(char *words[], int count, pid_t children[], const char **call)
{
    struct stage stage = {-1, -1, -1};
    int started = 0;
    while (started < count) {
        int is_last = started == count - 1;
        *call = "pipe";
        if (!is_last && make_pipe(&stage) == -1)
            break;
        *call = "fork";
        children[started] = start(words, &stage);
        // BEGIN SOLUTION
        close_end(stage.input);
        close_end(stage.output);
        // STUB: /* TODO 3: the child has its own copies of the pipe ends now. As long as this
        // STUB:  * process holds the write end too, the next command never sees an end of file; as
        // STUB:  * long as it holds the read end, the command before is never told that its reader
        // STUB:  * has gone. Close both. stage.next is still needed: for what? */
        // END SOLUTION
        stage = (struct stage){.input = stage.next, .output = -1, .next = -1};
        if (children[started] == -1)
            break;
        started++;
        words = is_last ? words : command_behind(words);
    }
    // BEGIN SOLUTION
    close_end(stage.input);
    // STUB: /* TODO 4: if a call failed midway, commands run already, and the last of them writes
    // STUB:  * into a pipe from which nobody will read. Its read end is stage.input: close it, or
    // STUB:  * that command fills the pipe and waits for ever. Keep errno. */
    // END SOLUTION
    return started;
}

/* Waits for all children. Returns the exit code of the last. */
static int wait_for_all(const pid_t children[], int count)
{
    int code = 0;
    for (int i = 0; i < count; i++)
        code = wait_for(children[i]);
    return code;
}

static int fail(const char *call, int error)
{
    fprintf(stderr, "pipeline: %s: %s\n", call, strerror(error));
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    int count = argc > 1 ? split(argv + 1) : 0;
    if (count == 0) {
        fprintf(stderr, "usage: pipeline CMD [ARG]... [: CMD [ARG]...]...\n");
        return USAGE;
    }
    pid_t *children = calloc((size_t)count, sizeof *children);
    if (!children)
        return fail("calloc", errno);

    const char *call = "";
    int started = start_all(argv + 1, count, children, &call);
    int error = errno;
    int code = wait_for_all(children, started);
    free(children);
    return started == count ? code : fail(call, error);
}

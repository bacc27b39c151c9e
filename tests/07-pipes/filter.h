/*
 * filter.h - lab 07's steps 5 and 6: filter.
 */
#ifndef LAB_07_FILTER_H
#define LAB_07_FILTER_H

#include "arguments.h"
#include "commands.h"
#include "fifos.h"

#include <sys/ioctl.h>

/* Demands exactly one line `in=BYTES out=BYTES` among the lines on standard error. */
static void expect_counts(struct program *program, unsigned long long least_in,
                          unsigned long long most_in, unsigned long long out)
{
    struct bytes said = error_output(program);
    char *lines = (char *)text("%.*s", (int)said.length, (const char *)said.at);
    unsigned long long in = 0, copied = 0;
    int found = 0;
    for (char *line; (line = strsep(&lines, "\n"));) {
        unsigned long long a, b;
        if (sscanf(line, "in=%llu out=%llu", &a, &b) != 2 ||
            strcmp(line, text("in=%llu out=%llu", a, b)) != 0)
            continue;
        found++;
        in = a;
        copied = b;
    }
    expect_that(found == 1, "exactly one line in=BYTES out=BYTES on standard error", "%s",
                said.length ? shown(said) : "nothing");
    const char *most = least_in == most_in ? "" : text(" to %llu", most_in);
    expect_that(in >= least_in && in <= most_in && copied == out,
                text("in=%llu%s out=%llu", least_in, most, out), "in=%llu out=%llu", in, copied);
}

/* How many bytes stand in the pipe that is the command's standard input, at most: `most` if that
 * cannot be seen. */
static unsigned long long standing_in_pipe(unsigned long long most)
{
    int pipe =
            open(text("/proc/%d/fd/0", (int)command_itself()), O_RDONLY | O_NONBLOCK | O_CLOEXEC),
        length = 0;
    bool is_known = pipe != -1 && ioctl(pipe, FIONREAD, &length) == 0;
    if (pipe != -1)
        close(pipe);
    return is_known ? (unsigned long long)length : most;
}

static bool is_there(void *path)
{
    return access(path, F_OK) == 0;
}

/* What a command has written stands in the pipe when the command has closed it, and the command may
 * run on. */
static void expect_last_words(void)
{
    tried("stopped filter, let its command write `last words` and close its output, and continued "
          "filter");
    suspect("When the writer has gone, what it wrote may still stand in the pipe: poll() reports "
            "POLLHUP together with POLLIN then. Read until read() returns 0.");
    const char *gate = make_gate();
    struct program *filter =
        start("filter", "sh", "-c",
              "read go <gate; echo last words; exec >&-; : >closed; read go <gate; :");
    wait_until_idle(filter);
    stop(filter);
    open_gate(gate);
    wait_until(is_there, (char *)scratch_path("closed"), "the command to go on");
    go_on(filter);
    expect_same(take_output(filter, 11), BYTES("last words\n"), "on standard output");
    wait_until_idle(filter);
    if (!ended_by_now(filter))
        open_gate(gate);
    end_input(filter);
    expect_end(filter, 0);
}

STEP(5, "filter feeds its command and copies its output at the same time", .points = 15, .after = 3,
     .see = "Step 5: feed and copy at once",
     .hints = {"A pipe holds 64 KiB. Who waits for whom when both are full?",
               "Wait for all descriptors at once with poll(), and write to the command without "
               "blocking (O_NONBLOCK), as echoclient did in lab 05. See poll(2), pipe(7).",
               "Ask for POLLIN on standard input only while nothing is unfed, for POLLOUT on the "
               "command's pipe only while something is, for POLLIN on its output always."},
     .by_hand = "head -c 8M /dev/urandom >build/sent; "
                "build/labs/07-pipes/filter cat <build/sent | cmp - build/sent")
{
    tried("fed filter cat a line, and waited for it before the next");
    suspect("What the command writes has to be copied as it comes, before the end of standard "
            "input: reading everything first is too late.");
    struct program *lines = start("filter", "cat");
    feed(lines, BYTES("one\n"));
    expect_same(take_output(lines, 4), BYTES("one\n"), "on standard output");
    suspect("The bytes are no string: write as many as read() returned, NUL bytes among them.");
    feed(lines, BYTES("t\0o\n"));
    expect_same(take_output(lines, 4), BYTES("t\0o\n"), "on standard output");
    suspect("At the end of standard input the command has to see an end of file: close the write "
            "end of its pipe, which must not be open in the command itself.");
    end_input(lines);
    expect_no_more_output(lines);
    expect_end(lines, 0);

    expect_last_words();

    tried("ran 8 MiB through filter cat");
    suspect("Both pipes are full, and each process waits for the other: the filter must read what "
            "the command writes while it feeds it. Or a write() took less than it was given, and "
            "the rest was lost.");
    struct program *many = start("filter", "cat");
    struct bytes bytes = noise(8 * MIB);
    feed(many, bytes);
    end_input(many);
    expect_same(rest_of_output(many), bytes, "on standard output");
    expect_end(many, 0);

    tried("ran a command that writes 1 MiB before it reads anything");
    suspect("The command reads nothing until all that it writes is read: the filter must not wait "
            "in write() for it.");
    const char *gate = make_gate();
    struct program *late =
        start("filter", "sh", "-c", text("read go <gate; head -c %d /dev/zero; exec cat", MIB));
    feed_to_the_brim(late, (struct bytes){bytes.at, MIB});
    open_gate(gate);
    struct bytes zeros = take_output(late, MIB);
    expect_that(zeros.at[0] == 0 && memcmp(zeros.at, zeros.at + 1, MIB - 1) == 0, "1 MiB of zeros",
                "other bytes");
    suspect("A write() to the command took fewer bytes than it was given, for its pipe was full or "
            "the call was interrupted: write what is left when there is room.");
    expect_same(rest_of_output(late), (struct bytes){bytes.at, MIB}, "behind the zeros");
    expect_end(late, 0);

    tried("ran a command that closes its standard output and goes on");
    suspect("waitpid() waits for the end of the command, however long ago its output has ended.");
    struct program *mute = start("filter", "sh", "-c", "exec >&-; read go <gate; echo on >went");
    end_input(mute);
    wait_until_idle(mute);
    bool is_early = ended_by_now(mute);
    if (!is_early)
        open_gate(gate);
    expect_end(mute, 0); /* the command's exit code is the matter of a later step */
    expect_that(access(scratch_path("went"), F_OK) == 0, "the command to go on until it ends", "%s",
                is_early ? "filter ended, and it never went on" : "it was ended");

    tried("stopped and continued filter cat while a slow reader held up its output");
    suspect(
        "write() may take fewer bytes than it was given, here because it was interrupted: write "
        "what is left, and try again after EINTR.");
    struct bytes part = {bytes.at, 300000};
    struct outlet *outlet = make_outlet(part.length);
    struct program *slow = start_filter_into(outlet, "cat");
    feed(slow, part);
    end_input(slow);
    expect_same(read_haltingly(outlet, slow), part, "on standard output");
    expect_end(slow, 0);

    tried("let write() take at most 1000 bytes at a time, and fed filter cat 5500");
    suspect("The rest can come short as well: write again and again, until all has gone.");
    struct bytes few = {bytes.at, 5500};
    struct program *drop_by_drop =
        launch(.program = "filter", .args = {"cat"}, .weather = "write 1- short 1000");
    feed(drop_by_drop, few);
    end_input(drop_by_drop);
    expect_same(rest_of_output(drop_by_drop), few, "on standard output");
    expect_end(drop_by_drop, 0);

    tried("let the first poll() and read() of filter cat be interrupted by a signal");
    suspect("A call that returns -1 with EINTR has done nothing, and has not failed: go round and "
            "call it again.");
    struct program *shaken =
        launch(.program = "filter", .args = {"cat"}, .weather = "poll 1 EINTR; read 1 EINTR");
    feed(shaken, BYTES("hello"));
    end_input(shaken);
    expect_same(rest_of_output(shaken), BYTES("hello"), "on standard output");
    expect_end(shaken, 0);
}

STEP(6, "filter ends with its command, and counts what went in and out", .points = 10, .after = 5,
     .see = "Step 6: when the command leaves",
     .hints = {"`head -c 1` reads one byte and ends. What does the filter's next write() to it "
               "do?",
               "SIGPIPE kills a process that writes where nobody reads; ignored, it leaves write() "
               "to fail with EPIPE. poll() tells POLLERR without a write. See signal(7), poll(2).",
               "Ignore SIGPIPE in main(), and on EPIPE or POLLERR close the pipe and feed no more. "
               "When the output has ended, waitpid() gives the status for the exit code."},
     .by_hand = "yes | build/labs/07-pipes/filter head -c 1; echo $?")
{
    expect_usage_error("filter");
    tried("ran filter cat with a file of 5 bytes as standard input");
    suspect("At the end print in= and out= in one line on standard error: the bytes that went "
            "into the command's pipe, and those that were copied from it.");
    make_file(scratch_path("five"), BYTES("hello"));
    struct program *five = launch(.program = "filter", .args = {"cat"}, .input = FROM_FILE,
                                  .input_path = scratch_path("five"));
    expect_output(five, BYTES("hello"));
    expect_end(five, 0);
    expect_counts(five, 5, 5, 5);
    struct program *killed = expect_exit_codes("filter");
    tried("ran filter sh -c 'kill -KILL $$'");
    suspect("The line with in= and out= comes however the command ended, also by a signal.");
    expect_counts(killed, 0, 0, 0);

    tried("ran a command that reads 1 byte of 1 MiB, closes its standard input and goes on");
    suspect("A command that reads no more is no error: ignore SIGPIPE, and when write() fails with "
            "EPIPE stop feeding and go on copying.");
    const char *gate = make_gate();
    struct bytes many = noise(MIB);
    struct program *one = start("filter", "sh", "-c",
                                "echo $$ >self; dd bs=1 count=1 2>said; read go <gate; exec <&-; "
                                "read go <gate; echo; exit 3");
    feed(one, many);
    end_input(one);
    expect_same(take_output(one, 1), (struct bytes){many.at, 1}, "on standard output");
    wait_until_idle(one);
    unsigned long long most_in = 1 + standing_in_pipe(MIB - 1);
    open_gate(gate);
    wait_until_idle(one);
    expect_running(one);
    open_gate(gate);
    expect_output(one, BYTES("\n"));
    expect_end(one, 3);
    suspect("in= counts what the pipe took, the sum of what write() returned: bytes that were only "
            "read from standard input do not count.");
    expect_counts(one, 1, most_in, 2);

    tried("ended standard input while the command did not end");
    suspect("At the end of standard input poll() reports that end, at once, again and again: ask "
            "it no more about a descriptor that is at its end (fd -1).");
    struct program *quiet = start("filter", "sh", "-c", "echo hi; read go <gate; exit 6");
    expect_line(quiet, "hi");
    end_input(quiet);
    expect_rest(quiet, 30);
    open_gate(gate);
    expect_end(quiet, 6);
    expect_counts(quiet, 0, 0, 3);

    tried("ran filter head -c 1, and left standard input open");
    suspect("The command has ended, and so has its output: the filter has to end, too, instead of "
            "waiting for more input. poll() reports POLLERR for a pipe that nobody reads.");
    struct program *open_input = start("filter", "head", "-c", "1");
    feed(open_input, BYTES("a"));
    expect_output(open_input, BYTES("a"));
    expect_end(open_input, 0);
    expect_counts(open_input, 1, 1, 1);

    tried("ran a command that closes its standard output and reads on");
    suspect("The end of the command's output is not the end of the command: feed it until it has "
            "ended, or stopped reading, or standard input has ended; and do not poll a pipe that "
            "is at its end.");
    struct program *mute =
        start("filter", "sh", "-c", "exec >&-; read go <gate; cat >taken; exit 5");
    feed_to_the_brim(mute, many);
    stop_and_continue(mute, 0);
    open_gate(gate);
    expect_end(mute, 5);
    expect_same(read_file(scratch_path("taken")), many, "at the command");
    suspect("in= counts what the pipe took, the sum of what write() returned.");
    expect_counts(mute, MIB, MIB, 0);

    tried("ran filter cat with room for one pipe, but not for two (5 descriptors)");
    suspect("pipe() can fail (EMFILE), and then its ends are no descriptors: look at its result "
            "each time; its reason on standard error and exit code 1.");
    run_short_of_descriptors("filter", 5, false, (const char *[]){"cat", NULL}, BYTES(""));
    tried("let the fork() of filter cat fail");
    suspect("fork() can fail (-1, EAGAIN), and -1 is no process to wait for: its reason on "
            "standard error and exit code 1.");
    run_without_process(
        launch(.program = "filter", .args = {"cat"}, .gated = true, .weather = "fork 1 EAGAIN"));

    tried("gave filter a standard output that is full (/dev/full)");
    suspect("When the output can't be written: its reason on standard error and exit code 1.");
    struct program *full = launch(.program = "filter", .args = {"echo", "hi"}, .output = FROM_FILE,
                                  .output_path = "/dev/full");
    end_input(full);
    expect_exit(full, 1);
    tried("ran filter yes, whose standard output nobody reads after a while");
    suspect("When nobody reads the filter's output any more (EPIPE), it ends, with exit code 1 or "
            "by SIGPIPE. Waiting for the command first is in vain while the filter holds the read "
            "end of its pipe open.");
    struct outlet *outlet = make_outlet(MIB);
    struct program *yes = start_filter_into(outlet, "yes");
    wait_until_idle(yes);
    close(outlet->fd);
    int code = exit_status(yes);
    expect_that(code == 1 || code == BY_SIGNAL + SIGPIPE, "exit code 1, or an end by SIGPIPE",
                "exit code %d", code);

    tried("ran filter cat with a folder as its standard input");
    suspect("A read() that returns -1 has failed, here with EISDIR, and is no end of file: its "
            "reason on standard error and exit code 1.");
    expect_exit(launch(.program = "filter", .args = {"cat"}, .input = FROM_FILE,
                       .input_path = scratch_path(".")),
                1);
}

#endif

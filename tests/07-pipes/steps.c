/*
 * steps.c - lab 07: processes in a row.
 *
 * The commands that pipeline and filter run are tools that every system has; with `sh -c` they tell
 * what the program gave them. Writers into fifolog's FIFO are played by the test.
 */
#include "arguments.h"
#include "commands.h"
#include "fifos.h"

#include <limits.h>

/* --- pipeline --- */

STEP(1, "one command runs, and its end is the pipeline's", .points = 15,
     .see = "Step 1: one command",
     .hints = {"Starting a program takes two calls: one makes a process, one makes it run another "
               "program. A third waits.",
               "fork(); in the child execvp(), in the parent waitpid(). If execvp() comes back, it "
               "failed. See fork(2), exec(3), waitpid(2).",
               "The child ends with _exit() and the code that become() returned. In the parent "
               "look at the status with WIFSIGNALED() first: 128 + WTERMSIG(), else "
               "WEXITSTATUS()."},
     .by_hand = "build/labs/07-pipes/pipeline sh -c 'kill -9 $$'; echo $?")
{
    tried("ran pipeline printf '%%s|' a '' 'b c'");
    suspect("The child becomes the command with execvp(words[0], words): the words from the "
            "command's name up to the NULL.");
    struct program *words = start("pipeline", "printf", "%s|", "a", "", "b c");
    expect_output(words, BYTES("a||b c|"));
    expect_end(words, 0);

    tried("ran pipeline cat, with 3 bytes on standard input");
    suspect("A single command reads our standard input and writes to our standard output: they are "
            "inherited, and nothing has to be done.");
    struct program *cat = start("pipeline", "cat");
    feed(cat, BYTES("a\0b"));
    expect_same(take_output(cat, 3), BYTES("a\0b"), "on standard output");
    expect_running(cat);
    end_input(cat);
    expect_end(cat, 0);

    expect_exit_codes("pipeline");
    tried("ran a command that sends SIGPIPE to itself");
    suspect("An ignored signal stays ignored through fork() and exec: commands must start with "
            "SIGPIPE at its default.");
    expect_exit(start("pipeline", "sh", "-c", "kill -PIPE $$"), BY_SIGNAL + SIGPIPE);

    tried("let the first wait for pipeline sh -c 'exit 7' be interrupted by a signal");
    suspect("waitpid() fails with EINTR when a signal comes: the child still runs, or still waits "
            "to be waited for. Call it again.");
    expect_exit(
        launch(.program = "pipeline", .args = {"sh", "-c", "exit 7"}, .weather = "wait 1 EINTR"),
        7);

    expect_usage_error("pipeline");
    expect_usage_error("pipeline", ":", "cat");
    expect_usage_error("pipeline", "cat", ":");
    expect_usage_error("pipeline", "cat", ":", ":", "cat");
}

STEP(2, "a pipe carries what one command writes to the next", .points = 10, .after = 1,
     .see = "Step 2: a pipe between two",
     .hints = {"Descriptors survive exec. What must be true of descriptor 1 before the first "
               "command starts, and of descriptor 0 before the second?",
               "pipe() before fork(), so that both sides know it; then dup2(end, number) in the "
               "child. See pipe(2), dup2(2).",
               "pipe(ends): ends[0] is read, ends[1] is written. dup2(from, to): input to "
               "STDIN_FILENO, output to STDOUT_FILENO, each only if it is not -1."},
     .by_hand = "build/labs/07-pipes/pipeline echo hi : sh -c 'read x; echo \"got $x\"'")
{
    tried("ran pipeline echo hi : sh -c 'read x; echo \"got $x\"'");
    suspect("The pipe is made before fork(): the first command's standard output becomes its write "
            "end, ends[1], and the second's standard input its read end, ends[0]. dup2(from, to) "
            "copies from the left to the right.");
    struct program *two =
        start("pipeline", "echo", "hi", ":", "sh", "-c", "read x; echo \"got $x\"");
    end_input(two);
    expect_output(two, BYTES("got hi\n"));
    expect_end(two, 0);

    tried("ran a pipeline whose commands talk while the first waits for standard input");
    suspect("All commands run at the same time: start every one before you wait for the first.");
    struct program *codes = start("pipeline", "sh", "-c", "echo hi; read x; exit 3", ":", "sh",
                                  "-c", "read y; echo \"got $y\"; exit 4");
    expect_line(codes, "got hi");
    suspect("The pipeline's exit code is the last command's, whichever ends last.");
    feed(codes, BYTES("line\n"));
    expect_exit(codes, 4);
    struct program *last_first = start("pipeline", "sh", "-c", "read x; exit 3", ":", "true");
    struct program *unfound = start("pipeline", "true", ":", "./no-such-program");
    struct program *killed = start("pipeline", "sh", "-c", "kill -KILL $$", ":", "true");

    tried("ran a pipeline whose last command ends first");
    suspect("The pipeline ends when all its commands have ended, not when the last one in the row "
            "has: wait for every child.");
    expect_exit(killed, 0);
    expect_exit(unfound, 127);
    wait_until_idle(last_first);
    expect_running(last_first);
    end_input(last_first);
    expect_end(last_first, 0);
}

STEP(3, "every command sees the end of its input, and the end of its reader", .points = 15,
     .after = 2, .see = "Step 3: close what is not yours",
     .hints = {"cat ends when a read returns 0. When does it, as long as anybody could still "
               "write?",
               "A pipe's end of file comes when its last write end is closed, SIGPIPE when its "
               "last read end is: in every process that has a copy. See pipe(7).",
               "After fork() the parent closes stage.input and stage.output and keeps stage.next "
               "for the next child; the child closes all three after its dup2() calls."},
     .by_hand = "build/labs/07-pipes/pipeline yes : head -n 1; "
                "build/labs/07-pipes/pipeline ls /proc/self/fd : cat")
{
    tried("ran pipeline echo hi : cat");
    suspect("The second command waits for the end of file: a write end of the pipe is still open "
            "somewhere. Close it in the parent after fork(), and in the child after dup2().");
    struct program *end = start("pipeline", "echo", "hi", ":", "cat");
    end_input(end);
    expect_output(end, BYTES("hi\n"));
    expect_end(end, 0);

    tried("ran pipeline yes : head -n 1");
    suspect("A writer gets SIGPIPE when nobody can read any more. The read end of the pipe is "
            "still open somewhere: in the parent, or in the writer itself.");
    struct program *early = start("pipeline", "yes", ":", "head", "-n", "1");
    expect_output(early, BYTES("y\n"));
    expect_end(early, 0);

    tried("ran three commands that list their descriptors");
    suspect("Each child is born with a copy of every pipe end that the parent holds: close them in "
            "the child before exec (or mark them with FD_CLOEXEC).");
    struct program *three =
        start("pipeline", "sh", "-c", listing("first", "echo hi"), ":", "sh", "-c",
              listing("second", "cat"), ":", "sh", "-c", listing("third", "cat"));
    end_input(three);
    expect_output(three, BYTES("hi\n"));
    expect_end(three, 0);
    expect_own_ends_only("first", true, true);
    expect_own_ends_only("second", true, true);
    expect_own_ends_only("third", true, true);

    tried("ran 4 MiB through cat, 20 times in a row");
    suspect("Each command reads from the pipe before it and writes to the one behind it, all at "
            "the same time: start all of them before you wait for the first.");
    struct program *row = start_row();
    struct bytes many = noise(4 * MIB);
    feed(row, many);
    end_input(row);
    expect_same(rest_of_output(row), many, "on standard output");
    expect_end(row, 0);
}

STEP(4, "it works with standard descriptors closed, and fails in good order", .points = 10,
     .after = 3, .see = "Step 4: odd starts and failures midway",
     .hints = {"pipe() takes the lowest free numbers. Which are these if the program was started "
               "with descriptor 0 closed?",
               "Move the ends that pipe() returned above the standard descriptors: fcntl() with "
               "F_DUPFD. When a call fails midway, what do the commands need to end that run "
               "already?",
               "lift(): if fd is at most STDERR_FILENO, fcntl(fd, F_DUPFD, STDERR_FILENO + 1) and "
               "close fd. After a failure close stage.input, then wait, then report."},
     .by_hand = "build/labs/07-pipes/pipeline echo hi : cat <&-; (ulimit -n 5; "
                "build/labs/07-pipes/pipeline yes : cat : cat; echo $?)")
{
    tried("ran echo hi : cat : cat with descriptor 0 closed");
    suspect("With 0 closed, pipe() returns 0 as an end. dup2(0, 0) does nothing, and closing the "
            "\"old\" 0 then closes the new one: move the ends above the standard descriptors.");
    run_closed(CLOSED, PIPED);
    tried("ran echo hi : cat : cat with descriptor 1 closed");
    suspect("With 1 closed, pipe() returns 1 as an end, and dup2(..., 1) or close(1) destroys one "
            "that is still needed: move the ends above the standard descriptors.");
    run_closed(PIPED, CLOSED);
    tried("ran echo hi : cat : cat with descriptors 0 and 1 closed");
    suspect("With 0 and 1 closed, pipe() returns just these, and dup2() overwrites an end that is "
            "still needed: move the ends above the standard descriptors.");
    run_closed(CLOSED, CLOSED);

    tried("ran pipeline cat : cat with room for no pipe (4 descriptors)");
    suspect("When pipe() fails (EMFILE): its reason on standard error and exit code 1.");
    run_short_of_descriptors(4, true, (const char *[]){"cat", ":", "cat", NULL}, BYTES(""));
    tried("ran pipeline yes : head -n 1 : cat with room for one pipe, but not for two");
    suspect("When pipe() fails midway, a command that runs already writes into a pipe that nobody "
            "will read: close its read end before you wait, else it never gets SIGPIPE.");
    run_short_of_descriptors(
        5, false, (const char *[]){"yes", ":", "head", "-n", "1", ":", "cat", NULL}, BYTES("y\n"));
    tried("ran pipeline cat : cat : cat with room for one pipe, but not for two");
    suspect("When pipe() fails midway: wait for the commands that run already, then exit 1.");
    run_short_of_descriptors(5, false, (const char *[]){"cat", ":", "cat", ":", "cat", NULL},
                             BYTES(""));
    run_without_second_process();
}

/* --- filter --- */

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
    expect_exit_codes("filter");

    tried("ran a command that reads 1 byte of 1 MiB, closes its standard input and goes on");
    suspect("A command that reads no more is no error: ignore SIGPIPE, and when write() fails with "
            "EPIPE stop feeding and go on copying.");
    const char *gate = make_gate();
    struct bytes many = noise(MIB);
    struct program *head =
        start("filter", "sh", "-c", "head -c 1; exec <&-; read go <gate; echo; exit 3");
    feed(head, many);
    end_input(head);
    expect_same(take_output(head, 1), (struct bytes){many.at, 1}, "on standard output");
    wait_until_idle(head);
    expect_running(head);
    open_gate(gate);
    expect_output(head, BYTES("\n"));
    expect_end(head, 3);
    expect_counts(head, 1, MIB, 2);

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
}

/* --- fifolog --- */

STEP(7, "a FIFO stands at the path and lets writers in", .points = 10,
     .see = "Step 7: a pipe with a name",
     .hints = {"A FIFO is made like a file or a folder, by a call of its own.",
               "mkfifo(path, mode); if there is one already, errno is EEXIST. open() of a FIFO "
               "waits for the other side, unless O_NONBLOCK. See mkfifo(3), fifo(7).",
               "After mkfifo() open(path, O_RDONLY | O_NONBLOCK), then fstat() and S_ISFIFO(): "
               "what is no FIFO is refused, and never removed."},
     .by_hand = "build/labs/07-pipes/fifolog build/log | (read ready; ls -l build/log)")
{
    expect_usage_error("fifolog");
    tried("started fifolog PATH with umask 000");
    expect_door(scratch_path("open-to-all"), NO_UMASK);
    tried("started fifolog PATH with umask 077");
    expect_door(scratch_path("closed"), 077);
    tried("started fifolog with a FIFO at PATH");
    struct stat before = make_fifo(scratch_path("existing"));
    struct stat after = expect_door(scratch_path("existing"), 022);
    suspect("A FIFO that is there stays, and is opened as it is: mkfifo() fails with EEXIST then. "
            "Remove nothing.");
    expect_that(after.st_ino == before.st_ino, "the FIFO that was there",
                "another one in its place");

    struct program *nowhere = expect_refusals();
    suspect("The reason of a failed mkfifo() belongs on standard error.");
    expect_failure(nowhere, reason(ENOENT));

    tried("gave fifolog a standard output that is full (/dev/full)");
    suspect("Check that the line \"ready\" could be written (write(), fflush()), else exit 1.");
    expect_exit(launch(.program = "fifolog", .args = {scratch_path("mute")}, .output = FROM_FILE,
                       .output_path = "/dev/full"),
                1);
}

STEP(8, "lines are printed as they come, whoever writes them, until quit", .points = 15, .after = 7,
     .see = "Step 8: lines from anybody",
     .hints = {"When is a FIFO at its end? And what does a read know of lines?",
               "A FIFO is at its end while nobody has it open for writing: open it for writing "
               "yourself. A read returns what is there, several lines or half of one: collect. See "
               "fifo(7), memchr(3).",
               "Keep what follows the last newline at the front of the buffer, read behind it, and "
               "make the buffer larger when it is full. At the line quit: unlink(), exit 0."},
     .by_hand = "mkfifo build/log; build/labs/07-pipes/fifolog build/log & echo hello >build/log; "
                "printf 'qu' >build/log; echo it >build/log")
{
    const char *path = scratch_path("log");
    struct program *program = start_fifolog(path, 022);
    tried("wrote lines, two writers in turn");
    suspect("Each line is printed when it is whole, not only when its writer leaves, and flushed.");
    struct writer *one = come(path), *two = come(path);
    say_into(one, BYTES("one\n"));
    expect_line(program, "one");
    say_into(two, BYTES("two\n"));
    expect_line(program, "two");
    say_into(one, BYTES("a\n\nb\n\tx\0y\r\n"));
    suspect("One read can bring several lines, empty ones too, and any bytes: they are no string. "
            "Print each from its first byte to its newline.");
    expect_printed(program, BYTES("a\n\nb\n\tx\0y\r\n"));

    tried("let all writers leave, and another one come");
    suspect("When the last writer has left, read() returns 0, the end of file, at once, again and "
            "again: keep a descriptor open for writing yourself, then it waits for the next.");
    leave(one);
    leave(two);
    wait_until_idle(program);
    expect_running(program);
    struct writer *three = come(path);
    say_into(three, BYTES("three\n"));
    expect_line(program, "three");

    tried("wrote a line and a half, left, and let another writer finish it");
    suspect("Half a line waits for its newline, whoever sends it: keep it in the buffer, and print "
            "nothing of it before.");
    say_into(three, BYTES("whole\nhal"));
    leave(three);
    expect_line(program, "whole");
    wait_until_idle(program);
    struct bytes early = output_so_far(program);
    expect_that(early.length == 0, "nothing before the newline", "%s", shown(early));
    struct writer *four = come(path);
    say_into(four, BYTES("f\nquit now\nno quit\nquits\n"));
    suspect("Print the line from its first byte: what a read left over is moved to the front of "
            "the buffer (memmove()). Only a line that is exactly `quit` ends the log.");
    expect_printed(program, BYTES("half\nquit now\nno quit\nquits\n"));

    tried("wrote a line of PIPE_BUF bytes, and one of 100,000 in pieces");
    suspect("A line can be longer than the buffer, or end exactly with it: make the buffer larger "
            "when it is full (realloc()).");
    say_into(four, long_line(PIPE_BUF));
    expect_printed(program, long_line(PIPE_BUF));
    say_into(four, long_line(100000));
    expect_printed(program, long_line(100000));

    tried("wrote `last`, `quit` and `lost` at once");
    suspect("The line quit is not printed, what follows it is dropped, and the FIFO is removed "
            "with unlink().");
    say_into(four, BYTES("last\nquit\nlost\n"));
    expect_output(program, BYTES("last\n"));
    expect_exit(program, 0);
    expect_no_fifo(path);

    tried("wrote `qu`, left, and let another writer send the rest of `quit`");
    suspect("Two reads can bring the line quit in two pieces.");
    program = start_fifolog(path, 022);
    struct writer *first = come(path);
    say_into(first, BYTES("qu"));
    leave(first);
    wait_until_idle(program);
    say_into(come(path), BYTES("it\n"));
    expect_exit(program, 0);
    expect_no_more_output(program);
    expect_no_fifo(path);

    tried("wrote a line for which there was no room on the disk of standard output");
    suspect("A line that could not be written is lost, and that is a failure: check what write() "
            "or fflush() returns, say why and exit with 1.");
    program = launch(.program = "fifolog", .args = {path}, .output = FROM_FILE, .file_limit = 8,
                     .output_path = scratch_path("short"));
    say_into(come(path), BYTES("longer than that\n"));
    expect_exit(program, 1);
}

STORY("two processes, one pipe, and no end left open")
{
    tried("ran a pipeline of two: what echo says goes to tr");
    struct program *program = start("pipeline", "echo", "plumb line", ":", "tr", "a-z", "A-Z");
    expect_output(program, BYTES("PLUMB LINE\n"));
    expect_exit(program, 0);
}

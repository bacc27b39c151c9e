/*
 * steps.c - lab 07: processes in a row.
 *
 * The commands that pipeline and filter run are tools that every system has; with `sh -c` they tell
 * what the program gave them. Writers into fifolog's FIFO are played by the test.
 */
#include "arguments.h"
#include "commands.h"
#include "fifolog.h" /* steps 7 and 8 */
#include "filter.h"  /* steps 5 and 6 */

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
    expect_all_words();

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

    wait_for_stopped();

    expect_usage_errors(WORDS("pipeline"), WORDS("pipeline", ":", "cat"),
                        WORDS("pipeline", "cat", ":"),
                        WORDS("pipeline", "touch", "early", ":", ":", "cat"));
    expect_nothing_ran("early");
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

    tried("ran 2 MiB through cat, %d times in a row", ROW);
    suspect("Each command reads from the pipe before it and writes to the one behind it, all at "
            "the same time: start all of them before you wait for the first.");
    struct program *row = start_row();
    struct bytes many = noise(2 * MIB);
    feed(row, many);
    end_input(row);
    struct bytes came = rest_of_output(row);
    if (came.length == 0)
        suspect("A row may have any number of commands: count them first, then make room.");
    expect_same(came, many, "on standard output");
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
    run_short_of_descriptors("pipeline", 4, true, (const char *[]){"cat", ":", "cat", NULL},
                             BYTES(""));
    tried("ran pipeline yes : head -n 1 : cat with room for one pipe, but not for two");
    suspect("When pipe() fails midway, a command that runs already writes into a pipe that nobody "
            "will read: close its read end before you wait, else it never gets SIGPIPE.");
    run_short_of_descriptors("pipeline", 5, false,
                             (const char *[]){"yes", ":", "head", "-n", "1", ":", "cat", NULL},
                             BYTES("y\n"));
    tried("ran pipeline cat : cat : cat with room for one pipe, but not for two");
    suspect("When pipe() fails midway: wait for the commands that run already, then exit 1.");
    run_short_of_descriptors("pipeline", 5, false,
                             (const char *[]){"cat", ":", "cat", ":", "cat", NULL}, BYTES(""));
    tried("let the second fork() of pipeline cat : cat fail");
    suspect("When fork() fails midway (-1, EAGAIN): wait for the commands that run already, then "
            "its reason on standard error and exit code 1.");
    run_without_process(launch(.program = "pipeline", .args = {"cat", ":", "cat"}, .gated = true,
                               .weather = "fork 2 EAGAIN"));
    tried("let the first fork() of pipeline cat fail");
    suspect("Every fork() can fail, the first one, too (-1, EAGAIN): its reason on standard error "
            "and exit code 1.");
    run_without_process(
        launch(.program = "pipeline", .args = {"cat"}, .gated = true, .weather = "fork 1 EAGAIN"));
}

STORY("two processes, one pipe, and no end left open")
{
    tried("ran a pipeline of two: what echo says goes to tr");
    struct program *program = start("pipeline", "echo", "plumb line", ":", "tr", "a-z", "A-Z");
    expect_output(program, BYTES("PLUMB LINE\n"));
    expect_exit(program, 0);
}

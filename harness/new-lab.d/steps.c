/*
 * steps.c - lab @NUMBER@: say in a sentence what it is about.
 */
#include "arguments.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>

STEP(1, "wrong arguments are a usage error", .points = 25, .see = "Step 1: arguments",
     .hints = {"How many elements does argv have when the program is called rightly?",
               "Compare argc; print to stderr; return from main(). See fprintf(3).",
               "argc counts the program's own name too: it must be 2."},
     .by_hand = "build/labs/@LAB@/@PROGRAM@; echo $?")
{
    expect_usage_error("@PROGRAM@");
    expect_usage_error("@PROGRAM@", "one", "two");
}

STEP(2, "the word comes at once", .points = 25, .after = 1, .see = "Step 2: say it",
     .hints = {"Which call hands bytes to the kernel?",
               "write(STDOUT_FILENO, bytes, length), in a loop. See write(2).",
               "Add what write() returned to bytes, take it from length, until length is 0."},
     .by_hand = "build/labs/@LAB@/@PROGRAM@ hello </dev/null")
{
    tried("started `@PROGRAM@ hello`, and left its standard input open");
    suspect("The line has to leave the program at once: what stands in a buffer reaches nobody.");
    struct program *program = start("@PROGRAM@", "hello");
    expect_line(program, "hello");
}

STEP(3, "what comes in goes out, every byte, until the end", .points = 25, .after = 2,
     .see = "Step 3: repeat it",
     .hints = {"read() tells how many bytes came. What does it return at the end?",
               "A loop of read() and write_all(). See read(2).",
               "Leave the loop when read() returns 0, or -1 with an errno that is not EINTR."},
     .by_hand = "echo more | build/labs/@LAB@/@PROGRAM@ hello")
{
    tried("ran `@PROGRAM@ hello` with 100,000 bytes on standard input");
    suspect("Bytes are bytes: write as many as read() returned, NUL bytes among them.");
    struct program *program = start("@PROGRAM@", "hello");
    struct bytes bytes = noise(100000);
    expect_line(program, "hello");
    feed(program, bytes);
    end_input(program);
    expect_output(program, bytes);
    expect_exit(program, 0);
}

STEP(4, "a full disk is told", .points = 25, .after = 3, .see = "Step 4: when it fails",
     .hints = {"Who knows why a call failed?", "strerror(errno) puts it into words.",
               "Print the program, the call and strerror(errno) to stderr, and return "
               "EXIT_FAILURE."},
     .by_hand = "build/labs/@LAB@/@PROGRAM@ hello >/dev/full; echo $?")
{
    tried("gave @PROGRAM@ a standard output that is full (/dev/full)");
    suspect("write() returned -1 with ENOSPC: print its reason, and exit with 1.");
    expect_failure(launch(.program = "@PROGRAM@", .args = {"hello"}, .output = FROM_FILE,
                          .output_path = "/dev/full"),
                   reason(ENOSPC));
}

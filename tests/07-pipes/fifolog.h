/*
 * fifolog.h - lab 07's steps 7 and 8: fifolog.
 */
#ifndef LAB_07_FIFOLOG_H
#define LAB_07_FIFOLOG_H

#include "arguments.h"
#include "fifos.h"

#include <limits.h>

STEP(7, "a FIFO stands at the path and lets writers in", .points = 10,
     .see = "Step 7: a pipe with a name",
     .hints = {"A FIFO is made like a file or a folder, by a call of its own.",
               "mkfifo(path, mode); if there is one already, errno is EEXIST. open() of a FIFO "
               "waits for the other side, unless O_NONBLOCK. See mkfifo(3), fifo(7).",
               "After mkfifo() open(path, O_RDONLY | O_NONBLOCK), then fstat() and S_ISFIFO(): "
               "what is no FIFO is refused, and never removed."},
     .by_hand = "build/labs/07-pipes/fifolog build/log | (read ready; ls -l build/log)")
{
    expect_usage_errors(WORDS("fifolog"), WORDS("fifolog", "log", "other-log"));
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

    tried("wrote a line of PIPE_BUF bytes, and one of 300,000 in pieces");
    suspect("A line can be longer than the buffer, or end exactly with it: make the buffer larger "
            "when it is full (realloc()).");
    say_into(four, long_line(PIPE_BUF));
    expect_printed(program, long_line(PIPE_BUF));
    say_into(four, long_line(300000));
    expect_printed(program, long_line(300000));

    tried("wrote `last`, `quit` and `lost` at once");
    suspect("The line quit is not printed, what follows it is dropped, and the FIFO is removed "
            "with unlink().");
    say_into(four, BYTES("last\nquit\nlost\n"));
    expect_output(program, BYTES("last\n"));
    expect_exit(program, 0);
    expect_no_fifo(path);

    tried("let write() take at most 1000 bytes at a time, and wrote a line of 4096");
    suspect("write() may take fewer bytes than it was given, and that is no failure: write the "
            "rest, again and again, until all has gone.");
    make_fifo(path);
    program = launch(.program = "fifolog", .args = {path}, .weather = "write 1- short 1000");
    expect_line(program, "ready");
    struct writer *first = come(path);
    say_into(first, long_line(ONE_PAGE));
    expect_printed(program, long_line(ONE_PAGE));

    tried("wrote `qu`, left, and let another writer send the rest of `quit`");
    suspect("Two reads can bring the line quit in two pieces.");
    say_into(first, BYTES("qu"));
    leave(first);
    wait_until_idle(program);
    say_into(come(path), BYTES("it\n"));
    expect_exit(program, 0);
    expect_no_more_output(program);
    tried("ended with quit a fifolog whose FIFO had been there before it");
    suspect("quit removes the FIFO, whoever made it.");
    expect_no_fifo(path);

    tried("wrote a line for which there was no room on the disk of standard output");
    suspect("A line that could not be written is lost, and that is a failure: check what write() "
            "or fflush() returns, say why and exit with 1.");
    program = launch(.program = "fifolog", .args = {path}, .output = FROM_FILE, .file_limit = 8,
                     .output_path = scratch_path("short"));
    say_into(come(path), BYTES("longer than that\n"));
    expect_exit(program, 1);
}

#endif

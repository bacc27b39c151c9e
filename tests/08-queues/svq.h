/*
 * svq.h - lab 08's steps 6 to 8: svq.
 */
#ifndef LAB_08_SVQ_H
#define LAB_08_SVQ_H

#include "arguments.h"
#include "sysv.h"

#include <limits.h>

STEP(6, "svq put sends each line with its type, and stops at one that is too long", .points = 15,
     .see = "Step 6: a key, a type",
     .hints = {"How do two programs that never met find the same queue if it has no name?",
               "ftok() makes a key of a file, msgget() a queue's number of a key. A message is a "
               "struct whose first member is a long, greater than 0. See ftok(3), msgget(2), "
               "msgop(2).",
               "msgget(key, IPC_CREAT | MODE), then msgsnd(queue, &message, length, 0), where "
               "length counts the text without the type."},
     .by_hand = "echo hi | build/labs/08-queues/svq put Makefile 5; ipcs -q")
{
    const char *path = queue_path(PROJECT), *others = queue_path(PROJECT);
    expect_usage_errors(WORDS("svq"), WORDS("svq", "push", path, "1"),
                        WORDS("svq", "puts", path, "1"));
    expect_strict_arguments("svq", WORD("put"), WORD(path), NUMBER("5", 1, INT_MAX));

    tried("put four lines of type 5 where there is no queue: `one`, an empty one, one with a NUL, "
          "and `last` without a newline");
    suspect(
        "The key is ftok(PATH, 'p'). The flags of msgget() are IPC_CREAT, or it makes no queue, "
        "and beside it the mode, or nobody may use what it made.");
    svq_put_into_new(path, "5", BYTES("one\n\nt\0wo\nlast"));
    int queue = find_sysv_queue(path);
    suspect("The mode stands in the flags of msgget(), beside IPC_CREAT: 0600, with its leading 0. "
            "The umask plays no part.");
    unsigned mode = state_of_sysv(queue).msg_perm.mode & 0777u;
    expect_that(mode == OWNER_ONLY, "mode 0600", "mode %04o", mode);
    suspect("msgsnd() wants a struct that begins with the type, a long, and has the text itself "
            "behind it, no pointer. The size is that of the text alone: the line without its "
            "newline, which is no string and may be empty.");
    expect_letter(queue, 5, BYTES("one"));
    expect_letter(queue, 5, BYTES(""));
    expect_letter(queue, 5, BYTES("t\0wo"));
    expect_letter(queue, 5, BYTES("last"));
    expect_no_letter(queue);

    tried("put lines into a queue that another program has made, with a message in it");
    suspect("A queue that exists is used as it is: without IPC_EXCL, and without removing it "
            "first.");
    int old = make_sysv_queue(others);
    send_letter(old, 9, BYTES("old"));
    svq_put(others, "2147483647", BYTES("new\n"));
    expect_letter(old, 9, BYTES("old"));
    expect_letter(old, 2147483647, BYTES("new"));

    tried("put three lines, in pieces: `on`, then `e` and `tw`, then `o` and `three`");
    suspect("A read can bring half a line, and the rest comes with a later one: read until the end "
            "of standard input, and keep what has no newline yet.");
    feed_in_pieces(start("svq", "put", path, "2"),
                   (const char *[]){"on", "e\ntw", "o\nthree", NULL});
    expect_letter(queue, 2, BYTES("one"));
    expect_letter(queue, 2, BYTES("two"));
    expect_letter(queue, 2, BYTES("three"));
    expect_no_letter(queue);
    tried("put %d lines", MANY_LINES);
    suspect("Standard input may have any number of lines: send each when it was read.");
    svq_put(path, "3", numbered_lines(""));
    for (int i = 1; i <= MANY_LINES; i++)
        expect_letter(queue, 3, bytes_of(text("%d", i)));
    expect_no_letter(queue);
    tried("ran svq put with a folder as its standard input");
    suspect("Nothing can be read from a folder: that is a failure (EISDIR) and no end of file. "
            "ferror(stdin) tells them apart. Say the reason, exit 1.");
    expect_exit(launch(.program = "svq", .args = {"put", path, "1"}, .input = FROM_FILE,
                       .input_path = scratch_path(".")),
                1);
    expect_no_letter(queue);

    tried("put a line of 1025 bytes between two others");
    suspect("A line over 1024 bytes is not sent, not even a part of it, and none behind it; the "
            "exit code is 1. The lines before it stay, and one of 1024 bytes is not too long.");
    struct bytes lines = joined(joined(BYTES("before\n"), line_of(LINE_MOST)), BYTES("\n"));
    lines = joined(joined(lines, line_of(LINE_MOST + 1)), BYTES("\nbehind\n"));
    expect_exit(start_svq_put(path, "1", lines), 1);
    expect_letter(queue, 1, BYTES("before"));
    expect_letter(queue, 1, line_of(LINE_MOST));
    expect_no_letter(queue);

    tried("put 5 lines of 5 bytes into a queue with room for 12, which nobody empties for a while");
    suspect("msgsnd() waits while the queue is full, without using the processor, unless "
            "IPC_NOWAIT is among its flags.");
    narrow_sysv(queue, 12);
    struct program *waiting =
        start_svq_put(path, "1", BYTES("aaaaa\nbbbbb\nccccc\nddddd\neeeee\n"));
    wait_until_sysv_full(queue, waiting, 2);
    expect_rest(waiting, 30);
    stop_and_continue(waiting, 0);
    expect_waiting(waiting);
    for (const char *letter = "abcde"; *letter; letter++)
        expect_letter(queue, 1,
                      bytes_of(text("%c%c%c%c%c", *letter, *letter, *letter, *letter, *letter)));
    expect_exit(waiting, 0);
    expect_no_letter(queue);

    tried("ran svq put with a PATH where there is no file");
    suspect("ftok() returns -1 if there is no such file. That is no key.");
    struct program *lost = start_svq_put("no-file", "1", BYTES("line\n"));
    expect_failure(lost, reason(ENOENT));
}

STEP(7, "svq get takes the message that the type asks for, and never waits", .points = 15,
     .after = 6, .see = "Step 7: take by type",
     .hints = {"One call gives the oldest message, the oldest of one type, or the lowest type: it "
               "depends on one argument.",
               "msgrcv(queue, &message, size, type, flags). IPC_NOWAIT makes it fail instead of "
               "wait, and without MSG_NOERROR a message that is too long stays. See msgop(2).",
               "msgrcv(queue, message, sizeof message->text, job->type, IPC_NOWAIT) returns the "
               "length of the text; message->type is the type that came."},
     .by_hand = "echo b | build/labs/08-queues/svq put Makefile 2; "
                "echo a | build/labs/08-queues/svq put Makefile 1; "
                "build/labs/08-queues/svq get Makefile -5")
{
    const char *path = queue_path(PROJECT), *none = queue_path(PROJECT);
    expect_usage_errors(WORDS("svq", "get", path), WORDS("svq", "get", path, "0", "0"),
                        WORDS("svq", "gets", path, "0"), WORDS("svq", "get", path, "any"),
                        WORDS("svq", "get", path, "-"), WORDS("svq", "get", path, ""),
                        WORDS("svq", "get", path, "5x"), WORDS("svq", "get", path, "+5"),
                        WORDS("svq", "get", path, " 5"), WORDS("svq", "get", path, "2147483648"),
                        WORDS("svq", "get", path, "-2147483648"),
                        WORDS("svq", "get", path, "4294967301"),
                        WORDS("svq", "get", path, "-4294967301"));

    int queue = make_sysv_queue(path);
    static const long types[] = {3, 7, 5, 1, 5};
    for (int i = 0; i < 5; i++)
        send_letter(queue, types[i], bytes_of(text("message %d", i + 1)));
    tried("sent messages of the types 3, 7, 5, 1 and 5, and ran svq get PATH 5");
    suspect("msgrcv() chooses by its fourth argument: a positive one takes the oldest message of "
            "that type (with MSG_EXCEPT, of any other). Take one message, and no more.");
    expect_svq_got(path, "5", BYTES("5 message 3\n"));
    tried("had 3, 7, 1 and 5 left, and ran svq get PATH 0");
    suspect("With type 0 msgrcv() takes the oldest message, whatever its type. Print the type that "
            "the message has.");
    expect_svq_got(path, "0", BYTES("3 message 1\n"));
    tried("had 7, 1 and 5 left, and ran svq get PATH -6");
    suspect("With a negative type msgrcv() takes the lowest type up to its absolute value. The "
            "minus belongs to the number.");
    expect_svq_got(path, "-6", BYTES("1 message 4\n"));
    expect_svq_got(path, "-2147483647", BYTES("5 message 5\n"));

    tried("had 7 left, and ran svq get PATH 5, then -6");
    suspect(
        "Without a message that fits, msgrcv() with IPC_NOWAIT fails with ENOMSG at once: look at "
        "what it returns, and end with exit code 1.");
    expect_svq_failure("get", path, "5", ENOMSG);
    expect_svq_failure("get", path, "-6", ENOMSG);
    expect_svq_got(path, "7", BYTES("7 message 2\n"));
    expect_svq_failure("get", path, "0", ENOMSG);

    tried("ran svq get with a message that is empty, one with a NUL, and one of 1024 bytes");
    suspect("A message is no string: it has as many bytes as msgrcv() returned, NULs among them "
            "and none behind them.");
    send_letter(queue, 1, BYTES(""));
    send_letter(queue, 2147483647, BYTES("a\0b"));
    send_letter(queue, 3, line_of(LINE_MOST));
    expect_svq_got(path, "0", BYTES("1 \n"));
    expect_svq_got(path, "2147483647", BYTES("2147483647 a\0b\n"));
    expect_svq_got(path, "0", joined(joined(BYTES("3 "), line_of(LINE_MOST)), BYTES("\n")));

    if (LONG_MAX > INT_MAX) {
        tried("ran svq get with a message of type 4294967301");
        suspect(
            "A message's type is a long, which may be larger than any int: print it with %%ld.");
        send_letter(queue, (long)4294967301, BYTES("far"));
        expect_svq_got(path, "0", BYTES("4294967301 far\n"));
    }

    tried("ran svq get with a message of 1025 bytes that another program sent");
    suspect("A message that is too long for the buffer stays in the queue, and msgrcv() fails with "
            "E2BIG; with MSG_NOERROR it would be cut, and the rest lost.");
    send_letter(queue, 4, line_of(LINE_MOST + 1));
    send_letter(queue, 4, BYTES("behind"));
    struct program *too_long = start("svq", "get", path, "4");
    expect_exit(too_long, 1);
    expect_no_more_output(too_long);
    expect_letter(queue, 4, line_of(LINE_MOST + 1));
    expect_letter(queue, 4, BYTES("behind"));

    tried("ran svq get with a PATH that no queue belongs to");
    suspect("get does not make a queue: without IPC_CREAT, msgget() fails with ENOENT.");
    expect_svq_failure("get", none, "0", ENOENT);
    expect_no_sysv_queue(none);
    expect_svq_failure("get", "no-file", "0", ENOENT);

    tried("gave svq get a standard output that is full (/dev/full)");
    suspect("Check that the message could be written (fflush() returns EOF), else exit 1.");
    send_letter(queue, 1, BYTES("lost"));
    expect_exit(launch(.program = "svq", .args = {"get", path, "0"}, .output = FROM_FILE,
                       .output_path = "/dev/full"),
                1);
}

STEP(8, "svq rm removes the queue, and wakes whoever waits for it", .points = 5, .after = 7,
     .see = "Step 8: remove it, and tell who waits",
     .hints = {"The queue has no name to unlink and no descriptor to close. What does it have?",
               "msgctl() does all that is neither sending nor receiving. See msgctl(2).",
               "find_queue() with flags 0, then msgctl(queue, IPC_RMID, NULL)."},
     .by_hand = "build/labs/08-queues/svq rm Makefile; ipcs -q")
{
    const char *path = queue_path(PROJECT);
    expect_usage_errors(WORDS("svq", "rm"), WORDS("svq", "rm", path, "0"));
    tried("ran svq rm while an svq put waits, for the queue is full");
    suspect("msgctl() with IPC_RMID removes the queue at once, with what is in it.");
    int queue = make_sysv_queue(path);
    narrow_sysv(queue, 12);
    struct program *waiting = start_svq_put(path, "1", BYTES("aaaaa\nbbbbb\nccccc\nddddd\n"));
    wait_until_sysv_full(queue, waiting, 2);
    struct program *removes = start("svq", "rm", path);
    expect_exit(removes, 0);
    expect_no_sysv_queue(path);
    suspect("When the queue is removed, a waiting msgsnd() fails with EIDRM: that is a failure for "
            "good, with its reason and exit code 1. Only EINTR asks for another try.");
    wait_until(has_ended, waiting, "the waiting put to end, for its queue is gone");
    int code = exit_status(waiting);
    bool knows = gives_reason(error_output(waiting), reason(EINVAL)); /* it asked once more */
    expect_that(code == 1, "the waiting put to end with exit code 1", "exit code %d", code);
    expect_failure(waiting, reason(knows ? EINVAL : EIDRM));
    expect_nothing_said(removes);

    tried("ran svq rm with a PATH that no queue belongs to");
    suspect("rm does not make a queue: without IPC_CREAT, msgget() fails with ENOENT.");
    expect_svq_failure("rm", path, NULL, ENOENT);
    expect_no_sysv_queue(path);
    expect_svq_failure("rm", "no-file", NULL, ENOENT);

    tried("let svq put and the reference svq get use a new queue, and the other way round");
    suspect("Both have to make the same key: ftok(PATH, 'p').");
    svq_put_into_new(path, "4", BYTES("by yours\n"));
    struct program *reference = start_reference("svq", "get", path, "0");
    expect_output(reference, BYTES("4 by yours\n"));
    reference = start_reference("svq", "put", path, "8");
    feed(reference, BYTES("by the reference\n"));
    end_input(reference);
    expect_exit(reference, 0);
    expect_svq_got(path, "8", BYTES("8 by the reference\n"));
}

#endif

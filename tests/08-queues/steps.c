/*
 * steps.c - lab 08: messages that wait for their reader.
 *
 * A queue is an object of the kernel, so the test looks into it with the same calls as the programs
 * do: it makes queues as another program would, fills and empties them, and asks what they are.
 */
#include "arguments.h"
#include "posix.h"
#include "story.h"
#include "svq.h" /* steps 6 to 8 */

#include <limits.h>

/* --- pmq --- */

STEP(1, "put makes the queue if there is none, and takes the one that is there", .points = 10,
     .see = "Step 1: make a queue",
     .hints =
         {"A queue is opened by its name, like a file. Who makes it, and how large is it?",
          "mq_open() with O_CREAT takes two arguments more: the mode, and a pointer to a struct "
          "mq_attr. See mq_open(3), mq_overview(7).",
          "struct mq_attr with mq_maxmsg and mq_msgsize set, then mq_open(name, O_WRONLY | "
          "O_CREAT, MODE, &attributes). A queue that exists is opened as it is."},
     .by_hand = "echo hi | build/labs/08-queues/pmq put /hi 0; ls -l /dev/mqueue")
{
    const char *name = queue_name(), *others = queue_name();
    expect_usage_errors(WORDS("pmq"), WORDS("pmq", "put", name),
                        WORDS("pmq", "put", name, "1", "2"), WORDS("pmq", "push", name, "1"),
                        WORDS("pmq", "puts", name, "1"), WORDS("pmq", "put", name, "high"),
                        WORDS("pmq", "put", name, "-1"), WORDS("pmq", "put", name, ""),
                        WORDS("pmq", "put", name, "5x"), WORDS("pmq", "put", name, "+5"),
                        WORDS("pmq", "put", name, " 5"));

    tried("ran pmq put %s 0 with umask 000, where there is no such queue", name);
    suspect("mq_open() makes the queue only with O_CREAT. In a struct mq_attr it wants to know how "
            "many messages of how many bytes have to fit in. It stays when put has ended.");
    put_into_new(name, "0", BYTES("hello\n"));
    mqd_t queue = open_queue(name);
    struct mq_attr made = attributes_of(queue);
    expect_that(made.mq_maxmsg == MESSAGES && made.mq_msgsize == SIZE,
                "room for 8 messages of 256 bytes", "room for %ld messages of %ld bytes",
                (long)made.mq_maxmsg, (long)made.mq_msgsize);
    suspect("The mode is the third argument of mq_open(), 0600 with its leading 0: the owner may "
            "read and write, nobody else. The umask can only take rights away.");
    mode_t mode = status_of(queue).st_mode & 07777;
    expect_that(mode == OWNER_ONLY, "mode 0600", "mode %04o", mode);

    tried("ran pmq put %s 0, where another program has made that queue", others);
    suspect("A queue that exists is opened as it is: without O_EXCL, and without removing it "
            "first. Its size is its own, and what waits in it stays.");
    mqd_t before = make_queue(others, 3, 1000);
    send_message(before, 9, BYTES("old"));
    put(others, "0", BYTES("new\n"));
    mqd_t after = open_queue(others);
    expect_that(status_of(after).st_ino == status_of(before).st_ino, "the queue that was there",
                "another one of the same name");
    expect_message(after, 9, BYTES("old"));

    tried("ran pmq put %s 0 (a name without its slash)", name + 1);
    suspect("The name of a queue begins with a slash. Where the C library does not refuse another "
            "one (musl adds the slash), the program has to.");
    expect_failure(start_put(name + 1, "0", BYTES("hello\n")), reason(EINVAL));
}

STEP(2, "each line becomes one message, and a full queue makes put wait", .points = 15, .after = 1,
     .see = "Step 2: lines become messages",
     .hints = {"Which bytes of a line are the message? What can mq_send() refuse, and what does it "
               "do when there is no room?",
               "mq_send(queue, text, length, priority): the length is all that it knows of the "
               "text. It waits by itself. See mq_send(3), getline(3).",
               "Take the newline off if the line ends with one, then mq_send(). If it returns -1 "
               "and errno is not EINTR, return -1: no later line may be sent."},
     .by_hand = "seq 10 | build/labs/08-queues/pmq put /ten 0    # waits; Ctrl-C ends it")
{
    const char *name = queue_name(), *narrow = queue_name(), *wide = queue_name();
    mqd_t queue = make_queue(name, MESSAGES, SIZE);
    tried("put four lines with priority 3: `one`, an empty one, one with a NUL, and `last` without "
          "a newline");
    suspect("Each line is one message: its bytes up to the newline, which is no part of it. They "
            "are no string, there may be none, and the last line may have no newline.");
    put(name, "3", BYTES("one\n\nt\0wo\nlast"));
    expect_message(queue, 3, BYTES("one"));
    expect_message(queue, 3, BYTES(""));
    expect_message(queue, 3, BYTES("t\0wo"));
    expect_message(queue, 3, BYTES("last"));
    expect_empty(queue);

    tried("put three lines, in pieces: `on`, then `e` and `tw`, then `o` and `three`");
    suspect("A read can bring half a line, and the rest comes with a later one: read until the end "
            "of standard input, and keep what has no newline yet.");
    feed_in_pieces(start("pmq", "put", name, "2"),
                   (const char *[]){"on", "e\ntw", "o\nthree", NULL});
    expect_message(queue, 2, BYTES("one"));
    expect_message(queue, 2, BYTES("two"));
    expect_message(queue, 2, BYTES("three"));
    expect_empty(queue);
    tried("ran pmq put with a folder as its standard input");
    suspect("Nothing can be read from a folder: that is a failure (EISDIR) and no end of file. "
            "ferror(stdin) tells them apart. Say the reason, exit 1.");
    expect_exit(launch(.program = "pmq", .args = {"put", name, "1"}, .input = FROM_FILE,
                       .input_path = scratch_path(".")),
                1);
    expect_empty(queue);

    tried("put `low` with priority 0, then `high` with 32767");
    suspect("The priority is the last argument of mq_send().");
    put(name, "0", BYTES("low\n"));
    put(name, "32767", BYTES("high\n"));
    expect_message(queue, 32767, BYTES("high"));
    expect_message(queue, 0, BYTES("low"));

    tried("put a line of 257 bytes between two others into a queue for 256");
    suspect("Each line goes to mq_send() whole, neither cut nor in pieces. mq_send() fails with "
            "EMSGSIZE if it is longer than the queue allows: look at its result. No later line "
            "may be sent, and the exit code is 1.");
    struct bytes longest = line_of(SIZE), longer = line_of(SIZE + 1);
    struct bytes lines = joined(joined(BYTES("before\n"), longest), BYTES("\n"));
    lines = joined(joined(lines, longer), BYTES("\nbehind\n"));
    expect_failure(start_put(name, "1", lines), reason(EMSGSIZE));
    suspect(
        "The lines before the one that is too long were sent, and stay; none behind it is sent. "
        "A message may have as many bytes as the queue's messages at most.");
    expect_message(queue, 1, BYTES("before"));
    expect_message(queue, 1, longest);
    expect_empty(queue);

    tried("put lines into queues of others: one for messages of 4 bytes, one for 8192");
    suspect("How long a message may be is up to the queue, whoever made it: let mq_send() judge.");
    mqd_t small = make_queue(narrow, 2, 4), large = make_queue(wide, 1, LONG_SIZE);
    expect_failure(start_put(narrow, "1", BYTES("four\nfives\n")), reason(EMSGSIZE));
    expect_message(small, 1, BYTES("four"));
    expect_empty(small);
    put(wide, "1", line_of(LONG_SIZE));
    expect_message(large, 1, line_of(LONG_SIZE));

    tried("put a line with priority 32768, which is over the system's limit");
    suspect("mq_send() fails with EINVAL if the priority is over the system's limit; nothing is "
            "sent.");
    expect_failure(start_put(name, "32768", BYTES("line\n")), reason(EINVAL));
    expect_empty(queue);
    tried("put a line with priority 4294967296, which does not fit into an int");
    suspect("A number that is too large must not come out as another, smaller one: atoi() and "
            "casts hide it.");
    int code = exit_status(start_put(name, "4294967296", BYTES("line\n")));
    expect_that(code == 1 || code == 2, "exit code 1 or 2", "exit code %d", code);
    expect_empty(queue);

    tried("put 12 lines into a queue for 8 messages, which nobody empties for a while");
    suspect("mq_send() waits while the queue is full, without using the processor, unless the "
            "queue was opened with O_NONBLOCK.");
    struct program *waiting = start_put(name, "1", BYTES("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n"));
    wait_until_full(queue, waiting);
    expect_rest(waiting, 30);
    stop_and_continue(waiting, 0);
    expect_waiting(waiting);
    for (const char *letter = "abcdefghijkl"; *letter; letter++)
        expect_message(queue, 1, bytes_of(text("%c", *letter)));
    expect_exit(waiting, 0);
    expect_empty(queue);

    tried("put %d lines, while the reference pmq get took them", MANY_LINES);
    suspect("Standard input may have any number of lines: send each when it was read.");
    struct program *taker =
        launch(.build = REFERENCE, .program = "pmq", .args = {"get", name, "60000"});
    put(name, "3", numbered_lines(""));
    struct bytes taken = numbered_lines("3 ");
    expect_that(is_same(take_output(taker, taken.length), taken), "all lines in their order",
                "others");
    terminate(taker);
}

STEP(3, "get prints what waits, the most urgent first, from any queue", .points = 15, .after = 1,
     .see = "Step 3: take messages out",
     .hints = {"The receiver must have room for the longest message that the queue allows, also if "
               "none is that long. Who knows how long that is?",
               "mq_getattr() tells mq_msgsize; mq_timedreceive() fills in the text and the "
               "priority and returns the length. See mq_getattr(3), mq_receive(3).",
               "Print with printf(\"%u \", priority), fwrite(text, 1, length, stdout) and "
               "putchar('\\n'): a message has no NUL at its end."},
     .by_hand = "python3 -c 'import ctypes; ctypes.CDLL(\"librt.so.1\").mq_open(b\"/big\", 0o102, "
                "0o600, None)'; echo a | build/labs/08-queues/pmq put /big 2; "
                "build/labs/08-queues/pmq get /big 0    # a queue for long messages")
{
    const char *name = queue_name(), *wide = queue_name(), *narrow = queue_name();
    expect_usage_errors(WORDS("pmq", "get", name, "soon"), WORDS("pmq", "gets", name, "0"));
    expect_strict_arguments("pmq", WORD("get"), WORD(name), NUMBER("0", 0, INT_MAX));
    mqd_t queue = make_queue(name, MESSAGES, SIZE);

    tried("ran pmq get %s 0 with five messages in the queue", name);
    suspect("Print `PRIORITY TEXT` and a newline for each message, with the priority that the "
            "message has and as many bytes as mq_timedreceive() returned, until none is left "
            "(ETIMEDOUT): that is the normal end, with exit code 0.");
    send_message(queue, 1, BYTES("low"));
    send_message(queue, 5, BYTES("first"));
    send_message(queue, 32767, BYTES("urgent"));
    send_message(queue, 5, BYTES("second"));
    send_message(queue, 0, BYTES("lowest"));
    expect_got(name, BYTES("32767 urgent\n5 first\n5 second\n1 low\n0 lowest\n"));
    expect_empty(queue);
    tried("ran pmq get %s 0 with an empty queue", name);
    suspect("With TIMEOUT_MS 0 and no message, mq_timedreceive() fails with ETIMEDOUT at once: "
            "that is the normal end, with exit code 0.");
    expect_got(name, BYTES(""));

    tried("ran pmq get with a message that is empty, one with a NUL, and one of 256 bytes");
    suspect("A message is no string: it has as many bytes as mq_timedreceive() returned, NULs "
            "among them and none behind them. An empty one is a message, not the end.");
    send_message(queue, 3, BYTES(""));
    send_message(queue, 2, BYTES("a\0b"));
    send_message(queue, 1, line_of(SIZE));
    struct bytes output = joined(BYTES("3 \n2 a\0b\n1 "), line_of(SIZE));
    expect_got(name, joined(output, BYTES("\n")));

    tried("ran pmq get with a queue for messages of 8192 bytes that another program made");
    suspect("The buffer must have room for the longest message that the queue allows "
            "(mq_getattr(), mq_msgsize), or every call fails with EMSGSIZE, even if the queue is "
            "empty.");
    mqd_t large = make_queue(wide, 1, LONG_SIZE);
    expect_got(wide, BYTES(""));
    send_message(large, 4, line_of(LONG_SIZE));
    expect_got(wide, joined(joined(BYTES("4 "), line_of(LONG_SIZE)), BYTES("\n")));
    tried("ran pmq get with a queue for messages of 1 byte");
    mqd_t small = make_queue(narrow, 2, 1);
    send_message(small, 0, BYTES("x"));
    expect_got(narrow, BYTES("0 x\n"));

    tried("ran pmq get 0 with a queue that does not exist");
    suspect("get does not make a queue: without O_CREAT, mq_open() fails with ENOENT.");
    const char *missing = queue_name();
    struct program *nothing = start_get(missing, 0);
    expect_failure(nothing, reason(ENOENT));
    expect_no_queue(missing);
}

STEP(4, "get waits for the next message, each time as long as it was told", .points = 15,
     .after = 3, .see = "Step 4: wait, but not for ever",
     .hints = {"mq_timedreceive() is not told how long to wait, but until when. On which clock?",
               "clock_gettime(CLOCK_REALTIME), plus the milliseconds, anew before each call. And "
               "what was printed has to leave the program before it waits again. See "
               "mq_receive(3), clock_gettime(2), fflush(3).",
               "Add ms / 1000 to tv_sec and ms % 1000 * 1000000 to tv_nsec; if tv_nsec is "
               "1000000000 or more, take that off and add 1 to tv_sec."},
     .by_hand = "build/labs/08-queues/pmq get /q 60999    # and put lines from another terminal")
{
    const char *name = queue_name(), *clocked = queue_name(), *paged = queue_name();
    mqd_t queue = make_queue(name, 4, SIZE), second = make_queue(clocked, 4, SIZE);
    tried("ran pmq get with a TIMEOUT_MS of 2147482999, and sent it messages one by one");
    suspect("mq_timedreceive() waits without using the processor, unless the queue was opened with "
            "O_NONBLOCK.");
    struct program *longest = start_get(clocked, 2147483647);
    struct program *get = start_get(name, 2147482999);
    wait_until_idle(get);
    suspect("The end of the wait is a moment on CLOCK_REALTIME: now plus the milliseconds, with "
            "tv_nsec below 1,000,000,000 (else EINVAL). The largest TIMEOUT_MS is 24 days.");
    expect_running(get);
    expect_running(longest);
    terminate(longest);
    suspect("A message has to be printed when it comes, not when the program ends: stdio keeps it "
            "in a buffer until fflush(stdout).");
    expect_printed_at_once(queue, get, 5, "hello");
    expect_printed_at_once(queue, get, 0, "again");
    struct rest rest = begin_rest(get);

    tried("ran pmq get with a TIMEOUT_MS of 999, and another with 1000");
    suspect("The moment is TIMEOUT_MS milliseconds from now: tv_sec grows by the whole seconds in "
            "it, tv_nsec by the rest. If that fills a second, tv_sec grows by one more.");
    expect_waits(clocked, 999, 1000);

    long timeout_ms = 60, most_ms = 4000;
    do {
        tried("ran pmq get with a TIMEOUT_MS of %ld, and sent two messages", timeout_ms);
        suspect("mq_receive() waits for ever; mq_timedreceive() until a moment on CLOCK_REALTIME: "
                "TIMEOUT_MS milliseconds from now, counted anew after each message.");
    } while (!waits_anew(clocked, second, timeout_ms) && (timeout_ms *= 2) < most_ms);
    if (timeout_ms >= most_ms)
        cannot_judge("this machine is too busy to tell how long a program waits");

    tried("left the first pmq get alone for a while, stopped and continued it, and sent it a "
          "message");
    suspect("mq_timedreceive() waits without using the processor, unless the queue was opened with "
            "O_NONBLOCK.");
    expect_rest_since(rest, 30);
    stop_and_continue(get, 0);
    expect_printed_at_once(queue, get, 1, "and again");
    terminate(get);

    tried("gave pmq get a standard output that is full (/dev/full)");
    suspect("Check that each message could be written (fflush() returns EOF), else exit 1.");
    send_message(queue, 1, BYTES("lost"));
    expect_exit(launch(.program = "pmq", .args = {"get", name, "0"}, .output = FROM_FILE,
                       .output_path = "/dev/full", .times_itself = true),
                1);
    tried("gave pmq get a standard output that is full, and a message whose line fills stdio's "
          "buffer but for the newline");
    suspect("A buffer that is full is written out before fflush() is called, here by what prints "
            "the newline. If that fails, nothing is left to be flushed, and fflush() returns 0: "
            "ferror(stdout) knows.");
    send_message(make_queue(paged, 1, PAGE - 2), 1, line_of(PAGE - 2)); /* behind `1 ` */
    expect_exit(launch(.program = "pmq", .args = {"get", paged, "0"}, .output = FROM_FILE,
                       .output_path = "/dev/full", .times_itself = true),
                1);
}

STEP(5, "messages outlive their sender, until rm removes the queue", .points = 10, .after = 3,
     .see = "Step 5: what stays behind",
     .hints = {"No process has the queue open. Is it gone?",
               "A queue has a name, like a file, and is removed like one. See mq_unlink(3).",
               "mq_unlink(name) is all; if it returns -1, errno tells why."},
     .by_hand = "build/labs/08-queues/pmq rm /q; build/labs/08-queues/pmq rm /q")
{
    const char *name = queue_name();
    expect_usage_errors(WORDS("pmq", "rm"), WORDS("pmq", "rm", name, "0"));
    tried("ran pmq put, then the reference pmq get, on a queue that no process has open");
    suspect("What was put stays in the queue when put has ended.");
    put_into_new(name, "2", BYTES("left by yours\n"));
    put(name, "1", BYTES("and more\n"));
    struct program *reference = start_reference("pmq", "get", name, "0");
    expect_output(reference, BYTES("2 left by yours\n1 and more\n"));
    tried("ran the reference pmq put, then pmq get");
    struct program *puts_in = start_reference("pmq", "put", name, "6");
    feed(puts_in, BYTES("left by the reference\n"));
    end_input(puts_in);
    expect_exit(puts_in, 0);
    expect_got(name, BYTES("6 left by the reference\n"));

    tried("ran pmq rm with a queue in which a message waits");
    suspect("mq_unlink() removes the name, and with it the queue and what is in it.");
    put(name, "3", BYTES("old\n"));
    struct program *removes = start("pmq", "rm", name);
    expect_exit(removes, 0);
    expect_nothing_said(removes);
    expect_no_queue(name);
    tried("ran pmq rm with a queue that does not exist");
    suspect("mq_unlink() fails with ENOENT where there is no queue.");
    expect_failure(start("pmq", "rm", name), reason(ENOENT));
    expect_no_queue(name);
    tried("ran pmq rm and pmq get with a name without its slash");
    suspect("The name of a queue begins with a slash, for every verb.");
    expect_failure(start("pmq", "rm", name + 1), reason(EINVAL));
    expect_failure(start_get(name + 1, 0), reason(EINVAL));
    tried("ran pmq put after pmq rm");
    put_into_new(name, "0", BYTES("new\n"));
    expect_message(open_queue(name), 0, BYTES("new"));
}

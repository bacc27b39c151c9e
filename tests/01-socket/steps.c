/*
 * steps.c - lab 01: an endpoint is a descriptor.
 *
 * A program's own descriptors are its affair: it may have opened others before. So the tests
 * compare runs with each other (two more descriptors taken, the number is two higher) and never
 * demand a certain number.
 */
#include "arguments.h"
#include "program.h"
#include "step.h"
#include "world.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* For a program that made its socket and failed later. */
static void suspect_later_call(struct program *program)
{
    struct bytes said = error_output(program);
    if (memmem(said.at, said.length, "getsock", 7))
        suspect("The socket was made; a call after it failed. getsockname() and getsockopt() read "
                "the length before they write it: set it to the size of the room that they get.");
}

/* Runs sockinfo with so many descriptors taken already; returns the number after "fd=". */
static int fd_told(const char *family, const char *type, int spare)
{
    int fd = -1, end = 0;
    struct program *program =
        launch(.program = "sockinfo", .args = {family, type}, .spare_descriptors = spare);
    if (exit_status(program) != 0)
        suspect_later_call(program);
    const char *line = next_line(program);
    if (sscanf(line, "fd=%d %n", &fd, &end) != 1 || end == 0)
        fail_step("a line that begins \"fd=NUMBER \"", shown(bytes_of(line)));
    expect_exit(program, 0);
    expect_no_more_output(program);
    return fd;
}

static void expect_full_disk_noticed(const char *program, const char *first, const char *second)
{
    tried("gave %s a standard output that is full (/dev/full)", program);
    suspect("printf() only fills a buffer. Whether the result could be written is known after "
            "fflush(stdout): exit with 1 if not.");
    expect_exit(launch(.program = program, .args = {first, second}, .output = FROM_FILE,
                       .output_path = "/dev/full"),
                1);
}

STEP(1, "socket() returns a descriptor, the lowest that is free", .points = 20,
     .see = "Step 1: ask for a socket",
     .hints = {"Which call makes a socket, and what does it return?",
               "socket(family, type, 0), all three numbers. It returns a descriptor, or -1. See "
               "socket(2).",
               "Put the call's result into fd. Nothing else is to be done in this step: the line "
               "is printed for you."},
     .by_hand = "build/labs/01-socket/sockinfo inet stream")
{
    expect_usage_error("sockinfo");
    expect_usage_error("sockinfo", "inet", "sock");
    expect_usage_error("sockinfo", "INET", "stream");
    expect_usage_error("sockinfo", "unixxx", "stream");
    expect_strict_arguments("sockinfo", NUMBER("2", 0, INT_MAX), NUMBER("1", 0, INT_MAX));
    tried("ran `sockinfo inet stream`");
    suspect("Print the number that socket() returned.");
    int plain = fd_told("inet", "stream", 0);
    expect_that(plain >= 3, "a descriptor: 0, 1 and 2 are taken", "fd=%d", plain);
    tried("ran `sockinfo inet stream` with two more descriptors taken already");
    suspect("The kernel hands out the lowest free descriptor, so the number depends on what is "
            "open. Print what socket() returned, not a fixed number.");
    int shifted = fd_told("inet", "stream", 2);
    expect_that(shifted == plain + 2, text("fd=%d, two more than before", plain + 2), "fd=%d",
                shifted);
}

STEP(2, "what the kernel refuses ends with its reason and exit code 1", .points = 15, .after = 1,
     .see = "Step 2: when the kernel says no",
     .hints = {"A call that fails leaves its reason somewhere. Where?",
               "errno holds a number for the reason; strerror(errno) puts it into words. See "
               "errno(3) and strerror(3).",
               "One fprintf() to stderr with the program's name, the call and strerror(errno), and "
               "EXIT_FAILURE as the code."},
     .by_hand = "build/labs/01-socket/sockinfo inet 77; echo $?")
{
    static const struct {
        const char *family, *type;
        int family_number, type_number;
    } refused[] = {
        {"inet", "77", AF_INET, 77}, {"unix", "4", AF_UNIX, 4}, {"99", "stream", 99, SOCK_STREAM}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        tried("ran `sockinfo %s %s`, which the kernel refuses", refused[i].family, refused[i].type);
        if (socket(refused[i].family_number, refused[i].type_number, 0) != -1)
            continue; /* this kernel knows it */
        const char *why = reason(errno);
        suspect("When socket() returns -1: one line on standard error with strerror(errno), taken "
                "before another call can change errno, nothing on standard output, exit code 1.");
        struct program *program = start("sockinfo", refused[i].family, refused[i].type);
        exit_status(program);
        if (!gives_reason(error_output(program), why) &&
            socket(refused[i].type_number, refused[i].family_number, 0) == -1 &&
            gives_reason(error_output(program), reason(errno)))
            suspect("This is the reason for a swapped pair: socket() takes the family first, then "
                    "the type.");
        expect_failure(program, why);
        expect_no_more_output(program);
    }
}

/* sockinfo and the reference, started with the same words. */
struct pair {
    struct program *program, *reference;
};

static struct pair start_pair(const char *family, const char *type)
{
    return (struct pair){start("sockinfo", family, type),
                         start_reference("sockinfo", family, type)};
}

/* Compares what both say behind "WORD=". */
static void expect_same(const char *word, struct pair pair)
{
    const char *said = strstr(next_line(pair.program), word);
    const char *right = strstr(next_line(pair.reference), word);
    int length = (int)strcspn(right, " ");
    expect_that(said && strncmp(said, right, (size_t)length) == 0 &&
                    (said[length] == ' ' || said[length] == '\0'),
                text("%.*s", length, right), "%s", said ? said : "nothing of the kind");
    expect_exit(pair.program, 0);
}

static void expect_same_word(const char *word, const char *family, const char *type)
{
    expect_same(word, start_pair(family, type));
}

static bool kernel_makes(int family, int type)
{
    int fd = socket(family, type, 0);
    if (fd != -1)
        close(fd);
    return fd != -1;
}

STEP(3, "getsockname() tells the family of any socket", .points = 20, .after = 2,
     .see = "Step 3: ask for the family",
     .hints = {"The socket was never bound. Does it have an address all the same?",
               "getsockname(fd, address, &length) fills in an address whose ss_family is the "
               "answer. See getsockname(2).",
               "Give it a struct sockaddr_storage, cast to struct sockaddr *, and a socklen_t that "
               "holds its size before the call."},
     .by_hand = "build/labs/01-socket/sockinfo unix dgram; build/labs/01-socket/sockinfo 16 3")
{
    static const char *const families[] = {"inet", "unix", "2", "16"};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const char *type = strcmp(families[i], "16") == 0 ? "3" : "dgram";
        if (strcmp(families[i], "16") == 0 && socket(16, 3, 0) == -1)
            continue; /* no netlink here */
        tried("ran `sockinfo %s %s`", families[i], type);
        suspect("Ask the kernel, don't repeat the argument: getsockname() tells the family. Names "
                "stand for known numbers (2 is inet here), others are printed as numbers.");
        expect_same_word("family=", families[i], type);
    }
    if (socket(AF_INET6, SOCK_STREAM, 0) != -1) {
        tried("ran `sockinfo inet6 stream`");
        suspect("The address of an IPv6 socket is longer than a struct sockaddr: use struct "
                "sockaddr_storage.");
        expect_same_word("family=", "inet6", "stream");
    }
}

/* Asks for sockets of these types; all run side by side. */
static void expect_types(void)
{
    static const char by_number[] =
        "Ask getsockopt() for SO_TYPE. A type without a name is printed as its number.";
    static const char by_flag[] = "The flag is no part of the type. Print what getsockopt() "
                                  "answers for SO_TYPE, not what was asked for.";
    static const char by_kernel[] =
        "A unix socket has no raw type, so the kernel makes it a dgram. Only getsockopt() with "
        "SO_TYPE knows; the argument, even without its flags, is no answer.";
    static const struct {
        const char *family_word;
        int family, type, flag;
        const char *type_word, *note, *cause; /* type_word: if not its number */
    } asked[] = {
        {"unix", AF_UNIX, SOCK_STREAM, 0, "stream", "", by_number},
        {"unix", AF_UNIX, SOCK_DGRAM, 0, "dgram", "", by_number},
        {"unix", AF_UNIX, SOCK_SEQPACKET, 0, NULL, "", by_number},
        {"inet", AF_INET, SOCK_STREAM, SOCK_CLOEXEC, NULL,
         ", which is SOCK_STREAM with the flag SOCK_CLOEXEC", by_flag},
        {"unix", AF_UNIX, SOCK_SEQPACKET, SOCK_CLOEXEC, NULL,
         ", which is SOCK_SEQPACKET with the flag SOCK_CLOEXEC", by_flag},
        {"unix", AF_UNIX, SOCK_RAW, 0, NULL, ", which is SOCK_RAW", by_kernel},
    };
    enum { ASKED = sizeof asked / sizeof asked[0] };
    const char *types[ASKED];
    struct pair pairs[ASKED];
    for (int i = 0; i < ASKED; i++) {
        types[i] =
            asked[i].type_word ? asked[i].type_word : text("%d", asked[i].type | asked[i].flag);
        if (kernel_makes(asked[i].family, asked[i].type))
            pairs[i] = start_pair(asked[i].family_word, types[i]);
        else
            pairs[i].program = NULL;
    }
    for (int i = 0; i < ASKED; i++) {
        if (!pairs[i].program)
            continue;
        tried("ran `sockinfo %s %s`%s", asked[i].family_word, types[i], asked[i].note);
        suspect("%s", asked[i].cause);
        expect_same("type=", pairs[i]);
    }
}

STEP(4, "SO_TYPE tells the type, whatever was asked for", .points = 15, .after = 3,
     .see = "Step 4: ask for the type",
     .hints = {"Options of a socket can be set, and asked for. Which call asks?",
               "getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length). See socket(7) for SO_TYPE.",
               "`length` is a socklen_t that holds sizeof type before the call. The answer is in "
               "`type`."},
     .by_hand = "build/labs/01-socket/sockinfo inet 524289")
{
    expect_types();
    expect_full_disk_noticed("sockinfo", "inet", "stream");
}

/* What sockcount said. */
struct count {
    int opened;
    const char *stopped; /* the reason, or NULL */
    int reopened;
};

static struct count run_sockcount(const char *limit, int spare, long descriptor_limit)
{
    struct count count = {.opened = -1, .reopened = -1};
    struct program *program =
        launch(.program = "sockcount", .args = {limit}, .spare_descriptors = spare,
               .descriptor_limit = descriptor_limit);
    const char *line = next_line(program);
    if (sscanf(line, "opened %d", &count.opened) != 1 ||
        strcmp(line, text("opened %d", count.opened)) != 0)
        fail_step("the line \"opened N\"", shown(bytes_of(line)));
    line = next_line(program);
    if (strncmp(line, "stopped: ", 9) == 0) {
        count.stopped = line + 9;
        line = next_line(program);
    }
    if (sscanf(line, "reopened fd=%d", &count.reopened) != 1)
        fail_step("the line \"reopened fd=F\"", shown(bytes_of(line)));
    expect_exit(program, 0);
    expect_no_more_output(program);
    return count;
}

/* Like run_sockcount(), but looks only at the first lines: how it ends is the next step's affair.
 */
static struct count run_opening_of(enum build build, const char *limit, long descriptor_limit)
{
    struct count count = {.opened = -1};
    struct program *program = launch(.program = "sockcount", .args = {limit}, .build = build,
                                     .descriptor_limit = descriptor_limit);
    const char *line = next_line(program);
    if (sscanf(line, "opened %d", &count.opened) != 1)
        fail_step("the line \"opened N\"", shown(bytes_of(line)));
    struct bytes rest = rest_of_output(program);
    if (rest.length > 9 && memcmp(rest.at, "stopped: ", 9) == 0)
        count.stopped = text("%.*s", (int)strcspn((const char *)rest.at + 9, "\n"), rest.at + 9);
    exit_status(program);
    return count;
}

static struct count run_opening(const char *limit, long descriptor_limit)
{
    return run_opening_of(STUDENTS, limit, descriptor_limit);
}

/* Lets it open a few thousand, or as many as this machine allows; `few` is how many it held when it
 * might have 32 descriptors. */
static void expect_thousands(int few)
{
    enum { THOUSANDS = 2100, LITTLE = 32 }; /* over 1024 and 2048, and cheap enough */
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    int most = limit.rlim_max < THOUSANDS ? (int)limit.rlim_max : THOUSANDS;
    tried("ran `sockcount 1000000` with %d descriptors at most", most);
    suspect("LIMIT can be anything up to 1000000, and only the kernel knows how many it will give: "
            "make room for LIMIT descriptors (malloc()), and go on until socket() returns -1.");
    struct count many = run_opening("1000000", most);
    int right = few + most - LITTLE;
    if (many.opened < right && many.stopped &&
        run_opening_of(REFERENCE, "1000000", most).opened < right)
        remark("this machine has no %d sockets to give", right);
    else
        expect_that(many.opened == right, text("opened %d", right), "opened %d", many.opened);
}

STEP(5, "sockcount opens as many as it may, and tells why it stopped", .points = 15,
     .see = "Step 5: how many?",
     .hints = {"A loop, a counter, and two reasons to leave the loop.",
               "Each socket() that succeeds gives one more descriptor to keep. -1 with errno "
               "EMFILE means that the process holds all it may. See getrlimit(2), RLIMIT_NOFILE.",
               "while (count < limit): make a socket; if it is -1, note errno in *error and leave "
               "the loop; else store it at fds[count] and count on."},
     .by_hand = "(ulimit -n 20; build/labs/01-socket/sockcount 100)")
{
    expect_strict_arguments("sockcount", NUMBER("5", 1, 1000000));
    tried("ran `sockcount 5`");
    suspect("Open exactly LIMIT sockets, and keep them all until they are counted.");
    struct count few = run_opening("5", 0);
    expect_that(few.opened == 5, "opened 5", "opened %d", few.opened);
    expect_that(!few.stopped, "no line \"stopped:\", since nothing was refused", "stopped: %s",
                few.stopped);

    tried("ran `sockcount 100` with 32 descriptors at most, then with 64");
    suspect("Go on until socket() returns -1, count only what succeeded, and let every socket stay "
            "open meanwhile.");
    struct count small = run_opening("100", 32);
    struct count large = run_opening("100", 64);
    expect_that(small.opened <= 29 && small.opened >= 1, "opened 29, or a few less", "opened %d",
                small.opened);
    expect_that(large.opened == small.opened + 32, text("opened %d", small.opened + 32),
                "opened %d", large.opened);
    suspect("After the refusal print the line \"stopped: REASON\" with strerror() of the errno "
            "that socket() left: note it before printf() or another call can change it.");
    expect_that(large.stopped && gives_reason(bytes_of(large.stopped), reason(EMFILE)),
                text("stopped: %s", reason(EMFILE)), "%s",
                large.stopped ? text("stopped: %s", large.stopped) : "no such line");

    tried("ran `sockcount %d` with 32 descriptors at most, which is just enough", small.opened);
    suspect("When LIMIT is reached, nothing is refused: leave the loop before the next socket().");
    struct count just = run_opening(text("%d", small.opened), 32);
    expect_that(just.opened == small.opened && !just.stopped,
                text("opened %d and no line \"stopped:\"", small.opened), "opened %d%s",
                just.opened, just.stopped ? ", stopped" : "");
    expect_thousands(small.opened);
}

STEP(6, "a closed descriptor is handed out again", .points = 15, .after = 5,
     .see = "Step 6: give them back",
     .hints = {"The kernel gives the lowest free number. What makes a number free?",
               "close() every descriptor that was opened: then the first of them is the lowest "
               "free one. See close(2).",
               "A loop from 0 to count - 1 with close(fds[i])."},
     .by_hand = "build/labs/01-socket/sockcount 3")
{
    tried("ran `sockcount 1`, then `sockcount 9`");
    suspect("All sockets must be closed before the last one is opened: then it gets the first "
            "descriptor again, however many there were.");
    struct count one = run_sockcount("1", 0, 0);
    struct count nine = run_sockcount("9", 0, 0);
    expect_that(one.reopened >= 3 && one.reopened == nine.reopened,
                "the same descriptor after 1 and after 9 sockets", "fd=%d after 1, fd=%d after 9",
                one.reopened, nine.reopened);
    tried("ran `sockcount 9` with two more descriptors taken");
    suspect("Print the descriptor that the last socket() returned, not a fixed number.");
    struct count shifted = run_sockcount("9", 2, 0);
    expect_that(shifted.reopened == nine.reopened + 2, text("fd=%d", nine.reopened + 2), "fd=%d",
                shifted.reopened);
    tried("ran `sockcount 1000000` with 32 descriptors at most");
    suspect("When all descriptors were used up, closing them makes room for the last socket.");
    struct count full = run_sockcount("1000000", 0, 32);
    expect_that(full.reopened == nine.reopened, text("fd=%d", nine.reopened), "fd=%d",
                full.reopened);
    suspect("29 sockets and 0, 1 and 2 are all that there can be, so the first socket had "
            "descriptor 3: it was not closed. Close every one, the first and the last too.");
    expect_that(full.opened < 29 || full.reopened == 3, "fd=3", "fd=%d", full.reopened);
    expect_full_disk_noticed("sockcount", "3", NULL);
}

STORY("a socket is a descriptor, and a closed one is handed out again")
{
    tried("asked for an IPv4 stream socket");
    expect_exit(start("sockinfo", "inet", "stream"), 0);
    tried("asked for a type of socket that there is not");
    expect_exit(start("sockinfo", "inet", "77"), 1);
    tried("opened three sockets, closed them and opened one more");
    expect_exit(start("sockcount", "3"), 0);
}

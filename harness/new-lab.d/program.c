/*
 * @PROGRAM@ - says a word, then repeats what it hears.
 *
 *     @PROGRAM@ WORD
 *
 * Prints WORD and a newline at once, then copies standard input to standard output until its end.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writes all of it. Returns 0, or -1 with errno. */
static int write_all(const char *bytes, size_t length)
{
    // BEGIN SOLUTION
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written == -1 && errno == EINTR)
            continue;
        if (written == -1)
            return -1;
        bytes += written;
        length -= (size_t)written;
    }
    // STUB: /* TODO 2: write() to STDOUT_FILENO, again and again until nothing is left: it may take
    // STUB:  * less than it was given. On failure return -1. See write(2). */
    // STUB: (void)bytes, (void)length;
    // END SOLUTION
    return 0;
}

/* Copies standard input to standard output. Returns 0, or -1 with errno. */
static int copy(void)
{
    // BEGIN SOLUTION
    for (;;) {
        char piece[4096];
        ssize_t length = read(STDIN_FILENO, piece, sizeof piece);
        if (length == -1 && errno == EINTR)
            continue;
        if (length <= 0)
            return (int)length;
        if (write_all(piece, (size_t)length) == -1)
            return -1;
    }
    // STUB: /* TODO 3: read() what there is, write it, and go on until the end. See read(2). */
    // STUB: return 0;
    // END SOLUTION
}

/* Reports a call that failed for good. Returns the exit code. */
static int fail(const char *call)
{
    int code = EXIT_SUCCESS;
    // BEGIN SOLUTION
    fprintf(stderr, "@PROGRAM@: %s: %s\n", call, strerror(errno));
    code = EXIT_FAILURE;
    // STUB: /* TODO 4: one line on standard error: the program, the call, strerror(errno). The exit
    // STUB:  * code is EXIT_FAILURE. */
    // STUB: (void)call;
    // END SOLUTION
    return code;
}

int main(int argc, char *argv[])
{
    // BEGIN SOLUTION
    if (argc != 2) {
        fprintf(stderr, "usage: @PROGRAM@ WORD\n");
        return 2;
    }
    // STUB: /* TODO 1: without exactly one argument, one line on standard error that begins with
    // STUB:  * `usage: `, and exit code 2. */
    // STUB: if (argc < 2)
    // STUB:     return EXIT_SUCCESS;
    // END SOLUTION
    if (write_all(argv[1], strlen(argv[1])) == -1 || write_all("\n", 1) == -1)
        return fail("write");
    if (copy() == -1)
        return fail("copy");
    return EXIT_SUCCESS;
}

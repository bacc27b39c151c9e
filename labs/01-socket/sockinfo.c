/*
 * sockinfo - makes one socket and tells what the kernel says about it.
 *
 *     sockinfo FAMILY TYPE
 *
 * FAMILY is inet, inet6, unix or a number; TYPE is stream, dgram or a number. Prints, for
 * instance, `fd=3 family=inet type=stream`.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct name { /* a number that people prefer to call by a name */
    const char *word;
    int number;
};

static const struct name families[] = {{"inet", AF_INET}, {"inet6", AF_INET6}, {"unix", AF_UNIX}};
static const struct name types[] = {{"stream", SOCK_STREAM}, {"dgram", SOCK_DGRAM}};
enum { FAMILIES = sizeof families / sizeof families[0], TYPES = sizeof types / sizeof types[0] };

/* The number that a word stands for, or -1 if it is neither a name of the table nor digits. */
static int number_of(const char *word, const struct name *table, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (strcmp(word, table[i].word) == 0)
            return table[i].number;
    if (*word == '\0' || word[strspn(word, "0123456789")] != '\0')
        return -1;
    errno = 0;
    long number = strtol(word, NULL, 10);
    return errno == 0 && number <= INT_MAX ? (int)number : -1;
}

/* Prints ` LABEL=WORD`, or the bare number if the table has no word for it. */
static void print_name(const char *label, int number, const struct name *table, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (number == table[i].number) {
            printf(" %s=%s", label, table[i].word);
            return;
        }
    printf(" %s=%d", label, number);
}

/* Asks the kernel which family a socket has. Returns it, or -1 with errno. */
static int family_of(int fd)
{
    int family = AF_UNSPEC;
    /* TODO 3: ask getsockname() for the socket's address: even a socket that was never
     * bound has one, and its ss_family is the answer. A struct sockaddr_storage has room
     * for the address of any family; tell getsockname() how much room, and check its
     * result. */
    (void)fd;
    return family;
}

/* Asks the kernel which type a socket has. Returns it, or -1 with errno. */
static int type_of(int fd)
{
    int type = 0;
    /* TODO 4: ask getsockopt() at level SOL_SOCKET for the option SO_TYPE. */
    (void)fd;
    return type;
}

/* Reports a call that failed for good. Returns the exit code. */
static int fail(const char *call)
{
    int code = EXIT_SUCCESS;
    /* TODO 2: print one line on standard error: the program, the call, and the reason that
     * strerror(errno) puts into words, as in `sockinfo: socket: Invalid argument`. The exit
     * code of a failure is EXIT_FAILURE. */
    (void)call;
    return code;
}

int main(int argc, char *argv[])
{
    int family = argc == 3 ? number_of(argv[1], families, FAMILIES) : -1;
    int type = argc == 3 ? number_of(argv[2], types, TYPES) : -1;
    int fd = -1;

    if (family == -1 || type == -1) {
        fprintf(stderr, "usage: sockinfo inet|inet6|unix|NUMBER stream|dgram|NUMBER\n");
        return 2;
    }
    /* TODO 1: ask the kernel for a socket of this family and type (protocol 0: the usual
     * one). It returns a descriptor, or -1. See socket(2). */
    if (fd == -1)
        return fail("socket");
    family = family_of(fd);
    if (family == -1)
        return fail("getsockname");
    type = type_of(fd);
    if (type == -1)
        return fail("getsockopt");

    printf("fd=%d", fd);
    print_name("family", family, families, FAMILIES);
    print_name("type", type, types, TYPES);
    printf("\n");
    if (fflush(stdout) == EOF || ferror(stdout)) /* printf() only filled a buffer */
        return fail("write");
    return EXIT_SUCCESS;
}

/*
 * arguments.h - what a program makes of wrong arguments: exit 2 and one line on standard error that
 * begins "usage: ", nothing on standard output.
 */
#ifndef PLUMBLINE_JUDGE_ARGUMENTS_H
#define PLUMBLINE_JUDGE_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

/* Starts NAME with these words and demands a usage error. */
#define expect_usage_error(...) expect_usage_error_of((const char *[]){__VA_ARGS__, NULL})
void expect_usage_error_of(const char *const words[]);

/* The same for several command lines, which are tried side by side:
 *
 *     expect_usage_errors(WORDS("pmq"), WORDS("pmq", "push", name, "1"));
 */
#define WORDS(...) ((const char *[]){__VA_ARGS__, NULL})
#define expect_usage_errors(...)                                                                   \
    expect_usage_errors_of((const char *const *const[]){__VA_ARGS__, NULL})
void expect_usage_errors_of(const char *const *const lines[]);

/* A word of a right command line. */
struct argument {
    const char *word;
    long long lowest, highest; /* for decimal digits; 0 and 0: any word */
};
#define WORD(word_)                      ((struct argument){.word = (word_)})
#define NUMBER(word_, lowest_, highest_) ((struct argument){(word_), (lowest_), (highest_)})
#define PORT(word_)                      NUMBER(word_, 0, 65535)

/* Starts NAME again and again with a right command line made wrong, and demands a usage error of
 * each: the last word left out, one word too many, and each number in turn replaced by what is no
 * number in its range ("", "-1", "+5", "5x", one too many, ...). The first number gets every such
 * word, the others some. They run side by side.
 *
 *     expect_strict_arguments("doorman", WORD("127.0.0.1"), PORT("0"), NUMBER("1", 0, INT_MAX));
 *
 * For a command line that may end earlier or go on, use expect_strict_numbers(), which leaves the
 * count of the words alone. */
#define expect_strict_arguments(name, ...)                                                         \
    expect_strict_arguments_of((name), (struct argument[]){__VA_ARGS__, {0}}, true, EVERY_WORD)
#define expect_strict_numbers(name, ...)                                                           \
    expect_strict_arguments_of((name), (struct argument[]){__VA_ARGS__, {0}}, false, EVERY_WORD)

/* The same, with those words only that are the likeliest to slip through: for a lab's further
 * programs with the same command line. */
#define expect_strict_arguments_too(name, ...)                                                     \
    expect_strict_arguments_of((name), (struct argument[]){__VA_ARGS__, {0}}, true, SOME_WORDS)

enum { SOME_WORDS = 5, EVERY_WORD = 16 }; /* for the first number, at most */
void expect_strict_arguments_of(const char *name, const struct argument arguments[], bool count_too,
                                size_t most);

#endif

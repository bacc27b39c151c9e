/*
 * arguments.c - wrong arguments, tried side by side (see arguments.h).
 */
#include "arguments.h"

#include "program.h"
#include "step.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 12, MOST_TRIALS = 64 };

/* A program that was started with wrong arguments. */
struct trial {
    struct program *program;
    const char *line; /* the command, for the story */
};

struct trials {
    struct trial of[MOST_TRIALS];
    size_t count;
};

static void try_words(struct trials *trials, const char *const words[])
{
    const char *line = words[0];
    for (int i = 1; words[i]; i++)
        line = text("%s %s", line, *words[i] ? words[i] : "''");
    if (trials->count == MOST_TRIALS)
        cannot_judge("more than %d wrong command lines in one step", MOST_TRIALS);
    struct program *program = start_words(STUDENTS, words);
    end_input(program);
    trials->of[trials->count++] = (struct trial){program, line};
}

static void expect_usage(const struct trial *trial)
{
    tried("ran %s", trial->line);
    suspect("Wrong arguments get one line on standard error that begins with \"usage: \", and "
            "exit code 2.");
    expect_exit(trial->program, 2);
    struct bytes error = error_output(trial->program);
    const unsigned char *end = memchr(error.at, '\n', error.length);
    if (error.length < 7 || memcmp(error.at, "usage: ", 7) != 0 || !end ||
        end + 1 != error.at + error.length)
        fail_step("one line on standard error that begins \"usage: \"",
                  error.length ? shown(error) : "nothing on standard error");
    expect_no_more_output(trial->program);
}

void expect_usage_error_of(const char *const words[])
{
    struct trials trials = {.count = 0};
    try_words(&trials, words);
    expect_usage(&trials.of[0]);
}

/* Words that look like a number in the range and are none. Returns how many; the first three are
 * the likeliest to slip through. */
static size_t no_numbers(const struct argument *argument, const char *wrong[])
{
    size_t count = 0;
    wrong[count++] = text("%sx", argument->word); /* atoi() takes it */
    wrong[count++] = text("%lld", argument->highest + 1);
    if (argument->lowest > 0)
        wrong[count++] = text("%lld", argument->lowest - 1);
    wrong[count++] = text("+%s", argument->word); /* strtol() takes this and the next */
    wrong[count++] = text(" %s", argument->word);
    wrong[count++] = "-1";
    wrong[count++] = "";
    unsigned long long value = strtoull(argument->word, NULL, 10);
    wrong[count++] = text("%llu", (1ULL << 32) + value); /* the same number in 32 bits */
    if (value < 8384)
        wrong[count++] = text("1844674407370955%llu", 1616 + value); /* and in 64: 2^64 more */
    return count;
}

void expect_strict_arguments_of(const char *name, const struct argument arguments[], bool count_too,
                                size_t most)
{
    struct trials trials = {.count = 0};
    const char *words[MOST_WORDS + 3] = {name};
    int last = 0;
    while (arguments[last].word) {
        words[last + 1] = arguments[last].word;
        last++;
    }
    if (count_too) {
        words[last + 1] = "0";
        try_words(&trials, words);
        words[last + 1] = NULL;
        words[last] = NULL;
        try_words(&trials, words);
        words[last] = arguments[last - 1].word;
    }
    for (int i = 0; i < last; i++) {
        if (arguments[i].highest == 0)
            continue;
        const char *wrong[EVERY_WORD];
        size_t count = no_numbers(&arguments[i], wrong);
        for (size_t w = 0; w < count && w < most; w++) {
            words[i + 1] = wrong[w];
            try_words(&trials, words);
        }
        words[i + 1] = arguments[i].word;
        most = SOME_WORDS;
    }
    for (size_t i = 0; i < trials.count; i++)
        expect_usage(&trials.of[i]);
}

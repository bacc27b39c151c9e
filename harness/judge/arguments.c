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
    const char *line;  /* the command, for the story */
    const char *fault; /* what is wrong with it, "" if that can be seen */
};

struct trials {
    struct trial of[MOST_TRIALS];
    size_t count;
};

/* A word as a shell would need it, or, where a person could not see what is in it, as shown(). */
static const char *legible(const char *word)
{
    for (const char *at = word; *at; at++)
        if (*at < ' ' || *at > '~')
            return shown(bytes_of(word));
    return *word && !strchr(word, ' ') ? word : text("'%s'", word);
}

static void try_words(struct trials *trials, const char *const words[], const char *fault)
{
    const char *line = words[0];
    for (int i = 1; words[i]; i++)
        line = text("%s %s", line, legible(words[i]));
    if (trials->count == MOST_TRIALS)
        cannot_judge("more than %d wrong command lines in one step", MOST_TRIALS);
    struct program *program = start_words(STUDENTS, words);
    end_input(program);
    trials->of[trials->count++] = (struct trial){program, line, fault};
}

static bool begins_with_usage(struct bytes error)
{
    return error.length >= 7 && memcmp(error.at, "usage: ", 7) == 0;
}

static void expect_usage(const struct trial *trial)
{
    const char *rule = "Wrong arguments get one line on standard error that begins with "
                       "\"usage: \", and exit code 2.";
    tried("ran %s", trial->line);
    suspect("%s%s", trial->fault, rule);
    /* Whose message or code says that it has seen the fault need not be told about it. */
    bool seen = exit_status(trial->program) == 2;
    struct bytes error = error_output(trial->program);
    if (seen || begins_with_usage(error))
        suspect("%s", rule);
    expect_exit(trial->program, 2);
    const unsigned char *end = memchr(error.at, '\n', error.length);
    if (!begins_with_usage(error) || !end || end + 1 != error.at + error.length)
        fail_step("one line on standard error that begins \"usage: \"",
                  error.length ? shown(error) : "nothing on standard error");
    expect_no_more_output(trial->program);
}

void expect_usage_error_of(const char *const words[])
{
    expect_usage_errors_of((const char *const *const[]){words, NULL});
}

void expect_usage_errors_of(const char *const *const lines[])
{
    struct trials trials = {.count = 0};
    for (size_t i = 0; lines[i]; i++)
        try_words(&trials, lines[i], "");
    for (size_t i = 0; i < trials.count; i++)
        expect_usage(&trials.of[i]);
}

/* A word that looks like a number in the range and is none. */
struct slip {
    const char *word, *fault;
};

static const char part[] =
    "A number is digits from its first byte to its last: atoi() and strtol() "
    "take what they can of a word, blanks and a sign too. ",
                  range[] = "The number is outside its range. ",
                  large[] = "The number is too large: compare it before it is put into an int, "
                            "which keeps its last 32 bits only. ",
                  empty[] = "An empty word is no number: there must be a digit. ";

/* Returns how many; the first SOME_WORDS are the likeliest to slip through. */
static size_t slips_for(const struct argument *argument, struct slip slip[])
{
    size_t count = 0;
    unsigned long long value = strtoull(argument->word, NULL, 10);
    slip[count++] = (struct slip){text("%sx", argument->word), part};
    slip[count++] = (struct slip){text("+%s", argument->word), part};
    slip[count++] = (struct slip){text("%llu", (1ULL << 32) + value), large};
    slip[count++] = (struct slip){text("%lld", argument->highest + 1), range};
    if (argument->lowest > 0)
        slip[count++] = (struct slip){text("%lld", argument->lowest - 1), range};
    slip[count++] = (struct slip){text(" %s", argument->word), part};
    slip[count++] = (struct slip){"-1", range};
    slip[count++] = (struct slip){"", empty};
    if (value < 8384) /* 2^64 more: the same to a sum in 64 bits */
        slip[count++] = (struct slip){text("1844674407370955%llu", 1616 + value), large};
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
        try_words(&trials, words, "There is a word too many: compare argc with ==. ");
        words[last + 1] = NULL;
        words[last] = NULL;
        try_words(&trials, words, "There is a word too few. ");
        words[last] = arguments[last - 1].word;
    }
    for (int i = 0; i < last; i++) {
        if (arguments[i].highest == 0)
            continue;
        struct slip slip[EVERY_WORD];
        size_t count = slips_for(&arguments[i], slip);
        for (size_t k = 0; k < count && k < most; k++) {
            words[i + 1] = slip[k].word;
            try_words(&trials, words, slip[k].fault);
        }
        words[i + 1] = arguments[i].word;
        most = SOME_WORDS;
    }
    for (size_t i = 0; i < trials.count; i++)
        expect_usage(&trials.of[i]);
}

/*
 * step.h - a graded step: what it is called, what it is worth, and how it tells its verdict.
 *
 * A lab's steps stand in tests/NN-name/steps.c. Each is a Criterion test that runs in a process
 * and, where the kernel allows it, in namespaces of its own:
 *
 *     STEP(3, "every client gets the time", .points = 20, .after = 2,
 *          .see = "Step 3: say the time",
 *          .hints = {"a nudge", "the call and its manual page", "nearly the answer"})
 *     {
 *         struct program *server = start("timeserver", "127.0.0.1", "0");
 *         ...
 *     }
 *
 * A step that returns has passed. Every expectation in program.h, peer.h and world.h that is not
 * met ends the step at once as failed, with a verdict made of what was tried, expected and seen.
 * All that a step starts, opens or borrows is ended and freed by the harness.
 */
#ifndef PLUMBLINE_STEP_H
#define PLUMBLINE_STEP_H

#include <criterion/criterion.h>
#include <stddef.h>

/* A step tells its verdict by the functions below; Criterion's assertions would not reach it. */
#undef cr_assert
#undef cr_expect
#undef cr_fatal
#pragma GCC poison cr_assert cr_expect cr_fatal

#define PRINTF_LIKE(words, first) __attribute__((format(printf, words, first)))
#define NO_RETURN                 __attribute__((noreturn))

enum { HINTS_PER_STEP = 3 };

struct step {
    int number;                        /* 1, 2, ... in the order of the handout */
    const char *title;                 /* a sentence about behaviour */
    int points;                        /* all of a lab's steps together: 100 */
    int after;                         /* the step that this one builds on, 0 for none */
    const char *see;                   /* the handout's section, word for word its heading */
    const char *hints[HINTS_PER_STEP]; /* a nudge, the way, nearly the answer */
    const char *by_hand;               /* a shell line that shows the behaviour (optional) */
    const char *watch_threads;         /* a program that it starts with .watch_threads (optional) */
};

/*
 * STEP(number, title, .points = ..., ...) { body } - defines one graded step. The fields are those
 * of struct step. The descriptions are collected in a section of their own, so nothing lists them.
 */
#define STEP(number_, title_, ...)                                                                 \
    static void step_##number_##_body(void);                                                       \
    static const struct step step_##number_ = {                                                    \
        .number = (number_), .title = (title_), __VA_ARGS__};                                      \
    static const struct step *const step_##number_##_entry                                         \
        __attribute__((section("plumbline_steps"), used)) = &step_##number_;                       \
    Test(steps, step_##number_)                                                                    \
    {                                                                                              \
        perform_step(&step_##number_, step_##number_##_body);                                      \
    }                                                                                              \
    static void step_##number_##_body(void)

/*
 * STORY("one server, two clients, one after the other") { body } - one for each lab: what `make
 * trace` draws. Written with the same verbs as a step, but it is not graded. Short: few programs,
 * small data, what the lab is about in one picture. It ends when the body returns: end the programs
 * (terminate(), expect_exit()) so that their last calls belong to the picture. wait_until_idle()
 * between two acts lets a server get as far as it will before the next thing happens. If the
 * program fails an expectation, the story ends there and what happened so far is drawn.
 */
#define STORY(title_)                                                                              \
    static void story_body(void);                                                                  \
    static const struct step story_ = {.number = 0, .title = (title_)};                            \
    const struct step *const plumbline_story = &story_;                                            \
    Test(steps, step_0)                                                                            \
    {                                                                                              \
        perform_step(&story_, story_body);                                                         \
    }                                                                                              \
    static void story_body(void)

extern const struct step *const plumbline_story __attribute__((weak)); /* NULL address: none */

/* Runs a step's body and reports its verdict; STEP calls it. */
void perform_step(const struct step *step, void (*body)(void));

/* --- the story of a step: what a failure will tell --- */

/* Says what is being tried now, in the past tense: "connected twice, one after the other".
 * Forgets what was suspected before. In a story it heads what follows in the picture. */
void tried(const char *format, ...) PRINTF_LIKE(1, 2);

/* Names the usual cause of a failure of the expectations that follow, until the next tried() or
 * suspect(): one or two sentences to the student. "" suspects nothing. */
void suspect(const char *format, ...) PRINTF_LIKE(1, 2);

/* Ends the step as failed. Both texts are short: "24 characters, CR LF", "an end of file". */
void fail_step(const char *expected, const char *came) NO_RETURN;

/* Fails the step unless `holds`. `came` is a printf format for what was seen. */
#define expect_that(holds, expected, ...)                                                          \
    do {                                                                                           \
        if (!(holds))                                                                              \
            fail_step((expected), text(__VA_ARGS__));                                              \
    } while (0)

/* Says what this machine kept the step from judging; the verdict does not change by it. */
void remark(const char *format, ...) PRINTF_LIKE(1, 2);

/* Ends the step as `error`: this machine cannot do what the test needs, and no student is to
 * blame. Says what is missing. */
void cannot_judge(const char *format, ...) PRINTF_LIKE(1, 2) NO_RETURN;

/* Ends the step as `limit`: the program under test used more than it may. */
void limit_reached(const char *format, ...) PRINTF_LIKE(1, 2) NO_RETURN;

/* --- text and bytes that live as long as the step --- */

struct bytes {
    const unsigned char *at; /* not NUL-terminated */
    size_t length;
};

/* Formats a string. */
const char *text(const char *format, ...) PRINTF_LIKE(1, 2);

/* A C string's bytes without its NUL; bytes of any content: BYTES("a\0b"). */
struct bytes bytes_of(const char *string);
#define BYTES(literal) ((struct bytes){(const unsigned char *)(literal), sizeof(literal) - 1})

/* `length` reproducible bytes that look random, NUL and line ends among them. */
struct bytes noise(size_t length);

/* The bytes as a person reads them: printable ASCII as it is, the rest as \n, \0 or \xff, in
 * double quotes, at most about 60 characters with the length said where it was cut. */
const char *shown(struct bytes bytes);

/* An allocation that lasts until the step ends. Never NULL. */
void *step_memory(size_t size);

/* Calls clean_up(context) when the step ends, however it ends, last registered first; for what
 * outlives a process (a queue, a file elsewhere). */
void at_step_end(void (*clean_up)(void *), void *context);

#endif

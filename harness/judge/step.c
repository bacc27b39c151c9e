/*
 * step.c - one step's story, memory and verdict (see step.h).
 */
#include "step.h"

#include "calls.h"
#include "causes.h"
#include "program.h"
#include "stage.h"
#include "story.h"
#include "verdict.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { STORY_SIZE = 1024, CLEAN_UPS = 64, SHOWN_BYTES = 60 };

static struct {
    char tried[STORY_SIZE];
    char suspected[STORY_SIZE];
    bool over; /* the verdict is known: clean-up may fail as it likes */
    struct {
        void (*clean_up)(void *);
        void *context;
    } at_end[CLEAN_UPS];
    int at_end_count;
} story;

void tried(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(story.tried, sizeof story.tried, format, arguments);
    va_end(arguments);
    story.suspected[0] = '\0';
    story_scene(story.tried);
}

void suspect(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(story.suspected, sizeof story.suspected, format, arguments);
    va_end(arguments);
}

void at_step_end(void (*clean_up)(void *), void *context)
{
    if (story.at_end_count == CLEAN_UPS)
        cannot_judge("the step registers more than %d clean-ups", CLEAN_UPS);
    story.at_end[story.at_end_count].clean_up = clean_up;
    story.at_end[story.at_end_count++].context = context;
}

static void end_step(void)
{
    story.over = true;
    stage_clear();
    while (story.at_end_count > 0) {
        story.at_end_count--;
        story.at_end[story.at_end_count].clean_up(story.at_end[story.at_end_count].context);
    }
}

/* Sends the verdict, cleans up and leaves the test. */
static void conclude(const char *status) NO_RETURN;
static void conclude(const char *status)
{
    if (!story.over) {
        verdict_add("status", status);
        end_step();
        verdict_send();
    }
    cr_assert_fail("%s", status);
    abort(); /* not reached: cr_assert_fail leaves the test */
}

/* What was started last, for a step that did not say what it tried. */
static const char *command_line(void)
{
    const struct program *program = the_stage()->programs;
    if (!program)
        return "";
    const char *line = text("ran %s", program->name);
    for (int i = 0; i < ARGS && program->how->args[i]; i++)
        line = text("%s %s", line, *program->how->args[i] ? program->how->args[i] : "''");
    return line;
}

/* True for the program that was asked last, or else started last, among those of its name and
 * build. */
static bool is_latest(const struct program *program)
{
    const struct program *other = the_stage()->programs, *asked = the_stage()->asked;
    if (asked && strcmp(asked->name, program->name) == 0 &&
        asked->how->build == program->how->build)
        return program == asked;
    while (other != program &&
           (strcmp(other->name, program->name) != 0 || other->how->build != program->how->build))
        other = other->next;
    return other == program;
}

/* The calls of the student's program that was asked last, or else started last, and the cause. */
static void tell_calls_and_cause(const char *expected, const char *came)
{
    struct program *program = the_stage()->programs, *asked = the_stage()->asked;
    while (program && program->how->build != STUDENTS)
        program = program->next;
    if (asked && asked->how->build == STUDENTS)
        program = asked;
    const struct account *account = program ? account_of(program) : NULL;
    const char *found = NULL;
    if (account) {
        calls_tell(account);
        found = cause_of(account, &(struct symptom){expected, came}, story.suspected);
    }
    verdict_add("cause", !found              ? story.suspected
                         : !*story.suspected ? found
                                             : text("%s %s", story.suspected, found));
}

void fail_step(const char *expected, const char *came)
{
    if (!story.over) {
        stage_settle();
        for (struct program *program = the_stage()->programs; program; program = program->next)
            program_check_sanitizer(program);
        story_write("fail", expected, came);
        verdict_add("tried", *story.tried ? story.tried : command_line());
        verdict_add("expected", expected);
        verdict_add("came", came);
        for (struct program *program = the_stage()->programs; program; program = program->next)
            if (is_latest(program))
                verdict_add("standing", program_standing(program));
        tell_calls_and_cause(expected, came);
    }
    conclude("fail");
}

void remark(const char *format, ...)
{
    char words[STORY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    verdict_add("remark", words);
}

void cannot_judge(const char *format, ...)
{
    char why[STORY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    verdict_add("came", why);
    conclude("error");
}

void limit_reached(const char *format, ...)
{
    char why[STORY_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    story_write("limit", NULL, why);
    verdict_add("tried", story.tried);
    verdict_add("came", why);
    conclude("limit");
}

/* A step can be a crowd of clients. */
static void raise_descriptor_limit(void)
{
    enum { ENOUGH = 8192 };
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/* For the project's own tests: the table of causes must have nothing to say of a right program. One
 * that was made to fail, and did, has a cause to tell. */
static void accuse_nobody(void)
{
    struct program *program = getenv("PLUMBLINE_ACCUSE") ? the_stage()->programs : NULL;
    for (; program; program = program->next) {
        bool right = program->how->build == STUDENTS && (!program->ended || program->status == 0);
        const struct account *account = right ? account_of(program) : NULL;
        const char *cause = account ? cause_of(account, &(struct symptom){"", ""}, "") : NULL;
        if (cause)
            fail_step("no cause of a failure in a program that is right", text("\"%s\"", cause));
    }
}

/* Each of the student's programs once: the runner may keep the verdict while none of them changes.
 */
static void tell_what_ran(void)
{
    for (struct program *program = the_stage()->programs; program; program = program->next) {
        const struct program *other = program->next;
        while (other && (other->how->build != STUDENTS || strcmp(other->name, program->name) != 0))
            other = other->next;
        if (program->how->build == STUDENTS && !other)
            verdict_add("ran", program->name);
    }
}

void perform_step(const struct step *step, void (*body)(void))
{
    (void)step;
    if (verdict_open() == -1)
        cr_assert_fail("no channel for the verdict: %s", strerror(errno));
    signal(SIGPIPE, SIG_IGN); /* a program may stop reading: write() tells it with EPIPE */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
        cannot_judge("prctl(PR_SET_CHILD_SUBREAPER): %s", strerror(errno));
    raise_descriptor_limit();
    body();
    stage_serve(0);
    for (struct program *program = the_stage()->programs; program; program = program->next)
        program_check_sanitizer(program);
    accuse_nobody();
    story_write("pass", NULL, NULL);
    verdict_add("status", "pass");
    tell_what_ran();
    end_step();
    verdict_send();
}

/* --- text and bytes --- */

const char *text(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *string = step_memory((size_t)length + 1);
    vsnprintf(string, (size_t)length + 1, format, again);
    va_end(again);
    return string;
}

struct bytes bytes_of(const char *string)
{
    return (struct bytes){(const unsigned char *)string, strlen(string)};
}

struct bytes noise(size_t length)
{
    /* A word at a time: megabytes of it must not be what a check spends its time on. */
    size_t words = length / sizeof(uint64_t) + 1;
    uint64_t *data = step_memory(words * sizeof *data);
    uint64_t state = 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < words; i++) { /* xorshift64* */
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        data[i] = state * 0x2545f4914f6cdd1dULL;
    }
    return (struct bytes){(const unsigned char *)data, length};
}

static int show_byte(char *out, size_t size, unsigned char byte)
{
    switch (byte) {
    case '\n':
        return snprintf(out, size, "\\n");
    case '\r':
        return snprintf(out, size, "\\r");
    case '\t':
        return snprintf(out, size, "\\t");
    case '\0':
        return snprintf(out, size, "\\0");
    case '"':
    case '\\':
        return snprintf(out, size, "\\%c", byte);
    default:
        return byte < 0x80 && isprint(byte) ? snprintf(out, size, "%c", byte)
                                            : snprintf(out, size, "\\x%02x", byte);
    }
}

const char *shown(struct bytes bytes)
{
    size_t count = bytes.length < SHOWN_BYTES ? bytes.length : SHOWN_BYTES;
    size_t size = count * 4 + 1;
    char *body = step_memory(size);
    size_t used = 0;
    for (size_t i = 0; i < count; i++)
        used += (size_t)show_byte(body + used, size - used, bytes.at[i]);
    if (count < bytes.length)
        return text("\"%s\"... (%zu bytes)", body, bytes.length);
    return text("\"%s\"", body);
}

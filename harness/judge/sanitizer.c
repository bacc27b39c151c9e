/*
 * sanitizer.c - what the sanitizers report about programs under test, in words for students; and
 * starting builds for ThreadSanitizer.
 */
#include "program.h"

#include "stage.h"
#include "world.h"

#include <string.h>

bool is_sanitized(struct program *program)
{
    struct bytes image = read_file(text("/proc/%d/exe", program->pid));
    return memmem(image.at, image.length, "__asan_", 7) != NULL;
}

/* --- what they report --- */

static const char *line_with(const char *haystack, const char *needle)
{
    const char *at = strstr(haystack, needle);
    if (!at)
        return NULL;
    while (at > haystack && at[-1] != '\n')
        at--;
    return text("%.*s", (int)strcspn(at, "\n"), at);
}

/* What usually lies behind an access beyond the end, by the call that was given the memory: it
 * stands in the first frame. NULL if that tells nothing. */
static const char *cause_in_call(const char *report)
{
    const char *frame = line_with(report, "    #0 ");
    const char *access = line_with(report, " of size ");
    if (!frame || !access || !strstr(report, "buffer-overflow"))
        return NULL;
    if (strstr(frame, "msgsnd") || strstr(frame, "msgrcv"))
        return "The size that msgsnd() and msgrcv() are given is that of the text alone, without "
               "the type: sizeof message.text, not sizeof message.";
    if (strncmp(access, "READ", 4) == 0 && (strstr(frame, "printf") || strstr(frame, "puts")))
        return "What is printed as a string ends with a NUL, and these bytes have none: print as "
               "many as came, with fwrite() and their length.";
    return NULL;
}

/* What usually lies behind a report, by a word in its first line. */
static const char *usual_cause(const char *report)
{
    static const struct {
        const char *word, *cause;
    } causes[] = {
        {"insufficient space", "The memory has no room for this element: does its size grow with "
                               "what is to be stored?"},
        {"out of bounds", "An index goes beyond the array: is it as long as what is to be stored?"},
        {"integer overflow", "The result does not fit into the type of its operands: make one of "
                             "them a long long before the calculation (1000000LL * ms)."},
        {"null pointer", "A pointer is NULL: what gave it found nothing, and nobody looked."},
        {"runtime error: ", "C leaves undefined what happens here, so anything may."},
        {"buffer-overflow",
         "An index or a length goes beyond the array: compare what came with the "
         "room that there is, and leave room for a NUL if one is added."},
        {"use-after-free", "The memory was given back by free() before this line used it."},
        {"use-after-return", "A local variable is gone when its function has returned."},
        {"use-after-scope", "A local variable is gone when its block has ended."},
        {"double-free", "free() was called twice for the same memory."},
        {"SEGV",
         "A pointer leads nowhere: is it NULL, or was it never set? Or did text from outside "
         "become the format of a printf()?"},
        {"BUS on", "SIGBUS: a file that is mapped (mmap()) has become shorter, and the page behind "
                   "its new end was touched."},
        {"stack-overflow", "The stack is full: an endless recursion, or a local array too large."},
        {"data race", "Two threads use the same variable, and at least one writes: they need a "
                      "lock."},
    };
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (strstr(report, causes[i].word))
            return causes[i].cause;
    return "The sanitizer watches every access to memory, and this one is wrong.";
}

/* "FUNCTION, FILE.c:LINE" of the first frame in the program's own source, or "". */
static const char *place_in(const char *report, const char *file)
{
    const char *frame = line_with(report, text("/%s:", file));
    const char *function = frame ? strstr(frame, " in ") : NULL;
    const char *path = frame ? strstr(frame, text("/%s:", file)) : NULL;
    if (!function)
        return "";
    function += strlen(" in ");
    return text(" in %.*s(), %s", (int)strcspn(function, " "), function, path + 1);
}

/* The places of a data race, of both accesses: "attend(), FILE.c:LINE and count_out(), ...". The
 * frames are "#0 FUNCTION PATH/FILE.c:LINE (...)". */
static const char *places_of_race(const char *report, const char *file)
{
    const char *places = "";
    const char *end = strstr(report, "SUMMARY: ");
    for (int i = 0; i < 2; i++) {
        const char *path = strstr(report, text("/%s:", file));
        if (!path || (end && path > end))
            break;
        const char *frame = path;
        while (frame > report && frame[-1] != '\n' && frame[-1] != '#')
            frame--;
        frame += strcspn(frame, " ");
        frame += strspn(frame, " ");
        path++;
        places = text("%s%s%.*s(), %.*s", places, i ? " and in " : " in ", (int)strcspn(frame, " "),
                      frame, (int)strcspn(path, " \n"), path);
        report = strstr(path, "\n\n"); /* the other access is the next paragraph */
        if (!report)
            break;
    }
    return places;
}

void program_check_sanitizer(struct program *program)
{
    static const char *const marks[] = {"runtime error: ", "ERROR: AddressSanitizer: ",
                                        "WARNING: ThreadSanitizer: ", "ERROR: ThreadSanitizer: "};
    struct bytes error = buffer_content(&program->complained);
    if (error.length == 0 || program->how->build == REFERENCE)
        return;
    const char *report = text("%.*s", (int)error.length, (const char *)error.at);
    const char *file = text("%s.c", program->name);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *line = line_with(report, marks[i]);
        if (!line)
            continue;
        const char *what = strstr(line, marks[i]) + strlen(marks[i]);
        const char *at = strstr(line, text("%s:", file));
        the_stage()->asked = program;
        const char *in_call = cause_in_call(strstr(report, line));
        suspect("%s", in_call ? in_call : usual_cause(line));
        program->complained.start = program->complained.end;
        if (strncmp(what, "data race", strlen("data race")) == 0)
            fail_step("no data race",
                      text("a data race%s", places_of_race(strstr(report, marks[i]), file)));
        if (i == 0) /* FILE:LINE:COLUMN: runtime error: WHAT */
            fail_step("no undefined behavior",
                      text("%s at %.*s", what, at ? (int)strcspn(at, " ") - 1 : 0, at ? at : ""));
        fail_step("no memory error",
                  text("%.*s%s", (int)strcspn(what, " ("), what, place_in(report, file)));
    }
}

/* --- ThreadSanitizer --- */

static bool has_spoken_or_ended(void *context)
{
    struct program *program = context;
    program_collect(program);
    return program->ended || program->output == -1 || buffer_length(&program->said) > 0;
}

/* Its runtime needs a certain layout of memory and gives up where the kernel made another. */
static bool runtime_gave_up(struct program *program)
{
    static const char words[] = "FATAL: ThreadSanitizer";
    struct bytes error = error_output(program);
    return program->ended && memmem(error.at, error.length, words, strlen(words));
}

/* Why the program cannot be watched; NULL if it can. */
static const char *hindrance(const char *name)
{
    static const char c11[] = "thrd_create"; /* among the names that it asks the C library for */
    const char *build = watched_build(name);
    if (!build)
        return "which this compiler or machine does not have";
    struct bytes image = read_file(build);
    if (memmem(image.at, image.length, c11, strlen(c11)))
        return "which crashes in programs that use thrd_create()";
    return NULL;
}

struct program *start_watched_words(const char *const words[])
{
    const char *why_not = hindrance(words[0]);
    if (why_not) {
        remark("without ThreadSanitizer, %s", why_not);
        return start_words(STUDENTS, words);
    }
    struct launch how = {.program = words[0], .watch_threads = true};
    for (int i = 0; i < ARGS - 1 && words[i + 1]; i++)
        how.args[i] = words[i + 1];
    struct program *program = launch_as(&how);
    stage_wait(has_spoken_or_ended, program, text("a line from %s", words[0]), NULL);
    if (!runtime_gave_up(program))
        return program;
    remark("without ThreadSanitizer, whose runtime does not start on this machine");
    return start_words(STUDENTS, words);
}

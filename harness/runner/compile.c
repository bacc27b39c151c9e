/*
 * compile.c - builds students' and reference programs, only what changed (see compile.h).
 *
 * A program is built into a temporary name and moved into place, so that two checks at the same
 * time, or one that is interrupted, never see half of one.
 *
 * The builder is a process of its own. For each program that it is going to build it holds a lock
 * on OUT/NAME.building until there is an outcome; a lock ends with its holder, whatever happens.
 */
#include "compile.h"

#include "compiler.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_UNITS = 512 };

struct unit { /* one program to be built */
    const char *source;
    const char *program;
    const char *flags;
    const char *key; /* what it is going to be built from */
    pid_t compiler;  /* 0: not running */
    int lock;        /* on PROGRAM.building, -1: none */
};

/* --- what a program is built from --- */

const char *stamp_of(const char *path)
{
    struct stat status;
    if (stat(path, &status) == -1)
        return text("%s: %s\n", path, strerror(errno));
    return text("%s %lld %lld.%09ld %d\n", path, (long long)status.st_size,
                (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec, S_ISREG(status.st_mode));
}

/* The stamps of files beside the source that it includes in quotes. */
static const char *stamps_of_headers(const char *source)
{
    const char *stamps = "";
    char *content = read_whole(source, NULL);
    const char *folder_end = strrchr(source, '/');
    for (char *at = content; at && (at = strstr(at, "#include \""));) {
        at += strlen("#include \"");
        stamps = text("%s%s", stamps,
                      stamp_of(text("%.*s/%.*s", (int)(folder_end - source), source,
                                    (int)strcspn(at, "\"\n"), at)));
    }
    free(content);
    return stamps;
}

const char *stamps_of_source(const char *source)
{
    return text("%s%s", stamp_of(source), stamps_of_headers(source));
}

static const char *key_of(const struct unit *unit)
{
    return text("%s %s\n%s", compiler_name(), unit->flags, stamps_of_source(unit->source));
}

static bool is_fresh(const struct unit *unit)
{
    char *key = read_whole(text("%s.key", unit->program), NULL);
    bool fresh =
        key && strcmp(key, unit->key) == 0 &&
        (access(unit->program, X_OK) == 0 || access(text("%s.problem", unit->program), R_OK) == 0);
    free(key);
    return fresh;
}

/* Why there is nothing to compile, in words for the student; NULL if there is. */
static const char *problem_with_source(const char *source)
{
    struct stat status;
    if (stat(source, &status) == -1)
        return errno == ENOENT ? text("%s is missing", source)
                               : text("%s: %s", source, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return text("%s is a folder, not a C file", source);
    if (!S_ISREG(status.st_mode))
        return text("%s is not a regular file", source);
    if (status.st_size == 0)
        return text("%s is empty", source);
    if (access(source, R_OK) == -1)
        return text("%s cannot be read: %s", source, strerror(errno));
    return NULL;
}

/* --- building --- */

static void forget(const struct unit *unit)
{
    unlink(text("%s.key", unit->program));
    unlink(unit->program);
    unlink(text("%s.problem", unit->program));
    unlink(text("%s.warnings", unit->program));
}

static void note(const struct unit *unit, const char *suffix, const char *content)
{
    write_whole(text("%s.%s", unit->program, suffix), content, strlen(content));
}

static const char *temporary_of(const struct unit *unit)
{
    return text("%s.%d.tmp", unit->program, getpid());
}

/* The first error among a compiler's messages, with the line that it points at. */
static const char *first_error(const char *messages)
{
    const char *at = strstr(messages, "error: ");
    if (!at)
        at = strstr(messages, "undefined reference");
    if (!at)
        return messages[0] ? text("%.*s", 400, messages) : "the compiler failed without a word";
    while (at > messages && at[-1] != '\n')
        at--;
    return text("%.*s", (int)strcspn(at, "\n"), at);
}

static void fail_unit(struct unit *unit, const char *problem)
{
    forget(unit);
    note(unit, "problem", problem);
    note(unit, "key", unit->key);
}

/* What was built before stays in place until there is something new: another check may use it. */
static void begin_unit(struct unit *unit)
{
    const char *problem = problem_with_source(unit->source);
    if (problem)
        fail_unit(unit, problem);
    else
        unit->compiler = compiler_start(unit->flags, unit->source, temporary_of(unit),
                                        text("%s.log", temporary_of(unit)));
}

/* Why a build failed. `seconds`: of processor time, for the compiler and all that it started. */
static const char *words_of_failure(const char *messages, long seconds)
{
    int limit = compiler_limit();
    if (limit > 0 && seconds >= limit)
        return text("the compiler was not done after %d seconds of processor time, the limit",
                    limit);
    return first_error(messages);
}

static void finish_unit(struct unit *unit, int status, long seconds)
{
    const char *log = text("%s.log", temporary_of(unit));
    char *messages = read_whole(log, NULL);
    unlink(log);
    unit->compiler = 0;
    if (status == 0 && rename(temporary_of(unit), unit->program) == 0) {
        unlink(text("%s.problem", unit->program));
        if (messages && *messages)
            note(unit, "warnings", messages);
        else
            unlink(text("%s.warnings", unit->program));
        note(unit, "key", unit->key);
    } else {
        unlink(temporary_of(unit));
        fail_unit(unit, text("%s does not compile: %s", unit->source,
                             words_of_failure(messages ? messages : "", seconds)));
    }
    free(messages);
}

static bool same_content(const char *one, const char *other)
{
    struct stat status;
    if (stat(one, &status) == -1 || !S_ISREG(status.st_mode))
        return false;
    size_t length = 0, other_length = 0;
    char *content = read_whole(one, &length);
    char *other_content = read_whole(other, &other_length);
    bool same = content && other_content && length == other_length &&
                memcmp(content, other_content, length) == 0;
    free(content);
    free(other_content);
    return same;
}

/* Where the source is the reference's, to the last byte, so is the program: nothing to compile.
 * Most programs of a tree with one planted mistake, and of a lab half done, are such. */
static bool take_over(const struct unit *unit, const struct unit *reference)
{
    if (!is_fresh(reference) || access(text("%s.warnings", reference->program), F_OK) == 0 ||
        *stamps_of_headers(unit->source) || !same_content(unit->source, reference->source))
        return false;
    const char *temporary = temporary_of(unit);
    unlink(temporary);
    if (link(reference->program, temporary) == -1 || rename(temporary, unit->program) == -1)
        return false;
    unlink(temporary); /* rename() leaves it if both are the same file already */
    unlink(text("%s.problem", unit->program));
    unlink(text("%s.warnings", unit->program));
    note(unit, "key", unit->key);
    return true;
}

/* Whoever waits for this program (judge/launch.c) goes on. */
static void release(struct unit *unit)
{
    unlink(text("%s.building", unit->program));
    if (unit->lock != -1)
        close(unit->lock);
    unit->lock = -1;
}

static long seconds_of(const struct rusage *used)
{
    return used->ru_utime.tv_sec + used->ru_stime.tv_sec +
           (used->ru_utime.tv_usec + used->ru_stime.tv_usec + 500000) / 1000000;
}

static void finish_one(struct unit *units, int count)
{
    int status;
    struct rusage used;
    pid_t ended = wait4(-1, &status, 0, &used);
    for (int i = 0; i < count; i++)
        if (ended > 0 && units[i].compiler == ended) {
            finish_unit(&units[i], WIFEXITED(status) ? WEXITSTATUS(status) : 128,
                        seconds_of(&used));
            release(&units[i]);
        }
}

static void build(struct unit *units, int count, int jobs)
{
    int running = 0;
    for (int i = 0; i < count; i++) {
        begin_unit(&units[i]);
        running += units[i].compiler > 0;
        if (units[i].compiler <= 0)
            release(&units[i]);
        if (running == jobs) {
            finish_one(units, count);
            running--;
        }
    }
    for (; running > 0; running--)
        finish_one(units, count);
}

const char *builds_of(const struct course *course, const char *tree)
{
    char *whole = realpath(tree, NULL);
    const char *folder = whole ? whole : tree;
    char *labs = realpath("labs", NULL);
    char *solutions = realpath("solutions", NULL);
    if (labs && strcmp(folder, labs) == 0)
        return text("%s/labs", course->build);
    if (solutions ? strcmp(folder, solutions) == 0 : strcmp(tree, "solutions") == 0)
        return text("%s/solutions", course->build);
    return text("%s/trees/%016llx", course->build, string_hash(folder));
}

/* The unit of a program, "LAB/NAME"; `suffix` tells its builds apart. */
static struct unit unit_of(const struct course *course, const char *tree, const char *name,
                           const char *suffix, const char *flags)
{
    struct unit unit = {.source = text("%s/%s.c", tree, name),
                        .program = text("%s/%s%s", builds_of(course, tree), name, suffix),
                        .flags = flags};
    unit.key = key_of(&unit);
    return unit;
}

/* Adds the program if it has to be built, and locks it until it is. */
static int add_unit(const struct course *course, const char *tree, const char *name,
                    const char *suffix, const char *flags, struct unit *units, int count)
{
    struct unit unit = unit_of(course, tree, name, suffix, flags);
    struct unit reference = unit_of(course, "solutions", name, suffix, flags);
    if (count == MOST_UNITS || is_fresh(&unit) || take_over(&unit, &reference))
        return count;
    unit.lock = open(text("%s.building", unit.program), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (unit.lock != -1)
        flock(unit.lock, LOCK_EX | LOCK_NB); /* if another check has it, that one builds, too */
    units[count] = unit;
    return count + 1;
}

/* A build for threads that was made while the compiler could must not outlive that. */
static int add_watched(const struct course *course, const char *tree, const char *name,
                       const struct flags *flags, struct unit *units, int count)
{
    if (*flags->threads)
        return add_unit(course, tree, name, ".threads", flags->threads, units, count);
    struct unit unit = unit_of(course, tree, name, ".threads", "");
    forget(&unit);
    return count;
}

static int add_units(const struct course *course, const char *tree, const struct flags *flags,
                     struct unit *units, int count)
{
    for (int i = 0; i < course->labs; i++) {
        const struct lab *lab = &course->lab[i];
        const char *folder = text("%s/%s", builds_of(course, tree), lab->name);
        if (make_folders(folder) == -1) {
            fprintf(stderr, "plumb: cannot make %s: %s\n", folder, strerror(errno));
            return -1;
        }
        for (int j = 0; j < lab->programs; j++)
            count = add_unit(course, tree, text("%s/%s", lab->name, lab->program[j]), "",
                             flags->usual, units, count);
        for (int j = 0; j < lab->watched_count; j++)
            count = add_watched(course, tree, text("%s/%s", lab->name, lab->watched[j]), flags,
                                units, count);
    }
    return count;
}

static bool watches_threads(const struct course *course)
{
    for (int i = 0; i < course->labs; i++)
        if (course->lab[i].watched_count > 0)
            return true;
    return false;
}

int compile_start(struct course *course, int jobs)
{
    static struct unit units[MOST_UNITS];
    struct flags flags;
    if (compiler_flags(course->build, watches_threads(course), &flags) == -1)
        return -1;
    int count = add_units(course, course->tree, &flags, units, 0);
    bool same = strcmp(builds_of(course, course->tree), builds_of(course, "solutions")) == 0;
    if (count >= 0 && !same && access("solutions", F_OK) == 0) /* a kit has only their builds */
        count = add_units(course, "solutions", &flags, units, count);
    if (count <= 0)
        return count;
    pid_t starter = getpid();
    course->builder = fork();
    if (course->builder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == starter)
            build(units, count, jobs);
        _exit(0);
    }
    for (int i = 0; i < count; i++)
        if (units[i].lock != -1)
            close(units[i].lock);
    if (course->builder != -1)
        return 0;
    fprintf(stderr, "plumb: the compiler cannot be started: %s\n", strerror(errno));
    course->builder = 0;
    return -1;
}

int compile_finish(struct course *course)
{
    pid_t builder = course->builder;
    course->builder = 0;
    if (builder == 0 || compiler_wait(builder) == 0)
        return 0;
    fprintf(stderr, "plumb: the compiler was ended by force\n");
    errno = ECANCELED;
    return -1;
}

void compile_abandon(struct course *course)
{
    if (course->builder > 0) {
        kill(course->builder, SIGTERM);
        compiler_wait(course->builder);
    }
    course->builder = 0;
}

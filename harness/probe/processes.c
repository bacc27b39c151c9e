/*
 * processes.c - the probe's wrappers of the calls that begin processes, programs and threads, end
 * them, and wait for them.
 *
 * What a program executes is recorded as well: its environment gets back the two words that the
 * probe took out of this one (record.c). vfork() has no wrapper, since its frame would be gone when
 * it returns the second time; what its child calls is recorded all the same. Such a child shares
 * its parent's memory, so everything here lives on the stack.
 */
#define _GNU_SOURCE /* for calls of Linux */
#include "probe.h"

#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define POINTER(p) ((long)(intptr_t)(p))

enum { MOST_WORDS = 1024 };

/* --- the environment of what is executed --- */

/* The number of words; -1 if they can't be read, are too many, or preload something themselves. */
static int count_words(char *const words[])
{
    static const char preload[] = "LD_PRELOAD=";
    if (!words)
        return 0;
    for (int i = 0; i < MOST_WORDS; i++) {
        char *word, start[sizeof preload - 1];
        if (!probe_peek(&word, &words[i], sizeof word))
            return -1;
        if (!word)
            return i;
        if (probe_peek(start, word, sizeof start) && memcmp(start, preload, sizeof start) == 0)
            return -1;
    }
    return -1;
}

/* with_probe(words) - an environment on the caller's stack that has the probe's words as well, or
 * `words` itself if that is not possible. */
#define with_probe(words) add_probe((char *[MOST_WORDS + 3]){NULL}, (words))
static char *const *add_probe(char **room, char *const words[])
{
    int error = errno;
    int count = probe_file() ? count_words(words) : -1;
    errno = error;
    if (count == -1)
        return words;
    for (int i = 0; i < count; i++)
        room[i] = words[i];
    room[count] = (char *)probe_preload();
    room[count + 1] = (char *)probe_file();
    room[count + 2] = NULL;
    return room;
}

/* --- exec --- */

static void begin_exec(struct call *call, enum probe_call name, void *caller, void *frame,
                       const char *path)
{
    probe_begin(call, name, caller, frame, POINTER(path), 0, 0, 0, 0);
    probe_string(call, path);
}

WRAPPER int execve(const char *path, char *const argv[], char *const environment[])
{
    struct call call;
    begin_exec(&call, CALL_execve, HERE, path);
    return (int)probe_end(&call, REAL(execve)(path, argv, with_probe(environment)));
}

WRAPPER int execv(const char *path, char *const argv[])
{
    struct call call;
    begin_exec(&call, CALL_execv, HERE, path);
    return (int)probe_end(&call, REAL(execve)(path, argv, with_probe(environ)));
}

WRAPPER int execvp(const char *file, char *const argv[])
{
    struct call call;
    begin_exec(&call, CALL_execvp, HERE, file);
    return (int)probe_end(&call, REAL(execvpe)(file, argv, with_probe(environ)));
}

WRAPPER int execvpe(const char *file, char *const argv[], char *const environment[])
{
    struct call call;
    begin_exec(&call, CALL_execvpe, HERE, file);
    return (int)probe_end(&call, REAL(execvpe)(file, argv, with_probe(environment)));
}

WRAPPER int fexecve(int fd, char *const argv[], char *const environment[])
{
    struct call call;
    probe_begin(&call, CALL_fexecve, HERE, fd, 0, 0, 0, 0);
    return (int)probe_end(&call, REAL(fexecve)(fd, argv, with_probe(environment)));
}

/* The words of execl() and its like, up to the NULL; too many end it early with E2BIG. */
static bool gather(char *argv[], const char *first, va_list words)
{
    int count = 0;
    argv[count++] = (char *)first;
    while (argv[count - 1]) {
        if (count == MOST_WORDS) {
            errno = E2BIG;
            return false;
        }
        argv[count++] = va_arg(words, char *);
    }
    return true;
}

WRAPPER int execl(const char *path, const char *first, ...)
{
    struct call call;
    char *argv[MOST_WORDS];
    va_list words;
    begin_exec(&call, CALL_execl, HERE, path);
    va_start(words, first);
    bool gathered = gather(argv, first, words);
    va_end(words);
    return (int)probe_end(&call, gathered ? REAL(execve)(path, argv, with_probe(environ)) : -1);
}

WRAPPER int execlp(const char *file, const char *first, ...)
{
    struct call call;
    char *argv[MOST_WORDS];
    va_list words;
    begin_exec(&call, CALL_execlp, HERE, file);
    va_start(words, first);
    bool gathered = gather(argv, first, words);
    va_end(words);
    return (int)probe_end(&call, gathered ? REAL(execvpe)(file, argv, with_probe(environ)) : -1);
}

WRAPPER int execle(const char *path, const char *first, ...)
{
    struct call call;
    char *argv[MOST_WORDS];
    va_list words;
    begin_exec(&call, CALL_execle, HERE, path);
    va_start(words, first);
    bool gathered = gather(argv, first, words);
    char *const *environment = gathered ? va_arg(words, char *const *) : NULL;
    va_end(words);
    return (int)probe_end(&call, gathered ? REAL(execve)(path, argv, with_probe(environment)) : -1);
}

/* --- new processes and threads --- */

WRAPPER pid_t fork(void)
{
    struct call call;
    probe_begin(&call, CALL_fork, HERE, 0, 0, 0, 0, 0);
    pid_t child = weather_fails(&call) ? -1 : REAL(fork)();
    return child == 0 ? 0 : (pid_t)probe_end(&call, child); /* the record is the parent's */
}

/* These return the error; the record has it as errno, and the child's PID as argument 0. */
static int end_spawn(struct call *call, const pid_t *child, int error)
{
    int kept = errno;
    pid_t pid = 0;
    if (call->record && error == 0 && probe_peek(&pid, child, sizeof pid))
        probe_argument(call, 0, pid);
    errno = error;
    probe_end(call, error ? -1 : 0);
    errno = kept;
    return error;
}

WRAPPER int posix_spawn(pid_t *restrict child, const char *restrict path,
                        const posix_spawn_file_actions_t *restrict actions,
                        const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
                        char *const environment[restrict])
{
    struct call call;
    begin_exec(&call, CALL_posix_spawn, HERE, path);
    return end_spawn(
        &call, child,
        REAL(posix_spawn)(child, path, actions, attributes, argv, with_probe(environment)));
}

WRAPPER int posix_spawnp(pid_t *restrict child, const char *restrict file,
                         const posix_spawn_file_actions_t *restrict actions,
                         const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
                         char *const environment[restrict])
{
    struct call call;
    begin_exec(&call, CALL_posix_spawnp, HERE, file);
    return end_spawn(
        &call, child,
        REAL(posix_spawnp)(child, file, actions, attributes, argv, with_probe(environment)));
}

WRAPPER int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                           void *(*begin)(void *), void *restrict context)
{
    struct call call;
    probe_begin(&call, CALL_pthread_create, HERE, POINTER(begin), POINTER(context), 0, 0, 0);
    if (call.weather == WEATHER_FAIL)
        return end_spawn(&call, NULL, (int)call.value);
    return end_spawn(&call, NULL, REAL(pthread_create)(thread, attributes, begin, context));
}

/* --- the end, and waiting for it --- */

WRAPPER void exit(int status)
{
    struct call call;
    probe_begin(&call, CALL_exit, HERE, status, 0, 0, 0, 0);
    REAL(exit)(status);
    __builtin_unreachable();
}

WRAPPER void _exit(int status)
{
    struct call call;
    probe_begin(&call, CALL__exit, HERE, status, 0, 0, 0, 0);
    REAL(_exit)(status);
    __builtin_unreachable();
}

static pid_t end_wait(struct call *call, const int *status, pid_t child)
{
    int value;
    if (call->record && child > 0 && status && probe_peek(&value, status, sizeof value))
        probe_argument(call, 1, value);
    return (pid_t)probe_end(call, child);
}

WRAPPER pid_t wait(int *status)
{
    struct call call;
    probe_begin(&call, CALL_wait, HERE, -1, 0, 0, 0, 0);
    return end_wait(&call, status, weather_fails(&call) ? -1 : REAL(wait)(status));
}

WRAPPER pid_t waitpid(pid_t child, int *status, int flags)
{
    struct call call;
    probe_begin(&call, CALL_waitpid, HERE, child, 0, flags, 0, 0);
    return end_wait(&call, status, weather_fails(&call) ? -1 : REAL(waitpid)(child, status, flags));
}

WRAPPER pid_t wait3(int *status, int flags, struct rusage *usage)
{
    struct call call;
    probe_begin(&call, CALL_wait3, HERE, -1, 0, flags, 0, 0);
    return end_wait(&call, status, weather_fails(&call) ? -1 : REAL(wait3)(status, flags, usage));
}

WRAPPER pid_t wait4(pid_t child, int *status, int flags, struct rusage *usage)
{
    struct call call;
    probe_begin(&call, CALL_wait4, HERE, child, 0, flags, 0, 0);
    return end_wait(&call, status,
                    weather_fails(&call) ? -1 : REAL(wait4)(child, status, flags, usage));
}

WRAPPER int waitid(idtype_t type, id_t which, siginfo_t *info, int flags)
{
    struct call call;
    probe_begin(&call, CALL_waitid, HERE, type, which, flags, 0, 0);
    return (int)probe_end(&call,
                          weather_fails(&call) ? -1 : REAL(waitid)(type, which, info, flags));
}

/*
 * processes.c - what /proc tells about processes and threads (see processes.h). Linux only.
 */
#include "processes.h"

#include "program.h"
#include "stage.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

ssize_t read_proc(char *buffer, size_t size, const char *format, ...)
{
    char path[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(path, sizeof path, format, arguments);
    va_end(arguments);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    ssize_t length = read(fd, buffer, size - 1);
    close(fd);
    buffer[length > 0 ? length : 0] = '\0';
    return length;
}

/* What follows the command's name in a stat file, whatever that name holds. */
static char *after_name(char *stat)
{
    char *paren = strrchr(stat, ')');
    return paren && paren[1] == ' ' ? paren + 2 : NULL;
}

char letter_of_thread(pid_t process, pid_t thread)
{
    char stat[1024];
    if (read_proc(stat, sizeof stat, "/proc/%d/task/%d/stat", process, thread) <= 0)
        return 0;
    const char *fields = after_name(stat);
    return fields ? *fields : 0;
}

bool thread_state(pid_t process, pid_t thread, struct thread_state *state)
{
    char stat[1024], schedstat[128];
    unsigned long user, system;
    if (read_proc(stat, sizeof stat, "/proc/%d/task/%d/stat", process, thread) <= 0)
        return false;
    const char *fields = after_name(stat);
    if (!fields || sscanf(fields, "%c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                          &state->letter, &user, &system) != 3)
        return false;
    state->run_ns = user + system;
    if (read_proc(schedstat, sizeof schedstat, "/proc/%d/task/%d/schedstat", process, thread) > 0)
        sscanf(schedstat, "%llu", &state->run_ns);
    return true;
}

static bool is_socket(pid_t process, unsigned long fd)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/fd/%lu", process, fd);
    return stat(path, &status) == 0 && S_ISSOCK(status.st_mode);
}

bool blocked_call(pid_t process, pid_t thread, struct blocked_call *call)
{
    char line[256];
    unsigned long *a = call->arguments;
    if (read_proc(line, sizeof line, "/proc/%d/task/%d/syscall", process, thread) <= 0)
        return false;
    if (!isdigit((unsigned char)line[0]))
        return false; /* "running", or -1: asleep, but in no call */
    if (sscanf(line, "%ld %lx %lx %lx %lx %lx %lx", &call->number, &a[0], &a[1], &a[2], &a[3],
               &a[4], &a[5]) != 7)
        return false;
    call->on_socket = is_socket(process, a[0]);
    return true;
}

int threads_of(pid_t process, pid_t *threads, int most)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    for (struct dirent *entry; count < most && (entry = readdir(folder));)
        if (isdigit((unsigned char)entry->d_name[0]))
            threads[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
    closedir(folder);
    return count;
}

/* Both come from one file: a crowd of processes is asked for them again and again. */
static bool state_and_parent(pid_t process, char *letter, pid_t *parent)
{
    char stat[1024];
    if (read_proc(stat, sizeof stat, "/proc/%d/stat", process) <= 0)
        return false;
    const char *fields = after_name(stat);
    return fields && sscanf(fields, "%c %d", letter, parent) == 2;
}

pid_t parent_of(pid_t process)
{
    char letter;
    pid_t parent;
    return state_and_parent(process, &letter, &parent) ? parent : -1;
}

char state_of(pid_t process)
{
    return letter_of_thread(process, process);
}

char state_below(pid_t process, pid_t wanted)
{
    char letter;
    pid_t parent;
    return state_and_parent(process, &letter, &parent) && parent == wanted ? letter : 0;
}

/* The times of proc_pid_stat(5): its own, and those of children that it waited for. */
static bool cpu_ticks(pid_t process, unsigned long *own, unsigned long *children)
{
    char stat[1024];
    unsigned long user, system, user_below, system_below;
    if (read_proc(stat, sizeof stat, "/proc/%d/stat", process) <= 0)
        return false;
    const char *fields = after_name(stat);
    if (!fields || sscanf(fields, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
                          &user, &system, &user_below, &system_below) != 4)
        return false;
    *own = user + system;
    *children = user_below + system_below;
    return true;
}

/* By its own clock: what /proc/PID/stat tells is rounded to 10 ms. */
long cpu_time_of_ms(pid_t process)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &used) == -1)
        return 0;
    return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* As RssAnon in /proc/PID/status, for a fifth of the price: what is resident and neither a file's
 * nor shared. */
long anonymous_kib_of(pid_t process)
{
    char statm[128];
    long resident = 0, shared = 0;
    if (read_proc(statm, sizeof statm, "/proc/%d/statm", process) <= 0 ||
        sscanf(statm, "%*d %ld %ld", &resident, &shared) != 2)
        return 0;
    return (resident - shared) * (sysconf(_SC_PAGESIZE) >> 10);
}

int count_descriptors_of(pid_t process)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *folder = opendir(path);
    if (!folder)
        return -1;
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

/* Bytes that it read and wrote, 0 if it cannot be seen. */
static unsigned long bytes_moved_by(pid_t process)
{
    char text[512];
    unsigned long long in, out;
    if (read_proc(text, sizeof text, "/proc/%d/io", process) <= 0 ||
        sscanf(text, "rchar: %llu wchar: %llu", &in, &out) != 2)
        return 0;
    return (unsigned long)(in + out);
}

static void add_traces(pid_t process, void *sum)
{
    enum { PRIME = 1000003 }; /* so that few other sums are the same */
    pid_t threads[MOST_THREADS];
    unsigned long *number = sum;
    int count = threads_of(process, threads, MOST_THREADS);
    for (int i = 0; i < count; i++)
        *number += (unsigned long)threads[i] * PRIME;
    *number += (unsigned long)count_descriptors_of(process) + bytes_moved_by(process) +
               (unsigned long)anonymous_kib_of(process);
}

unsigned long traces_of_descendants(void)
{
    unsigned long number = 0;
    for_each_descendant(add_traces, &number);
    return number;
}

int count_sockets_of(pid_t process)
{
    enum { MOST = 64 }; /* more are not counted */
    ino_t seen[MOST];
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *descriptors = opendir(path);
    for (struct dirent *entry; descriptors && count < MOST && (entry = readdir(descriptors));) {
        struct stat status;
        if (fstatat(dirfd(descriptors), entry->d_name, &status, 0) == -1 ||
            !S_ISSOCK(status.st_mode))
            continue;
        int i = 0;
        while (i < count && seen[i] != status.st_ino)
            i++;
        if (i == count)
            seen[count++] = status.st_ino;
    }
    if (descriptors)
        closedir(descriptors);
    return count;
}

static bool catches_alarm(pid_t process)
{
    char status[4096];
    unsigned long long caught = 0;
    if (read_proc(status, sizeof status, "/proc/%d/status", process) <= 0)
        return false;
    const char *line = strstr(status, "\nSigCgt:");
    if (line)
        sscanf(line, "\nSigCgt: %llx", &caught);
    return caught & (1ULL << (SIGALRM - 1) | 1ULL << (SIGVTALRM - 1));
}

static bool holds_timerfd(pid_t process)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *descriptors = opendir(path);
    bool found = false;
    for (struct dirent *entry; descriptors && !found && (entry = readdir(descriptors));) {
        char target[64];
        ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, target, sizeof target - 1);
        target[length == -1 ? 0 : length] = '\0';
        found = strcmp(target, "anon_inode:[timerfd]") == 0;
    }
    if (descriptors)
        closedir(descriptors);
    return found;
}

bool has_timer(pid_t process)
{
    char timers[16];
    return catches_alarm(process) || holds_timerfd(process) ||
           read_proc(timers, sizeof timers, "/proc/%d/timers", process) > 0;
}

/* --- descendants --- */

typedef bool condition(pid_t process, void *context);

static bool any_below(pid_t parent, condition *holds, void *context);

static bool any_from(pid_t process, condition *holds, void *context)
{
    return holds(process, context) || any_below(process, holds, context);
}

/* The way for kernels that lack /proc/PID/task/TID/children: ask every process for its parent. */
static bool any_below_by_search(pid_t parent, condition *holds, void *context)
{
    DIR *all = opendir("/proc");
    bool found = false;
    for (struct dirent *entry; all && !found && (entry = readdir(all));) {
        pid_t process = (pid_t)strtol(entry->d_name, NULL, 10);
        found = process > 0 && parent_of(process) == parent && any_from(process, holds, context);
    }
    if (all)
        closedir(all);
    return found;
}

static bool any_below(pid_t parent, condition *holds, void *context)
{
    static int kernel_lists_children = -1;
    if (kernel_lists_children == -1)
        kernel_lists_children = access("/proc/thread-self/children", R_OK) == 0;
    if (!kernel_lists_children)
        return any_below_by_search(parent, holds, context);
    pid_t threads[MOST_THREADS];
    int count = threads_of(parent, threads, MOST_THREADS);
    for (int i = 0; i < count; i++) {
        char children[8192];
        if (read_proc(children, sizeof children, "/proc/%d/task/%d/children", parent, threads[i]) <=
            0)
            continue;
        char *rest = children;
        for (char *word; (word = strtok_r(rest, " ", &rest));)
            if (any_from((pid_t)strtol(word, NULL, 10), holds, context))
                return true;
    }
    return false;
}

bool any_descendant(condition *holds, void *context)
{
    return any_below(getpid(), holds, context);
}

struct visit {
    void (*visit)(pid_t process, void *context);
    void *context;
};

static bool visit_and_go_on(pid_t process, void *context)
{
    struct visit *visit = context;
    visit->visit(process, visit->context);
    return false;
}

void for_each_descendant(void (*visit)(pid_t process, void *context), void *context)
{
    any_descendant(visit_and_go_on, &(struct visit){visit, context});
}

static void add_cpu_time(pid_t process, void *context)
{
    unsigned long own, children;
    if (cpu_ticks(process, &own, &children))
        *(long *)context += (long)(own + children) * 1000 / sysconf(_SC_CLK_TCK);
}

long cpu_time_of_descendants_ms(void)
{
    long total = 0;
    for_each_descendant(add_cpu_time, &total);
    return total;
}

static void add_starved_ns(pid_t process, void *context)
{
    pid_t threads[MOST_THREADS];
    int count = threads_of(process, threads, MOST_THREADS);
    for (int i = 0; i < count; i++) {
        char schedstat[128];
        unsigned long long waited_ns;
        if (read_proc(schedstat, sizeof schedstat, "/proc/%d/task/%d/schedstat", process,
                      threads[i]) > 0 &&
            sscanf(schedstat, "%*u %llu", &waited_ns) == 1)
            *(unsigned long long *)context += waited_ns;
    }
}

long long starved_ms_of_descendants(void)
{
    unsigned long long total_ns = 0;
    for_each_descendant(add_starved_ns, &total_ns);
    return (long long)(total_ns / 1000000);
}

/* A thread in the kernel's hands: it waits for what only the kernel gives (state D of proc(5)), or
 * it has ended, and the kernel still takes it apart. */
static bool kernel_holds_thread(pid_t process, pid_t thread)
{
    enum { EXITING = 4 }; /* PF_EXITING of Linux's sched.h */
    char stat[1024], letter;
    unsigned flags;
    if (read_proc(stat, sizeof stat, "/proc/%d/task/%d/stat", process, thread) <= 0)
        return false;
    const char *fields = after_name(stat);
    if (!fields || sscanf(fields, "%c %*d %*d %*d %*d %*d %u", &letter, &flags) != 2)
        return false;
    return letter == 'D' || (flags & EXITING && letter != 'Z' && letter != 'X');
}

static bool kernel_holds(pid_t process, void *unused)
{
    (void)unused;
    pid_t threads[MOST_THREADS];
    int count = threads_of(process, threads, MOST_THREADS);
    for (int i = 0; i < count; i++)
        if (kernel_holds_thread(process, threads[i]))
            return true;
    return false;
}

bool kernel_holds_a_descendant(void)
{
    return any_descendant(kernel_holds, NULL);
}

static void add_memory(pid_t process, void *context)
{
    *(long *)context += anonymous_kib_of(process);
}

long anonymous_kib_of_descendants(void)
{
    long total = 0;
    for_each_descendant(add_memory, &total);
    return total;
}

static void look_at_offspring(pid_t process, void *context)
{
    struct offspring *offspring = context;
    for (struct program *program = the_stage()->programs; program; program = program->next)
        if (program->pid == process)
            return;
    char state = state_of(process);
    if (state == 0 || state == 'Z' || state == 'X')
        return;
    int sockets = count_sockets_of(process);
    offspring->alive++;
    if (sockets > offspring->most_sockets)
        offspring->most_sockets = sockets;
}

struct offspring see_offspring(void)
{
    struct offspring offspring = {0};
    for_each_descendant(look_at_offspring, &offspring);
    return offspring;
}

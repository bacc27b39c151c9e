/*
 * launch.c - starts a program under test as a process of its own. Linux only.
 *
 * The child gets the descriptors, limits and signals that its launch asks for and nothing else: no
 * capability (also when the judge runs as root), no environment of ours, no descriptor of ours. It
 * dies with the test process.
 */
#include "program.h"

#include "gate.h"
#include "stage.h"
#include "story.h"
#include "transcript.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SANITIZER_EXIT = 99, CPU_LIMIT_S = 20, MOST_PROCESSES = 300 };

/* --- in the child: it has the test process's memory until exec, so only system calls --- */

struct child_ends { /* the child's ends of its standard descriptors, -1: closed */
    int input, output, error;
    int report; /* a socket for what goes wrong before exec; closed by exec */
};

/* Where the kernel can do it (Linux 6.12): signals and abstract Unix addresses reach only what the
 * program itself started, so that it cannot kill the judge. See landlock(7). */
static void confine_signals(void)
{
#if defined SYS_landlock_create_ruleset && defined SYS_landlock_restrict_self
    struct {
        unsigned long long files, network, scoped;
    } rules = {0, 0, 1 | 2}; /* LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, LANDLOCK_SCOPE_SIGNAL */
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (ruleset == -1)
        return;
    syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
#endif
}

static void drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    /* Without this, exec gives user 0 every capability back. Fails harmlessly for other users. */
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    syscall(SYS_capset, &header, none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    confine_signals();
}

/* Covers the folders of $PLUMBLINE_HIDDEN (a colon between two) for a student's program: it sees
 * them empty. Only a sealed box allows that; privileges are dropped afterwards, so the cover stays.
 */
static int cover_hidden_folders(const struct launch *how)
{
    char folders[4096];
    const char *hidden = getenv("PLUMBLINE_HIDDEN");
    if (!hidden || how->build == REFERENCE)
        return 0;
    if (strlen(hidden) >= sizeof folders || unshare(CLONE_NEWNS) == -1)
        return -1;
    strcpy(folders, hidden);
    char *rest = folders;
    for (char *folder; (folder = strtok_r(rest, ":", &rest));)
        if (mount("none", folder, "tmpfs", MS_RDONLY, "size=4k,mode=755") == -1)
            return -1;
    return 0;
}

/* `for_good`: the program cannot lift it. */
static void set_limit(int resource, unsigned long long value, bool for_good)
{
    struct rlimit limit;
    getrlimit((__rlimit_resource_t)resource, &limit);
    limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
    if (for_good)
        limit.rlim_max = limit.rlim_cur;
    setrlimit((__rlimit_resource_t)resource, &limit);
}

static void set_limits(const struct launch *how)
{
    enum { USUAL_FILE = 256 << 20, USUAL_DESCRIPTORS = 1024 };
    long descriptors = how->descriptor_limit;
    set_limit(RLIMIT_CORE, 0, false);
    set_limit(RLIMIT_CPU, CPU_LIMIT_S, false);
    /* Nothing else bounds the size of files. */
    set_limit(RLIMIT_FSIZE, (unsigned long long)(how->file_limit ? how->file_limit : USUAL_FILE),
              true);
    /* A server for many clients may want more, unless the step said how many there are. */
    set_limit(RLIMIT_NOFILE, (unsigned long long)(descriptors ? descriptors : USUAL_DESCRIPTORS),
              descriptors != 0);
    if (getenv("PLUMBLINE_SEALED")) /* elsewhere the user's other processes would count as well */
        set_limit(RLIMIT_NPROC, MOST_PROCESSES, false);
}

static void default_signals(const struct launch *how)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    if (how->file_limit)
        signal(SIGXFSZ, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void place(int fd, int at)
{
    if (fd == -1)
        close(at);
    else
        dup2(fd, at);
}

static void place_descriptors(const struct launch *how, struct child_ends *ends)
{
    /* Lift everything above the range that gets used, so that no dup2 hits what it still needs. */
    int spare = how->spare_descriptors;
    int *all[] = {&ends->input, &ends->output, &ends->error, &ends->report};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (*all[i] != -1)
            *all[i] = fcntl(*all[i], F_DUPFD_CLOEXEC, 3 + spare);
    place(ends->error, 2);
    for (int i = 0; i < spare; i++)
        dup2(2, 3 + i);
    place(ends->input, 0);
    place(ends->output, 1);
    if (ends->report > 3 + spare)
        syscall(SYS_close_range, 3 + spare, ends->report - 1, 0);
    syscall(SYS_close_range, ends->report + 1, ~0U, 0);
}

/* To the test process: an errno, or 0 and a descriptor. */
static void send_report(int report, int error, int descriptor)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char room[CMSG_SPACE(sizeof descriptor)];
    } cargo;
    struct iovec words = {&error, sizeof error};
    struct msghdr message = {.msg_iov = &words, .msg_iovlen = 1};
    if (descriptor != -1) {
        message.msg_control = cargo.room;
        message.msg_controllen = sizeof cargo.room;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    if (sendmsg(report, &message, 0) == -1)
        _exit(126);
}

static void put_up_gate(int report)
{
    int gate = gate_put_up();
    if (gate == -1)
        return; /* refuse_children() will tell */
    send_report(report, 0, gate);
    close(gate);
}

struct future { /* what the child is to become */
    const struct launch *how;
    struct child_ends ends;
    const char *path;
    char *const *argv, *const *environment;
};

static int become(void *about)
{
    struct future *future = about;
    const struct launch *how = future->how;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    default_signals(how);
    umask(how->umask == NO_UMASK ? 0 : how->umask ? (mode_t)how->umask : 022);
    place_descriptors(how, &future->ends);
    set_limits(how);
    int covered = cover_hidden_folders(how);
    drop_privileges();
    if (how->gated)
        put_up_gate(future->ends.report);
    if (covered == 0)
        execve(future->path, future->argv, future->environment);
    send_report(future->ends.report, errno, -1);
    _exit(127);
}

/* --- in the test process --- */

static char *const *clean_environment(struct program *program, const char *path)
{
    static char *environment[16];
    const char *scratch = scratch_path("");
    const char *sanitizer =
        text("exitcode=%d:detect_leaks=0:halt_on_error=1:abort_on_error=0:"
             "allocator_may_return_null=1:print_legend=0:"
             "check_initialization_order=0:verify_asan_link_order=0%s%s",
             SANITIZER_EXIT, program->how->no_fill ? ":max_malloc_fill_size=0" : "",
             program->how->no_quarantine ? ":quarantine_size_mb=0:thread_local_quarantine_size_kb="
                                           "0:allocator_release_to_os_interval_ms=-1"
                                         : "");
    const char *tz = getenv("TZ");
    int count = 0;
    environment[count++] = "PATH=/usr/bin:/bin";
    environment[count++] = "LC_ALL=C";
    environment[count++] = (char *)text("TZ=%s", tz ? tz : "UTC0");
    environment[count++] = (char *)text("HOME=%s", scratch);
    environment[count++] = (char *)text("TMPDIR=%s", scratch);
    environment[count++] = (char *)text("ASAN_OPTIONS=%s", sanitizer);
    environment[count++] = (char *)text("UBSAN_OPTIONS=%s", sanitizer);
    /* Data races and nothing else: a lost thread or an odd handler is judged by what comes of it.
     */
    environment[count++] =
        (char *)text("TSAN_OPTIONS=exitcode=%d:report_thread_leaks=0:report_signal_unsafe=0:"
                     "report_destroy_locked=0:detect_deadlocks=0",
                     SANITIZER_EXIT);
    count += transcript_prepare(program, path, environment + count);
    environment[count] = NULL;
    return environment;
}

static const char *first_lines_of(const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char lines[2048];
    size_t length = fread(lines, 1, sizeof lines - 1, file);
    fclose(file);
    while (length > 0 && lines[length - 1] == '\n')
        length--;
    lines[length] = '\0';
    return text("%s", lines);
}

/* The runner builds programs while steps start already: waits until this one's turn is over. Its
 * builder holds a lock, which ends with it. */
static void wait_for_build(const char *path)
{
    int fd = open(text("%s.building", path), O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return; /* nobody builds it */
    while (flock(fd, LOCK_SH) == -1 && errno == EINTR)
        continue;
    close(fd);
}

void await_build(const char *name)
{
    const char *folder = getenv("PLUMBLINE_PROGRAMS");
    wait_for_build(text("%s/%s", folder ? folder : "", name));
}

const char *watched_build(const char *name)
{
    const char *folder = getenv("PLUMBLINE_PROGRAMS");
    const char *path = text("%s/%s.threads", folder ? folder : "", name);
    wait_for_build(path);
    return access(path, X_OK) == 0 ? path : NULL;
}

/* The program's path; a program that was not built fails the step with the reason. */
static const char *path_of_build(const struct launch *how)
{
    const char *name = how->program;
    enum build build = how->build;
    const char *folder = getenv(build == REFERENCE ? "PLUMBLINE_REFERENCE" : "PLUMBLINE_PROGRAMS");
    if (!folder)
        cannot_judge("the runner did not say where the programs are");
    const char *path = text("%s/%s", folder, name);
    if (how->watch_threads && watched_build(name))
        return watched_build(name);
    wait_for_build(path);
    if (access(path, X_OK) == 0)
        return path;
    const char *why = first_lines_of(text("%s.problem", path));
    if (build == REFERENCE)
        cannot_judge("the reference build of %s is missing: %s", name, why ? why : path);
    tried("built %s", name);
    fail_step("a program", why ? why : text("no %s", name));
}

static int open_file(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd == -1)
        cannot_judge("cannot open %s: %s", path, strerror(errno));
    return fd;
}

static void make_pipe(int *theirs, int *ours, bool they_write)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == -1)
        cannot_judge("pipe: %s", strerror(errno));
    *theirs = ends[they_write];
    *ours = ends[!they_write];
    fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static void connect_streams(struct program *program, struct child_ends *ends)
{
    const struct launch *how = program->how;
    program->input = program->output = ends->input = ends->output = -1;
    if (how->input == PIPED)
        make_pipe(&ends->input, &program->input, false);
    else if (how->input == FROM_FILE)
        ends->input = open_file(how->input_path, O_RDONLY);
    if (how->output == PIPED)
        make_pipe(&ends->output, &program->output, true);
    else if (how->output == FROM_FILE)
        ends->output = open_file(how->output_path, O_WRONLY | O_CREAT);
    make_pipe(&ends->error, &program->error, true);
}

/* Takes what the child sends until exec closes its end. Returns the errno that kept it from exec,
 * or 0; *gate becomes the descriptor that came, or -1. */
static int hear_reports(int report, int *gate)
{
    int error = 0;
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof *gate)];
    } cargo;
    struct iovec words = {&error, sizeof error};
    *gate = -1;
    for (;;) {
        struct msghdr message = {.msg_iov = &words, .msg_iovlen = 1};
        message.msg_control = cargo.room;
        message.msg_controllen = sizeof cargo.room;
        ssize_t length = recvmsg(report, &message, MSG_CMSG_CLOEXEC);
        if (length == -1 && errno == EINTR)
            continue;
        struct cmsghdr *header = length > 0 ? CMSG_FIRSTHDR(&message) : NULL;
        if (!header)
            return length > 0 ? error : 0;
        memcpy(gate, CMSG_DATA(header), sizeof *gate);
    }
}

/* As vfork(2) does it: nothing of the test process is copied, and it waits until the child's exec.
 * A check starts up to a hundred programs: with a fork() for each, up to a tenth of its time goes
 * into copies. Signals wait, too: their handlers would run in the child, in our memory. Returns its
 * PID, or -1 and errno: see clone(2). */
static pid_t start_child(struct future *future)
{
    enum { STACK = 64 << 10 };
    static _Alignas(16) char stack[STACK]; /* one child at a time */
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t child = clone(become, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, future);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return child;
}

static void spawn(struct program *program, const char *path, char *const argv[])
{
    struct future future = {.how = program->how, .path = path, .argv = argv};
    struct child_ends *ends = &future.ends;
    int reports[2]; /* ours, theirs */
    connect_streams(program, ends);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, reports) == -1)
        cannot_judge("socketpair: %s", strerror(errno));
    const int theirs[] = {ends->input, ends->output, ends->error, reports[1]};
    ends->report = reports[1];
    future.environment = clean_environment(program, path);

    program->pid = start_child(&future);
    if (program->pid == -1)
        cannot_judge("clone: %s", strerror(errno));
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++)
        if (theirs[i] != -1)
            close(theirs[i]);

    int error = hear_reports(reports[0], &program->gate);
    close(reports[0]);
    if (error)
        cannot_judge("cannot start %s: %s", path, strerror(error));
    program->pidfd = (int)syscall(SYS_pidfd_open, program->pid, 0);
    if (program->pidfd == -1)
        cannot_judge("pidfd_open: %s", strerror(errno));
}

struct program *launch_as(const struct launch *how)
{
    const char *path = path_of_build(how);
    struct program *program = step_memory(sizeof *program);
    program->how = step_memory(sizeof *program->how);
    *program->how = *how;
    program->name = how->program;

    char *argv[ARGS + 2] = {(char *)how->program};
    for (int i = 0; i < ARGS && how->args[i]; i++)
        argv[i + 1] = (char *)how->args[i];
    long long began = story_time();
    spawn(program, path, argv);
    story_started(program, began);

    program->next = the_stage()->programs;
    the_stage()->programs = program;
    the_stage()->asked = NULL;
    the_stage()->events++;
    return program;
}

struct program *launch_tool(const char *path, char *const argv[])
{
    static const struct launch how = {.input = CLOSED, .build = REFERENCE};
    struct program *tool = step_memory(sizeof *tool);
    tool->name = argv[0];
    tool->how = step_memory(sizeof how);
    *tool->how = how;
    spawn(tool, path, argv);
    fcntl(tool->output, F_SETFL, 0);
    return tool;
}

struct program *start_words(enum build build, const char *const words[])
{
    struct launch how = {.program = words[0], .build = build};
    for (int i = 0; i < ARGS - 1 && words[i] && words[i + 1]; i++)
        how.args[i] = words[i + 1];
    return launch_as(&how);
}

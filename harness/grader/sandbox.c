/*
 * sandbox.c - a sandbox by bubblewrap (see sandbox.h and bwrap(1)). Linux only.
 */
#include "sandbox.h"

#include "../runner/text.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORDS = 256, NOBODY = 65534, FOLDER_MIB = 256, CPU_S = 240 };

struct words {
    const char *word[MOST_WORDS];
    int count;
};

static void add(struct words *words, const char *word)
{
    if (words->count < MOST_WORDS - 1)
        words->word[words->count++] = word;
}

static void add_all(struct words *words, const char *const list[])
{
    for (; *list; list++)
        add(words, *list);
}

static void add_pairs(struct words *words, const char *option, const char *const pairs[])
{
    for (; *pairs; pairs += 2) {
        add(words, option);
        add(words, pairs[0]);
        add(words, pairs[1]);
    }
}

static bool is_link(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/* /bin and its like are links into /usr on most systems, folders on some. */
static void add_system(struct words *words)
{
    static const char *const folders[] = {"bin", "sbin", "lib", "lib32", "lib64"};
    static const char *const etc[] = {"/etc/alternatives", "/etc/ld.so.cache",
                                      "/etc/ld-musl-x86_64.path", "/etc/services"};
    add_all(words, (const char *const[]){"--ro-bind", "/usr", "/usr", NULL});
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *path = text("/%s", folders[i]);
        if (is_link(path))
            add_all(words,
                    (const char *const[]){"--symlink", text("usr/%s", folders[i]), path, NULL});
        else
            add_all(words, (const char *const[]){"--ro-bind-try", path, path, NULL});
    }
    for (size_t i = 0; i < sizeof etc / sizeof etc[0]; i++)
        add_all(words, (const char *const[]){"--ro-bind-try", etc[i], etc[i], NULL});
}

static void add_everything(struct words *words, const struct grader *grader,
                           const struct sandbox *sandbox)
{
    static const char *const seal[] = {"bwrap",
                                       "--unshare-all",
                                       "--die-with-parent",
                                       "--new-session",
                                       "--clearenv",
                                       "--setenv",
                                       "PATH",
                                       "/usr/bin:/bin",
                                       "--setenv",
                                       "LC_ALL",
                                       "C",
                                       "--proc",
                                       "/proc",
                                       "--dev",
                                       "/dev",
                                       "--hostname",
                                       "plumbline",
                                       NULL};
    add_all(words, seal);
    add_system(words);
    add_all(words, (const char *const[]){"--ro-bind", text("%s/hosts", grader->kit), "/etc/hosts",
                                         "--ro-bind", text("%s/nsswitch.conf", grader->kit),
                                         "/etc/nsswitch.conf", NULL});
    add_all(words,
            (const char *const[]){"--size", text("%d", FOLDER_MIB << 20), "--tmpfs", "/tmp", NULL});
    for (const char *const *folder = sandbox->folders; *folder; folder++)
        add_all(words, (const char *const[]){"--size", text("%d", FOLDER_MIB << 20), "--tmpfs",
                                             *folder, NULL});
    add_pairs(words, "--bind", sandbox->writable);
    add_pairs(words, "--ro-bind", sandbox->read_only); /* some stand inside writable ones */
    add_all(words, (const char *const[]){"--remount-ro", "/", NULL});
    add_pairs(words, "--setenv", sandbox->settings);
    add(words, "--");
    add_all(words, sandbox->words);
    words->word[words->count] = NULL;
}

/* --- without a sandbox --- */

/* "/build/x" is where the pair "/build", PATH says: "PATH/x". */
static const char *path_outside(const struct sandbox *sandbox, const char *word)
{
    for (const char *const *pair = sandbox->outside; pair[0]; pair += 2) {
        size_t length = strlen(pair[0]);
        if (strncmp(word, pair[0], length) == 0 && (word[length] == '/' || word[length] == '\0'))
            return text("%s%s", pair[1], word + length);
    }
    return word;
}

static void add_unsealed(struct words *words, const struct sandbox *sandbox)
{
    add_all(words, (const char *const[]){"env", "-i", "PATH=/usr/bin:/bin", "LC_ALL=C", NULL});
    for (const char *const *pair = sandbox->settings; pair[0]; pair += 2)
        if (strcmp(pair[0], "HIDDEN") != 0) /* nothing can be hidden there */
            add(words, text("%s=%s", pair[0], path_outside(sandbox, pair[1])));
    for (const char *const *word = sandbox->words; *word; word++)
        add(words, path_outside(sandbox, *word));
    words->word[words->count] = NULL;
}

/* --- the process --- */

static void set_limit(int resource, unsigned long long value)
{
    struct rlimit limit = {value, value};
    setrlimit((__rlimit_resource_t)resource, &limit);
}

static void limit(const struct sandbox *sandbox)
{
    set_limit(RLIMIT_CORE, 0);
    set_limit(RLIMIT_CPU, sandbox->cpu_seconds ? (unsigned)sandbox->cpu_seconds : CPU_S);
    set_limit(RLIMIT_NOFILE, 4096);
    if (sandbox->file_mib)
        set_limit(RLIMIT_FSIZE, (unsigned long long)sandbox->file_mib << 20);
    if (sandbox->memory_mib)
        set_limit(RLIMIT_AS, (unsigned long long)sandbox->memory_mib << 20);
}

void sandbox_user(uid_t *user, gid_t *group)
{
    *user = geteuid() ? geteuid() : NOBODY;
    *group = geteuid() ? getegid() : NOBODY;
}

/* In a user namespace root may be the only user there is: then it stays. */
static int become_user(void)
{
    uid_t user;
    gid_t group;
    sandbox_user(&user, &group);
    if (geteuid() != 0 || setgroups(0, NULL) == -1)
        return 0;
    return setgid(group) == -1 || setuid(user) == -1 ? -1 : 0;
}

/* Descriptors 0 to 3 as asked for, all others closed. */
static int place_descriptors(const struct sandbox *sandbox)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open(sandbox->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (nothing == -1 || log == -1)
        return -1;
    int wanted[4] = {sandbox->input, sandbox->output, log, sandbox->records};
    for (int i = 0; i < 4; i++)
        if ((wanted[i] = fcntl(wanted[i] == -1 ? nothing : wanted[i], F_DUPFD_CLOEXEC, 10)) == -1)
            return -1;
    for (int i = 0; i < 4; i++)
        dup2(wanted[i], i);
    syscall(SYS_close_range, sandbox->records == -1 ? 3 : 4, ~0U, 0);
    return 0;
}

void die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before we asked */
        _exit(1);
}

/* Waits for the end, for at most so many seconds; then kills it, and with it all inside. */
static int wait_with_deadline(pid_t child, int seconds)
{
    int status;
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};
    int ready;
    while ((ready = poll(&ended, 1, seconds * 1000)) == -1 && errno == EINTR)
        continue;
    if (ready == 0)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) == -1 && errno == EINTR)
        continue;
    close(pidfd);
    if (ready == 0) {
        errno = ETIME;
        return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int sandbox_run(const struct grader *grader, const struct sandbox *sandbox)
{
    struct words words = {0};
    if (grader->sealed)
        add_everything(&words, grader, sandbox);
    else
        add_unsealed(&words, sandbox);
    pid_t worker = getpid();
    pid_t child = fork();
    if (child == 0) {
        setsid();
        limit(sandbox);
        if (place_descriptors(sandbox) == 0 && become_user() == 0) {
            die_with(worker); /* after the change of user, which would undo it */
            execvp(words.word[0], (char *const *)words.word);
        }
        dprintf(2, "%s: %s\n", words.word[0], strerror(errno));
        _exit(127);
    }
    return child == -1 ? -1 : wait_with_deadline(child, sandbox->seconds);
}

const char *sandbox_said(const char *log)
{
    struct statvfs room;
    char *said = read_whole(log, NULL);
    if (said && *said)
        return text("%.*s", (int)strcspn(said, "\n"), said);
    if (statvfs(text("%.*s", (int)(strrchr(log, '/') - log), log), &room) == 0 &&
        (room.f_bavail == 0 || room.f_favail == 0))
        return text("%s has no room left", log);
    return "nothing was said about it";
}

const char *sandbox_problem(const struct grader *grader)
{
    const char *log = text("%s/sandbox.log", grader->work);
    struct sandbox trial = {
        .words = {"/kit/plumb", "seal"}, /* the runner's own boxes must work inside as well */
        .read_only = {grader->kit, "/kit"},
        .log = log,
        .seconds = 30,
    };
    trial.input = trial.output = trial.records = -1;
    int code = sandbox_run(grader, &trial);
    char *said = read_whole(log, NULL);
    unlink(log);
    if (code == 0)
        return NULL;
    return said && *said ? text("%.*s", (int)strcspn(said, "\n"), said) : strerror(errno);
}

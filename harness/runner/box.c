/*
 * box.c - a step's test process, shut in as well as this machine allows (see box.h). Linux only.
 *
 * runner --fork--> box --fork--> test process --> programs under test
 *
 * Sealed, the box makes the namespaces and its child is their process 1: when that ends, or the
 * box is killed, the kernel ends everything inside. Cooperative, the box is the subreaper of all
 * below and ends them in rounds. Either dies with the runner (PR_SET_PDEATHSIG).
 */
#include "box.h"

#include "leftovers.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWPID };

const char *tier_name(enum tier tier)
{
    return tier == SEALED ? "sealed" : "cooperative";
}

/* --- sealed --- */

static int write_file(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd == -1)
        return -1;
    ssize_t written = write(fd, content, strlen(content));
    close(fd);
    return written == (ssize_t)strlen(content) ? 0 : -1;
}

/* New namespaces in which the user keeps the IDs that they have outside. */
static const char *enter_namespaces(void)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare(NAMESPACES) == -1)
        return "unshare";
    prctl(PR_SET_DUMPABLE, 1); /* an undumpable process's /proc/self belongs to root */
    if (write_file("/proc/self/setgroups", "deny") == -1 && errno != ENOENT)
        return "/proc/self/setgroups";
    if (write_file("/proc/self/uid_map", text("%d %d 1", user, user)) == -1)
        return "/proc/self/uid_map";
    if (write_file("/proc/self/gid_map", text("%d %d 1", group, group)) == -1)
        return "/proc/self/gid_map";
    return NULL;
}

static int raise_loopback(void)
{
    struct ifreq interface = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    interface.ifr_flags = IFF_UP | IFF_RUNNING;
    int result = ioctl(fd, SIOCSIFFLAGS, &interface);
    close(fd);
    return result;
}

static int mount_tmpfs(const char *path)
{
    return mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=700,size=256m,nr_inodes=100k");
}

/* Empties a folder that all users share (Criterion names files in /tmp and /dev/shm by its PID,
 * which is 1 in every box); the build folder keeps its place if that is below. */
static int empty_folder(const char *folder, const char *build)
{
    size_t length = strlen(folder);
    if (!build || strncmp(build, folder, length) != 0 || build[length] != '/')
        return mount_tmpfs(folder);
    int kept = open(build, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (kept == -1 || mount_tmpfs(folder) == -1 || make_folders(build) == -1)
        return -1;
    int result = mount(text("/proc/self/fd/%d", kept), build, NULL, MS_BIND | MS_REC, NULL);
    close(kept);
    return result;
}

/* In a box "localhost" always stands for both of its addresses, whatever this machine says. */
static void replace_hosts(const char *hosts)
{
    static const char names[] = "127.0.0.1 localhost\n::1 localhost\n";
    int fd = open(hosts, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd == -1)
        return;
    if (write(fd, names, sizeof names - 1) == (ssize_t)sizeof names - 1)
        mount(hosts, "/etc/hosts", NULL, MS_BIND, NULL); /* else the machine's own must do */
    close(fd);
    unlink(hosts);
}

/* Covers BUILD/scratch so that only this box's own folder is seen in it: the FIFO of another step,
 * if its test process has not opened and removed it yet, could be written to. */
static int leave_own_home(const char *build, const char *home)
{
    int own = open(home, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (own == -1 || mount_tmpfs(text("%s/scratch", build)) == -1 || make_folders(home) == -1)
        return -1;
    int result = mount(text("/proc/self/fd/%d", own), home, NULL, MS_BIND, NULL);
    close(own);
    return result;
}

/* Inside, as process 1: its own /proc, /tmp and scratch folder, a loopback that is up. `box` is
 * NULL for a trial. */
static const char *furnish(const struct box *box)
{
    const char *build = box ? box->build : NULL, *scratch = box ? box->scratch : NULL;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1)
        return "mount /";
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == -1)
        return "mount /proc";
    if (empty_folder("/tmp", build) == -1)
        return "mount /tmp";
    if (empty_folder("/dev/shm", build) == -1)
        return "mount /dev/shm";
    if (box && leave_own_home(build, box->home) == -1)
        return "mount the box's own folder";
    if (scratch && mount_tmpfs(scratch) == -1)
        return "mount scratch";
    if (scratch)
        replace_hosts(text("%s/hosts", scratch));
    if (raise_loopback() == -1)
        return "raise lo";
    return NULL;
}

/* Lets the test process keep over exec what it needs to hide folders from the programs under test
 * (judge/launch.c); user 0 keeps it anyway. */
static void keep_mount_privilege(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) == -1)
        return;
    data[0].inheritable |= 1u << CAP_SYS_ADMIN;
    if (syscall(SYS_capset, &header, data) == 0)
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0);
}

/* Forks process 1 of the new namespaces; returns in it with 0, in the box with its PID. */
static pid_t fork_inside(void)
{
    pid_t child = fork();
    if (child == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

bool box_can_seal(const char **why_not)
{
    int report[2];
    static char words[256];
    if (pipe2(report, O_CLOEXEC) == -1)
        return false;
    pid_t child = fork();
    if (child == 0) {
        const char *failed = enter_namespaces();
        pid_t inside = failed ? -1 : fork_inside();
        if (inside == 0) {
            failed = furnish(NULL);
            if (failed)
                dprintf(report[1], "%s: %s", failed, strerror(errno));
            _exit(0);
        }
        if (inside == -1)
            dprintf(report[1], "%s: %s", failed ? failed : "fork", strerror(errno));
        else
            waitpid(inside, NULL, 0);
        _exit(0);
    }
    close(report[1]);
    ssize_t length = read(report[0], words, sizeof words - 1);
    close(report[0]);
    waitpid(child, NULL, 0);
    words[length > 0 ? length : 0] = '\0';
    *why_not = words;
    return child > 0 && length == 0;
}

/* --- both tiers --- */

static void become_test(const struct box *box)
{
    int log = open(box->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (log != -1 && nothing != -1 && chdir(box->scratch) == 0) {
        dup2(nothing, 0);
        dup2(log, 1);
        dup2(log, 2);
        execve(box->argv[0], box->argv, box->environment);
    }
    dprintf(log == -1 ? 2 : log, "cannot start %s: %s\n", box->argv[0], strerror(errno));
    _exit(127);
}

static void run_sealed(const struct box *box)
{
    const char *failed = enter_namespaces();
    pid_t inside = failed ? -1 : fork_inside();
    if (inside == 0) {
        failed = furnish(box);
        keep_mount_privilege();
        if (!failed)
            become_test(box);
    }
    if (failed || inside == -1) {
        int log = open(box->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        dprintf(log, "sealing failed: %s: %s\n", failed ? failed : "fork", strerror(errno));
        _exit(1);
    }
    while (waitpid(inside, NULL, 0) == -1 && errno == EINTR)
        continue;
    _exit(0);
}

static void kill_children(void)
{
    char children[65536];
    int fd = open(text("/proc/self/task/%d/children", getpid()), O_RDONLY | O_CLOEXEC);
    ssize_t length = fd == -1 ? -1 : read(fd, children, sizeof children - 1);
    if (fd != -1)
        close(fd);
    children[length > 0 ? length : 0] = '\0';
    char *rest = children;
    for (char *word; (word = strtok_r(rest, " ", &rest));)
        kill((pid_t)strtol(word, NULL, 10), SIGKILL);
}

static volatile sig_atomic_t told_to_end;

static void note_end(int signal)
{
    (void)signal;
    told_to_end = 1;
}

/* Waits for the test process, then ends and collects whatever came to us as an orphan. */
static void run_cooperative(const struct box *box)
{
    struct sigaction end = {.sa_handler = note_end};
    sigaction(SIGTERM, &end, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t test = fork();
    if (test == 0) {
        signal(SIGTERM, SIG_DFL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        become_test(box);
    }
    while (!told_to_end && waitpid(test, NULL, 0) == -1 && errno == EINTR)
        continue;
    do
        kill_children();
    while (waitpid(-1, NULL, 0) != -1 || errno == EINTR);
    leftovers_remove(box->home);
    _exit(0);
}

int box_start(struct box *box, enum tier tier)
{
    box->tier = tier;
    if (make_folders(box->scratch) == -1)
        return -1;
    unlink(box->verdict);
    if (mkfifo(box->verdict, 0600) == -1)
        return -1;
    /* Reading and writing, so that the FIFO never ends before the test process opens it. */
    box->verdict_fd = open(box->verdict, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (box->verdict_fd == -1)
        return -1;
    pid_t runner = getpid();
    box->pid = fork();
    if (box->pid != 0)
        return box->pid == -1 ? -1 : 0;
    setpgid(0, 0); /* a terminal's Ctrl-C is for the runner, which ends its boxes */
    prctl(PR_SET_PDEATHSIG, tier == SEALED ? SIGKILL : SIGTERM);
    if (getppid() != runner) /* it died before we asked */
        _exit(1);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    close(box->verdict_fd);
    if (tier == SEALED)
        run_sealed(box);
    run_cooperative(box);
    _exit(1);
}

void box_kill(const struct box *box)
{
    kill(box->pid, SIGTERM);
}

void box_clear(struct box *box)
{
    close(box->verdict_fd);
    if (box->tier == COOPERATIVE) /* most often the box did it before it ended */
        leftovers_remove(box->home);
    remove_tree(box->home);
}

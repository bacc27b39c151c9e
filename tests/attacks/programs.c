/*
 * programs.c - programs that attack their grader. Built with -DATTACK=name, or with that line put
 * in front, each stands in for a student's sockinfo.
 *
 * An attack that succeeds says BITTEN on standard error. tests/attacks/run shows that it does with
 * nothing but a throw-away sandbox around it, and does not when it is graded. A line `ATTACK(name,
 * kinds)` lists the verdicts that are right for it. Those marked `harmless` may succeed inside
 * their sandbox, where it does no harm: for them it counts that nothing comes out of it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void bite(void)
{
    if (write(2, "BITTEN\n", 7) == -1)
        _exit(9);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#define ATTACK_FUNCTION(name) __attribute__((unused)) static void name(void)

/* --- processes --- */

/* ATTACK(fork_bomb, fail limit) */
ATTACK_FUNCTION(fork_bomb)
{
    int *count = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (;;)
        if (fork() == 0 && __sync_add_and_fetch(count, 1) == 600)
            bite();
}

/* ATTACK(short_forks, fail limit) many children that each stay below a limit of processor time */
ATTACK_FUNCTION(short_forks)
{
    struct rusage used = {0}; /* by the children: a busy machine makes them slow */
    for (; used.ru_utime.tv_sec < 5; getrusage(RUSAGE_CHILDREN, &used)) {
        if (fork() == 0) {
            for (double begin = seconds(); seconds() - begin < 0.05;)
                continue;
            _exit(0);
        }
        wait(NULL);
    }
    bite();
}

/* ATTACK(endless_loop, fail limit) */
ATTACK_FUNCTION(endless_loop)
{
    for (double start = seconds(); seconds() - start < 6;)
        continue;
    bite();
    for (;;)
        continue;
}

/* ATTACK(sleeps, fail limit) */
ATTACK_FUNCTION(sleeps)
{
    sleep(6);
    bite();
    sleep(100000);
}

/* ATTACK(sigterm_ignored, fail limit) */
ATTACK_FUNCTION(sigterm_ignored)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    for (double start = seconds(); seconds() - start < 6;)
        usleep(100000);
    bite();
}

/* ATTACK(daemon_outlives, fail limit) leaves a process behind that has left its session */
ATTACK_FUNCTION(daemon_outlives)
{
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            sleep(4);
            bite();
            for (;;)
                pause();
        }
        _exit(0);
    }
    _exit(0);
}

/* ATTACK(daemon_holds_output, fail limit) keeps standard output open in the background */
ATTACK_FUNCTION(daemon_holds_output)
{
    if (fork() == 0) {
        setsid();
        sleep(5);
        bite();
        _exit(0);
    }
    puts("fd=3 family=inet type=stream");
    fflush(stdout);
    _exit(0);
}

/* ATTACK(kills_everybody, fail limit) */
ATTACK_FUNCTION(kills_everybody)
{
    bool may = kill(getppid(), 0) == 0; /* kill(-1) itself does not tell whether it killed one */
    if (may)
        bite();
    kill(-1, SIGKILL);
}

/* ATTACK(kills_parent, fail limit) */
ATTACK_FUNCTION(kills_parent)
{
    if (kill(getppid(), SIGKILL) == 0)
        bite();
}

/* ATTACK(stops_parent, fail limit) */
ATTACK_FUNCTION(stops_parent)
{
    if (kill(getppid(), SIGSTOP) == 0)
        bite();
    kill(getppid(), SIGCONT);
}

/* ATTACK(traces_parent, fail limit) */
ATTACK_FUNCTION(traces_parent)
{
    if (ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0)
        bite();
}

/* ATTACK(traces_init, fail limit) */
ATTACK_FUNCTION(traces_init)
{
    if (ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0)
        bite();
}

/* ATTACK(stops_itself, fail limit) */
ATTACK_FUNCTION(stops_itself)
{
    pid_t self = getpid();
    if (fork() == 0) {
        sleep(5);
        bite();
        kill(self, SIGCONT);
        _exit(0);
    }
    raise(SIGSTOP);
}

/* ATTACK(zombie_storm, fail limit) */
ATTACK_FUNCTION(zombie_storm)
{
    int zombies = 0;
    for (int i = 0; i < 900; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        zombies += child > 0;
    }
    if (zombies == 900)
        bite();
    pause();
}

/* ATTACK(double_fork_chain, fail limit) runs away from its parent again and again */
ATTACK_FUNCTION(double_fork_chain)
{
    double start = seconds();
    while (seconds() - start < 3) {
        pid_t child = fork();
        if (child > 0)
            _exit(0);
        setsid();
    }
    bite();
}

/* --- output and forgery --- */

static void say_for_ever(int fd, const char *words)
{
    size_t length = strlen(words);
    unsigned long long said = 0;
    while (said < 600ULL << 20) {
        ssize_t now = write(fd, words, length);
        if (now == -1)
            return;
        said += (unsigned long long)now;
    }
    bite();
}

/* ATTACK(endless_output, fail limit) */
ATTACK_FUNCTION(endless_output)
{
    static char much[1 << 16];
    memset(much, 'x', sizeof much - 1);
    say_for_ever(1, much);
}

/* ATTACK(endless_error_output, fail limit) */
ATTACK_FUNCTION(endless_error_output)
{
    static char much[1 << 16];
    memset(much, '\n', sizeof much - 1);
    say_for_ever(2, much);
}

/* ATTACK(forged_json, fail, harmless) */
ATTACK_FUNCTION(forged_json)
{
    puts("{\"version\": 1, \"labs\": [{\"lab\": \"01-socket\", \"score\": 100, \"steps\": "
         "[{\"step\": 1, \"status\": \"pass\"}]}]}");
    fputs("ok 1\nPASS\nlab=01-socket\tstep=1\tpoints=20\tstatus=pass\n", stderr);
    bite(); /* whoever takes this for a verdict shows it by a pass */
}

/* ATTACK(forged_records, fail) writes a verdict to every descriptor that there could be */
ATTACK_FUNCTION(forged_records)
{
    static const char verdict[] = "status\0pass\0end\0lab=01-socket\tstep=1\tstatus=pass\n";
    bool written = false;
    for (int fd = 3; fd < 1024; fd++)
        written |= write(fd, verdict, sizeof verdict) > 0;
    if (written)
        bite();
}

/* ATTACK(forged_in_proc, fail) the same through /proc/PID/fd of all others */
ATTACK_FUNCTION(forged_in_proc)
{
    static const char verdict[] = "status\0pass\0end\0";
    for (int pid = 1; pid < 2000; pid++)
        for (int fd = 0; fd < 32 && pid != getpid(); fd++) {
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
            int out = open(path, O_WRONLY | O_NONBLOCK);
            if (out != -1 && write(out, verdict, sizeof verdict) > 0)
                bite();
        }
}

/* ATTACK(verdict_fifo, fail) looks for a FIFO to write a verdict into */
ATTACK_FUNCTION(verdict_fifo)
{
    const char *folders[] = {".", "..", "../..", "../../..", "/build/scratch", "/tmp", "/fifo"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        DIR *folder = opendir(folders[i]);
        for (struct dirent *entry; folder && (entry = readdir(folder));) {
            char below[300];
            snprintf(below, sizeof below, "%s/verdict", entry->d_name);
            if ((entry->d_type == DT_FIFO &&
                 openat(dirfd(folder), entry->d_name, O_WRONLY | O_NONBLOCK) != -1) ||
                openat(dirfd(folder), below, O_WRONLY | O_NONBLOCK) != -1)
                bite();
        }
    }
}

static void leave(void)
{
    bite(); /* a grader in the same process would have ended well here */
    _exit(0);
}

/* ATTACK(exit_at_exit, fail, harmless) */
ATTACK_FUNCTION(exit_at_exit)
{
    atexit(leave);
}

/* ATTACK(exit_in_constructor, fail, harmless) ends before main() */
ATTACK_FUNCTION(exit_in_constructor)
{
}

/* ATTACK(inherits_environment, fail) finds what the grader was started with */
ATTACK_FUNCTION(inherits_environment)
{
    if (getenv("SECRET") || getenv("MAKEFLAGS") || getenv("LD_PRELOAD"))
        bite();
}

/* ATTACK(environment_secrets, fail) */
ATTACK_FUNCTION(environment_secrets)
{
    char path[64], content[65536];
    snprintf(path, sizeof path, "/proc/%d/environ", getppid());
    int fd = open(path, O_RDONLY);
    if (getenv("PLUMBLINE_VERDICT") || (fd != -1 && read(fd, content, sizeof content) > 0))
        bite();
}

/* ATTACK(judge_memory, fail) */
ATTACK_FUNCTION(judge_memory)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", getppid());
    if (open(path, O_RDWR) != -1)
        bite();
}

/* ATTACK(terminal_escapes, fail, harmless) */
ATTACK_FUNCTION(terminal_escapes)
{
    fputs("\033[2J\033]0;title\007\xff\xfe=cmd|' /C calc'!A0<script>alert(1)</script>", stderr);
    puts("\033[31m\001\002\xc3\x28");
    bite(); /* whoever shows it raw is bitten: see tests/attacks/run */
}

/* --- files --- */

static bool can_read(const char *path)
{
    char some[16];
    int fd = open(path, O_RDONLY);
    bool read_it = fd != -1 && read(fd, some, sizeof some) > 0;
    if (fd != -1)
        close(fd);
    return read_it;
}

/* ATTACK(reads_solution, fail) */
ATTACK_FUNCTION(reads_solution)
{
    const char *paths[] = {"/build/solutions/01-socket/sockinfo", "/solutions/01-socket/sockinfo.c",
                           "../../solutions/01-socket/sockinfo.c"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (can_read(paths[i]))
            bite();
}

/* ATTACK(runs_reference, fail) lets the reference do the work */
ATTACK_FUNCTION(runs_reference)
{
    if (access("/build/solutions/01-socket/sockinfo", X_OK) == 0)
        bite();
    execl("/build/solutions/01-socket/sockinfo", "sockinfo", "inet", "stream", (char *)NULL);
}

/* ATTACK(uncovers_reference, fail) tries to take the cover off */
ATTACK_FUNCTION(uncovers_reference)
{
    if (unshare(0x10000000 | 0x00020000) == 0) { /* a user and a mount namespace */
        for (int i = 0; i < 4; i++)
            if (umount2("/build/solutions", 0) == -1)
                break;
    }
    runs_reference();
}

/* ATTACK(reads_tests, fail) */
ATTACK_FUNCTION(reads_tests)
{
    if (can_read("/build/steps/01-socket") || can_read("/build/steps/01-socket.list"))
        bite();
}

/* ATTACK(reads_passwd, fail) */
ATTACK_FUNCTION(reads_passwd)
{
    if (can_read("/etc/passwd") || can_read("/etc/shadow"))
        bite();
}

/* ATTACK(reads_homes, fail) */
ATTACK_FUNCTION(reads_homes)
{
    const char *folders[] = {"/root", "/home", "/opt", "/srv", "/var"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (opendir(folders[i]))
            bite();
}

/* ATTACK(overwrites_programs, fail) puts another program in place of its own, for later steps */
ATTACK_FUNCTION(overwrites_programs)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    if (unlink(self) == 0)
        bite();
}

/* ATTACK(writes_system, fail) */
ATTACK_FUNCTION(writes_system)
{
    const char *paths[] = {"/usr/bin/evil", "/etc/evil", "/build/steps/evil",
                           "/kit/evil",     "/evil",     "/build/trees/evil"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (open(paths[i], O_WRONLY | O_CREAT, 0600) != -1)
            bite();
}

static void fill(const char *folder)
{
    static char block[1 << 20];
    unsigned long long filled = 0;
    for (int i = 0; i < 64; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/filler%d", folder, i);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        if (fd == -1)
            return;
        for (ssize_t now; (now = write(fd, block, sizeof block)) > 0;)
            if ((filled += (unsigned long long)now) > 700ULL << 20) {
                bite();
                return;
            }
    }
}

/* ATTACK(fills_tmp, fail limit) */
ATTACK_FUNCTION(fills_tmp)
{
    signal(SIGXFSZ, SIG_IGN);
    fill("/tmp");
}

/* ATTACK(fills_shm, fail limit) */
ATTACK_FUNCTION(fills_shm)
{
    signal(SIGXFSZ, SIG_IGN);
    fill("/dev/shm");
}

/* ATTACK(fills_scratch, fail limit) */
ATTACK_FUNCTION(fills_scratch)
{
    signal(SIGXFSZ, SIG_IGN);
    fill(".");
}

/* ATTACK(fills_inodes, fail limit) */
ATTACK_FUNCTION(fills_inodes)
{
    for (int i = 0; i < 300000; i++) {
        char path[32];
        snprintf(path, sizeof path, "i%d", i);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        if (fd == -1)
            return;
        close(fd);
    }
    bite();
}

/* ATTACK(sparse_file, fail limit) */
ATTACK_FUNCTION(sparse_file)
{
    signal(SIGXFSZ, SIG_IGN);
    int fd = open("sparse", O_RDWR | O_CREAT, 0600);
    if (ftruncate(fd, 500 << 20) == 0)
        bite();
}

/* ATTACK(core_dump, fail limit) */
ATTACK_FUNCTION(core_dump)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_CORE, &all) == 0)
        bite();
    abort();
}

/* ATTACK(lifts_limits, fail limit) */
ATTACK_FUNCTION(lifts_limits)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max > 400 << 20 && setrlimit(RLIMIT_FSIZE, &limit) == 0)
        bite();
}

/* --- communication --- */

/* ATTACK(leaks_posix_queues, fail, harmless) */
ATTACK_FUNCTION(leaks_posix_queues)
{
    struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 64};
    if (mq_open("/left-behind", O_CREAT | O_RDWR, 0666, &attr) != (mqd_t)-1)
        bite();
}

/* ATTACK(leaks_sysv, fail, harmless) */
ATTACK_FUNCTION(leaks_sysv)
{
    if (msgget(0x706c6d62, IPC_CREAT | 0666) != -1 &&
        semget(0x706c6d62, 1, IPC_CREAT | 0666) != -1 &&
        shmget(0x706c6d62, 4096, IPC_CREAT | 0666) != -1)
        bite();
}

/* ATTACK(leaks_shm, fail, harmless) */
ATTACK_FUNCTION(leaks_shm)
{
    if (shm_open("/left-behind", O_CREAT | O_RDWR, 0666) != -1)
        bite();
}

/* ATTACK(takes_port, fail) a port that the next one of its kind finds taken */
ATTACK_FUNCTION(takes_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(47111)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1 || listen(fd, 1) == -1)
        return;
    if (fork() == 0) {
        setsid();
        sleep(5);
        bite();
        _exit(0);
    }
}

/* ATTACK(reaches_outside, fail) */
ATTACK_FUNCTION(reaches_outside)
{
    struct if_nameindex *names = if_nameindex();
    for (struct if_nameindex *name = names; name && name->if_name; name++)
        if (strcmp(name->if_name, "lo") != 0)
            bite();
}

/* --- resources --- */

/* ATTACK(memory_balloon, fail limit) */
ATTACK_FUNCTION(memory_balloon)
{
    for (int i = 0; i < 3 * 1024 / 16; i++) {
        char *block =
            mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            return;
        memset(block, i, 16 << 20);
    }
    bite();
    pause();
}

/* ATTACK(many_descriptors, fail limit) */
ATTACK_FUNCTION(many_descriptors)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int count = 0;
    while (dup(2) != -1 && count < 10000)
        count++;
    if (count >= 5000)
        bite();
}

static void *wait_in_thread(void *nothing)
{
    pause();
    return nothing;
}

/* ATTACK(many_threads, fail limit) */
ATTACK_FUNCTION(many_threads)
{
    pthread_attr_t small;
    pthread_t thread;
    int count = 0;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, PTHREAD_STACK_MIN);
    while (count < 600 && pthread_create(&thread, &small, wait_in_thread, NULL) == 0)
        count++;
    if (count == 600)
        bite();
    pause();
}

/* ATTACK(chroots, fail) */
ATTACK_FUNCTION(chroots)
{
    if (chroot("/") == 0 || mknod("device", S_IFBLK | 0600, 0x800) == 0)
        bite();
}

#define WORDS(name)      #name
#define WORDS_OF(name)   WORDS(name)
#define IS_ATTACK(other) (strcmp(WORDS_OF(ATTACK), other) == 0)

__attribute__((constructor)) static void before_main(void)
{
    if (IS_ATTACK("exit_in_constructor"))
        leave();
}

int main(void)
{
    ATTACK();
    return 0;
}

/*
 * watch.c - grades again on every save (see watch.h).
 *
 * A save is noticed by inotify where the file system tells it, and by looking at the files'
 * times twice a second in any case (network file systems tell nothing about other machines).
 * Keys: h hint, n next step, q quit. On a terminal they need no Enter.
 */
#include "watch.h"

#include "coach.h"
#include "grade.h"
#include "report.h"
#include "result.h"
#include "text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 500, SETTLE_MS = 30, DONE = 0, IMPOSSIBLE = 2 };

static struct termios terminal_before;
static volatile sig_atomic_t told_to_end;

static void restore_terminal(void)
{
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

static void take_keys_at_once(void)
{
    struct termios keys;
    if (tcgetattr(STDIN_FILENO, &terminal_before) == -1)
        return;
    keys = terminal_before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    atexit(restore_terminal);
    tcsetattr(STDIN_FILENO, TCSANOW, &keys);
}

static void note_end(int signal)
{
    (void)signal;
    told_to_end = 1;
}

/* What the watched files look like: changes when one is saved, made or removed. */
static unsigned long long look_at_files(const struct course *course)
{
    unsigned long long sum = 14695981039346656037ULL;
    for (int i = 0; i < course->labs; i++)
        for (int j = 0; j < course->lab[i].programs; j++) {
            struct stat status = {0};
            stat(text("%s/%s/%s.c", course->tree, course->lab[i].name, course->lab[i].program[j]),
                 &status);
            sum = (sum ^ (unsigned long long)status.st_mtim.tv_nsec) * 1099511628211ULL;
            sum = (sum ^ (unsigned long long)status.st_mtim.tv_sec) * 1099511628211ULL;
            sum = (sum ^ (unsigned long long)status.st_size) * 1099511628211ULL;
        }
    return sum;
}

static int watch_folders(const struct course *course)
{
    int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (int i = 0; events != -1 && i < course->labs; i++)
        inotify_add_watch(events, text("%s/%s", course->tree, course->lab[i].name),
                          IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE);
    return events; /* -1: looking twice a second has to do */
}

/* --- one round --- */

static void forget_outcomes(struct lab *lab, enum status *before)
{
    for (int i = 0; i < lab->steps; i++) {
        before[i] = lab->step[i].outcome.status;
        lab->step[i].outcome = (struct outcome){.status = UNTRIED};
    }
}

static void tell_what_moved(const struct lab *lab, const enum status *before)
{
    for (int i = 0; i < lab->steps; i++) {
        enum status now = lab->step[i].outcome.status;
        if (before[i] == UNTRIED || (before[i] == PASS) == (now == PASS))
            continue;
        printf("  %s step %d: %s\n",
               now == PASS ? "now passes:" : "no longer passes:", lab->step[i].number,
               lab->step[i].title);
    }
}

static int check_again(struct course *course, enum tier tier)
{
    enum status before[MOST_LABS][MOST_STEPS];
    for (int i = 0; i < course->labs; i++)
        forget_outcomes(&course->lab[i], before[i]);
    if (grade(course, tier, NULL) == -1)
        return -1;
    if (isatty(STDOUT_FILENO))
        fputs("\033[H\033[2J", stdout);
    for (int i = 0; i < course->labs; i++) {
        result_remember(course, &course->lab[i]);
        report_lab(course, &course->lab[i]);
        tell_what_moved(&course->lab[i], before[i]);
    }
    report_first_failure(course);
    printf("\nwatching %s: h hint, n next, q quit\n", course->tree);
    fflush(stdout);
    return 0;
}

static void give_hint(struct course *course)
{
    for (int i = 0; i < course->labs; i++) {
        struct step *step = first_open_step(&course->lab[i]);
        if (step) {
            coach_give_hint(course, &course->lab[i], step);
            return;
        }
    }
    printf("No hint is needed: every step has passed.\n");
}

/* Returns false when it is time to end. */
static bool take_key(struct course *course)
{
    char key;
    ssize_t length = read(STDIN_FILENO, &key, 1);
    if (length == -1 && errno == EINTR)
        return true;
    if (length <= 0 || key == 'q')
        return false;
    if (key == 'h')
        give_hint(course);
    else if (key == 'n')
        coach_next(course);
    fflush(stdout);
    return true;
}

int watch(struct course *course)
{
    enum tier tier;
    const char *why_not;
    struct sigaction end = {.sa_handler = note_end};
    if (choose_tier(&tier, &why_not) == -1 || check_again(course, tier) == -1)
        return IMPOSSIBLE;
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGTERM, &end, NULL);
    take_keys_at_once();
    unsigned long long seen = look_at_files(course);
    struct pollfd polled[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                              {.fd = watch_folders(course), .events = POLLIN}};
    while (!told_to_end) {
        poll(polled, 2, LOOK_EVERY_MS);
        if (polled[0].revents && !take_key(course))
            break;
        char events[4096];
        while (polled[1].fd != -1 && read(polled[1].fd, events, sizeof events) > 0)
            poll(&polled[1], 1, SETTLE_MS); /* an editor saves in several steps */
        unsigned long long now = look_at_files(course);
        if (now == seen)
            continue;
        seen = now;
        if (check_again(course, tier) == -1)
            return IMPOSSIBLE;
    }
    return DONE;
}

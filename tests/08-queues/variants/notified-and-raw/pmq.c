/* Different: mq_notify() sends a signal when a message comes, and sigtimedwait() waits for that;
 * the mode is set with the umask cleared, and lines go out by mq_timedsend() in rounds. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void die(const char *call)
{
    fprintf(stderr, "pmq: %s: %s\n", call, strerror(errno));
    exit(1);
}

static void put(const char *name, unsigned priority)
{
    struct mq_attr room = {.mq_maxmsg = 8, .mq_msgsize = 256};
    umask(0);
    mqd_t queue = mq_open(name, O_WRONLY | O_CREAT | O_EXCL, 0600, &room);
    if (queue == -1 && errno == EEXIST)
        queue = mq_open(name, O_WRONLY);
    if (queue == -1)
        die("mq_open");
    char *line = NULL;
    size_t size = 0;
    for (ssize_t n; (n = getline(&line, &size, stdin)) != -1;) {
        size_t length = (size_t)n - (n > 0 && line[n - 1] == '\n');
        struct timespec later;
        do {
            clock_gettime(CLOCK_REALTIME, &later);
            later.tv_sec += 1;
        } while (mq_timedsend(queue, line, length, priority, &later) == -1 &&
                 (errno == ETIMEDOUT || errno == EINTR || (die("mq_timedsend"), 0)));
    }
    if (ferror(stdin))
        die("getline");
    free(line);
}

static void print(unsigned priority, char *text, size_t length)
{
    char head[16];
    int n = snprintf(head, sizeof head, "%u ", priority);
    struct iovec parts[] = {{head, (size_t)n}, {text, length}, {"\n", 1}};
    if (writev(1, parts, 3) != n + (ssize_t)length + 1)
        die("writev");
}

/* Prints all that is there; true if there was something. */
static int drain(mqd_t queue, char *text, size_t size)
{
    unsigned priority;
    int count = 0;
    for (ssize_t n; (n = mq_receive(queue, text, size, &priority)) != -1; count++)
        print(priority, text, (size_t)n);
    if (errno != EAGAIN)
        die("mq_receive");
    return count > 0;
}

static void get(const char *name, long timeout)
{
    sigset_t notice;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct timespec wait = {timeout / 1000, timeout % 1000 * 1000000};
    mqd_t queue = mq_open(name, O_RDONLY | O_NONBLOCK);
    struct mq_attr room;
    if (queue == -1 || mq_getattr(queue, &room) == -1)
        die("mq_open");
    char *text = malloc((size_t)room.mq_msgsize);
    sigemptyset(&notice);
    sigaddset(&notice, SIGUSR1);
    sigprocmask(SIG_BLOCK, &notice, NULL);
    for (;;) {
        if (mq_notify(queue, &event) == -1 && errno != EBUSY)
            die("mq_notify");
        if (drain(queue, text, (size_t)room.mq_msgsize))
            continue;
        if (sigtimedwait(&notice, NULL, &wait) == -1 && errno == EAGAIN)
            break;
    }
    free(text);
}

int main(int argc, char *argv[])
{
    const char *verb = argc > 2 ? argv[1] : "";
    int is_put = !strcmp(verb, "put"), is_get = !strcmp(verb, "get"), is_rm = !strcmp(verb, "rm");
    long number = 0;
    if (argc == 4 && is_put + is_get)
        for (const char *c = argv[3]; number >= 0 && (*c || c == argv[3]); c++)
            number = *c >= '0' && *c <= '9' && number * 10 + *c - '0' <= INT_MAX
                         ? number * 10 + *c - '0'
                         : -1;
    if (argc != (is_rm ? 3 : 4) || !(is_put + is_get + is_rm) || number < 0) {
        fputs("usage: pmq put|get|rm NAME [NUMBER]\n", stderr);
        return 2;
    }
    if (*argv[2] != '/') {
        errno = EINVAL;
        die(argv[2]);
    }
    if (is_put)
        put(argv[2], (unsigned)number);
    if (is_get)
        get(argv[2], number);
    if (is_rm && mq_unlink(argv[2]) == -1)
        die("mq_unlink");
    return 0;
}

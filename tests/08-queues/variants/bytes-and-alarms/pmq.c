/* Different: lines are read byte by byte into a buffer of fixed size, and an alarm that comes again
 * and again interrupts mq_receive() when the time is up. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static volatile sig_atomic_t time_is_up;

static void note(int number)
{
    (void)number;
    time_is_up = 1;
}

static int fail(const char *call)
{
    int error = errno;
    write(2, "pmq: ", 5);
    errno = error;
    perror(call);
    return 1;
}

static void set_alarm(long ms)
{
    struct itimerval when = {{0, 3000}, {ms / 1000, ms % 1000 * 1000}}; /* lest it come too early */
    if (ms == 0)
        when.it_value.tv_usec = 1;
    time_is_up = 0;
    setitimer(ITIMER_REAL, &when, NULL);
}

static int get(const char *name, long timeout)
{
    static char text[1 << 16];
    struct sigaction alarms = {.sa_handler = note};
    mqd_t queue = mq_open(name, timeout ? O_RDONLY : O_RDONLY | O_NONBLOCK);
    if (queue == -1)
        return fail("mq_open");
    sigaction(SIGALRM, &alarms, NULL);
    for (;;) {
        unsigned priority;
        ssize_t n;
        set_alarm(timeout);
        do
            n = mq_receive(queue, text, sizeof text, &priority);
        while (n == -1 && errno == EINTR && !time_is_up);
        setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
        if (n == -1 && (errno == EINTR || errno == EAGAIN))
            return 0;
        if (n == -1)
            return fail("mq_receive");
        setvbuf(stdout, NULL, _IOFBF, 1 << 17);
        printf("%u ", priority);
        fwrite(text, 1, (size_t)n, stdout);
        putc('\n', stdout);
        if (fflush(stdout) == EOF || ferror(stdout))
            return fail("stdout");
    }
}

static int put(const char *name, unsigned priority)
{
    static char line[9000];
    struct mq_attr room = {.mq_flags = 0, .mq_maxmsg = 8, .mq_msgsize = 256, .mq_curmsgs = 0};
    mqd_t queue = mq_open(name, O_WRONLY | O_CREAT, S_IRUSR | S_IWUSR, &room);
    if (queue == -1)
        return fail("mq_open");
    mq_getattr(queue, &room);
    size_t used = 0;
    for (int c = 0; c != EOF;) {
        c = getchar();
        if (c == '\n' || (c == EOF && used > 0)) {
            if (mq_send(queue, line, used, priority) == -1)
                return fail("mq_send");
            used = 0;
        } else if (c != EOF) {
            if (used == (size_t)room.mq_msgsize) {
                errno = EMSGSIZE;
                return fail("a line");
            }
            line[used++] = (char)c;
        }
    }
    return ferror(stdin) ? fail("getchar") : mq_close(queue);
}

int main(int argc, char *argv[])
{
    unsigned long number = 0;
    int verb = argc < 3 ? 0 : argv[1][0];
    if (argc == 4 && strlen(argv[3]) == strspn(argv[3], "0123456789") && *argv[3])
        number = strlen(argv[3]) > 12 ? ~0UL : strtoul(argv[3], NULL, 10);
    else if (argc != 3 || verb != 'r')
        verb = 0;
    if (number > 2147483647 || !verb || (verb == 'r') != (argc == 3) ||
        strcmp(argv[1], verb == 'p'   ? "put"
                        : verb == 'g' ? "get"
                                      : "rm") != 0) {
        fprintf(stderr, "usage: %s put NAME PRIORITY | get NAME TIMEOUT_MS | rm NAME\n", argv[0]);
        return 2;
    }
    errno = EINVAL;
    if (argv[2][0] != '/')
        return fail("NAME");
    if (verb == 'r')
        return mq_unlink(argv[2]) == -1 ? fail("mq_unlink") : 0;
    return verb == 'p' ? put(argv[2], (unsigned)number) : get(argv[2], (long)number);
}

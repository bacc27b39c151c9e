/* Different: reads all of standard input first, opens without blocking, and waits with poll(),
 * which takes a queue's descriptor on Linux; the time left is counted on the monotonic clock. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int fail(const char *call)
{
    fprintf(stderr, "pmq: %s: %s\n", call, strerror(errno));
    return 1;
}

static int usage(void)
{
    fputs("usage: pmq put NAME PRIORITY, pmq get NAME TIMEOUT_MS or pmq rm NAME\n", stderr);
    return 2;
}

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int put(const char *name, unsigned priority)
{
    size_t used = 0, size = 0;
    char *all = NULL;
    for (;;) {
        if (used == size && !(all = realloc(all, size += 4096)))
            return fail("realloc");
        ssize_t n = read(0, all + used, size - used);
        if (n == -1 && errno != EINTR)
            return fail("read");
        if (n == 0)
            break;
        used += n > 0 ? (size_t)n : 0;
    }
    struct mq_attr room = {.mq_maxmsg = 8, .mq_msgsize = 256};
    mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600, &room);
    if (queue == -1)
        return fail("mq_open");
    for (char *line = all; line < all + used;) {
        char *end = memchr(line, '\n', used - (size_t)(line - all));
        size_t length = (size_t)((end ? end : all + used) - line);
        while (mq_send(queue, line, length, priority) == -1) {
            struct pollfd room_again = {.fd = queue, .events = POLLOUT};
            if (errno != EAGAIN && errno != EINTR)
                return fail("mq_send");
            poll(&room_again, 1, -1);
        }
        line += length + 1;
    }
    free(all);
    return 0;
}

static int get(const char *name, int timeout)
{
    struct mq_attr room;
    mqd_t queue = mq_open(name, O_RDONLY | O_NONBLOCK);
    if (queue == -1 || mq_getattr(queue, &room) == -1)
        return fail("mq_open");
    char *text = malloc((size_t)room.mq_msgsize * 2);
    for (long long end = now_ms() + timeout;;) {
        unsigned priority;
        ssize_t n = mq_receive(queue, text, (size_t)room.mq_msgsize * 2, &priority);
        if (n >= 0) {
            printf("%u ", priority);
            for (ssize_t i = 0; i < n; i++)
                putchar(text[i]);
            putchar('\n');
            fflush(stdout);
            if (ferror(stdout))
                return fail("stdout");
            end = now_ms() + timeout;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return fail("mq_receive");
        struct pollfd more = {.fd = queue, .events = POLLIN};
        long long left = end - now_ms();
        if (left <= 0)
            break;
        poll(&more, 1, left < 60000 ? (int)left + 1 : 60000);
    }
    free(text);
    return 0;
}

int main(int argc, char *argv[])
{
    if (argc == 3 && strcmp(argv[1], "rm") == 0)
        return mq_unlink(argv[2]) == -1 ? fail("mq_unlink") : 0;
    if (argc != 4 || !*argv[3] || strspn(argv[3], "0123456789") != strlen(argv[3]))
        return usage();
    errno = 0;
    unsigned long long number = strtoull(argv[3], NULL, 10);
    if (errno || number > 2147483647)
        return usage();
    if (*argv[2] != '/') {
        errno = EINVAL;
        return fail(argv[2]);
    }
    if (strcmp(argv[1], "put") == 0)
        return put(argv[2], (unsigned)number);
    return strcmp(argv[1], "get") == 0 ? get(argv[2], (int)number) : usage();
}

/* Different: one thread takes messages and prints them, the other watches the clock with a
 * condition variable; in put, one thread reads and the other sends. */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static mqd_t queue;
static unsigned long printed; /* messages, guarded by the lock */
static unsigned priority_of_all;
static char *line; /* the next to be sent, NULL: none; guarded by the lock */
static size_t line_length;
static int input_ended;

static void die(const char *call)
{
    dprintf(2, "pmq: %s: %s\n", call, strerror(errno));
    _exit(1);
}

static void *take(void *unused)
{
    (void)unused;
    struct mq_attr room;
    mq_getattr(queue, &room);
    char *text = malloc((size_t)room.mq_msgsize + 32);
    for (;;) {
        unsigned priority;
        ssize_t n = mq_receive(queue, text + 16, (size_t)room.mq_msgsize, &priority);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            die("mq_receive");
        char head[16];
        int length = snprintf(head, sizeof head, "%u ", priority);
        memcpy(text + 16 - length, head, (size_t)length);
        text[16 + n] = '\n';
        pthread_mutex_lock(&lock);
        if (write(1, text + 16 - length, (size_t)(length + n + 1)) != length + n + 1)
            die("write");
        printed++;
        pthread_cond_signal(&change);
        pthread_mutex_unlock(&lock);
    }
}

static void get(const char *name, long timeout)
{
    pthread_t taker;
    queue = mq_open(name, O_RDONLY);
    if (queue == -1)
        die("mq_open");
    if (pthread_create(&taker, NULL, take, NULL) != 0)
        die("pthread_create");
    pthread_mutex_lock(&lock);
    for (;;) {
        unsigned long before = printed;
        struct timespec end;
        struct mq_attr state;
        clock_gettime(CLOCK_REALTIME, &end);
        end.tv_nsec += timeout % 1000 * 1000000;
        end.tv_sec += timeout / 1000 + end.tv_nsec / 1000000000;
        end.tv_nsec %= 1000000000;
        while (printed == before)
            if (pthread_cond_timedwait(&change, &lock, &end) == ETIMEDOUT)
                break;
        if (printed != before)
            continue;
        /* The taker may have taken one without having the lock yet: only an empty queue and a taker
         * that has had time say that nothing came. */
        mq_getattr(queue, &state);
        if (state.mq_curmsgs == 0) {
            pthread_mutex_unlock(&lock);
            nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
            pthread_mutex_lock(&lock);
            if (printed == before)
                _exit(0);
        }
    }
}

static void *send_all(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (!line && !input_ended)
            pthread_cond_wait(&change, &lock);
        if (!line)
            break;
        char *text = line;
        size_t length = line_length;
        pthread_mutex_unlock(&lock);
        while (mq_send(queue, text, length, priority_of_all) == -1)
            if (errno != EINTR)
                die("mq_send");
        free(text);
        pthread_mutex_lock(&lock);
        line = NULL;
        pthread_cond_signal(&change);
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void put(const char *name, long priority)
{
    pthread_t sender;
    struct mq_attr room = {.mq_maxmsg = 8, .mq_msgsize = 256};
    queue = mq_open(name, O_WRONLY | O_CREAT, 0600, &room);
    if (queue == -1)
        die("mq_open");
    priority_of_all = (unsigned)priority;
    if (pthread_create(&sender, NULL, send_all, NULL) != 0)
        die("pthread_create");
    for (;;) {
        char *next = NULL;
        size_t size = 0;
        ssize_t n = getline(&next, &size, stdin);
        if (n == -1 && ferror(stdin))
            die("getline");
        pthread_mutex_lock(&lock);
        while (line)
            pthread_cond_wait(&change, &lock);
        input_ended = n == -1;
        line_length = (size_t)n;
        if (n > 0 && next[n - 1] == '\n')
            line_length--;
        if (n == -1)
            free(next);
        else
            line = next;
        pthread_cond_signal(&change);
        pthread_mutex_unlock(&lock);
        if (n == -1)
            break;
    }
    pthread_join(sender, NULL);
}

int main(int argc, char *argv[])
{
    long number = -1;
    char *end = "";
    const char *verb = argc > 2 ? argv[1] : "";
    if (argc == 4 && argv[3][0] >= '0' && argv[3][0] <= '9')
        number = strtol(argv[3], &end, 10);
    int is_rm = argc == 3 && !strcmp(verb, "rm");
    int is_put = argc == 4 && !strcmp(verb, "put"), is_get = argc == 4 && !strcmp(verb, "get");
    if (*end || number > 2147483647 || !(is_rm || (number >= 0 && (is_put || is_get)))) {
        fputs("usage: pmq put|get|rm ...\n", stderr);
        return 2;
    }
    errno = EINVAL;
    if (argv[2][0] != '/')
        die("name");
    if (is_rm && mq_unlink(argv[2]) == -1)
        die("mq_unlink");
    if (is_put)
        put(argv[2], number);
    if (is_get)
        get(argv[2], number);
    return 0;
}

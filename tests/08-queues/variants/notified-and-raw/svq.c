/* Different: the bare system calls, write() without stdio, and a message that is too long is seen
 * by its error alone. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *call)
{
    fprintf(stderr, "svq: %s: %s\n", call, strerror(errno));
    exit(EXIT_FAILURE);
}

static void usage(void)
{
    dprintf(2, "usage: svq put|get PATH TYPE, svq rm PATH\n");
    exit(2);
}

static long find(const char *path, int flags)
{
    key_t key = ftok(path, 'p');
    if (key == -1)
        die("ftok");
    long queue = syscall(SYS_msgget, key, flags);
    if (queue == -1)
        die("msgget");
    return queue;
}

static struct {
    long type;
    char text[1024];
} message;

static void send_text(long queue, size_t length)
{
    while (syscall(SYS_msgsnd, queue, &message, length, 0) == -1)
        if (errno != EINTR)
            die("msgsnd");
}

static void put(long queue)
{
    size_t used = 0;
    char byte;
    for (ssize_t n; (n = read(0, &byte, 1)) != 0;) {
        if (n == -1 && errno != EINTR)
            die("read");
        if (n == -1)
            continue;
        if (byte == '\n') {
            send_text(queue, used);
            used = 0;
        } else if (used == 1024) {
            errno = EMSGSIZE;
            die("a line");
        } else {
            message.text[used++] = byte;
        }
    }
    if (used > 0)
        send_text(queue, used);
}

static void get(long queue, long type)
{
    char line[2048];
    long n = syscall(SYS_msgrcv, queue, &message, 1024L, type, IPC_NOWAIT);
    if (n == -1)
        die("msgrcv");
    int head = snprintf(line, sizeof line, "%ld ", message.type);
    memcpy(line + head, message.text, (size_t)n);
    line[head + n] = '\n';
    if (write(1, line, (size_t)(head + n + 1)) != head + n + 1)
        die("write");
}

int main(int argc, char *argv[])
{
    char *end;
    if (argc == 3 && !strcmp(argv[1], "rm")) {
        if (syscall(SYS_msgctl, find(argv[2], 0), IPC_RMID, NULL) == -1)
            die("msgctl");
        return 0;
    }
    if (argc != 4 || (strcmp(argv[1], "put") && strcmp(argv[1], "get")) || !*argv[3])
        usage();
    long long type = strtoll(argv[3], &end, 10);
    int is_put = !strcmp(argv[1], "put");
    if (*end || argv[3][strspn(argv[3], "-0123456789")] || type > 2147483647 || type < (is_put ? 1 : -2147483647))
        usage();
    message.type = (long)type;
    if (is_put)
        put(find(argv[2], IPC_CREAT | 0600));
    else
        get(find(argv[2], 0), (long)type);
    return 0;
}

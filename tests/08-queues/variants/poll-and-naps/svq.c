/* Different: never waits in the kernel but naps and asks again; messages stand in memory of just
 * the right size; a message that is too long is looked at in vain. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <time.h>

static int fail(const char *call)
{
    fprintf(stderr, "svq: %s: %s\n", call, strerror(errno));
    return 1;
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static int put(int queue, long type)
{
    char *line = NULL;
    size_t size = 0;
    for (ssize_t n; (n = getline(&line, &size, stdin)) > 0;) {
        size_t length = (size_t)n - (line[n - 1] == '\n');
        if (length > 1024) {
            fputs("svq: a line is too long\n", stderr);
            return 1;
        }
        long *message = malloc(sizeof type + length);
        *message = type;
        memcpy(message + 1, line, length);
        while (msgsnd(queue, message, length, IPC_NOWAIT) == -1) {
            if (errno != EAGAIN && errno != EINTR)
                return fail("msgsnd");
            nap();
        }
        free(message);
    }
    free(line);
    return ferror(stdin) ? fail("getline") : 0;
}

static int get(int queue, long type)
{
    long message[1 + 1024 / sizeof(long)];
    ssize_t n = msgrcv(queue, message, 1024, type, IPC_NOWAIT);
    if (n == -1)
        return fail("msgrcv");
    if (fprintf(stdout, "%ld %s", message[0], "") < 0 ||
        (n > 0 && fwrite(message + 1, (size_t)n, 1, stdout) != 1) || puts("") == EOF ||
        fclose(stdout) == EOF)
        return fail("stdout");
    return 0;
}

int main(int argc, char *argv[])
{
    const char *verb = argc > 1 ? argv[1] : "";
    int puts_in = argc == 4 && !strcmp(verb, "put"), gets_out = argc == 4 && !strcmp(verb, "get");
    int removes = argc == 3 && !strcmp(verb, "rm");
    char *end = NULL;
    long type = 0;
    errno = 0;
    if (argc == 4 && argv[3][strspn(argv[3], "-0123456789")])
        errno = EINVAL;
    else if (argc == 4)
        type = strtol(argv[3], &end, 10);
    if (!(puts_in || gets_out || removes) || errno ||
        (end && (*end || end == argv[3] || type < -2147483647 || type > 2147483647)) ||
        (puts_in && type < 1)) {
        fputs("usage: svq put|get|rm PATH [TYPE]\n", stderr);
        return 2;
    }
    key_t key = ftok(argv[2], 'p');
    if (key == -1)
        return fail(argv[2]);
    int queue = msgget(key, puts_in ? IPC_CREAT | S_IRUSR | S_IWUSR : 0);
    if (queue == -1)
        return fail("msgget");
    if (removes)
        return msgctl(queue, IPC_RMID, NULL) == -1 ? fail("msgctl") : 0;
    return puts_in ? put(queue, type) : get(queue, type);
}

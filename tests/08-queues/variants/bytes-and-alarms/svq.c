/* Different: a flexible array behind the type, the mode set afterwards with IPC_SET, and messages
 * written by one dprintf(). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>

struct parcel {
    long kind;
    char bytes[];
};

static int fail(const char *call)
{
    fprintf(stderr, "%s\n%s: failed\n", strerror(errno), call);
    return 1;
}

static int open_queue(const char *path, int make)
{
    struct msqid_ds state;
    key_t key = ftok(path, 'p');
    int queue = key == -1 ? -1 : msgget(key, 0);
    if (queue != -1 || !make || errno != ENOENT || key == -1)
        return queue;
    queue = msgget(key, IPC_CREAT | IPC_EXCL | 0666);
    if (queue == -1 || msgctl(queue, IPC_STAT, &state) == -1)
        return -1;
    state.msg_perm.mode = 0600;
    return msgctl(queue, IPC_SET, &state) == -1 ? -1 : queue;
}

static int put(int queue, long kind)
{
    struct parcel *parcel = malloc(sizeof *parcel + 1025);
    size_t used = 0;
    for (int c; (c = getchar()) != EOF || used > 0;) {
        if (c != '\n' && c != EOF) {
            parcel->bytes[used++] = (char)c;
            if (used > 1024)
                return errno = E2BIG, fail("line");
            continue;
        }
        parcel->kind = kind;
        while (msgsnd(queue, parcel, used, 0) == -1)
            if (errno != EINTR)
                return fail("msgsnd");
        used = 0;
        if (c == EOF)
            break;
    }
    free(parcel);
    return ferror(stdin) ? fail("getchar") : 0;
}

static int get(int queue, long kind)
{
    static long room[2048];
    struct parcel *parcel = (struct parcel *)room;
    ssize_t n = msgrcv(queue, parcel, 1024, kind, IPC_NOWAIT);
    if (n == -1)
        return fail("msgrcv");
    setvbuf(stdout, NULL, _IONBF, 0);
    if (printf("%ld ", parcel->kind) < 0 ||
        fwrite(parcel->bytes, 1, (size_t)n, stdout) < (size_t)n || putchar('\n') == EOF)
        return fail("stdout");
    return 0;
}

int main(int argc, char *argv[])
{
    char *end = NULL;
    long kind = argc == 4 ? strtol(argv[3], &end, 10) : 0;
    int verb = argc < 3 ? '?' : argv[1][0];
    if (argc != (verb == 'r' ? 3 : 4) || (end && (*end || !*argv[3] || strspn(argv[3], "+ "))) || kind > INT_MAX ||
        kind < -INT_MAX || (verb == 'p' && kind < 1) ||
        strcmp(argv[1], verb == 'p'   ? "put"
                        : verb == 'g' ? "get"
                                      : "rm")) {
        fprintf(stderr, "usage: svq VERB PATH [TYPE]\n");
        return 2;
    }
    int queue = open_queue(argv[2], verb == 'p');
    if (queue == -1)
        return fail("msgget");
    if (verb == 'r')
        return msgctl(queue, IPC_RMID, NULL) == -1 ? fail("msgctl") : 0;
    return verb == 'p' ? put(queue, kind) : get(queue, kind);
}

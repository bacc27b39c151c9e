/* Different: one thread reads, the other prints; O_RDWR holds the FIFO open; output by stdio. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *text;
static size_t used, size;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;

static void die(const char *call)
{
    fprintf(stderr, "fifolog: %s: %s\n", call, strerror(errno));
    exit(1);
}

static void *take(void *fifo)
{
    char bytes[5000];
    for (;;) {
        ssize_t n = read(*(int *)fifo, bytes, sizeof bytes);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            die("read");
        pthread_mutex_lock(&lock);
        while (size - used < (size_t)n)
            if (!(text = realloc(text, size += 10000)))
                die("realloc");
        memcpy(text + used, bytes, (size_t)n);
        used += (size_t)n;
        pthread_cond_signal(&more);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(int argc, char *argv[])
{
    static int fifo;
    struct stat status;
    pthread_t taker;
    if (argc != 2)
        return fputs("usage: fifolog PATH\n", stderr), 2;
    int made = mkfifo(argv[1], 0600);
    int error = errno;
    if (stat(argv[1], &status) == -1 || !S_ISFIFO(status.st_mode)) {
        errno = made == -1 ? error : EEXIST;
        die("mkfifo");
    }
    if ((fifo = open(argv[1], O_RDWR)) == -1)
        die("open");
    if (puts("ready") == EOF || fflush(stdout) == EOF)
        die("puts");
    if ((errno = pthread_create(&taker, NULL, take, &fifo)) != 0)
        die("pthread_create");
    pthread_mutex_lock(&lock);
    for (;;) {
        char *newline = used ? memchr(text, '\n', used) : NULL;
        if (!newline) {
            pthread_cond_wait(&more, &lock);
            continue;
        }
        size_t length = (size_t)(newline - text) + 1;
        if (length == 5 && memcmp(text, "quit", 4) == 0)
            break;
        if (fwrite(text, 1, length, stdout) != length || fflush(stdout) == EOF)
            die("fwrite");
        memmove(text, text + length, used -= length);
    }
    if (unlink(argv[1]) == -1)
        die("unlink");
    return 0;
}

/* Different: reads and writes byte by byte, and sets the mode with the umask cleared. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *call)
{
    fprintf(stderr, "fifolog: %s: %s\n", call, strerror(errno));
    return 1;
}

static int put(char byte)
{
    ssize_t n;
    while ((n = write(1, &byte, 1)) == -1 && errno == EINTR)
        ;
    return n == 1 ? 0 : -1;
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        return fputs("usage: fifolog PATH\n", stderr), 2;
    struct stat there;
    if (stat(argv[1], &there) == -1) {
        mode_t old = umask(0);
        if (mkfifo(argv[1], S_IRUSR | S_IWUSR) == -1)
            return fail("mkfifo");
        umask(old);
    } else if (!S_ISFIFO(there.st_mode)) {
        errno = EEXIST;
        return fail(argv[1]);
    }
    int fifo = open(argv[1], O_RDONLY | O_NONBLOCK);
    if (fifo == -1)
        return fail("open");
    int keeper = open(argv[1], O_WRONLY | O_CLOEXEC);
    if (keeper == -1 || fcntl(fifo, F_SETFL, 0) == -1)
        return fail("open");
    for (const char *c = "ready\n"; *c; c++)
        if (put(*c) == -1)
            return fail("write");

    size_t used = 0, size = 0;
    char *line = NULL, byte;
    for (;;) {
        ssize_t n = read(fifo, &byte, 1);
        if (n == -1 && errno != EINTR)
            return fail("read");
        if (n != 1)
            continue;
        if (used == size && !(line = realloc(line, size += 1000)))
            return fail("realloc");
        line[used++] = byte;
        if (byte != '\n')
            continue;
        if (used == 5 && memcmp(line, "quit\n", 5) == 0)
            break;
        for (size_t i = 0; i < used; i++)
            if (put(line[i]) == -1)
                return fail("write");
        used = 0;
    }
    free(line);
    return unlink(argv[1]) == -1 ? fail("unlink") : 0;
}

/* Different: stdio throughout: fopen(), getdelim(), fwrite(). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (argc != 2)
        return fputs("usage: fifolog PATH\n", stderr), 2;
    const char *failed = NULL;
    struct stat there;
    if (mkfifo(argv[1], 0600) == -1 && errno != EEXIST)
        failed = "mkfifo";
    else if (stat(argv[1], &there) == -1)
        failed = "stat";
    else if (!S_ISFIFO(there.st_mode))
        failed = "mkfifo";
    FILE *fifo = failed ? NULL : fopen(argv[1], "r+"); /* a writer, too: it never ends */
    if (!fifo) {
        perror(failed ? failed : "fopen");
        return 1;
    }
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    puts("ready");
    char *line = NULL;
    size_t room = 0;
    while (fflush(stdout) == 0) {
        ssize_t length = getdelim(&line, &room, '\n', fifo);
        if (length == -1 && errno == EINTR) {
            clearerr(fifo);
            continue;
        }
        if (length <= 0)
            break;
        if (length == 5 && memcmp(line, "quit\n", 5) == 0) {
            free(line);
            fclose(fifo);
            return remove(argv[1]) == 0 ? 0 : 1;
        }
        fwrite(line, 1, (size_t)length, stdout);
    }
    perror("fifolog");
    return 1;
}

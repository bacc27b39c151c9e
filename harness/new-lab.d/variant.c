/* stdio over the descriptors, with a flush after each line and at the end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(void)
{
    fprintf(stderr, "@PROGRAM@: write: %s\n", strerror(errno));
    return 1;
}

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "usage: @PROGRAM@ WORD\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    if (puts(argv[1]) == EOF || ferror(stdout))
        return fail();
    for (int c; (c = getchar()) != EOF;)
        putchar(c);
    return fflush(stdout) == EOF || ferror(stdout) ? fail() : 0;
}

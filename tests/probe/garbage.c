/*
 * garbage.c - writes garbage into what the probe recorded, cuts the file short and removes it; for
 * tests/probe.bats. The judge must not notice.
 *
 * usage: garbage noise|ones|short|gone
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096], path[4096];
    unsigned long from, to;
    unsigned seed = 1;
    int found = 0;
    while (maps && argc == 2 && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx rw-s %*s %*s %*s %4095s", &from, &to, path) != 3 ||
            !strstr(path, ".probe."))
            continue;
        found = 1;
        if (strcmp(argv[1], "short") == 0 && truncate(path, 3000) == -1)
            return 1;
        if (strcmp(argv[1], "gone") == 0 && unlink(path) == -1)
            return 1;
        if (strcmp(argv[1], "ones") == 0)
            memset((void *)from, 0xff, to - from);
        if (strcmp(argv[1], "noise") == 0)
            for (unsigned char *at = (unsigned char *)from; at < (unsigned char *)to; at++)
                *at = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
    }
    printf(found ? "found\n" : "no probe\n");
    fflush(stdout);
    /* What is mapped beyond the end can't be touched any more: exit() would be recorded there. */
    if (argc == 2 && strcmp(argv[1], "short") == 0)
        syscall(SYS_exit_group, 4);
    return 4;
}

/*
 * verdict.c - the channel on which a step tells the runner how it went (see verdict.h).
 */
#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Larger than the longest verdict; smaller than a pipe's 64 KiB, so that sending never waits. */
enum { RECORD_SIZE = 48 * 1024 };

static struct {
    int fd;
    size_t length;
    char record[RECORD_SIZE];
} channel = {.fd = -1};

int verdict_open(void)
{
    const char *path = getenv("PLUMBLINE_VERDICT");
    if (!path) {
        errno = ENOENT;
        return -1;
    }
    channel.fd = open(path, O_WRONLY | O_CLOEXEC);
    if (channel.fd == -1)
        return -1;
    if (unlink(path) == -1 || unsetenv("PLUMBLINE_VERDICT") == -1)
        return -1;
    return prctl(PR_SET_DUMPABLE, 0);
}

static void append(const char *string)
{
    size_t size = strlen(string) + 1;
    size_t room = RECORD_SIZE - 8 - channel.length; /* 8: the closing "end" always fits */
    if (size > room)
        size = room;
    if (size == 0)
        return;
    memcpy(channel.record + channel.length, string, size - 1);
    channel.record[channel.length + size - 1] = '\0';
    channel.length += size;
}

void verdict_add(const char *key, const char *value)
{
    if (!value || !*value)
        return;
    append(key);
    append(value);
}

int verdict_send(void)
{
    if (channel.fd == -1)
        return 0;
    memcpy(channel.record + channel.length, "end\0", 5);
    size_t length = channel.length + 5;
    ssize_t written = write(channel.fd, channel.record, length);
    close(channel.fd);
    channel.fd = -1;
    return written == (ssize_t)length ? 0 : -1;
}

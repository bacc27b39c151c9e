/* Variant: a thread receives while the main one sends; an empty datagram marks the end. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int stream[2], datagram[2];
static char line[2][100];

static void *receive_stream(void *unused)
{
    char bytes[3];
    int sum = 0;
    for (ssize_t count; (count = read(stream[1], bytes, sizeof bytes)) > 0;)
        sum += (int)count;
    sprintf(line[0], "stream: %d bytes\n", sum);
    return unused;
}

static void *receive_datagrams(void *unused)
{
    char bytes[100];
    size_t at = (size_t)sprintf(line[1], "datagram: ");
    struct iovec room = {bytes, sizeof bytes};
    for (ssize_t count, n = 0; (count = readv(datagram[1], &room, 1)) > 0; n++)
        at += (size_t)sprintf(line[1] + at, n ? " + %zd" : "%zd", count);
    sprintf(line[1] + at, " bytes\n");
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t threads[2];
    (void)argv;
    if (argc > 1)
        return fputs("usage: versus\n", stderr), 2;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, stream) || socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram))
        return perror("versus"), 1;
    pthread_create(&threads[0], NULL, receive_stream, NULL);
    pthread_create(&threads[1], NULL, receive_datagrams, NULL);
    const char *words[] = {"one", "two", "three"};
    for (int i = 0; i < 3; i++) {
        if (write(stream[0], words[i], strlen(words[i])) < 0)
            return perror("versus"), 1;
        if (write(datagram[0], words[i], strlen(words[i])) < 0)
            return perror("versus"), 1;
    }
    close(stream[0]);
    send(datagram[0], "", 0, 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        if (fputs(line[i], stdout) == EOF)
            return 1;
    }
    return fflush(stdout) != 0;
}

/*
 * look.c - looks for UDP sockets in the kernel's tables while others come and go; for
 * tests/tables.bats.
 *
 * usage: look
 *
 * Prints how often a socket that is there was not found, and one that is not there was.
 */
#include "world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOKS = 1000, OTHERS = 100 };

static int udp_socket(const char *host, char *address, size_t room)
{
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here = {.sin_family = AF_INET};
    socklen_t length = sizeof here;
    inet_pton(AF_INET, host, &here.sin_addr);
    if (descriptor == -1 || bind(descriptor, (struct sockaddr *)&here, sizeof here) == -1 ||
        getsockname(descriptor, (struct sockaddr *)&here, &length) == -1)
        exit(2);
    if (address)
        snprintf(address, room, "127.0.0.1:%d", ntohs(here.sin_port));
    return descriptor;
}

/* Others that come and go, until it is killed. */
static void churn(void)
{
    int other[OTHERS];
    for (int i = 0; i < OTHERS; i++)
        other[i] = udp_socket("127.0.0.1", NULL, 0);
    for (unsigned i = 0;; i = (i * 7 + 1) % OTHERS) {
        close(other[i]);
        other[i] = udp_socket("127.0.0.1", NULL, 0);
    }
}

int main(void)
{
    char here[64], gone[64], everywhere[64];
    int missed = 0, invented = 0;
    udp_socket("127.0.0.1", here, sizeof here);
    udp_socket("0.0.0.0", everywhere, sizeof everywhere); /* is not at 127.0.0.1 */
    pid_t churner = fork();
    if (churner == 0)
        churn();
    close(udp_socket("127.0.0.2", gone, sizeof gone)); /* that one is not at 127.0.0.1 either */
    for (int i = 0; i < LOOKS; i++) {
        missed += !udp_socket_at(here);
        invented += udp_socket_at(everywhere);
    }
    kill(churner, SIGKILL);
    waitpid(churner, NULL, 0);
    invented += udp_socket_at(gone);
    printf("%d missed, %d invented\n", missed, invented);
    return 0;
}

/*
 * calls.c - makes one call of each sort and prints nothing; for tests/probe.bats, which looks for
 * each in the transcript. The last one blocks for good: an alarm ends the program.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void use_sockets(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    char room[100];
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bind(door, (struct sockaddr *)&address, sizeof address);
    listen(door, 7);
    getsockname(door, (struct sockaddr *)&address, &length);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    connect(client, (struct sockaddr *)&address, sizeof address);
    int server = accept(door, (struct sockaddr *)&address, &length);
    send(client, "sent", 4, 0);
    recv(server, room, sizeof room, 0);
    struct iovec two[2] = {{"ve", 2}, {"ctor", 4}};
    struct msghdr message = {.msg_iov = two, .msg_iovlen = 2};
    sendmsg(client, &message, 0);
    read(server, room, sizeof room);
    writev(client, two, 2);
    struct iovec into = {room, sizeof room};
    readv(server, &into, 1);
    shutdown(client, SHUT_WR);
    recvfrom(server, room, sizeof room, 0, NULL, NULL);
    close(client);
    close(server);
    close(door);
}

static void use_waits(void)
{
    int ends[2];
    fd_set in;
    struct timeval now = {0};
    struct epoll_event event = {.events = EPOLLIN};
    pipe(ends);
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};
    poll(&polled, 1, 0);
    FD_ZERO(&in);
    FD_SET(ends[0], &in);
    select(ends[0] + 1, &in, NULL, NULL, &now);
    int all = epoll_create1(0);
    epoll_ctl(all, EPOLL_CTL_ADD, ends[0], &event);
    epoll_wait(all, &event, 1, 0);
    close(all);
    dup2(ends[0], 50);
    close(ends[0]);
    close(ends[1]);
    close(50);
}

static void *nothing(void *context)
{
    return context;
}

static void use_processes(void)
{
    pid_t child;
    pthread_t thread;
    int status;
    if (fork() == 0)
        _exit(3);
    wait(&status);
    posix_spawnp(&child, "true", NULL, NULL, (char *[]){"true", NULL}, environ);
    waitpid(child, &status, 0);
    pthread_create(&thread, NULL, nothing, NULL);
    pthread_join(thread, NULL);
}

static void use_queues(void)
{
    struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 16};
    struct {
        long type;
        char text[8];
    } message = {.type = 4, .text = "svq"};
    char room[16];
    mqd_t queue = mq_open("/plumbline-probe", O_CREAT | O_RDWR, 0600, &attributes);
    mq_unlink("/plumbline-probe");
    mq_send(queue, "pmq", 3, 9);
    mq_receive(queue, room, sizeof room, NULL);
    mq_close(queue);
    int other = msgget(IPC_PRIVATE, 0600);
    msgsnd(other, &message, 3, 0);
    msgrcv(other, &message, 3, 4, 0);
    msgctl(other, IPC_RMID, NULL);
}

int main(void)
{
    int ends[2];
    char byte;
    use_sockets();
    use_waits();
    use_processes();
    use_queues();
    mkfifo("a-fifo", 0600);
    int fifo = open("a-fifo", O_RDONLY | O_NONBLOCK);
    close(fifo);
    unlink("a-fifo");
    pipe(ends);
    ualarm(50000, 0);
    return (int)read(ends[0], &byte, 1);
}

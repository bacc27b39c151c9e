/*
 * mistakes.c - one mistake for each row of the table of causes; for tests/causes.bats.
 *
 * usage: mistakes NAME [PORT [CALLS]]
 *
 * CALLS: so many calls come before, perhaps more than a transcript keeps.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int port; /* from the command line */

static struct sockaddr_in loopback(int number)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int open_door(void)
{
    struct sockaddr_in address = loopback(0);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    bind(door, (struct sockaddr *)&address, sizeof address);
    listen(door, 5);
    return door;
}

/* A connection to itself: one end is returned, the other goes to *other. */
static int connection(int door, int *other)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(door, (struct sockaddr *)&address, &length);
    *other = socket(AF_INET, SOCK_STREAM, 0);
    connect(*other, (struct sockaddr *)&address, sizeof address);
    return accept(door, NULL, NULL);
}

static void port_swapped(void)
{
    struct sockaddr_in address = loopback(0);
    address.sin_port = (in_port_t)port;
    bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

static void loopback_swapped(void)
{
    struct sockaddr_in address = loopback(0);
    address.sin_addr.s_addr = INADDR_LOOPBACK;
    bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

static void address_is_pointer(void)
{
    struct sockaddr_in address = loopback(0), *pointer = &address;
    bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)pointer, sizeof pointer);
}

static void family_unset(void)
{
    struct sockaddr_in6 address = {.sin6_port = htons(1)};
    bind(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

static void never_listened(void)
{
    struct sockaddr_in address = loopback(0);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    bind(door, (struct sockaddr *)&address, sizeof address);
    accept(door, NULL, NULL);
}

static void length_unset(void)
{
    struct sockaddr_in address;
    socklen_t length = 0;
    int other, door = open_door(), client = connection(door, &other);
    getpeername(client, (struct sockaddr *)&address, &length);
}

static void talks_to_door(void)
{
    signal(SIGPIPE, SIG_IGN);
    char byte;
    recv(open_door(), &byte, 1, 0);
}

static void accept_was_fatal(void)
{
    struct rlimit limit = {4, 4};
    int door = open_door(); /* 3 */
    setrlimit(RLIMIT_NOFILE, &limit);
    dup(door);
    accept(door, NULL, NULL);
    exit(1);
}

static void first_address_only(void)
{
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    connect(socket(AF_INET6, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
    exit(1);
}

static void reuse_after_bind(void)
{
    int on = 1;
    setsockopt(open_door(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

static void no_reuse(void)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    getsockname(open_door(), (struct sockaddr *)&address, &length);
    bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address);
}

static void bound_then_closed(void)
{
    close(open_door());
    pause();
}

/* A busy server between two threads of events: each read but the last brings something. */
static void reads_until_eagain(void)
{
    char byte;
    int ends[2];
    pipe(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 500; i++) {
        write(ends[1], "x", 1);
        while (read(ends[0], &byte, 1) == 1)
            continue;
    }
}

/* A worker that takes clients itself, one after another. */
static void child_takes_clients(void)
{
    int door = open_door(), other;
    if (fork() == 0) {
        for (int i = 0; i < 2; i++)
            close(connection(door, &other));
        _exit(0);
    }
    wait(NULL);
}

static void failure_as_count(void)
{
    char byte;
    int ends[2];
    pipe(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    write(ends[1], &byte, (size_t)read(ends[0], &byte, 1));
}

static void asks_for_nothing(void)
{
    char byte;
    int ends[2];
    pipe(ends);
    write(ends[1], "x", 1);
    read(ends[0], &byte, 1);
    read(ends[0], &byte, 0);
}

static void end_of_file_unseen(void)
{
    char byte;
    int ends[2];
    pipe(ends);
    close(ends[1]);
    for (int i = 0; i < 500; i++)
        read(ends[0], &byte, 1);
}

static void spins_for_descriptors(void)
{
    struct rlimit limit = {4, 4};
    int door = open_door();
    setrlimit(RLIMIT_NOFILE, &limit);
    dup(door);
    for (int i = 0; i < 500; i++)
        accept(door, NULL, NULL);
}

static void spins_without_waiting(void)
{
    int ends[2];
    pipe(ends);
    struct pollfd polled = {.fd = ends[0], .events = POLLIN};
    for (int i = 0; i < 500; i++)
        poll(&polled, 1, 0);
}

static void spins_on_eagain(void)
{
    char byte;
    int ends[2];
    pipe(ends);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 500; i++)
        read(ends[0], &byte, 1);
}

static void spins_on_pollout(void)
{
    int ends[2];
    pipe(ends);
    struct pollfd polled = {.fd = ends[1], .events = POLLOUT};
    for (int i = 0; i < 2000; i++)
        poll(&polled, 1, -1);
}

static void killed_by_sigpipe(void)
{
    int ends[2];
    pipe(ends);
    close(ends[0]);
    write(ends[1], "x", 1);
}

static void short_write(int times)
{
    static char bytes[300000];
    int ends[2];
    pipe(ends);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    write(ends[1], bytes, sizeof bytes);
    if (times == 2)
        write(ends[1], bytes, sizeof bytes);
    close(ends[1]);
}

static void rest_not_sent(void)
{
    short_write(1);
}

static void sent_from_the_start(void)
{
    short_write(2);
}

static void nothing(int signal)
{
    (void)signal;
}

static void interrupt_was_fatal(void)
{
    struct sigaction action = {.sa_handler = nothing};
    char byte;
    int ends[2];
    pipe(ends);
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    read(ends[0], &byte, 1);
    exit(1);
}

static void closed_before(void)
{
    int ends[2];
    pipe(ends);
    close(ends[1]);
    write(ends[1], "x", 1);
}

static void failed_before(void)
{
    char byte;
    read(open("/nonexistent", O_RDONLY), &byte, 1);
}

static void no_socket(void)
{
    listen(0, 5);
}

static void not_flushed(void)
{
    printf("ready\n");
    pause();
}

static void child_goes_on(void)
{
    if (fork() == 0)
        execlp("/nonexistent", "x", (char *)NULL);
    wait(NULL);
}

static void child_accepts(void)
{
    int other, door = open_door(), client = connection(door, &other);
    pid_t child = fork();
    if (child == 0) {
        write(client, "x", 1);
        close(client);
        fcntl(door, F_SETFL, O_NONBLOCK);
        accept(door, NULL, NULL);
        _exit(0);
    }
    wait(NULL);
}

static void write_end_open(void)
{
    int ends[2];
    pipe(ends);
    if (fork() == 0) {
        dup2(ends[0], 0);
        close(ends[0]);
        close(ends[1]);
        execlp("cat", "cat", (char *)NULL);
    }
    close(ends[0]);
    wait(NULL);
}

static void waits_before_reading(void)
{
    int ends[2];
    pipe(ends);
    if (fork() == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execlp("cat", "cat", "/dev/zero", (char *)NULL);
    }
    close(ends[1]);
    wait(NULL);
}

static void fifo_waits(void)
{
    mkfifo("fifo", 0600);
    open("fifo", O_RDONLY);
}

static void end_never_told(void)
{
    char byte;
    int client, server = connection(open_door(), &client);
    (void)server;
    send(client, "x", 1, 0);
    read(0, &byte, 1);
    recv(client, &byte, 1, 0);
}

static void client_kept_open(void)
{
    int other, door = open_door(), client = connection(door, &other);
    write(client, "x", 1);
    accept(door, NULL, NULL);
}

static void dup2_swapped(void)
{
    int ends[2];
    pipe(ends);
    if (fork() == 0) {
        dup2(1, ends[1]);
        execlp("true", "true", (char *)NULL);
    }
    wait(NULL);
}

static void writes_while_it_writes(void)
{
    static char bytes[300000];
    int ends[2];
    pipe(ends);
    write(ends[1], bytes, sizeof bytes);
}

/* Both processes have become programs before this one ends: each holds an end of a pipe until its
 * exec. */
static void not_all_waited_for(void)
{
    int ends[2];
    char byte;
    pipe2(ends, O_CLOEXEC);
    for (int i = 0; i < 2; i++)
        if (fork() == 0) {
            execl("/bin/true", "true", NULL);
            _exit(0);
        }
    close(ends[1]);
    read(ends[0], &byte, 1);
    wait(NULL);
    exit(0);
}

static void no_child_left(void)
{
    for (int i = 0; i < 300; i++)
        waitpid(-1, NULL, WNOHANG);
}

static mqd_t make_queue(long most, long size)
{
    struct mq_attr attributes = {.mq_maxmsg = most, .mq_msgsize = size};
    mqd_t queue = mq_open("/plumbline-mistakes", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attributes);
    mq_unlink("/plumbline-mistakes");
    return queue;
}

static void buffer_too_small(void)
{
    char room[8];
    mq_receive(make_queue(2, 16), room, sizeof room, NULL);
}

static void message_too_long(void)
{
    mq_send(make_queue(2, 4), "12345", 5, 0);
}

static void datagram_too_long(void)
{
    static char bytes[70000];
    struct sockaddr_in address = loopback(9);
    sendto(socket(AF_INET, SOCK_DGRAM, 0), bytes, sizeof bytes, 0, (struct sockaddr *)&address,
           sizeof address);
}

static void priority_too_high(void)
{
    mq_send(make_queue(2, 4), "1", 1, 32768);
}

static void name_without_slash(void)
{
    mq_open("name", O_RDONLY);
}

static void queue_too_long(void)
{
    make_queue(1000000, 16);
}

struct message {
    long type;
    char text[9000];
};

static void type_not_positive(void)
{
    static struct message message = {.type = 0};
    int queue = msgget(IPC_PRIVATE, 0600);
    msgsnd(queue, &message, 1, IPC_NOWAIT);
    msgctl(queue, IPC_RMID, NULL);
}

static void text_too_long(void)
{
    static struct message message = {.type = 1};
    int queue = msgget(IPC_PRIVATE, 0600);
    msgsnd(queue, &message, 9000, IPC_NOWAIT);
    msgctl(queue, IPC_RMID, NULL);
}

static void room_too_small(void)
{
    static struct message message = {.type = 1};
    int queue = msgget(IPC_PRIVATE, 0600);
    msgsnd(queue, &message, 100, IPC_NOWAIT);
    msgrcv(queue, &message, 10, 0, IPC_NOWAIT);
    msgctl(queue, IPC_RMID, NULL);
}

/* Until this process sleeps in a call (proc(5): the letter after its name is S). */
static void wait_until_asleep(pid_t process)
{
    char path[64], state = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    while (state != 'S') {
        FILE *stat = fopen(path, "r");
        if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
            _exit(1);
        fclose(stat);
    }
}

static void queue_removed(void)
{
    static struct message message = {.type = 1};
    int queue = msgget(IPC_PRIVATE, 0600);
    if (fork() == 0) {
        wait_until_asleep(getppid());
        msgctl(queue, IPC_RMID, NULL);
        _exit(0);
    }
    msgrcv(queue, &message, 10, 0, 0);
}

static void errno_overwritten(void)
{
    int file = open("missing", O_RDONLY);
    close(file);
    perror("open");
}

static void reason_on_stdout(void)
{
    if (open("missing", O_RDONLY) == -1)
        printf("open: %s\n", strerror(errno));
}

static void failure_unheeded(void)
{
    open("missing", O_RDONLY);
}

static void failure_told(void)
{
    if (open("missing", O_RDONLY) == -1)
        perror("open");
}

static void none(void)
{
    int other, client = connection(open_door(), &other);
    send(client, "x", 1, 0);
    close(client);
    close(other);
}

static const struct {
    const char *name;
    void (*make)(void);
} mistakes[] = {
#define MISTAKE(name)                                                                              \
    {                                                                                              \
#name, name                                                                                \
    }
    MISTAKE(port_swapped),
    MISTAKE(loopback_swapped),
    MISTAKE(address_is_pointer),
    MISTAKE(family_unset),
    MISTAKE(never_listened),
    MISTAKE(length_unset),
    MISTAKE(talks_to_door),
    MISTAKE(accept_was_fatal),
    MISTAKE(first_address_only),
    MISTAKE(reuse_after_bind),
    MISTAKE(no_reuse),
    MISTAKE(bound_then_closed),
    MISTAKE(reads_until_eagain),
    MISTAKE(child_takes_clients),
    MISTAKE(failure_as_count),
    MISTAKE(asks_for_nothing),
    MISTAKE(end_of_file_unseen),
    MISTAKE(spins_for_descriptors),
    MISTAKE(spins_on_eagain),
    MISTAKE(spins_without_waiting),
    MISTAKE(spins_on_pollout),
    MISTAKE(killed_by_sigpipe),
    MISTAKE(rest_not_sent),
    MISTAKE(sent_from_the_start),
    MISTAKE(interrupt_was_fatal),
    MISTAKE(closed_before),
    MISTAKE(failed_before),
    MISTAKE(no_socket),
    MISTAKE(not_flushed),
    MISTAKE(child_goes_on),
    MISTAKE(child_accepts),
    MISTAKE(write_end_open),
    MISTAKE(waits_before_reading),
    MISTAKE(fifo_waits),
    MISTAKE(end_never_told),
    MISTAKE(client_kept_open),
    MISTAKE(dup2_swapped),
    MISTAKE(writes_while_it_writes),
    MISTAKE(not_all_waited_for),
    MISTAKE(no_child_left),
    MISTAKE(buffer_too_small),
    MISTAKE(message_too_long),
    MISTAKE(datagram_too_long),
    MISTAKE(priority_too_high),
    MISTAKE(name_without_slash),
    MISTAKE(queue_too_long),
    MISTAKE(type_not_positive),
    MISTAKE(text_too_long),
    MISTAKE(room_too_small),
    MISTAKE(queue_removed),
    MISTAKE(errno_overwritten),
    MISTAKE(reason_on_stdout),
    MISTAKE(failure_unheeded),
    MISTAKE(failure_told),
    MISTAKE(none),
};

int main(int argc, char *argv[])
{
    port = argc > 2 ? atoi(argv[2]) : 0;
    for (int i = argc > 3 ? atoi(argv[3]) : 0; i > 0; i--)
        fcntl(0, F_GETFD);
    for (size_t i = 0; argc > 1 && i < sizeof mistakes / sizeof mistakes[0]; i++)
        if (strcmp(mistakes[i].name, argv[1]) == 0)
            mistakes[i].make();
    return 0;
}

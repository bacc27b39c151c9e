/*
 * calls.c - the calls by name (see calls.h): one table, and how an event reads as a line of C.
 */
#include "calls.h"

#include "../runner/text.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * The form of a call's arguments. A letter and a digit stand for that argument: N number, D address
 * family, T socket type, O flags of open(), H how of shutdown(), S level and option from here on, V
 * value of an option, C command of fcntl(), G what it sets, F stream. @ stands for the address, $
 * for the data (less what an arrow tells), P for the data as a path. Everything else stands for
 * itself.
 */
static const struct call calls[] = {
    {"socket", "D0, T1, N2", ALONE, "socket(2)",
     "Makes an endpoint of this family and type, and a descriptor for it. It has no address yet."},
    {"socketpair", "D2, T3, N4", ALONE, "socketpair(2)",
     "Makes two sockets that are connected with each other: what one sends, the other receives."},
    {"bind", "N0, @", ALONE, "bind(2)",
     "Gives the socket an address of this machine. Port 0 lets the kernel choose one."},
    {"listen", "N0, N1", ALONE, "listen(2)",
     "Turns the socket into a door: from now on connections queue there. The number limits how "
     "many wait."},
    {"accept", "N0", AWAITS, "accept(2)",
     "Takes the first connection from the door's queue, or sleeps until there is one. The result "
     "is a new socket for this client alone; the door stays."},
    {"accept4", "N0", AWAITS, "accept(2)",
     "Takes the first connection from the door's queue, as accept() does; the new descriptor gets "
     "flags."},
    {"connect", "N0, @", CAUSES, "connect(2)",
     "Asks for a connection with this address. On TCP it returns when the handshake is done, which "
     "needs no accept() on the other side. On UDP it only notes whom to talk to."},
    {"shutdown", "N0, H1", CAUSES, "shutdown(2)",
     "Ends one direction of a connection while the descriptor stays open. After SHUT_WR the other "
     "side reads an end of file, and can still answer."},
    {"setsockopt", "N0, S1, V3", ALONE, "setsockopt(2)",
     "Changes how the socket behaves; see socket(7), ip(7) and tcp(7) for the options."},
    {"getsockopt", "N0, S1", ALONE, "getsockopt(2)",
     "Asks the kernel for an option of the socket, such as its type or the error that waits."},
    {"getsockname", "N0", ALONE, "getsockname(2)",
     "Asks which address this socket has at our end: it tells what port 0 became."},
    {"getpeername", "N0", ALONE, "getpeername(2)",
     "Asks which address is at the other end of the connection."},
    {"send", "N0, $, N2", CAUSES, "send(2)",
     "Hands bytes to the kernel, which carries them to the other side's queue. It may take fewer "
     "than it was given: the result tells how many."},
    {"sendto", "N0, $, N2, @", CAUSES, "sendto(2)",
     "Sends one datagram to this address. It arrives whole, or not at all."},
    {"sendmsg", "N0, N2", CAUSES, "sendmsg(2)",
     "Sends bytes from several places, and perhaps descriptors with them."},
    {"recv", "N0, ..., N2", AWAITS, "recv(2)",
     "Takes what has come, at most so many bytes, or sleeps until there is something. 0 is the end "
     "of file: the other side has said all it wanted."},
    {"recvfrom", "N0, ..., N2", AWAITS, "recvfrom(2)",
     "Takes one datagram, or sleeps until there is one, and tells who sent it."},
    {"recvmsg", "N0, N2", AWAITS, "recvmsg(2)",
     "Takes what has come into several places, and descriptors that came with it."},
    {"read", "N0, ..., N2", AWAITS, "read(2)",
     "Takes what is there, at most so many bytes, or sleeps until there is something. 0 is the end "
     "of file: nobody can write any more."},
    {"write", "N0, $, N2", CAUSES, "write(2)",
     "Hands bytes over. Into a pipe or socket it sleeps while that is full; the result tells how "
     "many bytes went."},
    {"readv", "N0, N2", AWAITS, "readv(2)", "Reads into several places with one call."},
    {"writev", "N0, N2", CAUSES, "writev(2)", "Writes from several places with one call."},
    {"sendfile", "N0, N1, N3", CAUSES, "sendfile(2)",
     "Copies bytes from a file to a socket inside the kernel."},
    {"close", "N0", CAUSES, "close(2)",
     "Gives the descriptor back. When no descriptor leads to a socket or a pipe's end any more, "
     "the other side reads an end of file."},
    {"dup", "N0", ALONE, "dup(2)", "A second descriptor for the same thing: the lowest free one."},
    {"dup2", "N0, N1", CAUSES, "dup2(2)",
     "Makes the second number lead to what the first leads to; what it led to before is closed."},
    {"dup3", "N0, N1", CAUSES, "dup(2)", "Does what dup2() does, with flags."},
    {"pipe", "", ALONE, "pipe(2)",
     "Makes a pipe and two descriptors: from the first one reads, into the second one writes."},
    {"pipe2", "", ALONE, "pipe(2)", "Makes a pipe as pipe() does, with flags for both ends."},
    {"open", "P, O1", AWAITS, "open(2)",
     "Opens the file of that name. A FIFO opens when both a reader and a writer have come."},
    {"creat", "P", ALONE, "creat(2)", "Opens the file for writing, made anew and empty."},
    {"mkfifo", "P", ALONE, "mkfifo(3)", "Makes a FIFO: a pipe with a name."},
    {"unlink", "P", ALONE, "unlink(2)",
     "Removes the name. Who has the file open can go on using it."},
    {"fork", "", CAUSES, "fork(2)",
     "Makes a second process, a copy of this one with copies of all its descriptors. It returns "
     "twice: the child's number in the parent, 0 in the child."},
    {"posix_spawn", "P", CAUSES, "posix_spawn(3)",
     "Starts a program in a new process, fork() and exec in one."},
    {"posix_spawnp", "P", CAUSES, "posix_spawn(3)",
     "Starts a program in a new process, found by PATH."},
    {"wait", "", AWAITS, "wait(2)", "Sleeps until a child has ended, and tells how it did."},
    {"waitpid", "N0", AWAITS, "waitpid(2)",
     "Sleeps until that child has ended and tells how it did. Until then an ended child is a "
     "zombie."},
    {"wait3", "", AWAITS, "wait4(2)", "Waits for a child, and tells what it used."},
    {"wait4", "N0", AWAITS, "wait4(2)", "Waits for that child, and tells what it used."},
    {"waitid", "N1", AWAITS, "waitid(2)", "Waits for a child's change of state."},
    {"poll", "..., N1, N2", AWAITS, "poll(2)",
     "Sleeps until one of these descriptors is ready, or the time is over. The result is how many "
     "are ready."},
    {"ppoll", "..., N1", AWAITS, "poll(2)", "Waits as poll() does, with a mask of signals."},
    {"select", "N0, ...", AWAITS, "select(2)",
     "Sleeps until one of a set of descriptors is ready, or the time is over."},
    {"pselect", "N0, ...", AWAITS, "select(2)", "Waits as select() does, with a mask of signals."},
    {"epoll_wait", "N0, ..., N2, N3", AWAITS, "epoll_wait(2)",
     "Sleeps until one of the descriptors that the epoll knows is ready."},
    {"epoll_pwait", "N0, ..., N2, N3", AWAITS, "epoll_wait(2)",
     "Waits as epoll_wait() does, with a mask of signals."},
    {"epoll_ctl", "N0, N1, N2", ALONE, "epoll_ctl(2)",
     "Tells the epoll which descriptor to watch, and for what."},
    {"mq_open", "P, O1", ALONE, "mq_open(3)",
     "Opens the message queue of that name, or makes it. The queue stays when all have closed it."},
    {"mq_close", "N0", ALONE, "mq_close(3)", "Gives the descriptor back; the queue stays."},
    {"mq_unlink", "P", ALONE, "mq_unlink(3)",
     "Removes the queue's name; the queue goes when the last has closed it."},
    {"mq_send", "N0, $, N2, N3", CAUSES, "mq_send(3)",
     "Puts a message into the queue, behind those of its priority and before lower ones. It sleeps "
     "while the queue is full."},
    {"mq_timedsend", "N0, $, N2, N3", CAUSES, "mq_send(3)",
     "Puts a message into the queue, and waits for room no longer than told."},
    {"mq_receive", "N0, ..., N2", AWAITS, "mq_receive(3)",
     "Takes the oldest message of the highest priority, or sleeps until there is one."},
    {"mq_timedreceive", "N0, ..., N2", AWAITS, "mq_receive(3)",
     "Takes the oldest message of the highest priority, and waits no longer than told."},
    {"mq_getattr", "N0", ALONE, "mq_getattr(3)",
     "Asks how the queue was made, and how many messages are in it."},
    {"msgget", "N0", ALONE, "msgget(2)",
     "Finds or makes the System V queue of this key. The result is its number for the whole "
     "machine, not a descriptor."},
    {"msgsnd", "N0, $, N2", CAUSES, "msgsnd(2)",
     "Puts a message with its type at the end of the queue; sleeps while it is full."},
    {"msgrcv", "N0, ..., N2, N3", AWAITS, "msgrcv(2)",
     "Takes the first message that the wanted type allows: 0 any, a number that type, a negative "
     "one the lowest up to it."},
    {"msgctl", "N0, N1", ALONE, "msgctl(2)", "Asks about the queue or removes it."},
    {"pthread_create", "", CAUSES, "pthread_create(3)",
     "Starts a second thread in this process. It shares memory and all descriptors."},
    {"fcntl", "N0, C1G2", ALONE, "fcntl(2)",
     "Changes a descriptor: its flags, or makes another one for the same thing."},
    {"printf", "P", CAUSES, "printf(3)",
     "Puts text into the buffer of standard output. On a pipe or a file it stays there until the "
     "buffer is full, or flushed."},
    {"fprintf", "F0, P", CAUSES, "printf(3)", "Puts text into the buffer of a stream."},
    {"puts", "P", CAUSES, "puts(3)",
     "Puts a line into the buffer of standard output, its newline included."},
    {"fputs", "P, F0", CAUSES, "puts(3)", "Puts a string into the buffer of a stream."},
    {"fwrite", "P, F0", CAUSES, "fwrite(3)", "Puts bytes of any kind into the buffer of a stream."},
    {"fflush", "F0", CAUSES, "fflush(3)",
     "Hands to the kernel what stands in the stream's buffer, and tells whether it could."},
    {"perror", "P", CAUSES, "perror(3)", "Prints these words and the reason of errno."},
    {"exit", "N0", CAUSES, "exit(3)",
     "Ends the process after what stdio still holds is written. The kernel closes its "
     "descriptors."},
    {"_exit", "N0", CAUSES, "_exit(2)",
     "Ends the process at once. The kernel closes its descriptors."},
    {"start", "", ALONE, "execve(2)", "A process begins to run this program file."},
    {"exec", "P", CAUSES, "execve(2)",
     "Replaces the program that this process runs. Its descriptors stay, unless they are marked "
     "close-on-exec. It returns only if it fails."},
};

const struct call *find_call(const char *name)
{
    const char *common =
        strncmp(name, "exec", 4) == 0 || strcmp(name, "fexecve") == 0 ? "exec" : name;
    const struct call *call = NULL;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0] && !call; i++)
        if (strcmp(calls[i].name, common) == 0)
            call = &calls[i];
    if (call && strcmp(call->name, name) == 0)
        return call;
    struct call *own = calloc(1, sizeof *own);
    *own = call ? *call : (struct call){.form = "...", .page = "", .sentence = ""};
    own->name = text("%s", name);
    return own;
}

/* --- arguments --- */

struct word {
    long long value;
    const char *name;
};

static const char *named(const struct word *words, size_t count, long long value)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].value == value)
            return words[i].name;
    return text("%lld", value);
}
#define NAMED(words, value) named(words, sizeof(words) / sizeof((words)[0]), value)

static const char *socket_type(long long value)
{
    static const struct word types[] = {{SOCK_STREAM, "SOCK_STREAM"},
                                        {SOCK_DGRAM, "SOCK_DGRAM"},
                                        {SOCK_SEQPACKET, "SOCK_SEQPACKET"},
                                        {SOCK_RAW, "SOCK_RAW"}};
    const char *name = NAMED(types, value & 0xf);
    if (value & ~0xfLL & ~(long long)(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return text("%lld", value);
    if (value & SOCK_NONBLOCK)
        name = text("%s|SOCK_NONBLOCK", name);
    if (value & SOCK_CLOEXEC)
        name = text("%s|SOCK_CLOEXEC", name);
    return name;
}

static const char *option(long long level, long long value)
{
    static const struct word socket_options[] = {
        {SO_REUSEADDR, "SO_REUSEADDR"}, {SO_REUSEPORT, "SO_REUSEPORT"},
        {SO_ERROR, "SO_ERROR"},         {SO_TYPE, "SO_TYPE"},
        {SO_DOMAIN, "SO_DOMAIN"},       {SO_LINGER, "SO_LINGER"},
        {SO_RCVTIMEO, "SO_RCVTIMEO"},   {SO_SNDTIMEO, "SO_SNDTIMEO"},
        {SO_RCVBUF, "SO_RCVBUF"},       {SO_SNDBUF, "SO_SNDBUF"},
        {SO_KEEPALIVE, "SO_KEEPALIVE"}, {SO_BROADCAST, "SO_BROADCAST"},
        {SO_PROTOCOL, "SO_PROTOCOL"},   {SO_ACCEPTCONN, "SO_ACCEPTCONN"}};
    static const struct word ip6[] = {{26, "IPV6_V6ONLY"}};
    static const struct word tcp[] = {{1, "TCP_NODELAY"}, {3, "TCP_CORK"}};
    if (level == SOL_SOCKET)
        return NAMED(socket_options, value);
    if (level == 41)
        return NAMED(ip6, value);
    if (level == 6)
        return NAMED(tcp, value);
    return text("%lld, %lld", level, value);
}

static const char *open_flags(long long value)
{
    static const struct word ways[] = {
        {O_RDONLY, "O_RDONLY"}, {O_WRONLY, "O_WRONLY"}, {O_RDWR, "O_RDWR"}};
    static const struct word flags[] = {{O_CREAT, "O_CREAT"},       {O_EXCL, "O_EXCL"},
                                        {O_TRUNC, "O_TRUNC"},       {O_APPEND, "O_APPEND"},
                                        {O_NONBLOCK, "O_NONBLOCK"}, {O_CLOEXEC, "O_CLOEXEC"},
                                        {O_NOFOLLOW, "O_NOFOLLOW"}, {O_DIRECTORY, "O_DIRECTORY"}};
    const char *words = NAMED(ways, value & O_ACCMODE);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (value & flags[i].value)
            words = text("%s|%s", words, flags[i].name);
    return words;
}

/* The third argument of fcntl(), if its command takes one. */
static const char *setting(long long command, long long value)
{
    if (command == F_GETFL || command == F_GETFD)
        return "";
    if (command == F_SETFL)
        return text(", %s", value & O_NONBLOCK ? "O_NONBLOCK" : open_flags(value));
    if (command == F_SETFD)
        return value & FD_CLOEXEC ? ", FD_CLOEXEC" : ", 0";
    return text(", %lld", value);
}

static const char *argument(const struct event *event, char letter, int index)
{
    static const struct word families[] = {
        {AF_INET, "AF_INET"}, {AF_INET6, "AF_INET6"}, {AF_UNIX, "AF_UNIX"}};
    static const struct word hows[] = {
        {SHUT_RD, "SHUT_RD"}, {SHUT_WR, "SHUT_WR"}, {SHUT_RDWR, "SHUT_RDWR"}};
    static const struct word commands[] = {
        {F_GETFL, "F_GETFL"}, {F_SETFL, "F_SETFL"}, {F_GETFD, "F_GETFD"},
        {F_SETFD, "F_SETFD"}, {F_DUPFD, "F_DUPFD"}, {F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"}};
    long long value = event->argument[index];
    switch (letter) {
    case 'D':
        return NAMED(families, value);
    case 'T':
        return socket_type(value);
    case 'O':
        return open_flags(value);
    case 'H':
        return NAMED(hows, value);
    case 'C':
        return NAMED(commands, value);
    case 'G':
        return setting(event->argument[index - 1], value);
    case 'F':
        return value == 2 ? "stderr" : "stdout";
    case 'S':
        return option(value, event->argument[index + 1]);
    default:
        return text("%lld", value);
    }
}

/* --- bytes --- */

static size_t show_byte(char *out, unsigned char byte)
{
    static const char escaped[] = "\n\r\t\0\"\\", letters[] = "nrt0\"\\";
    const char *at = memchr(escaped, byte, 6);
    if (at)
        return (size_t)sprintf(out, "\\%c", letters[at - escaped]);
    if (byte < 0x20 || byte >= 0x7f)
        return (size_t)sprintf(out, "\\x%02x", byte);
    *out = (char)byte;
    return 1;
}

const char *quoted(struct data data, size_t most)
{
    char *out = calloc(1, data.length * 4 + 8);
    size_t used = 0, taken = 0;
    if (!out)
        return "";
    out[used++] = '"';
    for (; taken < data.length && used < most; taken++)
        used += show_byte(out + used, (unsigned char)data.at[taken]);
    strcpy(out + used, taken < data.whole ? "\"..." : "\"");
    return out;
}

/* --- the whole call --- */

static const char *arguments_text(const struct event *event)
{
    const char *words = "";
    const char *form = event->call->form;
    while (*form) {
        bool indexed = isupper((unsigned char)*form) && isdigit((unsigned char)form[1]);
        const char *word;
        if (indexed)
            word = argument(event, *form, form[1] - '0');
        else if (*form == 'P')
            word = quoted(event->data, 40);
        else if (*form == '@')
            word = event->address ? event->address : "...";
        else if (*form == '$')
            word = "...";
        else
            word = text("%c", *form);
        words = text("%s%s", words, word);
        form += indexed ? 2 : 1;
    }
    return words;
}

/* The result as the call's manual page has it. */
static const char *result_text(const struct event *event)
{
    const char *name = event->call->name;
    if (event->error)
        return text("-1 %s", event->error);
    if (strcmp(name, "pipe") == 0 || strcmp(name, "pipe2") == 0 || strcmp(name, "socketpair") == 0)
        return text("[%lld, %lld]", event->argument[0], event->argument[1]);
    return text("%lld", event->result);
}

const char *call_text(const struct event *event, enum phase phase)
{
    const char *name = event->call->name;
    if (strcmp(name, "start") == 0)
        return text("runs %s", event->text ? event->text : "");
    const char *call = text("%s(%s)", name, arguments_text(event));
    bool void_call = strcmp(name, "exit") == 0 || strcmp(name, "_exit") == 0;
    if (phase == BEGINS || event->end == 0 || void_call)
        return call;
    return text("%s = %s", call, result_text(event));
}

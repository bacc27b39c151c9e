/*
 * fileserver - sends the files below a folder to whoever names them.
 *
 *     fileserver DIR HOST PORT
 *
 * A client sends the name of a file and a newline. The answer is `OK SIZE`, a newline and the bytes
 * of the file, or `ERR REASON` and a newline; then the connection is closed. Its partner is
 * fileget; `echo NAME | nc HOST PORT` will do.
 *
 * Each client has a thread of its own, so that a slow one holds up nobody. A thread keeps one
 * buffer of a file at a time, however large the file is. Functions return -1 and set errno; what is
 * refused ends up as the REASON of an ERR.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { BACKLOG = 128, NAP_MS = 50, LONGEST_NAME = 255, BUFFER_SIZE = 65536 };

struct client {
    int socket;       /* the connection */
    const char *root; /* absolute path of DIR without links, "" if it is / */
};

/* --- the request --- */

/* Receives `NAME` and its newline, in however many pieces they come, and makes a string of NAME.
 * Returns 0, or -1 if there is no such line. What the client says behind it is not our business. */
static int recv_name(int socket, char name[LONGEST_NAME + 1])
{
    // BEGIN SOLUTION
    size_t length = 0;
    while (length < LONGEST_NAME + 1) {
        char *piece = name + length;
        ssize_t count = recv(socket, piece, LONGEST_NAME + 1 - length, 0);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        char *newline = memchr(piece, '\n', (size_t)count);
        length += (size_t)count;
        if (newline) {
            *newline = '\0';
            errno = EINVAL; /* no name at all, or a NUL byte before its end */
            return newline > name && strlen(name) == (size_t)(newline - name) ? 0 : -1;
        }
        if (count == 0) {
            errno = EINVAL;
            return -1;
        }
    }
    errno = ENAMETOOLONG;
    return -1;
    // STUB: /* TODO 1: recv() into `name`, going on behind what has come already, until a newline is
    // STUB:  * among it (memchr()); put a NUL in its place. The array holds the longest name and its
    // STUB:  * newline: when it is full and there is none, fail with ENAMETOOLONG. A name that is
    // STUB:  * empty or has a NUL byte in it, and an end of file before the newline: EINVAL. */
    // STUB: (void)socket;
    // STUB: (void)recv;
    // STUB: name[0] = '\0';
    // STUB: errno = ENOSYS;
    // STUB: return -1;
    // END SOLUTION
}

/* --- the file --- */

/* Whether one of the parts between the slashes is `..`. */
static int climbs(const char *name)
{
    // BEGIN SOLUTION
    for (const char *part = name; *part;) {
        size_t length = strcspn(part, "/");
        if (length == 2 && strncmp(part, "..", 2) == 0)
            return 1;
        part += length + strspn(part + length, "/");
    }
    // STUB: /* TODO 4: look at each part between two slashes: is it exactly `..`? Two dots inside a
    // STUB:  * longer name mean nothing. */
    // STUB: (void)name;
    // END SOLUTION
    return 0;
}

/* Finds out which file NAME means, with all links on the way followed, and whether it lies below
 * the root. Returns its path, which must be freed, or NULL. */
static char *find(const char *root, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", root, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    // BEGIN SOLUTION
    if (name[0] == '/' || climbs(name)) {
        errno = EACCES;
        return NULL;
    }
    char *real = realpath(path, NULL);
    if (!real)
        return NULL;
    size_t length = strlen(root);
    if (strncmp(real, root, length) == 0 && real[length] == '/')
        return real;
    free(real);
    errno = EACCES;
    return NULL;
    // STUB: /* TODO 4: this finds whatever the client names, and that can be any file here. Refuse,
    // STUB:  * with EACCES, a name that begins with a slash and one that climbs(). Links can lead
    // STUB:  * out, too: ask realpath() where the path ends when all of them have been followed,
    // STUB:  * and refuse what does not begin with the root *and a slash*. See realpath(3). */
    // STUB: (void)climbs;
    // STUB: return strdup(path);
    // END SOLUTION
}

/* Opens the regular file at this path and tells its size. Returns its descriptor, or -1. */
static int open_regular(const char *path, off_t *size)
{
    struct stat status = {.st_mode = 0};
    // BEGIN SOLUTION
    /* A FIFO must not keep us waiting for its writer: O_NONBLOCK, which means nothing to a regular
     * file. O_NOFOLLOW: all links have been followed, one that is there now was put there since. */
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (file == -1)
        return -1;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        *size = status.st_size;
        return file;
    }
    close(file);
    errno = S_ISDIR(status.st_mode) ? EISDIR : EACCES;
    return -1;
    // STUB: /* TODO 3: open() opens much more than files: a directory, or a FIFO, where it waits for
    // STUB:  * a writer. Open without waiting (O_NONBLOCK), and look at what you have got with
    // STUB:  * fstat(): if it is not S_ISREG(), close it and fail with EISDIR or EACCES. Ask the
    // STUB:  * descriptor, not the path, which may mean another file by now. See open(2),
    // STUB:  * inode(7). */
    // STUB: int file = open(path, O_RDONLY | O_CLOEXEC);
    // STUB: *size = file != -1 && fstat(file, &status) == 0 ? status.st_size : 0;
    // STUB: return file;
    // END SOLUTION
}

static int open_file(const char *root, const char *name, off_t *size)
{
    char *path = find(root, name);
    if (!path)
        return -1;
    int file = open_regular(path, size);
    int error = errno;
    free(path);
    errno = error;
    return file;
}

/* --- the answer --- */

static int send_all(int socket, const char *bytes, size_t length)
{
    size_t sent = 0;
    while (sent < length) {
        ssize_t count = send(socket, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            return -1;
        sent += (size_t)count;
    }
    return 0;
}

/* Sends `OK SIZE` and that many bytes of the file, one buffer at a time. Returns 0, or -1 if the
 * connection broke or the file ended before: then the client finds out by counting. */
static int send_file(int socket, int file, off_t size)
{
    char buffer[BUFFER_SIZE];
    int length = snprintf(buffer, sizeof buffer, "OK %lld\n", (long long)size);
    if (send_all(socket, buffer, (size_t)length) == -1)
        return -1;
    // BEGIN SOLUTION
    for (off_t left = size; left > 0;) {
        size_t most = left < (off_t)sizeof buffer ? (size_t)left : sizeof buffer;
        ssize_t count = read(file, buffer, most);
        if (count == -1 && errno == EINTR)
            continue;
        if (count <= 0 || send_all(socket, buffer, (size_t)count) == -1)
            return -1;
        left -= count;
    }
    // STUB: /* TODO 2: SIZE is promised, now send SIZE bytes: read() some into the buffer, never more
    // STUB:  * than are left, and send_all() as many as read() returned, whatever they are; again
    // STUB:  * until none is left. The file may change meanwhile: if it grew, stop at SIZE; if
    // STUB:  * read() returns 0 too early, return -1. Count in an off_t, which has 64 bits where an
    // STUB:  * int has 32. See read(2). */
    // STUB: (void)file;
    // END SOLUTION
    return 0;
}

static void refuse(int socket, int error)
{
    char reason[128], line[160];
    if (strerror_r(error, reason, sizeof reason) != 0)
        snprintf(reason, sizeof reason, "error %d", error);
    int length = snprintf(line, sizeof line, "ERR %s\n", reason);
    send_all(socket, line, (size_t)length);
}

/* One client, from its request to the end of its connection. */
static void serve_client(const struct client *client)
{
    char name[LONGEST_NAME + 1];
    off_t size = 0;
    int file = -1;
    if (recv_name(client->socket, name) == 0)
        file = open_file(client->root, name, &size);
    if (file == -1) {
        refuse(client->socket, errno);
    } else {
        send_file(client->socket, file, size); /* a client that left is that client's loss */
        close(file);
    }
    close(client->socket);
}

/* --- many clients --- */

static void *client_thread(void *argument)
{
    struct client client = *(struct client *)argument;
    free(argument);
    serve_client(&client);
    return NULL;
}

/* Has a client served, without waiting for it. A client for which there is no room is dropped. */
static void take_client(int socket, const char *root)
{
    // BEGIN SOLUTION
    pthread_t thread;
    struct client *client = malloc(sizeof *client); /* the thread's own: it outlives this call */
    if (client)
        *client = (struct client){.socket = socket, .root = root};
    if (!client || pthread_create(&thread, NULL, client_thread, client) != 0) {
        close(socket);
        free(client);
        return;
    }
    pthread_detach(thread); /* nobody will ask how it ended */
    // STUB: /* TODO 5: this serves one client after another, and a client that says nothing keeps
    // STUB:  * all others waiting. Give each a thread: pthread_create() starts client_thread() with
    // STUB:  * a struct client from malloc(), which the thread frees; pthread_detach() it, for
    // STUB:  * nobody joins it. If either fails, close the socket and go on. See
    // STUB:  * pthread_create(3). */
    // STUB: (void)client_thread;
    // STUB: (void)pthread_create;
    // STUB: serve_client(&(struct client){.socket = socket, .root = root});
    // END SOLUTION
}

/* Whether a server goes on after accept() failed like this. */
static int worth_trying_again(int error)
{
    switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        poll(NULL, 0, NAP_MS); /* the client stays in the queue: don't spin */
        return 1;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
        return 1;
    default:
        return 0;
    }
}

/* Serves clients. Returns only when accept() fails for good, with errno. */
static void serve(int door, const char *root)
{
    for (;;) {
        int socket = accept(door, NULL, NULL);
        if (socket != -1)
            take_client(socket, root);
        else if (!worth_trying_again(errno))
            return;
    }
}

/* --- a server, as in labs 01 to 05 --- */

static void print_address(const struct sockaddr_storage *address)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    socklen_t length =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    getnameinfo((const struct sockaddr *)address, length, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    printf(strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* A socket that listens on the first of these addresses that can be bound. Returns it, or -1 with
 * *call naming what failed. */
static int open_door(const struct addrinfo *list, const char **call)
{
    const int on = 1;
    int door = -1;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
        *call = "socket";
        door = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (door == -1)
            continue;
        setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        *call = "bind";
        if (bind(door, ai->ai_addr, ai->ai_addrlen) == 0)
            break;
        int error = errno;
        close(door);
        errno = error;
        door = -1;
    }
    *call = door == -1 ? *call : "listen";
    return door != -1 && listen(door, BACKLOG) == 0 ? door : -1;
}

/* The absolute path of this folder without links, "" for /. Returns NULL if it is no folder. */
static char *find_root(const char *folder)
{
    struct stat status;
    char *root = realpath(folder, NULL);
    if (!root || stat(root, &status) == -1)
        return NULL;
    if (!S_ISDIR(status.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    if (strcmp(root, "/") == 0)
        root[0] = '\0';
    return root;
}

static int is_port(const char *word)
{
    size_t digits = strspn(word, "0123456789");
    return digits > 0 && digits <= 5 && word[digits] == '\0' && strtol(word, NULL, 10) <= 65535;
}

static int fail(const char *call, const char *reason)
{
    fprintf(stderr, "fileserver: %s: %s\n", call, reason);
    return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
    static char *root; /* never freed: threads use it until the process ends */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *list;
    const char *call;

    if (argc != 4 || !is_port(argv[3])) {
        fprintf(stderr, "usage: fileserver DIR HOST PORT\n");
        return 2;
    }
    root = find_root(argv[1]);
    if (!root)
        return fail(argv[1], strerror(errno));
    int error = getaddrinfo(argv[2], argv[3], &hints, &list);
    if (error)
        return fail("getaddrinfo", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
    int door = open_door(list, &call);
    error = errno;
    freeaddrinfo(list);
    if (door == -1)
        return fail(call, strerror(error));

    struct sockaddr_storage here;
    socklen_t length = sizeof here;
    if (getsockname(door, (struct sockaddr *)&here, &length) == -1)
        return fail("getsockname", strerror(errno));
    printf("listening on ");
    print_address(&here);
    printf("\n");
    if (fflush(stdout) != 0 || ferror(stdout))
        return fail("write", strerror(errno));

    serve(door, root);
    return fail("accept", strerror(errno));
}

/*
 * downloads.h - how lab 10 plays a fileget's server, and watches the file that it makes.
 */
#ifndef LAB_10_DOWNLOADS_H
#define LAB_10_DOWNLOADS_H

#include "files.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>

enum { MOST_ENTRIES = 64 };

/* --- playing the server --- */

/* Starts fileget NAME OUT at this door. `how` may hold more than that. */
static struct program *launch_at(struct peer *door, struct launch how, const char *name,
                                 const char *out)
{
    const char *words[] = {"127.0.0.1", port_text(port_of(local_address(door))), name, out};
    how.program = "fileget";
    memcpy(how.args, words, sizeof words);
    return launch_as(&how);
}

static struct peer *open_plain_door(void)
{
    return open_door("127.0.0.1", 5, 0);
}

/* Starts `fileget HOST PORT name OUT` and lets it in; its request has been heard. */
static struct peer *meet_as(struct launch how, struct program **client, const char *out)
{
    struct peer *door = open_plain_door();
    *client = launch_at(door, how, "name", out);
    struct peer *server = let_in(door);
    expect_bytes(server, BYTES("name\n"));
    return server;
}

static struct peer *meet(struct program **client, const char *out)
{
    return meet_as((struct launch){0}, client, out);
}

/* Runs fileget with a server that answers this, and then ends its stream. */
static struct program *run_with(const char *out, struct bytes answer)
{
    struct program *client;
    struct peer *server = meet(&client, out);
    say(server, answer);
    half_close(server);
    return client;
}

/* The first line of an answer. */
static struct bytes ok(unsigned long long size)
{
    return bytes_of(text("OK %llu\n", size));
}

static struct bytes answer_with(struct bytes content)
{
    return both(ok(content.length), content);
}

/* Whether anything came through this door, be it a connection with words in it. */
static void expect_nothing_sent(struct peer *door)
{
    char byte;
    int client = accept(socket_of(door), NULL, NULL);
    if (client == -1)
        return;
    ssize_t count = recv(client, &byte, 1, 0); /* it has ended: this does not wait */
    close(client);
    expect_that(count <= 0, "nothing sent to the server", "a request");
}

/* --- what stands in a folder --- */

static int in_order(const void *one, const void *two)
{
    return strcmp(*(const char *const *)one, *(const char *const *)two);
}

/* The names in a folder, sorted, each in quotes. */
static const char *list_of(const char *folder)
{
    const char *names[MOST_ENTRIES];
    int count = 0;
    const char *list = "";
    DIR *stream = opendir(scratch_path(folder));
    if (!stream)
        cannot_judge("opendir %s: %s", folder, reason(errno));
    for (struct dirent *entry; count < MOST_ENTRIES && (entry = readdir(stream));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            names[count++] = shown(bytes_of(entry->d_name));
    closedir(stream);
    qsort(names, (size_t)count, sizeof names[0], in_order);
    for (int i = 0; i < count; i++)
        list = text("%s%s%s", list, i ? " " : "", names[i]);
    return list;
}

/* The folder and the one above it, where the program runs, hold what they held before. */
struct scene {
    const char *folder;
    const char *list, *list_above;
};

static struct scene look_around(const char *folder)
{
    return (struct scene){folder, list_of(folder), list_of("")};
}

static void expect_unchanged(struct scene before)
{
    struct scene now = look_around(before.folder);
    if (strcmp(now.list, before.list) != 0)
        fail_step(*before.list ? text("nothing but %s in the folder of OUT", before.list)
                               : "nothing in the folder of OUT",
                  *now.list ? now.list : "nothing");
    if (strcmp(now.list_above, before.list_above) != 0)
        fail_step(text("no new file in the working folder: %s", before.list_above), now.list_above);
}

static bool exists(const char *name)
{
    struct stat status;
    return lstat(scratch_path(name), &status) == 0;
}

/* OUT must hold these bytes. */
static void expect_content(const char *out, struct bytes content)
{
    if (!exists(out))
        fail_step(text("%zu bytes in OUT", content.length), "no file OUT");
    struct bytes came = read_file(scratch_path(out));
    if (came.length == content.length && memcmp(came.at, content.at, came.length) == 0)
        return;
    fail_step(content.length <= 60 ? text("%s in OUT", shown(content))
                                   : text("the %zu bytes of the file in OUT", content.length),
              came.length <= 60 ? text("%s", shown(came))
                                : text("%zu bytes, the first %zu as they should be", came.length,
                                       same_bytes(came, content)));
}

/* --- a slow standard output --- */

/* A FIFO with room for one page as the standard output of a program: what it writes goes in slowly,
 * as the test reads. */
struct outlet {
    const char *path;
    int fd;
    unsigned char *at;   /* what was read */
    size_t length, most; /* so many bytes, of at most these */
};

static struct outlet *make_outlet(size_t most)
{
    struct outlet *outlet = step_memory(sizeof *outlet);
    outlet->path = scratch_path("outlet");
    outlet->at = step_memory(most);
    outlet->most = most;
    must(mkfifo(outlet->path, 0600), "mkfifo", outlet->path);
    outlet->fd = open(outlet->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    must(outlet->fd, "open", outlet->path);
    must(fcntl(outlet->fd, F_SETPIPE_SZ, 4 * KIB), "F_SETPIPE_SZ", outlet->path);
    return outlet;
}

/* Reads what is there; true when there can be no more. */
static bool has_run_dry(void *context)
{
    struct outlet *outlet = context;
    while (outlet->length < outlet->most) {
        ssize_t length =
            read(outlet->fd, outlet->at + outlet->length, outlet->most - outlet->length);
        if (length == 0)
            return true;
        if (length == -1)
            return false;
        outlet->length += (size_t)length;
    }
    return true;
}

/* Interrupts the writer a few times in the middle of a write; returns all that it wrote. */
static struct bytes read_haltingly(struct outlet *outlet, struct program *writer)
{
    for (int i = 0; i < ROUNDS; i++) {
        interrupt(writer);
        has_run_dry(outlet);
    }
    fcntl(outlet->fd, F_SETPIPE_SZ, MIB);
    wait_until(has_run_dry, outlet, "all of it on standard output");
    return (struct bytes){outlet->at, outlet->length};
}

/* --- whole or not at all --- */

/* Waits for the end; `otherwise` is the cause, unless the program itself tells a better one. */
static void suspect_failure(struct program *client, const char *otherwise)
{
    suspect("%s", otherwise);
    if (exit_status(client) != 0 && gives_reason(error_output(client), reason(EXDEV)))
        suspect("EXDEV: rename() stays within one file system, and the working folder or /tmp may "
                "be on another than OUT. Make the temporary file in OUT's own folder.");
}

static void expect_nothing_new(const char *how, const char *why, struct bytes answer, bool breaks)
{
    static const char old[] = "an old file, which must survive\n";
    for (int there = 0; there < 2; there++) {
        const char *out = there ? "down/old" : "down/new";
        struct program *client;
        struct scene before = look_around("down");
        tried("%s, with %s OUT", how, there ? "an older" : "no");
        suspect("%s", why);
        /* Who makes room for all of the file at once must not be killed by its limit. */
        struct launch with_limit = {.file_limit = 256 * MIB};
        struct peer *server = meet_as(with_limit, &client, out);
        say(server, answer);
        finish_saying(server);
        if (breaks)
            reset(server);
        else
            half_close(server);
        expect_exit(client, 1);
        expect_unchanged(before);
        expect_content("down/old", bytes_of(old));
    }
}

/* Fetches `content` where there is not enough room for it. `most` is a limit on the size of files,
 * 0 where the disk itself is full. */
static void expect_full_disk_noticed(long long most, struct bytes content)
{
    for (int there = 0; there < 2; there++) {
        struct peer *door = open_plain_door();
        struct scene before = look_around("down");
        tried("fetched a file of %zu bytes %s, with %s OUT", content.length,
              most ? text("where only %lld can be written", most) : "onto a small disk",
              there ? "an older" : "no");
        suspect("Not all could be written: write() takes a part, then fails with EFBIG or ENOSPC; "
                "with stdio it may be fclose() that tells. Check every one of them, remove what is "
                "not whole, leave OUT as it was, exit with 1.");
        struct program *client = launch_at(door, (struct launch){.file_limit = most}, "name",
                                           there ? "down/old" : "down/new");
        struct peer *server = let_in(door);
        say(server, answer_with(content));
        half_close(server);
        expect_exit(client, 1);
        expect_unchanged(before);
        expect_content("down/old", BYTES("an old file, which must survive\n"));
    }
}

/* A disk of 256 KiB. Only a sealed box lets the test make one; elsewhere the limits above must do.
 */
static void expect_small_disk_noticed(struct bytes many)
{
    if (!getenv("PLUMBLINE_SEALED"))
        return;
    must(mount("none", scratch_path("down"), "tmpfs", MS_NOSUID | MS_NODEV, "size=256k,mode=700"),
         "mount", "down");
    make("down/old", BYTES("an old file, which must survive\n"));
    expect_full_disk_noticed(0, first(400000, many));
    tried("fetched a small file into the folder of another disk, where it has room");
    struct program *client = run_with("down/other", BYTES("OK 5\nhello"));
    suspect_failure(client, "The folder of OUT is on a disk of its own.");
    expect_exit(client, 0);
    expect_content("down/other", BYTES("hello"));
    tried("fetched a file of 160,000 bytes onto a disk that has room for one such file, not for "
          "two, over an older OUT");
    suspect("Copying over OUT can fail in the middle, too, when the disk is full: rename() the "
            "temporary file, which needs no more room, and leave OUT as it was until then.");
    struct scene before = look_around("down");
    if (exit_status(run_with("down/old", answer_with(first(160000, many)))) == 0)
        expect_content("down/old", first(160000, many));
    else
        expect_content("down/old", BYTES("an old file, which must survive\n"));
    expect_unchanged(before);
    must(umount(scratch_path("down")), "umount", "down");
}

/* Why this OUT, of which all has arrived, may not be there. */
static const char *why_not(const char *out)
{
    if (*out == '-')
        return "Standard output is meant only by an OUT that is \"-\" and nothing more: compare "
               "all "
               "of it, with strcmp().";
    if (strlen(out) > LONGEST_NAME)
        return "The temporary file's name, like any, has at most 255 bytes, however long OUT is: "
               "do not make it of OUT's name.";
    return "All has arrived: give the temporary file its name with rename(), which replaces an "
           "older one.";
}

/* OUT changes at the end, and all at once. */
static void expect_change_at_the_end(const char *out, struct bytes old, struct bytes content)
{
    struct program *client;
    struct bytes answer = answer_with(content);
    size_t half = answer.length / 2;
    bool there = exists(out);
    const char *named = *out == '-' ? text(" %s", out) : "";
    tried("sent half of a file, with %s OUT%s", there ? "an older" : "no", named);
    suspect("OUT may appear, or change, only when all of the file has arrived and has been "
            "written. Write into a temporary file in the same folder, and rename() it at the end.");
    struct peer *server = meet(&client, out);
    say(server, first(half, answer));
    finish_saying(server);
    wait_until_idle(client);
    if (there)
        expect_content(out, old);
    else
        expect_that(!exists(out), "no file OUT yet", "a file OUT of %zu bytes",
                    read_file(scratch_path(out)).length);
    tried("sent the rest of the file");
    say(server, after(half, answer));
    half_close(server);
    suspect_failure(client, why_not(out));
    expect_exit(client, 0);
    expect_content(out, content);
    suspect("Standard output is for the file if OUT is \"-\"; else it stays empty. What is only "
            "for people goes to standard error.");
    expect_no_more_output(client);
}

/* Two filegets that write the same OUT. */
static void expect_own_temporaries(struct bytes one, struct bytes two)
{
    struct program *slow, *quick;
    tried("ran a second fileget to its end, with the same OUT, while the first was halfway");
    suspect("Two runs write into the same temporary file: give each its own, with mkstemp() or "
            "the process ID in its name.");
    struct peer *server = meet(&slow, "down/shared");
    struct bytes answer = answer_with(one);
    say(server, first(answer.length / 2, answer));
    finish_saying(server);
    wait_until_idle(slow);
    quick = run_with("down/shared", answer_with(two));
    expect_exit(quick, 0);
    expect_content("down/shared", two);
    say(server, after(answer.length / 2, answer));
    finish_saying(server);
    wait_until_idle(slow);
    half_close(server);
    expect_exit(slow, 0);
    expect_content("down/shared", one);
}

static void expect_no_rest_without_rename(struct bytes content)
{
    struct program *client;
    struct bytes answer = answer_with(content);
    size_t half = answer.length / 2;
    struct scene before = look_around("down");
    tried("sent half of a file, made a folder named like OUT, and sent the rest");
    suspect("rename() can fail, too: no file can take a folder's place. Then the temporary file is "
            "as useless as half a one: remove it, exit with 1.");
    struct peer *server = meet(&client, "down/taken");
    say(server, first(half, answer));
    finish_saying(server);
    wait_until_idle(client);
    make_folder("down/taken");
    say(server, after(half, answer));
    half_close(server);
    expect_exit(client, 1);
    rmdir(scratch_path("down/taken"));
    expect_unchanged(before);
}

static void expect_some_truth_about_more(void)
{
    tried("sent 8 bytes where 5 were announced");
    suspect("At most SIZE bytes belong to the file: take these (exit 0), or refuse the answer "
            "(exit 1) and leave nothing.");
    struct scene before = look_around("down");
    struct program *client = run_with("down/more", BYTES("OK 5\nhello!!!"));
    if (exit_status(client) == 0)
        expect_content("down/more", BYTES("hello"));
    else
        expect_unchanged(before);
    unlink(scratch_path("down/more"));
}

#endif

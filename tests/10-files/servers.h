/*
 * servers.h - how lab 10 tries a fileserver: odd requests, files that change, a maze of links.
 */
#ifndef LAB_10_SERVERS_H
#define LAB_10_SERVERS_H

#include "files.h"

enum { ROW = 30, FOLDERS_AWAY = 14 };

static struct program *serve_pub(const char **where)
{
    struct program *server = start("fileserver", "pub", "127.0.0.1", port_text(free_port()));
    *where = listening(server);
    return server;
}

static void expect_name_as_host(void)
{
    tried("started `fileserver pub localhost 0` and sent the name of an empty file");
    suspect("HOST may be a name: getaddrinfo() without AI_NUMERICHOST finds its addresses.");
    expect_file(listening(start("fileserver", "pub", "localhost", "0")), "empty", BYTES(""));
}

/* --- what clients leave behind --- */

struct belongings {
    int descriptors, children;
};

static struct belongings belongings_of(struct program *server)
{
    wait_until_idle(server);
    return (struct belongings){count_descriptors(server),
                               count_children(server) + count_zombies(server)};
}

/* A server, and how many descriptors it should hold. */
struct holding {
    struct program *server;
    int descriptors;
};

static bool holds_no_more(void *context)
{
    struct holding *holding = context;
    return count_descriptors(holding->server) <= holding->descriptors;
}

static const char *what_it_holds(void *context)
{
    struct holding *holding = context;
    return text("%d", count_descriptors(holding->server));
}

/* A server may listen a while to a client that it has answered, lest it loses the answer. */
static void expect_closed(struct program *server, struct belongings before, const char *why)
{
    struct holding holding = {server, before.descriptors};
    suspect("%s", why);
    wait_until_seen(holds_no_more, &holding,
                    text("%d open descriptors, as before", before.descriptors), what_it_holds);
}

static void expect_all_closed(struct program *server, struct belongings before)
{
    expect_closed(server, before,
                  "A transfer leaves a descriptor open: close the client's socket and the file, "
                  "also when the client broke the connection or was refused, or when the file "
                  "ended early.");
}

/* --- names that are odd, and what is no name --- */

static void expect_odd_names(const char *where)
{
    static const char *const names[] = {
        " two  words ",    "na\xc3\xafve \xe2\x9c\x93", "\x80\xff\t\r!", "100%d%%x", "-",
        "\\;|&*?<>'\"`$~", "carriage return\r"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tried("sent the name %s", shown(bytes_of(names[i])));
        suspect("A name is bytes: all but the newline and NUL may be in it, and none of them has a "
                "meaning, nor does a blank or \\r at its end. What came from outside is never the "
                "format of a printf().");
        make(text("pub/%s", names[i]), BYTES(""));
        expect_file(where, names[i], BYTES(""));
    }
}

static void expect_no_name(const char *where, const char *what, struct bytes request, bool ends,
                           const char *why)
{
    tried("sent %s", what);
    suspect("%s", why);
    struct peer *client = join(where);
    say(client, request);
    if (ends)
        half_close(client);
    expect_err(client);
}

/* `longer` is the name of a file, but too long by one byte. */
static void expect_no_names(struct program *server, const char *where, const char *longer)
{
    const char *why =
        "A name has at most 255 bytes: longer ones get an ERR, even if there is such "
        "a file, as soon as it is clear. Nothing may be written behind the end of the "
        "array.";
    expect_no_name(where, "a name of 256 bytes", bytes_of(text("%s\n", longer)), false, why);
    expect_no_name(where, "256 bytes without a newline", bytes_of(longer), false, why);
    expect_no_name(where, "2000 bytes without a newline", bytes_of(letters('x', 2000)), false, why);
    tried("sent 200 bytes without a newline, and then 200 more");
    suspect("%s", why);
    struct peer *wordy = join(where);
    say(wordy, bytes_of(letters('x', 200)));
    finish_saying(wordy);
    wait_until_idle(server);
    say(wordy, bytes_of(letters('x', 200)));
    expect_err(wordy);
    why = "A name has at least 1 byte.";
    expect_no_name(where, "an empty name", BYTES("\n"), false, why);
    why = "An end of file (recv() returns 0) before the newline: there is no name, and there will "
          "never be one. Answer with ERR.";
    expect_no_name(where, "a name and the end of the stream, without a newline", BYTES("empty"),
                   true, why);
    expect_no_name(where, "nothing but the end of the stream", BYTES(""), true, why);
    why = "A NUL byte ends a C string, but no line: a name with one gets an ERR.";
    expect_no_name(where, "a name with a NUL byte in it", BYTES("empty\0.txt\n"), false, why);
}

/* --- files of every size --- */

static void expect_sized(const char *where, struct bytes content)
{
    tried("asked for a file of %zu bytes", content.length);
    suspect("A file may be smaller than the buffer, as large, or several times as large: read() "
            "until all is sent, and send as many bytes as read() returned.");
    make("pub/sized", content);
    expect_file(where, "sized", content);
}

/* What only the probe can bring about; programs that it cannot reach are served fair weather. */
static void expect_drop_by_drop(struct bytes content)
{
    tried("let recv() be interrupted once, read() give at most 1000 bytes at a time and send() "
          "take at most 300");
    suspect("read() and send() may do a part of what they are asked for, again and again: go on "
            "until SIZE bytes have been sent. And a -1 with EINTR is no failure: try again.");
    make("pub/drops", content);
    struct program *server = launch(.program = "fileserver", .args = {"pub", "127.0.0.1", "0"},
                                    .weather = "recv 1 EINTR; read 1- short 1000; "
                                               "send 1- short 300");
    expect_file(listening(server), "drops", content);
}

static void expect_constant_memory(struct bytes start)
{
    const char *where;
    struct program *server = serve_pub(&where);
    tried("asked for a file of 64 MiB and did not read it");
    suspect("Of a file, only one buffer may be in memory at a time, however large it is: read a "
            "piece, send it, read the next into the same place. The client's pace is the pace of "
            "reading.");
    make_sparse("pub/holes", start, 64 * MIB);
    expect_small(where);
    wait_until_idle(server);
    long before = largest_kib(server);
    struct peer *idle = ask_and_stall(server, where, "holes", 64 * MIB);
    hear(idle, 1); /* what is read before the first byte is sent has been read now */
    wait_until_stuck(idle, server);
    long grown = largest_kib(server) - before;
    expect_that(grown < 24 * KIB, "no more memory than for a small file", "%ld MiB more",
                grown / KIB);
}

static void expect_over_4_gib(struct bytes start)
{
    const long long size = (1LL << 32) + 5;
    const char *where;
    serve_pub(&where);
    tried("asked for a file of 4,294,967,301 bytes, and read its first 2 MiB");
    suspect("A size does not fit into an int, nor into 32 bits: 4,294,967,301 becomes 5. off_t and "
            "long long have 64; printf() takes a long long with %%lld.");
    make_sparse("pub/huge", start, size);
    struct peer *client = ask(where, "huge");
    expect_ok(client, size);
    struct bytes zeros = {step_memory(MIB), MIB};
    expect_same(hear_up_to(client, start.length + MIB), both(start, zeros), "as it begins");
}

/* --- files that change while they are sent --- */

/* A slow reader of a file that grows meanwhile. */
static void expect_no_more_than_size(struct program *server, const char *where, struct bytes many)
{
    tried("read a file of 8 MiB slowly, stopped and continued the server meanwhile, and let the "
          "file grow");
    suspect(
        "send() and sendfile() take fewer bytes than they are given when they are interrupted, or "
        "(on a socket that does not block) when there is no room. Send the rest: bytes + sent, "
        "length - sent, "
        "until nothing is left.");
    struct peer *slow = ask_and_stall(server, where, "large", (long long)many.length);
    must(truncate(scratch_path("pub/large"), (off_t)many.length + MIB), "truncate", "large");
    size_t heard = hear_haltingly(slow, server, many);
    struct bytes rest = hear_all(slow);
    if (rest.length > many.length - heard &&
        same_bytes(rest, after(heard, many)) + heard == many.length)
        suspect("The size that was announced is a promise: a file that grows meanwhile is sent up "
                "to that size, not up to its end.");
    expect_same(rest, after(heard, many), "behind the line");
}

static void expect_early_end(struct program *server, const char *where, struct bytes many)
{
    tried("cut a file of 8 MiB down to nothing while it was sent");
    suspect(
        "read() returns 0 at the end of the file, though less than SIZE bytes have been sent: "
        "close the connection, and the client knows by its count that some are missing. Nothing "
        "may be made up for them. With mmap(), touching a page behind the new end raises "
        "SIGBUS.");
    make("pub/shrinks", many);
    struct peer *client = ask_and_stall(server, where, "shrinks", (long long)many.length);
    must(truncate(scratch_path("pub/shrinks"), 0), "truncate", "shrinks");
    struct bytes came = hear_up_to(client, many.length);
    size_t same = same_bytes(came, many);
    expect_that(same == came.length, "bytes of the file, and then an early end",
                "%zu bytes, of which the last %zu never were in the file", came.length,
                came.length - same);
    expect_gone(client);
    expect_running(server);
    expect_small(where);
}

/* --- what lies below DIR, and what does not --- */

/* pub, its siblings public and pit, and a secret beside them; links that stay in pub and links
 * that don't. */
static void make_maze(void)
{
    make_folder("pub");
    make_folder("pub/sub");
    make_folder("public");
    make_folder("pit");
    make_small("pub");
    make("secret", BYTES("a secret\n"));
    make("public/secret", BYTES("a secret\n"));
    make("pit/secret", BYTES("a secret\n"));
    make("pub/sub/file", BYTES("below\n"));
    make("pub/sub/..hidden", BYTES("dots\n"));
    make("pub/two..dots", BYTES("dots\n"));
    make("pub/...", BYTES("dots\n"));
    make_folder("pub/end..");
    make("pub/end../file", BYTES("dots\n"));
    make("pub/.d", BYTES("dots\n"));
    make_link("pub/inside", "sub/file");
    make_link("pub/folder", "sub");
    make_link("pub/sub/up", "../small");
    make_link("pub/again", "folder/up");
    make_link("pub/outside", "../secret");
    make_link("pub/parent", "..");
    make_link("pub/twin", "../public/secret");
    make_link("pub/level", "../pit/secret");
    make_link("pub/sub/deep", "../../secret");
    make_link("pub/absolute", scratch_path("secret"));
    make_link("pub/chain", "sub/deep");
    make_link("pub/dangling", "nowhere");
    make_link("pub/loop", "loop");
    make_link("entrance", "pub");
}

static void expect_out_of_reach(const char *where, const char *name, const char *why)
{
    const char *box = scratch_path("");
    size_t above = strncmp(name, box, strlen(box)) == 0 ? strlen(box) + 1 : 0;
    tried("asked for %s%s", shown(bytes_of(name + above)), above ? " by its absolute name" : "");
    suspect("%s", why);
    expect_refused(where, name);
}

static void expect_links_to_end_below(const char *where)
{
    const char *why = "A link can lead anywhere, also in the middle of a name. Find out where the "
                      "name really ends, for example with realpath(), and refuse what is not below "
                      "DIR.";
    expect_out_of_reach(where, "outside", why);
    expect_out_of_reach(where, "parent/secret", why);
    expect_out_of_reach(where, "sub/deep", why);
    expect_out_of_reach(where, "folder/deep", why);
    expect_out_of_reach(where, "absolute", why);
    expect_out_of_reach(where, "chain", why);
    expect_out_of_reach(where, "twin",
                        "The link leads to \"public\" beside the folder \"pub\": the one name "
                        "begins like the other. Below DIR is what begins with DIR *and a slash*.");
    expect_out_of_reach(where, "level",
                        "The link leads to \"pit\" beside the folder \"pub\": the one name is as "
                        "long as the other. Compare its letters, and not only the slash behind.");
    why = "A link that leads nowhere, or to itself, is like a file that is not there.";
    expect_out_of_reach(where, "dangling", why);
    expect_out_of_reach(where, "loop", why);
}

static void expect_files_of_maze(const char *where)
{
    tried("asked for files whose names have dots in them");
    suspect("Only a part that is exactly \"..\" leads upwards. Two dots inside a name or at its "
            "end, or one at its beginning, mean nothing.");
    expect_file(where, ".d", BYTES("dots\n"));
    expect_file(where, "two..dots", BYTES("dots\n"));
    expect_file(where, "...", BYTES("dots\n"));
    expect_file(where, "end../file", BYTES("dots\n"));
    expect_file(where, "sub/..hidden", BYTES("dots\n"));
    tried("asked for files through links that stay below DIR");
    suspect("Links that end below DIR are served: look at where they lead, not at whether there "
            "are any.");
    expect_file(where, "inside", BYTES("below\n"));
    expect_file(where, "folder/file", BYTES("below\n"));
    expect_file(where, "sub/up", BYTES("a small file\n"));
    expect_file(where, "again", BYTES("a small file\n"));
}

/* Makes folders beside pub, one in another: 30 copies of their path show in the memory of a
 * server. Returns the path from pub. */
static const char *far_away(void)
{
    const char *path = "..";
    for (int i = 0; i < FOLDERS_AWAY; i++) {
        path = text("%s/%s", path, letters('f', 250));
        make_folder(path + strlen("../"));
    }
    return path;
}

static void expect_refused_link(const char *where)
{
    expect_refused(where, "far");
}

/* A server of its own, whose sanitizer, if it has one, keeps nothing that was freed. */
static void expect_nothing_kept_of_refused(void)
{
    make_link("pub/far", far_away());
    struct program *server =
        launch(.program = "fileserver", .args = {"pub", "127.0.0.1", "0"}, .no_quarantine = true);
    const char *where = listening(server);
    expect_steady_memory(server, where, expect_refused_link, ROW, 1,
                         "A refused client leaves memory behind: what realpath() returns must be "
                         "freed, also when it lies outside of DIR.");
    terminate(server);
}

#endif

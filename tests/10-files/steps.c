/*
 * steps.c - lab 10: send a name, get a file.
 *
 * fileserver serves the folder `pub`, and the test plays its clients: right, hostile and rude ones.
 * fileget meets servers that the test plays. Both meet the reference on the other side.
 */
#include "arguments.h"
#include "crowds.h"
#include "downloads.h"
#include "files.h"
#include "liars.h"
#include "manners.h"
#include "servers.h"
#include "story.h"

/* --- fileserver --- */

STEP(1, "one line asks, and one line answers", .points = 10, .see = "Step 1: one line asks",
     .hints = {"A stream has no lines. Where does the name end, and how many recv() calls does it "
               "take to get there?",
               "recv() behind what has come already, and look for the newline with memchr() among "
               "the new bytes. The array is full, or recv() returns 0: there was no name. See "
               "recv(2), memchr(3).",
               "A loop while length < LONGEST_NAME + 1: recv() at most what is free; a newline: "
               "put '\\0' there, and the name is right if strlen() says the same length, and "
               "more than 0; recv() returned 0: EINVAL. After the loop: ENAMETOOLONG."},
     .by_hand = "echo no-such-file | nc 127.0.0.1 PORT    # with build/labs/10-files/fileserver "
                "labs 127.0.0.1 0")
{
    make_folder("pub");
    expect_strict_arguments("fileserver", WORD("pub"), WORD("127.0.0.1"), PORT("0"));
    expect_unknown_host_told("fileserver", "pub", UNKNOWN_HOST, "0");
    make("pub/empty", BYTES(""));
    tried("started fileserver for a folder that does not exist, and for a file");
    suspect("Look at DIR before the line \"listening on\": exit 1 with the reason.");
    expect_failure(start("fileserver", "no-such-folder", "127.0.0.1", "0"), reason(ENOENT));
    expect_failure(start("fileserver", "pub/empty", "127.0.0.1", "0"), reason(ENOTDIR));

    const char *where = NULL;
    struct program *server = NULL;
    for (int i = 0; i < host_count(); i++) {
        tried("started `fileserver pub %s 0` and sent the name of an empty file", hosts[i]);
        suspect("HOST is whatever getaddrinfo() understands, IPv4 or IPv6 (AF_UNSPEC). After "
                "listen() comes the line \"listening on ADDR:PORT\", and fflush(stdout) hands it "
                "on.");
        server = start("fileserver", "pub", hosts[i], "0");
        where = listening(server);
        suspect("The request is a name and a newline. recv() it, cut the newline off, answer with "
                "the line \"OK 0\", and close the connection (in every process that has it).");
        expect_file(where, "empty", BYTES(""));
        tried("sent the name of a file that does not exist");
        suspect("A file that cannot be opened is answered with \"ERR REASON\" and a newline, and "
                "the connection is closed. The server goes on.");
        expect_refused(where, "no-such-file");
    }
    if (localhost_is("127.0.0.1") || localhost_is("::1"))
        expect_name_as_host();
    tried("sent a name one byte at a time");
    suspect("recv() returns what has come so far, perhaps a single byte: go on until the newline, "
            "each time behind the bytes that are there already.");
    struct peer *client = join(where);
    say_bytewise(client, BYTES("empty\n"), server);
    expect_answer(client, BYTES(""));

    tried("sent a name and ended the stream behind it (half-close)");
    suspect("A client that has nothing more to say still listens.");
    client = ask(where, "empty");
    half_close(client);
    expect_answer(client, BYTES(""));
    tried("sent a name, a newline and more behind it, in one piece");
    suspect("One recv() can bring more than the line: the name ends at the newline, and what comes "
            "behind it is no part of it.");
    client = ask(where, "empty\nno-such-file");
    expect_ok(client, 0);
    expect_gone(client);

    expect_odd_names(where);
    tried("sent a name of 255 bytes");
    suspect("A name has up to 255 bytes, and its newline comes on top of that: count the array.");
    const char *folder = letters('d', 127);
    const char *longest = text("%s/%s", folder, letters('f', LONGEST_NAME - 128));
    const char *longer = text("%s/%s", folder, letters('g', LONGEST_NAME + 1 - 128));
    make_folder(text("pub/%s", folder));
    make(text("pub/%s", longest), BYTES(""));
    make(text("pub/%s", longer), BYTES(""));
    expect_file(where, longest, BYTES(""));
    tried("sent a name of 255 bytes, and its newline later");
    suspect("The newline can come alone, when 255 bytes are there already: the array and the loop "
            "that fills it need room for it.");
    client = join(where);
    say(client, bytes_of(longest));
    finish_saying(client);
    wait_until_idle(server);
    say(client, BYTES("\n"));
    expect_answer(client, BYTES(""));

    expect_no_names(server, where, longer);
    expect_file(where, "empty", BYTES(""));
    tried("looked at the server's standard output after all these clients");
    expect_silence(server);
}

STEP(2, "the answer is OK, the size, and every byte of the file", .points = 15, .after = 1,
     .see = "Step 2: every byte, and not one more",
     .hints = {"How many bytes does the file have, how many fit into the buffer, and how many did "
               "read() give you this time?",
               "Keep count of what is left of SIZE. read() at most that and at most a buffer, send "
               "what read() returned, and subtract it. See read(2).",
               "for (off_t left = size; left > 0; left -= count): read() the lesser of left and "
               "sizeof buffer; EINTR: again; 0 or -1: return -1; send_all() `count` bytes, -1: "
               "return -1."},
     .by_hand = "head -c 8M /dev/urandom >build/sent; echo sent | nc 127.0.0.1 PORT | tail -c 8M | "
                "cmp - build/sent    # with fileserver build 127.0.0.1 0")
{
    static const size_t sizes[] = {1,     2,     255,   256,   257,   511,   512,    513,   1023,
                                   1024,  1025,  4095,  4096,  4097,  8191,  8192,   8193,  16383,
                                   16384, 16385, 32768, 65535, 65536, 65537, 131072, 131073};
    struct bytes many = noise(8 * MIB - 1000); /* its last piece is smaller than a buffer */
    const char *where;
    make_folder("pub");
    make_small("pub");
    make("pub/zeros", BYTES("a\0b\n\n\0\xff\r\nc\0"));
    make("pub/large", many);
    struct program *server = serve_pub(&where);

    tried("asked for a file of 13 bytes");
    suspect("Behind the line \"OK 13\" come the 13 bytes of the file, as they are, and then the "
            "end.");
    expect_small(where);
    tried("asked for a file with NUL bytes and line ends in it");
    suspect("A file is bytes, and no string: strlen(), %%s and fgets() stop at NUL bytes or line "
            "ends. Send as many bytes as read() returned.");
    expect_file(where, "zeros", BYTES("a\0b\n\n\0\xff\r\nc\0"));

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        expect_sized(where, first(sizes[i], many));
    tried("fetched a file of 8 MiB with the reference's fileget");
    struct program *client =
        start_reference("fileget", host_of(where), port_text(port_of(where)), "large", "copy");
    expect_exit(client, 0);
    expect_content("copy", many);

    expect_no_more_than_size(server, where, many);
    expect_early_end(server, where, many);

    expect_drop_by_drop(first(10000, many));
    expect_constant_memory(first(MIB, many));
    expect_over_4_gib(first(MIB, many));
}

STEP(3, "only regular files are served", .points = 10, .after = 2, .see = "Step 3: what is a file?",
     .hints = {"What can a name in a folder be, besides a file? What does open() do with each?",
               "fstat() tells what a descriptor is: S_ISREG() of st_mode. open() waits at a FIFO "
               "unless it is told not to: O_NONBLOCK. See open(2), fstat(2), inode(7).",
               "open() with O_RDONLY | O_NONBLOCK; fstat() the descriptor; not S_ISREG(): close "
               "it, set errno to EISDIR or EACCES and return -1."},
     .by_hand = "mkfifo build/fifo; echo fifo | nc 127.0.0.1 PORT    # with fileserver build "
                "127.0.0.1 0")
{
    const char *where;
    make_folder("pub");
    make_folder("pub/folder");
    make_small("pub");
    make("pub/folder/file", BYTES("inside"));
    must(mkfifo(scratch_path("pub/fifo"), 0600), "mkfifo", "fifo");
    must(mknod(scratch_path("pub/socket"), S_IFSOCK | 0600, 0), "mknod", "socket");
    make("pub/locked", BYTES("nobody may read this"));
    must(chmod(scratch_path("pub/locked"), 0), "chmod", "locked");
    struct program *server = serve_pub(&where);

    tried("asked for a file in a folder below DIR");
    suspect("A name may have folders in it, with slashes between them.");
    expect_file(where, "folder/file", BYTES("inside"));
    struct belongings before = belongings_of(server);
    tried("asked for a folder");
    suspect("open() opens a folder, too, and fstat() gives a size for it, but it can't be read. "
            "Serve what is S_ISREG(), and nothing else.");
    expect_refused(where, "folder");
    expect_refused(where, ".");

    tried("asked for a FIFO");
    suspect("A FIFO is no regular file (S_ISREG()): ERR. And open() waits for a writer, who may "
            "never come: open with O_NONBLOCK, or look with stat() before.");
    expect_refused(where, "fifo");
    tried("asked for a socket");
    suspect("A socket in the file system cannot be opened: ERR, like for every open() that fails.");
    expect_refused(where, "socket");
    tried("asked for a file that the server may not read");
    suspect("An open() that fails concerns this client only: ERR with its reason.");
    expect_refused(where, "locked");
    tried("asked for a right file after all that");
    suspect("No request, whatever it asks for, ends the server.");
    expect_small(where);
    tried("asked for a folder, a FIFO and a file a few times more, and counted descriptors");
    for (int i = 0; i < 3; i++) {
        expect_refused(where, "folder");
        expect_refused(where, "fifo");
        expect_refused(where, "locked");
        expect_small(where);
    }
    expect_all_closed(server, before);
}

STEP(
    4, "nothing outside of DIR is served", .points = 20, .after = 3, .see = "Step 4: stay below",
    .hints = {"Which names lead out of DIR? Write down five, and try them with nc.",
              "Names that begin with a slash, parts that are \"..\", links. realpath() follows all "
              "links and tells the path that remains. See realpath(3), path_resolution(7).",
              "climbs(): for each part, its length is strcspn(part, \"/\"); is it 2 and are both "
              "dots? find(): refuse these names, then realpath(path, NULL), and compare "
              "strlen(root) bytes and the slash behind them."},
    .by_hand = "echo ../Makefile | nc 127.0.0.1 PORT    # with fileserver labs 127.0.0.1 0")
{
    const char *where;
    make_maze();
    struct program *server = serve_pub(&where);
    expect_small(where);
    struct belongings before = belongings_of(server);
    const char *why = "A part \"..\" leads upwards: a name with one is refused.";
    expect_out_of_reach(where, "../secret", why);
    expect_out_of_reach(where, "../public/secret", why);
    expect_out_of_reach(where, "sub/../../secret", why);
    expect_out_of_reach(where, "sub//..//..//secret", why);
    expect_out_of_reach(where, "../pub/small",
                        "A part \"..\" is refused, even if the name leads back below DIR.");
    expect_out_of_reach(where, "sub/../small",
                        "A part \"..\" is refused, even if the name stays below DIR.");
    expect_out_of_reach(where, "..", why);
    why = "A name that begins with a slash is absolute, and refused.";
    expect_out_of_reach(where, scratch_path("secret"), why);
    expect_out_of_reach(where, scratch_path("pub/small"), why);
    expect_out_of_reach(where, "/small", why);
    expect_out_of_reach(where, text("/%s", scratch_path("secret")), why);
    expect_links_to_end_below(where);
    tried("counted the server's descriptors after all these names that were refused");
    expect_closed(server, before,
                  "A refused name leaves a descriptor open: what was opened before the name was "
                  "found to lead out of DIR must be closed, on every way out.");
    expect_files_of_maze(where);

    tried("served the folder through a link to it, and with a slash behind its name");
    suspect("DIR is any folder that exists, however it is written: resolve it, too, before the "
            "paths are compared.");
    where = listening(start("fileserver", "entrance", "127.0.0.1", "0"));
    expect_small(where);
    expect_links_to_end_below(where);
    where = listening(start("fileserver", text("%s/", scratch_path("pub")), "127.0.0.1", "0"));
    expect_files_of_maze(where);
    expect_out_of_reach(where, "twin", "The link leads to \"public\" beside the folder \"pub\".");
    expect_nothing_kept_of_refused();
    const char *far = scratch_path("secret") + 1;
    if (strlen(far) <= LONGEST_NAME) {
        tried("served the folder /");
        suspect("Everything lies below /, and realpath() gives it a slash that other folders do "
                "not have at their end.");
        where = listening(start("fileserver", "/", "127.0.0.1", "0"));
        expect_file(where, far, BYTES("a secret\n"));
    }
}

STEP(5, "many clients at once, and none holds up or ends another", .points = 15, .after = 2,
     .see = "Step 5: many clients",
     .hints = {"While your server waits in recv() for the first client's name, who calls accept()?",
               "A thread for each client: pthread_create() with a function and one argument, "
               "pthread_detach() because nobody joins it. See pthread_create(3).",
               "malloc() a struct client and fill it in, for each client its own: one variable of "
               "serve() would change under the thread's eyes. If malloc() or pthread_create() "
               "fails, close the socket, free() the struct, go on."},
     .by_hand = "nc 127.0.0.1 PORT & echo NAME | nc 127.0.0.1 PORT; kill $!")
{
    struct bytes many = noise(8 * MIB);
    struct bytes one = first(4 * MIB, many), two = after(4 * MIB, many);
    const char *where;
    make_room_for_peers(CROWD);
    make_folder("pub");
    make_small("pub");
    make("pub/large", many);
    make_sparse("pub/endless", first(MIB, many), TIB);
    make("pub/one", one);
    make("pub/two", two);
    struct program *server = serve_pub(&where);
    expect_small(where);
    struct belongings before = belongings_of(server);
    expect_no_waiting(server, where, many, one);
    expect_separate_downloads(server, where, one, two);

    tried("asked for a file and was gone before the answer could come");
    suspect("A send() to a client that has gone raises SIGPIPE, which ends the process unless it "
            "is ignored (MSG_NOSIGNAL, or sigaction() with SIG_IGN); then it fails with EPIPE, "
            "which concerns this client only.");
    ask_and_vanish(server, where, "large");
    wait_until_idle(server);
    ask_and_vanish(server, where, "no-such-file");
    expect_small(where);
    expect_running(server);
    tried("broke connections while the server was stuck in sending, and while it waited for a "
          "name");
    suspect("send() and recv() fail with ECONNRESET or EPIPE when a client breaks its connection: "
            "the -1 is no number of bytes, and no reason for the server to end. The transfer ends: "
            "read no more of the file, close it and the socket.");
    reset(ask_and_stall(server, where, "large", (long long)many.length));
    hang_up(ask_and_stall(server, where, "endless", TIB));
    struct peer *rude = join(where);
    say(rude, BYTES("sma"));
    wait_until_idle(server);
    reset(rude);
    expect_small(where);
    expect_running(server);
    let_shrink(server, where);
    tried("counted what the server still holds after all these clients have gone");
    expect_small(where);
    expect_all_closed(server, before);
    expect_all_collected(server, before);
    expect_silence(server);

    const char *elsewhere;
    struct program *second = expect_no_growth(&elsewhere);
    struct patience no_client = {.server = server, .where = where, .left = 0};
    struct patience no_file = {.server = second, .where = elsewhere, .left = 1};
    take_descriptors(&no_client);
    take_descriptors(&no_file);
    expect_room_to_pass(); /* while these two take their naps */
    give_descriptors_back(&no_client);
    give_descriptors_back(&no_file);
    terminate(second);
    expect_good_end(server, where);
}

/* --- fileget --- */

STEP(
    6, "fileget asks, and distrusts the answer", .points = 15,
    .see = "Step 6: the other side of the line",
    .hints = {"The first bytes of the file may come together with the line, or the line in three "
              "pieces. How do you make sure that nothing is lost and nothing is taken twice?",
              "Receive the line byte by byte up to the newline, so that the next recv() begins "
              "with the file. Make sure of the digits before strtoll(), and of errno after it. See "
              "strtol(3).",
              "recv_file(): until `size` is 0, recv() at most `size` and at most a buffer; 0: "
              "failed(..., \"the file is cut short\"); write_all() what came; subtract it."},
    .by_hand = "(printf 'OK 5\\nhello' | nc -l 127.0.0.1 4000 >build/heard) & "
               "build/labs/10-files/fileget 127.0.0.1 4000 NAME -; cat build/heard")
{
    expect_strict_arguments("fileget", WORD("127.0.0.1"), PORT("4000"), WORD("name"), WORD("-"));
    expect_unknown_host_told("fileget", UNKNOWN_HOST, "4000", "name", "-");
    expect_refusal_to_ask("an empty name", "");
    expect_refusal_to_ask("a newline in the name", "two\nlines");
    expect_refusal_to_ask("a name of 256 bytes", letters('x', LONGEST_NAME + 1));

    struct program *client;
    struct peer *server;
    for (int i = 0; i < host_count(); i++) {
        struct peer *door = open_door(hosts[i], 5, 0);
        const char *host = localhost_is(hosts[i]) ? "localhost" : hosts[i];
        tried("ran fileget %s PORT 'a name' - where a server listens on %s", host, hosts[i]);
        client = start("fileget", host, port_text(port_of(local_address(door))), "a name", "-");
        suspect("Connect to the addresses of the name one after another, each with a socket of its "
                "own family: when the first refuses, try the next.");
        server = let_in(door);
        suspect("The request is the name and a newline, and nothing else: no NUL byte, no quotes.");
        expect_bytes(server, BYTES("a name\n"));
        suspect("Behind the line come SIZE bytes, whatever they are: write as many as recv() "
                "returned. The line itself is no part of the file, and what came with it in one "
                "recv() must not get lost.");
        say(server, BYTES("OK 6\nt\0o\n\xff\0"));
        half_close(server);
        expect_output(client, BYTES("t\0o\n\xff\0"));
        expect_exit(client, 0);
        suspect("The request ends with its newline: send strlen() bytes of a string, its NUL byte "
                "is no part of it.");
        expect_gone(server);
    }
    tried("answered one byte at a time");
    suspect("recv() returns what has come so far: go on to the newline, and then until all SIZE "
            "bytes are there.");
    server = meet(&client, "-");
    say_bytewise(server, BYTES("OK 11\nhello world"), client);
    half_close(server);
    expect_output(client, BYTES("hello world"));
    expect_exit(client, 0);
    tried("answered with an empty file");
    suspect("A file of 0 bytes is a file: exit code 0.");
    client = run_with("-", BYTES("OK 0\n"));
    expect_output(client, BYTES(""));
    expect_exit(client, 0);
    expect_name_asked("asked for a name of 255 bytes, with slashes in it",
                      "A name has up to 255 bytes; the line is longer by its newline. What they "
                      "mean, slashes too, is the server's business.",
                      text("/../%s", letters('x', LONGEST_NAME - 4)));
    expect_name_asked("asked for a name of 1 byte", "One byte is enough for a name.", "x");

    expect_distrust_of_liars();
    tried("sent 4 of 5 bytes, and closed");
    suspect("An end of file before SIZE bytes have come: the file is not whole. Count, and exit "
            "with 1.");
    expect_exit(run_with("-", BYTES("OK 5\nhell")), 1);
    expect_reset_told("after 4 of 5 bytes", BYTES("OK 5\nhell"));
    expect_reset_told("inside the line", BYTES("OK "));
    tried("ran fileget with a port where nobody listens");
    suspect("Report the reason of the last connect() that failed, and exit with 1.");
    expect_failure(start("fileget", "127.0.0.1", port_text(free_port()), "name", "-"),
                   reason(ECONNREFUSED));

    tried("gave fileget a standard output that is full (/dev/full)");
    suspect("When write() fails: its reason on standard error and exit code 1.");
    struct peer *door = open_plain_door();
    client = launch_at(door, (struct launch){.output = FROM_FILE, .output_path = "/dev/full"},
                       "name", "-");
    server = let_in(door);
    say(server, BYTES("OK 5\nhello"));
    half_close(server);
    expect_exit(client, 1);
    tried("stopped and continued fileget while a slow reader held up its standard output");
    suspect("write() may take fewer bytes than it is given: write the rest.");
    struct bytes some = noise(300000);
    struct outlet *outlet = make_outlet(some.length);
    door = open_plain_door();
    client = launch_at(door, (struct launch){.output = FROM_FILE, .output_path = outlet->path},
                       "name", "-");
    server = let_in(door);
    say(server, answer_with(some));
    half_close(server);
    expect_same(read_haltingly(outlet, client), some, "on standard output");
    expect_exit(client, 0);
    expect_drops_put_together(first(20000, some));
}

STEP(
    7, "OUT is whole, or it is not touched", .points = 15, .after = 6,
    .see = "Step 7: whole or not at all",
    .hints = {"The connection breaks in the middle. What stands in OUT now, and where is the file "
              "that was there before?",
              "Write into another file in the same folder, and give it OUT's name when it is "
              "whole: rename() replaces the old one in a single step. See mkstemp(3), rename(2).",
              "open_target(): to->fd is what open_temporary() returns. finish_target(): after "
              "close(), rename(to->temporary, to->out). abandon_target(): unlink() it, if its name "
              "is not empty."},
    .by_hand =
        "echo old >build/out; (printf 'OK 5\\nhel' | nc -N -l 127.0.0.1 4000 >build/heard) & "
        "build/labs/10-files/fileget 127.0.0.1 4000 NAME build/out; cat build/out")
{
    struct bytes many = noise(4 * MIB);
    make_folder("down");
    tried("fetched files into a new OUT");
    make("down/old", BYTES("an old file, which must survive\n"));
    expect_change_at_the_end("down/first", BYTES(""), first(100000, many));
    expect_change_at_the_end("down/first", first(100000, many), BYTES("shorter"));
    expect_change_at_the_end("-here", BYTES(""), BYTES("in the working folder"));
    expect_change_at_the_end(text("down/%s", letters('n', 255)), BYTES(""),
                             BYTES("a name as long as names can be"));
    tried("fetched an empty file");
    suspect("A file of 0 bytes is a file: OUT has to be made, or emptied.");
    expect_exit(run_with("down/first", BYTES("OK 0\n")), 0);
    expect_content("down/first", BYTES(""));

    const char *short_file = "An end of file before SIZE bytes have come: the file is not whole. "
                             "Remove what there is of it, leave OUT as it was, exit with 1.";
    expect_nothing_new("answered \"ERR no\"",
                       "ERR means that there is no file: make none, empty none, exit with 1.",
                       BYTES("ERR no\n"), false);
    expect_nothing_new("sent 4 of 5 bytes, and closed", short_file, BYTES("OK 5\nhell"), false);
    expect_nothing_new("sent 100,000 of 100,001 bytes, and closed", short_file,
                       both(ok(100001), first(100000, many)), false);
    expect_nothing_new("broke the connection inside the file",
                       "recv() returns -1 when the connection breaks. Remove what there is of the "
                       "file, leave OUT as it was, exit with 1.",
                       both(ok(100001), first(100000, many)), true);
    expect_nothing_new("answered \"OK 4294967301\" and 5 bytes", short_file,
                       BYTES("OK 4294967301\nhello"), false);
    expect_full_disk_noticed(100, first(1000, many));
    expect_full_disk_noticed(100000, first(200000, many));
    expect_full_disk_noticed(1000, first(1001, many));
    expect_small_disk_noticed(many);
    expect_some_truth_about_more();
    expect_no_rest_without_rename(first(100000, many));
    expect_own_temporaries(first(60000, many), first(50000, after(60000, many)));

    tried("gave fileget an OUT in a folder that does not exist, and in one that it may not write");
    suspect("When no file can be made there: the reason on standard error, exit 1.");
    make_folder("locked");
    must(chmod(scratch_path("locked"), 0500), "chmod", "locked");
    expect_failure(run_with("no-such-folder/out", BYTES("OK 5\nhello")), reason(ENOENT));
    expect_failure(run_with("locked/out", BYTES("OK 5\nhello")), reason(EACCES));

    tried("fetched a file of 4 MiB from the reference's fileserver");
    suspect("recv() and write() go on until all SIZE bytes have been taken and written.");
    make_folder("pub");
    make("pub/many", many);
    const char *where = listening(start_reference("fileserver", "pub", "127.0.0.1", "0"));
    struct program *client =
        start("fileget", host_of(where), port_text(port_of(where)), "many", "down/many");
    expect_exit(client, 0);
    expect_content("down/many", many);
}

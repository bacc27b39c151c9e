/*
 * names.h - lab 11, steps 2 and 3: which file a target stands for, and which must never be sent.
 */
#ifndef LAB_11_NAMES_H
#define LAB_11_NAMES_H

#include "web.h"

STEP(2, "a target is decoded to a name, and the name tells the type", .points = 10, .after = 1,
     .see = "Step 2: from a target to a name",
     .hints = {"How would you write a blank, or a `?` that belongs to the name, in a URL?",
               "A query begins at the first `?`. Then %20 is a blank and %25 a `%`. The type "
               "depends on what follows the last dot of the last part. See isxdigit(3), "
               "strtol(3), strrchr(3).",
               "decode(): two isxdigit()s, strtol(digits, NULL, 16). type_of(): strrchr() for the "
               "slash, and from there for the dot. find_file(): S_ISDIR(): append index.html."},
     .by_hand = "curl -sI http://127.0.0.1:PORT/style.css")
{
    static const struct {
        const char *name, *type, *or_type;
    } types[] = {
        {"page.html", "text/html", ""},
        {"style.css", "text/css", ""},
        {"script.js", "text/javascript", "application/javascript"},
        {"pixel.png", "image/png", ""},
        {"drawing.svg", "image/svg+xml", ""},
        {"hello.txt", "text/plain", ""},
        {"data.json", "application/json", ""},
        {"notes.v2.txt", "text/plain", ""},
        {"box.tar.gz", "application/octet-stream", ""},
        {"README", "application/octet-stream", ""},
        {"html", "application/octet-stream", ""},
        {"v1.css/data", "application/octet-stream", ""},
    };
    static const struct {
        const char *target, *name, *cause;
    } targets[] = {
        {"/a%20b.txt", "a b.txt", "%20 stands for a blank: two hexadecimal digits, one byte."},
        {"/h%65ll%6F.txt", "hello.txt", "Hexadecimal digits may be large or small letters."},
        {"/%C3%a9.txt", "\xc3\xa9.txt", "A byte above 127 is a byte like any other."},
        {"/%2541.txt", "%41.txt", "Decode once: what came out of it is not decoded again."},
        {"/100%25.txt", "100%.txt", "%25 stands for the percent sign itself."},
        {"/a+b.txt", "a+b.txt", "In a path a plus is a plus."},
        {"/what%3F.txt", "what?.txt",
         "A query begins at a `?` of the target; %3F is part of a name. Cut first, then decode."},
        {"/hello.txt?", "hello.txt", "What follows the first `?` is a query, and ignored."},
        {"/hello.txt?a=%zz&b=../x/y.css", "hello.txt",
         "What follows the first `?` is a query, and ignored, whatever is in it."},
        {"/sub/deep/x.txt", "sub/deep/x.txt", "Slashes lead into folders."},
        {"/", "index.html", "A directory is its index.html."},
        {"/sub/?x", "sub/index.html", "A directory is its index.html."},
    };
    make_site();
    const char *where = listening(start("webserver", "site/", "127.0.0.1", "0"));
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        tried("asked for /%s", types[i].name);
        suspect("The type is told by what follows the last dot of the file's name: see the table "
                "in the handout; all else is application/octet-stream.");
        struct answer answer = ask(where, get(text("/%s", types[i].name)));
        expect_file(answer, types[i].name);
        expect_type(answer, types[i].type, types[i].or_type);
    }
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        tried("asked for %s", targets[i].target);
        suspect("%s", targets[i].cause);
        expect_file(ask(where, get(targets[i].target)), targets[i].name);
    }
    tried("asked for /page.html?v=1.css");
    suspect("The type belongs to the file: the query is no part of its name.");
    expect_type(expect_status("200", ask(where, get("/page.html?v=1.css"))), "text/html", "");
    tried("asked for /sub/");
    suspect("The type belongs to the file that is sent, index.html.");
    expect_type(expect_status("200", ask(where, get("/sub/"))), "text/html", "");

    tried("asked for /sub, a directory, without a slash at the end");
    suspect("Send its index.html, or a redirect (301) whose Location is the same with a slash.");
    struct answer folder = expect_status("200 301 302 303 307 308", ask(where, get("/sub")));
    const char *location = field(&folder, "Location");
    if (folder.status == 200)
        expect_file(folder, "sub/index.html");
    else
        expect_that(location && strlen(location) >= 4 &&
                        strcmp(location + strlen(location) - 4, "sub/") == 0,
                    "Location: /sub/", "%s", location ? location : "no Location");
    expect_refusal(where, "403 404",
                   "A directory without an index.html has nothing to show: 403 or 404.",
                   get("/nothing/"));
    expect_refusal(where, "400 403 404", "A file is no folder: there is nothing below it.",
                   get("/hello.txt/x"));

    const char *cause = "Behind a % there must be two hexadecimal digits, and %00 is in no name: "
                        "400. (strtol() takes blanks and signs, too.)";
    static const char *const bad[] = {
        "/%",       "/100%.txt", "/hello%2",      "/%zz",
        "/%4g.txt", "/%+4.txt",  "/hello.txt%00", "/hello.txt%00.png",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        tried("asked for %s", bad[i]);
        suspect("%s", cause);
        expect_status("400 403 404", ask(where, get(bad[i])));
    }
    expect_visit(where);
}

static void make_fifo(const char *name)
{
    if (mkfifo(scratch_path(name), 0600) == -1)
        cannot_judge("mkfifo: %s", reason(errno));
}

/* A path as a target: where the scratch folder lies is not ours to say. */
static const char *target_of(const char *path)
{
    char *target = step_memory(3 * strlen(path) + 1), *at = target;
    for (; *path; path++)
        at += sprintf(at, isalnum((unsigned char)*path) || *path == '/' ? "%c" : "%%%02X",
                      (unsigned char)*path);
    return target;
}

/* DIR may be named in many ways. */
static void expect_any_folder_served(void)
{
    make_link("site", "way");
    tried("started webserver with `/` as its DIR, and asked for a file");
    suspect("\"/\" ends with its slash already: what lies below it does not begin with \"//\".");
    const char *where = listening(start("webserver", "/", "127.0.0.1", "0"));
    expect_file(ask(where, get(target_of(scratch_path("site/hello.txt")))), "hello.txt");
    tried("started webserver with a DIR that is a symbolic link to a folder");
    suspect("Compare like with like: where the file really is, and where DIR really is "
            "(realpath() of both).");
    expect_visit(listening(start("webserver", "way", "127.0.0.1", "0")));
}

/* What is refused must not stay open. */
static void expect_refused_closed(struct program *server, const char *where)
{
    static const char *const refused[] = {"/fifo", "/out-file", "/neighbor/secret.txt",
                                          "/../secret.txt", "/deceit/"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        tried("asked for %s three times more, and counted descriptors", refused[i]);
        suspect("What was opened and is not sent has to be closed, too.");
        wait_until_idle(server);
        int before = count_descriptors(server);
        for (int k = 0; k < 3; k++)
            expect_status("400 403 404", ask(where, get(refused[i])));
        expect_closed(server, before);
    }
}

STEP(3, "nothing outside of DIR is ever sent", .points = 15, .after = 2,
     .see = "Step 3: a name is no friend",
     .hints = {"Who writes the name? In how many ways can it lead out of the folder?",
               "`..` can be spelled %2e%2e, and a symbolic link needs no dots at all. Judge the "
               "decoded name, and then where it really leads. See realpath(3), open(2), fstat(2).",
               "climbs_out(): count parts, minus one at \"..\"; below 0 is out. open_below(): "
               "realpath(), then its first strlen(root) bytes are root's and the next one is '/' "
               "or '\\0'."},
     .by_hand = "curl -i --path-as-is http://127.0.0.1:PORT/../secret.txt    # or what was asked")
{
    static const char *const climbing[] = {
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2E%2e%2fsecret.txt",
        "/..%2Fsecret.txt",
        "/.%2e/secret.txt",
        "//../secret.txt",
        "/sub/../../secret.txt",
        "/sub/..//../secret.txt",
        "/./../secret.txt",
        "/sub/./../../secret.txt",
        "/sub/deep/../../../site-secret/secret.txt",
        "/%252e%252e/secret.txt",
        "../secret.txt",
        "..",
        "/..",
        "/../",
        "/sub/../..",
    };
    static const char *const returning[] = {
        "/../site/hello.txt",  "/%2e%2e/site/hello.txt", "/sub/../../site/hello.txt",
        "//../site/hello.txt", "/./../site/hello.txt",   "/sub/..//../site/hello.txt"};
    static const char *const links[] = {
        "/out/secret.txt",  "/out-file", "/out-absolute", "/neighbor/secret.txt",
        "/twin/secret.txt", "/sub/up",   "/out-twice"};
    make_site();
    make_link("..", "site/out");
    make_link("../secret.txt", "site/out-file");
    make_link(scratch_path("secret.txt"), "site/out-absolute");
    make_link("../site-secret", "site/neighbor");
    make_link("../twin", "site/twin"); /* a name as long as "site" */
    make_link("../../secret.txt", "site/sub/up");
    make_link("sub/up", "site/out-twice");
    make_fifo("site/fifo");
    make_folder("site/deceit");
    make_link("../../secret.txt", "site/deceit/index.html");
    make_folder("site/mouth");
    make_fifo("site/mouth/index.html");
    make_folder("site/e..");
    make_file(scratch_path("site/e../f.txt"), content_of("e../f.txt"));
    struct program *server = start("webserver", "site", "127.0.0.1", "0");
    const char *where = listening(server);
    for (size_t i = 0; i < sizeof climbing / sizeof climbing[0]; i++) {
        tried("asked for %s", climbing[i]);
        suspect("\"..\" leads up, however it is spelled. Decode the name first, then count how "
                "deep each part leads: it must never be above DIR.");
        expect_status("400 403 404", ask(where, get(climbing[i])));
    }
    for (size_t i = 0; i < sizeof returning / sizeof returning[0]; i++) {
        tried("asked for %s", returning[i]);
        suspect("A path that climbs above DIR on its way is refused, even if it comes back: the "
                "answer would tell what DIR is called. \".\" and an empty part count for nothing.");
        expect_status("400 403 404", ask(where, get(returning[i])));
    }
    const char *absolute = text("/%s", scratch_path("secret.txt"));
    tried("asked for %s", absolute);
    suspect("The name of a file that is asked for is relative to DIR, though it begins with a "
            "slash, or with two.");
    expect_status("400 403 404", ask(where, get(absolute)));
    expect_status("400 403 404", ask(where, get(text("/%%2f%s", absolute + 2))));
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        tried("asked for %s, which is or goes through a symbolic link that leads out of DIR",
              links[i]);
        suspect("Find out where a name really leads before it is opened (realpath()): to DIR or "
                "below it? /srv/site-secret is not below /srv/site.");
        expect_status("400 403 404", ask(where, get(links[i])));
    }
    tried("asked for /deceit/, whose index.html is a symbolic link that leads out of DIR");
    suspect("The index.html of a folder is a name like any other: it is judged, too, before it is "
            "opened.");
    expect_status("400 403 404", ask(where, get("/deceit/")));
    static const char *const dotted[] = {"a..b.txt", "..c.txt", "d..", ".e", "e../f.txt"};
    for (size_t i = 0; i < sizeof dotted / sizeof dotted[0]; i++) {
        tried("asked for /%s", dotted[i]);
        suspect("Two dots inside a name are a name: only a part that is \"..\" leads up.");
        expect_file(ask(where, get(text("/%s", dotted[i]))), dotted[i]);
    }
    tried("asked for /fifo, which is a FIFO without a writer");
    suspect("What is neither a regular file nor a directory is 403 or 404. And open() of a FIFO "
            "waits for a writer: look with stat() first, or open with O_NONBLOCK.");
    expect_status("403 404", ask(where, get("/fifo")));
    tried("asked for /mouth/, whose index.html is a FIFO without a writer");
    expect_status("403 404", ask(where, get("/mouth/")));
    expect_visit(where);
    expect_refused_closed(server, where);
    expect_running(server);
    expect_any_folder_served();
}

#endif

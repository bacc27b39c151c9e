/*
 * story.h - lab 10's story for `make trace`; part of steps.c, which is long enough.
 */
#include "files.h"

STORY("a file comes, a name leads nowhere, and OUT gets its name at the end")
{
    make_folder("pub");
    make_small("pub");
    tried("started the server");
    struct program *server = start("fileserver", "pub", "127.0.0.1", "0");
    const char *port = port_text(port_of(listening(server)));
    wait_until_idle(server);
    tried("fetched a file: written under another name, then renamed");
    struct program *client = start("fileget", "127.0.0.1", port, "small", "copy");
    expect_exit(client, 0);
    wait_until_idle(server);
    tried("asked for a name that leads out of the folder");
    client = start("fileget", "127.0.0.1", port, "../copy", "second");
    expect_exit(client, 1);
    wait_until_idle(server);
    terminate(server);
}

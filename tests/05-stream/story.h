/*
 * story.h - lab 05's story for `make trace`; part of steps.c, which is long enough.
 */
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

STORY("an echo, a second one, and a half-close that ends it")
{
    tried("started the server");
    struct program *server = start("echoserver", "127.0.0.1", "0");
    const char *port = port_text(port_of(listening(server)));
    wait_until_idle(server);
    tried("let the client send a line, and had it back");
    struct program *client = start("echoclient", "127.0.0.1", port);
    feed(client, BYTES("first line\n"));
    expect_line(client, "first line");
    wait_until_idle(client);
    tried("let it send the second line and half-close: the server still answers");
    feed(client, BYTES("second line\n"));
    end_input(client);
    expect_line(client, "second line");
    expect_exit(client, 0);
    wait_until_idle(server);
    terminate(server);
}

/*
 * story.h - lab 09's story for `make trace`; part of steps.c.
 */
#include "crowd.h"

/* Two clients, of which the first is silent; then both leave, the silent one last. */
static void two_clients(struct program *server, const char *where)
{
    tried("let a first client connect and say nothing");
    struct peer *silent = join(where);
    wait_until_idle(server);
    tried("let a second one connect, say a word and hear it again");
    struct peer *talker = join(where);
    chat(talker, BYTES("hello\n"));
    wait_until_idle(server);
    tried("let both leave");
    take_leave(talker);
    wait_until_idle(server);
    take_leave(silent);
    wait_until_idle(server);
}

STORY("a silent client and one that talks: served by processes, then by one loop")
{
    tried("started the server that forks");
    struct program *forking = start("forkserver", "127.0.0.1", "0");
    two_clients(forking, listening(forking));
    terminate(forking);
    tried("started the server with one loop");
    struct program *polling = start("pollserver", "127.0.0.1", "0");
    two_clients(polling, listening(polling));
    terminate(polling);
}

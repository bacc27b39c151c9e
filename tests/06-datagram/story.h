/*
 * story.h - lab 06's story for `make trace`; part of steps.c, which is long enough.
 */
#include "peer.h"
#include "program.h"
#include "step.h"
#include "world.h"

STORY("a question and its answer, and a question that gets lost")
{
    const char *from;
    tried("started the server: its socket is bound, and that is all");
    struct program *server = start("askserver", "127.0.0.1", "0");
    const char *where = listening_for_datagrams(server);
    wait_until_idle(server);
    tried("asked: one datagram goes there, one comes back");
    expect_exit(start("ask", "127.0.0.1", port_text(port_of(where)), "3", "1000", "time"), 0);
    wait_until_idle(server);

    tried("asked by way of a network that loses the first question");
    struct peer *network = datagram_peer("127.0.0.1");
    const char *port = port_text(port_of(local_address(network)));
    struct program *ask = start("ask", "127.0.0.1", port, "9", "300", "echo", "hello");
    hear_datagram(network, &from);
    struct bytes again = hear_datagram(network, &from);
    tried("let the second one pass, and its answer");
    say_to(network, where, again);
    say_to(network, from, hear_datagram(network, NULL));
    expect_exit(ask, 0);
    wait_until_idle(server);
    terminate(server);
}

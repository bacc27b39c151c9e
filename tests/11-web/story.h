/*
 * story.h - lab 11's story for `make trace`: two pages on one connection, in pieces, and webget.
 */
#ifndef LAB_11_STORY_H
#define LAB_11_STORY_H

#include "web.h"

STORY("two requests on one connection, a refusal, and webget")
{
    make_site();
    struct program *server = start("webserver", "site", "127.0.0.1", "0");
    const char *where = listening(server);
    wait_until_idle(server);
    tried("a client sends the head of its request in two pieces, and gets a page");
    struct peer *client = join(where);
    say(client, BYTES("GET /page.html HTTP/1.1\r\nHo"));
    wait_until_idle(server);
    say(client, BYTES("st: plumbline\r\n\r\n"));
    expect_file(hear_answer(client), "page.html");
    wait_until_idle(server);
    tried("on the same connection it asks for a file that must not be sent");
    say(client, get("/../secret.txt"));
    expect_status("400 403 404", hear_answer(client));
    hang_up(client);
    wait_until_idle(server);

    tried("webget fetches a file");
    struct program *page = start("webget", text("http://%s/style.css", where));
    end_input(page);
    expect_output(page, content_of("style.css"));
    expect_exit(page, 0);
    wait_until_idle(server);
    terminate(server);
}

#endif

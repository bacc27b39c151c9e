/*
 * steps.c - lab 09: many clients at once.
 *
 * The same echo three times: with processes, with threads, with one loop. Clients are silent, rude
 * and slow, up to a thousand at a time.
 */
#include "crowd.h"
#include "room.h" /* step 8 */
#include "rude.h"
#include "story.h"

enum {
    PIECE = 524,     /* bytes in a small TCP segment ... */
    TIMESTAMPS = 12, /* ... beside these, a TCP option */
    PIECES = 200,
};

/* --- forkserver --- */

static const struct kind forking = {
    .name = "forkserver",
    .deaf = "The server waits for one client, or for one child, and is deaf to all others. The "
            "parent goes back to accept() at once; only the child waits for its client.",
    .open = "The client sees the end of file only when every copy of its connection is closed. "
            "fork() made one: the parent has to close its own at once, the child at the end.",
    .ended =
        "A client has left and a child has ended: no reason for the parent to end. The SIGCHLD "
        "that tells of it interrupts calls (EINTR): try again.",
    .mixed = "Each client has a child of its own, which goes on until this client's end of file. "
             "That another child has ended is no reason for anybody to end: SIGCHLD interrupts the "
             "parent's call (EINTR), and the parent calls again.",
};

static bool has_three_processes(void *unused)
{
    (void)unused;
    return see_offspring().alive >= 3;
}

static const char *processes_seen(void *unused)
{
    (void)unused;
    return text("%d processes", see_offspring().alive);
}

STEP(1, "a process for each client: one that is silent holds up nobody", .points = 15,
     .see = "Step 1: a process for each client",
     .hints = {"Who waits in recv() while the first client is silent? Who could take the second "
               "client meanwhile?",
               "fork() makes a second process, which goes on at the same place. The child echoes "
               "and ends; the parent goes back to accept(). See fork(2).",
               "child = fork(); 0: live_as_child(). More than 0: put it into family->child[], and "
               "count it. In any case the parent closes its copy of `client`; -1 is returned with "
               "fork()'s errno."},
     .by_hand = "nc 127.0.0.1 PORT    # twice, in two terminals: both are answered")
{
    const char *where;
    struct program *server = expect_silence_to_hold_up_nobody(&forking, &where);
    tried("connected three clients and counted the server's child processes");
    suspect("forkserver serves each client in a process of its own: fork().");
    struct crowd *three = gather(where, 3);
    /* Not by one look: a process that gets another parent just then may be missed. */
    wait_until_seen(has_three_processes, NULL, "a process for each of them", processes_seen);
    tried("let three clients talk at the same time");
    suspect("Each child has to send back what its own client said.");
    talk_at_once(three);
    tried("sent 100,000 bytes and the end of file at once");
    suspect("The end of file comes after the last byte: all that came before it has to go back.");
    struct bytes many = noise(100000);
    struct peer *quick = join(where);
    say(quick, many);
    half_close(quick);
    expect_bytes(quick, many);
    expect_end_of_file(quick);
    tried("looked at standard output when all these clients had come and gone");
    expect_silence(server);
    expect_good_start("forkserver", true);
    expect_running(server);
}

static bool have_settled(void *server)
{
    return count_children(server) == 0;
}

static bool has_collected(void *server)
{
    return count_children(server) + count_zombies(server) <= 1;
}

static const char *uncollected(void *server)
{
    return text("%d that have ended and were not collected, %d that still run",
                count_zombies(server), count_children(server));
}

STEP(2, "children that have ended are collected, however many end at once", .points = 15,
     .after = 1, .see = "Step 2: collect the dead",
     .hints = {"What does `ps` show after a client has left? Who asked how its child ended?",
               "waitpid(-1, NULL, WNOHANG) collects one child that has ended. A signal that is "
               "already pending does not come twice: how many have ended when SIGCHLD comes?",
               "A loop: as long as waitpid() with WNOHANG returns more than 0, forget_child() that "
               "PID, and ask again."},
     .by_hand = "ps --ppid $(pgrep -o forkserver)    # after some clients have left: no <defunct>")
{
    make_room_for_peers(CROWD);
    struct program *server =
        launch(.program = "forkserver", .args = {"127.0.0.1", "0"}, .no_quarantine = true);
    const char *where = listening(server);
    struct belongings before = look_at(server);
    tried("connected %d clients, and let each say a word", CROWD);
    suspect("Each of them gets a process. None has to wait for another to leave.");
    struct crowd *crowd = gather(where, CROWD);
    talk_at_once(crowd);
    suspect("While nobody says anything the parent waits, and holds no client's connection.");
    wait_until_idle(server); /* or it is stopped between fork() and close() */

    tried("stopped the server, let all %d clients leave, continued the server, and let one more "
          "client come and go",
          CROWD);
    suspect("A child that has served its client closes the connection and ends (_exit()). It must "
            "not return into the parent's loop.");
    stop(server);
    all_leave(crowd);
    wait_until(have_settled, server, "each child to end when its client has left");
    go_on(server);
    suspect("waitpid() collects one child. And SIGCHLD is pending or it is not: children that end "
            "while it is pending send no second one. So collect in a loop, until waitpid() with "
            "WNOHANG finds no more.");
    visit(where);
    wait_until_seen(has_collected, server, "at most one child that is not collected", uncollected);
    expect_no_more_descriptors(server, before);

    before = look_at(server);
    expect_steady_memory(server, where, visit, ROW, 1,
                         "What the parent allocates for a client has to be freed when that "
                         "client's child was collected.");
    suspect("A child that has ended is to be collected also when no crowd ends at once.");
    wait_until_seen(has_collected, server, "at most one child that is not collected", uncollected);
    expect_no_more_descriptors(server, before);
    expect_rude_clients_harm_nobody(server, where);
}

STEP(3, "a child holds its own connection alone, and SIGTERM ends the whole family", .points = 10,
     .after = 1, .see = "Step 3: a family",
     .hints = {"Which descriptors does a child get from its parent? Which does it need? And who "
               "tells the children when the parent is to end?",
               "close() the listening socket in the child. kill() sends a signal to a process, "
               "waitpid() without WNOHANG waits until one has gone. See kill(2).",
               "live_as_child(): close(door). end_children(): kill() each PID of the family with "
               "SIGTERM, then waitpid(-1, NULL, 0) until it fails with ECHILD."},
     .by_hand = "ls -l /proc/$(pgrep -n forkserver)/fd; kill $(pgrep -o forkserver); pgrep "
                "forkserver")
{
    struct program *server = start("forkserver", "127.0.0.1", port_text(free_port()));
    struct program *lonely = start("forkserver", "127.0.0.1", "0");
    const char *where = listening(server);
    tried("connected three clients and looked at the descriptors of their children");
    suspect("fork() copies every open descriptor. A child needs its client's connection; the "
            "listening socket is not its business, nor are other clients' connections. close() "
            "them in the child.");
    gather(where, 3);
    wait_until_idle(server);
    expect_that(see_offspring().most_sockets <= 1, "one socket in each child, its client's",
                "a child that holds %d", see_offspring().most_sockets);

    tried("sent SIGTERM to the server while clients were there: silent, not reading, and one "
          "waiting to be accepted");
    flood(server, where);
    stop(server);
    struct peer *late = join(where);
    expect_end_of_family(server, where);
    suspect("After SIGTERM no further client is taken.");
    expect_gone(late);
    expect_silence(server); /* not at its end either */

    tried("started the server again on its port");
    suspect("The port is free when every process that holds the listening socket has closed it or "
            "ended; and SO_REUSEADDR is needed for connections in TIME_WAIT.");
    visit(listening(start("forkserver", "127.0.0.1", port_text(port_of(where)))));

    tried("sent SIGTERM to a server that has had no client");
    suspect("A handler that only leaves a note must interrupt the call that waits for clients (no "
            "SA_RESTART). And without a child there is nobody to wait for: waitpid() fails "
            "(ECHILD), and waits no longer.");
    listening(lonely);
    terminate(lonely);
}

/* --- threadserver --- */

static const struct kind threading = {
    .name = "threadserver",
    .deaf = "The server waits for one client, or for one thread, and is deaf to all others. The "
            "first thread goes back to accept() at once (no pthread_join() there); only the new "
            "thread waits for its client.",
    .open = "recv() returns 0 when the client has said everything. Then its connection is closed, "
            "by the thread itself: it does not go away with the thread.",
    .ended = "A client has left: its thread ends, not the process. exit() ends all threads.",
    .mixed = "Each thread needs a visit (descriptor, buffer) of its own: what is static, or "
             "belongs to the loop that accepts, is shared by all. exit() in one thread ends all, "
             "and a lock that is not given back stops all.",
};

/* A client's bytes wait in the server, in the middle of a send(), while another client sends more
 * than any buffer holds. */
static void expect_slow_reader_to_keep_its_bytes(struct program *server, const char *where)
{
    tried("sent much in one client, and some in another, which came back, and then read the "
          "first one's echo");
    suspect("Who does not read must not hold up another client. send() waits for it: no lock that "
            "another thread needs may be held meanwhile.");
    struct flood slow = flood(server, where);
    struct peer *quick = join(where);
    chat(quick, (struct bytes){slow.piece.at + 1, FLOOD_PIECE - 1});
    take_leave(quick);
    suspect(
        "Each thread needs a visit (descriptor, buffer) of its own: what is static, all threads "
        "have together.");
    expect_echo_of(slow, NULL);
}

STEP(4, "a thread for each client, and nothing stays behind when it leaves", .points = 15,
     .see = "Step 4: a thread for each client",
     .hints = {"All threads of a process share its variables. What must each thread have for "
               "itself? Who frees it, and who collects the thread?",
               "malloc() a visit for each client and pass its address to pthread_create(). "
               "pthread_detach() says that nobody will join this thread. See pthread_create(3).",
               "visit = malloc(); fill in client and tally; error = pthread_create(&thread, NULL, "
               "attend, visit). If error: free(), close(), errno = error, return -1. Else "
               "pthread_detach(thread), return 0."},
     .by_hand = "nc 127.0.0.1 PORT    # in two terminals; then: ls /proc/$(pgrep -n "
                "threadserver)/task")
{
    const char *where;
    make_room_for_peers(CROWD);
    struct program *server = expect_silence_to_hold_up_nobody(&threading, &where);
    tried("connected three clients and counted the server's threads");
    suspect("threadserver serves its clients in threads (pthread_create()), each with a visit "
            "(descriptor, buffer) of its own.");
    struct crowd *crowd = gather(where, 3);
    expect_that(count_threads(server) > 1, "more than one thread", "%d", count_threads(server));
    all_leave(crowd);

    expect_rude_clients_harm_nobody(server, where);
    expect_slow_reader_to_keep_its_bytes(server, where);
    tried("connected %d clients, and let all of them talk at the same time", CROWD);
    suspect("%d clients at once, and none has to wait for another to leave. Each thread needs a "
            "visit (descriptor, buffer) of its own.",
            CROWD);
    struct belongings before = look_at(server);
    crowd = gather(where, CROWD);
    talk_at_once(crowd);
    struct rest quiet = begin_rest(server);
    expect_good_start("threadserver", true);
    tried("left the server alone, with %d silent clients", CROWD);
    suspect("While nobody says anything each thread waits in recv(): not for a moment only, again "
            "and again.");
    expect_rest_since(quiet, REST_MS);
    expect_no_harm_of_more(server, where, crowd);
    tried("let all %d clients leave", CROWD);
    suspect("A thread that has served its client ends by itself; exit() would end the process.");
    all_leave(crowd);
    visit(where);
    expect_no_more_descriptors(server, before);

    expect_steady_memory(server, where, group_visit, 1, GROUP, NULL);
    expect_broken_sends_harm_nobody(server, where);
    tried("looked at standard output when all these clients had come and gone");
    expect_silence(server);
    expect_good_end("threadserver", server, where);
}

STEP(
    5, "what threads share is used under a lock", .points = 10, .after = 4,
    .see = "Step 5: what threads share", .watch_threads = "threadserver",
    .hints = {"Two threads add 1 to the same number at the same time. Which values can it have "
              "afterwards?",
              "pthread_mutex_lock() and pthread_mutex_unlock() around every use of what is shared: "
              "reading counts, too. See pthread_mutex_lock(3p).",
              "Lock before the first use of the tally, unlock after the last. What is printed "
              "afterwards comes from a copy that was made under the lock."},
    .by_hand = "cc -fsanitize=thread -g -pthread -D_DEFAULT_SOURCE -o build/watched "
               "labs/09-concurrent/threadserver.c && build/watched 127.0.0.1 0")
{
    struct program *server = start_watched("threadserver", "127.0.0.1", "0");
    const char *where = listening(server);
    tried("let clients come, talk at the same time and go, under ThreadSanitizer");
    suspect("What one thread writes another one uses at the same time.");
    struct crowd *crowd = gather(where, 8);
    talk_at_once(crowd);
    for (int i = 0; i < crowd->size; i++)
        chat(crowd->client[i], word_of(i));
    all_leave(crowd);
    crowd = gather(where, 4);
    talk_at_once(crowd);
    all_leave(crowd);
    visit(where);
    wait_until_idle(server);
    expect_running(server);
}

/* --- pollserver --- */

static const struct kind polling = {
    .name = "pollserver",
    .deaf = "The loop waits for one client and is deaf to all others. It may wait in poll() only: "
            "one recv() for each client that poll() found ready, then on to the next.",
    .open = "recv() returns 0 when the client has said everything. Then its connection is closed, "
            "and the client reads an end of file, too.",
    .ended = "A client has left: no reason for the loop to end.",
    .mixed = "When one client leaves, the others keep their places: what stands in several lists "
             "has to move in all of them.",
};

/* Descriptors beyond 1023 have no place in an fd_set. The limit stays as it is then: poll() refuses
 * a list that is longer than it, and lists may be longer than clients are many. */
static void expect_no_harm_of_too_many(struct program *server, const char *where,
                                       struct crowd *crowd)
{
    limit_resource(server, RLIMIT_NOFILE, 4096);
    expect_no_harm_of_more(server, where, crowd);
}

STEP(
    6, "one loop in one thread serves a thousand clients", .points = 15,
    .see = "Step 6: one loop for all",
    .hints = {"Where may this program wait, if it must hear every client?",
              "Only in poll(). It tells who has something to say; one recv() for each of them "
              "does not wait. See poll(2).",
              "let_in(): accept(), malloc(), then client[clients++] and polled[clients].fd. "
              "turn(): count = recv(); EAGAIN or EINTR: return 0; 0 or another -1: return -1; else "
              "start = 0, end = count, and go on to send() below."},
    .by_hand = "nc 127.0.0.1 PORT    # in two terminals; then: ls /proc/$(pgrep -n "
               "pollserver)/task")
{
    const char *where;
    make_room_for_peers(MOST);
    struct program *server = expect_silence_to_hold_up_nobody(&polling, &where);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    int many = limit.rlim_cur < MOST + 100 ? (int)limit.rlim_cur - 100 : MOST;
    if (many < MOST)
        remark("with %d clients, for want of descriptors on this machine", many);

    expect_rude_clients_harm_nobody(server, where);
    expect_rude_clients_to_leave_nothing(server, where);
    tried("connected %d clients, and let some of them say a word", many);
    suspect("Up to a thousand clients at once: no array may end before. (A struct pollfd for each, "
            "and one for the door.)");
    struct belongings before = look_at(server);
    struct crowd *crowd = gather_by_moments(server, where, many);
    suspect("pollserver serves all of its clients in one thread of one process.");
    expect_that(count_threads(server) == 1, "one thread", "%d", count_threads(server));
    expect_that(see_offspring().alive == 0, "one process", "%d more", see_offspring().alive);
    tried("let %d clients talk at the same time", many);
    suspect("Whoever poll() found ready gets its turn, each with a buffer of its own.");
    talk_in_one_moment(server, crowd);
    struct rest quiet = begin_rest(server);
    expect_good_start("pollserver", false);
    tried("left the server alone, with %d silent clients", many);
    suspect("While nobody says anything poll() must wait: without a time-out (-1) or with a long "
            "one, and asked for POLLOUT only while there is something to send.");
    expect_rest_since(quiet, REST_MS);
    if (limit.rlim_max >= 4096)
        expect_no_harm_of_too_many(server, where, crowd);
    tried("let the first client leave, and the last one talk");
    suspect("%s", polling.mixed);
    take_leave(crowd->client[0]);
    crowd->client[0] = crowd->client[--crowd->size];
    chat(crowd->client[0], BYTES("still here"));
    tried("let all clients leave that were left");
    all_leave_in_one_moment(server, crowd);
    visit(where);
    expect_no_more_descriptors(server, before);
    expect_steady_memory(server, where, group_visit, 1, GROUP,
                         "What was allocated for a client has to be freed when it has left.");
    tried("looked at standard output when all these clients had come and gone");
    expect_silence(server);
    expect_good_end("pollserver", server, where);
}

#define STAYS                                                                                      \
    "Only the client that does not read has to wait. The loop stays with a client if it waits in " \
    "a call for it, or asks again and again. Sockets must not block (O_NONBLOCK): send() takes "   \
    "what there is room for, the rest waits in a buffer, and poll() says for all clients at once " \
    "who has room (POLLOUT)."

STEP(
    7, "a client that does not read slows down only itself", .points = 10, .after = 6,
    .see = "Step 7: who does not read",
    .hints = {"What does send() do when the client does not read? What do the other clients do "
              "meanwhile?",
              "Let no socket block (O_NONBLOCK), keep what send() did not take, and let poll() say "
              "when there is room (POLLOUT). See fcntl(2), poll(2).",
              "let_in(): set_nonblocking(fd). turn(): send from `start` to `end`, add to `start` "
              "what was taken; EAGAIN: return 0. wishes_of(): POLLOUT while start < end, else "
              "POLLIN."},
    .by_hand = "nc 127.0.0.1 PORT </dev/zero | sleep 60 &    # then another: nc 127.0.0.1 PORT")
{
    struct program *server =
        launch(.program = "pollserver", .args = {"127.0.0.1", "0"}, .no_quarantine = true,
               .no_fill = true, .weather = "send 1 short 2");
    const char *where = listening(server);
    struct peer *witness = join(where);
    tried("let send() take only two of five bytes");
    suspect("send() may take less than it was given, and returns how many bytes it took. Keep the "
            "rest, and go on where send() stopped, when poll() says that there is room (POLLOUT).");
    chat(witness, BYTES("hello"));
    long before = look_at(server).kib;

    tried("sent without end in one client and read nothing of the echo");
    suspect("%s", STAYS);
    struct flood full = flood(server, where);
    tried("sent without end in one client and read nothing of the echo; meanwhile others wanted to "
          "be served");
    suspect("%s", STAYS);
    visit(where);
    chat(witness, BYTES("and I?"));
    struct peer *quick = join(where);
    chat(quick, (struct bytes){full.piece.at + 1, FLOOD_PIECE - 1});
    take_leave(quick);
    suspect("What a client has said and not read is the server's burden, unless it takes no more "
            "from it: ask for POLLIN only while there is room in the client's buffer.");
    long most = is_sanitized(server) ? 2048 : 1024;
    long more = look_at(server).kib - before;
    expect_that(more <= most, text("at most %ld KiB of memory for this client", most), "%ld KiB",
                more);
    suspect("poll() returns at once and the loop does nothing: ask for POLLIN only while you would "
            "take something, and for POLLOUT only while you have something to send.");
    expect_rest(server, REST_MS);

    tried("read the echo of all this in the end");
    suspect("Who reads slowly is not dropped, and loses nothing. What is left waits in a buffer of "
            "the client's own; go on where send() stopped, when poll() says that there is room "
            "again (POLLOUT).");
    expect_echo_of(
        full, "What is left waits in a buffer of the client's own; go on where send() stopped. "
              "An end of file, or an event like POLLRDHUP, is no reason to drop it: first all "
              "that the client has said goes back.");

    tried("stopped the server, let a client say a word and half-close, and continued it");
    suspect("An end of file, or an event like POLLRDHUP, is no reason to drop a client: first all "
            "that it has said goes back. recv() tells when there is no more, by 0.");
    struct peer *brief = join(where);
    chat(brief, BYTES("first"));
    stop_family(server);
    say(brief, BYTES("last"));
    half_close(brief);
    finish_saying(brief);
    go_on(server);
    expect_bytes(brief, BYTES("last"));
    expect_end_of_file(brief);

    tried("said %d KB, a little at a time, and read nothing of the echo before",
          PIECES * PIECE / 1000);
    struct peer *narrow = join_in_segments(where, PIECE + TIMESTAMPS);
    struct bytes words = noise(PIECES * PIECE);
    for (size_t i = 0; i < PIECES; i++) {
        say(narrow, (struct bytes){words.at + i * PIECE, PIECE});
        wait_until_idle(server);
    }
    suspect("%s", STAYS);
    chat(witness, BYTES("and now?"));
    suspect(
        "That there is no room just now (EAGAIN) is no failure: keep what was not sent, and wait "
        "for POLLOUT. Who reads slowly is not dropped, and loses nothing.");
    expect_bytes(narrow, words);
    take_leave(narrow);
    expect_broken_sends_harm_nobody(server, where);
    chat(witness, BYTES("good-bye"));
}

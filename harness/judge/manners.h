/*
 * manners.h - what every program of the course owes, whatever its lab is about: failures told in
 * the right words, a quiet standard output, nothing left of clients, an end for the whole family.
 */
#ifndef PLUMBLINE_JUDGE_MANNERS_H
#define PLUMBLINE_JUDGE_MANNERS_H

struct program;

/* A HOST that no resolver knows, without asking a network. */
#define UNKNOWN_HOST "no..name"

/* Starts NAME with these words, UNKNOWN_HOST among them, and demands exit 1 with gai_strerror(3)'s
 * reason and nothing on standard output. */
#define expect_unknown_host_told(...) expect_unknown_host_of((const char *[]){__VA_ARGS__, NULL})
void expect_unknown_host_of(const char *const words[]);

/* Starts a server twice, side by side: with a standard output that is full, and on a port (of
 * 127.0.0.1) that a socket of the test has, which shares it with nobody: another server of this
 * kind may. Both have to exit with 1, the second with the reason. The words are its command line
 * without the PORT, which is the last one. */
#define expect_bad_starts_told(...) expect_bad_starts_of((const char *[]){__VA_ARGS__, NULL})
void expect_bad_starts_of(const char *const words[]);

/* Nothing may have come on standard output since the last line that was taken. For a server that
 * prints its first line only; to be asked when clients have come and gone. */
void expect_silence(struct program *server);

/* Lets clients come and go, and then as many again: the second time must leave no more behind in
 * the server's first process than the first time did: descriptors, children, zombies, threads. A
 * server may collect its children late, at its next client. visit(where) is one client that was
 * served and has left, or some; `visits` at least 4. For memory see expect_steady_memory(). */
void expect_nothing_stays(struct program *server, const char *where,
                          void (*visit)(const char *where), int visits);

/* Sends SIGTERM: the server and all processes that it made end (within a second; three are left to
 * the server and three to its children, and more on a busy machine), and nobody takes another
 * client at `where`. Of all programs that the step has started, this one alone may have children. A
 * server that was stopped is continued. */
void expect_end_of_family(struct program *server, const char *where);

#endif

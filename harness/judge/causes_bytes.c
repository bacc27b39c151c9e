/*
 * causes_bytes.c - rows of the table of causes (see causes.h): bytes that move, and descriptors.
 */
#include "evidence.h"

#include "program.h"
#include "stage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* The next call of this thread on the same object that moves bytes out. */
static size_t next_out(const struct evidence *e, size_t i)
{
    for (size_t j = i + 1; j < e->count; j++)
        if (own(e, j) && own(e, j)->thread == own(e, i)->thread && moves_out(own(e, j)) &&
            own(e, j)->argument[0] == own(e, i)->argument[0])
            return j;
    return NONE;
}

const char *failure_as_count(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r && (moves_out(r) || moves_in(r)) && r->call != CALL_writev && r->call != CALL_readv &&
            r->argument[2] < 0)
            return text("%s() was given a length of %lld: the -1 of a call that failed is no "
                        "number of bytes.",
                        call_name(r), (long long)r->argument[2]);
    }
    return NULL;
}

/* Whether this thread's last call that took bytes from the same object got all that it asked for:
 * then its buffer is full. */
static bool got_all_before(const struct evidence *e, size_t i)
{
    for (size_t j = i; j-- > 0;) {
        const struct probe_record *r = own(e, j);
        if (r && r->thread == own(e, i)->thread && moves_in(r) &&
            r->argument[0] == own(e, i)->argument[0] && object_of(e, j) == object_of(e, i))
            return r->argument[2] > 0 && returned(r, r->argument[2]);
    }
    return false;
}

/* A file's end is known, and who has nothing left to get may ask for 0 bytes. */
const char *asks_for_nothing(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (r && moves_in(r) && r->argument[2] == 0 && returned(r, 0) && !is_about(e, i, OPENED) &&
            got_all_before(e, i))
            return text("%s() was asked for 0 bytes, for the buffer was full, and its 0 looks like "
                        "an end of file: make room first.",
                        call_name(r));
    }
    return NULL;
}

/* On one and the same descriptor of one process: many clients have an end each. */
const char *end_of_file_unseen(const struct evidence *e)
{
    size_t zeros = 0, i = NONE;
    for (size_t j = 0; j < e->count && zeros < 100; j++) {
        const struct probe_record *r = own(e, j);
        if (!r || !moves_in(r) || !returned(r, 0) || r->argument[2] <= 0)
            continue;
        bool same = i != NONE && own(e, i)->process == r->process && object_of(e, i) != -1 &&
                    object_of(e, i) == object_of(e, j);
        zeros = same ? zeros + 1 : 1;
        i = j;
    }
    if (zeros < 100)
        return NULL;
    return text("%s() returned 0, which is the end of file, and is called again and again: stop "
                "reading there.",
                call_name(own(e, i)));
}

const char *spins(const struct evidence *e)
{
    size_t again = 0, polled = 0, in_vain = 0, full = 0, in_a_row = 0;
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r)
            continue;
        /* Who reads until EAGAIN each time that something has come is right. */
        in_a_row = r->error == EAGAIN ? in_a_row + 1 : moves_in(r) || moves_out(r) ? 0 : in_a_row;
        again = in_a_row > again ? in_a_row : again;
        full += r->error == EMFILE || r->error == ENFILE;
        bool polls = r->call == CALL_poll || r->call == CALL_ppoll;
        polled += polls && r->result > 0;
        in_vain += polls && r->result == 0 && r->argument[2] == 0;
    }
    if (full > 200)
        return "accept() fails again at once while descriptors are short (EMFILE): wait a moment "
               "before the next try, or the loop burns a processor.";
    if (in_vain > 200)
        return "poll() with a time-out of 0 does not wait: asked again and again, it burns a "
               "processor. -1 waits until there is something to do.";
    if (again > 200)
        return "The descriptor does not block, and the call fails with EAGAIN again and again: "
               "wait in poll() until it is ready.";
    if (polled > e->count / 2 && polled > 500)
        return "poll() returns at once each time, for something that is ready and not used: look "
               "at revents (POLLERR and POLLHUP come unasked), and ask for POLLIN and POLLOUT "
               "only while you can use them.";
    return NULL;
}

const char *killed_by_sigpipe(const struct evidence *e)
{
    if (!e->program->ended || !WIFSIGNALED(e->program->status) ||
        WTERMSIG(e->program->status) != SIGPIPE)
        return NULL;
    return "Writing to a peer that has gone raises SIGPIPE, which kills the process: ignore the "
           "signal, or send with MSG_NOSIGNAL; then the call fails with EPIPE.";
}

/* What this thread read between two calls went to `buffer`, or to less than `length` behind it: the
 * bytes there are others by now. If it went right behind the rest, they were added to that. */
static bool filled_between(const struct evidence *e, size_t i, size_t j, int64_t buffer,
                           int64_t length)
{
    for (size_t k = i + 1; k < j; k++)
        if (own(e, k) && own(e, k)->thread == own(e, i)->thread && moves_in(own(e, k)) &&
            own(e, k)->result > 0 && own(e, k)->argument[1] >= buffer &&
            own(e, k)->argument[1] < buffer + length)
            return true;
    return false;
}

/* Whether the program has ended after another call of this thread failed: then it had no chance to
 * send more. */
static bool gave_up_after(const struct evidence *e, size_t i)
{
    if (!e->program->ended)
        return false;
    for (size_t k = i + 1; k < e->count; k++)
        if (own(e, k) && own(e, k)->thread == own(e, i)->thread && returned(own(e, k), -1) &&
            own(e, k)->error != EAGAIN && own(e, k)->error != EINPROGRESS)
            return true;
    return false;
}

/* A short call's rest: sent next from where the first stopped (or, moved to the front of the
 * buffer, by its length), else lost or sent twice. */
const char *rest_not_sent(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || !moves_out(r) || is_unfinished(r) || r->result < 0 ||
            r->argument[2] <= r->result || r->call == CALL_writev || r->call == CALL_sendmsg)
            continue;
        size_t j = next_out(e, i);
        if (next_of_thread(e, i) == NONE || !unbroken(e, i, j))
            continue; /* what came behind is not known */
        if (j == NONE && gave_up_after(e, i))
            continue;
        long long left = r->argument[2] - r->result;
        const struct probe_record *next = j == NONE ? NULL : own(e, j);
        if (next &&
            (next->argument[1] == r->argument[1] + r->result || next->argument[2] == left ||
             (next->argument[2] > left && filled_between(e, i, j, next->argument[1] + left, 1))))
            continue;
        if (next && next->argument[1] == r->argument[1] && next->argument[2] == r->argument[2] &&
            !filled_between(e, i, j, r->argument[1], r->argument[2])) {
            if (r->result == 0)
                continue;
            return text("After %s() took %lld of %lld bytes%s, all of them were sent again: go on "
                        "behind those that have gone.",
                        call_name(r), (long long)r->result, (long long)r->argument[2],
                        at_line(e, i));
        }
        return text("%s() took %lld of %lld bytes%s, and the other %lld were never sent: call it "
                    "again for the rest.",
                    call_name(r), (long long)r->result, (long long)r->argument[2], at_line(e, i),
                    left);
    }
    return NULL;
}

const char *interrupt_was_fatal(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        if (!r || r->error != EINTR || !(moves_in(r) || moves_out(r) || waits_for_child(r)))
            continue;
        size_t j = next_of_thread(e, i);
        bool ends = j == NONE || ends_process(own(e, j)) ||
                    (own(e, j)->call == CALL_close && own(e, j)->argument[0] == r->argument[0]);
        if (ends && unbroken(e, i, j))
            return text("%s() was interrupted by a signal (EINTR), which is no failure: call it "
                        "again.",
                        call_name(r));
    }
    return NULL;
}

/* To be sure that a standard descriptor is free before a dup2(), one closes it, open or not. */
static bool is_harmless(const struct probe_record *record)
{
    return record->call == CALL_close && record->argument[0] >= 0 && record->argument[0] <= 2;
}

const char *bad_descriptor(const struct evidence *e)
{
    for (size_t i = e->count; i-- > 0;) {
        const struct probe_record *r = own(e, i);
        if (!r || r->error != EBADF || r->call == CALL_fcntl || is_harmless(r))
            continue;
        if (r->argument[0] < 0)
            return text(
                "%s() was given descriptor %lld: a call that failed before returned it, and "
                "nobody looked.",
                call_name(r), (long long)r->argument[0]);
        for (size_t j = i; j-- > 0;) {
            const struct probe_record *c = own(e, j);
            if (c && c->call == CALL_close && c->process == r->process && c->result == 0 &&
                c->argument[0] == r->argument[0] && unbroken(e, j, i))
                return text("%s(%lld) failed with EBADF: the descriptor was closed before,%s.",
                            call_name(r), (long long)r->argument[0], at_line(e, j));
        }
    }
    return NULL;
}

const char *no_socket(const struct evidence *e)
{
    for (size_t i = 0; i < e->count; i++) {
        const struct probe_record *r = own(e, i);
        const char *name = r ? object_name(e->account->ledger, object_of(e, i)) : NULL;
        if (r && r->error == ENOTSOCK)
            return text("%s(%lld) failed with ENOTSOCK: %s is no socket.", call_name(r),
                        (long long)r->argument[0], name ? name : "that descriptor");
    }
    return NULL;
}

const char *not_flushed(const struct evidence *e)
{
    if (!strstr(e->symptom->came, "nothing on its standard output") || e->program->ended)
        return NULL;
    return "If it was printed: printf() keeps what it is given until the buffer is full, for "
           "standard output is no terminal here. fflush(stdout) hands it on.";
}

/*
 * causes_ends.c - rows of the table of causes (see causes.h): what a program says of its failures,
 * and how it ends. They ask what was expected first, and so say nothing of what is right.
 */
#include "evidence.h"

#include "program.h"
#include "stage.h"
#include "world.h"

#include <errno.h>
#include <string.h>

/* The words that were expected on standard error: "\"No such file\" on standard error". */
static const char *reason_expected(const struct evidence *e)
{
    const char *expected = e->symptom->expected, *end = strstr(expected, "\" on standard error");
    return *expected == '"' && end ? text("%.*s", (int)(end - expected - 1), expected + 1) : NULL;
}

/* The reason that was told is that of a later call than the one that failed. */
const char *errno_overwritten(const struct evidence *e)
{
    const char *expected = reason_expected(e);
    size_t i = NONE;
    for (size_t j = 0; expected && j < e->count; j++) {
        const struct probe_record *r = own(e, j);
        if (!r || !r->error)
            continue;
        if (strcmp(reason(r->error), expected) == 0)
            i = j;
        else if (i != NONE && own(e, i)->thread == r->thread &&
                 strstr(e->symptom->came, reason(r->error)))
            return text("%s() failed with %s, and then %s() with %s: errno tells of the call that "
                        "failed last, so use it, or keep it, before the next one.",
                        call_name(own(e, i)), strerrorname_np(own(e, i)->error), call_name(r),
                        strerrorname_np(r->error));
    }
    return NULL;
}

const char *reason_on_stdout(const struct evidence *e)
{
    const char *expected = reason_expected(e);
    struct bytes said = buffer_content(&e->program->said);
    return expected && memmem(said.at, said.length, expected, strlen(expected))
               ? "It was written to standard output: what goes wrong is told on standard error."
               : NULL;
}

/* A failure that means something else in many programs: later, no more, nobody there. */
static bool is_no_failure(const struct probe_record *r)
{
    static const int errors[] = {EAGAIN, EINTR, EINPROGRESS, ETIMEDOUT, ECHILD};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (r->error == errors[i])
            return true;
    return r->call == CALL_close || r->call == CALL_unlink || r->call == CALL_shutdown ||
           r->call == CALL_setsockopt || r->call == CALL_fcntl;
}

const char *failure_unheeded(const struct evidence *e)
{
    static const char success[] = "exit code 0";
    if (strcmp(e->symptom->expected, "exit code 1") != 0 ||
        strncmp(e->symptom->came, success, strlen(success)) != 0)
        return NULL;
    if (e->symptom->came[strlen(success)] != '\0') /* ", saying ..." */
        return "The failure was told, and the exit code is 0 all the same: it has to be 1.";
    if (e->account->transcript->lost > 0) /* it may have worked the second time */
        return NULL;
    for (size_t i = e->count; i-- > 0;) {
        const struct probe_record *r = own(e, i);
        if (!r || !r->error || is_no_failure(r))
            continue;
        for (size_t j = i + 1; j < e->count; j++)
            if (own(e, j) && own(e, j)->call == r->call && !own(e, j)->error)
                return NULL;
        return text("%s() failed with %s%s, and the exit code is 0 all the same: look at what it "
                    "returns.",
                    call_name(r), strerrorname_np(r->error), at_line(e, i));
    }
    return NULL;
}

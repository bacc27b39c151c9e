/*
 * calls.h - inside the drawing of `make trace`: the calls by name, how they read, what they do.
 */
#ifndef PLUMBLINE_TRACE_CALLS_H
#define PLUMBLINE_TRACE_CALLS_H

#include "trace.h"

enum part {         /* what a call is to others, for the order of moments */
            ALONE,  /* it neither causes nor awaits anything */
            CAUSES, /* others may wait for what it does: it counts from its begin */
            AWAITS, /* it may wait for others: it counts from its end */
};

struct call {
    const char *name;
    const char *form; /* its arguments: letters with a digit are explained at call_text() */
    enum part part;
    const char *page;     /* "accept(2)" */
    const char *sentence; /* what it does, in a few words of ours */
};

/* The entry; an unknown name gets one of its own, with that name. */
const struct call *find_call(const char *name);

/* "accept(3) = 4", "accept(3)" while it has not returned. */
const char *call_text(const struct event *event, enum phase phase);

/* Bytes as a person reads them, in quotes, at most about `most` characters. */
const char *quoted(struct data data, size_t most);

#endif

/*
 * printed.c - finds out by which call output left a program (see trace.h).
 *
 * What a program prints through stdio leaves it inside libc, where no write() is seen; the test
 * sees it come. It is told with the call of stdio that let it go, once.
 */
#include "calls.h"
#include "trace.h"

#include <string.h>

bool is_print(const struct event *event)
{
    static const char *const names[] = {"printf", "fprintf", "puts", "fputs", "fwrite", "perror"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (event->kind == CALL && strcmp(event->call->name, names[i]) == 0)
            return true;
    return false;
}

static bool is_flush(const struct event *event)
{
    return event->kind == CALL && strcmp(event->call->name, "fflush") == 0;
}

/* True for a call on the stream from which this output came, before it came. */
static bool is_behind(const struct event *event, const struct event *said)
{
    return event->kind == CALL && event->program == said->program && event->at < said->at &&
           event->argument[0] == said->result && !event->error && !event->hidden && !event->printed;
}

/* Bytes that write() was seen to write on this stream up to that time, less what came before. */
static long long written_by_calls(const struct trace *trace, const struct event *said)
{
    long long sum = 0;
    for (int i = 0; i < trace->events; i++) {
        const struct event *event = &trace->event[i];
        if (is_behind(event, said) && strncmp(event->call->name, "write", 5) == 0)
            sum += event->result;
        if (event->kind == SAID && event < said && event->program == said->program &&
            event->result == said->result && event->hidden)
            sum -= (long long)event->data.whole;
    }
    return sum;
}

/* The output belongs to the last flush before it, or else to the last call that printed; other
 * calls that had a part in it are not shown. */
static void find_printer(struct trace *trace, struct event *said)
{
    struct event *printer = NULL;
    for (int i = 0; i < trace->events; i++) {
        struct event *event = &trace->event[i];
        bool better =
            is_flush(event)
                ? !printer || !is_flush(printer) || event->at > printer->at
                : is_print(event) && (!printer || (!is_flush(printer) && event->at > printer->at));
        if (is_behind(event, said) && better)
            printer = event;
    }
    for (int i = 0; i < trace->events && printer; i++) {
        struct event *event = &trace->event[i];
        if (is_behind(event, said) && (is_print(event) || is_flush(event)) && event != printer &&
            event->at < printer->at)
            event->hidden = true;
    }
    if (printer) {
        printer->printed = &said->data;
        said->hidden = true;
    }
}

/* True if the program's last output on that stream was this one's beginning: no call between. */
static bool continues(const struct trace *trace, const struct event *said)
{
    const struct event *before = NULL;
    for (const struct event *event = trace->event; event < said; event++)
        if (event->kind == SAID && event->program == said->program &&
            event->result == said->result && !event->hidden)
            before = event;
    for (int i = 0; i < trace->events && before; i++) {
        const struct event *event = &trace->event[i];
        if (event->kind == CALL && event->program == said->program && event->at > before->at &&
            event->at < said->at)
            return false;
    }
    return before && said->result == 2;
}

void find_printers(struct trace *trace)
{
    for (int i = 0; i < trace->events; i++) {
        struct event *event = &trace->event[i];
        if (event->kind == SAID && written_by_calls(trace, event) >= (long long)event->data.whole)
            event->hidden = true;
        else if (event->kind == SAID && continues(trace, event))
            event->hidden = true; /* a sanitizer's report, say */
        else if (event->kind == SAID)
            find_printer(trace, event);
    }
    for (int i = 0; i < trace->events; i++) { /* what every tool does before it ends */
        struct event *event = &trace->event[i];
        if (is_flush(event) && !event->printed && !event->file)
            event->hidden = true;
    }
}

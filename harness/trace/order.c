/*
 * order.c - from events to moments and lanes (see trace.h).
 *
 * Programs run at the same time, so what happened "before" is taken from causes: a call that others
 * may wait for (send, close, connect) counts from its begin, one that waits (recv, accept) from its
 * end. So nothing is received before it was sent. A call during which something else happened is
 * shown twice: where it goes to sleep and where it returns.
 */
#include "calls.h"
#include "trace.h"

#include "../runner/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    SLEEP_NS = 300 * 1000,        /* a call that waits takes that long at least */
    STUCK_NS = 100 * 1000 * 1000, /* one that seldom waits, like send() */
    COLUMNS_FOR_CHILDREN = 5,
};

/* --- lanes --- */

static int lane_of(const struct trace *trace, int process, int thread)
{
    for (int i = trace->lanes - 1; i >= 0; i--) /* a number may be used again: the latest */
        if (trace->lane[i].process == process && (trace->lane[i].thread == thread || !thread))
            return i;
    return -1;
}

/* The lane of a process's first thread. */
static int main_lane(const struct trace *trace, int process)
{
    int lane = lane_of(trace, process, process);
    return lane != -1 ? lane : lane_of(trace, process, 0);
}

static int program_lane(const struct trace *trace, int program)
{
    for (int i = 0; i < trace->lanes; i++)
        if (trace->lane[i].program == program)
            return i;
    return -1;
}

static int add_lane(struct trace *trace, const struct event *event)
{
    struct lane lane = {.program = event->program, .process = event->process, .parent = -1};
    int sibling = main_lane(trace, event->process);
    lane.thread = event->thread ? event->thread : event->process;
    lane.first = lane.last = -1;
    lane.name = event->program == -1 ? "?" : trace->program[event->program].name;
    lane.arguments = "a child";
    lane.helper = sibling != -1 && !trace->lane[sibling].ended;
    if (event->kind == START)
        lane.arguments = trace->program[event->program].arguments;
    if (lane.helper) {
        lane.parent = sibling;
        lane.arguments = "a thread";
    }
    trace->lane = room_for(trace->lane, trace->lanes, sizeof lane);
    trace->lane[trace->lanes] = lane;
    return trace->lanes++;
}

/* A child that ran another program is known by that. */
static void rename_lane(struct lane *lane, const char *command)
{
    const char *blank = command ? strchr(command, ' ') : NULL;
    if (!command)
        return;
    const char *slash = command;
    for (const char *c = command; *c && c != blank; c++)
        slash = *c == '/' ? c + 1 : slash;
    lane->name = blank ? text("%.*s", (int)(blank - slash), slash) : slash;
    lane->arguments = blank ? blank + 1 : "";
}

/* --- moments --- */

static long long time_of(const struct event *event)
{
    if (event->kind == CALL && event->call->part == AWAITS && event->end)
        return event->end;
    return event->at;
}

struct draft { /* a moment to be */
    const struct event *event;
    enum phase phase;
    long long at;
};

struct drafts {
    struct draft *draft;
    int count;
};

static int by_time(const void *a, const void *b)
{
    const struct draft *one = a, *other = b;
    if (one->at != other->at)
        return one->at < other->at ? -1 : 1;
    return one->event < other->event ? -1 : one->event > other->event;
}

static void add_draft(struct drafts *drafts, const struct event *event, enum phase phase,
                      long long at)
{
    drafts->draft = room_for(drafts->draft, drafts->count, sizeof *drafts->draft);
    drafts->draft[drafts->count++] = (struct draft){event, phase, at};
}

/* How long this call takes at least if it sleeps; 0: it never does. */
static long long least_sleep(const struct event *event)
{
    static const char *const seldom[] = {"connect", "send",    "sendto", "sendmsg", "write",
                                         "writev",  "mq_send", "msgsnd", "sendfile"};
    if (event->kind != CALL)
        return 0;
    for (size_t i = 0; i < sizeof seldom / sizeof seldom[0]; i++)
        if (strcmp(event->call->name, seldom[i]) == 0)
            return STUCK_NS;
    return event->call->part == AWAITS ? SLEEP_NS : 0;
}

static bool never_returns(const struct event *event)
{
    const char *name = event->call->name;
    return strncmp(name, "exec", 4) == 0 || strcmp(name, "fexecve") == 0 ||
           strcmp(name, "exit") == 0 || strcmp(name, "_exit") == 0;
}

/* True if another thread did something between the begin and the end of this call. */
static bool something_meanwhile(const struct trace *trace, const struct event *event)
{
    for (int i = 0; i < trace->events; i++) {
        const struct event *other = &trace->event[i];
        long long at = time_of(other);
        if (at > event->at && at < event->end && other->kind != SAID &&
            (other->thread != event->thread || other->process != event->process))
            return true;
    }
    return false;
}

static void draft_call(const struct trace *trace, struct drafts *drafts, const struct event *event)
{
    long long least = least_sleep(event);
    bool slept = least && event->end - event->at >= least;
    if (event->end == 0 && !never_returns(event)) {
        add_draft(drafts, event, BEGINS, event->at);
    } else if (slept && something_meanwhile(trace, event)) {
        add_draft(drafts, event, BEGINS, event->at);
        add_draft(drafts, event, RETURNS, event->end);
    } else {
        add_draft(drafts, event, WHOLE, time_of(event));
    }
}

/* --- what programs printed, and no call that is known had a part in it --- */

/* The call in which a thread of the program slept when its output came, if all of them did; the
 * output was written before. */
static const struct event *asleep_at(const struct trace *trace, const struct event *said)
{
    const struct event *last = NULL;
    for (int i = 0; i < trace->events; i++) {
        const struct event *event = &trace->event[i];
        if (event->kind == CALL && event->program == said->program && event->at < said->at &&
            (!last || event->at > last->at))
            last = event;
    }
    bool sleeps = last && least_sleep(last) && (last->end == 0 || last->end > said->at);
    return sleeps ? last : NULL;
}

/* --- all in order --- */

static struct drafts draft_all(const struct trace *trace)
{
    struct drafts drafts = {0};
    for (int i = 0; i < trace->events; i++) {
        const struct event *event = &trace->event[i];
        if (event->hidden) {
            continue;
        } else if (event->kind == CALL) {
            draft_call(trace, &drafts, event);
        } else if (event->kind == SAID) {
            const struct event *sleep = asleep_at(trace, event);
            add_draft(&drafts, event, WHOLE, sleep ? sleep->at - 1 : event->at);
        } else {
            add_draft(&drafts, event, WHOLE, event->at);
        }
    }
    qsort(drafts.draft, (size_t)drafts.count, sizeof *drafts.draft, by_time);
    return drafts;
}

/* The lane that printed something: of those that do not wait, the one that was last heard of. */
static int printing_lane(const struct trace *trace, const struct event *said)
{
    int best = program_lane(trace, said->program);
    for (int i = 0; i < trace->lanes; i++) {
        const struct lane *lane = &trace->lane[i];
        if (lane->program == said->program && !lane->ended &&
            !waits_at(trace, i, trace->moments - 1) && lane->last > trace->lane[best].last)
            best = i;
    }
    return best;
}

/* True for the start of what the story started itself; START has told it. */
static bool is_told(struct trace *trace, const struct event *event)
{
    int index = lane_of(trace, event->process, event->thread);
    if (index == -1)
        return false;
    struct lane *lane = &trace->lane[index];
    bool first = lane->images++ == 0 && program_lane(trace, lane->program) == index;
    if (!first)
        rename_lane(lane, event->text);
    return first;
}

static int lane_for(struct trace *trace, const struct event *event)
{
    switch (event->kind) {
    case SCENE:
        return -1;
    case CALL: {
        int lane = lane_of(trace, event->process, event->thread);
        return lane != -1 && !trace->lane[lane].ended ? lane : add_lane(trace, event);
    }
    case START:
        return add_lane(trace, event);
    case SAID:
        return printing_lane(trace, event);
    default:
        return program_lane(trace, event->program);
    }
}

static const char *status_text(int status)
{
    if (WIFSIGNALED(status))
        return text("killed by %s", WTERMSIG(status) == SIGTERM   ? "SIGTERM"
                                    : WTERMSIG(status) == SIGKILL ? "SIGKILL"
                                    : WTERMSIG(status) == SIGSEGV ? "SIGSEGV"
                                    : WTERMSIG(status) == SIGPIPE ? "SIGPIPE"
                                    : WTERMSIG(status) == SIGABRT
                                        ? "SIGABRT"
                                        : text("signal %d", WTERMSIG(status)));
    return text("exit code %d", WEXITSTATUS(status));
}

static const char *moment_text(const struct event *event, enum phase phase)
{
    switch (event->kind) {
    case CALL:
        return event->printed && is_print(event) ? "prints" : call_text(event, phase);
    case SCENE:
        return event->text ? event->text : "";
    case START:
        return "starts";
    case SAID:
        return event->result == 2 ? "prints an error" : "prints";
    case FED:
        return "standard input gets";
    case INPUT_END:
        return "standard input ends";
    default:
        return text("ends: %s", status_text((int)event->result));
    }
}

/* What came back beside the result. */
static const char *moment_note(const struct event *event, enum phase phase)
{
    if (event->kind == SAID || event->kind == FED || event->printed)
        return quoted(event->printed ? *event->printed : event->data, 48);
    if (event->kind != CALL || phase == BEGINS || event->end == 0 || event->error)
        return NULL;
    if (strncmp(event->call->name, "wait", 4) == 0 && event->result > 0 &&
        strcmp(event->call->name, "waitid") != 0)
        return status_text((int)event->argument[1]);
    if (strncmp(event->call->name, "accept", 6) == 0 && event->address)
        return text("from %s", event->address);
    if (strncmp(event->call->name, "get", 3) == 0 && event->address)
        return event->address;
    if (event->call->part == AWAITS && event->result == 0 && event->argument[2] > 0 &&
        (strncmp(event->call->name, "re", 2) == 0))
        return "end of file";
    if (event->call->part == AWAITS && event->result > 0 && event->data.length &&
        strcmp(event->call->name, "open") != 0 && strstr(event->call->name, "poll") == NULL)
        return quoted(event->data, 32);
    return NULL;
}

/* A process that was waited for, or that says so itself, has ended. */
static void note_end(struct trace *trace, const struct moment *moment)
{
    const struct event *event = moment->event;
    int ended = -1;
    if (event->kind == END)
        ended = moment->lane;
    else if (event->kind == CALL && strncmp(event->call->name, "wait", 4) == 0 &&
             moment->phase != BEGINS && event->result > 0)
        ended = main_lane(trace, (int)event->result);
    if (ended == -1)
        return;
    for (int i = 0; i < trace->lanes; i++)
        if (trace->lane[i].process == trace->lane[ended].process)
            trace->lane[i].ended = true;
}

static void add_moment(struct trace *trace, const struct draft *draft)
{
    const struct event *event = draft->event;
    struct moment moment = {.event = event, .phase = draft->phase, .to = -1};
    if (event->kind == CALL && strcmp(event->call->name, "start") == 0 && is_told(trace, event))
        return;
    moment.lane = moment.from = lane_for(trace, event);
    if (moment.lane == -1 && event->kind != SCENE)
        return;
    moment.text = moment_text(event, draft->phase);
    moment.note = moment_note(event, draft->phase);
    moment.failed = event->kind == CALL && event->error && draft->phase != BEGINS &&
                    strcmp(event->error, "EINPROGRESS") != 0 &&
                    strcmp(event->error, "EAGAIN") != 0 && strcmp(event->error, "EINTR") != 0;
    trace->moment = room_for(trace->moment, trace->moments, sizeof moment);
    trace->moment[trace->moments] = moment;
    if (moment.lane != -1) {
        struct lane *lane = &trace->lane[moment.lane];
        lane->first = lane->first == -1 ? trace->moments : lane->first;
        lane->last = trace->moments;
    }
    note_end(trace, &trace->moment[trace->moments++]);
}

/* A child's lane belongs to the lane that forked it. */
static void find_parents(struct trace *trace)
{
    for (int i = 0; i < trace->moments; i++) {
        struct moment *moment = &trace->moment[i];
        const struct event *event = moment->event;
        if (event->kind != CALL || event->call->part != CAUSES || moment->phase == RETURNS)
            continue;
        bool forks = strcmp(event->call->name, "fork") == 0 && event->result > 0;
        bool threads = strcmp(event->call->name, "pthread_create") == 0 && event->result == 0;
        for (int j = 0; j < trace->lanes && (forks || threads); j++) {
            struct lane *lane = &trace->lane[j];
            if (lane->first < i || lane == &trace->lane[moment->lane])
                continue;
            bool child = forks && lane->process == event->result && !lane->helper;
            bool thread = threads && lane->process == event->process && lane->helper &&
                          lane->arguments && strcmp(lane->arguments, "a thread") == 0;
            if (!child && !thread)
                continue;
            lane->parent = moment->lane;
            lane->first = i;
            if (thread)
                lane->arguments = text("thread %d", j + 1);
            moment->arrow = BIRTH_ARROW;
            moment->to = j;
            break;
        }
    }
}

/* The lane that was the last in this column before this one; -1: none. */
static int before_in_column(const struct trace *trace, int column, int lane)
{
    int found = -1;
    for (int i = 0; i < lane; i++)
        if (trace->lane[i].column == column)
            found = i;
    return found;
}

/* How well this column suits the lane: 0 is not at all, another life goes on there. */
static int suitability(const struct trace *trace, int column, int lane)
{
    const struct lane *mine = &trace->lane[lane];
    for (int i = 0; i < lane; i++) {
        const struct lane *other = &trace->lane[i];
        if (other->column == column &&
            ((!other->ended && !other->helper) || other->last >= mine->first))
            return 0;
    }
    const struct lane *before = &trace->lane[before_in_column(trace, column, lane)];
    return strcmp(before->name, mine->name) == 0 ? 2 : 1;
}

/* One column for lives that follow each other, of the same program if there is one; a child gets
 * one of its own while there is room. */
static void give_columns(struct trace *trace)
{
    for (int i = 0; i < trace->lanes; i++) {
        struct lane *lane = &trace->lane[i];
        int best = 0;
        bool shares = lane->parent == -1 || trace->columns >= COLUMNS_FOR_CHILDREN;
        lane->column = -1;
        for (int column = 0; column < trace->columns && shares; column++)
            if (suitability(trace, column, i) > best) {
                best = suitability(trace, column, i);
                lane->column = column;
            }
        if (lane->column == -1)
            lane->column = trace->columns++;
    }
}

bool waits_at(const struct trace *trace, int lane, int moment)
{
    for (int i = moment < trace->moments ? moment : trace->moments - 1; i >= 0; i--)
        if (trace->moment[i].lane == lane)
            return trace->moment[i].event->kind == CALL && trace->moment[i].phase == BEGINS;
    return false;
}

void order_moments(struct trace *trace)
{
    find_printers(trace);
    struct drafts drafts = draft_all(trace);
    for (int i = 0; i < drafts.count; i++)
        add_moment(trace, &drafts.draft[i]);
    free(drafts.draft);
    find_parents(trace);
    give_columns(trace);
}

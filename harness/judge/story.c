/*
 * story.c - notes down what happens in a story (see story.h).
 *
 * The trace is a text file. Its first line is "plumbline-trace 1"; each other one is a word and
 * fields KEY=VALUE between tabs, where \t \n \r \\ and \xNN in a value stand for bytes:
 *
 *     run        lab, title, tree, verdict, expected, came; lost: calls that were too many
 *     program    name, arguments, build (student, reference): those of the story, counted from 0
 *     scene      at, text: what comes next; `at` is in nanoseconds
 *     start      at, program, process
 *     call       at, end (0: it did not return), program, process, thread, call, arguments (numbers
 *                between commas), result, error, address, data, whole (its length), where
 *     said       at, program, stream, data, whole
 *     fed, input-end, end     at, program; data; status (as wait() gives it)
 *
 * Lines need not be in the order of time. harness/trace reads it.
 */
#include "story.h"

#include "address.h"
#include "program.h"
#include "stage.h"
#include "transcript.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

enum { DATA_KEPT = 64, MOST_PROGRAMS = 64 };

static struct {
    FILE *notes;
    char *text;
    size_t size;
    const struct program *program[MOST_PROGRAMS];
    int programs;
} story;

long long story_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Where notes go; NULL if nothing is to be noted. */
static FILE *notes(void)
{
    if (!story.notes && getenv("PLUMBLINE_TRACE"))
        story.notes = open_memstream(&story.text, &story.size);
    return story.notes;
}

/* --- fields --- */

static void put_bytes(const char *key, const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    fprintf(story.notes, "\t%s=", key);
    for (size_t i = 0; i < length; i++)
        if (at[i] == '\\')
            fputs("\\\\", story.notes);
        else if (at[i] < 0x20 || at[i] >= 0x7f)
            fprintf(story.notes, "\\x%02x", at[i]);
        else
            fputc(at[i], story.notes);
}

static void put_words(const char *key, const char *words)
{
    if (words)
        put_bytes(key, words, strlen(words));
}

static void put_number(const char *key, long long number)
{
    fprintf(story.notes, "\t%s=%lld", key, number);
}

/* A few bytes, and how many there were. */
static void put_data(struct bytes bytes)
{
    put_bytes("data", bytes.at, bytes.length < DATA_KEPT ? bytes.length : DATA_KEPT);
    put_number("whole", (long long)bytes.length);
}

static int number_of(const struct program *program)
{
    for (int i = 0; i < story.programs; i++)
        if (story.program[i] == program)
            return i;
    return -1;
}

/* Begins a note about a program; false if it is not in the story (a tool, say). */
static bool begin(const char *kind, const struct program *program, long long at)
{
    if (!notes() || number_of(program) == -1)
        return false;
    fputs(kind, story.notes);
    put_number("at", at);
    put_number("program", number_of(program));
    return true;
}

static void end_line(void)
{
    fputc('\n', story.notes);
}

/* --- notes --- */

void story_scene(const char *words)
{
    if (!notes())
        return;
    fputs("scene", story.notes);
    put_number("at", story_time());
    put_words("text", words);
    end_line();
}

void story_started(const struct program *program, long long at)
{
    if (!notes() || story.programs == MOST_PROGRAMS)
        return;
    const char *words = "";
    for (int i = 0; i < ARGS && program->how->args[i]; i++)
        words = text("%s%s%s", words, *words ? " " : "",
                     *program->how->args[i] ? program->how->args[i] : "''");
    fputs("program", story.notes);
    put_words("name", program->name);
    put_words("arguments", words);
    put_words("build", program->how->build == REFERENCE ? "reference" : "student");
    end_line();
    story.program[story.programs++] = program;
    begin("start", program, at);
    put_number("process", program->pid);
    end_line();
}

void story_said(const struct program *program, int stream, struct bytes bytes)
{
    if (!begin("said", program, story_time()))
        return;
    put_number("stream", stream);
    put_data(bytes);
    end_line();
}

void story_fed(const struct program *program, struct bytes bytes, long long at)
{
    if (!begin("fed", program, at))
        return;
    put_data(bytes);
    end_line();
}

void story_input_ended(const struct program *program)
{
    if (begin("input-end", program, story_time()))
        end_line();
}

void story_ended(const struct program *program)
{
    if (!begin("end", program, story_time()))
        return;
    put_number("status", program->status);
    end_line();
}

/* --- calls --- */

static const char *error_name(int error)
{
    const char *name = strerrorname_np(error);
    return name ? name : text("errno %d", error);
}

static const char *socket_address(const struct probe_record *record)
{
    union {
        struct sockaddr_storage storage;
        struct sockaddr_un local;
    } address = {0};
    memcpy(&address, record->address, record->address_length);
    if (address.storage.ss_family != AF_UNIX)
        return address_text(&address.storage);
    size_t room = record->address_length - offsetof(struct sockaddr_un, sun_path);
    if (record->address_length <= offsetof(struct sockaddr_un, sun_path))
        return "(no name)";
    return text("%s%.*s", address.local.sun_path[0] ? "" : "@",
                (int)(address.local.sun_path[0] ? room : room - 1),
                address.local.sun_path + !address.local.sun_path[0]);
}

/* The words of a command line that stand in a record with a NUL after each, joined by blanks. */
static const char *command_line(const struct probe_record *record)
{
    char words[PROBE_DATA + 1] = "";
    size_t length = record->data_length;
    memcpy(words, record->data, length);
    while (length > 0 && words[length - 1] == '\0')
        length--;
    for (size_t i = 0; i < length; i++)
        words[i] = words[i] ? words[i] : ' ';
    return text("%s", words);
}

/* How many bytes the call moved, of which the record may hold only the first. */
static long long moved(const struct probe_record *record)
{
    bool told = record->call == CALL_mq_send || record->call == CALL_mq_timedsend ||
                record->call == CALL_msgsnd ||
                (record->call >= CALL_printf && record->call <= CALL_perror);
    long long count = told ? record->argument[2] : record->result;
    return count > record->data_length ? count : record->data_length;
}

static void put_call(const struct transcript *transcript, size_t index)
{
    const struct probe_record *record = &transcript->record[index];
    if (!begin("call", transcript->program, (long long)record->began_ns))
        return;
    put_number("end", (long long)record->ended_ns);
    put_number("process", record->process);
    put_number("thread", record->thread);
    put_words("call", call_name(record));
    fputs("\targuments=", story.notes);
    for (int i = 0; i < PROBE_ARGUMENTS; i++)
        fprintf(story.notes, "%s%lld", i ? "," : "", (long long)record->argument[i]);
    put_number("result", record->result);
    if (record->error)
        put_words("error", error_name(record->error));
    if (record->address_length > sizeof(sa_family_t))
        put_words("address", socket_address(record));
    if (record->call == CALL_start)
        put_words("text", command_line(record));
    else if (record->data_length) {
        put_bytes("data", record->data, record->data_length);
        put_number("whole", moved(record));
    }
    put_words("where", transcript->line[index]);
    end_line();
}

/* What the program's own file did, and what it executed; not what a library did behind its back. */
static bool is_of_story(const struct transcript *transcript, size_t index)
{
    const struct probe_record *record = &transcript->record[index];
    return record->call == CALL_start || !is_own(transcript, record) || transcript->line[index] ||
           record->place[0];
}

static void put_calls(const struct program *program)
{
    struct transcript *transcript = transcript_of((struct program *)program);
    transcript_resolve(transcript);
    for (size_t i = 0; i < transcript->count; i++)
        if (is_of_story(transcript, i))
            put_call(transcript, i);
    if (transcript->lost > 0) {
        fputs("run", story.notes);
        put_number("lost", (long long)transcript->lost);
        end_line();
    }
}

void story_write(const char *verdict, const char *expected, const char *came)
{
    const char *path = getenv("PLUMBLINE_TRACE");
    if (!notes())
        return;
    for (int i = 0; i < story.programs; i++)
        put_calls(story.program[i]);
    fputs("run", story.notes);
    put_words("verdict", verdict);
    put_words("expected", expected);
    put_words("came", came);
    end_line();
    FILE *file = fopen(path, "a");
    if (fclose(story.notes) != 0 || !file ||
        fwrite(story.text, 1, story.size, file) != story.size || fclose(file) != 0)
        fprintf(stderr, "cannot write %s: %s\n", path, strerror(errno));
    unsetenv("PLUMBLINE_TRACE");
    story.notes = NULL;
}

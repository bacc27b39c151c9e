/*
 * transcript.c - runs a program under the probe and prints what was recorded; for tests/probe.bats.
 *
 * usage: PLUMBLINE_PROBE=LIBRARY PLUMBLINE_PROGRAMS=FOLDER PLUMBLINE_SCRATCH=FOLDER
 *        transcript PROGRAM [ARG]...
 *
 * The program's standard output goes to standard output, its standard error to standard error, and
 * the calls to descriptor 3, one a line: PROCESS IMAGE NAME(ARGUMENTS) = RESULT ERROR PLACE DATA.
 * Processes are numbered in the order in which they appear. The last line is the usual cause if
 * $EXPECTED was expected and $CAME came; without them, if the program had failed to end a
 * connection and to print. Exits with the program's status, or with
 * 124 if that stands still.
 */
#include "transcript.h"
#include "causes.h"
#include "program.h"
#include "stage.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int number_of(pid_t process)
{
    static pid_t known[64];
    for (int i = 0; i < 64; i++)
        if (known[i] == process || known[i] == 0) {
            known[i] = process;
            return i + 1;
        }
    return 0;
}

static void print(const struct transcript *transcript, size_t i)
{
    const struct probe_record *record = &transcript->record[i];
    dprintf(3, "%d %s %s(", number_of(record->process), image_name(transcript, record),
            call_name(record));
    for (int j = 0; j < PROBE_ARGUMENTS; j++)
        dprintf(3, "%s%lld", j ? ", " : "", (long long)record->argument[j]);
    if (is_unfinished(record))
        dprintf(3, ") unfinished");
    else
        dprintf(3, ") = %lld", (long long)record->result);
    if (record->error)
        dprintf(3, " %s", strerrorname_np(record->error));
    dprintf(3, " at %s", transcript->line[i] ? transcript->line[i] : "?");
    if (record->weather)
        dprintf(3, " weather %d", record->weather);
    if (record->data_length)
        dprintf(3, " data %s", shown((struct bytes){record->data, record->data_length}));
    if (record->address_length)
        dprintf(3, " address %s", shown((struct bytes){record->address, record->address_length}));
    dprintf(3, "\n");
}

/* Until it has ended, stands still or has had its time; the exit code, 128 + the signal, or 124 if
 * it is still there. */
static int wait_for(struct program *program)
{
    long long end = now_ms() + 3000;
    for (int idle = 0; !program->ended && idle < 10 && now_ms() < end;) {
        stage_serve(20);
        program_collect(program);
        idle = is_idle(program) ? idle + 1 : 0;
    }
    if (!program->ended)
        return 124;
    return WIFSIGNALED(program->status) ? 128 + WTERMSIG(program->status)
                                        : WEXITSTATUS(program->status);
}

int main(int argc, char *argv[])
{
    if (argc < 2)
        return 2;
    struct program *program = start_words(STUDENTS, (const char *const *)argv + 1);
    end_input(program);
    int status = wait_for(program);
    struct bytes said = output_so_far(program), error = error_output(program);
    fwrite(said.at, 1, said.length, stdout);
    fwrite(error.at, 1, error.length, stderr);
    struct transcript *transcript = transcript_of(program);
    transcript_resolve(transcript);
    for (size_t i = 0; i < transcript->count; i++)
        print(transcript, i);
    dprintf(3, "%zu records, %llu lost\n", transcript->count, transcript->lost);
    if (account_of(program)) {
        const char *expected = getenv("EXPECTED"), *came = getenv("CAME");
        struct symptom symptom = {expected ? expected : "an end of file",
                                  came ? came : "nothing on its standard output; no such socket"};
        const char *cause = cause_of(account_of(program), &symptom, "");
        dprintf(3, "cause: %s\n", cause ? cause : "none");
    }
    stage_clear();
    return status;
}

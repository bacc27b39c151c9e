/*
 * compiler.c - runs the C compiler, and finds out which flags it takes (see compiler.h).
 */
#include "compiler.h"

#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_WORDS = 64 };

static const char standard_flags[] =
    "-std=c11 -D_XOPEN_SOURCE=700 -D_DEFAULT_SOURCE -pthread -g -O1 -Wall -Wextra";

/* Optional flags, each tried once per compiler: sanitizers; one of gcc's two libraries for them
 * inside the program, which then starts in two thirds of the time (with both inside, the probe
 * would not see who calls: their functions keep no frame pointer); and patterns in uninitialized
 * variables, which make the use of one show. */
static const char *const optional_flags[] = {
    "-fsanitize=address,undefined -fno-omit-frame-pointer",
    "-static-libubsan",
    "-ftrivial-auto-var-init=pattern",
};

/* The second build of a program whose threads are watched: no other sanitizer goes with this one.
 */
static const char thread_flags[] = "-fsanitize=thread";

/* --- running the compiler --- */

static int split(char *line, char *words[], int count)
{
    char *rest = line;
    for (char *word; count < MOST_WORDS - 8 && (word = strtok_r(rest, " ", &rest));)
        words[count++] = word;
    return count;
}

const char *compiler_name(void)
{
    const char *name = getenv("CC");
    return name && *name ? name : "cc";
}

int compiler_limit(void)
{
    const char *seconds = getenv("COMPILE_CPU");
    return seconds ? atoi(seconds) : 0;
}

/* Each process of the compiler may take that long; processor time, since on a busy machine the
 * clock says nothing about the source. */
static void limit_time(void)
{
    rlim_t seconds = (rlim_t)compiler_limit();
    if (seconds > 0)
        setrlimit(RLIMIT_CPU, &(struct rlimit){seconds, seconds + 1});
}

pid_t compiler_start(const char *flags, const char *source, const char *output, const char *log)
{
    char *words[MOST_WORDS];
    int count = split(text("%s", compiler_name()), words, 0);
    count = split(text("%s", flags), words, count);
    words[count++] = (char *)source;
    words[count++] = "-o";
    words[count++] = (char *)output;
    words[count++] = "-lrt";
    words[count] = NULL;
    pid_t child = fork();
    if (child != 0)
        return child;
    int nothing = open("/dev/null", O_RDONLY);
    int messages = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (nothing == -1 || messages == -1)
        _exit(126);
    dup2(nothing, 0);
    dup2(messages, 1);
    dup2(messages, 2);
    setenv("LC_ALL", "C", 1);
    limit_time();
    execvp(words[0], words);
    _exit(127);
}

int compiler_wait(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* --- which flags the compiler takes --- */

static bool program_runs(const char *program)
{
    pid_t child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, 1);
        dup2(nothing, 2); /* "libasan.so is missing" is an answer, not news */
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    return child > 0 && compiler_wait(child) == 0;
}

static bool flags_work(const char *folder, const char *flags)
{
    static const char trivial[] = "int main(void) { return 0; }\n";
    const char *source = text("%s/try.%d.c", folder, getpid());
    const char *program = text("%s/try.%d", folder, getpid());
    const char *log = text("%s/try.%d.log", folder, getpid());
    bool works = write_whole(source, trivial, sizeof trivial - 1) == 0;
    if (works) {
        pid_t child = compiler_start(flags, source, program, log);
        works = child > 0 && compiler_wait(child) == 0 && program_runs(program);
    }
    unlink(source);
    unlink(program);
    unlink(log);
    return works;
}

static const char *find_usual_flags(const char *folder)
{
    if (!flags_work(folder, standard_flags)) {
        fprintf(stderr,
                "plumb: the C compiler `%s` cannot build a program of one line here (no compiler, "
                "or a full disk?)\n",
                compiler_name());
        return NULL;
    }
    const char *flags = standard_flags;
    for (size_t i = 0; i < sizeof optional_flags / sizeof optional_flags[0]; i++)
        if (flags_work(folder, text("%s %s", flags, optional_flags[i])))
            flags = text("%s %s", flags, optional_flags[i]);
    return flags;
}

static const char *find_thread_flags(const char *folder)
{
    const char *flags = text("%s %s", standard_flags, thread_flags);
    return flags_work(folder, flags) ? flags : "";
}

/* They are found out once and kept in a file: the usual ones in its first line, those for threads,
 * as soon as they are wanted, in its second. */
int compiler_flags(const char *folder, bool with_threads, struct flags *flags)
{
    char *name = text("%s/flags-%s", folder, compiler_name());
    for (char *c = name + strlen(folder) + 1; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("+-._", *c))
            *c = '_';
    char *known = read_whole(name, NULL);
    char *second = known ? strchr(known, '\n') : NULL;
    if (second)
        *second++ = '\0';
    flags->usual = known ? known : find_usual_flags(folder);
    flags->threads = second ? second : with_threads ? find_thread_flags(folder) : "";
    if (!flags->usual)
        return -1;
    if (!known || (with_threads && !second)) {
        const char *content =
            with_threads ? text("%s\n%s", flags->usual, flags->threads) : flags->usual;
        write_whole(name, content, strlen(content));
    }
    return 0;
}

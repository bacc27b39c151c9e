/*
 * worker.c - grades one submission (see worker.h).
 *
 *   submission --take--> tree/ --compile--> build/labs... --run--> records --> journal blocks
 *
 * Archives are unpacked, and everything is compiled and run, in sandboxes of their own: the
 * compiler never stands beside the reference builds, and the network of each run is its own. What
 * comes out of a sandbox is a stream that is checked, or a program that only runs in the next one.
 */
#include "worker.h"

#include "../runner/text.h"
#include "intake.h"
#include "journal.h"
#include "record.h"
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COMPILE_CPU_S = 30, /* of processor time for a program: what takes longer is its own fault */
    COMPILE_S = 120,    /* by the clock for a program: what takes longer is the machine's */
    RUN_S = 600,
    COMPILE_MIB = 2048,
};

struct work {
    const struct grader *grader;
    const struct submission *submission;
    const char *folder; /* of this work; holds tree/, build/, notes, log */
    const char *tree;
    const char *trouble; /* why it could not be graded, for reasons that are not the student's */
    unsigned long long key[MOST_LABS];
    bool due[MOST_LABS]; /* handed in, and not in the journal yet */
    int due_count;
    int due_programs; /* handed in for labs that are due */
};

static int fail(struct work *work, const char *trouble)
{
    work->trouble = trouble;
    return -1;
}

/* A limit that the environment may change (COMPILE_CPU, COMPILE_WALL). */
static int setting_or(const char *name, int usual)
{
    const char *value = getenv(name);
    int number = value ? atoi(value) : 0;
    return number > 0 ? number : usual;
}

static const char *log_of(const struct work *work)
{
    return text("%s/log", work->folder);
}

/* Keeps what is graded in OUT/sources: to compare, and to look at when somebody asks. */
static int keep_sources(struct work *work)
{
    const struct grader *grader = work->grader;
    const char *kept = text("%s/sources/%s", grader->out, work->submission->id);
    for (int i = 0; i < grader->labs; i++)
        for (int j = 0; j < grader->lab[i].programs; j++) {
            const char *name = text("%s/%s.c", grader->lab[i].name, grader->lab[i].program[j]);
            const char *copy = text("%s/%s", kept, name);
            size_t length, old_length = 0;
            char *content = read_whole(text("%s/%s", work->tree, name), &length);
            char *old = read_whole(copy, &old_length);
            bool same = content && old && length == old_length && !memcmp(content, old, length);
            if (!content)
                unlink(copy); /* of an earlier attempt */
            else if (!same && (make_folders(text("%s/%s", kept, grader->lab[i].name)) == -1 ||
                               write_whole(copy, content, length) == -1))
                return fail(work, text("%s: %s", copy, strerror(errno)));
            free(content);
            free(old);
        }
    return 0;
}

/* --- what has to be graded --- */

static unsigned long long add_file(unsigned long long hash, const char *path)
{
    size_t length = 0;
    char *content = read_whole(path, &length);
    hash = (hash ^ (content != NULL)) * 1099511628211ULL;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)content[i]) * 1099511628211ULL;
    free(content);
    return (hash ^ length) * 1099511628211ULL;
}

static void find_due(struct work *work, const char *notes)
{
    const struct grader *grader = work->grader;
    for (int i = 0; i < grader->labs; i++) {
        const struct lab *lab = &grader->lab[i];
        int programs = 0;
        unsigned long long key = lab->hash ^ grader->sealed;
        if (!lab->wanted) {
            remove_tree(text("%s/%s", work->tree, lab->name));
            continue;
        }
        for (int j = 0; j < lab->programs; j++) {
            const char *path = text("%s/%s/%s.c", work->tree, lab->name, lab->program[j]);
            programs += access(path, F_OK) == 0;
            key = add_file(key, path);
        }
        const struct block *known =
            grader->journal ? journal_find(grader->journal, work->submission->id, lab->name) : NULL;
        work->key[i] = programs ? key : key ^ string_hash(notes);
        work->due[i] = programs > 0 && !(known && known->key == key && !known->error);
        work->due_count += work->due[i];
        work->due_programs += work->due[i] ? programs : 0;
        if (programs > 0 && !work->due[i]) /* the verdict stands */
            remove_tree(text("%s/%s", work->tree, lab->name));
    }
}

/* --- compile and run --- */

static void own(const char *path)
{
    uid_t user;
    gid_t group;
    sandbox_user(&user, &group);
    if (geteuid() == 0 && chown(path, user, group) == -1)
        return; /* then the sandbox will say what it cannot do */
}

/* The build folder: places for the kit's parts, and a writable one for the programs. */
static int furnish(const struct work *work)
{
    static const char *const parts[] = {"steps", "judge", "probe", "solutions"};
    const char *build = text("%s/build", work->folder);
    if (make_folders(text("%s/trees", build)) == -1 || make_folders(work->tree) == -1)
        return -1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *place = text("%s/%s", build, parts[i]);
        int made = work->grader->sealed
                       ? make_folders(place)
                       : symlink(text("%s/%s", work->grader->kit, parts[i]), place);
        if (made == -1)
            return -1;
    }
    for (const char *const *flags = (const char *const[]){"flags-cc", NULL}; *flags; flags++) {
        size_t length;
        char *content = read_whole(text("%s/%s", work->grader->kit, *flags), &length);
        if (!content || write_whole(text("%s/%s", build, *flags), content, length) == -1)
            return -1;
        free(content);
    }
    own(build);
    own(text("%s/trees", build));
    return 0;
}

static int compile(struct work *work)
{
    const char *kit = work->grader->kit;
    struct sandbox sandbox = {
        .words = {"/kit/plumb", "compile"},
        .settings = {"BUILD", "/build", "DIR", "/tree", "COMPILE_CPU",
                     text("%d", setting_or("COMPILE_CPU", COMPILE_CPU_S))},
        .read_only = {text("%s/plumb", kit), "/kit/plumb", text("%s/lists", kit), "/build/steps",
                      work->tree, "/tree",
                      /* An #include of a new terminal would wait for somebody to type. */
                      "/dev/null", "/dev/pts/ptmx"},
        .writable = {text("%s/build", work->folder), "/build"},
        .outside = {"/kit", kit, "/build", text("%s/build", work->folder), "/tree", work->tree},
        .input = -1,
        .output = -1,
        .records = -1,
        .log = log_of(work),
        .memory_mib = COMPILE_MIB,
        .file_mib = USUAL_FILE_MIB,
        .seconds = setting_or("COMPILE_WALL", COMPILE_S) * work->due_programs,
    };
    int code = sandbox_run(work->grader, &sandbox);
    if (code == -1 && errno == ETIME)
        return fail(work, text("compiling took longer than %d s by the clock: the machine is too "
                               "busy",
                               sandbox.seconds));
    if (code != 0)
        return fail(
            work, text("compiling: %s", code == -1 ? strerror(errno) : sandbox_said(log_of(work))));
    return 0;
}

/* Steps wait for most of their time, so two of them go at once; not where one job at a time was
 * asked for although there are more processors: then the machine is wanted for something else. */
static const char *steps_at_once(const struct grader *grader)
{
    return grader->jobs == 1 && sysconf(_SC_NPROCESSORS_ONLN) > 1 ? "1" : "2";
}

static int run(struct work *work, FILE *records)
{
    bool sealed = work->grader->sealed;
    const char *kit = work->grader->kit;
    struct sandbox sandbox = {
        .words = {"/kit/plumb", "check"},
        .settings = {"BUILD", "/build", "DIR", "/tree", "COMPILED", "1", "RECORDS", "3", "JOBS",
                     steps_at_once(work->grader), "TIER", sealed ? "sealed" : "cooperative",
                     "HIDDEN", "/build/solutions:/build/steps:/build/judge:/kit"},
        .folders = {"/build"},
        .read_only = {text("%s/plumb", kit), "/kit/plumb", text("%s/steps", kit), "/build/steps",
                      text("%s/judge", kit), "/build/judge", text("%s/probe", kit), "/build/probe",
                      text("%s/solutions", kit), "/build/solutions",
                      text("%s/build/trees", work->folder), "/build/trees", work->tree, "/tree"},
        .outside = {"/kit", kit, "/build", text("%s/build", work->folder), "/tree", work->tree},
        .input = -1,
        .output = -1,
        .records = fileno(records),
        .log = log_of(work),
        /* No limit of files: steps make some with holes, of any size, in folders whose room is
         * limited. The judge limits the files of programs under test. */
        .seconds = RUN_S,
    };
    int code = sandbox_run(work->grader, &sandbox);
    if (code == -1)
        return fail(work, errno == ETIME ? "the check did not come to an end" : strerror(errno));
    if (code > 2)
        return fail(work, text("the check ended with %d: %s", code, sandbox_said(log_of(work))));
    return 0;
}

/* --- what comes out --- */

static void write_head(FILE *out, const struct work *work, const char *lab, unsigned long long key)
{
    fprintf(out, "id=%s\tkey=%016llx\tlab=%s", work->submission->id, key, lab);
}

static void write_done(FILE *out, const struct work *work, int lab, int steps, const char *notes)
{
    write_head(out, work, work->grader->lab[lab].name, work->key[lab]);
    fprintf(out, "\tdone=%d\tsealed=%s", steps, work->grader->sealed ? "yes" : "no");
    record_put(out, "notes", notes);
    fputc('\n', out);
}

/* The records of each due lab become its block. What the sandbox sent may be cut short: a lab whose
 * steps are not all there is not written, which is found out by the caller. */
static int write_blocks(struct work *work, FILE *records, const char *notes, FILE *out)
{
    int written = 0;
    for (int i = 0; i < work->grader->labs; i++) {
        const struct lab *lab = &work->grader->lab[i];
        char *line = NULL;
        size_t room = 0;
        int steps = 0;
        const char *start = text("lab=%s\t", lab->name);
        if (!work->due[i])
            continue;
        rewind(records);
        while (getline(&line, &room, records) > 0) {
            if (strncmp(line, start, strlen(start)) != 0)
                continue;
            write_head(out, work, lab->name, work->key[i]);
            fprintf(out, "\t%s", line + strlen(start));
            steps++;
        }
        free(line);
        if (steps == 0)
            return fail(work, text("no verdict on %s: %s", lab->name, sandbox_said(log_of(work))));
        write_done(out, work, i, steps, notes);
        written++;
    }
    return written == work->due_count ? 0 : -1;
}

static int grade_due(struct work *work, const char *notes, FILE *out)
{
    FILE *records = fopen(text("%s/records", work->folder), "w+e");
    if (!records)
        return fail(work, strerror(errno));
    int result = furnish(work) == -1 ? fail(work, strerror(errno)) : 0;
    if (result == 0)
        result = compile(work);
    if (result == 0)
        result = run(work, records);
    if (result == 0)
        result = write_blocks(work, records, notes, out);
    fclose(records);
    return result;
}

/* Labs of which nothing was handed in get an empty block, so that this is on record as well. */
static void write_missing(struct work *work, const char *notes, FILE *out)
{
    const struct grader *grader = work->grader;
    for (int i = 0; i < grader->labs; i++) {
        if (!grader->lab[i].wanted || work->due[i])
            continue;
        const struct block *known =
            grader->journal
                ? journal_find(grader->journal, work->submission->id, grader->lab[i].name)
                : NULL;
        if (!known || known->key != work->key[i])
            write_done(out, work, i, 0, notes);
    }
}

int work_on(const struct grader *grader, const struct submission *submission, size_t number,
            int out)
{
    struct work work = {.grader = grader, .submission = submission};
    work.folder = text("%s/%zu", grader->work, number);
    work.tree = text("%s/tree", work.folder);
    remove_tree(work.folder);
    FILE *blocks = fdopen(dup(out), "w");
    if (!blocks || make_folders(work.tree) == -1)
        work.trouble = strerror(errno);
    own(work.folder);
    struct intake intake = {
        .grader = grader, .submission = submission, .folder = work.folder, .tree = work.tree};
    if (!work.trouble && intake_run(&intake) == -1)
        work.trouble = intake.trouble;
    if (!work.trouble && keep_sources(&work) == 0) {
        const char *notes = notes_text(&intake.notes);
        find_due(&work, notes);
        write_missing(&work, notes, blocks);
        if (work.due_count > 0)
            grade_due(&work, notes, blocks);
    }
    if (work.trouble)
        fprintf(blocks, "trouble=%s\n", work.trouble);
    bool sent = fclose(blocks) == 0;
    remove_tree(work.folder);
    return work.trouble || !sent;
}

void write_errors(const struct grader *grader, const struct submission *submission,
                  const char *trouble, int out)
{
    struct work work = {.grader = grader, .submission = submission};
    FILE *blocks = fdopen(dup(out), "w");
    if (!blocks)
        return;
    for (int i = 0; i < grader->labs; i++) {
        if (!grader->lab[i].wanted)
            continue;
        write_head(blocks, &work, grader->lab[i].name, 0);
        fprintf(blocks, "\tstep=0\tpoints=0\tmax_points=%d\tstatus=error\ttier=%s",
                grader->lab[i].points, grader->sealed ? "sealed" : "cooperative");
        record_put(blocks, "title", "the check");
        record_put(blocks, "message", trouble);
        fputc('\n', blocks);
        write_done(blocks, &work, i, 1, NULL);
    }
    fclose(blocks);
}

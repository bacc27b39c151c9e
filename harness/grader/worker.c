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
#include "journal.h"
#include "record.h"
#include "sandbox.h"
#include "submission.h"
#include "take.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_ARCHIVE = 64 << 20, /* bytes */
    MOST_ARCHIVES = 4,       /* in one folder */
    UNPACK_S = 30,
    COMPILE_S = 60,
    RUN_S = 600,
    COMPILE_MIB = 2048,
};

struct work {
    const struct grader *grader;
    const struct submission *submission;
    const char *folder; /* of this work; holds tree/, build/, notes, log */
    const char *tree;
    const char *trouble; /* why it could not be graded */
    unsigned long long key[MOST_LABS];
    bool due[MOST_LABS]; /* handed in, and not in the journal yet */
    int due_count;
};

static int fail(struct work *work, const char *trouble)
{
    work->trouble = trouble;
    return -1;
}

static const char *log_of(const struct work *work)
{
    return text("%s/log", work->folder);
}

/* The first line that something wrote into the log, for a message. */
static const char *first_logged(const struct work *work)
{
    char *said = read_whole(log_of(work), NULL);
    return said ? text("%.*s", (int)strcspn(said, "\n"), said) : "";
}

/* --- take --- */

/* A lone .c file: what follows the last underscore names the program, as after Canvas's prefix. */
static void take_single(const struct work *work, const char *path, FILE *out, FILE *notes)
{
    struct label label;
    const char *name = strrchr(path, '/');
    label_read(name ? name + 1 : path, &label);
    const char *folder = text("%s/single", work->folder);
    char original[256];
    snprintf(original, sizeof original, "%s", label.original);
    char *dash = strrchr(original, '-'); /* Canvas: name-2.c is a second attempt */
    if (dash && dash[1 + strspn(dash + 1, "0123456789")] == '.')
        memmove(dash, dash + 1 + strspn(dash + 1, "0123456789"),
                strlen(dash + strspn(dash + 1, "0123456789")));
    int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (from == -1 || fstat(from, &status) == -1 || !S_ISREG(status.st_mode) ||
        status.st_size > MOST_FILE) {
        fprintf(notes, "%s cannot be taken\n", original);
    } else {
        char *content = calloc(1, (size_t)status.st_size + 1);
        size_t length = (size_t)(content ? read(from, content, (size_t)status.st_size) : 0);
        if (make_folders(folder) == 0 && length == (size_t)status.st_size)
            write_whole(text("%s/%s", folder, original), content, length);
        free(content);
        take_files(work->grader, folder, out, notes);
        remove_tree(folder);
    }
    if (from != -1)
        close(from);
}

/* Unpacks in a sandbox, where take_files() picks out what counts. */
static int take_archive(struct work *work, const char *path, FILE *out)
{
    struct stat status;
    int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from == -1 || fstat(from, &status) == -1 || !S_ISREG(status.st_mode))
        return fail(work, "the archive is no regular file");
    if (status.st_size > MOST_ARCHIVE)
        return fail(work, text("the archive is larger than %d MiB", MOST_ARCHIVE >> 20));
    struct sandbox sandbox = {
        .words = {"/kit/unpack", strrchr(path, '/') + 1},
        .read_only = {work->grader->kit, "/kit"},
        .folders = {"/unpacked"},
        .settings = {"KIT", "/kit", "FOLDER", "/unpacked"},
        .input = from,
        .output = fileno(out),
        .records = -1,
        .log = log_of(work),
        .outside = {"/kit", work->grader->kit, "/unpacked", text("%s/unpacked", work->folder)},
        .memory_mib = 1024,
        .file_mib = USUAL_FILE_MIB,
        .seconds = UNPACK_S,
    };
    int code = sandbox_run(work->grader, &sandbox);
    close(from);
    if (code == 0)
        return 0;
    if (code == -1)
        return fail(work, errno == ETIME ? "unpacking the archive took too long"
                                         : text("the sandbox: %s", strerror(errno)));
    return fail(work, text("the archive cannot be unpacked: %s", first_logged(work)));
}

static int is_visible_archive(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && is_archive(entry->d_name);
}

/* A folder; where it holds no program but archives (as Moodle exports them), these. */
static int take_folder(struct work *work, FILE *out, FILE *notes)
{
    const char *path = work->submission->path;
    struct dirent **archives;
    int result = take_files(work->grader, path, out, notes);
    if (result == -1)
        return fail(work, strerror(errno));
    if (ftell(out) > 0)
        return 0;
    int count = scandir(path, &archives, is_visible_archive, alphasort);
    for (int i = 0; i < count; i++) {
        if (result == 0 && i < MOST_ARCHIVES)
            result = take_archive(work, text("%s/%s", path, archives[i]->d_name), out);
        free(archives[i]);
    }
    if (count >= 0)
        free(archives);
    return result;
}

static int take(struct work *work, FILE *notes)
{
    const struct submission *submission = work->submission;
    FILE *stream = fopen(text("%s/stream", work->folder), "w+e");
    struct stat status;
    if (!stream)
        return fail(work, text("%s: %s", work->folder, strerror(errno)));
    for (const char **path = submission->more; path && *path; path++)
        take_single(work, *path, stream, notes);
    int result = 0;
    if (lstat(submission->path, &status) == -1)
        result = fail(work, text("it is gone: %s", strerror(errno)));
    else if (S_ISDIR(status.st_mode))
        result = take_folder(work, stream, notes);
    else if (is_archive(submission->path))
        result = take_archive(work, submission->path, stream);
    else if (S_ISREG(status.st_mode))
        take_single(work, submission->path, stream, notes);
    else
        result = fail(work, "it is no folder, archive or file");
    fflush(stream);
    rewind(stream);
    int count = result == 0 ? put_files(work->grader, stream, work->tree) : 0;
    fclose(stream);
    if (count == -1)
        result = fail(work, text("what was unpacked: %s", strerror(errno)));
    if (result == 0 && count == 0)
        fprintf(notes, "no program of any lab was found in it\n");
    return result;
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

static void find_due(struct work *work)
{
    const struct grader *grader = work->grader;
    for (int i = 0; i < grader->labs; i++) {
        const struct lab *lab = &grader->lab[i];
        bool any = false;
        unsigned long long key = lab->hash ^ grader->sealed;
        if (!lab->wanted) {
            remove_tree(text("%s/%s", work->tree, lab->name));
            continue;
        }
        for (int j = 0; j < lab->programs; j++) {
            const char *path = text("%s/%s/%s.c", work->tree, lab->name, lab->program[j]);
            any |= access(path, F_OK) == 0;
            key = add_file(key, path);
        }
        const struct block *known =
            grader->journal ? journal_find(grader->journal, work->submission->id, lab->name) : NULL;
        work->key[i] = key;
        work->due[i] = any && !(known && known->key == key && !known->error);
        work->due_count += work->due[i];
        if (any && !work->due[i]) /* the verdict stands */
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
        .settings = {"BUILD", "/build", "DIR", "/tree"},
        .read_only = {text("%s/plumb", kit), "/kit/plumb", text("%s/lists", kit), "/build/steps",
                      work->tree, "/tree"},
        .writable = {text("%s/build", work->folder), "/build"},
        .outside = {"/kit", kit, "/build", text("%s/build", work->folder), "/tree", work->tree},
        .input = -1,
        .output = -1,
        .records = -1,
        .log = log_of(work),
        .memory_mib = COMPILE_MIB,
        .file_mib = USUAL_FILE_MIB,
        .seconds = COMPILE_S,
    };
    int code = sandbox_run(work->grader, &sandbox);
    if (code == -1 && errno == ETIME)
        return 0; /* programs that were not built fail their steps, and say so */
    if (code != 0)
        return fail(work, text("compiling: %s", code == -1 ? strerror(errno) : first_logged(work)));
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
        return fail(work, text("the check ended with %d: %s", code, first_logged(work)));
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
            return fail(work, text("no verdict on %s: %s", lab->name, first_logged(work)));
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
    char *notes = NULL;
    size_t notes_length;
    FILE *noted = open_memstream(&notes, &notes_length);
    if (!blocks || !noted || make_folders(work.tree) == -1)
        work.trouble = strerror(errno);
    own(work.folder);
    if (submission->note)
        fprintf(noted, "%s\n", submission->note);
    if (!work.trouble && submission->path && take(&work, noted) == -1)
        fprintf(noted, "%s\n", work.trouble); /* the student's to mend: not an error of ours */
    bool unreadable = work.trouble != NULL;
    fflush(noted);
    if (!unreadable) {
        int kept = keep_sources(&work);
        find_due(&work);
        write_missing(&work, notes, blocks);
        if (kept == 0 && work.due_count > 0)
            grade_due(&work, notes, blocks);
    } else {
        for (int i = 0; i < grader->labs; i++)
            for (const char *c = work.trouble; *c; c++)
                work.key[i] = (work.key[i] ^ (unsigned char)*c) * 1099511628211ULL + 1;
        write_missing(&work, notes, blocks);
        work.trouble = NULL;
    }
    if (work.trouble)
        fprintf(blocks, "trouble=%s\n", work.trouble);
    bool sent = fclose(blocks) == 0;
    fclose(noted);
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

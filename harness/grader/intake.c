/*
 * intake.c - takes all that a person handed in (see intake.h).
 *
 * Platforms give each file of a submission an entry of its own, and people pack archives into
 * archives: so nothing is chosen by the look of a whole. Every part is opened, and what it holds is
 * laid over what the parts before it held.
 */
#include "intake.h"

#include "../runner/text.h"
#include "sandbox.h"
#include "submission.h"
#include "take.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_ARCHIVE = 64 << 20, /* bytes */
    MOST_ARCHIVES = 32,      /* of one person, without those inside */
    UNPACK_CPU_S = 30,       /* of processor time: what takes longer is the archive's fault */
    UNPACK_S = 300,          /* by the clock: what takes longer is the machine's */
};

static int fail(struct intake *intake, const char *trouble)
{
    intake->trouble = trouble;
    return -1;
}

static const char *log_of(const struct intake *intake)
{
    return text("%s/log", intake->folder);
}

/* Puts what a stream holds into the tree. */
static int put_part(struct intake *intake, FILE *stream, const char *part)
{
    fflush(stream);
    rewind(stream);
    int count = put_files(intake->grader, stream, intake->tree, part, &intake->notes);
    if (count == -1)
        return fail(intake, text("what was found in %s: %s", part, strerror(errno)));
    intake->files += count;
    return 0;
}

/* The name that a lone .c file had before a platform gave it its own. Canvas: name-2.c is a second
 * attempt. */
static const char *own_name(const char *name)
{
    struct label label;
    label_read(name, false, &label);
    char *dash = strrchr(label.original, '-');
    size_t digits = dash ? strspn(dash + 1, "0123456789") : 0;
    if (label.attempt && digits > 0 && strcmp(dash + 1 + digits, ".c") == 0)
        strcpy(dash, ".c");
    return *label.original ? text("%s", label.original) : name;
}

/* Opens a file. -1: it is a link or a socket, or, with `trouble`, it may not be read. */
static int open_part(struct intake *intake, const char *path)
{
    int from = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (from == -1 && errno != ELOOP && errno != ENXIO)
        fail(intake, text("%s: %s", path, strerror(errno)));
    return from;
}

/* Makes a folder that holds a lone .c file; NULL, with a note, if there is nothing to be taken. */
static const char *wrap_single(struct intake *intake, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    const char *folder = text("%s/handed in", intake->folder);
    struct stat status;
    int from = open_part(intake, path);
    if (intake->trouble)
        return NULL;
    if (from == -1 || fstat(from, &status) == -1 || !S_ISREG(status.st_mode) ||
        status.st_size > MOST_FILE) {
        note(&intake->notes, "%s cannot be taken: it is no regular file, or larger than %d KiB",
             name, MOST_FILE >> 10);
        folder = NULL;
    } else {
        char *content = calloc(1, (size_t)status.st_size + 1);
        ssize_t length = content ? read(from, content, (size_t)status.st_size) : -1;
        if (length != status.st_size || make_folders(folder) == -1 ||
            write_whole(text("%s/%s", folder, own_name(name)), content, (size_t)length) == -1) {
            fail(intake, text("%s: %s", name, strerror(errno)));
            folder = NULL;
        }
        free(content);
    }
    if (from != -1)
        close(from);
    return folder;
}

/* Unpacks in a sandbox, where take_files() picks out what counts. */
static int unpack(struct intake *intake, int from, const char *name, FILE *out)
{
    struct sandbox sandbox = {
        .words = {"/kit/unpack", name},
        .read_only = {intake->grader->kit, "/kit"},
        .folders = {"/unpacked"},
        .settings = {"KIT", "/kit", "FOLDER", "/unpacked"},
        .input = from,
        .output = fileno(out),
        .records = -1,
        .log = log_of(intake),
        .outside = {"/kit", intake->grader->kit, "/unpacked", text("%s/unpacked", intake->folder)},
        .memory_mib = 1024,
        .file_mib = USUAL_FILE_MIB,
        .cpu_seconds = UNPACK_CPU_S,
        .seconds = UNPACK_S,
    };
    int code = sandbox_run(intake->grader, &sandbox);
    remove_tree(text("%s/unpacked", intake->folder)); /* of the way without a sandbox */
    if (code == 0)
        return 0;
    return fail(intake, text("unpacking %s: %s", name,
                             code > 0         ? sandbox_said(log_of(intake))
                             : errno == ETIME ? "it took too long: the machine is too busy"
                                              : strerror(errno)));
}

static int take_archive(struct intake *intake, const char *path, const char *shown)
{
    struct stat status;
    if (intake->archives++ >= MOST_ARCHIVES) {
        note(&intake->notes, "%s was not unpacked: at most %d archives are", shown, MOST_ARCHIVES);
        return 0;
    }
    int from = open_part(intake, path);
    if (intake->trouble)
        return -1;
    if (from == -1 || fstat(from, &status) == -1 || !S_ISREG(status.st_mode)) {
        note(&intake->notes, "%s cannot be unpacked: it is no regular file", shown);
    } else if (status.st_size > MOST_ARCHIVE) {
        note(&intake->notes, "%s was not unpacked: it is larger than %d MiB", shown,
             MOST_ARCHIVE >> 20);
    } else {
        FILE *stream = fopen(text("%s/stream", intake->folder), "w+e");
        int result = stream ? unpack(intake, from, strrchr(path, '/') + 1, stream)
                            : fail(intake, text("%s: %s", intake->folder, strerror(errno)));
        if (result == 0)
            result = put_part(intake, stream, shown);
        if (stream)
            fclose(stream);
        close(from);
        return result;
    }
    if (from != -1)
        close(from);
    return 0;
}

/* A folder's archives, then its files, which go before those of the same name in an archive. */
static int take_folder(struct intake *intake, const char *path, const char *part)
{
    struct archives archives = {.count = 0};
    const char *parent = text("%.*s", (int)(strrchr(path, '/') - path), path);
    FILE *stream = fopen(text("%s/files", intake->folder), "w+e");
    int result = 0;
    if (!stream || take_files(intake->grader, path, stream, &intake->notes, &archives) == -1)
        result = fail(intake, text("%s: %s", part, strerror(errno)));
    for (int i = 0; result == 0 && i < archives.count; i++)
        result = take_archive(intake, text("%s/%s", parent, archives.path[i]), archives.path[i]);
    if (result == 0)
        result = put_part(intake, stream, part);
    free(archives.path);
    if (stream)
        fclose(stream);
    return result;
}

static int take_part(struct intake *intake, const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    struct stat status;
    if (lstat(path, &status) == -1)
        return fail(intake, text("%s: %s", name, strerror(errno)));
    if (S_ISDIR(status.st_mode))
        return take_folder(intake, path, name);
    if (!is_source(name))
        return take_archive(intake, path, name);
    const char *folder = wrap_single(intake, path);
    int result = folder ? take_folder(intake, folder, name) : intake->trouble ? -1 : 0;
    if (folder)
        remove_tree(folder);
    return result;
}

/* All that a person handed in is taken together: a later part goes before an earlier one. */
int intake_run(struct intake *intake)
{
    const char **part = intake->submission->parts;
    if (intake->submission->note)
        note_lines(&intake->notes, intake->submission->note);
    if (!part)
        return 0;
    for (; *part; part++)
        if (take_part(intake, *part) == -1)
            return -1;
    if (intake->files == 0)
        intake->notes.first = "no program of any lab was found in it";
    return 0;
}

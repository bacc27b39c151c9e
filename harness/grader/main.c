/*
 * main.c - grade: grades a class. harness/grade calls it, behind `make grade`.
 *
 *     grade run            grades what is in $SUBMISSIONS into $OUT
 *     grade merge DIR...   takes the verdicts of other OUT folders into $OUT
 *     grade fill PLATFORM OUT TABLE.csv [COLUMN=LAB...]
 *                          writes the table to standard output, filled with the grades of OUT
 *     grade similar        writes $OUT/similar.html: whose programs are alike, by $THRESHOLD
 *                          percent
 *     grade take FOLDER NOTES
 *                          inside the sandbox: writes the programs found in FOLDER to the output,
 *                          and the notes
 *
 * Settings come from the environment: SUBMISSIONS, OUT, JOBS, LABS ("04 05", all that anybody
 * handed in if not set), ROSTER (a CSV file with a column `id`), HIDDEN_STEPS ("04:6 05:3"),
 * SHARD (3/8: a part of the class), COMPILE_CPU and COMPILE_WALL (seconds that the compiler may
 * take for a program, of processor time and by the clock), UNSEALED (yes: do without a sandbox),
 * KIT and WORK (folders that harness/grade made). Exit code 0: everybody was judged; 1: some could
 * not be judged (`error` in grades.csv); 2: it could not be done at all, or was interrupted: the
 * same command goes on later.
 */
#include "../runner/text.h"
#include "fill.h"
#include "grader.h"
#include "journal.h"
#include "pool.h"
#include "publish.h"
#include "sandbox.h"
#include "similar.h"
#include "submission.h"
#include "take.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DONE = 0, ERRORS = 1, IMPOSSIBLE = 2 };

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* --- labs --- */

static int is_list(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return isdigit((unsigned char)entry->d_name[0]) && end && strcmp(end, ".list") == 0;
}

static unsigned long long hash_file(unsigned long long hash, const char *path)
{
    size_t length = 0;
    char *content = read_whole(path, &length);
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)content[i]) * 1099511628211ULL;
    free(content);
    return hash;
}

static void read_lab(struct grader *grader, struct lab *lab)
{
    char *list = read_whole(text("%s/lists/%s.list", grader->kit, lab->name), NULL);
    char *rest = list;
    lab->hash = hash_file(14695981039346656037ULL, text("%s/keys/%s", grader->kit, lab->name));
    for (char *line; list && (line = strtok_r(rest, "\n", &rest));) {
        if (strncmp(line, "program ", 8) == 0 && lab->programs < MOST_PROGRAMS) {
            lab->program[lab->programs++] = text("%s", line + 8);
        } else if (strncmp(line, "points ", 7) == 0) {
            lab->points += atoi(line + 7);
            lab->steps++;
        }
    }
    free(list);
}

static int find_labs(struct grader *grader)
{
    struct dirent **lists;
    const char *folder = text("%s/lists", grader->kit);
    int count = scandir(folder, &lists, is_list, alphasort);
    for (int i = 0; i < count && grader->labs < MOST_LABS; i++) {
        struct lab *lab = &grader->lab[grader->labs++];
        lab->name = text("%.*s", (int)(strrchr(lists[i]->d_name, '.') - lists[i]->d_name),
                         lists[i]->d_name);
        read_lab(grader, lab);
        free(lists[i]);
    }
    if (count > 0)
        return 0;
    fprintf(stderr, "grade: %s holds no lab\n", folder);
    return -1;
}

static bool lab_matches(const struct lab *lab, const char *word)
{
    size_t length = strlen(word);
    return strncmp(lab->name, word, length) == 0 &&
           (lab->name[length] == '\0' || lab->name[length] == '-');
}

/* Marks the labs of $LABS as wanted; all if it is not set. */
static int choose_labs(struct grader *grader)
{
    const char *wish = setting("LABS");
    char *rest = text("%s", wish ? wish : "");
    for (int i = 0; i < grader->labs; i++)
        grader->lab[i].wanted = !wish;
    for (char *word; (word = strtok_r(rest, " ,", &rest));) {
        bool found = false;
        for (int i = 0; i < grader->labs; i++)
            if (lab_matches(&grader->lab[i], word))
                found = grader->lab[i].wanted = true;
        if (!found) {
            fprintf(stderr, "grade: there is no lab \"%s\"\n", word);
            return -1;
        }
    }
    return 0;
}

struct lab *lab_named(struct grader *grader, const char *name)
{
    for (int i = 0; i < grader->labs; i++)
        if (strcmp(grader->lab[i].name, name) == 0)
            return &grader->lab[i];
    return NULL;
}

bool is_hidden(const struct grader *grader, const char *lab, int step)
{
    const char *at = grader->hidden ? grader->hidden : "";
    const struct lab whole = {.name = lab};
    while (*(at += strspn(at, " ,"))) {
        size_t length = strcspn(at, " ,");
        const char *colon = memchr(at, ':', length);
        if (colon && lab_matches(&whole, text("%.*s", (int)(colon - at), at)) &&
            atoi(colon + 1) == step)
            return true;
        at += length;
    }
    return false;
}

/* A step that is to be hidden and is not named rightly would be shown. */
static int check_hidden(const struct grader *grader)
{
    char *rest = text("%s", grader->hidden ? grader->hidden : "");
    for (char *word; (word = strtok_r(rest, " ,", &rest));) {
        bool found = false;
        char *end = "";
        const char *colon = strchr(word, ':');
        long step = colon ? strtol(colon + 1, &end, 10) : 0;
        const char *lab = text("%.*s", (int)strcspn(word, ":"), word);
        for (int i = 0; *lab && *end == '\0' && i < grader->labs; i++)
            found |= lab_matches(&grader->lab[i], lab) && step >= 1 && step <= grader->lab[i].steps;
        if (!found) {
            fprintf(stderr,
                    "grade: HIDDEN_STEPS: there is no step \"%s\"; it is like \"04:6 05:3\"\n",
                    word);
            return -1;
        }
    }
    return 0;
}

/* --- getting ready --- */

static int job_count(void)
{
    const char *wish = setting("JOBS");
    long jobs = wish ? strtol(wish, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    return jobs < 1 ? 1 : jobs > 256 ? 256 : (int)jobs;
}

static int open_out(struct grader *grader)
{
    int damaged;
    if (make_folders(text("%s/results", grader->out)) == -1 ||
        make_folders(text("%s/feedback", grader->out)) == -1) {
        fprintf(stderr, "grade: cannot make %s: %s\n", grader->out, strerror(errno));
        return -1;
    }
    grader->journal = journal_open(grader->out, &damaged);
    if (!grader->journal) {
        if (errno == EWOULDBLOCK)
            fprintf(stderr, "grade: another grader works on %s\n", grader->out);
        else
            fprintf(stderr, "grade: %s/journal: %s\n", grader->out, strerror(errno));
        return -1;
    }
    if (damaged)
        fprintf(stderr, "grade: %d lines of the journal were not whole, and are done again\n",
                damaged);
    return 0;
}

static int seal(struct grader *grader)
{
    const char *unsealed = setting("UNSEALED");
    grader->sealed = true;
    const char *problem = sandbox_problem(grader);
    if (!problem && !(unsealed && strcmp(unsealed, "yes") == 0))
        return 0;
    if (unsealed && strcmp(unsealed, "yes") == 0) {
        fprintf(stderr, "grade: UNSEALED=yes: submissions run without a sandbox, and every result "
                        "says so\n");
        grader->sealed = false;
        return 0;
    }
    fprintf(stderr,
            "grade: submissions cannot be shut in here: %s\n"
            "grade: bubblewrap is needed (apt-get install bubblewrap), and user namespaces. "
            "UNSEALED=yes does without: then any submission can do what you can do\n",
            problem);
    return -1;
}

static int begin(struct grader *grader)
{
    grader->submissions = setting("SUBMISSIONS");
    grader->out = setting("OUT");
    grader->kit = setting("KIT");
    grader->work = setting("WORK");
    grader->hidden = setting("HIDDEN_STEPS");
    grader->jobs = job_count();
    if (!grader->out || !grader->kit || !grader->work) {
        fprintf(stderr, "usage: make grade SUBMISSIONS=DIR OUT=DIR [JOBS=N] [LABS=\"04 05\"]\n");
        return -1;
    }
    return find_labs(grader) == -1 || choose_labs(grader) == -1 || check_hidden(grader) == -1 ||
                   open_out(grader) == -1
               ? -1
               : 0;
}

/* Leaves the part of the class that $SHARD names: 3/8 is each eighth person, from the third on. */
static int take_shard(struct grader *grader)
{
    const char *wish = setting("SHARD");
    unsigned part, parts;
    char rest;
    size_t kept = 0;
    if (!wish)
        return 0;
    if (sscanf(wish, "%u/%u%c", &part, &parts, &rest) != 2 || part < 1 || part > parts) {
        fprintf(stderr, "grade: SHARD=%s is not like 3/8\n", wish);
        return -1;
    }
    for (size_t i = part - 1; i < grader->submissions_count; i += parts)
        grader->submission[kept++] = grader->submission[i];
    grader->submissions_count = kept;
    return 0;
}

/* --- commands --- */

static int count_errors(const struct grader *grader)
{
    int errors = 0;
    for (size_t i = 0; i < grader->submissions_count; i++)
        for (int j = 0; j < grader->labs; j++) {
            const struct block *block =
                journal_find(grader->journal, grader->submission[i].id, grader->lab[j].name);
            errors += grader->lab[j].wanted && (!block || block->error);
        }
    return errors;
}

static int run(struct grader *grader)
{
    if (begin(grader) == -1)
        return IMPOSSIBLE;
    if (!grader->submissions) {
        fprintf(stderr, "usage: make grade SUBMISSIONS=DIR OUT=DIR [JOBS=N] [LABS=\"04 05\"]\n");
        return IMPOSSIBLE;
    }
    if (find_submissions(grader, setting("ROSTER")) == -1 || take_shard(grader) == -1 ||
        seal(grader) == -1)
        return IMPOSSIBLE;
    if (grader->submissions_count == 0 && !setting("SHARD")) {
        fprintf(stderr, "grade: %s holds no submission\n", grader->submissions);
        return IMPOSSIBLE;
    }
    if (pool_run(grader) == -1)
        return IMPOSSIBLE;
    if (publish_class(grader) == -1) {
        fprintf(stderr, "grade: %s: %s\n", grader->out, strerror(errno));
        return IMPOSSIBLE;
    }
    int errors = count_errors(grader);
    printf("%zu persons graded; %s/grades.csv, %s/report.html\n", grader->submissions_count,
           grader->out, grader->out);
    if (errors)
        printf("%d verdicts are \"error\": the same command tries them again\n", errors);
    return errors ? ERRORS : DONE;
}

static int merge(struct grader *grader, char *folders[])
{
    if (begin(grader) == -1)
        return IMPOSSIBLE;
    for (; *folders; folders++) {
        int added = journal_merge(grader->journal, *folders);
        if (added == -1) {
            fprintf(stderr, "grade: %s: %s\n", *folders, strerror(errno));
            return IMPOSSIBLE;
        }
        printf("%s: %d verdicts were new\n", *folders, added);
    }
    return DONE;
}

static int similar(struct grader *grader)
{
    const char *wish = setting("THRESHOLD");
    int percent = wish ? atoi(wish) : 80;
    if (percent < 1 || percent > 100) {
        fprintf(stderr, "grade: THRESHOLD is a percentage, from 1 to 100\n");
        return IMPOSSIBLE;
    }
    if (begin(grader) == -1 || seal(grader) == -1)
        return IMPOSSIBLE;
    if (access(text("%s/sources", grader->out), R_OK) == -1) {
        fprintf(stderr, "grade: nothing was graded into %s yet\n", grader->out);
        return IMPOSSIBLE;
    }
    return write_similar(grader, percent) == 0 ? DONE : IMPOSSIBLE;
}

/* `told`: a file with notes on what was not even unpacked. */
static int take(struct grader *grader, const char *folder, const char *told)
{
    struct notes notes = {.count = 0};
    char *lines = read_whole(told, NULL);
    note_lines(&notes, lines ? lines : "");
    free(lines);
    grader->kit = setting("KIT");
    if (!grader->kit || find_labs(grader) == -1)
        return IMPOSSIBLE;
    if (take_files(grader, folder, stdout, &notes, NULL) == 0) {
        send_notes(&notes, stdout);
        return fflush(stdout) == 0 ? DONE : IMPOSSIBLE;
    }
    fprintf(stderr, "%s: %s\n", folder, strerror(errno));
    return IMPOSSIBLE;
}

int main(int argc, char *argv[])
{
    static struct grader grader;
    if (argc == 2 && strcmp(argv[1], "run") == 0)
        return run(&grader);
    if (argc > 2 && strcmp(argv[1], "merge") == 0)
        return merge(&grader, argv + 2);
    if (argc == 2 && strcmp(argv[1], "similar") == 0)
        return similar(&grader);
    if (argc > 4 && strcmp(argv[1], "fill") == 0)
        return fill_table(argv[2], argv[3], argv[4], argv + 5);
    if (argc == 4 && strcmp(argv[1], "take") == 0)
        return take(&grader, argv[2], argv[3]);
    fprintf(stderr, "usage: grade run | merge DIR... | similar | fill PLATFORM OUT TABLE.csv | "
                    "take FOLDER NOTES\n");
    return IMPOSSIBLE;
}

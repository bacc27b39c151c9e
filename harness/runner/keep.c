/*
 * keep.c - verdicts that are kept from one check of a lab to the next (see keep.h).
 *
 * They stand beside the lab's builds, in BUILDS/LAB/kept: the ground on which all of them stand,
 * the key of each program, and each step that passed with the programs that it ran.
 */
#include "keep.h"

#include "compile.h"
#include "compiler.h"
#include "grade.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *file_of(const struct course *course, const struct lab *lab)
{
    return text("%s/%s/kept", builds_of(course, course->tree), lab->name);
}

static const char *source_of(const char *tree, const struct lab *lab, int program)
{
    return text("%s/%s/%s.c", tree, lab->name, lab->program[program]);
}

/* Everything but the tree's own programs that a verdict depends on. */
static const char *ground_of(const struct course *course, const struct lab *lab, enum tier tier)
{
    static const char *const settings[] = {"PROBE", "HIDDEN", "ACCUSE"};
    const char *built[] = {"bin/plumb", "probe/libprobe.so", text("steps/%s", lab->name)};
    char *all = text("%s %s\n", compiler_name(), tier_name(tier));
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        all = text("%s%s\n", all, setting(settings[i]) ? setting(settings[i]) : "");
    for (size_t i = 0; i < sizeof built / sizeof built[0]; i++)
        all = text("%s%s", all, stamp_of(text("%s/%s", course->build, built[i])));
    for (int i = 0; i < lab->programs; i++)
        all = text("%s%s", all, stamps_of_source(source_of("solutions", lab, i)));
    return text("%016llx", string_hash(all));
}

static void look_at_programs(const struct course *course, struct lab *lab, enum tier tier)
{
    lab->ground = ground_of(course, lab, tier);
    for (int i = 0; i < lab->programs; i++)
        lab->key[i] =
            text("%016llx", string_hash(stamps_of_source(source_of(course->tree, lab, i))));
}

/* --- the file --- */

struct kept { /* what the file says */
    const char *ground;
    const char *key[MOST_PROGRAMS]; /* in the order of the lab's programs; NULL: not known */
    const char *ran[MOST_STEPS];    /* by each step that passed: " NAME NAME "; NULL: not to keep */
};

static int index_of_program(const struct lab *lab, const char *name)
{
    for (int i = 0; i < lab->programs; i++)
        if (strcmp(lab->program[i], name) == 0)
            return i;
    return -1;
}

static void take_line(struct kept *kept, const struct lab *lab, char *line)
{
    char word[64], name[64];
    int number, end;
    if (sscanf(line, "ground %63s", word) == 1)
        kept->ground = text("%s", word);
    else if (sscanf(line, "program %63s %63s", name, word) == 2 &&
             index_of_program(lab, name) != -1)
        kept->key[index_of_program(lab, name)] = text("%s", word);
    else if (sscanf(line, "step %d%n", &number, &end) == 1)
        for (int i = 0; i < lab->steps; i++)
            if (lab->step[i].number == number)
                kept->ran[i] = text("%s ", line + end);
}

static struct kept read_kept(const struct course *course, const struct lab *lab)
{
    struct kept kept = {0};
    char *content = read_whole(file_of(course, lab), NULL), *rest = content;
    for (char *line; content && (line = strtok_r(rest, "\n", &rest));)
        take_line(&kept, lab, line);
    free(content);
    return kept;
}

static void note_lab(const struct course *course, const struct lab *lab)
{
    char *content = text("ground %s\n", lab->ground);
    for (int i = 0; i < lab->programs; i++)
        content = text("%sprogram %s %s\n", content, lab->program[i], lab->key[i]);
    for (int i = 0; i < lab->steps; i++) {
        const struct outcome *outcome = &lab->step[i].outcome;
        if (outcome->status != PASS || outcome->remark || !outcome->ran[0])
            continue;
        content = text("%sstep %d", content, lab->step[i].number);
        for (int j = 0; j < MOST_PROGRAMS && outcome->ran[j]; j++)
            content = text("%s %s", content, outcome->ran[j]);
        content = text("%s\n", content);
    }
    write_whole(file_of(course, lab), content, strlen(content));
}

void note_verdicts(const struct course *course)
{
    for (int i = 0; i < course->labs; i++)
        note_lab(course, &course->lab[i]);
}

/* --- what is kept --- */

/* Fills in the outcome if each of the programs is as it was. */
static void keep_step(const struct lab *lab, struct step *step, const char *ran, const bool *same)
{
    struct outcome outcome = {.status = PASS, .kept = true};
    int count = 0;
    char *rest = text("%s", ran);
    for (char *name; (name = strtok_r(rest, " ", &rest));) {
        int program = index_of_program(lab, name);
        if (program == -1 || !same[program] || count == MOST_PROGRAMS)
            return;
        outcome.ran[count++] = lab->program[program];
    }
    step->outcome = outcome;
}

void keep_verdicts(struct course *course, enum tier tier)
{
    for (int i = 0; i < course->labs; i++) {
        struct lab *lab = &course->lab[i];
        bool same[MOST_PROGRAMS], all_same = true;
        look_at_programs(course, lab, tier);
        struct kept kept = read_kept(course, lab);
        for (int j = 0; j < lab->programs; j++) {
            same[j] = kept.key[j] && strcmp(kept.key[j], lab->key[j]) == 0;
            all_same = all_same && same[j];
        }
        if (all_same || !kept.ground || strcmp(kept.ground, lab->ground) != 0)
            continue;
        for (int j = 0; j < lab->steps; j++)
            if (kept.ran[j])
                keep_step(lab, &lab->step[j], kept.ran[j], same);
    }
}

/*
 * journals.c - the journal: what is before the first NUL is appended as records, with their
 * checksums; what is behind it follows raw, as a crash or somebody's editor may leave it.
 */
#include "fuzz.h"

#include "../../harness/grader/journal.h"
#include "../../harness/grader/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Every block that the records speak of is read; `other`, if given, must hold the same. */
static void read_blocks(const struct journal *journal, const char *lines,
                        const struct journal *other)
{
    char *copy = strdup(lines), *rest = copy;
    for (char *line; (line = strtok_r(rest, "\n", &rest));) {
        struct record record;
        if (record_parse(line, &record) == -1)
            continue;
        const char *id = record_get(&record, "id"), *lab = record_get(&record, "lab");
        (void)record_number(&record, "points");
        if (!id || !lab)
            continue;
        const struct block *block = journal_find(journal, id, lab);
        char *content = block ? journal_read(journal, block) : NULL;
        fuzz_expect(!block || content, "a block that is known can be read");
        if (other) {
            const struct block *same = journal_find(other, id, lab);
            fuzz_expect(!block == !same, "both know it, or neither");
            fuzz_expect(!block || (block->key == same->key && block->points == same->points &&
                                   block->error == same->error),
                        "both know the same");
        }
        free(content);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int damaged;
    const uint8_t *nul = memchr(data, '\0', size);
    char *lines = fuzz_string(data, nul ? (size_t)(nul - data) : size);
    const char *path = fuzz_file("journal", "", 0);
    struct journal *journal = journal_open(fuzz_folder(), &damaged);
    fuzz_expect(journal != NULL, "an empty journal opens");
    fuzz_expect(journal_append(journal, lines, strlen(lines)) == 0, "appended");
    journal_close(journal);
    journal = journal_open(fuzz_folder(), &damaged);
    fuzz_expect(damaged == 0, "what was appended is whole");
    read_blocks(journal, lines, NULL);
    journal_close(journal);

    FILE *raw = fopen(path, "ae");
    if (!raw)
        abort();
    if (nul)
        fwrite(nul + 1, 1, (size_t)(data + size - nul - 1), raw);
    fclose(raw);
    journal = journal_open(fuzz_folder(), &damaged);
    fuzz_expect(journal != NULL, "a damaged journal opens");
    read_blocks(journal, lines, NULL);
    journal_close(journal);
    struct journal *again = journal_open(fuzz_folder(), &damaged);
    read_blocks(again, lines, again);
    journal_close(again);
    free(lines);
    fuzz_free_texts();
    return 0;
}

/*
 * names.c - the names that platforms give to files and folders, and IDs made safe.
 */
#include "fuzz.h"

#include "../../harness/grader/latin.h"
#include "../../harness/grader/submission.h"
#include "../../harness/runner/escape.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct label label;
    char id[160], small[24];
    char *name = fuzz_string(data, size);
    label_read(name, size % 2, &label);
    safe_id(label.id, id, sizeof id);
    fuzz_expect(*id && !strchr(id, '/') && id[0] != '.' && id[0] != '-' && strlen(id) < 128,
                "an ID is safe as a file's name");
    safe_id(name, small, sizeof small);
    fuzz_expect(strlen(small) < sizeof small, "an ID fits its place");
    fuzz_expect(is_utf8(as_utf8(label.name)), "names become UTF-8");
    (void)is_archive(name);
    free(name);
    fuzz_free_texts();
    return 0;
}

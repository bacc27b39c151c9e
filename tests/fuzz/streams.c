/*
 * streams.c - what comes out of the sandbox that unpacked an archive.
 */
#include "fuzz.h"

#include "../../harness/grader/take.h"
#include "../../harness/runner/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct grader grader = {
        .lab = {{.name = "01-socket", .program = {"sockinfo", "sockcount"}, .programs = 2}},
        .labs = 1,
    };
    if (size == 0)
        return 0;
    const char *tree = text("%s/tree/deep", fuzz_folder());
    FILE *in = fmemopen((void *)(uintptr_t)data, size, "r");
    if (!in || make_folders(tree) == -1)
        abort();
    struct notes notes = {.count = 0};
    put_files(&grader, in, tree, "a part", &notes);
    (void)notes_text(&notes);
    fclose(in);
    remove_tree(tree);
    fuzz_expect(rmdir(text("%s/tree", fuzz_folder())) == 0, "nothing was written elsewhere");
    fuzz_free_texts();
    return 0;
}

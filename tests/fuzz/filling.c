/*
 * filling.c - tables to fill: the grades before the first NUL, the exported table behind it.
 */
#include "fuzz.h"

#include "../../harness/grader/fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = memchr(data, '\0', size);
    size_t first = nul ? (size_t)(nul - data) : size;
    const uint8_t *rest = nul ? nul + 1 : data + size;
    char *wishes[] = {"Grade=total", NULL};
    fuzz_file("grades.csv", data, first);
    const char *table = fuzz_file("table.csv", rest, (size_t)(data + size - rest));
    fill_table("canvas", fuzz_folder(), table, wishes + 1);
    fill_table("moodle", fuzz_folder(), table, size % 2 ? wishes : wishes + 1);
    fuzz_free_texts();
    return 0;
}

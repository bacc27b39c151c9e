/*
 * tables.c - rosters and exported tables: read, written, read again.
 */
#include "fuzz.h"

#include "../../harness/grader/csv.h"

#include <stdlib.h>
#include <string.h>

/* Cells come back as they were written, but for the ' before a formula. */
static void compare(const struct csv *first, const struct csv *second)
{
    fuzz_expect(first->rows == second->rows, "as many rows");
    for (size_t i = 0; i < first->rows; i++) {
        fuzz_expect(first->row[i].cells == second->row[i].cells, "as many cells");
        for (int j = 0; j < first->row[i].cells; j++) {
            const char *was = csv_cell(first, i, j), *is = csv_cell(second, i, j);
            fuzz_expect(strcmp(was, is) == 0 || (*is == '\'' && strcmp(was, is + 1) == 0),
                        "the same cells");
            fuzz_expect(!(*is && strchr("=@", *is)), "no formula");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv csv, again;
    char *written = NULL;
    size_t length;
    if (csv_parse(&csv, fuzz_string(data, size), size, '\0') == 0) {
        FILE *out = open_memstream(&written, &length);
        for (size_t i = 0; i < csv.rows; i++) {
            for (int j = 0; j < csv.row[i].cells; j++) {
                if (j > 0)
                    fputc(csv.separator, out);
                csv_put(out, csv_cell(&csv, i, j), csv.separator);
            }
            fputc('\n', out);
        }
        fclose(out);
        (void)csv_column(&csv, "id");
        fuzz_expect(*csv_cell(&csv, csv.rows, 0) == '\0', "no row, no cell");
        fuzz_expect(csv_parse(&again, written, length, csv.separator) == 0,
                    "what was written can be read");
        compare(&csv, &again);
        csv_close(&again);
    } else {
        fuzz_expect(*csv_problem(&csv) != '\0', "a reason is given");
    }
    csv_close(&csv);
    return 0;
}

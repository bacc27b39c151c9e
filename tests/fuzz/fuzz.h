/*
 * fuzz.h - what the fuzz targets share: memory that is given back, files that do not touch a disk.
 *
 * A target is LLVMFuzzerTestOneInput(); tests/fuzz/run builds and runs them.
 */
#ifndef PLUMBLINE_FUZZ_H
#define PLUMBLINE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Frees all that text() has made since the last call: in the grader its strings live for good. */
void fuzz_free_texts(void);

/* A folder in memory for this process's files; the same one every time. */
const char *fuzz_folder(void);

/* Writes a file into it and returns its path, which is good until the fourth call after. */
const char *fuzz_file(const char *name, const void *bytes, size_t length);

/* A copy of bytes with a NUL behind them, to be freed. */
char *fuzz_string(const uint8_t *data, size_t size);

/* Ends the run, for the fuzzer to report the input. */
void fuzz_expect(int holds, const char *what);

#endif

/*
 * memory.c - a step's memory. Its process lives for one step: next to nothing is ever freed.
 *
 * Megabytes go through the judge's hands, and to touch them 4 KiB at a time costs more than what is
 * done with them: 12 us a page on some virtual machines, a fifth of a whole check. So large pieces
 * stand in mappings of their own, in pages of megabytes where the kernel has some.
 */
#include "stage.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t LARGE = 1 << 20;

/* Of malloc()'s memory of this size: to be called before, for the sake of malloc() ... */
static void expect_large(size_t size)
{
#ifdef M_MMAP_THRESHOLD
    if (size >= LARGE)
        mallopt(M_MMAP_THRESHOLD, (int)LARGE); /* else it grows with what is freed */
#else
    (void)size;
#endif
}

/* ... and after, for the kernel's. It is advice only: see madvise(2). It goes to whole pages,
 * malloc()'s own bytes before the memory included: a mapping in two parts could not be moved when
 * it grows. */
static void advise_large(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)memory / page * page;
    uintptr_t end = ((uintptr_t)memory + size + page - 1) / page * page;
    if (size >= LARGE)
        madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)memory, (void)size;
#endif
}

void *step_memory(size_t size)
{
    expect_large(size);
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        cannot_judge("out of memory");
    advise_large(memory, size);
    return memory;
}

void *larger_memory(void *memory, size_t size)
{
    expect_large(size);
    void *larger = realloc(memory, size);
    if (!larger)
        cannot_judge("out of memory");
    advise_large(larger, size);
    return larger;
}

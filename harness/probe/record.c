/*
 * record.c - the probe's file: mapped when the program starts, written by every wrapper. Linux
 * only.
 *
 * The constructor takes its two words out of the environment, so that the program sees the one it
 * would see without the probe; the wrappers of exec (processes.c) put them back for the next image.
 * No descriptor stays open. Writers share the file without a lock: each takes a number by an atomic
 * add and fills in the record that belongs to it.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static struct {
    struct probe_header *header;   /* NULL: nothing is recorded */
    struct probe_record *record;   /* the array behind it */
    uintptr_t base, length;        /* of the program's own image */
    uint16_t image;                /* its index */
    uintptr_t stack_top;           /* of the main thread */
    bool deep;                     /* a sanitizer in the image itself calls us for the program */
    char preload[512], file[1024]; /* words for the next image */
} probe;

/* --- the next function of a name --- */

void *probe_real_named(void **known, const char *name)
{
    void *found = __atomic_load_n(known, __ATOMIC_RELAXED);
    if (!found) {
        int error = errno;
        found = dlsym(RTLD_NEXT, name);
        __atomic_store_n(known, found, __ATOMIC_RELAXED);
        errno = error;
    }
    return found;
}

static void *real[PROBE_CALL_COUNT];

void *probe_real(enum probe_call call, const char *name)
{
    return probe_real_named(&real[call], name);
}

/* dlsym() is not for signal handlers and children of vfork(): all are looked up at the start. Not
 * what is no function: a name that is not found costs as much as all others together. */
static void find_all(void)
{
#define FIND(name)                                                                                 \
    if (CALL_##name != CALL_none && CALL_##name != CALL_start)                                     \
        probe_real(CALL_##name, #name);
    PROBE_CALLS(FIND)
#undef FIND
}

/* --- one record --- */

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool probe_peek(void *into, const void *from, size_t length)
{
    struct iovec ours = {into, length}, theirs = {(void *)from, length};
    return from && length > 0 &&
           syscall(SYS_process_vm_readv, syscall(SYS_getpid), &ours, 1ul, &theirs, 1ul, 0ul) ==
               (long)length;
}

static uint32_t place_of(uintptr_t address)
{
    uintptr_t offset = address - probe.base;
    return offset < probe.length ? (uint32_t)offset : 0;
}

/* Two words of the stack. In the main thread they can be read where they are below the environment,
 * which stands above all frames; elsewhere the kernel tries. */
static bool stack_words(uintptr_t words[2], uintptr_t frame)
{
    if (frame < probe.stack_top - 2 * sizeof *words && probe.stack_top - frame < 4u << 20) {
        memcpy(words, (void *)frame, 2 * sizeof *words);
        return true;
    }
    return probe_peek(words, (void *)frame, 2 * sizeof *words);
}

/* Follows the chain of frames where the caller is not the program itself: an interceptor of a
 * sanitizer, say. A frame pointer that leads elsewhere ends it: clang's interceptors of poll(),
 * readv(), writev(), sendmsg() and recvmsg() keep none, so that their callers stay unknown. */
static void find_callers(struct probe_record *record, uintptr_t frame)
{
    uintptr_t words[2]; /* the caller's frame pointer, and where it returns to */
    memcpy(words, (void *)frame, sizeof words);
    for (int i = 1; i < PROBE_PLACES; i++) {
        uintptr_t up = words[0];
        if (up <= frame || up - frame > 65536 || up % sizeof up != 0 || !stack_words(words, up))
            return;
        record->place[i] = place_of(words[1]);
        frame = up;
    }
}

static uint64_t index_of(uint64_t number)
{
    return number < PROBE_FIRST ? number : PROBE_FIRST + (number - PROBE_FIRST) % PROBE_RING;
}

static enum probe_kind kind_of(enum probe_call name, long fd)
{
    struct stat status;
    switch (name) {
    case CALL_accept:
    case CALL_accept4:
        return KIND_ACCEPT;
    case CALL_send:
    case CALL_sendto:
    case CALL_sendmsg:
        return KIND_SEND;
    case CALL_recv:
    case CALL_recvfrom:
    case CALL_recvmsg:
        return KIND_RECV;
    case CALL_write:
    case CALL_writev:
        return fstat((int)fd, &status) == 0 && S_ISSOCK(status.st_mode) ? KIND_SEND : KIND_WRITE;
    case CALL_read:
    case CALL_readv:
        return fstat((int)fd, &status) == 0 && S_ISSOCK(status.st_mode) ? KIND_RECV : KIND_READ;
    case CALL_fork:
        return KIND_FORK;
    case CALL_pthread_create:
        return KIND_THREAD;
    case CALL_poll:
    case CALL_ppoll:
    case CALL_select:
    case CALL_pselect:
    case CALL_epoll_wait:
    case CALL_epoll_pwait:
        return KIND_POLL;
    case CALL_connect:
        return KIND_CONNECT;
    case CALL_listen:
        return KIND_LISTEN;
    case CALL_pipe:
    case CALL_pipe2:
        return KIND_PIPE;
    case CALL_wait:
    case CALL_waitpid:
    case CALL_wait3:
    case CALL_wait4:
    case CALL_waitid:
        return KIND_WAIT;
    default:
        return KIND_NONE;
    }
}

void probe_begin(struct call *call, enum probe_call name, void *caller, void *frame, long a0,
                 long a1, long a2, long a3, long a4)
{
    *call = (struct call){0};
    if (!probe.header)
        return;
    int error = errno;
    uint64_t number = __atomic_fetch_add(&probe.header->next, 1, __ATOMIC_RELAXED);
    struct probe_record *record = &probe.record[index_of(number)];
    __atomic_store_n(&record->number, 0, __ATOMIC_RELEASE);
    memset((char *)record + sizeof record->number, 0, sizeof *record - sizeof record->number);
    record->process = (int32_t)syscall(SYS_getpid);
    record->thread = (int32_t)syscall(SYS_gettid);
    record->call = (uint16_t)name;
    record->image = probe.image;
    record->argument[0] = a0;
    record->argument[1] = a1;
    record->argument[2] = a2;
    record->argument[3] = a3;
    record->argument[4] = a4;
    record->place[0] = place_of((uintptr_t)caller);
    if (frame && (probe.deep || record->place[0] == 0))
        find_callers(record, (uintptr_t)frame);
    call->record = record;
    call->number = number + 1;
    record->began_ns = now_ns();
    __atomic_store_n(&record->number, number + 1, __ATOMIC_RELEASE);
    if (probe.header->rules && probe.image == 0) {
        record->kind = (uint8_t)kind_of(name, a0);
        weather_strikes(call, record->kind, probe.header);
    }
    errno = error;
}

/* The ring may have come round meanwhile: then the record belongs to another call. */
static struct probe_record *own_record(const struct call *call)
{
    struct probe_record *record = call->record;
    return record && __atomic_load_n(&record->number, __ATOMIC_ACQUIRE) == call->number ? record
                                                                                        : NULL;
}

long probe_end(struct call *call, long result)
{
    int error = errno;
    struct probe_record *record = own_record(call);
    if (record) {
        record->result = result;
        record->error = result == -1 ? error : 0;
        __atomic_store_n(&record->ended_ns, now_ns(), __ATOMIC_RELEASE);
    }
    errno = error;
    return result;
}

void probe_argument(struct call *call, int index, long value)
{
    struct probe_record *record = own_record(call);
    if (record)
        record->argument[index] = value;
}

void probe_data(struct call *call, const void *data, size_t length)
{
    struct probe_record *record = own_record(call);
    int error = errno;
    size_t kept = length < PROBE_DATA ? length : PROBE_DATA;
    if (record && probe_peek(record->data, data, kept))
        record->data_length = (uint8_t)kept;
    errno = error;
}

void probe_moved(struct call *call, const void *data, long length)
{
    struct probe_record *record = own_record(call);
    if (!record || length <= 0)
        return;
    size_t kept = length < PROBE_DATA ? (size_t)length : PROBE_DATA;
    memcpy(record->data, data, kept);
    record->data_length = (uint8_t)kept;
}

void probe_string(struct call *call, const char *string)
{
    /* Read up to the end of each page: the next one may not be there. */
    char part[512];
    size_t length = 0;
    int error = errno;
    while (call->record && length < 4096) {
        size_t left = 4096 - (uintptr_t)(string + length) % 4096;
        size_t room = left < sizeof part ? left : sizeof part;
        if (!probe_peek(part, string + length, room))
            break;
        size_t found = strnlen(part, room);
        length += found;
        if (found < room)
            break;
    }
    size_t kept = length < PROBE_DATA ? length : PROBE_DATA;
    probe_data(call, string + length - kept, kept);
    errno = error;
}

void probe_address(struct call *call, const void *address, size_t length)
{
    struct probe_record *record = own_record(call);
    int error = errno;
    size_t kept = length < PROBE_ADDRESS ? length : PROBE_ADDRESS;
    if (record && probe_peek(record->address, address, kept))
        record->address_length = (uint8_t)kept;
    errno = error;
}

/* --- the start of an image --- */

struct probe_header *probe_header(void)
{
    return probe.header;
}

const char *probe_preload(void)
{
    return probe.header ? probe.preload : NULL;
}

const char *probe_file(void)
{
    return probe.header ? probe.file : NULL;
}

/* Takes `NAME=value` out of the environment; false if it is not there or too long for `word`. */
static bool take_word(char **environment, const char *name, char *word, size_t size)
{
    bool taken = false;
    size_t length = strlen(name);
    char **to = environment;
    for (char **from = environment; *from; from++) {
        if (strncmp(*from, name, length) != 0) {
            *to++ = *from;
            continue;
        }
        taken = strlen(*from) < size;
        if (taken)
            strcpy(word, *from);
    }
    *to = NULL;
    return taken;
}

static bool map_file(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd == -1)
        return false;
    void *map = MAP_FAILED;
    if (fstat(fd, &status) == 0 && status.st_size == (off_t)PROBE_FILE_SIZE)
        map = mmap(NULL, PROBE_FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return false;
    probe.header = map;
    probe.record = (void *)((char *)map + PROBE_HEADER_SIZE);
    if (probe.header->magic == PROBE_MAGIC && probe.header->version == PROBE_VERSION)
        return true;
    munmap(map, PROBE_FILE_SIZE);
    probe.header = NULL;
    return false;
}

/* The first object is the program itself. */
static int measure_image(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    probe.base = info->dlpi_addr;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && segment->p_vaddr + segment->p_memsz > probe.length)
            probe.length = segment->p_vaddr + segment->p_memsz;
    }
    return 1;
}

/* A sanitizer that is linked into the program catches its calls before us. */
static bool image_intercepts(void)
{
    void *interceptor = dlsym(RTLD_DEFAULT, "__asan_init");
    return interceptor && place_of((uintptr_t)interceptor) != 0;
}

static void claim_image(void)
{
    uint32_t index = __atomic_fetch_add(&probe.header->images, 1, __ATOMIC_RELAXED);
    probe.image = (uint16_t)(index < PROBE_IMAGES ? index : PROBE_IMAGES);
    if (index >= PROBE_IMAGES)
        return;
    struct probe_image *image = &probe.header->image[index];
    image->process = (int32_t)getpid();
    image->base = probe.base;
    image->length = probe.length;
    ssize_t length = readlink("/proc/self/exe", image->path, sizeof image->path - 1);
    image->path[length > 0 ? length : 0] = '\0';
    __atomic_store_n(&image->ready, 1, __ATOMIC_RELEASE);
}

static void record_start(int argc, char *argv[])
{
    struct call call;
    probe_begin(&call, CALL_start, NULL, NULL, getppid(), argc, 0, 0, 0);
    if (!call.record)
        return;
    size_t used = 0;
    for (int i = 0; i < argc && used < PROBE_DATA; i++) {
        size_t length = strnlen(argv[i], PROBE_DATA - used);
        memcpy(call.record->data + used, argv[i], length);
        used += length + 1;
    }
    call.record->data_length = (uint8_t)(used < PROBE_DATA ? used : PROBE_DATA);
    probe_end(&call, 0);
}

__attribute__((constructor)) static void open_probe(int argc, char *argv[], char *environment[])
{
    static const char file_is[] = "PLUMBLINE_PROBE=", preload_is[] = "LD_PRELOAD=";
    int error = errno;
    find_all();
    if (take_word(environment, file_is, probe.file, sizeof probe.file) &&
        take_word(environment, preload_is, probe.preload, sizeof probe.preload) &&
        map_file(probe.file + sizeof file_is - 1)) {
        dl_iterate_phdr(measure_image, NULL);
        probe.deep = image_intercepts();
        probe.stack_top = (uintptr_t)environment;
        claim_image();
        record_start(argc, argv);
    }
    errno = error;
}

/*
 * transcript.c - reads what the probe wrote down (see transcript.h). Linux only.
 */
#include "transcript.h"

#include "program.h"
#include "stage.h"
#include "weather.h"
#include "world.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_PLACES = 1024, TOOL_MS = 5000 };

/* --- may the program be probed? --- */

/* The program interpreter that an executable names (the C library's loader), or NULL: it has none,
 * or cannot be read. The file may be anything. */
static const char *loader_of(const char *path)
{
    Elf64_Ehdr head;
    const char *loader = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1)
        return NULL;
    if (read(fd, &head, sizeof head) == (ssize_t)sizeof head &&
        memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 && head.e_ident[EI_CLASS] == ELFCLASS64)
        for (int i = 0; i < head.e_phnum && i < 64 && !loader; i++) {
            Elf64_Phdr segment;
            char name[256] = "";
            off_t at = (off_t)head.e_phoff + i * (off_t)sizeof segment;
            if (pread(fd, &segment, sizeof segment, at) != (ssize_t)sizeof segment)
                break;
            if (segment.p_type == PT_INTERP &&
                pread(fd, name, sizeof name - 1, (off_t)segment.p_offset) > 0)
                loader = text("%s", name);
        }
    close(fd);
    return loader;
}

static bool loads_what_we_load(const char *path)
{
    static const char *ours;
    if (!ours)
        ours = loader_of("/proc/self/exe");
    const char *theirs = ours ? loader_of(path) : NULL;
    return theirs && strcmp(ours, theirs) == 0;
}

/* --- the file --- */

static int make_probe_file(const char *path, const char *weather)
{
    struct probe_header head = {.magic = PROBE_MAGIC, .version = PROBE_VERSION};
    head.header_size = PROBE_HEADER_SIZE;
    head.record_size = sizeof(struct probe_record);
    if (weather)
        head.rules = (uint32_t)weather_rules(weather, head.rule);
    const size_t written = offsetof(struct probe_header, image); /* the rest is zero */
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd != -1 && ftruncate(fd, (off_t)PROBE_FILE_SIZE) == 0 &&
        pwrite(fd, &head, written, 0) == (ssize_t)written)
        return fd;
    if (fd != -1)
        close(fd);
    return -1;
}

int transcript_prepare(struct program *program, const char *path, char *words[])
{
    static int number;
    const char *library = getenv("PLUMBLINE_PROBE");
    program->path = path;
    program->probe = -1;
    /* Not for a tool, nor between a program and ThreadSanitizer. LD_PRELOAD is split at colons and
     * blanks. */
    if (!program->how->program || program->how->watch_threads || !library ||
        strpbrk(library, ": ") || !loads_what_we_load(path))
        return 0;
    const char *scratch = scratch_path("");
    int home = (int)(strrchr(scratch, '/') - scratch);
    /* Beside the box's own folder: in a sealed box that is memory and not a disk. */
    const char *file = text("%.*s.probe.%d", home, scratch, ++number);
    program->probe = make_probe_file(file, program->how->weather);
    if (program->probe == -1)
        return 0;
    words[0] = (char *)text("LD_PRELOAD=%s", library);
    words[1] = (char *)text("PLUMBLINE_PROBE=%s", file);
    return 2;
}

/* --- reading --- */

static void take_images(struct transcript *transcript, const struct probe_header *head)
{
    char *path = realpath(transcript->program->path, NULL);
    for (int i = 0; i < PROBE_IMAGES; i++) {
        struct probe_image *image = &transcript->image[i];
        *image = head->image[i];
        image->path[sizeof image->path - 1] = '\0';
        transcript->own[i] = image->ready == 1 && path && strcmp(image->path, path) == 0;
    }
    free(path);
}

static bool is_sound(const struct probe_record *record)
{
    return record->number > 0 && record->call > CALL_none && record->call < PROBE_CALL_COUNT &&
           record->data_length <= PROBE_DATA && record->address_length <= PROBE_ADDRESS;
}

static int by_number(const void *a, const void *b)
{
    const struct probe_record *one = a, *other = b;
    return (one->number > other->number) - (one->number < other->number);
}

/* Whatever the file's length is now: the rest stays zero, which is no record. */
static char *copy_of(int file)
{
    char *copy = step_memory(PROBE_FILE_SIZE);
    for (size_t got = 0; got < PROBE_FILE_SIZE;) {
        ssize_t length = pread(file, copy + got, PROBE_FILE_SIZE - got, (off_t)got);
        if (length <= 0)
            break;
        got += (size_t)length;
    }
    return copy;
}

/* The program goes on while its records are copied, and a ring that comes round writes over them:
 * only what has the same number in a second copy was whole in the first. */
struct transcript *transcript_of(struct program *program)
{
    enum { ALL = PROBE_FIRST + PROBE_RING };
    struct transcript *transcript = step_memory(sizeof *transcript);
    transcript->program = program;
    if (program->probe == -1)
        return transcript;
    char *copy = copy_of(program->probe);
    const struct probe_record *again = (void *)(copy_of(program->probe) + PROBE_HEADER_SIZE);
    take_images(transcript, (const void *)copy);
    transcript->record = (void *)(copy + PROBE_HEADER_SIZE);
    for (size_t i = 0; i < ALL; i++)
        if (is_sound(&transcript->record[i]) && transcript->record[i].number == again[i].number)
            transcript->record[transcript->count++] = transcript->record[i];
    qsort(transcript->record, transcript->count, sizeof *transcript->record, by_number);
    transcript->line = step_memory((transcript->count + 1) * sizeof *transcript->line);
    if (transcript->count > 0) {
        unsigned long long last = transcript->record[transcript->count - 1].number;
        transcript->lost = last > transcript->count ? last - transcript->count : 0;
    }
    return transcript;
}

const char *call_name(const struct probe_record *record)
{
#define PROBE_NAME(name) #name,
    static const char *const names[] = {PROBE_CALLS(PROBE_NAME)};
#undef PROBE_NAME
    return names[record->call];
}

bool is_unfinished(const struct probe_record *record)
{
    return record->ended_ns == 0;
}

const char *image_name(const struct transcript *transcript, const struct probe_record *record)
{
    if (record->image >= PROBE_IMAGES || transcript->image[record->image].ready != 1)
        return "";
    const char *path = transcript->image[record->image].path;
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *command_name(const struct transcript *transcript, size_t i)
{
    for (size_t j = i + 1; j-- > 0;) {
        const struct probe_record *record = &transcript->record[j];
        if (record->call != CALL_start || record->process != transcript->record[i].process)
            continue;
        const char *word = text("%.*s", record->data_length, (const char *)record->data);
        const char *slash = strrchr(word, '/');
        return slash ? slash + 1 : word;
    }
    return image_name(transcript, &transcript->record[i]);
}

bool is_own(const struct transcript *transcript, const struct probe_record *record)
{
    return record->image < PROBE_IMAGES && transcript->own[record->image];
}

/* --- source lines --- */

struct places { /* the distinct return addresses, and where they are */
    uint32_t offset[MOST_PLACES];
    const char *line[MOST_PLACES]; /* NULL: not in the program's source */
    int count;
};

static int find_place(const struct places *places, uint32_t offset)
{
    for (int i = 0; i < places->count; i++)
        if (places->offset[i] == offset)
            return i;
    return -1;
}

static void add_places(struct places *places, const struct probe_record *record)
{
    for (int i = 0; i < PROBE_PLACES && places->count < MOST_PLACES; i++)
        if (record->place[i] && find_place(places, record->place[i]) == -1)
            places->offset[places->count++] = record->place[i];
}

static const char *find_tool(const char *name)
{
    static const char *const folders[] = {"/usr/bin", "/usr/local/bin", "/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *path = text("%s/%s", folders[i], name);
        if (access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

/* All that a tool prints, or as much as it does in its time. */
static const char *output_of(const char *path, char *const argv[])
{
    struct program *tool = launch_tool(path, argv);
    struct buffer said = {0};
    long long end = now_ms() + TOOL_MS;
    for (ssize_t length = 1; length > 0 && buffer_length(&said) < 1 << 20;) {
        char chunk[4096];
        struct pollfd ready = {.fd = tool->output, .events = POLLIN};
        if (now_ms() >= end || poll(&ready, 1, (int)(end - now_ms())) <= 0)
            break;
        length = read(tool->output, chunk, sizeof chunk);
        if (length > 0)
            buffer_append(&said, chunk, (size_t)length);
    }
    kill(tool->pid, SIGKILL);
    waitpid(tool->pid, NULL, 0);
    buffer_append(&said, "", 1);
    return (const char *)said.data + said.start;
}

/* "FOLDER/echoserver.c:61 (discriminator 2)" becomes "echoserver.c:61" if that is the program's own
 * source; what a sanitizer or the C library brought along does not count. */
static const char *own_line(const struct transcript *transcript, const char *line, size_t length)
{
    const char *place = text("%.*s", (int)length, line);
    const char *slash = strrchr(place, '/');
    const char *file = slash ? slash + 1 : place;
    size_t name = strlen(transcript->program->name);
    if (strncmp(file, transcript->program->name, name) != 0 ||
        strncmp(file + name, ".c:", 3) != 0 || file[name + 3] < '1' || file[name + 3] > '9')
        return NULL;
    return text("%.*s", (int)(name + 3 + strspn(file + name + 3, "0123456789")), file);
}

static void ask_addr2line(const struct transcript *transcript, struct places *places)
{
    const char *tool = find_tool("addr2line");
    if (!tool || places->count == 0)
        return;
    char **argv = step_memory((size_t)(places->count + 5) * sizeof *argv);
    int words = 0;
    argv[words++] = "addr2line"; /* -a, -i: an address, then its line and those it is inlined in */
    argv[words++] = "-ai";
    argv[words++] = "-e";
    argv[words++] = (char *)transcript->program->path;
    for (int i = 0; i < places->count; i++) /* the call is before the place where it returns to */
        argv[words++] = (char *)text("0x%x", places->offset[i] - 1);
    const char *line = output_of(tool, argv);
    for (int i = -1; *line;) {
        size_t length = strcspn(line, "\n");
        if (strncmp(line, "0x", 2) == 0)
            i++;
        else if (i >= 0 && i < places->count && !places->line[i])
            places->line[i] = own_line(transcript, line, length);
        line += length + (line[length] == '\n');
    }
}

void transcript_resolve(struct transcript *transcript)
{
    struct places *places = step_memory(sizeof *places);
    for (size_t i = 0; i < transcript->count; i++)
        if (is_own(transcript, &transcript->record[i]))
            add_places(places, &transcript->record[i]);
    ask_addr2line(transcript, places);
    for (size_t i = 0; i < transcript->count; i++) {
        const struct probe_record *record = &transcript->record[i];
        if (!is_own(transcript, record))
            continue;
        for (int j = 0; j < PROBE_PLACES && !transcript->line[i]; j++) {
            int place = record->place[j] ? find_place(places, record->place[j]) : -1;
            if (place != -1)
                transcript->line[i] = places->line[place];
        }
    }
}

/*
 * journal.c - every verdict that was ever reached (see journal.h).
 */
#include "journal.h"

#include "../runner/text.h"
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECKSUM = 9 /* eight digits and a space */ };

struct journal {
    int fd;
    long long end;       /* of the last whole line */
    struct block *table; /* open addressing; length 0: free */
    size_t room, used;
};

struct reading { /* a block that is being read */
    char id[256], lab[64];
    unsigned long long key;
    long long offset;
    int steps, points;
    bool error;
};

/* --- checksums and hashes --- */

static uint32_t crc32(const char *bytes, size_t length)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static unsigned long long hash_of(const char *id, const char *lab)
{
    unsigned long long hash = 14695981039346656037ULL; /* FNV-1a */
    for (const char *c = id; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
    hash = (hash ^ '/') * 1099511628211ULL;
    for (const char *c = lab; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211ULL;
    return hash;
}

/* --- the table of blocks --- */

static struct block *place_of(const struct journal *journal, unsigned long long who)
{
    size_t at = (size_t)who & (journal->room - 1);
    while (journal->table[at].length && journal->table[at].who != who)
        at = (at + 1) & (journal->room - 1);
    return &journal->table[at];
}

static int make_room(struct journal *journal)
{
    if (journal->used * 2 < journal->room)
        return 0;
    struct journal larger = {.room = journal->room ? journal->room * 2 : 256};
    larger.table = calloc(larger.room, sizeof *larger.table);
    if (!larger.table)
        return -1;
    for (size_t i = 0; i < journal->room; i++)
        if (journal->table[i].length)
            *place_of(&larger, journal->table[i].who) = journal->table[i];
    free(journal->table);
    journal->table = larger.table;
    journal->room = larger.room;
    return 0;
}

const struct block *journal_find(const struct journal *journal, const char *id, const char *lab)
{
    if (journal->room == 0)
        return NULL;
    const struct block *block = place_of(journal, hash_of(id, lab));
    return block->length ? block : NULL;
}

/* --- reading --- */

/* Takes a record into account; at its last one a block is entered into the table. */
static int take_record(struct journal *journal, struct reading *reading, char *line,
                       long long offset, size_t length)
{
    struct record record;
    if (record_parse(line, &record) == -1)
        return 0;
    const char *id = record_get(&record, "id"), *lab = record_get(&record, "lab");
    const char *key = record_get(&record, "key"), *status = record_get(&record, "status");
    if (!id || !lab || !key || strlen(id) >= sizeof reading->id ||
        strlen(lab) >= sizeof reading->lab)
        return 0;
    unsigned long long key_number = strtoull(key, NULL, 16);
    if (strcmp(id, reading->id) != 0 || strcmp(lab, reading->lab) != 0 ||
        key_number != reading->key || reading->steps == -1) {
        *reading = (struct reading){.key = key_number, .offset = offset};
        strcpy(reading->id, id);
        strcpy(reading->lab, lab);
    }
    if (!record_get(&record, "done")) {
        reading->steps++;
        reading->points += record_number(&record, "points");
        reading->error |= status && strcmp(status, "error") == 0;
        return 0;
    }
    if (record_number(&record, "done") == reading->steps) {
        if (make_room(journal) == -1)
            return -1;
        struct block *block = place_of(journal, hash_of(id, lab));
        journal->used += block->length == 0;
        block->who = hash_of(id, lab);
        block->key = key_number;
        block->offset = reading->offset;
        block->length = (unsigned)(offset + (long long)length - reading->offset);
        block->points = reading->points;
        block->error = reading->error;
    }
    reading->steps = -1; /* the next record begins a block */
    return 0;
}

static bool is_whole(const char *line, size_t length)
{
    char *end;
    if (length < CHECKSUM + 1 || line[length - 1] != '\n' || line[CHECKSUM - 1] != ' ')
        return false;
    return strtoul(line, &end, 16) == crc32(line + CHECKSUM, length - CHECKSUM - 1) &&
           end == line + CHECKSUM - 1;
}

static int read_all(struct journal *journal, int *damaged)
{
    struct reading reading = {.steps = -1};
    char *line = NULL;
    size_t room = 0;
    int copy = dup(journal->fd);
    FILE *file = copy == -1 ? NULL : fdopen(copy, "r");
    if (!file)
        return -1;
    long long offset = 0;
    int result = 0;
    rewind(file);
    for (ssize_t length; result == 0 && (length = getline(&line, &room, file)) > 0;
         offset += length) {
        if (!is_whole(line, (size_t)length)) {
            reading.steps = -1;
            (*damaged)++;
            continue;
        }
        journal->end = offset + length;
        line[length - 1] = '\0';
        result = take_record(journal, &reading, line + CHECKSUM, offset, (size_t)length);
    }
    free(line);
    fclose(file);
    return result;
}

struct journal *journal_open(const char *out, int *damaged)
{
    struct journal *journal = calloc(1, sizeof *journal);
    *damaged = 0;
    if (!journal)
        return NULL;
    journal->fd = open(text("%s/journal", out), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (journal->fd == -1 || flock(journal->fd, LOCK_EX | LOCK_NB) == -1 ||
        read_all(journal, damaged) == -1 || ftruncate(journal->fd, journal->end) == -1) {
        int error = errno;
        journal_close(journal);
        errno = error;
        return NULL;
    }
    return journal;
}

void journal_close(struct journal *journal)
{
    if (journal->fd != -1)
        close(journal->fd);
    free(journal->table);
    free(journal);
}

char *journal_read(const struct journal *journal, const struct block *block)
{
    char *content = malloc(block->length + 1);
    if (!content)
        return NULL;
    if (pread(journal->fd, content, block->length, block->offset) != (ssize_t)block->length) {
        free(content);
        errno = EIO;
        return NULL;
    }
    char *to = content, *from = content, *end = content + block->length;
    while (from < end) { /* leave the checksums out */
        char *newline = memchr(from, '\n', (size_t)(end - from));
        size_t length = (size_t)((newline ? newline + 1 : end) - from);
        if (length > CHECKSUM)
            memmove(to, from + CHECKSUM, length - CHECKSUM);
        to += length > CHECKSUM ? length - CHECKSUM : 0;
        from += length;
    }
    *to = '\0';
    return content;
}

/* --- writing --- */

static int write_synced(const struct journal *journal, const char *bytes, size_t length)
{
    for (size_t written = 0; written < length;) {
        ssize_t now = pwrite(journal->fd, bytes + written, length - written,
                             journal->end + (long long)written);
        if (now == -1 && errno == EINTR)
            continue;
        if (now == -1)
            return -1;
        written += (size_t)now;
    }
    return fdatasync(journal->fd);
}

int journal_append(struct journal *journal, const char *lines, size_t length)
{
    char *whole;
    size_t size;
    struct reading reading = {.steps = -1};
    FILE *out = open_memstream(&whole, &size);
    if (!out)
        return -1;
    for (const char *at = lines, *end; at < lines + length; at = end) {
        const char *newline = memchr(at, '\n', (size_t)(lines + length - at));
        end = newline ? newline + 1 : lines + length;
        size_t payload = (size_t)((newline ? newline : end) - at);
        fprintf(out, "%08x ", crc32(at, payload));
        fwrite(at, 1, payload, out);
        fputc('\n', out);
    }
    if (fclose(out) != 0)
        return -1;
    if (write_synced(journal, whole, size) == -1) {
        int error = errno;
        if (ftruncate(journal->fd, journal->end) == -1)
            error = errno;
        free(whole);
        errno = error;
        return -1;
    }
    int result = 0;
    for (char *at = whole, *end; result == 0 && at < whole + size; at = end) {
        char *newline = memchr(at, '\n', (size_t)(whole + size - at));
        end = newline + 1;
        *newline = '\0';
        result = take_record(journal, &reading, at + CHECKSUM, journal->end + (at - whole),
                             (size_t)(end - at));
    }
    journal->end += (long long)size;
    free(whole);
    return result;
}

/* The id and lab that a block's first record names. */
static bool names_of(const char *lines, char *id, size_t id_size, char *lab, size_t lab_size)
{
    struct record record;
    char *line = text("%.*s", (int)strcspn(lines, "\n"), lines);
    bool found =
        record_parse(line, &record) == 0 && record_get(&record, "id") && record_get(&record, "lab");
    if (found) {
        snprintf(id, id_size, "%s", record_get(&record, "id"));
        snprintf(lab, lab_size, "%s", record_get(&record, "lab"));
    }
    free(line);
    return found;
}

int journal_merge(struct journal *journal, const char *other)
{
    int damaged, added = 0;
    struct stat status;
    if (stat(text("%s/journal", other), &status) == -1)
        return -1;
    struct journal *source = journal_open(other, &damaged);
    if (!source)
        return -1;
    for (size_t i = 0; added >= 0 && i < source->room; i++) {
        const struct block *theirs = &source->table[i];
        char id[256], lab[64];
        if (theirs->length == 0)
            continue;
        char *lines = journal_read(source, theirs);
        if (lines && names_of(lines, id, sizeof id, lab, sizeof lab)) {
            const struct block *ours = journal_find(journal, id, lab);
            if (!ours || ours->key != theirs->key || (ours->error && !theirs->error))
                added = journal_append(journal, lines, strlen(lines)) == -1 ? -1 : added + 1;
        }
        free(lines);
    }
    int error = errno;
    journal_close(source);
    errno = error;
    return added;
}

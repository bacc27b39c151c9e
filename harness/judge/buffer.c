/*
 * buffer.c - bytes that grow at the end and are taken from the front (struct buffer of stage.h).
 */
#include "stage.h"

#include <string.h>

enum { WORTH_GIVING = 65536 };

static void make_room(struct buffer *buffer, size_t length)
{
    if (buffer->capacity - buffer->end >= length)
        return;
    size_t used = buffer_length(buffer);
    if (buffer->start > 0) {
        memmove(buffer->data, buffer->data + buffer->start, used);
        buffer->start = 0;
        buffer->end = used;
    }
    if (buffer->capacity - used >= length)
        return;
    size_t capacity = buffer->capacity ? buffer->capacity : 4096;
    while (capacity - used < length)
        capacity *= 2;
    buffer->data = larger_memory(buffer->data, capacity);
    buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    if (length == 0)
        return;
    make_room(buffer, length);
    memcpy(buffer->data + buffer->end, data, length);
    buffer->end += length;
}

size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

struct bytes buffer_content(const struct buffer *buffer)
{
    static const unsigned char nothing[1];
    if (!buffer->data)
        return (struct bytes){nothing, 0};
    return (struct bytes){buffer->data + buffer->start, buffer_length(buffer)};
}

/* Gives away the buffer's own memory, which costs no copy; a new one is made when it is needed. */
static struct bytes give_away(struct buffer *buffer)
{
    struct bytes all = buffer_content(buffer);
    buffer->data[buffer->end] = '\0';
    *buffer = (struct buffer){0};
    return all;
}

void buffer_drop(struct buffer *buffer, size_t length)
{
    buffer->start += length;
    if (buffer->start == buffer->end)
        buffer->start = buffer->end = 0;
}

struct bytes buffer_take(struct buffer *buffer, size_t length)
{
    if (length >= WORTH_GIVING && length == buffer_length(buffer) && buffer->end < buffer->capacity)
        return give_away(buffer);
    unsigned char *copy = step_memory(length + 1); /* a NUL behind makes it a string, too */
    memcpy(copy, buffer_content(buffer).at, length);
    buffer_drop(buffer, length);
    return (struct bytes){copy, length};
}

/*
 * reasons.c - the words for errors, which differ between C libraries.
 *
 * A program linked with musl says "Address in use" where glibc says "Address already in use". Both
 * are strerror()'s text, so both are right.
 */
#include "program.h"
#include "stage.h"
#include "world.h"

#include <string.h>

static const struct {
    const char *glibc, *musl;
} words[] = {
    {"Address already in use", "Address in use"},
    {"Cannot assign requested address", "Address not available"},
    {"Too many open files", "No file descriptors available"},
    {"Connection timed out", "Operation timed out"},
    {"File name too long", "Filename too long"},
    {"Message too long", "Message too large"},
    {"Network is unreachable", "Network unreachable"},
    {"No route to host", "Host is unreachable"},
    {"Too many levels of symbolic links", "Symbolic link loop"},
    {"Socket operation on non-socket", "Not a socket"},
    {"Name or service not known", "Name does not resolve"},
};

const char *reason(int error)
{
    return text("%s", strerror(error));
}

/* The same reason in the other library's words, NULL if both say the same. */
static const char *other_words(const char *why)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(why, words[i].glibc) == 0)
            return words[i].musl;
        if (strcmp(why, words[i].musl) == 0)
            return words[i].glibc;
    }
    return NULL;
}

/* The reason may come from a reference program, and so in the words of any library. */
bool gives_reason(struct bytes said, const char *why)
{
    const char *other = other_words(why);
    return memmem(said.at, said.length, why, strlen(why)) ||
           (other && memmem(said.at, said.length, other, strlen(other)));
}

/*
 * latin.c - names that were not written in UTF-8 (see latin.h).
 */
#include "latin.h"

#include "../runner/escape.h"
#include "../runner/text.h"

#include <string.h>

/* What Windows-1252 has where Latin-1 has control characters. */
static const unsigned short middle[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

char *as_utf8(const char *string)
{
    char *copy = text("%*s", (int)strlen(string) * 3, ""); /* room enough */
    if (is_utf8(string))
        return strcpy(copy, string);
    char *to = copy;
    for (const unsigned char *from = (const unsigned char *)string; *from; from++) {
        unsigned code = *from >= 0x80 && *from < 0xa0 ? middle[*from - 0x80] : *from;
        if (code < 0x80) {
            *to++ = (char)code;
        } else if (code < 0x800) {
            *to++ = (char)(0xc0 | code >> 6);
            *to++ = (char)(0x80 | (code & 0x3f));
        } else {
            *to++ = (char)(0xe0 | code >> 12);
            *to++ = (char)(0x80 | (code >> 6 & 0x3f));
            *to++ = (char)(0x80 | (code & 0x3f));
        }
    }
    *to = '\0';
    return copy;
}

/* Letters of Latin scripts, and what they become with a mark: a byte, then a letter of two. */
static const struct {
    const char *mark, *letters;
} marks[] = {
    {"\u0300", "AÀEÈIÌNǸOÒUÙaàeèiìnǹoòuù"},
    {"\u0301", "AÁCĆEÉGǴIÍLĹNŃOÓRŔSŚUÚYÝZŹaácćeégǵiílĺnńoórŕsśuúyýzź"},
    {"\u0302", "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷ"},
    {"\u0303", "AÃIĨNÑOÕUŨaãiĩnñoõuũ"},
    {"\u0304", "AĀEĒIĪOŌUŪaāeēiīoōuū"},
    {"\u0306", "AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭ"},
    {"\u0307", "CĊEĖGĠIİZŻcċeėgġzż"},
    {"\u0308", "AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿ"},
    {"\u030a", "AÅUŮaåuů"},
    {"\u030b", "OŐUŰoőuű"},
    {"\u030c", "CČDĎEĚLĽNŇRŘSŠTŤZŽcčdďeělľnňrřsštťzž"},
    {"\u0327", "CÇGĢKĶLĻNŅRŖSŞTŢcçkķlļnņrŗsştţ"},
    {"\u0328", "AĄEĘIĮUŲaąeęiįuų"},
};

/* The letter with the mark that begins at `mark` on it, NULL if there is none. */
static const char *with_mark(char letter, const char *mark)
{
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strncmp(mark, marks[i].mark, 2) == 0)
            for (const char *at = marks[i].letters; *at; at += 3)
                if (*at == letter)
                    return at + 1;
    return NULL;
}

char *canonical(const char *string)
{
    char *whole = as_utf8(string), *to = whole;
    for (const char *from = whole; *from;) {
        const char *letter = with_mark(*from, from + 1);
        if (letter) {
            memmove(to, letter, 2); /* in place of three bytes */
            to += 2;
            from += 3;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return whole;
}

/* Numbers and words for people, see text.h. */
#include "tui/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *text_grouped(uint64_t n, char buf[NUMBER_MAX])
{
    char digits[NUMBER_MAX];
    int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    int out = 0;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buf[out++] = ',';
        buf[out++] = digits[i];
    }
    buf[out] = '\0';
    return buf;
}

const char *text_short(uint64_t n, char buf[NUMBER_MAX])
{
    static const char units[] = "kMGTPE";
    unsigned unit = 0;
    unsigned tenths;

    if (n < 1000) {
        snprintf(buf, NUMBER_MAX, "%u", (unsigned)n);
        return buf;
    }
    while (n >= 1000000) {
        n /= 1000;
        unit++;
    }
    tenths = (unsigned)(n / 100);
    if (tenths >= 1000)
        snprintf(buf, NUMBER_MAX, "%u%c", tenths / 10, units[unit]);
    else
        snprintf(buf, NUMBER_MAX, "%u.%u%c", tenths / 10, tenths % 10, units[unit]);
    return buf;
}

const char *text_time(uint64_t ns, char buf[NUMBER_MAX])
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    unsigned unit = 0;
    char number[NUMBER_MAX];

    while (ns >= 100000 && unit < 3) {
        ns /= 1000;
        unit++;
    }
    snprintf(buf, NUMBER_MAX, "%.27s %s", text_grouped(ns, number), units[unit]);
    return buf;
}

const char *text_size(uint64_t bytes, char buf[NUMBER_MAX])
{
    static const char units[] = " KMGTPE";
    unsigned unit = 0;

    for (; bytes >= 10240 || (bytes >= 1024 && bytes % 1024 == 0); unit++)
        bytes /= 1024;
    snprintf(buf, NUMBER_MAX, unit ? "%u%c" : "%u", (unsigned)bytes, units[unit]);
    return buf;
}

int hex_digits(uint64_t n)
{
    int digits = 1;

    while (n >>= 4)
        digits++;
    return digits;
}

int decimal_digits(uint64_t n)
{
    int digits = 1;

    while (n /= 10)
        digits++;
    return digits;
}

bool text_has(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (; strlen(text) >= length; text++) {
        if (strncasecmp(text, word, length) == 0)
            return true;
        if (!*text)
            break;
    }
    return false;
}

void text_keys(const char *keys, char *buf, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; keys[i] && used + 1 < size; i++) {
        bool opens = keys[i] == '<' && keys[i + 1] && keys[i + 1] != ' ';
        bool closes = keys[i] == '>' && i > 0 && keys[i - 1] != ' ';

        if (!opens && !closes)
            buf[used++] = keys[i];
    }
    buf[used] = '\0';
}

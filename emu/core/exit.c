/* Names of the basic exit reasons (Intel SDM vol. 3, Appendix C), from core/exit.def. */
#include "core/exit.h"

#include <stdlib.h>
#include <strings.h>

struct reason_names {
    const char *name;
    const char *text;
};

static const struct reason_names reasons[EXIT_REASON_COUNT] = {
#define EXIT_REASON(number, symbol, name, text) [number] = {name, text},
#include "core/exit.def"
#undef EXIT_REASON
};

static const struct reason_names *reason_find(uint32_t reason)
{
    static const struct reason_names unknown = {"unknown", "Reason that the SDM does not name"};

    if (reason >= EXIT_REASON_COUNT || !reasons[reason].name)
        return &unknown;
    return &reasons[reason];
}

const char *exit_reason_name(uint32_t reason)
{
    return reason_find(reason)->name;
}

const char *exit_reason_text(uint32_t reason)
{
    return reason_find(reason)->text;
}

int exit_reason_parse(const char *name)
{
    char *end;
    long number = strtol(name, &end, 10);

    if (end != name && *end == '\0')
        return number >= 0 && number < EXIT_REASON_COUNT && reasons[number].name ? (int)number : -1;
    for (int i = 0; i < EXIT_REASON_COUNT; i++)
        if (reasons[i].name && strcasecmp(reasons[i].name, name) == 0)
            return i;
    return -1;
}

/* Moments in words and on a line, see time.h. */
#include "tui/time.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool parse_number(const char **text, uint64_t *number)
{
    char *end;

    if (!isdigit((unsigned char)**text))
        return false;
    errno = 0;
    *number = strtoull(*text, &end, 10);
    *text = end;
    return errno == 0;
}

static void skip_spaces(const char **text)
{
    while (**text == ' ')
        ++*text;
}

bool time_parse(struct time_place *place, const char *text, struct moment start, struct moment end)
{
    *place = (struct time_place){.by_exits = true, .by_insns = true};
    skip_spaces(&text);
    if (!strcmp(text, "start") || !strcmp(text, "end")) {
        place->at = *text == 's' ? start : end;
        return true;
    }
    place->by_exits = parse_number(&text, &place->at.exits);
    skip_spaces(&text);
    place->by_insns = *text == 'i';
    if (place->by_insns) {
        text++;
        if (!parse_number(&text, &place->at.insns))
            return false;
    }
    skip_spaces(&text);
    return *text == '\0' && (place->by_exits || place->by_insns);
}

unsigned time_cell(const struct time_look *look, struct moment at, unsigned cells)
{
    double whole = (double)moment_cost(look->start, look->end);
    double part = (double)moment_cost(look->start, at);
    unsigned cell = whole > 0 ? (unsigned)(part / whole * (cells - 1)) : 0;

    return cell < cells ? cell : cells - 1;
}

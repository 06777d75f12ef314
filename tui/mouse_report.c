/* A terminal's mouse reports, see mouse_report.h. The modifier keys are left out. */
#include "tui/mouse_report.h"

#include <string.h>

/* The first number of a report. */
enum {
    BUTTON_LEFT = 0,
    BUTTON_RELEASED = 3, /* where a byte says it */
    BUTTON_MODIFIERS = 4 | 8 | 16,
    BUTTON_WHEEL_UP = 64,
    BUTTON_WHEEL_DOWN = 65
};

enum { BYTES_SIZE = 3, NUMBER_MAX = 9999 };

struct report {
    int button, col, row;
};

bool mouse_report_whole(enum mouse_encoding encoding, const char *bytes, size_t size)
{
    if (encoding == MOUSE_BYTES)
        return size == BYTES_SIZE;
    return size == MOUSE_REPORT_MAX || (size > 0 && !strchr("0123456789;", bytes[size - 1]));
}

/* A number and the character that ends it; NULL: there is none. */
static const char *number(const char *p, const char *end, char stop, int *value)
{
    const char *begin = p;

    for (*value = 0; p < end && *p >= '0' && *p <= '9'; p++) {
        *value = *value * 10 + (*p - '0');
        if (*value > NUMBER_MAX)
            return NULL;
    }
    return p > begin && p < end && *p == stop ? p + 1 : NULL;
}

static bool decimal(const char *bytes, size_t size, struct report *r)
{
    const char *end = bytes + size, *p = bytes;

    p = number(p, end, ';', &r->button);
    p = p ? number(p, end, ';', &r->col) : NULL;
    return p && number(p, end, 'M', &r->row) == end;
}

static bool three_bytes(const char *bytes, size_t size, struct report *r)
{
    if (size != BYTES_SIZE)
        return false;
    r->button = (unsigned char)bytes[0] - 32;
    r->col = (unsigned char)bytes[1] - 32;
    r->row = (unsigned char)bytes[2] - 32;
    return r->button != BUTTON_RELEASED;
}

struct event mouse_report_event(enum mouse_encoding encoding, const char *bytes, size_t size)
{
    struct event event = {.kind = EVENT_KEY};
    struct report r;
    bool valid = encoding == MOUSE_BYTES ? three_bytes(bytes, size, &r) : decimal(bytes, size, &r);

    if (!valid || r.col < 1 || r.row < 1)
        return event;
    switch (r.button & ~BUTTON_MODIFIERS) {
    case BUTTON_LEFT:
        event.mouse = MOUSE_CLICK;
        break;
    case BUTTON_WHEEL_UP:
        event.mouse = MOUSE_WHEEL_UP;
        break;
    case BUTTON_WHEEL_DOWN:
        event.mouse = MOUSE_WHEEL_DOWN;
        break;
    default:
        return event;
    }
    event.kind = EVENT_MOUSE;
    event.row = r.row - 1;
    event.col = r.col - 1;
    return event;
}

/* See session_set.h. */
#include "tui/session_set.h"
#include "tui/session_marks.h"
#include "tui/session_run.h"
#include "tui/session_snap.h"
#include "x86/state_fields.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BYTES_MAX = 32, NAME_MAX_LENGTH = 40 };

struct change {
    const struct x86_field *field; /* NULL: memory */
    uint64_t value;
    struct memory_place place;
    uint8_t bytes[BYTES_MAX];
    unsigned count;
};

/* General registers, RIP, RFLAGS: what can be changed without asking what else has to follow. */
static const struct x86_field *find_register(const char *name)
{
    unsigned count, general = X86_GPR_COUNT + 2; /* they come first */
    const struct x86_field *fields = x86_state_fields(&count);
    char wide[8];

    snprintf(wide, sizeof(wide), "%.7s", name);
    if (tolower((unsigned char)wide[0]) == 'e')
        wide[0] = 'r';
    for (unsigned i = 0; i < general && i < count; i++)
        if (!strcasecmp(fields[i].name, wide))
            return &fields[i];
    return NULL;
}

static bool parse_value(const char *text, uint64_t *value)
{
    char *end;

    if (!isxdigit((unsigned char)*text))
        return false;
    *value = strtoull(text, &end, 16);
    return *end == '\0';
}

/* Two digits a byte, blanks between them or not. */
static bool parse_bytes(const char *text, struct change *c)
{
    for (; *text; text++) {
        unsigned byte;

        if (*text == ' ')
            continue;
        if (c->count == BYTES_MAX || !isxdigit((unsigned char)text[0]) ||
            !isxdigit((unsigned char)text[1]) || sscanf(text, "%2x", &byte) != 1)
            return false;
        c->bytes[c->count++] = (uint8_t)byte;
        text++;
    }
    return c->count > 0;
}

static bool parse(const char *text, struct change *c, struct error *err)
{
    const char *equals = strchr(text, '=');
    char name[NAME_MAX_LENGTH];

    *c = (struct change){0};
    error_set(err, -1, "%.40s: not as rax=2a or 7c00=90 90", text);
    if (!equals || equals - text >= NAME_MAX_LENGTH)
        return false;
    snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
    name[strcspn(name, " ")] = strchr(name, ' ') && !strncmp(name, "phys", 4) ? ' ' : '\0';
    c->field = find_register(name);
    if (c->field)
        return parse_value(equals + 1, &c->value);
    return memory_place_parse(&c->place, name, err) == 0 && parse_bytes(equals + 1, c);
}

static bool write_memory(struct session *s, const struct change *c)
{
    struct x86_state state;
    uint64_t address;

    machine_get_state(s->machine, &state);
    address = memory_place_address(&c->place, &state);
    if (!c->place.physical)
        return machine_write_linear(s->machine, address, c->bytes, c->count) == c->count;
    if (!ram_write(&s->machine->ram, address, c->bytes, c->count))
        return false;
    machine_written(s->machine, address, c->count);
    return true;
}

static bool apply(struct session *s, const struct change *c)
{
    struct x86_state state;

    if (!c->field)
        return write_memory(s, c);
    machine_get_state(s->machine, &state);
    x86_field_set(&state, c->field, 0, c->value);
    state.rflags |= RFLAGS_FIXED;
    machine_set_state(s->machine, &state);
    return true;
}

void session_set(struct session *s, const char *text)
{
    struct change c;
    struct error err = {0};

    if (!s->machine || s->run == RUN_RUNNING)
        return;
    if (!parse(text, &c, &err)) {
        session_message(s, true, "%s", err.text);
        return;
    }
    if (s->machine->config.shadow_paging) {
        session_message(s, true,
                        "with shadow paging nothing is changed by hand: going back "
                        "begins at the start");
        return;
    }
    if (timeline_in_past(s->time) && s->config->snapshots[0] && !session_snap_keep_future(s))
        return;
    session_keep(s);
    if (!apply(s, &c)) {
        session_message(s, true, "%.40s: no memory is there", text);
        return;
    }
    if (timeline_changed(s->time))
        session_message(s, true, "out of memory: going back here will not show the change");
    else
        session_message(s, false, "%.60s: a new future begins here", text);
    session_marks_cut(s);
}

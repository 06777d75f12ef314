/* What the screen asks of the engine. */
#ifndef VLAB_TUI_COMMAND_H
#define VLAB_TUI_COMMAND_H

#include "core/breakpoint.h"
#include "tui/ept.h"
#include "tui/memory.h"
#include "tui/pages.h"
#include "tui/snapshots.h"
#include "tui/time.h"

#include <stdbool.h>
#include <stdint.h>

enum command_kind {
    COMMAND_NONE,
    COMMAND_OPEN, /* `lab` */
    COMMAND_RESTART,
    COMMAND_STEP,
    COMMAND_OVER,
    COMMAND_OUT,
    COMMAND_NEXT_EXIT,
    COMMAND_NEXT_SAME, /* the next with `reason` */
    COMMAND_CONTINUE,
    COMMAND_STEP_BACK,
    COMMAND_OVER_BACK,
    COMMAND_OUT_BACK,
    COMMAND_EXIT_BACK,
    COMMAND_SAME_BACK, /* the last before now with `reason` */
    COMMAND_CONTINUE_BACK,
    COMMAND_SEEK,         /* to `time` */
    COMMAND_SET,          /* `text`: a register or bytes of memory */
    COMMAND_SNAP_TAKE,    /* `text` is its name, "": by its place */
    COMMAND_SNAP_RESTORE, /* `id` */
    COMMAND_SNAP_DELETE,  /* `id` */
    COMMAND_SNAP_RENAME,  /* `id`, `text` */
    COMMAND_SNAP_NOTE,    /* `id`, `text` */
    COMMAND_INTERRUPT,    /* overtakes the others and drops those that wait */
    /* Those that follow are carried out in the middle of a run, too. */
    COMMAND_BREAK_ADD,    /* `breakpoint` */
    COMMAND_BREAK_ENABLE, /* switch the one with breakpoint.id off or on */
    COMMAND_BREAK_REMOVE,
    COMMAND_TYPE,           /* `size` of `bytes` for the guest's COM1 */
    COMMAND_LOOK,           /* show the memory around `place` */
    COMMAND_FIND,           /* `pattern` in memory behind `place`, or `backward` before it */
    COMMAND_LOOK_PAGES,     /* answer `pages` */
    COMMAND_LOOK_EPT,       /* answer `ept` */
    COMMAND_LOOK_SNAPSHOTS, /* answer `snapshots` */
    COMMAND_COMPARE,        /* two traces, `text` */
    COMMAND_LOOK_HEAT       /* show which pages are written, or with `off` do so no longer */
};

/* Whether a command is carried out in the middle of a run. */
static inline bool command_is_aside(enum command_kind kind)
{
    return kind >= COMMAND_BREAK_ADD;
}

/* Whether a command is about the tree of snapshots, but for a restore. */
static inline bool command_is_snap(enum command_kind kind)
{
    return kind >= COMMAND_SNAP_TAKE && kind <= COMMAND_SNAP_NOTE && kind != COMMAND_SNAP_RESTORE;
}

/* Whether a command goes back, or to a moment. */
static inline bool command_is_back(enum command_kind kind)
{
    return kind >= COMMAND_STEP_BACK && kind <= COMMAND_SEEK;
}

#define COMMAND_BYTES 64

struct command {
    enum command_kind kind;
    unsigned lab;
    uint64_t exits; /* COMMAND_OPEN: run it for so many exits first */
    unsigned reason;
    struct breakpoint breakpoint;
    uint8_t size;
    char bytes[COMMAND_BYTES];
    struct memory_place place;
    struct pages_question pages;
    struct ept_question ept;
    struct time_place time;
    struct snapshots_question snapshots;
    char id[NODE_ID_SIZE]; /* of a snapshot */
    char text[NODE_NAME_SIZE * 2];
    bool off;
    bool backward;
    uint8_t pattern_size; /* bytes */
    uint8_t pattern[MEMORY_PATTERN];
};

#endif

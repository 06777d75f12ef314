/*
 * The model: everything a view may show, at one consistent moment of the machine.
 *
 * - Plain data. A view reads it, nothing else; whoever publishes one does not touch it while it is
 *   being drawn. It is about 1.1 MiB: keep it on the heap or static, never on the stack.
 * - What is not known has a flag that says so. Nothing is invented: there are no registers of an
 *   exit in the past, because nobody recorded them.
 */
#ifndef VLAB_TUI_MODEL_H
#define VLAB_TUI_MODEL_H

#include "core/breakpoint.h"
#include "core/exit.h"
#include "core/machine.h"
#include "tui/compare.h"
#include "tui/devices.h"
#include "trace/trace.h"
#include "tui/ept.h"
#include "tui/heat.h"
#include "tui/memory.h"
#include "tui/pages.h"
#include "tui/snapshots.h"
#include "tui/time.h"
#include "x86/regs.h"

#include <stdbool.h>
#include <stdint.h>

/* The newest exits. Exit number s, begin <= s < end, is slots[s % EXIT_RING]. */
#define EXIT_RING 4096

struct exit_ring {
    uint64_t begin, end;
    uint64_t epoch; /* another machine has another epoch: its numbers start again */
    uint64_t cuts;  /* times that newer ones were taken out: the machine went back */
    struct vm_exit slots[EXIT_RING];
};

void exit_ring_reset(struct exit_ring *ring, uint64_t epoch);
/* `exit->seq` must be ring->end, or the ring must be empty. */
void exit_ring_add(struct exit_ring *ring, const struct vm_exit *exit);
/* Take out number `end` and those behind it; all. */
void exit_ring_cut(struct exit_ring *ring, uint64_t end);
void exit_ring_empty(struct exit_ring *ring);
/* NULL when the ring has not got it. */
const struct vm_exit *exit_ring_get(const struct exit_ring *ring, uint64_t seq);
/* Make `to` equal to `from` by copying only what is newer. */
void exit_ring_catch_up(struct exit_ring *to, const struct exit_ring *from);

/* The end of what the guest printed, on all its ports, as it came. */
#define TEXT_TAIL 4096

struct text_tail {
    uint64_t total;             /* bytes ever printed */
    uint64_t by_source[2];      /* the same, by enum text_source */
    char bytes[TEXT_TAIL];      /* byte number n is bytes[n % TEXT_TAIL] */
    uint8_t sources[TEXT_TAIL]; /* enum text_source of the same */
};

void text_tail_add(struct text_tail *tail, enum text_source source, const char *text, size_t size);

/* One decoded instruction. */
struct code_line {
    uint64_t address; /* offset in CS */
    uint8_t length;   /* bytes */
    uint8_t bytes[15];
    bool leaks; /* sensitive, and does not trap outside of ring 0: x86/sensitive.h */
    char text[80];
};

#define MODEL_CODE 64

enum run_state {
    RUN_NONE,    /* no lab is open */
    RUN_OPENING, /* the machine is being made */
    RUN_PAUSED,
    RUN_RUNNING,
    RUN_ENDED /* the guest cannot go on; only a restart helps */
};

/* A check of a lab's exercise and its last verdict. */
enum lab_verdict { LAB_NOT_TRIED, LAB_PASS, LAB_FAIL, LAB_NOT_RUN };

#define LAB_CHECKS_MAX 16

struct lab_check {
    char text[100];
    enum lab_verdict verdict;
    unsigned points;
};

/* A lab as the list shows it. Texts are printable. */
struct lab_info {
    char id[8];
    char name[32];
    char folder[48]; /* what its snapshots are kept by */
    char title[80];
    char goal[256];
    char sheet[256];   /* path of its text, "" when there is none */
    char missing[160]; /* why it cannot be opened, "" when it can */
    char exercise[80]; /* title of its exercise, "" when it has none */
    char command[80];  /* what to type to work on the exercise */
    unsigned points, points_max;
    bool tried;        /* the exercise was checked at least once */
    char problem[256]; /* why the points are not known, "" when they are */
    struct lab_check checks[LAB_CHECKS_MAX];
    unsigned check_count;
};

struct model {
    enum run_state run;
    uint64_t done; /* commands carried out since the start */

    const struct lab_info *labs; /* lives as long as the program */
    unsigned lab_count;
    int lab; /* index of the open one, -1: none */

    uint64_t exits, insns; /* position, since the machine was created */
    bool has_rate;
    uint64_t rate_exits, rate_insns; /* a second, of the last run */

    struct x86_state now;
    bool has_before;
    struct x86_state before; /* at the stop before this one */

    struct code_line code[MODEL_CODE];
    unsigned code_count;
    unsigned code_at;      /* the line at RIP; code_count when it could not be read */
    uint64_t code_cs_base; /* what is added to an address of `code` to be linear */

    struct memory_place memory_place; /* what was asked for, when memory.on */
    uint64_t memory_at;               /* its address now */
    struct memory_window memory;
    struct memory_window memory_before; /* at the stop before, wherever the window was then */
    struct code_line memory_insn;       /* at memory_at, in the mode of now; length 0: none */
    struct memory_found found;          /* what was searched for last */

    struct pages_look pages;
    struct pages_look pages_before; /* at the stop before, whatever was asked for then */

    struct ept_look ept;
    struct ept_look ept_before;
    struct heat_look heat;

    struct time_look time;

    struct snapshots_look snapshots;
    struct compare_look compare;

    struct breakpoint breaks[MACHINE_BREAKS_MAX];
    unsigned break_count;

    uint64_t counts[EXIT_REASON_COUNT]; /* all exits, by reason */
    bool has_cost;                      /* host cycles may be shown: they differ with every run */
    struct trace_profile profile;       /* of all exits, for their costs */
    struct exit_ring ring;
    struct text_tail text;
    struct device_list devices; /* compared with those at the stop before this one */

    const char *backend; /* "emu": every figure is exact */
    uint64_t message_id; /* grows with each new message */
    bool message_error;
    char message[200];
};

/* A model without a machine. */
void model_init(struct model *model, const struct lab_info *labs, unsigned lab_count);
/* The open lab, or NULL. */
const struct lab_info *model_lab(const struct model *model);
/* The mode of the CPU now, and the width of its registers in hexadecimal digits. */
enum x86_mode model_mode(const struct model *model);
unsigned model_digits(const struct model *model);
const char *mode_name(unsigned mode);

#endif

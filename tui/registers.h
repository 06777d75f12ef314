/*
 * The registers of a moment as a list, with their values at the stop before: for whatever shows them.
 */
#ifndef VLAB_TUI_REGISTERS_H
#define VLAB_TUI_REGISTERS_H

#include "tui/model.h"

/* Tables of them end in a NULL name. */
struct bit_name {
    uint32_t bit;
    const char *name;
};

/* One register with its value now and at the stop before. */
struct reg {
    const char *name;
    uint64_t now, before;
    int digits;
    const struct bit_name *bits; /* its bits that have names; NULL: it is a number */
};

enum { REGS_GPRS = 16, REGS_SEGS = 6, REGS_MAX = REGS_GPRS + REGS_SEGS + 8 };

/* The general-purpose ones, segments as enum x86_seg has them, and the system's as below. */
struct regs {
    struct reg list[REGS_MAX];
    unsigned count, gprs;
    bool has_before;
};

enum { REG_RIP, REG_FL, REG_CR0, REG_CR2, REG_CR3, REG_CR4, REG_EFER, REG_PKRU };

void regs_collect(struct regs *regs, const struct model *model);
/* One of the enum above; NULL: it is not in the list, as REG_PKRU without CR4.PKE. */
const struct reg *regs_system(const struct regs *regs, unsigned which);
/* Whether it differs from the stop before. */
bool regs_changed(const struct regs *regs, const struct reg *reg);

#endif

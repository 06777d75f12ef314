/*
 * The modes that the lock-step test runs in, and where modes.asm puts things.
 */
#ifndef VLAB_TESTS_LOCKSTEP_MODE_H
#define VLAB_TESTS_LOCKSTEP_MODE_H

#include "x86/regs.h"

#define LOCKSTEP_RAM 0x100000u /* bytes, here and in QEMU */
#define LOCKSTEP_TOP 0xa0000u  /* what is above is QEMU's video memory and firmware */
#define AT_SETUP 0x1000u
#define AT_HANDLERS 0x8000u /* vector v at + 16 v; those above 31 share the last */
#define HANDLER_SIZE 16u
#define HANDLER_COUNT 32u
#define AT_PDPTE 0xb000u /* the one of PAE paging; see "pdpte-accessed" in emu/x86/fidelity.c */
#define AT_CODE 0x10000u
#define AT_DATA 0x20000u
#define DATA_SIZE 0x10000u
#define AT_STACKS 0x30000u
#define STACK_OFFSET 0x8000u /* the sequence's, from AT_STACKS */

struct lockstep_mode {
    const char *name;
    unsigned bits; /* code size: 16, 32 or 64 */
    unsigned cpl;
    unsigned setup;             /* AL for modes.asm */
    uint16_t code, data, stack; /* selectors */
    uint32_t code_base, data_base, stack_base;
};

extern const struct lockstep_mode lockstep_modes[];
extern const unsigned lockstep_mode_count;

/*
 * `s` has GDTR and the control registers of the mode: load the segment registers of a sequence,
 * hidden parts too, and RIP and RSP. `ram` is guest memory, for the descriptors.
 */
void lockstep_enter(const struct lockstep_mode *mode, const uint8_t *ram, struct x86_state *s);

/* The vector whose handler `s` is at the beginning of, or -1. */
int lockstep_vector(const struct x86_state *s);

#endif

/*
 * The host of exercise 03: a machine whose vCPU a student's program reaches by VMREAD and VMWRITE, with ports and
 * MSRs behind it, and an interrupt line that the judge pulls.
 */
#ifndef VLAB_GRADER_EXITS_WORLD_H
#define VLAB_GRADER_EXITS_WORLD_H

#include "core/machine.h"
#include "exercises/grader/dialogue.h"

#include <stdbool.h>
#include <stdint.h>

/* Fields of the VMCS, SDM vol. 3, Appendix B; as exercises/03_exits/exits.h has them. */
enum vmcs_field {
    VMCS_PRIMARY = 0x4002,
    VMCS_ENTRY_INFO = 0x4016,
    VMCS_ENTRY_ERROR = 0x4018,
    VMCS_REASON = 0x4402,
    VMCS_EXIT_INFO = 0x4404,
    VMCS_LENGTH = 0x440c,
    VMCS_INTERRUPTIBILITY = 0x4824,
    VMCS_CR0_MASK = 0x6000,
    VMCS_CR4_MASK = 0x6002,
    VMCS_CR0_SHADOW = 0x6004,
    VMCS_CR4_SHADOW = 0x6006,
    VMCS_QUALIFICATION = 0x6400,
    VMCS_LINEAR = 0x640a,
    VMCS_CR0 = 0x6800,
    VMCS_CR3 = 0x6802,
    VMCS_CR4 = 0x6804,
    VMCS_RSP = 0x681c,
    VMCS_RIP = 0x681e,
    VMCS_RFLAGS = 0x6820
};

enum { EXITS_MSRS = 3 }; /* SYSENTER_ESP, STAR, LSTAR: the guest's */

/* What an exit may change: of the vCPU, and behind it. */
struct exits_state {
    uint64_t gpr[X86_GPR_COUNT];
    uint64_t rip, rflags;
    uint64_t cr0, cr3, cr4, cr0_shadow, cr4_shadow;
    uint64_t window; /* interrupt-window exiting: 0 or 1 */
    uint64_t entry_info, entry_error;
    uint64_t msr[EXITS_MSRS];
    uint64_t reads, writes; /* of ports, so many */
    uint64_t last;          /* what was read or written last: value, port << 32, size << 48 */
    uint64_t waits;         /* answered: 1 */
};

struct exits_world {
    struct machine *m;
    struct device controller;   /* the interrupt line's */
    const struct vm_exit *exit; /* the one that is being answered */
    uint64_t entry_info, entry_error;
    uint64_t msr[EXITS_MSRS];
    uint64_t reads, writes, last;
    uint64_t memory; /* writes to guest memory by the program */
};

int exits_world_create(struct exits_world *w, struct error *err);
void exits_world_destroy(struct exits_world *w);

/* What a program may reach of it. */
struct world exits_world_memory(struct exits_world *w);

/* Everything that an exit may change, as it is now. */
void exits_world_read(const struct exits_world *w, struct exits_state *state);

/* What the next read of that port gives: another value each time. */
uint64_t exits_port_value(uint64_t reads, uint16_t port, unsigned size);
/* The place of an MSR that is the guest's, or -1. */
int exits_msr(uint32_t msr);

/* The program has answered: give the machine its events, and let the instruction be done where RIP moved. */
void exits_world_resume(struct exits_world *w, uint64_t old_rip);

/* Pull the interrupt line, with EXITS_VECTOR. */
void exits_world_interrupt(struct exits_world *w);

#endif

/*
 * Memory at linear addresses as the CPU itself reaches it: descriptor tables, task states, stacks
 * (Intel SDM vol. 3, 4.6).
 *
 * - The translation is that of `state`, whatever it holds at the time of the access.
 * - The first access that fails is kept in `fault`; who sees false passes it on and goes no further.
 */
#ifndef VLAB_X86_LINEAR_H
#define VLAB_X86_LINEAR_H

#include "x86/regs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose accesses they are. */
enum x86_linear_kind {
    X86_LINEAR_IMPLICIT,   /* to system structures: CPL does not count, SMAP's AC does not help */
    X86_LINEAR_SUPERVISOR, /* explicit, at CPL < 3 */
    X86_LINEAR_USER        /* at CPL 3 */
};

struct x86_linear {
    const struct x86_state *state;
    enum x86_linear_kind kind;
    /* Guest-physical memory; false when any byte is not there. */
    bool (*read)(void *ctx, uint64_t gpa, void *buf, uint64_t size);
    bool (*write)(void *ctx, uint64_t gpa, const void *buf, uint64_t size);
    void *ctx;
    struct x86_event
        fault; /* #PF, or #GP(0) where the address is not canonical; info 0: the guest's memory ended */
};

bool x86_linear_read(struct x86_linear *mem, uint64_t gva, void *buf, size_t size);
bool x86_linear_write(struct x86_linear *mem, uint64_t gva, const void *buf, size_t size);

/* PDPTEs for the state's CR3, where PAE paging has them; false: #GP(0). */
bool x86_linear_load_pdptes(struct x86_linear *mem, uint64_t pdpte[4]);

/* Would a write of these bytes succeed? Sets `fault` when not; writes nothing. */
bool x86_linear_can_write(struct x86_linear *mem, uint64_t gva, size_t size);

#endif

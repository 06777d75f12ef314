/*
 * Which events leave the guest under given execution controls, see controls.h: Intel SDM vol. 3,
 * 26.1.3 for instructions, 26.2 for everything else.
 */
#include "core/controls.h"

#include "x86/regs.h"

#include <string.h>

#define ALWAYS (PRIMARY_SECONDARY | PRIMARY_IO_BITMAPS | PRIMARY_MSR_BITMAPS)
#define MSR_RANGE 0x2000u
#define MSR_HIGH 0xc0000000u

void controls_default(struct controls *c)
{
    *c = (struct controls){
        .pin = PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMIS,
        .primary = ALWAYS | PRIMARY_HLT | PRIMARY_INVLPG | PRIMARY_RDPMC | PRIMARY_RDTSC |
                   PRIMARY_CR3_LOAD | PRIMARY_CR8_LOAD,
        .secondary = SECONDARY_EPT | SECONDARY_WBINVD,
        .exception_bitmap = ~0u,
        .cr0_mask = ~0ull,
        .cr4_mask = ~0ull,
    };
    memset(c->io_bitmap, 0xff, sizeof(c->io_bitmap));
    memset(c->msr_bitmap, 0xff, sizeof(c->msr_bitmap));
}

static bool bit(const uint8_t *bitmap, unsigned index)
{
    return bitmap[index / 8] >> (index % 8) & 1;
}

/* SDM 25.6.3: a #PF whose error code does not match is decided by the inverse of bit 14. */
static bool exception_exits(const struct controls *c, const struct vm_exit *exit)
{
    unsigned vector = INTR_VECTOR(exit->intr_info) & 31;
    bool set = c->exception_bitmap >> vector & 1;

    if (INTR_TYPE(exit->intr_info) == INTR_NMI)
        return c->pin & PIN_NMI;
    if (vector == X86_PF && (exit->intr_error & c->pf_error_mask) != c->pf_error_match)
        return !set;
    return set;
}

static bool cr3_is_target(const struct controls *c, uint64_t value)
{
    for (unsigned i = 0; i < c->cr3_target_count && i < CONTROLS_CR3_TARGETS; i++)
        if (c->cr3_target[i] == value)
            return true;
    return false;
}

/* LMSW can set PE but not clear it, and loads MP, EM and TS (SDM 26.1.3). */
static uint64_t lmsw_differs(const struct controls *c, uint64_t source)
{
    uint64_t loaded = CR0_MP | CR0_EM | CR0_TS, differs = source ^ c->cr0_shadow;

    return differs & (loaded | (source & CR0_PE)) & c->cr0_mask;
}

/* The bits that make a write to CR0 or CR4 exit: owned, and not as the guest reads them. */
static uint64_t cr_differs(const struct controls *c, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (CR_QUAL_TYPE(q) == CR_ACCESS_LMSW)
        return lmsw_differs(c, CR_QUAL_LMSW(q));
    if (CR_QUAL_TYPE(q) == CR_ACCESS_CLTS)
        return c->cr0_mask & c->cr0_shadow & CR0_TS;
    if (CR_QUAL_NUMBER(q) == 0)
        return (exit->value ^ c->cr0_shadow) & c->cr0_mask;
    return (exit->value ^ c->cr4_shadow) & c->cr4_mask;
}

static bool cr_load_exits(const struct controls *c, const struct vm_exit *exit)
{
    switch (CR_QUAL_NUMBER(exit->qualification)) {
    case 0:
    case 4:
        return cr_differs(c, exit);
    case 3:
        return (c->primary & PRIMARY_CR3_LOAD) && !cr3_is_target(c, exit->value);
    default:
        return c->primary & PRIMARY_CR8_LOAD;
    }
}

static bool cr_exits(const struct controls *c, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    switch ((enum cr_access)CR_QUAL_TYPE(q)) {
    case CR_ACCESS_MOV_TO:
        return cr_load_exits(c, exit);
    case CR_ACCESS_MOV_FROM:
        return c->primary & (CR_QUAL_NUMBER(q) == 3 ? PRIMARY_CR3_STORE : PRIMARY_CR8_STORE) &&
               CR_QUAL_NUMBER(q) >= 3 && CR_QUAL_NUMBER(q) != 4;
    case CR_ACCESS_CLTS:
    case CR_ACCESS_LMSW:
        return cr_differs(c, exit);
    }
    return true;
}

/* An access exits when any of its ports has its bit set, or when it wraps around ffffh. */
static bool io_exits(const struct controls *c, const struct vm_exit *exit)
{
    unsigned port = IO_QUAL_PORT(exit->qualification), size = IO_QUAL_SIZE(exit->qualification);

    if (!(c->primary & PRIMARY_IO_BITMAPS))
        return c->primary & PRIMARY_UNCONDITIONAL_IO;
    for (unsigned i = 0; i < size; i++)
        if (port + i > 0xffff || bit(c->io_bitmap, port + i))
            return true;
    return false;
}

static bool msr_exits(const struct controls *c, uint32_t msr, bool write)
{
    const uint8_t *bitmap = c->msr_bitmap + (write ? CONTROLS_BITMAP_SIZE / 2 : 0);

    if (!(c->primary & PRIMARY_MSR_BITMAPS))
        return true;
    if (msr < MSR_RANGE)
        return bit(bitmap, msr);
    if (msr - MSR_HIGH < MSR_RANGE)
        return bit(bitmap + CONTROLS_BITMAP_SIZE / 4, msr - MSR_HIGH);
    return true;
}

/* Instructions and events that one bit decides. */
static bool bit_exits(const struct controls *c, uint32_t reason)
{
    uint32_t secondary = c->primary & PRIMARY_SECONDARY ? c->secondary : 0;

    switch (reason) {
    case EXIT_EXTERNAL_INTERRUPT:
        return c->pin & PIN_EXTERNAL_INTERRUPT;
    case EXIT_INTERRUPT_WINDOW:
        return c->primary & PRIMARY_INTERRUPT_WINDOW;
    case EXIT_NMI_WINDOW:
        return c->primary & PRIMARY_NMI_WINDOW;
    case EXIT_HLT:
        return c->primary & PRIMARY_HLT;
    case EXIT_INVLPG:
        return c->primary & PRIMARY_INVLPG;
    case EXIT_RDPMC:
        return c->primary & PRIMARY_RDPMC;
    case EXIT_RDTSC:
    case EXIT_RDTSCP:
        return c->primary & PRIMARY_RDTSC;
    case EXIT_DR_ACCESS:
        return c->primary & PRIMARY_MOV_DR;
    case EXIT_MWAIT:
        return c->primary & PRIMARY_MWAIT;
    case EXIT_MONITOR:
        return c->primary & PRIMARY_MONITOR;
    case EXIT_PAUSE:
        return c->primary & PRIMARY_PAUSE;
    case EXIT_GDTR_IDTR:
    case EXIT_LDTR_TR:
        return secondary & SECONDARY_DESCRIPTOR_TABLE;
    case EXIT_WBINVD:
        return secondary & SECONDARY_WBINVD;
    case EXIT_RDRAND:
        return secondary & SECONDARY_RDRAND;
    case EXIT_RDSEED:
        return secondary & SECONDARY_RDSEED;
    default:
        return true;
    }
}

bool controls_exit(const struct controls *c, const struct vm_exit *exit)
{
    switch (exit->reason) {
    case EXIT_EXCEPTION_NMI:
        return exception_exits(c, exit);
    case EXIT_CR_ACCESS:
        return cr_exits(c, exit);
    case EXIT_IO:
        return io_exits(c, exit);
    case EXIT_RDMSR:
    case EXIT_WRMSR:
        return msr_exits(c, exit->msr, exit->reason == EXIT_WRMSR);
    default:
        return bit_exits(c, exit->reason);
    }
}

/* ---- why ------------------------------------------------------------------------------------- */

static enum exit_cause exception_cause(const struct controls *c, const struct vm_exit *exit)
{
    if (INTR_TYPE(exit->intr_info) == INTR_NMI)
        return EXIT_CAUSE_CONTROL;
    return c->exception_bitmap >> (INTR_VECTOR(exit->intr_info) & 31) & 1 ? EXIT_CAUSE_BITMAP
                                                                          : EXIT_CAUSE_NO_MATCH;
}

static enum exit_cause cr_cause(const struct vm_exit *exit)
{
    unsigned type = CR_QUAL_TYPE(exit->qualification), cr = CR_QUAL_NUMBER(exit->qualification);

    if (type == CR_ACCESS_CLTS || type == CR_ACCESS_LMSW || cr == 0 || cr == 4)
        return EXIT_CAUSE_MASK;
    return EXIT_CAUSE_CONTROL;
}

static enum exit_cause io_cause(const struct controls *c, const struct vm_exit *exit)
{
    uint64_t q = exit->qualification;

    if (!(c->primary & PRIMARY_IO_BITMAPS))
        return EXIT_CAUSE_CONTROL;
    return IO_QUAL_PORT(q) + IO_QUAL_SIZE(q) > 0x10000 ? EXIT_CAUSE_BEYOND : EXIT_CAUSE_BITMAP;
}

static enum exit_cause msr_cause(const struct controls *c, const struct vm_exit *exit)
{
    if (!(c->primary & PRIMARY_MSR_BITMAPS))
        return EXIT_CAUSE_NO_BITMAP;
    return exit->msr < MSR_RANGE || exit->msr - MSR_HIGH < MSR_RANGE ? EXIT_CAUSE_BITMAP
                                                                     : EXIT_CAUSE_BEYOND;
}

/* What bit_exits() has no bit for is unconditional, but for the monitor trap. */
static enum exit_cause bit_cause(uint32_t reason)
{
    static const struct controls none;

    return reason == EXIT_MONITOR_TRAP || !bit_exits(&none, reason) ? EXIT_CAUSE_CONTROL
                                                                    : EXIT_CAUSE_ALWAYS;
}

void controls_cause(const struct controls *c, struct vm_exit *exit)
{
    switch (exit->reason) {
    case EXIT_EXCEPTION_NMI:
        exit->cause = (uint8_t)exception_cause(c, exit);
        return;
    case EXIT_CR_ACCESS:
        exit->cause = (uint8_t)cr_cause(exit);
        if (exit->cause == EXIT_CAUSE_MASK)
            exit->owned = (uint32_t)cr_differs(c, exit);
        return;
    case EXIT_IO:
        exit->cause = (uint8_t)io_cause(c, exit);
        return;
    case EXIT_RDMSR:
    case EXIT_WRMSR:
        exit->cause = (uint8_t)msr_cause(c, exit);
        return;
    default:
        exit->cause = (uint8_t)bit_cause(exit->reason);
    }
}

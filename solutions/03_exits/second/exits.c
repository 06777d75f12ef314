/*
 * Exercise 03, in another way: a table of handlers by reason, each of which returns by how much RIP moves; the VMCS
 * fields of an exit are read once, into a struct.
 */
#include "exits.h"
#include "monitor.h"

struct vcpu {
    uint64_t q, linear, flags, length;
    uint64_t gpr[8];
};

enum { REPEAT = -1, WAIT = -2, EVENT = -3 };

static struct {
    int valid;
    uint64_t vector;
} pending;

/* The low `size` bytes of `old` become those of `value`; four bytes clear what is above. */
static uint64_t merge(uint64_t old, uint64_t value, unsigned size)
{
    switch (size) {
    case 1:
        return (old & ~0xffull) | (value & 0xff);
    case 2:
        return (old & ~0xffffull) | (value & 0xffff);
    default:
        return (uint32_t)value;
    }
}

static int cpuid(struct vcpu *v)
{
    static const unsigned to[4] = {RAX, RBX, RCX, RDX};
    uint32_t leaf = (uint32_t)v->gpr[RAX], regs[4] = {0};

    if (leaf != 0x40000000)
        host_cpuid(leaf, (uint32_t)v->gpr[RCX], regs);
    if (leaf == 1)
        regs[2] &= 0x3fffffff;
    for (unsigned i = 0; i < 4; i++)
        gpr_write(to[i], regs[i]);
    return 0;
}

static int io(struct vcpu *v)
{
    unsigned size = (unsigned)(v->q & 7) + 1;
    uint16_t port = (uint16_t)(v->q >> 16);
    int in = v->q & 8 ? 1 : 0, string = v->q & 16 ? 1 : 0, rep = v->q & 32 ? 1 : 0;
    uint64_t value;
    unsigned index;

    if (in)
        value = port_in(port, size);
    else
        value = string ? guest_read(v->linear, size) : merge(0, v->gpr[RAX], size);
    if (!in)
        port_out(port, size, value);
    else if (string)
        guest_write(v->linear, size, value);
    else
        gpr_write(RAX, merge(v->gpr[RAX], value, size));
    if (!string)
        return 0;
    index = in ? RDI : RSI;
    gpr_write(index, merge(0, v->flags & 0x400 ? v->gpr[index] - size : v->gpr[index] + size, 4));
    if (!rep)
        return 0;
    gpr_write(RCX, merge(0, v->gpr[RCX] - 1, 4));
    return (uint32_t)(v->gpr[RCX] - 1) ? REPEAT : 0;
}

static int is_allowed(uint32_t msr)
{
    static const uint32_t list[] = {MSR_SYSENTER_ESP, MSR_STAR, MSR_LSTAR};

    for (unsigned i = 0; i < 3; i++)
        if (list[i] == msr)
            return 1;
    return 0;
}

static int refuse(void)
{
    vmwrite(ENTRY_INTERRUPTION_INFO, 0x80000b0d);
    vmwrite(ENTRY_EXCEPTION_ERROR, 0);
    return EVENT;
}

static int rdmsr(struct vcpu *v)
{
    uint64_t value;

    if (!is_allowed((uint32_t)v->gpr[RCX]))
        return refuse();
    value = msr_read((uint32_t)v->gpr[RCX]);
    gpr_write(RAX, value & 0xffffffff);
    gpr_write(RDX, value >> 32);
    return 0;
}

static int wrmsr(struct vcpu *v)
{
    if (!is_allowed((uint32_t)v->gpr[RCX]))
        return refuse();
    msr_write((uint32_t)v->gpr[RCX], merge(0, v->gpr[RAX], 4) | v->gpr[RDX] << 32);
    return 0;
}

static int vmcall(struct vcpu *v)
{
    uint64_t sum = v->gpr[RBX] + v->gpr[RCX];

    gpr_write(RAX, merge(0, (uint32_t)v->gpr[RAX] == 1 ? sum : ~0ull, 4));
    return 0;
}

/* Each bit of a control register belongs to the hypervisor, which only notes it, or to the guest. */
static int load(uint32_t real, uint32_t shadow, uint64_t owned, uint64_t value)
{
    uint64_t now = vmread(real);

    for (unsigned bit = 0; bit < 32; bit++)
        if (!(owned >> bit & 1))
            now = (now & ~(1ull << bit)) | (value & 1ull << bit);
    vmwrite(real, now);
    vmwrite(shadow, value);
    return 0;
}

static int cr(struct vcpu *v)
{
    unsigned number = v->q & 15, gpr = v->q >> 8 & 7;
    uint64_t owned = vmread(CR0_MASK);
    uint64_t seen = (vmread(GUEST_CR0) & ~owned) | (vmread(CR0_READ_SHADOW) & owned);

    switch (v->q >> 4 & 3) {
    case 0:
        if (number == 3)
            vmwrite(GUEST_CR3, v->gpr[gpr]);
        if (number == 4)
            return load(GUEST_CR4, CR4_READ_SHADOW, vmread(CR4_MASK), v->gpr[gpr]);
        return number == 3 ? 0 : load(GUEST_CR0, CR0_READ_SHADOW, owned, v->gpr[gpr]);
    case 1:
        gpr_write(gpr, vmread(GUEST_CR3));
        return 0;
    case 2:
        return load(GUEST_CR0, CR0_READ_SHADOW, owned, seen & ~8ull);
    default:
        return load(GUEST_CR0, CR0_READ_SHADOW, owned, (seen & ~14ull) | (v->q >> 16 & 15));
    }
}

static int hlt(struct vcpu *v)
{
    (void)v;
    return WAIT;
}

static int window(struct vcpu *v)
{
    int open = (v->flags >> 9 & 1) && !(vmread(GUEST_INTERRUPTIBILITY) & 3);
    uint64_t controls = vmread(PRIMARY_CONTROLS);

    if (pending.valid && open) {
        vmwrite(ENTRY_INTERRUPTION_INFO, INFO_VALID | pending.vector);
        pending.valid = 0;
    }
    controls = pending.valid ? controls | 4 : controls & ~4ull;
    vmwrite(PRIMARY_CONTROLS, controls);
    return EVENT;
}

static int interrupt(struct vcpu *v)
{
    pending.valid = 1;
    pending.vector = vmread(EXIT_INTERRUPTION_INFO) & 0xff;
    return window(v);
}

static int (*const handlers[64])(struct vcpu *v) = {
    [REASON_EXTERNAL_INTERRUPT] = interrupt,
    [REASON_INTERRUPT_WINDOW] = window,
    [REASON_CPUID] = cpuid,
    [REASON_HLT] = hlt,
    [REASON_VMCALL] = vmcall,
    [REASON_CR_ACCESS] = cr,
    [REASON_IO] = io,
    [REASON_RDMSR] = rdmsr,
    [REASON_WRMSR] = wrmsr,
};

int handle_exit(void)
{
    struct vcpu v = {.q = vmread(EXIT_QUALIFICATION),
                     .linear = vmread(EXIT_GUEST_LINEAR),
                     .flags = vmread(GUEST_RFLAGS),
                     .length = vmread(EXIT_INSTRUCTION_LENGTH)};
    unsigned reason = vmread(EXIT_REASON) & 63;
    int rest;

    for (unsigned i = 0; i < 8; i++)
        v.gpr[i] = gpr_read(i);
    rest = handlers[reason] ? handlers[reason](&v) : EVENT;
    if (rest == 0 || rest == WAIT)
        vmwrite(GUEST_RIP, vmread(GUEST_RIP) + v.length);
    return rest == WAIT;
}

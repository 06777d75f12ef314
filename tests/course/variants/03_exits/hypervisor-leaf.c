/* rejected-by: cpuid
 * The leaf of the hypervisor is passed on. */
#include "exits.h"
#include "monitor.h"

static int waiting = -1; /* the vector of an interrupt that the guest could not take yet */

static void next_instruction(void)
{
    vmwrite(GUEST_RIP, vmread(GUEST_RIP) + vmread(EXIT_INSTRUCTION_LENGTH));
}

static void on_cpuid(void)
{
    uint32_t leaf = (uint32_t)gpr_read(RAX), regs[4];

    host_cpuid(leaf, (uint32_t)gpr_read(RCX), regs);
    if (leaf == 1)
        regs[2] &= ~(CPUID_RDRAND | CPUID_HYPERVISOR);
    gpr_write(RAX, regs[0]);
    gpr_write(RBX, regs[1]);
    gpr_write(RCX, regs[2]);
    gpr_write(RDX, regs[3]);
    next_instruction();
}

/* ---- I/O: SDM Table 28-5 --------------------------------------------------------------------- */

static unsigned size_of(uint64_t q)
{
    return (q & 7) + 1;
}

static int is_in(uint64_t q)
{
    return q >> 3 & 1;
}

static uint16_t port_of(uint64_t q)
{
    return (uint16_t)(q >> 16);
}

static void on_string(uint64_t q)
{
    unsigned size = size_of(q), index = is_in(q) ? RDI : RSI;
    uint64_t address = vmread(EXIT_GUEST_LINEAR);
    uint32_t by = vmread(GUEST_RFLAGS) & 1u << 10 ? 0 - size : size;

    if (is_in(q))
        guest_write(address, size, port_in(port_of(q), size));
    else
        port_out(port_of(q), size, guest_read(address, size));
    gpr_write(index, (uint32_t)gpr_read(index) + by);
    if (q >> 5 & 1) {
        uint32_t left = (uint32_t)gpr_read(RCX) - 1;

        gpr_write(RCX, left);
        if (left)
            return; /* the same instruction again */
    }
    next_instruction();
}

static void on_io(void)
{
    uint64_t q = vmread(EXIT_QUALIFICATION), rax = gpr_read(RAX);
    unsigned size = size_of(q);
    uint64_t mask = size == 4 ? ~0ull : (1ull << 8 * size) - 1;

    if (q >> 4 & 1) {
        on_string(q);
        return;
    }
    if (is_in(q))
        gpr_write(RAX, (rax & ~mask) | port_in(port_of(q), size));
    else
        port_out(port_of(q), size, rax & mask);
    next_instruction();
}

/* ---- MSRs ------------------------------------------------------------------------------------ */

static void on_msr(int write)
{
    uint32_t msr = (uint32_t)gpr_read(RCX);

    if (msr != MSR_SYSENTER_ESP && msr != MSR_STAR && msr != MSR_LSTAR) {
        vmwrite(ENTRY_EXCEPTION_ERROR, 0);
        vmwrite(ENTRY_INTERRUPTION_INFO,
                INFO_VALID | INFO_HAS_ERROR | INFO_HARDWARE_EXCEPTION | GENERAL_PROTECTION);
        return;
    }
    if (write) {
        msr_write(msr, gpr_read(RDX) << 32 | (uint32_t)gpr_read(RAX));
    } else {
        uint64_t value = msr_read(msr);

        gpr_write(RAX, (uint32_t)value);
        gpr_write(RDX, value >> 32);
    }
    next_instruction();
}

/* ---- control registers: SDM Table 28-3, 25.6.6 ----------------------------------------------- */

static void write_owned(uint32_t cr, uint32_t shadow, uint32_t mask_field, uint64_t value)
{
    uint64_t mask = vmread(mask_field);

    vmwrite(shadow, value);
    vmwrite(cr, (vmread(cr) & mask) | (value & ~mask));
}

/* CR0 as the guest sees it. */
static uint64_t cr0_seen(void)
{
    uint64_t mask = vmread(CR0_MASK);

    return (vmread(GUEST_CR0) & ~mask) | (vmread(CR0_READ_SHADOW) & mask);
}

static void write_cr0(uint64_t value)
{
    write_owned(GUEST_CR0, CR0_READ_SHADOW, CR0_MASK, value);
}

static void on_cr_access(void)
{
    uint64_t q = vmread(EXIT_QUALIFICATION);
    unsigned number = q & 15, type = q >> 4 & 3, gpr = q >> 8 & 15;

    if (type == 1)
        gpr_write(gpr, vmread(GUEST_CR3));
    else if (type == 2)
        write_cr0(cr0_seen() & ~8ull); /* TS */
    else if (type == 3)
        write_cr0((cr0_seen() & ~0xeull) | (q >> 16 & 15)); /* PE is never cleared */
    else if (number == 0)
        write_cr0(gpr_read(gpr));
    else if (number == 4)
        write_owned(GUEST_CR4, CR4_READ_SHADOW, CR4_MASK, gpr_read(gpr));
    else
        vmwrite(GUEST_CR3, gpr_read(gpr));
    next_instruction();
}

/* ---- events ---------------------------------------------------------------------------------- */

static void deliver(void)
{
    int takes = (vmread(GUEST_RFLAGS) & 1u << 9) && !(vmread(GUEST_INTERRUPTIBILITY) & 3);
    uint64_t controls = vmread(PRIMARY_CONTROLS) & ~(uint64_t)INTERRUPT_WINDOW_EXITING;

    if (waiting >= 0 && takes) {
        vmwrite(ENTRY_INTERRUPTION_INFO, INFO_VALID | (unsigned)waiting);
        waiting = -1;
    }
    vmwrite(PRIMARY_CONTROLS, waiting >= 0 ? controls | INTERRUPT_WINDOW_EXITING : controls);
}

int handle_exit(void)
{
    switch (vmread(EXIT_REASON) & 0xffff) {
    case REASON_CPUID:
        on_cpuid();
        break;
    case REASON_IO:
        on_io();
        break;
    case REASON_RDMSR:
        on_msr(0);
        break;
    case REASON_WRMSR:
        on_msr(1);
        break;
    case REASON_CR_ACCESS:
        on_cr_access();
        break;
    case REASON_VMCALL:
        gpr_write(RAX, (uint32_t)gpr_read(RAX) == HYPERCALL_ADD
                           ? (uint32_t)(gpr_read(RBX) + gpr_read(RCX))
                           : 0xffffffff);
        next_instruction();
        break;
    case REASON_HLT:
        next_instruction();
        return 1;
    case REASON_EXTERNAL_INTERRUPT:
        waiting = (int)(vmread(EXIT_INTERRUPTION_INFO) & 0xff);
        deliver();
        break;
    case REASON_INTERRUPT_WINDOW:
        deliver();
        break;
    default:
        break;
    }
    return 0;
}

/*
 * The CPU's state at the first instruction of an image: real mode as firmware leaves it to a boot
 * sector (Phoenix BIOS Boot Specification 6.5.1), 32-bit protected mode as a boot loader leaves it to
 * a kernel (Multiboot Specification 0.6.96, 3.2).
 */
#include "loader/parts.h"

#include "core/machine.h"

#define BOOT_DRIVE 0x80u /* the first hard disk, in DL */
#define MULTIBOOT_EAX 0x2badb002u

void start_reset(struct machine *m)
{
    struct x86_state state;

    x86_state_reset(&state);
    machine_set_state(m, &state);
}

void start_real(struct machine *m, uint16_t cs, uint16_t ip)
{
    struct x86_state state;

    x86_state_reset(&state);
    x86_segment_real(&state.seg[X86_CS], cs, true);
    state.rip = ip;
    state.gpr[X86_RSP] = REAL_STACK;
    state.gpr[X86_RDX] = BOOT_DRIVE;
    state.cr0 = CR0_ET; /* caches on, as firmware leaves them */
    machine_set_state(m, &state);
}

/* Multiboot 3.2: flat segments, paging and interrupts off. GDTR is the guest's to load. */
void start_protected(struct machine *m, uint32_t entry, uint32_t info)
{
    static const struct x86_segment code = {.limit = 0xffffffff, .access = 0xc09b, .selector = 8};
    static const struct x86_segment data = {.limit = 0xffffffff, .access = 0xc093, .selector = 16};
    struct x86_state state;

    x86_state_reset(&state);
    for (int i = X86_ES; i <= X86_GS; i++)
        state.seg[i] = i == X86_CS ? code : data;
    state.gdtr.limit = 0;
    state.idtr.limit = 0;
    state.cr0 = CR0_PE | CR0_ET;
    state.rip = entry;
    state.gpr[X86_RAX] = MULTIBOOT_EAX;
    state.gpr[X86_RBX] = info;
    state.gpr[X86_RDX] = 0;
    machine_set_state(m, &state);
}

/* The CPU state after RESET and what follows from it: mode and privilege (Intel SDM vol. 3, 10.1). */
#include "x86/regs.h"

#include "core/exit.h"

#include <string.h>

/* Present, S = 1, type: accessed read/write data or accessed read/execute code. */
#define ACCESS_DATA 0x93u
#define ACCESS_CODE 0x9bu

void x86_segment_real(struct x86_segment *seg, uint16_t selector, bool code)
{
    seg->selector = selector;
    seg->base = (uint64_t)selector << 4;
    seg->limit = 0xffff;
    seg->access = code ? ACCESS_CODE : ACCESS_DATA;
}

void x86_state_reset(struct x86_state *state)
{
    memset(state, 0, sizeof(*state));
    state->rip = 0xfff0;
    state->rflags = RFLAGS_FIXED;
    for (int i = X86_ES; i <= X86_GS; i++)
        x86_segment_real(&state->seg[i], 0, i == X86_CS);
    state->seg[X86_CS].selector = 0xf000;
    state->seg[X86_CS].base = 0xffff0000;
    state->seg[X86_LDTR] = (struct x86_segment){.limit = 0xffff, .access = 0x82};
    state->seg[X86_TR] = (struct x86_segment){.limit = 0xffff, .access = 0x8b};
    state->gdtr.limit = 0xffff;
    state->idtr.limit = 0xffff;
    state->gpr[X86_RDX] = 0x00800f12; /* family, model and stepping, as CPUID leaf 1 says */
    state->cr0 = CR0_CD | CR0_NW | CR0_ET;
    state->dr6 = 0xffff0ff0;
    state->dr7 = 0x400;
    state->xcr0 = 1;
    state->pat = 0x0007040600070406;
    state->apic_base = 0xfee00900;
    state->misc_enable = 1;
    state->fxsave[0] = 0x40;  /* FCW 0040h */
    state->fxsave[24] = 0x80; /* MXCSR 1f80h */
    state->fxsave[25] = 0x1f;
    state->fxsave[4] = 0xff; /* no x87 register is empty after RESET: all tags valid */
}

unsigned x86_cpl(const struct x86_state *state)
{
    return SEG_DPL(state->seg[X86_SS].access);
}

unsigned x86_mode_of(const struct x86_state *state)
{
    uint32_t cs = state->seg[X86_CS].access;

    if (!(state->cr0 & CR0_PE))
        return X86_MODE_REAL;
    if (state->rflags & RFLAGS_VM)
        return X86_MODE_V86;
    if ((state->efer & EFER_LMA) && (cs & SEG_L))
        return X86_MODE_LONG64;
    return cs & SEG_DB ? X86_MODE_PROT32 : X86_MODE_PROT16;
}

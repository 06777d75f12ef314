/* SYSCALL, SYSRET, SYSENTER and SYSEXIT on the state of a CPU, see syscall.h. */
#include "x86/syscall.h"

#define CODE64 0xa09bu
#define CODE32 0xc09bu
#define DATA 0xc093u
#define DPL3 0x60u

static void load_flat(struct x86_segment *seg, uint16_t selector, uint32_t access)
{
    *seg = (struct x86_segment){.selector = selector, .limit = 0xffffffff, .access = access};
}

/* STAR: 63:48 SYSRET's CS and SS, 47:32 SYSCALL's, 31:0 the legacy-mode target. */
bool x86_syscall(struct x86_state *s, unsigned insn_len, unsigned *vector)
{
    uint16_t selector = (uint16_t)(s->star >> 32) & 0xfffc;
    bool long_mode = s->efer & EFER_LMA, code64 = long_mode && (s->seg[X86_CS].access & SEG_L);
    uint64_t next = s->rip + insn_len;

    *vector = X86_UD;
    if (!(s->efer & EFER_SCE) || !(s->cr0 & CR0_PE))
        return false;
    s->gpr[X86_RCX] = long_mode ? next : (uint32_t)next;
    if (long_mode) {
        s->gpr[X86_R11] = s->rflags & ~(uint64_t)RFLAGS_RF;
        s->rflags &= ~(s->fmask | RFLAGS_RF);
        s->rip = code64 ? s->lstar : s->cstar;
    } else {
        s->rflags &= ~(uint64_t)(RFLAGS_VM | RFLAGS_IF | RFLAGS_RF);
        s->rip = (uint32_t)s->star;
    }
    s->rflags |= RFLAGS_FIXED;
    load_flat(&s->seg[X86_CS], selector, long_mode ? CODE64 : CODE32);
    load_flat(&s->seg[X86_SS], (uint16_t)(selector + 8), DATA);
    return true;
}

bool x86_sysret(struct x86_state *s, bool rex_w, unsigned *vector)
{
    uint16_t selector = (uint16_t)(s->star >> 48);
    bool long_mode = s->efer & EFER_LMA;

    *vector = X86_UD;
    if (!(s->efer & EFER_SCE))
        return false;
    *vector = X86_GP;
    if (!(s->cr0 & CR0_PE) || x86_cpl(s) || (rex_w && !x86_canonical48(s->gpr[X86_RCX])))
        return false;
    s->rip = rex_w ? s->gpr[X86_RCX] : (uint32_t)s->gpr[X86_RCX];
    if (long_mode)
        s->rflags = (s->gpr[X86_R11] & 0x3c7fd7) | RFLAGS_FIXED;
    else
        s->rflags |= RFLAGS_IF;
    load_flat(&s->seg[X86_CS], (uint16_t)((selector + (rex_w ? 16 : 0)) | 3),
              (rex_w ? CODE64 : CODE32) | DPL3);
    load_flat(&s->seg[X86_SS], (uint16_t)((selector + 8) | 3), DATA | DPL3);
    return true;
}

bool x86_sysenter(struct x86_state *s, unsigned *vector)
{
    uint16_t selector = (uint16_t)s->sysenter_cs & 0xfffc;
    bool long_mode = s->efer & EFER_LMA;

    *vector = X86_GP;
    if (!(s->cr0 & CR0_PE) || !selector)
        return false;
    s->rflags &= ~(uint64_t)(RFLAGS_VM | RFLAGS_IF | RFLAGS_RF);
    s->gpr[X86_RSP] = long_mode ? s->sysenter_esp : (uint32_t)s->sysenter_esp;
    s->rip = long_mode ? s->sysenter_eip : (uint32_t)s->sysenter_eip;
    load_flat(&s->seg[X86_CS], selector, long_mode ? CODE64 : CODE32);
    load_flat(&s->seg[X86_SS], (uint16_t)(selector + 8), DATA);
    return true;
}

bool x86_sysexit(struct x86_state *s, bool rex_w, unsigned *vector)
{
    uint16_t selector = (uint16_t)s->sysenter_cs;

    *vector = X86_GP;
    if (!(s->cr0 & CR0_PE) || !(selector & 0xfffc) || x86_cpl(s))
        return false;
    if (rex_w && (!x86_canonical48(s->gpr[X86_RCX]) || !x86_canonical48(s->gpr[X86_RDX])))
        return false;
    s->gpr[X86_RSP] = rex_w ? s->gpr[X86_RCX] : (uint32_t)s->gpr[X86_RCX];
    s->rip = rex_w ? s->gpr[X86_RDX] : (uint32_t)s->gpr[X86_RDX];
    load_flat(&s->seg[X86_CS], (uint16_t)((selector + (rex_w ? 32 : 16)) | 3),
              (rex_w ? CODE64 : CODE32) | DPL3);
    load_flat(&s->seg[X86_SS], (uint16_t)((selector + (rex_w ? 40 : 24)) | 3), DATA | DPL3);
    return true;
}

/*
 * The architectural state of one x86 CPU, in the SDM's terms; the same on every backend.
 *
 * - struct x86_state is plain data and complete: what is not in it does not survive a snapshot.
 * - General-purpose registers are numbered as ModRM and REX encode them, segments as the Sreg field
 *   does (SDM vol. 2, 2.1.3 and Table B-8).
 */
#ifndef VLAB_X86_REGS_H
#define VLAB_X86_REGS_H

#include "x86/event.h"

#include <stdbool.h>
#include <stdint.h>

enum x86_gpr {
    X86_RAX,
    X86_RCX,
    X86_RDX,
    X86_RBX,
    X86_RSP,
    X86_RBP,
    X86_RSI,
    X86_RDI,
    X86_R8,
    X86_R9,
    X86_R10,
    X86_R11,
    X86_R12,
    X86_R13,
    X86_R14,
    X86_R15,
    X86_GPR_COUNT
};

enum x86_seg { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_LDTR, X86_TR, X86_SEG_COUNT };

/*
 * Access rights of a segment, laid out as VMX guest-state fields (SDM Table 25-2):
 *   16       15 14 13 12  11..8   7  6..5  4  3..0
 *  unusable  G  DB L  AVL   0     P  DPL   S  type
 */
#define SEG_TYPE(access) ((access)&15)
#define SEG_S (1u << 4)
#define SEG_DPL(access) ((access) >> 5 & 3)
#define SEG_P (1u << 7)
#define SEG_AVL (1u << 12)
#define SEG_L (1u << 13)
#define SEG_DB (1u << 14)
#define SEG_G (1u << 15)
#define SEG_UNUSABLE (1u << 16)

struct x86_segment {
    uint64_t base;
    uint32_t limit; /* bytes - 1, granularity already applied */
    uint32_t access;
    uint16_t selector;
};

struct x86_table { /* GDTR, IDTR */
    uint64_t base;
    uint16_t limit; /* bytes - 1 */
};

/* Guest interruptibility state, SDM Table 25-3. */
#define X86_BLOCKING_BY_STI (1u << 0)
#define X86_BLOCKING_BY_MOV_SS (1u << 1)
#define X86_BLOCKING_BY_NMI (1u << 3)

/* What the monitor, or the instruction before, has made hold for the instruction at RIP alone. */
#define X86_ONCE_MMIO (1u << 0)      /* it may reach the MMIO bus */
#define X86_ONCE_INSN (1u << 1)      /* it makes no exit of its own */
#define X86_ONCE_NO_WINDOW (1u << 2) /* it comes before an interrupt window: an IRET after NMI */

/* Guest activity state, SDM 25.4.2. */
enum x86_activity { X86_ACTIVE, X86_HALTED, X86_SHUTDOWN };

struct x86_state {
    uint64_t gpr[X86_GPR_COUNT];
    uint64_t rip; /* offset in CS */
    uint64_t rflags;
    struct x86_segment seg[X86_SEG_COUNT];
    struct x86_table gdtr, idtr;
    uint64_t cr0, cr2, cr3, cr4, cr8;
    uint64_t pdpte[4]; /* loaded with CR3 in PAE paging, SDM vol. 3, 4.4.1; otherwise unused */
    uint64_t dr[4], dr6, dr7;
    uint64_t xcr0;
    uint32_t pkru; /* protection keys' rights, SDM vol. 3, 4.6.2 */
    uint64_t efer, star, lstar, cstar, fmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
    uint64_t pat, apic_base, misc_enable, tsc_aux;
    uint32_t interruptibility;
    uint32_t activity;        /* enum x86_activity */
    struct x86_event pending; /* raised, and not yet delivered */
    uint32_t pending_debug;   /* reasons for a #DB that is due, bits of DR6; SDM Table 25-4 */
    uint32_t once;       /* X86_ONCE_: how the instruction at RIP is run, when it is run next */
    uint8_t fxsave[512]; /* x87 and SSE in FXSAVE64 layout, SDM vol. 1 Table 10-2 */
};

#define RFLAGS_CF (1u << 0)
#define RFLAGS_FIXED (1u << 1)
#define RFLAGS_PF (1u << 2)
#define RFLAGS_AF (1u << 4)
#define RFLAGS_ZF (1u << 6)
#define RFLAGS_SF (1u << 7)
#define RFLAGS_TF (1u << 8)
#define RFLAGS_IF (1u << 9)
#define RFLAGS_DF (1u << 10)
#define RFLAGS_OF (1u << 11)
#define RFLAGS_IOPL(f) ((f) >> 12 & 3)
#define RFLAGS_NT (1u << 14)
#define RFLAGS_RF (1u << 16)
#define RFLAGS_VM (1u << 17)
#define RFLAGS_AC (1u << 18)

#define CR0_PE (1u << 0)
#define CR0_MP (1u << 1)
#define CR0_EM (1u << 2)
#define CR0_TS (1u << 3)
#define CR0_ET (1u << 4)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_AM (1u << 18)
#define CR0_NW (1u << 29)
#define CR0_CD (1u << 30)
#define CR0_PG (1u << 31)

#define CR4_TSD (1u << 2)
#define CR4_DE (1u << 3)
#define CR4_PSE (1u << 4)
#define CR4_PAE (1u << 5)
#define CR4_PGE (1u << 7)
#define CR4_OSFXSR (1u << 9)
#define CR4_OSXMMEXCPT (1u << 10)
#define CR4_LA57 (1u << 12)
#define CR4_FSGSBASE (1u << 16)
#define CR4_OSXSAVE (1u << 18)
#define CR4_SMEP (1u << 20)
#define CR4_SMAP (1u << 21)
#define CR4_PKE (1u << 22)

/* SDM vol. 3, 18.2.3 and 18.2.4; DR6's BLD and RTM are not there and read 1. */
#define DR6_BD (1u << 13)
#define DR6_BS (1u << 14)
#define DR6_BT (1u << 15)
#define DR6_FIXED 0xffff0ff0u
#define DR7_FIXED 0x400u
#define DR7_GD (1u << 13)

#define XCR0_X87 (1u << 0)
#define XCR0_SSE (1u << 1)

#define EFER_SCE (1u << 0)
#define EFER_LME (1u << 8)
#define EFER_LMA (1u << 10)
#define EFER_NXE (1u << 11)

/* Exception vectors, SDM Table 6-1. */
enum x86_vector {
    X86_DE = 0,
    X86_DB = 1,
    X86_NMI = 2,
    X86_BP = 3,
    X86_OF = 4,
    X86_BR = 5,
    X86_UD = 6,
    X86_NM = 7,
    X86_DF = 8,
    X86_TS = 10,
    X86_NP = 11,
    X86_SS_FAULT = 12,
    X86_GP = 13,
    X86_PF = 14,
    X86_MF = 16,
    X86_AC = 17,
    X86_MC = 18,
    X86_XM = 19
};

/* Is a linear address canonical with 48 bits, as 4-level paging has them (SDM vol. 1, 3.3.7.1)? */
static inline bool x86_canonical48(uint64_t address)
{
    int64_t high = (int64_t)address >> 47;

    return high == 0 || high == -1;
}

/* The state after RESET (SDM Table 10-1): CS:IP = f000:fff0 with base ffff0000. */
void x86_state_reset(struct x86_state *state);

/* A real-mode segment: base selector * 16, limit ffff, writable data or (CS) the same as code. */
void x86_segment_real(struct x86_segment *seg, uint16_t selector, bool code);

unsigned x86_cpl(const struct x86_state *state);
/* enum x86_mode of core/exit.h */
unsigned x86_mode_of(const struct x86_state *state);

#endif

/*
 * The neutral VM exit: what every backend reports and everything above a backend reads.
 *
 * Terms and layouts are the Intel SDM's, vol. 3: basic exit reasons (Appendix C), exit
 * qualification (28.2.1), VM-exit interruption information (25.9.2), IDT-vectoring information
 * (25.9.3). A backend that runs on something else (AMD-V, /dev/kvm) translates, and keeps the
 * native code beside it.
 *
 * - A struct vm_exit is plain data: copy it freely, it owns nothing.
 * - The instruction at `rip` has not executed (fault-like) when the exit is taken.
 * - A field that is not meaningful for the reason, or that a backend cannot know, has its EXIT_HAS_
 *   bit clear and reads 0; nothing is ever invented.
 */
#ifndef VLAB_CORE_EXIT_H
#define VLAB_CORE_EXIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_reason {
#define EXIT_REASON(number, symbol, name, text) EXIT_##symbol = (number),
#include "core/exit.def"
#undef EXIT_REASON
    EXIT_REASON_COUNT = 64 /* one more than any reason can be: sizes tables of counters */
};

/* Which fields of an exit hold something, and where they come from. */
enum exit_has {
    EXIT_HAS_QUALIFICATION = 1 << 0,
    EXIT_HAS_GVA = 1 << 1,       /* guest_linear */
    EXIT_HAS_GPA = 1 << 2,       /* guest_physical */
    EXIT_HAS_INSN = 1 << 3,      /* insn_len and insn[] */
    EXIT_HAS_INTR = 1 << 4,      /* intr_info, intr_error */
    EXIT_HAS_VECTORING = 1 << 5, /* idt_vectoring, idt_error */
    EXIT_HAS_INSN_INFO = 1 << 6  /* insn_info */
};

enum exit_source { EXIT_SOURCE_EMULATED, EXIT_SOURCE_KVM };

/* What made the CPU leave, by the execution controls that were in force (SDM 26.1.3, 26.2). */
enum exit_cause {
    EXIT_CAUSE_UNKNOWN,   /* the record does not say */
    EXIT_CAUSE_ALWAYS,    /* no control can prevent it */
    EXIT_CAUSE_CONTROL,   /* the one bit that is this event's own, such as HLT exiting */
    EXIT_CAUSE_BITMAP,    /* its bit in the exception, I/O or MSR bitmaps is set */
    EXIT_CAUSE_NO_BITMAP, /* MSR bitmaps are off */
    EXIT_CAUSE_BEYOND,    /* a port or an MSR that the bitmaps do not cover */
    EXIT_CAUSE_MASK,      /* CR0, CR4: bits that the monitor owns, `owned`, differ */
    EXIT_CAUSE_NO_MATCH   /* #PF: its bit is clear, but the error code does not match */
};

/* CPU mode at the exit, for decoding insn[] later from the record alone. */
enum x86_mode { X86_MODE_REAL, X86_MODE_V86, X86_MODE_PROT16, X86_MODE_PROT32, X86_MODE_LONG64 };

/* Size of code in a mode, as decoder and disassembler take it: 16, 32 or 64. */
static inline unsigned x86_mode_bits(unsigned mode)
{
    return mode == X86_MODE_LONG64 ? 64 : mode == X86_MODE_PROT32 ? 32 : 16;
}

struct vm_exit {
    uint64_t seq;           /* 0, 1, 2, ... since the machine was created */
    uint64_t insns;         /* instructions retired before this one since creation, see
                               exit_counts_insns() */
    uint64_t rip;           /* offset in CS, not linear */
    uint64_t cs_base;       /* rip + cs_base is the linear address */
    uint64_t qualification; /* exit qualification, SDM layout for the reason */
    uint64_t guest_linear;
    uint64_t guest_physical;
    uint64_t value;     /* what moved, once handled: I/O data, MSR or CR value, CPUID leaf (EAX) */
    uint32_t msr;       /* RDMSR, WRMSR: ECX at the exit */
    uint32_t reason;    /* enum exit_reason */
    uint32_t native;    /* SVM exit code or KVM_EXIT_*, as the backend got it */
    uint32_t intr_info; /* SDM Table 25-17 */
    uint32_t intr_error;
    uint32_t idt_vectoring; /* event whose delivery this exit interrupted, SDM Table 25-18 */
    uint32_t idt_error;
    uint32_t insn_info; /* VM-exit instruction information, SDM 28.2.5 */
    uint32_t owned;     /* EXIT_CAUSE_MASK: bits of the guest/host mask unlike the read shadow */
    uint32_t cost;      /* host TSC cycles from the exit to the end of its handling; never hashed */
    uint16_t selector;  /* CS */
    uint8_t has;        /* enum exit_has bits */
    uint8_t source;     /* enum exit_source */
    uint8_t cause;      /* enum exit_cause */
    uint8_t raised;     /* vector of the exception that the monitor raised for it; 0: none */
    uint8_t mode;       /* enum x86_mode */
    uint8_t cpl;
    uint8_t vcpu;
    uint8_t insn_len; /* bytes, 1..15 */
    uint8_t insn[15]; /* the bytes at rip, insn_len of them */
};

/* VM-exit interruption information, SDM Table 25-17 (the IDT-vectoring field has the same layout). */
#define INTR_VECTOR(info) ((info)&0xff)
#define INTR_TYPE(info) ((info) >> 8 & 7)
#define INTR_HAS_ERROR (1u << 11)
#define INTR_VALID (1u << 31)
enum intr_type {
    INTR_EXTERNAL = 0,
    INTR_NMI = 2,
    INTR_HARDWARE_EXCEPTION = 3,
    INTR_SOFTWARE = 4,            /* INT n */
    INTR_PRIVILEGED_SOFTWARE = 5, /* INT1 */
    INTR_SOFTWARE_EXCEPTION = 6   /* INT3, INTO */
};

/*
 * Exit qualification for I/O instructions, SDM Table 28-5:
 *   31            16 15       7   6   5   4   3   2     0
 *  +----------------+----------+---+---+---+---+--------+
 *  |     port       |    0     |imm|REP|str| IN| size-1 |
 *  +----------------+----------+---+---+---+---+--------+
 */
#define IO_QUAL_SIZE(q) (((q)&7) + 1)
#define IO_QUAL_IN (1u << 3)
#define IO_QUAL_STRING (1u << 4)
#define IO_QUAL_REP (1u << 5)
#define IO_QUAL_IMM (1u << 6)
#define IO_QUAL_PORT(q) ((q) >> 16 & 0xffff)

/*
 * Exit qualification for control-register accesses, SDM Table 28-3: bits 3:0 CR number, 5:4 access
 * type, 6 LMSW operand is memory, 11:8 general-purpose register, 31:16 LMSW source data.
 */
#define CR_QUAL_NUMBER(q) ((q)&15)
#define CR_QUAL_TYPE(q) ((q) >> 4 & 3)
#define CR_QUAL_LMSW_MEM (1u << 6)
#define CR_QUAL_GPR(q) ((q) >> 8 & 15)
#define CR_QUAL_LMSW(q) ((q) >> 16 & 0xffff)
enum cr_access { CR_ACCESS_MOV_TO, CR_ACCESS_MOV_FROM, CR_ACCESS_CLTS, CR_ACCESS_LMSW };

/*
 * Exit qualification for MOV DR, SDM Table 28-4: bits 2:0 debug register, 4 direction (1: from the
 * debug register), 11:8 general-purpose register.
 */
#define DR_QUAL_NUMBER(q) ((q)&7)
#define DR_QUAL_FROM (1u << 4)
#define DR_QUAL_GPR(q) ((q) >> 8 & 15)

/*
 * Exit qualification for task switches, SDM Table 28-2: bits 15:0 selector of the TSS, 31:30 what
 * made the switch.
 */
#define TASK_QUAL_SELECTOR(q) ((q)&0xffff)
#define TASK_QUAL_SOURCE(q) ((q) >> 30 & 3)
enum task_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_GATE };

/* Exit qualification for EPT violations, SDM Table 28-7. */
#define EPT_QUAL_READ (1u << 0)
#define EPT_QUAL_WRITE (1u << 1)
#define EPT_QUAL_FETCH (1u << 2)
#define EPT_QUAL_READABLE (1u << 3)   /* the EPT entries allow reads */
#define EPT_QUAL_WRITABLE (1u << 4)   /* ... writes */
#define EPT_QUAL_EXECUTABLE (1u << 5) /* ... fetches */
#define EPT_QUAL_GLA_VALID (1u << 7)
#define EPT_QUAL_TRANSLATION (1u << 8) /* access to the translation's result, not to a table */
/* Advanced VM-exit information: the linear address by the guest's own tables, with bits 7 and 8. */
#define EPT_QUAL_LINEAR_USER (1u << 9)
#define EPT_QUAL_LINEAR_WRITE (1u << 10)
#define EPT_QUAL_LINEAR_XD (1u << 11)
#define EPT_QUAL_NMI_UNBLOCKING (1u << 12) /* an IRET had ended blocking by NMI */

/* Does `insns` say something? A kernel does not count what its guest executes. */
static inline bool exit_counts_insns(const struct vm_exit *exit)
{
    return exit->source == EXIT_SOURCE_EMULATED;
}

/* "CPUID", "EPT violation", ... or "unknown"; never NULL. Static strings. */
const char *exit_reason_name(uint32_t reason);
/* The SDM's full name of it. */
const char *exit_reason_text(uint32_t reason);
/* Inverse of exit_reason_name(), case-insensitive, also a decimal number; -1 when unknown. */
int exit_reason_parse(const char *name);

#endif

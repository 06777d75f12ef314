/* Exercise 03: what your hypervisor is asked, and the numbers that it needs. README.md has the rules. */
#ifndef VLAB_EXERCISE_EXITS_H
#define VLAB_EXERCISE_EXITS_H

#include <stdint.h>

/*
 * The guest has left: the VMCS says why. Do for it what it asked for. Return 0: it goes on; 1: it waits in HLT
 * for an interrupt.
 */
int handle_exit(void);

/* Basic exit reasons, SDM vol. 3, Appendix C. */
enum {
    REASON_EXTERNAL_INTERRUPT = 1,
    REASON_INTERRUPT_WINDOW = 7,
    REASON_CPUID = 10,
    REASON_HLT = 12,
    REASON_VMCALL = 18,
    REASON_CR_ACCESS = 28,
    REASON_IO = 30,
    REASON_RDMSR = 31,
    REASON_WRMSR = 32
};

/* Fields of the VMCS, SDM vol. 3, Appendix B. Those below the line may be written. */
enum {
    EXIT_REASON = 0x4402,
    EXIT_INTERRUPTION_INFO = 0x4404, /* external interrupt: valid, and its vector (Table 25-17) */
    EXIT_INSTRUCTION_LENGTH = 0x440c,
    EXIT_QUALIFICATION = 0x6400, /* Tables 28-3 and 28-5 */
    EXIT_GUEST_LINEAR = 0x640a,  /* INS and OUTS: where the operand lies */
    CR0_MASK = 0x6000,           /* bits that the hypervisor owns */
    CR4_MASK = 0x6002,
    GUEST_RSP = 0x681c,
    GUEST_INTERRUPTIBILITY = 0x4824, /* Table 25-3 */
    /* -------------------------------------------------------------------------------- */
    PRIMARY_CONTROLS = 0x4002, /* only interrupt-window exiting, bit 2, can be changed */
    ENTRY_INTERRUPTION_INFO = 0x4016,
    ENTRY_EXCEPTION_ERROR = 0x4018,
    CR0_READ_SHADOW = 0x6004, /* what the guest reads in the bits of the mask */
    CR4_READ_SHADOW = 0x6006,
    GUEST_CR0 = 0x6800,
    GUEST_CR3 = 0x6802,
    GUEST_CR4 = 0x6804,
    GUEST_RIP = 0x681e,
    GUEST_RFLAGS = 0x6820
};

#define INTERRUPT_WINDOW_EXITING (1u << 2)
#define INFO_VALID (1u << 31)
#define INFO_HAS_ERROR (1u << 11)
#define INFO_HARDWARE_EXCEPTION (3u << 8) /* type 3; an external interrupt is type 0 */
#define GENERAL_PROTECTION 13

/* The guest may use these MSRs, and no other. */
enum { MSR_SYSENTER_ESP = 0x175, MSR_STAR = 0xc0000081, MSR_LSTAR = 0xc0000082 };

/* Hypercalls: EAX says which. */
enum { HYPERCALL_ADD = 1 }; /* EAX = EBX + ECX; any other number: EAX = -1 */

/* CPUID leaf 1, ECX: what this guest must not see. */
#define CPUID_RDRAND (1u << 30)
#define CPUID_HYPERVISOR (1u << 31)

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#endif

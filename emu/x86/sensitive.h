/*
 * Which instructions a kernel cannot run outside of ring 0 without it being noticed, and which of them
 * the CPU tells nobody of.
 *
 * Popek and Goldberg (1974): an instruction is sensitive if it changes the machine's state (control
 * sensitive) or depends on it or on the CPL (behaviour sensitive), and privileged if it traps outside of the
 * most privileged level. A machine whose sensitive instructions are all privileged can be virtualized by
 * running the guest without privilege and emulating what traps. Robin and Irvine (2000) list those of the
 * Pentium that are not.
 *
 * It is the question for protected mode with IOPL 0, as a hypervisor of that kind runs its guest, on a CPU
 * without UMIP (SDM vol. 3, 2.5). Not counted: what faults by its operands, as a selector that the CPL
 * cannot load (a fault that a hypervisor sees), and RDTSC and RDPMC, which CR4 decides about.
 */
#ifndef VLAB_X86_SENSITIVE_H
#define VLAB_X86_SENSITIVE_H

#include "x86/decode.h"

enum x86_sensitivity {
    X86_INNOCUOUS,
    X86_PRIVILEGED, /* traps outside of ring 0; sensitive or not */
    X86_SENSITIVE   /* sensitive, and does not trap */
};

enum x86_sensitivity x86_sensitivity(const struct x86_insn *insn);

/* "innocuous", "privileged", "sensitive" */
const char *x86_sensitivity_name(enum x86_sensitivity sensitivity);

#endif

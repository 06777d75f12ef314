/*
 * Fast system calls: SYSCALL, SYSRET, SYSENTER, SYSEXIT (AMD manual vol. 3; Intel SDM vol. 2 and vol. 3,
 * 5.8.7). They change CPL and hidden segment parts by rule, without reading a descriptor.
 *
 * - Each function changes *state as the instruction does, RIP included, and returns true; or it
 *   returns false with the exception to raise in *vector (#UD, or #GP with error code 0).
 */
#ifndef VLAB_X86_SYSCALL_H
#define VLAB_X86_SYSCALL_H

#include "x86/regs.h"

bool x86_syscall(struct x86_state *state, unsigned insn_len, unsigned *vector);
/* `rex_w`: the return goes to 64-bit code. */
bool x86_sysret(struct x86_state *state, bool rex_w, unsigned *vector);
bool x86_sysenter(struct x86_state *state, unsigned *vector);
bool x86_sysexit(struct x86_state *state, bool rex_w, unsigned *vector);

#endif

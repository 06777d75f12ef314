/*
 * The memory operand of an instruction: its linear address, from the registers.
 * Intel SDM vol. 2, 2.1.5 (16- and 32-bit forms) and 2.2.1.6 (RIP-relative).
 */
#ifndef VLAB_X86_OPERAND_H
#define VLAB_X86_OPERAND_H

#include "x86/decode.h"
#include "x86/regs.h"

/*
 * `bytes` are the instruction that `insn` was decoded from. ModRM must name memory (mod != 3).
 * The segment's base is added, its limit is not checked.
 */
uint64_t x86_operand_linear(const struct x86_insn *insn, const uint8_t *bytes,
                            const struct x86_state *state);

/*
 * Does the instruction's access (a write or not) go through SS: an implicit stack operation, or an
 * operand with BP or SP as its base? A bad address is #SS then, else #GP.
 */
bool x86_operand_on_stack(const struct x86_insn *insn, const uint8_t *bytes, bool write);

#endif

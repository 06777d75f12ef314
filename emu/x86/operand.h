/*
 * The memory operand of an instruction: what it is made of, and its linear address from the
 * registers. Intel SDM vol. 2, 2.1.5 (16- and 32-bit forms) and 2.2.1.6 (RIP-relative).
 */
#ifndef VLAB_X86_OPERAND_H
#define VLAB_X86_OPERAND_H

#include "x86/decode.h"
#include "x86/regs.h"

#define X86_NO_GPR 0xff

/* segment:[base + index << scale + displacement] */
struct x86_memory {
    uint8_t base, index;  /* enum x86_gpr, X86_NO_GPR none */
    uint8_t scale;        /* 0..3: index by 1, 2, 4, 8 */
    uint8_t segment;      /* enum x86_seg, the default one when the instruction names none */
    bool rip_relative;    /* 64-bit mode: RIP of the next instruction is added, there is no base */
    int64_t displacement; /* sign-extended, 0 when the instruction has none */
};

/*
 * `bytes` are the instruction that `insn` was decoded from as code of `bits` (16, 32 or 64). ModRM
 * must name memory (mod != 3).
 */
void x86_operand_memory(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits,
                        struct x86_memory *memory);

/* Its linear address. The segment's base is added, its limit is not checked. */
uint64_t x86_operand_linear(const struct x86_insn *insn, const uint8_t *bytes,
                            const struct x86_state *state);

/*
 * Does the instruction's access (a write or not) go through SS: an implicit stack operation, or an
 * operand with BP or SP as its base? A bad address is #SS then, else #GP.
 */
bool x86_operand_on_stack(const struct x86_insn *insn, const uint8_t *bytes, bool write);

/*
 * The memory operand of INS (ES:rDI) and OUTS (rSI, in DS or the segment that the instruction
 * names): the segment, and the linear address from that segment's base and the register. `bits` is
 * the code size.
 */
enum x86_seg x86_string_segment(const struct x86_insn *insn);
uint64_t x86_string_linear(const struct x86_insn *insn, unsigned bits, uint64_t base,
                           uint64_t index);

#endif

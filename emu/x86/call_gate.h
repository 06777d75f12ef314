/*
 * Far CALL and far JMP through a call gate: Intel SDM vol. 2, CALL and JMP; vol. 3, 5.8.3 to 5.8.5.
 */
#ifndef VLAB_X86_CALL_GATE_H
#define VLAB_X86_CALL_GATE_H

#include "x86/linear.h"
#include "x86/regs.h"

enum x86_gate_verdict {
    X86_GATE_NONE, /* the selector names no call gate: an ordinary far transfer, or a task's */
    X86_GATE_FAULT, /* mem->fault says which; state and memory are as before, accessed and dirty bits excepted */
    X86_GATE_DONE /* the instruction has been done */
};

/*
 * Do the instruction of `insn_len` bytes at RIP, a far CALL or (not `call`) a far JMP to `selector`,
 * when that names a call gate. In protected or IA-32e mode, not in virtual-8086 mode. In IA-32e mode
 * any other system descriptor is a fault. `mem` works on `s`, and makes implicit accesses.
 */
enum x86_gate_verdict x86_call_gate(struct x86_state *s, struct x86_linear *mem, uint16_t selector,
                                    bool call, unsigned insn_len);

#endif

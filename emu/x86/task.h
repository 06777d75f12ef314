/*
 * Hardware task switches, Intel SDM vol. 3, chapter 8 (8.3 and Table 8-1); the rules of CALL, JMP,
 * IRET and INT that lead to one in vol. 2.
 *
 * In two parts, as a VM exit divides them (26.4.2): x86_task_target() makes every check that comes
 * before the exit, x86_task_switch() does the switch.
 */
#ifndef VLAB_X86_TASK_H
#define VLAB_X86_TASK_H

#include "core/exit.h"
#include "x86/linear.h"
#include "x86/regs.h"

enum x86_task_verdict {
    X86_TASK_NONE,  /* the selector names no task: an ordinary far transfer */
    X86_TASK_FAULT, /* mem->fault says which */
    X86_TASK_SWITCH
};

/*
 * Where does this lead? `selector`: of a far CALL or JMP; for TASK_IRET ignored (the back link
 * counts); for TASK_GATE that of the IDT's task gate's TSS. On X86_TASK_SWITCH *tss is the TSS.
 */
enum x86_task_verdict x86_task_target(struct x86_linear *mem, enum task_source source,
                                      uint16_t selector, uint16_t *tss);

/*
 * Switch `s` to the task of `tss`, whose checks have passed; `mem` works on `s`. RIP is what the old
 * task resumes with. `event`: for TASK_GATE what came through the gate, its error code is pushed on
 * the new stack. False: mem->fault is to be delivered, in the old task when it was found before the
 * point of no return, else in the new one.
 */
bool x86_task_switch(struct x86_state *s, struct x86_linear *mem, enum task_source source,
                     uint16_t tss, const struct x86_event *event);

#endif

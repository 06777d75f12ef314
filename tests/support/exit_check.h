/*
 * What the tests of single exits share: one instruction behind two NOPs, run to its exit, with the
 * guest as the CPU left it.
 */
#ifndef VLAB_TESTS_EXIT_CHECK_H
#define VLAB_TESTS_EXIT_CHECK_H

#include "tests/support/fixture.h"

#define Q EXIT_HAS_QUALIFICATION
#define GVA EXIT_HAS_GVA
#define GPA EXIT_HAS_GPA
#define INSN EXIT_HAS_INSN
#define INTR EXIT_HAS_INTR
#define VECTORING EXIT_HAS_VECTORING
#define INFO EXIT_HAS_INSN_INFO

#define HARDWARE(vector) (INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | (uint32_t)(vector))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum word { NONE, PIN, PRIMARY, SECONDARY };

/* The guest at the exit where stop_at_exits() ended the run. */
extern struct x86_state at_exit;

/* The next run ends at its first exit, with the guest as the CPU left it. */
void stop_at_exits(bool stop);

/* Set or clear bits of one word of the controls. */
void control(enum word word, uint32_t bits, bool on);

/* Nothing leaves the guest that could stay. HLT does: it is how programs here end. */
void controls_bare(void);

/* Real-mode handlers: vector n is HLT at 2000h + n. */
void fill_ivt(void);

#define BEFORE 2u

/* NOP, NOP, the instruction, HLT. */
void place(enter_fn *enter, const uint8_t *insn, unsigned size);

/*
 * `before` (nops that count) and then one instruction make an exit: check what does not depend on
 * its reason, and that the guest is still in front of it.
 */
const struct vm_exit *check_place(const uint8_t *insn, unsigned size, uint64_t before);

/* All three: place it, run to its exit, check the place. */
const struct vm_exit *one_exit(enter_fn *enter, const uint8_t *insn, unsigned size);

void set_regs(const uint64_t gpr[X86_GPR_COUNT]);

/* As enter_flat32, at CPL 3, IOPL 0, with no I/O permission bitmap. */
enter_fn enter_user;

#endif

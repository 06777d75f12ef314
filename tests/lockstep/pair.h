/*
 * The machine and a QEMU, put into one mode and run instruction by instruction.
 */
#ifndef VLAB_TESTS_LOCKSTEP_PAIR_H
#define VLAB_TESTS_LOCKSTEP_PAIR_H

#include "core/machine.h"
#include "tests/lockstep/generator.h"
#include "tests/lockstep/qemu.h"
#include "x86/decode.h"

struct pair {
    const struct lockstep_mode *mode;
    struct machine *m;
    struct qemu q;
    struct x86_state base; /* as modes.asm left the machine's CPU */
    uint8_t *ram;          /* LOCKSTEP_TOP bytes: memory at the start of every sequence */
    const char *why;       /* of PAIR_END */
    int vector;            /* raised by the last step here, -1: none */
    uint64_t vector_rip;   /* where */
    struct x86_insn insn;  /* of the last step */
    uint8_t bytes[15];
    uint64_t linear;                      /* of that instruction */
    struct x86_state before, here, there; /* there: what QEMU does not give is as here */
};

enum pair_result {
    PAIR_OK,   /* both did a step: compare */
    PAIR_END,  /* the next instruction is not for comparing: nothing was done in QEMU */
    PAIR_ERROR /* `err`: a host's fault */
};

/* `setup`: modes.asm as built, `size` bytes. */
int pair_open(struct pair *p, const struct lockstep_mode *mode, const uint8_t *setup, size_t size,
              struct error *err);
void pair_close(struct pair *p);

/* Both at the first instruction of `s`. */
int pair_start(struct pair *p, const struct sequence *s, struct error *err);

/* An instruction, or as much of it as raises an exception and its delivery. */
enum pair_result pair_step(struct pair *p, struct error *err);

/* What of memory differs, but for the flags of the PDPTE: the first address, or LOCKSTEP_TOP. */
uint32_t pair_memory_difference(const struct pair *p);

/* Let the machine have QEMU's registers and memory. */
void pair_adopt(struct pair *p);

#endif

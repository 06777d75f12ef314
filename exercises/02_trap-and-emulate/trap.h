/* Exercise 02: what your monitor is asked, and what it reaches the guest's virtual CPU by. README.md has the rules. */
#ifndef VLAB_EXERCISE_TRAP_H
#define VLAB_EXERCISE_TRAP_H

#include <stdint.h>

enum sensitivity {
    INNOCUOUS,
    PRIVILEGED, /* traps (#GP) outside of ring 0 */
    SENSITIVE   /* reads or changes what the monitor keeps, and does not trap */
};

/* One whole instruction of 32-bit code, run outside of ring 0 with IOPL 0. */
enum sensitivity classify(const uint8_t *code, unsigned size);

/*
 * Straight code, of the instructions that README.md lists, that begins with IF = `interrupts` (0 or 1). The offset
 * of the first POPF that changes IF in ring 0, and so loses the change outside of it; -1: there is none.
 */
int lost_change(const uint8_t *code, unsigned size, int interrupts);

/*
 * The guest has trapped: #GP at VCPU_EIP. Do for it what it asked for, or let it have its #GP. Return 0: it goes
 * on; 1: it waits in HLT for an interrupt.
 */
int handle_trap(void);

/* A device has raised an interrupt for the guest. Deliver it as soon as the guest would take it. */
void handle_interrupt(unsigned vector);

/*
 * Between two instructions: the one behind VCPU_STEP has run without a trap, or an IRET has set VCPU_IF. (IRET and
 * INT n trap as well; the judge's part of the monitor does them.)
 */
void handle_step(void);

/* The virtual CPU: vmread() and vmwrite() of these numbers. Those below the line may be written. */
enum vcpu_field {
    VCPU_CPL,   /* the ring that the guest believes to be in: 0 or 3 */
    VCPU_IOPL,  /* its own IOPL, 0 to 3 */
    VCPU_ERROR, /* of the #GP that the CPU raised */
    /* -------------------------------------------------------------------------------- */
    VCPU_EIP,
    VCPU_IF,           /* its own interrupt flag: 0 or 1. A delivery clears it */
    VCPU_INJECT,       /* deliver at VCPU_EIP, before the next instruction: INJECT_ bits and a vector */
    VCPU_INJECT_ERROR, /* the error code that goes with INJECT_HAS_ERROR */
    VCPU_STEP          /* 1: let one instruction run, then call handle_step() */
};

#define INJECT_VALID (1u << 31)
#define INJECT_HAS_ERROR (1u << 11)
#define INJECT_EXCEPTION (3u << 8) /* an exception; an interrupt of a device is type 0 */
#define GENERAL_PROTECTION 13

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

#endif

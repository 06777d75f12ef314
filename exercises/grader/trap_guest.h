/*
 * Guests for exercise 02: a kernel in flat 32-bit protected mode, made from a seed, and its handlers, which write
 * down every event that they get. The same bytes run in ring 0 and without privilege.
 *
 *   1000 code   5000 GDT  5100 IDT  5400 TSS   6000 handlers   7000 stacks   8000 slots   9000 words of the handlers
 *   a000 events
 */
#ifndef VLAB_GRADER_TRAP_GUEST_H
#define VLAB_GRADER_TRAP_GUEST_H

#include "core/machine.h"
#include "exercises/grader/random.h"

#include <stdbool.h>
#include <stdint.h>

enum trap_kind { TRAP_GATE, TRAP_FLAGS, TRAP_IO, TRAP_INTERRUPTS, TRAP_HALT, TRAP_USER };

enum {
    TRAP_CODE = 0x1000,
    TRAP_CODE_MAX = 0x3000,
    TRAP_GDT = 0x5000,
    TRAP_IDT = 0x5100,
    TRAP_TSS = 0x5400,
    TRAP_STACK = 0x7f00,       /* the kernel's */
    TRAP_STACK_EVENT = 0x7c00, /* where an event in user code begins its own */
    TRAP_STACK_USER = 0x7800,
    TRAP_SLOTS = 0x8000,
    TRAP_EVENTS = 0xa000
};

/* Selectors of the guest's, as its handlers and frames have them. */
enum { TRAP_CS = 0x08, TRAP_SS = 0x10, TRAP_USER_CS = 0x1b, TRAP_USER_SS = 0x23, TRAP_TR = 0x28 };

enum {
    TRAP_LINE_PORT = 0x70, /* a write raises an interrupt */
    TRAP_VECTOR = 0x30,    /* of the first interrupt; each has the next one, and so around */
    TRAP_VECTORS = 8
};

/* What a handler writes down, six words. */
enum trap_word {
    TRAP_EVENT_VECTOR,
    TRAP_EVENT_ERROR,
    TRAP_EVENT_EIP,
    TRAP_EVENT_CS,
    TRAP_EVENT_EFLAGS,
    TRAP_EVENT_EAX,
    TRAP_EVENT_WORDS
};

enum { TRAP_SLOTS_MAX = 128 };

struct trap_guest {
    uint8_t code[TRAP_CODE_MAX];
    unsigned size;
    bool starts[TRAP_CODE_MAX];       /* an instruction begins there */
    uint32_t slot_of[TRAP_SLOTS_MAX]; /* the address of the instruction whose EAX a slot keeps */
    unsigned slots;
    unsigned piece; /* the one that is being made */
    uint32_t end;   /* the code's: a NOP, where the run is over */
    struct grader_random *random;
};

void trap_guest_make(struct trap_guest *g, enum trap_kind kind, struct grader_random *random);

/* Into RAM: code, tables, handlers. The CPU is the world's. */
void trap_guest_load(const struct trap_guest *g, struct machine *m);

/* How many events were written down; a word of one of them. */
unsigned trap_guest_events(const struct machine *m);
uint32_t trap_guest_event(const struct machine *m, unsigned number, enum trap_word word);

#endif

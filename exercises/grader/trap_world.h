/*
 * The two machines of exercise 02. One runs the guest in ring 0. The other runs it in ring 3, whatever ring the guest
 * believes to be in: what traps becomes a question to the student's program, which reaches the virtual CPU that is kept
 * here. Ports and an interrupt line are the same behind both.
 *
 * The real GDT of the second has none of the guest's own selectors, and its IDT has no gates: so IRET and INT n trap as
 * well, and are done here, with what they mean for the virtual CPU.
 */
#ifndef VLAB_GRADER_TRAP_WORLD_H
#define VLAB_GRADER_TRAP_WORLD_H

#include "core/machine.h"
#include "exercises/grader/dialogue.h"
#include "exercises/grader/trap_guest.h"

#include <stdbool.h>
#include <stdint.h>

/* As exercises/02_trap-and-emulate/trap.h has them. */
enum trap_field {
    TRAP_FIELD_CPL,
    TRAP_FIELD_IOPL,
    TRAP_FIELD_ERROR,
    TRAP_FIELD_EIP,
    TRAP_FIELD_IF,
    TRAP_FIELD_INJECT,
    TRAP_FIELD_INJECT_ERROR,
    TRAP_FIELD_STEP
};

enum { TRAP_PORTS_MAX = 512 };

struct trap_port {
    uint32_t eip, value; /* who, and what */
    uint16_t port;
    uint8_t size;
    bool write;
};

struct trap_world {
    struct machine *m;
    bool native;
    struct device controller, bus;          /* the interrupt line's, and all ports */
    struct trap_port ports[TRAP_PORTS_MAX]; /* accesses, in order */
    unsigned port_count;
    uint32_t at;                 /* the instruction that has trapped, without privilege */
    unsigned raised;             /* interrupts so far */
    bool line;                   /* one has been raised, and not been told yet */
    bool waits;                  /* one was told, and not been delivered yet */
    uint32_t cpl, iopl, intr_if; /* the virtual CPU */
    uint32_t error, inject, inject_error, step;
};

int trap_world_create(struct trap_world *w, const struct trap_guest *guest, bool native,
                      struct error *err);
void trap_world_destroy(struct trap_world *w);

/* What a program may reach of it. */
struct world trap_world_memory(struct trap_world *w);

/* Pull the interrupt line; nothing happens while an interrupt is under way. */
void trap_world_raise(struct trap_world *w);
/* The vector of the interrupt that was raised last. */
unsigned trap_world_vector(const struct trap_world *w);

uint32_t trap_world_gpr(const struct trap_world *w, enum x86_gpr gpr);
uint32_t trap_world_eip(const struct trap_world *w);
/* EFLAGS as the guest believes to have them. */
uint32_t trap_world_eflags(const struct trap_world *w);

/* Through the guest's own IDT, with the virtual CPU's flags and CPL. */
void trap_world_deliver(struct trap_world *w, unsigned vector, const uint32_t *error);

/* IRET or INT n at EIP, which have trapped. False: it is neither. */
bool trap_world_emulate(struct trap_world *w, const uint8_t *code);

#endif

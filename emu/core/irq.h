/*
 * Interrupt lines: from the devices to the interrupt controller, from there to the CPU's INTR pin.
 *
 * - Lines are numbered as a PC's ISA bus numbers them (IRQ 0-15). A device says with irq_connect()
 *   that it drives a line, and calls irq_set().
 * - The controller (device/pic.c) registers itself in machine->irq and drives `intr`, the level of
 *   the pin. A line that changes while there is no controller is lost.
 * - The monitor acknowledges: irq_acknowledge() is the INTA cycle, and gives the vector.
 */
#ifndef VLAB_CORE_IRQ_H
#define VLAB_CORE_IRQ_H

#include "core/device.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;

enum irq_line {
    IRQ_TIMER = 0,
    IRQ_KEYBOARD = 1,
    IRQ_CASCADE = 2, /* the second controller's output; no device's line */
    IRQ_COM1 = 4,
    IRQ_RTC = 8,
    IRQ_LINES = 16
};

struct irq {
    struct device *controller; /* NULL: none */
    void (*set_line)(struct device *controller, unsigned line, bool level);
    uint8_t (*acknowledge)(struct device *controller);
    const struct device *drivers[IRQ_LINES]; /* NULL: nobody */
    uint16_t levels;                         /* what they drive, bit n line n; see irq_level() */
    bool intr;                               /* the CPU's INTR pin, driven by the controller */
    bool nmi;                                /* an NMI has come and was not delivered yet */
    bool nmi_masked, nmi_waits;              /* port 70h bit 7; one came behind it */
    /* What the monitor has done about them, core/interrupts.c. */
    bool announced, nmi_announced; /* the exit for it has been taken */
    bool window, nmi_window;       /* waiting for the guest to be able to take it, with no exit */
    bool held;                     /* acknowledged at its exit, not injected yet */
    uint8_t held_vector;
};

/* `dev` drives the line. -EEXIST when another does: the lines of the ISA bus are not shared. */
int irq_connect(struct device *dev, unsigned line);

/* Who drives a line, or NULL; and its level. IRQ_CASCADE is inside the controller, always NULL and low
 * here. */
const struct device *irq_driver(const struct machine *m, unsigned line);
bool irq_level(const struct machine *m, unsigned line);

/* Drive a line; IRQ_LINES is the caller's bound. */
void irq_set(struct machine *m, unsigned line, bool level);

/* The controller drives the pin. */
void irq_set_pin(struct machine *m, bool level);

/* INTA: the vector of the interrupt on the pin. A pin that fell meanwhile gives a spurious one. */
uint8_t irq_acknowledge(struct machine *m);

/* Raise an NMI: an edge, remembered until it is delivered. */
void irq_raise_nmi(struct machine *m);

/* Hold NMIs back, or let through the one that came meanwhile. */
void irq_mask_nmi(struct machine *m, bool masked);

#endif

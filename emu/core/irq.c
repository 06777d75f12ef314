/* Interrupt lines and the INTR and NMI pins, see irq.h. */
#include "core/irq.h"

#include "core/machine.h"

/* What a CPU reads from a bus that nobody answers. */
#define NO_VECTOR 0xff

void irq_set(struct machine *m, unsigned line, bool level)
{
    if (m->irq.controller)
        m->irq.set_line(m->irq.controller, line, level);
}

void irq_set_pin(struct machine *m, bool level)
{
    m->irq.intr = level;
    if (!level)
        m->irq.announced = false;
}

uint8_t irq_acknowledge(struct machine *m)
{
    m->irq.announced = false;
    return m->irq.controller ? m->irq.acknowledge(m->irq.controller) : NO_VECTOR;
}

void irq_raise_nmi(struct machine *m)
{
    *(m->irq.nmi_masked ? &m->irq.nmi_waits : &m->irq.nmi) = true;
}

void irq_mask_nmi(struct machine *m, bool masked)
{
    m->irq.nmi_masked = masked;
    if (masked || !m->irq.nmi_waits)
        return;
    m->irq.nmi_waits = false;
    m->irq.nmi = true;
}

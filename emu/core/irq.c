/* Interrupt lines and the INTR and NMI pins, see irq.h. */
#include "core/irq.h"

#include "core/backend.h"
#include "core/machine.h"

#include <errno.h>

/* What a CPU reads from a bus that nobody answers. */
#define NO_VECTOR 0xff

int irq_connect(struct device *dev, unsigned line)
{
    const struct device **driver = &dev->machine->irq.drivers[line];

    if (*driver && *driver != dev)
        return -EEXIST;
    *driver = dev;
    return 0;
}

const struct device *irq_driver(const struct machine *m, unsigned line)
{
    return m->irq.drivers[line];
}

bool irq_level(const struct machine *m, unsigned line)
{
    return m->irq.levels >> line & 1;
}

void irq_set(struct machine *m, unsigned line, bool level)
{
    uint16_t bit = (uint16_t)(1u << line);

    m->irq.levels = level ? m->irq.levels | bit : m->irq.levels & (uint16_t)~bit;
    if (m->config.kernel_irqchip && m->vcpu)
        m->vcpu->ops->irq_line(m->vcpu, line, level);
    if (m->irq.controller)
        m->irq.set_line(m->irq.controller, line, level);
}

/* With the kernel's controllers the machine's is only where their state is kept. */
void irq_set_pin(struct machine *m, bool level)
{
    level = level && !m->config.kernel_irqchip;
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

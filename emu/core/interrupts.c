/*
 * Interrupts and NMIs from the pins to the guest, see interrupts.h.
 *
 * An interrupt that comes makes one exit, however long it stays on the pin: the monitor knows from
 * then on. Injecting it (the INTA cycle) lets the controller show the next one.
 */
#include "core/interrupts.h"

#include "core/backend.h"
#include "core/clock.h"
#include "core/machine.h"

/* A timer that nobody listens to must not keep a halted CPU waiting for ever. */
#define WAIT_TICKS_MAX 100000u

static bool interruptible(const struct machine *m, bool nmi)
{
    return m->vcpu->ops->interruptible(m->vcpu, nmi);
}

static void inject(struct machine *m, enum intr_type type, unsigned vector)
{
    struct x86_event event = {.info = INTR_VALID | (uint32_t)type << 8 | vector};

    m->vcpu->ops->inject(m->vcpu, &event);
    m->activity = X86_ACTIVE;
}

static void deliver_nmi(struct machine *m)
{
    if (interruptible(m, true)) {
        m->irq.nmi = m->irq.nmi_announced = false;
        inject(m, INTR_NMI, X86_NMI);
    } else if (m->controls.pin & PIN_NMI) {
        m->controls.primary |= PRIMARY_NMI_WINDOW;
    } else {
        m->irq.nmi_window = true;
    }
}

static bool interrupt_waits(const struct machine *m)
{
    return m->irq.intr || m->irq.held;
}

static uint8_t take_vector(struct machine *m)
{
    if (!m->irq.held)
        return irq_acknowledge(m);
    m->irq.held = false;
    return m->irq.held_vector;
}

static void deliver_interrupt(struct machine *m)
{
    if (interruptible(m, false))
        inject(m, INTR_EXTERNAL, take_vector(m));
    else if (m->controls.pin & PIN_EXTERNAL_INTERRUPT)
        m->controls.primary |= PRIMARY_INTERRUPT_WINDOW;
    else
        m->irq.window = true;
}

void interrupts_deliver(struct machine *m)
{
    if (m->irq.nmi)
        deliver_nmi(m);
    if (interrupt_waits(m))
        deliver_interrupt(m);
}

static void fill_exit(struct machine *m, struct vm_exit *exit, enum exit_reason reason)
{
    m->vcpu->ops->describe(m->vcpu, exit);
    exit->reason = reason;
}

static void set_info(struct vm_exit *exit, enum intr_type type, unsigned vector)
{
    exit->intr_info = INTR_VALID | (uint32_t)type << 8 | vector;
    exit->has |= EXIT_HAS_INTR;
}

static void external_interrupt(struct machine *m, struct vm_exit *exit)
{
    m->irq.announced = true;
    fill_exit(m, exit, EXIT_EXTERNAL_INTERRUPT);
    if (!(m->controls.exit & EXIT_ACK_INTERRUPT))
        return;
    m->irq.held_vector = irq_acknowledge(m);
    m->irq.held = true;
    set_info(exit, INTR_EXTERNAL, m->irq.held_vector);
}

bool interrupts_arrive(struct machine *m, struct vm_exit *exit)
{
    struct irq *irq = &m->irq;

    if (irq->nmi && !irq->nmi_announced) {
        irq->nmi_announced = true;
        if (m->controls.pin & PIN_NMI) {
            fill_exit(m, exit, EXIT_EXCEPTION_NMI);
            set_info(exit, INTR_NMI, X86_NMI);
            return true;
        }
        deliver_nmi(m);
    }
    if (!irq->intr || irq->announced || irq->held)
        return false;
    if (m->controls.pin & PIN_EXTERNAL_INTERRUPT) {
        external_interrupt(m, exit);
        return true;
    }
    irq->announced = true;
    deliver_interrupt(m);
    return false;
}

static bool wakes(const struct machine *m)
{
    bool enabled = m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_IF;

    return m->irq.nmi || (enabled && interrupt_waits(m));
}

/* With IF clear only an NMI can still wake the CPU. */
static bool can_wake(const struct machine *m)
{
    return m->config.nmi_count || (m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_IF);
}

bool interrupts_wait(struct machine *m)
{
    for (unsigned ticks = 0; ticks < WAIT_TICKS_MAX && !wakes(m); ticks++)
        if (!can_wake(m) || !clock_sleep(m))
            return false;
    return wakes(m);
}

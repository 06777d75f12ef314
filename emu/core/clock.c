/* Virtual time, see clock.h. */
#include "core/clock.h"

#include "core/machine.h"

uint64_t clock_now(const struct machine *m)
{
    return m->insns + m->slept + m->ran;
}

static struct device *next_device(struct machine *m)
{
    struct device *next = &m->devices[0];

    for (unsigned i = 1; i < m->device_count; i++)
        if (m->devices[i].deadline < next->deadline)
            next = &m->devices[i];
    return next;
}

uint64_t clock_deadline(const struct machine *m)
{
    uint64_t deadline = DEVICE_NEVER;

    for (unsigned i = 0; i < m->device_count; i++)
        if (m->devices[i].deadline < deadline)
            deadline = m->devices[i].deadline;
    return deadline;
}

void clock_tick(struct machine *m)
{
    for (struct device *dev = next_device(m); dev->deadline <= clock_now(m); dev = next_device(m))
        dev->ops->tick(dev);
}

bool clock_sleep(struct machine *m)
{
    uint64_t deadline = clock_deadline(m), now = clock_now(m);

    if (deadline == DEVICE_NEVER)
        return false;
    if (deadline > now)
        m->slept += deadline - now;
    clock_tick(m);
    return true;
}

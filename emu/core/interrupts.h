/*
 * Interrupts on their way into the guest (Intel SDM vol. 3, 26.2, 27.7.1): the exit when one comes,
 * its injection when the guest can take it, and the window until then.
 */
#ifndef VLAB_CORE_INTERRUPTS_H
#define VLAB_CORE_INTERRUPTS_H

#include "core/exit.h"

#include <stdbool.h>

struct machine;

/*
 * Before the guest runs on: look at the pins. True when what is there makes an exit: *exit is
 * filled. Otherwise an interrupt that the controls let pass was delivered, or waits for its window.
 */
bool interrupts_arrive(struct machine *m, struct vm_exit *exit);

/* The default hypervisor: inject what waits, or have its window reported when it opens. */
void interrupts_deliver(struct machine *m);

/* HLT: sleep until an interrupt comes that wakes the CPU. False when none ever will. */
bool interrupts_wait(struct machine *m);

#endif

/*
 * What the monitor does with an exit when nobody else takes it: the default hypervisor, one
 * function for each basic exit reason it knows.
 *
 * - A handler completes the instruction (vcpu->ops->complete) or injects an event; an exit it can
 *   do nothing about ends the run.
 */
#ifndef VLAB_CORE_HANDLERS_H
#define VLAB_CORE_HANDLERS_H

#include "core/exit.h"
#include "core/machine.h"

/* Go on, or stop with result->stop filled. */
enum handled { HANDLED, HANDLED_STOP };

enum handled handlers_dispatch(struct machine *m, struct vm_exit *exit, struct run_result *result);

#endif

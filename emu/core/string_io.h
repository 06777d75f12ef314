/* INS and OUTS, one element an exit (Intel SDM vol. 2, INS/OUTS and REP). */
#ifndef VLAB_CORE_STRING_IO_H
#define VLAB_CORE_STRING_IO_H

#include "core/exit.h"
#include "core/machine.h"

/*
 * Carry out one element of the string I/O instruction that `exit` describes: the transfer, RSI or
 * RDI, RCX under REP; RIP moves on after the last. A destination that is not writable is a #PF.
 */
void string_io(struct machine *m, struct vm_exit *exit);

#endif

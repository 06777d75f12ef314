/*
 * Breakpoint registers (Intel SDM vol. 3, 18.2):
 *
 *   DR7  31 30 29 28 ... 19 18 17 16     7  6 ... 1  0
 *       | LEN3| R/W3| ... |LEN0 | R/W0| |G3|L3|...|G0|L0|
 */
#ifndef VLAB_X86_DEBUG_H
#define VLAB_X86_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

/* The R/W field. */
enum x86_breakpoint { X86_BREAK_FETCH, X86_BREAK_WRITE, X86_BREAK_IO, X86_BREAK_ACCESS };

/* Is any breakpoint enabled; one on data? */
bool x86_breakpoints_enabled(uint64_t dr7);
bool x86_breakpoints_on_data(uint64_t dr7);

/*
 * Which enabled breakpoints [address, address + size) touches, as bits 3:0 of DR6. `kind`: the
 * access, X86_BREAK_ACCESS for a read; a write also matches those that watch writes alone.
 */
unsigned x86_breakpoints_hit(const uint64_t dr[4], uint64_t dr7, enum x86_breakpoint kind,
                             uint64_t address, unsigned size);

/* First byte and length of breakpoint `i`: DR aligned down to its length, SDM 18.2.5. */
uint64_t x86_breakpoint_range(const uint64_t dr[4], uint64_t dr7, unsigned i, unsigned *size);

#endif

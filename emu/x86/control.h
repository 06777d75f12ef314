/*
 * Which values control registers take: the #GP(0) conditions of MOV to CR (Intel SDM vol. 2, MOV;
 * vol. 3, 2.5 and 4.1.1).
 */
#ifndef VLAB_X86_CONTROL_H
#define VLAB_X86_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

/* Bits of CR4 that this CPU has. */
uint64_t x86_cr4_supported(void);

bool x86_cr0_valid(uint64_t value, uint64_t cr4, uint64_t efer, bool code64);
bool x86_cr3_valid(uint64_t value, uint64_t efer);
bool x86_cr4_valid(uint64_t value, uint64_t old, uint64_t efer);

/* XSETBV of XCR0: x87 always, SSE or not; there is no AVX (SDM vol. 1, 13.3). */
bool x86_xcr0_valid(uint64_t value);

#endif

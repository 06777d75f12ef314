/*
 * What CPUID says: exactly what the emulated CPU has. A table; leaves that are not in it read 0.
 * Intel SDM vol. 2, CPUID; AMD manual vol. 3, Appendix E for the 8000_00xx leaves.
 */
#ifndef VLAB_X86_CPUID_H
#define VLAB_X86_CPUID_H

#include <stdint.h>

struct x86_cpuid {
    uint32_t eax, ebx, ecx, edx;
};

/* Leaf 1, ECX: CR4.OSXSAVE, which the table cannot know. */
#define CPUID_OSXSAVE (1u << 27)
/* Leaf 7, ECX: protection keys; 5-level paging. */
#define CPUID_PKU (1u << 3)
#define CPUID_LA57 (1u << 16)
/* Leaf 7, ECX: CR4.PKE, the same. */
#define CPUID_OSPKE (1u << 4)

/* A leaf that is not in the table reads as zeros. */
struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf);

#endif

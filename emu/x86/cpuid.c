/*
 * The CPUID table, see cpuid.h. Not there and so not reported: AVX, APIC, MTRR, MONITOR,
 * performance counters, VMX and SVM.
 */
#include "x86/cpuid.h"

#include "x86/regs.h"

#include <stddef.h>

#define BIT(n) (1u << (n))

/* Leaf 1 EDX: FPU VME DE PSE TSC MSR PAE CX8 SEP PGE CMOV PAT PSE36 CLFSH MMX FXSR SSE SSE2 */
#define LEAF1_EDX                                                                                  \
    (BIT(0) | BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(11) | BIT(13) |   \
     BIT(15) | BIT(16) | BIT(17) | BIT(19) | BIT(23) | BIT(24) | BIT(25) | BIT(26))
/* Leaf 1 ECX: SSE3 PCLMULQDQ SSSE3 CX16 SSE4.1 SSE4.2 MOVBE POPCNT AES XSAVE RDRAND
 * hypervisor */
#define LEAF1_ECX                                                                                  \
    (BIT(0) | BIT(1) | BIT(9) | BIT(13) | BIT(19) | BIT(20) | BIT(22) | BIT(23) | BIT(25) |        \
     BIT(26) | BIT(30) | BIT(31))
/* Leaf 7 EBX: FSGSBASE BMI1 SMEP BMI2 RDSEED ADX SMAP; ECX: PKU LA57 */
#define LEAF7_EBX (BIT(0) | BIT(3) | BIT(7) | BIT(8) | BIT(18) | BIT(19) | BIT(20))
#define LEAF7_ECX (BIT(3) | BIT(16))
/* 8000_0001 EDX: SYSCALL, NX, 1 GiB pages, RDTSCP, long mode; ECX: LAHF in 64-bit mode, ABM */
#define EXT1_EDX (BIT(11) | BIT(20) | BIT(26) | BIT(27) | BIT(29))
#define EXT1_ECX (BIT(0) | BIT(5))

struct leaf {
    uint32_t leaf, subleaf;
    struct x86_cpuid value;
};

static const struct leaf table[] = {
    {0x00000000, 0, {0x0d, 0x68747541, 0x444d4163, 0x69746e65}}, /* AuthenticAMD */
    {0x00000001, 0, {0x00800f12, 0x00000800, LEAF1_ECX, LEAF1_EDX}},
    {0x00000007, 0, {0, LEAF7_EBX, LEAF7_ECX, 0}},
    /* XSAVE: x87 and SSE, 512 bytes and the header of 64 */
    {0x0000000d, 0, {XCR0_X87 | XCR0_SSE, 576, 576, 0}},
    {0x40000000, 0, {0x40000000, 0x62616c76, 0x62616c76, 0x62616c76}}, /* vlabvlabvlab */
    {0x80000000, 0, {0x80000008, 0x68747541, 0x444d4163, 0x69746e65}},
    {0x80000001, 0, {0x00800f12, 0, EXT1_ECX, EXT1_EDX}},
    {0x80000002, 0, {0x62616c76, 0x756d6520, 0x6574616c, 0x50432064}}, /* vlab emulated CP */
    {0x80000003, 0, {0x00000055, 0, 0, 0}},                            /* U */
    {0x80000008, 0, {0x00003928, 0, 0, 0}}, /* 57 linear, 40 physical address bits */
};

static const struct leaf *find(uint32_t leaf, uint32_t subleaf)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].leaf == leaf && table[i].subleaf == subleaf)
            return &table[i];
    return NULL;
}

struct x86_cpuid x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    const struct leaf *entry = find(leaf, leaf == 7 || leaf == 0xd ? subleaf : 0);

    return entry ? entry->value : (struct x86_cpuid){0};
}

/* rejected-by: registers
 * SMSW with a register is taken for another of 0f 01. */
#include "trap.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define ANY -1

struct rule {
    bool two_bytes; /* behind 0f */
    uint8_t first, last;
    int reg; /* bits 5:3 of ModRM */
    enum kind kind;
};

static const struct rule rules[] = {
    /* ports, and what IOPL decides about */
    {false, 0x6c, 0x6f, ANY, PRIVILEGED}, /* INS, OUTS */
    {false, 0xe4, 0xe7, ANY, PRIVILEGED}, /* IN, OUT with the port in the instruction */
    {false, 0xec, 0xef, ANY, PRIVILEGED}, /* IN, OUT with the port in DX */
    {false, 0xfa, 0xfb, ANY, PRIVILEGED}, /* CLI, STI */
    {false, 0xf4, 0xf4, ANY, PRIVILEGED}, /* HLT */
    /* IF and IOPL */
    {false, 0x9c, 0x9d, ANY, SENSITIVE}, /* PUSHF, POPF */
    {false, 0xcf, 0xcf, ANY, SENSITIVE}, /* IRET */
    /* the ring, in the lowest bits of CS and SS */
    {false, 0x0e, 0x0e, ANY, SENSITIVE}, /* PUSH CS */
    {false, 0x16, 0x16, ANY, SENSITIVE}, /* PUSH SS */
    {false, 0x8c, 0x8c, 1, SENSITIVE},   /* MOV from CS */
    {false, 0x8c, 0x8c, 2, SENSITIVE},   /* MOV from SS */
    {false, 0x9a, 0x9a, ANY, SENSITIVE}, /* CALL far, which pushes CS */
    {false, 0xff, 0xff, 3, SENSITIVE},
    /* 0f 00: system registers with selectors */
    {true, 0x00, 0x00, 0, SENSITIVE},  /* SLDT */
    {true, 0x00, 0x00, 1, SENSITIVE},  /* STR */
    {true, 0x00, 0x00, 2, PRIVILEGED}, /* LLDT */
    {true, 0x00, 0x00, 3, PRIVILEGED}, /* LTR */
    {true, 0x00, 0x00, 4, SENSITIVE},  /* VERR */
    {true, 0x00, 0x00, 5, SENSITIVE},  /* VERW */
    /* 0f 01: tables, with memory; CR0 */
    {true, 0x01, 0x01, 0, SENSITIVE},    /* SGDT */
    {true, 0x01, 0x01, 1, SENSITIVE},    /* SIDT */
    {true, 0x01, 0x01, 2, PRIVILEGED},   /* LGDT */
    {true, 0x01, 0x01, 3, PRIVILEGED},   /* LIDT */
    {true, 0x01, 0x01, 4, SENSITIVE},    /* SMSW */
    {true, 0x01, 0x01, 6, PRIVILEGED},   /* LMSW */
    {true, 0x01, 0x01, 7, PRIVILEGED},   /* INVLPG */
    {true, 0x02, 0x03, ANY, SENSITIVE},  /* LAR, LSL */
    {true, 0x06, 0x06, ANY, PRIVILEGED}, /* CLTS */
    {true, 0x08, 0x09, ANY, PRIVILEGED}, /* INVD, WBINVD */
    {true, 0x20, 0x23, ANY, PRIVILEGED}, /* MOV from and to CRn, DRn */
    {true, 0x30, 0x30, ANY, PRIVILEGED}, /* WRMSR */
    {true, 0x32, 0x32, ANY, PRIVILEGED}, /* RDMSR */
};

static bool is_prefix(uint8_t byte)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                       0x66, 0x67, 0xf0, 0xf2, 0xf3};

    return memchr(prefixes, byte, sizeof(prefixes)) != NULL;
}

/* With a register operand 0f 01 is another instruction for each ModRM byte, but for SMSW and LMSW. */
static bool is_other_group7(const uint8_t *opcode, unsigned left)
{
    unsigned reg = left > 2 ? opcode[2] >> 3 & 7 : 0;

    return left > 2 && opcode[1] == 0x01 && opcode[2] >= 0xc0 && reg != 6;
}

enum kind classify(const uint8_t *bytes, unsigned size)
{
    unsigned at = 0;
    bool two_bytes;

    while (at < size && is_prefix(bytes[at]))
        at++;
    if (at == size)
        return INNOCUOUS;
    two_bytes = bytes[at] == 0x0f;
    if (two_bytes && is_other_group7(bytes + at, size - at))
        return INNOCUOUS;
    at += two_bytes;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct rule *rule = &rules[i];
        int reg = at + 1 < size ? bytes[at + 1] >> 3 & 7 : ANY;

        if (rule->two_bytes == two_bytes && at < size && rule->first <= bytes[at] &&
            bytes[at] <= rule->last && (rule->reg == ANY || rule->reg == reg))
            return rule->kind;
    }
    return INNOCUOUS;
}

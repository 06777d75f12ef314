/* Exercise 02, solved another way: a function for each place where the manual's opcode maps fork. */
#include "trap.h"

static enum kind group6(unsigned reg)
{
    if (reg == 2 || reg == 3) /* LLDT, LTR */
        return PRIVILEGED;
    return reg < 6 ? SENSITIVE : INNOCUOUS; /* SLDT, STR, VERR, VERW */
}

static enum kind group7(uint8_t modrm)
{
    unsigned reg = modrm >> 3 & 7;

    if (reg == 4) /* SMSW */
        return SENSITIVE;
    if (reg == 6) /* LMSW */
        return PRIVILEGED;
    if (modrm >= 0xc0) /* XGETBV, RDTSCP and others without an operand */
        return INNOCUOUS;
    return reg < 2 ? SENSITIVE : PRIVILEGED; /* SGDT, SIDT; LGDT, LIDT, INVLPG */
}

static enum kind behind_0f(const uint8_t *p)
{
    switch (p[0]) {
    case 0x00:
        return group6(p[1] >> 3 & 7);
    case 0x01:
        return group7(p[1]);
    case 0x02: /* LAR */
    case 0x03: /* LSL */
        return SENSITIVE;
    case 0x06: /* CLTS */
    case 0x08: /* INVD */
    case 0x09: /* WBINVD */
    case 0x20: /* MOV from CR, from DR, to CR, to DR */
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x30: /* WRMSR */
    case 0x32: /* RDMSR */
        return PRIVILEGED;
    default:
        return INNOCUOUS;
    }
}

static enum kind one_byte(const uint8_t *p)
{
    unsigned reg = p[1] >> 3 & 7;

    switch (p[0]) {
    case 0xf4: /* HLT */
    case 0xfa: /* CLI */
    case 0xfb: /* STI */
        return PRIVILEGED;
    case 0x0e: /* PUSH CS */
    case 0x16: /* PUSH SS */
    case 0x9a: /* CALL far */
    case 0x9c: /* PUSHF */
    case 0x9d: /* POPF */
    case 0xcf: /* IRET */
        return SENSITIVE;
    case 0x8c: /* MOV from a segment register: CS is 1, SS is 2 */
        return reg == 1 || reg == 2 ? SENSITIVE : INNOCUOUS;
    case 0xff: /* CALL far */
        return reg == 3 ? SENSITIVE : INNOCUOUS;
    default: /* INS, OUTS, IN, OUT */
        return (p[0] & 0xfc) == 0x6c || (p[0] & 0xf4) == 0xe4 ? PRIVILEGED : INNOCUOUS;
    }
}

enum kind classify(const uint8_t *bytes, unsigned size)
{
    uint8_t p[17] = {0}; /* what is not there reads 0 */

    for (unsigned i = 0; i < size && i < 15; i++)
        p[i] = bytes[i];
    for (unsigned at = 0; at < size; at++) {
        switch (p[at]) {
        case 0x26: /* prefixes */
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x64:
        case 0x65:
        case 0x66:
        case 0x67:
        case 0xf0:
        case 0xf2:
        case 0xf3:
            break;
        case 0x0f:
            return behind_0f(p + at + 1);
        default:
            return one_byte(p + at);
        }
    }
    return INNOCUOUS;
}

/*
 * Sensitive and privileged instructions by their opcode, see sensitive.h: SDM vol. 3, 5.9 (privileged
 * instructions), vol. 1, 19.5.1 (IOPL-sensitive ones); the opcode maps of vol. 2, Appendix A.
 */
#include "x86/sensitive.h"

#include "x86/regs.h"

static unsigned reg_field(const struct x86_insn *insn)
{
    return insn->modrm >> 3 & 7;
}

static bool is_register(const struct x86_insn *insn)
{
    return insn->modrm >> 6 == 3;
}

/* Selectors of CS and SS have the CPL in their lowest bits. */
static bool tells_cpl(unsigned seg)
{
    return seg == X86_CS || seg == X86_SS;
}

static enum x86_sensitivity one_byte(const struct x86_insn *insn)
{
    switch (insn->opcode) {
    case 0x6c: /* INS, OUTS */
    case 0x6d:
    case 0x6e:
    case 0x6f:
    case 0xe4: /* IN, OUT */
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xec:
    case 0xed:
    case 0xee:
    case 0xef:
    case 0xf4: /* HLT */
    case 0xfa: /* CLI */
    case 0xfb: /* STI */
        return X86_PRIVILEGED;
    case 0x0e: /* PUSH CS */
    case 0x16: /* PUSH SS */
    case 0x9a: /* far CALL, which pushes CS */
    case 0x9c: /* PUSHF: IF, IOPL */
    case 0x9d: /* POPF: leaves them alone */
    case 0xcf: /* IRET: the same */
        return X86_SENSITIVE;
    case 0x8c: /* MOV from a segment register */
        return tells_cpl(reg_field(insn)) ? X86_SENSITIVE : X86_INNOCUOUS;
    case 0xff: /* group 5: far CALL */
        return reg_field(insn) == 3 ? X86_SENSITIVE : X86_INNOCUOUS;
    default:
        return X86_INNOCUOUS;
    }
}

/* 0F 00: SLDT, STR, LLDT, LTR, VERR, VERW. */
static enum x86_sensitivity group6(const struct x86_insn *insn)
{
    static const uint8_t classes[8] = {X86_SENSITIVE,  X86_SENSITIVE, X86_PRIVILEGED,
                                       X86_PRIVILEGED, X86_SENSITIVE, X86_SENSITIVE};

    return (enum x86_sensitivity)classes[reg_field(insn)];
}

/* 0F 01 with a register: what its ModRM byte alone names. */
static enum x86_sensitivity group7_register(const struct x86_insn *insn)
{
    if (insn->modrm <= 0xcb ||
        (insn->modrm >= 0xd8 && insn->modrm <= 0xdf)) /* VMX, CLAC, SVM, ... */
        return X86_PRIVILEGED;
    return insn->modrm == 0xd1 || insn->modrm == 0xf8 ? X86_PRIVILEGED
                                                      : X86_INNOCUOUS; /* XSETBV, SWAPGS */
}

/* 0F 01: SGDT, SIDT, LGDT, LIDT, SMSW, LMSW, INVLPG. */
static enum x86_sensitivity group7(const struct x86_insn *insn)
{
    static const uint8_t classes[8] = {X86_SENSITIVE,  X86_SENSITIVE, X86_PRIVILEGED,
                                       X86_PRIVILEGED, X86_SENSITIVE, X86_INNOCUOUS,
                                       X86_PRIVILEGED, X86_PRIVILEGED};

    if (is_register(insn) && reg_field(insn) != 4 && reg_field(insn) != 6)
        return group7_register(insn);
    return (enum x86_sensitivity)classes[reg_field(insn)];
}

static enum x86_sensitivity two_bytes(const struct x86_insn *insn)
{
    switch (insn->opcode) {
    case 0x00:
        return group6(insn);
    case 0x01:
        return group7(insn);
    case 0x02: /* LAR */
    case 0x03: /* LSL */
        return X86_SENSITIVE;
    case 0x06: /* CLTS */
    case 0x07: /* SYSRET */
    case 0x08: /* INVD */
    case 0x09: /* WBINVD */
    case 0x20: /* MOV from and to control and debug registers */
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x30: /* WRMSR */
    case 0x32: /* RDMSR */
    case 0x35: /* SYSEXIT */
        return X86_PRIVILEGED;
    default:
        return X86_INNOCUOUS;
    }
}

enum x86_sensitivity x86_sensitivity(const struct x86_insn *insn)
{
    if (insn->length == 0 || insn->vector)
        return X86_INNOCUOUS;
    if (insn->map == 0)
        return one_byte(insn);
    if (insn->map == 1)
        return two_bytes(insn);
    return insn->map == 2 && insn->opcode >= 0x80 && insn->opcode <= 0x82
               ? X86_PRIVILEGED /* INVPCID */
               : X86_INNOCUOUS;
}

const char *x86_sensitivity_name(enum x86_sensitivity sensitivity)
{
    static const char *const names[] = {"innocuous", "privileged", "sensitive"};

    return names[sensitivity];
}

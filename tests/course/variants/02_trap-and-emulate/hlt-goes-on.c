/* rejected-by: halt
 * HLT waits for nothing. */
#include "trap.h"
#include "monitor.h"

static int waiting = -1; /* the vector of an interrupt that the guest could not take yet */

/* ---- decoding -------------------------------------------------------------------------------- */

static int is_prefix(uint8_t byte)
{
    switch (byte) {
    case 0x26: /* segments */
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66: /* operand size, address size */
    case 0x67:
    case 0xf0: /* LOCK, REP */
    case 0xf2:
    case 0xf3:
        return 1;
    default:
        return 0;
    }
}

/* ---- classes --------------------------------------------------------------------------------- */

/* 0F 00 and 0F 01: the reg field of ModRM says which. */
static enum sensitivity classify_group(uint8_t opcode, uint8_t modrm)
{
    static const enum sensitivity group6[8] = {
        SENSITIVE,  SENSITIVE,  /* SLDT, STR */
        PRIVILEGED, PRIVILEGED, /* LLDT, LTR */
        SENSITIVE,  SENSITIVE,  /* VERR, VERW */
    };
    static const enum sensitivity group7[8] = {
        SENSITIVE,  SENSITIVE,  /* SGDT, SIDT */
        PRIVILEGED, PRIVILEGED, /* LGDT, LIDT */
        SENSITIVE,  INNOCUOUS,  /* SMSW */
        PRIVILEGED, PRIVILEGED, /* LMSW, INVLPG */
    };

    return (opcode ? group7 : group6)[modrm >> 3 & 7];
}

static enum sensitivity classify_0f(const uint8_t *code)
{
    switch (code[0]) {
    case 0x00:
    case 0x01:
        return classify_group(code[0], code[1]);
    case 0x02: /* LAR, LSL */
    case 0x03:
        return SENSITIVE;
    case 0x06: /* CLTS, INVD, WBINVD */
    case 0x08:
    case 0x09:
    case 0x20: /* MOV with control and debug registers */
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x30: /* WRMSR, RDMSR */
    case 0x32:
        return PRIVILEGED;
    default:
        return INNOCUOUS;
    }
}

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    unsigned at = 0, reg;

    while (at + 1 < size && is_prefix(code[at]))
        at++;
    reg = at + 1 < size ? code[at + 1] >> 3 & 7 : 0;
    switch (code[at]) {
    case 0x0f:
        return classify_0f(code + at + 1);
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
    case 0xf4: /* HLT, CLI, STI */
    case 0xfa:
    case 0xfb:
        return PRIVILEGED;
    case 0x0e: /* PUSH CS, PUSH SS, far CALL */
    case 0x16:
    case 0x9a:
    case 0x9c: /* PUSHF, POPF, IRET */
    case 0x9d:
    case 0xcf:
        return SENSITIVE;
    case 0x8c: /* MOV from CS or SS */
        return reg == 1 || reg == 2 ? SENSITIVE : INNOCUOUS;
    case 0xff: /* far CALL */
        return reg == 3 ? SENSITIVE : INNOCUOUS;
    default:
        return INNOCUOUS;
    }
}

/* ---- POPF ------------------------------------------------------------------------------------ */

#define IF_BIT (1u << 9)

static uint32_t word_at(const uint8_t *code, unsigned bytes)
{
    uint32_t value = 0;

    for (unsigned i = bytes; i-- > 0;)
        value = value << 8 | code[i];
    return value;
}

/* Pushes and pops come in pairs of one size: of each that is on the stack, IF is all that matters. */
int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    uint32_t stack[64];
    unsigned depth = 0, at = 0;

    while (at < size) {
        unsigned start = at, narrow = code[at] == 0x66, bytes = narrow ? 2 : 4;

        at += narrow;
        switch (code[at]) {
        case 0xfa:
        case 0xfb:
            interrupts = code[at] & 1;
            break;
        case 0x9c:
            stack[depth++] = interrupts ? IF_BIT : 0;
            break;
        case 0x68:
            stack[depth++] = word_at(code + at + 1, bytes);
            at += bytes;
            break;
        case 0x81: /* OR, AND */
            if (code[at + 1] == 0x0c)
                stack[depth - 1] |= word_at(code + at + 3, bytes);
            else
                stack[depth - 1] &= word_at(code + at + 3, bytes);
            at += 2 + bytes;
            break;
        case 0x9d:
            if (!!(stack[--depth] & IF_BIT) != interrupts)
                return (int)start;
        }
        at++;
    }
    return -1;
}

/* ---- traps ----------------------------------------------------------------------------------- */

/* An interrupt that waits goes in, if the guest would take it. */
static void deliver(void)
{
    if (waiting < 0 || !vmread(VCPU_IF))
        return;
    vmwrite(VCPU_INJECT, INJECT_VALID | (unsigned)waiting);
    waiting = -1;
}

static void refuse(void)
{
    vmwrite(VCPU_INJECT_ERROR, vmread(VCPU_ERROR));
    vmwrite(VCPU_INJECT, INJECT_VALID | INJECT_HAS_ERROR | INJECT_EXCEPTION | GENERAL_PROTECTION);
}

/* E4-E7 and EC-EF: bit 0 not a byte, bit 1 OUT, bit 3 the port is DX. */
static void port_access(uint8_t opcode, uint8_t next, int narrow)
{
    unsigned size = !(opcode & 1) ? 1 : narrow ? 2 : 4;
    uint16_t port = opcode & 8 ? (uint16_t)gpr_read(RDX) : next;
    uint32_t mask = size == 4 ? ~0u : (1u << 8 * size) - 1, eax = (uint32_t)gpr_read(RAX);

    if (opcode & 2)
        port_out(port, size, eax & mask);
    else
        gpr_write(RAX, (eax & ~mask) | (port_in(port, size) & mask));
}

static int is_port(uint8_t opcode)
{
    return (opcode & 0xf4) == 0xe4;
}

int handle_trap(void)
{
    uint64_t eip = vmread(VCPU_EIP);
    int narrow = 0, iopl_allows = vmread(VCPU_CPL) <= vmread(VCPU_IOPL);
    uint8_t opcode;

    while (is_prefix(opcode = (uint8_t)guest_read(eip++, 1)))
        narrow |= opcode == 0x66;
    if (vmread(VCPU_ERROR) || !(opcode == 0xf4 ? vmread(VCPU_CPL) == 0 : iopl_allows)) {
        refuse();
        return 0;
    }
    if (is_port(opcode)) {
        port_access(opcode, (uint8_t)guest_read(eip, 1), narrow);
        eip += !(opcode & 8);
    } else if (opcode == 0xfb && !vmread(VCPU_IF)) { /* the instruction behind it comes first */
        vmwrite(VCPU_IF, 1);
        vmwrite(VCPU_STEP, waiting >= 0);
        vmwrite(VCPU_EIP, eip);
        return 0;
    } else if (opcode == 0xfa) {
        vmwrite(VCPU_IF, 0);
    } else if (opcode != 0xfb && opcode != 0xf4) {
        refuse();
        return 0;
    }
    vmwrite(VCPU_EIP, eip);
    deliver();
    return 0;
}

void handle_interrupt(unsigned vector)
{
    waiting = (int)vector;
    deliver();
}

void handle_step(void)
{
    deliver();
}

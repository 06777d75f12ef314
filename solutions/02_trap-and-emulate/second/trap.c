/*
 * Exercise 02 once more, from tables: every opcode has a letter for its class, and the ones to emulate have a function
 * that says how long they are. The state of interrupts is one small machine: none, waiting, and the shadow.
 */
#include "trap.h"
#include "monitor.h"

#include <stdbool.h>
#include <string.h>

/* ---- an instruction in pieces ---------------------------------------------------------------- */

struct insn {
    unsigned prefixes; /* so many bytes */
    bool narrow;       /* 66h */
    uint16_t opcode;   /* 0Fxxh: of two bytes */
    uint8_t next;      /* the byte behind the opcode: ModRM or a port */
    unsigned next_at;
};

static struct insn split(const uint8_t *code, unsigned size)
{
    static const char prefixes[] = "\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3";
    struct insn insn = {0};
    unsigned at = 0;

    for (; at < size && code[at] && strchr(prefixes, (char)code[at]); at++)
        insn.narrow |= code[at] == 0x66;
    insn.prefixes = at;
    if (at < size)
        insn.opcode = code[at++];
    if (insn.opcode == 0x0f && at < size)
        insn.opcode = (uint16_t)(0x0f00 | code[at++]);
    insn.next = at < size ? code[at] : 0;
    insn.next_at = at;
    return insn;
}

/* ---- classes --------------------------------------------------------------------------------- */

/* Which opcode, which reg fields of ModRM (bit n: n; 0: it has none, or any), and the class. */
static const struct {
    uint16_t first, last;
    uint8_t regs, class;
} classes[] = {
    {0x006c, 0x006f, 0, PRIVILEGED}, {0x00e4, 0x00e7, 0, PRIVILEGED},
    {0x00ec, 0x00ef, 0, PRIVILEGED}, {0x00f4, 0x00f4, 0, PRIVILEGED},
    {0x00fa, 0x00fb, 0, PRIVILEGED}, {0x000e, 0x000e, 0, SENSITIVE},
    {0x0016, 0x0016, 0, SENSITIVE},  {0x008c, 0x008c, 1 << 1 | 1 << 2, SENSITIVE},
    {0x009a, 0x009a, 0, SENSITIVE},  {0x009c, 0x009d, 0, SENSITIVE},
    {0x00cf, 0x00cf, 0, SENSITIVE},  {0x00ff, 0x00ff, 1 << 3, SENSITIVE},
    {0x0f00, 0x0f00, 0x0c, PRIVILEGED}, {0x0f00, 0x0f00, 0x33, SENSITIVE},
    {0x0f01, 0x0f01, 0xcc, PRIVILEGED}, {0x0f01, 0x0f01, 0x13, SENSITIVE},
    {0x0f02, 0x0f03, 0, SENSITIVE},  {0x0f06, 0x0f06, 0, PRIVILEGED},
    {0x0f08, 0x0f09, 0, PRIVILEGED}, {0x0f20, 0x0f23, 0, PRIVILEGED},
    {0x0f30, 0x0f30, 0, PRIVILEGED}, {0x0f32, 0x0f32, 0, PRIVILEGED},
};

enum sensitivity classify(const uint8_t *code, unsigned size)
{
    struct insn insn = split(code, size);

    for (unsigned i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        if (insn.opcode < classes[i].first || insn.opcode > classes[i].last)
            continue;
        if (!classes[i].regs || classes[i].regs >> (insn.next >> 3 & 7) & 1)
            return (enum sensitivity)classes[i].class;
    }
    return INNOCUOUS;
}

/* ---- POPF ------------------------------------------------------------------------------------ */

/* The stack as it is, byte for byte. */
struct run {
    uint8_t stack[256];
    unsigned top;
    bool on;
};

static void push(struct run *run, const uint8_t *bytes, unsigned size)
{
    run->top -= size;
    memcpy(run->stack + run->top, bytes, size);
}

static unsigned change(struct run *run, const uint8_t *insn, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        if (insn[1] == 0x0c)
            run->stack[run->top + i] |= insn[3 + i];
        else
            run->stack[run->top + i] &= insn[3 + i];
    return 3 + size;
}

/* Runs one instruction; its length, or 0: a POPF that changes IF. */
static unsigned run_one(struct run *run, const uint8_t *insn)
{
    unsigned narrow = insn[0] == 0x66, size = narrow ? 2 : 4;
    uint8_t flags[4] = {2, run->on ? 2 : 0, 0, 0};
    bool was = run->on;

    insn += narrow;
    if (*insn == 0x68) {
        push(run, insn + 1, size);
        return narrow + 1 + size;
    }
    if (*insn == 0x81)
        return narrow + change(run, insn, size);
    if (*insn == 0x9c) {
        push(run, flags, size);
    } else if (*insn == 0x9d) {
        run->on = run->stack[run->top + 1] & 2;
        run->top += size;
        return run->on == was ? narrow + 1 : 0;
    } else if (*insn == 0xfa || *insn == 0xfb) {
        run->on = *insn == 0xfb;
    }
    return narrow + 1;
}

int lost_change(const uint8_t *code, unsigned size, int interrupts)
{
    struct run run = {.top = sizeof(run.stack), .on = interrupts};

    for (unsigned at = 0, length; at < size; at += length) {
        length = run_one(&run, code + at);
        if (!length)
            return (int)at;
    }
    return -1;
}

/* ---- traps ----------------------------------------------------------------------------------- */

static struct {
    bool waits, shadow;
    unsigned vector;
} interrupt;

/* Between two instructions. */
static void boundary(void)
{
    if (!interrupt.waits)
        return;
    if (interrupt.shadow) {
        vmwrite(VCPU_STEP, 1);
        interrupt.shadow = false;
    } else if (vmread(VCPU_IF)) {
        vmwrite(VCPU_INJECT, INJECT_VALID | interrupt.vector);
        interrupt.waits = false;
    }
}

/* Each returns how long it is behind its opcode. */
static unsigned do_cli(const struct insn *insn)
{
    (void)insn;
    vmwrite(VCPU_IF, 0);
    return 0;
}

static unsigned do_sti(const struct insn *insn)
{
    (void)insn;
    interrupt.shadow = !vmread(VCPU_IF);
    vmwrite(VCPU_IF, 1);
    return 0;
}

static unsigned do_hlt(const struct insn *insn)
{
    (void)insn;
    return 0;
}

static const uint32_t masks[] = {0, 0xff, 0xffff, 0, 0xffffffff};

static unsigned size_of(const struct insn *insn)
{
    if (!(insn->opcode & 1))
        return 1;
    return insn->narrow ? 2 : 4;
}

static uint16_t port_of(const struct insn *insn)
{
    return insn->opcode >= 0xec ? (uint16_t)gpr_read(RDX) : insn->next;
}

static unsigned do_in(const struct insn *insn)
{
    unsigned size = size_of(insn);
    uint64_t value = port_in(port_of(insn), size);

    gpr_write(RAX, (gpr_read(RAX) & ~(uint64_t)masks[size]) | value);
    return insn->opcode < 0xec;
}

static unsigned do_out(const struct insn *insn)
{
    unsigned size = size_of(insn);

    port_out(port_of(insn), size, gpr_read(RAX) & masks[size]);
    return insn->opcode < 0xec;
}

static unsigned (*doer(uint16_t opcode))(const struct insn *insn)
{
    switch (opcode) {
    case 0xfa:
        return do_cli;
    case 0xfb:
        return do_sti;
    case 0xf4:
        return do_hlt;
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed:
        return do_in;
    case 0xe6:
    case 0xe7:
    case 0xee:
    case 0xef:
        return do_out;
    default:
        return NULL;
    }
}

static bool may(uint16_t opcode)
{
    uint64_t cpl = vmread(VCPU_CPL);

    return !vmread(VCPU_ERROR) && (opcode == 0xf4 ? cpl == 0 : cpl <= vmread(VCPU_IOPL));
}

int handle_trap(void)
{
    uint64_t eip = vmread(VCPU_EIP);
    uint8_t code[16];
    struct insn insn;

    for (unsigned i = 0; i < sizeof(code); i += 8) {
        uint64_t bytes = guest_read(eip + i, 8);

        memcpy(code + i, &bytes, 8);
    }
    insn = split(code, sizeof(code));
    if (!doer(insn.opcode) || !may(insn.opcode)) {
        vmwrite(VCPU_INJECT_ERROR, vmread(VCPU_ERROR));
        vmwrite(VCPU_INJECT,
                INJECT_VALID | INJECT_HAS_ERROR | INJECT_EXCEPTION | GENERAL_PROTECTION);
        return 0;
    }
    interrupt.shadow = false;
    vmwrite(VCPU_EIP, eip + insn.next_at + doer(insn.opcode)(&insn));
    if (insn.opcode == 0xf4 && !interrupt.waits)
        return 1;
    boundary();
    return 0;
}

void handle_interrupt(unsigned vector)
{
    interrupt.waits = true;
    interrupt.vector = vector;
    boundary();
}

void handle_step(void)
{
    boundary();
}

/*
 * Disassembly for people, see disasm.h: Capstone behind one function.
 *
 * Capstone alone decides the text. The length of what it cannot decode is one byte, so that a
 * listing goes on at the next one.
 */
#include "x86/disasm.h"

#include <capstone/capstone.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODES 3 /* 16, 32, 64 bits */

struct x86_disasm {
    csh handles[MODES];
    cs_insn *insns[MODES]; /* one each, reused by every call */
};

static int open_mode(struct x86_disasm *d, unsigned index)
{
    static const cs_mode modes[MODES] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};

    if (cs_open(CS_ARCH_X86, modes[index], &d->handles[index]) != CS_ERR_OK)
        return -1;
    d->insns[index] = cs_malloc(d->handles[index]);
    return d->insns[index] ? 0 : -1;
}

struct x86_disasm *x86_disasm_create(void)
{
    struct x86_disasm *d = calloc(1, sizeof(*d));

    if (!d)
        return NULL;
    for (unsigned i = 0; i < MODES; i++) {
        if (open_mode(d, i)) {
            x86_disasm_destroy(d);
            return NULL;
        }
    }
    return d;
}

void x86_disasm_destroy(struct x86_disasm *d)
{
    if (!d)
        return;
    for (unsigned i = 0; i < MODES; i++) {
        if (d->insns[i])
            cs_free(d->insns[i], 1);
        if (d->handles[i])
            cs_close(&d->handles[i]);
    }
    free(d);
}

static void undecodable(const uint8_t *bytes, size_t size, struct x86_disasm_line *line)
{
    line->length = 1;
    if (size)
        snprintf(line->text, sizeof(line->text), "db 0x%02x", bytes[0]);
    else
        snprintf(line->text, sizeof(line->text), "(bad)");
}

void x86_disasm_one(struct x86_disasm *d, const uint8_t *bytes, size_t size, unsigned bits,
                    uint64_t address, struct x86_disasm_line *line)
{
    unsigned index = bits == 64 ? 2 : bits == 32 ? 1 : 0;
    cs_insn *insn = d->insns[index];
    size_t left = size;

    if (!cs_disasm_iter(d->handles[index], &bytes, &left, &address, insn)) {
        undecodable(bytes, size, line);
        return;
    }
    line->length = (uint8_t)insn->size;
    snprintf(line->text, sizeof(line->text), "%.31s%s%.47s", insn->mnemonic,
             *insn->op_str ? " " : "", insn->op_str);
}

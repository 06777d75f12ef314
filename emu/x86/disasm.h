/* Disassembly for people, by Capstone; Intel syntax. */
#ifndef VLAB_X86_DISASM_H
#define VLAB_X86_DISASM_H

#include <stddef.h>
#include <stdint.h>

struct x86_disasm; /* owns a Capstone handle for each code size; one thread at a time */

struct x86_disasm_line {
    uint8_t length; /* bytes; 1 when undecodable, text is then "db 0x.." ("(bad)") */
    char text[80];
};

struct x86_disasm *x86_disasm_create(void); /* NULL when out of memory */
void x86_disasm_destroy(struct x86_disasm *d);

/* One instruction. `bits`: 16, 32 or 64; `address` is what branch targets are relative to. */
void x86_disasm_one(struct x86_disasm *d, const uint8_t *bytes, size_t size, unsigned bits,
                    uint64_t address, struct x86_disasm_line *line);

#endif

/*
 * The fields of struct x86_state by name: for who writes a state down, hashes it or compares two.
 */
#ifndef VLAB_X86_STATE_FIELDS_H
#define VLAB_X86_STATE_FIELDS_H

#include "x86/regs.h"

#include <stddef.h>
#include <stdint.h>

struct x86_field {
    const char
        *name; /* as the SDM spells it, "RAX", "CS.base", "MSR IA32_LSTAR"; of the first one */
    uint16_t offset; /* in struct x86_state */
    uint8_t size;    /* bytes: 1, 2, 4 or 8 */
    uint16_t count;  /* so many of them follow one another: bytes of an area */
};

#define X86_FIELDS_MAX 128

/* All fields, in a fixed order; *count of them. */
const struct x86_field *x86_state_fields(unsigned *count);

uint64_t x86_field_get(const struct x86_state *state, const struct x86_field *field, unsigned i);
void x86_field_set(struct x86_state *state, const struct x86_field *field, unsigned i,
                   uint64_t value);

/* The state as bytes: the fields in their order, little-endian, nothing between them. */
#define X86_STATE_BYTES_MAX 2048
size_t x86_state_put(const struct x86_state *state, uint8_t *p); /* returns how many */
/* False when `size` is not theirs. */
bool x86_state_take(struct x86_state *state, const uint8_t *p, size_t size);

#endif

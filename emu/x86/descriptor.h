/*
 * Segment and gate descriptors (Intel SDM vol. 3, 3.4.5, 3.5, 6.11), 8 bytes each:
 *
 *   63      56 55 54 53 52 51      48 47 46 45 44 43   40 39              16 15           0
 *  +----------+--+--+--+--+----------+--+-----+--+-------+------------------+--------------+
 *  | base 31:24| G|DB| L|AV|limit 19:16| P| DPL | S| type | base 23:0        | limit 15:0   |
 *  +----------+--+--+--+--+----------+--+-----+--+-------+------------------+--------------+
 */
#ifndef VLAB_X86_DESCRIPTOR_H
#define VLAB_X86_DESCRIPTOR_H

#include "x86/linear.h"
#include "x86/regs.h"

#include <stdbool.h>
#include <stdint.h>

#define DESCRIPTOR_BUSY (1ull << 41) /* of a TSS */
#define DESCRIPTOR_ACCESSED (1ull << 40)

/* Types of system descriptors (S = 0), SDM Table 3-2. */
enum x86_system_type {
    X86_TSS16 = 1,
    X86_LDT = 2,
    X86_TSS16_BUSY = 3,
    X86_CALL_GATE16 = 4,
    X86_TASK_GATE = 5,
    X86_TSS32 = 9,
    X86_TSS32_BUSY = 11,
    X86_CALL_GATE = 12 /* of 32 bits; in IA-32e mode of 64, and 16 bytes long */
};

/* Linear address of a selector's descriptor; false when it lies beyond GDT or LDT. */
bool x86_descriptor_at(const struct x86_state *s, uint16_t selector, uint64_t *gva);

/* A fault with `selector` as its error code (RPL taken off) becomes mem->fault. Always false. */
bool x86_selector_fault(struct x86_linear *mem, unsigned vector, uint16_t selector);

/* A selector's descriptor; one beyond its table is fault `beyond`. */
bool x86_descriptor_read(struct x86_linear *mem, uint16_t selector, unsigned beyond,
                         uint64_t *descriptor);

/* Set the accessed bit, in memory only when it was clear there (SDM 3.4.5.1). */
bool x86_descriptor_set_accessed(struct x86_linear *mem, uint16_t selector, uint64_t *descriptor);

/* The fields of a descriptor as a segment register holds them. */
void x86_descriptor_segment(uint64_t descriptor, uint16_t selector, struct x86_segment *seg);

static inline bool x86_descriptor_is_system(uint64_t descriptor)
{
    return !(descriptor >> 44 & 1);
}

static inline unsigned x86_descriptor_type(uint64_t descriptor)
{
    return descriptor >> 40 & 15;
}

static inline unsigned x86_descriptor_dpl(uint64_t descriptor)
{
    return descriptor >> 45 & 3;
}

static inline bool x86_descriptor_is_present(uint64_t descriptor)
{
    return descriptor >> 47 & 1;
}

/* May a program of this CPL name the gate or TSS by this selector (SDM vol. 3, 5.8.4)? */
static inline bool x86_gate_allows(uint64_t descriptor, uint16_t selector, unsigned cpl)
{
    return x86_descriptor_dpl(descriptor) >= cpl &&
           x86_descriptor_dpl(descriptor) >= (selector & 3u);
}

/* Selector in a gate. */
static inline uint16_t x86_gate_selector(uint64_t gate)
{
    return (uint16_t)(gate >> 16);
}

#endif

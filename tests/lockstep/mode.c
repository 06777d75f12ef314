/* The table of modes and their segments, see mode.h; descriptors by Intel SDM vol. 3, 3.4.5. */
#include "tests/lockstep/mode.h"

#include "util/bytes.h"

const struct lockstep_mode lockstep_modes[] = {
    {"real", 16, 0, 0, 0x1000, 0x2000, 0x3000, 0x10000, 0x20000, 0x30000},
    {"prot16", 16, 0, 1, 0x10, 0x18, 0x20, 0x10000, 0x20000, 0x30000},
    {"prot16-user", 16, 3, 1, 0x2b, 0x33, 0x3b, 0x10000, 0x20000, 0x30000},
    {"flat32", 32, 0, 2, 0x40, 0x48, 0x48, 0, 0, 0},
    {"flat32-user", 32, 3, 2, 0x53, 0x5b, 0x5b, 0, 0, 0},
    {"paged32", 32, 0, 3, 0x40, 0x48, 0x48, 0, 0, 0},
    {"paged32-user", 32, 3, 3, 0x53, 0x5b, 0x5b, 0, 0, 0},
    {"pae", 32, 0, 4, 0x40, 0x48, 0x48, 0, 0, 0},
    {"pae-user", 32, 3, 4, 0x53, 0x5b, 0x5b, 0, 0, 0},
    {"long64", 64, 0, 5, 0x60, 0x48, 0x48, 0, 0, 0},
    {"long64-user", 64, 3, 5, 0x6b, 0x5b, 0x5b, 0, 0, 0},
    {"compat32-user", 32, 3, 5, 0x53, 0x5b, 0x5b, 0, 0, 0},
};
const unsigned lockstep_mode_count = sizeof(lockstep_modes) / sizeof(lockstep_modes[0]);

static void load_descriptor(struct x86_segment *seg, const uint8_t *ram, uint64_t gdt,
                            uint16_t selector)
{
    const uint8_t *d = ram + gdt + (selector & ~7u);
    uint32_t limit = get_le16(d) | (d[6] & 15u) << 16;

    seg->selector = selector;
    seg->access = d[5] | (d[6] & 0xf0u) << 8;
    seg->base = get_le16(d + 2) | (uint32_t)d[4] << 16 | (uint32_t)d[7] << 24;
    seg->limit = seg->access & SEG_G ? limit << 12 | 0xfff : limit;
}

static void load(const struct lockstep_mode *mode, const uint8_t *ram, struct x86_state *s,
                 enum x86_seg seg, uint16_t selector)
{
    if (mode->setup == 0)
        x86_segment_real(&s->seg[seg], selector, false);
    else
        load_descriptor(&s->seg[seg], ram, s->gdtr.base, selector);
}

void lockstep_enter(const struct lockstep_mode *mode, const uint8_t *ram, struct x86_state *s)
{
    for (int seg = X86_ES; seg <= X86_GS; seg++)
        load(mode, ram, s, seg, mode->data);
    load(mode, ram, s, X86_CS, mode->code);
    load(mode, ram, s, X86_SS, mode->stack);
    s->rip = AT_CODE - mode->code_base;
    s->gpr[X86_RSP] = AT_STACKS + STACK_OFFSET - mode->stack_base;
}

int lockstep_vector(const struct x86_state *s)
{
    uint64_t offset = s->rip - AT_HANDLERS;

    if (offset >= HANDLER_SIZE * HANDLER_COUNT || offset % HANDLER_SIZE)
        return -1;
    return (int)(offset / HANDLER_SIZE);
}

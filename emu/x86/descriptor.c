/* Descriptors, see descriptor.h. */
#include "x86/descriptor.h"

bool x86_descriptor_at(const struct x86_state *s, uint16_t selector, uint64_t *gva)
{
    unsigned offset = selector & 0xfff8u;

    if (!(selector & 4)) {
        *gva = s->gdtr.base + offset;
        return offset + 7 <= s->gdtr.limit;
    }
    *gva = s->seg[X86_LDTR].base + offset;
    return !(s->seg[X86_LDTR].access & SEG_UNUSABLE) && offset + 7 <= s->seg[X86_LDTR].limit;
}

void x86_descriptor_segment(uint64_t descriptor, uint16_t selector, struct x86_segment *seg)
{
    uint32_t limit = (uint32_t)((descriptor & 0xffff) | (descriptor >> 32 & 0xf0000));

    seg->selector = selector;
    seg->base = (descriptor >> 16 & 0xffffff) | (descriptor >> 32 & 0xff000000);
    seg->access = descriptor >> 40 & 0xf0ff;
    seg->limit = seg->access & SEG_G ? limit << 12 | 0xfff : limit;
    if (!(seg->access & SEG_P))
        seg->access |= SEG_UNUSABLE;
}

/* Descriptors, see descriptor.h. */
#include "x86/descriptor.h"

#include "core/exit.h"
#include "util/bytes.h"

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

bool x86_selector_fault(struct x86_linear *mem, unsigned vector, uint16_t selector)
{
    mem->fault = (struct x86_event){.info = INTR_VALID | INTR_HAS_ERROR |
                                            INTR_HARDWARE_EXCEPTION << 8 | vector,
                                    .error = selector & 0xfffcu};
    return false;
}

bool x86_descriptor_read(struct x86_linear *mem, uint16_t selector, unsigned beyond,
                         uint64_t *descriptor)
{
    uint8_t bytes[8];
    uint64_t gva;

    if (!x86_descriptor_at(mem->state, selector, &gva))
        return x86_selector_fault(mem, beyond, selector);
    if (!x86_linear_read(mem, gva, bytes, sizeof(bytes)))
        return false;
    *descriptor = get_le64(bytes);
    return true;
}

bool x86_descriptor_set_accessed(struct x86_linear *mem, uint16_t selector, uint64_t *descriptor)
{
    bool set = *descriptor & DESCRIPTOR_ACCESSED;
    uint64_t gva;
    uint8_t access;

    *descriptor |= DESCRIPTOR_ACCESSED;
    access = (uint8_t)(*descriptor >> 40);
    return x86_descriptor_at(mem->state, selector, &gva) &&
           (set || x86_linear_write(mem, gva + 5, &access, 1));
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

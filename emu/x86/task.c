/*
 * Hardware task switches, see task.h.
 *
 * The TSS, SDM Figures 8-2 (32-bit) and 8-10 (16-bit):
 *
 *                 32-bit   16-bit                     32-bit   16-bit
 *   back link         0        0     ES..GS selectors  48h      22h (ES CS SS DS)
 *   CR3             1ch        -     LDT selector      60h      2ah
 *   EIP             20h      0eh     T flag            64h      -
 *   EFLAGS          24h      10h     size              104      44
 *   EAX..EDI        28h      12h
 *
 * Left out: the order of checks inside one group of Table 8-1, which it leaves to the processor.
 */
#include "x86/task.h"

#include "util/bytes.h"
#include "x86/descriptor.h"

#include <string.h>

#define TSS32_SIZE 104u
#define TSS16_SIZE 44u
#define DR7_LOCAL 0x155u /* L0-L3 and LE */

struct layout {
    uint8_t size, word; /* bytes of the TSS, of a register in it */
    uint8_t cr3, eip, eflags, gprs, segments, ldt, trap;
    uint8_t segment_step, segment_count;
};

static const struct layout layouts[] = {
    {TSS16_SIZE, 2, 0, 0x0e, 0x10, 0x12, 0x22, 0x2a, 0, 2, 4},
    {TSS32_SIZE, 4, 0x1c, 0x20, 0x24, 0x28, 0x48, 0x60, 0x64, 4, 6},
};

/* Bit 3 of the type says 32-bit. */
static const struct layout *layout_of(unsigned type)
{
    return &layouts[type >> 3 & 1];
}

/* ---- before the switch ------------------------------------------------------------------- */

/* A TSS that a gate, a CALL or a JMP may go to, or (busy) an IRET back to. */
static bool check_tss(struct x86_linear *mem, uint16_t selector, bool busy, unsigned vector)
{
    uint64_t descriptor;
    unsigned type;

    if (selector & 4 || !(selector & 0xfffc))
        return x86_selector_fault(mem, vector, selector);
    if (!x86_descriptor_read(mem, selector, vector, &descriptor))
        return false;
    type = x86_descriptor_type(descriptor);
    if (!x86_descriptor_is_system(descriptor) || (type & 5) != 1 || !!(type & 2) != busy)
        return x86_selector_fault(mem, vector, selector);
    return x86_descriptor_is_present(descriptor) || x86_selector_fault(mem, X86_NP, selector);
}

static enum x86_task_verdict verdict(bool passed)
{
    return passed ? X86_TASK_SWITCH : X86_TASK_FAULT;
}

static enum x86_task_verdict back_link(struct x86_linear *mem, uint16_t *tss)
{
    uint8_t link[2];

    if (!x86_linear_read(mem, mem->state->seg[X86_TR].base, link, sizeof(link)))
        return X86_TASK_FAULT;
    *tss = get_le16(link);
    return verdict(check_tss(mem, *tss, true, X86_TS));
}

static enum x86_task_verdict through_gate(struct x86_linear *mem, uint64_t gate, uint16_t selector,
                                          uint16_t *tss)
{
    if (!x86_descriptor_is_present(gate))
        return verdict(x86_selector_fault(mem, X86_NP, selector));
    *tss = x86_gate_selector(gate);
    return verdict(check_tss(mem, *tss, false, X86_GP));
}

enum x86_task_verdict x86_task_target(struct x86_linear *mem, enum task_source source,
                                      uint16_t selector, uint16_t *tss)
{
    uint64_t descriptor, gva;
    unsigned type;

    *tss = selector;
    if (source == TASK_IRET)
        return back_link(mem, tss);
    if (source == TASK_GATE)
        return verdict(check_tss(mem, selector, false, X86_GP));
    if (!(selector & 0xfffc) || !x86_descriptor_at(mem->state, selector, &gva))
        return X86_TASK_NONE; /* the far transfer itself faults */
    if (!x86_descriptor_read(mem, selector, X86_GP, &descriptor))
        return X86_TASK_FAULT;
    type = x86_descriptor_type(descriptor);
    if (!x86_descriptor_is_system(descriptor) || (type != X86_TASK_GATE && (type & 5) != 1))
        return X86_TASK_NONE;
    if (!x86_gate_allows(descriptor, selector, x86_cpl(mem->state)))
        return verdict(x86_selector_fault(mem, X86_GP, selector));
    if (type == X86_TASK_GATE)
        return through_gate(mem, descriptor, selector, tss);
    return verdict(check_tss(mem, selector, false, X86_GP));
}

/* ---- the old task ------------------------------------------------------------------------ */

static void put_word(uint8_t *p, unsigned size, uint64_t value)
{
    if (size == 2)
        put_le16(p, (uint16_t)value);
    else
        put_le32(p, (uint32_t)value);
}

static uint32_t get_word(const uint8_t *p, unsigned size)
{
    return size == 2 ? get_le16(p) : get_le32(p);
}

/* What changes in a TSS lies between EIP and the last selector. */
static bool save_task(const struct x86_state *s, struct x86_linear *mem, uint64_t rflags)
{
    const struct layout *l = layout_of(SEG_TYPE(s->seg[X86_TR].access));
    unsigned end = l->segments + l->segment_count * l->segment_step;
    uint8_t tss[TSS32_SIZE] = {0};

    if (!x86_linear_read(mem, s->seg[X86_TR].base, tss, end))
        return false;
    put_word(tss + l->eip, l->word, s->rip);
    put_word(tss + l->eflags, l->word, rflags);
    for (unsigned i = 0; i < 8; i++)
        put_word(tss + l->gprs + i * l->word, l->word, s->gpr[i]);
    for (unsigned i = 0; i < l->segment_count; i++)
        put_le16(tss + l->segments + i * l->segment_step, s->seg[i].selector);
    return x86_linear_write(mem, s->seg[X86_TR].base + l->eip, tss + l->eip, end - l->eip);
}

static bool set_busy(struct x86_linear *mem, uint16_t selector, bool busy)
{
    uint64_t gva, descriptor;
    uint8_t bytes[8];

    if (!x86_descriptor_at(mem->state, selector, &gva) || !x86_linear_read(mem, gva, bytes, 8))
        return false;
    descriptor = get_le64(bytes);
    put_le64(bytes, busy ? descriptor | DESCRIPTOR_BUSY : descriptor & ~DESCRIPTOR_BUSY);
    return x86_linear_write(mem, gva + 5, bytes + 5, 1);
}

/* ---- the new task ------------------------------------------------------------------------ */

static void load_registers(struct x86_state *s, const struct layout *l, const uint8_t *tss)
{
    s->rip = get_word(tss + l->eip, l->word);
    s->rflags = (get_word(tss + l->eflags, l->word) & 0x3f7fd7u) | RFLAGS_FIXED;
    if (l->word == 2)
        s->rflags &= 0xffff;
    for (unsigned i = 0; i < 8; i++)
        s->gpr[i] =
            get_word(tss + l->gprs + i * l->word, l->word) | (l->word == 2 ? 0xffff0000u : 0u);
    if (l->cr3 && (s->cr0 & CR0_PG))
        s->cr3 = get_le32(tss + l->cr3);
    for (unsigned i = X86_ES; i <= X86_GS; i++) {
        uint16_t selector =
            i < l->segment_count ? get_le16(tss + l->segments + i * l->segment_step) : 0;

        s->seg[i] = (struct x86_segment){.selector = selector, .access = SEG_UNUSABLE};
    }
    /* CPL is the new CS's, whatever becomes of the segments. */
    s->seg[X86_SS].access |= s->rflags & RFLAGS_VM ? 3u << 5 : (s->seg[X86_CS].selector & 3u) << 5;
}

static bool load_ldt(struct x86_state *s, struct x86_linear *mem, uint16_t selector)
{
    uint64_t descriptor;

    s->seg[X86_LDTR] = (struct x86_segment){.selector = selector, .access = SEG_UNUSABLE | X86_LDT};
    if (!(selector & 0xfffc))
        return true;
    if (selector & 4)
        return x86_selector_fault(mem, X86_TS, selector);
    if (!x86_descriptor_read(mem, selector, X86_TS, &descriptor))
        return false;
    if (!x86_descriptor_is_system(descriptor) || x86_descriptor_type(descriptor) != X86_LDT ||
        !x86_descriptor_is_present(descriptor))
        return x86_selector_fault(mem, X86_TS, selector);
    x86_descriptor_segment(descriptor, selector, &s->seg[X86_LDTR]);
    return true;
}

/* May a segment register of the new task, at the privilege of its CS, hold this descriptor? */
static bool segment_fits(enum x86_seg seg, uint64_t descriptor, uint16_t selector, unsigned cpl)
{
    unsigned type = x86_descriptor_type(descriptor), dpl = x86_descriptor_dpl(descriptor),
             rpl = selector & 3;
    bool code = type & 8, conforming = code && (type & 4);

    if (x86_descriptor_is_system(descriptor))
        return false;
    if (seg == X86_CS)
        return code && (conforming ? dpl <= rpl : dpl == rpl);
    if (seg == X86_SS)
        return !code && (type & 2) && dpl == cpl && rpl == cpl;
    if (code && !(type & 2))
        return false;
    return conforming || (dpl >= cpl && dpl >= rpl);
}

static bool load_segment(struct x86_state *s, struct x86_linear *mem, enum x86_seg seg)
{
    uint16_t selector = s->seg[seg].selector;
    unsigned cpl = s->seg[X86_CS].selector & 3;
    uint64_t descriptor;

    if (!(selector & 0xfffc))
        return (seg != X86_CS && seg != X86_SS) || x86_selector_fault(mem, X86_TS, selector);
    if (!x86_descriptor_read(mem, selector, X86_TS, &descriptor))
        return false;
    if (!segment_fits(seg, descriptor, selector, cpl))
        return x86_selector_fault(mem, X86_TS, selector);
    if (!x86_descriptor_is_present(descriptor))
        return x86_selector_fault(mem, seg == X86_SS ? X86_SS_FAULT : X86_NP, selector);
    if (!x86_descriptor_set_accessed(mem, selector, &descriptor))
        return false;
    x86_descriptor_segment(descriptor, selector, &s->seg[seg]);
    return true;
}

static bool load_segments(struct x86_state *s, struct x86_linear *mem)
{
    static const enum x86_seg order[] = {X86_CS, X86_SS, X86_DS, X86_ES, X86_FS, X86_GS};

    if (s->rflags & RFLAGS_VM) {
        for (unsigned i = X86_ES; i <= X86_GS; i++)
            s->seg[i] = (struct x86_segment){.selector = s->seg[i].selector,
                                             .base = s->seg[i].selector * 16u,
                                             .limit = 0xffff,
                                             .access = 0xf3};
        return true;
    }
    for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (!load_segment(s, mem, order[i]))
            return false;
    return true;
}

static bool push_error_code(struct x86_state *s, struct x86_linear *mem, const struct layout *l,
                            uint32_t error)
{
    uint64_t mask = s->seg[X86_SS].access & SEG_DB ? 0xffffffff : 0xffff;
    uint64_t sp = (s->gpr[X86_RSP] - l->word) & mask;
    uint8_t bytes[4];

    put_le32(bytes, error);
    if (sp + l->word - 1 > s->seg[X86_SS].limit)
        return x86_selector_fault(mem, X86_SS_FAULT, 0);
    if (!x86_linear_write(mem, s->seg[X86_SS].base + sp, bytes, l->word))
        return false;
    s->gpr[X86_RSP] = (s->gpr[X86_RSP] & ~mask) | sp;
    return true;
}

static void raise_trap(struct x86_linear *mem)
{
    mem->fault = (struct x86_event){.info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | X86_DB,
                                    .cr2 = DR6_BT};
}

/* ---- the switch -------------------------------------------------------------------------- */

/* Behind this function lies the point of no return. `tss`: the new task's, read whole. */
static bool leave_task(struct x86_state *s, struct x86_linear *mem, enum task_source source,
                       const struct x86_segment *next, uint8_t *tss)
{
    const struct layout *l = layout_of(SEG_TYPE(next->access));
    uint64_t rflags = source == TASK_IRET ? s->rflags & ~(uint64_t)RFLAGS_NT : s->rflags;
    bool nested = source == TASK_CALL || source == TASK_GATE;
    uint8_t link[2];

    if (next->limit < l->size - 1u)
        return x86_selector_fault(mem, X86_TS, next->selector);
    if (!x86_linear_read(mem, next->base, tss, l->size))
        return false;
    if (nested && !x86_linear_can_write(mem, next->base, sizeof(link)))
        return false;
    if (!save_task(s, mem, rflags))
        return false;
    if (!nested && !set_busy(mem, s->seg[X86_TR].selector, false))
        return false;
    if (source != TASK_IRET && !set_busy(mem, next->selector, true))
        return false;
    put_le16(link, s->seg[X86_TR].selector);
    return !nested || x86_linear_write(mem, next->base, link, sizeof(link));
}

static bool enter_task(struct x86_state *s, struct x86_linear *mem, const struct layout *l,
                       const uint8_t *tss, const struct x86_event *event)
{
    if (l->cr3 && !x86_linear_load_pdptes(mem, s->pdpte))
        return x86_selector_fault(mem, X86_GP, 0);
    if (!load_ldt(s, mem, get_le16(tss + l->ldt)) || !load_segments(s, mem))
        return false;
    if (s->rip > s->seg[X86_CS].limit)
        return x86_selector_fault(mem, X86_GP, 0);
    if (event && (event->info & INTR_HAS_ERROR) && !push_error_code(s, mem, l, event->error))
        return false;
    if (!l->trap || !(tss[l->trap] & 1))
        return true;
    raise_trap(mem);
    return false;
}

bool x86_task_switch(struct x86_state *s, struct x86_linear *mem, enum task_source source,
                     uint16_t selector, const struct x86_event *event)
{
    uint8_t tss[TSS32_SIZE];
    struct x86_segment next;
    const struct layout *l;
    uint64_t descriptor;

    if (!x86_descriptor_read(mem, selector, X86_TS, &descriptor))
        return false;
    x86_descriptor_segment(descriptor | DESCRIPTOR_BUSY, selector, &next);
    if (!leave_task(s, mem, source, &next, tss))
        return false;
    l = layout_of(SEG_TYPE(next.access));
    s->seg[X86_TR] = next;
    s->cr0 |= CR0_TS;
    s->dr7 &= ~(uint64_t)DR7_LOCAL;
    load_registers(s, l, tss);
    if (source == TASK_CALL || source == TASK_GATE)
        s->rflags |= RFLAGS_NT;
    s->interruptibility &= X86_BLOCKING_BY_NMI;
    return enter_task(s, mem, l, tss, event);
}

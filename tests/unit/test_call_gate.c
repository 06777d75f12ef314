/*
 * x86/call_gate.c, check by check of CALL's and JMP's pseudo-code (SDM vol. 2): which fault, that
 * nothing changed then, and otherwise the whole state and memory.
 *
 * 64 KiB of memory: without paging in legacy mode, unless a case turns it on; in IA-32e mode mapped
 * to itself in pages of 4 KiB.
 */
#include "core/exit.h"
#include "util/bytes.h"
#include "x86/call_gate.h"
#include "x86/descriptor.h"
#include "x86/paging.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY 0x10000u
#define GDT 0x1000u
#define GDT_LIMIT 0x7fu
#define TSS 0x2000u
#define STACK0 0x4000u
#define STACK1 0x5000u
#define STACK3 0x6000u
#define TABLES 0x8000u /* four pages, the last one the page table */
#define PAGE_TABLE (TABLES + 0x3000u)

enum selector {
    CODE0 = 0x08,
    DATA0 = 0x10,
    CODE1 = 0x18,
    DATA1 = 0x20,
    CODE3 = 0x28,
    DATA3 = 0x30,
    CONFORM0 = 0x38,
    CONFORM3 = 0x40,
    GATE = 0x48, /* and 50h, in IA-32e mode */
    SPARE = 0x58,
    TR = 0x60,
    LAST = 0x78,
    BEYOND = 0x80
};

#define AT(selector) (GDT + (selector))
#define DPL(n) ((n) << 5)
#define SEGMENT(limit, access)                                                                     \
    (((limit)&0xffffull) | ((access)&0xffull) << 40 | ((limit) >> 16 & 15ull) << 48 |              \
     ((access) >> 12 & 15ull) << 52)
#define FLAT(access) SEGMENT(0xfffffu, (access) | SEG_G)
#define CODE32(n) FLAT(0x9au | SEG_DB | DPL(n))
#define CODE64(n) FLAT(0x9au | SEG_L | DPL(n))
#define DATA(n) FLAT(0x92u | SEG_DB | DPL(n))
#define GATE_OF(selector, offset, access, parameters)                                              \
    (((offset)&0xffffull) | (uint64_t)(selector) << 16 | (parameters) << 32 | (access) << 40 |     \
     ((offset) >> 16 & 0xffffull) << 48)
#define ENTRY 0x123456ull
#define CALL32(selector) GATE_OF(selector, ENTRY, 0xecull, 0ull)
#define CALL16(selector) GATE_OF(selector, ENTRY, 0xe4ull, 0ull)
#define ACCESSED (1ull << 40)
#define PRESENT (1ull << 47)

#define RIP 0x7000u
#define LENGTH 7u

enum mode { M32, M16, M64 }; /* M16: with a 16-bit TSS */

struct world {
    uint8_t mem[MEMORY];
    struct x86_state state;
    struct x86_linear linear;
};

struct poke {
    uint32_t at;
    uint64_t value;
};

/* What a case is made of; 0 means as everywhere. */
struct given {
    const char *name;
    enum mode mode;
    bool jmp;
    unsigned cpl;
    uint16_t selector;
    struct poke poke[3]; /* 8 bytes each */
    uint32_t tr_limit;
    uint64_t rsp;
    void (*prepare)(struct world *w);
};

static bool mem_read(void *ctx, uint64_t gpa, void *buf, uint64_t size)
{
    struct world *w = ctx;

    if (gpa >= MEMORY || size > MEMORY - gpa)
        return false;
    memcpy(buf, w->mem + gpa, size);
    return true;
}

static bool mem_write(void *ctx, uint64_t gpa, const void *buf, uint64_t size)
{
    struct world *w = ctx;

    if (gpa >= MEMORY || size > MEMORY - gpa)
        return false;
    memcpy(w->mem + gpa, buf, size);
    return true;
}

static void set_segment(struct world *w, enum x86_seg seg, uint16_t selector)
{
    uint32_t access = (uint32_t)(get_le64(w->mem + AT(selector & ~7u)) >> 40) & 0xf0ff;

    w->state.seg[seg] =
        (struct x86_segment){.selector = selector, .limit = ~0u, .access = access | 1};
}

static void put_gdt(struct world *w, enum mode mode)
{
    static const uint64_t common[][2] = {{DATA0, DATA(0)}, {DATA1, DATA(1)}, {DATA3, DATA(3)}};
    uint64_t code = mode == M64 ? CODE64(0) : CODE32(0);

    for (unsigned i = 0; i < 3; i++)
        put_le64(w->mem + AT(common[i][0]), common[i][1]);
    put_le64(w->mem + AT(CODE0), code);
    put_le64(w->mem + AT(CODE1), code | 1ull << 45);
    put_le64(w->mem + AT(CODE3), code | 3ull << 45);
    put_le64(w->mem + AT(CONFORM0), code | 4ull << 40);
    put_le64(w->mem + AT(CONFORM3), code | 4ull << 40 | 3ull << 45);
    put_le64(w->mem + AT(GATE), CALL32(CODE0));
}

static void put_tss(struct world *w, enum mode mode)
{
    uint8_t *tss = w->mem + TSS;

    w->state.seg[X86_TR] = (struct x86_segment){
        .selector = TR, .base = TSS, .limit = 0x67, .access = mode == M16 ? 0x83 : 0x8b};
    if (mode == M16) {
        put_le16(tss + 2, STACK0);
        put_le16(tss + 4, DATA0);
        put_le16(tss + 6, STACK1);
        put_le16(tss + 8, DATA1 | 1);
        return;
    }
    put_le64(tss + 4, STACK0 | (mode == M64 ? 0 : (uint64_t)DATA0 << 32));
    put_le64(tss + 12, STACK1 | (mode == M64 ? 0 : (uint64_t)(DATA1 | 1) << 32));
}

/* Accessed and dirty already, so that they do not differ afterwards. */
static void put_tables(struct world *w)
{
    for (unsigned i = 0; i < 3; i++)
        put_le64(w->mem + TABLES + i * 0x1000, (TABLES + (i + 1) * 0x1000) | 0x27);
    for (unsigned i = 0; i < MEMORY / 0x1000; i++)
        put_le64(w->mem + PAGE_TABLE + i * 8, i * 0x1000 | 0x67);
}

static void put_state(struct world *w, const struct given *g)
{
    struct x86_state *s = &w->state;
    unsigned cpl = g->cpl;

    s->gdtr = (struct x86_table){GDT, GDT_LIMIT};
    s->seg[X86_LDTR].access = SEG_UNUSABLE;
    s->cr0 = CR0_PE;
    if (g->mode == M64) {
        s->cr0 |= CR0_PG | CR0_WP;
        s->cr4 = CR4_PAE;
        s->cr3 = TABLES;
        s->efer = EFER_LME | EFER_LMA;
    }
    s->rip = RIP;
    s->rflags = RFLAGS_FIXED | RFLAGS_RF;
    s->interruptibility = X86_BLOCKING_BY_STI;
    for (unsigned i = 0; i < X86_GPR_COUNT; i++)
        s->gpr[i] = 0x1111u * i;
    s->gpr[X86_RSP] = STACK3;
    set_segment(w, X86_CS, (uint16_t)((cpl == 3 ? CODE3 : cpl ? CODE1 : CODE0) | cpl));
    set_segment(w, X86_SS, (uint16_t)((cpl == 3 ? DATA3 : cpl ? DATA1 : DATA0) | cpl));
}

static void begin(struct world *w, const struct given *g)
{
    memset(w, 0, sizeof(*w));
    put_gdt(w, g->mode);
    put_tss(w, g->mode);
    if (g->mode == M64)
        put_tables(w);
    put_state(w, g);
    for (unsigned i = 0; i < 3 && g->poke[i].at; i++)
        put_le64(w->mem + g->poke[i].at, g->poke[i].value);
    for (unsigned i = 0; i < 32; i++) /* parameters */
        put_le32(w->mem + STACK3 + i * 4, 0xa0a00000u + i * 0x10001u);
    w->linear =
        (struct x86_linear){.state = &w->state, .read = mem_read, .write = mem_write, .ctx = w};
    if (g->tr_limit)
        w->state.seg[X86_TR].limit = g->tr_limit;
    if (g->rsp)
        w->state.gpr[X86_RSP] = g->rsp;
    if (g->prepare)
        g->prepare(w);
}

static enum x86_gate_verdict go(struct world *w, const struct given *g)
{
    uint16_t selector = g->selector ? g->selector : GATE;

    return x86_call_gate(&w->state, &w->linear, selector, !g->jmp, LENGTH);
}

/* ---- comparing --------------------------------------------------------------------------- */

static void same_state(const char *name, const struct x86_state *want, const struct x86_state *came)
{
    for (unsigned i = 0; i < X86_SEG_COUNT; i++) {
        const struct x86_segment *x = &want->seg[i], *y = &came->seg[i];

        ck_assert_msg(x->selector == y->selector && x->base == y->base && x->limit == y->limit &&
                          x->access == y->access,
                      "%s: segment %u is %04x base %llx limit %x access %x", name, i, y->selector,
                      (unsigned long long)y->base, y->limit, y->access);
    }
    for (unsigned i = 0; i < X86_GPR_COUNT; i++)
        ck_assert_msg(want->gpr[i] == came->gpr[i], "%s: register %u is %llx", name, i,
                      (unsigned long long)came->gpr[i]);
    ck_assert_msg(want->rip == came->rip, "%s: rip %llx", name, (unsigned long long)came->rip);
    ck_assert_msg(want->rflags == came->rflags, "%s: rflags %llx", name,
                  (unsigned long long)came->rflags);
    ck_assert_msg(want->cr0 == came->cr0 && want->cr2 == came->cr2 && want->cr3 == came->cr3,
                  "%s: a control register differs", name);
    ck_assert_msg(want->interruptibility == came->interruptibility, "%s: interruptibility %x", name,
                  came->interruptibility);
}

static void same_memory(const char *name, const uint8_t *want, const uint8_t *came)
{
    for (unsigned i = 0; i < MEMORY; i++)
        ck_assert_msg(want[i] == came[i], "%s: at %x is %02x, not %02x", name, i, came[i], want[i]);
}

/* ---- what a case prepares ---------------------------------------------------------------- */

/* Canonical means 57 bits with CR4.LA57; paging off spares the fifth level. */
static void wide_unpaged(struct world *w)
{
    w->state.cr4 |= CR4_LA57;
    w->state.cr0 &= ~(uint64_t)CR0_PG;
}

static void gate_at_end(struct world *w)
{
    w->state.gdtr.limit = GATE + 7;
}

static void gate_at_top(struct world *w)
{
    w->state.gdtr = (struct x86_table){0, 0xffff};
    put_le64(w->mem + CODE0, CODE64(0));
    put_le64(w->mem + 0xfff8, CALL32(CODE0));
}

static void sp_wraps(struct world *w)
{
    w->state.seg[X86_SS].access &= ~SEG_DB;
    w->state.seg[X86_SS].limit = 0xffff;
}

static void expand_down_ss(struct world *w)
{
    w->state.seg[X86_SS].access |= 4;
    w->state.seg[X86_SS].limit = STACK3 - 9;
}

static void expand_down_ss_short(struct world *w)
{
    w->state.seg[X86_SS].access |= 4;
    w->state.seg[X86_SS].limit = STACK3 - 8;
}

static void compatibility(struct world *w)
{
    w->state.seg[X86_CS].access = (w->state.seg[X86_CS].access & ~SEG_L) | SEG_DB;
    w->state.rip = 0xfffffffc; /* the next instruction lies behind the wrap */
}

static void in_ldt(struct world *w)
{
    w->state.seg[X86_LDTR] =
        (struct x86_segment){.base = AT(GATE), .limit = 7, .access = SEG_P | X86_LDT};
}

/* Page `page` of the 64 KiB gets these flags; A and D are set. */
static void set_page(struct world *w, unsigned page, unsigned flags)
{
    put_le64(w->mem + PAGE_TABLE + page * 8, page * 0x1000 | flags | 0x60);
}

static void supervisor_stack3(struct world *w)
{
    set_page(w, STACK3 / 0x1000 - 1, 3);
}

static void absent_stack0(struct world *w)
{
    set_page(w, STACK0 / 0x1000 - 1, 0);
}

static void smap(struct world *w)
{
    w->state.cr4 |= CR4_SMAP;
    for (unsigned page = 0; page < 16; page++)
        if (page != STACK0 / 0x1000 - 1)
            set_page(w, page, 3);
}

static void smap_with_ac(struct world *w)
{
    smap(w);
    w->state.rflags |= RFLAGS_AC;
}

static void all_supervisor_but_stack3(struct world *w)
{
    for (unsigned page = 0; page < 16; page++)
        if (page != STACK3 / 0x1000 - 1)
            set_page(w, page, 3);
}

static void read_only_gdt(struct world *w)
{
    set_page(w, GDT / 0x1000, 1);
}

static void code_accessed(struct world *w)
{
    set_page(w, GDT / 0x1000, 1);
    w->mem[AT(CODE0) + 5] |= 1;
}

/* 32-bit paging; the first page of parameters is the supervisor's. */
static void supervisor_parameters(struct world *w)
{
    w->state.cr0 |= CR0_PG;
    w->state.cr3 = TABLES;
    put_le32(w->mem + TABLES, PAGE_TABLE | 0x27);
    for (unsigned page = 0; page < 16; page++)
        put_le32(w->mem + PAGE_TABLE + page * 4, page * 0x1000 | 0x67);
    put_le32(w->mem + PAGE_TABLE + STACK3 / 0x1000 * 4, STACK3 | 0x63);
}

/* ---- faults ------------------------------------------------------------------------------ */

#define POKE(selector, value)                                                                      \
    {                                                                                              \
        AT(selector), value                                                                        \
    }
/* Stack 0 of the TSS: ESP and SS; in IA-32e mode RSP */
#define ESP0(esp, ss)                                                                              \
    {                                                                                              \
        TSS + 4, (esp) | (uint64_t)(ss) << 32                                                      \
    }
#define RSP0(rsp)                                                                                  \
    {                                                                                              \
        TSS + 4, rsp                                                                               \
    }
#define SHORT_CODE SEGMENT(0xffu, 0x9au | SEG_DB)
#define UPPER(high) POKE(GATE + 8, high)

static const struct {
    struct given given;
    unsigned vector;
    uint16_t error;
} faults[] = {
    /* the gate */
    {{.name = "dpl below cpl", .cpl = 3, .poke = {POKE(GATE, GATE_OF(CODE0, 0, 0xccull, 0ull))}},
     X86_GP,
     GATE},
    {{.name = "dpl below rpl",
      .selector = GATE | 3,
      .poke = {POKE(GATE, GATE_OF(CODE0, 0, 0xccull, 0ull))}},
     X86_GP,
     GATE},
    {{.name = "dpl before presence",
      .cpl = 3,
      .poke = {POKE(GATE, GATE_OF(CODE0, 0, 0x4cull, 0ull))}},
     X86_GP,
     GATE},
    {{.name = "absent", .poke = {POKE(GATE, CALL32(CODE0) & ~PRESENT)}}, X86_NP, GATE},
    {{.name = "absent before null", .poke = {POKE(GATE, CALL32(0) & ~PRESENT)}}, X86_NP, GATE},
    {{.name = "absent, of the LDT",
      .selector = 4,
      .poke = {POKE(GATE, CALL32(0) & ~PRESENT)},
      .prepare = in_ldt},
     X86_NP,
     4},
    /* its code segment */
    {{.name = "to null", .poke = {POKE(GATE, CALL32(0))}}, X86_GP, 0},
    {{.name = "to null, rpl 3", .poke = {POKE(GATE, CALL32(3))}}, X86_GP, 0},
    {{.name = "beyond the GDT", .poke = {POKE(GATE, CALL32(BEYOND))}}, X86_GP, BEYOND},
    {{.name = "no LDT", .poke = {POKE(GATE, CALL32(CODE0 | 4))}}, X86_GP, CODE0 | 4},
    {{.name = "to data", .poke = {POKE(GATE, CALL32(DATA0 | 3))}}, X86_GP, DATA0},
    {{.name = "to a gate", .poke = {POKE(GATE, CALL32(GATE))}}, X86_GP, GATE},
    {{.name = "to less privilege", .poke = {POKE(GATE, CALL32(CODE3))}}, X86_GP, CODE3},
    {{.name = "to less privilege, conforming", .poke = {POKE(GATE, CALL32(CONFORM3))}},
     X86_GP,
     CONFORM3},
    {{.name = "dpl before presence of code",
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE32(3) & ~PRESENT)}},
     X86_GP,
     SPARE},
    {{.name = "code absent",
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE32(0) & ~PRESENT)}},
     X86_NP,
     SPARE},
    {{.name = "code absent before the TSS",
      .cpl = 3,
      .tr_limit = 1,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE32(0) & ~PRESENT)}},
     X86_NP,
     SPARE},
    /* the new stack */
    {{.name = "TSS too short", .cpl = 3, .tr_limit = 8}, X86_TS, TR},
    {{.name = "TSS too short for ring 1",
      .cpl = 3,
      .tr_limit = 16,
      .poke = {POKE(GATE, CALL32(CODE1))}},
     X86_TS,
     TR},
    {{.name = "16-bit TSS too short", .mode = M16, .cpl = 3, .tr_limit = 4}, X86_TS, TR},
    {{.name = "SS null", .cpl = 3, .poke = {ESP0(STACK0, 0)}}, X86_TS, 0},
    {{.name = "SS beyond", .cpl = 3, .poke = {ESP0(STACK0, BEYOND)}}, X86_TS, BEYOND},
    {{.name = "SS of rpl 3", .cpl = 3, .poke = {ESP0(STACK0, DATA0 | 3)}}, X86_TS, DATA0},
    {{.name = "SS of dpl 3", .cpl = 3, .poke = {ESP0(STACK0, DATA3)}}, X86_TS, DATA3},
    {{.name = "SS code", .cpl = 3, .poke = {ESP0(STACK0, CODE0)}}, X86_TS, CODE0},
    {{.name = "SS read-only", .cpl = 3, .poke = {ESP0(STACK0, SPARE), POKE(SPARE, FLAT(0x90u))}},
     X86_TS,
     SPARE},
    {{.name = "SS a TSS", .cpl = 3, .poke = {ESP0(STACK0, SPARE), POKE(SPARE, FLAT(0x82u))}},
     X86_TS,
     SPARE},
    {{.name = "SS absent", .cpl = 3, .poke = {ESP0(STACK0, SPARE), POKE(SPARE, FLAT(0x12u))}},
     X86_SS_FAULT,
     SPARE},
    {{.name = "SS read-only before absent",
      .cpl = 3,
      .poke = {ESP0(STACK0, SPARE), POKE(SPARE, FLAT(0x10u))}},
     X86_TS,
     SPARE},
    {{.name = "no room", .cpl = 3, .poke = {ESP0(15, DATA0)}}, X86_SS_FAULT, DATA0},
    {{.name = "no room for parameters",
      .cpl = 3,
      .poke = {ESP0(16, SPARE), POKE(SPARE, SEGMENT(0xfffu, 0x92u | SEG_DB)),
               POKE(GATE, GATE_OF(CODE0, 0, 0xecull, 1ull))}},
     X86_SS_FAULT,
     SPARE},
    {{.name = "no room, 16 bits", .cpl = 3, .poke = {ESP0(7, DATA0), POKE(GATE, CALL16(CODE0))}},
     X86_SS_FAULT,
     DATA0},
    {{.name = "stack above its limit",
      .cpl = 3,
      .poke = {ESP0(0x1001, SPARE), POKE(SPARE, SEGMENT(0xfffu, 0x92u | SEG_DB))}},
     X86_SS_FAULT,
     SPARE},
    {{.name = "expand-down, into the limit",
      .cpl = 3,
      .poke = {ESP0(STACK0, SPARE), POKE(SPARE, SEGMENT(STACK0 - 16, 0x96u | SEG_DB))}},
     X86_SS_FAULT,
     SPARE},
    {{.name = "room before limit", .cpl = 3, .poke = {ESP0(15, DATA0), POKE(CODE0, SHORT_CODE)}},
     X86_SS_FAULT,
     DATA0},
    {{.name = "target beyond the limit", .cpl = 3, .poke = {POKE(CODE0, SHORT_CODE)}}, X86_GP, 0},
    {{.name = "target at the limit",
      .cpl = 3,
      .poke = {POKE(GATE, CALL16(CODE0)),
               POKE(CODE0, SEGMENT((ENTRY & 0xffff) - 1, 0x9au | SEG_DB))}},
     X86_GP,
     0},
    {{.name = "limit before parameters",
      .cpl = 3,
      .rsp = 0xfffffffe,
      .poke = {POKE(CODE0, SHORT_CODE), POKE(GATE, GATE_OF(CODE0, ENTRY, 0xecull, 1ull))}},
     X86_GP,
     0},
    {{.name = "parameters beyond the old stack",
      .cpl = 3,
      .rsp = 0xfffffffe,
      .poke = {POKE(GATE, GATE_OF(CODE0, 0, 0xecull, 1ull))}},
     X86_SS_FAULT,
     0},
    /* the same stack */
    {{.name = "no room here", .rsp = 7}, X86_SS_FAULT, 0},
    {{.name = "no room here, 16 bits", .rsp = 3, .poke = {POKE(GATE, CALL16(CODE0))}},
     X86_SS_FAULT,
     0},
    {{.name = "room here before limit", .rsp = 7, .poke = {POKE(CODE0, SHORT_CODE)}},
     X86_SS_FAULT,
     0},
    {{.name = "no room here, expand-down",
      .cpl = 3,
      .poke = {POKE(GATE, CALL32(CODE3))},
      .prepare = expand_down_ss_short},
     X86_SS_FAULT,
     0},
    {{.name = "here, target beyond the limit", .poke = {POKE(CODE0, SHORT_CODE)}}, X86_GP, 0},
    /* JMP */
    {{.name = "jmp to more privilege", .jmp = true, .cpl = 3}, X86_GP, CODE0},
    {{.name = "jmp to less privilege", .jmp = true, .poke = {POKE(GATE, CALL32(CODE3))}},
     X86_GP,
     CODE3},
    {{.name = "jmp to conforming, dpl above cpl",
      .jmp = true,
      .poke = {POKE(GATE, CALL32(CONFORM3))}},
     X86_GP,
     CONFORM3},
    {{.name = "jmp, gate dpl",
      .jmp = true,
      .cpl = 3,
      .poke = {POKE(GATE, GATE_OF(CODE3, 0, 0xccull, 0ull))}},
     X86_GP,
     GATE},
    {{.name = "jmp, gate absent", .jmp = true, .poke = {POKE(GATE, CALL32(CODE0) & ~PRESENT)}},
     X86_NP,
     GATE},
    {{.name = "jmp to null", .jmp = true, .poke = {POKE(GATE, CALL32(0))}}, X86_GP, 0},
    {{.name = "jmp beyond the GDT", .jmp = true, .poke = {POKE(GATE, CALL32(BEYOND))}},
     X86_GP,
     BEYOND},
    {{.name = "jmp to absent code",
      .jmp = true,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE32(0) & ~PRESENT)}},
     X86_NP,
     SPARE},
    {{.name = "jmp beyond the limit", .jmp = true, .poke = {POKE(CODE0, SHORT_CODE)}}, X86_GP, 0},
    /* IA-32e mode */
    {{.name = "64: TSS", .mode = M64, .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x89u))}},
     X86_GP,
     SPARE},
    {{.name = "64: busy TSS", .mode = M64, .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x8bu))}},
     X86_GP,
     SPARE},
    {{.name = "64: task gate", .mode = M64, .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x85u))}},
     X86_GP,
     SPARE},
    {{.name = "64: 16-bit gate", .mode = M64, .poke = {POKE(GATE, CALL16(CODE0))}}, X86_GP, GATE},
    {{.name = "64: interrupt gate",
      .mode = M64,
      .poke = {POKE(GATE, GATE_OF(CODE0, 0, 0xeeull, 0ull))}},
     X86_GP,
     GATE},
    {{.name = "64: upper half of a descriptor", .mode = M64, .selector = GATE + 8},
     X86_GP,
     GATE + 8},
    {{.name = "64: absent TSS", .mode = M64, .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x09u))}},
     X86_GP,
     SPARE},
    {{.name = "64: dpl",
      .mode = M64,
      .cpl = 3,
      .poke = {POKE(GATE, GATE_OF(CODE0, 0, 0xccull, 0ull))}},
     X86_GP,
     GATE},
    {{.name = "64: absent", .mode = M64, .poke = {POKE(GATE, CALL32(CODE0) & ~PRESENT)}},
     X86_NP,
     GATE},
    {{.name = "64: upper type",
      .mode = M64,
      .poke = {POKE(GATE, CALL32(0)), UPPER(0x0c0000000000)}},
     X86_GP,
     GATE},
    {{.name = "64: upper type, S",
      .mode = M64,
      .poke = {POKE(GATE, CALL32(0)), UPPER(0x100000000000)}},
     X86_GP,
     GATE},
    {{.name = "64: cut off", .mode = M64, .prepare = gate_at_end}, X86_GP, GATE},
    {{.name = "64: at the end of 64 KiB", .mode = M64, .selector = 0xfff8, .prepare = gate_at_top},
     X86_GP,
     0xfff8},
    {{.name = "64: to null", .mode = M64, .poke = {POKE(GATE, CALL32(0))}}, X86_GP, 0},
    {{.name = "64: to data", .mode = M64, .poke = {POKE(GATE, CALL32(DATA0))}}, X86_GP, DATA0},
    {{.name = "64: to 32-bit code",
      .mode = M64,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE32(0))}},
     X86_GP,
     SPARE},
    {{.name = "64: to 16-bit code",
      .mode = M64,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, FLAT(0x9au))}},
     X86_GP,
     SPARE},
    {{.name = "64: L and D",
      .mode = M64,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, FLAT(0x9au | SEG_L | SEG_DB))}},
     X86_GP,
     SPARE},
    {{.name = "64: L before presence",
      .mode = M64,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE32(0) & ~PRESENT)}},
     X86_GP,
     SPARE},
    {{.name = "64: code absent",
      .mode = M64,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE64(0) & ~PRESENT)}},
     X86_NP,
     SPARE},
    {{.name = "64: TSS too short", .mode = M64, .cpl = 3, .tr_limit = 10}, X86_TS, TR},
    {{.name = "64: new RSP", .mode = M64, .cpl = 3, .poke = {RSP0(0x800000000008)}},
     X86_SS_FAULT,
     0},
    {{.name = "64: new RSP before RIP",
      .mode = M64,
      .cpl = 3,
      .poke = {RSP0(0x800000000008), POKE(GATE, CALL32(CODE0)), UPPER(0x8000)}},
     X86_SS_FAULT,
     0},
    {{.name = "64: RIP", .mode = M64, .cpl = 3, .poke = {UPPER(0x8000)}}, X86_GP, 0},
    {{.name = "64: RSP here", .mode = M64, .rsp = 0x800000000008}, X86_SS_FAULT, 0},
    {{.name = "64: RSP here, lower end", .mode = M64, .rsp = 0xffff800000000008}, X86_SS_FAULT, 0},
    {{.name = "64: RSP here, end of a word", .mode = M64, .rsp = 0x800000000004}, X86_SS_FAULT, 0},
    {{.name = "64: RSP here, start of a word", .mode = M64, .rsp = 0xffff800000000004},
     X86_SS_FAULT,
     0},
    {{.name = "64: RSP here before RIP",
      .mode = M64,
      .rsp = 0x800000000008,
      .poke = {UPPER(0x8000)}},
     X86_SS_FAULT,
     0},
    {{.name = "64: RIP here", .mode = M64, .poke = {UPPER(0x8000)}}, X86_GP, 0},
    {{.name = "64: wide RIP", .mode = M64, .poke = {UPPER(0x1000000)}, .prepare = wide_unpaged},
     X86_GP,
     0},
    {{.name = "64: jmp, RIP", .mode = M64, .jmp = true, .poke = {UPPER(0x8000)}}, X86_GP, 0},
    {{.name = "64: jmp to 32-bit code",
      .mode = M64,
      .jmp = true,
      .poke = {POKE(GATE, CALL32(SPARE)), POKE(SPARE, CODE32(0))}},
     X86_GP,
     SPARE},
    {{.name = "64: jmp to more privilege", .mode = M64, .jmp = true, .cpl = 3}, X86_GP, CODE0},
};

static void run_fault(const struct given *g, uint32_t vector, uint32_t error, uint64_t cr2)
{
    static struct world w, before;
    uint32_t info = INTR_VALID | INTR_HAS_ERROR | INTR_HARDWARE_EXCEPTION << 8 | vector;

    begin(&w, g);
    memcpy(&before, &w, sizeof(w));
    ck_assert_msg(go(&w, g) == X86_GATE_FAULT, "%s: no fault", g->name);
    ck_assert_msg(w.linear.fault.info == info && w.linear.fault.error == error &&
                      w.linear.fault.cr2 == cr2,
                  "%s: %x error %x at %llx", g->name, w.linear.fault.info, w.linear.fault.error,
                  (unsigned long long)w.linear.fault.cr2);
    same_state(g->name, &before.state, &w.state);
    same_memory(g->name, before.mem, w.mem);
}

START_TEST(test_faults)
{
    run_fault(&faults[_i].given, faults[_i].vector, faults[_i].error, 0);
}
END_TEST

static const struct {
    struct given given;
    uint32_t error;
    uint64_t cr2;
} page_faults[] = {
    {{.name = "push to a supervisor page",
      .mode = M64,
      .cpl = 3,
      .poke = {POKE(GATE, CALL32(CODE3))},
      .prepare = supervisor_stack3},
     PF_PRESENT | PF_WRITE | PF_USER,
     STACK3 - 8},
    {{.name = "push at CPL 3, conforming",
      .mode = M64,
      .cpl = 3,
      .poke = {POKE(GATE, CALL32(CONFORM0))},
      .prepare = supervisor_stack3},
     PF_PRESENT | PF_WRITE | PF_USER,
     STACK3 - 8},
    {{.name = "new stack absent", .mode = M64, .cpl = 3, .prepare = absent_stack0},
     PF_WRITE,
     STACK0 - 8},
    {{.name = "new stack under SMAP", .mode = M64, .cpl = 3, .prepare = smap},
     PF_PRESENT | PF_WRITE,
     STACK0 - 8},
    {{.name = "accessed bit in a read-only page", .mode = M64, .prepare = read_only_gdt},
     PF_PRESENT | PF_WRITE,
     AT(CODE0) + 5},
    {{.name = "parameters of the supervisor",
      .cpl = 3,
      .poke = {POKE(GATE, GATE_OF(CODE0, 0, 0xecull, 1ull))},
      .prepare = supervisor_parameters},
     PF_PRESENT | PF_USER,
     STACK3},
};

START_TEST(test_page_faults)
{
    run_fault(&page_faults[_i].given, X86_PF, page_faults[_i].error, page_faults[_i].cr2);
}
END_TEST

/* ---- left to others ---------------------------------------------------------------------- */

static const struct given others[] = {
    {.name = "null", .selector = 3},
    {.name = "beyond", .selector = BEYOND},
    {.name = "no LDT", .selector = GATE | 4},
    {.name = "code", .selector = CODE0},
    {.name = "data", .selector = DATA0},
    {.name = "TSS", .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x89u))}},
    {.name = "task gate", .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x85u))}},
    {.name = "LDT", .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x82u))}},
    {.name = "interrupt gate", .selector = SPARE, .poke = {POKE(SPARE, FLAT(0x8eu))}},
    {.name = "64: null", .mode = M64, .selector = 3},
    {.name = "64: beyond", .mode = M64, .selector = BEYOND},
    {.name = "64: code", .mode = M64, .selector = CODE0},
};

START_TEST(test_others)
{
    const struct given *g = &others[_i];
    static struct world w, before;

    begin(&w, g);
    memcpy(&before, &w, sizeof(w));
    ck_assert_msg(go(&w, g) == X86_GATE_NONE, "%s", g->name);
    same_state(g->name, &before.state, &w.state);
    same_memory(g->name, before.mem, w.mem);
}
END_TEST

START_TEST(test_memory_ends)
{
    static const struct given g = {.name = "stack outside memory", .rsp = MEMORY + 8};
    static struct world w, before;

    begin(&w, &g);
    memcpy(&before, &w, sizeof(w));
    ck_assert_int_eq(go(&w, &g), X86_GATE_FAULT);
    ck_assert_uint_eq(w.linear.fault.info, 0);
    same_state(g.name, &before.state, &w.state);
}
END_TEST

/* ---- the instruction --------------------------------------------------------------------- */

#define WORDS_MAX 35

static const struct {
    struct given given;
    uint16_t cs, ss; /* ss 0: the old one */
    uint64_t rip, rsp;
    unsigned size, count; /* of the words of the frame, as they are pushed */
    uint64_t words[WORDS_MAX];
} calls[] = {
    {{.name = "same privilege"}, CODE0, 0, ENTRY, STACK3 - 8, 4, 2, {CODE0, RIP + LENGTH}},
    {{.name = "of the LDT", .selector = 4, .prepare = in_ldt},
     CODE0,
     0,
     ENTRY,
     STACK3 - 8,
     4,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "code selector of rpl 3", .poke = {POKE(GATE, CALL32(CODE0 | 3))}},
     CODE0,
     0,
     ENTRY,
     STACK3 - 8,
     4,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "code at its limit",
      .poke = {POKE(GATE, CALL16(CODE0)), POKE(CODE0, SEGMENT(ENTRY & 0xffff, 0x9au | SEG_DB))}},
     CODE0,
     0,
     ENTRY & 0xffff,
     STACK3 - 4,
     2,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "room to the byte", .rsp = 8}, CODE0, 0, ENTRY, 0, 4, 2, {CODE0, RIP + LENGTH}},
    {{.name = "16-bit gate", .poke = {POKE(GATE, CALL16(CODE0))}},
     CODE0,
     0,
     ENTRY & 0xffff,
     STACK3 - 4,
     2,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "16-bit stack wraps", .rsp = 0xabcd0004, .prepare = sp_wraps},
     CODE0,
     0,
     ENTRY,
     0xabcdfffc,
     4,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "expand-down stack",
      .cpl = 3,
      .poke = {POKE(GATE, CALL32(CODE3))},
      .prepare = expand_down_ss},
     CODE3 | 3,
     0,
     ENTRY,
     STACK3 - 8,
     4,
     2,
     {CODE3 | 3, RIP + LENGTH}},
    {{.name = "conforming, ring 3", .cpl = 3, .poke = {POKE(GATE, CALL32(CONFORM0))}},
     CONFORM0 | 3,
     0,
     ENTRY,
     STACK3 - 8,
     4,
     2,
     {CODE3 | 3, RIP + LENGTH}},
    {{.name = "conforming, ring 1", .cpl = 1, .poke = {POKE(GATE, CALL32(CONFORM0))}},
     CONFORM0 | 1,
     0,
     ENTRY,
     STACK3 - 8,
     4,
     2,
     {CODE1 | 1, RIP + LENGTH}},
    {{.name = "inward", .cpl = 3, .tr_limit = 9},
     CODE0,
     DATA0,
     ENTRY,
     STACK0 - 16,
     4,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "inward, room to the byte", .cpl = 3, .poke = {ESP0(16, DATA0)}},
     CODE0,
     DATA0,
     ENTRY,
     0,
     4,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "to ring 1", .cpl = 3, .poke = {POKE(GATE, CALL32(CODE1))}},
     CODE1 | 1,
     DATA1 | 1,
     ENTRY,
     STACK1 - 16,
     4,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "ring 1 to 0", .cpl = 1},
     CODE0,
     DATA0,
     ENTRY,
     STACK0 - 16,
     4,
     4,
     {DATA1 | 1, STACK3, CODE1 | 1, RIP + LENGTH}},
    {{.name = "parameters", .cpl = 3, .poke = {POKE(GATE, GATE_OF(CODE0, ENTRY, 0xecull, 3ull))}},
     CODE0,
     DATA0,
     ENTRY,
     STACK0 - 28,
     4,
     7,
     {DATA3 | 3, STACK3, 0xa0a20002, 0xa0a10001, 0xa0a00000, CODE3 | 3, RIP + LENGTH}},
    {{.name = "parameters, same privilege",
      .poke = {POKE(GATE, GATE_OF(CODE0, ENTRY, 0xecull, 3ull))}},
     CODE0,
     0,
     ENTRY,
     STACK3 - 8,
     4,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "parameters, 16 bits",
      .cpl = 3,
      .poke = {POKE(GATE, GATE_OF(CODE0, ENTRY, 0xe4ull, 3ull))}},
     CODE0,
     DATA0,
     ENTRY & 0xffff,
     STACK0 - 14,
     2,
     7,
     {DATA3 | 3, STACK3, 0x0001, 0xa0a0, 0x0000, CODE3 | 3, RIP + LENGTH}},
    {{.name = "16-bit TSS", .mode = M16, .cpl = 3, .tr_limit = 5},
     CODE0,
     DATA0,
     ENTRY,
     STACK0 - 16,
     4,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "16-bit TSS, ring 1", .mode = M16, .cpl = 3, .poke = {POKE(GATE, CALL32(CODE1))}},
     CODE1 | 1,
     DATA1 | 1,
     ENTRY,
     STACK1 - 16,
     4,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "expand-down, to the limit",
      .cpl = 3,
      .poke = {ESP0(STACK0, SPARE), POKE(SPARE, SEGMENT(STACK0 - 17, 0x96u | SEG_DB))}},
     CODE0,
     SPARE,
     ENTRY,
     STACK0 - 16,
     4,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "64: same privilege", .mode = M64, .poke = {UPPER(0x7fff)}},
     CODE0,
     0,
     0x7fff00000000 | ENTRY,
     STACK3 - 16,
     8,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "64: from compatibility mode", .mode = M64, .prepare = compatibility},
     CODE0,
     0,
     ENTRY,
     STACK3 - 16,
     8,
     2,
     {CODE0, LENGTH - 4}},
    {{.name = "64: limits do not count",
      .mode = M64,
      .poke = {POKE(CODE0, SEGMENT(0u, 0x9au | SEG_L))}},
     CODE0,
     0,
     ENTRY,
     STACK3 - 16,
     8,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "64: no base", .mode = M64, .poke = {POKE(CODE0, CODE64(0) | 0x5600000000000000)}},
     CODE0,
     0,
     ENTRY,
     STACK3 - 16,
     8,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "64: conforming", .mode = M64, .cpl = 3, .poke = {POKE(GATE, CALL32(CONFORM0))}},
     CONFORM0 | 3,
     0,
     ENTRY,
     STACK3 - 16,
     8,
     2,
     {CODE3 | 3, RIP + LENGTH}},
    {{.name = "64: inward", .mode = M64, .cpl = 3, .tr_limit = 11},
     CODE0,
     1,
     ENTRY,
     STACK0 - 32,
     8,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "64: inward, to ring 1", .mode = M64, .cpl = 3, .poke = {POKE(GATE, CALL32(CODE1))}},
     CODE1 | 1,
     1,
     ENTRY,
     STACK1 - 32,
     8,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "64: no parameters",
      .mode = M64,
      .cpl = 3,
      .poke = {POKE(GATE, GATE_OF(CODE0, ENTRY, 0xecull, 31ull))}},
     CODE0,
     1,
     ENTRY,
     STACK0 - 32,
     8,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "64: tables and new stack of the supervisor",
      .mode = M64,
      .cpl = 3,
      .prepare = all_supervisor_but_stack3},
     CODE0,
     1,
     ENTRY,
     STACK0 - 32,
     8,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "64: new stack under SMAP, AC set", .mode = M64, .cpl = 3, .prepare = smap_with_ac},
     CODE0,
     1,
     ENTRY,
     STACK0 - 32,
     8,
     4,
     {DATA3 | 3, STACK3, CODE3 | 3, RIP + LENGTH}},
    {{.name = "64: accessed already", .mode = M64, .prepare = code_accessed},
     CODE0,
     0,
     ENTRY,
     STACK3 - 16,
     8,
     2,
     {CODE0, RIP + LENGTH}},
    {{.name = "jmp", .jmp = true}, CODE0, 0, ENTRY, STACK3, 4, 0, {0}},
    {{.name = "jmp, no stack", .jmp = true, .rsp = 3}, CODE0, 0, ENTRY, 3, 4, 0, {0}},
    {{.name = "jmp, 16 bits", .jmp = true, .poke = {POKE(GATE, CALL16(CODE0))}},
     CODE0,
     0,
     ENTRY & 0xffff,
     STACK3,
     2,
     0,
     {0}},
    {{.name = "jmp, ring 3", .jmp = true, .cpl = 3, .poke = {POKE(GATE, CALL32(CODE3))}},
     CODE3 | 3,
     0,
     ENTRY,
     STACK3,
     4,
     0,
     {0}},
    {{.name = "jmp, conforming", .jmp = true, .cpl = 3, .poke = {POKE(GATE, CALL32(CONFORM0))}},
     CONFORM0 | 3,
     0,
     ENTRY,
     STACK3,
     4,
     0,
     {0}},
    {{.name = "64: jmp", .mode = M64, .jmp = true, .poke = {UPPER(0xffff8000)}},
     CODE0,
     0,
     0xffff800000000000 | ENTRY,
     STACK3,
     8,
     0,
     {0}},
    {{.name = "64: jmp, 57 bits",
      .mode = M64,
      .jmp = true,
      .poke = {UPPER(0x800000)},
      .prepare = wide_unpaged},
     CODE0,
     0,
     0x80000000000000 | ENTRY,
     STACK3,
     8,
     0,
     {0}},
    {{.name = "64: jmp, conforming",
      .mode = M64,
      .jmp = true,
      .cpl = 3,
      .poke = {POKE(GATE, CALL32(CONFORM0))}},
     CONFORM0 | 3,
     0,
     ENTRY,
     STACK3,
     8,
     0,
     {0}},
};

/* The descriptor of `selector`, accessed from now on, becomes a segment register. */
static void expect_segment(struct world *w, enum x86_seg seg, uint16_t selector)
{
    uint8_t *descriptor = w->mem + AT(selector & ~7u);

    descriptor[5] |= 1;
    x86_descriptor_segment(get_le64(descriptor), selector, &w->state.seg[seg]);
}

static void expect_frame(struct world *w, uint64_t rsp, unsigned size, unsigned count,
                         const uint64_t *words)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[8];

        put_le64(bytes, words[i]);
        memcpy(w->mem + ((rsp + (count - 1 - i) * size) & 0xffff), bytes, size);
    }
}

START_TEST(test_instruction)
{
    const struct given *g = &calls[_i].given;
    static struct world w, want;
    struct x86_state *s = &want.state;
    unsigned cpl = calls[_i].cs & 3;

    begin(&w, g);
    memcpy(&want, &w, sizeof(w));
    ck_assert_msg(go(&w, g) == X86_GATE_DONE, "%s: vector %x", g->name, w.linear.fault.info);
    expect_segment(&want, X86_CS, calls[_i].cs);
    if (g->mode == M64)
        s->seg[X86_CS].base = 0;
    if (calls[_i].ss && g->mode == M64) /* null, and CPL in its DPL and RPL */
        s->seg[X86_SS] =
            (struct x86_segment){.selector = (uint16_t)cpl, .access = SEG_UNUSABLE | DPL(cpl)};
    else if (calls[_i].ss)
        expect_segment(&want, X86_SS, calls[_i].ss);
    expect_frame(&want, calls[_i].rsp, calls[_i].size, calls[_i].count, calls[_i].words);
    s->gpr[X86_RSP] = calls[_i].rsp;
    s->rip = calls[_i].rip;
    s->rflags &= ~(uint64_t)RFLAGS_RF;
    s->interruptibility = 0;
    same_state(g->name, s, &w.state);
    same_memory(g->name, want.mem, w.mem);
    ck_assert_uint_eq(x86_cpl(&w.state), cpl);
    ck_assert_int_eq(w.linear.kind, X86_LINEAR_IMPLICIT);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
    Suite *suite = suite_create("call_gate");
    TCase *tc = tcase_create("checks");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, test_faults, 0, COUNT(faults));
    tcase_add_loop_test(tc, test_page_faults, 0, COUNT(page_faults));
    tcase_add_loop_test(tc, test_others, 0, COUNT(others));
    tcase_add_test(tc, test_memory_ends);
    tcase_add_loop_test(tc, test_instruction, 0, COUNT(calls));
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

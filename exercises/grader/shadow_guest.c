/* The guest of exercise 06, see shadow_guest.h. */
#include "exercises/grader/shadow_guest.h"

#include "exercises/lib/wire.h"
#include "x86/regs.h"

#include <string.h>

enum {
    P = 1,
    W = 2,
    A = 0x20,
    PDPT = 0x12000,
    PD = 0x14000,
    PT = 0x16000,
    UPPER_PT = 0x18000,
    DATA = 0x20000,
    DATA_PAGES = 32,
    WINDOW = 0x40,
    WINDOW_PAGES = 32,
    UPPER = 0x200000
};

struct writer {
    struct shadow_guest *guest;
    uint64_t at, bad; /* addresses */
};

/* ---- memory ---------------------------------------------------------------------------------- */

static bool read_ram(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    const uint8_t *ram = ctx;

    if (gpa > SHADOW_RAM - size)
        return false;
    *value = wire_get(ram + gpa, size);
    return true;
}

static void write_ram(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    uint8_t *ram = ctx;

    if (gpa <= SHADOW_RAM - size)
        wire_put(ram + gpa, size, value);
}

void shadow_guest_paging(struct x86_paging *mmu, uint64_t cr3)
{
    *mmu = (struct x86_paging){.cr0 = CR0_PG | CR0_WP | CR0_ET | CR0_PE,
                               .cr3 = cr3,
                               .cr4 = CR4_PAE,
                               .efer = EFER_LME | EFER_LMA};
}

/* One access as the guest's tables have it now; A and D are set. */
static void touch(struct writer *w, uint64_t gva, enum x86_access access, struct x86_walk *walk)
{
    struct x86_paging mmu;

    shadow_guest_paging(&mmu, w->guest->cr3);
    mmu.read = read_ram;
    mmu.ctx = w->guest->end;
    x86_walk(&mmu, gva, access, false, walk);
    if (walk->verdict == X86_WALK_OK)
        x86_walk_set_accessed_dirty(walk, access, write_ram, w->guest->end);
}

/* ---- code ------------------------------------------------------------------------------------ */

static void put(struct writer *w, const uint8_t *bytes, unsigned size)
{
    memcpy(w->guest->start + w->at, bytes, size);
    w->at += size;
}

static void put32(struct writer *w, uint64_t value)
{
    uint8_t bytes[4];

    wire_put(bytes, 4, value);
    put(w, bytes, 4);
}

static struct shadow_op *add_op(struct writer *w, uint64_t gva, enum x86_access access,
                                struct x86_walk *walk)
{
    struct shadow_op *op = &w->guest->ops[w->guest->count++];

    touch(w, gva, access, walk);
    *op = (struct shadow_op){.rip = w->at,
                             .gva = gva,
                             .store = access == X86_WRITE,
                             .size = 4,
                             .faults = walk->verdict != X86_WALK_OK,
                             .error_code = walk->error_code};
    return op;
}

/* mov eax, [address]; unless that faults: cmp eax, value; jne bad */
static void put_read(struct writer *w, uint64_t gva)
{
    struct x86_walk walk;
    struct shadow_op *op = add_op(w, gva, X86_READ, &walk);

    put(w, (const uint8_t[]){0x8b, 0x04, 0x25}, 3);
    put32(w, gva);
    op->length = (uint8_t)(w->at - op->rip);
    if (op->faults)
        return;
    put(w, (const uint8_t[]){0x3d}, 1);
    put32(w, wire_get(w->guest->end + walk.gpa, 4));
    put(w, (const uint8_t[]){0x0f, 0x85}, 2);
    put32(w, w->bad - (w->at + 4));
}

/* mov dword [address], value */
static void put_store(struct writer *w, uint64_t gva, uint64_t value)
{
    struct x86_walk walk;
    struct shadow_op *op = add_op(w, gva, X86_WRITE, &walk);

    op->value = value;
    put(w, (const uint8_t[]){0xc7, 0x04, 0x25}, 3);
    put32(w, gva);
    put32(w, value);
    op->length = (uint8_t)(w->at - op->rip);
    if (!op->faults)
        wire_put(w->guest->end + walk.gpa, 4, value);
}

/* invlpg [address] */
static void put_invlpg(struct writer *w, uint64_t gva)
{
    put(w, (const uint8_t[]){0x0f, 0x01, 0x3c, 0x25}, 4);
    put32(w, gva);
}

/* mov eax, root; mov cr3, rax */
static void put_switch(struct writer *w)
{
    w->guest->cr3 ^= 0x1000;
    put(w, (const uint8_t[]){0xb8}, 1);
    put32(w, w->guest->cr3);
    put(w, (const uint8_t[]){0x0f, 0x22, 0xd8}, 3);
}

/* mov al, value; out 0f4h, al */
static void put_end(struct writer *w, uint8_t value)
{
    put(w, (const uint8_t[]){0xb0, value, 0xe6, 0xf4}, 4);
}

/* ---- what it does ---------------------------------------------------------------------------- */

static bool percent(struct grader_random *r, unsigned n)
{
    return random_below(r, 100) < n;
}

static uint64_t window_entry(struct grader_random *r, const struct shadow_plan *plan)
{
    uint64_t entry = DATA + random_below(r, DATA_PAGES) * 4096;

    entry |= percent(r, plan->absent) ? 0 : P;
    return entry | (percent(r, plan->read_only) ? 0 : W);
}

/* A word of the window, or of the part above it. */
static uint64_t window_address(struct grader_random *r)
{
    uint64_t page = random_below(r, WINDOW_PAGES), word = random_below(r, 4) * 4;

    return percent(r, 25) ? UPPER + (page % 8) * 4096 + word : (WINDOW + page) * 4096 + word;
}

static unsigned space(const struct writer *w)
{
    return w->guest->cr3 == SHADOW_ROOT ? 0 : 1;
}

static void change_pte(struct writer *w, const struct shadow_plan *plan, struct grader_random *r)
{
    uint64_t page = WINDOW + random_below(r, WINDOW_PAGES);
    bool mine = percent(r, 70); /* else in the other space's table, which is none at the moment */
    unsigned which = mine ? space(w) : 1 - space(w);

    put_store(w, PT + which * 0x1000 + page * 8, window_entry(r, plan));
    if (percent(r, 40))
        put_invlpg(w, page * 4096);
}

/*
 * Another PT above. It is written before it is a table, then as one: who could write it has to lose that.
 */
static void change_pde(struct writer *w, const struct shadow_plan *plan, struct grader_random *r)
{
    uint64_t table = UPPER_PT + random_below(r, 2) * 0x1000, page = random_below(r, 8);

    put_store(w, table + page * 8, window_entry(r, plan));
    put_store(w, PD + space(w) * 0x1000 + 8, table | W | P);
    put_read(w, UPPER + page * 4096);
    put_store(w, table + page * 8, window_entry(r, plan));
    put_read(w, UPPER + page * 4096);
}

/* Not what would fault, where a guest without faults is asked for. */
static void access_window(struct writer *w, const struct shadow_plan *plan, bool writes,
                          struct grader_random *r)
{
    struct x86_paging mmu;
    struct x86_walk walk;
    uint64_t gva;

    shadow_guest_paging(&mmu, w->guest->cr3);
    mmu.read = read_ram;
    mmu.ctx = w->guest->end;
    do {
        gva = window_address(r);
        x86_walk(&mmu, gva, writes ? X86_WRITE : X86_READ, false, &walk);
    } while (!plan->faults && walk.verdict != X86_WALK_OK);
    if (writes)
        put_store(w, gva, random_next(r) & UINT32_MAX);
    else
        put_read(w, gva);
}

static void operation(struct writer *w, const struct shadow_plan *plan, struct grader_random *r)
{
    unsigned what = (unsigned)random_below(r, 100);

    if (what < plan->writes)
        access_window(w, plan, true, r);
    else if ((what -= plan->writes) < plan->ptes)
        change_pte(w, plan, r);
    else if ((what -= plan->ptes) < plan->pdes)
        change_pde(w, plan, r);
    else if ((what -= plan->pdes) < plan->switches)
        put_switch(w);
    else
        access_window(w, plan, false, r);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void entry_set(struct shadow_guest *g, uint64_t table, uint64_t index, uint64_t entry)
{
    wire_put(g->start + table + index * 8, 8, entry);
}

static void make_tables(struct shadow_guest *g, const struct shadow_plan *plan,
                        struct grader_random *r)
{
    for (unsigned s = 0; s < 2; s++) {
        uint64_t next = s * 0x1000;

        entry_set(g, SHADOW_ROOT + next, 0, (PDPT + next) | W | P);
        entry_set(g, PDPT + next, 0, (PD + next) | W | P);
        entry_set(g, PD + next, 0, (PT + next) | W | P);
        entry_set(g, PD + next, 1, (UPPER_PT + next) | W | P);
        for (uint64_t page = 1; page < WINDOW; page++)
            entry_set(g, PT + next, page,
                      page * 4096 | P | (page * 4096 < SHADOW_CODE_END ? 0 : W));
        for (uint64_t page = 0; page < WINDOW_PAGES; page++)
            entry_set(g, PT + next, WINDOW + page, window_entry(r, plan));
        for (uint64_t page = 0; page < 8; page++)
            entry_set(g, UPPER_PT + next, page, window_entry(r, plan) | P);
    }
    for (unsigned at = DATA; at < DATA + DATA_PAGES * 4096; at += 4)
        wire_put(g->start + at, 4, random_next(r));
}

/*
 * The code is fetched through its tables, too: A in their entries, and in those of its own pages, as far
 * as it has come. Whoever compares leaves A of the code's entries out.
 */
void shadow_guest_make(struct shadow_guest *guest, const struct shadow_plan *plan,
                       struct grader_random *random)
{
    struct writer w = {.guest = guest, .at = SHADOW_CODE_END - 4};

    memset(guest, 0, sizeof(*guest));
    guest->cr3 = SHADOW_ROOT;
    make_tables(guest, plan, random);
    memcpy(guest->end, guest->start, sizeof(guest->end));
    w.bad = w.at;
    put_end(&w, 1);
    w.at = SHADOW_CODE;
    while (guest->count < SHADOW_OPS_MAX - 8 && w.at < SHADOW_CODE_END - 128)
        operation(&w, plan, random);
    put_end(&w, 0);
    memcpy(guest->end + SHADOW_CODE, guest->start + SHADOW_CODE, SHADOW_CODE_END - SHADOW_CODE);
}

const struct shadow_op *shadow_guest_op(const struct shadow_guest *guest, uint64_t rip)
{
    for (unsigned i = 0; i < guest->count; i++)
        if (guest->ops[i].rip == rip)
            return &guest->ops[i];
    return NULL;
}

/*
 * Guest memory for the screen. See session_memory.h.
 *
 * Linear addresses are translated as machine_read_linear() does it: as a supervisor whom SMAP does
 * not stop. Devices are not read: that could change them.
 */
#include "tui/session_memory.h"
#include "core/backend.h"
#include "x86/disasm.h"

#include <stdio.h>
#include <string.h>

/* Addresses first..last, which a walk answers in one: a page, or more where nothing is mapped. */
struct span {
    uint64_t first, last;
    struct memory_page page;
};

/* The last address there is, SDM vol. 3, 3.3 and 4.1.4: MAXPHYADDR is 40, as CPUID says. */
static uint64_t last_address(const struct machine *m, bool physical)
{
    struct x86_paging mmu;

    if (physical)
        return (1ull << 40) - 1;
    m->vcpu->ops->get_paging(m->vcpu, &mmu);
    return mmu.efer & EFER_LMA ? UINT64_MAX : UINT32_MAX;
}

static void page_behind(const struct machine *m, uint64_t gpa, struct memory_page *page)
{
    const struct ram_slot *slot = ram_find(&m->ram, gpa);

    page->gpa = gpa;
    page->status = slot ? MEMORY_THERE : MEMORY_NOTHING;
    page->rom = slot && slot->read_only;
    page->ept = ept_rights(&m->ept, gpa);
}

/* Guest-physical: where nothing is, up to the next slot. */
static void span_physical(const struct machine *m, uint64_t address, struct span *span)
{
    page_behind(m, address, &span->page);
    if (span->page.status == MEMORY_THERE)
        return;
    span->first = 0;
    span->last = last_address(m, true);
    for (unsigned i = 0; i < m->ram.count; i++) {
        uint64_t first = m->ram.slots[i].gpa, last = first + m->ram.slots[i].size - 1;

        if (first > address && first - 1 < span->last)
            span->last = first - 1;
        if (last < address && last + 1 > span->first)
            span->first = last + 1;
    }
}

static void span_unmapped(const struct x86_walk *walk, const struct x86_paging *mmu,
                          struct span *span)
{
    if (walk->verdict == X86_WALK_NOT_CANONICAL) {
        unsigned bits = mmu->cr4 & CR4_LA57 ? 56 : 47;

        span->first = 1ull << bits;
        span->last = ~0ull - span->first;
    } else if (walk->count > 0 || walk->verdict == X86_WALK_NO_TABLE) {
        uint64_t size = x86_walk_span(walk);

        span->first = walk->gva & ~(size - 1);
        span->last = span->first + size - 1;
    }
}

static void span_linear(const struct machine *m, uint64_t address, struct span *span)
{
    struct x86_paging mmu;
    struct x86_walk walk;

    m->vcpu->ops->get_paging(m->vcpu, &mmu);
    mmu.ac = true;
    mmu.pkru = 0;
    x86_walk(&mmu, address, X86_READ, false, &walk);
    span->page.status = MEMORY_UNMAPPED;
    if (walk.verdict == X86_WALK_OK)
        page_behind(m, walk.gpa, &span->page);
    else
        span_unmapped(&walk, &mmu, span);
    span->page.rule = walk.rule;
    span->page.rights = walk.rights;
    span->page.page_size = mmu.cr0 & CR0_PG ? walk.page_size : 0;
}

static void span_find(const struct machine *m, bool physical, uint64_t address, struct span *span)
{
    address &= PAGE_MASK;
    *span = (struct span){.first = address, .last = address + (PAGE_SIZE - 1)};
    if (address > last_address(m, physical))
        span->page.status = MEMORY_BEYOND;
    else if (physical)
        span_physical(m, address, span);
    else
        span_linear(m, address, span);
}

/* ---- the window -------------------------------------------------------------------------- */

static uint64_t place_now(const struct session *s, const struct memory_place *place)
{
    struct x86_state state;

    machine_get_state(s->machine, &state);
    return memory_place_address(place, &state);
}

/* One page of the window; at its ends only the part that belongs to it. */
static void page_read(const struct machine *m, struct memory_window *w, unsigned i)
{
    uint64_t page = (w->start & PAGE_MASK) + (uint64_t)i * PAGE_SIZE;
    uint64_t first = i == 0 ? w->start : page, end = w->start + (MEMORY_WINDOW - 1);
    uint64_t last = end - page < PAGE_SIZE ? end : page + (PAGE_SIZE - 1);
    struct span span;

    span_find(m, w->physical, page, &span);
    w->pages[i] = span.page;
    if (span.page.status == MEMORY_THERE &&
        !ram_read(&m->ram, span.page.gpa + (first - page), w->bytes + (first - w->start),
                  last - first + 1))
        w->pages[i].status = MEMORY_NOTHING;
}

static void window_read(const struct session *s, struct memory_window *w)
{
    uint64_t pages;

    w->on = s->looks && s->machine;
    if (!w->on)
        return;
    w->physical = s->place.physical;
    w->start = memory_window_start(place_now(s, &s->place));
    pages = ((w->start & (PAGE_SIZE - 1)) + MEMORY_WINDOW - 1) / PAGE_SIZE + 1;
    for (unsigned i = 0; i < pages; i++)
        page_read(s->machine, w, i);
}

void session_look(struct session *s, const struct command *command)
{
    s->looks = true;
    s->place = command->place;
}

void session_memory_keep(struct session *s)
{
    window_read(s, &s->memory_before);
}

static void insn_publish(struct session *s, struct model *model)
{
    struct x86_disasm_line text;
    struct code_line *line = &model->memory_insn;
    size_t size =
        memory_window_read(&model->memory, model->memory_at, line->bytes, sizeof(line->bytes));

    line->address = model->memory_at;
    line->length = 0;
    if (size == 0)
        return;
    x86_disasm_one(s->disasm, line->bytes, size, x86_mode_bits(model_mode(model)), model->memory_at,
                   &text);
    if (text.length > size)
        return;
    line->length = text.length;
    snprintf(line->text, sizeof(line->text), "%s", text.text);
}

void session_memory_publish(struct session *s, struct model *model)
{
    model->found = s->found;
    model->memory.on = false;
    if (!s->looks)
        return;
    model->memory_place = s->place;
    model->memory_at = memory_place_address(&s->place, &model->now);
    window_read(s, &model->memory);
    model->memory_before = s->memory_before;
    insn_publish(s, model);
}

/* ---- finding ----------------------------------------------------------------------------- */

struct search {
    const struct machine *m;
    const struct command *what;
    uint64_t last;  /* of the address space */
    uint64_t pages; /* read so far */
    uint8_t bytes[PAGE_SIZE + MEMORY_PATTERN];
};

/* From the start of a page on into the next one, so that what lies across is found, too. */
static size_t search_read(struct search *f, uint64_t page)
{
    uint64_t left = f->last - page;
    size_t size = PAGE_SIZE + f->what->pattern_size - 1u, part;

    if (left < size - 1)
        size = (size_t)left + 1;
    f->pages++;
    if (!f->what->place.physical)
        return machine_read_linear(f->m, page, f->bytes, size);
    part = size < PAGE_SIZE ? size : PAGE_SIZE;
    if (!ram_read(&f->m->ram, page, f->bytes, part))
        return 0;
    if (part < size && !ram_read(&f->m->ram, page + part, f->bytes + part, size - part))
        return part;
    return size;
}

/* In one page: a match that begins at offset from..to, the first or the last of them; -1: none. */
static int page_search(struct search *f, uint64_t page, int from, int to)
{
    size_t size = search_read(f, page);
    int last = (int)size - f->what->pattern_size;
    int step = f->what->backward ? -1 : 1;

    if (last > to)
        last = to;
    for (int at = step > 0 ? from : last; at >= from && at <= last; at += step)
        if (f->bytes[at] == f->what->pattern[0] &&
            memcmp(f->bytes + at, f->what->pattern, f->what->pattern_size) == 0)
            return at;
    return -1;
}

/* The next span in the direction; true when that was past the end of the address space. */
static bool search_next(const struct search *f, const struct span *span, uint64_t *page)
{
    if (f->what->backward) {
        bool wraps = span->first == 0;

        *page = (wraps ? f->last : span->first - 1) & PAGE_MASK;
        return wraps;
    }
    if (span->last >= f->last) {
        *page = 0;
        return true;
    }
    *page = span->last + 1;
    return false;
}

/*
 * From the address on, around, and to its page again. Both bounds are needed: a guest may map the
 * whole address space to nothing, or to the same page.
 */
static bool search(struct search *f, uint64_t start, uint64_t *address)
{
    enum { SPANS = 1 << 20 };
    bool back = f->what->backward, wrapped = false;
    uint64_t home = start & PAGE_MASK, page = home;
    int in_page = (int)(start - home), from = back ? 0 : in_page;
    int to = back ? in_page : (int)PAGE_SIZE - 1;

    for (unsigned spans = 0; spans < SPANS && f->pages < SEARCH_PAGES; spans++) {
        struct span span;
        int at = -1;

        if (wrapped && (back ? page < home : page > home))
            return false;
        span_find(f->m, f->what->place.physical, page, &span);
        if (span.page.status == MEMORY_THERE)
            at = page_search(f, page, from, to);
        if (at >= 0) {
            *address = page + (uint64_t)at;
            return true;
        }
        from = 0;
        to = (int)PAGE_SIZE - 1;
        wrapped |= search_next(f, &span, &page);
    }
    return false;
}

/* One further than the place, so that the same match is not found again before all others. */
static uint64_t search_start(const struct search *f, uint64_t address)
{
    if (address > f->last)
        address = f->what->backward ? f->last : 0;
    else if (f->what->backward)
        address = address == 0 ? f->last : address - 1;
    else
        address = address == f->last ? 0 : address + 1;
    return address;
}

void session_find(struct session *s, const struct command *command)
{
    struct search f = {.m = s->machine, .what = command};
    uint64_t start, mib;

    if (!s->machine || command->pattern_size == 0 || command->pattern_size > MEMORY_PATTERN)
        return;
    f.last = last_address(s->machine, command->place.physical);
    start = search_start(&f, place_now(s, &command->place));
    s->found.id++;
    s->found.physical = command->place.physical;
    s->found.hit = search(&f, start, &s->found.address);
    mib = f.pages * PAGE_SIZE / (1u << 20);
    if (s->found.hit)
        session_message(s, false, "found at %llx", (unsigned long long)s->found.address);
    else
        session_message(s, true, "not found in %llu %s of %s memory",
                        (unsigned long long)(mib ? mib : f.pages * (PAGE_SIZE / 1024)),
                        mib ? "MiB" : "KiB", command->place.physical ? "guest-physical" : "linear");
}

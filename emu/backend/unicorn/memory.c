/*
 * Both translation stages of the emulated CPU: what the core's own TLB misses comes here. It is
 * looked for in the guest's TLB (x86/tlb), the guest's tables are walked by x86/paging,
 * guest-physical pages are looked up in the second stage (mmu/ept), and what neither allows is
 * denied, which ends the run with RIP on the instruction.
 *
 * The core's TLB holds nothing that the guest's does not hold, and may be flushed at any time: it
 * cannot be seen. What leaves the guest's TLB must leave the core's, too. When the guest's is full,
 * the access is denied once (FAULT_TLB_FULL) and the instruction begins again with an empty one.
 *
 * Kept up here too: A and D bits, the dirty log (a clean page is mapped read-only, so its first
 * store comes back), and which pages hold code. A page is either writable or executable in the
 * TLB until a guest writes to a page that it also runs: that page is PAGE_MIXED from then on, both
 * at once (the core invalidates its translations itself, at a cost for each store). The write that
 * makes it so is denied first (FAULT_CODE_WRITTEN), so that count.c knows before it happens.
 */
#include "backend/unicorn/engine.h"

#include "backend/unicorn/vmcb.h"
#include "core/nested.h"
#include "mmu/shadow.h"
#include "x86/operand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- host memory and code pages ---------------------------------------------------------------- */

static const struct host_memory *host_of(const struct engine *e)
{
    return e->machine->ram.host;
}

static int map_chunk(struct engine *e, unsigned i, struct error *err)
{
    const struct host_chunk *chunk = &host_of(e)->chunks[i];
    uc_err rc;

    e->page_use[i] = calloc(chunk->size / PAGE_SIZE, 1);
    if (!e->page_use[i])
        return error_set(err, -ENOMEM, "Unicorn: out of memory");
    rc = uc_mem_map_ptr(e->uc, HPA_HOST_BASE + chunk->hpa, chunk->size, UC_PROT_ALL, chunk->bytes);
    if (rc)
        return error_set(err, -ENOMEM, "Unicorn: cannot map RAM: %s", uc_strerror(rc));
    return 0;
}

int memory_map(struct engine *e, struct error *err)
{
    int rc = 0;

    while (!rc && e->chunks_mapped < host_of(e)->count)
        rc = map_chunk(e, e->chunks_mapped++, err);
    return rc;
}

void memory_unmap(struct engine *e)
{
    for (unsigned i = 0; i < HOST_CHUNKS_MAX; i++)
        free(e->page_use[i]);
}

/* Of the frame at an HPA; NULL when the engine has not mapped it. */
static uint8_t *page_use(struct engine *e, uint64_t hpa)
{
    const struct host_chunk *chunk = host_memory_chunk(host_of(e), hpa);
    size_t i = chunk ? (size_t)(chunk - host_of(e)->chunks) : HOST_CHUNKS_MAX;

    return i < e->chunks_mapped ? &e->page_use[i][(hpa - chunk->hpa) / PAGE_SIZE] : NULL;
}

static bool is_data(struct engine *e, uint64_t hpa)
{
    const uint8_t *use = page_use(e, hpa);

    return !use || *use == PAGE_DATA;
}

bool memory_hpa(struct engine *e, uint64_t gpa, uint64_t *hpa)
{
    struct ept_walk walk;

    ept_walk(e->machine->cpu_ept, gpa, 0, &walk);
    *hpa = walk.hpa;
    return walk.verdict == EPT_OK;
}

/* Bytes at a guest-physical address as the CPU reaches them, within a page. */
static uint8_t *gpa_ptr(struct engine *e, uint64_t gpa, uint64_t size)
{
    uint64_t hpa;

    return memory_hpa(e, gpa, &hpa) ? host_memory_ptr(host_of(e), hpa, size) : NULL;
}

void memory_flush(struct engine *e)
{
    uc_ctl_flush_tlb(e->uc);
    e->generation++;
    count_forget(e);
}

void memory_flush_tlb(struct engine *e)
{
    x86_tlb_drop_all(&e->vcpu->tlb);
    memory_flush(e);
}

/* What was translated from a frame. */
static void drop_code(struct engine *e, uint64_t hpa)
{
    uint64_t alias = ALIAS_BASE + (hpa & PAGE_MASK);

    if (!is_data(e, hpa))
        uc_ctl_remove_cache(e->uc, alias, alias + PAGE_SIZE);
}

/* The frame of a page: the machine's own tables lead where its RAM is, and need no walk. */
static bool frame_of(struct engine *e, uint64_t gpa, uint64_t *hpa)
{
    const struct machine *m = e->machine;

    if (m->cpu_ept != &m->ept)
        return memory_hpa(e, gpa, hpa);
    *hpa = ram_hpa(&m->ram, gpa);
    return *hpa != RAM_NOWHERE;
}

void memory_invalidate(struct engine *e, uint64_t gpa, uint64_t size)
{
    uint64_t first = gpa & PAGE_MASK, hpa;

    for (uint64_t page = first; page - first < size + (gpa - first); page += PAGE_SIZE)
        if (frame_of(e, page, &hpa))
            drop_code(e, hpa);
    if (e->loaded) /* else loading the guest does */
        memory_flush(e);
}

/*
 * While fetches are denied no page is executable in the core's TLB, and a store to one that is not
 * drops no translations.
 */
static void note_push(struct engine *e, uint64_t hpa)
{
    if (e->pushed_count < sizeof(e->pushed) / sizeof(e->pushed[0]))
        e->pushed[e->pushed_count++] = hpa;
    else
        drop_code(e, hpa); /* of no delivery: its stack spans two pages at most */
}

void memory_settle_pushes(struct engine *e)
{
    if (e->pushed_count)
        memory_flush(e);
    while (e->pushed_count)
        drop_code(e, e->pushed[--e->pushed_count]);
}

/* ---- guest tables ------------------------------------------------------------------------ */

/* For who looks: one table at a time. The CPU's own walks keep what they find, nested_read(). */
static bool table_read(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    struct engine *e = ctx;
    struct nested_tables tables = {.ept = e->machine->cpu_ept};

    return nested_read(&tables, gpa, size, value);
}

/* nested_flags_refused() said that it may be. */
static void table_write(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    struct engine *e = ctx;
    uint8_t *p = gpa_ptr(e, gpa, size);

    if (!p)
        return;
    memcpy(p, &value, size);
    ram_mark_dirty(&e->machine->ram, gpa);
}

void memory_paging(struct engine *e, struct x86_paging *mmu)
{
    *mmu = (struct x86_paging){.cr0 = e->cr0,
                               .cr3 = e->cr3,
                               .cr4 = e->cr4,
                               .efer = e->efer,
                               .pkru = e->state.pkru,
                               .pdpte = e->state.pdpte,
                               .read = table_read,
                               .ctx = e};
}

/* ---- stage one --------------------------------------------------------------------------- */

/* One translation: from the guest's TLB, or with a walk through the second stage. */
struct translation {
    struct x86_paging mmu;
    struct nested_tables tables;
    struct x86_walk walk;
};

static bool shadow_paging(const struct engine *e)
{
    return e->machine->config.shadow_paging;
}

/* By the guest's own tables. */
static void translation_begin(struct engine *e, struct translation *t)
{
    memory_paging(e, &t->mmu);
    t->mmu.read = nested_read;
    t->mmu.ctx = &t->tables;
    t->tables.ept = e->machine->cpu_ept;
}

/* By what the CPU walks: with shadow paging, tables that lead to host memory at once. */
static void cpu_translation_begin(struct engine *e, struct translation *t)
{
    struct x86_paging guest;

    translation_begin(e, t);
    if (!shadow_paging(e))
        return;
    guest = t->mmu;
    shadow_registers(&guest, e->machine->shadow_root, e->machine->ram.host, &t->mmu);
}

static void translate(struct engine *e, struct translation *t, uint64_t gva, enum x86_access access,
                      bool user)
{
    t->tables.count = 0;
    t->tables.refused = false;
    if (!x86_tlb_translate(&e->vcpu->tlb, &t->mmu, gva, access, user, &t->walk))
        x86_walk(&t->mmu, gva, access, user, &t->walk);
}

static void cpu_translate(struct engine *e, struct translation *t, uint64_t gva,
                          enum x86_access access, bool user)
{
    if (!shadow_paging(e)) {
        translate(e, t, gva, access, user);
        return;
    }
    x86_walk(&t->mmu, gva, access, user, &t->walk);
    if (t->walk.verdict != X86_WALK_OK || host_memory_ptr(host_of(e), t->walk.gpa, 1))
        return;
    t->walk.verdict = X86_WALK_NOT_PRESENT; /* leads out of the host's memory */
    t->walk.error_code &= ~PF_PRESENT;
}

/* The second stage does not let the CPU read a table, or set a flag there. */
static enum fault_kind table_refused(struct engine *e, const struct ept_walk *refused,
                                     unsigned access)
{
    const struct nested_access table = {.refused = refused, .access = access};

    e->fault.gpa = refused->gpa;
    e->fault.table = true;
    e->fault.qualification = nested_qualification(&table);
    return refused->verdict == EPT_MISCONFIGURED ? FAULT_EPT_MISCONFIG : FAULT_EPT;
}

static void shadow_write(void *ctx, uint64_t hpa, unsigned size, uint64_t value)
{
    struct engine *e = ctx;

    (void)size; /* the CPU's entries have 8 bytes */
    host_write64(e->machine->ram.host, hpa, value);
}

/* A walk was made: what remains of it. */
static enum fault_kind keep_walk(struct engine *e, enum x86_access access, struct translation *t)
{
    const struct ept_walk *refused;

    if (shadow_paging(e)) { /* the shadow is what is cached */
        x86_walk_set_accessed_dirty(&t->walk, access, shadow_write, e);
        return FAULT_NONE;
    }
    if (!x86_tlb_has_room(&e->vcpu->tlb, t->walk.gva))
        return FAULT_TLB_FULL;
    refused = nested_flags_refused(&t->tables, &t->walk, access);
    if (refused)
        return table_refused(e, refused, EPT_READ | EPT_WRITE);
    x86_walk_set_accessed_dirty(&t->walk, access, table_write, e);
    for (unsigned i = 0; i < t->tables.count; i++)
        ept_set_accessed_dirty(t->tables.ept, &t->tables.walks[i], true);
    return x86_tlb_add(&e->vcpu->tlb, &t->mmu, &t->walk) ? FAULT_NONE : FAULT_TLB_FULL;
}

/* A page fault takes the page out of the TLB (SDM vol. 3, 4.10.4.1). */
static enum fault_kind page_fault(struct engine *e, uint64_t gva)
{
    if (x86_tlb_drop_page(&e->vcpu->tlb, gva))
        memory_flush(e);
    return FAULT_PAGE;
}

/*
 * The hook is not told who accesses. CPL 3 is what CS says; but a far transfer, a segment load or an
 * event's delivery at CPL 3 reads descriptor tables and TSS as a supervisor (SDM vol. 3, 4.6). Where
 * that makes a difference the access is denied first (FAULT_SYSTEM_TABLE), the instruction looked at
 * with RIP exact, and run once more, alone.
 */
static bool in_system_table(struct engine *e, uint64_t page)
{
    static const int tables[] = {UC_X86_REG_GDTR, UC_X86_REG_LDTR, UC_X86_REG_TR};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        uc_x86_mmr mmr;

        uc_reg_read(e->uc, tables[i], &mmr);
        if ((page | ~PAGE_MASK) >= mmr.base && page <= mmr.base + mmr.limit)
            return true;
    }
    return false;
}

/* Redo a walk at CPL 3 that met a descriptor table. False: whose access it is has to be found out. */
static bool walk_table(struct engine *e, enum x86_access access, struct translation *t)
{
    struct translation implicit;

    if (e->table_access == TABLE_ACCESS_DATA || !in_system_table(e, t->walk.gva))
        return true;
    cpu_translation_begin(e, &implicit);
    implicit.mmu.ac = t->mmu.ac;
    implicit.mmu.implicit = true;
    cpu_translate(e, &implicit, t->walk.gva, access, false);
    if (implicit.walk.verdict == X86_WALK_OK && t->walk.verdict == X86_WALK_OK)
        return true;
    if (e->table_access == TABLE_ACCESS_UNKNOWN)
        return false;
    *t = implicit;
    if (!shadow_paging(e))
        t->mmu.ctx = &t->tables;
    return true;
}

static enum fault_kind stage_one(struct engine *e, uint64_t gva, enum x86_access access,
                                 struct translation *t)
{
    bool user = (e->cr0 & CR0_PG) && !e->delivering && engine_cpl(e) == 3;

    cpu_translation_begin(e, t);
    if (e->cr4 & CR4_SMAP)
        t->mmu.ac = engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_AC;
    t->mmu.implicit = e->delivering;
    cpu_translate(e, t, gva, access, user);
    if (user && access != X86_FETCH && (t->walk.verdict != X86_WALK_OK || (e->cr4 & CR4_SMAP)) &&
        !walk_table(e, access, t))
        return FAULT_SYSTEM_TABLE;
    if (t->walk.verdict == X86_WALK_NOT_CANONICAL)
        return FAULT_CANONICAL;
    if (t->walk.verdict == X86_WALK_NO_TABLE)
        return table_refused(e, &t->tables.walks[t->tables.count - 1],
                             nested_table_right(t->tables.ept));
    if (t->walk.verdict != X86_WALK_OK)
        return page_fault(e, t->walk.gva);
    return t->walk.count ? keep_walk(e, access, t) : FAULT_NONE;
}

/* Instructions that read descriptors. */
static bool reads_descriptor(const struct x86_insn *insn)
{
    unsigned op = insn->opcode, reg = insn->modrm >> 3 & 7;

    if (insn->map == 1)
        return op == 0x02 || op == 0x03 || (op == 0x00 && (reg == 4 || reg == 5)) || op == 0xa1 ||
               op == 0xa9 || op == 0xb2 || op == 0xb4 || op == 0xb5;
    return insn->map == 0 && (op == 0x8e || (op < 0x20 && (op & 7) == 7) || op == 0xc4 ||
                              op == 0xc5 || op == 0x9a || op == 0xea || op == 0xca || op == 0xcb ||
                              op == 0xcf || (op == 0xff && (reg == 3 || reg == 5)));
}

void memory_settle_table_access(struct engine *e)
{
    struct x86_insn insn;
    uint8_t bytes[15];
    bool decoded;

    memory_flush(e);
    world_read(e);
    decoded = engine_decode(e, e->state.rip + context_cs_base(e), &insn, bytes);
    e->table_access =
        decoded && reads_descriptor(&insn) ? TABLE_ACCESS_IMPLICIT : TABLE_ACCESS_DATA;
}

/* ---- the fill hook ----------------------------------------------------------------------- */

static bool deny(struct engine *e, enum fault_kind kind, uint64_t gva, enum x86_access access)
{
    e->fault.kind = kind;
    e->fault.gva = gva;
    e->fault.access = access;
    e->fault.exact = false;
    return false;
}

/*
 * A read that is denied goes to a page that does not exist, so that memory_unmapped() learns the
 * exact address; the run still ends there.
 */
static bool deny_located(struct engine *e, enum fault_kind kind, uint64_t gva,
                         enum x86_access access, uc_tlb_entry *entry)
{
    deny(e, kind, gva, access);
    if (access != X86_READ || e->probing)
        return false;
    entry->paddr = HPA_NOTHING;
    entry->perms = UC_PROT_READ;
    return true;
}

/* A page becomes code, or a code page is written: see the head of this file. */
static void note_use(struct engine *e, uint8_t *use, enum x86_access access)
{
    enum page_use next = *use;

    if (access == X86_FETCH && *use == PAGE_DATA)
        next = PAGE_CODE;
    else if (access == X86_WRITE && *use == PAGE_CODE)
        next = PAGE_MIXED;
    if (next == *use)
        return;
    *use = (uint8_t)next;
    memory_flush(e); /* no older mapping may stay writable, or executable */
}

/* A page whose next store has to come back here: for the dirty log, the guest's D or the EPT's. */
static bool is_clean(struct engine *e, const struct x86_walk *walk, const struct ept_walk *page)
{
    const struct ram_slot *slot = shadow_paging(e) ? NULL : ram_find(&e->machine->ram, walk->gpa);

    if (slot && slot->dirty && slot->dirty[(walk->gpa - slot->gpa) / PAGE_SIZE] != DIRTY_ALL)
        return true;
    return !walk->dirty || (page->count && ept_has_accessed_dirty(e->machine->cpu_ept) &&
                            !(page->steps[page->count - 1].entry & EPT_DIRTY));
}

static uint32_t allowed(struct engine *e, const struct x86_walk *walk, const struct ept_walk *page,
                        enum x86_access access, enum page_use use)
{
    uint32_t perms = walk->may_read ? UC_PROT_READ : 0; /* it may have been a fetch */

    if (walk->may_write && (page->rights & EPT_WRITE) && use != PAGE_CODE &&
        !is_clean(e, walk, page))
        perms |= UC_PROT_WRITE;
    if (walk->may_fetch && (page->rights & EPT_EXECUTE) && !e->stop_fetch &&
        (access == X86_FETCH || use == PAGE_MIXED))
        perms |= UC_PROT_EXEC;
    return perms;
}

/* No memory is there, or it is ROM and this a write, which the bus loses. */
static bool mmio_reaches(struct engine *e, uint64_t gpa, enum x86_access access)
{
    const struct ram_slot *slot = ram_find(&e->machine->ram, gpa);

    return access != X86_FETCH && (!slot || (access == X86_WRITE && slot->read_only));
}

static bool fill_mmio(struct engine *e, uint64_t gpa, enum x86_access access, uc_tlb_entry *entry)
{
    e->mmio_page = gpa;
    entry->paddr = HPA_MMIO;
    entry->perms = access == X86_WRITE ? UC_PROT_READ | UC_PROT_WRITE : UC_PROT_READ;
    return true;
}

/* The second stage refuses the page. */
static bool deny_page(struct engine *e, uint64_t gva, enum x86_access access,
                      const struct x86_walk *guest, const struct ept_walk *page,
                      uc_tlb_entry *entry)
{
    const struct nested_access refused = {
        .refused = page, .access = nested_right(access), .guest = guest};

    e->fault.gpa = page->gpa;
    if (page->verdict == EPT_MISCONFIGURED)
        return deny_located(e, FAULT_EPT_MISCONFIG, gva, access, entry);
    if (e->mmio_open && mmio_reaches(e, page->gpa, access))
        return fill_mmio(e, page->gpa, access, entry);
    e->fault.qualification = nested_qualification(&refused);
    return deny_located(e, FAULT_EPT, gva, access, entry);
}

/* Both stages allow it. */
static bool fill_page(struct engine *e, uint64_t gva, enum x86_access access,
                      const struct x86_walk *guest, struct ept_walk *page, uc_tlb_entry *entry)
{
    uint64_t hpa = HPA_HOST_BASE + page->hpa;
    uint8_t *use = page_use(e, page->hpa);

    if (break_denies(e, access, page->hpa))
        return deny(e, FAULT_WATCHED, gva, access);
    if (access == X86_WRITE && *use == PAGE_CODE && !e->quiet) {
        note_use(e, use, access);
        return deny(e, FAULT_CODE_WRITTEN, gva, access);
    }
    if (access == X86_WRITE && !shadow_paging(e)) /* else the monitor has, as it made it writable */
        ram_mark_dirty(&e->machine->ram, guest->gpa);
    ept_set_accessed_dirty(e->machine->cpu_ept, page, access == X86_WRITE);
    note_use(e, use, access);
    if (access == X86_WRITE && e->stop_fetch && *use != PAGE_DATA)
        note_push(e, page->hpa);
    entry->paddr = hpa;
    entry->perms = break_perms(e, allowed(e, guest, page, access, *use), page->hpa);
    break_filled(e, gva, page->hpa);
    return true;
}

/* What the shadow does not map may be a device's. */
static bool shadow_mmio(struct engine *e, uint64_t gva, enum x86_access access, uint64_t *gpa)
{
    struct translation t;

    translation_begin(e, &t);
    t.mmu.ac = true; /* the shadow's fault was let through to here */
    t.mmu.pkru = 0;
    translate(e, &t, gva, access, false);
    *gpa = t.walk.gpa;
    return t.walk.verdict == X86_WALK_OK && mmio_reaches(e, t.walk.gpa, access);
}

static bool fill_guest(struct engine *e, uint64_t gva, enum x86_access access, uc_tlb_entry *entry)
{
    struct translation t;
    struct ept_walk page;
    enum fault_kind kind;

    e->fault.table = false;
    kind = stage_one(e, gva, access, &t);
    e->fault.error_code = t.walk.error_code;
    if (kind == FAULT_SYSTEM_TABLE || kind == FAULT_TLB_FULL)
        return deny(e, kind, gva, access);
    if (kind == FAULT_PAGE && shadow_paging(e) && e->mmio_open &&
        shadow_mmio(e, gva, access, &page.gpa))
        return fill_mmio(e, page.gpa, access, entry);
    if (kind != FAULT_NONE)
        return deny_located(e, kind, gva, access, entry);
    if (shadow_paging(e)) {
        page = (struct ept_walk){.hpa = t.walk.gpa, .rights = EPT_ALL};
        return fill_page(e, gva, access, &t.walk, &page, entry);
    }
    ept_walk(e->machine->cpu_ept, t.walk.gpa, nested_right(access), &page);
    return page.verdict == EPT_OK ? fill_page(e, gva, access, &t.walk, &page, entry)
                                  : deny_page(e, gva, access, &t.walk, &page, entry);
}

static bool fill_stub(struct engine *e, uint64_t gva, uc_tlb_entry *entry)
{
    if (!e->stub_fetches || gva != HIDDEN_BASE + HIDDEN_STUB)
        return false;
    e->stub_fetches--; /* the guest may have code of its own at this address */
    entry->paddr = HIDDEN_BASE + HIDDEN_STUB;
    entry->perms = UC_PROT_READ | UC_PROT_EXEC;
    return true;
}

static bool fill_alias(uint64_t gva, uc_tlb_entry *entry)
{
    entry->paddr = HPA_HOST_BASE + (gva - ALIAS_BASE);
    entry->perms = UC_PROT_EXEC;
    return true;
}

/* A denied write runs again: every write goes where memory_unmapped() sees its offset. */
static bool fill_probe(struct engine *e, uint64_t gva, uc_tlb_entry *entry)
{
    entry->paddr = gva == e->probe_page ? HPA_NOTHING : HPA_NOTHING + PAGE_SIZE;
    entry->perms = UC_PROT_READ | UC_PROT_WRITE;
    return true;
}

/* A page that nothing is run from. */
static bool fill_fence(uc_tlb_entry *entry)
{
    entry->paddr = HIDDEN_BASE + HIDDEN_FENCE;
    entry->perms = UC_PROT_EXEC;
    return true;
}

static bool fill_fetch(struct engine *e, uint64_t gva, uc_tlb_entry *entry)
{
    if (e->unhooking)
        return fill_fence(entry);
    if (fill_stub(e, gva, entry))
        return true;
    if (gva - ALIAS_BASE < HPA_NOTHING)
        return fill_alias(gva, entry);
    e->delivering = false; /* delivery is over when the handler is fetched */
    if (e->stop_fetch)
        return deny(e, FAULT_STOP_FETCH, gva, X86_FETCH);
    if (gva == e->fence)
        return fill_fence(entry);
    return fill_guest(e, gva, X86_FETCH, entry);
}

bool memory_fill(uc_engine *uc, uint64_t gva, uc_mem_type type, uc_tlb_entry *entry, void *ctx)
{
    struct engine *e = ctx;

    (void)uc;
    gva &= PAGE_MASK;
    if (type == UC_MEM_FETCH)
        return fill_fetch(e, gva, entry);
    flags_keep(e);
    if (type == UC_MEM_WRITE && e->probing)
        return fill_probe(e, gva, entry);
    if (type == UC_MEM_READ)
        far_fill(e, gva);
    return fill_guest(e, gva, type == UC_MEM_WRITE ? X86_WRITE : X86_READ, entry);
}

void memory_locate(struct engine *e, uint64_t address)
{
    e->fault.gva = (e->fault.gva & PAGE_MASK) | (address & ~PAGE_MASK);
    if (!e->fault.table) /* there it is that of a table's entry */
        e->fault.gpa = (e->fault.gpa & PAGE_MASK) | (address & ~PAGE_MASK);
}

bool memory_unmapped(uc_engine *uc, uc_mem_type type, uint64_t hpa, int size, int64_t value,
                     void *ctx)
{
    struct engine *e = ctx;

    (void)uc, (void)type, (void)size, (void)value;
    if (!e->fault.exact && (hpa & PAGE_MASK) == HPA_NOTHING && e->fault.kind != FAULT_NONE) {
        memory_locate(e, hpa);
        e->fault.exact = true;
    }
    if (e->probing)
        engine_abort(e, PRIVATE_EXIT_FAULT);
    return false;
}

/* A locked access does not reach the page of nothing: take the address from the instruction. */
static void locate_operand(struct engine *e, uint64_t rip)
{
    struct x86_insn insn;
    uint8_t bytes[15];
    uint64_t gva;

    engine_set_rip(e, rip);
    world_read(e);
    if (!engine_decode(e, rip + context_cs_base(e), &insn, bytes) || !insn.has_modrm ||
        insn.modrm >> 6 == 3)
        return;
    gva = x86_operand_linear(&insn, bytes, &e->state);
    if ((gva & PAGE_MASK) != (e->fault.gva & PAGE_MASK))
        return;
    memory_locate(e, gva);
}

/*
 * Run a denied write once more to learn its low address bits, and take it all back: reads have no
 * side effect, the write itself goes nowhere, and the registers are put back.
 */
void memory_locate_write(struct engine *e)
{
    struct fault fault = e->fault;
    uint64_t rip = engine_rip(e);

    uc_context_save(e->uc, e->probe_context);
    e->probing = e->quiet = true;
    e->probe_page = fault.gva;
    memory_flush(e);
    e->fault = fault;
    engine_go(e);
    e->probing = e->quiet = false;
    uc_context_restore(e->uc, e->probe_context);
    if (e->fault.exact) {
        fault.gva = e->fault.gva;
        fault.gpa = e->fault.gpa;
        fault.exact = true;
    }
    e->fault = fault;
    if (!fault.exact)
        locate_operand(e, rip);
    e->fault.exact = true;
    e->native = -1;
    e->aborted = 0;
    engine_set_rip(e, rip);
    memory_flush(e);
}

/* ---- reading and writing for the monitor ------------------------------------------------- */

/* A page to write to, and `size` cut off at its end. */
static uint8_t *linear_ptr(struct engine *e, uint64_t gva, size_t *size, uint64_t *gpa)
{
    size_t left = PAGE_SIZE - gva % PAGE_SIZE;
    struct translation t;
    struct ept_walk page;

    if (*size > left)
        *size = left;
    translation_begin(e, &t);
    t.mmu.ac = true; /* the monitor is no supervisor access that SMAP would stop */
    t.mmu.cr4 &= ~(uint64_t)CR4_SMEP;
    translate(e, &t, gva, X86_WRITE, false);
    if (t.walk.verdict != X86_WALK_OK)
        return NULL;
    *gpa = t.walk.gpa;
    ram_own(&e->machine->ram, t.walk.gpa);
    ept_walk(e->machine->cpu_ept, t.walk.gpa, EPT_WRITE, &page);
    if (page.verdict != EPT_OK)
        return NULL;
    ram_mark_dirty(&e->machine->ram, t.walk.gpa);
    if (!is_data(e, page.hpa))
        memory_invalidate(e, t.walk.gpa, *size);
    return host_memory_ptr(host_of(e), page.hpa, *size);
}

size_t memory_write(struct engine *e, uint64_t gva, const uint8_t *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = size - done;
        uint64_t gpa;
        uint8_t *to = linear_ptr(e, gva + done, &part, &gpa);

        if (!to)
            break;
        memcpy(to, buf + done, part);
        if (e->machine->shadow)
            shadow_sync(e->machine->shadow, gpa, part);
        done += part;
    }
    return done;
}

/* Where code at a linear address is: what runs is what the TLB has, whatever the tables say now. */
static bool code_gpa(struct engine *e, uint64_t gva, uint64_t *gpa)
{
    const struct x86_tlb_entry *entry = x86_tlb_find(&e->vcpu->tlb, gva);
    struct x86_paging mmu;
    struct x86_walk walk;

    *gpa = entry ? entry->gpa | (gva & ~PAGE_MASK) : 0;
    if (entry && (e->cr0 & CR0_PG))
        return true;
    memory_paging(e, &mmu);
    mmu.ac = true;
    mmu.pkru = 0;
    x86_walk(&mmu, gva, X86_READ, false, &walk);
    *gpa = walk.gpa;
    return walk.verdict == X86_WALK_OK;
}

/* What runs is what the shadow maps, also where the guest's tables have more. */
static bool shadow_code_hpa(struct engine *e, uint64_t gva, uint64_t *hpa)
{
    struct translation t;

    cpu_translation_begin(e, &t);
    t.mmu.ac = true;
    t.mmu.pkru = 0;
    cpu_translate(e, &t, gva, X86_READ, false);
    *hpa = t.walk.gpa;
    return t.walk.verdict == X86_WALK_OK;
}

bool memory_code_hpa(struct engine *e, uint64_t gva, uint64_t *hpa)
{
    uint64_t gpa;

    if (shadow_paging(e))
        return shadow_code_hpa(e, gva, hpa);

    return code_gpa(e, gva, &gpa) && memory_hpa(e, gpa, hpa);
}

uint8_t *memory_data(struct engine *e, uint64_t gva, size_t *left)
{
    uint64_t hpa;

    *left = PAGE_SIZE - gva % PAGE_SIZE;
    return memory_code_hpa(e, gva, &hpa) ? host_memory_ptr(host_of(e), hpa, *left) : NULL;
}

const uint8_t *memory_code(struct engine *e, uint64_t gva, size_t *size)
{
    return memory_data(e, gva, size);
}

size_t memory_read_code(struct engine *e, uint64_t gva, uint8_t *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = 0;
        const uint8_t *from = memory_code(e, gva + done, &part);

        if (!from)
            break;
        if (part > size - done)
            part = size - done;
        memcpy(buf + done, from, part);
        done += part;
    }
    return done;
}

bool memory_page_is_mixed(struct engine *e, uint64_t gva)
{
    const uint8_t *use = NULL;
    uint64_t hpa;

    if (memory_code_hpa(e, gva, &hpa))
        use = page_use(e, hpa);
    return !use || *use == PAGE_MIXED;
}

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
#include "x86/operand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- slots and code pages ---------------------------------------------------------------- */

static int map_slot(struct engine *e, unsigned i, struct error *err)
{
    const struct ram_slot *slot = &e->machine->ram.slots[i];
    uc_err rc;

    if (slot->alias) { /* the slot before it owns the bytes */
        e->slot_hpa[i] = e->slot_hpa[i - 1] + e->machine->ram.slots[i - 1].size - slot->size;
    } else {
        e->slot_hpa[i] = HPA_GUEST_BASE + slot->gpa;
        rc = uc_mem_map_ptr(e->uc, e->slot_hpa[i], slot->size, UC_PROT_ALL, slot->host);
        if (rc)
            return error_set(err, -ENOMEM, "Unicorn: cannot map RAM: %s", uc_strerror(rc));
    }
    e->page_use[i] = calloc(slot->size / PAGE_SIZE, 1);
    return e->page_use[i] ? 0 : error_set(err, -ENOMEM, "Unicorn: out of memory");
}

int memory_map(struct engine *e, struct error *err)
{
    int rc = 0;

    while (!rc && e->slots_mapped < e->machine->ram.count)
        rc = map_slot(e, e->slots_mapped++, err);
    return rc;
}

void memory_unmap(struct engine *e)
{
    for (unsigned i = 0; i < RAM_SLOTS_MAX; i++)
        free(e->page_use[i]);
}

static uint8_t *page_use(struct engine *e, const struct ram_slot *slot, uint64_t gpa)
{
    return &e->page_use[slot - e->machine->ram.slots][(gpa - slot->gpa) / PAGE_SIZE];
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

void memory_invalidate(struct engine *e, uint64_t gpa, uint64_t size)
{
    uint64_t first = gpa & PAGE_MASK;

    for (uint64_t page = first; page - first < size + (gpa - first); page += PAGE_SIZE) {
        const struct ram_slot *slot = ram_find(&e->machine->ram, page);

        if (slot && slot - e->machine->ram.slots < e->slots_mapped &&
            *page_use(e, slot, page) != PAGE_DATA)
            uc_ctl_remove_cache(e->uc, ALIAS_BASE + page, ALIAS_BASE + page + PAGE_SIZE);
    }
    memory_flush(e);
}

/*
 * While fetches are denied no page is executable in the core's TLB, and a store to one that is not
 * drops no translations.
 */
static void note_push(struct engine *e, uint64_t gpa)
{
    if (e->pushed_count < sizeof(e->pushed) / sizeof(e->pushed[0]))
        e->pushed[e->pushed_count++] = gpa;
    else
        memory_invalidate(e, gpa, 1); /* of no delivery: its stack spans two pages at most */
}

void memory_settle_pushes(struct engine *e)
{
    while (e->pushed_count)
        memory_invalidate(e, e->pushed[--e->pushed_count], 1);
}

/* ---- guest tables ------------------------------------------------------------------------ */

static bool table_read(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    struct engine *e = ctx;
    const uint8_t *p = ram_ptr(&e->machine->ram, gpa, size);

    if (!p)
        return false;
    *value = 0;
    memcpy(value, p, size);
    return true;
}

static void table_write(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    struct engine *e = ctx;

    ram_write(&e->machine->ram, gpa, &value, size);
}

void memory_paging(struct engine *e, struct x86_paging *mmu)
{
    *mmu = (struct x86_paging){.cr0 = e->cr0,
                               .cr3 = e->cr3,
                               .cr4 = e->cr4,
                               .efer = e->efer,
                               .pdpte = e->state.pdpte,
                               .read = table_read,
                               .ctx = e};
}

/* ---- stage one --------------------------------------------------------------------------- */

static void translate(struct engine *e, const struct x86_paging *mmu, uint64_t gva,
                      enum x86_access access, bool user, struct x86_walk *walk)
{
    if (!x86_tlb_translate(&e->vcpu->tlb, mmu, gva, access, user, walk))
        x86_walk(mmu, gva, access, user, walk);
}

/* A walk was made: what remains of it. False: the TLB has no room. */
static bool keep_walk(struct engine *e, const struct x86_paging *mmu, enum x86_access access,
                      struct x86_walk *walk)
{
    if (!x86_tlb_has_room(&e->vcpu->tlb, walk->gva))
        return false;
    x86_walk_set_accessed_dirty(walk, access, table_write, e);
    return x86_tlb_add(&e->vcpu->tlb, mmu, walk);
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
static bool walk_table(struct engine *e, struct x86_paging *mmu, enum x86_access access,
                       struct x86_walk *walk)
{
    struct x86_walk implicit;

    if (e->table_access == TABLE_ACCESS_DATA || !in_system_table(e, walk->gva))
        return true;
    mmu->implicit = true;
    translate(e, mmu, walk->gva, access, false, &implicit);
    if (implicit.verdict == walk->verdict)
        return true;
    if (e->table_access == TABLE_ACCESS_UNKNOWN)
        return false;
    *walk = implicit;
    return true;
}

static enum fault_kind stage_one(struct engine *e, uint64_t gva, enum x86_access access,
                                 struct x86_walk *walk)
{
    struct x86_paging mmu;
    bool user;

    memory_paging(e, &mmu);
    user = (e->cr0 & CR0_PG) && !e->delivering && engine_cpl(e) == 3;
    if (e->cr4 & CR4_SMAP)
        mmu.ac = engine_reg(e, UC_X86_REG_RFLAGS) & RFLAGS_AC;
    mmu.implicit = e->delivering;
    translate(e, &mmu, gva, access, user, walk);
    if (user && access != X86_FETCH && (walk->verdict == X86_WALK_DENIED || (e->cr4 & CR4_SMAP)) &&
        !walk_table(e, &mmu, access, walk))
        return FAULT_SYSTEM_TABLE;
    if (walk->verdict == X86_WALK_NOT_CANONICAL)
        return FAULT_CANONICAL;
    if (walk->verdict != X86_WALK_OK)
        return walk->verdict == X86_WALK_NO_TABLE ? FAULT_EPT_TABLE : page_fault(e, walk->gva);
    return !walk->count || keep_walk(e, &mmu, access, walk) ? FAULT_NONE : FAULT_TLB_FULL;
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

/* A table of the guest lies where the second stage maps nothing. */
static bool deny_table(struct engine *e, uint64_t gva, enum x86_access access, uint64_t entry_gpa,
                       uc_tlb_entry *entry)
{
    e->fault.gpa = entry_gpa;
    e->fault.ept_rights = 0;
    return deny_located(e, FAULT_EPT_TABLE, gva, access, entry);
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

static uint32_t allowed(struct engine *e, const struct ram_slot *slot, const struct x86_walk *walk,
                        enum x86_access access, unsigned rights, enum page_use use)
{
    uint32_t perms = UC_PROT_READ;
    bool clean = !slot->dirty || !slot->dirty[(walk->gpa - slot->gpa) / PAGE_SIZE];

    if (walk->may_write && (rights & EPT_WRITE) && !clean && walk->dirty && use != PAGE_CODE)
        perms |= UC_PROT_WRITE;
    if (walk->may_fetch && (rights & EPT_EXECUTE) && !e->stop_fetch &&
        (access == X86_FETCH || use == PAGE_MIXED))
        perms |= UC_PROT_EXEC;
    return perms;
}

static unsigned ept_right_of(enum x86_access access)
{
    return access == X86_WRITE ? EPT_WRITE : access == X86_FETCH ? EPT_EXECUTE : EPT_READ;
}

/* No memory is there, or it is ROM and this a write, which the bus loses. */
static bool mmio_reaches(const struct ram_slot *slot, enum x86_access access)
{
    return access != X86_FETCH && (!slot || (access == X86_WRITE && slot->read_only));
}

static bool fill_mmio(struct engine *e, uint64_t gpa, enum x86_access access, uc_tlb_entry *entry)
{
    e->mmio_page = gpa;
    entry->paddr = HPA_MMIO;
    entry->perms = access == X86_WRITE ? UC_PROT_READ | UC_PROT_WRITE : UC_PROT_READ;
    return true;
}

static bool fill_guest(struct engine *e, uint64_t gva, enum x86_access access, uc_tlb_entry *entry)
{
    struct x86_walk walk;
    enum fault_kind kind = stage_one(e, gva, access, &walk);
    const struct ram_slot *slot;
    unsigned rights;
    uint64_t hpa;
    uint8_t *use;

    e->fault.error_code = walk.error_code;
    if (kind == FAULT_SYSTEM_TABLE || kind == FAULT_TLB_FULL)
        return deny(e, kind, gva, access);
    if (kind == FAULT_EPT_TABLE)
        return deny_table(e, gva, access, walk.steps[walk.count].entry_gpa, entry);
    if (kind != FAULT_NONE)
        return deny_located(e, kind, gva, access, entry);
    slot = ram_find(&e->machine->ram, walk.gpa);
    rights = slot ? ept_slot_rights(&e->machine->ept, slot, walk.gpa) : 0;
    if (ept_misconfigured(rights)) {
        e->fault.gpa = walk.gpa;
        return deny_located(e, FAULT_EPT_MISCONFIG, gva, access, entry);
    }
    if (!(rights & ept_right_of(access))) {
        e->fault.gpa = walk.gpa;
        e->fault.ept_rights = rights;
        if (e->mmio_open && mmio_reaches(slot, access))
            return fill_mmio(e, walk.gpa, access, entry);
        return deny_located(e, FAULT_EPT, gva, access, entry);
    }
    hpa = e->slot_hpa[slot - e->machine->ram.slots] + (walk.gpa - slot->gpa);
    if (break_denies(e, access, hpa))
        return deny(e, FAULT_WATCHED, gva, access);
    use = page_use(e, slot, walk.gpa);
    if (access == X86_WRITE && *use == PAGE_CODE && !e->quiet) {
        note_use(e, use, access);
        return deny(e, FAULT_CODE_WRITTEN, gva, access);
    }
    if (access == X86_WRITE)
        ram_mark_dirty(&e->machine->ram, walk.gpa);
    note_use(e, use, access);
    if (access == X86_WRITE && e->stop_fetch && *use != PAGE_DATA)
        note_push(e, walk.gpa);
    entry->paddr = hpa;
    entry->perms = break_perms(e, allowed(e, slot, &walk, access, rights, *use), hpa);
    break_filled(e, gva, hpa);
    return true;
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

static bool fill_alias(struct engine *e, uint64_t gva, uc_tlb_entry *entry)
{
    const struct ram_slot *slot = ram_find(&e->machine->ram, gva - ALIAS_BASE);

    if (!slot)
        return false;
    entry->paddr = e->slot_hpa[slot - e->machine->ram.slots] + (gva - ALIAS_BASE - slot->gpa);
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
        return fill_alias(e, gva, entry);
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
    if (e->fault.kind != FAULT_EPT_TABLE) /* there it is a table's entry */
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
static uint8_t *linear_ptr(struct engine *e, uint64_t gva, size_t *size)
{
    const struct ram_slot *slot;
    size_t left = PAGE_SIZE - gva % PAGE_SIZE;
    struct x86_paging mmu;
    struct x86_walk walk;

    if (*size > left)
        *size = left;
    memory_paging(e, &mmu);
    mmu.ac = true; /* the monitor is no supervisor access that SMAP would stop */
    mmu.cr4 &= ~(uint64_t)CR4_SMEP;
    translate(e, &mmu, gva, X86_WRITE, false, &walk);
    slot = walk.verdict == X86_WALK_OK ? ram_find(&e->machine->ram, walk.gpa) : NULL;
    if (!slot || slot->read_only)
        return NULL;
    ram_mark_dirty(&e->machine->ram, walk.gpa);
    if (*page_use(e, slot, walk.gpa) != PAGE_DATA)
        memory_invalidate(e, walk.gpa, *size);
    return ram_ptr(&e->machine->ram, walk.gpa, *size);
}

size_t memory_write(struct engine *e, uint64_t gva, const uint8_t *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = size - done;
        uint8_t *to = linear_ptr(e, gva + done, &part);

        if (!to)
            break;
        memcpy(to, buf + done, part);
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
    x86_walk(&mmu, gva, X86_READ, false, &walk);
    *gpa = walk.gpa;
    return walk.verdict == X86_WALK_OK;
}

uint8_t *memory_data(struct engine *e, uint64_t gva, size_t *left)
{
    uint64_t gpa;

    *left = PAGE_SIZE - gva % PAGE_SIZE;
    return code_gpa(e, gva, &gpa) ? ram_ptr(&e->machine->ram, gpa, *left) : NULL;
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
    const struct ram_slot *slot = NULL;
    uint64_t gpa;

    if (code_gpa(e, gva, &gpa))
        slot = ram_find(&e->machine->ram, gpa);
    return !slot || *page_use(e, slot, gpa) == PAGE_MIXED;
}

/*
 * Both stages of a translation (Intel SDM vol. 3, 29.3.2, 29.3.3 and 29.3.5), see nested.h.
 *
 * Left out: that a CPU may set flags in tables of a walk that is refused further down.
 */
#include "core/nested.h"

#include "core/backend.h"

#include <string.h>

/* ---- tables ------------------------------------------------------------------------------ */

bool nested_read(void *ctx, uint64_t gpa, unsigned size, uint64_t *value)
{
    struct nested_tables *tables = ctx;
    struct ept_walk *walk = &tables->walks[tables->count++];
    const uint8_t *p;

    ept_walk(tables->ept, gpa, nested_table_right(tables->ept), walk);
    tables->refused = walk->verdict != EPT_OK;
    if (tables->refused)
        return false;
    p = host_memory_ptr(tables->ept->host, walk->hpa, size);
    *value = 0;
    if (p)
        memcpy(value, p, size);
    return p;
}

/* Steps whose entries are in registers: the PDPTE of PAE paging. */
static unsigned in_registers(const struct nested_tables *tables, const struct x86_walk *walk)
{
    return walk->count -
           (tables->count - (tables->refused ? 1 : 0)); /* what was refused is no step */
}

const struct ept_walk *nested_flags_refused(struct nested_tables *tables,
                                            const struct x86_walk *walk, enum x86_access access)
{
    unsigned first = in_registers(tables, walk);

    for (unsigned i = first; i < walk->count; i++) {
        struct ept_walk *table = &tables->walks[i - first];

        if (x86_walk_entry_after(walk, i, access) == walk->steps[i].entry ||
            (table->rights & EPT_WRITE))
            continue;
        table->verdict = EPT_DENIED;
        table->rule = "the guest's A or D flag cannot be written";
        return table;
    }
    return NULL;
}

/* ---- what a refusal makes ---------------------------------------------------------------- */

uint64_t nested_qualification(const struct nested_access *a)
{
    /* bits 2:0 and 5:3 are in the order of an EPT entry's rights */
    uint64_t q = a->access | (uint64_t)a->refused->rights << 3;

    if (a->no_linear)
        return q;
    q |= EPT_QUAL_GLA_VALID;
    if (!a->guest)
        return q;
    q |= EPT_QUAL_TRANSLATION;
    q |= a->guest->rights & X86_RIGHT_USER ? EPT_QUAL_LINEAR_USER : 0;
    q |= a->guest->rights & X86_RIGHT_WRITE ? EPT_QUAL_LINEAR_WRITE : 0;
    q |= a->guest->rights & X86_RIGHT_FETCH ? 0 : EPT_QUAL_LINEAR_XD;
    return q;
}

static void refuse_ept(struct nested_walk *walk, const struct nested_access *access)
{
    struct vm_exit *exit = &walk->refused;

    exit->guest_physical = access->refused->gpa;
    exit->has = EXIT_HAS_GPA;
    exit->reason = EXIT_EPT_MISCONFIG;
    walk->verdict = access->guest ? NESTED_MISCONFIG : NESTED_TABLE;
    if (access->refused->verdict == EPT_MISCONFIGURED)
        return;
    walk->verdict = access->guest ? NESTED_PAGE : NESTED_TABLE;
    exit->reason = EXIT_EPT_VIOLATION;
    exit->has |= EXIT_HAS_GVA | EXIT_HAS_QUALIFICATION;
    exit->qualification = nested_qualification(access);
}

static void refuse_guest(struct nested_walk *walk)
{
    bool pf = walk->guest.verdict != X86_WALK_NOT_CANONICAL;

    walk->verdict = NESTED_GUEST;
    walk->refused.reason = EXIT_EXCEPTION_NMI;
    walk->refused.has = EXIT_HAS_INTR | (pf ? EXIT_HAS_QUALIFICATION | EXIT_HAS_GVA : 0);
    walk->refused.intr_info =
        INTR_VALID | INTR_HAS_ERROR | INTR_HARDWARE_EXCEPTION << 8 | (pf ? X86_PF : X86_GP);
    walk->refused.intr_error = pf ? walk->guest.error_code : 0;
    walk->refused.qualification = pf ? walk->guest.gva : 0;
}

/* ---- the walk ---------------------------------------------------------------------------- */

static void judge_page(const struct ept *ept, enum x86_access access, struct nested_walk *walk)
{
    struct nested_access page = {
        .refused = &walk->page, .access = nested_right(access), .guest = &walk->guest};

    ept_walk(ept, walk->guest.gpa, page.access, &walk->page);
    if (walk->page.verdict != EPT_OK)
        refuse_ept(walk, &page);
}

static void judge(struct nested_tables *tables, enum x86_access access, struct nested_walk *walk)
{
    struct nested_access table = {.access = nested_table_right(tables->ept)};

    if (walk->guest.verdict == X86_WALK_NO_TABLE) {
        table.refused = &tables->walks[tables->count - 1];
        refuse_ept(walk, &table);
    } else if (walk->guest.verdict != X86_WALK_OK) {
        refuse_guest(walk);
    } else if ((table.refused = nested_flags_refused(tables, &walk->guest, access))) {
        table.access = EPT_READ | EPT_WRITE;
        refuse_ept(walk, &table);
    } else {
        judge_page(tables->ept, access, walk);
    }
}

const struct ept_walk *nested_refused_table(const struct nested_walk *walk)
{
    unsigned i = 0;

    while (i + 1 < NESTED_TABLES_MAX &&
           (!walk->tables[i].count || walk->tables[i].verdict == EPT_OK))
        i++;
    return &walk->tables[i];
}

static void count_reads(const struct nested_tables *tables, struct nested_walk *walk)
{
    walk->reads = walk->guest.count - in_registers(tables, &walk->guest);
    walk->nested_reads = walk->reads + walk->page.count;
    for (unsigned i = 0; i < tables->count; i++)
        walk->nested_reads += tables->walks[i].count;
}

void nested_walk(const struct ept *ept, const struct x86_paging *mmu, uint64_t gva,
                 enum x86_access access, bool user, struct nested_walk *walk)
{
    struct nested_tables tables = {.ept = ept};
    struct x86_paging cpu = *mmu;
    unsigned first;

    *walk = (struct nested_walk){.verdict = NESTED_ALLOWED};
    cpu.read = nested_read;
    cpu.ctx = &tables;
    x86_walk(&cpu, gva, access, user, &walk->guest);
    walk->refused.guest_linear = walk->guest.gva;
    judge(&tables, access, walk);
    first = in_registers(&tables, &walk->guest);
    memcpy(&walk->tables[first], tables.walks, tables.count * sizeof(tables.walks[0]));
    count_reads(&tables, walk);
}

void machine_nested_walk(const struct machine *m, uint64_t gva, enum x86_access access, bool user,
                         struct nested_walk *walk)
{
    struct x86_paging mmu;

    m->vcpu->ops->get_paging(m->vcpu, &mmu);
    mmu.ac = m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_AC;
    nested_walk(m->cpu_ept, &mmu, gva, access, user, walk);
}

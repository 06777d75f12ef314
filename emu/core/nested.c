/*
 * Both stages of a translation (Intel SDM vol. 3, 29.3.2 and 29.3.3), see nested.h.
 *
 * Left out: whether the second stage lets A and D be written into a table.
 */
#include "core/nested.h"

#include "core/backend.h"

#define EPT_LEVELS 4

static unsigned right_of(enum x86_access access)
{
    return access == X86_WRITE ? EPT_WRITE : access == X86_FETCH ? EPT_EXECUTE : EPT_READ;
}

static void refuse_ept(struct nested_walk *walk, enum nested_verdict verdict, uint64_t gpa,
                       unsigned access, unsigned rights)
{
    walk->verdict = verdict;
    walk->refused.guest_physical = gpa;
    walk->refused.has = EXIT_HAS_GPA;
    if (verdict == NESTED_MISCONFIG) {
        walk->refused.reason = EXIT_EPT_MISCONFIG;
        return;
    }
    walk->refused.reason = EXIT_EPT_VIOLATION;
    walk->refused.has |= EXIT_HAS_GVA | EXIT_HAS_QUALIFICATION;
    /* bits 2:0 and 5:3 of the qualification are in the order of an EPT entry's rights */
    walk->refused.qualification = EPT_QUAL_GLA_VALID | access | (uint64_t)rights << 3 |
                                  (verdict == NESTED_PAGE ? EPT_QUAL_TRANSLATION : 0);
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

static void judge_page(const struct machine *m, enum x86_access access, struct nested_walk *walk)
{
    unsigned right = right_of(access), rights = ept_rights(&m->ept, walk->guest.gpa);

    walk->page_rights = rights;
    if (ept_misconfigured(rights))
        refuse_ept(walk, NESTED_MISCONFIG, walk->guest.gpa, right, rights);
    else if (!(rights & right))
        refuse_ept(walk, NESTED_PAGE, walk->guest.gpa, right, rights);
}

/*
 * Reads with nested tables: each entry needs a walk of the second stage's own tables, and so does the
 * page, once the guest's tables allow the access.
 */
static void count_reads(const struct machine *m, struct nested_walk *walk)
{
    struct x86_paging mmu;
    bool page = walk->guest.verdict == X86_WALK_OK;

    m->vcpu->ops->get_paging(m->vcpu, &mmu);
    walk->reads = walk->guest.count;
    if (walk->reads && x86_paging_is_pae(&mmu) && mmu.pdpte)
        walk->reads--;
    walk->nested_reads = walk->reads * (EPT_LEVELS + 1) + (page ? EPT_LEVELS : 0);
}

void machine_nested_walk(const struct machine *m, uint64_t gva, enum x86_access access, bool user,
                         struct nested_walk *walk)
{
    *walk = (struct nested_walk){.verdict = NESTED_ALLOWED};
    machine_walk(m, gva, access, user, &walk->guest);
    walk->refused.guest_linear = walk->guest.gva;
    for (unsigned i = 0; i < walk->guest.count; i++)
        walk->table_rights[i] = ept_rights(&m->ept, walk->guest.steps[i].entry_gpa);
    count_reads(m, walk);
    if (walk->guest.verdict == X86_WALK_OK)
        judge_page(m, access, walk);
    else if (walk->guest.verdict == X86_WALK_NO_TABLE)
        refuse_ept(walk, NESTED_TABLE, walk->guest.steps[walk->guest.count].entry_gpa, EPT_READ, 0);
    else
        refuse_guest(walk);
}

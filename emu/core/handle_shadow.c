/*
 * Shadow paging at the exits, see handle_shadow.h. SDM vol. 3, 4.7 for the error code; 4.8 for A and D.
 *
 * A store to a tracked page, and a store that only CR0.WP = 0 allows, is let through by opening the page
 * for one instruction under the monitor trap flag.
 */
#include "core/handle_shadow.h"

#include "core/backend.h"
#include "core/nested.h"
#include "mmu/shadow.h"

#include <string.h>

#define OWNED_CR0 (CR0_PG | CR0_WP | CR0_PE)
#define OWNED_CR4 (CR4_PAE | CR4_PSE | CR4_PGE | CR4_SMEP | CR4_SMAP | CR4_LA57)

void shadow_controls(struct controls *c)
{
    c->secondary &= ~SECONDARY_EPT;
    c->primary |= PRIMARY_CR3_LOAD | PRIMARY_INVLPG;
    c->exception_bitmap |= 1u << X86_PF;
    c->pf_error_mask = c->pf_error_match = 0;
    c->cr3_target_count = 0;
    c->cr0_mask |= OWNED_CR0;
    c->cr4_mask |= OWNED_CR4;
}

static void guest_paging(const struct machine *m, struct x86_paging *guest)
{
    m->vcpu->ops->get_paging(m->vcpu, guest);
    guest->ac = m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_AC;
}

int shadow_before_run(struct machine *m)
{
    struct x86_paging guest;
    uint64_t cr3 = 0;
    int rc;

    guest_paging(m, &guest);
    rc = shadow_load(m->shadow, &guest, m->cpu_ept, &cr3);
    if (!rc)
        machine_set_shadow_root(m, cr3);
    return rc;
}

/* ---- one instruction with an open page ----------------------------------------------------- */

static void trap_after(struct machine *m, bool on)
{
    uint32_t primary = m->controls.primary;

    if (on && !(primary & PRIMARY_MONITOR_TRAP))
        m->shadow_trap = true; /* it is ours, and goes again */
    if (on)
        m->controls.primary |= PRIMARY_MONITOR_TRAP;
    else if (m->shadow_trap)
        m->controls.primary &= ~PRIMARY_MONITOR_TRAP;
    m->shadow_trap &= on;
    if (primary != m->controls.primary)
        m->vcpu->ops->controls_changed(m->vcpu);
}

static bool is_page_fault(const struct vm_exit *exit)
{
    return exit->reason == EXIT_EXCEPTION_NMI && INTR_VECTOR(exit->intr_info) == X86_PF &&
           INTR_TYPE(exit->intr_info) == INTR_HARDWARE_EXCEPTION;
}

void shadow_at_exit(struct machine *m, const struct vm_exit *exit)
{
    if (!shadow_is_open(m->shadow))
        return;
    if (is_page_fault(exit) && m->insns == m->shadow_open_at)
        return; /* the same instruction needs another page */
    shadow_close(m->shadow);
    trap_after(m, false);
    machine_ept_changed(m);
}

static bool open_page(struct machine *m, const struct x86_walk *walk, bool unprotected)
{
    if (!shadow_open(m->shadow, walk->gva, walk->gpa, unprotected))
        return false;
    m->shadow_open_at = m->insns;
    trap_after(m, true);
    return true;
}

/* ---- page faults ------------------------------------------------------------------------- */

/* Where the guest's A and D go: memory that the map lets the CPU write, as nested_walk() has seen. */
static void set_flag(void *ctx, uint64_t gpa, unsigned size, uint64_t value)
{
    struct machine *m = ctx;

    if (ram_write(&m->ram, gpa, &value, size))
        shadow_note_entry(m->shadow, gpa, size, value);
}

/* The second stage's map refuses: copy-on-write, a device, or what nobody can repair. */
static enum shadow_verdict refused(struct machine *m, const struct ept_walk *walk, bool write)
{
    const struct ram_slot *slot = ram_find(&m->ram, walk->gpa);

    if (write && ram_is_shared(&m->ram, walk->gpa))
        return ram_own(&m->ram, walk->gpa) ? SHADOW_OUT_OF_MEMORY : SHADOW_AGAIN;
    if (slot && !(slot->read_only && write))
        return SHADOW_PROTECTED;
    return SHADOW_MMIO;
}

static enum shadow_verdict table_refused(struct machine *m, const struct nested_walk *walk)
{
    uint64_t gpa = nested_refused_table(walk)->gpa;

    if (!ram_is_shared(&m->ram, gpa))
        return SHADOW_NO_TABLE;
    return ram_own(&m->ram, gpa) ? SHADOW_OUT_OF_MEMORY : SHADOW_AGAIN;
}

/* Does the guest's walk allow a write only because CR0.WP is 0? The CPU has it set. */
static bool is_unprotected(const struct x86_paging *guest, const struct x86_walk *walk, bool user)
{
    struct x86_paging strict = *guest;

    strict.cr0 |= CR0_WP;
    return x86_rights_allow(guest, walk->rights, walk->key, X86_WRITE, user) &&
           !x86_rights_allow(&strict, walk->rights, walk->key, X86_WRITE, user);
}

/* Both the guest's tables and the map allow it. */
static enum shadow_verdict fill_in(struct machine *m, const struct x86_paging *guest,
                                   struct nested_walk *walk, enum x86_access access, bool user)
{
    struct shadow_leaf leaf = {.hpa = walk->page.hpa & PAGE_MASK, .rights = walk->page.rights};
    bool changed = false, tracked, unprotected;

    x86_walk_set_accessed_dirty(&walk->guest, access, set_flag, m);
    if (access == X86_WRITE)
        ram_mark_dirty(&m->ram, walk->guest.gpa);
    leaf.write = walk->guest.dirty && ram_is_logged(&m->ram, walk->guest.gpa);
    if (shadow_fill(m->shadow, guest, &walk->guest, &leaf, &changed))
        return SHADOW_OUT_OF_MEMORY;
    tracked = shadow_is_tracked(m->shadow, walk->guest.gpa);
    unprotected = is_unprotected(guest, &walk->guest, user);
    if (access == X86_WRITE && (tracked || unprotected))
        changed |= open_page(m, &walk->guest, unprotected);
    machine_ept_changed(m);
    return changed ? SHADOW_AGAIN : SHADOW_REFLECT;
}

enum shadow_verdict shadow_page_fault(struct machine *m, const struct vm_exit *exit,
                                      uint32_t *error_code)
{
    uint32_t code = exit->intr_error;
    enum x86_access access = code & PF_FETCH ? X86_FETCH : code & PF_WRITE ? X86_WRITE : X86_READ;
    struct x86_paging guest;
    struct nested_walk walk;
    enum shadow_verdict verdict;

    guest_paging(m, &guest);
    nested_walk(m->cpu_ept, &guest, exit->qualification, access, code & PF_USER, &walk);
    switch (walk.verdict) {
    case NESTED_ALLOWED:
        return fill_in(m, &guest, &walk, access, code & PF_USER);
    case NESTED_TABLE:
        return table_refused(m, &walk);
    case NESTED_GUEST:
        *error_code = walk.guest.error_code;
        return SHADOW_REFLECT;
    default:
        verdict = refused(m, &walk.page, access == X86_WRITE);
        if (verdict == SHADOW_MMIO)
            x86_walk_set_accessed_dirty(&walk.guest, access, set_flag, m);
        return verdict;
    }
}

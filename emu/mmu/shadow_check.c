/* Is a shadow within what guest and map allow? See shadow_check.h. SDM vol. 3, 4.6. */
#include "mmu/shadow_check.h"

#include "core/nested.h"
#include "x86/regs.h"

#include <stddef.h>

#define ENTRY_P (1ull << 0)
#define ADDRESS_MASK 0x000000fffffff000ull

struct check {
    struct x86_paging cpu, guest;
    const struct ept *map;
    const struct shadow_tables *tables;
    struct shadow_breach *breach;
    unsigned entries;
};

static bool fails(struct check *c, uint64_t gva, const char *why)
{
    c->breach->gva = gva;
    c->breach->why = why;
    return false;
}

/*
 * One access. A flag that is not set in the guest's entry yet, the CPU would set: but then the access is
 * a fault for the hypervisor first.
 */
static bool check_access(struct check *c, uint64_t gva, enum x86_access access, bool user)
{
    struct x86_walk cpu;
    struct nested_walk guest;

    x86_walk(&c->cpu, gva, access, user, &cpu);
    if (cpu.verdict != X86_WALK_OK)
        return true;
    nested_walk(c->map, &c->guest, gva, access, user, &guest);
    c->breach->access = access;
    c->breach->user = user;
    c->breach->hpa = cpu.gpa;
    c->breach->allowed = guest.page.hpa;
    if (guest.verdict == NESTED_GUEST)
        return fails(c, gva, "the guest's tables do not allow it");
    if (guest.verdict != NESTED_ALLOWED)
        return fails(c, gva, "the map of guest memory does not allow it");
    if (guest.page.hpa != cpu.gpa)
        return fails(c, gva, "the guest's tables and the map lead somewhere else");
    if ((cpu.rights & X86_RIGHT_USER) && cpu.key != guest.guest.key)
        return fails(c, gva, "the protection key is not that of the guest's page");
    if (access == X86_WRITE && c->tables && c->tables->is_table(c->tables->ctx, guest.guest.gpa))
        return fails(c, gva, "it is a table that the shadow was made from");
    for (unsigned i = 0; i < guest.guest.count; i++)
        if (x86_walk_entry_after(&guest.guest, i, access) != guest.guest.steps[i].entry)
            return fails(c, gva,
                         access == X86_WRITE ? "A or D is not set in the guest's entry"
                                             : "A is not set in the guest's entry");
    return true;
}

static bool check_page(struct check *c, uint64_t gva)
{
    for (int access = X86_READ; access <= X86_FETCH; access++)
        for (int user = 0; user <= 1; user++)
            if (!check_access(c, gva, (enum x86_access)access, user))
                return false;
    return true;
}

static uint64_t sign_extend(const struct check *c, uint64_t gva, unsigned levels)
{
    unsigned top = 12 + 9 * levels - 1;

    if (!(c->cpu.efer & EFER_LMA) || !(gva >> top & 1))
        return gva;
    return gva | ~((1ull << top) - 1);
}

static bool check_table(struct check *c, uint64_t table, unsigned level, unsigned levels,
                        uint64_t gva)
{
    unsigned count = levels == 3 && level == 3 ? 4 : 512;

    for (unsigned i = 0; i < count; i++) {
        uint64_t at = gva | (uint64_t)i << (12 + 9 * (level - 1)), entry = 0;
        bool ok;

        if (!c->cpu.read(c->cpu.ctx, table + 8ull * i, 8, &entry) || !(entry & ENTRY_P))
            continue;
        if (++c->entries > SHADOW_CHECK_ENTRIES_MAX)
            return fails(c, at, "the shadow has no end");
        if (x86_entry_is_leaf(&c->cpu, level, entry))
            ok = check_page(c, sign_extend(c, at, levels));
        else
            ok = check_table(c, entry & ADDRESS_MASK, level - 1, levels, at);
        if (!ok)
            return false;
    }
    return true;
}

bool shadow_check(const struct x86_paging *cpu, const struct x86_paging *guest,
                  const struct ept *map, const struct shadow_tables *tables,
                  struct shadow_breach *breach)
{
    struct check c = {.cpu = *cpu, .guest = *guest, .map = map, .tables = tables, .breach = breach};
    unsigned levels = x86_paging_levels(cpu);

    *breach = (struct shadow_breach){.why = ""};
    c.cpu.ac = c.guest.ac = true;
    c.cpu.pkru = c.guest.pkru = 0;
    return check_table(&c, cpu->cr3 & (levels == 3 ? 0xffffffe0 : ADDRESS_MASK), levels, levels, 0);
}

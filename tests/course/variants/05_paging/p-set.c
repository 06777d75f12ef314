/* rejected-by: absent
 * The error code has P set for what is not present. */
#include "monitor.h"
#include "walk.h"

#include <stdbool.h>

#define CR0_WP (1ull << 16)
#define CR4_PSE (1ull << 4)
#define CR4_PAE (1ull << 5)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)
#define RFLAGS_AC (1ull << 18)

#define PRESENT (1ull << 0)
#define WRITABLE (1ull << 1)
#define USER (1ull << 2)
#define ACCESSED (1ull << 5)
#define DIRTY (1ull << 6)
#define LARGE (1ull << 7)
#define XD (1ull << 63)

#define ADDRESS 0x000ffffffffff000ull
#define ABOVE_MAXPHYADDR 0x000fff0000000000ull /* 51:40 */

#define ERROR_PRESENT 1
#define ERROR_WRITE 2
#define ERROR_USER 4
#define ERROR_RESERVED 8
#define ERROR_FETCH 16

/* What makes the kinds of paging differ. */
struct kind {
    int levels;
    unsigned index_bits, entry_size;
    bool pae; /* 3 levels: the first has 4 entries, of another shape */
    bool nx;  /* XD is there, and means something */
};

struct step {
    uint64_t address, entry;
};

static struct kind kind_of(const struct cpu *cpu)
{
    struct kind kind = {.levels = 2, .index_bits = 10, .entry_size = 4};

    if (cpu->cr4 & CR4_PAE) {
        kind = (struct kind){.levels = 3, .index_bits = 9, .entry_size = 8, .pae = true};
        kind.nx = cpu->efer & EFER_NXE;
    }
    if (cpu->efer & EFER_LMA) {
        kind.levels = 4;
        kind.pae = false;
    }
    return kind;
}

static struct answer fault(const struct cpu *cpu, const struct kind *kind, enum access access,
                           unsigned code)
{
    code |= access == WRITE ? ERROR_WRITE : 0;
    code |= cpu->cpl == 3 ? ERROR_USER : 0;
    code |= access == FETCH && (kind->nx || (cpu->cr4 & CR4_SMEP)) ? ERROR_FETCH : 0;
    return (struct answer){.vector = 14, .error_code = code};
}

static bool is_large(const struct cpu *cpu, const struct kind *kind, int level, uint64_t entry)
{
    if (!(entry & LARGE) || level == 1)
        return false;
    if (kind->entry_size == 4)
        return cpu->cr4 & CR4_PSE;
    return level == 2 || (level == 3 && !kind->pae);
}

static unsigned shift_of(const struct kind *kind, int level)
{
    return 12 + kind->index_bits * (unsigned)(level - 1);
}

static uint64_t reserved_bits(const struct kind *kind, int level, bool large)
{
    uint64_t bits;

    if (kind->entry_size == 4)
        return large ? 1 << 21 : 0;
    if (kind->pae && level == 3)
        return 0;
    bits = ABOVE_MAXPHYADDR | (kind->nx ? 0 : XD) | (level == 4 ? LARGE : 0);
    if (large)
        bits |= ((1ull << shift_of(kind, level)) - 1) & ~0x1fffull;
    return bits;
}

static bool is_allowed(const struct cpu *cpu, const struct kind *kind, enum access access,
                       uint64_t all, bool xd)
{
    bool user_page = all & USER, writable = all & WRITABLE;

    if (access == FETCH && xd && kind->nx)
        return false;
    if (cpu->cpl == 3)
        return user_page && (access != WRITE || writable);
    if (user_page && access == FETCH)
        return !(cpu->cr4 & CR4_SMEP);
    if (user_page && (cpu->cr4 & CR4_SMAP) && !(cpu->rflags & RFLAGS_AC))
        return false;
    return access != WRITE || writable || !(cpu->cr0 & CR0_WP);
}

/* A in each entry that was used, D in the last one by a write; PDPTEs of PAE paging have neither. */
static void set_flags(const struct kind *kind, struct step *steps, int count, enum access access)
{
    for (int i = kind->pae ? 1 : 0; i < count; i++) {
        uint64_t entry = steps[i].entry | ACCESSED;

        if (i == count - 1 && access == WRITE)
            entry |= DIRTY;
        if (entry != steps[i].entry)
            guest_write(steps[i].address, kind->entry_size, entry);
    }
}

static uint64_t page_address(const struct kind *kind, uint64_t entry, uint64_t gva, unsigned shift)
{
    uint64_t offset = (1ull << shift) - 1;
    uint64_t page = entry & ADDRESS & ~offset;

    if (kind->entry_size == 4 && shift == 22)
        page |= (entry >> 13 & 0xff) << 32;
    return page | (gva & offset);
}

struct answer walk(const struct cpu *cpu, uint64_t gva, enum access access)
{
    struct kind kind = kind_of(cpu);
    uint64_t table = cpu->cr3 & (kind.pae ? ~0x1full : ADDRESS), all = WRITABLE | USER;
    struct step steps[4];
    int count = 0;
    bool xd = false;

    if (kind.levels == 4 && (uint64_t)((int64_t)(gva << 16) >> 16) != gva)
        return (struct answer){.vector = 13};
    for (int level = kind.levels;; level--) {
        unsigned shift = shift_of(&kind, level);
        unsigned bits = kind.pae && level == 3 ? 2 : kind.index_bits;
        struct step *step = &steps[count++];
        bool large;

        step->address = table + (gva >> shift & ((1u << bits) - 1)) * kind.entry_size;
        step->entry = guest_read(step->address, kind.entry_size);
        if (!(step->entry & PRESENT))
            return fault(cpu, &kind, access, ERROR_PRESENT);
        large = is_large(cpu, &kind, level, step->entry);
        if (step->entry & reserved_bits(&kind, level, large))
            return fault(cpu, &kind, access, ERROR_PRESENT | ERROR_RESERVED);
        if (!(kind.pae && level == 3)) {
            all &= step->entry;
            xd |= kind.entry_size == 8 && (step->entry & XD);
        }
        if (large || level == 1) {
            if (!is_allowed(cpu, &kind, access, all, xd))
                return fault(cpu, &kind, access, ERROR_PRESENT);
            set_flags(&kind, steps, count, access);
            return (struct answer){.gpa = page_address(&kind, step->entry, gva, shift)};
        }
        table = step->entry & ADDRESS;
    }
}

/*
 * Names of paging structures and of the bits in their entries (Intel SDM vol. 3, Tables 4-4 to 4-6,
 * 4-8 to 4-11, 4-14 to 4-20), see paging_words.h.
 *
 * Left out: which memory type PWT, PCD and PAT make together.
 */
#include "x86/paging_words.h"

#include "util/text.h"
#include "x86/regs.h"

const char *x86_paging_name(unsigned levels)
{
    static const char *const names[] = {
        "no paging", "", "32-bit paging", "PAE paging", "4-level paging", "5-level paging"};

    return levels <= 5 ? names[levels] : "";
}

const char *x86_paging_manual(unsigned levels)
{
    static const char *const manuals[] = {"SDM vol. 3, 4.1.1", "",
                                          "SDM vol. 3, 4.3",   "SDM vol. 3, 4.4",
                                          "SDM vol. 3, 4.5",   "SDM vol. 3, 4.5"};

    return levels <= 5 ? manuals[levels] : "";
}

const char *x86_entry_name(unsigned level)
{
    static const char *const names[] = {"", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

    return level <= 5 ? names[level] : "";
}

const char *x86_verdict_manual(unsigned verdict)
{
    switch (verdict) {
    case X86_WALK_NOT_CANONICAL:
        return "SDM vol. 1, 3.3.7.1";
    case X86_WALK_NOT_PRESENT:
    case X86_WALK_RESERVED:
        return "SDM vol. 3, 4.7";
    case X86_WALK_NO_TABLE:
        return "SDM vol. 3, 29.3.2";
    default:
        return "SDM vol. 3, 4.6.1";
    }
}

struct entry_bit {
    unsigned bit;
    const char *name;
};

static const struct entry_bit common[] = {{1, "R/W"}, {2, "U/S"}, {3, "PWT"}, {4, "PCD"}, {5, "A"}};

static void add_bit(struct text *t, uint64_t entry, unsigned bit, const char *name)
{
    if (entry >> bit & 1)
        text_add(t, " %s", name);
}

static void add_number(struct text *t, uint64_t value, const char *name)
{
    if (value)
        text_add(t, " %s=%x", name, (unsigned)value);
}

/* Bits 8:6 and, in a large page, 12. */
static void add_leaf(struct text *t, unsigned level, uint64_t entry)
{
    add_bit(t, entry, 6, "D");
    add_bit(t, entry, 7, level == 1 ? "PAT" : "PS");
    add_bit(t, entry, 8, "G");
    if (level > 1)
        add_bit(t, entry, 12, "PAT");
}

/* Bits 63:52 of 8-byte entries: XD, and with 4 and 5 levels a protection key and ignored bits. */
static void add_high(struct text *t, const struct x86_paging *mmu, bool leaf, uint64_t entry)
{
    bool key = leaf && x86_paging_has_keys(mmu);

    if (x86_paging_levels(mmu) >= 4)
        add_number(t, entry >> 52 & (key ? 0x7f : 0x7ff), key ? "58:52" : "62:52");
    if (key)
        add_number(t, entry >> 59 & 15, "PK");
    add_bit(t, entry, 63, "XD");
}

const char *x86_entry_text(const struct x86_paging *mmu, unsigned level, uint64_t entry,
                           char buf[X86_ENTRY_TEXT_MAX])
{
    bool leaf = x86_entry_is_leaf(mmu, level, entry);
    bool pdpte = x86_paging_is_pae(mmu) && level == 3; /* has P, PWT and PCD only */
    struct text t;

    text_start(&t, buf, X86_ENTRY_TEXT_MAX);
    if (!(entry & 1)) {
        text_add(&t, "not present");
        return buf;
    }
    text_add(&t, "P");
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (!pdpte || common[i].bit == 3 || common[i].bit == 4)
            add_bit(&t, entry, common[i].bit, common[i].name);
    if (leaf)
        add_leaf(&t, level, entry);
    add_number(&t, entry >> 9 & 7, "AVL");
    if (x86_paging_levels(mmu) > 2)
        add_high(&t, mmu, leaf, entry);
    return buf;
}

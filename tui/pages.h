/*
 * Address translation as the screen shows it: one linear address through both stages, the table that
 * holds one of its entries, and the whole address space in ranges.
 *
 * - What is asked for is a question: a place, an access, and what is tried out: bits that decide about
 *   a translation, taken other than the CPU has them. The guest never sees any of it.
 * - The answer is a copy of one moment. It is bounded: of a map that is longer the rest is cut off,
 *   and said to be.
 */
#ifndef VLAB_TUI_PAGES_H
#define VLAB_TUI_PAGES_H

#include "core/nested.h"
#include "tui/memory.h"
#include "x86/page_map.h"

/* What can be tried out. */
enum pages_try {
    TRY_CPL,  /* CPL 3 in place of 0, or the reverse */
    TRY_WP,   /* CR0.WP */
    TRY_SMEP, /* CR4 */
    TRY_SMAP,
    TRY_AC,  /* RFLAGS.AC */
    TRY_NXE, /* IA32_EFER.NXE */
    TRY_PKE, /* CR4 */
    PAGES_TRIES
};

struct pages_question {
    bool on;                   /* else nothing is walked */
    struct memory_place place; /* linear */
    uint8_t access;            /* enum x86_access */
    uint8_t level;             /* of the table that is listed; 0: the last that the walk read */
    uint8_t tries;             /* bit n: enum pages_try n is other than the CPU has it */
};

bool pages_question_equal(const struct pages_question *a, const struct pages_question *b);

/* "CPL", "WP", ... Static. */
const char *pages_try_name(unsigned try);

/*
 * What to try, words with blanks between: "r", "w", "x" (or "read", ...), "user", "supervisor", and
 * "wp=0", "smap=1", ... for a bit. Nothing: as the CPU has it. `cpu`: what the CPU has, bit by enum
 * pages_try. -EINVAL, and nothing changed, when a word is none of these.
 */
int pages_try_parse(struct pages_question *question, unsigned cpu, const char *text,
                    struct error *err);

/* What the CPU has, bit by enum pages_try; TRY_CPL: CPL is 3. */
unsigned pages_cpu_bits(const struct x86_state *state);

enum { PAGES_RANGES = 512, PAGES_ENTRIES = 1024 };
#define PAGES_WALKS 65536u /* 256 MiB of 4 KiB pages */

/* A table of the guest. */
struct pages_table {
    bool on;
    bool in_register; /* the CPU's PDPTEs */
    uint8_t level;
    uint8_t entry_size; /* bytes */
    uint16_t count;     /* entries */
    uint64_t gpa;       /* of the first; not in registers */
    uint64_t entries[PAGES_ENTRIES];
};

struct pages_look {
    struct pages_question asked;
    bool on;               /* it was asked for, and there is a machine */
    uint64_t gva;          /* of the place */
    bool user;             /* the access is one of CPL 3 */
    struct x86_paging mmu; /* what was tried; no way to read, no PDPTEs */
    unsigned levels;       /* 2 to 5; 0: paging is off */
    uint64_t eptp;
    struct nested_walk walk; /* of the access that was asked about */
    uint8_t verdicts[2][3];  /* enum nested_verdict of all: [user][access] */
    bool has_tlb;            /* the TLB holds the page: */
    uint64_t tlb_gpa;        /* its guest-physical address */
    uint8_t tlb_rights;      /* X86_RIGHT_ bits */
    bool has_shadow;         /* there is no second stage; what the CPU walks is */
    uint64_t shadow_cr3;
    struct x86_walk shadow;
    struct pages_table table;
    struct x86_page_map map;
    struct x86_range ranges[PAGES_RANGES];
};

/* The TLB holds another page or other rights than the tables give. */
bool pages_tlb_is_stale(const struct pages_look *look);

/* Both looks know the entry at that guest-physical address, and its value differs. *was: before. */
bool pages_entry_changed(const struct pages_look *before, uint64_t entry_gpa, uint64_t entry,
                         uint64_t *was);

/* The range of the map that holds an address; map.count when it was cut off. */
unsigned pages_range_at(const struct pages_look *look, uint64_t gva);
/* The earlier map had no range like this one: other limits, rights or page. */
bool pages_range_is_new(const struct pages_look *before, const struct x86_range *range);

/* Bytes of linear addresses that an entry of the listed table decides about. */
uint64_t pages_entry_span(const struct pages_look *look);
/* The entry of the listed table that an address near the look's goes through. */
unsigned pages_entry_index(const struct pages_look *look, uint64_t gva);
/* The first linear address of an entry of that table. */
uint64_t pages_entry_gva(const struct pages_look *look, unsigned index);
/* From `index` on, entries that are not present and so shown in one; 1 for one that is present. */
unsigned pages_entry_run(const struct pages_look *look, const struct pages_look *before,
                         unsigned index);

#endif

/* Differences in words, see difference.h: flags as the SDM names them, vol. 3, 2.3, 2.5, 4.5. */
#include "snapshot/difference.h"

#include "util/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *difference_kind_name(enum difference_kind kind)
{
    static const char *const names[] = {"register", "device", "entry", "memory", "disk"};

    return names[kind];
}

/* ---- flags --------------------------------------------------------------------------------------- */

struct flags {
    const char *of;        /* a register's name, as x86/state_fields.h has it */
    const char *names[64]; /* by bit; NULL: it has none, or is a part of a number */
};

static const struct flags registers[] = {
    {"RFLAGS",
     {[0] = "CF",
      [2] = "PF",
      [4] = "AF",
      [6] = "ZF",
      [7] = "SF",
      [8] = "TF",
      [9] = "IF",
      [10] = "DF",
      [11] = "OF",
      [14] = "NT",
      [16] = "RF",
      [17] = "VM",
      [18] = "AC",
      [19] = "VIF",
      [20] = "VIP",
      [21] = "ID"}},
    {"CR0",
     {[0] = "PE",
      [1] = "MP",
      [2] = "EM",
      [3] = "TS",
      [4] = "ET",
      [5] = "NE",
      [16] = "WP",
      [18] = "AM",
      [29] = "NW",
      [30] = "CD",
      [31] = "PG"}},
    {"CR4",
     {[0] = "VME",
      [1] = "PVI",
      [2] = "TSD",
      [3] = "DE",
      [4] = "PSE",
      [5] = "PAE",
      [6] = "MCE",
      [7] = "PGE",
      [8] = "PCE",
      [9] = "OSFXSR",
      [10] = "OSXMMEXCPT",
      [11] = "UMIP",
      [12] = "LA57",
      [16] = "FSGSBASE",
      [17] = "PCIDE",
      [18] = "OSXSAVE",
      [20] = "SMEP",
      [21] = "SMAP",
      [22] = "PKE"}},
    {"IA32_EFER", {[0] = "SCE", [8] = "LME", [10] = "LMA", [11] = "NXE"}},
};

static const struct flags entry = {"",
                                   {[0] = "P",
                                    [1] = "R/W",
                                    [2] = "U/S",
                                    [5] = "A",
                                    [6] = "D",
                                    [7] = "PS",
                                    [8] = "G",
                                    [63] = "XD"}};

static void add_flags(struct text *t, const struct flags *flags, uint64_t old, uint64_t new)
{
    for (unsigned bit = 0; bit < 64; bit++)
        if (flags->names[bit] && (old ^ new) >> bit & 1)
            text_add(t, "%s%s %u -> %u", t->used ? ", " : "", flags->names[bit],
                     (unsigned)(old >> bit & 1), (unsigned)(new >> bit & 1));
}

static void add_iopl(struct text *t, uint64_t old, uint64_t new)
{
    if (RFLAGS_IOPL(old) != RFLAGS_IOPL(new))
        text_add(t, "%sIOPL %u -> %u", t->used ? ", " : "", (unsigned)RFLAGS_IOPL(old),
                 (unsigned)RFLAGS_IOPL(new));
}

void difference_flags(const char *register_name, uint64_t old, uint64_t new, char *buf, size_t size)
{
    struct text t;

    text_start(&t, buf, size);
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        if (!strcmp(registers[i].of, register_name))
            add_flags(&t, &registers[i], old, new);
    if (!strcmp(register_name, "RFLAGS"))
        add_iopl(&t, old, new);
}

/* ---- lines --------------------------------------------------------------------------------------- */

/* Bits 12 and up, without what may stand at the top: where the page or the table is. */
static uint64_t entry_address(const struct difference *d, uint64_t value)
{
    return value & (d->size == 4 ? 0xfffff000 : 0x000ffffffffff000);
}

static void add_entry(struct text *t, const struct difference *d)
{
    uint64_t old = entry_address(d, d->old), new = entry_address(d, d->new);
    char words[96];
    struct text flags;

    text_start(&flags, words, sizeof(words));
    add_flags(&flags, &entry, d->old, d->new);
    text_add(t, "%s of %" PRIx64 "-%" PRIx64 " (at %" PRIx64 ")  %" PRIx64 " -> %" PRIx64, d->name,
             d->gva, d->gva_last, d->address, d->old, d->new);
    if (old != new && (d->old & d->new & 1))
        text_add(t, ", address %" PRIx64 " -> %" PRIx64, old, new);
    text_add(t, "%s%s", words[0] ? ", " : "", words);
}

static void add_run(struct text *t, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        text_add(t, "%s%02x", i ? " " : "", bytes[i]);
}

static void add_bytes(struct text *t, const struct difference *d)
{
    text_add(t, "%-8" PRIx64 " %u byte%s, the first at %" PRIx64 ": ", d->address, d->bytes,
             d->bytes == 1 ? "" : "s", d->address + d->first);
    add_run(t, d->run_old, d->run);
    text_add(t, " -> ");
    add_run(t, d->run_new, d->run);
}

const char *difference_text(const struct difference *d, char buf[DIFFERENCE_TEXT_MAX])
{
    struct text t;

    text_start(&t, buf, DIFFERENCE_TEXT_MAX);
    if (d->kind == DIFFERENCE_ENTRY)
        add_entry(&t, d);
    else if (d->kind == DIFFERENCE_MEMORY || d->kind == DIFFERENCE_DISK)
        add_bytes(&t, d);
    else
        text_add(&t, "%-*s %" PRIx64 " -> %" PRIx64 "%s%s",
                 d->kind == DIFFERENCE_REGISTER ? 18 : 30, d->name, d->old, d->new,
                 d->text[0] ? "  " : "", d->text);
    return buf;
}

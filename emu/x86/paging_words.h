/* Paging in the SDM's words, vol. 3, chapter 4: kinds of paging, entries and their bits, verdicts. */
#ifndef VLAB_X86_PAGING_WORDS_H
#define VLAB_X86_PAGING_WORDS_H

#include "x86/paging.h"

#include <stddef.h>

/* "4-level paging" and "SDM vol. 3, 4.5", by x86_paging_levels(). Static, never NULL. */
const char *x86_paging_name(unsigned levels);
const char *x86_paging_manual(unsigned levels);

/* "PML4E" for level 4, ...; "" for a level that there is not. Static. */
const char *x86_entry_name(unsigned level);

#define X86_ENTRY_TEXT_MAX 128
/*
 * The bits that are set, but for the address: "P R/W U/S A D PS G AVL=5 PK=1 XD". "not present" when
 * P is 0: then no other bit means anything to the CPU. Returns buf.
 */
const char *x86_entry_text(const struct x86_paging *mmu, unsigned level, uint64_t entry,
                           char buf[X86_ENTRY_TEXT_MAX]);

/* The section that a verdict follows. Static. */
const char *x86_verdict_manual(unsigned verdict);

#endif

/*
 * The panes of the pages view, each pure: draws into its area from line `scroll` on, and returns the
 * number of lines of its whole content.
 */
#ifndef VLAB_TUI_VIEW_PAGES_H
#define VLAB_TUI_VIEW_PAGES_H

#include "tui/view.h"

/* The guest's tables, entry by entry, to the page; what the TLB holds of it. */
int pages_walk(const struct model *model, const struct ui *ui, const struct area *area, int scroll);
/* Line for line beside it: where each of those entries lies in host memory, or the shadow tables. */
int pages_stage(const struct model *model, const struct area *area, int scroll);

/* What the access comes to, by which rule, and what can be tried out. */
int pages_verdict(const struct model *model, const struct ui *ui, const struct area *area,
                  int scroll);

/* The address space in ranges. */
int pages_map(const struct model *model, const struct ui *ui, const struct area *area);
/* A range in one line of text, for find. */
void pages_map_text(const struct pages_look *look, unsigned range, char *buf, size_t size);
/* The first line that is seen of `count`, so that line `at` is. */
int pages_first(int at, int count, int rows);

/* The entries of one table; and its lines, where entries that are not present are one. */
int pages_table(const struct model *model, const struct ui *ui, const struct area *area);
unsigned pages_table_line(const struct model *model, unsigned index);
unsigned pages_table_lines(const struct model *model);
unsigned pages_table_index(const struct model *model, unsigned line);

/* "rwxU", "r--S" from X86_RIGHT_ bits. Returns buf. */
const char *pages_rights(unsigned rights, char buf[5]);
/* "PWUADSGX": the bits of a present entry that are set, a dash for each that is not. Returns buf. */
const char *pages_entry_bits(const struct pages_look *look, unsigned level, uint64_t entry,
                             char buf[9]);

#endif

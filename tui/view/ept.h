/* Panes of the ept view, each pure: draws into its area and returns the lines of its content. */
#ifndef VLAB_TUI_VIEW_EPT_H
#define VLAB_TUI_VIEW_EPT_H

#include "tui/view.h"

/* The entries of one guest-physical address, and the page at their end. */
int ept_view_walk(const struct model *model, const struct ui *ui, const struct area *area,
                  int scroll);
/* What the machine knows of that page. */
int ept_view_page(const struct model *model, const struct area *area, int scroll);
/* All of guest-physical memory in ranges. */
int ept_view_map(const struct model *model, const struct ui *ui, const struct area *area);

/* The entries of one table; and its lines, where entries that map nothing are one. */
int ept_view_table(const struct model *model, const struct ui *ui, const struct area *area);
unsigned ept_table_line(const struct model *model, unsigned index);
unsigned ept_table_index(const struct model *model, unsigned line);

/* "rwx" from EPT_ bits. Returns buf. */
const char *ept_rights_text(unsigned rights, char buf[4]);

#endif

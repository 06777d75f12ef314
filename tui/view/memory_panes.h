/* The panes of the memory view, each pure: draws into its area, returns the lines of its content. */
#ifndef VLAB_TUI_VIEW_MEMORY_PANES_H
#define VLAB_TUI_VIEW_MEMORY_PANES_H

#include "tui/grid.h"
#include "tui/model.h"
#include "tui/ui.h"
#include "tui/view.h"

/* How a line of bytes is laid out in a pane of some width. */
struct dump {
    int bytes;        /* in a line: 8, 16 or 32 */
    int address_cols; /* of the address in front */
    bool text;        /* with the text behind */
};

struct dump memory_dump(const struct model *model, int cols);
/* Address of the first line that is seen in `rows` rows, so that the cursor's line is. */
uint64_t memory_first(const struct model *model, const struct ui *ui, const struct dump *dump,
                      int rows);

int memory_bytes(const struct model *model, const struct ui *ui, const struct area *area);
int memory_value(const struct model *model, const struct ui *ui, const struct area *area,
                 int scroll);
int memory_registers(const struct model *model, const struct ui *ui, const struct area *area);

/* What stands behind the name of a pane that shows the bytes. */
void memory_title(const struct model *model, const struct ui *ui, struct pane *pane);
/*
 * Move the cursor by lines and pages of the focused pane, which shows `rows` lines of bytes; top and
 * bottom are those of the page of 4 KiB.
 */
void memory_bytes_move(const struct model *model, struct ui *ui, enum move move, int rows);

/* The registers of the list, in order; returns how many. */
unsigned memory_list(const struct model *model, enum memory_base list[MEMORY_BASES]);

/* Whether the model's window is of the kind of memory that the ui wants to see. */
bool memory_is_there(const struct model *model, const struct ui *ui);
/* Why a page has no bytes. Returns buf. */
#define MEMORY_WHY_MAX 96
const char *memory_why(const struct memory_page *page, bool physical, char buf[MEMORY_WHY_MAX]);

#endif

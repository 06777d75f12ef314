/*
 * The panes of the step view, each pure: draws into its area from line `scroll` on, and returns
 * the number of lines of its whole content.
 */
#ifndef VLAB_TUI_VIEW_STEP_H
#define VLAB_TUI_VIEW_STEP_H

#include "tui/grid.h"
#include "tui/model.h"
#include "tui/ui.h"

int step_code(const struct model *model, const struct area *area, int scroll);
int step_registers(const struct model *model, const struct area *area, int scroll);
int step_exits(const struct model *model, const struct ui *ui, const struct area *area);
/* `exit` may be NULL in the two below: there has been none. */
int step_why(const struct vm_exit *exit, bool explain, const struct area *area, int scroll);
int step_fields(const struct vm_exit *exit, const struct area *area, int scroll);
int step_output(const struct text_tail *text, const struct area *area, int scroll);
int step_profile(const struct model *model, const struct area *area, int scroll);

/* The time of the run, on one line. */
int step_time(const struct model *model, const struct ui *ui, const struct area *area);
/* Behind its name: what its marks are. */
void step_time_detail(const struct time_look *look, char *buf, size_t size);

#endif

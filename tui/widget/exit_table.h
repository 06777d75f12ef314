/*
 * A table of kept exits, those that pass a filter, around a selected one: what the step view and
 * the profile have in common.
 *
 *   exit insns reason        qual     rip   meaning        by how wide the area is
 *   1842 48120 EPT violation 18a   20122f   write GPA 400010
 *
 * The caller draws the line below it, which says how many exits are not in the table.
 */
#ifndef VLAB_TUI_WIDGET_EXIT_TABLE_H
#define VLAB_TUI_WIDGET_EXIT_TABLE_H

#include "tui/exit_list.h"
#include "tui/view.h"

/* Header and rows into all of the area but its last row; returns how many exits are seen. */
int exit_table_draw(const struct exit_ring *ring, const struct exit_filter *filter,
                    const struct vm_exit *selected, const struct area *area);

/* The exit that is selected after a move from `selected`. */
const struct vm_exit *exit_table_move(const struct exit_ring *ring,
                                      const struct exit_filter *filter,
                                      const struct vm_exit *selected, enum move move, int page);

/*
 * The next exit in a direction (1 or -1) whose reason or meaning has the text, through the whole
 * list once, past its end from its other end on; NULL when none has.
 */
const struct vm_exit *exit_table_find(const struct exit_ring *ring,
                                      const struct exit_filter *filter,
                                      const struct vm_exit *selected, const char *text,
                                      int direction);

/* The exit in a row of the area's content; NULL where there is none. `rows`: of the area. */
const struct vm_exit *exit_table_at(const struct exit_ring *ring, const struct exit_filter *filter,
                                    const struct vm_exit *selected, int rows, int row);

#endif

/*
 * The kept exits as a list: all of them, or those that pass a filter.
 *
 * - A position is the number of an exit (vm_exit.seq); whatever it is, the functions find the
 *   nearest exit that is kept and passes.
 */
#ifndef VLAB_TUI_EXIT_LIST_H
#define VLAB_TUI_EXIT_LIST_H

#include "core/breakpoint.h"
#include "tui/model.h"

struct exit_filter {
    bool on;
    struct breakpoint only; /* what passes, when it is on */
};

/* The last exit at or before `seq` that passes, else the first after it; NULL when none does. */
const struct vm_exit *exit_list_at(const struct exit_ring *ring, const struct exit_filter *filter,
                                   uint64_t seq);

/* The exit `count` places on (negative: back) in the list, as far as there are any; NULL: empty. */
const struct vm_exit *exit_list_move(const struct exit_ring *ring, const struct exit_filter *filter,
                                     uint64_t seq, int64_t count);

/* The first and the last of the list, NULL when it is empty. */
const struct vm_exit *exit_list_first(const struct exit_ring *ring,
                                      const struct exit_filter *filter);
const struct vm_exit *exit_list_last(const struct exit_ring *ring,
                                     const struct exit_filter *filter);

/*
 * The rows of a table of the list around `seq`, oldest first: numbers of exits into seqs[rows].
 * Returns how many there are.
 */
int exit_list_window(const struct exit_ring *ring, const struct exit_filter *filter, uint64_t seq,
                     int rows, uint64_t *seqs);

#endif

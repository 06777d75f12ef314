/* The list of kept exits, see exit_list.h. A filter is tried on each exit: the ring is short. */
#include "tui/exit_list.h"

static bool passes(const struct exit_ring *ring, const struct exit_filter *filter, uint64_t seq)
{
    return !filter->on || breakpoint_matches(&filter->only, exit_ring_get(ring, seq));
}

/* The first from `seq` on, going up, that passes. */
static const struct vm_exit *seek_up(const struct exit_ring *ring, const struct exit_filter *filter,
                                     uint64_t seq)
{
    if (seq < ring->begin)
        seq = ring->begin;
    for (; seq < ring->end; seq++)
        if (passes(ring, filter, seq))
            return exit_ring_get(ring, seq);
    return NULL;
}

static const struct vm_exit *seek_down(const struct exit_ring *ring,
                                       const struct exit_filter *filter, uint64_t seq)
{
    if (seq >= ring->end)
        seq = ring->end - 1;
    for (; ring->begin < ring->end && seq >= ring->begin; seq--) {
        if (passes(ring, filter, seq))
            return exit_ring_get(ring, seq);
        if (seq == 0)
            break;
    }
    return NULL;
}

const struct vm_exit *exit_list_at(const struct exit_ring *ring, const struct exit_filter *filter,
                                   uint64_t seq)
{
    const struct vm_exit *exit = seek_down(ring, filter, seq);

    return exit ? exit : seek_up(ring, filter, seq);
}

const struct vm_exit *exit_list_move(const struct exit_ring *ring, const struct exit_filter *filter,
                                     uint64_t seq, int64_t count)
{
    const struct vm_exit *at = exit_list_at(ring, filter, seq);
    const struct vm_exit *next = at;

    while (next && count != 0) {
        at = next;
        if (count > 0)
            next = seek_up(ring, filter, at->seq + 1);
        else
            next = at->seq > 0 ? seek_down(ring, filter, at->seq - 1) : NULL;
        count += count > 0 ? -1 : 1;
    }
    return next ? next : at;
}

const struct vm_exit *exit_list_first(const struct exit_ring *ring,
                                      const struct exit_filter *filter)
{
    return seek_up(ring, filter, 0);
}

const struct vm_exit *exit_list_last(const struct exit_ring *ring, const struct exit_filter *filter)
{
    return seek_down(ring, filter, UINT64_MAX);
}

/* Half of the rows before the selection, and all of them in use where the list is long enough. */
int exit_list_window(const struct exit_ring *ring, const struct exit_filter *filter, uint64_t seq,
                     int rows, uint64_t *seqs)
{
    const struct vm_exit *exit = exit_list_at(ring, filter, seq);
    int count = 0;

    if (!exit || rows <= 0)
        return 0;
    exit = exit_list_move(ring, filter, exit->seq, (rows + 1) / 2 - 1);
    exit = exit_list_move(ring, filter, exit->seq, 1 - rows);
    while (exit && count < rows) {
        seqs[count++] = exit->seq;
        exit = seek_up(ring, filter, exit->seq + 1);
    }
    return count;
}

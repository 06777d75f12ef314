/* Exits by reason: how many, and what their handling cost (host TSC cycles). See trace.h. */
#include "trace/trace.h"

void trace_profile_add(struct trace_profile *p, const struct vm_exit *exit)
{
    /* A reason that no SDM names can come from a file: counted under the last, unused one. */
    unsigned index = exit->reason < EXIT_REASON_COUNT ? exit->reason : EXIT_REASON_COUNT - 1;
    struct trace_profile_row *row = &p->rows[index];

    if (row->count == 0 || exit->cost < row->cost_min)
        row->cost_min = exit->cost;
    if (exit->cost > row->cost_max)
        row->cost_max = exit->cost;
    row->count++;
    row->cost_sum += exit->cost;
    p->total++;
}

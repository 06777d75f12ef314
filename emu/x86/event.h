/*
 * A fault while an event is being delivered: Intel SDM vol. 3, Table 6-5 (benign, contributory,
 * page fault) and the triple fault.
 */
#ifndef VLAB_X86_EVENT_H
#define VLAB_X86_EVENT_H

#include <stdint.h>

enum x86_combined {
    X86_COMBINED_SECOND, /* deliver the second event alone */
    X86_COMBINED_DOUBLE, /* deliver #DF(0) instead */
    X86_COMBINED_TRIPLE  /* shut down */
};

/* `first`: the event whose delivery faulted, `second`: the fault; INTR_ layout of core/exit.h. */
enum x86_combined x86_combine_events(uint32_t first, uint32_t second);

#endif

/*
 * Events that are delivered through the guest's IDT, and what two of them make together: Intel SDM
 * vol. 3, Table 6-5 (benign, contributory, page fault) and the triple fault.
 */
#ifndef VLAB_X86_EVENT_H
#define VLAB_X86_EVENT_H

#include <stdint.h>

/* An event to deliver before the next instruction, laid out as the VM-entry fields (SDM 25.8.3). */
struct x86_event {
    uint64_t cr2;     /* for #PF: the address, loaded into CR2 as delivery begins */
    uint32_t info;    /* INTR_ layout of core/exit.h; nothing is pending unless INTR_VALID is set */
    uint32_t error;   /* when INTR_HAS_ERROR */
    uint8_t insn_len; /* of INT n, INT3, INTO: the return address is rip + this */
};

enum x86_combined {
    X86_COMBINED_SECOND, /* deliver the second event alone */
    X86_COMBINED_DOUBLE, /* deliver #DF(0) instead */
    X86_COMBINED_TRIPLE  /* shut down */
};

/* `first`: the event whose delivery faulted, `second`: the fault; INTR_ layout of core/exit.h. */
enum x86_combined x86_combine_events(uint32_t first, uint32_t second);

#endif

/* Combining events, see event.h. */
#include "x86/event.h"

#include "core/exit.h"
#include "x86/regs.h"

enum event_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

/* Only exceptions have a class; interrupts, NMI and INT n are benign. */
static enum event_class class_of(uint32_t info)
{
    if (INTR_TYPE(info) != INTR_HARDWARE_EXCEPTION)
        return BENIGN;
    switch (INTR_VECTOR(info)) {
    case X86_DE:
    case X86_TS:
    case X86_NP:
    case X86_SS_FAULT:
    case X86_GP:
        return CONTRIBUTORY;
    case X86_PF:
        return PAGE_FAULT;
    case X86_DF:
        return DOUBLE_FAULT;
    default:
        return BENIGN;
    }
}

enum x86_combined x86_combine_events(uint32_t first, uint32_t second)
{
    enum event_class a = class_of(first), b = class_of(second);

    if (a == DOUBLE_FAULT && (b == CONTRIBUTORY || b == PAGE_FAULT))
        return X86_COMBINED_TRIPLE;
    if (a == CONTRIBUTORY && b == CONTRIBUTORY)
        return X86_COMBINED_DOUBLE;
    if (a == PAGE_FAULT && (b == CONTRIBUTORY || b == PAGE_FAULT))
        return X86_COMBINED_DOUBLE;
    return X86_COMBINED_SECOND;
}

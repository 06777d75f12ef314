/*
 * The execution controls by name, see control_names.h: Intel SDM vol. 3, Tables 25-5 to 25-7 and
 * 25-13. Left out is what this machine has nothing of: the APIC's virtualization, tertiary controls,
 * VMCS shadowing, the preemption timer, TSC offsetting and scaling, and what guards single features
 * (INVPCID, XSAVES, PT, VM functions, ...).
 */
#include "core/control_names.h"

#define R(reason) (1ull << EXIT_##reason)

/* clang-format off */
static const struct control_name names[] = {
    {"external-interrupt", FIELD_PIN, CONTROL_EVENT, PIN_EXTERNAL_INTERRUPT,
     "External-interrupt exiting", R(EXTERNAL_INTERRUPT)},
    {"nmi", FIELD_PIN, CONTROL_EVENT, PIN_NMI, "NMI exiting", 0},
    {"virtual-nmis", FIELD_PIN, CONTROL_FIXED, PIN_VIRTUAL_NMIS, "Virtual NMIs", 0},
    {"interrupt-window", FIELD_PRIMARY, CONTROL_REQUEST, PRIMARY_INTERRUPT_WINDOW,
     "Interrupt-window exiting", R(INTERRUPT_WINDOW)},
    {"hlt", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_HLT, "HLT exiting", R(HLT)},
    {"invlpg", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_INVLPG, "INVLPG exiting", R(INVLPG)},
    {"mwait", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_MWAIT, "MWAIT exiting", R(MWAIT)},
    {"rdpmc", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_RDPMC, "RDPMC exiting", R(RDPMC)},
    {"rdtsc", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_RDTSC, "RDTSC exiting", R(RDTSC) | R(RDTSCP)},
    {"cr3-load", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_CR3_LOAD, "CR3-load exiting", 0},
    {"cr3-store", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_CR3_STORE, "CR3-store exiting", 0},
    {"cr8-load", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_CR8_LOAD, "CR8-load exiting", 0},
    {"cr8-store", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_CR8_STORE, "CR8-store exiting", 0},
    {"nmi-window", FIELD_PRIMARY, CONTROL_REQUEST, PRIMARY_NMI_WINDOW, "NMI-window exiting",
     R(NMI_WINDOW)},
    {"mov-dr", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_MOV_DR, "MOV-DR exiting", R(DR_ACCESS)},
    {"unconditional-io", FIELD_PRIMARY, CONTROL_MODE, PRIMARY_UNCONDITIONAL_IO,
     "Unconditional I/O exiting", 0},
    {"io-bitmaps", FIELD_PRIMARY, CONTROL_MODE, PRIMARY_IO_BITMAPS, "Use I/O bitmaps", 0},
    {"monitor-trap", FIELD_PRIMARY, CONTROL_REQUEST, PRIMARY_MONITOR_TRAP, "Monitor trap flag",
     R(MONITOR_TRAP)},
    {"msr-bitmaps", FIELD_PRIMARY, CONTROL_MODE, PRIMARY_MSR_BITMAPS, "Use MSR bitmaps", 0},
    {"monitor", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_MONITOR, "MONITOR exiting", R(MONITOR)},
    {"pause", FIELD_PRIMARY, CONTROL_EVENT, PRIMARY_PAUSE, "PAUSE exiting", R(PAUSE)},
    {"secondary", FIELD_PRIMARY, CONTROL_MODE, PRIMARY_SECONDARY, "Activate secondary controls", 0},
    {"ept", FIELD_SECONDARY, CONTROL_FIXED, SECONDARY_EPT, "Enable EPT", 0},
    {"descriptor-table", FIELD_SECONDARY, CONTROL_EVENT, SECONDARY_DESCRIPTOR_TABLE,
     "Descriptor-table exiting", R(GDTR_IDTR) | R(LDTR_TR)},
    {"wbinvd", FIELD_SECONDARY, CONTROL_EVENT, SECONDARY_WBINVD, "WBINVD exiting", R(WBINVD)},
    {"rdrand", FIELD_SECONDARY, CONTROL_EVENT, SECONDARY_RDRAND, "RDRAND exiting", R(RDRAND)},
    {"rdseed", FIELD_SECONDARY, CONTROL_EVENT, SECONDARY_RDSEED, "RDSEED exiting", R(RDSEED)},
    {"ack-interrupt", FIELD_EXIT, CONTROL_MODE, EXIT_ACK_INTERRUPT, "Acknowledge interrupt on exit",
     0},
};
/* clang-format on */

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

const struct control_name *control_name(unsigned index)
{
    return index < NAME_COUNT ? &names[index] : NULL;
}

const struct control_name *control_of_reason(uint32_t reason)
{
    if (reason >= EXIT_REASON_COUNT)
        return NULL;
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (names[i].reasons >> reason & 1)
            return &names[i];
    return NULL;
}

const struct control_name *control_of_bit(enum control_field field, uint32_t mask)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (names[i].field == field && names[i].mask == mask)
            return &names[i];
    return NULL;
}

unsigned control_bit(const struct control_name *control)
{
    return (unsigned)__builtin_ctz(control->mask);
}

const char *control_field_name(enum control_field field)
{
    static const char *const fields[] = {"pin-based", "primary", "secondary", "VM-exit"};

    return fields[field];
}

const char *control_field_manual(enum control_field field)
{
    static const char *const tables[] = {"SDM vol. 3, Table 25-5", "SDM vol. 3, Table 25-6",
                                         "SDM vol. 3, Table 25-7", "SDM vol. 3, Table 25-13"};

    return tables[field];
}

const struct control_set_name *control_set_name(unsigned index)
{
    static const struct control_set_name sets[] = {
        {"exceptions", "MASK", "Exception bitmap, a bit a vector", "SDM vol. 3, 25.6.3"},
        {"cr0", "MASK", "Guest/host mask of CR0", "SDM vol. 3, 25.6.6"},
        {"cr4", "MASK", "Guest/host mask of CR4", "SDM vol. 3, 25.6.6"},
        {"io", "PORT[-PORT]", "I/O bitmaps A and B", "SDM vol. 3, 25.6.4"},
        {"msr", "MSR[-MSR]", "MSR bitmaps, reads and writes", "SDM vol. 3, 25.6.9"},
        {"pf-mask", "MASK", "Page-fault error-code mask", "SDM vol. 3, 25.6.3"},
        {"pf-match", "MASK", "Page-fault error-code match", "SDM vol. 3, 25.6.3"},
    };

    return index < sizeof(sets) / sizeof(sets[0]) ? &sets[index] : NULL;
}

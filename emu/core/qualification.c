/*
 * The exit qualification as the tables of the Intel SDM vol. 3, 28.2.1 lay it out for each reason.
 */
#include "core/layout.h"

static const char *const not_allowed[] = {"not allowed", "allowed"};

/* ---- describing functions -------------------------------------------------------------------- */

static void describe_port(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    (void)exit;
    if (port_name((unsigned)value))
        text_add(t, " (%s)", port_name((unsigned)value));
}

static void describe_entry_failure(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    static const char *const why[] = {"not used", NULL, "PDPTE loading failed", "NMI injection",
                                      "VMCS link pointer is wrong"};

    (void)exit;
    if (value < sizeof(why) / sizeof(why[0]) && why[value])
        text_add(t, " (%s)", why[value]);
}

/* For what the access type of a control-register exit does not have, the SDM clears the field. */
static void describe_cr_gpr(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (CR_QUAL_TYPE(exit->qualification) <= CR_ACCESS_MOV_FROM)
        layout_gpr(t, exit, value);
    else
        text_add(t, " (none)");
}

static void describe_lmsw_operand(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (CR_QUAL_TYPE(exit->qualification) == CR_ACCESS_LMSW)
        text_add(t, value ? " (memory)" : " (register)");
    else
        text_add(t, " (not LMSW)");
}

static void describe_ept_kind(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (!(exit->qualification & EPT_QUAL_GLA_VALID))
        text_add(t, " (undefined without a linear address)");
    else
        text_add(t, value ? " (to the final address)" : " (to a page-table entry)");
}

/* ---- layouts --------------------------------------------------------------------------------- */

/* Table 28-1 */
static const struct field debug_fields[] = {
    {0, 0, "B0, breakpoint 0 met", layout_no_yes, NULL},
    {1, 1, "B1, breakpoint 1 met", layout_no_yes, NULL},
    {2, 2, "B2, breakpoint 2 met", layout_no_yes, NULL},
    {3, 3, "B3, breakpoint 3 met", layout_no_yes, NULL},
    {13, 13, "BD, debug register accessed", layout_no_yes, NULL},
    {14, 14, "BS, single step", layout_no_yes, NULL},
    {11, 11, "BLD, bus lock", layout_no_yes, NULL},
    {16, 16, "RTM, in a transaction", layout_no_yes, NULL},
};

static const struct field linear_fields[] = {{63, 0, "linear address", NULL, NULL}};
static const struct field offset_fields[] = {{63, 0, "displacement", NULL, NULL}};
static const struct field sipi_fields[] = {{7, 0, "SIPI vector", NULL, NULL}};
static const struct field monitor_fields[] = {{0, 0, "monitor armed", layout_no_yes, NULL}};
static const struct field eoi_fields[] = {{7, 0, "vector", NULL, NULL}};
static const struct field apic_write_fields[] = {{11, 0, "offset in the APIC page", NULL, NULL}};
static const struct field msr_load_fields[] = {{31, 0, "entry of the MSR area", NULL, NULL}};
static const struct field entry_fields[] = {{31, 0, "cause", NULL, describe_entry_failure}};

/* Table 28-2 */
static const char *const task_sources[] = {"CALL", "IRET", "JMP", "task gate"};
static const struct field task_fields[] = {
    {15, 0, "TSS selector", NULL, NULL},
    {31, 30, "source", task_sources, NULL},
};

/* Table 28-3 */
static const char *const cr_types[] = {"MOV to CR", "MOV from CR", "CLTS", "LMSW"};
static const struct field cr_fields[] = {
    {3, 0, "control register", NULL, NULL},
    {5, 4, "access type", cr_types, NULL},
    {6, 6, "LMSW operand", NULL, describe_lmsw_operand},
    {11, 8, "general-purpose register", NULL, describe_cr_gpr},
    {31, 16, "LMSW source data", NULL, NULL},
};

/* Table 28-4 */
static const char *const dr_directions[] = {"MOV to DR", "MOV from DR"};
static const struct field dr_fields[] = {
    {2, 0, "debug register", NULL, NULL},
    {4, 4, "direction", dr_directions, NULL},
    {11, 8, "general-purpose register", NULL, layout_gpr},
};

/* Table 28-5 */
static const char *const io_sizes[] = {"1 byte",   "2 bytes",  "reserved", "4 bytes",
                                       "reserved", "reserved", "reserved", "reserved"};
static const char *const io_directions[] = {"OUT", "IN"};
static const char *const io_operands[] = {"DX", "immediate"};
static const struct field io_fields[] = {
    {2, 0, "size", io_sizes, NULL},
    {3, 3, "direction", io_directions, NULL},
    {4, 4, "string instruction", layout_no_yes, NULL},
    {5, 5, "REP prefixed", layout_no_yes, NULL},
    {6, 6, "operand encoding", io_operands, NULL},
    {31, 16, "port", NULL, describe_port},
};

/* Table 28-6 */
static const char *const apic_types[16] = {"linear read",
                                           "linear write",
                                           "linear fetch",
                                           "during event delivery",
                                           "reserved",
                                           "reserved",
                                           "reserved",
                                           "reserved",
                                           "reserved",
                                           "reserved",
                                           "guest-physical, during event delivery",
                                           "reserved",
                                           "reserved",
                                           "reserved",
                                           "reserved",
                                           "guest-physical, fetch or during an instruction"};
static const struct field apic_fields[] = {
    {11, 0, "offset in the APIC page", NULL, NULL},
    {15, 12, "access type", apic_types, NULL},
    {16, 16, "not caused by an instruction", layout_no_yes, NULL},
};

/* Table 28-7 */
static const char *const ept_modes[] = {"supervisor-mode", "user-mode"};
static const char *const ept_pages[] = {"read-only", "writable"};
static const char *const ept_execute[] = {"allowed", "disabled"};
static const struct field ept_fields[] = {
    {0, 0, "data read", layout_no_yes, NULL},
    {1, 1, "data write", layout_no_yes, NULL},
    {2, 2, "instruction fetch", layout_no_yes, NULL},
    {3, 3, "EPT: reads", not_allowed, NULL},
    {4, 4, "EPT: writes", not_allowed, NULL},
    {5, 5, "EPT: fetches", not_allowed, NULL},
    {7, 7, "guest-linear address valid", layout_no_yes, NULL},
    {8, 8, "access", NULL, describe_ept_kind},
    {6, 6, "EPT: user-mode fetches", not_allowed, NULL},
    {9, 9, "linear address", ept_modes, NULL},
    {10, 10, "page", ept_pages, NULL},
    {11, 11, "page: fetches", ept_execute, NULL},
    {12, 12, "NMI unblocking due to IRET", layout_no_yes, NULL},
    {13, 13, "shadow-stack access", layout_no_yes, NULL},
    {14, 14, "EPT: supervisor shadow stack", layout_no_yes, NULL},
    {15, 15, "guest-paging verification", layout_no_yes, NULL},
    {16, 16, "not caused by an instruction", layout_no_yes, NULL},
};

static const struct layout layout_debug = LAYOUT_RARE("", debug_fields, 2);
static const struct layout layout_linear = LAYOUT("", linear_fields);

static const struct layout layouts[EXIT_REASON_COUNT] = {
    [EXIT_SIPI] = LAYOUT("", sipi_fields),
    [EXIT_TASK_SWITCH] = LAYOUT("", task_fields),
    [EXIT_INVLPG] = LAYOUT("", linear_fields),
    [EXIT_VMCLEAR] = LAYOUT("", offset_fields),
    [EXIT_VMPTRLD] = LAYOUT("", offset_fields),
    [EXIT_VMPTRST] = LAYOUT("", offset_fields),
    [EXIT_VMREAD] = LAYOUT("", offset_fields),
    [EXIT_VMWRITE] = LAYOUT("", offset_fields),
    [EXIT_VMXON] = LAYOUT("", offset_fields),
    [EXIT_CR_ACCESS] = LAYOUT("", cr_fields),
    [EXIT_DR_ACCESS] = LAYOUT("", dr_fields),
    [EXIT_IO] = LAYOUT("", io_fields),
    [EXIT_ENTRY_GUEST_STATE] = LAYOUT("", entry_fields),
    [EXIT_ENTRY_MSR_LOAD] = LAYOUT("", msr_load_fields),
    [EXIT_MWAIT] = LAYOUT("", monitor_fields),
    [EXIT_APIC_ACCESS] = LAYOUT_RARE("", apic_fields, 1),
    [EXIT_VIRTUALIZED_EOI] = LAYOUT("", eoi_fields),
    [EXIT_GDTR_IDTR] = LAYOUT("", offset_fields),
    [EXIT_LDTR_TR] = LAYOUT("", offset_fields),
    [EXIT_EPT_VIOLATION] = LAYOUT_RARE("", ept_fields, 9),
    [EXIT_INVEPT] = LAYOUT("", offset_fields),
    [EXIT_INVVPID] = LAYOUT("", offset_fields),
    [EXIT_APIC_WRITE] = LAYOUT("", apic_write_fields),
    [EXIT_INVPCID] = LAYOUT("", offset_fields),
};

const struct layout *layout_qualification(const struct vm_exit *exit)
{
    static const struct layout none = {.word = ""};
    unsigned vector = INTR_VECTOR(exit->intr_info);

    if (exit->reason >= EXIT_REASON_COUNT)
        return &none;
    if (exit->reason != EXIT_EXCEPTION_NMI)
        return layouts[exit->reason].fields ? &layouts[exit->reason] : &none;
    if (!(exit->has & EXIT_HAS_INTR))
        return &none;
    return vector == 14 ? &layout_linear : vector == 1 ? &layout_debug : &none;
}

/*
 * The exit qualification field by field, as the tables of the Intel SDM vol. 3, 28.2.1 lay it out;
 * for exceptions also the VM-exit interruption information (Table 25-17) and the error code
 * (vol. 3, 6.13; for #PF Figure 4-12). See explain.h.
 */
#include "core/explain.h"

#include "core/words.h"

#include <inttypes.h>

/* One field: bits high..low and how to name their value, by a list or by a function. */
struct field {
    uint8_t high, low;
    const char *name;
    const char *const *values; /* 1 << width of them, or NULL */
    void (*describe)(struct text *t, const struct vm_exit *exit, uint64_t value);
};

/* The fields of one 64- or 32-bit word of an exit. */
struct layout {
    const char *word; /* "", or which word it is when not the qualification */
    const struct field *fields;
    unsigned count;
};

#define LAYOUT(prefix, list)                                                                       \
    {                                                                                              \
        .word = (prefix), .fields = (list), .count = sizeof(list) / sizeof((list)[0])              \
    }

static const char *const no_yes[] = {"no", "yes"};
static const char *const not_allowed[] = {"not allowed", "allowed"};

/* ---- describing functions -------------------------------------------------------------------- */

static void describe_gpr(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    text_add(t, " (%s)", gpr_name(exit, (unsigned)value));
}

static void describe_port(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    static const struct {
        uint16_t first, last;
        const char *name;
    } ports[] = {
        {0x20, 0x21, "PIC"},        {0x40, 0x43, "PIT"},          {0x60, 0x60, "keyboard"},
        {0x64, 0x64, "keyboard"},   {0x70, 0x71, "RTC and CMOS"}, {0x80, 0x80, "POST code"},
        {0xa0, 0xa1, "second PIC"}, {0xe9, 0xe9, "debug text"},   {0xf4, 0xf4, "debug-exit"},
        {0x3f8, 0x3ff, "COM1"},     {0x402, 0x402, "debug text"}, {0xcf8, 0xcff, "PCI"},
        {0x500, 0x50f, "firmware"}, {0x510, 0x511, "fw_cfg"},
    };

    (void)exit;
    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        if (value >= ports[i].first && value <= ports[i].last)
            text_add(t, " (%s)", ports[i].name);
}

static void describe_vector(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    (void)exit;
    if (vector_name((unsigned)value))
        text_add(t, " (%s, %s)", vector_mnemonic((unsigned)value), vector_name((unsigned)value));
}

static void describe_entry_failure(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    static const char *const why[] = {"not used", NULL, "PDPTE loading failed", "NMI injection",
                                      "VMCS link pointer is wrong"};

    (void)exit;
    if (value < sizeof(why) / sizeof(why[0]) && why[value])
        text_add(t, " (%s)", why[value]);
}

/* ---- layouts --------------------------------------------------------------------------------- */

/* Table 28-1 */
static const struct field debug_fields[] = {
    {0, 0, "B0, breakpoint 0 met", no_yes, NULL},
    {1, 1, "B1, breakpoint 1 met", no_yes, NULL},
    {2, 2, "B2, breakpoint 2 met", no_yes, NULL},
    {3, 3, "B3, breakpoint 3 met", no_yes, NULL},
    {13, 13, "BD, debug register accessed", no_yes, NULL},
    {14, 14, "BS, single step", no_yes, NULL},
};

static const struct field linear_fields[] = {{63, 0, "linear address", NULL, NULL}};
static const struct field offset_fields[] = {{63, 0, "displacement", NULL, NULL}};
static const struct field sipi_fields[] = {{7, 0, "SIPI vector", NULL, NULL}};
static const struct field monitor_fields[] = {{0, 0, "monitor armed", no_yes, NULL}};
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
static const char *const lmsw_types[] = {"register", "memory"};
static const struct field cr_fields[] = {
    {3, 0, "control register", NULL, NULL},
    {5, 4, "access type", cr_types, NULL},
    {6, 6, "LMSW operand", lmsw_types, NULL},
    {11, 8, "general-purpose register", NULL, describe_gpr},
    {31, 16, "LMSW source data", NULL, NULL},
};

/* Table 28-4 */
static const char *const dr_directions[] = {"MOV to DR", "MOV from DR"};
static const struct field dr_fields[] = {
    {2, 0, "debug register", NULL, NULL},
    {4, 4, "direction", dr_directions, NULL},
    {11, 8, "general-purpose register", NULL, describe_gpr},
};

/* Table 28-5 */
static const char *const io_sizes[] = {"1 byte",   "2 bytes",  "reserved", "4 bytes",
                                       "reserved", "reserved", "reserved", "reserved"};
static const char *const io_directions[] = {"OUT", "IN"};
static const char *const io_operands[] = {"DX", "immediate"};
static const struct field io_fields[] = {
    {2, 0, "size", io_sizes, NULL},
    {3, 3, "direction", io_directions, NULL},
    {4, 4, "string instruction", no_yes, NULL},
    {5, 5, "REP prefixed", no_yes, NULL},
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
};

/* Table 28-7 */
static const char *const ept_kinds[] = {"to a page-table entry", "to the final address"};
static const struct field ept_fields[] = {
    {0, 0, "data read", no_yes, NULL},
    {1, 1, "data write", no_yes, NULL},
    {2, 2, "instruction fetch", no_yes, NULL},
    {3, 3, "EPT: reads", not_allowed, NULL},
    {4, 4, "EPT: writes", not_allowed, NULL},
    {5, 5, "EPT: fetches", not_allowed, NULL},
    {7, 7, "guest-linear address valid", no_yes, NULL},
    {8, 8, "access", ept_kinds, NULL},
};

/* Table 25-17 */
static const char *const event_types[] = {"external interrupt",
                                          "reserved",
                                          "NMI",
                                          "hardware exception",
                                          "software interrupt",
                                          "privileged software exception",
                                          "software exception",
                                          "reserved"};
static const struct field info_fields[] = {
    {7, 0, "vector", NULL, describe_vector},
    {10, 8, "type", event_types, NULL},
    {11, 11, "error code valid", no_yes, NULL},
    {12, 12, "NMI unblocking due to IRET", no_yes, NULL},
    {31, 31, "valid", no_yes, NULL},
};

/* vol. 3, 6.13 */
static const char *const error_tables[] = {"GDT", "LDT"};
static const char *const error_origins[] = {"GDT or LDT", "IDT"};
static const struct field selector_fields[] = {
    {0, 0, "EXT, during delivery of another event", no_yes, NULL},
    {1, 1, "IDT, descriptor location", error_origins, NULL},
    {2, 2, "TI, when not in the IDT", error_tables, NULL},
    {15, 3, "selector index", NULL, NULL},
};

/* vol. 3, Figure 4-12 */
static const char *const pf_present[] = {"page not present", "protection violation"};
static const char *const pf_write[] = {"read", "write"};
static const char *const pf_user[] = {"supervisor", "user"};
static const struct field pf_fields[] = {
    {0, 0, "P", pf_present, NULL},
    {1, 1, "W/R", pf_write, NULL},
    {2, 2, "U/S", pf_user, NULL},
    {3, 3, "RSVD, reserved bit set", no_yes, NULL},
    {4, 4, "I/D, instruction fetch", no_yes, NULL},
    {5, 5, "PK, protection key", no_yes, NULL},
};

static const struct layout layout_debug = LAYOUT("", debug_fields);
static const struct layout layout_linear = LAYOUT("", linear_fields);
static const struct layout layout_info = LAYOUT("info ", info_fields);
static const struct layout layout_selector = LAYOUT("error ", selector_fields);
static const struct layout layout_pf = LAYOUT("error ", pf_fields);

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
    [EXIT_APIC_ACCESS] = LAYOUT("", apic_fields),
    [EXIT_VIRTUALIZED_EOI] = LAYOUT("", eoi_fields),
    [EXIT_GDTR_IDTR] = LAYOUT("", offset_fields),
    [EXIT_LDTR_TR] = LAYOUT("", offset_fields),
    [EXIT_EPT_VIOLATION] = LAYOUT("", ept_fields),
    [EXIT_INVEPT] = LAYOUT("", offset_fields),
    [EXIT_INVVPID] = LAYOUT("", offset_fields),
    [EXIT_APIC_WRITE] = LAYOUT("", apic_write_fields),
    [EXIT_INVPCID] = LAYOUT("", offset_fields),
};

/* ---- lines ----------------------------------------------------------------------------------- */

static uint64_t field_value(const struct field *f, uint64_t word)
{
    unsigned width = f->high - f->low + 1u;

    return width == 64 ? word : word >> f->low & ((1ull << width) - 1);
}

static void add_field(struct text *t, const struct vm_exit *exit, const char *word,
                      const struct field *f, uint64_t value)
{
    if (f->high == f->low)
        text_add(t, "%sbit %u  %s: ", word, f->low, f->name);
    else
        text_add(t, "%sbits %u:%u  %s: ", word, f->high, f->low, f->name);
    text_add(t, value < 10 ? "%" PRIu64 : "0x%" PRIx64, value);
    if (f->values)
        text_add(t, " (%s)", f->values[value]);
    else if (f->describe)
        f->describe(t, exit, value);
}

/* Line *line of a word's layout; false, and *line less that many, when the word has fewer. */
static bool line_of(struct text *t, const struct vm_exit *exit, const struct layout *layout,
                    uint64_t word, unsigned *line)
{
    const struct field *f;

    if (*line >= layout->count) {
        *line -= layout->count;
        return false;
    }
    f = &layout->fields[*line];
    add_field(t, exit, layout->word, f, field_value(f, word));
    return true;
}

static bool exception_line(struct text *t, const struct vm_exit *exit, unsigned line)
{
    unsigned vector = INTR_VECTOR(exit->intr_info);
    bool interruption = exit->has & EXIT_HAS_INTR;
    bool page_fault = interruption && vector == 14;

    if (exit->has & EXIT_HAS_QUALIFICATION && interruption && (page_fault || vector == 1) &&
        line_of(t, exit, page_fault ? &layout_linear : &layout_debug, exit->qualification, &line))
        return true;
    if (interruption && line_of(t, exit, &layout_info, exit->intr_info, &line))
        return true;
    return interruption && exit->intr_info & INTR_HAS_ERROR &&
           line_of(t, exit, page_fault ? &layout_pf : &layout_selector, exit->intr_error, &line);
}

bool exit_qualification_line(const struct vm_exit *exit, unsigned line, char *buf, size_t size)
{
    struct text t;

    text_start(&t, buf, size);
    if (exit->reason == EXIT_EXCEPTION_NMI)
        return exception_line(&t, exit, line);
    if (exit->reason >= EXIT_REASON_COUNT || !(exit->has & EXIT_HAS_QUALIFICATION))
        return false;
    return line_of(&t, exit, &layouts[exit->reason], exit->qualification, &line);
}

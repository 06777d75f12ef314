/*
 * The words of an exit field by field, one line each, see explain.h: the exit qualification, the
 * VM-exit interruption information and the IDT-vectoring information (SDM vol. 3, Tables 25-17 and
 * 25-18) with their error codes (vol. 3, 6.13; for #PF Figure 4-12), and the VM-exit instruction
 * information.
 */
#include "core/explain.h"

#include "core/layout.h"

#include <inttypes.h>

const char *const layout_no_yes[2] = {"no", "yes"};

/* ---- one line -------------------------------------------------------------------------------- */

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

bool layout_line(struct text *t, const struct vm_exit *exit, const struct layout *layout,
                 uint64_t word, unsigned *line)
{
    for (unsigned i = 0; i < layout->count; i++) {
        const struct field *f = &layout->fields[i];
        uint64_t value = field_value(f, word);

        if (i >= layout->usual && value == 0)
            continue;
        if (*line == 0) {
            add_field(t, exit, layout->word, f, value);
            return true;
        }
        (*line)--;
    }
    return false;
}

void layout_gpr(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    text_add(t, " (%s)", gpr_name(exit, (unsigned)value));
}

/* ---- events ---------------------------------------------------------------------------------- */

/* Interrupts use the numbers of exceptions for other things: vector 8 is a PC's timer. */
static void add_vector(struct text *t, uint32_t info)
{
    unsigned vector = INTR_VECTOR(info), type = INTR_TYPE(info);

    if (type != INTR_EXTERNAL && type != INTR_SOFTWARE && vector_name(vector))
        text_add(t, " (%s, %s)", vector_mnemonic(vector), vector_name(vector));
}

static void describe_vector(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    (void)value;
    add_vector(t, exit->intr_info);
}

static void describe_vectoring(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    (void)value;
    add_vector(t, exit->idt_vectoring);
}

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
    {11, 11, "error code valid", layout_no_yes, NULL},
    {12, 12, "NMI unblocking due to IRET", layout_no_yes, NULL},
    {31, 31, "valid", layout_no_yes, NULL},
};

/* Table 25-18 */
static const struct field vectoring_fields[] = {
    {7, 0, "vector", NULL, describe_vectoring},
    {10, 8, "type", event_types, NULL},
    {11, 11, "error code valid", layout_no_yes, NULL},
    {31, 31, "valid", layout_no_yes, NULL},
};

/* vol. 3, 6.13 */
static const char *const error_tables[] = {"GDT", "LDT"};
static const char *const error_origins[] = {"GDT or LDT", "IDT"};
static const struct field selector_fields[] = {
    {0, 0, "EXT, during delivery of another event", layout_no_yes, NULL},
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
    {3, 3, "RSVD, reserved bit set", layout_no_yes, NULL},
    {4, 4, "I/D, instruction fetch", layout_no_yes, NULL},
    {5, 5, "PK, protection key", layout_no_yes, NULL},
    {6, 6, "SS, shadow stack", layout_no_yes, NULL},
    {7, 7, "HLAT, hypervisor-managed paging", layout_no_yes, NULL},
    {15, 15, "SGX", layout_no_yes, NULL},
};

static const struct layout layout_info = LAYOUT("info ", info_fields);
static const struct layout layout_selector = LAYOUT("error ", selector_fields);
static const struct layout layout_pf = LAYOUT_RARE("error ", pf_fields, 3);
static const struct layout layout_vectoring = LAYOUT("vectoring ", vectoring_fields);
static const struct layout layout_vectoring_selector = LAYOUT("vectoring error ", selector_fields);
static const struct layout layout_vectoring_pf = LAYOUT_RARE("vectoring error ", pf_fields, 3);

static bool is_page_fault(uint32_t info)
{
    return INTR_TYPE(info) == INTR_HARDWARE_EXCEPTION && INTR_VECTOR(info) == 14;
}

static bool interruption_line(struct text *t, const struct vm_exit *exit, unsigned *line)
{
    const struct layout *error = is_page_fault(exit->intr_info) ? &layout_pf : &layout_selector;

    if (!(exit->has & EXIT_HAS_INTR))
        return false;
    return layout_line(t, exit, &layout_info, exit->intr_info, line) ||
           (exit->intr_info & INTR_HAS_ERROR &&
            layout_line(t, exit, error, exit->intr_error, line));
}

static bool vectoring_line(struct text *t, const struct vm_exit *exit, unsigned *line)
{
    const struct layout *error =
        is_page_fault(exit->idt_vectoring) ? &layout_vectoring_pf : &layout_vectoring_selector;

    if (!(exit->has & EXIT_HAS_VECTORING))
        return false;
    return layout_line(t, exit, &layout_vectoring, exit->idt_vectoring, line) ||
           (exit->idt_vectoring & INTR_HAS_ERROR &&
            layout_line(t, exit, error, exit->idt_error, line));
}

/* ---- all of them ----------------------------------------------------------------------------- */

bool exit_field_line(const struct vm_exit *exit, unsigned line, char *buf, size_t size)
{
    struct text t;

    text_start(&t, buf, size);
    if (exit->has & EXIT_HAS_QUALIFICATION &&
        layout_line(&t, exit, layout_qualification(exit), exit->qualification, &line))
        return true;
    if (interruption_line(&t, exit, &line) || vectoring_line(&t, exit, &line))
        return true;
    return exit->has & EXIT_HAS_INSN_INFO &&
           layout_line(&t, exit, layout_insn_info(exit), exit->insn_info, &line);
}

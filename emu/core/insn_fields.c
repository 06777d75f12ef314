/*
 * The VM-exit instruction information as the Intel SDM vol. 3, Tables 28-8 to 28-14 lay it out for
 * each form of instruction. What a table calls undefined is said to be so, and why.
 */
#include "core/layout.h"

#include "x86/insn_info.h"

static bool is_register(const struct vm_exit *exit)
{
    enum insn_info_form form = x86_insn_info_form(exit->reason);

    return (form == INSN_INFO_SELECTORS || form == INSN_INFO_FIELD) &&
           exit->insn_info & INSN_INFO_REGISTER;
}

/* True when a part of a memory operand's address is asked of one that is a register. */
static bool no_address(struct text *t, const struct vm_exit *exit)
{
    if (is_register(exit))
        text_add(t, " (undefined: the operand is a register)");
    return is_register(exit);
}

static bool no_index(struct text *t, const struct vm_exit *exit)
{
    if (no_address(t, exit))
        return true;
    if (exit->insn_info & INSN_INFO_NO_INDEX)
        text_add(t, " (undefined: there is no index register)");
    return exit->insn_info & INSN_INFO_NO_INDEX;
}

static void describe_scaling(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (!no_index(t, exit))
        text_add(t, " (index times %u)", 1u << value);
}

static void describe_reg1(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (is_register(exit))
        layout_gpr(t, exit, value);
    else
        text_add(t, " (undefined: the operand is in memory)");
}

static void describe_address_size(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (no_address(t, exit))
        return;
    if (value <= 2)
        text_add(t, " (%u bits)", 16u << value);
    else
        text_add(t, " (not used)");
}

static void describe_operand_size(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (exit->mode == X86_MODE_LONG64)
        text_add(t, " (undefined in 64-bit mode)");
    else
        text_add(t, value ? " (32 bits)" : " (16 bits)");
}

static void describe_segment(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (exit->reason == EXIT_IO && exit->qualification & IO_QUAL_IN)
        text_add(t, " (undefined for INS, which writes to ES)");
    else if (!no_address(t, exit))
        text_add(t, " (%s)", segment_name((unsigned)value));
}

static void describe_index(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (!no_index(t, exit))
        layout_gpr(t, exit, value);
}

static void describe_base(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (no_address(t, exit))
        return;
    if (exit->insn_info & INSN_INFO_NO_BASE)
        text_add(t, " (undefined: there is no base register)");
    else
        layout_gpr(t, exit, value);
}

static void describe_invalid(struct text *t, const struct vm_exit *exit, uint64_t value)
{
    if (!no_address(t, exit))
        text_add(t, " (%s)", layout_no_yes[value]);
}

static const char *const operands[] = {"memory", "register"};
static const char *const sizes[] = {"16 bits", "32 bits", "64 bits", "not used"};
static const char *const tables[] = {"SGDT", "SIDT", "LGDT", "LIDT"};
static const char *const selectors[] = {"SLDT", "STR", "LLDT", "LTR"};

/* clang-format off */
#define SCALING {1, 0, "scaling", NULL, describe_scaling}
#define REG1 {6, 3, "Reg1", NULL, describe_reg1}
#define ADDRESS_SIZE {9, 7, "address size", NULL, describe_address_size}
#define MEM_REG {10, 10, "operand", operands, NULL}
#define SEGMENT {17, 15, "segment register", NULL, describe_segment}
#define INDEX {21, 18, "IndexReg", NULL, describe_index}, \
    {22, 22, "IndexReg invalid", NULL, describe_invalid}
#define BASE {26, 23, "BaseReg", NULL, describe_base}, \
    {27, 27, "BaseReg invalid", NULL, describe_invalid}
#define REG2 {31, 28, "Reg2", NULL, layout_gpr}
#define IDENTITY(names) {29, 28, "instruction", names, NULL}

static const struct field string_fields[] = {ADDRESS_SIZE, SEGMENT};
static const struct field invalidate_fields[] = {SCALING, ADDRESS_SIZE, SEGMENT, INDEX, BASE, REG2};
static const struct field table_fields[] = {
    SCALING, ADDRESS_SIZE, {11, 11, "operand size", NULL, describe_operand_size}, SEGMENT, INDEX,
    BASE, IDENTITY(tables)};
static const struct field selector_fields[] = {
    SCALING, REG1, ADDRESS_SIZE, MEM_REG, SEGMENT, INDEX, BASE, IDENTITY(selectors)};
static const struct field random_fields[] = {
    {6, 3, "destination register", NULL, layout_gpr}, {12, 11, "operand size", sizes, NULL}};
static const struct field vmcs_fields[] = {SCALING, ADDRESS_SIZE, SEGMENT, INDEX, BASE};
static const struct field field_fields[] = {
    SCALING, REG1, ADDRESS_SIZE, MEM_REG, SEGMENT, INDEX, BASE, REG2};
/* clang-format on */

const struct layout *layout_insn_info(const struct vm_exit *exit)
{
    static const struct layout layouts[] = {
        [INSN_INFO_NONE] = {.word = ""},
        [INSN_INFO_STRING] = LAYOUT("operands ", string_fields),
        [INSN_INFO_INVALIDATE] = LAYOUT("operands ", invalidate_fields),
        [INSN_INFO_TABLES] = LAYOUT("operands ", table_fields),
        [INSN_INFO_SELECTORS] = LAYOUT("operands ", selector_fields),
        [INSN_INFO_RANDOM] = LAYOUT("operands ", random_fields),
        [INSN_INFO_VMCS] = LAYOUT("operands ", vmcs_fields),
        [INSN_INFO_FIELD] = LAYOUT("operands ", field_fields),
    };

    return &layouts[x86_insn_info_form(exit->reason)];
}

/*
 * Instructions whose operands the instruction information names, in plain words: descriptor tables,
 * VMX instructions, RDRAND and RDSEED. SDM vol. 3, 28.2.5. See explain.h.
 */
#include "core/explain_parts.h"

#include "x86/insn_info.h"

#include <inttypes.h>

static bool has_info(const struct vm_exit *exit)
{
    return exit->has & EXIT_HAS_INSN_INFO;
}

static void add_displacement(struct text *t, const struct vm_exit *exit, bool alone)
{
    int64_t value = (int64_t)exit->qualification;

    if (INSN_INFO_ADDRESS_SIZE(exit->insn_info) == 0)
        value = (int16_t)value;
    else if (INSN_INFO_ADDRESS_SIZE(exit->insn_info) == 1)
        value = (int32_t)value;
    if (alone)
        text_add(t, "0x%" PRIx64, exit->qualification);
    else if (value < 0)
        text_add(t, "-0x%" PRIx64, 0 - (uint64_t)value);
    else if (value > 0)
        text_add(t, "+0x%" PRIx64, (uint64_t)value);
}

/* "DS:[rbx+rsi*4+0x10]", from the parts. */
static void add_memory(struct text *t, const struct vm_exit *exit)
{
    uint32_t info = exit->insn_info;
    bool base = !(info & INSN_INFO_NO_BASE), index = !(info & INSN_INFO_NO_INDEX);
    unsigned bytes = 2u << INSN_INFO_ADDRESS_SIZE(info);

    text_add(t, "%s:[", segment_name(INSN_INFO_SEGMENT(info)));
    if (base)
        text_add(t, "%s", gpr_sized(INSN_INFO_BASE(info), bytes));
    if (index)
        text_add(t, "%s%s", base ? "+" : "", gpr_sized(INSN_INFO_INDEX(info), bytes));
    if (index && INSN_INFO_SCALING(info))
        text_add(t, "*%u", 1u << INSN_INFO_SCALING(info));
    if (has_qualification(exit))
        add_displacement(t, exit, !base && !index);
    text_add(t, "]");
}

/* A register operand that is `bytes` wide, or memory. */
static void add_operand(struct text *t, const struct vm_exit *exit, unsigned bytes)
{
    if (exit->insn_info & INSN_INFO_REGISTER)
        text_add(t, "%s", gpr_sized(INSN_INFO_REG1(exit->insn_info), bytes));
    else
        add_memory(t, exit);
}

void explain_memory_why(struct text *t, const struct vm_exit *exit)
{
    if (!has_info(exit))
        return;
    text_add(t, " The operand is at ");
    add_memory(t, exit);
    text_add(t, ".");
}

/* ---- descriptor tables ----------------------------------------------------------------------- */

void explain_tables_meaning(struct text *t, const struct vm_exit *exit)
{
    static const char *const names[] = {"SGDT", "SIDT", "LGDT", "LIDT"};

    if (!has_info(exit)) {
        text_add(t, "LGDT, LIDT, SGDT or SIDT");
        return;
    }
    text_add(t, "%s ", names[INSN_INFO_IDENTITY(exit->insn_info)]);
    add_memory(t, exit);
}

void explain_tables_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "The guest executed ");
    explain_tables_meaning(t, exit);
    if (has_info(exit))
        text_add(t, ": it %s the %s's base and limit",
                 INSN_INFO_IDENTITY(exit->insn_info) & 2 ? "loads" : "stores",
                 INSN_INFO_IDENTITY(exit->insn_info) & 1 ? "IDT" : "GDT");
    text_add(t, ".");
}

void explain_selectors_meaning(struct text *t, const struct vm_exit *exit)
{
    static const char *const names[] = {"SLDT", "STR", "LLDT", "LTR"};

    if (!has_info(exit)) {
        text_add(t, "LLDT, LTR, SLDT or STR");
        return;
    }
    text_add(t, "%s ", names[INSN_INFO_IDENTITY(exit->insn_info)]);
    add_operand(t, exit, 2);
}

void explain_selectors_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "The guest executed ");
    explain_selectors_meaning(t, exit);
    if (has_info(exit))
        text_add(t, ": it %s the selector of the %s",
                 INSN_INFO_IDENTITY(exit->insn_info) & 2 ? "loads" : "stores",
                 INSN_INFO_IDENTITY(exit->insn_info) & 1 ? "task register" : "LDT");
    text_add(t, ".");
}

/* ---- VMX instructions ------------------------------------------------------------------------ */

static unsigned field_bytes(const struct vm_exit *exit)
{
    return exit->mode == X86_MODE_LONG64 ? 8 : 4;
}

static void add_field_access(struct text *t, const struct vm_exit *exit)
{
    bool read = exit->reason == EXIT_VMREAD;

    text_add(t, "field in %s, %s ", gpr_sized(INSN_INFO_REG2(exit->insn_info), field_bytes(exit)),
             read ? "to" : "from");
    add_operand(t, exit, field_bytes(exit));
}

void explain_field_meaning(struct text *t, const struct vm_exit *exit)
{
    if (has_info(exit))
        add_field_access(t, exit);
    else
        text_add(t, exit->reason == EXIT_VMREAD ? "read a VMCS field" : "write a VMCS field");
}

void explain_field_why(struct text *t, const struct vm_exit *exit)
{
    if (has_info(exit)) {
        text_add(t, ": ");
        add_field_access(t, exit);
    }
    text_add(t, ".");
}

/* What INVEPT, INVVPID and INVPCID drop is said by a type in a register and a descriptor. */
void explain_invalidate_why(struct text *t, const struct vm_exit *exit)
{
    if (!has_info(exit))
        return;
    text_add(t, " The type is in %s, the descriptor at ",
             gpr_sized(INSN_INFO_REG2(exit->insn_info), field_bytes(exit)));
    add_memory(t, exit);
    text_add(t, ".");
}

/* ---- random numbers -------------------------------------------------------------------------- */

void explain_random_meaning(struct text *t, const struct vm_exit *exit)
{
    text_add(t, exit->reason == EXIT_RDRAND ? "random number" : "random seed");
    if (has_info(exit))
        text_add(t, " to %s",
                 gpr_sized(INSN_INFO_REG1(exit->insn_info),
                           2u << INSN_INFO_OPERAND_SIZE(exit->insn_info)));
}

void explain_random_why(struct text *t, const struct vm_exit *exit)
{
    text_add(t, "The guest executed %s", exit->reason == EXIT_RDRAND ? "RDRAND" : "RDSEED");
    if (has_info(exit))
        text_add(t, ": it wants %u bits in %s", 16u << INSN_INFO_OPERAND_SIZE(exit->insn_info),
                 gpr_sized(INSN_INFO_REG1(exit->insn_info),
                           2u << INSN_INFO_OPERAND_SIZE(exit->insn_info)));
    text_add(t, ".");
}

/*
 * VM-exit instruction information from the decoded instruction, see insn_info.h: Intel SDM vol. 3,
 * 28.2.5. XSAVES, XRSTORS, TPAUSE and UMWAIT, which this machine does not have, are left out.
 */
#include "x86/insn_info.h"

#include "core/exit.h"
#include "x86/operand.h"

enum insn_info_form x86_insn_info_form(uint32_t reason)
{
    static const uint8_t forms[EXIT_REASON_COUNT] = {
        [EXIT_IO] = INSN_INFO_STRING,          [EXIT_INVEPT] = INSN_INFO_INVALIDATE,
        [EXIT_INVPCID] = INSN_INFO_INVALIDATE, [EXIT_INVVPID] = INSN_INFO_INVALIDATE,
        [EXIT_GDTR_IDTR] = INSN_INFO_TABLES,   [EXIT_LDTR_TR] = INSN_INFO_SELECTORS,
        [EXIT_RDRAND] = INSN_INFO_RANDOM,      [EXIT_RDSEED] = INSN_INFO_RANDOM,
        [EXIT_VMCLEAR] = INSN_INFO_VMCS,       [EXIT_VMPTRLD] = INSN_INFO_VMCS,
        [EXIT_VMPTRST] = INSN_INFO_VMCS,       [EXIT_VMXON] = INSN_INFO_VMCS,
        [EXIT_VMREAD] = INSN_INFO_FIELD,       [EXIT_VMWRITE] = INSN_INFO_FIELD,
    };

    return reason < EXIT_REASON_COUNT ? (enum insn_info_form)forms[reason] : INSN_INFO_NONE;
}

static bool is_string(const struct x86_insn *insn)
{
    return insn->map == 0 && (insn->opcode & 0xfc) == 0x6c;
}

static bool is_register(const struct x86_insn *insn)
{
    return insn->modrm >> 6 == 3;
}

/* 2, 4 and 8 bytes are 0, 1 and 2. */
static uint32_t size_code(unsigned bytes)
{
    return bytes >> 2;
}

/* INS always writes to ES, and its segment field is undefined. */
static uint32_t string_info(const struct x86_insn *insn)
{
    bool outs = insn->opcode & 2;
    uint32_t segment = !outs ? 0 : insn->segment == 0xff ? X86_DS : insn->segment;

    return size_code(insn->address_size) << 7 | segment << 15;
}

/* The fields that say what a memory operand's address is made of: the same in all tables. */
static uint32_t memory_info(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    struct x86_memory m;
    uint32_t info;

    x86_operand_memory(insn, bytes, bits, &m);
    info = size_code(insn->address_size) << 7 | (uint32_t)m.segment << 15;
    if (m.index == X86_NO_GPR)
        info |= INSN_INFO_NO_INDEX;
    else
        info |= m.scale | (uint32_t)m.index << 18;
    return info | (m.base == X86_NO_GPR ? INSN_INFO_NO_BASE : (uint32_t)m.base << 23);
}

static uint32_t register_info(const struct x86_insn *insn)
{
    return INSN_INFO_REGISTER | x86_insn_rm(insn) << 3;
}

static uint32_t operand_info(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    return is_register(insn) ? register_info(insn) : memory_info(insn, bytes, bits);
}

/* Group 7 (0F 01): SGDT, SIDT, LGDT and LIDT are its numbers 0 to 3. */
static uint32_t tables_info(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    uint32_t info = memory_info(insn, bytes, bits) | (uint32_t)(insn->modrm >> 3 & 3) << 28;

    return bits != 64 && insn->operand_size == 4 ? info | INSN_INFO_OPERAND32 : info;
}

/* Group 6 (0F 00): SLDT, STR, LLDT and LTR are its numbers 0 to 3. */
static uint32_t selectors_info(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    return operand_info(insn, bytes, bits) | (uint32_t)(insn->modrm >> 3 & 3) << 28;
}

static uint32_t random_info(const struct x86_insn *insn)
{
    return x86_insn_rm(insn) << 3 | size_code(insn->operand_size) << 11;
}

static uint32_t reg2_info(const struct x86_insn *insn)
{
    return x86_insn_reg(insn) << 28;
}

/* Is it an instruction of this form? What has no ModRM byte is none but INS and OUTS. */
static bool has_form(const struct x86_insn *insn, enum insn_info_form form)
{
    static const struct {
        uint8_t map, first, last; /* opcodes */
        bool memory, reg;         /* what ModRM may name */
    } forms[] = {
        [INSN_INFO_INVALIDATE] = {2, 0x80, 0x82, true, false},
        [INSN_INFO_TABLES] = {1, 0x01, 0x01, true, false},
        [INSN_INFO_SELECTORS] = {1, 0x00, 0x00, true, true},
        [INSN_INFO_RANDOM] = {1, 0xc7, 0xc7, false, true},
        [INSN_INFO_VMCS] = {1, 0xc7, 0xc7, true, false},
        [INSN_INFO_FIELD] = {1, 0x78, 0x79, true, true},
    };

    if (form == INSN_INFO_NONE)
        return false;
    if (form == INSN_INFO_STRING)
        return is_string(insn);
    return insn->has_modrm && insn->map == forms[form].map && insn->opcode >= forms[form].first &&
           insn->opcode <= forms[form].last &&
           (is_register(insn) ? forms[form].reg : forms[form].memory);
}

bool x86_insn_info(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits,
                   uint32_t reason, uint32_t *info)
{
    enum insn_info_form form = x86_insn_info_form(reason);

    *info = 0;
    if (!has_form(insn, form))
        return false;
    switch (form) {
    case INSN_INFO_STRING:
        *info = string_info(insn);
        return true;
    case INSN_INFO_INVALIDATE:
        *info = memory_info(insn, bytes, bits) | reg2_info(insn);
        return true;
    case INSN_INFO_TABLES:
        *info = tables_info(insn, bytes, bits);
        return true;
    case INSN_INFO_SELECTORS:
        *info = selectors_info(insn, bytes, bits);
        return true;
    case INSN_INFO_RANDOM:
        *info = random_info(insn);
        return true;
    case INSN_INFO_VMCS:
        *info = memory_info(insn, bytes, bits);
        return true;
    case INSN_INFO_FIELD:
        *info = operand_info(insn, bytes, bits) | reg2_info(insn);
        return true;
    default:
        return false;
    }
}

bool x86_insn_displacement(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits,
                           uint64_t next_rip, uint32_t reason, uint64_t *displacement)
{
    enum insn_info_form form = x86_insn_info_form(reason);
    struct x86_memory m;

    *displacement = 0;
    if (!has_form(insn, form) || form == INSN_INFO_STRING || form == INSN_INFO_RANDOM)
        return false;
    if (is_register(insn))
        return true;
    x86_operand_memory(insn, bytes, bits, &m);
    *displacement = (uint64_t)m.displacement + (m.rip_relative ? next_rip : 0);
    if (insn->address_size < 8)
        *displacement &= (1ull << 8 * insn->address_size) - 1;
    return true;
}

/* Parts, effective and linear address of a memory operand, see operand.h. */
#include "x86/operand.h"

#include "core/exit.h"
#include "util/bytes.h"

#define NO_SEGMENT 0xff

static int64_t displacement(const uint8_t *p, unsigned size)
{
    if (size == 1)
        return (int8_t)p[0];
    if (size == 2)
        return (int16_t)get_le16(p);
    return size == 4 ? (int32_t)get_le32(p) : 0;
}

static void memory16(uint8_t modrm, const uint8_t *p, struct x86_memory *m)
{
    static const uint8_t base[8] = {X86_RBX, X86_RBX, X86_RBP, X86_RBP,
                                    X86_RSI, X86_RDI, X86_RBP, X86_RBX};
    static const uint8_t index[8] = {X86_RSI,    X86_RDI,    X86_RSI,    X86_RDI,
                                     X86_NO_GPR, X86_NO_GPR, X86_NO_GPR, X86_NO_GPR};
    unsigned mod = modrm >> 6, rm = modrm & 7;

    if (mod == 0 && rm == 6) {
        m->displacement = displacement(p, 2);
        return;
    }
    m->base = base[rm];
    m->index = index[rm];
    m->displacement = displacement(p, mod);
}

/*  SIB:   7 6   5 3    2 0
 *        scale  index  base  */
static void memory_sib(const struct x86_insn *insn, const uint8_t *p, struct x86_memory *m)
{
    unsigned mod = insn->modrm >> 6;
    unsigned index = (p[0] >> 3 & 7) | (insn->rex & 2) << 2;

    if ((p[0] & 7) == 5 && mod == 0) {
        m->displacement = displacement(p + 1, 4);
    } else {
        m->base = (uint8_t)((p[0] & 7) | (insn->rex & 1) << 3);
        m->displacement = displacement(p + 1, mod == 2 ? 4 : mod);
    }
    if (index == X86_RSP)
        return;
    m->index = (uint8_t)index;
    m->scale = p[0] >> 6;
}

static void memory32(const struct x86_insn *insn, const uint8_t *p, unsigned bits,
                     struct x86_memory *m)
{
    unsigned mod = insn->modrm >> 6, rm = insn->modrm & 7;

    if (rm == 4) {
        memory_sib(insn, p, m);
    } else if (mod == 0 && rm == 5) {
        m->displacement = displacement(p, 4);
        m->rip_relative = bits == 64;
    } else {
        m->base = (uint8_t)x86_insn_rm(insn);
        m->displacement = displacement(p, mod == 2 ? 4 : mod);
    }
}

void x86_operand_memory(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits,
                        struct x86_memory *memory)
{
    const uint8_t *p = bytes + insn->modrm_at + 1;

    *memory = (struct x86_memory){.base = X86_NO_GPR, .index = X86_NO_GPR};
    if (insn->address_size == 2)
        memory16(insn->modrm, p, memory);
    else
        memory32(insn, p, bits, memory);
    if (insn->segment != NO_SEGMENT)
        memory->segment = insn->segment;
    else
        memory->segment = memory->base == X86_RSP || memory->base == X86_RBP ? X86_SS : X86_DS;
}

/* In 64-bit mode only FS and GS have a base. */
static uint64_t linear(unsigned bits, unsigned segment, uint64_t base, uint64_t offset,
                       unsigned address_size)
{
    if (address_size < 8)
        offset &= (1ull << 8 * address_size) - 1;
    if (bits != 64)
        return (offset + base) & 0xffffffff;
    return segment == X86_FS || segment == X86_GS ? offset + base : offset;
}

uint64_t x86_operand_linear(const struct x86_insn *insn, const uint8_t *bytes,
                            const struct x86_state *state)
{
    unsigned bits = x86_mode_bits(x86_mode_of(state));
    struct x86_memory m;
    uint64_t offset;

    x86_operand_memory(insn, bytes, bits, &m);
    offset = (uint64_t)m.displacement;
    if (m.base != X86_NO_GPR)
        offset += state->gpr[m.base];
    if (m.index != X86_NO_GPR)
        offset += state->gpr[m.index] << m.scale;
    if (m.rip_relative)
        offset += state->rip + insn->length;
    return linear(bits, m.segment, state->seg[m.segment].base, offset, insn->address_size);
}

enum x86_seg x86_string_segment(const struct x86_insn *insn)
{
    if ((insn->opcode & 0xfe) == 0x6c) /* INS */
        return X86_ES;
    return insn->segment == NO_SEGMENT ? X86_DS : (enum x86_seg)insn->segment;
}

uint64_t x86_string_linear(const struct x86_insn *insn, unsigned bits, uint64_t base,
                           uint64_t index)
{
    return linear(bits, x86_string_segment(insn), base, index, insn->address_size);
}

/* Instructions that push (write) or pop (read), one-byte map. */
static bool is_stack_operation(const struct x86_insn *insn, bool write)
{
    unsigned op = insn->opcode, reg = insn->modrm >> 3 & 7;

    if (insn->map == 1)
        return (op & 0xf7) == (write ? 0xa0 : 0xa1); /* PUSH, POP of FS and GS */
    if (insn->map != 0)
        return false;
    if (write)
        return (op >= 0x50 && op <= 0x57) || op == 0x68 || op == 0x6a || op == 0x9c || op == 0xe8 ||
               op == 0x9a || op == 0xc8 || op == 0x60 || (op < 0x20 && (op & 7) == 6) ||
               (op == 0xff && (reg == 2 || reg == 3 || reg == 6));
    return (op >= 0x58 && op <= 0x5f) || op == 0x8f || op == 0x9d || op == 0x61 || op == 0xc9 ||
           op == 0xc2 || op == 0xc3 || op == 0xca || op == 0xcb || op == 0xcf ||
           (op < 0x20 && (op & 7) == 7);
}

bool x86_operand_on_stack(const struct x86_insn *insn, const uint8_t *bytes, bool write)
{
    struct x86_memory m;

    if (is_stack_operation(insn, write))
        return true;
    if (!insn->has_modrm || insn->modrm >> 6 == 3 || insn->segment != NO_SEGMENT)
        return false;
    x86_operand_memory(insn, bytes, 64, &m); /* only there a bad address has this choice */
    return m.segment == X86_SS;
}

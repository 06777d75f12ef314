/*
 * The kernel has RIP behind a store, and behind some OUTs, when it tells of them: which instruction was
 * that? x86 code cannot be read backwards, but the access is known: port or address, size and value. Exactly
 * one instruction of all that end there has to fit, else nothing is said.
 */
#include "backend/kvm/cpu.h"

#include "util/bytes.h"
#include "x86/operand.h"

#include <string.h>

#define INSN_MAX 15

/* ---- IN and OUT -------------------------------------------------------------------------- */

static unsigned io_size(const struct x86_insn *insn)
{
    return insn->opcode & 1 ? (insn->operand_size == 2 ? 2 : 4) : 1;
}

bool behind_is_io(struct kvm_cpu *cpu, const struct x86_insn *insn)
{
    const struct kvm_run *run = cpu->run;
    bool out = insn->opcode & 2;
    unsigned port;

    if (insn->map || insn->vector)
        return false;
    if ((insn->opcode & 0xfc) == 0xe4)
        port = (uint8_t)insn->immediate;
    else if ((insn->opcode & 0xfc) == 0xec || (insn->opcode & 0xfc) == 0x6c)
        port = (uint16_t)run->s.regs.regs.rdx;
    else
        return false;
    return out == (run->io.direction == KVM_EXIT_IO_OUT) && io_size(insn) == run->io.size &&
           port == run->io.port;
}

/* ---- stores ------------------------------------------------------------------------------ */

/* Bytes that the instruction stores, 0: none that this file knows; *reg: where from, or none. */
static unsigned store_size(const struct x86_insn *insn, unsigned *reg)
{
    unsigned size = insn->operand_size;

    *reg = X86_NO_GPR;
    if (insn->vector || insn->map)
        return 0;
    switch (insn->opcode) {
    case 0x88:
        *reg = x86_insn_reg(insn);
        return 1;
    case 0x89:
        *reg = x86_insn_reg(insn);
        return size;
    case 0xa2:
    case 0xa3:
        *reg = X86_RAX;
        return insn->opcode == 0xa2 ? 1 : size;
    case 0xc6:
    case 0xc7:
        return insn->modrm >> 3 & 7 ? 0 : insn->opcode == 0xc6 ? 1 : size;
    case 0xaa:
    case 0xab:
        *reg = X86_RAX;
        return insn->rep || insn->repne ? 0 : insn->opcode == 0xaa ? 1 : size;
    default:
        return 0;
    }
}

/* The register's bytes, AH to DH among them. */
static uint64_t stored_value(const struct x86_insn *insn, const struct x86_state *state,
                             unsigned reg, unsigned size)
{
    if (reg == X86_NO_GPR)
        return size == 8 ? (uint64_t)(int32_t)insn->immediate : insn->immediate;
    if (size == 1 && !insn->rex && reg >= 4 && insn->opcode == 0x88)
        return state->gpr[reg - 4] >> 8;
    return state->gpr[reg];
}

static uint64_t store_linear(const struct x86_insn *insn, const uint8_t *bytes,
                             const struct x86_state *state, unsigned size)
{
    unsigned bits = x86_mode_bits(x86_mode_of(state));
    uint64_t mask = insn->address_size == 8 ? ~0ull : (1ull << 8 * insn->address_size) - 1;
    bool down = state->rflags & RFLAGS_DF;
    enum x86_seg seg = insn->segment == 0xff ? X86_DS : (enum x86_seg)insn->segment;
    uint64_t base = bits == 64 && seg < X86_FS ? 0 : state->seg[seg].base, offset;

    if (insn->opcode == 0xaa || insn->opcode == 0xab) {
        offset = (state->gpr[X86_RDI] + (down ? size : 0 - (uint64_t)size)) & mask;
        return bits == 64 ? offset : (state->seg[X86_ES].base + offset) & 0xffffffff;
    }
    if (insn->opcode == 0xa2 || insn->opcode == 0xa3)
        return bits == 64 ? base + insn->immediate : (base + insn->immediate) & 0xffffffff;
    return x86_operand_linear(insn, bytes, state);
}

static bool fits_store(struct kvm_cpu *cpu, const struct x86_insn *insn, const uint8_t *bytes,
                       struct x86_state *state)
{
    const struct kvm_run *run = cpu->run;
    uint8_t value[8];
    struct x86_walk walk;
    unsigned reg, size = store_size(insn, &reg);

    if (size != run->mmio.len || (insn->has_modrm && insn->modrm >> 6 == 3))
        return false;
    put_le64(value, stored_value(insn, state, reg, size));
    if (memcmp(value, run->mmio.data, size))
        return false;
    machine_walk(cpu->machine, store_linear(insn, bytes, state, size), X86_WRITE,
                 x86_cpl(state) == 3, &walk);
    return walk.verdict == X86_WALK_OK && walk.gpa == run->mmio.phys_addr;
}

/* ---- which ------------------------------------------------------------------------------- */

typedef bool fits(struct kvm_cpu *cpu, const struct x86_insn *insn, const uint8_t *bytes,
                  struct x86_state *state);

/* The bytes in front of `end`, at most `most`: fewer where the page before cannot be read. */
static unsigned read_before(struct kvm_cpu *cpu, uint64_t end, unsigned most, uint8_t *bytes)
{
    unsigned count = end < most ? (unsigned)end : most;
    unsigned in_page = (unsigned)(kvm_linear(cpu, end) % PAGE_SIZE);

    if (machine_read_linear(cpu->machine, kvm_linear(cpu, end - count), bytes, count) == count)
        return count;
    if (in_page >= count)
        return 0;
    return (unsigned)machine_read_linear(cpu->machine, kvm_linear(cpu, end - in_page), bytes,
                                         in_page);
}

static bool find(struct kvm_cpu *cpu, uint64_t end, unsigned longest, fits *fits,
                 struct x86_state *state, uint64_t *rip)
{
    uint8_t bytes[INSN_MAX];
    unsigned count = read_before(cpu, end, longest, bytes), found = 0;
    unsigned bits = x86_mode_bits(kvm_mode(cpu));
    struct x86_insn insn;

    for (unsigned length = 1; length <= count; length++) {
        const uint8_t *at = bytes + (count - length);

        if (!x86_decode(at, length, bits, &insn) || insn.length != length)
            continue;
        state->rip = end - length;
        if (!fits(cpu, &insn, at, state))
            continue;
        found++;
        *rip = end - length;
    }
    return found == 1;
}

static bool fits_io(struct kvm_cpu *cpu, const struct x86_insn *insn, const uint8_t *bytes,
                    struct x86_state *state)
{
    (void)bytes, (void)state;
    return behind_is_io(cpu, insn);
}

/* A prefix each for operand and address size, segment and repetition, and an opcode of two bytes. */
#define IO_INSN_MAX 6

bool behind_io(struct kvm_cpu *cpu, uint64_t end, uint64_t *rip)
{
    struct x86_state unused;

    return find(cpu, end, IO_INSN_MAX, fits_io, &unused, rip);
}

bool behind_store(struct kvm_cpu *cpu, uint64_t end, uint64_t *rip)
{
    struct x86_state state;

    kvm_registers_get(cpu, &state);
    return find(cpu, end, INSN_MAX, fits_store, &state, rip);
}

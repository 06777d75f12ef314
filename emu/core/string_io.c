/*
 * INS and OUTS. For OUTS the core has read the element already; for INS the monitor writes it
 * through the guest's tables, with the guest's rights.
 */
#include "core/string_io.h"

#include "core/backend.h"
#include "util/bytes.h"
#include "x86/decode.h"

static uint64_t size_mask(unsigned bytes)
{
    return bytes == 8 ? ~0ull : (1ull << (8 * bytes)) - 1;
}

/* Replace the low `size` bytes of a register, as an instruction of that address size does. */
static void update_gpr(struct machine *m, enum x86_gpr gpr, uint64_t value, unsigned size)
{
    uint64_t old = m->vcpu->ops->get_gpr(m->vcpu, gpr), mask = size_mask(size);

    if (size == 4)
        old = 0; /* 32-bit results are zero-extended */
    m->vcpu->ops->set_gpr(m->vcpu, gpr, (old & ~mask) | (value & mask));
}

static bool store(struct machine *m, struct vm_exit *exit, uint64_t gva, unsigned size)
{
    struct x86_walk walk;
    uint8_t bytes[4];

    exit->guest_linear = gva;
    exit->has |= EXIT_HAS_GVA;
    machine_walk(m, gva, X86_WRITE, exit->cpl == 3, &walk);
    if (walk.verdict == X86_WALK_OK && gva % PAGE_SIZE + size > PAGE_SIZE)
        machine_walk(m, (gva | (PAGE_SIZE - 1)) + 1, X86_WRITE, exit->cpl == 3, &walk);
    if (walk.verdict != X86_WALK_OK) {
        struct x86_event pf = {.info = INTR_VALID | INTR_HAS_ERROR | INTR_HARDWARE_EXCEPTION << 8 |
                                       X86_PF,
                               .error = walk.error_code,
                               .cr2 = walk.gva};

        exit->raised = X86_PF;
        m->vcpu->ops->inject(m->vcpu, &pf);
        return false;
    }
    exit->value = bus_port_read(&m->ports, IO_QUAL_PORT(exit->qualification), size);
    put_le32(bytes, (uint32_t)exit->value);
    machine_write_linear(m, gva, bytes, size);
    return true;
}

static uint64_t destination(struct machine *m, const struct vm_exit *exit, unsigned address_size)
{
    uint64_t offset = m->vcpu->ops->get_gpr(m->vcpu, X86_RDI) & size_mask(address_size);
    struct x86_state state;

    if (exit->mode == X86_MODE_LONG64)
        return offset;
    machine_get_state(m, &state);
    return (state.seg[X86_ES].base + offset) & 0xffffffff;
}

void string_io(struct machine *m, struct vm_exit *exit)
{
    bool in = exit->qualification & IO_QUAL_IN, rep = exit->qualification & IO_QUAL_REP;
    unsigned size = IO_QUAL_SIZE(exit->qualification);
    enum x86_gpr index = in ? X86_RDI : X86_RSI;
    bool down = m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_DF;
    struct x86_insn insn;
    uint64_t count;

    x86_decode(exit->insn, exit->insn_len, x86_mode_bits(exit->mode), &insn);
    if (in) {
        if (!store(m, exit, destination(m, exit, insn.address_size), size))
            return;
    } else {
        bus_port_write(&m->ports, IO_QUAL_PORT(exit->qualification), size, (uint32_t)exit->value);
    }
    update_gpr(m, index, m->vcpu->ops->get_gpr(m->vcpu, index) + (down ? 0 - size : size),
               insn.address_size);
    count = (m->vcpu->ops->get_gpr(m->vcpu, X86_RCX) - 1) & size_mask(insn.address_size);
    if (rep)
        update_gpr(m, X86_RCX, count, insn.address_size);
    m->vcpu->ops->complete(m->vcpu, rep && count ? 0 : exit->insn_len);
}

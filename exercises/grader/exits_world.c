/* The host of exercise 03, see exits_world.h. */
#include "exercises/grader/exits_world.h"

#include "core/backend.h"
#include "exercises/grader/exits_guest.h"
#include "util/bytes.h"
#include "x86/cpuid.h"
#include "x86/msr.h"

#include <string.h>

#define RAM_BYTES (1u << 20)
#define OWNED_CR0 (CR0_TS | CR0_NE)
#define OWNED_CR4 (CR4_PGE | CR4_DE)

static const struct device_ops line_ops = {.name = "line"};

static uint8_t acknowledge(struct device *dev)
{
    irq_set_pin(dev->machine, false);
    return EXITS_VECTOR;
}

static void no_line(struct device *dev, unsigned line, bool level)
{
    (void)dev, (void)line, (void)level;
}

static void set_controls(struct machine *m)
{
    struct controls c = m->controls;

    c.primary |= PRIMARY_CR3_LOAD | PRIMARY_CR3_STORE;
    c.exit |= EXIT_ACK_INTERRUPT;
    c.exception_bitmap = 0; /* the guest's own */
    c.cr0_mask = OWNED_CR0;
    c.cr4_mask = OWNED_CR4;
    machine_set_controls(m, &c);
}

int exits_world_create(struct exits_world *w, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int rc;

    memset(w, 0, sizeof(*w));
    config.ram_size = RAM_BYTES;
    rc = machine_create(&w->m, &config, err);
    if (rc)
        return rc;
    w->controller = (struct device){.ops = &line_ops, .machine = w->m, .deadline = DEVICE_NEVER};
    w->m->irq.controller = &w->controller;
    w->m->irq.set_line = no_line;
    w->m->irq.acknowledge = acknowledge;
    set_controls(w->m);
    return 0;
}

void exits_world_destroy(struct exits_world *w)
{
    machine_destroy(w->m);
}

uint64_t exits_port_value(uint64_t reads, uint16_t port, unsigned size)
{
    uint64_t z = (reads + 1) * 0x9e3779b97f4a7c15ull + port * 0xbf58476d1ce4e5b9ull;

    z ^= z >> 29;
    return size == 4 ? z & 0xffffffff : z & ((1ull << 8 * size) - 1);
}

int exits_msr(uint32_t msr)
{
    static const uint32_t msrs[EXITS_MSRS] = {MSR_SYSENTER_ESP, MSR_STAR, MSR_LSTAR};

    for (int i = 0; i < EXITS_MSRS; i++)
        if (msrs[i] == msr)
            return i;
    return -1;
}

/* ---- the VMCS -------------------------------------------------------------------------------- */

static bool vmcs_read(const struct exits_world *w, uint64_t field, uint64_t *value)
{
    const struct backend_ops *ops = w->m->vcpu->ops;
    struct vcpu *vcpu = w->m->vcpu;
    const struct controls *c = &w->m->controls;
    struct x86_state state;

    switch (field) {
    case VMCS_REASON:
        *value = w->exit->reason;
        return true;
    case VMCS_EXIT_INFO:
        *value = w->exit->intr_info;
        return true;
    case VMCS_LENGTH:
        *value = w->exit->insn_len;
        return true;
    case VMCS_QUALIFICATION:
        *value = w->exit->qualification;
        return true;
    case VMCS_LINEAR:
        *value = w->exit->guest_linear;
        return true;
    case VMCS_PRIMARY:
        *value = c->primary;
        return true;
    case VMCS_ENTRY_INFO:
        *value = w->entry_info;
        return true;
    case VMCS_ENTRY_ERROR:
        *value = w->entry_error;
        return true;
    case VMCS_INTERRUPTIBILITY:
        machine_get_state(w->m, &state);
        *value = state.interruptibility;
        return true;
    case VMCS_CR0_MASK:
        *value = c->cr0_mask;
        return true;
    case VMCS_CR4_MASK:
        *value = c->cr4_mask;
        return true;
    case VMCS_CR0_SHADOW:
        *value = c->cr0_shadow;
        return true;
    case VMCS_CR4_SHADOW:
        *value = c->cr4_shadow;
        return true;
    case VMCS_CR0:
    case VMCS_CR3:
    case VMCS_CR4:
        *value = ops->get_cr(vcpu, field == VMCS_CR0 ? 0 : field == VMCS_CR3 ? 3 : 4);
        return true;
    case VMCS_RSP:
        *value = ops->get_gpr(vcpu, X86_RSP);
        return true;
    case VMCS_RIP:
        *value = ops->get_rip(vcpu);
        return true;
    case VMCS_RFLAGS:
        *value = ops->get_rflags(vcpu);
        return true;
    default:
        return false;
    }
}

/* Flags that a program could not want otherwise for this code. */
#define RFLAGS_FIXED_HERE (RFLAGS_VM | RFLAGS_TF | RFLAGS_FIXED | RFLAGS_RF)

static bool vmcs_write(struct exits_world *w, uint64_t field, uint64_t value)
{
    const struct backend_ops *ops = w->m->vcpu->ops;
    struct vcpu *vcpu = w->m->vcpu;
    struct controls *c = &w->m->controls;
    uint64_t flags;

    switch (field) {
    case VMCS_PRIMARY:
        if ((value ^ c->primary) & ~(uint64_t)PRIMARY_INTERRUPT_WINDOW)
            return false;
        c->primary = (uint32_t)value;
        return true;
    case VMCS_ENTRY_INFO:
        w->entry_info = (uint32_t)value;
        return true;
    case VMCS_ENTRY_ERROR:
        w->entry_error = (uint32_t)value;
        return true;
    case VMCS_CR0_SHADOW:
        c->cr0_shadow = value;
        return true;
    case VMCS_CR4_SHADOW:
        c->cr4_shadow = value;
        return true;
    case VMCS_CR0: /* what would turn paging on, or protection off, is no CR0 of this guest */
        if ((value ^ ops->get_cr(vcpu, 0)) &
            ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_AM))
            return false;
        ops->set_cr(vcpu, 0, value);
        return true;
    case VMCS_CR3:
        ops->set_cr(vcpu, 3, value);
        return true;
    case VMCS_CR4:
        if (value & ~(uint64_t)(CR4_TSD | CR4_DE | CR4_PGE | CR4_OSFXSR))
            return false;
        ops->set_cr(vcpu, 4, value);
        return true;
    case VMCS_RIP:
        ops->set_rip(vcpu, value);
        return true;
    case VMCS_RFLAGS:
        flags = ops->get_rflags(vcpu);
        if ((value ^ flags) & RFLAGS_FIXED_HERE)
            return false;
        ops->set_rflags(vcpu, value);
        return true;
    default:
        return false;
    }
}

/* ---- what else there is ---------------------------------------------------------------------- */

static uint64_t cpuid_value(uint64_t address)
{
    struct x86_cpuid out = x86_cpuid((uint32_t)address, address >> 32 & 0xffff);
    const uint32_t regs[4] = {out.eax, out.ebx, out.ecx, out.edx};

    return regs[address >> 48 & 3];
}

static bool port_read(struct exits_world *w, uint64_t port, unsigned size, uint64_t *value)
{
    if (port > 0xffff || size > 4)
        return false;
    *value = exits_port_value(w->reads, (uint16_t)port, size);
    w->reads++;
    w->last = *value | port << 32 | (uint64_t)size << 48;
    return true;
}

static bool world_read(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                       uint64_t *value)
{
    struct exits_world *w = ctx;
    uint8_t bytes[8] = {0};

    switch (space) {
    case WIRE_GUEST:
        if (!ram_read(&w->m->ram, address, bytes, size))
            return false;
        *value = get_le64(bytes);
        return true;
    case WIRE_VMCS:
        return vmcs_read(w, address, value);
    case WIRE_GPR:
        if (address >= 8)
            return false;
        *value = w->m->vcpu->ops->get_gpr(w->m->vcpu, (enum x86_gpr)address);
        return true;
    case WIRE_PORT:
        return port_read(w, address, size, value);
    case WIRE_MSR:
        if (address > UINT32_MAX || exits_msr((uint32_t)address) < 0)
            return false;
        *value = w->msr[exits_msr((uint32_t)address)];
        return true;
    case WIRE_CPUID:
        *value = cpuid_value(address);
        return true;
    default:
        return false;
    }
}

static bool world_write(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                        uint64_t value)
{
    struct exits_world *w = ctx;
    uint8_t bytes[8];

    put_le64(bytes, value);
    switch (space) {
    case WIRE_GUEST:
        if (!ram_write(&w->m->ram, address, bytes, size))
            return false;
        machine_written(w->m, address, size);
        w->memory++;
        return true;
    case WIRE_VMCS:
        return vmcs_write(w, address, value);
    case WIRE_GPR:
        if (address >= 8)
            return false;
        w->m->vcpu->ops->set_gpr(w->m->vcpu, (enum x86_gpr)address, value);
        return true;
    case WIRE_PORT:
        if (address > 0xffff || size > 4)
            return false;
        w->writes++;
        w->last = (value & (size == 4 ? 0xffffffff : (1ull << 8 * size) - 1)) | address << 32 |
                  (uint64_t)size << 48;
        return true;
    case WIRE_MSR:
        if (address > UINT32_MAX || exits_msr((uint32_t)address) < 0)
            return false;
        w->msr[exits_msr((uint32_t)address)] = value;
        return true;
    default:
        return false;
    }
}

struct world exits_world_memory(struct exits_world *w)
{
    return (struct world){.spaces = 1u << WIRE_GUEST | 1u << WIRE_VMCS | 1u << WIRE_GPR |
                                    1u << WIRE_PORT | 1u << WIRE_MSR | 1u << WIRE_CPUID,
                          .read = world_read,
                          .write = world_write,
                          .ctx = w};
}

/* ---- between the exits ----------------------------------------------------------------------- */

void exits_world_read(const struct exits_world *w, struct exits_state *state)
{
    const struct controls *c = &w->m->controls;
    struct x86_state cpu;

    machine_get_state(w->m, &cpu);
    *state = (struct exits_state){.rip = cpu.rip,
                                  .rflags = cpu.rflags,
                                  .cr0 = cpu.cr0,
                                  .cr3 = cpu.cr3,
                                  .cr4 = cpu.cr4,
                                  .cr0_shadow = c->cr0_shadow & c->cr0_mask,
                                  .cr4_shadow = c->cr4_shadow & c->cr4_mask,
                                  .window = !!(c->primary & PRIMARY_INTERRUPT_WINDOW),
                                  .entry_info = w->entry_info,
                                  .entry_error = w->entry_error,
                                  .reads = w->reads,
                                  .writes = w->writes,
                                  .last = w->last};
    memcpy(state->gpr, cpu.gpr, sizeof(state->gpr));
    memcpy(state->msr, w->msr, sizeof(state->msr));
}

void exits_world_resume(struct exits_world *w, uint64_t old_rip)
{
    const struct backend_ops *ops = w->m->vcpu->ops;
    struct vcpu *vcpu = w->m->vcpu;
    bool is_event =
        w->exit->reason == EXIT_EXTERNAL_INTERRUPT || w->exit->reason == EXIT_INTERRUPT_WINDOW;
    struct x86_event event = {.info = (uint32_t)w->entry_info, .error = (uint32_t)w->entry_error};

    w->m->irq.held = false; /* acknowledged at its exit: the program has its vector */
    if (!is_event && !(event.info & INTR_VALID)) {
        uint64_t length = ops->get_rip(vcpu) - old_rip;

        ops->set_rip(vcpu, old_rip);
        ops->complete(vcpu, (unsigned)length & 15);
    }
    if (event.info & INTR_VALID)
        ops->inject(vcpu, &event);
    w->entry_info = w->entry_error = 0; /* valid for one entry, SDM vol. 3, 25.8.3 */
}

void exits_world_interrupt(struct exits_world *w)
{
    irq_set_pin(w->m, true);
}

/*
 * The two machines of exercise 02, see trap_world.h. Intel SDM vol. 3, 6.12 (delivery), vol. 2, IRET. Left out: what no
 * guest of trap_guest.c has: task gates, V86 mode, faults within a delivery.
 */
#include "exercises/grader/trap_world.h"

#include "core/backend.h"
#include "util/bytes.h"

#include <string.h>

#define RAM_BYTES (1u << 20)

/* The second machine's own: beside what the guest's selectors can name, and behind its memory. */
enum { REAL_GDT = 0xf0000, REAL_CS = 0x33, REAL_SS = 0x3b, REAL_GDT_SIZE = 0x40 };

#define EFLAGS_SEEN 0xcd5u /* CF PF AF ZF SF DF OF: the same flag for the guest and for the CPU */

/* ---- ports ----------------------------------------------------------------------------------- */

static uint32_t mask_of(unsigned size)
{
    return size == 4 ? 0xffffffff : (1u << 8 * size) - 1;
}

static void note(struct trap_world *w, bool write, uint16_t port, unsigned size, uint32_t value)
{
    if (w->port_count == TRAP_PORTS_MAX)
        return;
    w->ports[w->port_count++] = (struct trap_port){.eip = w->native ? trap_world_eip(w) : w->at,
                                                   .value = value & mask_of(size),
                                                   .port = port,
                                                   .size = (uint8_t)size,
                                                   .write = write};
}

/* Another value each time. */
static uint32_t read_port(struct trap_world *w, uint16_t port, unsigned size)
{
    uint64_t z = (w->port_count + 1) * 0x9e3779b97f4a7c15ull + port * 0xbf58476d1ce4e5b9ull;
    uint32_t value = (uint32_t)(z ^ z >> 29) & mask_of(size);

    note(w, false, port, size, value);
    return value;
}

static void write_port(struct trap_world *w, uint16_t port, unsigned size, uint32_t value)
{
    note(w, true, port, size, value);
    if (port == TRAP_LINE_PORT)
        trap_world_raise(w);
}

static uint32_t bus_read(struct device *dev, uint16_t offset, unsigned size)
{
    return read_port(dev->priv, offset, size);
}

static void bus_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    write_port(dev->priv, offset, size, value);
}

static const struct device_ops bus_ops = {
    .name = "ports", .port_read = bus_read, .port_write = bus_write};

/* ---- the interrupt line ---------------------------------------------------------------------- */

static const struct device_ops line_ops = {.name = "line"};

unsigned trap_world_vector(const struct trap_world *w)
{
    return TRAP_VECTOR + (w->raised - 1) % TRAP_VECTORS;
}

void trap_world_raise(struct trap_world *w)
{
    if (w->line || w->waits)
        return;
    w->raised++;
    w->line = true;
    if (w->native)
        irq_set_pin(w->m, true);
}

static uint8_t acknowledge(struct device *dev)
{
    struct trap_world *w = dev->priv;

    irq_set_pin(w->m, false);
    w->line = false;
    return (uint8_t)trap_world_vector(w);
}

static void no_line(struct device *dev, unsigned line, bool level)
{
    (void)dev, (void)line, (void)level;
}

/* ---- making ---------------------------------------------------------------------------------- */

static void set_segments(struct x86_state *s, bool native)
{
    unsigned access = native ? 0xc093 : 0xc0f3;

    for (int i = X86_ES; i <= X86_GS; i++)
        s->seg[i] = (struct x86_segment){
            .selector = native ? TRAP_USER_SS : REAL_SS, .limit = ~0u, .access = 0xc0f3};
    s->seg[X86_SS] = (struct x86_segment){
        .selector = native ? TRAP_SS : REAL_SS, .limit = ~0u, .access = access};
    s->seg[X86_CS] = (struct x86_segment){
        .selector = native ? TRAP_CS : REAL_CS, .limit = ~0u, .access = access | 8};
}

static void set_state(struct trap_world *w)
{
    struct x86_state s;

    x86_state_reset(&s);
    s.cr0 = CR0_PE | CR0_ET;
    set_segments(&s, w->native);
    if (w->native) {
        s.gdtr = (struct x86_table){.base = TRAP_GDT, .limit = 0x27};
        s.idtr = (struct x86_table){.base = TRAP_IDT, .limit = 0x7ff};
        s.seg[X86_TR] = (struct x86_segment){
            .selector = TRAP_TR, .base = TRAP_TSS, .limit = 103, .access = 0x8b};
    } else {
        s.gdtr = (struct x86_table){.base = REAL_GDT, .limit = REAL_GDT_SIZE - 1};
        s.idtr = (struct x86_table){0};
        s.seg[X86_TR] = (struct x86_segment){.access = 0x8b}; /* no I/O bitmap */
        s.rflags |= RFLAGS_IF;                                /* the monitor's own */
    }
    s.gpr[X86_RSP] = TRAP_STACK;
    s.rip = TRAP_CODE;
    machine_set_state(w->m, &s);
}

static void put_real_tables(struct machine *m)
{
    static const uint8_t gdt[] = {0xff, 0xff, 0, 0, 0, 0xfb, 0xcf, 0,
                                  0xff, 0xff, 0, 0, 0, 0xf3, 0xcf, 0};

    ram_write(&m->ram, REAL_GDT + (REAL_CS & ~7u), gdt, sizeof(gdt));
}

static void put_devices(struct trap_world *w)
{
    w->bus = (struct device){.ops = &bus_ops, .machine = w->m, .priv = w, .deadline = DEVICE_NEVER};
    w->controller =
        (struct device){.ops = &line_ops, .machine = w->m, .priv = w, .deadline = DEVICE_NEVER};
    w->m->ports.count = 0; /* nobody else's */
    if (w->native)
        bus_add(&w->m->ports, 0, 0x10000, &w->bus);
    w->m->irq.controller = &w->controller;
    w->m->irq.set_line = no_line;
    w->m->irq.acknowledge = acknowledge;
}

int trap_world_create(struct trap_world *w, const struct trap_guest *guest, bool native,
                      struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int rc;

    memset(w, 0, sizeof(*w));
    config.ram_size = RAM_BYTES;
    rc = machine_create(&w->m, &config, err);
    if (rc)
        return rc;
    w->native = native;
    put_devices(w);
    trap_guest_load(guest, w->m);
    put_real_tables(w->m);
    set_state(w);
    return 0;
}

void trap_world_destroy(struct trap_world *w)
{
    machine_destroy(w->m);
    w->m = NULL;
}

/* ---- the virtual CPU ------------------------------------------------------------------------- */

uint32_t trap_world_gpr(const struct trap_world *w, enum x86_gpr which)
{
    return (uint32_t)w->m->vcpu->ops->get_gpr(w->m->vcpu, which);
}

static void set_gpr(struct trap_world *w, enum x86_gpr which, uint32_t value)
{
    w->m->vcpu->ops->set_gpr(w->m->vcpu, which, value);
}

uint32_t trap_world_eip(const struct trap_world *w)
{
    return (uint32_t)w->m->vcpu->ops->get_rip(w->m->vcpu);
}

static void set_eip(struct trap_world *w, uint32_t eip)
{
    w->m->vcpu->ops->set_rip(w->m->vcpu, eip);
}

uint32_t trap_world_eflags(const struct trap_world *w)
{
    uint32_t real = (uint32_t)w->m->vcpu->ops->get_rflags(w->m->vcpu);

    if (w->native)
        return real & ~RFLAGS_RF;
    return (real & EFLAGS_SEEN) | RFLAGS_FIXED | (w->intr_if ? RFLAGS_IF : 0) | w->iopl << 12;
}

static void set_eflags(struct trap_world *w, uint32_t value)
{
    w->m->vcpu->ops->set_rflags(w->m->vcpu, (value & EFLAGS_SEEN) | RFLAGS_FIXED | RFLAGS_IF);
    if (w->cpl == 0)
        w->iopl = value >> 12 & 3;
    if (w->cpl <= w->iopl)
        w->intr_if = !!(value & RFLAGS_IF);
}

static uint32_t load(const struct trap_world *w, uint32_t address)
{
    uint8_t bytes[4] = {0};

    ram_read(&w->m->ram, address, bytes, sizeof(bytes));
    return get_le32(bytes);
}

static void push(struct trap_world *w, uint32_t *esp, uint32_t value)
{
    uint8_t bytes[4];

    *esp -= 4;
    put_le32(bytes, value);
    if (ram_write(&w->m->ram, *esp, bytes, sizeof(bytes)))
        machine_written(w->m, *esp, sizeof(bytes));
}

void trap_world_deliver(struct trap_world *w, unsigned vector, const uint32_t *error)
{
    uint32_t gate = TRAP_IDT + 8 * vector, esp = trap_world_gpr(w, X86_RSP),
             flags = trap_world_eflags(w);

    if (w->cpl == 3) {
        uint32_t old = esp;

        esp = load(w, TRAP_TSS + 4);
        push(w, &esp, TRAP_USER_SS);
        push(w, &esp, old);
    }
    push(w, &esp, flags);
    push(w, &esp, w->cpl == 3 ? TRAP_USER_CS : TRAP_CS);
    push(w, &esp, trap_world_eip(w));
    if (error)
        push(w, &esp, *error);
    set_gpr(w, X86_RSP, esp);
    set_eip(w, (load(w, gate) & 0xffff) | (load(w, gate + 4) & 0xffff0000));
    w->cpl = 0;
    w->intr_if = 0;
}

static void iret(struct trap_world *w)
{
    uint32_t esp = trap_world_gpr(w, X86_RSP), cs = load(w, esp + 4);

    set_eip(w, load(w, esp));
    set_eflags(w, load(w, esp + 8));
    set_gpr(w, X86_RSP, cs & 3 ? load(w, esp + 12) : esp + 12);
    w->cpl = cs & 3;
}

bool trap_world_emulate(struct trap_world *w, const uint8_t *code)
{
    if (code[0] == 0xcd && w->error == 8u * code[1] + 2) {
        set_eip(w, trap_world_eip(w) + 2);
        trap_world_deliver(w, code[1], NULL);
        return true;
    }
    if (code[0] != 0xcf)
        return false;
    iret(w);
    return true;
}

/* ---- what a program reaches ------------------------------------------------------------------ */

static bool field_read(const struct trap_world *w, uint64_t field, uint64_t *value)
{
    const uint32_t fields[] = {
        [TRAP_FIELD_CPL] = w->cpl,     [TRAP_FIELD_IOPL] = w->iopl,
        [TRAP_FIELD_ERROR] = w->error, [TRAP_FIELD_EIP] = trap_world_eip(w),
        [TRAP_FIELD_IF] = w->intr_if,  [TRAP_FIELD_INJECT] = w->inject,
        [TRAP_FIELD_STEP] = w->step,   [TRAP_FIELD_INJECT_ERROR] = w->inject_error,
    };

    if (field >= sizeof(fields) / sizeof(fields[0]))
        return false;
    *value = fields[field];
    return true;
}

static bool field_write(struct trap_world *w, uint64_t field, uint32_t value)
{
    switch (field) {
    case TRAP_FIELD_EIP:
        set_eip(w, value);
        return true;
    case TRAP_FIELD_IF:
        w->intr_if = value & 1;
        return true;
    case TRAP_FIELD_INJECT:
        w->inject = value;
        return true;
    case TRAP_FIELD_INJECT_ERROR:
        w->inject_error = value;
        return true;
    case TRAP_FIELD_STEP:
        w->step = value & 1;
        return true;
    default:
        return false;
    }
}

static bool world_read(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                       uint64_t *value)
{
    struct trap_world *w = ctx;
    uint8_t bytes[8] = {0};

    switch (space) {
    case WIRE_GUEST:
        if (!ram_read(&w->m->ram, address, bytes, size))
            return false;
        *value = get_le64(bytes);
        return true;
    case WIRE_VMCS:
        return field_read(w, address, value);
    case WIRE_GPR:
        if (address >= 8)
            return false;
        *value = trap_world_gpr(w, (enum x86_gpr)address);
        return true;
    case WIRE_PORT:
        if (address > 0xffff || size > 4)
            return false;
        *value = read_port(w, (uint16_t)address, size);
        return true;
    default:
        return false;
    }
}

/* Guest memory is not in it: nothing that traps here writes any. */
static bool world_write(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                        uint64_t value)
{
    struct trap_world *w = ctx;

    switch (space) {
    case WIRE_VMCS:
        return field_write(w, address, (uint32_t)value);
    case WIRE_GPR:
        if (address >= 8)
            return false;
        set_gpr(w, (enum x86_gpr)address, (uint32_t)value);
        return true;
    case WIRE_PORT:
        if (address > 0xffff || size > 4)
            return false;
        write_port(w, (uint16_t)address, size, (uint32_t)value);
        return true;
    default:
        return false;
    }
}

struct world trap_world_memory(struct trap_world *w)
{
    return (struct world){.spaces =
                              1u << WIRE_GUEST | 1u << WIRE_VMCS | 1u << WIRE_GPR | 1u << WIRE_PORT,
                          .read = world_read,
                          .write = world_write,
                          .ctx = w};
}

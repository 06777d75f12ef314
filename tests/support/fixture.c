/* A machine for tests that run a few instructions, see fixture.h. */
#include "tests/support/fixture.h"

#include "backend/kvm/kvm.h"
#include "util/bytes.h"

#include <string.h>

struct fixture f;

static void keep_exit(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    (void)ctx, (void)m;
    if (f.count < EXITS_KEPT)
        f.exits[f.count] = *exit;
    f.count++;
}

static void keep_text(void *ctx, enum text_source source, const char *text, size_t size)
{
    (void)ctx, (void)source;
    for (size_t i = 0; i < size && f.text_size + 1 < sizeof(f.text); i++)
        f.text[f.text_size++] = text[i];
}

static void create(struct machine_config config)
{
    struct error err = {0};

    memset(&f, 0, sizeof(f));
    config.ram_size = 2u << 20;
    config.text.write = keep_text;
    ck_assert_msg(machine_create(&f.m, &config, &err) == 0, "%s", err.text);
    f.m->observer.seen = keep_exit;
}

void fixture_setup(void)
{
    create((struct machine_config)MACHINE_CONFIG_DEFAULT);
}

void fixture_setup_ept_flags(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    config.ept_accessed_dirty = true;
    create(config);
}

void fixture_setup_shadow(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    config.shadow_paging = true;
    create(config);
}

void fixture_setup_kvm(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    config.backend = &backend_kvm;
    create(config);
}

void fixture_setup_kernel_irqchip(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    config.backend = &backend_kvm;
    config.kernel_irqchip = true;
    create(config);
}

void fixture_teardown(void)
{
    machine_destroy(f.m);
}

void fixture_again(void)
{
    fixture_teardown();
    fixture_setup();
}

void enter_real(struct x86_state *s)
{
    x86_state_reset(s);
    x86_segment_real(&s->seg[X86_CS], 0, true);
    s->cr0 = CR0_ET;
    s->rip = AT;
    s->gpr[X86_RSP] = 0x7000;
}

void enter_flat32(struct x86_state *s)
{
    enter_real(s);
    s->cr0 |= CR0_PE;
    for (int i = X86_ES; i <= X86_GS; i++)
        s->seg[i] = (struct x86_segment){.selector = 0x10, .limit = ~0u, .access = 0xc093};
    s->seg[X86_CS] = (struct x86_segment){.selector = 0x08, .limit = ~0u, .access = 0xc09b};
    s->idtr.limit = 0; /* any exception is a triple fault */
}

void enter_long64(struct x86_state *s)
{
    static const uint64_t entries[][2] = {
        {0x10000, 0x11003}, {0x11000, 0x12003}, {0x12000, 0x13003}, {0x12008, 0x00200083}};
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        put_le64(bytes, entries[i][1]);
        ram_write(&f.m->ram, entries[i][0], bytes, 8);
    }
    for (unsigned i = 0; i < 256; i++) { /* page 5000h is not present, 6000h is read-only */
        put_le64(bytes, i == 5 ? 0 : (uint64_t)i << 12 | (i == 6 ? 1 : 3));
        ram_write(&f.m->ram, 0x13000 + 8 * i, bytes, 8);
    }
    enter_flat32(s);
    s->seg[X86_CS].access = 0xa09b;
    s->cr0 |= CR0_PG | CR0_WP;
    s->cr3 = 0x10000;
    s->cr4 = CR4_PAE;
    s->efer = EFER_LME | EFER_LMA;
}

void load(const uint8_t *code, size_t size, enter_fn *enter)
{
    struct x86_state s;

    ck_assert(ram_write(&f.m->ram, AT, code, size));
    enter(&s);
    machine_set_state(f.m, &s);
}

struct run_result run(uint64_t insns, uint64_t exits)
{
    struct run_limits limits = {insns, exits};
    struct run_result result;

    ck_assert_int_eq(machine_run(f.m, &limits, &result), 0);
    return result;
}

uint64_t reg(enum x86_gpr gpr)
{
    return f.m->vcpu->ops->get_gpr(f.m->vcpu, gpr);
}

/* What the tests of single exits share, see exit_check.h. */
#include "tests/support/exit_check.h"

#include "util/bytes.h"

#include <string.h>

struct x86_state at_exit;

static enum monitor_action stop_here(void *ctx, struct machine *m, struct vm_exit *exit)
{
    (void)ctx, (void)exit;
    machine_get_state(m, &at_exit);
    return MONITOR_STOP;
}

void stop_at_exits(bool stop)
{
    for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
        f.m->monitor.on_exit[i] = stop ? stop_here : NULL;
}

void control(enum word word, uint32_t bits, bool on)
{
    struct controls c = f.m->controls;
    uint32_t *p = word == PIN ? &c.pin : word == PRIMARY ? &c.primary : &c.secondary;

    *p = on ? *p | bits : *p & ~bits;
    machine_set_controls(f.m, &c);
}

void controls_bare(void)
{
    struct controls c = {.primary = PRIMARY_SECONDARY | PRIMARY_MSR_BITMAPS | PRIMARY_HLT,
                         .secondary = SECONDARY_EPT};

    machine_set_controls(f.m, &c);
}

void fill_ivt(void)
{
    uint8_t table[4 * 256], hlt[256];

    for (unsigned n = 0; n < 256; n++)
        put_le32(table + 4 * n, 0x2000 + n);
    memset(hlt, 0xf4, sizeof(hlt));
    ck_assert(ram_write(&f.m->ram, 0, table, sizeof(table)));
    ck_assert(ram_write(&f.m->ram, 0x2000, hlt, sizeof(hlt)));
}

const struct vm_exit *check_place(const uint8_t *insn, unsigned size, uint64_t before)
{
    const struct vm_exit *exit = &f.exits[f.count - 1];

    ck_assert_uint_eq(exit->rip, AT + before);
    ck_assert_uint_eq(exit->insns, before);
    ck_assert_uint_eq(f.m->insns, before);
    ck_assert_uint_eq(at_exit.rip, AT + before);
    ck_assert_uint_eq(exit->seq, f.count - 1);
    ck_assert_uint_eq(exit->insn_len, size);
    ck_assert_mem_eq(exit->insn, insn, size);
    return exit;
}

void place(enter_fn *enter, const uint8_t *insn, unsigned size)
{
    uint8_t code[BEFORE + 16] = {0x90, 0x90};

    memcpy(code + BEFORE, insn, size);
    code[BEFORE + size] = 0xf4;
    load(code, sizeof(code), enter);
}

void set_regs(const uint64_t gpr[X86_GPR_COUNT])
{
    struct x86_state s;

    machine_get_state(f.m, &s);
    memcpy(s.gpr, gpr, sizeof(s.gpr));
    machine_set_state(f.m, &s);
}

const struct vm_exit *one_exit(enter_fn *enter, const uint8_t *insn, unsigned size)
{
    place(enter, insn, size);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    return check_place(insn, size, BEFORE);
}

void enter_user(struct x86_state *s)
{
    ck_assert(ram_write(&f.m->ram, 0x66, "\xff\xff", 2)); /* TR's base is 0 after RESET */
    enter_flat32(s);
    for (int i = X86_ES; i <= X86_GS; i++) {
        s->seg[i].access |= 3u << 5;
        s->seg[i].selector |= 3;
    }
}

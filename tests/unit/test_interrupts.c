/*
 * core/interrupts and the CPU's windows: where an interrupt comes in, which exits it makes, what
 * blocks it, and that nothing of this depends on how a run is cut into pieces. Real mode; the
 * handlers count at 500h (interrupt) and 502h (NMI).
 */
#include "core/backend.h"
#include "core/clock.h"
#include "core/machine.h"
#include "util/bytes.h"

#include <check.h>
#include <string.h>

#define AT 0x1000u
#define VECTOR 0x20
#define EXITS_KEPT 64

struct fixture {
    struct machine *m;
    struct device chip;
    struct vm_exit exits[EXITS_KEPT];
    unsigned count;
    unsigned acknowledged;
};
static struct fixture f;

static uint8_t acknowledge(struct device *chip)
{
    f.acknowledged++;
    irq_set_pin(chip->machine, false);
    return VECTOR;
}

static void keep_exit(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    (void)ctx, (void)m;
    if (f.count < EXITS_KEPT)
        f.exits[f.count++] = *exit;
}

static void put(uint64_t gpa, const void *bytes, size_t size)
{
    ck_assert(ram_write(&f.m->ram, gpa, bytes, size));
}

/* inc word [500h]; iret, and the same for NMI at 502h */
static const uint8_t handlers[] = {0xff, 0x06, 0x00, 0x05, 0xcf, 0xff, 0x06, 0x02, 0x05, 0xcf};

static void create(struct machine_config config)
{
    struct error err = {0};
    uint8_t vector[4] = {0x00, 0x06, 0, 0}, nmi[4] = {0x05, 0x06, 0, 0};

    memset(&f, 0, sizeof(f));
    config.ram_size = 1u << 20;
    ck_assert_msg(machine_create(&f.m, &config, &err) == 0, "%s", err.text);
    f.m->observer.seen = keep_exit;
    f.chip.machine = f.m;
    f.m->irq.controller = &f.chip;
    f.m->irq.acknowledge = acknowledge;
    put(0x600, handlers, sizeof(handlers));
    put(VECTOR * 4, vector, 4);
    put(2 * 4, nmi, 4);
}

static void setup(void)
{
    create((struct machine_config)MACHINE_CONFIG_DEFAULT);
}

static void teardown(void)
{
    machine_destroy(f.m);
}

static void load(const uint8_t *code, size_t size, uint64_t rflags)
{
    struct x86_state s;

    x86_state_reset(&s);
    x86_segment_real(&s.seg[X86_CS], 0, true);
    s.cr0 = CR0_ET;
    s.rip = AT;
    s.rflags = rflags | RFLAGS_FIXED;
    s.gpr[X86_RSP] = 0x7000;
    put(AT, code, size);
    machine_set_state(f.m, &s);
}

#define LOAD(rflags, ...)                                                                          \
    do {                                                                                           \
        const uint8_t code_[] = {__VA_ARGS__};                                                     \
        load(code_, sizeof(code_), rflags);                                                        \
    } while (0)

static struct run_result run(uint64_t insns)
{
    struct run_limits limits = {.insns = insns};
    struct run_result result;

    ck_assert_int_eq(machine_run(f.m, &limits, &result), 0);
    return result;
}

static unsigned counted(uint64_t gpa)
{
    return get_le16(ram_ptr(&f.m->ram, gpa, 2));
}

static uint64_t rip(void)
{
    return f.m->vcpu->ops->get_rip(f.m->vcpu);
}

static uint16_t return_ip(void)
{
    return get_le16(ram_ptr(&f.m->ram, 0x7000 - 6, 2));
}

/* IF is set: the exit, and the handler before the next instruction. */
START_TEST(test_taken_at_once)
{
    LOAD(RFLAGS_IF, 0x90, 0x90, 0x90, 0xf4);
    run(1);
    irq_set_pin(f.m, true);
    run(1);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXTERNAL_INTERRUPT);
    ck_assert_uint_eq(f.exits[0].rip, AT + 1);
    ck_assert_uint_eq(f.exits[0].insns, 1);
    ck_assert_uint_eq(f.exits[0].has & EXIT_HAS_INTR, 0);
    ck_assert_uint_eq(rip(), 0x604);
    ck_assert_uint_eq(return_ip(), AT + 1);
    ck_assert_uint_eq(counted(0x500), 1);
    ck_assert_uint_eq(f.acknowledged, 1);
}
END_TEST

/* SDM 27.7.1, 6.8.3: the window opens behind the instruction that follows STI. */
START_TEST(test_window_behind_sti)
{
    LOAD(0, 0x90, 0xfb, 0x40, 0x40, 0x40, 0xfa, 0xf4); /* nop; sti; 3 * inc ax; cli; hlt */
    irq_set_pin(f.m, true);
    run(20);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXTERNAL_INTERRUPT);
    ck_assert_uint_eq(f.exits[0].rip, AT);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_INTERRUPT_WINDOW);
    ck_assert_uint_eq(f.exits[1].rip, AT + 3);
    ck_assert_uint_eq(f.exits[1].insns, 3);
    ck_assert_uint_eq(return_ip(), AT + 3);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_HLT);
    ck_assert_uint_eq(counted(0x500), 1);
}
END_TEST

START_TEST(test_window_behind_popf)
{
    /* push 202h; popf; inc ax; cli; hlt */
    LOAD(0, 0x68, 0x02, 0x02, 0x9d, 0x40, 0xfa, 0xf4);
    irq_set_pin(f.m, true);
    run(20);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_INTERRUPT_WINDOW);
    ck_assert_uint_eq(f.exits[1].rip, AT + 4); /* POPF has no shadow */
    ck_assert_uint_eq(counted(0x500), 1);
}
END_TEST

/* MOV SS blocks for one instruction, though IF was set all along. */
START_TEST(test_mov_ss_shadow)
{
    LOAD(RFLAGS_IF, 0x8e, 0xd0, 0x40, 0x40, 0xf4); /* mov ss,ax; inc ax; inc ax; hlt */
    run(1);
    irq_set_pin(f.m, true);
    run(3);
    ck_assert_uint_eq(f.exits[0].rip, AT + 2);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_INTERRUPT_WINDOW);
    ck_assert_uint_eq(f.exits[1].rip, AT + 3);
}
END_TEST

/* An instruction that the monitor completes ends the shadow, too. */
START_TEST(test_shadow_ends_at_an_exit)
{
    LOAD(0, 0xfb, 0x0f, 0xa2, 0x40, 0xf4); /* sti; cpuid; inc ax; hlt */
    irq_set_pin(f.m, true);
    run(3);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_CPUID);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_INTERRUPT_WINDOW);
    ck_assert_uint_eq(f.exits[2].rip, AT + 3);
}
END_TEST

/* Without external-interrupt exiting the guest gets it as on a bare CPU, and nobody sees a thing. */
START_TEST(test_no_exiting)
{
    struct controls c = f.m->controls;

    LOAD(0, 0x90, 0xfb, 0x40, 0x40, 0xfa, 0xf4);
    c.pin &= ~PIN_EXTERNAL_INTERRUPT;
    machine_set_controls(f.m, &c);
    irq_set_pin(f.m, true);
    run(20);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_HLT);
    ck_assert_uint_eq(counted(0x500), 1);
    ck_assert_uint_eq(return_ip(), AT + 3);
}
END_TEST

START_TEST(test_acknowledge_on_exit)
{
    struct controls c = f.m->controls;

    LOAD(0, 0x90, 0xfb, 0x40, 0x40, 0xfa, 0xf4);
    c.exit |= EXIT_ACK_INTERRUPT;
    machine_set_controls(f.m, &c);
    irq_set_pin(f.m, true);
    run(1);
    ck_assert_uint_eq(f.exits[0].intr_info, INTR_VALID | INTR_EXTERNAL << 8 | VECTOR);
    ck_assert_uint_eq(f.acknowledged, 1);
    run(20);
    ck_assert_uint_eq(counted(0x500), 1);
    ck_assert_uint_eq(f.acknowledged, 1);
}
END_TEST

/* A line that falls before the window opens: the window comes, nothing is delivered. */
START_TEST(test_line_falls)
{
    LOAD(0, 0x90, 0xfb, 0x40, 0x40, 0xfa, 0xf4);
    irq_set_pin(f.m, true);
    run(1);
    irq_set_pin(f.m, false);
    run(20);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_INTERRUPT_WINDOW);
    ck_assert_uint_eq(counted(0x500), 0);
    ck_assert_uint_eq(f.acknowledged, 0);
}
END_TEST

/* IF does not matter to an NMI; its handler is not interrupted by another until its IRET. */
START_TEST(test_nmi)
{
    LOAD(0, 0x90, 0x40, 0x40, 0xf4);
    irq_raise_nmi(f.m);
    run(1); /* inc word [502h] */
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(f.exits[0].intr_info, INTR_VALID | INTR_NMI << 8 | X86_NMI);
    ck_assert_uint_eq(f.exits[0].rip, AT);
    ck_assert_uint_eq(counted(0x502), 1);
    irq_raise_nmi(f.m);
    run(1);                        /* iret */
    ck_assert_uint_eq(f.count, 2); /* the second one's exit, before the IRET */
    ck_assert_uint_eq(rip(), AT);
    run(1);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_NMI_WINDOW);
    ck_assert_uint_eq(f.exits[2].rip, AT);
    ck_assert_uint_eq(counted(0x502), 2);
    run(20);
    ck_assert_uint_eq(f.exits[3].reason, EXIT_HLT);
    ck_assert_uint_eq(counted(0x502), 2);
}
END_TEST

/* NMI blocking is part of the state: it survives being taken out and put back. */
START_TEST(test_nmi_blocking_is_state)
{
    struct x86_state s;

    LOAD(0, 0x90, 0x40, 0x40, 0xf4);
    irq_raise_nmi(f.m);
    run(1);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.interruptibility, X86_BLOCKING_BY_NMI);
    machine_set_state(f.m, &s);
    irq_raise_nmi(f.m);
    run(20);
    ck_assert_uint_eq(counted(0x502), 2);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_NMI_WINDOW);
    ck_assert_uint_eq(f.exits[2].rip, AT);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.interruptibility, 0);
}
END_TEST

/* The button, at times of the clock: a press wakes a CPU that nothing else could wake. */
START_TEST(test_nmi_button)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct run_result result;

    teardown();
    config.nmi_at[0] = 2;
    config.nmi_at[1] = 5000;
    config.nmi_count = 2;
    create(config);
    LOAD(0, 0x90, 0x90, 0x90, 0xf4, 0xf4); /* IF is clear; nop, nop, nop, hlt, hlt */
    result = run(0);
    ck_assert_int_eq(result.stop, STOP_HALT);
    ck_assert_uint_eq(counted(0x502), 2);
    ck_assert_uint_eq(f.count, 3);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(f.exits[0].insns, 2);
    ck_assert_uint_eq(f.exits[0].rip, AT + 2);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_HLT);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_HLT);
    ck_assert_uint_eq(f.exits[2].rip, AT + 4);
    ck_assert_uint_ge(clock_now(f.m), 5000);
}
END_TEST

START_TEST(test_nmi_button_state)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct device *button;
    uint8_t state[2] = {0, 0};

    teardown();
    config.nmi_at[0] = 10;
    config.nmi_count = 1;
    create(config);
    button = &f.m->devices[f.m->device_count - 1];
    ck_assert_str_eq(button->ops->name, "nmi-button");
    ck_assert_uint_eq(button->deadline, 10);
    state[0] = 1;
    ck_assert_int_eq(button->ops->load(button, state, 1), 0);
    ck_assert_uint_eq(button->deadline, DEVICE_NEVER);
    state[0] = 2;
    ck_assert_int_lt(button->ops->load(button, state, 1), 0);
    ck_assert_int_lt(button->ops->load(button, state, 2), 0);
    ck_assert_uint_eq(button->ops->save(button, state, sizeof(state)), 1);
    ck_assert_uint_eq(state[0], 1);
}
END_TEST

/* x87 and SSE registers stay through exits, an interrupt, an NMI, and a state put back. */
START_TEST(test_fpu_survives)
{
    struct x86_state set, s;

    LOAD(RFLAGS_IF, 0x90, 0x0f, 0xa2, 0x90, 0x90, 0xf4); /* nop; cpuid; nop; nop; hlt */
    machine_get_state(f.m, &set);
    memset(set.fxsave, 0, sizeof(set.fxsave));
    put_le16(set.fxsave, 0x027f);
    put_le16(set.fxsave + 2, 0x2800); /* TOP = 5 */
    set.fxsave[4] = 0xe0;             /* three are in use */
    put_le32(set.fxsave + 24, 0x9fc0);
    put_le32(set.fxsave + 28, 0xffff);
    for (unsigned i = 0; i < 24; i++)
        for (unsigned k = 0; k < (i < 8 ? 10u : 16u); k++)
            set.fxsave[32 + 16 * i + k] = (uint8_t)(i * 16 + k + 1);
    machine_set_state(f.m, &set);
    irq_set_pin(f.m, true);
    run(2);
    irq_set_pin(f.m, false);
    irq_raise_nmi(f.m);
    run(4);
    machine_get_state(f.m, &s);
    ck_assert_mem_eq(s.fxsave, set.fxsave, sizeof(s.fxsave));
    machine_set_state(f.m, &s);
    run(20);
    ck_assert_uint_ge(counted(0x500), 1);
    ck_assert_uint_eq(counted(0x502), 1);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.activity, X86_HALTED);
    ck_assert_mem_eq(s.fxsave, set.fxsave, sizeof(s.fxsave));
}
END_TEST

START_TEST(test_monitor_trap)
{
    struct controls c = f.m->controls;

    LOAD(0, 0x40, 0x40, 0x0f, 0xa2, 0x40, 0xf4); /* inc ax; inc ax; cpuid; inc ax; hlt */
    c.primary |= PRIMARY_MONITOR_TRAP;
    machine_set_controls(f.m, &c);
    run(4);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_MONITOR_TRAP);
    ck_assert_uint_eq(f.exits[0].rip, AT + 1);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_MONITOR_TRAP);
    ck_assert_uint_eq(f.exits[1].rip, AT + 2);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_CPUID);
    ck_assert_uint_eq(f.exits[3].reason, EXIT_MONITOR_TRAP);
    ck_assert_uint_eq(f.exits[3].rip, AT + 5);
}
END_TEST

/* A timer of a device: it comes at its instruction, however the run is cut. */
static void tick(struct device *dev)
{
    dev->deadline += 7;
    irq_set_pin(dev->machine, true);
}

static uint64_t run_with_timer(uint64_t piece)
{
    static const struct device_ops ops = {.name = "timer", .tick = tick};
    struct device *timer = &f.m->devices[f.m->device_count];

    *timer = (struct device){.ops = &ops, .machine = f.m, .deadline = clock_now(f.m) + 5};
    f.m->device_count++;
    LOAD(RFLAGS_IF, 0x40, 0xb9, 5, 0, 0xe2, 0xfe, 0xeb, 0xf8); /* inc ax; mov cx,5; loop; jmp */
    for (uint64_t done = 0; done < 2000; done += piece)
        run(piece);
    return machine_state_hash(f.m);
}

START_TEST(test_pieces)
{
    uint64_t whole = run_with_timer(2000), exits = f.m->exits;

    ck_assert_uint_gt(counted(0x500), 200);
    teardown();
    setup();
    ck_assert_uint_eq(run_with_timer(1), whole);
    ck_assert_uint_eq(f.m->exits, exits);
    teardown();
    setup();
    ck_assert_uint_eq(run_with_timer(40), whole);
    ck_assert_uint_eq(f.m->exits, exits);
}
END_TEST

/* HLT with a timer under way: the time until then passes at once. */
START_TEST(test_halt_sleeps)
{
    static const struct device_ops ops = {.name = "timer", .tick = tick};
    struct device *timer = &f.m->devices[f.m->device_count];

    *timer = (struct device){.ops = &ops, .machine = f.m, .deadline = 1000000};
    f.m->device_count++;
    LOAD(RFLAGS_IF, 0xf4, 0x0f, 0x31, 0xfa, 0xf4); /* hlt; rdtsc; cli; hlt */
    ck_assert_int_eq(run(20).stop, STOP_HALT);
    ck_assert_uint_eq(counted(0x500), 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_HLT);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_RDTSC);
    ck_assert_uint_eq(f.exits[1].value, 1000000 + 2); /* inc, iret */
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("interrupts");
    TCase *t = tcase_create("interrupts");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_taken_at_once);
    tcase_add_test(t, test_window_behind_sti);
    tcase_add_test(t, test_window_behind_popf);
    tcase_add_test(t, test_mov_ss_shadow);
    tcase_add_test(t, test_shadow_ends_at_an_exit);
    tcase_add_test(t, test_no_exiting);
    tcase_add_test(t, test_acknowledge_on_exit);
    tcase_add_test(t, test_line_falls);
    tcase_add_test(t, test_nmi);
    tcase_add_test(t, test_nmi_blocking_is_state);
    tcase_add_test(t, test_nmi_button);
    tcase_add_test(t, test_nmi_button_state);
    tcase_add_test(t, test_fpu_survives);
    tcase_add_test(t, test_monitor_trap);
    tcase_add_test(t, test_pieces);
    tcase_add_test(t, test_halt_sleeps);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(suite());
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

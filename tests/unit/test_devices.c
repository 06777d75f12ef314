/*
 * device/debug_text.c, and what the bus does with accesses that nobody or only half of somebody
 * answers, who has which ports and lines; a guest with timer interrupts. The devices of a PC have
 * tests of their own: test_uart.c and so on.
 */
#include "core/loader.h"
#include "core/machine.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COM1 0x3f8

static struct machine *m;
static char serial[32], debug[32];

static void keep(void *ctx, enum text_source source, const char *text, size_t size)
{
    (void)ctx;
    strncat(source == TEXT_SERIAL ? serial : debug, text, size);
}

static void setup(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct error err;

    serial[0] = debug[0] = '\0';
    config.text.write = keep;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    machine_destroy(m);
}

static unsigned in(uint16_t port)
{
    return bus_port_read(&m->ports, port, 1);
}

static void out(uint16_t port, unsigned value)
{
    bus_port_write(&m->ports, port, 1, value);
}

START_TEST(test_debug_text)
{
    out(0xe9, 'd');
    out(0x402, 'e');
    ck_assert_str_eq(debug, "de");
    ck_assert_uint_eq(in(0xe9), 0xe9); /* "I am here", as Bochs and SeaBIOS ask */
    ck_assert_uint_eq(in(0x402), 0xe9);
}
END_TEST

START_TEST(test_bus)
{
    ck_assert_uint_eq(bus_port_read(&m->ports, 0x80, 4), 0xffffffff);
    ck_assert_uint_eq(bus_port_read(&m->ports, 0xe8, 2), 0xe9ff); /* half of it is there */
    bus_port_write(&m->ports, 0xe8, 2, 'q' << 8);
    ck_assert_str_eq(debug, "q");
    ck_assert_uint_eq(bus_mmio_read(&m->mmio, 0xfee00000, 8), ~0ull);
    ck_assert_uint_eq(bus_mmio_read(&m->mmio, 0xfee00000, 2), 0xffff);
    ck_assert_int_lt(bus_add(&m->ports, 0xe0, 0x10, &m->devices[0]), 0); /* overlaps e9h */
}
END_TEST

/* A device with several ranges sees one offset after the other; a narrow one sees bytes. */
static uint32_t offset_read(struct device *dev, uint16_t offset, unsigned size)
{
    (void)dev;
    return offset | size << 4;
}

START_TEST(test_bus_ranges)
{
    const struct device_ops wide = {.port_read = offset_read};
    const struct device_ops narrow = {.port_read = offset_read, .port_width = 1};
    struct device dev = {.ops = &wide, .machine = m};

    ck_assert_int_eq(bus_add(&m->ports, 0x2000, 4, &dev), 0);
    ck_assert_int_eq(bus_add_at(&m->ports, 0x3000, 2, &dev, 4), 0);
    ck_assert_uint_eq(bus_port_read(&m->ports, 0x2001, 2), 0x21);
    ck_assert_uint_eq(bus_port_read(&m->ports, 0x3001, 1), 0x15);
    dev.ops = &narrow;
    ck_assert_uint_eq(bus_port_read(&m->ports, 0x2000, 4), 0x13121110);
}
END_TEST

/* Whatever the order of registration: first and last port of a range, those beside it, a gap. */
START_TEST(test_bus_finds_ranges)
{
    static const uint16_t bases[] = {0x3000, 0x1000, 0x2000, 0x1004, 0x1002, 0xfffe};
    const struct device_ops ops = {.port_read = offset_read};
    struct device dev = {.ops = &ops, .machine = m};
    const unsigned count = sizeof(bases) / sizeof(bases[0]);

    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(bus_add_at(&m->ports, bases[i], 2, &dev, (uint16_t)(2 * i)), 0);
    ck_assert_int_eq(bus_add(&m->ports, 0x1003, 1, &dev), -EEXIST);
    for (unsigned i = 0; i < count; i++) {
        ck_assert_uint_eq(bus_port_read(&m->ports, bases[i], 1), 0x10 + 2 * i);
        ck_assert_uint_eq(bus_port_read(&m->ports, (uint16_t)(bases[i] + 1), 1), 0x10 + 2 * i + 1);
    }
    ck_assert_ptr_null(bus_find(&m->ports, 0xfff));
    ck_assert_ptr_null(bus_find(&m->ports, 0x1006));
    ck_assert_ptr_null(bus_find(&m->ports, 0x3002));
    ck_assert_ptr_null(bus_find(&m->ports, 0x10000));
    ck_assert_ptr_null(bus_find(&m->ports, 0));
}
END_TEST

/* By address, whatever the order of registration. */
START_TEST(test_bus_lists_ranges)
{
    const struct bus_range *r = bus_next(&m->ports, NULL, 0);
    const struct device *pic = r->dev;
    unsigned count = 0;

    ck_assert_str_eq(pic->ops->name, "pic");
    ck_assert_uint_eq(r->base, 0x20);
    r = bus_next(&m->ports, pic, r->base + r->size);
    ck_assert_uint_eq(r->base, 0xa0);
    r = bus_next(&m->ports, pic, r->base + r->size);
    ck_assert_uint_eq(r->base, 0x4d0);
    ck_assert_uint_eq(r->size, 2);
    ck_assert_ptr_null(bus_next(&m->ports, pic, r->base + r->size));
    for (r = bus_next(&m->ports, NULL, 0); r; r = bus_next(&m->ports, NULL, r->base + r->size))
        count++;
    ck_assert_uint_eq(count, m->ports.count);
    ck_assert_ptr_null(bus_next(&m->mmio, NULL, 0));
}
END_TEST

START_TEST(test_irq_lines)
{
    struct device other = {.machine = m};

    ck_assert_ptr_eq(irq_driver(m, IRQ_COM1), bus_find(&m->ports, COM1)->dev);
    ck_assert_ptr_eq(irq_driver(m, IRQ_TIMER), bus_find(&m->ports, 0x40)->dev);
    ck_assert_ptr_eq(irq_driver(m, 12), bus_find(&m->ports, 0x64)->dev);
    ck_assert_ptr_null(irq_driver(m, IRQ_CASCADE));
    ck_assert_int_lt(irq_connect(&other, IRQ_COM1), 0);
    ck_assert_ptr_eq(irq_driver(m, IRQ_COM1), bus_find(&m->ports, COM1)->dev);
    ck_assert(!irq_level(m, IRQ_COM1));
    out(COM1 + 4, 0x08); /* OUT2, and the transmitter is empty */
    out(COM1 + 1, 0x02);
    ck_assert(irq_level(m, IRQ_COM1));
    ck_assert(irq_level(m, IRQ_TIMER)); /* OUT 0 is high after reset */
    in(COM1 + 2);
    ck_assert(!irq_level(m, IRQ_COM1));
}
END_TEST

START_TEST(test_hash_sees_devices)
{
    uint64_t before = machine_state_hash(m);

    out(COM1 + 7, 1);
    ck_assert_uint_ne(machine_state_hash(m), before);
    out(COM1 + 7, 0);
    ck_assert_uint_eq(machine_state_hash(m), before);
}
END_TEST

/* Timer interrupts every 5 pulses, in a loop that also sleeps; BX counts them. */
static const uint8_t timer_guest[] = {
    0x31, 0xc0, 0x8e, 0xd8, 0x8e, 0xd0,             /* xor ax, ax; mov ds, ax; mov ss, ax */
    0xbc, 0x00, 0x7c,                               /* mov sp, 7c00h */
    0xc7, 0x06, 0x80, 0x00, 0x3f, 0x7c,             /* mov word [80h], isr */
    0xc7, 0x06, 0x82, 0x00, 0x00, 0x00,             /* mov word [82h], 0 */
    0xb0, 0x11, 0xe6, 0x20, 0xb0, 0x20, 0xe6, 0x21, /* ICW1, ICW2: vectors 20h-27h */
    0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, /* ICW3, ICW4 */
    0xb0, 0xfe, 0xe6, 0x21,                         /* IRQ 0 alone */
    0xb0, 0x34, 0xe6, 0x43,                         /* counter 0, mode 2 */
    0xb0, 0x05, 0xe6, 0x40, 0x30, 0xc0, 0xe6, 0x40, /* count 5 */
    0xfb,                                           /* sti */
    0x41, 0xf6, 0xc1, 0x07, 0x75, 0xfa,             /* again: inc cx; test cl, 7; jnz again */
    0xf4, 0xeb, 0xf7,                               /* hlt; jmp again */
    0x43, 0xb0, 0x20, 0xe6, 0x20, 0xcf,             /* isr: inc bx; EOI; iret */
};

static void load_timer_guest(struct machine *to)
{
    struct image image = {.kind = IMAGE_FLAT,
                          .data = timer_guest,
                          .size = sizeof(timer_guest),
                          .name = "timer",
                          .at = 0x7c00,
                          .has_at = true};
    struct error err = {0};

    ck_assert_msg(machine_load(to, &image, &err) == 0, "%s", err.text);
}

/* Interrupts come at the same instruction whether the guest runs or is stepped. */
START_TEST(test_steps_and_runs_agree)
{
    const struct run_limits limits = {.insns = 20000};
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *stepped;
    struct run_result result;
    struct x86_state state;
    struct error err;

    ck_assert_int_eq(machine_create(&stepped, &config, &err), 0);
    load_timer_guest(m);
    load_timer_guest(stepped);
    ck_assert_int_eq(machine_run(m, &limits, &result), 0);
    while (stepped->insns < limits.insns)
        ck_assert_int_eq(machine_step(stepped, &result), 0);
    machine_get_state(m, &state);
    ck_assert_uint_gt(state.gpr[X86_RBX] & 0xffff, 100);
    ck_assert_uint_eq(stepped->insns, m->insns);
    ck_assert_uint_eq(stepped->slept, m->slept);
    ck_assert_uint_eq(stepped->exits, m->exits);
    ck_assert_uint_eq(machine_state_hash(stepped), machine_state_hash(m));
    machine_destroy(stepped);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("devices");
    TCase *tc = tcase_create("devices");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_debug_text);
    tcase_add_test(tc, test_bus);
    tcase_add_test(tc, test_bus_ranges);
    tcase_add_test(tc, test_bus_finds_ranges);
    tcase_add_test(tc, test_bus_lists_ranges);
    tcase_add_test(tc, test_irq_lines);
    tcase_add_test(tc, test_hash_sees_devices);
    tcase_add_test(tc, test_steps_and_runs_agree);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * device/: a test for each register of the UART, the debug ports, and what the bus does with
 * accesses that nobody or only half of somebody answers.
 */
#include "core/machine.h"

#include <check.h>
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

START_TEST(test_uart_data)
{
    out(COM1, 'A');
    ck_assert_str_eq(serial, "A");
    ck_assert_uint_eq(in(COM1), 0);                   /* nothing to receive */
    bus_port_write(&m->ports, COM1, 2, 'B' | 5 << 8); /* a word write is two registers */
    ck_assert_str_eq(serial, "AB");
    ck_assert_uint_eq(in(COM1 + 1), 5);
}
END_TEST

START_TEST(test_uart_divisor)
{
    out(COM1 + 3, 0x83);
    out(COM1, 0x34);
    out(COM1 + 1, 0x12);
    ck_assert_uint_eq(in(COM1), 0x34);
    ck_assert_uint_eq(in(COM1 + 1), 0x12);
    ck_assert_str_eq(serial, "");
    out(COM1 + 3, 0x03);
    ck_assert_uint_eq(in(COM1 + 3), 0x03);
    ck_assert_uint_eq(in(COM1 + 1), 0);
}
END_TEST

START_TEST(test_uart_registers)
{
    out(COM1 + 1, 0xff);
    ck_assert_uint_eq(in(COM1 + 1), 0x0f); /* IER has four bits */
    ck_assert_uint_eq(in(COM1 + 2), 0x01); /* IIR: no interrupt, FIFOs off */
    out(COM1 + 2, 0x01);
    ck_assert_uint_eq(in(COM1 + 2), 0xc1); /* FIFOs on */
    out(COM1 + 4, 0xff);
    ck_assert_uint_eq(in(COM1 + 4), 0x1f); /* MCR has five bits */
    out(COM1 + 5, 0);
    ck_assert_uint_eq(in(COM1 + 5), 0x60); /* LSR: transmitter empty, read-only */
    out(COM1 + 7, 0x5a);
    ck_assert_uint_eq(in(COM1 + 7), 0x5a);
}
END_TEST

/* In loopback DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD, and nothing leaves. */
START_TEST(test_uart_loopback)
{
    static const struct {
        unsigned mcr, msr;
    } lines[] = {{0x11, 0x20}, {0x12, 0x10}, {0x14, 0x40}, {0x18, 0x80}, {0x1f, 0xf0}};

    ck_assert_uint_eq(in(COM1 + 6), 0xb0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        out(COM1 + 4, lines[i].mcr);
        ck_assert_uint_eq(in(COM1 + 6), lines[i].msr);
    }
    out(COM1, 'x');
    ck_assert_str_eq(serial, "");
}
END_TEST

START_TEST(test_uart_saves_itself)
{
    struct device *uart = bus_find(&m->ports, COM1)->dev;
    uint8_t state[64];
    size_t size;

    out(COM1 + 7, 0x77);
    size = uart->ops->save(uart, state, sizeof(state));
    ck_assert_uint_le(size, sizeof(state));
    uart->ops->reset(uart);
    ck_assert_uint_eq(in(COM1 + 7), 0);
    ck_assert_int_eq(uart->ops->load(uart, state, size), 0);
    ck_assert_uint_eq(in(COM1 + 7), 0x77);
    ck_assert_int_ne(uart->ops->load(uart, state, size - 1), 0);
}
END_TEST

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

START_TEST(test_hash_sees_devices)
{
    uint64_t before = machine_state_hash(m);

    out(COM1 + 7, 1);
    ck_assert_uint_ne(machine_state_hash(m), before);
    out(COM1 + 7, 0);
    ck_assert_uint_eq(machine_state_hash(m), before);
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
    tcase_add_test(tc, test_uart_data);
    tcase_add_test(tc, test_uart_divisor);
    tcase_add_test(tc, test_uart_registers);
    tcase_add_test(tc, test_uart_loopback);
    tcase_add_test(tc, test_uart_saves_itself);
    tcase_add_test(tc, test_debug_text);
    tcase_add_test(tc, test_bus);
    tcase_add_test(tc, test_hash_sees_devices);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * device/uart.c: each register, each interrupt and its priority, FIFO, time-out, loopback, input.
 * Everything runs twice, the second time with a save and a load before each step.
 */
#include "tests/support/device_bench.h"

#include "device/devices.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COM1 0x3f8
#define DATA COM1
#define IER (COM1 + 1)
#define IIR (COM1 + 2)
#define FCR (COM1 + 2)
#define LCR (COM1 + 3)
#define MCR (COM1 + 4)
#define LSR (COM1 + 5)
#define MSR (COM1 + 6)
#define SCR (COM1 + 7)

#define OUT2 0x08
#define LOOP 0x10
#define CHARACTER 86805u /* ns: 10 bits at 115200 baud, rounded down */

static void setup_machine(bool moving)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    bench_setup(&config, COM1, moving);
}

static void setup(void)
{
    setup_machine(false);
}

static void setup_moving(void)
{
    setup_machine(true);
}

static unsigned in(uint16_t port)
{
    return bench_in(port);
}

static void out(uint16_t port, unsigned value)
{
    bench_out(port, value);
}

static size_t receive(const char *text)
{
    return uart_receive(bench.dev, (const uint8_t *)text, strlen(text));
}

static bool irq(void)
{
    return bench.level[IRQ_COM1];
}

static void read_text(const char *text)
{
    for (; *text; text++) {
        ck_assert_uint_eq(in(LSR)&1, 1);
        ck_assert_uint_eq(in(DATA), (uint8_t)*text);
    }
    ck_assert_uint_eq(in(LSR)&1, 0);
}

/* ---- registers ----------------------------------------------------------------------------- */

START_TEST(test_send)
{
    out(DATA, 'A');
    ck_assert_str_eq(bench.serial, "A");
    ck_assert_uint_eq(in(DATA), 0);                         /* nothing to receive */
    bus_port_write(&bench.m->ports, DATA, 2, 'B' | 5 << 8); /* a word write is two registers */
    ck_assert_str_eq(bench.serial, "AB");
    ck_assert_uint_eq(in(IER), 5);
    ck_assert_uint_eq(bus_port_read(&bench.m->ports, IER, 2) & 0xff, 5); /* so is a word read */
}
END_TEST

START_TEST(test_divisor)
{
    out(LCR, 0x83);
    out(COM1, 0x34);
    out(COM1 + 1, 0x12);
    ck_assert_uint_eq(in(COM1), 0x34);
    ck_assert_uint_eq(in(COM1 + 1), 0x12);
    ck_assert_str_eq(bench.serial, "");
    out(LCR, 0x03);
    ck_assert_uint_eq(in(LCR), 0x03);
    ck_assert_uint_eq(in(IER), 0);
}
END_TEST

START_TEST(test_registers)
{
    out(IER, 0xff);
    ck_assert_uint_eq(in(IER), 0x0f); /* IER has four bits */
    out(IER, 0);
    ck_assert_uint_eq(in(IIR), 0x01); /* no interrupt, FIFOs off */
    out(FCR, 0xc8);
    ck_assert_uint_eq(in(IIR), 0x01); /* without bit 0 nothing is taken */
    out(FCR, 0x01);
    ck_assert_uint_eq(in(IIR), 0xc1); /* FIFOs on */
    out(MCR, 0xff);
    ck_assert_uint_eq(in(MCR), 0x1f); /* MCR has five bits */
    out(LSR, 0);
    ck_assert_uint_eq(in(LSR), 0x60); /* transmitter empty, read-only */
    out(SCR, 0x5a);
    ck_assert_uint_eq(in(SCR), 0x5a);
}
END_TEST

/* Master reset, data sheet table I: all but scratch register and divisor. */
START_TEST(test_reset)
{
    out(LCR, 0x83);
    out(COM1, 7);
    out(LCR, 0x1b);
    out(SCR, 0x77);
    out(FCR, 0xc1);
    out(IER, 0x0f);
    out(MCR, LOOP | OUT2);
    out(DATA, 'x');
    ck_assert(irq());
    bench.dev->ops->reset(bench.dev);
    ck_assert(!irq());
    ck_assert_uint_eq(in(IIR), 1);
    ck_assert_uint_eq(in(IER), 0);
    ck_assert_uint_eq(in(LCR), 0);
    ck_assert_uint_eq(in(MCR), 0);
    ck_assert_uint_eq(in(LSR), 0x60);
    ck_assert_uint_eq(in(MSR), 0xb0);
    ck_assert_uint_eq(in(SCR), 0x77);
    out(LCR, 0x80);
    ck_assert_uint_eq(in(COM1), 7);
}
END_TEST

/* ---- receiving ----------------------------------------------------------------------------- */

START_TEST(test_receive_16450)
{
    ck_assert_uint_eq(receive("ab"), 1); /* one register */
    ck_assert_uint_eq(in(LSR), 0x61);
    ck_assert_uint_eq(in(DATA), 'a');
    ck_assert_uint_eq(in(LSR), 0x60);
}
END_TEST

START_TEST(test_receive_fifo)
{
    out(FCR, 0x01);
    ck_assert_uint_eq(receive("0123456789abcdefgh"), 16);
    ck_assert_uint_eq(receive("x"), 0);
    read_text("0123456789abcdef");
}
END_TEST

START_TEST(test_fifo_clear)
{
    out(FCR, 0x01);
    receive("abc");
    out(FCR, 0x05); /* the transmitter's alone */
    ck_assert_uint_eq(in(LSR)&1, 1);
    out(FCR, 0x03);
    ck_assert_uint_eq(in(LSR)&1, 0);
    receive("abc");
    out(FCR, 0x00); /* switching clears */
    ck_assert_uint_eq(in(LSR)&1, 0);
    receive("d");
    out(FCR, 0x01);
    ck_assert_uint_eq(in(LSR)&1, 0);
}
END_TEST

/* An overrun happens in loopback alone: elsewhere the other side waits. */
START_TEST(test_overrun)
{
    out(MCR, LOOP);
    out(DATA, 'a');
    out(DATA, 'b');
    ck_assert_uint_eq(in(LSR), 0x63);
    ck_assert_uint_eq(in(LSR), 0x61); /* reading clears it */
    ck_assert_uint_eq(in(DATA), 'b'); /* the register took the new one */
    out(FCR, 0x01);
    for (unsigned i = 0; i < 17; i++) {
        ck_assert_uint_eq(in(LSR)&2, 0);
        out(DATA, 'A' + i);
    }
    ck_assert_uint_eq(in(LSR), 0x63);
    read_text("ABCDEFGHIJKLMNOP"); /* the FIFO kept the old ones */
}
END_TEST

/* The errors of a character show when it is the next one to read; bit 7 counts all. */
START_TEST(test_break)
{
    out(FCR, 0x01);
    out(IER, 0x04);
    out(MCR, OUT2);
    receive("a");
    ck_assert(uart_receive_break(bench.dev));
    ck_assert_uint_eq(in(LSR), 0xe1);
    ck_assert(!irq());
    ck_assert_uint_eq(in(DATA), 'a');
    ck_assert(irq());
    ck_assert_uint_eq(in(IIR), 0xc6);
    ck_assert_uint_eq(in(LSR), 0xf9);
    ck_assert(!irq());
    ck_assert_uint_eq(in(LSR), 0x61);
    ck_assert_uint_eq(in(DATA), 0);
}
END_TEST

START_TEST(test_break_needs_room)
{
    ck_assert(uart_receive_break(bench.dev));
    ck_assert(!uart_receive_break(bench.dev));
    ck_assert_uint_eq(in(LSR), 0x79); /* no bit 7 without FIFO */
    ck_assert_uint_eq(in(DATA), 0);
    ck_assert(uart_receive_break(bench.dev));
}
END_TEST

/* ---- interrupts ---------------------------------------------------------------------------- */

START_TEST(test_received_interrupt)
{
    out(MCR, OUT2);
    receive("a");
    ck_assert(!irq());
    out(IER, 1);
    ck_assert(irq());
    ck_assert_uint_eq(in(IIR), 0x04);
    ck_assert(irq()); /* reading IIR does not clear it */
    in(DATA);
    ck_assert(!irq());
    ck_assert_uint_eq(in(IIR), 0x01);
}
END_TEST

START_TEST(test_trigger_levels)
{
    static const struct {
        unsigned fcr, level;
    } triggers[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};

    out(MCR, OUT2);
    out(IER, 1);
    for (size_t t = 0; t < sizeof(triggers) / sizeof(triggers[0]); t++) {
        out(FCR, triggers[t].fcr | 2);
        for (unsigned i = 1; i <= 16; i++) {
            receive("x");
            ck_assert_uint_eq(irq(), i >= triggers[t].level);
        }
        for (unsigned i = 15; i > 0; i--) {
            ck_assert_uint_eq(in(IIR), irq() ? 0xc4 : 0xc1);
            in(DATA);
            ck_assert_uint_eq(irq(), i >= triggers[t].level);
        }
        in(DATA);
    }
}
END_TEST

/* Four character times without a character coming or being read, data sheet 8.4.1. */
START_TEST(test_timeout)
{
    out(LCR, 0x83);
    out(COM1, 1);
    out(LCR, 0x03);
    out(MCR, OUT2);
    out(FCR, 0xc1);
    out(IER, 1);
    receive("ab");
    bench_pass(4 * CHARACTER - 1000);
    ck_assert(!irq());
    receive("c"); /* starts over */
    bench_pass(4 * CHARACTER - 1000);
    ck_assert(!irq());
    bench_pass(1010);
    ck_assert(irq());
    ck_assert_uint_eq(in(IIR), 0xcc);
    ck_assert_uint_eq(in(IIR), 0xcc);
    in(DATA);
    ck_assert(!irq());
    ck_assert_uint_eq(in(IIR), 0xc1);
    bench_pass(4 * CHARACTER + 10);
    ck_assert_uint_eq(in(IIR), 0xcc);
    in(DATA);
    in(DATA);
    bench_pass(CLOCK_HZ);
    ck_assert(!irq()); /* an empty FIFO has none */
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
}
END_TEST

/* 9600 baud, 7 bits, parity, two stop bits: 11 bits; 5 bits, one and a half: 7.5. */
START_TEST(test_timeout_follows_the_line)
{
    static const struct {
        unsigned divisor, lcr;
        uint64_t ns;
    } lines[] = {{12, 0x0e, 4583333}, {12, 0x04, 3125000}, {1, 0x00, 243055}};

    out(MCR, OUT2);
    out(IER, 1);
    out(FCR, 0xc1);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        out(LCR, 0x80);
        out(COM1, lines[i].divisor);
        out(LCR, lines[i].lcr);
        receive("a");
        bench_pass(lines[i].ns - 4);
        ck_assert(!irq());
        bench_pass(4);
        ck_assert(irq());
        in(DATA);
    }
}
END_TEST

/* Raised by enabling it and after each character; cleared by reading IIR and by writing THR. */
START_TEST(test_transmit_interrupt)
{
    out(MCR, OUT2);
    ck_assert(!irq());
    out(IER, 2);
    ck_assert(irq());
    ck_assert_uint_eq(in(IIR), 0x02);
    ck_assert(!irq());
    ck_assert_uint_eq(in(IIR), 0x01);
    out(IER, 2); /* enabled already */
    ck_assert(!irq());
    out(DATA, 'a');
    ck_assert(irq());
    out(DATA, 'b');
    ck_assert_uint_eq(bench.rises[IRQ_COM1], 3); /* each is a new edge */
    out(IER, 0);
    ck_assert(!irq());
    ck_assert_uint_eq(in(IIR), 0x01);
    out(IER, 2);
    ck_assert_uint_eq(in(IIR), 0x02);
    ck_assert_str_eq(bench.serial, "ab");
}
END_TEST

START_TEST(test_modem_interrupt)
{
    out(MCR, LOOP | OUT2);
    in(MSR);
    out(IER, 8);
    ck_assert(!irq());
    out(MCR, LOOP | OUT2 | 1);
    ck_assert(irq());
    ck_assert_uint_eq(in(IIR), 0x00);
    ck_assert_uint_eq(in(MSR), 0xa2);
    ck_assert(!irq());
    ck_assert_uint_eq(in(MSR), 0xa0);
}
END_TEST

/* All at once: line status, received, transmitter, modem, each seen when the one above is gone. */
START_TEST(test_priorities)
{
    out(MCR, LOOP | OUT2);
    out(IER, 0x0f);
    out(DATA, 'a');
    out(DATA, 'b');
    out(MCR, LOOP | OUT2 | 1);
    ck_assert_uint_eq(in(IIR), 0x06);
    in(LSR);
    ck_assert_uint_eq(in(IIR), 0x04);
    in(DATA);
    ck_assert_uint_eq(in(IIR), 0x02);
    ck_assert_uint_eq(in(IIR), 0x00);
    in(MSR);
    ck_assert_uint_eq(in(IIR), 0x01);
    ck_assert(!irq());
}
END_TEST

START_TEST(test_out2_gates)
{
    out(IER, 2);
    ck_assert(!irq());
    ck_assert_uint_eq(in(IIR), 0x02); /* the chip has it all the same */
    out(DATA, 'a');
    out(MCR, OUT2);
    ck_assert(irq());
    out(MCR, 0);
    ck_assert(!irq());
}
END_TEST

/* ---- loopback ------------------------------------------------------------------------------ */

START_TEST(test_loopback_data)
{
    out(FCR, 0x01);
    out(MCR, LOOP);
    ck_assert_uint_eq(receive("w"), 0); /* the wire is cut off */
    out(DATA, 'x');
    out(DATA, 'y');
    ck_assert_str_eq(bench.serial, "");
    read_text("xy");
}
END_TEST

/* DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD; RI reports its fall only. */
START_TEST(test_loopback_modem)
{
    static const struct {
        unsigned mcr, msr;
    } lines[] = {{0x10, 0x0b}, {0x11, 0x22},        {0x12, 0x13}, {0x14, 0x41},
                 {0x18, 0x8c}, {0x1f, 0x73 | 0x80}, {0x1b, 0xb4}, {0x0b, 0xb0}};

    ck_assert_uint_eq(in(MSR), 0xb0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        out(MCR, lines[i].mcr);
        ck_assert_msg(in(MSR) == lines[i].msr, "line %zu", i);
        ck_assert_uint_eq(in(MSR), lines[i].msr & 0xf0);
    }
}
END_TEST

/* ---- input of the machine ------------------------------------------------------------------ */

START_TEST(test_input_arrives_in_time)
{
    out(LCR, 0x83);
    out(COM1, 1);
    out(LCR, 0x03);
    out(MCR, OUT2);
    out(FCR, 0x01);
    out(IER, 1);
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
    ck_assert_int_eq(machine_serial_input(bench.m, "ab", 2), 0);
    bench_pass(CHARACTER - 1);
    ck_assert(!irq());
    bench_pass(1);
    ck_assert(irq());
    ck_assert_uint_eq(in(DATA), 'a');
    ck_assert_int_eq(machine_serial_input(bench.m, "c", 1), 0);
    ck_assert_int_eq(machine_serial_input(bench.m, "", 0), 0);
    bench_pass(CHARACTER);
    ck_assert_uint_eq(in(DATA), 'b');
    bench_pass(CHARACTER);
    ck_assert_uint_eq(in(DATA), 'c');
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
}
END_TEST

START_TEST(test_input_waits_for_room)
{
    char text[41];

    for (unsigned i = 0; i < 40; i++)
        text[i] = (char)('0' + i);
    text[40] = '\0';
    out(FCR, 0x01);
    machine_serial_input(bench.m, text, 40);
    bench_pass(CLOCK_HZ);
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER); /* nobody reads: no more comes */
    for (unsigned i = 0; i < 40; i++) {
        ck_assert_uint_eq(in(LSR), 0x61);
        ck_assert_uint_eq(in(DATA), (uint8_t)text[i]);
        bench_pass(CHARACTER);
    }
    ck_assert_uint_eq(in(LSR), 0x60);
}
END_TEST

START_TEST(test_input_waits_for_the_wire)
{
    machine_serial_input(bench.m, "a", 1);
    out(MCR, LOOP);
    bench_pass(CLOCK_HZ);
    ck_assert_uint_eq(in(LSR), 0x60);
    out(MCR, 0);
    bench_pass(CHARACTER);
    ck_assert_uint_eq(in(DATA), 'a');
}
END_TEST

START_TEST(test_broken_states)
{
    out(FCR, 0xc1);
    out(IER, 0x0f);
    receive("abc");
    bench_broken_states(COM1, 8);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, test_send);
    tcase_add_test(tc, test_divisor);
    tcase_add_test(tc, test_registers);
    tcase_add_test(tc, test_reset);
    tcase_add_test(tc, test_receive_16450);
    tcase_add_test(tc, test_receive_fifo);
    tcase_add_test(tc, test_fifo_clear);
    tcase_add_test(tc, test_overrun);
    tcase_add_test(tc, test_break);
    tcase_add_test(tc, test_break_needs_room);
    tcase_add_test(tc, test_received_interrupt);
    tcase_add_test(tc, test_trigger_levels);
    tcase_add_test(tc, test_timeout);
    tcase_add_test(tc, test_timeout_follows_the_line);
    tcase_add_test(tc, test_transmit_interrupt);
    tcase_add_test(tc, test_modem_interrupt);
    tcase_add_test(tc, test_priorities);
    tcase_add_test(tc, test_out2_gates);
    tcase_add_test(tc, test_loopback_data);
    tcase_add_test(tc, test_loopback_modem);
    tcase_add_test(tc, test_input_arrives_in_time);
    tcase_add_test(tc, test_input_waits_for_room);
    tcase_add_test(tc, test_input_waits_for_the_wire);
    tcase_add_test(tc, test_broken_states);
}

int main(void)
{
    return bench_main("uart", setup, setup_moving, add_tests);
}

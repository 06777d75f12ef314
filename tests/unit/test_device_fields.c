/*
 * core/device_fields.c and the show() of every device: the fields after reset and after programming,
 * by the data sheets, and that showing changes nothing.
 */
#include "core/device_fields.h"

#include "device/devices.h"
#include "device/firmware_disk.h"
#include "tests/support/device_bench.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PIC 0x20
#define SLAVE 0xa0
#define PIT 0x40
#define KBC 0x60
#define RTC 0x70
#define COM1 0x3f8

static void setup(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    config.ram_size = 2u << 20; /* it is hashed often */
    bench_setup(&config, PIC, false);
}

static struct device *device_at(uint16_t port)
{
    return bus_find(&bench.m->ports, port)->dev;
}

/* ---- what is true of all ----------------------------------------------------------------- */

static void check_field(const struct device_field *f)
{
    ck_assert_uint_gt(strnlen(f->name, sizeof(f->name)), 0);
    ck_assert_uint_lt(strnlen(f->name, sizeof(f->name)), sizeof(f->name));
    ck_assert_msg(strnlen(f->text, sizeof(f->text)) < sizeof(f->text) - 1, "%s: cut", f->name);
    ck_assert_msg(f->bits >= 1 && f->bits <= 64, "%s: %u bits", f->name, f->bits);
    ck_assert_msg(f->bits == 64 || f->value >> f->bits == 0, "%s: value too wide", f->name);
    for (const char *p = f->text; *p; p++)
        ck_assert_msg(isprint((unsigned char)*p), "%s: byte %02x", f->name, (unsigned char)*p);
}

/* Shows the device; nothing may have changed by it, and a shorter list is the same one, cut. */
static unsigned show(const struct device *dev, struct device_field *fields)
{
    static uint8_t before[BENCH_STATE_MAX], after[BENCH_STATE_MAX];
    struct device_field few[4];
    uint64_t hash = machine_state_hash(bench.m), deadline = dev->deadline;
    uint16_t levels = bench.m->irq.levels;
    size_t size = dev->ops->save ? dev->ops->save(dev, before, sizeof(before)) : 0;
    unsigned count = device_show(dev, fields, DEVICE_FIELDS_MAX);

    if (dev->ops->save)
        ck_assert_uint_eq(dev->ops->save(dev, after, sizeof(after)), size);
    ck_assert_mem_eq(after, before, size);
    ck_assert_uint_eq(machine_state_hash(bench.m), hash);
    ck_assert_uint_eq(dev->deadline, deadline);
    ck_assert_uint_eq(bench.m->irq.levels, levels);
    memset(few, 0x5a, sizeof(few));
    ck_assert_uint_eq(device_show(dev, few, 3), count < 3 ? count : 3);
    ck_assert_mem_eq(few, fields, (count < 3 ? count : 3) * sizeof(*few));
    ck_assert_int_eq(few[3].name[0], 0x5a);
    return count;
}

static void check_devices(void)
{
    struct device_field fields[DEVICE_FIELDS_MAX];

    for (unsigned i = 0; i < bench.m->device_count; i++) {
        const struct device *dev = &bench.m->devices[i];
        unsigned count = show(dev, fields);

        ck_assert_msg(dev->ops->show && count, "%s: shows nothing", dev->ops->name);
        ck_assert_msg(count < DEVICE_FIELDS_MAX, "%s: no room left", dev->ops->name);
        for (unsigned j = 0; j < count; j++) {
            check_field(&fields[j]);
            for (unsigned k = 0; k < j; k++)
                ck_assert_str_ne(fields[j].name, fields[k].name);
        }
    }
}

/* Something in every register: also what is no sensible value. */
static void write_everywhere(unsigned seed)
{
    const struct bus_range *r = NULL;

    while ((r = bus_next(&bench.m->ports, NULL, r ? r->base + r->size : 0)))
        for (uint64_t port = r->base; port < r->base + r->size; port++)
            bench_out((uint16_t)port, (unsigned)(seed * 37 + port * 11) & 0xff);
    uart_receive(device_at(COM1), (const uint8_t *)"\x7f\x80\xff", 3);
    bench_pass(1000000);
}

START_TEST(test_all_devices)
{
    check_devices();
    for (unsigned seed = 0; seed < 256; seed++) {
        write_everywhere(seed);
        check_devices();
    }
}
END_TEST

START_TEST(test_same_fields_always)
{
    static struct device_field first[MACHINE_DEVICES_MAX][DEVICE_FIELDS_MAX];
    struct device_field now[DEVICE_FIELDS_MAX];
    unsigned counts[MACHINE_DEVICES_MAX];

    for (unsigned i = 0; i < bench.m->device_count; i++)
        counts[i] = show(&bench.m->devices[i], first[i]);
    for (unsigned seed = 0; seed < 64; seed++) {
        write_everywhere(seed);
        for (unsigned i = 0; i < bench.m->device_count; i++) {
            ck_assert_uint_eq(show(&bench.m->devices[i], now), counts[i]);
            for (unsigned j = 0; j < counts[i]; j++) {
                ck_assert_str_eq(now[j].name, first[i][j].name);
                ck_assert_uint_eq(now[j].bits, first[i][j].bits);
                ck_assert_int_eq(now[j].internal, first[i][j].internal);
            }
        }
    }
}
END_TEST

START_TEST(test_device_names)
{
    char names[MACHINE_DEVICES_MAX][DEVICE_NAME_MAX], name[DEVICE_NAME_MAX];

    for (unsigned i = 0; i < bench.m->device_count; i++) {
        device_name(&bench.m->devices[i], names[i]);
        for (unsigned j = 0; j < i; j++)
            ck_assert_str_ne(names[i], names[j]);
    }
    device_name(device_at(COM1), name);
    ck_assert_str_eq(name, "uart");
    device_name(device_at(0xe9), name);
    ck_assert_str_eq(name, "debug-text-e9");
    device_name(device_at(0x402), name);
    ck_assert_str_eq(name, "debug-text-402");
}
END_TEST

START_TEST(test_list)
{
    struct device_field fields[2];
    struct device_fields list;
    struct text *t;

    device_fields_start(&list, fields, 2);
    t = device_fields_add(&list, "first", 8, 0x81);
    TEXT_FLAGS(t, 0x81, ((const char *const[]){"low", "not"}));
    ck_assert_str_eq(fields[0].text, "low");
    ck_assert(!fields[0].internal);
    list.internal = true;
    t = device_fields_add(&list, "second", 64, ~0ull);
    TEXT_FLAGS(t, 0, ((const char *const[]){"low"}));
    ck_assert_str_eq(fields[1].text, "none");
    ck_assert_uint_eq(fields[1].value, ~0ull);
    ck_assert(fields[1].internal);
    text_add(device_fields_add(&list, "third", 8, 0), "%s", "dropped");
    ck_assert_uint_eq(list.count, 2);
    ck_assert_str_eq(fields[1].text, "none");
}
END_TEST

/* ---- one by one -------------------------------------------------------------------------- */

static void expect(uint16_t port, const char *name, uint64_t value, const char *text)
{
    struct device_field fields[DEVICE_FIELDS_MAX];
    unsigned count = show(device_at(port), fields);

    for (unsigned i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) != 0)
            continue;
        ck_assert_msg(fields[i].value == value, "%s: %llx", name,
                      (unsigned long long)fields[i].value);
        ck_assert_str_eq(fields[i].text, text);
        return;
    }
    ck_abort_msg("no field %s", name);
}

START_TEST(test_uart_reset)
{
    expect(COM1, "RBR", 0, "empty");
    expect(COM1, "IER", 0, "none");
    expect(COM1, "IIR", 0x01, "no interrupt");
    expect(COM1, "FCR", 0, "FIFO off");
    expect(COM1, "LCR", 0, "5N1, DLAB 0");
    expect(COM1, "MCR", 0, "none");
    expect(COM1, "LSR", 0x60, "THRE, TEMT");
    expect(COM1, "MSR", 0xb0, "CTS, DSR, DCD");
    expect(COM1, "divisor", 0, "115200 baud, never set: counts as 1");
    expect(COM1, "FIFO count", 0, "0 of 1 characters");
    expect(COM1, "next character", 0, "none");
    expect(COM1, "INTR", 0, "IRQ 4 low");
}
END_TEST

START_TEST(test_uart_formats)
{
    static const struct {
        uint8_t lcr;
        const char *text;
    } formats[] = {{0x03, "8N1, DLAB 0"}, {0x83, "8N1, DLAB 1"}, {0x04, "5N1.5, DLAB 0"},
                   {0x07, "8N2, DLAB 0"}, {0x0a, "7O1, DLAB 0"}, {0x1a, "7E1, DLAB 0"},
                   {0x2a, "7M1, DLAB 0"}, {0x3a, "7S1, DLAB 0"}, {0x43, "8N1, DLAB 0, break"}};

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        bench_out(COM1 + 3, formats[i].lcr);
        expect(COM1, "LCR", formats[i].lcr, formats[i].text);
    }
}
END_TEST

START_TEST(test_uart_programmed)
{
    bench_out(COM1 + 3, 0x83);
    bench_out(COM1, 12);
    bench_out(COM1 + 1, 0);
    bench_out(COM1 + 3, 0x03);
    bench_out(COM1 + 2, 0x81);
    bench_out(COM1 + 4, 0x0b);
    bench_out(COM1 + 1, 0x03);
    expect(COM1, "divisor", 12, "9600 baud");
    expect(COM1, "FCR", 0x81, "FIFO on, interrupt from 8 characters");
    expect(COM1, "MCR", 0x0b, "DTR, RTS, OUT2 (interrupt on)");
    expect(COM1, "IER", 0x03, "received data, THR empty");
    expect(COM1, "IIR", 0xc2, "THR empty");
    expect(COM1, "INTR", 1, "IRQ 4 high");
    ck_assert_uint_eq(bench_in(COM1 + 2), 0xc2); /* showing did not take it */
    expect(COM1, "IIR", 0xc1, "no interrupt");
}
END_TEST

START_TEST(test_uart_received)
{
    bench_out(COM1 + 3, 0x03);
    bench_out(COM1 + 2, 0x01);
    bench_out(COM1 + 1, 0x01);
    uart_receive(device_at(COM1), (const uint8_t *)"Hi there\n", 9);
    uart_receive_break(device_at(COM1));
    expect(COM1, "RBR", 'H', "'H'");
    expect(COM1, "FIFO count", 10, "10 of 16 characters");
    expect(COM1, "FIFO 0-7", 0x4869207468657265, "Hi there");
    expect(COM1, "FIFO 8-15", 0x0a00000000000000, "..");
    expect(COM1, "FIFO errors", 1u << 9, "bit n: character n came with an error");
    expect(COM1, "IIR", 0xc4, "received data available");
    expect(COM1, "LSR", 0xe1, "DR, THRE, TEMT, FIFO error");
    expect(COM1, "time-out", 4 * 86805, "in 347220 ns");
    ck_assert_uint_eq(bench_in(COM1), 'H');
}
END_TEST

static void init_pic(uint16_t port, unsigned vector, unsigned icw3, unsigned icw4)
{
    bench_out(port, 0x11);
    bench_out((uint16_t)(port + 1), vector);
    bench_out((uint16_t)(port + 1), icw3);
    bench_out((uint16_t)(port + 1), icw4);
}

START_TEST(test_pic)
{
    expect(PIC, "master ICW1", 0, "never initialised");
    expect(PIC, "master ICW2", 0, "not written");
    expect(PIC, "slave next data write", 0, "ICW1 first");
    init_pic(PIC, 0x20, 0x04, 0x01);
    init_pic(SLAVE, 0x28, 0x02, 0x03);
    bench_out(PIC + 1, 0x11);
    bench_out(SLAVE + 1, 0xff);
    expect(PIC, "master IMR", 0x11, "IRQ 0, 4 masked");
    expect(PIC, "slave IMR", 0xff, "IRQ 8, 9, 10, 11, 12, 13, 14, 15 masked");
    expect(PIC, "master ICW1", 0x11, "edge triggered, cascaded, with ICW4");
    expect(PIC, "master ICW2", 0x20, "vectors 0x20-0x27");
    expect(PIC, "slave ICW2", 0x28, "vectors 0x28-0x2f");
    expect(PIC, "master ICW3", 0x04, "IRQ 2 cascades a slave");
    expect(PIC, "slave ICW3", 0x02, "slave on IR2");
    expect(PIC, "master ICW4", 0x01, "8086, normal EOI");
    expect(PIC, "slave ICW4", 0x03, "8086, automatic EOI");
    expect(PIC, "master lowest priority", 7, "IRQ 7");
    expect(PIC, "master next data write", 4, "OCW1 (IMR)");
    expect(PIC, "master operation", 0, "reads IRR");
    expect(PIC, "master ISR", 0, "none in service");
}
END_TEST

START_TEST(test_pic_requests)
{
    init_pic(PIC, 0x08, 0x04, 0x01);
    init_pic(SLAVE, 0x70, 0x02, 0x01);
    bench_out(PIC + 1, 0);
    bench_out(0x4d0, 0x20);
    bench_out(PIC, 0x0c);       /* OCW3: poll */
    irq_set(bench.m, 0, false); /* what the timer drove at its creation */
    irq_set(bench.m, 5, true);
    irq_set(bench.m, 9, true);
    expect(PIC, "master ELCR", 0x20, "IRQ 5 level triggered");
    expect(PIC, "master IR", 0x24, "IRQ 2, 5 high");
    expect(PIC, "slave IRR", 0x02, "IRQ 9 requested");
    expect(PIC, "master IRR", 0x24, "IRQ 2, 5 requested");
    expect(PIC, "slave INT", 1, "asks for IRQ 9");
    expect(PIC, "master INT", 1, "asks for IRQ 2");
    expect(PIC, "master operation", 2, "reads IRR, polled next");
    ck_assert_uint_eq(bench_in(PIC), 0x82); /* the poll is still to come */
    expect(PIC, "master ISR", 0x04, "IRQ 2 in service");
    expect(PIC, "master INT", 0, "low");
    ck_assert(irq_level(bench.m, 5));
}
END_TEST

START_TEST(test_pit_reset)
{
    expect(PIT, "counter 0 mode", 3, "mode 3, square wave, not loaded");
    expect(PIT, "counter 0 control", 0x36, "low byte, then high, binary");
    expect(PIT, "counter 0 CR", 0, "0, not written");
    expect(PIT, "counter 0 CE", 0, "0, standing still");
    expect(PIT, "counter 0 status", 0xf6, "OUT high, null count");
    expect(PIT, "counter 0 gate", 1, "high");
    expect(PIT, "counter 2 gate", 0, "low");
    expect(PIT, "counter 1 OL", 0, "not latched");
    expect(PIT, "counter 1 next byte", 0, "read low byte, write low byte");
    expect(PIT, "port 0x61", 0x20, "OUT 2");
}
END_TEST

START_TEST(test_pit_programmed)
{
    bench_out(PIT + 3, 0x34); /* counter 0, mode 2 */
    bench_out(PIT, 1193 & 0xff);
    bench_out(PIT, 1193 >> 8);
    expect(PIT, "counter 0 mode", 2, "mode 2, rate generator, not loaded");
    expect(PIT, "counter 0 CR", 1193, "1193, not in CE yet");
    bench_pass(10000); /* 11 pulses; the first loads the counter */
    expect(PIT, "counter 0 mode", 2, "mode 2, rate generator, 1000 Hz");
    expect(PIT, "counter 0 CR", 1193, "1193, in CE");
    expect(PIT, "counter 0 CE", 1183, "1183, counting");
    expect(PIT, "counter 0 status", 0xb4, "OUT high, count loaded");
    bench_out(PIT + 3, 0x00); /* latch the count */
    bench_out(PIT + 3, 0xe2); /* read back its status */
    bench_pass(10000);
    expect(PIT, "counter 0 OL", 1183, "2 bytes to read");
    expect(PIT, "counter 0 status latch", 0xb4, "read next");
    ck_assert_uint_eq(bench_in(PIT), 0xb4);
    ck_assert_uint_eq(bench_in(PIT), 1183 & 0xff);
    expect(PIT, "counter 0 OL", 1183, "1 byte to read");
    expect(PIT, "counter 0 next byte", 2, "read high byte, write low byte");
}
END_TEST

START_TEST(test_pit_slow_and_bcd)
{
    bench_out(PIT + 3, 0x36);
    bench_out(PIT, 0);
    bench_out(PIT, 0);
    bench_pass(10000);
    expect(PIT, "counter 0 mode", 3, "mode 3, square wave, 18.2 Hz");
    expect(PIT, "counter 0 CR", 0, "0, in CE, stands for 65536");
    bench_out(0x61, 0x03);
    bench_out(PIT + 3, 0xb1); /* counter 2, mode 0, BCD */
    bench_out(PIT + 2, 0x50);
    bench_out(PIT + 2, 0x12);
    bench_pass(10000);
    expect(PIT, "counter 2 mode", 0, "mode 0, interrupt on terminal count");
    expect(PIT, "counter 2 control", 0x31, "low byte, then high, BCD");
    expect(PIT, "counter 2 CR", 0x1250, "1250, in CE");
    expect(PIT, "counter 2 CE", 0x1239, "1239, counting");
    expect(PIT, "port 0x61", 0x13, "gate 2, speaker, refresh");
}
END_TEST

/* 2026-01-01 00:00:00, a Thursday. */
START_TEST(test_rtc_reset)
{
    expect(RTC, "seconds", 0, "0");
    expect(RTC, "hours", 0, "0 h");
    expect(RTC, "day of week", 5, "Thursday");
    expect(RTC, "month", 1, "1");
    expect(RTC, "year", 0x26, "26");
    expect(RTC, "century", 0x20, "20");
    expect(RTC, "A", 0x26, "running, periodic rate 1024 Hz");
    expect(RTC, "B", 0x02, "BCD, 24 h");
    expect(RTC, "C", 0, "none");
    expect(RTC, "D", 0x80, "VRT");
    expect(RTC, "base memory", 640, "640 KiB");
    expect(RTC, "extended memory", 1024, "1024 KiB");
    expect(RTC, "port 0x70", 0, "register 0x00, NMI on");
    expect(RTC, "next update", 32768, "in 1000 ms");
    expect(RTC, "IRQ", 0, "IRQ 8 low");
}
END_TEST

static void write_rtc(unsigned address, unsigned value)
{
    bench_out(RTC, address);
    bench_out(RTC + 1, value);
}

START_TEST(test_rtc_programmed)
{
    write_rtc(0x0b, 0x80 | 0x04); /* SET, binary, 12 h */
    write_rtc(4, 0x80 | 11);
    write_rtc(1, 0xff);
    write_rtc(5, 7);
    write_rtc(0x0b, 0x44); /* PIE */
    write_rtc(0x15, 0x81);
    bench_out(RTC, 0x8c);
    expect(RTC, "hours", 0x8b, "23 h");
    expect(RTC, "seconds alarm", 0xff, "any");
    expect(RTC, "hours alarm", 7, "7 h");
    expect(RTC, "B", 0x44, "binary, 12 h, PIE");
    expect(RTC, "port 0x70", 0x8c, "register 0x0c, NMI masked");
    expect(RTC, "base memory", 0x281, "641 KiB");
    bench_pass(1000000);
    expect(RTC, "C", 0xc0, "PF, IRQF");
    expect(RTC, "IRQ", 1, "IRQ 8 high");
    ck_assert_uint_eq(bench_in(RTC + 1), 0xc0); /* showing did not clear it */
    expect(RTC, "C", 0, "none");
}
END_TEST

START_TEST(test_rtc_checksum)
{
    struct device_field fields[DEVICE_FIELDS_MAX];
    unsigned count = show(device_at(RTC), fields);

    for (unsigned i = 0; i < count; i++)
        if (strcmp(fields[i].name, "checksum") == 0) {
            expect(RTC, "checksum", fields[i].value, "right");
            write_rtc(0x20, 1);
            expect(RTC, "checksum", fields[i].value, "wrong");
            return;
        }
    ck_abort_msg("no checksum");
}
END_TEST

START_TEST(test_i8042_reset)
{
    expect(KBC, "status", 0x10, "unlocked");
    expect(KBC, "output buffer", 0, "empty");
    expect(KBC, "port 0x92", 0x02, "A20");
    expect(KBC, "command byte", 0x01, "KBD int");
    expect(KBC, "output port", 0xcf, "no reset, A20");
    expect(KBC, "command", 0, "none waits");
    expect(KBC, "keyboard scan set", 2, "set 2");
    expect(KBC, "keyboard LEDs", 0, "none");
    expect(KBC, "keyboard typematic", 0x2b, "10.9 Hz after 500 ms");
    expect(KBC, "keyboard queue", 0, "0 of 16 bytes");
    expect(KBC, "KBD interrupt", 0, "IRQ 1 low");
}
END_TEST

START_TEST(test_i8042_programmed)
{
    bench_out(KBC, 0xed);
    bench_out(KBC, 0x06);
    bench_out(KBC, 0xf2);
    bench_out(KBC + 4, 0xd4);
    expect(KBC, "status", 0x19, "OBF, last write: command, unlocked");
    expect(KBC, "output buffer", 0xfa, "from keyboard or controller");
    expect(KBC, "output port", 0xdf, "no reset, A20, KBD full");
    expect(KBC, "command", 0xd4, "0xd4 waits for its data");
    expect(KBC, "KBD interrupt", 1, "IRQ 1 high");
    expect(KBC, "keyboard LEDs", 0x06, "Num Lock, Caps Lock");
    expect(KBC, "keyboard queue", 4, "4 of 16 bytes");
    expect(KBC, "keyboard queue 0-7", 0xfafaab8300000000, "fa fa ab 83");
    bench_out(KBC, 0x55); /* no mouse */
    expect(KBC, "next answer", 0xfe, "AUX device, time-out");
    ck_assert_uint_eq(bench_in(KBC), 0xfa); /* nothing was taken */
    ck_assert_uint_eq(bench_in(KBC), 0xfe);
}
END_TEST

START_TEST(test_small_devices)
{
    expect(0xf4, "last value", 0, "status 1, if it was written");
    bench_out(0xf4, 0x21);
    expect(0xf4, "last value", 0x21, "status 67");
    expect(0xe9, "read", 0xe9, "the port is there");
    expect(0xcf9, "RC", 0, "soft reset chosen, not pulled");
    bench_out(0xcf9, 0x06);
    expect(0xcf9, "RC", 0x06, "hard reset chosen, pulled");
}
END_TEST

START_TEST(test_firmware_disk)
{
    static const uint8_t image[3 * DISK_SECTOR];

    expect(FIRMWARE_PORT, "disk", 0, "none");
    expect(FIRMWARE_PORT, "status", 0, "done");
    ck_assert_int_eq(firmware_disk_attach(bench.m, image, sizeof(image)), 0);
    bench_out(FIRMWARE_PORT + FIRMWARE_SECTOR, 2);
    bench_out(FIRMWARE_PORT + FIRMWARE_COUNT, 2);
    bench_out(FIRMWARE_PORT + FIRMWARE_COMMAND, FIRMWARE_VERIFY);
    expect(FIRMWARE_PORT, "sector", 2, "byte 0x400 of the disk");
    expect(FIRMWARE_PORT, "count", 2, "2");
    expect(FIRMWARE_PORT, "status", FIRMWARE_NO_SECTOR, "beyond the disk or the map");
    expect(FIRMWARE_PORT, "disk", 3, "3 sectors");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("device_fields");
    TCase *tc = tcase_create("device_fields");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, bench_teardown);
    tcase_add_test(tc, test_all_devices);
    tcase_add_test(tc, test_same_fields_always);
    tcase_add_test(tc, test_device_names);
    tcase_add_test(tc, test_list);
    tcase_add_test(tc, test_uart_reset);
    tcase_add_test(tc, test_uart_formats);
    tcase_add_test(tc, test_uart_programmed);
    tcase_add_test(tc, test_uart_received);
    tcase_add_test(tc, test_pic);
    tcase_add_test(tc, test_pic_requests);
    tcase_add_test(tc, test_pit_reset);
    tcase_add_test(tc, test_pit_programmed);
    tcase_add_test(tc, test_pit_slow_and_bcd);
    tcase_add_test(tc, test_rtc_reset);
    tcase_add_test(tc, test_rtc_programmed);
    tcase_add_test(tc, test_rtc_checksum);
    tcase_add_test(tc, test_i8042_reset);
    tcase_add_test(tc, test_i8042_programmed);
    tcase_add_test(tc, test_small_devices);
    tcase_add_test(tc, test_firmware_disk);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

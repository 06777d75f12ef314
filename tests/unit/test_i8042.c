/*
 * device/i8042.c and device/reset_control.c: each command of the controller and of the keyboard, the
 * status bits, the interrupts, and each way to reset. Everything runs twice, the second time with a
 * save and a load before each step.
 */
#include "tests/support/device_bench.h"

#include <errno.h>

#define DATA 0x60
#define STATUS 0x64
#define PORT_A 0x92
#define RESET 0xcf9

enum { FULL = 0x01, SYS = 0x04, COMMAND = 0x08, UNLOCKED = 0x10, AUX = 0x20, TIMEOUT = 0x40 };
enum { KBD_INT = 0x01, AUX_INT = 0x02, KBD_OFF = 0x10, AUX_OFF = 0x20, XLATE = 0x40 };

static void setup_moving_or_not(bool moving)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    bench_setup(&config, DATA, moving);
}

static void setup(void)
{
    setup_moving_or_not(false);
}

static void setup_moving(void)
{
    setup_moving_or_not(true);
}

static void command(unsigned value)
{
    bench_out(STATUS, value);
}

static void data(unsigned value)
{
    bench_out(DATA, value);
}

static unsigned status(void)
{
    return bench_in(STATUS);
}

/* The next byte, which must be there. */
static unsigned next(void)
{
    ck_assert_uint_eq(status() & FULL, FULL);
    return bench_in(DATA);
}

static void expect(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ck_assert_msg(next() == (uint8_t)bytes[i], "byte %zu", i);
    ck_assert_uint_eq(status() & FULL, 0);
}

#define EXPECT(bytes) expect(bytes, sizeof(bytes) - 1)

static void write_command_byte(unsigned value)
{
    command(0x60);
    data(value);
}

static bool was_reset(void)
{
    bool reset = bench.m->reset_requested;

    bench.m->reset_requested = false;
    return reset;
}

/* ---- the controller ------------------------------------------------------------------------ */

START_TEST(test_status)
{
    ck_assert_uint_eq(status(), UNLOCKED);
    command(0xaa);
    ck_assert_uint_eq(status(), UNLOCKED | COMMAND | SYS | FULL);
    ck_assert_uint_eq(next(), 0x55);
    ck_assert_uint_eq(bench_in(DATA), 0x55); /* empty: the last byte again */
    ck_assert_uint_eq(status(), UNLOCKED | COMMAND | SYS);
    data(0xee);
    ck_assert_uint_eq(status(), UNLOCKED | SYS | FULL);
    write_command_byte(0);
    ck_assert_uint_eq(status() & SYS, 0); /* SYS is the command byte's */
}
END_TEST

START_TEST(test_questions)
{
    command(0xaa);
    EXPECT("\x55");
    command(0xab);
    EXPECT("\x00");
    command(0xa9);
    EXPECT("\x00");
    command(0xc0);
    EXPECT("\x80");
    command(0x99); /* unknown: no answer */
    ck_assert_uint_eq(status() & FULL, 0);
}
END_TEST

START_TEST(test_ram)
{
    command(0x20);
    EXPECT("\x01");
    for (unsigned i = 0; i < 32; i++) {
        command(0x60 + i);
        data(0x40 + i);
    }
    for (unsigned i = 0; i < 32; i++) {
        command(0x20 + i);
        ck_assert_uint_eq(next(), 0x40 + i);
    }
}
END_TEST

START_TEST(test_switches)
{
    static const struct {
        unsigned command, byte;
    } steps[] = {{0xad, KBD_OFF}, {0xa7, KBD_OFF | AUX_OFF}, {0xae, AUX_OFF}, {0xa8, 0}};

    write_command_byte(0);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        command(steps[i].command);
        command(0x20);
        ck_assert_uint_eq(next(), steps[i].byte);
    }
}
END_TEST

/* A20 is stored and read back; bits 4 and 5 say what the output buffer holds. */
START_TEST(test_output_port)
{
    command(0xd0);
    EXPECT("\xcf");
    command(0xdd);
    command(0xd0);
    EXPECT("\xcd");
    command(0xdf);
    command(0xd0);
    EXPECT("\xcf");
    command(0xd1);
    data(0xfd);
    command(0xd0);
    EXPECT("\xcd");
    data(0xee);
    command(0xd0);
    EXPECT("\xee\xdd");
    ck_assert(!was_reset());
}
END_TEST

START_TEST(test_buffers)
{
    command(0xd2);
    data(0x12);
    ck_assert_uint_eq(status() & (FULL | AUX | TIMEOUT), FULL);
    EXPECT("\x12");
    command(0xd3);
    data(0x34);
    ck_assert_uint_eq(status() & (FULL | AUX | TIMEOUT), FULL | AUX);
    EXPECT("\x34");
    command(0xd4); /* no mouse */
    data(0xff);
    ck_assert_uint_eq(status() & (FULL | AUX | TIMEOUT), FULL | AUX | TIMEOUT);
    EXPECT("\xfe");
    ck_assert_uint_eq(status() & (FULL | AUX | TIMEOUT), 0);
}
END_TEST

/* A command in the place of data is a command. */
START_TEST(test_interrupted_command)
{
    command(0xd1);
    command(0xaa);
    EXPECT("\x55");
    data(0xee);
    EXPECT("\xee");
    ck_assert(!was_reset());
}
END_TEST

/* ---- interrupts ---------------------------------------------------------------------------- */

START_TEST(test_keyboard_interrupt)
{
    data(0xf2);
    ck_assert(bench.level[IRQ_KEYBOARD]);
    ck_assert_uint_eq(bench.rises[IRQ_KEYBOARD], 1);
    ck_assert_uint_eq(next(), 0xfa);
    ck_assert(bench.level[IRQ_KEYBOARD]);
    ck_assert_uint_eq(bench.rises[IRQ_KEYBOARD], 2); /* an edge for each byte */
    next();
    next();
    ck_assert(!bench.level[IRQ_KEYBOARD]);
    write_command_byte(0);
    data(0xee);
    ck_assert(!bench.level[IRQ_KEYBOARD]);
    write_command_byte(KBD_INT);
    ck_assert(bench.level[IRQ_KEYBOARD]);
    next();
    command(0xaa); /* the controller's answers count */
    ck_assert(bench.level[IRQ_KEYBOARD]);
}
END_TEST

START_TEST(test_aux_interrupt)
{
    write_command_byte(KBD_INT | AUX_INT);
    command(0xd3);
    data(0x34);
    ck_assert(bench.level[12]);
    ck_assert(!bench.level[IRQ_KEYBOARD]);
    next();
    ck_assert(!bench.level[12]);
    command(0xa7);
    command(0xd3);
    data(0x34);
    ck_assert(!bench.level[12]);
}
END_TEST

/* ---- the keyboard -------------------------------------------------------------------------- */

START_TEST(test_keyboard_commands)
{
    data(0xff);
    EXPECT("\xfa\xaa");
    data(0xee);
    EXPECT("\xee");
    data(0xf2);
    EXPECT("\xfa\xab\x83");
    data(0xfe); /* once more */
    EXPECT("\x83");
    for (unsigned simple = 0xf4; simple <= 0xfa; simple++) {
        data(simple);
        EXPECT("\xfa");
    }
    data(0xfb);
    EXPECT("\xfe");
    data(0x12);
    EXPECT("\xfe");
}
END_TEST

START_TEST(test_keyboard_parameters)
{
    data(0xed);
    EXPECT("\xfa");
    data(0x07);
    EXPECT("\xfa");
    data(0xf3);
    data(0x20);
    EXPECT("\xfa\xfa");
    data(0xed);
    data(0xee); /* no parameter: a command */
    EXPECT("\xfa\xee");
    data(0x07);
    EXPECT("\xfe");
}
END_TEST

START_TEST(test_scan_code_sets)
{
    data(0xf0);
    data(0x00);
    EXPECT("\xfa\xfa\x02");
    data(0xf0);
    data(0x03);
    data(0xf0);
    data(0x00);
    EXPECT("\xfa\xfa\xfa\xfa\x03");
    data(0xf0);
    data(0x04);
    EXPECT("\xfa\xfe");
    data(0xf6);
    data(0xf0);
    data(0x00);
    EXPECT("\xfa\xfa\xfa\x02");
}
END_TEST

START_TEST(test_translation)
{
    write_command_byte(XLATE);
    data(0xf2);
    EXPECT("\xfa\xab\x41");
    for (unsigned set = 1; set <= 3; set++) {
        static const unsigned translated[] = {0, 0x43, 0x41, 0x3f};

        data(0xf0);
        data(set);
        data(0xf0);
        data(0);
        for (unsigned i = 0; i < 4; i++)
            ck_assert_uint_eq(next(), 0xfa);
        ck_assert_uint_eq(next(), translated[set]);
    }
}
END_TEST

/* A keyboard switched off keeps its bytes; a byte for it switches it on. */
START_TEST(test_keyboard_off)
{
    data(0xf2);
    command(0xad);
    ck_assert(!bench.level[IRQ_KEYBOARD]);
    ck_assert_uint_eq(next(), 0xfa);
    ck_assert_uint_eq(status() & FULL, 0);
    command(0xae);
    EXPECT("\xab\x83");
    command(0xad);
    data(0xee);
    EXPECT("\xee");
    command(0x20);
    EXPECT("\x01");
}
END_TEST

START_TEST(test_queue)
{
    for (unsigned i = 0; i < 40; i++)
        data(0xee);
    for (unsigned i = 0; i < 17; i++) /* the buffer and sixteen more */
        ck_assert_uint_eq(next(), 0xee);
    ck_assert_uint_eq(status() & FULL, 0);
    data(0xee);
    data(0xee);
    command(0xaa); /* the controller goes first */
    EXPECT("\xee\x55\xee");
}
END_TEST

/* ---- reset --------------------------------------------------------------------------------- */

START_TEST(test_pulse)
{
    for (unsigned lines = 0xf0; lines <= 0xff; lines++) {
        command(lines);
        ck_assert_uint_eq(was_reset(), !(lines & 1));
    }
    command(0xd1);
    data(0xfe);
    ck_assert(was_reset());
}
END_TEST

START_TEST(test_port_a)
{
    ck_assert_uint_eq(bench_in(PORT_A), 0x02);
    bench_out(PORT_A, 0xfc);
    ck_assert_uint_eq(bench_in(PORT_A), 0x00);
    ck_assert(!was_reset());
    bench_out(PORT_A, 0x03);
    ck_assert(was_reset());
    bench_out(PORT_A, 0x03); /* no rise */
    ck_assert(!was_reset());
    ck_assert_uint_eq(bench_in(PORT_A), 0x03);
}
END_TEST

START_TEST(test_reset_control)
{
    const struct device_ops *ops = bus_find(&bench.m->ports, RESET)->dev->ops;
    struct device *dev = bus_find(&bench.m->ports, RESET)->dev;
    uint8_t state[2] = {0};

    bench_out(RESET, 0x02);
    ck_assert(!was_reset());
    ck_assert_uint_eq(bench_in(RESET), 0x02);
    bench_out(RESET, 0x06);
    ck_assert(was_reset());
    bench_out(RESET, 0x06);
    ck_assert(!was_reset());
    ck_assert_uint_eq(ops->save(dev, state, sizeof(state)), 1);
    ops->reset(dev);
    ck_assert_uint_eq(bench_in(RESET), 0);
    ck_assert_int_eq(ops->load(dev, state, 1), 0);
    ck_assert_uint_eq(bench_in(RESET), 0x06);
    state[0] = 0x01;
    ck_assert_int_eq(ops->load(dev, state, 1), -EINVAL);
    ck_assert_int_eq(ops->load(dev, state, 2), -EINVAL);
    ck_assert_uint_eq(bench_in(RESET), 0x06);
}
END_TEST

/* A PCI configuration address is none of its business, however wide. */
START_TEST(test_no_pci)
{
    bus_port_write(&bench.m->ports, 0xcf8, 4, 0x80000400);
    bus_port_write(&bench.m->ports, 0xcf8, 2, 0x0400);
    bus_port_write(&bench.m->ports, 0xcf8, 1, 0x04);
    ck_assert(!was_reset());
    ck_assert_uint_eq(bus_port_read(&bench.m->ports, 0xcf8, 4), 0xffffffff);
    ck_assert_uint_eq(bus_port_read(&bench.m->ports, 0xcfa, 1), 0xff);
}
END_TEST

START_TEST(test_reset)
{
    write_command_byte(0);
    data(0xed);
    bench_out(PORT_A, 0);
    bench.dev->ops->reset(bench.dev);
    ck_assert_uint_eq(status(), UNLOCKED);
    ck_assert_uint_eq(bench_in(PORT_A), 0x02);
    command(0x20);
    EXPECT("\x01");
    data(0x07); /* nothing waits for it */
    EXPECT("\xfe");
}
END_TEST

START_TEST(test_broken_states)
{
    data(0xf2);
    command(0x60);
    bench_broken_states(DATA, 1);
    bench_broken_states(STATUS, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, test_status);
    tcase_add_test(tc, test_questions);
    tcase_add_test(tc, test_ram);
    tcase_add_test(tc, test_switches);
    tcase_add_test(tc, test_output_port);
    tcase_add_test(tc, test_buffers);
    tcase_add_test(tc, test_interrupted_command);
    tcase_add_test(tc, test_keyboard_interrupt);
    tcase_add_test(tc, test_aux_interrupt);
    tcase_add_test(tc, test_keyboard_commands);
    tcase_add_test(tc, test_keyboard_parameters);
    tcase_add_test(tc, test_scan_code_sets);
    tcase_add_test(tc, test_translation);
    tcase_add_test(tc, test_keyboard_off);
    tcase_add_test(tc, test_queue);
    tcase_add_test(tc, test_pulse);
    tcase_add_test(tc, test_port_a);
    tcase_add_test(tc, test_reset_control);
    tcase_add_test(tc, test_no_pci);
    tcase_add_test(tc, test_reset);
    tcase_add_test(tc, test_broken_states);
}

int main(void)
{
    return bench_main("i8042", setup, setup_moving, add_tests);
}

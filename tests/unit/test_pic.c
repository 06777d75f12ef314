/*
 * device/pic.c: initialisation, priorities, each form of EOI, each mode, cascade, spurious
 * interrupts, edge and level. Everything runs twice, the second time with a save and a load before
 * each step.
 */
#include "tests/support/device_bench.h"

#include <check.h>
#include <stdlib.h>

#define MASTER 0x20
#define SLAVE 0xa0
#define ELCR 0x4d0

enum { EOI = 0x20, SPECIFIC = 0x60, READ_IRR = 0x0a, READ_ISR = 0x0b, POLL = 0x0c };

static void out(uint16_t port, unsigned value)
{
    bench_out(port, value);
}

static unsigned in(uint16_t port)
{
    return bench_in(port);
}

static void init_chip(uint16_t port, unsigned icw1, unsigned icw2, unsigned icw3, unsigned icw4)
{
    out(port, icw1);
    out(port + 1, icw2);
    if (!(icw1 & 2))
        out(port + 1, icw3);
    if (icw1 & 1)
        out(port + 1, icw4);
}

/* As a PC does it, vectors 20h-2fh, nothing masked. */
static void init_pair(unsigned icw4_master, unsigned icw4_slave)
{
    init_chip(MASTER, 0x11, 0x20, 0x04, icw4_master);
    init_chip(SLAVE, 0x11, 0x28, 0x02, icw4_slave);
}

static void setup_moving_or_not(bool moving)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    bench_setup(&config, MASTER, moving);
    for (unsigned line = 0; line < IRQ_LINES; line++)
        irq_set(bench.m, line, false); /* what the other devices drove at their creation */
    init_pair(1, 1);
}

static void setup(void)
{
    setup_moving_or_not(false);
}

static void setup_moving(void)
{
    setup_moving_or_not(true);
}

static void line(unsigned irq, bool level)
{
    bench_pass(0);
    irq_set(bench.m, irq, level);
}

static void pulse(unsigned irq)
{
    line(irq, false);
    line(irq, true);
}

static bool intr(void)
{
    return bench.m->irq.intr;
}

static unsigned acknowledge(void)
{
    bench_pass(0);
    return irq_acknowledge(bench.m);
}

static unsigned irr(uint16_t port)
{
    out(port, READ_IRR);
    return in(port);
}

static unsigned isr(uint16_t port)
{
    out(port, READ_ISR);
    return in(port);
}

/* ---- initialisation ------------------------------------------------------------------------ */

START_TEST(test_nothing_before_initialisation)
{
    bench.dev->ops->reset(bench.dev);
    pulse(1);
    pulse(9);
    ck_assert(!intr());
    ck_assert_uint_eq(acknowledge(), 0xff);
    out(MASTER, 0x11);
    out(MASTER + 1, 0x20);
    out(MASTER + 1, 0x04);
    pulse(1);
    ck_assert(!intr()); /* ICW4 is still to come */
    out(MASTER + 1, 0x01);
    ck_assert(intr());
    ck_assert_uint_eq(acknowledge(), 0x21);
}
END_TEST

/* ICW1 clears IMR, edge latches, ISR, special mask mode, rotation, and reads IRR again. */
START_TEST(test_icw1)
{
    line(3, true);
    acknowledge();
    out(MASTER, 0xc5); /* lowest: 5 */
    out(MASTER, 0x68); /* special mask mode */
    out(MASTER + 1, 0x08);
    line(4, true);
    out(MASTER, READ_ISR);
    init_chip(MASTER, 0x11, 0x40, 0x04, 0x01);
    ck_assert_uint_eq(in(MASTER + 1), 0);
    ck_assert_uint_eq(in(MASTER), 0); /* IRR: lines 3 and 4 are high, but without an edge */
    ck_assert_uint_eq(isr(MASTER), 0);
    ck_assert(!intr());
    pulse(7);
    pulse(4);
    ck_assert_uint_eq(acknowledge(), 0x44);
}
END_TEST

/* SNGL leaves out ICW3, IC4 clear leaves out ICW4. */
START_TEST(test_short_initialisation)
{
    init_chip(MASTER, 0x13, 0x50, 0, 0x01);
    out(MASTER + 1, 0xf0);
    ck_assert_uint_eq(in(MASTER + 1), 0xf0);
    line(2, true); /* no device's line: the slave's INT is there */
    ck_assert(!intr());
    line(9, true);
    ck_assert_uint_eq(acknowledge(), 0x52); /* alone, the master answers itself */
    init_chip(MASTER, 0x12, 0x50, 0, 0);
    out(MASTER + 1, 0x0f);
    ck_assert_uint_eq(in(MASTER + 1), 0x0f);
}
END_TEST

/* Without ICW4.uPM the chip gives a call address; its low byte comes with the second INTA. */
START_TEST(test_mcs80)
{
    init_chip(MASTER, 0xf6, 0x12, 0, 0);
    pulse(3);
    ck_assert_uint_eq(acknowledge(), 0xec);
    init_chip(MASTER, 0xf2, 0x12, 0, 0);
    pulse(3);
    ck_assert_uint_eq(acknowledge(), 0xd8);
}
END_TEST

START_TEST(test_vectors)
{
    init_chip(MASTER, 0x11, 0xa7, 0x04, 0x0d); /* low bits do not count; buffered, as master */
    init_chip(SLAVE, 0x11, 0xbf, 0x02, 0x09);
    for (unsigned i = 0; i < IRQ_LINES; i++) {
        if (i == IRQ_CASCADE)
            continue;
        pulse(i);
        ck_assert(intr());
        ck_assert_uint_eq(acknowledge(), i < 8 ? 0xa0 + i : 0xb8 + i - 8);
        ck_assert(!intr());
        out(MASTER, EOI);
        out(SLAVE, EOI);
    }
}
END_TEST

/* ---- requests and masks -------------------------------------------------------------------- */

START_TEST(test_mask)
{
    out(MASTER + 1, 0x10);
    line(4, true);
    ck_assert(!intr());
    ck_assert_uint_eq(irr(MASTER), 0x10);
    out(MASTER + 1, 0);
    ck_assert(intr());
    out(MASTER + 1, 0x10);
    ck_assert(!intr());
    ck_assert_uint_eq(in(MASTER + 1), 0x10);
    ck_assert_uint_eq(in(MASTER), 0x10); /* IRR is still what A0=0 reads */
}
END_TEST

START_TEST(test_edge)
{
    line(4, true);
    ck_assert_uint_eq(acknowledge(), 0x24);
    ck_assert_uint_eq(irr(MASTER), 0);
    ck_assert_uint_eq(isr(MASTER), 0x10);
    out(MASTER, EOI);
    ck_assert(!intr()); /* high still, but no new edge */
    line(4, true);
    ck_assert(!intr());
    pulse(4);
    ck_assert(intr());
    line(4, false);
    ck_assert(intr()); /* remembered */
    ck_assert_uint_eq(acknowledge(), 0x24);
    pulse(4); /* while in service */
    ck_assert(!intr());
    ck_assert_uint_eq(irr(MASTER), 0x10);
    out(MASTER, EOI);
    ck_assert(intr());
}
END_TEST

START_TEST(test_level)
{
    out(ELCR, 0x10);
    line(4, true);
    ck_assert_uint_eq(acknowledge(), 0x24);
    ck_assert_uint_eq(irr(MASTER), 0x10);
    out(MASTER, EOI);
    ck_assert(intr()); /* still asking */
    line(4, false);
    ck_assert(!intr());
    ck_assert_uint_eq(irr(MASTER), 0);
}
END_TEST

START_TEST(test_level_by_icw1)
{
    init_chip(MASTER, 0x19, 0x20, 0x04, 0x01);
    line(1, true);
    acknowledge();
    out(MASTER, EOI);
    ck_assert(intr());
    line(1, false);
    ck_assert(!intr());
}
END_TEST

START_TEST(test_elcr)
{
    ck_assert_uint_eq(in(ELCR), 0);
    out(ELCR, 0xff);
    out(ELCR + 1, 0xff);
    ck_assert_uint_eq(in(ELCR), 0xf8);
    ck_assert_uint_eq(in(ELCR + 1), 0xde);
    init_pair(1, 1);
    ck_assert_uint_eq(in(ELCR), 0xf8); /* no register of the 8259A */
    bench.dev->ops->reset(bench.dev);
    ck_assert_uint_eq(in(ELCR), 0);
}
END_TEST

/* ---- priorities and EOI -------------------------------------------------------------------- */

START_TEST(test_fully_nested)
{
    line(4, true);
    line(6, true);
    ck_assert_uint_eq(acknowledge(), 0x24);
    ck_assert(!intr()); /* 6 waits for 4 */
    line(1, true);
    ck_assert_uint_eq(acknowledge(), 0x21);
    ck_assert_uint_eq(isr(MASTER), 0x12);
    out(MASTER, EOI); /* the highest: 1 */
    ck_assert_uint_eq(isr(MASTER), 0x10);
    ck_assert(!intr());
    out(MASTER, EOI);
    ck_assert_uint_eq(isr(MASTER), 0);
    ck_assert_uint_eq(acknowledge(), 0x26);
    out(MASTER, EOI);
    out(MASTER, EOI); /* nothing left: harmless */
    ck_assert_uint_eq(isr(MASTER), 0);
}
END_TEST

START_TEST(test_specific_eoi)
{
    line(4, true);
    acknowledge();
    line(1, true);
    acknowledge();
    out(MASTER, SPECIFIC | 4);
    ck_assert_uint_eq(isr(MASTER), 0x02);
    out(MASTER, SPECIFIC | 5);
    ck_assert_uint_eq(isr(MASTER), 0x02);
    out(MASTER, 0x40); /* 010: no operation */
    ck_assert_uint_eq(isr(MASTER), 0x02);
}
END_TEST

/* The order in which all eight lines come when they ask together. */
static void check_order(unsigned first)
{
    out(SLAVE + 1, 0xff);
    for (unsigned i = 0; i < 8; i++)
        if (i != IRQ_CASCADE)
            pulse(i);
    for (unsigned i = 0; i < 8; i++) {
        unsigned level = (first + i) % 8;

        if (level == IRQ_CASCADE)
            continue;
        ck_assert_uint_eq(acknowledge(), 0x20 + level);
        out(MASTER, SPECIFIC | level);
    }
    ck_assert(!intr());
}

START_TEST(test_priority)
{
    check_order(0);
    for (unsigned lowest = 0; lowest < 8; lowest++) {
        out(MASTER, 0xc0 | lowest);
        check_order(lowest + 1);
    }
}
END_TEST

START_TEST(test_rotate_on_eoi)
{
    line(3, true);
    acknowledge();
    out(MASTER, 0xa0); /* rotate on non-specific EOI */
    ck_assert_uint_eq(isr(MASTER), 0);
    check_order(4);
    pulse(5);
    acknowledge();
    out(MASTER, 0xe0 | 6); /* rotate on specific EOI: of 6, that is not in service */
    ck_assert_uint_eq(isr(MASTER), 0x20);
    out(MASTER, SPECIFIC | 5);
    check_order(7);
    out(MASTER, 0xa0); /* nothing in service: nothing rotates */
    check_order(7);
}
END_TEST

START_TEST(test_automatic_eoi)
{
    init_pair(3, 1);
    line(4, true);
    line(6, true);
    ck_assert_uint_eq(acknowledge(), 0x24);
    ck_assert_uint_eq(isr(MASTER), 0);
    ck_assert_uint_eq(acknowledge(), 0x26); /* at once */
    check_order(0);
    out(MASTER, 0x80); /* rotate in automatic EOI mode */
    pulse(4);
    ck_assert_uint_eq(acknowledge(), 0x24);
    pulse(3);
    pulse(5);
    ck_assert_uint_eq(acknowledge(), 0x25);
    ck_assert_uint_eq(acknowledge(), 0x23);
    out(MASTER, 0x00); /* and no more: 3 stays lowest */
    pulse(4);
    ck_assert_uint_eq(acknowledge(), 0x24);
    check_order(4);
}
END_TEST

/* Levels in service whose mask bit is set hold back nobody, nor does EOI end them. */
START_TEST(test_special_mask_mode)
{
    line(3, true);
    acknowledge();
    line(6, true);
    out(MASTER + 1, 0x08);
    ck_assert(!intr());
    out(MASTER, 0x68);
    ck_assert(intr());
    ck_assert_uint_eq(acknowledge(), 0x26);
    out(MASTER, EOI);
    ck_assert_uint_eq(isr(MASTER), 0x08); /* 6 it was */
    out(MASTER, EOI);
    ck_assert_uint_eq(isr(MASTER), 0x08);
    pulse(5);
    out(MASTER, 0x08); /* ESMM clear: nothing changes */
    ck_assert(intr());
    out(MASTER, 0x48); /* back to the normal mask */
    ck_assert(!intr());
    out(MASTER, EOI);
    ck_assert_uint_eq(isr(MASTER), 0);
    ck_assert(intr());
}
END_TEST

/* ---- poll ---------------------------------------------------------------------------------- */

START_TEST(test_poll)
{
    line(5, true);
    out(MASTER, POLL);
    ck_assert_uint_eq(in(MASTER), 0x85);
    ck_assert(!intr());
    ck_assert_uint_eq(isr(MASTER), 0x20); /* the poll was the acknowledge */
    out(MASTER, EOI);
    out(MASTER, READ_IRR);
    out(MASTER, POLL);
    ck_assert_uint_eq(in(MASTER + 1), 0); /* nothing asks; any address */
    ck_assert_uint_eq(in(MASTER), 0);     /* IRR again */
    line(10, true);
    out(MASTER, POLL);
    ck_assert_uint_eq(in(MASTER), 0x82);
    out(SLAVE, POLL);
    ck_assert_uint_eq(in(SLAVE), 0x82);
}
END_TEST

/* ---- cascade ------------------------------------------------------------------------------- */

START_TEST(test_cascade)
{
    line(12, true);
    ck_assert_uint_eq(irr(MASTER), 0x04);
    ck_assert_uint_eq(irr(SLAVE), 0x10);
    ck_assert_uint_eq(acknowledge(), 0x2c);
    ck_assert_uint_eq(isr(MASTER), 0x04);
    ck_assert_uint_eq(isr(SLAVE), 0x10);
    line(9, true); /* higher, but the slave's level is in service in the master */
    ck_assert_uint_eq(irr(MASTER), 0x04);
    ck_assert(!intr());
    out(MASTER, EOI);
    ck_assert_uint_eq(acknowledge(), 0x29);
    out(SLAVE, EOI);
    out(MASTER, EOI);
    ck_assert_uint_eq(isr(SLAVE), 0x10);
    out(SLAVE, EOI);
    ck_assert_uint_eq(isr(SLAVE), 0);
}
END_TEST

START_TEST(test_slave_asks_again)
{
    init_pair(1, 3); /* the slave ends its interrupts by itself */
    line(9, true);
    line(10, true);
    ck_assert_uint_eq(acknowledge(), 0x29);
    out(MASTER, EOI);
    ck_assert_uint_eq(acknowledge(), 0x2a);
    out(MASTER, EOI);
    ck_assert(!intr());
}
END_TEST

/* The slave may come again with more urgent ones; what is below it in the master may not. */
START_TEST(test_special_fully_nested)
{
    init_pair(0x11, 1);
    line(12, true);
    ck_assert_uint_eq(acknowledge(), 0x2c);
    line(4, true);
    ck_assert(!intr());
    line(9, true);
    ck_assert(intr());
    ck_assert_uint_eq(acknowledge(), 0x29);
    line(10, true);
    ck_assert(!intr());
    out(SLAVE, EOI);
    ck_assert_uint_eq(acknowledge(), 0x2a);
    out(SLAVE, EOI);
    out(SLAVE, EOI);
    ck_assert_uint_eq(isr(SLAVE), 0);
    out(MASTER, EOI);
    ck_assert_uint_eq(acknowledge(), 0x24);
}
END_TEST

/* ICW3 says who answers: nobody, when it names a slave that is not there, or the master itself. */
START_TEST(test_icw3)
{
    init_chip(SLAVE, 0x11, 0x28, 0x05, 0x01);
    line(9, true);
    ck_assert_uint_eq(acknowledge(), 0xff);
    init_chip(MASTER, 0x11, 0x20, 0x10, 0x01);
    pulse(4);
    ck_assert_uint_eq(acknowledge(), 0xff);
    init_chip(MASTER, 0x11, 0x20, 0x00, 0x01);
    init_chip(SLAVE, 0x11, 0x28, 0x02, 0x01);
    pulse(9);
    ck_assert_uint_eq(acknowledge(), 0x22);
}
END_TEST

/* ---- spurious ------------------------------------------------------------------------------ */

START_TEST(test_spurious_7)
{
    out(ELCR, 0x10);
    line(4, true);
    line(4, false);
    ck_assert(!intr());
    ck_assert_uint_eq(acknowledge(), 0x27);
    ck_assert_uint_eq(isr(MASTER), 0);
}
END_TEST

/* IR2 was raised, what raised it has gone: the master has served it, the slave has nothing. */
START_TEST(test_spurious_15)
{
    line(9, true);
    out(SLAVE + 1, 0x02);
    ck_assert(intr());
    ck_assert_uint_eq(acknowledge(), 0x2f);
    ck_assert_uint_eq(isr(SLAVE), 0);
    ck_assert_uint_eq(isr(MASTER), 0x04);
    out(MASTER, EOI);
    out(SLAVE + 1, 0);
    ck_assert_uint_eq(acknowledge(), 0x29);
}
END_TEST

START_TEST(test_reset)
{
    line(4, true);
    ck_assert(intr());
    bench.dev->ops->reset(bench.dev);
    ck_assert(!intr());
    ck_assert_uint_eq(in(MASTER + 1), 0);
    pulse(4);
    ck_assert(!intr());
}
END_TEST

START_TEST(test_broken_states)
{
    line(4, true);
    acknowledge();
    line(9, true);
    bench_broken_states(MASTER, 2);
    bench_broken_states(SLAVE, 2);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, test_nothing_before_initialisation);
    tcase_add_test(tc, test_icw1);
    tcase_add_test(tc, test_short_initialisation);
    tcase_add_test(tc, test_mcs80);
    tcase_add_test(tc, test_vectors);
    tcase_add_test(tc, test_mask);
    tcase_add_test(tc, test_edge);
    tcase_add_test(tc, test_level);
    tcase_add_test(tc, test_level_by_icw1);
    tcase_add_test(tc, test_elcr);
    tcase_add_test(tc, test_fully_nested);
    tcase_add_test(tc, test_specific_eoi);
    tcase_add_test(tc, test_priority);
    tcase_add_test(tc, test_rotate_on_eoi);
    tcase_add_test(tc, test_automatic_eoi);
    tcase_add_test(tc, test_special_mask_mode);
    tcase_add_test(tc, test_poll);
    tcase_add_test(tc, test_cascade);
    tcase_add_test(tc, test_slave_asks_again);
    tcase_add_test(tc, test_special_fully_nested);
    tcase_add_test(tc, test_icw3);
    tcase_add_test(tc, test_spurious_7);
    tcase_add_test(tc, test_spurious_15);
    tcase_add_test(tc, test_reset);
    tcase_add_test(tc, test_broken_states);
}

int main(void)
{
    return bench_main("pic", setup, setup_moving, add_tests);
}

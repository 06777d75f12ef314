/*
 * device/rtc.c: the calendar in each format, the update cycle, the three interrupts, the divider,
 * memory sizes in CMOS, the NMI mask. Everything runs twice, the second time with a save and a load
 * before each step.
 */
#include "tests/support/device_bench.h"

#define ADDRESS 0x70
#define DATA 0x71
#define SECOND 1000000000ull /* ns */
#define SOON 40000           /* ns: more than a tick of the crystal */

enum { A = 0x0a, B = 0x0b, C = 0x0c, D = 0x0d };
enum { H24 = 2, BINARY = 4, UIE = 0x10, AIE = 0x20, PIE = 0x40, SET = 0x80 };

static void setup_moving_or_not(bool moving)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    config.rtc_start = 1772236799; /* 2026-02-27 23:59:59, a Friday */
    bench_setup(&config, ADDRESS, moving);
}

static void setup(void)
{
    setup_moving_or_not(false);
}

static void setup_moving(void)
{
    setup_moving_or_not(true);
}

static unsigned get(unsigned reg)
{
    bench_out(ADDRESS, reg);
    return bench_in(DATA);
}

static void put(unsigned reg, unsigned value)
{
    bench_out(ADDRESS, reg);
    bench_out(DATA, value);
}

/* Hours, minutes, seconds. */
static unsigned clock_time(void)
{
    return get(4) << 16 | get(2) << 8 | get(0);
}

/* Century, year, month, day. */
static unsigned date(void)
{
    return get(0x32) << 24 | get(9) << 16 | get(8) << 8 | get(7);
}

/* In BCD, 24 hours, so that the next update comes soon. */
static void set_clock(unsigned day, unsigned time)
{
    put(B, SET | H24);
    put(A, 0x66);
    put(0x32, day >> 24);
    put(9, day >> 16 & 0xff);
    put(8, day >> 8 & 0xff);
    put(7, day & 0xff);
    put(4, time >> 16);
    put(2, time >> 8 & 0xff);
    put(0, time & 0xff);
    put(A, 0x26); /* the first update comes half a second later */
    put(B, H24);
    bench_pass(SECOND / 2 - SOON);
    get(C);
}

static bool irq(void)
{
    return bench.level[IRQ_RTC];
}

/* ---- time and date ------------------------------------------------------------------------- */

START_TEST(test_start)
{
    ck_assert_uint_eq(date(), 0x20260227);
    ck_assert_uint_eq(clock_time(), 0x235959);
    ck_assert_uint_eq(get(6), 6);
    ck_assert_uint_eq(get(A), 0x26);
    ck_assert_uint_eq(get(B), 0x02);
    ck_assert_uint_eq(get(D), 0x80);
    bench_pass(SECOND - 1);
    ck_assert_uint_eq(clock_time(), 0x235959);
    bench_pass(1);
    ck_assert_uint_eq(clock_time(), 0);
    ck_assert_uint_eq(date(), 0x20260228);
    ck_assert_uint_eq(get(6), 7);
    bench_pass(86400 * SECOND);
    ck_assert_uint_eq(date(), 0x20260301);
    ck_assert_uint_eq(get(6), 1);
}
END_TEST

START_TEST(test_calendar)
{
    static const struct {
        unsigned before, after;
    } days[] = {
        {0x19991231, 0x20000101}, {0x20000228, 0x20000229}, {0x20000229, 0x20000301},
        {0x21000228, 0x21000301}, {0x20240228, 0x20240229}, {0x20230228, 0x20230301},
        {0x20240430, 0x20240501}, {0x20240131, 0x20240201}, {0x20240630, 0x20240701},
        {0x20240930, 0x20241001}, {0x20241130, 0x20241201}, {0x20241231, 0x20250101},
        {0x99991231, 0x00000101},
    };

    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
        set_clock(days[i].before, 0x235959);
        ck_assert_uint_eq(date(), days[i].before);
        ck_assert_uint_eq(clock_time(), 0x235959);
        bench_pass(2 * SOON);
        ck_assert_uint_eq(date(), days[i].after);
        ck_assert_uint_eq(clock_time(), 0);
    }
}
END_TEST

/* Many updates at once are as many one by one. */
START_TEST(test_long_sleep)
{
    bench_pass(SECOND + 400ull * 365 * 86400 * SECOND / 16);
    ck_assert_uint_eq(date(), 0x20510222); /* 25 years of 365 days */
    ck_assert_uint_eq(clock_time(), 0);
    ck_assert_uint_eq(get(6), 4);
}
END_TEST

/* How an hour reads in a format. */
static unsigned hour_in(unsigned format, unsigned hour)
{
    unsigned shown = format & H24 ? hour : (hour + 11) % 12 + 1;

    if (!(format & BINARY))
        shown = shown / 10 << 4 | shown % 10;
    return shown | (!(format & H24) && hour >= 12 ? 0x80 : 0);
}

/* From the last second of each hour to the next hour, in each format. */
START_TEST(test_formats)
{
    static const unsigned formats[] = {0, H24, BINARY, H24 | BINARY};
    unsigned format = formats[_i], last = format & BINARY ? 59 : 0x59;

    for (unsigned hour = 0; hour < 24; hour++) {
        set_clock(0x20260101, 0);
        put(B, format | SET);
        put(4, hour_in(format, hour));
        put(2, last);
        put(0, last);
        put(B, format);
        ck_assert_uint_eq(clock_time(), hour_in(format, hour) << 16 | last << 8 | last);
        bench_pass(2 * SOON);
        ck_assert_uint_eq(clock_time(), hour_in(format, (hour + 1) % 24) << 16);
        ck_assert_uint_eq(get(7), hour == 23 ? 2 : 1);
    }
}
END_TEST

START_TEST(test_format_change)
{
    put(7, 0x15);
    put(B, H24 | BINARY);
    ck_assert_uint_eq(get(7), 0x15);
    put(0, 58);
    bench_pass(SECOND);
    ck_assert_uint_eq(get(0), 59);
}
END_TEST

/* No time at all, but the chip goes on. */
START_TEST(test_nonsense)
{
    set_clock(0x20260000, 0xffffff);
    put(8, 0x77);
    bench_pass(2 * SOON);
    ck_assert_uint_eq(clock_time(), 0);
    ck_assert_uint_eq(get(8), 0x12);
    ck_assert_uint_eq(get(7), 0x02);
}
END_TEST

/* ---- the update cycle ---------------------------------------------------------------------- */

START_TEST(test_update_in_progress)
{
    bench_pass(SECOND - 245000);
    ck_assert_uint_eq(get(A), 0x26);
    bench_pass(2000);
    ck_assert_uint_eq(get(A), 0xa6);
    put(B, SET | H24);
    ck_assert_uint_eq(get(A), 0x26);
    put(B, H24);
    put(A, 0xa6);
    bench_pass(243000);
    ck_assert_uint_eq(get(A), 0x26);
}
END_TEST

/* SET holds the time and clears UIE; the divider runs on. */
START_TEST(test_set)
{
    put(B, UIE | AIE | H24);
    put(B, SET | UIE | AIE | H24);
    ck_assert_uint_eq(get(B), SET | AIE | H24);
    bench_pass(10 * SECOND + SECOND / 2);
    ck_assert_uint_eq(clock_time(), 0x235959);
    ck_assert_uint_eq(get(C) & 0x30, 0);
    put(B, H24);
    bench_pass(SECOND / 2);
    ck_assert_uint_eq(clock_time(), 0);
}
END_TEST

START_TEST(test_divider)
{
    bench_pass(300);
    put(A, 0x66);
    bench_pass(100 * SECOND);
    ck_assert_uint_eq(clock_time(), 0x235959);
    get(C);
    bench_pass(10 * SECOND);
    ck_assert_uint_eq(get(C), 0);
    put(A, 0x26);
    bench_pass(SECOND / 2 - 40000);
    ck_assert_uint_eq(clock_time(), 0x235959);
    bench_pass(40000);
    ck_assert_uint_eq(clock_time(), 0);
    bench_pass(SECOND);
    ck_assert_uint_eq(clock_time(), 1);
}
END_TEST

/* ---- interrupts ---------------------------------------------------------------------------- */

START_TEST(test_update_interrupt)
{
    put(B, UIE | H24);
    bench_pass(SECOND - 1);
    ck_assert(!irq());
    bench_pass(1);
    ck_assert(irq());
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER); /* until somebody looks */
    ck_assert_uint_eq(get(C) & ~0x60u, 0x90);
    ck_assert(!irq());
    ck_assert_uint_eq(get(C), 0);
    bench_pass(SECOND);
    ck_assert(irq());
    put(B, H24);
    ck_assert(!irq()); /* no enable, no line; the flag stays */
    ck_assert_uint_eq(get(C) & ~0x60u, 0x10);
}
END_TEST

/* Flags are set whether their interrupt is enabled or not; enabling one that is set raises it. */
START_TEST(test_flags_without_interrupt)
{
    put(1, 0);
    put(3, 0);
    put(5, 0);
    bench_pass(SECOND);
    ck_assert(!irq());
    put(B, UIE | H24);
    ck_assert(irq());
    ck_assert_uint_eq(get(C), 0xf0);
    ck_assert_uint_eq(bench.rises[IRQ_RTC], 1);
}
END_TEST

START_TEST(test_alarm)
{
    static const struct {
        unsigned before, hour, minute, second;
        uint64_t first, again; /* seconds from the one after `before` */
    } alarms[] = {
        {0x235958, 0x00, 0x00, 0x00, 1, 86401}, {0x123450, 0x12, 0x34, 0x56, 5, 86405},
        {0x122958, 0xff, 0x30, 0x00, 1, 3601},  {0x235958, 0xff, 0xc0, 0x10, 11, 71},
        {0x101010, 0xd0, 0xe0, 0xff, 1, 2},     {0x045958, 0x05, 0xff, 0x30, 31, 91},
    };

    for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
        set_clock(0x20260101, alarms[i].before);
        put(1, alarms[i].second);
        put(3, alarms[i].minute);
        put(5, alarms[i].hour);
        bench_pass(2 * SOON);
        get(C);
        put(B, AIE | H24);
        bench_pass(alarms[i].first * SECOND - SECOND / 2);
        ck_assert_msg(!irq(), "alarm %zu", i);
        bench_pass(SECOND / 2);
        ck_assert_msg(irq(), "alarm %zu", i);
        ck_assert_uint_eq(get(C) & ~0x40u, 0xb0);
        put(B, H24); /* the same again, found out afterwards */
        bench_pass((alarms[i].again - alarms[i].first) * SECOND - SECOND / 2);
        ck_assert_uint_eq(get(C) & 0x20, 0);
        bench_pass(SECOND / 2);
        ck_assert_uint_eq(get(C) & 0x20, 0x20);
    }
}
END_TEST

/* Rates 3-15: 2^(rate-1) ticks of 32768 Hz; 1 and 2 as 8 and 9. The divider is at 0 at the start. */
START_TEST(test_periodic)
{
    for (unsigned rate = 1; rate <= 15; rate++) {
        uint64_t ticks = 1ull << ((rate < 3 ? rate + 7 : rate) - 1), now, next;

        put(A, 0x20 | rate);
        put(B, PIE | H24);
        get(C);
        for (unsigned i = 0; i < 5; i++) {
            now = clock_now(bench.m) * 32768 / SECOND;
            next = (now / ticks + 1) * ticks;
            bench_pass((next * SECOND + 32767) / 32768 - clock_now(bench.m) - 1);
            ck_assert_msg(!irq(), "rate %u", rate);
            bench_pass(1);
            ck_assert_msg(irq(), "rate %u", rate);
            ck_assert_uint_eq(get(C) & ~0x30u, 0xc0);
        }
    }
    put(A, 0x20);
    get(C);
    bench_pass(10 * SECOND);
    ck_assert_uint_eq(get(C) & 0x40, 0);
    ck_assert(!irq());
}
END_TEST

START_TEST(test_idle)
{
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
    put(B, PIE | H24);
    ck_assert_uint_ne(bench.dev->deadline, DEVICE_NEVER);
    put(A, 0x76);
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
}
END_TEST

/* ---- the rest ------------------------------------------------------------------------------ */

START_TEST(test_ports)
{
    ck_assert_uint_eq(bench_in(ADDRESS), 0xff);
    put(0x40, 0x5a);
    put(0x7f, 0xa5);
    put(0xc0, 0x12); /* bit 7 is no address */
    ck_assert_uint_eq(get(0x40), 0x12);
    ck_assert_uint_eq(get(0x7f), 0xa5);
    put(C, 0xff);
    put(D, 0x00);
    ck_assert_uint_eq(get(C), 0);
    ck_assert_uint_eq(get(D), 0x80);
}
END_TEST

START_TEST(test_nmi_mask)
{
    bench_out(ADDRESS, 0x80);
    irq_raise_nmi(bench.m);
    ck_assert(!bench.m->irq.nmi);
    bench_out(ADDRESS, 0x00);
    ck_assert(bench.m->irq.nmi);
    bench.m->irq.nmi = false;
    bench_out(ADDRESS, 0x80);
    bench_out(ADDRESS, 0x00);
    ck_assert(!bench.m->irq.nmi);
    irq_raise_nmi(bench.m);
    ck_assert(bench.m->irq.nmi);
}
END_TEST

/* RESET clears enables and flags; time and RAM stay. */
START_TEST(test_reset)
{
    put(0x40, 0x5a);
    put(A, 0x2a);
    put(B, UIE | AIE | PIE | H24 | 0x08);
    bench_pass(2 * SECOND);
    ck_assert(irq());
    bench.dev->ops->reset(bench.dev);
    ck_assert(!irq());
    ck_assert_uint_eq(get(C), 0);
    ck_assert_uint_eq(get(B), H24);
    ck_assert_uint_eq(get(A), 0x2a);
    ck_assert_uint_eq(get(0x40), 0x5a);
    ck_assert_uint_eq(clock_time(), 1);
}
END_TEST

static unsigned word(unsigned reg)
{
    return get(reg) | get(reg + 1) << 8;
}

/* As a BIOS finds it: KiB to 640, KiB from 1 MiB, 64 KiB from 16 MiB, 64 KiB from 4 GiB. */
START_TEST(test_memory_size)
{
    static const struct {
        uint64_t size;
        unsigned extended, above16, above4g;
    } sizes[] = {{1u << 20, 0, 0, 0},
                 {16u << 20, 15 << 10, 0, 0},
                 {64u << 20, 63 << 10, 48 << 4, 0},
                 {128u << 20, 0xffff, 112 << 4, 0},
                 {4ull << 30, 0xffff, 0xbf00, 0x4000}};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct machine_config config = MACHINE_CONFIG_DEFAULT;
        unsigned sum = 0;

        bench_teardown();
        config.ram_size = sizes[i].size;
        bench_setup(&config, ADDRESS, bench.moving);
        ck_assert_uint_eq(word(0x15), 640);
        ck_assert_uint_eq(word(0x17), sizes[i].extended);
        ck_assert_uint_eq(word(0x30), sizes[i].extended);
        ck_assert_uint_eq(word(0x34), sizes[i].above16);
        ck_assert_uint_eq(word(0x5b), sizes[i].above4g);
        for (unsigned reg = 0x10; reg < 0x2e; reg++)
            sum += get(reg);
        ck_assert_uint_eq(get(0x2e) << 8 | get(0x2f), sum);
    }
}
END_TEST

START_TEST(test_broken_states)
{
    put(B, UIE | AIE | PIE | H24);
    put(A, 0x23);
    bench_pass(SECOND / 3);
    bench_broken_states(ADDRESS, 2);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, test_start);
    tcase_add_test(tc, test_calendar);
    tcase_add_test(tc, test_long_sleep);
    tcase_add_loop_test(tc, test_formats, 0, 4);
    tcase_add_test(tc, test_format_change);
    tcase_add_test(tc, test_nonsense);
    tcase_add_test(tc, test_update_in_progress);
    tcase_add_test(tc, test_set);
    tcase_add_test(tc, test_divider);
    tcase_add_test(tc, test_update_interrupt);
    tcase_add_test(tc, test_flags_without_interrupt);
    tcase_add_test(tc, test_alarm);
    tcase_add_test(tc, test_periodic);
    tcase_add_test(tc, test_idle);
    tcase_add_test(tc, test_ports);
    tcase_add_test(tc, test_nmi_mask);
    tcase_add_test(tc, test_reset);
    tcase_add_test(tc, test_memory_size);
    tcase_add_test(tc, test_broken_states);
}

int main(void)
{
    return bench_main("rtc", setup, setup_moving, add_tests);
}

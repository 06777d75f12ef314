/*
 * device/pit.c: each mode pulse by pulse against the waveforms of the data sheet, gates, new counts
 * in mid-cycle, BCD, byte access, latches, read-back, port 61h, and time without drift. Everything
 * runs twice, the second time with a save and a load before each step.
 */
#include "tests/support/device_bench.h"

#include <stdlib.h>

#define C0 0x40
#define C2 0x42
#define CONTROL 0x43
#define PORT_B 0x61
#define PIT_HZ 1193182ull
#define NULL_COUNT 0x40
#define OUT 0x80

static uint64_t pulse; /* where the bench's clock stands */

static void setup_moving_or_not(bool moving)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    bench_setup(&config, C0, moving);
    pulse = 0;
}

static void setup(void)
{
    setup_moving_or_not(false);
}

static void setup_moving(void)
{
    setup_moving_or_not(true);
}

static void out(uint16_t port, unsigned value)
{
    bench_out(port, value);
}

static unsigned in(uint16_t port)
{
    return bench_in(port);
}

/* First ns of a pulse. */
static uint64_t time_of(uint64_t p)
{
    return (p * CLOCK_HZ + PIT_HZ - 1) / PIT_HZ;
}

static void pass(uint64_t pulses)
{
    pulse += pulses;
    bench_pass(time_of(pulse) - clock_now(bench.m));
}

/* Counter `c` in a mode with two-byte access, binary. */
static void set_mode(unsigned c, unsigned mode, unsigned count)
{
    out(CONTROL, c << 6 | 0x30 | mode << 1);
    out((uint16_t)(C0 + c), count & 0xff);
    out((uint16_t)(C0 + c), count >> 8);
}

static void set_count(unsigned c, unsigned count)
{
    out((uint16_t)(C0 + c), count & 0xff);
    out((uint16_t)(C0 + c), count >> 8);
}

static unsigned count_of(unsigned c)
{
    unsigned low;

    out(CONTROL, c << 6);
    low = in((uint16_t)(C0 + c));
    return low | in((uint16_t)(C0 + c)) << 8;
}

static unsigned status_of(unsigned c)
{
    out(CONTROL, 0xe0 | 2u << c);
    return in((uint16_t)(C0 + c));
}

static bool output(unsigned c)
{
    return status_of(c) & OUT;
}

/* ---- the modes ----------------------------------------------------------------------------- */

/* From the pulse that loads the counter: what it holds and OUT. */
static const struct waveform {
    unsigned mode, count;
    struct {
        unsigned count;
        bool out;
    } at[9];
} waveforms[] = {
    {0,
     4,
     {{4, 0}, {3, 0}, {2, 0}, {1, 0}, {0, 1}, {0xffff, 1}, {0xfffe, 1}, {0xfffd, 1}, {0xfffc, 1}}},
    {1,
     3,
     {{3, 0},
      {2, 0},
      {1, 0},
      {0, 1},
      {0xffff, 1},
      {0xfffe, 1},
      {0xfffd, 1},
      {0xfffc, 1},
      {0xfffb, 1}}},
    {2, 3, {{3, 1}, {2, 1}, {1, 0}, {3, 1}, {2, 1}, {1, 0}, {3, 1}, {2, 1}, {1, 0}}},
    {6, 3, {{3, 1}, {2, 1}, {1, 0}, {3, 1}, {2, 1}, {1, 0}, {3, 1}, {2, 1}, {1, 0}}},
    {3, 4, {{4, 1}, {2, 1}, {4, 0}, {2, 0}, {4, 1}, {2, 1}, {4, 0}, {2, 0}, {4, 1}}},
    {7, 4, {{4, 1}, {2, 1}, {4, 0}, {2, 0}, {4, 1}, {2, 1}, {4, 0}, {2, 0}, {4, 1}}},
    {3, 5, {{4, 1}, {2, 1}, {0, 1}, {4, 0}, {2, 0}, {4, 1}, {2, 1}, {0, 1}, {4, 0}}},
    {4,
     3,
     {{3, 1},
      {2, 1},
      {1, 1},
      {0, 0},
      {0xffff, 1},
      {0xfffe, 1},
      {0xfffd, 1},
      {0xfffc, 1},
      {0xfffb, 1}}},
    {5,
     3,
     {{3, 1},
      {2, 1},
      {1, 1},
      {0, 0},
      {0xffff, 1},
      {0xfffe, 1},
      {0xfffd, 1},
      {0xfffc, 1},
      {0xfffb, 1}}},
};

static void check_waveform(unsigned c, const struct waveform *w)
{
    for (unsigned i = 0; i < 9; i++) {
        ck_assert_msg(count_of(c) == w->at[i].count, "mode %u, %u pulses: count %x", w->mode, i,
                      count_of(c));
        ck_assert_msg(output(c) == w->at[i].out, "mode %u, %u pulses: OUT", w->mode, i);
        if (c == 0)
            ck_assert_uint_eq(bench.level[IRQ_TIMER], w->at[i].out);
        pass(1);
    }
}

START_TEST(test_waveforms)
{
    const struct waveform *w = &waveforms[_i];

    for (unsigned c = 0; c <= 2; c += 2) {
        bool triggered = w->mode == 1 || w->mode == 5;

        if (triggered && c == 0)
            continue; /* its gate never rises */
        out(PORT_B, triggered ? 0 : 1);
        set_mode(c, w->mode, w->count);
        ck_assert_uint_eq(output(c), w->mode != 0);
        ck_assert_uint_eq(status_of(c) & NULL_COUNT, NULL_COUNT);
        pass(1);
        if (triggered) {
            ck_assert(output(c));
            ck_assert_uint_eq(status_of(c) & NULL_COUNT, NULL_COUNT);
            out(PORT_B, 1);
            pass(1);
        }
        ck_assert_uint_eq(status_of(c) & NULL_COUNT, 0);
        check_waveform(c, w);
    }
}
END_TEST

/* In modes 0 and 4 a low gate holds the count, and OUT stays. */
START_TEST(test_gate_holds)
{
    for (unsigned mode = 0; mode <= 4; mode += 4) {
        out(PORT_B, 1);
        set_mode(2, mode, 10);
        pass(4);
        out(PORT_B, 0);
        pass(100);
        ck_assert_uint_eq(count_of(2), 7);
        ck_assert_uint_eq(output(2), mode == 4);
        out(PORT_B, 1);
        pass(3);
        ck_assert_uint_eq(count_of(2), 4);
        out(PORT_B, 0);
        set_mode(2, mode, 10); /* loaded all the same */
        pass(5);
        ck_assert_uint_eq(count_of(2), 10);
        out(PORT_B, 1);
        pass(10);
        ck_assert_uint_eq(output(2), mode == 0);
    }
}
END_TEST

/* In modes 2 and 3 a low gate sets OUT high at once; its rise starts over on the next pulse. */
START_TEST(test_gate_restarts)
{
    for (unsigned mode = 2; mode <= 3; mode++) {
        out(PORT_B, 1);
        set_mode(2, mode, 6);
        pass(6);
        ck_assert(!output(2));
        out(PORT_B, 0);
        ck_assert(output(2));
        pass(100);
        ck_assert_uint_eq(count_of(2), mode == 2 ? 1 : 2);
        out(PORT_B, 1);
        ck_assert_uint_eq(count_of(2), mode == 2 ? 1 : 2);
        pass(1);
        ck_assert_uint_eq(count_of(2), 6);
        pass(5);
        ck_assert(!output(2));
    }
}
END_TEST

START_TEST(test_one_shot_again)
{
    set_mode(2, 1, 5);
    pass(20);
    ck_assert(output(2)); /* armed, not triggered */
    out(PORT_B, 1);
    pass(4);
    ck_assert(!output(2));
    out(PORT_B, 0); /* the level does not matter */
    out(PORT_B, 1); /* the edge starts over */
    pass(5);
    ck_assert(!output(2));
    pass(1);
    ck_assert(output(2));
    out(PORT_B, 0);
    out(PORT_B, 1);
    pass(2);
    set_count(2, 9); /* for the next trigger */
    ck_assert_uint_eq(status_of(2) & NULL_COUNT, NULL_COUNT);
    pass(4);
    ck_assert(output(2));
    out(PORT_B, 0);
    out(PORT_B, 1);
    pass(1);
    ck_assert_uint_eq(count_of(2), 9);
}
END_TEST

/* Mode 0: the first byte stops the counter and pulls OUT down; the second starts it anew. */
START_TEST(test_new_count_mode0)
{
    set_mode(0, 0, 3);
    pass(4);
    ck_assert(bench.level[IRQ_TIMER]);
    out(C0, 5);
    ck_assert(!bench.level[IRQ_TIMER]);
    pass(50);
    ck_assert_uint_eq(count_of(0), 0);
    out(C0, 0);
    pass(5);
    ck_assert(!bench.level[IRQ_TIMER]);
    pass(1);
    ck_assert(bench.level[IRQ_TIMER]);
}
END_TEST

/* Mode 2: a new count waits for the end of the period; mode 3: of the half; mode 4: it is loaded. */
START_TEST(test_new_count_in_cycle)
{
    set_mode(0, 2, 10);
    pass(4);
    set_count(0, 4);
    ck_assert_uint_eq(status_of(0) & NULL_COUNT, NULL_COUNT);
    pass(6);
    ck_assert_uint_eq(count_of(0), 1);
    pass(1);
    ck_assert_uint_eq(count_of(0), 4);
    ck_assert_uint_eq(status_of(0) & NULL_COUNT, 0);
    pass(4);
    ck_assert_uint_eq(count_of(0), 4);

    set_mode(0, 3, 10);
    pass(2);
    set_count(0, 4);
    pass(3);
    ck_assert_uint_eq(count_of(0), 2);
    ck_assert(output(0));
    pass(1);
    ck_assert_uint_eq(count_of(0), 4);
    ck_assert(!output(0));
    pass(2);
    ck_assert(output(0));

    set_mode(0, 4, 10);
    pass(4);
    out(C0, 20); /* the first byte does nothing */
    pass(1);
    ck_assert_uint_eq(count_of(0), 6);
    out(C0, 0);
    pass(1);
    ck_assert_uint_eq(count_of(0), 20);
}
END_TEST

START_TEST(test_largest_count)
{
    set_mode(0, 0, 0);
    pass(65536);
    ck_assert_uint_eq(count_of(0), 1);
    ck_assert_uint_eq(bench.rises[IRQ_TIMER], 0);
    pass(1);
    ck_assert_uint_eq(bench.rises[IRQ_TIMER], 1);
}
END_TEST

START_TEST(test_forbidden_count)
{
    for (unsigned mode = 2; mode <= 3; mode++) {
        set_mode(0, mode, 1);
        pass(10);
        ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
        ck_assert(bench.level[IRQ_TIMER]);
    }
}
END_TEST

START_TEST(test_bcd)
{
    out(CONTROL, 0x31);
    out(C0, 0x00);
    out(C0, 0x12);
    pass(1);
    ck_assert_uint_eq(count_of(0), 0x1200);
    pass(1);
    ck_assert_uint_eq(count_of(0), 0x1199);
    pass(1199);
    ck_assert_uint_eq(count_of(0), 0);
    pass(1);
    ck_assert_uint_eq(count_of(0), 0x9999);
    out(CONTROL, 0x35);
    set_count(0, 0); /* 10000 */
    pass(1);
    ck_assert_uint_eq(count_of(0), 0);
    pass(9999);
    ck_assert_uint_eq(count_of(0), 1);
    ck_assert(!bench.level[IRQ_TIMER]);
    pass(1);
    ck_assert(bench.level[IRQ_TIMER]);
}
END_TEST

/* ---- against a counter that counts --------------------------------------------------------- */

/* Counter 2 as the data sheet tells it, a pulse at a time. */
struct model {
    unsigned mode, reload, element;
    bool gate, out, armed, loaded, load, active, odd, null_count;
};

static void model_control(struct model *m, unsigned mode)
{
    *m = (struct model){.mode = mode, .gate = m->gate, .out = mode != 0, .null_count = true};
}

static void model_count(struct model *m, unsigned count)
{
    m->reload = count;
    m->armed = m->null_count = true;
    if (m->mode == 0)
        m->out = false;
    if (m->mode == 0 || m->mode == 4 || ((m->mode == 2 || m->mode == 3) && !m->loaded))
        m->load = true;
}

static void model_gate(struct model *m, bool gate)
{
    if (gate && !m->gate && m->armed && m->mode != 0 && m->mode != 4)
        m->load = true;
    if (!gate && (m->mode == 2 || m->mode == 3))
        m->out = true;
    m->gate = gate;
}

static void model_load(struct model *m)
{
    m->element = m->reload;
    m->odd = m->mode == 3 && m->reload % 2;
    m->element -= m->odd;
    m->load = m->null_count = false;
    m->loaded = m->active = true;
}

/* Down to 0, where something happens once; then on through ffff. */
static bool model_expires(struct model *m)
{
    bool expires;

    m->element = (m->element - 1) & 0xffff;
    expires = m->active && m->element == 0;
    m->active = m->active && !expires;
    return expires;
}

static void model_rate(struct model *m)
{
    if (m->element == 1)
        model_load(m);
    else
        m->element--;
    m->out = m->element != 1;
}

static void model_square(struct model *m)
{
    bool over = m->out && m->odd ? m->element == 0 : m->element == 2;

    if (over) {
        m->out = !m->out;
        model_load(m);
    } else {
        m->element -= 2;
    }
}

static void model_pulse(struct model *m)
{
    bool triggered = m->mode == 1 || m->mode == 5;

    if (m->mode >= 4)
        m->out = true;
    if (m->load) {
        model_load(m);
        m->out = m->mode >= 2;
    } else if (m->loaded && (m->gate || triggered)) {
        if (m->mode == 2)
            model_rate(m);
        else if (m->mode == 3)
            model_square(m);
        else if (model_expires(m))
            m->out = m->mode < 4;
    }
}

/* In the pulse of its strobe the gate of mode 4 is left alone, see pit.c. */
static void random_step(struct model *m)
{
    unsigned choice = (unsigned)rand() % 16, value = 2 + (unsigned)rand() % 12;

    if (choice == 0) {
        out(CONTROL, 0xb0 | value % 6 << 1);
        model_control(m, value % 6);
    } else if (choice < 4) {
        set_count(2, value);
        model_count(m, value);
    } else if (choice < 8 && (m->mode != 4 || m->out)) {
        out(PORT_B, value & 1);
        model_gate(m, value & 1);
    } else {
        for (unsigned i = 0; i < value; i++)
            model_pulse(m);
        pass(value);
    }
}

START_TEST(test_against_model)
{
    struct model m = {0};

    srand(1);
    out(CONTROL, 0xb0);
    model_control(&m, 0);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned status;

        random_step(&m);
        status = status_of(2);
        ck_assert_msg(!(status & OUT) == !m.out, "step %u, mode %u: OUT", i, m.mode);
        ck_assert_msg(!(status & NULL_COUNT) == !m.null_count, "step %u, mode %u: null count", i,
                      m.mode);
        if (m.loaded)
            ck_assert_msg(count_of(2) == m.element, "step %u, mode %u: count %u, wanted %u", i,
                          m.mode, count_of(2), m.element);
    }
}
END_TEST

/* ---- access -------------------------------------------------------------------------------- */

START_TEST(test_single_bytes)
{
    out(CONTROL, 0x10); /* LSB only: the other is 0 */
    out(C0, 0x34);
    pass(1);
    ck_assert_uint_eq(in(C0), 0x34);
    ck_assert_uint_eq(in(C0), 0x34);
    out(CONTROL, 0x20); /* MSB only */
    out(C0, 0x12);
    pass(1);
    ck_assert_uint_eq(in(C0), 0x12);
    pass(1);
    ck_assert_uint_eq(in(C0), 0x11);
    out(CONTROL, 0x00); /* latched: one byte */
    pass(0x200);
    ck_assert_uint_eq(in(C0), 0x11);
    ck_assert_uint_eq(in(C0), 0x0f);
}
END_TEST

/* The flip-flops for reading and writing are two. */
START_TEST(test_two_bytes)
{
    set_mode(0, 2, 0x1234);
    pass(1);
    ck_assert_uint_eq(in(C0), 0x34);
    out(C0, 0x78);
    ck_assert_uint_eq(in(C0), 0x12);
    out(C0, 0x56);
    pass(0x1234);
    ck_assert_uint_eq(in(C0), 0x78);
    ck_assert_uint_eq(in(C0), 0x56);
}
END_TEST

START_TEST(test_latch)
{
    set_mode(0, 2, 0x1234);
    pass(1);
    out(CONTROL, 0x00);
    pass(5);
    out(CONTROL, 0x00); /* the first one holds */
    ck_assert_uint_eq(in(C0), 0x34);
    pass(5);
    ck_assert_uint_eq(in(C0), 0x12);
    ck_assert_uint_eq(in(C0), 0x2a);
    ck_assert_uint_eq(in(C0), 0x12);
    out(CONTROL, 0x00);
    set_mode(0, 2, 7); /* a control word drops the latch */
    pass(1);
    ck_assert_uint_eq(in(C0), 7);
}
END_TEST

/* Status first, then the count, whatever order they were latched in; several counters at once. */
START_TEST(test_read_back)
{
    out(PORT_B, 1);
    set_mode(0, 2, 0x1234);
    out(CONTROL, 0x91); /* counter 2, LSB, mode 0, BCD */
    out(C2, 0x10);
    pass(1);
    out(CONTROL, 0xda); /* counts of 0 and 2 */
    pass(3);
    out(CONTROL, 0xea); /* their statuses */
    pass(20);
    out(CONTROL, 0xca); /* both again: nothing changes */
    ck_assert_uint_eq(in(C0), 0xb4);
    ck_assert_uint_eq(in(C0), 0x34);
    ck_assert_uint_eq(in(C0), 0x12);
    ck_assert_uint_eq(in(C2), 0x11);
    ck_assert_uint_eq(in(C2), 0x10);
    ck_assert_uint_eq(status_of(2), 0x91); /* it has run down */
    out(CONTROL, 0x91);
    ck_assert_uint_eq(status_of(2), 0x51);
    ck_assert_uint_eq(in(CONTROL), 0xff);
}
END_TEST

/* ---- the board ----------------------------------------------------------------------------- */

START_TEST(test_port_b)
{
    ck_assert_uint_eq(in(PORT_B) & ~0x10u, 0x20); /* gate low, OUT2 high */
    out(PORT_B, 0xff);
    ck_assert_uint_eq(in(PORT_B) & ~0x10u, 0x2f);
    set_mode(2, 0, 5);
    ck_assert_uint_eq(in(PORT_B) & ~0x10u, 0x0f);
    pass(6);
    ck_assert_uint_eq(in(PORT_B) & ~0x10u, 0x2f);
    for (unsigned i = 0; i < 10; i++) {
        unsigned before = in(PORT_B);

        pass(18);
        ck_assert_uint_eq(in(PORT_B) ^ before, 0x10);
    }
}
END_TEST

/* An hour of the PC's 18.2 Hz: the last edge is where arithmetic says, to the nanosecond. */
START_TEST(test_no_drift)
{
    set_mode(0, 3, 0);
    for (unsigned i = 1; i <= 65543; i++) {
        bench.m->slept = bench.dev->deadline - bench.m->insns;
        clock_tick(bench.m);
        bench.m->slept = bench.dev->deadline - bench.m->insns;
        clock_tick(bench.m);
    }
    ck_assert_uint_eq(bench.rises[IRQ_TIMER], 65542);
    ck_assert_uint_eq(bench.rose_at[IRQ_TIMER], time_of(1 + 65542ull * 65536));
}
END_TEST

START_TEST(test_idle)
{
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
    ck_assert(bench.level[IRQ_TIMER]);
    set_mode(0, 0, 100);
    ck_assert_uint_ne(bench.dev->deadline, DEVICE_NEVER);
    pass(200);
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
    set_mode(2, 2, 100);
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER); /* nobody sees its edges */
}
END_TEST

START_TEST(test_reset)
{
    set_mode(0, 2, 100);
    out(PORT_B, 0x0f);
    bench.dev->ops->reset(bench.dev);
    ck_assert_uint_eq(bench.dev->deadline, DEVICE_NEVER);
    ck_assert_uint_eq(in(PORT_B)&0x0f, 0);
    ck_assert_uint_eq(status_of(0), OUT | NULL_COUNT | 0x36);
}
END_TEST

START_TEST(test_broken_states)
{
    set_mode(0, 2, 2);
    out(PORT_B, 1);
    set_mode(2, 3, 0x1234);
    pass(1000);
    out(CONTROL, 0xca);
    bench_broken_states(C0, 4);
    bench_broken_states(PORT_B, 1);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_loop_test(tc, test_waveforms, 0, sizeof(waveforms) / sizeof(waveforms[0]));
    tcase_add_test(tc, test_gate_holds);
    tcase_add_test(tc, test_gate_restarts);
    tcase_add_test(tc, test_one_shot_again);
    tcase_add_test(tc, test_new_count_mode0);
    tcase_add_test(tc, test_new_count_in_cycle);
    tcase_add_test(tc, test_against_model);
    tcase_add_test(tc, test_largest_count);
    tcase_add_test(tc, test_forbidden_count);
    tcase_add_test(tc, test_bcd);
    tcase_add_test(tc, test_single_bytes);
    tcase_add_test(tc, test_two_bytes);
    tcase_add_test(tc, test_latch);
    tcase_add_test(tc, test_read_back);
    tcase_add_test(tc, test_port_b);
    tcase_add_test(tc, test_no_drift);
    tcase_add_test(tc, test_idle);
    tcase_add_test(tc, test_reset);
    tcase_add_test(tc, test_broken_states);
}

int main(void)
{
    return bench_main("pit", setup, setup_moving, add_tests);
}

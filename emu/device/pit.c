/*
 * The i8254 programmable interval timer (Intel 82C54 data sheet, 231244-006) as a PC wires it, and
 * port 61h, system control port B (Intel 82371AB, PIIX4, data sheet: NMISC).
 *
 *   40h-42h  counters 0-2            counter 0: gate high, OUT is IRQ 0
 *   43h      control word            counter 1: gate high, OUT goes nowhere
 *                                    counter 2: gate is port 61h bit 0, OUT is its bit 5
 *
 *   control word  SC1 SC0 RW1 RW0 M2 M1 M0 BCD     SC 11: read-back; RW 00: latch
 *   status        OUT NULL RW1 RW0 M2 M1 M0 BCD
 *   61h           0 0 OUT2 refresh iochk-off parity-off speaker gate2
 *
 * No counter counts: what it would hold follows from the clock pulse that loaded it. Only the edges
 * of OUT 0 have deadlines.
 *
 * Choices:
 * - A counter is loaded by the clock pulse after the write, or after the rise of its gate; so what
 *   takes N pulses in the data sheet takes up to one more, as it says.
 * - Before its first control word, of which the data sheet says nothing, a counter stands still in
 *   mode 3 with OUT high. There is no BIOS here to have started it.
 * - The refresh bit turns over every 18 pulses, 15 us, whatever counter 1 does, as chipsets with a
 *   refresh of their own have it. The two NMI disables are stored; there is no speaker.
 * - A count of 1 in modes 2 and 3, which the data sheet forbids, gives no edges.
 * - In mode 4 a gate that falls in the very pulse of the strobe holds the strobe, too.
 *
 * The state, as saved: three counters of 37 bytes (save_counter()), then bits 0-3 of port 61h.
 */
#include "core/clock.h"
#include "core/machine.h"
#include "device/devices.h"
#include "device/pit_parts.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIT_PORT 0x40
#define PORT_B 0x61
#define REFRESH_PULSES 18
#define COUNTER_STATE_SIZE 37
#define STATE_SIZE (COUNTERS * COUNTER_STATE_SIZE + 1)

enum pit_offset { PIT_CONTROL = 3, PIT_PORT_B = 4 };

enum { READ_BACK_NO_STATUS = 0x10, READ_BACK_NO_COUNT = 0x20 };

/* ---- clock pulses -------------------------------------------------------------------------- */

/* Pulses since time 0; of 128 bits, so that no rounding adds up. */
static uint64_t pulses_at(uint64_t ns)
{
    return (uint64_t)((unsigned __int128)ns * PIT_HZ / CLOCK_HZ);
}

/* The first ns of a pulse. */
static uint64_t time_of(uint64_t pulse)
{
    return (uint64_t)(((unsigned __int128)pulse * CLOCK_HZ + PIT_HZ - 1) / PIT_HZ);
}

static uint64_t pulse_now(const struct device *dev)
{
    return pulses_at(clock_now(dev->machine));
}

/* ---- one counter --------------------------------------------------------------------------- */

enum mode pit_mode(const struct counter *c)
{
    unsigned mode = c->control >> 1 & 7;

    return (enum mode)(mode > 5 ? mode - 4 : mode); /* M2 does not count in modes 2 and 3 */
}

unsigned pit_access(const struct counter *c)
{
    return c->control >> 4 & 3;
}

static bool is_periodic(const struct counter *c)
{
    return pit_mode(c) == MODE_RATE || pit_mode(c) == MODE_SQUARE;
}

/* The gate starts these; in all others its level lets them count. */
static bool is_triggered(const struct counter *c)
{
    return pit_mode(c) == MODE_ONE_SHOT || pit_mode(c) == MODE_HW_STROBE;
}

static unsigned modulus(const struct counter *c)
{
    return c->control & CONTROL_BCD ? 10000 : 65536;
}

/* 0 is the largest count. */
static uint32_t reload_count(const struct counter *c)
{
    uint16_t r = c->reload;
    uint32_t count = r;

    if (c->control & CONTROL_BCD)
        count = (r >> 12) * 1000u + (r >> 8 & 15) * 100u + (r >> 4 & 15) * 10u + (r & 15);
    count %= modulus(c);
    return count ? count : modulus(c);
}

static uint16_t to_digits(const struct counter *c, uint32_t value)
{
    value %= modulus(c);
    if (!(c->control & CONTROL_BCD))
        return (uint16_t)value;
    return (uint16_t)(value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 |
                      value % 10);
}

static uint64_t elapsed(const struct counter *c, uint64_t pulse)
{
    return c->running ? pulse - c->start : c->held;
}

/* Mode 3: an odd count is high for one pulse longer. */
static uint32_t half_period(const struct counter *c)
{
    return c->high ? (c->count + 1) / 2 : c->count / 2;
}

static void stop_counting(struct counter *c, uint64_t pulse)
{
    c->held = elapsed(c, pulse);
    c->running = false;
    c->start = 0;
}

static void go_on_counting(struct counter *c, uint64_t pulse)
{
    c->start = pulse - elapsed(c, pulse);
    c->running = true;
    c->held = 0;
}

static void load_counter(struct counter *c, uint64_t pulse)
{
    c->count = reload_count(c);
    c->null_count = c->low = false;
    c->high = true;
    c->load_at = NEVER;
    c->running = c->gate || is_triggered(c);
    c->start = c->running ? pulse : 0;
    c->held = 0;
}

/* A count written in mid-cycle waits for the end of the period, in mode 3 of its half. */
static void take_new_count(struct counter *c, uint64_t pulse)
{
    uint32_t length = pit_mode(c) == MODE_RATE ? c->count : half_period(c);

    if (!c->null_count || c->load_at != NEVER || pulse - c->start < length)
        return;
    c->start += length;
    c->high = !c->high;
    c->count = reload_count(c);
    c->null_count = false;
}

/* Bring a periodic counter to the period, in mode 3 the half, of this pulse. */
static void skip_periods(struct counter *c, uint64_t pulse)
{
    c->start += (pulse - c->start) / c->count * c->count;
    while (pit_mode(c) == MODE_SQUARE && pulse - c->start >= half_period(c)) {
        c->start += half_period(c);
        c->high = !c->high;
    }
}

/* All that has happened up to and with this pulse. */
static void advance(struct counter *c, uint64_t pulse)
{
    if (is_periodic(c) && c->running && c->load_at > pulse) {
        take_new_count(c, pulse);
        skip_periods(c, pulse);
    } else if (c->load_at <= pulse) {
        load_counter(c, c->load_at);
        advance(c, pulse);
    }
}

/* The pin. The counter has been brought to this pulse. */
bool pit_output(const struct counter *c, uint64_t pulse)
{
    uint64_t done = elapsed(c, pulse);

    switch (pit_mode(c)) {
    case MODE_TERMINAL:
        return c->count && !c->low && done >= c->count;
    case MODE_ONE_SHOT:
        return done >= c->count;
    case MODE_RATE:
        return !c->running || c->count == 1 || done != c->count - 1;
    case MODE_SQUARE:
        return !c->running || c->high;
    case MODE_STROBE:
    case MODE_HW_STROBE:
        return !c->count || done != c->count;
    }
    return true;
}

/* CE: counts down, by two in mode 3; what does not start over runs through 0. */
uint16_t pit_counting_element(const struct counter *c, uint64_t pulse)
{
    uint64_t done = elapsed(c, pulse);

    if (!c->count)
        return 0;
    if (pit_mode(c) == MODE_SQUARE)
        return to_digits(c, (c->count & ~1u) - 2 * (uint32_t)done);
    return to_digits(c, c->count + modulus(c) - (uint32_t)(done % modulus(c)));
}

uint8_t pit_status(const struct counter *c, uint64_t pulse)
{
    return c->control | (c->null_count ? STATUS_NULL : 0) | (pit_output(c, pulse) ? STATUS_OUT : 0);
}

/* The next pulse at which OUT can change, or NEVER. */
static uint64_t next_event(const struct counter *c, uint64_t pulse)
{
    uint64_t done = elapsed(c, pulse), event = NEVER;

    if (!c->running || (is_periodic(c) && c->count < 2))
        return c->load_at;
    switch (pit_mode(c)) {
    case MODE_TERMINAL:
    case MODE_ONE_SHOT:
        event = done < c->count ? c->start + c->count : NEVER;
        break;
    case MODE_RATE:
        event = c->start + c->count - (done < c->count - 1);
        break;
    case MODE_SQUARE:
        event = c->start + half_period(c);
        break;
    case MODE_STROBE:
    case MODE_HW_STROBE:
        event = done <= c->count ? c->start + c->count + (done == c->count) : NEVER;
        break;
    }
    return event < c->load_at ? event : c->load_at;
}

/* ---- programming --------------------------------------------------------------------------- */

static void write_control(struct counter *c, uint8_t control)
{
    *c = (struct counter){.control = control & CONTROL_KEPT,
                          .gate = c->gate,
                          .null_count = true,
                          .high = true,
                          .load_at = NEVER};
}

static void latch_count(struct counter *c, uint64_t pulse)
{
    if (c->latched)
        return;
    c->latch = pit_counting_element(c, pulse);
    c->latched = pit_access(c) == RW_BOTH ? 2 : 1;
}

static void latch_status(struct counter *c, uint64_t pulse)
{
    if (c->status_latched)
        return;
    c->status = pit_status(c, pulse);
    c->status_latched = true;
}

/* Mode 0: the first of two bytes stops the counter, and any pulls OUT low. */
static void begin_count(struct counter *c, uint64_t pulse, bool first_of_two)
{
    if (pit_mode(c) != MODE_TERMINAL)
        return;
    c->low = true;
    if (first_of_two) {
        stop_counting(c, pulse);
        c->load_at = NEVER;
    }
}

static void complete_count(struct counter *c, uint64_t pulse)
{
    c->null_count = c->armed = true;
    if (!is_triggered(c) && (!is_periodic(c) || !c->count))
        c->load_at = pulse + 1;
}

static void write_count(struct counter *c, uint8_t value, uint64_t pulse)
{
    bool both = pit_access(c) == RW_BOTH;
    bool msb = both ? c->write_msb : pit_access(c) == RW_MSB;

    begin_count(c, pulse, both && !msb);
    if (both)
        c->reload =
            msb ? (uint16_t)((c->reload & 0xff) | value << 8) : (c->reload & 0xff00) | value;
    else
        c->reload = msb ? (uint16_t)(value << 8) : value;
    c->write_msb = both && !msb;
    if (!c->write_msb)
        complete_count(c, pulse);
}

static uint8_t read_count(struct counter *c, uint64_t pulse)
{
    uint16_t value = c->latched ? c->latch : pit_counting_element(c, pulse);
    bool both = pit_access(c) == RW_BOTH;
    bool msb = both ? c->read_msb : pit_access(c) == RW_MSB;

    if (c->status_latched) {
        c->status_latched = false;
        return c->status;
    }
    if (c->latched)
        c->latched--;
    c->read_msb = both && !msb;
    return (uint8_t)(msb ? value >> 8 : value);
}

static void set_gate(struct counter *c, bool gate, uint64_t pulse)
{
    bool rises = gate && !c->gate, level = !is_triggered(c);

    c->gate = gate;
    if (rises && c->armed && (is_triggered(c) || is_periodic(c)))
        c->load_at = pulse + 1;
    else if (rises && level && c->count && !(c->low && c->write_msb))
        go_on_counting(c, pulse);
    else if (!gate && level)
        stop_counting(c, pulse);
}

/* ---- the chip ------------------------------------------------------------------------------ */

static void update_line(struct device *dev, uint64_t pulse)
{
    const struct pit *pit = dev->priv;
    const struct counter *c = &pit->counters[0];
    uint64_t event = next_event(c, pulse);

    irq_set(dev->machine, IRQ_TIMER, pit_output(c, pulse));
    dev->deadline = event == NEVER ? DEVICE_NEVER : time_of(event);
}

/* One edge at a time, so that none is lost between two others. */
static void pit_tick(struct device *dev)
{
    struct pit *pit = dev->priv;
    uint64_t pulse = pulses_at(dev->deadline);

    advance(&pit->counters[0], pulse);
    update_line(dev, pulse);
}

static uint64_t catch_up(struct device *dev)
{
    struct pit *pit = dev->priv;
    uint64_t pulse = pulse_now(dev);

    while (dev->deadline <= clock_now(dev->machine))
        pit_tick(dev);
    for (unsigned i = 0; i < COUNTERS; i++)
        advance(&pit->counters[i], pulse);
    return pulse;
}

uint64_t pit_now(const struct device *dev, struct pit *now)
{
    uint64_t pulse = pulse_now(dev);

    *now = *(const struct pit *)dev->priv;
    for (unsigned i = 0; i < COUNTERS; i++)
        advance(&now->counters[i], pulse);
    return pulse;
}

/* 1 1 /COUNT /STATUS CNT2 CNT1 CNT0 0 */
static void read_back(struct pit *pit, uint8_t command, uint64_t pulse)
{
    for (unsigned i = 0; i < COUNTERS; i++) {
        if (!(command & 2u << i))
            continue;
        if (!(command & READ_BACK_NO_COUNT))
            latch_count(&pit->counters[i], pulse);
        if (!(command & READ_BACK_NO_STATUS))
            latch_status(&pit->counters[i], pulse);
    }
}

static void write_command(struct pit *pit, uint8_t command, uint64_t pulse)
{
    unsigned select = command >> 6;

    if (select == COUNTERS)
        read_back(pit, command, pulse);
    else if ((command >> 4 & 3) == RW_LATCH)
        latch_count(&pit->counters[select], pulse);
    else
        write_control(&pit->counters[select], command);
}

static void write_port_b(struct pit *pit, uint8_t value, uint64_t pulse)
{
    pit->port_b = value & PORT_B_KEPT;
    set_gate(&pit->counters[2], value & PORT_B_GATE2, pulse);
}

uint8_t pit_port_b(const struct pit *pit, uint64_t pulse)
{
    return pit->port_b | (pulse / REFRESH_PULSES & 1 ? PORT_B_REFRESH : 0) |
           (pit_output(&pit->counters[2], pulse) ? PORT_B_OUT2 : 0);
}

static uint32_t pit_read(struct device *dev, uint16_t offset, unsigned size)
{
    struct pit *pit = dev->priv;
    uint64_t pulse = catch_up(dev);

    (void)size;
    if (offset < COUNTERS)
        return read_count(&pit->counters[offset], pulse);
    return offset == PIT_PORT_B ? pit_port_b(pit, pulse) : 0xff; /* 43h cannot be read */
}

static void pit_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    struct pit *pit = dev->priv;
    uint64_t pulse = catch_up(dev);

    (void)size;
    if (offset < COUNTERS)
        write_count(&pit->counters[offset], (uint8_t)value, pulse);
    else if (offset == PIT_CONTROL)
        write_command(pit, (uint8_t)value, pulse);
    else
        write_port_b(pit, (uint8_t)value, pulse);
    update_line(dev, pulse);
}

/* ---- state --------------------------------------------------------------------------------- */

static void pit_reset(struct device *dev)
{
    struct pit *pit = dev->priv;

    for (unsigned i = 0; i < COUNTERS; i++) {
        pit->counters[i].gate = i != 2;
        write_control(&pit->counters[i], CONTROL_RESET);
    }
    pit->port_b = 0;
    update_line(dev, pulse_now(dev));
}

/*
 *   offset  bytes
 *        0  1  control      5  1  bytes latched     9  4  count loaded    21  8  start
 *        1  2  reload       6  1  status latch     13  8  loading pulse   29  8  held
 *        3  2  count latch  7  2  flags, as below
 */
static void save_counter(const struct counter *c, uint8_t *b)
{
    const bool flags[] = {c->status_latched, c->null_count, c->armed, c->gate, c->write_msb,
                          c->read_msb,       c->running,    c->high,  c->low};
    unsigned bits = 0;

    for (unsigned i = 0; i < sizeof(flags); i++)
        bits |= (unsigned)flags[i] << i;
    b[0] = c->control;
    put_le16(b + 1, c->reload);
    put_le16(b + 3, c->latch);
    b[5] = c->latched;
    b[6] = c->status;
    put_le16(b + 7, (uint16_t)bits);
    put_le32(b + 9, c->count);
    put_le64(b + 13, c->load_at);
    put_le64(b + 21, c->start);
    put_le64(b + 29, c->held);
}

/* What is saved does not depend on when the counters were looked at last. */
static size_t pit_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    struct pit pit;

    if (cap < STATE_SIZE)
        return STATE_SIZE;
    pit_now(dev, &pit);
    for (size_t i = 0; i < COUNTERS; i++)
        save_counter(&pit.counters[i], buf + i * COUNTER_STATE_SIZE);
    buf[STATE_SIZE - 1] = pit.port_b;
    return STATE_SIZE;
}

static bool valid_counter(const struct counter *c, uint64_t pulse)
{
    return c->control <= CONTROL_KEPT && pit_access(c) != RW_LATCH && c->latched <= 2 &&
           c->count <= modulus(c) && (c->load_at == NEVER || c->load_at == pulse + 1) &&
           (c->count || !c->running) && (c->running ? c->start <= pulse : c->start == 0) &&
           (c->running ? c->held == 0 : c->held <= pulse);
}

static bool load_counter_state(struct counter *c, const uint8_t *b, uint64_t pulse)
{
    unsigned bits = get_le16(b + 7);

    *c = (struct counter){.control = b[0],
                          .reload = get_le16(b + 1),
                          .latch = get_le16(b + 3),
                          .latched = b[5],
                          .status = b[6],
                          .status_latched = bits & 1,
                          .null_count = bits & 2,
                          .armed = bits & 4,
                          .gate = bits & 8,
                          .write_msb = bits & 16,
                          .read_msb = bits & 32,
                          .running = bits & 64,
                          .high = bits & 128,
                          .low = bits & 256,
                          .count = get_le32(b + 9),
                          .load_at = get_le64(b + 13),
                          .start = get_le64(b + 21),
                          .held = get_le64(b + 29)};
    return bits < 512 && valid_counter(c, pulse);
}

static int pit_load(struct device *dev, const uint8_t *buf, size_t size)
{
    struct pit loaded = {.port_b = size == STATE_SIZE ? buf[STATE_SIZE - 1] : 0};
    uint64_t pulse = pulse_now(dev);

    if (size != STATE_SIZE || loaded.port_b > PORT_B_KEPT)
        return -EINVAL;
    for (size_t i = 0; i < COUNTERS; i++)
        if (!load_counter_state(&loaded.counters[i], buf + i * COUNTER_STATE_SIZE, pulse) ||
            loaded.counters[i].gate != (i != 2 || loaded.port_b & PORT_B_GATE2))
            return -EINVAL;
    for (unsigned i = 0; i < COUNTERS; i++)
        advance(&loaded.counters[i], pulse);
    *(struct pit *)dev->priv = loaded;
    update_line(dev, pulse);
    return 0;
}

static void pit_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops pit_ops = {
    .name = "pit",
    .port_width = 1,
    .port_read = pit_read,
    .port_write = pit_write,
    .tick = pit_tick,
    .reset = pit_reset,
    .save = pit_save,
    .load = pit_load,
    .show = pit_show,
    .destroy = pit_destroy,
};

int pit_create(struct device *dev)
{
    int rc;

    dev->priv = calloc(1, sizeof(struct pit));
    if (!dev->priv)
        return -ENOMEM;
    dev->ops = &pit_ops;
    pit_reset(dev);
    rc = irq_connect(dev, IRQ_TIMER);
    rc = rc ? rc : bus_add(&dev->machine->ports, PIT_PORT, 4, dev);
    return rc ? rc : bus_add_at(&dev->machine->ports, PORT_B, 1, dev, PIT_PORT_B);
}

/*
 * The real-time clock of a PC, an MC146818 (Motorola MC146818A data sheet) with 114 bytes of RAM,
 * and the NMI mask beside its address register.
 *
 *   70h  NMI masked (bit 7), address (bits 6-0); reads give ffh
 *   71h  the register at that address
 *
 *   0 seconds      5 hours alarm     a  UIP DV2-DV0 RS3-RS0
 *   1 its alarm    6 day of week     b  SET PIE AIE UIE SQWE DM 24/12 DSE
 *   2 minutes      7 day of month    c  IRQF PF AF UF, cleared by reading; read-only
 *   3 its alarm    8 month           d  VRT; read-only
 *   4 hours        9 year            e  RAM to 7f; 32: century, kept like the year
 *
 * The crystal has 32768 Hz and swings on virtual time; the divider counts its ticks since it was
 * last released. Flags nobody asked an interrupt for are found out when somebody looks.
 *
 * Choices:
 * - UIP is set for the 8 ticks (244 us) before an update, which itself takes no time.
 * - A divider other than 010 (32768 Hz) stops the clock; released, it updates half a second later.
 * - Daylight saving (DSE) and the square wave (SQWE, which no PC connects) are stored and do nothing.
 * - Fields that are no time count as the nearest that is when the clock moves on from them.
 * - The CMOS RAM holds what a PC's BIOS leaves of the memory size, and its checksum, nothing else.
 *
 * The state, as saved: the 128 registers, the port 70h value, the tick of the divider's release (8
 * bytes).
 */
#include "core/clock.h"
#include "core/machine.h"
#include "device/devices.h"
#include "device/rtc_parts.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RTC_PORT 0x70
#define UIP_TICKS 8
#define DAY 86400u /* seconds */
#define STATE_SIZE (REGISTERS + 1 + 8)

/* ---- ticks --------------------------------------------------------------------------------- */

static uint64_t ticks_at(uint64_t ns)
{
    return (uint64_t)((unsigned __int128)ns * TICKS / CLOCK_HZ);
}

/* The first ns of a tick. */
static uint64_t time_of(uint64_t tick)
{
    return (uint64_t)(((unsigned __int128)tick * CLOCK_HZ + TICKS - 1) / TICKS);
}

static uint64_t tick_now(const struct device *dev)
{
    return ticks_at(clock_now(dev->machine));
}

static bool is_running(const struct rtc *r)
{
    return (r->reg[REG_A] & A_DIVIDER) == A_RUNNING;
}

static bool updates(const struct rtc *r)
{
    return is_running(r) && !(r->reg[REG_B] & B_SET);
}

/* Rates 1 and 2 are those of 8 and 9 at this crystal. */
unsigned rtc_period(const struct rtc *r)
{
    unsigned rate = r->reg[REG_A] & A_RATE;

    if (rate == 0)
        return 0;
    return 1u << (rate < 3 ? rate + 6 : rate - 1);
}

/* How often something of this period has come in (from, to]; both count from the origin. */
static uint64_t times(uint64_t from, uint64_t to, unsigned of)
{
    return to / of - from / of;
}

/* ---- registers and the calendar ------------------------------------------------------------ */

struct date {
    unsigned year, month, day; /* 0-9999, 1-12, 1-31 */
};

unsigned rtc_decode(const struct rtc *r, uint8_t value)
{
    return r->reg[REG_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

static uint8_t encode(const struct rtc *r, unsigned value)
{
    return (uint8_t)(r->reg[REG_B] & B_BINARY ? value : value / 10 << 4 | value % 10);
}

static unsigned at_most(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

/* In 12-hour mode bit 7 says PM, and 12 comes before 1. */
unsigned rtc_decode_hour(const struct rtc *r, uint8_t value)
{
    if (r->reg[REG_B] & B_24H)
        return at_most(rtc_decode(r, value), 23);
    return at_most(rtc_decode(r, value & (uint8_t)~HOURS_PM), 12) % 12 +
           (value & HOURS_PM ? 12 : 0);
}

static uint8_t encode_hour(const struct rtc *r, unsigned hour)
{
    if (r->reg[REG_B] & B_24H)
        return encode(r, hour);
    return encode(r, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOURS_PM : 0);
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month] + (month == 2 && is_leap(year));
}

static void add_days(struct date *d, uint64_t days)
{
    days %= 146097ull * 25; /* 10000 years, and the calendar is where it was */
    while (days) {
        uint64_t left = days_in(d->year, d->month) - d->day;

        if (days <= left) {
            d->day += (unsigned)days;
            return;
        }
        days -= left + 1;
        d->day = 1;
        d->month = d->month % 12 + 1;
        d->year = (d->year + (d->month == 1)) % 10000;
    }
}

static struct date get_date(const struct rtc *r)
{
    struct date d;
    unsigned month = at_most(rtc_decode(r, r->reg[MONTH]), 12);

    d.year = at_most(rtc_decode(r, r->reg[CENTURY]), 99) * 100 +
             at_most(rtc_decode(r, r->reg[YEAR]), 99);
    d.month = month ? month : 1;
    d.day = at_most(rtc_decode(r, r->reg[DAY_OF_MONTH]), days_in(d.year, d.month));
    d.day = d.day ? d.day : 1;
    return d;
}

static void set_date(struct rtc *r, const struct date *d)
{
    r->reg[CENTURY] = encode(r, d->year / 100);
    r->reg[YEAR] = encode(r, d->year % 100);
    r->reg[MONTH] = encode(r, d->month);
    r->reg[DAY_OF_MONTH] = encode(r, d->day);
}

static unsigned second_of_day(const struct rtc *r)
{
    return rtc_decode_hour(r, r->reg[HOURS]) * 3600 +
           at_most(rtc_decode(r, r->reg[MINUTES]), 59) * 60 +
           at_most(rtc_decode(r, r->reg[SECONDS]), 59);
}

static void set_second_of_day(struct rtc *r, unsigned second)
{
    r->reg[SECONDS] = encode(r, second % 60);
    r->reg[MINUTES] = encode(r, second / 60 % 60);
    r->reg[HOURS] = encode_hour(r, second / 3600);
}

static void add_day_changes(struct rtc *r, uint64_t days)
{
    struct date d = get_date(r);
    unsigned weekday = at_most(rtc_decode(r, r->reg[WEEKDAY]), 7);

    add_days(&d, days);
    set_date(r, &d);
    weekday = weekday ? weekday : 1;
    r->reg[WEEKDAY] = encode(r, (unsigned)((weekday - 1 + days) % 7) + 1);
}

/* ---- updates ------------------------------------------------------------------------------- */

static bool alarm_matches(uint8_t alarm, uint8_t now)
{
    return alarm >= ALARM_ANY || alarm == now;
}

/* The chip compares registers: an alarm that was set in another format never comes. */
static bool is_alarm(const struct rtc *r, unsigned second)
{
    return alarm_matches(r->reg[SECONDS_ALARM], encode(r, second % 60)) &&
           alarm_matches(r->reg[MINUTES_ALARM], encode(r, second / 60 % 60)) &&
           alarm_matches(r->reg[HOURS_ALARM], encode_hour(r, second / 3600));
}

/* So many updates: one after the other as far as the alarm goes, at once for the calendar. */
static void update_time(struct rtc *r, uint64_t seconds)
{
    unsigned second = second_of_day(r);
    uint64_t days = (second + seconds) / DAY;

    for (unsigned i = 1; i <= DAY && i <= seconds && !(r->reg[REG_C] & C_ALARM); i++)
        if (is_alarm(r, (second + i) % DAY))
            r->reg[REG_C] |= C_ALARM;
    set_second_of_day(r, (unsigned)((second + seconds) % DAY));
    if (days)
        add_day_changes(r, days);
    r->reg[REG_C] |= C_UPDATE;
}

/* Everything up to and with `tick`. */
static void advance(struct rtc *r, uint64_t tick)
{
    uint64_t from = r->seen - r->origin, to = tick - r->origin;
    unsigned rate = rtc_period(r);

    r->seen = tick;
    if (!is_running(r))
        return;
    if (rate && times(from, to, rate))
        r->reg[REG_C] |= C_PERIODIC;
    if (updates(r) && times(from, to, TICKS))
        update_time(r, times(from, to, TICKS));
}

static bool wants_interrupt(const struct rtc *r)
{
    return r->reg[REG_B] & r->reg[REG_C] & B_INTERRUPTS; /* the same bits in both */
}

static uint64_t next_multiple(const struct rtc *r, unsigned of)
{
    return r->origin + ((r->seen - r->origin) / of + 1) * of;
}

/* Once the line is up nothing more is due: the next one to look finds what came meanwhile. */
static uint64_t next_event(const struct rtc *r)
{
    uint64_t tick = UINT64_MAX;
    unsigned rate = rtc_period(r);

    if (!is_running(r) || wants_interrupt(r))
        return tick;
    if ((r->reg[REG_B] & B_PIE) && rate)
        tick = next_multiple(r, rate);
    if ((r->reg[REG_B] & (B_UIE | B_AIE)) && updates(r) && next_multiple(r, TICKS) < tick)
        tick = next_multiple(r, TICKS);
    return tick;
}

static void update_line(struct device *dev)
{
    const struct rtc *r = dev->priv;
    uint64_t event = next_event(r);

    irq_set(dev->machine, IRQ_RTC, wants_interrupt(r));
    dev->deadline = event == UINT64_MAX ? DEVICE_NEVER : time_of(event);
}

static void rtc_tick(struct device *dev)
{
    advance(dev->priv, tick_now(dev));
    update_line(dev);
}

/* ---- ports --------------------------------------------------------------------------------- */

unsigned rtc_next_update(const struct rtc *r)
{
    return updates(r) ? (unsigned)(next_multiple(r, TICKS) - r->seen) : 0;
}

static bool update_in_progress(const struct rtc *r)
{
    return updates(r) && rtc_next_update(r) <= UIP_TICKS;
}

uint8_t rtc_register(const struct rtc *r, unsigned address)
{
    uint8_t value = r->reg[address];

    if (address == REG_A)
        return value | (update_in_progress(r) ? A_UIP : 0);
    return address == REG_C ? value | (wants_interrupt(r) ? C_IRQ : 0) : value;
}

static uint8_t read_register(struct rtc *r)
{
    unsigned address = r->address & (REGISTERS - 1);
    uint8_t value = rtc_register(r, address);

    if (address == REG_C)
        r->reg[REG_C] = 0;
    return value;
}

static uint32_t rtc_read(struct device *dev, uint16_t offset, unsigned size)
{
    struct rtc *r = dev->priv;
    uint8_t value;

    (void)size;
    if (offset == 0)
        return 0xff;
    advance(r, tick_now(dev));
    value = read_register(r);
    update_line(dev);
    return value;
}

/* The divider starts over half way to the first update. */
static void write_a(struct rtc *r, uint8_t value)
{
    bool was_running = is_running(r);

    r->reg[REG_A] = value & (uint8_t)~A_UIP;
    if (!was_running && is_running(r))
        r->origin = r->seen - TICKS / 2;
}

static void write_b(struct rtc *r, uint8_t value)
{
    r->reg[REG_B] = value & B_SET ? value & (uint8_t)~B_UIE : value;
}

static void write_register(struct rtc *r, uint8_t value)
{
    unsigned address = r->address & (REGISTERS - 1);

    switch (address) {
    case REG_A:
        write_a(r, value);
        break;
    case REG_B:
        write_b(r, value);
        break;
    case REG_C:
    case REG_D:
        break;
    default:
        r->reg[address] = value;
        break;
    }
}

static void rtc_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    struct rtc *r = dev->priv;

    (void)size;
    advance(r, tick_now(dev));
    if (offset == 0) {
        r->address = (uint8_t)value;
        irq_mask_nmi(dev->machine, value & NMI_MASKED);
    } else {
        write_register(r, (uint8_t)value);
    }
    update_line(dev);
}

/* ---- state --------------------------------------------------------------------------------- */

/* RESET clears enables and flags; time and RAM live on a battery. */
static void rtc_reset(struct device *dev)
{
    struct rtc *r = dev->priv;

    advance(r, tick_now(dev));
    r->reg[REG_B] &= (uint8_t) ~(B_INTERRUPTS | B_SQUARE_WAVE);
    r->reg[REG_C] = 0;
    r->address = 0;
    irq_mask_nmi(dev->machine, false);
    update_line(dev);
}

void rtc_now(const struct device *dev, struct rtc *now)
{
    *now = *(const struct rtc *)dev->priv;
    advance(now, tick_now(dev));
}

/* What is saved does not depend on when somebody looked last. */
static size_t rtc_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    struct rtc r;

    if (cap < STATE_SIZE)
        return STATE_SIZE;
    rtc_now(dev, &r);
    memcpy(buf, r.reg, REGISTERS);
    buf[REGISTERS] = r.address;
    put_le64(buf + REGISTERS + 1, r.origin);
    return STATE_SIZE;
}

/* An origin may lie half a second before time 0. */
static int rtc_load(struct device *dev, const uint8_t *buf, size_t size)
{
    struct rtc loaded;

    if (size != STATE_SIZE)
        return -EINVAL;
    memcpy(loaded.reg, buf, REGISTERS);
    loaded.address = buf[REGISTERS];
    loaded.origin = get_le64(buf + REGISTERS + 1);
    loaded.seen = tick_now(dev); /* as save() does */
    if ((loaded.reg[REG_A] & A_UIP) || (loaded.reg[REG_C] & ~C_FLAGS) ||
        loaded.reg[REG_D] != D_VALID || loaded.seen - loaded.origin > loaded.seen + TICKS / 2)
        return -EINVAL;
    *(struct rtc *)dev->priv = loaded;
    irq_mask_nmi(dev->machine, loaded.address & NMI_MASKED);
    update_line(dev);
    return 0;
}

static void rtc_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops rtc_ops = {
    .name = "rtc",
    .port_width = 1,
    .port_read = rtc_read,
    .port_write = rtc_write,
    .tick = rtc_tick,
    .reset = rtc_reset,
    .save = rtc_save,
    .load = rtc_load,
    .show = rtc_show,
    .destroy = rtc_destroy,
};

/* ---- as the battery and the BIOS left it --------------------------------------------------- */

static void set_time(struct rtc *r, uint64_t unix_time)
{
    struct date d = {.year = 1970, .month = 1, .day = 1};

    set_date(r, &d);
    r->reg[WEEKDAY] = 5; /* 1 is Sunday */
    set_second_of_day(r, (unsigned)(unix_time % DAY));
    add_day_changes(r, unix_time / DAY);
}

static void put_word(struct rtc *r, unsigned address, uint64_t value)
{
    uint16_t word = (uint16_t)(value < 0xffff ? value : 0xffff);

    put_le16(r->reg + address, word);
}

/* KiB below 1 MiB and above it, 64 KiB above 16 MiB, and above 4 GiB. */
static void set_memory_size(struct rtc *r, uint64_t ram_size)
{
    uint64_t low = ram_size < RAM_LOW_TOP ? ram_size : RAM_LOW_TOP, high = ram_size - low;

    put_word(r, BASE_MEMORY, 640);
    put_word(r, EXTENDED_MEMORY, (low - (1u << 20)) >> 10);
    put_word(r, 0x30, (low - (1u << 20)) >> 10);
    put_word(r, 0x34, low > 16u << 20 ? (low - (16u << 20)) >> 16 : 0);
    put_word(r, 0x5b, high >> 16);
    r->reg[0x5d] = (uint8_t)(high >> 32);
}

unsigned rtc_checksum(const struct rtc *r)
{
    unsigned sum = 0;

    for (unsigned i = 0x10; i < CHECKSUM; i++)
        sum += r->reg[i];
    return sum;
}

/* High byte first. */
static void set_checksum(struct rtc *r)
{
    unsigned sum = rtc_checksum(r);

    r->reg[CHECKSUM] = (uint8_t)(sum >> 8);
    r->reg[CHECKSUM + 1] = (uint8_t)sum;
}

int rtc_create(struct device *dev)
{
    const struct machine_config *config = &dev->machine->config;
    struct rtc *r = calloc(1, sizeof(*r));
    int rc;

    if (!r)
        return -ENOMEM;
    dev->priv = r;
    dev->ops = &rtc_ops;
    r->reg[REG_A] = A_RUNNING | 6; /* 1024 Hz */
    r->reg[REG_B] = B_24H;
    r->reg[REG_D] = D_VALID;
    set_time(r, config->rtc_start);
    set_memory_size(r, config->ram_size);
    set_checksum(r);
    rtc_reset(dev);
    rc = irq_connect(dev, IRQ_RTC);
    return rc ? rc : bus_add(&dev->machine->ports, RTC_PORT, 2, dev);
}

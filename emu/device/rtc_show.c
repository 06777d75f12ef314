/*
 * The MC146818 of device/rtc.c in words: the calendar, the registers A to D, what a PC keeps in
 * the CMOS RAM, the NMI mask and the divider.
 */
#include "core/device_fields.h"
#include "core/irq.h"
#include "core/machine.h"
#include "device/rtc_parts.h"
#include "util/bytes.h"

static struct text *add(struct device_fields *list, const struct rtc *r, const char *name,
                        unsigned address)
{
    return device_fields_add(list, name, 8, rtc_register(r, address));
}

static void show_number(struct device_fields *list, const struct rtc *r, const char *name,
                        unsigned address)
{
    text_add(add(list, r, name, address), "%u", rtc_decode(r, r->reg[address]));
}

static void show_alarm(struct device_fields *list, const struct rtc *r, const char *name,
                       unsigned address)
{
    uint8_t value = r->reg[address];
    struct text *t = add(list, r, name, address);

    if (value >= ALARM_ANY)
        text_add(t, "any");
    else if (address == HOURS_ALARM)
        text_add(t, "%u h", rtc_decode_hour(r, value));
    else
        text_add(t, "%u", rtc_decode(r, value));
}

static const char *weekday(unsigned day)
{
    static const char *const names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                        "Thursday", "Friday", "Saturday"};

    return day >= 1 && day <= 7 ? names[day - 1] : "no day";
}

static void show_calendar(struct device_fields *list, const struct rtc *r)
{
    show_number(list, r, "seconds", SECONDS);
    show_alarm(list, r, "seconds alarm", SECONDS_ALARM);
    show_number(list, r, "minutes", MINUTES);
    show_alarm(list, r, "minutes alarm", MINUTES_ALARM);
    text_add(add(list, r, "hours", HOURS), "%u h", rtc_decode_hour(r, r->reg[HOURS]));
    show_alarm(list, r, "hours alarm", HOURS_ALARM);
    text_add(add(list, r, "day of week", WEEKDAY), "%s", weekday(r->reg[WEEKDAY]));
    show_number(list, r, "day of month", DAY_OF_MONTH);
    show_number(list, r, "month", MONTH);
    show_number(list, r, "year", YEAR);
    show_number(list, r, "century", CENTURY);
}

/* The divider other than 010 holds the clock; the rate is that of the periodic interrupt. */
static void show_a(struct device_fields *list, const struct rtc *r)
{
    uint8_t a = rtc_register(r, REG_A);
    struct text *t = add(list, r, "A", REG_A);
    unsigned period = rtc_period(r);

    text_add(t, "%s, ", (a & A_DIVIDER) == A_RUNNING ? "running" : "divider stopped");
    if (period)
        text_add(t, "periodic rate %u Hz", TICKS / period);
    else
        text_add(t, "no periodic rate");
    text_add(t, "%s", a & A_UIP ? ", update in progress" : "");
}

static void show_b(struct device_fields *list, const struct rtc *r)
{
    static const char *const names[] = {"DSE", NULL, NULL, "SQWE", "UIE", "AIE", "PIE", "SET"};
    uint8_t b = r->reg[REG_B];
    struct text *t = add(list, r, "B", REG_B);

    text_add(t, "%s, %s", b & B_BINARY ? "binary" : "BCD", b & B_24H ? "24 h" : "12 h");
    if (b & ~(B_BINARY | B_24H)) {
        text_add(t, ", ");
        TEXT_FLAGS(t, b, names);
    }
}

static void show_c(struct device_fields *list, const struct rtc *r)
{
    static const char *const names[] = {NULL, NULL, NULL, NULL, "UF", "AF", "PF", "IRQF"};

    TEXT_FLAGS(add(list, r, "C", REG_C), rtc_register(r, REG_C), names);
}

static void show_memory(struct device_fields *list, const struct rtc *r)
{
    unsigned base = get_le16(r->reg + BASE_MEMORY), extended = get_le16(r->reg + EXTENDED_MEMORY);
    unsigned sum = (unsigned)r->reg[CHECKSUM] << 8 | r->reg[CHECKSUM + 1];

    text_add(add(list, r, "shutdown code", SHUTDOWN), "CMOS RAM 0x0f");
    text_add(device_fields_add(list, "base memory", 16, base), "%u KiB", base);
    text_add(device_fields_add(list, "extended memory", 16, extended), "%u KiB", extended);
    text_add(device_fields_add(list, "checksum", 16, sum), "%s",
             sum == (rtc_checksum(r) & 0xffff) ? "right" : "wrong");
}

static void show_inside(struct device_fields *list, const struct device *dev, const struct rtc *r)
{
    unsigned left = rtc_next_update(r), high = irq_level(dev->machine, IRQ_RTC);
    struct text *t;

    text_add(device_fields_add(list, "port 0x70", 8, r->address), "register 0x%02x, NMI %s",
             r->address & (REGISTERS - 1), r->address & NMI_MASKED ? "masked" : "on");
    t = device_fields_add(list, "next update", 16, left);
    if (left)
        text_add(t, "in %u ms", left * 1000 / TICKS);
    else
        text_add(t, "stopped");
    text_add(device_fields_add(list, "IRQ", 1, high), "IRQ %d %s", IRQ_RTC, high ? "high" : "low");
}

unsigned rtc_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    struct device_fields list;
    struct rtc now;

    rtc_now(dev, &now);
    device_fields_start(&list, fields, max);
    show_calendar(&list, &now);
    show_a(&list, &now);
    show_b(&list, &now);
    show_c(&list, &now);
    text_add(add(&list, &now, "D", REG_D), "%s", now.reg[REG_D] & D_VALID ? "VRT" : "none");
    show_memory(&list, &now);
    list.internal = true;
    show_inside(&list, dev, &now);
    return list.count;
}

/*
 * The i8254 of device/pit.c in words: of each counter mode and control word, counting element (CE)
 * and status, which a guest can read, then count register (CR), gate and output latch (OL), by the
 * data sheet's names; then port 61h.
 */
#include "core/device_fields.h"
#include "core/irq.h"
#include "core/machine.h"
#include "device/pit_parts.h"

#include <stdio.h>

/* One counter as it is now, and how to tell of it. */
struct view {
    struct device_fields *list;
    const struct counter *counter;
    unsigned number;
    uint64_t pulse;
};

static struct text *add(const struct view *v, const char *name, unsigned bits, unsigned value)
{
    char full[24];

    snprintf(full, sizeof(full), "counter %u %s", v->number, name);
    return device_fields_add(v->list, full, bits, value);
}

/* Whole Hz, and tenths of what is slow: the 18.2 Hz of a PC's tick. */
static void add_rate(struct text *t, uint32_t count)
{
    unsigned tenths = (PIT_HZ * 10u + count / 2) / count;

    if (tenths < 1000)
        text_add(t, ", %u.%u Hz", tenths / 10, tenths % 10);
    else
        text_add(t, ", %u Hz", (PIT_HZ + count / 2) / count);
}

static void show_mode(const struct view *v)
{
    static const char *const names[] = {[MODE_TERMINAL] = "interrupt on terminal count",
                                        [MODE_ONE_SHOT] = "one-shot",
                                        [MODE_RATE] = "rate generator",
                                        [MODE_SQUARE] = "square wave",
                                        [MODE_STROBE] = "software strobe",
                                        [MODE_HW_STROBE] = "hardware strobe"};
    const struct counter *c = v->counter;
    enum mode mode = pit_mode(c);
    struct text *t = add(v, "mode", 3, mode);

    text_add(t, "mode %u, %s", mode, names[mode]);
    if (!c->count)
        text_add(t, ", not loaded");
    else if (mode == MODE_RATE || mode == MODE_SQUARE)
        add_rate(t, c->count);
}

static void show_control(const struct view *v)
{
    static const char *const access[] = {[RW_LATCH] = "latch",
                                         [RW_LSB] = "low byte",
                                         [RW_MSB] = "high byte",
                                         [RW_BOTH] = "low byte, then high"};
    const struct counter *c = v->counter;

    text_add(add(v, "control", 6, c->control), "%s, %s", access[pit_access(c)],
             c->control & CONTROL_BCD ? "BCD" : "binary");
}

/* In BCD the registers hold digits: told as they stand. */
static void add_count(struct text *t, const struct counter *c, unsigned value, const char *state)
{
    if (c->control & CONTROL_BCD)
        text_add(t, "%x, %s", value, state);
    else
        text_add(t, "%u, %s", value, state);
}

static void show_counting_element(const struct view *v)
{
    unsigned value = pit_counting_element(v->counter, v->pulse);

    add_count(add(v, "CE", 16, value), v->counter, value,
              v->counter->running ? "counting" : "standing still");
}

static void show_count_register(const struct view *v)
{
    const struct counter *c = v->counter;
    const char *waits = c->armed ? "not in CE yet" : "not written";
    struct text *t = add(v, "CR", 16, c->reload);

    add_count(t, c, c->reload, c->null_count ? waits : "in CE");
    if (c->armed && c->reload == 0)
        text_add(t, ", stands for %u", c->control & CONTROL_BCD ? 10000 : 65536);
}

static void show_status(const struct view *v)
{
    unsigned status = pit_status(v->counter, v->pulse);

    text_add(add(v, "status", 8, status), "OUT %s, %s", status & STATUS_OUT ? "high" : "low",
             status & STATUS_NULL ? "null count" : "count loaded");
}

static const char *next_byte(bool msb)
{
    return msb ? "high byte" : "low byte";
}

static void show_latches(const struct view *v)
{
    const struct counter *c = v->counter;
    bool both = pit_access(c) == RW_BOTH, high = pit_access(c) == RW_MSB;
    struct text *t = add(v, "OL", 16, c->latched ? c->latch : 0);

    if (c->latched)
        text_add(t, "%u byte%s to read", c->latched, c->latched == 1 ? "" : "s");
    else
        text_add(t, "not latched");
    text_add(add(v, "status latch", 8, c->status_latched ? c->status : 0), "%s",
             c->status_latched ? "read next" : "not latched");
    text_add(add(v, "next byte", 2, (unsigned)(c->read_msb << 1 | c->write_msb)),
             "read %s, write %s", next_byte(both ? c->read_msb : high),
             next_byte(both ? c->write_msb : high));
}

static void show_counter(const struct view *v)
{
    v->list->internal = false;
    show_mode(v);
    show_control(v);
    show_counting_element(v);
    show_status(v);
    v->list->internal = true;
    show_count_register(v);
    text_add(add(v, "gate", 1, v->counter->gate), "%s", v->counter->gate ? "high" : "low");
    show_latches(v);
}

static void show_port_b(struct device_fields *list, uint8_t value)
{
    static const char *const names[] = {"gate 2",    "speaker", "parity off",
                                        "IOCHK off", "refresh", "OUT 2"};

    TEXT_FLAGS(device_fields_add(list, "port 0x61", 8, value), value, names);
}

unsigned pit_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    struct device_fields list;
    struct pit now;
    uint64_t pulse = pit_now(dev, &now);

    device_fields_start(&list, fields, max);
    for (unsigned i = 0; i < COUNTERS; i++)
        show_counter(&(struct view){&list, &now.counters[i], i, pulse});
    list.internal = false;
    show_port_b(&list, pit_port_b(&now, pulse));
    return list.count;
}

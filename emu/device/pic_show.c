/*
 * The two i8259A of device/pic.c in words: IRR, ISR, IMR as they can be read, ELCR, then the
 * initialisation and operation command words, which cannot. Levels are told as the PC's IRQs.
 */
#include "core/device_fields.h"
#include "core/irq.h"
#include "core/machine.h"
#include "device/pic_parts.h"

#include <stdio.h>

/* One of the two, and how to tell of it. */
struct view {
    struct device_fields *list;
    const struct chip *chip;
    const char *who;
    unsigned first; /* the IRQ of IR0 */
};

static struct text *add(const struct view *v, const char *name, unsigned bits, unsigned value)
{
    char full[24];

    snprintf(full, sizeof(full), "%s %s", v->who, name);
    return device_fields_add(v->list, full, bits, value);
}

static void add_irqs(const struct view *v, const char *name, uint8_t levels, const char *what)
{
    struct text *t = add(v, name, 8, levels);
    const char *separator = "IRQ ";

    for (unsigned i = 0; i < LEVELS; i++) {
        if (!(levels >> i & 1))
            continue;
        text_add(t, "%s%u", separator, v->first + i);
        separator = ", ";
    }
    text_add(t, "%s %s", levels ? "" : "none", what);
}

static void show_icw1(const struct view *v)
{
    uint8_t icw1 = v->chip->icw1;
    struct text *t = add(v, "ICW1", 8, icw1);

    if (v->chip->step == NEVER_INITIALISED)
        text_add(t, "never initialised");
    else
        text_add(t, "%s triggered, %s, %s ICW4", icw1 & ICW1_LTIM ? "level" : "edge",
                 icw1 & ICW1_SNGL ? "single" : "cascaded", icw1 & ICW1_IC4 ? "with" : "without");
}

static void show_icw2(const struct view *v)
{
    const struct chip *c = v->chip;
    struct text *t = add(v, "ICW2", 8, c->icw2);

    if (c->step == NEVER_INITIALISED || c->step == WANTS_ICW2)
        text_add(t, "not written");
    else if (c->step != READY)
        text_add(t, "initialisation under way");
    else if (c->icw4 & ICW4_UPM)
        text_add(t, "vectors 0x%02x-0x%02x", c->icw2 & 0xf8, c->icw2 | 7);
    else
        text_add(t, "high byte of a call address");
}

/* The master has a bit for each level with a slave, a slave its number. */
static void show_icw3(const struct view *v)
{
    const struct chip *c = v->chip;
    struct text *t;

    if (v->first == 0) {
        add_irqs(v, "ICW3", c->icw3, "cascades a slave");
        return;
    }
    t = add(v, "ICW3", 8, c->icw3);
    text_add(t, "slave on IR%u", c->icw3 & 7);
}

static void show_icw4(const struct view *v)
{
    uint8_t icw4 = v->chip->icw4;

    text_add(add(v, "ICW4", 8, icw4), "%s, %s EOI%s", icw4 & ICW4_UPM ? "8086" : "MCS-80",
             icw4 & ICW4_AEOI ? "automatic" : "normal",
             icw4 & ICW4_SFNM ? ", special fully nested" : "");
}

static void show_operation(const struct view *v)
{
    static const char *const steps[] = {"ICW1 first", "ICW2", "ICW3", "ICW4", "OCW1 (IMR)"};
    const struct chip *c = v->chip;

    text_add(add(v, "operation", 4, c->flags), "reads %s%s%s%s",
             c->flags & FLAG_READ_ISR ? "ISR" : "IRR", c->flags & FLAG_POLL ? ", polled next" : "",
             c->flags & FLAG_SPECIAL_MASK ? ", special mask" : "",
             c->flags & FLAG_ROTATE_AEOI ? ", rotates at EOI" : "");
    text_add(add(v, "lowest priority", 3, c->lowest), "IRQ %u", v->first + c->lowest);
    text_add(add(v, "next data write", 3, c->step), "%s", steps[c->step]);
}

static void show_inputs(const struct view *v)
{
    const struct chip *c = v->chip;
    int level = pic_pending(c);
    struct text *t;

    add_irqs(v, "IR", c->lines, "high");
    t = add(v, "INT", 1, level >= 0);
    if (level >= 0)
        text_add(t, "asks for IRQ %u", v->first + (unsigned)level);
    else
        text_add(t, "low");
}

static void show_chip(const struct view *v)
{
    const struct chip *c = v->chip;

    v->list->internal = false;
    add_irqs(v, "IRR", pic_requests(c), "requested");
    add_irqs(v, "ISR", c->isr, "in service");
    add_irqs(v, "IMR", c->imr, "masked");
    add_irqs(v, "ELCR", c->elcr, "level triggered");
    v->list->internal = true;
    show_inputs(v);
    show_icw1(v);
    show_icw2(v);
    show_icw3(v);
    show_icw4(v);
    show_operation(v);
}

unsigned pic_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    const struct pic *pic = dev->priv;
    struct device_fields list;

    device_fields_start(&list, fields, max);
    show_chip(&(struct view){&list, &pic->master, "master", 0});
    show_chip(&(struct view){&list, &pic->slave, "slave", LEVELS});
    return list.count;
}

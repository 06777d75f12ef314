/*
 * The keyboard controller and the keyboard of device/i8042.c in words: ports 64h, 60h and 92h as
 * they can be read, the command byte and the output port, which commands read; then what waits
 * inside, and the keyboard.
 */
#include "core/device_fields.h"
#include "core/irq.h"
#include "core/machine.h"
#include "device/i8042_parts.h"

#define QUEUE_PART 8 /* bytes in a field */

static const char *source_text(uint8_t from)
{
    if (!from)
        return "empty";
    if (from & STATUS_TIMEOUT)
        return "AUX device, time-out";
    return from & STATUS_AUX ? "from the AUX device" : "from keyboard or controller";
}

static void show_ports(struct device_fields *list, const struct i8042 *c)
{
    static const char *const status[] = {"OBF",      "IBF",      "SYS",      "last write: command",
                                         "unlocked", "AUX data", "time-out", "parity"};
    static const char *const port_a[] = {"reset", "A20"};
    uint8_t value = i8042_status(c);

    TEXT_FLAGS(device_fields_add(list, "status", 8, value), value, status);
    text_add(device_fields_add(list, "output buffer", 8, c->buffer.value), "%s",
             source_text(c->buffer.from));
    TEXT_FLAGS(device_fields_add(list, "port 0x92", 8, c->port_a), c->port_a, port_a);
}

static void show_controller(struct device_fields *list, const struct i8042 *c)
{
    static const char *const byte[] = {"KBD int", "AUX int", "SYS",   NULL,
                                       "KBD off", "AUX off", "XLATE", NULL};
    static const char *const port[] = {"no reset", "A20",      NULL, NULL,
                                       "KBD full", "AUX full", NULL, NULL};
    uint8_t value = i8042_output_port(c);

    TEXT_FLAGS(device_fields_add(list, "command byte", 8, c->ram[0]), c->ram[0], byte);
    TEXT_FLAGS(device_fields_add(list, "output port", 8, value), value, port);
}

static void show_waiting(struct device_fields *list, const struct i8042 *c)
{
    struct text *t = device_fields_add(list, "command", 8, c->command);

    if (c->command)
        text_add(t, "0x%02x waits for its data", c->command);
    else
        text_add(t, "none waits");
    text_add(device_fields_add(list, "next answer", 8, c->next.value), "%s",
             source_text(c->next.from));
}

/* Eight bytes, the oldest in the highest, so that they read from left to right. */
static void show_queue(struct device_fields *list, const struct keyboard *k, unsigned from)
{
    struct text *t;
    uint64_t value = 0;

    for (unsigned i = from; i < from + QUEUE_PART; i++)
        value = value << 8 | k->queue[i];
    t = device_fields_add(list, from ? "keyboard queue 8-15" : "keyboard queue 0-7", 64, value);
    if (k->count <= from)
        text_add(t, "empty");
    for (unsigned i = from; i < from + QUEUE_PART && i < k->count; i++)
        text_add(t, "%s%02x", i > from ? " " : "", k->queue[i]);
}

/* Bits 6-5: the delay, 250 ms more each; bits 4-0: 8 + low three, doubled by the high two, of 240 Hz. */
static void show_typematic(struct device_fields *list, uint8_t value)
{
    unsigned period = (8 + (value & 7)) << (value >> 3 & 3);
    unsigned tenths = (2400 + period / 2) / period;

    text_add(device_fields_add(list, "keyboard typematic", 7, value), "%u.%u Hz after %u ms",
             tenths / 10, tenths % 10, 250 * ((value >> 5 & 3) + 1));
}

static void show_keyboard(struct device_fields *list, const struct keyboard *k)
{
    static const char *const leds[] = {"Scroll Lock", "Num Lock", "Caps Lock"};
    struct text *t = device_fields_add(list, "keyboard command", 8, k->command);

    if (k->command)
        text_add(t, "0x%02x waits for its parameter", k->command);
    else
        text_add(t, "none waits");
    text_add(device_fields_add(list, "keyboard scan set", 2, k->scan_set), "set %u", k->scan_set);
    TEXT_FLAGS(device_fields_add(list, "keyboard LEDs", 7, k->leds), k->leds, leds);
    show_typematic(list, k->typematic);
    text_add(device_fields_add(list, "keyboard scanning", 1, k->scanning), "%s",
             k->scanning ? "on" : "off");
    text_add(device_fields_add(list, "keyboard last byte", 8, k->last), "sent");
    text_add(device_fields_add(list, "keyboard queue", 5, k->count), "%u of %u bytes", k->count,
             QUEUE_SIZE);
    show_queue(list, k, 0);
    show_queue(list, k, QUEUE_PART);
}

static void show_line(struct device_fields *list, const struct device *dev, const char *name,
                      unsigned line)
{
    bool high = irq_level(dev->machine, line);

    text_add(device_fields_add(list, name, 1, high), "IRQ %u %s", line, high ? "high" : "low");
}

unsigned i8042_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    const struct i8042 *c = dev->priv;
    struct device_fields list;

    device_fields_start(&list, fields, max);
    show_ports(&list, c);
    show_controller(&list, c);
    list.internal = true;
    show_waiting(&list, c);
    show_line(&list, dev, "KBD interrupt", IRQ_KEYBOARD);
    show_line(&list, dev, "AUX interrupt", IRQ_AUX);
    show_keyboard(&list, &c->kbd);
    return list.count;
}

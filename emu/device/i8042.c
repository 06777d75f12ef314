/*
 * The keyboard controller of a PC, an 8042 (IBM Personal System/2 Technical Reference, "Keyboard and
 * Auxiliary Device Controller"), with a keyboard and without a mouse, and port 92h, system control
 * port A.
 *
 *   60h  output buffer / data for keyboard or command
 *   64h  status: parity, time-out, AUX data, lock, command, SYS, IBF, OBF / command
 *   92h  bit 1 A20, bit 0 reset on its rise
 *
 *   command byte  0 XLATE AUX-off KBD-off 0 SYS AUX-int KBD-int
 *   output port   clocks and data (3-2, 7-6), AUX OBF, KBD OBF, A20, reset (low)
 *
 * Choices:
 * - A20 is always on: what is written to switch it off is stored, read back, and does nothing.
 * - The keyboard (enhanced, scan code set 2) answers its commands at once; nobody types on it. Of
 *   translation (XLATE) only what its answers need is there. The commands for single keys of set 3
 *   are acknowledged or refused like any other and do nothing.
 * - A byte for the mouse times out: FEh, as the AUX device's, with the time-out bit.
 * - After reset the command byte has the keyboard's interrupt on, as in QEMU, and no SYS flag.
 * - The output buffer holds one byte; the controller's next answer goes before the keyboard's.
 *
 * The state, as saved: RAM (32 bytes), output port, command that waits for data, status bits, output
 * buffer and its source, next answer and its source, port 92h (8 bytes); keyboard: command that
 * waits, scan code set, LEDs, typematic rate, scanning, last byte sent, length of its queue (7
 * bytes), the queue (16).
 */
#include "core/machine.h"
#include "device/devices.h"
#include "device/i8042_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DATA_PORT 0x60
#define STATUS_PORT 0x64
#define PORT_A 0x92
#define STATE_SIZE (RAM_SIZE + 8 + 7 + QUEUE_SIZE)

enum i8042_offset { OFFSET_DATA, OFFSET_STATUS, OFFSET_PORT_A };

enum {
    COMMAND_READ_RAM = 0x20, /* to 3f */
    COMMAND_WRITE_RAM = 0x60,
    COMMAND_AUX_OFF = 0xa7,
    COMMAND_AUX_ON = 0xa8,
    COMMAND_TEST_AUX = 0xa9,
    COMMAND_SELF_TEST = 0xaa,
    COMMAND_TEST_KBD = 0xab,
    COMMAND_KBD_OFF = 0xad,
    COMMAND_KBD_ON = 0xae,
    COMMAND_READ_INPUT = 0xc0,
    COMMAND_READ_OUTPUT = 0xd0,
    COMMAND_WRITE_OUTPUT = 0xd1,
    COMMAND_WRITE_KBD_BUFFER = 0xd2,
    COMMAND_WRITE_AUX_BUFFER = 0xd3,
    COMMAND_WRITE_AUX = 0xd4,
    COMMAND_A20_OFF = 0xdd,
    COMMAND_A20_ON = 0xdf,
    COMMAND_PULSE = 0xf0 /* to ff: lines whose bit is 0 */
};

enum { SELF_TEST_PASSED = 0x55, TEST_PASSED = 0x00, INPUT_UNLOCKED = 0x80 };

enum { OUTPUT_OTHERS = 0xcc };

enum {
    KBD_ECHO = 0xee,
    KBD_SET_LEDS = 0xed,
    KBD_SCAN_SET = 0xf0,
    KBD_IDENTIFY = 0xf2,
    KBD_TYPEMATIC = 0xf3,
    KBD_ENABLE = 0xf4,
    KBD_DISABLE = 0xf5,
    KBD_DEFAULTS = 0xf6,
    KBD_ALL_KEYS_FIRST = 0xf7,
    KBD_ALL_KEYS_LAST = 0xfa,
    KBD_RESEND = 0xfe,
    KBD_RESET = 0xff
};

enum { REPLY_ID1 = 0xab, REPLY_ID2 = 0x83, REPLY_PASSED = 0xaa, REPLY_ACK = 0xfa };

enum { REPLY_RESEND = 0xfe, TYPEMATIC_DEFAULT = 0x2b, SCAN_SET_DEFAULT = 2 };

/* ---- the output buffer --------------------------------------------------------------------- */

/* Of set 2 into set 1: what replies contain. */
static uint8_t translate(uint8_t code)
{
    switch (code) {
    case 0x01:
        return 0x43;
    case 0x02:
    case REPLY_ID2:
        return 0x41;
    case 0x03:
        return 0x3f;
    default:
        return code;
    }
}

static void update_lines(struct device *dev)
{
    const struct i8042 *c = dev->priv;
    bool aux = c->buffer.from & STATUS_AUX;
    bool on = c->ram[0] & (aux ? BYTE_AUX_INT : BYTE_KBD_INT) &&
              !(c->ram[0] & (aux ? BYTE_AUX_OFF : BYTE_KBD_OFF)) && c->buffer.from;

    irq_set(dev->machine, IRQ_KEYBOARD, on && !aux);
    irq_set(dev->machine, IRQ_AUX, on && aux);
}

static void take_from_keyboard(struct i8042 *c)
{
    struct keyboard *k = &c->kbd;

    k->last = k->queue[0];
    memmove(k->queue, k->queue + 1, QUEUE_SIZE - 1);
    k->queue[QUEUE_SIZE - 1] = 0;
    k->count--;
    c->buffer = (struct answer){k->last, STATUS_FULL};
    if (c->ram[0] & BYTE_XLATE)
        c->buffer.value = translate(k->last);
}

/* After any change. A keyboard whose clock is held low keeps what it has. */
static void i8042_update(struct device *dev)
{
    struct i8042 *c = dev->priv;

    if (!c->buffer.from && c->next.from) {
        c->buffer = c->next;
        c->next = (struct answer){0};
    } else if (!c->buffer.from && c->kbd.count && !(c->ram[0] & BYTE_KBD_OFF)) {
        take_from_keyboard(c);
    }
    update_lines(dev);
}

/* The line falls between two bytes: an edge for the interrupt controller. */
static uint8_t read_buffer(struct device *dev)
{
    struct i8042 *c = dev->priv;
    uint8_t value = c->buffer.value;

    c->buffer.from = 0;
    update_lines(dev);
    return value;
}

static void answer(struct i8042 *c, uint8_t value)
{
    c->next = (struct answer){value, STATUS_FULL};
}

/* ---- the keyboard -------------------------------------------------------------------------- */

static void keyboard_defaults(struct keyboard *k, bool scanning)
{
    k->command = k->leds = 0;
    k->scan_set = SCAN_SET_DEFAULT;
    k->typematic = TYPEMATIC_DEFAULT;
    k->scanning = scanning;
}

static void send(struct keyboard *k, uint8_t value)
{
    if (k->count < QUEUE_SIZE)
        k->queue[k->count++] = value;
}

static void keyboard_scan_set(struct keyboard *k, uint8_t set)
{
    if (set > 3) {
        send(k, REPLY_RESEND);
        return;
    }
    send(k, REPLY_ACK);
    if (set == 0)
        send(k, k->scan_set);
    else
        k->scan_set = set;
}

static void keyboard_parameter(struct keyboard *k, uint8_t value)
{
    uint8_t command = k->command;

    k->command = 0;
    if (command == KBD_SCAN_SET) {
        keyboard_scan_set(k, value);
        return;
    }
    *(command == KBD_SET_LEDS ? &k->leds : &k->typematic) = value;
    send(k, REPLY_ACK);
}

static void keyboard_command(struct keyboard *k, uint8_t command)
{
    k->command = 0;
    switch (command) {
    case KBD_ECHO:
        send(k, KBD_ECHO);
        return;
    case KBD_RESEND:
        send(k, k->last);
        return;
    case KBD_SET_LEDS:
    case KBD_SCAN_SET:
    case KBD_TYPEMATIC:
        k->command = command;
        break;
    case KBD_ENABLE:
        k->scanning = true;
        break;
    case KBD_DISABLE:
    case KBD_DEFAULTS:
    case KBD_RESET:
        keyboard_defaults(k, command != KBD_DISABLE);
        break;
    case KBD_IDENTIFY:
        break;
    default:
        if (command < KBD_ALL_KEYS_FIRST || command > KBD_ALL_KEYS_LAST) {
            send(k, REPLY_RESEND);
            return;
        }
    }
    send(k, REPLY_ACK);
    if (command == KBD_IDENTIFY)
        send(k, REPLY_ID1), send(k, REPLY_ID2);
    if (command == KBD_RESET)
        send(k, REPLY_PASSED);
}

/* A command in a parameter's place is one: parameters have bit 7 clear. */
static void write_keyboard(struct i8042 *c, uint8_t value)
{
    c->ram[0] &= (uint8_t)~BYTE_KBD_OFF;
    if (c->kbd.command && value < 0x80)
        keyboard_parameter(&c->kbd, value);
    else
        keyboard_command(&c->kbd, value);
}

/* ---- the controller ------------------------------------------------------------------------ */

uint8_t i8042_status(const struct i8042 *c)
{
    return c->status | c->buffer.from | STATUS_UNLOCKED | (c->ram[0] & BYTE_SYS ? STATUS_SYS : 0);
}

uint8_t i8042_output_port(const struct i8042 *c)
{
    if (!c->buffer.from)
        return c->output_port;
    return c->output_port | (c->buffer.from & STATUS_AUX ? OUTPUT_AUX_FULL : OUTPUT_KBD_FULL);
}

static void write_output_port(struct device *dev, uint8_t value)
{
    struct i8042 *c = dev->priv;

    c->output_port = value & (uint8_t) ~(OUTPUT_KBD_FULL | OUTPUT_AUX_FULL);
    if (!(value & OUTPUT_NO_RESET))
        machine_request_reset(dev->machine);
}

/* Data for the command that waits. */
static void write_parameter(struct device *dev, uint8_t value)
{
    struct i8042 *c = dev->priv;
    uint8_t command = c->command;

    c->command = 0;
    switch (command) {
    case COMMAND_WRITE_OUTPUT:
        write_output_port(dev, value);
        break;
    case COMMAND_WRITE_KBD_BUFFER:
        answer(c, value);
        break;
    case COMMAND_WRITE_AUX_BUFFER:
        c->next = (struct answer){value, STATUS_FULL | STATUS_AUX};
        break;
    case COMMAND_WRITE_AUX:
        c->next = (struct answer){REPLY_RESEND, STATUS_FULL | STATUS_AUX | STATUS_TIMEOUT};
        break;
    default:
        c->ram[command % RAM_SIZE] = value;
        break;
    }
}

static void write_data(struct device *dev, uint8_t value)
{
    struct i8042 *c = dev->priv;

    c->status &= (uint8_t)~STATUS_COMMAND;
    if (c->command)
        write_parameter(dev, value);
    else
        write_keyboard(c, value);
}

/* Commands that change a bit of the command byte or the output port. */
static bool switch_command(struct i8042 *c, uint8_t command)
{
    switch (command) {
    case COMMAND_AUX_OFF:
        c->ram[0] |= BYTE_AUX_OFF;
        return true;
    case COMMAND_AUX_ON:
        c->ram[0] &= (uint8_t)~BYTE_AUX_OFF;
        return true;
    case COMMAND_KBD_OFF:
        c->ram[0] |= BYTE_KBD_OFF;
        return true;
    case COMMAND_KBD_ON:
        c->ram[0] &= (uint8_t)~BYTE_KBD_OFF;
        return true;
    case COMMAND_A20_OFF:
        c->output_port &= (uint8_t)~OUTPUT_A20;
        return true;
    case COMMAND_A20_ON:
        c->output_port |= OUTPUT_A20;
        return true;
    default:
        return false;
    }
}

/* Commands that answer with a byte. */
static void question(struct i8042 *c, uint8_t command)
{
    switch (command) {
    case COMMAND_SELF_TEST:
        c->ram[0] |= BYTE_SYS;
        answer(c, SELF_TEST_PASSED);
        break;
    case COMMAND_TEST_AUX:
    case COMMAND_TEST_KBD:
        answer(c, TEST_PASSED);
        break;
    case COMMAND_READ_INPUT:
        answer(c, INPUT_UNLOCKED);
        break;
    case COMMAND_READ_OUTPUT:
        answer(c, i8042_output_port(c));
        break;
    default:
        if (command >= COMMAND_READ_RAM && command < COMMAND_READ_RAM + RAM_SIZE)
            answer(c, c->ram[command % RAM_SIZE]);
        break;
    }
}

static bool wants_data(uint8_t command)
{
    return (command >= COMMAND_WRITE_RAM && command < COMMAND_WRITE_RAM + RAM_SIZE) ||
           (command >= COMMAND_WRITE_OUTPUT && command <= COMMAND_WRITE_AUX);
}

static void write_command(struct device *dev, uint8_t command)
{
    struct i8042 *c = dev->priv;

    c->status |= STATUS_COMMAND;
    c->command = wants_data(command) ? command : 0;
    if (command >= COMMAND_PULSE && !(command & OUTPUT_NO_RESET))
        machine_request_reset(dev->machine);
    else if (!switch_command(c, command))
        question(c, command);
}

static void write_port_a(struct device *dev, uint8_t value)
{
    struct i8042 *c = dev->priv;

    if (~c->port_a & value & PORT_A_RESET)
        machine_request_reset(dev->machine);
    c->port_a = value & (PORT_A_RESET | PORT_A_A20);
}

static uint32_t i8042_read(struct device *dev, uint16_t offset, unsigned size)
{
    const struct i8042 *c = dev->priv;
    uint8_t value;

    (void)size;
    switch ((enum i8042_offset)offset) {
    case OFFSET_DATA:
        value = read_buffer(dev);
        i8042_update(dev);
        return value;
    case OFFSET_STATUS:
        return i8042_status(c);
    case OFFSET_PORT_A:
        return c->port_a;
    }
    return 0xff;
}

static void i8042_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    (void)size;
    switch ((enum i8042_offset)offset) {
    case OFFSET_DATA:
        write_data(dev, (uint8_t)value);
        break;
    case OFFSET_STATUS:
        write_command(dev, (uint8_t)value);
        break;
    case OFFSET_PORT_A:
        write_port_a(dev, (uint8_t)value);
        break;
    }
    i8042_update(dev);
}

/* ---- state --------------------------------------------------------------------------------- */

static void i8042_reset(struct device *dev)
{
    struct i8042 *c = dev->priv;

    *c = (struct i8042){.ram[0] = BYTE_KBD_INT,
                        .output_port = OUTPUT_OTHERS | OUTPUT_A20 | OUTPUT_NO_RESET,
                        .port_a = PORT_A_A20};
    keyboard_defaults(&c->kbd, true);
    i8042_update(dev);
}

static size_t i8042_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    const struct i8042 *c = dev->priv;
    const struct keyboard *k = &c->kbd;
    const uint8_t rest[] = {c->output_port, c->command,    c->status,    c->buffer.value,
                            c->buffer.from, c->next.value, c->next.from, c->port_a,
                            k->command,     k->scan_set,   k->leds,      k->typematic,
                            k->scanning,    k->last,       k->count};

    if (cap < STATE_SIZE)
        return STATE_SIZE;
    memcpy(buf, c->ram, RAM_SIZE);
    memcpy(buf + RAM_SIZE, rest, sizeof(rest));
    memcpy(buf + RAM_SIZE + sizeof(rest), k->queue, QUEUE_SIZE);
    return STATE_SIZE;
}

static bool valid_source(const struct answer *a)
{
    return a->from == 0 ||
           ((a->from & STATUS_FULL) && !(a->from & ~(STATUS_FULL | STATUS_AUX | STATUS_TIMEOUT)));
}

static bool valid_keyboard(const struct keyboard *k)
{
    bool waits =
        k->command == KBD_SET_LEDS || k->command == KBD_SCAN_SET || k->command == KBD_TYPEMATIC;

    if ((k->command && !waits) || k->scan_set < 1 || k->scan_set > 3 || k->leds > 0x7f ||
        k->typematic > 0x7f || k->scanning > 1 || k->count > QUEUE_SIZE)
        return false;
    for (unsigned i = k->count; i < QUEUE_SIZE; i++)
        if (k->queue[i])
            return false;
    return true;
}

/* A byte that waits while there is room for it is no state of a controller at rest. */
static bool valid_state(const struct i8042 *c)
{
    bool kbd_waits = c->kbd.count && !(c->ram[0] & BYTE_KBD_OFF);

    return (c->command == 0 || wants_data(c->command)) && !(c->status & ~STATUS_COMMAND) &&
           !(c->output_port & (OUTPUT_KBD_FULL | OUTPUT_AUX_FULL)) &&
           c->port_a <= (PORT_A_RESET | PORT_A_A20) && valid_source(&c->buffer) &&
           valid_source(&c->next) && (c->buffer.from || (!c->next.from && !kbd_waits)) &&
           valid_keyboard(&c->kbd);
}

static int i8042_load(struct device *dev, const uint8_t *buf, size_t size)
{
    const uint8_t *rest = buf + RAM_SIZE;
    struct i8042 loaded;

    if (size != STATE_SIZE)
        return -EINVAL;
    loaded = (struct i8042){.output_port = rest[0],
                            .command = rest[1],
                            .status = rest[2],
                            .buffer = {rest[3], rest[4]},
                            .next = {rest[5], rest[6]},
                            .port_a = rest[7],
                            .kbd = {.command = rest[8],
                                    .scan_set = rest[9],
                                    .leds = rest[10],
                                    .typematic = rest[11],
                                    .scanning = rest[12],
                                    .last = rest[13],
                                    .count = rest[14]}};
    memcpy(loaded.ram, buf, RAM_SIZE);
    memcpy(loaded.kbd.queue, rest + 15, QUEUE_SIZE);
    if (!valid_state(&loaded))
        return -EINVAL;
    *(struct i8042 *)dev->priv = loaded;
    update_lines(dev);
    return 0;
}

static void i8042_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops i8042_ops = {
    .name = "i8042",
    .port_width = 1,
    .port_read = i8042_read,
    .port_write = i8042_write,
    .reset = i8042_reset,
    .save = i8042_save,
    .load = i8042_load,
    .show = i8042_show,
    .destroy = i8042_destroy,
};

int i8042_create(struct device *dev)
{
    struct bus *ports = &dev->machine->ports;
    int rc;

    dev->priv = calloc(1, sizeof(struct i8042));
    if (!dev->priv)
        return -ENOMEM;
    dev->ops = &i8042_ops;
    i8042_reset(dev);
    rc = irq_connect(dev, IRQ_KEYBOARD);
    rc = rc ? rc : irq_connect(dev, IRQ_AUX);
    rc = rc ? rc : bus_add_at(ports, DATA_PORT, 1, dev, OFFSET_DATA);
    rc = rc ? rc : bus_add_at(ports, STATUS_PORT, 1, dev, OFFSET_STATUS);
    return rc ? rc : bus_add_at(ports, PORT_A, 1, dev, OFFSET_PORT_A);
}

/*
 * What device/i8042.c, which runs the keyboard controller and the keyboard, and device/i8042_show.c,
 * which tells them in words, share: the registers and what follows from them. Private to them.
 */
#ifndef VLAB_DEVICE_I8042_PARTS_H
#define VLAB_DEVICE_I8042_PARTS_H

#include "core/device.h"

#include <stdint.h>

#define RAM_SIZE 32
#define QUEUE_SIZE 16
#define IRQ_AUX 12

enum {
    STATUS_FULL = 0x01,
    STATUS_SYS = 0x04,
    STATUS_COMMAND = 0x08,
    STATUS_UNLOCKED = 0x10,
    STATUS_AUX = 0x20,
    STATUS_TIMEOUT = 0x40
};

enum {
    BYTE_KBD_INT = 0x01,
    BYTE_AUX_INT = 0x02,
    BYTE_SYS = 0x04,
    BYTE_KBD_OFF = 0x10,
    BYTE_AUX_OFF = 0x20,
    BYTE_XLATE = 0x40
};

enum { OUTPUT_NO_RESET = 0x01, OUTPUT_A20 = 0x02, OUTPUT_KBD_FULL = 0x10, OUTPUT_AUX_FULL = 0x20 };

enum { PORT_A_RESET = 0x01, PORT_A_A20 = 0x02 };

/* A byte on its way to the output buffer; `from`: STATUS_FULL, with AUX and TIMEOUT; 0: none. */
struct answer {
    uint8_t value, from;
};

struct keyboard {
    uint8_t command; /* that waits for its parameter, or 0 */
    uint8_t scan_set, leds, typematic, scanning;
    uint8_t last; /* sent, for RESEND */
    uint8_t count;
    uint8_t queue[QUEUE_SIZE]; /* oldest first, 0 behind `count` */
};

struct i8042 {
    uint8_t ram[RAM_SIZE]; /* 0: the command byte */
    uint8_t output_port;
    uint8_t command; /* that waits for data, or 0 */
    uint8_t status;  /* STATUS_COMMAND: the last write was one */
    struct answer buffer, next;
    uint8_t port_a;
    struct keyboard kbd;
};

/* The status register, and the output port with the bits of the output buffer. */
uint8_t i8042_status(const struct i8042 *c);
uint8_t i8042_output_port(const struct i8042 *c);

/* device_ops.show */
unsigned i8042_show(const struct device *dev, struct device_field *fields, unsigned max);

#endif

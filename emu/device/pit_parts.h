/*
 * What device/pit.c, which runs the i8254, and device/pit_show.c, which tells it in words, share: the
 * counters and what follows from them. Private to them.
 */
#ifndef VLAB_DEVICE_PIT_PARTS_H
#define VLAB_DEVICE_PIT_PARTS_H

#include "core/device.h"

#include <stdbool.h>
#include <stdint.h>

#define PIT_HZ 1193182u
#define COUNTERS 3
#define NEVER UINT64_MAX

enum { CONTROL_BCD = 0x01, CONTROL_KEPT = 0x3f, CONTROL_RESET = 0x36 };

enum { RW_LATCH, RW_LSB, RW_MSB, RW_BOTH };

enum { STATUS_NULL = 0x40, STATUS_OUT = 0x80 };

enum { PORT_B_GATE2 = 0x01, PORT_B_KEPT = 0x0f, PORT_B_REFRESH = 0x10, PORT_B_OUT2 = 0x20 };

enum mode { MODE_TERMINAL, MODE_ONE_SHOT, MODE_RATE, MODE_SQUARE, MODE_STROBE, MODE_HW_STROBE };

struct counter {
    uint8_t control; /* RW, M, BCD as written */
    uint16_t reload; /* CR */
    uint16_t latch;  /* OL */
    uint8_t latched; /* bytes of it still to read */
    uint8_t status;  /* when status_latched */
    bool status_latched;
    bool null_count; /* CR was written and is not yet in the counter */
    bool armed;      /* CR was written since the control word */
    bool gate;
    bool write_msb, read_msb; /* the flip-flops of two-byte access */
    bool running;             /* the gate lets it count */
    bool high;                /* mode 3: which half */
    bool low;                 /* mode 0: OUT was pulled low by a new count */
    uint32_t count;           /* what was loaded, 1-65536; 0: nothing since the control word */
    uint64_t load_at;         /* clock pulse that will load it, or NEVER */
    uint64_t start;           /* running: pulse at which it was, or would have been, loaded */
    uint64_t held;            /* not running: pulses it has counted */
};

struct pit {
    struct counter counters[COUNTERS];
    uint8_t port_b;
};

/* The chip as it is now, of which the device knows only what somebody looked at; the clock pulse. */
uint64_t pit_now(const struct device *dev, struct pit *now);

/* Of a counter that was brought to this pulse: the pin, CE, the status byte. */
bool pit_output(const struct counter *c, uint64_t pulse);
uint16_t pit_counting_element(const struct counter *c, uint64_t pulse);
uint8_t pit_status(const struct counter *c, uint64_t pulse);

/* Port 61h. */
uint8_t pit_port_b(const struct pit *pit, uint64_t pulse);

enum mode pit_mode(const struct counter *c);
unsigned pit_access(const struct counter *c); /* RW_LSB, RW_MSB or RW_BOTH */

/* device_ops.show */
unsigned pit_show(const struct device *dev, struct device_field *fields, unsigned max);

#endif

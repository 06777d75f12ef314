/*
 * What device/pic.c, which runs the two i8259A, and device/pic_show.c, which tells them in words,
 * share: the registers and what follows from them. Private to them.
 */
#ifndef VLAB_DEVICE_PIC_PARTS_H
#define VLAB_DEVICE_PIC_PARTS_H

#include "core/device.h"

#include <stdint.h>

#define LEVELS 8

enum { ICW1_IC4 = 0x01, ICW1_SNGL = 0x02, ICW1_ADI = 0x04, ICW1_LTIM = 0x08, ICW1 = 0x10 };

enum { ICW4_UPM = 0x01, ICW4_AEOI = 0x02, ICW4_SFNM = 0x10 };

/* What the next write with A0=1 is. */
enum step { NEVER_INITIALISED, WANTS_ICW2, WANTS_ICW3, WANTS_ICW4, READY };

enum { FLAG_READ_ISR = 1, FLAG_POLL = 2, FLAG_SPECIAL_MASK = 4, FLAG_ROTATE_AEOI = 8, FLAGS = 15 };

struct chip {
    uint8_t lines; /* the pins IR0-IR7 */
    uint8_t edges; /* that rose and were not acknowledged */
    uint8_t imr, isr, elcr;
    uint8_t icw1, icw2, icw3, icw4;
    uint8_t lowest; /* the line of lowest priority: 7 unless rotated */
    uint8_t step;
    uint8_t flags;
};

struct pic {
    struct chip master, slave;
};

/* IRR: a level asks as long as it is there, an edge until it is acknowledged. */
uint8_t pic_requests(const struct chip *c);

/* The level that INT stands for, or -1. */
int pic_pending(const struct chip *c);

/* device_ops.show */
unsigned pic_show(const struct device *dev, struct device_field *fields, unsigned max);

#endif

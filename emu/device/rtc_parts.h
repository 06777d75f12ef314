/*
 * What device/rtc.c, which runs the MC146818, and device/rtc_show.c, which tells it in words, share:
 * the registers and what follows from them. Private to them.
 */
#ifndef VLAB_DEVICE_RTC_PARTS_H
#define VLAB_DEVICE_RTC_PARTS_H

#include "core/device.h"

#include <stdbool.h>
#include <stdint.h>

#define REGISTERS 128
#define TICKS 32768u /* of the crystal in a second */

enum rtc_register {
    SECONDS,
    SECONDS_ALARM,
    MINUTES,
    MINUTES_ALARM,
    HOURS,
    HOURS_ALARM,
    WEEKDAY,
    DAY_OF_MONTH,
    MONTH,
    YEAR,
    REG_A,
    REG_B,
    REG_C,
    REG_D,
    SHUTDOWN = 0x0f,
    BASE_MEMORY = 0x15,     /* KiB, low byte first */
    EXTENDED_MEMORY = 0x17, /* above 1 MiB, the same */
    CHECKSUM = 0x2e,        /* of 10h-2dh, high byte first */
    CENTURY = 0x32
};

enum { A_RATE = 0x0f, A_DIVIDER = 0x70, A_RUNNING = 0x20, A_UIP = 0x80 };

enum { B_24H = 0x02, B_BINARY = 0x04, B_UIE = 0x10, B_AIE = 0x20, B_PIE = 0x40, B_SET = 0x80 };

enum { B_SQUARE_WAVE = 0x08, B_INTERRUPTS = 0x70 };

enum { C_UPDATE = 0x10, C_ALARM = 0x20, C_PERIODIC = 0x40, C_IRQ = 0x80, C_FLAGS = 0x70 };

enum { D_VALID = 0x80, HOURS_PM = 0x80, ALARM_ANY = 0xc0, NMI_MASKED = 0x80 };

struct rtc {
    uint8_t reg[REGISTERS];
    uint8_t address; /* as written to 70h */
    uint64_t origin; /* tick at which the divider was, or would have been, 0 */
    uint64_t seen;   /* tick up to which everything has happened */
};

/* The chip as it is now, of which the device knows only what somebody looked at. */
void rtc_now(const struct device *dev, struct rtc *now);

/* A register as a read would give it; of C, which a read clears, nothing is. */
uint8_t rtc_register(const struct rtc *r, unsigned address);

/* A field of the calendar as a number: BCD or binary, hours of 12 or 24. */
unsigned rtc_decode(const struct rtc *r, uint8_t value);
unsigned rtc_decode_hour(const struct rtc *r, uint8_t value); /* 0-23 */

/* Ticks between two periodic interrupts; 0: none. */
unsigned rtc_period(const struct rtc *r);

/* Ticks to the next update; 0: the clock stands still. */
unsigned rtc_next_update(const struct rtc *r);

/* Of the CMOS RAM 10h-2dh, as a BIOS leaves it at 2eh. */
unsigned rtc_checksum(const struct rtc *r);

/* device_ops.show */
unsigned rtc_show(const struct device *dev, struct device_field *fields, unsigned max);

#endif

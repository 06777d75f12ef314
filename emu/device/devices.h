/*
 * The devices of a PC that this machine has. Each xxx_create() fills a device that the machine
 * owns and registers its ports; 0 or -errno.
 */
#ifndef VLAB_DEVICE_DEVICES_H
#define VLAB_DEVICE_DEVICES_H

#include "core/device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Port f4h: a write of V ends the run with status (V << 1) | 1, as QEMU's isa-debug-exit. */
int debug_exit_create(struct device *dev);

/* One port that takes text: e9h (Bochs, QEMU's isa-debugcon) and 402h (SeaBIOS). Reads give e9h. */
int debug_text_create(struct device *dev, uint16_t port);

/* The i8259A pair, ports 20h, a0h, 4d0h: the machine's interrupt controller. The first to create. */
int pic_create(struct device *dev);

/* The i8254, ports 40h-43h, and port 61h. OUT 0 is line 0. */
int pit_create(struct device *dev);

/* The MC146818, ports 70h, 71h, on line 8; starts at config.rtc_start. */
int rtc_create(struct device *dev);

/* The 8042, ports 60h, 64h, with a keyboard on line 1, and port 92h. */
int i8042_create(struct device *dev);

/* Port cf9h. */
int reset_control_create(struct device *dev);

/* A button that raises NMIs at config.nmi_at; only in a machine that asks for some. */
int nmi_button_create(struct device *dev);

/* 16550A at `port`, 8 ports (COM1: 3f8h), on line `line` of the ISA bus (COM1: 4). */
int uart_create(struct device *dev, uint16_t port, unsigned line);

/* Characters that came in over the line: takes as many as there is room for, says how many. */
size_t uart_receive(struct device *dev, const uint8_t *data, size_t size);

/* A break on the line: one character 0 with BI and FE. False: no room. */
bool uart_receive_break(struct device *dev);

/* machine_serial_waiting() became true. */
void uart_input_waits(struct device *dev);

/* The private port of our own firmware, 16 ports from 500h, no disk yet: see firmware_disk.h. */
int firmware_disk_create(struct device *dev);

#endif

/*
 * What device/uart.c, which runs the 16550A, and device/uart_show.c, which tells it in words, share:
 * the registers and what follows from them. Private to them.
 */
#ifndef VLAB_DEVICE_UART_PARTS_H
#define VLAB_DEVICE_UART_PARTS_H

#include "core/device.h"

#include <stdbool.h>
#include <stdint.h>

#define UART_CLOCK 1843200u /* Hz; a bit takes 16 times the divisor */
#define FIFO_SIZE 16

enum { IER_RECEIVED = 0x01, IER_THR_EMPTY = 0x02, IER_LINE = 0x04, IER_MODEM = 0x08 };

enum {
    IIR_MODEM = 0x00,
    IIR_NONE = 0x01,
    IIR_THR_EMPTY = 0x02,
    IIR_RECEIVED = 0x04,
    IIR_LINE = 0x06,
    IIR_TIMEOUT = 0x0c,
    IIR_FIFO = 0xc0
};

enum { FCR_ENABLE = 0x01, FCR_TRIGGER = 0xc0 };

enum {
    LCR_LENGTH = 0x03,
    LCR_STOP = 0x04,
    LCR_PARITY = 0x08,
    LCR_EVEN = 0x10,
    LCR_STICK = 0x20,
    LCR_BREAK = 0x40,
    LCR_DLAB = 0x80
};

enum { MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT1 = 0x04, MCR_OUT2 = 0x08, MCR_LOOP = 0x10 };

enum {
    LSR_DATA = 0x01,
    LSR_OVERRUN = 0x02,
    LSR_FRAMING = 0x08,
    LSR_BREAK = 0x10,
    LSR_CHARACTER = 0x1c, /* errors that belong to a character */
    LSR_EMPTY = 0x60,     /* THRE and TEMT */
    LSR_FIFO_ERROR = 0x80
};

enum {
    MSR_CTS = 0x10,
    MSR_DSR = 0x20,
    MSR_RI = 0x40,
    MSR_DCD = 0x80,
    MSR_CHANGES = 0x0f,
    MSR_RI_FELL = 0x04
};

struct uart {
    unsigned line; /* of the ISA bus */
    uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
    uint8_t changes;                            /* bits 0-3 of MSR */
    bool thr_empty;                             /* its interrupt waits */
    bool overrun;                               /* LSR.OE */
    uint8_t count;                              /* characters received and not read */
    uint8_t data[FIFO_SIZE], errors[FIFO_SIZE]; /* oldest first; 0 behind `count` */
    uint64_t arrival;                           /* of the character on the wire; DEVICE_NEVER */
    uint64_t timeout;                           /* ns; DEVICE_NEVER when nothing was received */
};

/* LSR, MSR and IIR as a read would give them, which clears some of their bits; this does not. */
uint8_t uart_line_status(const struct uart *u);
uint8_t uart_modem_status(const struct uart *u);
uint8_t uart_interrupt_identification(const struct device *dev);

/* How many characters in the FIFO raise the interrupt; 1 without it. */
unsigned uart_trigger_level(const struct uart *u);

/* device_ops.show */
unsigned uart_show(const struct device *dev, struct device_field *fields, unsigned max);

#endif

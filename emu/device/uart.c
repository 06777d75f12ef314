/*
 * A 16550A UART (National Semiconductor PC16550D data sheet), the transmitting half: a byte written
 * to THR is sent at once, so LSR always says the transmitter is empty. Nothing is received and no
 * interrupt is raised; FCR is accepted, and IIR says the FIFOs are on when they are.
 *
 *   offset  DLAB=0 read/write   DLAB=1
 *        0  RBR / THR           DLL
 *        1  IER                 DLM
 *        2  IIR / FCR
 *        3  LCR (bit 7 DLAB)
 *        4  MCR (bit 4 loopback)
 *        5  LSR
 *        6  MSR
 *        7  SCR
 */
#include "core/machine.h"
#include "device/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LCR_DLAB 0x80
#define MCR_LOOP 0x10
#define LSR_EMPTY 0x60     /* THRE and TEMT */
#define MSR_CONNECTED 0xb0 /* DCD, DSR, CTS */
#define IIR_NONE 0x01
#define IIR_FIFO 0xc0
#define UART_PORTS 8

enum uart_register {
    UART_DATA,
    UART_IER,
    UART_IIR_FCR,
    UART_LCR,
    UART_MCR,
    UART_LSR,
    UART_MSR,
    UART_SCR
};

struct uart {
    uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
};

/* In loopback the modem outputs DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD. */
static uint8_t modem_status(const struct uart *u)
{
    uint8_t m = u->mcr;

    if (!(m & MCR_LOOP))
        return MSR_CONNECTED;
    return (uint8_t)((m & 1) << 5 | (m & 2) << 3 | (m & 4) << 4 | (m & 8) << 4);
}

static uint32_t uart_read(struct device *dev, uint16_t offset, unsigned size)
{
    const struct uart *u = dev->priv;
    bool dlab = u->lcr & LCR_DLAB;

    (void)size;
    switch ((enum uart_register)offset) {
    case UART_DATA:
        return dlab ? u->dll : 0;
    case UART_IER:
        return dlab ? u->dlm : u->ier;
    case UART_IIR_FCR:
        return IIR_NONE | (u->fcr & 1 ? IIR_FIFO : 0);
    case UART_LCR:
        return u->lcr;
    case UART_MCR:
        return u->mcr;
    case UART_LSR:
        return LSR_EMPTY;
    case UART_MSR:
        return modem_status(u);
    case UART_SCR:
        return u->scr;
    }
    return 0xff;
}

static void uart_send(struct device *dev, uint8_t value)
{
    const struct uart *u = dev->priv;
    char byte = (char)value;

    if (!(u->mcr & MCR_LOOP))
        machine_text(dev->machine, TEXT_SERIAL, &byte, 1);
}

static void uart_write_byte(struct device *dev, unsigned offset, uint8_t value)
{
    struct uart *u = dev->priv;
    bool dlab = u->lcr & LCR_DLAB;

    switch ((enum uart_register)offset) {
    case UART_DATA:
        if (dlab)
            u->dll = value;
        else
            uart_send(dev, value);
        break;
    case UART_IER:
        *(dlab ? &u->dlm : &u->ier) = dlab ? value : value & 0x0f;
        break;
    case UART_IIR_FCR:
        u->fcr = value & 0xc9;
        break;
    case UART_LCR:
        u->lcr = value;
        break;
    case UART_MCR:
        u->mcr = value & 0x1f;
        break;
    case UART_SCR:
        u->scr = value;
        break;
    case UART_LSR:
    case UART_MSR:
        break;
    }
}

static void uart_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++)
        uart_write_byte(dev, offset + i, (uint8_t)(value >> (8 * i)));
}

static void uart_reset(struct device *dev)
{
    memset(dev->priv, 0, sizeof(struct uart));
}

static size_t uart_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    size_t size = sizeof(struct uart); /* bytes only: no padding, no byte order */

    if (size <= cap)
        memcpy(buf, dev->priv, size);
    return size;
}

static int uart_load(struct device *dev, const uint8_t *buf, size_t size)
{
    if (size != sizeof(struct uart))
        return -EINVAL;
    memcpy(dev->priv, buf, size);
    return 0;
}

static void uart_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops uart_ops = {
    .name = "uart",
    .port_read = uart_read,
    .port_write = uart_write,
    .reset = uart_reset,
    .save = uart_save,
    .load = uart_load,
    .destroy = uart_destroy,
};

int uart_create(struct device *dev, uint16_t port)
{
    dev->priv = calloc(1, sizeof(struct uart));
    if (!dev->priv)
        return -ENOMEM;
    dev->ops = &uart_ops;
    return bus_add(&dev->machine->ports, port, UART_PORTS, dev);
}

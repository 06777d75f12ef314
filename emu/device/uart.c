/*
 * A 16550A UART (National Semiconductor PC16550D data sheet, June 1995), as COM ports of a PC wire
 * it: MCR.OUT2 connects its interrupt to the bus.
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
 *
 * What the data sheet leaves to the wire:
 * - Sending takes no time: the transmitter is always empty, and its interrupt comes again at once
 *   after each write to THR. A guest that polls and one that waits for interrupts both work.
 * - Receiving does: a character that waits (machine_serial_input()) arrives one character time,
 *   as divisor and LCR set it, after the one before, and only when there is room for it, as if the
 *   other side obeyed a handshake. A divisor that was never set counts as 1, 115200 baud.
 * - The wire is perfect: no parity or framing errors but those of a break. The word length sets the
 *   time of a character and takes no bits off it.
 * - The other side is always there: DCD, DSR and CTS are on, RI is off.
 * - OUT2 gates the interrupt in loopback, too, though its pin is off there: so a guest can try out
 *   its interrupt handler without anything to receive.
 *
 * The state, as saved: IER FCR LCR MCR SCR DLL DLM, MSR changes, flags, FIFO count (10 bytes), 16
 * characters, 16 errors of theirs, then two times, 8 bytes each: arrival, time-out.
 */
#include "core/clock.h"
#include "core/machine.h"
#include "device/devices.h"
#include "device/uart_parts.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UART_PORTS 8
#define TIMEOUT_CHARACTERS 4
#define STATE_SIZE (10 + 2 * FIFO_SIZE + 16)

enum { IER_BITS = 0x0f };

enum { FCR_CLEAR_RECEIVER = 0x02, FCR_KEPT = 0xc9 };

enum { MCR_BITS = 0x1f };

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

enum { FLAG_THR_EMPTY = 1, FLAG_OVERRUN = 2 };

/* ---- lines ------------------------------------------------------------------------------- */

static bool fifo_on(const struct uart *u)
{
    return u->fcr & FCR_ENABLE;
}

/* In loopback the modem outputs DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD. */
static uint8_t modem_lines(const struct uart *u)
{
    if (!(u->mcr & MCR_LOOP))
        return MSR_DCD | MSR_DSR | MSR_CTS;
    return (uint8_t)((u->mcr & MCR_DTR ? MSR_DSR : 0) | (u->mcr & MCR_RTS ? MSR_CTS : 0) |
                     (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

uint8_t uart_line_status(const struct uart *u)
{
    uint8_t status = LSR_EMPTY | (u->overrun ? LSR_OVERRUN : 0);

    if (u->count)
        status |= LSR_DATA | u->errors[0];
    for (unsigned i = 0; fifo_on(u) && i < u->count; i++)
        if (u->errors[i])
            status |= LSR_FIFO_ERROR;
    return status;
}

unsigned uart_trigger_level(const struct uart *u)
{
    static const uint8_t levels[4] = {1, 4, 8, 14};

    return fifo_on(u) ? levels[u->fcr >> 6] : 1;
}

/* The most urgent interrupt that is enabled, as IIR names it (data sheet, table IV). */
static uint8_t interrupt_source(const struct device *dev)
{
    const struct uart *u = dev->priv;

    if ((u->ier & IER_LINE) && (uart_line_status(u) & (LSR_OVERRUN | LSR_CHARACTER)))
        return IIR_LINE;
    if ((u->ier & IER_RECEIVED) && u->count >= uart_trigger_level(u))
        return IIR_RECEIVED;
    if ((u->ier & IER_RECEIVED) && fifo_on(u) && u->timeout <= clock_now(dev->machine))
        return IIR_TIMEOUT;
    if ((u->ier & IER_THR_EMPTY) && u->thr_empty)
        return IIR_THR_EMPTY;
    if ((u->ier & IER_MODEM) && u->changes)
        return IIR_MODEM;
    return IIR_NONE;
}

uint8_t uart_interrupt_identification(const struct device *dev)
{
    return interrupt_source(dev) | (fifo_on(dev->priv) ? IIR_FIFO : 0);
}

uint8_t uart_modem_status(const struct uart *u)
{
    return modem_lines(u) | u->changes;
}

/* ---- time -------------------------------------------------------------------------------- */

/* ns; counted in half bits, for the stop bits of a five-bit character are one and a half. */
static uint64_t character_time(const struct uart *u)
{
    unsigned divisor = u->dll | u->dlm << 8;
    unsigned bits = 5 + (u->lcr & LCR_LENGTH);
    unsigned stop = !(u->lcr & LCR_STOP) ? 2 : bits == 5 ? 3 : 4;
    unsigned half_bits = 2 * (1 + bits + (u->lcr & LCR_PARITY ? 1 : 0)) + stop;

    return (uint64_t)half_bits * (divisor ? divisor : 1) * 8 * CLOCK_HZ / UART_CLOCK;
}

/* Four characters' time without one coming or being read. */
static void restart_timeout(struct device *dev)
{
    struct uart *u = dev->priv;

    u->timeout = DEVICE_NEVER;
    if (u->count)
        u->timeout = clock_now(dev->machine) + TIMEOUT_CHARACTERS * character_time(u);
}

static bool can_receive(const struct uart *u)
{
    return !(u->mcr & MCR_LOOP) && u->count < (fifo_on(u) ? FIFO_SIZE : 1);
}

static void expect_character(struct device *dev)
{
    struct uart *u = dev->priv;

    if (!can_receive(u) || !machine_serial_waiting(dev->machine, dev))
        u->arrival = DEVICE_NEVER;
    else if (u->arrival == DEVICE_NEVER)
        u->arrival = clock_now(dev->machine) + character_time(u);
}

/* A time-out is due only where it would be seen. */
static void set_deadline(struct device *dev)
{
    const struct uart *u = dev->priv;
    bool waits = (u->ier & IER_RECEIVED) && fifo_on(u) && u->timeout > clock_now(dev->machine);

    dev->deadline = u->arrival;
    if (waits && u->timeout < dev->deadline)
        dev->deadline = u->timeout;
}

/* After any change: what follows from the registers. */
static void uart_update(struct device *dev)
{
    const struct uart *u = dev->priv;

    expect_character(dev);
    set_deadline(dev);
    irq_set(dev->machine, u->line, (u->mcr & MCR_OUT2) && interrupt_source(dev) != IIR_NONE);
}

/* ---- characters -------------------------------------------------------------------------- */

static void clear_receiver(struct uart *u)
{
    memset(u->data, 0, sizeof(u->data));
    memset(u->errors, 0, sizeof(u->errors));
    u->count = 0;
    u->timeout = DEVICE_NEVER;
}

/*
 * A character has come in whole. Without room for it, a FIFO keeps what it has; the single register
 * of the 16450 takes the new one (data sheet, 8.4).
 */
static void take_character(struct device *dev, uint8_t value, uint8_t errors)
{
    struct uart *u = dev->priv;

    if (u->count == (fifo_on(u) ? FIFO_SIZE : 1)) {
        u->overrun = true;
        u->count -= !fifo_on(u);
    }
    if (u->count < FIFO_SIZE) {
        u->data[u->count] = value;
        u->errors[u->count++] = errors;
    }
    restart_timeout(dev);
}

static uint8_t read_character(struct device *dev)
{
    struct uart *u = dev->priv;
    uint8_t value = u->data[0];

    if (u->count == 0)
        return 0;
    u->count--;
    memmove(u->data, u->data + 1, FIFO_SIZE - 1);
    memmove(u->errors, u->errors + 1, FIFO_SIZE - 1);
    u->data[FIFO_SIZE - 1] = u->errors[FIFO_SIZE - 1] = 0;
    restart_timeout(dev);
    return value;
}

size_t uart_receive(struct device *dev, const uint8_t *data, size_t size)
{
    size_t taken = 0;

    while (taken < size && can_receive(dev->priv))
        take_character(dev, data[taken++], 0);
    uart_update(dev);
    return taken;
}

bool uart_receive_break(struct device *dev)
{
    bool taken = can_receive(dev->priv);

    if (taken)
        take_character(dev, 0, LSR_BREAK | LSR_FRAMING);
    uart_update(dev);
    return taken;
}

void uart_input_waits(struct device *dev)
{
    uart_update(dev);
}

/* The interrupt falls with the write and comes again: an edge for the interrupt controller. */
static void send_character(struct device *dev, uint8_t value)
{
    struct uart *u = dev->priv;
    char byte = (char)value;

    u->thr_empty = false;
    uart_update(dev);
    if (u->mcr & MCR_LOOP)
        take_character(dev, value, 0);
    else
        machine_text(dev->machine, TEXT_SERIAL, &byte, 1);
    u->thr_empty = true;
}

/* ---- registers --------------------------------------------------------------------------- */

static uint8_t read_iir(struct device *dev)
{
    struct uart *u = dev->priv;
    uint8_t value = uart_interrupt_identification(dev);

    if ((value & ~IIR_FIFO) == IIR_THR_EMPTY)
        u->thr_empty = false;
    return value;
}

static uint8_t read_lsr(struct uart *u)
{
    uint8_t status = uart_line_status(u);

    u->overrun = false;
    u->errors[0] = 0;
    return status;
}

static uint8_t read_msr(struct uart *u)
{
    uint8_t status = uart_modem_status(u);

    u->changes = 0;
    return status;
}

static uint8_t read_register(struct device *dev, unsigned offset)
{
    struct uart *u = dev->priv;
    bool dlab = u->lcr & LCR_DLAB;

    switch ((enum uart_register)offset) {
    case UART_DATA:
        return dlab ? u->dll : read_character(dev);
    case UART_IER:
        return dlab ? u->dlm : u->ier;
    case UART_IIR_FCR:
        return read_iir(dev);
    case UART_LCR:
        return u->lcr;
    case UART_MCR:
        return u->mcr;
    case UART_LSR:
        return read_lsr(u);
    case UART_MSR:
        return read_msr(u);
    case UART_SCR:
        return u->scr;
    }
    return 0xff;
}

static uint32_t uart_read(struct device *dev, uint16_t offset, unsigned size)
{
    uint8_t value = read_register(dev, offset);

    (void)size;
    uart_update(dev);
    return value;
}

/* Enabling the interrupt of a transmitter that is empty raises it. */
static void write_ier(struct uart *u, uint8_t value)
{
    if (~u->ier & value & IER_THR_EMPTY)
        u->thr_empty = true;
    u->ier = value & IER_BITS;
}

/* Without its bit 0 no other bit is taken; changing that one empties the FIFOs. */
static void write_fcr(struct uart *u, uint8_t value)
{
    uint8_t fcr = value & FCR_ENABLE ? value & FCR_KEPT : 0;

    if ((fcr ^ u->fcr) & FCR_ENABLE || (fcr && (value & FCR_CLEAR_RECEIVER)))
        clear_receiver(u);
    u->fcr = fcr;
}

static void write_mcr(struct uart *u, uint8_t value)
{
    uint8_t before = modem_lines(u), changed;

    u->mcr = value & MCR_BITS;
    changed = before ^ modem_lines(u);
    u->changes |= changed >> 4 & (MSR_CHANGES & ~MSR_RI_FELL);
    if (changed & before & MSR_RI)
        u->changes |= MSR_RI_FELL;
}

static void write_register(struct device *dev, unsigned offset, uint8_t value)
{
    struct uart *u = dev->priv;
    bool dlab = u->lcr & LCR_DLAB;

    switch ((enum uart_register)offset) {
    case UART_DATA:
        if (dlab)
            u->dll = value;
        else
            send_character(dev, value);
        break;
    case UART_IER:
        if (dlab)
            u->dlm = value;
        else
            write_ier(u, value);
        break;
    case UART_IIR_FCR:
        write_fcr(u, value);
        break;
    case UART_LCR:
        u->lcr = value;
        break;
    case UART_MCR:
        write_mcr(u, value);
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
    (void)size;
    write_register(dev, offset, (uint8_t)value);
    uart_update(dev);
}

static void uart_tick(struct device *dev)
{
    struct uart *u = dev->priv;
    uint8_t byte;

    if (u->arrival <= clock_now(dev->machine)) {
        u->arrival = DEVICE_NEVER;
        if (can_receive(u) && machine_serial_take(dev->machine, dev, &byte))
            take_character(dev, byte, 0);
    }
    uart_update(dev);
}

/* ---- state ------------------------------------------------------------------------------- */

/* Master reset leaves the scratch register and the divisor alone (data sheet, table I). */
static void uart_reset(struct device *dev)
{
    struct uart *u = dev->priv;

    *u = (struct uart){.line = u->line,
                       .scr = u->scr,
                       .dll = u->dll,
                       .dlm = u->dlm,
                       .arrival = DEVICE_NEVER,
                       .timeout = DEVICE_NEVER};
    uart_update(dev);
}

static size_t uart_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    const struct uart *u = dev->priv;
    uint8_t flags = (u->thr_empty ? FLAG_THR_EMPTY : 0) | (u->overrun ? FLAG_OVERRUN : 0);
    const uint8_t head[10] = {u->ier, u->fcr, u->lcr,     u->mcr, u->scr,
                              u->dll, u->dlm, u->changes, flags,  u->count};

    if (cap < STATE_SIZE)
        return STATE_SIZE;
    memcpy(buf, head, sizeof(head));
    memcpy(buf + 10, u->data, FIFO_SIZE);
    memcpy(buf + 10 + FIFO_SIZE, u->errors, FIFO_SIZE);
    put_le64(buf + 10 + 2 * FIFO_SIZE, u->arrival);
    put_le64(buf + 18 + 2 * FIFO_SIZE, u->timeout);
    return STATE_SIZE;
}

static bool valid_fifo(const struct uart *u)
{
    if (u->count > (fifo_on(u) ? FIFO_SIZE : 1) || (u->count == 0) != (u->timeout == DEVICE_NEVER))
        return false;
    for (unsigned i = 0; i < FIFO_SIZE; i++)
        if ((u->errors[i] & ~LSR_CHARACTER) || (i >= u->count && (u->data[i] || u->errors[i])))
            return false;
    return true;
}

static bool valid_state(const struct uart *u, uint8_t flags)
{
    return u->ier <= IER_BITS && u->mcr <= MCR_BITS && u->changes <= MSR_CHANGES &&
           !(u->fcr & ~FCR_KEPT) && (u->fcr == 0 || fifo_on(u)) &&
           !(flags & ~(FLAG_THR_EMPTY | FLAG_OVERRUN)) && valid_fifo(u);
}

static int uart_load(struct device *dev, const uint8_t *buf, size_t size)
{
    struct uart *u = dev->priv, loaded = {.line = u->line};

    if (size != STATE_SIZE)
        return -EINVAL;
    loaded.ier = buf[0], loaded.fcr = buf[1], loaded.lcr = buf[2], loaded.mcr = buf[3];
    loaded.scr = buf[4], loaded.dll = buf[5], loaded.dlm = buf[6], loaded.changes = buf[7];
    loaded.thr_empty = buf[8] & FLAG_THR_EMPTY;
    loaded.overrun = buf[8] & FLAG_OVERRUN;
    loaded.count = buf[9];
    memcpy(loaded.data, buf + 10, FIFO_SIZE);
    memcpy(loaded.errors, buf + 10 + FIFO_SIZE, FIFO_SIZE);
    loaded.arrival = get_le64(buf + 10 + 2 * FIFO_SIZE);
    loaded.timeout = get_le64(buf + 18 + 2 * FIFO_SIZE);
    if (!valid_state(&loaded, buf[8]))
        return -EINVAL;
    *u = loaded;
    uart_update(dev);
    return 0;
}

static void uart_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops uart_ops = {
    .name = "uart",
    .port_width = 1,
    .port_read = uart_read,
    .port_write = uart_write,
    .tick = uart_tick,
    .reset = uart_reset,
    .save = uart_save,
    .load = uart_load,
    .show = uart_show,
    .destroy = uart_destroy,
};

int uart_create(struct device *dev, uint16_t port, unsigned line)
{
    struct uart *u = calloc(1, sizeof(*u));
    int rc;

    if (!u)
        return -ENOMEM;
    u->line = line;
    dev->priv = u;
    dev->ops = &uart_ops;
    uart_reset(dev);
    rc = irq_connect(dev, line);
    return rc ? rc : bus_add(&dev->machine->ports, port, UART_PORTS, dev);
}

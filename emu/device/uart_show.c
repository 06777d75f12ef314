/*
 * The 16550A of device/uart.c in words: its registers as the data sheet lays them out (table II),
 * FCR and the FIFO, which cannot be read, after them. The transmitter is always empty: no field.
 */
#include "core/clock.h"
#include "core/device_fields.h"
#include "core/machine.h"
#include "device/uart_parts.h"

#include <ctype.h>
#include <inttypes.h>

#define FIFO_PART 8 /* characters in a field */

static void show_receiver(struct device_fields *list, const struct uart *u)
{
    struct text *t = device_fields_add(list, "RBR", 8, u->data[0]);

    if (!u->count)
        text_add(t, "empty");
    else if (isprint(u->data[0]))
        text_add(t, "'%c'", u->data[0]);
    else
        text_add(t, "%u", u->data[0]);
}

static void show_enable(struct device_fields *list, const struct uart *u)
{
    static const char *const names[] = {"received data", "THR empty", "line status",
                                        "modem status"};

    TEXT_FLAGS(device_fields_add(list, "IER", 8, u->ier), u->ier, names);
}

static const char *source_text(uint8_t iir)
{
    switch (iir & ~IIR_FIFO) {
    case IIR_LINE:
        return "line status";
    case IIR_RECEIVED:
        return "received data available";
    case IIR_TIMEOUT:
        return "character time-out";
    case IIR_THR_EMPTY:
        return "THR empty";
    case IIR_MODEM:
        return "modem status";
    default:
        return "no interrupt";
    }
}

/* Parity as in "8N1": none, odd, even, mark (always 1), space (always 0). */
static char parity_letter(uint8_t lcr)
{
    if (!(lcr & LCR_PARITY))
        return 'N';
    if (lcr & LCR_STICK)
        return lcr & LCR_EVEN ? 'S' : 'M';
    return lcr & LCR_EVEN ? 'E' : 'O';
}

static const char *stop_bits(uint8_t lcr)
{
    if (!(lcr & LCR_STOP))
        return "1";
    return lcr & LCR_LENGTH ? "2" : "1.5";
}

static void show_line_control(struct device_fields *list, uint8_t lcr)
{
    text_add(device_fields_add(list, "LCR", 8, lcr), "%d%c%s, DLAB %d%s", 5 + (lcr & LCR_LENGTH),
             parity_letter(lcr), stop_bits(lcr), !!(lcr & LCR_DLAB),
             lcr & LCR_BREAK ? ", break" : "");
}

static void show_modem_control(struct device_fields *list, uint8_t mcr)
{
    static const char *const names[] = {"DTR", "RTS", "OUT1", "OUT2 (interrupt on)", "loopback"};

    TEXT_FLAGS(device_fields_add(list, "MCR", 8, mcr), mcr, names);
}

static void show_status(struct device_fields *list, const struct uart *u)
{
    static const char *const line[] = {"DR", "OE", "PE", "FE", "BI", "THRE", "TEMT", "FIFO error"};
    static const char *const modem[] = {"DCTS", "DDSR", "TERI", "DDCD", "CTS", "DSR", "RI", "DCD"};
    uint8_t lsr = uart_line_status(u), msr = uart_modem_status(u);

    TEXT_FLAGS(device_fields_add(list, "LSR", 8, lsr), lsr, line);
    TEXT_FLAGS(device_fields_add(list, "MSR", 8, msr), msr, modem);
}

static void show_divisor(struct device_fields *list, const struct uart *u)
{
    unsigned divisor = u->dll | u->dlm << 8;
    struct text *t = device_fields_add(list, "divisor", 16, divisor);

    text_add(t, "%u baud%s", UART_CLOCK / 16 / (divisor ? divisor : 1),
             divisor ? "" : ", never set: counts as 1");
}

static void show_fifo_control(struct device_fields *list, const struct uart *u)
{
    struct text *t = device_fields_add(list, "FCR", 8, u->fcr);

    if (u->fcr & FCR_ENABLE)
        text_add(t, "FIFO on, interrupt from %u characters", uart_trigger_level(u));
    else
        text_add(t, "FIFO off");
}

/* Eight characters, the oldest in the highest byte, so that they read from left to right. */
static void show_fifo_part(struct device_fields *list, const struct uart *u, unsigned from)
{
    struct text *t;
    uint64_t value = 0;

    for (unsigned i = from; i < from + FIFO_PART; i++)
        value = value << 8 | u->data[i];
    t = device_fields_add(list, from ? "FIFO 8-15" : "FIFO 0-7", 64, value);
    if (u->count <= from)
        text_add(t, "empty");
    for (unsigned i = from; i < from + FIFO_PART && i < u->count; i++)
        text_add(t, "%c", isprint(u->data[i]) ? u->data[i] : '.');
}

static void show_fifo(struct device_fields *list, const struct uart *u)
{
    unsigned errors = 0;

    text_add(device_fields_add(list, "FIFO count", 5, u->count), "%u of %d characters", u->count,
             u->fcr & FCR_ENABLE ? FIFO_SIZE : 1);
    show_fifo_part(list, u, 0);
    show_fifo_part(list, u, FIFO_PART);
    for (unsigned i = 0; i < FIFO_SIZE; i++)
        errors |= (unsigned)!!u->errors[i] << i;
    text_add(device_fields_add(list, "FIFO errors", 16, errors), "%s",
             errors ? "bit n: character n came with an error" : "none");
}

static void show_time(struct device_fields *list, const struct machine *m, const char *name,
                      uint64_t at)
{
    uint64_t left = at == DEVICE_NEVER || at < clock_now(m) ? 0 : at - clock_now(m);
    struct text *t = device_fields_add(list, name, 64, left);

    if (at == DEVICE_NEVER)
        text_add(t, "none");
    else if (left)
        text_add(t, "in %" PRIu64 " ns", left);
    else
        text_add(t, "passed");
}

unsigned uart_show(const struct device *dev, struct device_field *fields, unsigned max)
{
    const struct uart *u = dev->priv;
    uint8_t iir = uart_interrupt_identification(dev);
    struct device_fields list;

    device_fields_start(&list, fields, max);
    show_receiver(&list, u);
    show_enable(&list, u);
    text_add(device_fields_add(&list, "IIR", 8, iir), "%s", source_text(iir));
    show_line_control(&list, u->lcr);
    show_modem_control(&list, u->mcr);
    show_status(&list, u);
    text_add(device_fields_add(&list, "SCR", 8, u->scr), "scratch");
    show_divisor(&list, u);
    list.internal = true;
    show_fifo_control(&list, u);
    show_fifo(&list, u);
    text_add(device_fields_add(&list, "THR interrupt", 1, u->thr_empty), "%s",
             u->thr_empty ? "waits" : "none");
    show_time(&list, dev->machine, "next character", u->arrival);
    show_time(&list, dev->machine, "time-out", u->timeout);
    text_add(device_fields_add(&list, "INTR", 1, irq_level(dev->machine, u->line)), "IRQ %u %s",
             u->line, irq_level(dev->machine, u->line) ? "high" : "low");
    return list.count;
}

/*
 * The two i8259A interrupt controllers of a PC (Intel 8259A data sheet, 231468-003), the second on
 * IR2 of the first, and their edge/level registers (Intel 82371AB, PIIX4, data sheet: ELCR1, ELCR2).
 *
 *   ports       A0=0 write            A0=0 read        A0=1
 *   20h, 21h    ICW1, OCW2, OCW3      IRR, ISR, poll   IMR; ICW2, ICW3, ICW4 after ICW1
 *   a0h, a1h    the same of the second
 *   4d0h, 4d1h  ELCR: a line with its bit set is level triggered
 *
 *   ICW1  A7-A5 1 LTIM ADI SNGL IC4       OCW2  R SL EOI 0 0 L2-L0
 *   ICW4  0 0 0 SFNM BUF M/S AEOI uPM     OCW3  0 ESMM SMM 0 1 P RR RIS
 *
 * Choices:
 * - An edge is remembered until it is acknowledged, even when its line falls before. The data sheet
 *   asks devices to hold it and promises IR7 otherwise; KVM and QEMU remember it, and so loses no
 *   tick who keeps interrupts off for long. The second controller's IR7 (IRQ 15) without a request
 *   comes about as there: what had raised IR2 has gone before the acknowledge.
 * - ICW1 clears ISR, too, of which the data sheet says nothing.
 * - Buffered mode is accepted; which of the two is the master is in the wiring here.
 * - In MCS-80 mode (ICW4.uPM clear) a PC's second INTA gets the low byte of the call address.
 *
 * The state, as saved: 12 bytes each: lines, edges, IMR, ISR, ELCR, ICW1-4, the line of lowest
 * priority, step of initialisation, flags.
 */
#include "core/machine.h"
#include "device/devices.h"
#include "device/pic_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MASTER_PORT 0x20
#define SLAVE_PORT 0xa0
#define ELCR_PORT 0x4d0
#define CHIP_STATE_SIZE 12
#define NOT_DRIVEN 0xff /* what INTA reads when no chip answers */
#define SPURIOUS 7

enum { OCW2_EOI = 0x20, OCW2_SL = 0x40, OCW2_R = 0x80, OCW2_COMMAND = 0xe0 };

enum {
    OCW3 = 0x08,
    OCW3_RIS = 0x01,
    OCW3_RR = 0x02,
    OCW3_P = 0x04,
    OCW3_SMM = 0x20,
    OCW3_ESMM = 0x40
};

enum pic_offset { MASTER_A0, MASTER_A1, SLAVE_A0, SLAVE_A1, ELCR1, ELCR2 };

/* ---- one chip ------------------------------------------------------------------------------ */

static uint8_t level_triggered(const struct chip *c)
{
    return c->icw1 & ICW1_LTIM ? 0xff : c->elcr;
}

uint8_t pic_requests(const struct chip *c)
{
    uint8_t level = level_triggered(c);

    return (uint8_t)((c->lines & level) | (c->edges & ~level));
}

static uint8_t bit(unsigned level)
{
    return (uint8_t)(1u << level);
}

static void set_input(struct chip *c, unsigned level, bool high)
{
    if (high && !(c->lines & bit(level)))
        c->edges |= bit(level);
    c->lines = high ? c->lines | bit(level) : c->lines & (uint8_t)~bit(level);
}

/* In-service levels that hold back lower ones: in special mask mode not the masked ones. */
static uint8_t in_service(const struct chip *c)
{
    return c->flags & FLAG_SPECIAL_MASK ? c->isr & (uint8_t)~c->imr : c->isr;
}

/* Levels of a slave that do not hold back themselves. */
static uint8_t nests_itself(const struct chip *c)
{
    bool cascades = (c->icw4 & ICW4_SFNM) && !(c->icw1 & ICW1_SNGL);

    return cascades ? c->icw3 : 0;
}

int pic_pending(const struct chip *c)
{
    uint8_t asks = pic_requests(c) & (uint8_t)~c->imr, served = in_service(c);
    uint8_t held_back = served & (uint8_t)~nests_itself(c);

    if (c->step != READY)
        return -1;
    for (unsigned i = 1; i <= LEVELS; i++) {
        unsigned level = (c->lowest + i) % LEVELS;

        if (asks & ~held_back & bit(level))
            return (int)level;
        if (served & bit(level))
            return -1;
    }
    return -1;
}

/* INTA: from request to service. -1: nothing asks any more. */
static int accept_request(struct chip *c)
{
    int level = pic_pending(c);

    if (level < 0)
        return -1;
    c->edges &= (uint8_t)~bit((unsigned)level);
    if (!(c->icw4 & ICW4_AEOI))
        c->isr |= bit((unsigned)level);
    else if (c->flags & FLAG_ROTATE_AEOI)
        c->lowest = (uint8_t)level;
    return level;
}

static uint8_t vector(const struct chip *c, unsigned level)
{
    if (c->icw4 & ICW4_UPM)
        return (uint8_t)((c->icw2 & 0xf8) | level);
    if (c->icw1 & ICW1_ADI)
        return (uint8_t)((c->icw1 & 0xe0) | level << 2);
    return (uint8_t)((c->icw1 & 0xc0) | level << 3);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void write_icw1(struct chip *c, uint8_t value)
{
    *c = (struct chip){.lines = c->lines,
                       .elcr = c->elcr,
                       .icw1 = value,
                       .icw3 = 7, /* the address of a slave */
                       .lowest = LEVELS - 1,
                       .step = WANTS_ICW2};
}

/* The level in service of highest priority, or -1: what a non-specific EOI ends. */
static int served_level(const struct chip *c)
{
    uint8_t served = in_service(c);

    for (unsigned i = 1; i <= LEVELS; i++)
        if (served & bit((c->lowest + i) % LEVELS))
            return (int)((c->lowest + i) % LEVELS);
    return -1;
}

/* R SL EOI; SL says that L2-L0 name the level. 010 does nothing. */
static void write_ocw2(struct chip *c, uint8_t value)
{
    int level = value & OCW2_SL ? value & 7 : served_level(c);

    switch (value & OCW2_COMMAND) {
    case OCW2_R:
        c->flags |= FLAG_ROTATE_AEOI;
        return;
    case 0:
        c->flags &= (uint8_t)~FLAG_ROTATE_AEOI;
        return;
    default:
        break;
    }
    if (level < 0)
        return;
    if (value & OCW2_EOI)
        c->isr &= (uint8_t)~bit((unsigned)level);
    if (value & OCW2_R)
        c->lowest = (uint8_t)level;
}

static void set_flag(struct chip *c, uint8_t flag, bool on)
{
    c->flags = on ? c->flags | flag : c->flags & (uint8_t)~flag;
}

static void write_ocw3(struct chip *c, uint8_t value)
{
    if (value & OCW3_ESMM)
        set_flag(c, FLAG_SPECIAL_MASK, value & OCW3_SMM);
    if (value & OCW3_P)
        set_flag(c, FLAG_POLL, true);
    else if (value & OCW3_RR)
        set_flag(c, FLAG_READ_ISR, value & OCW3_RIS);
}

static void write_command(struct chip *c, uint8_t value)
{
    if (value & ICW1)
        write_icw1(c, value);
    else if (value & OCW3)
        write_ocw3(c, value);
    else
        write_ocw2(c, value);
}

static uint8_t step_after_icw3(const struct chip *c)
{
    return c->icw1 & ICW1_IC4 ? WANTS_ICW4 : READY;
}

static void write_data(struct chip *c, uint8_t value)
{
    switch ((enum step)c->step) {
    case WANTS_ICW2:
        c->icw2 = value;
        c->step = c->icw1 & ICW1_SNGL ? step_after_icw3(c) : WANTS_ICW3;
        break;
    case WANTS_ICW3:
        c->icw3 = value;
        c->step = step_after_icw3(c);
        break;
    case WANTS_ICW4:
        c->icw4 = value;
        c->step = READY;
        break;
    case NEVER_INITIALISED:
    case READY:
        c->imr = value;
        break;
    }
}

/* The read that follows a poll command is an INTA, whatever its address. */
static uint8_t poll(struct chip *c)
{
    int level = accept_request(c);

    set_flag(c, FLAG_POLL, false);
    return level < 0 ? 0 : (uint8_t)(0x80 | level);
}

static uint8_t read_chip(struct chip *c, bool a0)
{
    if (c->flags & FLAG_POLL)
        return poll(c);
    if (a0)
        return c->imr;
    return c->flags & FLAG_READ_ISR ? c->isr : pic_requests(c);
}

/* ---- the pair ------------------------------------------------------------------------------ */

/* INT of the slave is IR2 of the master, INT of the master is INTR of the CPU. */
static void pic_update(struct device *dev)
{
    struct pic *pic = dev->priv;

    set_input(&pic->master, IRQ_CASCADE, pic_pending(&pic->slave) >= 0);
    irq_set_pin(dev->machine, pic_pending(&pic->master) >= 0);
}

static void pic_set_line(struct device *dev, unsigned line, bool level)
{
    struct pic *pic = dev->priv;

    if (line != IRQ_CASCADE)
        set_input(line < LEVELS ? &pic->master : &pic->slave, line % LEVELS, level);
    pic_update(dev);
}

static bool slave_answers(const struct chip *slave, unsigned level)
{
    return slave->step == READY && !(slave->icw1 & ICW1_SNGL) && (slave->icw3 & 7) == level;
}

/* The slave's INT falls with the INTA: what it asks for next is a new edge for the master. */
static uint8_t acknowledge_slave(struct pic *pic, unsigned level)
{
    int served;

    if (level != IRQ_CASCADE || !slave_answers(&pic->slave, level))
        return NOT_DRIVEN;
    served = accept_request(&pic->slave);
    set_input(&pic->master, IRQ_CASCADE, false);
    return vector(&pic->slave, served < 0 ? SPURIOUS : (unsigned)served);
}

static uint8_t acknowledge_master(struct pic *pic)
{
    struct chip *master = &pic->master;
    int level = accept_request(master);

    if (master->step != READY)
        return NOT_DRIVEN;
    if (level < 0)
        return vector(master, SPURIOUS);
    if (!(master->icw1 & ICW1_SNGL) && (master->icw3 & bit((unsigned)level)))
        return acknowledge_slave(pic, (unsigned)level);
    return vector(master, (unsigned)level);
}

static uint8_t pic_acknowledge(struct device *dev)
{
    uint8_t taken = acknowledge_master(dev->priv);

    pic_update(dev);
    return taken;
}

static uint32_t pic_read(struct device *dev, uint16_t offset, unsigned size)
{
    struct pic *pic = dev->priv;
    uint8_t value = 0xff;

    (void)size;
    switch ((enum pic_offset)offset) {
    case MASTER_A0:
    case MASTER_A1:
        value = read_chip(&pic->master, offset == MASTER_A1);
        break;
    case SLAVE_A0:
    case SLAVE_A1:
        value = read_chip(&pic->slave, offset == SLAVE_A1);
        break;
    case ELCR1:
        return pic->master.elcr;
    case ELCR2:
        return pic->slave.elcr;
    }
    pic_update(dev);
    return value;
}

/* IRQ 0, 1, 2, 8 and 13 are the board's own and have edges only. */
#define ELCR1_BITS 0xf8
#define ELCR2_BITS 0xde

static void pic_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    struct pic *pic = dev->priv;

    (void)size;
    switch ((enum pic_offset)offset) {
    case MASTER_A0:
        write_command(&pic->master, (uint8_t)value);
        break;
    case MASTER_A1:
        write_data(&pic->master, (uint8_t)value);
        break;
    case SLAVE_A0:
        write_command(&pic->slave, (uint8_t)value);
        break;
    case SLAVE_A1:
        write_data(&pic->slave, (uint8_t)value);
        break;
    case ELCR1:
        pic->master.elcr = value & ELCR1_BITS;
        break;
    case ELCR2:
        pic->slave.elcr = value & ELCR2_BITS;
        break;
    }
    pic_update(dev);
}

/* ---- state --------------------------------------------------------------------------------- */

/* The pins are the devices'. */
static void reset_chip(struct chip *c)
{
    *c = (struct chip){.lines = c->lines, .lowest = LEVELS - 1};
}

static void pic_reset(struct device *dev)
{
    struct pic *pic = dev->priv;

    reset_chip(&pic->master);
    reset_chip(&pic->slave);
    pic_update(dev);
}

static void save_chip(const struct chip *c, uint8_t *buf)
{
    const uint8_t bytes[CHIP_STATE_SIZE] = {c->lines, c->edges,  c->imr,  c->isr,
                                            c->elcr,  c->icw1,   c->icw2, c->icw3,
                                            c->icw4,  c->lowest, c->step, c->flags};

    memcpy(buf, bytes, sizeof(bytes));
}

static size_t pic_save(const struct device *dev, uint8_t *buf, size_t cap)
{
    const struct pic *pic = dev->priv;

    if (cap < 2 * CHIP_STATE_SIZE)
        return 2 * CHIP_STATE_SIZE;
    save_chip(&pic->master, buf);
    save_chip(&pic->slave, buf + CHIP_STATE_SIZE);
    return 2 * CHIP_STATE_SIZE;
}

static bool load_chip(struct chip *c, const uint8_t *b, uint8_t elcr_bits)
{
    *c = (struct chip){.lines = b[0],
                       .edges = b[1],
                       .imr = b[2],
                       .isr = b[3],
                       .elcr = b[4],
                       .icw1 = b[5],
                       .icw2 = b[6],
                       .icw3 = b[7],
                       .icw4 = b[8],
                       .lowest = b[9],
                       .step = b[10],
                       .flags = b[11]};
    return c->lowest < LEVELS && c->step <= READY && c->flags <= FLAGS && !(c->elcr & ~elcr_bits);
}

static int pic_load(struct device *dev, const uint8_t *buf, size_t size)
{
    struct pic loaded;

    if (size != 2 * CHIP_STATE_SIZE || !load_chip(&loaded.master, buf, ELCR1_BITS) ||
        !load_chip(&loaded.slave, buf + CHIP_STATE_SIZE, ELCR2_BITS))
        return -EINVAL;
    if (!(loaded.master.lines & bit(IRQ_CASCADE)) != (pic_pending(&loaded.slave) < 0))
        return -EINVAL;
    *(struct pic *)dev->priv = loaded;
    pic_update(dev);
    return 0;
}

static void pic_destroy(struct device *dev)
{
    free(dev->priv);
}

static const struct device_ops pic_ops = {
    .name = "pic",
    .port_width = 1,
    .port_read = pic_read,
    .port_write = pic_write,
    .reset = pic_reset,
    .save = pic_save,
    .load = pic_load,
    .show = pic_show,
    .destroy = pic_destroy,
};

int pic_create(struct device *dev)
{
    struct machine *m = dev->machine;
    int rc;

    dev->priv = calloc(1, sizeof(struct pic));
    if (!dev->priv)
        return -ENOMEM;
    dev->ops = &pic_ops;
    pic_reset(dev);
    m->irq.controller = dev;
    m->irq.set_line = pic_set_line;
    m->irq.acknowledge = pic_acknowledge;
    rc = bus_add_at(&m->ports, MASTER_PORT, 2, dev, MASTER_A0);
    rc = rc ? rc : bus_add_at(&m->ports, SLAVE_PORT, 2, dev, SLAVE_A0);
    return rc ? rc : bus_add_at(&m->ports, ELCR_PORT, 2, dev, ELCR1);
}

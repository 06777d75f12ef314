/*
 * The kernel's interrupt controllers in place of the machine's [4.24 to 4.27]: ports 20h, a0h and 4d0h no
 * longer leave the guest, interrupts are given to it without an exit, and HLT waits in the kernel. Timer,
 * clock and UART stay here and drive the kernel's lines.
 *
 * Between runs the machine's own PIC holds what the kernel's has, in the bytes of its saved state: so
 * snapshots, the devices view and the other CPU see nothing of all this. What the kernel's does not model is
 * filled in as a PC has it: edge triggered but for ELCR, two chips, the second on IR2, 8086 mode.
 */
#include "backend/kvm/cpu.h"
#include "core/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

/* device/pic.c, "The state, as saved", of one chip. */
enum { LINES, EDGES, IMR, ISR, ELCR, ICW1, ICW2, ICW3, ICW4, LOWEST, STEP, FLAGS, CHIP_SIZE };
enum { NEVER_INITIALISED, WANTS_ICW2, WANTS_ICW3, WANTS_ICW4, READY };
enum { ICW4_8086 = 0x01, ICW4_AEOI = 0x02, ICW4_SFNM = 0x10 };
enum { FLAG_READ_ISR = 1, FLAG_POLL = 2, FLAG_SPECIAL_MASK = 4, FLAG_ROTATE_AEOI = 8 };

static void to_kernel(struct kvm_pic_state *to, const uint8_t *from, bool slave)
{
    *to = (struct kvm_pic_state){
        .last_irr = from[LINES],
        .irr = (uint8_t)((from[LINES] & from[ELCR]) | (from[EDGES] & ~from[ELCR])),
        .imr = from[IMR],
        .isr = from[ISR],
        .priority_add = (from[LOWEST] + 1) & 7,
        .irq_base = from[ICW2] & 0xf8,
        .read_reg_select = !!(from[FLAGS] & FLAG_READ_ISR),
        .poll = !!(from[FLAGS] & FLAG_POLL),
        .special_mask = !!(from[FLAGS] & FLAG_SPECIAL_MASK),
        .init_state = from[STEP] == READY ? 0 : from[STEP],
        .auto_eoi = !!(from[ICW4] & ICW4_AEOI),
        .rotate_on_auto_eoi = !!(from[FLAGS] & FLAG_ROTATE_AEOI),
        .special_fully_nested_mode = !!(from[ICW4] & ICW4_SFNM),
        .init4 = from[ICW1] & 1,
        .elcr = from[ELCR],
        .elcr_mask = slave ? 0xde : 0xf8,
    };
}

/* What the bytes had that the kernel has not stays as it was. */
static void from_kernel(uint8_t *to, const struct kvm_pic_state *from, bool slave)
{
    bool touched = from->irq_base || from->init_state || from->imr;

    to[LINES] = from->last_irr;
    to[EDGES] = (uint8_t)(from->irr & ~from->elcr);
    to[IMR] = from->imr;
    to[ISR] = from->isr;
    to[ELCR] = from->elcr;
    to[ICW2] = (uint8_t)(from->irq_base | (to[ICW2] & 7));
    to[LOWEST] = (from->priority_add + 7) & 7;
    to[FLAGS] =
        (uint8_t)((from->read_reg_select ? FLAG_READ_ISR : 0) | (from->poll ? FLAG_POLL : 0) |
                  (from->special_mask ? FLAG_SPECIAL_MASK : 0) |
                  (from->rotate_on_auto_eoi ? FLAG_ROTATE_AEOI : 0));
    if (!touched)
        return;
    to[ICW1] = 0x10 | (from->init4 ? 1 : 0);
    to[ICW3] = slave ? 2 : 4;
    to[ICW4] = (uint8_t)(ICW4_8086 | (from->auto_eoi ? ICW4_AEOI : 0) |
                         (from->special_fully_nested_mode ? ICW4_SFNM : 0));
    to[STEP] = from->init_state ? from->init_state : READY;
}

static struct device *pic_of(struct kvm_cpu *cpu)
{
    return cpu->machine->config.kernel_irqchip ? cpu->machine->irq.controller : NULL;
}

int irqchip_create(struct kvm_cpu *cpu, struct error *err)
{
    if (!cpu->machine->config.kernel_irqchip || !ioctl(cpu->vm_fd, KVM_CREATE_IRQCHIP))
        return 0;
    return error_errno(err, -errno, "/dev/kvm: the kernel's interrupt controllers");
}

int irqchip_push(struct kvm_cpu *cpu)
{
    struct device *dev = pic_of(cpu);
    uint8_t bytes[2 * CHIP_SIZE];

    if (!dev || !cpu->irqchip_stale)
        return 0;
    if (dev->ops->save(dev, bytes, sizeof(bytes)) != sizeof(bytes))
        return -EINVAL;
    for (unsigned i = 0; i < 2; i++) {
        struct kvm_irqchip chip = {.chip_id = i ? KVM_IRQCHIP_PIC_SLAVE : KVM_IRQCHIP_PIC_MASTER};

        to_kernel(&chip.chip.pic, bytes + i * CHIP_SIZE, i);
        if (ioctl(cpu->vm_fd, KVM_SET_IRQCHIP, &chip))
            return -errno;
    }
    cpu->irqchip_stale = false;
    return 0;
}

void irqchip_pull(struct kvm_cpu *cpu)
{
    struct device *dev = pic_of(cpu);
    uint8_t bytes[2 * CHIP_SIZE];

    if (!dev || cpu->irqchip_stale || dev->ops->save(dev, bytes, sizeof(bytes)) != sizeof(bytes))
        return;
    for (unsigned i = 0; i < 2; i++) {
        struct kvm_irqchip chip = {.chip_id = i ? KVM_IRQCHIP_PIC_SLAVE : KVM_IRQCHIP_PIC_MASTER};

        if (ioctl(cpu->vm_fd, KVM_GET_IRQCHIP, &chip))
            return;
        from_kernel(bytes + i * CHIP_SIZE, &chip.chip.pic, i);
    }
    if (dev->ops->load(dev, bytes, sizeof(bytes)) == 0)
        return;
    bytes[LINES] ^=
        1u << IRQ_CASCADE; /* the kernel keeps the line between the two in its own way */
    dev->ops->load(dev, bytes, sizeof(bytes));
}

void irqchip_line(struct kvm_cpu *cpu, unsigned line, bool level)
{
    struct kvm_irq_level irq = {.irq = line, .level = level};

    ioctl(cpu->vm_fd, KVM_IRQ_LINE, &irq);
}

bool irqchip_halted(struct kvm_cpu *cpu)
{
    struct kvm_mp_state state;

    return pic_of(cpu) && !ioctl(cpu->cpu_fd, KVM_GET_MP_STATE, &state) &&
           state.mp_state == KVM_MP_STATE_HALTED;
}

bool irqchip_halted_for_good(struct kvm_cpu *cpu)
{
    struct kvm_mp_state state = {.mp_state = KVM_MP_STATE_RUNNABLE};

    if (clock_deadline(cpu->machine) != DEVICE_NEVER || !irqchip_halted(cpu))
        return false;
    ioctl(cpu->cpu_fd, KVM_SET_MP_STATE, &state);
    return true;
}

/*
 * Running a boot sector for the judge, see boot_run.h.
 *
 * The bytes come from the machine's text sink (source TEXT_SERIAL); the exit that brought each comes
 * from the observer, which sees it right after. The slow UART is a monitor on I/O exits: PC16550D,
 * line status register, bits 5 (THRE) and 6 (TEMT).
 */
#include "exercises/grader/boot_run.h"

#include "core/backend.h"
#include "core/loader.h"
#include "util/bytes.h"

#include <errno.h>
#include <string.h>

#define UART_DATA 0x3f8
#define UART_LCR 0x3fb
#define UART_LSR 0x3fd
#define LCR_DLAB 0x80 /* port 3f8 is the baud rate divisor then */
#define LSR_BUSY 0x00

struct judge {
    struct boot_seen *seen;
    unsigned placed; /* bytes whose place is known */
    unsigned polls;  /* as in the case */
    unsigned busy;   /* reads of the status that still say busy */
    bool divisor;    /* LCR.DLAB */
};

static void on_text(void *ctx, enum text_source source, const char *text, size_t size)
{
    struct boot_seen *seen = ((struct judge *)ctx)->seen;

    if (source != TEXT_SERIAL)
        return;
    for (size_t i = 0; i < size; i++) {
        if (seen->count < BOOT_BYTES_MAX)
            seen->bytes[seen->count] = (uint8_t)text[i];
        seen->count++;
    }
}

static struct boot_place place_of(const struct vm_exit *exit)
{
    return (struct boot_place){
        .known = true, .exit = exit->seq, .address = exit->cs_base + exit->rip};
}

static void on_exit_seen(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct judge *judge = ctx;
    struct boot_seen *seen = judge->seen;

    (void)m;
    seen->last = place_of(exit);
    while (judge->placed < seen->count && judge->placed < BOOT_BYTES_MAX)
        seen->places[judge->placed++] = seen->last;
}

/* IN from the line status register while the UART is busy: the judge's answer, not the device's. */
static enum monitor_action answer_busy(struct machine *m, struct vm_exit *exit)
{
    const struct backend_ops *ops = m->vcpu->ops;
    uint64_t rax = ops->get_gpr(m->vcpu, X86_RAX);

    ops->set_gpr(m->vcpu, X86_RAX, (rax & ~0xffull) | LSR_BUSY);
    ops->complete(m->vcpu, exit->insn_len);
    exit->value = LSR_BUSY;
    return MONITOR_HANDLED;
}

static void see_out(struct judge *judge, struct machine *m, const struct vm_exit *exit)
{
    if (IO_QUAL_PORT(exit->qualification) == UART_LCR)
        judge->divisor = m->vcpu->ops->get_gpr(m->vcpu, X86_RAX) & LCR_DLAB;
    if (IO_QUAL_PORT(exit->qualification) != UART_DATA || judge->divisor)
        return;
    if (judge->busy && judge->seen->lost++ == 0)
        judge->seen->first_lost = place_of(exit);
    judge->busy = judge->polls;
}

static enum monitor_action on_io(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct judge *judge = ctx;
    uint64_t q = exit->qualification;

    if (IO_QUAL_SIZE(q) != 1 || judge->polls == 0)
        return MONITOR_PASS;
    if (!(q & IO_QUAL_IN)) {
        see_out(judge, m, exit);
        return MONITOR_PASS;
    }
    if (IO_QUAL_PORT(q) != UART_LSR || (q & IO_QUAL_STRING) || judge->busy == 0)
        return MONITOR_PASS;
    judge->busy--;
    return answer_busy(m, exit);
}

static void put_data(const struct boot_case *c, uint8_t *at)
{
    put_le16(at, (uint16_t)c->n);
    memcpy(at + 2, c->data, c->n);
}

static bool write_data(struct machine *m, const struct boot_case *c)
{
    uint8_t data[2 + BOOT_DATA_MAX];

    put_data(c, data);
    return ram_write(&m->ram, 0x500, data, 2 + c->n);
}

static void set_segments(struct machine *m, uint16_t selector)
{
    struct x86_state state;

    machine_get_state(m, &state);
    x86_segment_real(&state.seg[X86_DS], selector, false);
    x86_segment_real(&state.seg[X86_ES], selector, false);
    x86_segment_real(&state.seg[X86_SS], selector, false);
    machine_set_state(m, &state);
}

int boot_run(const uint8_t *sector, const struct boot_case *c, struct boot_seen *seen,
             struct error *err)
{
    struct judge judge = {.seen = seen, .polls = c->polls, .busy = c->polls};
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct image image = {
        .kind = IMAGE_BOOT_SECTOR, .data = sector, .size = BOOT_SECTOR_SIZE, .name = "boot sector"};
    struct run_limits limits = {.insns = BOOT_INSNS, .exits = BOOT_EXITS};
    struct machine *m;
    int ret;

    memset(seen, 0, sizeof(*seen));
    config.ram_size = RAM_SIZE_MIN;
    config.text = (struct text_sink){.write = on_text, .ctx = &judge};
    ret = machine_create(&m, &config, err);
    if (ret)
        return ret;
    ret = machine_load(m, &image, err);
    if (!ret && !write_data(m, c))
        ret = error_set(err, -EFAULT, "boot sector: the data does not fit the machine");
    if (!ret) {
        set_segments(m, c->segment);
        m->observer = (struct exit_observer){.seen = on_exit_seen, .ctx = &judge};
        m->monitor = (struct monitor){.on_exit = {[EXIT_IO] = on_io}, .ctx = &judge};
        ret = machine_run(m, &limits, &seen->result);
        if (ret)
            *err = seen->result.error;
    }
    machine_destroy(m);
    return ret;
}

void boot_replay_image(const uint8_t *sector, const struct boot_case *c, uint8_t *image)
{
    const uint8_t start[] = {
        0xb8,
        (uint8_t)c->segment,
        (uint8_t)(c->segment >> 8), /* mov ax, segment */
        0x8e,
        0xd8, /* mov ds, ax */
        0x8e,
        0xc0, /* mov es, ax */
        0x8e,
        0xd0, /* mov ss, ax */
        0xbc,
        0x00,
        0x7c, /* mov sp, 7c00 */
        0xb2,
        0x80, /* mov dl, 80 */
        0x31,
        0xc0, /* xor ax, ax */
        0xea,
        0x00,
        0x7c,
        0x00,
        0x00, /* jmp 0:7c00 */
    };

    _Static_assert(sizeof(start) <= 0x500 - BOOT_REPLAY_AT, "the data lies behind it");
    memset(image, 0, BOOT_REPLAY_SIZE);
    memcpy(image, start, sizeof(start));
    put_data(c, image + 0x500 - BOOT_REPLAY_AT);
    memcpy(image + 0x7c00 - BOOT_REPLAY_AT, sector, BOOT_SECTOR_SIZE);
}

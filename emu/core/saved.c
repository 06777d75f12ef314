/* A machine's state to bytes and back, see saved.h. */
#include "core/saved.h"

#include "core/backend.h"
#include "core/machine.h"
#include "mmu/shadow.h"
#include "util/bytes.h"
#include "x86/state_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "vlabmst\n"
#define MAGIC_SIZE 8u
#define VERSION 1u
#define HEAD_SIZE (MAGIC_SIZE + 4)
#define TAG_SIZE 8u /* and size */
#define DEVICE_MAX 4096u
#define DEVICE_NAME 16u
#define SERIAL_MAX (64u << 20)

/* ---- writing --------------------------------------------------------------------------------- */

/* Room for `size` more bytes, which are the caller's to fill; NULL: out of memory. */
static uint8_t *grow(struct saved *s, size_t size)
{
    if (s->capacity - s->size < size) {
        size_t capacity = 2 * s->capacity + size;
        uint8_t *data = realloc(s->data, capacity);

        if (!data)
            return NULL;
        s->data = data;
        s->capacity = capacity;
    }
    s->size += size;
    return s->data + s->size - size;
}

/* Numbers of eight bytes one after another, written or read. */
struct cursor {
    uint8_t *at;
    bool reads;
};

static void each64(struct cursor *c, uint64_t *value)
{
    if (c->reads)
        *value = get_le64(c->at);
    else
        put_le64(c->at, *value);
    c->at += 8;
}

static void each32(struct cursor *c, uint32_t *value)
{
    if (c->reads)
        *value = get_le32(c->at);
    else
        put_le32(c->at, *value);
    c->at += 4;
}

static void each_flag(struct cursor *c, bool *value)
{
    if (c->reads)
        *value = *c->at & 1;
    else
        *c->at = *value;
    c->at++;
}

/* ---- sections of a fixed size: each is written and read by one function ----------------------- */

#define CLOCK_SIZE (8 * (4 + EXIT_REASON_COUNT))

/* On which CPU it passed does not matter for what the time is. */
static void clock_section(struct machine *m, struct cursor *c)
{
    uint64_t beside = m->slept + m->ran;

    each64(c, &m->insns);
    each64(c, &beside);
    if (c->reads) {
        m->slept = beside;
        m->ran = 0;
    }
    each64(c, &m->random);
    each64(c, &m->exits);
    for (unsigned i = 0; i < EXIT_REASON_COUNT; i++)
        each64(c, &m->exit_counts[i]);
}

#define IRQ_SIZE (4 + 9 + 1)

static void irq_section(struct machine *m, struct cursor *c)
{
    struct irq *irq = &m->irq;
    uint32_t levels = irq->levels, vector = irq->held_vector;

    each32(c, &levels);
    irq->levels = (uint16_t)levels;
    each_flag(c, &irq->intr);
    each_flag(c, &irq->nmi);
    each_flag(c, &irq->nmi_masked);
    each_flag(c, &irq->nmi_waits);
    each_flag(c, &irq->announced);
    each_flag(c, &irq->nmi_announced);
    each_flag(c, &irq->window);
    each_flag(c, &irq->nmi_window);
    each_flag(c, &irq->held);
    if (c->reads)
        vector = *c->at;
    else
        *c->at = (uint8_t)vector;
    c->at++;
    irq->held_vector = (uint8_t)vector;
}

#define CONTROLS_SIZE                                                                              \
    (8 * 4 + 8 * (4 + CONTROLS_CR3_TARGETS) + 2 * CONTROLS_BITMAP_SIZE + CONTROLS_BITMAP_SIZE)

static void bitmap(struct cursor *c, uint8_t *bits, size_t size)
{
    if (c->reads)
        memcpy(bits, c->at, size);
    else
        memcpy(c->at, bits, size);
    c->at += size;
}

static void controls_section(struct machine *m, struct cursor *c)
{
    struct controls *k = &m->controls;
    uint32_t targets = k->cr3_target_count;

    each32(c, &k->pin);
    each32(c, &k->primary);
    each32(c, &k->secondary);
    each32(c, &k->exit);
    each32(c, &k->exception_bitmap);
    each32(c, &k->pf_error_mask);
    each32(c, &k->pf_error_match);
    each32(c, &targets);
    k->cr3_target_count = targets <= CONTROLS_CR3_TARGETS ? targets : 0;
    each64(c, &k->cr0_mask);
    each64(c, &k->cr4_mask);
    each64(c, &k->cr0_shadow);
    each64(c, &k->cr4_shadow);
    for (unsigned i = 0; i < CONTROLS_CR3_TARGETS; i++)
        each64(c, &k->cr3_target[i]);
    bitmap(c, k->io_bitmap, sizeof(k->io_bitmap));
    bitmap(c, k->msr_bitmap, sizeof(k->msr_bitmap));
}

#define SIZES_SIZE (8 + 4 + 4)

/* What has to be the same where the state is put back. */
struct sizes {
    uint64_t ram;
    uint32_t sectors, devices;
};

static void sizes_section(struct sizes *sizes, struct cursor *c)
{
    each64(c, &sizes->ram);
    each32(c, &sizes->sectors);
    each32(c, &sizes->devices);
}

static struct sizes sizes_of(const struct machine *m)
{
    return (struct sizes){m->ram.size, m->disk.sectors, m->device_count};
}

/* ---- the table of them ------------------------------------------------------------------------- */

enum section { S_SIZES, S_CPU, S_TLB, S_CLOCK, S_IRQ, S_CONTROLS, S_SERIAL, S_FIXED };

static const char tags[S_FIXED][5] = {"SIZE", "CPU ", "TLB ", "CLCK", "IRQ ", "CTRL", "SERI"};
static const char device_tag[5] = "DEV ";

static uint8_t *section(struct saved *s, const char *tag, size_t size)
{
    uint8_t *p = grow(s, TAG_SIZE + size);

    if (!p)
        return NULL;
    memcpy(p, tag, 4);
    put_le32(p + 4, (uint32_t)size);
    return p + TAG_SIZE;
}

static bool put_head(struct saved *s)
{
    uint8_t *p;

    s->size = 0;
    p = grow(s, HEAD_SIZE);
    if (!p)
        return false;
    memcpy(p, MAGIC, MAGIC_SIZE);
    put_le32(p + MAGIC_SIZE, VERSION);
    return true;
}

static bool put_sizes(struct saved *s, const struct machine *m)
{
    struct sizes sizes = sizes_of(m);
    struct cursor c = {.at = section(s, tags[S_SIZES], SIZES_SIZE)};

    if (c.at)
        sizes_section(&sizes, &c);
    return c.at;
}

static bool put_cpu(struct saved *s, const struct machine *m)
{
    uint8_t bytes[X86_STATE_BYTES_MAX], *p;
    struct x86_state state;
    size_t size;

    machine_get_state(m, &state);
    size = x86_state_put(&state, bytes);
    p = section(s, tags[S_CPU], size);
    if (p)
        memcpy(p, bytes, size);
    return p;
}

static bool put_tlb(struct saved *s, const struct machine *m)
{
    size_t size = (size_t)m->vcpu->tlb.count * sizeof(struct x86_tlb_entry), used;
    uint8_t *p = section(s, tags[S_TLB], size);

    if (!p)
        return false;
    used = x86_tlb_save(&m->vcpu->tlb, p, size);
    s->size -= size - used;
    put_le32(p - 4, (uint32_t)used);
    return true;
}

/* `fill` reads the machine as it writes the bytes. */
static bool put_fixed(struct saved *s, const struct machine *m, enum section which, size_t size,
                      void (*fill)(struct machine *m, struct cursor *c))
{
    struct cursor c = {.at = section(s, tags[which], size)};

    if (c.at)
        fill((struct machine *)m, &c);
    return c.at;
}

static bool put_serial(struct saved *s, const struct machine *m)
{
    size_t left = m->serial.size - m->serial.taken;
    uint8_t *p = section(s, tags[S_SERIAL], left);

    if (p && left)
        memcpy(p, m->serial.data + m->serial.taken, left);
    return p;
}

static bool put_device(struct saved *s, const struct device *dev)
{
    uint8_t *p = section(s, device_tag, DEVICE_NAME + DEVICE_MAX);
    size_t size;

    if (!p)
        return false;
    memset(p, 0, DEVICE_NAME);
    memcpy(p, dev->ops->name, strnlen(dev->ops->name, DEVICE_NAME));
    size = dev->ops->save ? dev->ops->save(dev, p + DEVICE_NAME, DEVICE_MAX) : 0;
    s->size -= DEVICE_MAX - size;
    put_le32(p - 4, (uint32_t)(DEVICE_NAME + size));
    return true;
}

int machine_save(const struct machine *m, struct saved *saved)
{
    bool done = put_head(saved) && put_sizes(saved, m) && put_cpu(saved, m) && put_tlb(saved, m) &&
                put_fixed(saved, m, S_CLOCK, CLOCK_SIZE, clock_section) &&
                put_fixed(saved, m, S_IRQ, IRQ_SIZE, irq_section) &&
                put_fixed(saved, m, S_CONTROLS, CONTROLS_SIZE, controls_section) &&
                put_serial(saved, m);

    for (unsigned i = 0; done && i < m->device_count; i++)
        done = put_device(saved, &m->devices[i]);
    return done ? 0 : -ENOMEM;
}

/* ---- reading ----------------------------------------------------------------------------------- */

struct piece {
    const uint8_t *data;
    size_t size;
};

/* The sections of a saved state, bounds checked: the only place that trusts none of its bytes. */
struct sections {
    struct piece fixed[S_FIXED];
    struct piece devices[MACHINE_DEVICES_MAX];
    unsigned device_count;
};

static bool next_piece(struct piece *rest, const char *tag, struct piece *out)
{
    size_t size;

    if (rest->size < TAG_SIZE || memcmp(rest->data, tag, 4) != 0)
        return false;
    size = get_le32(rest->data + 4);
    if (size > rest->size - TAG_SIZE)
        return false;
    *out = (struct piece){rest->data + TAG_SIZE, size};
    rest->data += TAG_SIZE + size;
    rest->size -= TAG_SIZE + size;
    return true;
}

static bool fits(const struct sections *s)
{
    return s->fixed[S_SIZES].size == SIZES_SIZE && s->fixed[S_CLOCK].size == CLOCK_SIZE &&
           s->fixed[S_IRQ].size == IRQ_SIZE && s->fixed[S_CONTROLS].size == CONTROLS_SIZE &&
           s->fixed[S_SERIAL].size <= SERIAL_MAX;
}

static bool split(const uint8_t *data, size_t size, struct sections *s)
{
    struct piece rest = {data, size};

    s->device_count = 0;
    if (size < HEAD_SIZE || memcmp(data, MAGIC, MAGIC_SIZE) != 0 ||
        get_le32(data + MAGIC_SIZE) != VERSION)
        return false;
    rest.data += HEAD_SIZE;
    rest.size -= HEAD_SIZE;
    for (unsigned i = 0; i < S_FIXED; i++)
        if (!next_piece(&rest, tags[i], &s->fixed[i]))
            return false;
    while (rest.size && s->device_count < MACHINE_DEVICES_MAX) {
        if (!next_piece(&rest, device_tag, &s->devices[s->device_count]))
            return false;
        if (s->devices[s->device_count++].size < DEVICE_NAME)
            return false;
    }
    return rest.size == 0 && fits(s);
}

static struct cursor reader(const struct piece *piece)
{
    return (struct cursor){.at = (uint8_t *)piece->data, .reads = true};
}

static bool same_sizes(const struct machine *m, const struct sections *s)
{
    struct sizes want, have = sizes_of(m);
    struct cursor c = reader(&s->fixed[S_SIZES]);

    sizes_section(&want, &c);
    return want.ram == have.ram && want.sectors == have.sectors && want.devices == have.devices &&
           s->device_count == have.devices;
}

static bool restore_device(struct device *dev, const struct piece *piece)
{
    char name[DEVICE_NAME] = "";
    size_t size = piece->size - DEVICE_NAME;

    memcpy(name, dev->ops->name, strnlen(dev->ops->name, DEVICE_NAME));
    if (memcmp(name, piece->data, DEVICE_NAME) != 0)
        return false;
    return dev->ops->load ? dev->ops->load(dev, piece->data + DEVICE_NAME, size) == 0 : size == 0;
}

static bool restore_devices(struct machine *m, const struct sections *s)
{
    for (unsigned i = 0; i < m->device_count; i++)
        if (!restore_device(&m->devices[i], &s->devices[i]))
            return false;
    return true;
}

static bool restore_serial(struct machine *m, const struct piece *piece)
{
    uint8_t *data = NULL;

    if (piece->size) {
        data = malloc(piece->size);
        if (!data)
            return false;
        memcpy(data, piece->data, piece->size);
    }
    free(m->serial.data);
    m->serial.data = data;
    m->serial.size = piece->size;
    m->serial.taken = 0;
    return true;
}

static bool valid_cpu(const struct x86_state *state)
{
    return state->activity <= X86_SHUTDOWN;
}

/* What the run before has left behind, and is of no state. */
static void forget_run(struct machine *m)
{
    struct breaks *b = &m->breaks;

    b->hit = b->passed = b->passed_data = 0;
    b->passed_gva = b->passed_insns = ~0ull;
    b->interrupted = false;
    m->debug_exit = m->reset_requested = false;
    m->raised.info = 0;
    m->refused.reason = 0;
    m->shadow_trap = false;
    if (m->shadow)
        shadow_forget(m->shadow);
}

static bool restore(struct machine *m, const struct sections *s)
{
    const struct piece *cpu = &s->fixed[S_CPU], *tlb = &s->fixed[S_TLB];
    struct cursor c = reader(&s->fixed[S_CLOCK]);
    struct x86_state state;

    if (!same_sizes(m, s) || !x86_state_take(&state, cpu->data, cpu->size) || !valid_cpu(&state))
        return false;
    clock_section(m, &c); /* devices load by this clock */
    if (!restore_serial(m, &s->fixed[S_SERIAL]) || !restore_devices(m, s)) /* who may expect some */
        return false;
    c = reader(&s->fixed[S_IRQ]); /* behind the devices: they drive lines */
    irq_section(m, &c);
    machine_set_state(m, &state);
    c = reader(&s->fixed[S_CONTROLS]); /* behind the state: CR0 and CR4 have shadows */
    controls_section(m, &c);
    m->vcpu->ops->controls_changed(m->vcpu);
    forget_run(m);
    return x86_tlb_load(&m->vcpu->tlb, tlb->data, tlb->size);
}

int machine_restore(struct machine *m, const uint8_t *data, size_t size, struct error *err)
{
    struct sections s;

    if (!split(data, size, &s))
        return error_set(err, -EINVAL, "saved state: it is damaged");
    if (!restore(m, &s))
        return error_set(err, -EINVAL, "saved state: it is of another machine, or damaged");
    return 0;
}

int saved_cpu(const uint8_t *data, size_t size, struct x86_state *state)
{
    struct sections s;

    if (!split(data, size, &s) ||
        !x86_state_take(state, s.fixed[S_CPU].data, s.fixed[S_CPU].size) || !valid_cpu(state))
        return -EINVAL;
    return 0;
}

int saved_position(const uint8_t *data, size_t size, uint64_t *exits, uint64_t *insns)
{
    struct sections s;

    if (!split(data, size, &s))
        return -EINVAL;
    *insns = get_le64(s.fixed[S_CLOCK].data);
    *exits = get_le64(s.fixed[S_CLOCK].data + 24);
    return 0;
}

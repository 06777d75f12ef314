/* Making and taking apart a machine, and reaching into it, see machine.h. */
#include "core/machine.h"

#include "core/backend.h"
#include "core/clock.h"
#include "core/handle_shadow.h"
#include "device/devices.h"
#include "mmu/backing.h"
#include "mmu/shadow.h"
#include "util/bytes.h"
#include "x86/state_fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* a state on the stack */
#include <xxhash.h>

/* ---- life -------------------------------------------------------------------------------- */

static struct device *new_device(struct machine *m)
{
    struct device *dev = &m->devices[m->device_count++];

    dev->machine = m;
    dev->deadline = DEVICE_NEVER;
    return dev;
}

/* COM1 is where serial input comes in. */
static int create_com1(struct machine *m, struct device *dev)
{
    m->serial.uart = dev;
    return uart_create(dev, 0x3f8, IRQ_COM1);
}

/* The machine's devices, one a line. MACHINE_DEVICES_MAX bounds them. */
static int create_devices(struct machine *m, struct error *err)
{
    int rc = pic_create(new_device(m));

    rc = rc ? rc : pit_create(new_device(m));
    rc = rc ? rc : rtc_create(new_device(m));
    rc = rc ? rc : i8042_create(new_device(m));
    rc = rc ? rc : reset_control_create(new_device(m));
    rc = rc ? rc : debug_exit_create(new_device(m));
    rc = rc ? rc : debug_text_create(new_device(m), 0xe9);
    rc = rc ? rc : debug_text_create(new_device(m), 0x402);
    rc = rc ? rc : create_com1(m, new_device(m));
    rc = rc ? rc : firmware_disk_create(new_device(m));
    if (m->config.nmi_count)
        rc = rc ? rc : nmi_button_create(new_device(m));
    return rc ? error_errno(err, rc, "machine: cannot create its devices") : 0;
}

static void destroy_devices(struct machine *m)
{
    for (unsigned i = 0; i < m->device_count; i++)
        if (m->devices[i].ops && m->devices[i].ops->destroy)
            m->devices[i].ops->destroy(&m->devices[i]);
}

static int create_vcpu(struct machine *m, struct error *err)
{
    const struct backend_ops *ops = m->config.backend ? m->config.backend : &backend_unicorn;

    if (m->config.kernel_irqchip && !ops->irq_line)
        return error_set(err, -ENOTSUP,
                         "machine: the kernel's interrupt controllers need --backend kvm");
    m->vcpu = calloc(1, sizeof(*m->vcpu));
    if (!m->vcpu)
        return error_set(err, -ENOMEM, "machine: out of memory");
    m->vcpu->ops = ops;
    m->vcpu->machine = m;
    return ops->open(m->vcpu, err);
}

/* What maps a guest's memory has changed. */
static void remapped(struct machine *m, uint64_t gpa, uint64_t size)
{
    if (m->shadow)
        shadow_forget(m->shadow);
    m->vcpu->ops->invalidate(m->vcpu, gpa, size);
}

static int on_moved(void *ctx, uint64_t gpa)
{
    struct machine *m = ctx;
    int rc = backing_moved(&m->ept, &m->ram, gpa);

    remapped(m, gpa, PAGE_SIZE);
    return rc;
}

static int create_shadow(struct machine *m, struct error *err)
{
    int rc;

    if (!m->config.shadow_paging)
        return 0;
    shadow_controls(&m->controls);
    if (m->config.monitor_shadows)
        return 0;
    rc = shadow_create(&m->shadow, m->ram.host);
    return rc ? error_errno(err, rc, "machine: cannot make its shadow tables") : 0;
}

static int create_memory(struct machine *m, struct error *err)
{
    unsigned flags = m->config.ept_accessed_dirty ? EPTP_ACCESSED_DIRTY : 0;
    int rc = ram_init(&m->ram, m->config.host, m->config.ram_size, err);

    if (rc)
        return rc;
    m->ram.moved = on_moved;
    m->ram.ctx = m;
    m->cpu_ept = &m->ept;
    rc = ept_create(&m->ept, m->ram.host, flags);
    rc = rc ? rc : backing_map(&m->ept, &m->ram);
    return rc ? error_errno(err, rc, "machine: cannot make the tables of its second stage") : 0;
}

int machine_create(struct machine **out, const struct machine_config *config, struct error *err)
{
    struct machine *m = calloc(1, sizeof(*m));
    int rc;

    *out = NULL;
    if (!m)
        return error_set(err, -ENOMEM, "machine: out of memory");
    m->config = *config;
    controls_default(&m->controls);
    rc = create_memory(m, err);
    rc = rc ? rc : create_shadow(m, err);
    rc = rc ? rc : create_devices(m, err);
    rc = rc ? rc : create_vcpu(m, err);
    if (rc) {
        machine_destroy(m);
        return rc;
    }
    *out = m;
    return 0;
}

void machine_destroy(struct machine *m)
{
    if (!m)
        return;
    if (m->vcpu)
        m->vcpu->ops->close(m->vcpu);
    free(m->vcpu);
    destroy_devices(m);
    free(m->serial.data);
    shadow_destroy(m->shadow);
    disk_destroy(&m->disk);
    ept_destroy(&m->ept);
    ram_destroy(&m->ram);
    free(m);
}

/* ---- state ------------------------------------------------------------------------------- */

void machine_get_state(const struct machine *m, struct x86_state *state)
{
    m->vcpu->ops->get_state(m->vcpu, state);
    state->activity = m->activity;
}

void machine_set_state(struct machine *m, const struct x86_state *state)
{
    m->vcpu->ops->set_state(m->vcpu, state);
    m->activity = state->activity;
    m->controls.cr0_shadow = state->cr0;
    m->controls.cr4_shadow = state->cr4;
    m->vcpu->ops->controls_changed(m->vcpu);
}

void machine_debug_event(struct machine *m, uint64_t reasons)
{
    const struct backend_ops *ops = m->vcpu->ops;

    ops->set_dr(m->vcpu, 6, (ops->get_dr(m->vcpu, 6) & ~0xfull) | reasons);
    ops->set_dr(m->vcpu, 7, ops->get_dr(m->vcpu, 7) & ~(uint64_t)DR7_GD);
}

uint64_t machine_tsc(const struct machine *m)
{
    return clock_now(m);
}

void machine_set_controls(struct machine *m, const struct controls *controls)
{
    m->controls = *controls;
    if (m->config.shadow_paging)
        shadow_controls(&m->controls);
    m->vcpu->ops->controls_changed(m->vcpu);
}

void machine_request_reset(struct machine *m)
{
    m->reset_requested = true;
}

void machine_text(struct machine *m, enum text_source source, const char *text, size_t size)
{
    if (m->config.text.write)
        m->config.text.write(m->config.text.ctx, source, text, size);
}

/* The hash takes fields in a fixed order and width, never a struct with its padding. */
static void hash_u64(XXH3_state_t *hash, uint64_t value)
{
    uint8_t bytes[8];

    put_le64(bytes, value);
    XXH3_64bits_update(hash, bytes, sizeof(bytes));
}

static void hash_cpu(XXH3_state_t *hash, const struct x86_state *state)
{
    struct x86_state s = *state;
    uint8_t bytes[X86_STATE_BYTES_MAX];

    s.once = 0; /* how the monitor lets the guest go on is no state of the guest's */
    XXH3_64bits_update(hash, bytes, x86_state_put(&s, bytes));
}

static void hash_tlb(XXH3_state_t *hash, const struct x86_tlb *tlb)
{
    hash_u64(hash, tlb->count);
    for (uint32_t i = 0; i < tlb->count; i++) {
        hash_u64(hash, tlb->entries[i].tag);
        hash_u64(hash, tlb->entries[i].gpa);
    }
}

static void hash_devices(XXH3_state_t *hash, const struct machine *m)
{
    uint8_t buf[4096];

    for (unsigned i = 0; i < m->device_count; i++) {
        const struct device *dev = &m->devices[i];
        size_t size = dev->ops->save ? dev->ops->save(dev, buf, sizeof(buf)) : 0;

        hash_u64(hash, size);
        XXH3_64bits_update(hash, buf, size <= sizeof(buf) ? size : sizeof(buf));
    }
}

static void hash_slot(XXH3_state_t *hash, const struct ram *ram, const struct ram_slot *slot)
{
    if (!slot->pages)
        XXH3_64bits_update(hash, slot->host, slot->size);
    for (uint64_t i = 0; slot->pages && i < slot->size / PAGE_SIZE; i++)
        XXH3_64bits_update(hash, host_memory_ptr(ram->host, slot->pages[i].hpa, PAGE_SIZE),
                           PAGE_SIZE);
}

uint64_t machine_state_hash(const struct machine *m)
{
    struct x86_state state;
    XXH3_state_t hash;

    XXH3_64bits_reset(&hash);
    machine_get_state(m, &state);
    hash_cpu(&hash, &state);
    hash_tlb(&hash, &m->vcpu->tlb);
    for (unsigned i = 0; i < m->ram.count; i++)
        if (!m->ram.slots[i].alias)
            hash_slot(&hash, &m->ram, &m->ram.slots[i]);
    hash_devices(&hash, m);
    return XXH3_64bits_digest(&hash);
}

/* ---- memory ------------------------------------------------------------------------------ */

void machine_walk(const struct machine *m, uint64_t gva, enum x86_access access, bool user,
                  struct x86_walk *walk)
{
    struct x86_paging mmu;

    m->vcpu->ops->get_paging(m->vcpu, &mmu);
    mmu.ac = m->vcpu->ops->get_rflags(m->vcpu) & RFLAGS_AC;
    x86_walk(&mmu, gva, access, user, walk);
}

/* Translate as a supervisor whom no SMAP, key or read-only page stops. False: no RAM there. */
static bool translate(const struct machine *m, uint64_t gva, uint64_t *gpa)
{
    struct x86_paging mmu;
    struct x86_walk walk;

    m->vcpu->ops->get_paging(m->vcpu, &mmu);
    mmu.ac = true;
    mmu.pkru = 0;
    x86_walk(&mmu, gva, X86_READ, false, &walk);
    *gpa = walk.gpa;
    return walk.verdict == X86_WALK_OK;
}

static bool linear_read(void *ctx, uint64_t gpa, void *buf, uint64_t size)
{
    const struct machine *m = ctx;

    return ram_read(&m->ram, gpa, buf, size);
}

static bool linear_write(void *ctx, uint64_t gpa, const void *buf, uint64_t size)
{
    struct machine *m = ctx;

    if (!ram_write(&m->ram, gpa, buf, size))
        return false;
    machine_written(m, gpa, size);
    return true;
}

void machine_linear(struct machine *m, const struct x86_state *state, struct x86_linear *mem)
{
    *mem =
        (struct x86_linear){.state = state, .read = linear_read, .write = linear_write, .ctx = m};
}

static size_t page_part(uint64_t gva, size_t size)
{
    size_t left = PAGE_SIZE - gva % PAGE_SIZE;

    return size < left ? size : left;
}

size_t machine_read_linear(const struct machine *m, uint64_t gva, void *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = page_part(gva + done, size - done);
        uint64_t gpa;

        if (!translate(m, gva + done, &gpa) || !ram_read(&m->ram, gpa, (uint8_t *)buf + done, part))
            break;
        done += part;
    }
    return done;
}

size_t machine_write_linear(struct machine *m, uint64_t gva, const void *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t part = page_part(gva + done, size - done);
        uint64_t gpa;

        if (!translate(m, gva + done, &gpa) ||
            !ram_write(&m->ram, gpa, (const uint8_t *)buf + done, part))
            break;
        machine_written(m, gpa, part);
        done += part;
    }
    return done;
}

int machine_add_rom(struct machine *m, const uint8_t *image, uint64_t size, struct error *err)
{
    int rc = ram_add_rom(&m->ram, image, size, err);

    if (rc)
        return rc;
    rc = backing_map(&m->ept, &m->ram);
    remapped(m, 0, RAM_HIGH_BASE); /* it lies in two places */
    return rc ? error_errno(err, rc, "ROM: cannot map it") : 0;
}

int machine_back(struct machine *m, uint64_t gpa, uint64_t hpa)
{
    return ram_back(&m->ram, gpa, hpa);
}

static int share_page(struct machine *from, struct machine *to, uint64_t gpa)
{
    int rc = ram_share(&from->ram, gpa);

    rc = rc ? rc : ram_back(&to->ram, gpa, ram_hpa(&from->ram, gpa));
    return rc ? rc : ram_share(&to->ram, gpa);
}

int machine_share(struct machine *from, struct machine *to, uint64_t gpa, uint64_t size)
{
    int rc = from->ram.host == to->ram.host ? 0 : -EXDEV;

    for (uint64_t page = gpa & PAGE_MASK; !rc && page < gpa + size; page += PAGE_SIZE)
        rc = share_page(from, to, page);
    return rc;
}

void machine_use_ept(struct machine *m, const struct ept *ept)
{
    m->cpu_ept = ept ? ept : &m->ept;
    remapped(m, 0, 0);
}

void machine_set_shadow_root(struct machine *m, uint64_t cr3)
{
    if (cr3 == m->shadow_root)
        return;
    m->shadow_root = cr3;
    machine_ept_changed(m);
}

void machine_written(struct machine *m, uint64_t gpa, uint64_t size)
{
    if (m->shadow)
        shadow_sync(m->shadow, gpa, size);
    m->vcpu->ops->invalidate(m->vcpu, gpa, size);
}

void machine_ept_changed(struct machine *m)
{
    m->vcpu->ops->invalidate(m->vcpu, 0, 0);
}

int machine_protect(struct machine *m, uint64_t gpa, uint64_t size, unsigned rights)
{
    int rc = m->vcpu->ops->second_stage ? backing_protect(&m->ept, &m->ram, gpa, size, rights)
                                        : -ENOTSUP;

    remapped(m, gpa, size);
    return rc;
}

void machine_clear_dirty(struct machine *m, enum dirty_log log)
{
    ram_clear_dirty(&m->ram, log);
    remapped(m, 0, 0);
}

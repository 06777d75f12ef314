/*
 * Guest memory for the kernel: memory slots over the machine's host memory, and the dirty log
 * [4.35, 4.8].
 *
 * ROM lies in front of RAM, pages may be backed by other frames, and shared ones must not be written:
 * the kernel gets what that comes to, ranges that do not overlap. A write to a range that is read only
 * leaves the guest as one to a device does.
 */
#include "backend/kvm/cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* ---- ranges ------------------------------------------------------------------------------ */

/* Where the next slot's ROM or RAM begins or ends behind `gpa`. */
static uint64_t next_border(const struct ram *ram, uint64_t gpa)
{
    uint64_t border = UINT64_MAX;

    for (unsigned i = 0; i < ram->count; i++) {
        uint64_t begin = ram->slots[i].gpa, end = begin + ram->slots[i].size;

        if (begin > gpa && begin < border)
            border = begin;
        if (end > gpa && end < border)
            border = end;
    }
    return border;
}

/* Of a slot whose pages may lie anywhere: the pages from `gpa` on that follow one another. */
static uint64_t run_end(const struct ram *ram, uint64_t gpa, uint64_t end)
{
    const uint8_t *host = ram_ptr(ram, gpa, PAGE_SIZE);
    bool shared = ram_is_shared(ram, gpa);
    uint64_t at = gpa + PAGE_SIZE;

    while (at < end && ram_ptr(ram, at, PAGE_SIZE) == host + (at - gpa) &&
           ram_is_shared(ram, at) == shared)
        at += PAGE_SIZE;
    return at;
}

static int add_range(struct kvm_slots *list, const struct kvm_range *range)
{
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? 2 * list->capacity : 8;
        struct kvm_range *grown = realloc(list->list, capacity * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        list->list = grown;
        list->capacity = capacity;
    }
    list->list[list->count++] = *range;
    return 0;
}

static int make_ranges(const struct ram *ram, struct kvm_slots *list)
{
    uint64_t gpa = 0, end;
    int rc = 0;

    for (; !rc && gpa != UINT64_MAX; gpa = end) {
        const struct ram_slot *slot = ram_find(ram, gpa);

        end = next_border(ram, gpa);
        if (!slot)
            continue;
        if (slot->pages)
            end = run_end(ram, gpa, end);
        rc = add_range(
            list, &(struct kvm_range){.gpa = gpa,
                                      .size = end - gpa,
                                      .host = ram_ptr(ram, gpa, PAGE_SIZE),
                                      .read_only = slot->read_only || ram_is_shared(ram, gpa)});
    }
    return rc;
}

/* ---- the kernel's slots ------------------------------------------------------------------ */

static int put_slot(struct kvm_cpu *cpu, uint32_t number, const struct kvm_range *range)
{
    struct kvm_userspace_memory_region region = {
        .slot = number,
        .flags = range->read_only ? KVM_MEM_READONLY : KVM_MEM_LOG_DIRTY_PAGES,
        .guest_phys_addr = range->gpa,
        .memory_size = range->size,
        .userspace_addr = (uint64_t)(uintptr_t)range->host};

    return ioctl(cpu->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

static bool is_same(const struct kvm_range *a, const struct kvm_range *b)
{
    return a->gpa == b->gpa && a->size == b->size && a->host == b->host &&
           a->read_only == b->read_only;
}

static const struct kvm_range nothing;

static const struct kvm_range *range_at(const struct kvm_slots *slots, uint32_t number)
{
    return number < slots->count ? &slots->list[number] : &nothing;
}

/* Slots must never overlap: those that change are taken away before any is put. */
static int exchange(struct kvm_cpu *cpu, const struct kvm_slots *new)
{
    const struct kvm_slots *old = &cpu->slots;
    uint32_t count = old->count > new->count ? old->count : new->count;
    int rc = 0;

    for (uint32_t i = 0; !rc && i < old->count; i++)
        if (old->list[i].size && !is_same(range_at(old, i), range_at(new, i)))
            rc = put_slot(cpu, i, &(struct kvm_range){.gpa = old->list[i].gpa});
    for (uint32_t i = 0; !rc && i < count; i++)
        if (range_at(new, i)->size && !is_same(range_at(old, i), range_at(new, i)))
            rc = put_slot(cpu, i, range_at(new, i));
    return rc;
}

int kvm_slots_update(struct kvm_cpu *cpu, struct error *err)
{
    const struct ram *ram = &cpu->machine->ram;
    struct kvm_slots new = {.max = cpu->slots.max, .layout = ram->layout};
    int rc;

    if (cpu->slots.layout == ram->layout)
        return 0;
    kvm_slots_log(cpu);
    rc = make_ranges(ram, &new);
    if (!rc && new.count > new.max)
        rc = -ENOSPC;
    rc = rc ? rc : exchange(cpu, &new);
    if (rc) {
        free(new.list);
        return error_errno(err, rc, "/dev/kvm: guest memory in %u pieces", new.count);
    }
    free(cpu->slots.list);
    cpu->slots = new;
    return 0;
}

void kvm_slots_free(struct kvm_cpu *cpu)
{
    free(cpu->slots.list);
    cpu->slots.list = NULL;
    cpu->slots.count = cpu->slots.capacity = 0;
}

/* ---- the dirty log ----------------------------------------------------------------------- */

static void mark(struct ram *ram, uint64_t gpa, uint64_t bits)
{
    for (; bits; bits &= bits - 1)
        ram_mark_dirty(ram, gpa + (uint64_t)__builtin_ctzll(bits) * PAGE_SIZE);
}

/* Without an answer, nothing is known to be clean. */
static void log_slot(struct kvm_cpu *cpu, uint32_t number, uint64_t *bitmap)
{
    const struct kvm_range *range = &cpu->slots.list[number];
    struct kvm_dirty_log log = {.slot = number, .dirty_bitmap = bitmap};
    uint64_t pages = range->size / PAGE_SIZE, words = (pages + 63) / 64;
    bool known = bitmap && !ioctl(cpu->vm_fd, KVM_GET_DIRTY_LOG, &log);

    for (uint64_t i = 0; i < words; i++) {
        uint64_t all = pages - 64 * i >= 64 ? ~0ull : (1ull << (pages - 64 * i)) - 1;

        mark(&cpu->machine->ram, range->gpa + 64 * i * PAGE_SIZE, known ? bitmap[i] & all : all);
    }
}

void kvm_slots_log(struct kvm_cpu *cpu)
{
    uint64_t *bitmap = NULL;
    uint64_t most = 0;

    if (!cpu->ran)
        return;
    cpu->ran = false;
    for (uint32_t i = 0; i < cpu->slots.count; i++)
        if (!cpu->slots.list[i].read_only && cpu->slots.list[i].size > most)
            most = cpu->slots.list[i].size;
    bitmap = calloc(most / PAGE_SIZE / 64 + 1, sizeof(*bitmap));
    for (uint32_t i = 0; i < cpu->slots.count; i++)
        if (!cpu->slots.list[i].read_only)
            log_slot(cpu, i, bitmap);
    free(bitmap);
}

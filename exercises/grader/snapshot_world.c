/* The host of exercise 11, see snapshot_world.h. SDM vol. 3, 29.3, Table 29-7: the entries of the map. */
#include "exercises/grader/snapshot_world.h"

#include "mmu/ept.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CODE 0x200000u
#define LIST (CODE + PAGE_SIZE)
#define FRAME_ADDRESS 0x000ffffffffff000ull

enum {
    ENTRY_READ = EPT_READ | EPT_EXECUTE | EPT_WB << EPT_TYPE_SHIFT,
    ENTRY_WRITE = ENTRY_READ | EPT_WRITE
};

static const uint8_t code[] = {
    0x8b, 0x3e,             /* next: mov edi, [esi] */
    0x8b, 0x46, 0x04,       /*       mov eax, [esi + 4] */
    0x89, 0x07,             /*       mov [edi], eax */
    0x83, 0xc6, 0x08,       /*       add esi, 8 */
    0x49,                   /*       dec ecx */
    0x75, 0xf3,             /*       jnz next */
    0xb0, 0x00, 0xe6, 0xf4, /*       mov al, 0; out 0f4h, al */
};

__attribute__((format(printf, 2, 3))) static bool breach(struct snapshot_world *w, const char *fmt,
                                                         ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (!w->breach[0])
        vsnprintf(w->breach, sizeof(w->breach), fmt, ap);
    va_end(ap);
    return false;
}

/* ---- what the program may reach -------------------------------------------------------------- */

static bool is_entry(const struct snapshot_world *w, uint64_t hpa, unsigned size)
{
    return size == 8 && hpa % 8 == 0 && hpa >= w->map && hpa < w->map + 8ull * SNAPSHOT_PAGES;
}

static bool world_read(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                       uint64_t *value)
{
    struct snapshot_world *w = ctx;

    if (space != WIRE_HOST)
        return false;
    if (!is_entry(w, address, size))
        return frames_read(&w->frames, address, size, value);
    *value = host_read64(w->host, address);
    return true;
}

static bool world_write(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                        uint64_t value)
{
    struct snapshot_world *w = ctx;

    if (space != WIRE_HOST)
        return false;
    if (!is_entry(w, address, size))
        return frames_write(&w->frames, address, size, value);
    host_write64(w->host, address, value);
    return true;
}

static bool world_take(void *ctx, uint64_t *hpa)
{
    struct snapshot_world *w = ctx;

    if (!frames_take(&w->frames, hpa))
        return false;
    w->taken++;
    return true;
}

static bool world_hold(void *ctx, uint64_t hpa)
{
    struct snapshot_world *w = ctx;

    return frames_hold(&w->frames, hpa);
}

static bool world_drop(void *ctx, uint64_t hpa)
{
    struct snapshot_world *w = ctx;

    return frames_drop(&w->frames, hpa);
}

static bool world_copy(void *ctx, uint64_t to, uint64_t from)
{
    struct snapshot_world *w = ctx;

    if (!frames_find(&w->frames, to) || !frames_find(&w->frames, from))
        return false;
    memmove(host_memory_ptr(w->host, to & PAGE_MASK, PAGE_SIZE),
            host_memory_ptr(w->host, from & PAGE_MASK, PAGE_SIZE), PAGE_SIZE);
    return true;
}

struct world snapshot_world_memory(struct snapshot_world *world)
{
    return (struct world){.read = world_read,
                          .write = world_write,
                          .take = world_take,
                          .drop = world_drop,
                          .hold = world_hold,
                          .copy = world_copy,
                          .ctx = world};
}

/* ---- the machine ----------------------------------------------------------------------------- */

/* Each page of the guest's memory in a frame of its own, by which the tables come to be. */
static int make_map(struct snapshot_world *w, const struct snapshot_oracle *oracle)
{
    const uint8_t *bytes = oracle->memories[SNAPSHOT_GUEST].bytes;
    struct ept_walk walk;
    uint64_t hpa;
    int ret = 0;

    for (uint64_t at = 0; !ret && at < SNAPSHOT_BYTES; at += PAGE_SIZE) {
        if (!frames_take(&w->frames, &hpa))
            return -ENOMEM;
        memcpy(host_memory_ptr(w->host, hpa, PAGE_SIZE), bytes + at, PAGE_SIZE);
        ret = ept_map(&w->ept, at, hpa, PAGE_SIZE, EPT_ALL, EPT_WB);
    }
    ept_walk(&w->ept, 0, 0, &walk);
    w->map = walk.steps[EPT_LEVELS - 1].entry_hpa;
    return ret;
}

/* Code and list, for the CPU and, since it decodes, for the machine. */
static int make_code(struct snapshot_world *w, struct error *err)
{
    uint64_t hpa;

    if (host_memory_take(w->host, 2ull * PAGE_SIZE, PAGE_SIZE, &hpa, err))
        return -ENOMEM;
    memcpy(host_memory_ptr(w->host, hpa, sizeof(code)), code, sizeof(code));
    w->list = hpa + PAGE_SIZE;
    if (machine_back(w->machine, CODE, hpa) || machine_back(w->machine, LIST, w->list))
        return -ENOMEM;
    return ept_map(&w->ept, CODE, hpa, 2ull * PAGE_SIZE, EPT_READ | EPT_EXECUTE, EPT_WB);
}

static int make_machine(struct snapshot_world *w, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;

    config.ram_size = 2ull * CODE;
    config.host = w->host;
    return machine_create(&w->machine, &config, err);
}

int snapshot_world_create(struct snapshot_world *w, const struct snapshot_oracle *oracle,
                          struct error *err)
{
    int ret;

    memset(w, 0, sizeof(*w));
    w->host = host_memory_create();
    if (!w->host)
        return error_set(err, -ENOMEM, "out of memory");
    w->frames.host = w->host;
    ret = make_machine(w, err);
    if (!ret && (ept_create(&w->ept, w->host, 0) || make_map(w, oracle) || make_code(w, err)))
        ret = error_set(err, -ENOMEM, "out of frames");
    if (ret) {
        snapshot_world_destroy(w);
        return ret;
    }
    machine_use_ept(w->machine, &w->ept);
    return 0;
}

void snapshot_world_destroy(struct snapshot_world *w)
{
    machine_destroy(w->machine);
    host_memory_release(w->host);
}

void snapshot_world_enter(struct snapshot_world *w, const struct snapshot_store *stores,
                          unsigned count)
{
    uint8_t *list = host_memory_ptr(w->host, w->list, 8ull * count);
    struct x86_state s;

    for (unsigned i = 0; i < count; i++) {
        put_le32(list + 8 * i, stores[i].address);
        put_le32(list + 8 * i + 4, stores[i].value);
    }
    machine_get_state(w->machine, &s);
    s.cr0 |= CR0_PE;
    for (int i = X86_ES; i <= X86_GS; i++)
        s.seg[i] = (struct x86_segment){.selector = 0x10, .limit = ~0u, .access = 0xc093};
    s.seg[X86_CS] = (struct x86_segment){.selector = 0x08, .limit = ~0u, .access = 0xc09b};
    s.idtr.limit = 0; /* any exception ends it */
    s.gpr[X86_RSI] = LIST;
    s.gpr[X86_RCX] = count;
    s.rip = CODE;
    machine_set_state(w->machine, &s);
}

unsigned snapshot_world_left(const struct snapshot_world *w)
{
    struct x86_state s;

    machine_get_state(w->machine, &s);
    return (unsigned)s.gpr[X86_RCX];
}

/* ---- the audit ------------------------------------------------------------------------------- */

static uint64_t entry_of(const struct snapshot_world *w, unsigned page)
{
    return host_read64(w->host, w->map + 8ull * page);
}

bool snapshot_world_is_writable(const struct snapshot_world *w, unsigned page)
{
    return entry_of(w, page) & EPT_WRITE;
}

static bool audit_entry(struct snapshot_world *w, unsigned page)
{
    uint64_t entry = entry_of(w, page), flags = entry & ~FRAME_ADDRESS;

    if (flags != ENTRY_READ && flags != ENTRY_WRITE)
        return breach(w, "entry %u of the map is %llx: its low bits are neither %x nor %x", page,
                      (unsigned long long)entry, ENTRY_READ, ENTRY_WRITE);
    if (!frames_find(&w->frames, entry & FRAME_ADDRESS))
        return breach(w, "entry %u of the map is %llx: no frame that is yours", page,
                      (unsigned long long)entry);
    return true;
}

static bool audit_bytes(struct snapshot_world *w, const struct snapshot_oracle *oracle,
                        unsigned page)
{
    const uint8_t *want = oracle->memories[SNAPSHOT_GUEST].bytes + page * PAGE_SIZE;
    const uint8_t *came = host_memory_ptr(w->host, entry_of(w, page) & FRAME_ADDRESS, PAGE_SIZE);
    unsigned at = 0;

    if (memcmp(came, want, PAGE_SIZE) == 0)
        return true;
    while (get_le32(came + at) == get_le32(want + at))
        at += 4;
    return breach(w, "page %u of the guest: %08x at %03x, %08x is to be there", page,
                  get_le32(came + at), at, get_le32(want + at));
}

bool snapshot_world_audit(struct snapshot_world *w, const struct snapshot_oracle *oracle)
{
    for (unsigned page = 0; page < SNAPSHOT_PAGES; page++) {
        if (!audit_entry(w, page) || !audit_bytes(w, oracle, page))
            return false;
        if (snapshot_world_is_writable(w, page) && oracle_is_shared(oracle, page))
            return breach(w, "page %u is writable, and a node has the same page", page);
    }
    return true;
}

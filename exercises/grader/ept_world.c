/* The host of exercise 07, see ept_world.h. SDM vol. 3, 29.3 for the tables, Table 25-9 for the pointer. */
#include "exercises/grader/ept_world.h"

#include "mmu/ept_map.h"
#include "util/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { RANGES = 600, WALKS = 8192 };

__attribute__((format(printf, 2, 3))) static bool breach(struct ept_world *w, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (!w->breach[0])
        vsnprintf(w->breach, sizeof(w->breach), fmt, ap);
    va_end(ap);
    return false;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* The page of the image at that address, or EPT_IMAGE_PAGES. */
static unsigned image_page(const struct ept_world *w, uint64_t hpa)
{
    uint64_t page = (hpa - w->image) / PAGE_SIZE;

    return hpa >= w->image && page < EPT_IMAGE_PAGES ? (unsigned)page : EPT_IMAGE_PAGES;
}

static bool is_readable(struct ept_world *w, uint64_t hpa)
{
    return frames_find(&w->frames, hpa) || image_page(w, hpa) < EPT_IMAGE_PAGES;
}

static bool world_read(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                       uint64_t *value)
{
    struct ept_world *w = ctx;

    if (space != WIRE_HOST || size != 8 || address % 8 || !is_readable(w, address))
        return false;
    *value = host_read64(w->host, address);
    return true;
}

static bool world_write(void *ctx, enum wire_space space, uint64_t address, unsigned size,
                        uint64_t value)
{
    struct ept_world *w = ctx;

    return space == WIRE_HOST && frames_write(&w->frames, address, size, value);
}

static bool world_take(void *ctx, uint64_t *hpa)
{
    struct ept_world *w = ctx;

    return frames_take(&w->frames, hpa);
}

static bool world_hold(void *ctx, uint64_t hpa)
{
    struct ept_world *w = ctx;
    unsigned page = image_page(w, hpa);

    if (page == EPT_IMAGE_PAGES)
        return frames_hold(&w->frames, hpa);
    w->image_held[page]++;
    host_frame_hold(w->host, hpa & PAGE_MASK);
    return true;
}

static bool world_drop(void *ctx, uint64_t hpa)
{
    struct ept_world *w = ctx;
    unsigned page = image_page(w, hpa);

    if (page == EPT_IMAGE_PAGES)
        return frames_drop(&w->frames, hpa);
    if (w->image_held[page] == 0)
        return false;
    w->image_held[page]--;
    host_frame_drop(w->host, hpa & PAGE_MASK);
    return true;
}

static bool world_copy(void *ctx, uint64_t to, uint64_t from)
{
    struct ept_world *w = ctx;

    if (!frames_find(&w->frames, to) || !is_readable(w, from))
        return false;
    memmove(host_memory_ptr(w->host, to & PAGE_MASK, PAGE_SIZE),
            host_memory_ptr(w->host, from & PAGE_MASK, PAGE_SIZE), PAGE_SIZE);
    return true;
}

struct world ept_world_memory(struct ept_world *world)
{
    return (struct world){.read = world_read,
                          .write = world_write,
                          .take = world_take,
                          .drop = world_drop,
                          .hold = world_hold,
                          .copy = world_copy,
                          .ctx = world};
}

/* ---- machines -------------------------------------------------------------------------------- */

int ept_world_create(struct ept_world *w, const struct ept_guest *guest, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    int ret;

    memset(w, 0, sizeof(*w));
    w->guest = guest;
    w->host = host_memory_create();
    if (!w->host)
        return error_set(err, -12, "out of memory");
    w->frames.host = w->host;
    config.ram_size = EPT_RAM_PAGES * PAGE_SIZE;
    config.host = w->host;
    ret = host_memory_take(w->host, sizeof(guest->image), PAGE_SIZE, &w->image, err);
    for (unsigned i = 0; !ret && i < EPT_GUESTS; i++)
        ret = machine_create(&w->machines[i], &config, err);
    if (ret) {
        ept_world_destroy(w);
        return ret;
    }
    memcpy(host_memory_ptr(w->host, w->image, sizeof(guest->image)), guest->image,
           sizeof(guest->image));
    return 0;
}

void ept_world_destroy(struct ept_world *w)
{
    for (unsigned i = 0; i < EPT_GUESTS; i++)
        machine_destroy(w->machines[i]);
    host_memory_release(w->host);
}

static bool is_pointer(struct ept_world *w, uint64_t eptp)
{
    if ((eptp & 7) != EPT_WB)
        return breach(w, "EPT pointer %llx: bits 2:0 are not 6 (write-back)",
                      (unsigned long long)eptp);
    if (EPTP_LEVELS(eptp) != EPT_LEVELS)
        return breach(w, "EPT pointer %llx: bits 5:3 are not 3 (4 levels)",
                      (unsigned long long)eptp);
    if (eptp & 0xfffffff000000f80)
        return breach(w, "EPT pointer %llx: a reserved bit is set", (unsigned long long)eptp);
    if (!frames_find(&w->frames, EPTP_TABLE(eptp)))
        return breach(w, "EPT pointer %llx: the table is in no frame that was taken",
                      (unsigned long long)eptp);
    return true;
}

void ept_world_begin(struct ept_world *w, unsigned guest, uint64_t eptp)
{
    if (!is_pointer(w, eptp))
        return;
    w->tables[guest] = (struct ept){.host = w->host, .eptp = eptp};
    w->alive[guest] = true;
    machine_use_ept(w->machines[guest], &w->tables[guest]);
}

void ept_world_enter(struct ept_world *w, unsigned guest, unsigned part)
{
    struct x86_state s;

    machine_get_state(w->machines[guest], &s);
    s.cr0 |= CR0_PE;
    for (int i = X86_ES; i <= X86_GS; i++)
        s.seg[i] = (struct x86_segment){.selector = 0x10, .limit = ~0u, .access = 0xc093};
    s.seg[X86_CS] = (struct x86_segment){.selector = 0x08, .limit = ~0u, .access = 0xc09b};
    s.idtr.limit = 0; /* any exception ends it */
    s.rip = part * EPT_PART_OFFSET;
    machine_set_state(w->machines[guest], &s);
}

void ept_world_end(struct ept_world *w, unsigned guest)
{
    machine_use_ept(w->machines[guest], NULL);
    w->alive[guest] = false;
}

/* ---- the audit ------------------------------------------------------------------------------- */

/* Frames are marked as tables, then as writable by a guest; then each mapping is held against that. */
enum pass { PASS_TABLES, PASS_WRITABLE, PASS_CHECK, PASSES };

static void note_writable(struct ept_world *w, unsigned guest, const struct ept_walk *walk)
{
    struct frame *frame = frames_find(&w->frames, walk->hpa);

    if (!frame || !(walk->rights & EPT_WRITE))
        return;
    frame->writable = true;
    frame->guest = guest;
}

static void note_tables(struct ept_world *w, const struct ept_walk *walk)
{
    for (unsigned i = 0; i < walk->count; i++) {
        struct frame *frame = frames_find(&w->frames, walk->steps[i].entry_hpa);

        if (frame)
            frame->table = true;
    }
}

static bool audit_page(struct ept_world *w, unsigned guest, const struct ept_walk *walk)
{
    struct frame *frame = frames_find(&w->frames, walk->hpa);
    bool writable = walk->rights & EPT_WRITE;

    if (walk->gpa / PAGE_SIZE >= EPT_RAM_PAGES)
        return breach(w, "guest %u: guest-physical %llx is mapped, and is no RAM", guest,
                      (unsigned long long)walk->gpa);
    if (walk->type != EPT_WB)
        return breach(w, "guest %u: the page at %llx has memory type %s, not WB", guest,
                      (unsigned long long)walk->gpa, ept_type_name(walk->type));
    if (image_page(w, walk->hpa) < EPT_IMAGE_PAGES)
        return !writable || breach(w, "guest %u: the image's frame at %llx is writable", guest,
                                   (unsigned long long)walk->gpa);
    if (!frame)
        return breach(w, "guest %u: the page at %llx is in no frame that was taken", guest,
                      (unsigned long long)walk->gpa);
    if (frame->table)
        return breach(w, "guest %u: at %llx it can reach a table of the second stage", guest,
                      (unsigned long long)walk->gpa);
    if (frame->writable && frame->guest != guest)
        return breach(w, "guest %u can reach a page at %llx that guest %u can write", guest,
                      (unsigned long long)walk->gpa, frame->guest);
    return true;
}

static bool audit_range(struct ept_world *w, unsigned guest, const struct ept_range *range,
                        enum pass pass)
{
    if (range->verdict == EPT_MISCONFIGURED)
        return breach(w, "guest %u: EPT misconfiguration at %llx: %s", guest,
                      (unsigned long long)range->first, range->rule);
    if (range->page_size > PAGE_SIZE)
        return breach(w, "guest %u: a large page at %llx maps more than one frame", guest,
                      (unsigned long long)range->first);
    for (uint64_t gpa = range->first; range->page_size && gpa < range->last; gpa += PAGE_SIZE) {
        struct ept_walk walk;

        ept_walk(&w->tables[guest], gpa, 0, &walk);
        if (pass == PASS_TABLES)
            note_tables(w, &walk);
        else if (pass == PASS_WRITABLE)
            note_writable(w, guest, &walk);
        else if (!audit_page(w, guest, &walk))
            return false;
    }
    return true;
}

static bool audit_guest(struct ept_world *w, unsigned guest, enum pass pass)
{
    struct ept_range ranges[RANGES];
    uint64_t cut;
    unsigned count = ept_map_ranges(&w->tables[guest], ranges, RANGES, WALKS, &cut);

    if (cut < EPT_GPA_END)
        return breach(w, "guest %u: its tables have no end", guest);
    for (unsigned i = 0; i < count; i++)
        if (!audit_range(w, guest, &ranges[i], pass))
            return false;
    return true;
}

bool ept_world_audit(struct ept_world *w)
{
    for (unsigned i = 0; i < w->frames.count; i++)
        w->frames.frames[i].table = w->frames.frames[i].writable = false;
    for (unsigned pass = 0; pass < PASSES; pass++)
        for (unsigned guest = 0; guest < EPT_GUESTS; guest++)
            if (w->alive[guest] && !audit_guest(w, guest, (enum pass)pass))
                return false;
    return !w->breach[0];
}

uint32_t ept_world_compare(const struct ept_world *w, unsigned guest, unsigned part, uint32_t *came)
{
    for (uint32_t page = 0; page < EPT_RAM_PAGES; page++) {
        const uint32_t *want = &w->guest->memory[part][page * 1024];
        const uint8_t *bytes = NULL;
        struct ept_walk walk;

        ept_walk(&w->tables[guest], (uint64_t)page * PAGE_SIZE, 0, &walk);
        if (walk.page_size)
            bytes = host_memory_ptr(w->host, walk.hpa & PAGE_MASK, PAGE_SIZE);
        else if (page < EPT_IMAGE_PAGES) /* not touched: as it was */
            bytes = w->guest->image + page * PAGE_SIZE;
        for (uint32_t i = 0; i < 1024; i++) {
            *came = bytes ? get_le32(bytes + 4 * i) : 0;
            if (*came != want[i])
                return page * 1024 + i;
        }
    }
    return EPT_WORDS;
}

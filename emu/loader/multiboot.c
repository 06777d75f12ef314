/*
 * Multiboot Specification 0.6.96: the header in a kernel's first 8 KiB, the information structure
 * with command line, modules and memory map, and where they are put.
 *
 * Header (3.1), 4-byte aligned:          Information (3.3), EBX points to it:
 *    0 magic 1badb002                       0 flags
 *    4 flags                                4 mem_lower  8 mem_upper (KiB)          flag 0
 *    8 checksum: the three add up to 0     16 cmdline                               flag 2
 *   12 header_addr    (flag 16:            20 mods_count 24 mods_addr               flag 3
 *   16 load_addr       the "a.out kludge") 44 mmap_length 48 mmap_addr              flag 6
 *   20 load_end_addr                       64 boot_loader_name                      flag 9
 *   24 bss_end_addr                     Module: 0 start, 4 end, 8 string, 12 zero.
 *   28 entry_addr                       Map entry: 0 size (20), 4 base, 12 length, 20 type.
 *
 * Modules lie above the kernel, each on a page (asked for or not, as the specification lets a loader
 * do). The information is one block above them or, when there is no room, below the kernel in
 * conventional memory.
 *
 * Left out: boot device, drives, ROM configuration table, APM and video information, which describe
 * what this machine does not have; symbols (flags 4 and 5). A kernel that asks for a video mode is
 * refused.
 */
#include "loader/multiboot.h"

#include "core/machine.h"
#include "core/memory_map.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAGIC 0x1badb002u
#define HEADER_WITHIN 8192u
#define HEADER_SIZE 12u
#define HEADER_ADDRESSES_SIZE 32u

#define FLAG_VIDEO 0x4u
#define FLAGS_REQUIRED 0xffffu /* a loader that does not know one of these must refuse */
#define FLAGS_KNOWN 0x7u
#define FLAG_ADDRESSES 0x10000u

#define INFO_SIZE 88u
#define INFO_FLAGS 0x24du /* memory, command line, modules, map, loader's name */
#define MODULE_SIZE 16u
#define MAP_ENTRY_SIZE 24u
#define LOADER_NAME "vlab"

/* ---- the header ------------------------------------------------------------------------------ */

static bool header_at(const struct image *image, size_t at, struct multiboot_header *h)
{
    const uint8_t *p = image->data + at;

    if (get_le32(p) != HEADER_MAGIC || get_le32(p) + get_le32(p + 4) + get_le32(p + 8) != 0)
        return false;
    *h = (struct multiboot_header){.offset = at, .flags = get_le32(p + 4)};
    return true;
}

bool multiboot_find(const struct image *image, struct multiboot_header *h)
{
    size_t end = image->size < HEADER_WITHIN ? image->size : HEADER_WITHIN;

    for (size_t at = 0; at + HEADER_SIZE <= end; at += 4)
        if (header_at(image, at, h))
            return true;
    return false;
}

bool multiboot_has_addresses(const struct multiboot_header *h)
{
    return h->flags & FLAG_ADDRESSES;
}

static int check_flags(const struct image *image, const struct multiboot_header *h,
                       struct error *err)
{
    if (h->flags & FLAG_VIDEO)
        return image_bad(image, err, "multiboot header asks for a video mode, there is no display");
    if (h->flags & FLAGS_REQUIRED & ~FLAGS_KNOWN)
        return image_bad(image, err, "multiboot header asks for what is unknown: flags 0x%x",
                         h->flags);
    return 0;
}

/* ---- where things go ------------------------------------------------------------------------- */

static uint64_t page_up(uint64_t gpa)
{
    return (gpa + PAGE_SIZE - 1) & PAGE_MASK;
}

/* Free memory above the kernel, and below it in conventional memory. */
static void free_memory(const struct machine *m, const struct kernel *k, struct multiboot *mb)
{
    mb->high = page_up(k->end > MEMORY_EXTENDED ? k->end : MEMORY_EXTENDED);
    mb->high_end = MEMORY_EXTENDED + memory_extended(&m->ram);
    mb->low = PAGE_SIZE; /* real mode's vectors and BIOS data are below */
    mb->low_end = k->begin < MEMORY_LOW_END ? k->begin : MEMORY_LOW_END;
}

static bool fits(uint64_t begin, uint64_t end, uint64_t size)
{
    return begin <= end && size <= end - begin;
}

static int place_modules(const struct image *image, struct multiboot *mb, struct error *err)
{
    for (unsigned i = 0; i < image->module_count; i++) {
        uint64_t size = image->modules[i].size;

        if (!fits(mb->high, mb->high_end, size))
            return image_bad(image, err, "module %u of %llu bytes does not fit above the kernel",
                             i + 1, (unsigned long long)size);
        mb->module[i] = (uint32_t)mb->high;
        mb->high = page_up(mb->high + size);
    }
    return 0;
}

static int place_info(const struct image *image, struct multiboot *mb, struct error *err)
{
    if (fits(mb->high, mb->high_end, mb->info_size))
        mb->info = (uint32_t)mb->high;
    else if (fits(mb->low, mb->low_end, mb->info_size))
        mb->info = (uint32_t)mb->low;
    else
        return image_bad(image, err, "no room for %zu bytes of multiboot information",
                         mb->info_size);
    return 0;
}

/* ---- the information ------------------------------------------------------------------------- */

/* The block is written from its start; `at` is the next free byte. */
struct block {
    uint8_t *bytes;
    size_t at;
    uint32_t gpa; /* of bytes[0] */
};

static uint32_t block_here(const struct block *b)
{
    return b->gpa + (uint32_t)b->at;
}

static void put_text(struct block *b, const char *text)
{
    size_t size = strlen(text);

    memcpy(b->bytes + b->at, text, size);
    b->at += size;
}

static uint32_t put_string(struct block *b, const char *text)
{
    uint32_t here = block_here(b);

    put_text(b, text);
    b->bytes[b->at++] = '\0';
    return here;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The kernel's name comes first, as a program's does; where its file lies is nobody's business. */
static uint32_t put_command_line(struct block *b, const struct image *image)
{
    uint32_t here = block_here(b);

    put_text(b, base_name(image->name));
    if (image->command_line) {
        put_text(b, " ");
        put_text(b, image->command_line);
    }
    put_string(b, "");
    return here;
}

static size_t info_size(const struct image *image)
{
    size_t size = INFO_SIZE + MEMORY_RANGES_MAX * MAP_ENTRY_SIZE + sizeof(LOADER_NAME);

    size += strlen(base_name(image->name)) + 1;
    size += image->command_line ? strlen(image->command_line) + 1 : 0;
    for (unsigned i = 0; i < image->module_count; i++)
        size += MODULE_SIZE + strlen(image->modules[i].string) + 1;
    return size;
}

static void put_map(struct block *b, const struct machine *m, uint8_t *info)
{
    struct memory_range ranges[MEMORY_RANGES_MAX];
    unsigned count = memory_map_get(&m->ram, ranges);

    put_le32(info + 44, count * MAP_ENTRY_SIZE);
    put_le32(info + 48, block_here(b));
    for (unsigned i = 0; i < count; i++, b->at += MAP_ENTRY_SIZE) {
        uint8_t *p = b->bytes + b->at;

        put_le32(p, MAP_ENTRY_SIZE - 4);
        put_le64(p + 4, ranges[i].base);
        put_le64(p + 12, ranges[i].size);
        put_le32(p + 20, ranges[i].type);
    }
}

static void put_modules(struct block *b, const struct image *image, const struct multiboot *mb,
                        uint8_t *info)
{
    uint8_t *p = b->bytes + b->at;

    put_le32(info + 20, image->module_count);
    put_le32(info + 24, block_here(b));
    b->at += (size_t)image->module_count * MODULE_SIZE;
    for (unsigned i = 0; i < image->module_count; i++, p += MODULE_SIZE) {
        put_le32(p, mb->module[i]);
        put_le32(p + 4, mb->module[i] + (uint32_t)image->modules[i].size);
        put_le32(p + 8, put_string(b, image->modules[i].string));
    }
}

static void fill_info(const struct machine *m, const struct image *image, struct multiboot *mb)
{
    struct block b = {.bytes = mb->bytes, .at = INFO_SIZE, .gpa = mb->info};
    uint8_t *info = mb->bytes;

    put_le32(info, INFO_FLAGS);
    put_le32(info + 4, MEMORY_LOW_END / 1024);
    put_le32(info + 8, (uint32_t)(memory_extended(&m->ram) / 1024));
    put_map(&b, m, info);
    put_modules(&b, image, mb, info);
    put_le32(info + 16, put_command_line(&b, image));
    put_le32(info + 64, put_string(&b, LOADER_NAME));
}

int multiboot_prepare(struct multiboot *mb, const struct machine *m, const struct image *image,
                      const struct multiboot_header *h, const struct kernel *kernel,
                      struct error *err)
{
    int rc = check_flags(image, h, err);

    *mb = (struct multiboot){.info_size = info_size(image)};
    if (!rc && image->module_count > IMAGE_MODULES_MAX)
        rc =
            image_bad(image, err, "%u modules, at most %u", image->module_count, IMAGE_MODULES_MAX);
    if (rc)
        return rc;
    free_memory(m, kernel, mb);
    rc = place_modules(image, mb, err);
    if (!rc)
        rc = place_info(image, mb, err);
    if (rc)
        return rc;
    mb->bytes = calloc(1, mb->info_size);
    if (!mb->bytes)
        return error_set(err, -ENOMEM, "multiboot: out of memory");
    fill_info(m, image, mb);
    return 0;
}

void multiboot_start(struct multiboot *mb, struct machine *m, const struct image *image,
                     uint32_t entry)
{
    for (unsigned i = 0; i < image->module_count; i++)
        segment_put(m, mb->module[i], image->modules[i].data, image->modules[i].size);
    segment_put(m, mb->info, mb->bytes, mb->info_size);
    free(mb->bytes);
    start_protected(m, entry, mb->info);
}

/* ---- a kernel that says itself where it goes ------------------------------------------------- */

/*
 * The address fields: the file from the place that becomes load_addr, up to load_end_addr (0: all of
 * it), then zeroes up to bss_end_addr (0: none).
 */
static int address_segment(const struct image *image, const struct multiboot_header *h,
                           struct segment *s, uint32_t *entry, struct error *err)
{
    const uint8_t *p = image->data + h->offset;
    uint32_t header, load, load_end, bss_end;

    if (image->size - h->offset < HEADER_ADDRESSES_SIZE)
        return image_bad(image, err, "multiboot header is cut off");
    header = get_le32(p + 12);
    load = get_le32(p + 16);
    load_end = get_le32(p + 20);
    bss_end = get_le32(p + 24);
    *entry = get_le32(p + 28);
    if (load > header || header - load > h->offset)
        return image_bad(image, err, "multiboot header at 0x%x is not in what is loaded at 0x%x",
                         header, load);
    s->gpa = load;
    s->offset = h->offset - (header - load);
    s->filled = load_end ? load_end - load : image->size - s->offset;
    if (load_end && load_end < load)
        return image_bad(image, err, "multiboot load address 0x%x is above its end 0x%x", load,
                         load_end);
    if (s->filled > image->size - s->offset)
        return image_bad(image, err, "file is cut off: multiboot header loads %llu bytes at 0x%llx",
                         (unsigned long long)s->filled, (unsigned long long)s->offset);
    s->size = s->filled;
    if (bss_end && bss_end < load + s->filled)
        return image_bad(image, err, "multiboot bss ends at 0x%x, inside what is loaded", bss_end);
    if (bss_end)
        s->size = bss_end - load;
    return 0;
}

int multiboot_load(struct machine *m, const struct image *image, struct error *err)
{
    struct multiboot_header h;
    struct segment s = {0};
    struct kernel kernel;
    struct multiboot mb;
    uint32_t entry = 0;
    int rc;

    if (!multiboot_find(image, &h) || !multiboot_has_addresses(&h))
        return image_bad(image, err, "no multiboot header with addresses in the first 8 KiB");
    rc = address_segment(image, &h, &s, &entry, err);
    if (!rc)
        rc = segment_check_range(m, image, s.gpa, s.size, err);
    if (!rc && entry - s.gpa >= s.size)
        rc = image_bad(image, err, "multiboot entry point 0x%x is not in what is loaded", entry);
    kernel = (struct kernel){.begin = s.gpa, .end = s.gpa + s.size};
    if (!rc)
        rc = multiboot_prepare(&mb, m, image, &h, &kernel, err);
    if (rc)
        return rc;
    segment_write(m, image, &s);
    multiboot_start(&mb, m, image, entry);
    return 0;
}

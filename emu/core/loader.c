/*
 * Putting an image into a machine, see loader.h: boot sectors (Phoenix BIOS Boot Specification
 * 6.5.1), flat binaries, ELF (System V gABI chapters 4 and 5) with the start state of the Multiboot
 * Specification 0.6.96 section 3.2, and BIOS ROMs.
 *
 * Each format is first checked as a whole, then written: a bad image leaves the machine as it was.
 *
 * Left out: Multiboot's header and information tables, relocation (ET_DYN), ELF's section headers,
 * symbols and dynamic linking.
 */
#include "core/loader.h"

#include "core/backend.h"
#include "core/machine.h"
#include "util/bytes.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOOT_SECTOR_SIZE 512u
#define BOOT_SECTOR_AT 0x7c00u
#define BOOT_DRIVE 0x80u /* the first hard disk, in DL */
#define FLAT_TOP 0x100000ull
#define ROM_UNIT 0x10000u
#define ROM_MAX (16u << 20)
#define MULTIBOOT_EAX 0x2badb002u
#define NAME_MAX_SHOWN 120 /* bytes of a file name in a message */

/* What a segment of any format comes to: `filled` bytes of the file, zeroes up to `size`. */
struct segment {
    uint64_t gpa;
    uint64_t size;
    uint64_t offset; /* in the file */
    uint64_t filled;
};

__attribute__((format(printf, 3, 4))) static int bad(const struct image *image, struct error *err,
                                                     const char *fmt, ...)
{
    char why[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    return error_set(err, -EINVAL, "%.*s: %s", NAME_MAX_SHOWN, image->name, why);
}

/* ---- segments to RAM ------------------------------------------------------------------------- */

static bool range_is_ram(const struct machine *m, uint64_t gpa, uint64_t size)
{
    if (size > UINT64_MAX - gpa)
        return false;
    for (uint64_t page = gpa & PAGE_MASK; page < gpa + size; page += PAGE_SIZE) {
        const struct ram_slot *slot = ram_find(&m->ram, page);

        if (!slot || slot->read_only)
            return false;
    }
    return true;
}

static int check_range(const struct machine *m, const struct image *image, uint64_t gpa,
                       uint64_t size, struct error *err)
{
    if (size > m->ram.size)
        return bad(image, err, "image of %llu bytes does not fit into %llu bytes of RAM",
                   (unsigned long long)size, (unsigned long long)m->ram.size);
    if (!range_is_ram(m, gpa, size))
        return bad(image, err, "%llu bytes at 0x%llx do not lie inside %llu bytes of RAM",
                   (unsigned long long)size, (unsigned long long)gpa,
                   (unsigned long long)m->ram.size);
    return 0;
}

/* Pages that are zero already are left alone: a huge bss must not cost host memory. */
static void zero_range(struct machine *m, uint64_t gpa, uint64_t size)
{
    static const uint8_t zeroes[PAGE_SIZE];

    while (size) {
        uint64_t part = PAGE_SIZE - gpa % PAGE_SIZE;
        const uint8_t *host;

        if (part > size)
            part = size;
        host = ram_ptr(&m->ram, gpa, part);
        if (host && memcmp(host, zeroes, part) != 0)
            ram_write(&m->ram, gpa, zeroes, part);
        gpa += part;
        size -= part;
    }
}

static void write_segment(struct machine *m, const struct image *image, const struct segment *s)
{
    ram_write(&m->ram, s->gpa, image->data + s->offset, s->filled);
    zero_range(m, s->gpa + s->filled, s->size - s->filled);
    m->vcpu->ops->invalidate(m->vcpu, s->gpa, s->size);
}

/* ---- real mode: boot sector and flat binary -------------------------------------------------- */

static void start_real(struct machine *m, uint16_t cs, uint16_t ip)
{
    struct x86_state state;

    x86_state_reset(&state);
    x86_segment_real(&state.seg[X86_CS], cs, true);
    state.rip = ip;
    state.gpr[X86_RSP] = BOOT_SECTOR_AT;
    state.gpr[X86_RDX] = BOOT_DRIVE;
    state.cr0 = CR0_ET; /* caches on, as firmware leaves them */
    machine_set_state(m, &state);
}

static int load_real(struct machine *m, const struct image *image, uint64_t at, struct error *err)
{
    const struct segment s = {.gpa = at, .size = image->size, .filled = image->size};
    int rc = check_range(m, image, at, image->size, err);

    if (rc)
        return rc;
    write_segment(m, image, &s);
    if (at < 0x10000)
        start_real(m, 0, (uint16_t)at);
    else
        start_real(m, (uint16_t)(at >> 4), at & 15);
    return 0;
}

static bool is_boot_sector(const struct image *image)
{
    return image->size == BOOT_SECTOR_SIZE && get_le16(image->data + 510) == 0xaa55;
}

static int load_boot_sector(struct machine *m, const struct image *image, struct error *err)
{
    if (image->size != BOOT_SECTOR_SIZE)
        return bad(image, err, "a boot sector has 512 bytes, this file has %zu", image->size);
    if (!is_boot_sector(image))
        return bad(image, err, "a boot sector ends in 55 aa, this file ends in %02x %02x",
                   image->data[510], image->data[511]);
    return load_real(m, image, BOOT_SECTOR_AT, err);
}

static int load_flat(struct machine *m, const struct image *image, struct error *err)
{
    if (!image->has_at)
        return bad(image, err, "a flat binary needs a load address");
    if (image->size == 0)
        return bad(image, err, "the file is empty");
    if (image->at >= FLAT_TOP)
        return bad(image, err, "load address 0x%llx is not below 1 MiB, where real mode can begin",
                   (unsigned long long)image->at);
    return load_real(m, image, image->at, err);
}

/* ---- ELF ------------------------------------------------------------------------------------- */

/*
 * The fields of both headers that matter here, at their offsets (gABI, Figures 4-3 and 5-1):
 *
 *   ELF header  32-bit  64-bit  size     program header  32-bit  64-bit  size
 *   e_type        16      16     2       p_type             0       0     4
 *   e_machine     18      18     2       p_offset           4       8    4/8
 *   e_version     20      20     4       p_vaddr            8      16    4/8
 *   e_entry       24      24    4/8      p_paddr           12      24    4/8
 *   e_phoff       28      32    4/8      p_filesz          16      32    4/8
 *   e_phentsize   42      54     2       p_memsz           20      40    4/8
 *   e_phnum       44      56     2       (one entry)       32      56
 */
struct elf {
    bool wide; /* ELF64 */
    uint64_t entry;
    uint64_t phoff;
    unsigned phentsize, phnum;
};

static uint64_t elf_word(const struct elf *elf, const uint8_t *p)
{
    return elf->wide ? get_le64(p) : get_le32(p);
}

static bool is_elf(const struct image *image)
{
    return image->size >= SELFMAG && memcmp(image->data, ELFMAG, SELFMAG) == 0;
}

static int check_ident(const struct image *image, struct elf *elf, struct error *err)
{
    const uint8_t *ident = image->data;

    if (image->size < EI_NIDENT)
        return bad(image, err, "ELF file is cut off: %zu bytes", image->size);
    if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
        return bad(image, err, "ELF class %u is neither 32-bit nor 64-bit", ident[EI_CLASS]);
    if (ident[EI_DATA] != ELFDATA2LSB)
        return bad(image, err, "ELF file is not little-endian");
    if (ident[EI_VERSION] != EV_CURRENT)
        return bad(image, err, "ELF version %u is unknown", ident[EI_VERSION]);
    elf->wide = ident[EI_CLASS] == ELFCLASS64;
    return 0;
}

static int parse_header(const struct image *image, struct elf *elf, struct error *err)
{
    const uint8_t *p = image->data;
    size_t size = elf->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    unsigned type, machine;

    if (image->size < size)
        return bad(image, err, "ELF file is cut off: header of %zu bytes, file of %zu", size,
                   image->size);
    type = get_le16(p + 16);
    machine = get_le16(p + 18);
    if (type != ET_EXEC)
        return bad(image, err, "ELF type %u is not an executable at fixed addresses", type);
    if (machine != (elf->wide ? EM_X86_64 : EM_386))
        return bad(image, err, "ELF machine %u is not %s", machine, elf->wide ? "x86-64" : "i386");
    elf->entry = elf_word(elf, p + 24);
    elf->phoff = elf_word(elf, p + (elf->wide ? 32 : 28));
    elf->phentsize = get_le16(p + (elf->wide ? 54 : 42));
    elf->phnum = get_le16(p + (elf->wide ? 56 : 44));
    return 0;
}

static int check_table(const struct image *image, const struct elf *elf, struct error *err)
{
    unsigned size = elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

    if (elf->phnum == 0)
        return bad(image, err, "ELF file has no program headers");
    if (elf->phentsize != size)
        return bad(image, err, "ELF program headers of %u bytes, should be %u", elf->phentsize,
                   size);
    if (elf->phoff > image->size || elf->phnum > (image->size - elf->phoff) / size)
        return bad(image, err,
                   "ELF file is cut off: %u program headers at 0x%llx, file of %zu bytes",
                   elf->phnum, (unsigned long long)elf->phoff, image->size);
    return 0;
}

/* Program header `index`; false when it is not one to load. */
static bool elf_segment(const struct image *image, const struct elf *elf, unsigned index,
                        struct segment *s)
{
    const uint8_t *p = image->data + elf->phoff + (size_t)index * elf->phentsize;

    s->offset = elf_word(elf, p + (elf->wide ? 8 : 4));
    s->gpa = elf_word(elf, p + (elf->wide ? 24 : 12));
    s->filled = elf_word(elf, p + (elf->wide ? 32 : 16));
    s->size = elf_word(elf, p + (elf->wide ? 40 : 20));
    return get_le32(p) == PT_LOAD && (s->size || s->filled);
}

static int check_segment(const struct machine *m, const struct image *image, unsigned index,
                         const struct segment *s, struct error *err)
{
    if (s->filled > s->size)
        return bad(image, err, "ELF segment %u: %llu bytes in the file, only %llu in memory", index,
                   (unsigned long long)s->filled, (unsigned long long)s->size);
    if (s->offset > image->size || s->filled > image->size - s->offset)
        return bad(image, err,
                   "ELF file is cut off: segment %u has %llu bytes at 0x%llx, file of %zu bytes",
                   index, (unsigned long long)s->filled, (unsigned long long)s->offset,
                   image->size);
    return check_range(m, image, s->gpa, s->size, err);
}

static int check_segments(const struct machine *m, const struct image *image, const struct elf *elf,
                          struct error *err)
{
    bool any = false, entered = false;

    for (unsigned i = 0; i < elf->phnum; i++) {
        struct segment s;
        int rc;

        if (!elf_segment(image, elf, i, &s))
            continue;
        rc = check_segment(m, image, i, &s, err);
        if (rc)
            return rc;
        any = true;
        entered |= elf->entry - s.gpa < s.size;
    }
    if (!any)
        return bad(image, err, "ELF file has no segment to load");
    if (!entered)
        return bad(image, err, "ELF entry point 0x%llx lies in no loaded segment",
                   (unsigned long long)elf->entry);
    if (elf->entry > UINT32_MAX)
        return bad(image, err, "ELF entry point 0x%llx is not below 4 GiB",
                   (unsigned long long)elf->entry);
    return 0;
}

/* Multiboot 3.2: flat segments, paging and interrupts off. GDTR is the guest's to load. */
static void start_protected(struct machine *m, uint32_t entry)
{
    static const struct x86_segment code = {.limit = 0xffffffff, .access = 0xc09b, .selector = 8};
    static const struct x86_segment data = {.limit = 0xffffffff, .access = 0xc093, .selector = 16};
    struct x86_state state;

    x86_state_reset(&state);
    for (int i = X86_ES; i <= X86_GS; i++)
        state.seg[i] = i == X86_CS ? code : data;
    state.gdtr.limit = 0;
    state.idtr.limit = 0;
    state.cr0 = CR0_PE | CR0_ET;
    state.rip = entry;
    state.gpr[X86_RAX] = MULTIBOOT_EAX;
    state.gpr[X86_RDX] = 0;
    machine_set_state(m, &state);
}

static int load_elf(struct machine *m, const struct image *image, struct error *err)
{
    struct elf elf = {0};
    int rc;

    if (!is_elf(image))
        return bad(image, err, "not an ELF file");
    rc = check_ident(image, &elf, err);
    if (!rc)
        rc = parse_header(image, &elf, err);
    if (!rc)
        rc = check_table(image, &elf, err);
    if (!rc)
        rc = check_segments(m, image, &elf, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < elf.phnum; i++) {
        struct segment s;

        if (elf_segment(image, &elf, i, &s))
            write_segment(m, image, &s);
    }
    start_protected(m, (uint32_t)elf.entry);
    return 0;
}

/* ---- BIOS ROM -------------------------------------------------------------------------------- */

static int load_bios(struct machine *m, const struct image *image, struct error *err)
{
    struct x86_state state;
    int rc;

    if (image->size < ROM_UNIT || image->size > ROM_MAX || image->size % ROM_UNIT)
        return bad(image, err,
                   "a BIOS ROM has 64 KiB to 16 MiB in whole 64 KiB, this file has %zu bytes",
                   image->size);
    rc = ram_add_rom(&m->ram, image->data, image->size, err);
    if (rc)
        return rc;
    m->vcpu->ops->invalidate(m->vcpu, 0, RAM_HIGH_BASE); /* it lies in two places */
    x86_state_reset(&state);
    machine_set_state(m, &state);
    return 0;
}

/* ---- any image ------------------------------------------------------------------------------- */

static enum image_kind kind_of(const struct image *image)
{
    if (image->kind != IMAGE_AUTO)
        return image->kind;
    if (is_elf(image))
        return IMAGE_ELF;
    if (image->has_at)
        return IMAGE_FLAT;
    return is_boot_sector(image) ? IMAGE_BOOT_SECTOR : IMAGE_AUTO;
}

int machine_load(struct machine *m, const struct image *image, struct error *err)
{
    switch (kind_of(image)) {
    case IMAGE_FLAT:
        return load_flat(m, image, err);
    case IMAGE_BOOT_SECTOR:
        return load_boot_sector(m, image, err);
    case IMAGE_ELF:
        return load_elf(m, image, err);
    case IMAGE_BIOS:
        return load_bios(m, image, err);
    case IMAGE_AUTO:
        break;
    }
    if (image->size == 0)
        return bad(image, err, "the file is empty");
    if (image->size > m->ram.size)
        return check_range(m, image, 0, image->size, err);
    return bad(image, err, "neither ELF nor a boot sector of 512 bytes, and no load address given");
}

const char *image_kind_name(enum image_kind kind)
{
    switch (kind) {
    case IMAGE_FLAT:
        return "flat";
    case IMAGE_BOOT_SECTOR:
        return "boot sector";
    case IMAGE_ELF:
        return "ELF";
    case IMAGE_BIOS:
        return "BIOS ROM";
    case IMAGE_AUTO:
        break;
    }
    return "unknown";
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Read to the end of the file, growing: a pipe has no size to ask for. */
static int read_all(int fd, size_t max, uint8_t **data, size_t *size)
{
    size_t cap = 0;

    *data = NULL;
    *size = 0;
    for (;;) {
        ssize_t n;

        if (*size == cap) {
            uint8_t *grown;

            if (cap > max)
                return -EFBIG;
            cap = cap ? cap * 2 : 64 * 1024;
            if (cap > max + 1)
                cap = max + 1; /* one byte more tells a file that is too large */
            grown = realloc(*data, cap);
            if (!grown)
                return -ENOMEM;
            *data = grown;
        }
        n = read(fd, *data + *size, cap - *size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : 0;
        *size += (size_t)n;
    }
}

int file_read(const char *path, size_t max, uint8_t **data, size_t *size, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return error_errno(err, -errno, "%.*s", NAME_MAX_SHOWN, path);
    rc = read_all(fd, max, data, size);
    close(fd);
    if (!rc)
        return 0;
    free(*data);
    *data = NULL;
    if (rc == -EFBIG)
        return error_set(err, rc, "%.*s: larger than %zu bytes", NAME_MAX_SHOWN, path, max);
    return error_errno(err, rc, "%.*s", NAME_MAX_SHOWN, path);
}

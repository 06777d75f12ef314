/*
 * ELF executables (System V gABI chapters 4 and 5), 32 and 64 bits. The file is first checked as a
 * whole, then written.
 *
 * Left out: relocation (ET_DYN), section headers, symbols and dynamic linking.
 */
#include "loader/multiboot.h"

#include "util/bytes.h"

#include <elf.h>
#include <string.h>

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

bool image_is_elf(const struct image *image)
{
    return image->size >= SELFMAG && memcmp(image->data, ELFMAG, SELFMAG) == 0;
}

static int check_ident(const struct image *image, struct elf *elf, struct error *err)
{
    const uint8_t *ident = image->data;

    if (image->size < EI_NIDENT)
        return image_bad(image, err, "ELF file is cut off: %zu bytes", image->size);
    if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
        return image_bad(image, err, "ELF class %u is neither 32-bit nor 64-bit", ident[EI_CLASS]);
    if (ident[EI_DATA] != ELFDATA2LSB)
        return image_bad(image, err, "ELF file is not little-endian");
    if (ident[EI_VERSION] != EV_CURRENT)
        return image_bad(image, err, "ELF version %u is unknown", ident[EI_VERSION]);
    elf->wide = ident[EI_CLASS] == ELFCLASS64;
    return 0;
}

static int parse_header(const struct image *image, struct elf *elf, struct error *err)
{
    const uint8_t *p = image->data;
    size_t size = elf->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
    unsigned type, machine;

    if (image->size < size)
        return image_bad(image, err, "ELF file is cut off: header of %zu bytes, file of %zu", size,
                         image->size);
    type = get_le16(p + 16);
    machine = get_le16(p + 18);
    if (type != ET_EXEC)
        return image_bad(image, err, "ELF type %u is not an executable at fixed addresses", type);
    if (machine != (elf->wide ? EM_X86_64 : EM_386))
        return image_bad(image, err, "ELF machine %u is not %s", machine,
                         elf->wide ? "x86-64" : "i386");
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
        return image_bad(image, err, "ELF file has no program headers");
    if (elf->phentsize != size)
        return image_bad(image, err, "ELF program headers of %u bytes, should be %u",
                         elf->phentsize, size);
    if (elf->phoff > image->size || elf->phnum > (image->size - elf->phoff) / size)
        return image_bad(image, err,
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
        return image_bad(image, err, "ELF segment %u: %llu bytes in the file, only %llu in memory",
                         index, (unsigned long long)s->filled, (unsigned long long)s->size);
    if (s->offset > image->size || s->filled > image->size - s->offset)
        return image_bad(
            image, err,
            "ELF file is cut off: segment %u has %llu bytes at 0x%llx, file of %zu bytes", index,
            (unsigned long long)s->filled, (unsigned long long)s->offset, image->size);
    return segment_check_range(m, image, s->gpa, s->size, err);
}

/* What the segments below 4 GiB cover. */
static void span_add(struct kernel *span, const struct segment *s)
{
    if (s->gpa > UINT32_MAX)
        return;
    if (s->gpa < span->begin)
        span->begin = s->gpa;
    if (s->gpa + s->size > span->end)
        span->end = s->gpa + s->size;
}

static int check_segments(const struct machine *m, const struct image *image, const struct elf *elf,
                          struct kernel *span, struct error *err)
{
    bool any = false, entered = false;

    *span = (struct kernel){.begin = UINT32_MAX};
    for (unsigned i = 0; i < elf->phnum; i++) {
        struct segment s;
        int rc;

        if (!elf_segment(image, elf, i, &s))
            continue;
        rc = check_segment(m, image, i, &s, err);
        if (rc)
            return rc;
        any = true;
        span_add(span, &s);
        entered |= elf->entry - s.gpa < s.size;
    }
    if (!any)
        return image_bad(image, err, "ELF file has no segment to load");
    if (!entered)
        return image_bad(image, err, "ELF entry point 0x%llx lies in no loaded segment",
                         (unsigned long long)elf->entry);
    if (elf->entry > UINT32_MAX)
        return image_bad(image, err, "ELF entry point 0x%llx is not below 4 GiB",
                         (unsigned long long)elf->entry);
    return 0;
}

static void write_segments(struct machine *m, const struct image *image, const struct elf *elf)
{
    for (unsigned i = 0; i < elf->phnum; i++) {
        struct segment s;

        if (elf_segment(image, elf, i, &s))
            segment_write(m, image, &s);
    }
}

static int parse(const struct machine *m, const struct image *image, struct elf *elf,
                 struct kernel *span, struct error *err)
{
    int rc = check_ident(image, elf, err);

    if (!rc)
        rc = parse_header(image, elf, err);
    if (!rc)
        rc = check_table(image, elf, err);
    return rc ? rc : check_segments(m, image, elf, span, err);
}

int elf_load(struct machine *m, const struct image *image, struct error *err)
{
    struct multiboot_header header;
    bool multiboot = multiboot_find(image, &header);
    struct kernel span;
    struct multiboot mb;
    struct elf elf = {0};
    int rc;

    if (!image_is_elf(image))
        return image_bad(image, err, "not an ELF file");
    if (multiboot && multiboot_has_addresses(&header))
        return multiboot_load(m, image, err); /* they come before the ELF header's (3.1.2) */
    rc = parse(m, image, &elf, &span, err);
    if (!rc && multiboot)
        rc = multiboot_prepare(&mb, m, image, &header, &span, err);
    if (!rc && !multiboot && (image->command_line || image->module_count))
        rc = image_bad(image, err, "no multiboot header to take a command line or modules");
    if (rc)
        return rc;
    write_segments(m, image, &elf);
    if (multiboot)
        multiboot_start(&mb, m, image, (uint32_t)elf.entry);
    else
        start_protected(m, (uint32_t)elf.entry, 0);
    return 0;
}

/*
 * loader/: start states, every way in which an image can be bad, and that a bad one leaves
 * the machine as it was.
 */
#include "core/loader.h"

#include "core/machine.h"
#include "util/bytes.h"

#include <check.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1ull << 20)

static struct machine *m;

static void open_machine(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct error err;

    config.ram_size = 2 * MIB;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
}

static void close_machine(void)
{
    machine_destroy(m);
}

static void expect_bytes(uint64_t gpa, const void *bytes, size_t size)
{
    uint8_t got[64];

    ck_assert(ram_read(&m->ram, gpa, got, size));
    ck_assert_mem_eq(got, bytes, size);
}

/* Refused with `why` in the line, its name in front; state, RAM and slots as before. */
static void expect_bad(const struct image *image, const char *why)
{
    uint64_t before = machine_state_hash(m);
    struct error err = {0};
    char line[300];

    ck_assert_int_eq(machine_load(m, image, &err), -EINVAL);
    snprintf(line, sizeof(line), "x.img: %s", why);
    ck_assert_str_eq(err.text, line);
    ck_assert_uint_eq(machine_state_hash(m), before);
}

static void expect_loaded(const struct image *image)
{
    struct error err;

    ck_assert_msg(machine_load(m, image, &err) == 0, "%s", err.text);
}

/* ---- real mode ------------------------------------------------------------------------------- */

static void expect_real(uint16_t cs, uint16_t ip)
{
    struct x86_state s;

    machine_get_state(m, &s);
    ck_assert_uint_eq(s.seg[X86_CS].selector, cs);
    ck_assert_uint_eq(s.seg[X86_CS].base, (uint64_t)cs << 4);
    ck_assert_uint_eq(s.rip, ip);
    ck_assert_uint_eq(s.gpr[X86_RSP], 0x7c00);
    ck_assert_uint_eq(s.gpr[X86_RDX], 0x80);
    ck_assert_uint_eq(s.gpr[X86_RAX], 0);
    ck_assert_uint_eq(s.cr0, CR0_ET);
    ck_assert_uint_eq(s.rflags, RFLAGS_FIXED);
    ck_assert_uint_eq(s.seg[X86_DS].base, 0);
    ck_assert_uint_eq(s.seg[X86_SS].selector, 0);
    ck_assert_uint_eq(x86_mode_of(&s), X86_MODE_REAL);
}

START_TEST(test_boot_sector)
{
    uint8_t data[513] = {0xf4};
    struct image image = {.data = data, .size = 512, .name = "x.img"};

    data[510] = 0x55;
    data[511] = 0xaa;
    expect_loaded(&image);
    expect_bytes(0x7c00, "\xf4", 1);
    expect_bytes(0x7dfe, "\x55\xaa", 2);
    expect_real(0, 0x7c00);

    image.kind = IMAGE_BOOT_SECTOR;
    image.size = 511;
    expect_bad(&image, "a boot sector has 512 bytes, this file has 511");
    image.size = 512;
    data[511] = 0;
    expect_bad(&image, "a boot sector ends in 55 aa, this one ends in 55 00");
    image.kind = IMAGE_AUTO;
    expect_bad(&image, "neither ELF nor multiboot nor a boot sector, and no load address given");
}
END_TEST

/* A larger image is a disk: the firmware starts at its reset vector, and nothing was loaded. */
START_TEST(test_disk_image)
{
    uint8_t data[513] = {0xf4};
    struct image image = {.data = data, .size = 513, .name = "x.img"};
    struct x86_state s;

    data[510] = 0x55;
    data[511] = 0xaa;
    expect_loaded(&image);
    machine_get_state(m, &s);
    ck_assert_uint_eq(s.rip, 0xfff0);
    ck_assert_uint_eq(s.seg[X86_CS].base, 0xffff0000);
    expect_bytes(0x7c00, "\0", 1);
    expect_bytes(0xffff0, "\xea", 1);
    bus_port_write(&m->ports, 0x50c, 1, 4);
    ck_assert_uint_eq(bus_port_read(&m->ports, 0x508, 4), 2); /* sectors */
}
END_TEST

/* Vectors, BIOS data and ROM, as POST leaves them, and not a trace of it in the CPU. */
START_TEST(test_firmware)
{
    uint8_t data[512] = {0xf4};
    struct image image = {.data = data, .size = 512, .name = "x.img"};
    uint8_t vectors[0x78 * 4];

    data[510] = 0x55;
    data[511] = 0xaa;
    expect_loaded(&image);
    ck_assert_uint_eq(m->insns, 0);
    ck_assert_uint_eq(m->exits, 0);
    ck_assert(ram_read(&m->ram, 0, vectors, sizeof(vectors)));
    for (unsigned i = 0; i < 0x78; i++) {
        bool none = (i >= 0x1d && i <= 0x1f) || (i >= 0x60 && i <= 0x67);
        uint8_t *v = vectors + 4 * (size_t)i;

        ck_assert_uint_eq(get_le16(v + 2), none ? 0 : 0xf000);
        ck_assert_msg(none || get_le16(v) >= 0xe000, "vector %02x", i);
    }
    expect_bytes(0x400, "\xf8\x03", 2);     /* COM1 */
    expect_bytes(0x40e, "\xc0\x9f", 2);     /* EBDA */
    expect_bytes(0x410, "\x22\x02", 2);     /* equipment */
    expect_bytes(0x413, "\x7f\x02", 2);     /* 639 KiB */
    expect_bytes(0x41a, "\x1e\0\x1e\0", 4); /* no key */
    expect_bytes(0x46c, "\0\0\0\0", 4);     /* no tick */
    expect_bytes(0x480, "\x1e\0\x3e\0", 4);
    expect_bytes(0x9fc00, "\x01", 1);
    expect_bytes(0xffffe, "\xfc", 1); /* a PC AT */
    expect_bytes(0xfffffffe, "\xfc", 1);
    ck_assert(ram_find(&m->ram, 0xf0000)->read_only);
    expect_loaded(&image); /* the ROM is there only once */
    ck_assert_uint_eq(m->ram.count, 3);
}
END_TEST

START_TEST(test_other_rom)
{
    uint8_t *rom = calloc(1, 0x10000), data[512] = {[510] = 0x55, [511] = 0xaa};
    struct image image = {.data = rom, .size = 0x10000, .name = "x.img", .kind = IMAGE_BIOS};
    struct error err;

    expect_loaded(&image);
    image = (struct image){.data = data, .size = 512, .name = "x.img"};
    ck_assert_int_eq(machine_load(m, &image, &err), -EBUSY);
    ck_assert_str_eq(err.text, "firmware: the machine has another ROM already");
    free(rom);
}
END_TEST

START_TEST(test_flat)
{
    static const struct {
        uint64_t at;
        uint16_t cs, ip;
    } places[] = {{0, 0, 0}, {0xffff, 0, 0xffff}, {0x10000, 0x1000, 0}, {0xffff5, 0xffff, 5}};
    struct image image = {
        .data = (const uint8_t *)"\x90\xf4", .size = 2, .name = "x.img", .has_at = true};

    for (unsigned i = 0; i < 4; i++) {
        close_machine();
        open_machine();
        image.at = places[i].at;
        expect_loaded(&image);
        expect_bytes(places[i].at, "\x90\xf4", 2);
        expect_real(places[i].cs, places[i].ip);
        expect_bytes(4 * 0x1c + 2, i < 3 ? "\x00\xf0" : "\0\0", 2); /* in the ROM's place: none */
    }
}
END_TEST

START_TEST(test_flat_bad)
{
    uint8_t *big = calloc(1, 3 * MIB);
    struct image image = {.data = big, .size = 1, .name = "x.img", .kind = IMAGE_FLAT};

    expect_bad(&image, "a flat binary needs a load address");
    image.has_at = true;
    image.at = MIB;
    expect_bad(&image, "load address 0x100000 is not below 1 MiB, where real mode can begin");
    image.at = UINT64_MAX;
    expect_bad(&image,
               "load address 0xffffffffffffffff is not below 1 MiB, where real mode can begin");
    image.at = 0x7c00;
    image.size = 3 * MIB;
    expect_bad(&image, "image of 3145728 bytes does not fit into 2097152 bytes of RAM");
    image.size = 2 * MIB;
    expect_bad(&image, "2097152 bytes at 0x7c00 do not lie inside 2097152 bytes of RAM");
    image.size = 0;
    expect_bad(&image, "the file is empty");
    image.kind = IMAGE_AUTO;
    image.has_at = false;
    expect_bad(&image, "the file is empty");
    free(big);
}
END_TEST

/* ---- ELF ------------------------------------------------------------------------------------- */

/* One page of file: header, two program headers, and at 0x200 eight bytes of code. */
struct elf_file {
    uint8_t data[0x208];
    struct image image;
};

static const uint8_t code[8] = {0xf4, 1, 2, 3, 4, 5, 6, 7};

static void make_elf32(struct elf_file *f)
{
    Elf32_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_EXEC,
                         .e_machine = EM_386,
                         .e_version = EV_CURRENT,
                         .e_entry = 0x100004,
                         .e_phoff = sizeof(Elf32_Ehdr),
                         .e_ehsize = sizeof(Elf32_Ehdr),
                         .e_phentsize = sizeof(Elf32_Phdr),
                         .e_phnum = 2};
    Elf32_Phdr programs[2] = {{.p_type = PT_NOTE, .p_offset = 0xffffffff, .p_filesz = 0xffffffff},
                              {.p_type = PT_LOAD,
                               .p_offset = 0x200,
                               .p_vaddr = 0xc0100000,
                               .p_paddr = 0x100000,
                               .p_filesz = 8,
                               .p_memsz = 0x2000}};

    memset(f, 0, sizeof(*f));
    memcpy(f->data, &header, sizeof(header));
    memcpy(f->data + sizeof(header), programs, sizeof(programs));
    memcpy(f->data + 0x200, code, sizeof(code));
    f->image = (struct image){.data = f->data, .size = sizeof(f->data), .name = "x.img"};
}

static void make_elf64(struct elf_file *f)
{
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_EXEC,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_entry = 0x100004,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 2};
    Elf64_Phdr programs[2] = {{.p_type = PT_NULL},
                              {.p_type = PT_LOAD,
                               .p_offset = 0x200,
                               .p_vaddr = 0xffffffff80100000,
                               .p_paddr = 0x100000,
                               .p_filesz = 8,
                               .p_memsz = 0x2000}};

    memset(f, 0, sizeof(*f));
    memcpy(f->data, &header, sizeof(header));
    memcpy(f->data + sizeof(header), programs, sizeof(programs));
    memcpy(f->data + 0x200, code, sizeof(code));
    f->image = (struct image){.data = f->data, .size = sizeof(f->data), .name = "x.img"};
}

static void expect_segment(const struct x86_segment *seg, uint16_t selector, uint32_t access)
{
    ck_assert_uint_eq(seg->selector, selector);
    ck_assert_uint_eq(seg->base, 0);
    ck_assert_uint_eq(seg->limit, 0xffffffff);
    ck_assert_uint_eq(seg->access, access);
}

static void expect_protected(uint64_t rip)
{
    struct x86_state s;

    machine_get_state(m, &s);
    ck_assert_uint_eq(s.rip, rip);
    ck_assert_uint_eq(s.gpr[X86_RAX], 0x2badb002);
    ck_assert_uint_eq(s.gpr[X86_RBX], 0);
    ck_assert_uint_eq(s.rflags, RFLAGS_FIXED);
    ck_assert_uint_eq(s.cr0, CR0_PE | CR0_ET);
    ck_assert_uint_eq(s.efer, 0);
    expect_segment(&s.seg[X86_CS], 8, 0xc09b);
    expect_segment(&s.seg[X86_SS], 16, 0xc093);
    expect_segment(&s.seg[X86_GS], 16, 0xc093);
    ck_assert_uint_eq(s.seg[X86_TR].access, 0x8b);
    ck_assert_uint_eq(s.seg[X86_LDTR].access, 0x82);
    ck_assert_uint_eq(x86_mode_of(&s), X86_MODE_PROT32);
}

START_TEST(test_elf)
{
    static const uint8_t zeroes[64];
    uint8_t dirt[64];
    struct elf_file f;

    if (_i)
        make_elf64(&f);
    else
        make_elf32(&f);
    memset(dirt, 0xee, sizeof(dirt));
    ram_write(&m->ram, 0x100008, dirt, 64);
    ram_write(&m->ram, 0x101fc0, dirt, 64);
    ram_write(&m->ram, 0x102000, dirt, 64);
    expect_loaded(&f.image);
    expect_bytes(0x100000, code, sizeof(code));
    expect_bytes(0x100008, zeroes, 64); /* p_memsz beyond p_filesz is zeroed */
    expect_bytes(0x101fc0, zeroes, 64);
    expect_bytes(0x102000, dirt, 64); /* and no more than that */
    expect_protected(0x100004);
}
END_TEST

/* One field of a good ELF32 file changed. */
struct wrong_field {
    unsigned offset, size;
    uint32_t value;
    const char *why;
};

#define PHDR 84 /* the second program header: 52 + 32 */

/* clang-format off */
static const struct wrong_field wrong_fields[] = {
    {4, 1, 3, "ELF class 3 is neither 32-bit nor 64-bit"},
    {5, 1, 2, "ELF file is not little-endian"},
    {6, 1, 0, "ELF version 0 is unknown"},
    {16, 2, ET_DYN, "ELF type 3 is not an executable at fixed addresses"},
    {18, 2, EM_ARM, "ELF machine 40 is not i386"},
    {18, 2, EM_X86_64, "ELF machine 62 is not i386"},
    {24, 4, 0x102000, "ELF entry point 0x102000 lies in no loaded segment"},
    {24, 4, 0xfffff, "ELF entry point 0xfffff lies in no loaded segment"},
    {28, 4, 0x1c9, "ELF file is cut off: 2 program headers at 0x1c9, file of 520 bytes"},
    {28, 4, 0xffffffff, "ELF file is cut off: 2 program headers at 0xffffffff, file of 520 bytes"},
    {42, 2, 31, "ELF program headers of 31 bytes, should be 32"},
    {42, 2, 56, "ELF program headers of 56 bytes, should be 32"},
    {44, 2, 0, "ELF file has no program headers"},
    {44, 2, 1, "ELF file has no segment to load"},
    {44, 2, 0xffff, "ELF file is cut off: 65535 program headers at 0x34, file of 520 bytes"},
    {PHDR + 4, 4, 0x201,
     "ELF file is cut off: segment 1 has 8 bytes at 0x201, file of 520 bytes"},
    {PHDR + 4, 4, 0xfffffffc,
     "ELF file is cut off: segment 1 has 8 bytes at 0xfffffffc, file of 520 bytes"},
    {PHDR + 12, 4, 0x1ff000, "8192 bytes at 0x1ff000 do not lie inside 2097152 bytes of RAM"},
    {PHDR + 12, 4, 0xfffff000, "8192 bytes at 0xfffff000 do not lie inside 2097152 bytes of RAM"},
    {PHDR + 16, 4, 0x2001, "ELF segment 1: 8193 bytes in the file, only 8192 in memory"},
    {PHDR + 20, 4, 0, "ELF segment 1: 8 bytes in the file, only 0 in memory"},
    {PHDR + 20, 4, 0xffffffff, "image of 4294967295 bytes does not fit into 2097152 bytes of RAM"},
};
/* clang-format on */

START_TEST(test_elf_field)
{
    const struct wrong_field *w = &wrong_fields[_i];
    struct elf_file f;

    make_elf32(&f);
    for (unsigned i = 0; i < w->size; i++)
        f.data[w->offset + i] = (uint8_t)(w->value >> 8 * i);
    expect_bad(&f.image, w->why);
}
END_TEST

#define PHDR64 120 /* 64 + 56 */

START_TEST(test_elf64_overflow)
{
    struct elf_file f;

    make_elf64(&f);
    put_le64(f.data + 32, UINT64_MAX - 55); /* e_phoff */
    expect_bad(&f.image,
               "ELF file is cut off: 2 program headers at 0xffffffffffffffc8, file of 520 "
               "bytes");
    make_elf64(&f);
    put_le64(f.data + PHDR64 + 8, UINT64_MAX - 3); /* p_offset + p_filesz wraps */
    expect_bad(&f.image,
               "ELF file is cut off: segment 1 has 8 bytes at 0xfffffffffffffffc, file of "
               "520 bytes");
    make_elf64(&f);
    put_le64(f.data + PHDR64 + 24, UINT64_MAX - 0xfff); /* p_paddr + p_memsz wraps */
    expect_bad(&f.image, "8192 bytes at 0xfffffffffffff000 do not lie inside 2097152 bytes of RAM");
    make_elf64(&f);
    put_le64(f.data + PHDR64 + 40, UINT64_MAX);
    expect_bad(&f.image,
               "image of 18446744073709551615 bytes does not fit into 2097152 bytes of RAM");
    make_elf64(&f);
    put_le64(f.data + 24, 0x100100004); /* e_entry */
    expect_bad(&f.image, "ELF entry point 0x100100004 lies in no loaded segment");
}
END_TEST

START_TEST(test_elf_cut_off)
{
    uint64_t before = machine_state_hash(m);
    struct elf_file f;

    for (int wide = 0; wide < 2; wide++) {
        if (wide)
            make_elf64(&f);
        else
            make_elf32(&f);
        for (size_t size = 4; size < sizeof(f.data); size++) {
            uint8_t *exact = malloc(size); /* for the address sanitizer */
            struct error err;

            memcpy(exact, f.data, size);
            f.image.data = exact;
            f.image.size = size;
            ck_assert_int_eq(machine_load(m, &f.image, &err), -EINVAL);
            ck_assert_msg(strstr(err.text, "ELF file is cut off"), "%zu: %s", size, err.text);
            free(exact);
        }
    }
    ck_assert_uint_eq(machine_state_hash(m), before);
}
END_TEST

START_TEST(test_not_elf)
{
    struct image image = {
        .data = (const uint8_t *)"\177ELX", .size = 4, .name = "x.img", .kind = IMAGE_ELF};

    expect_bad(&image, "not an ELF file");
}
END_TEST

/* ---- BIOS ROM -------------------------------------------------------------------------------- */

START_TEST(test_bios)
{
    uint8_t *rom = calloc(1, 17 * MIB);
    struct image image = {.data = rom, .size = 0x10000, .name = "x.img", .kind = IMAGE_BIOS};
    static const size_t bad[] = {0, 1, 0xffff, 0x10001, 16 * MIB + 0x10000};
    struct x86_state s;

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char why[120];

        image.size = bad[i];
        snprintf(why, sizeof(why),
                 "a BIOS ROM has 64 KiB to 16 MiB in whole 64 KiB, this file has %zu bytes",
                 bad[i]);
        expect_bad(&image, why);
    }
    image.size = 0x40000;
    memcpy(rom + 0x3fff0, "\xea\x5b\xe0\x00\xf0", 5);
    expect_loaded(&image);
    free(rom); /* the machine has its own copy */
    expect_bytes(0xfffffff0, "\xea\x5b\xe0\x00\xf0", 5);
    expect_bytes(0xffff0, "\xea\x5b\xe0\x00\xf0", 5);
    machine_get_state(m, &s);
    ck_assert_uint_eq(s.rip, 0xfff0);
    ck_assert_uint_eq(s.seg[X86_CS].base, 0xffff0000);
    ck_assert_uint_eq(s.seg[X86_CS].selector, 0xf000);
}
END_TEST

START_TEST(test_kind_names)
{
    ck_assert_str_eq(image_kind_name(IMAGE_FLAT), "flat");
    ck_assert_str_eq(image_kind_name(IMAGE_BOOT_SECTOR), "boot sector");
    ck_assert_str_eq(image_kind_name(IMAGE_ELF), "ELF");
    ck_assert_str_eq(image_kind_name(IMAGE_BIOS), "BIOS ROM");
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

START_TEST(test_file_read)
{
    char path[] = "/tmp/vlab-test-XXXXXX";
    size_t size, length = 200000;
    uint8_t *written = malloc(length), *data;
    struct error err;
    int fd = mkstemp(path);

    for (size_t i = 0; i < length; i++)
        written[i] = (uint8_t)(i * 7);
    ck_assert_int_eq(write(fd, written, length), (ssize_t)length);
    close(fd);
    ck_assert_int_eq(file_read(path, length, &data, &size, &err), 0);
    ck_assert_uint_eq(size, length);
    ck_assert_mem_eq(data, written, length);
    free(data);
    ck_assert_int_eq(file_read(path, length - 1, &data, &size, &err), -EFBIG);
    ck_assert_ptr_nonnull(strstr(err.text, "larger than 199999 bytes"));
    ck_assert_ptr_null(data);
    unlink(path);
    ck_assert_int_eq(file_read(path, length, &data, &size, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    ck_assert_int_eq(file_read("/", length, &data, &size, &err), -EISDIR);
    ck_assert_int_eq(file_read("/dev/null", 0, &data, &size, &err), 0);
    ck_assert_uint_eq(size, 0);
    free(data);
    free(written);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loader");
    TCase *images = tcase_create("images");
    TCase *files = tcase_create("files");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(images, open_machine, close_machine);
    tcase_add_test(images, test_boot_sector);
    tcase_add_test(images, test_disk_image);
    tcase_add_test(images, test_firmware);
    tcase_add_test(images, test_other_rom);
    tcase_add_test(images, test_flat);
    tcase_add_test(images, test_flat_bad);
    tcase_add_loop_test(images, test_elf, 0, 2);
    tcase_add_loop_test(images, test_elf_field, 0, sizeof(wrong_fields) / sizeof(wrong_fields[0]));
    tcase_add_test(images, test_elf64_overflow);
    tcase_add_test(images, test_elf_cut_off);
    tcase_add_test(images, test_not_elf);
    tcase_add_test(images, test_bios);
    suite_add_tcase(suite, images);
    tcase_add_test(files, test_kind_names);
    tcase_add_test(files, test_file_read);
    suite_add_tcase(suite, files);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * loader/multiboot.c: finding the header, refusing what cannot be done, the address fields, and
 * where modules and information go.
 */
#include "core/loader.h"

#include "core/machine.h"
#include "core/memory_map.h"
#include "util/bytes.h"

#include <check.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB (1ull << 20)
#define RAM (4 * MIB)
#define FILE_SIZE 0x3000u

static struct machine *m;
static uint8_t file[FILE_SIZE];
static struct image image;

static void setup(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct error err;

    config.ram_size = RAM;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
    memset(file, 0x90, sizeof(file));
    image = (struct image){.data = file, .size = sizeof(file), .name = "dir/x.img"};
}

static void teardown(void)
{
    machine_destroy(m);
}

/* A header at `offset`; the address fields follow in the order of the specification. */
static void put_header(size_t offset, uint32_t flags)
{
    put_le32(file + offset, 0x1badb002);
    put_le32(file + offset + 4, flags);
    put_le32(file + offset + 8, -(0x1badb002 + flags));
}

static void put_addresses(size_t offset, uint32_t header, uint32_t load, uint32_t load_end,
                          uint32_t bss_end, uint32_t entry)
{
    put_header(offset, 0x10000);
    put_le32(file + offset + 12, header);
    put_le32(file + offset + 16, load);
    put_le32(file + offset + 20, load_end);
    put_le32(file + offset + 24, bss_end);
    put_le32(file + offset + 28, entry);
}

/* An ELF32 kernel of `size` bytes of memory at `at`, entered at its start, no header yet. */
static void put_elf(uint32_t at, uint32_t size)
{
    Elf32_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_EXEC,
                         .e_machine = EM_386,
                         .e_version = EV_CURRENT,
                         .e_entry = at,
                         .e_phoff = sizeof(Elf32_Ehdr),
                         .e_phentsize = sizeof(Elf32_Phdr),
                         .e_phnum = 1};
    Elf32_Phdr program = {
        .p_type = PT_LOAD, .p_offset = 0, .p_paddr = at, .p_filesz = 0x100, .p_memsz = size};

    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), &program, sizeof(program));
}

/* The same as ELF64, entered behind its headers. */
static void put_elf64(uint64_t at, uint64_t size)
{
    Elf64_Ehdr header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                         .e_type = ET_EXEC,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_entry = at + 0x100,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 1};
    Elf64_Phdr program = {
        .p_type = PT_LOAD, .p_offset = 0, .p_paddr = at, .p_filesz = 0x100, .p_memsz = size};

    memcpy(file, &header, sizeof(header));
    memcpy(file + sizeof(header), &program, sizeof(program));
}

static void expect_bad(const char *why)
{
    uint64_t before = machine_state_hash(m);
    struct error err = {0};
    char line[300];

    ck_assert_int_eq(machine_load(m, &image, &err), -EINVAL);
    snprintf(line, sizeof(line), "dir/x.img: %s", why);
    ck_assert_str_eq(err.text, line);
    ck_assert_uint_eq(machine_state_hash(m), before);
}

static void expect_loaded(uint32_t entry, struct x86_state *s)
{
    struct error err;

    ck_assert_msg(machine_load(m, &image, &err) == 0, "%s", err.text);
    machine_get_state(m, s);
    ck_assert_uint_eq(s->rip, entry);
    ck_assert_uint_eq(s->gpr[X86_RAX], 0x2badb002);
    ck_assert_uint_eq(s->cr0, CR0_PE | CR0_ET);
    ck_assert_uint_eq(s->rflags, RFLAGS_FIXED);
}

static uint32_t peek32(uint64_t gpa)
{
    uint8_t bytes[4];

    ck_assert(ram_read(&m->ram, gpa, bytes, 4));
    return get_le32(bytes);
}

static void expect_string(uint32_t gpa, const char *text)
{
    char came[100];

    ck_assert(ram_read(&m->ram, gpa, came, strlen(text) + 1));
    ck_assert_str_eq(came, text);
}

/* ---- the header ------------------------------------------------------------------------------ */

START_TEST(test_header_place)
{
    struct x86_state s;

    put_elf(0x100000, 0x1000);
    for (size_t at = 0x100; at <= 8192; at += at < 8100 ? 996 : 4) {
        memset(file + 0x100, 0x90, sizeof(file) - 0x100);
        put_header(at, 0);
        expect_loaded(0x100000, &s);
        ck_assert_msg((s.gpr[X86_RBX] != 0) == (at + 12 <= 8192), "at %zu", at);
    }
}
END_TEST

/* As GRUB does it: 32-bit code, the same tables. */
START_TEST(test_elf64)
{
    struct x86_state s;

    put_elf64(0x100000, 0x2001);
    put_header(0xf0, 3);
    image.command_line = "64 bits";
    expect_loaded(0x100100, &s);
    ck_assert_uint_eq(s.efer, 0);
    ck_assert_uint_eq(s.gpr[X86_RBX], 0x103000);
    expect_string(peek32(0x103000 + 16), "x.img 64 bits");
}
END_TEST

START_TEST(test_header_not_one)
{
    struct x86_state s;

    put_elf(0x100000, 0x1000);
    put_header(0x102, 0); /* not aligned */
    expect_loaded(0x100000, &s);
    ck_assert_uint_eq(s.gpr[X86_RBX], 0);
    put_header(0x200, 0);
    file[0x208]++; /* checksum */
    expect_loaded(0x100000, &s);
    ck_assert_uint_eq(s.gpr[X86_RBX], 0);
    put_header(0x300, 0); /* the search goes on behind such */
    expect_loaded(0x100000, &s);
    ck_assert_uint_ne(s.gpr[X86_RBX], 0);
}
END_TEST

START_TEST(test_flags)
{
    struct x86_state s;

    put_elf(0x100000, 0x1000);
    put_header(0x200, 4);
    expect_bad("multiboot header asks for a video mode, there is no display");
    put_header(0x200, 0x8003);
    expect_bad("multiboot header asks for what is unknown: flags 0x8003");
    put_header(0x200, 0xfffe0003); /* the upper half is optional */
    expect_loaded(0x100000, &s);
    ck_assert_uint_ne(s.gpr[X86_RBX], 0);
}
END_TEST

START_TEST(test_nobody_to_take_it)
{
    struct image_module module = {.data = file, .size = 1, .string = "a"};

    put_elf(0x100000, 0x1000);
    image.command_line = "x";
    expect_bad("no multiboot header to take a command line or modules");
    image.kind = IMAGE_FLAT;
    expect_bad("only a multiboot kernel takes a command line or modules");
    image.command_line = NULL;
    image.modules = &module;
    image.module_count = 1;
    expect_bad("only a multiboot kernel takes a command line or modules");
    image.kind = IMAGE_ELF;
    expect_bad("no multiboot header to take a command line or modules");
}
END_TEST

/* ---- address fields -------------------------------------------------------------------------- */

START_TEST(test_addresses)
{
    static const uint8_t dirt[16] = {1, 2, 3, 4};
    struct x86_state s;

    ram_write(&m->ram, 0x200800, dirt, sizeof(dirt));
    ram_write(&m->ram, 0x200ff8, dirt, 8);
    file[0x50] = 0xf4;
    file[0x4f] = 0xee;
    put_addresses(0x100, 0x2000b0, 0x200000, 0x200800, 0x200ff8, 0x200004); /* from 0x50 on */
    expect_loaded(0x200004, &s);
    ck_assert_uint_eq(peek32(0x200000), 0x909090f4);
    ck_assert_uint_eq(peek32(0x2007fc), 0x90909090);
    ck_assert_uint_eq(peek32(0x200800), 0);
    ck_assert_uint_eq(peek32(0x200ff4), 0);
    ck_assert_uint_eq(peek32(0x200ff8), 0x04030201);
    ck_assert_uint_ge(s.gpr[X86_RBX], 0x201000);

    put_addresses(0x100, 0x200100, 0x200000, 0, 0, 0x202fff); /* all of the file, no bss */
    expect_loaded(0x202fff, &s);
    ck_assert_uint_eq(peek32(0x202ffc), 0x90909090);
}
END_TEST

/* An ELF header whose multiboot header has addresses is not looked at. */
START_TEST(test_addresses_in_elf)
{
    struct x86_state s;

    put_elf(0xfffff000, 0x1000);
    put_addresses(0x100, 0x200100, 0x200000, 0, 0, 0x200000);
    expect_loaded(0x200000, &s);
}
END_TEST

static const struct {
    uint32_t header, load, load_end, bss_end, entry;
    const char *why;
} wrong[] = {
    {0x1fffff, 0x200000, 0, 0, 0x200000,
     "multiboot header at 0x1fffff is not in what is loaded at 0x200000"},
    {0x200101, 0x200000, 0, 0, 0x200000,
     "multiboot header at 0x200101 is not in what is loaded at 0x200000"},
    {0x200100, 0x200000, 0x1fffff, 0, 0x200000,
     "multiboot load address 0x200000 is above its end 0x1fffff"},
    {0x200100, 0x200000, 0x203001, 0, 0x200000,
     "file is cut off: multiboot header loads 12289 bytes at 0x0"},
    {0x200100, 0x200000, 0x200800, 0x2007ff, 0x200000,
     "multiboot bss ends at 0x2007ff, inside what is loaded"},
    {0x200100, 0x200000, 0x200800, 0, 0x200800,
     "multiboot entry point 0x200800 is not in what is loaded"},
    {0x200100, 0x200000, 0x200800, 0, 0x1fffff,
     "multiboot entry point 0x1fffff is not in what is loaded"},
    {0x200100, 0x200000, 0x200000, 0, 0x200000,
     "multiboot entry point 0x200000 is not in what is loaded"},
    {0x3fe100, 0x3fe000, 0, 0, 0x3fe000,
     "12288 bytes at 0x3fe000 do not lie inside 4194304 bytes of RAM"},
    {0xffffe100, 0xffffe000, 0, 0, 0xffffe000,
     "12288 bytes at 0xffffe000 do not lie inside 4194304 bytes of RAM"},
    {0x200100, 0x200000, 0, 0xffffffff, 0x200000,
     "image of 4292870143 bytes does not fit into 4194304 bytes of RAM"},
};

START_TEST(test_addresses_bad)
{
    put_addresses(0x100, wrong[_i].header, wrong[_i].load, wrong[_i].load_end, wrong[_i].bss_end,
                  wrong[_i].entry);
    expect_bad(wrong[_i].why);
}
END_TEST

START_TEST(test_addresses_cut_off)
{
    put_addresses(0x100, 0x200100, 0x200000, 0, 0, 0x200000);
    for (size_t size = 0x10c; size < 0x120; size++) {
        uint8_t *exact = malloc(size); /* for the address sanitizer */

        memcpy(exact, file, size);
        image.data = exact;
        image.size = size;
        expect_bad("multiboot header is cut off");
        free(exact);
    }
    image.kind = IMAGE_MULTIBOOT;
    image.data = file;
    image.size = 0x10b;
    expect_bad("no multiboot header with addresses in the first 8 KiB");
}
END_TEST

/* ---- modules and information ----------------------------------------------------------------- */

START_TEST(test_information)
{
    struct image_module modules[] = {
        {.data = (const uint8_t *)"abcde", .size = 5, .string = "a first"},
        {.data = NULL, .size = 0, .string = ""},
        {.data = file, .size = 0x1001, .string = "c"},
    };
    struct x86_state s;
    uint32_t info, module;

    put_elf(0x100000, 0x1001);
    put_header(0x200, 3);
    image.command_line = "one two";
    image.modules = modules;
    image.module_count = 3;
    expect_loaded(0x100000, &s);
    info = (uint32_t)s.gpr[X86_RBX];
    ck_assert_uint_eq(info, 0x105000); /* the kernel, then one page, none, and two */
    ck_assert_uint_eq(peek32(info), 0x24d);
    ck_assert_uint_eq(peek32(info + 4), 639);
    ck_assert_uint_eq(peek32(info + 8), 3 * 1024);
    expect_string(peek32(info + 16), "x.img one two");
    expect_string(peek32(info + 64), "vlab");
    ck_assert_uint_eq(peek32(info + 20), 3);
    module = peek32(info + 24);
    ck_assert_uint_eq(peek32(module), 0x102000);
    ck_assert_uint_eq(peek32(module + 4), 0x102005);
    expect_string(peek32(module + 8), "a first");
    ck_assert_uint_eq(peek32(0x102000), 0x64636261);
    ck_assert_uint_eq(peek32(module + 16), 0x103000);
    ck_assert_uint_eq(peek32(module + 20), 0x103000);
    expect_string(peek32(module + 24), "");
    ck_assert_uint_eq(peek32(module + 32), 0x103000);
    ck_assert_uint_eq(peek32(module + 36), 0x104001);
    ck_assert_uint_eq(peek32(0x104000), 0x00000090);
}
END_TEST

START_TEST(test_map)
{
    struct x86_state s;
    uint32_t map;

    put_elf(0x100000, 0x1000);
    put_header(0x200, 2);
    expect_loaded(0x100000, &s);
    ck_assert_uint_eq(peek32(s.gpr[X86_RBX] + 44), 5 * 24);
    map = peek32(s.gpr[X86_RBX] + 48);
    ck_assert_uint_eq(peek32(map), 20);
    ck_assert_uint_eq(peek32(map + 4), 0);
    ck_assert_uint_eq(peek32(map + 12), 0x9fc00);
    ck_assert_uint_eq(peek32(map + 20), 1);
    ck_assert_uint_eq(peek32(map + 3 * 24 + 4), 0x100000);
    ck_assert_uint_eq(peek32(map + 3 * 24 + 12), 0x300000);
    ck_assert_uint_eq(peek32(map + 4 * 24 + 4), 0xfffc0000);
    ck_assert_uint_eq(peek32(map + 4 * 24 + 20), 2);
}
END_TEST

/* Above 3 GiB the RAM goes on at 4 GiB; every range is in order, no two overlap. */
START_TEST(test_memory_map)
{
    static const uint64_t sizes[] = {MIB, 16 * MIB, 3072 * MIB, 3073 * MIB, 4096 * MIB};
    struct memory_range r[MEMORY_RANGES_MAX];

    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct ram ram = {.size = sizes[i]};
        unsigned count = memory_map_get(&ram, r);
        uint64_t end = 0, usable = 0;

        for (unsigned j = 0; j < count; j++) {
            ck_assert_uint_ge(r[j].base, end);
            ck_assert_uint_gt(r[j].size, 0);
            end = r[j].base + r[j].size;
            usable += r[j].type == MEMORY_RAM ? r[j].size : 0;
        }
        ck_assert_uint_eq(usable, sizes[i] - (MIB - 0x9fc00));
        ck_assert_uint_eq(end > RAM_HIGH_BASE, sizes[i] > RAM_LOW_TOP);
    }
}
END_TEST

START_TEST(test_no_room)
{
    struct image_module module = {.data = file, .size = 0x1000, .string = "a"};
    static const uint8_t dirt[4] = {1, 2, 3, 4};
    struct x86_state s;

    put_elf(0x100000, RAM - MIB); /* up to the end: the information goes below */
    put_header(0x200, 0);
    expect_loaded(0x100000, &s);
    ck_assert_uint_eq(s.gpr[X86_RBX], 0x1000);
    image.modules = &module;
    image.module_count = 1;
    expect_bad("module 1 of 4096 bytes does not fit above the kernel");

    put_elf(0x100000, RAM - MIB - 0x1000); /* one page: just the module */
    ram_write(&m->ram, RAM - 0x1000, dirt, sizeof(dirt));
    expect_loaded(0x100000, &s);
    ck_assert_uint_eq(peek32(RAM - 0x1000), get_le32(file));
    ck_assert_uint_eq(s.gpr[X86_RBX], 0x1000);

    image.module_count = 0;
    put_elf(0x1000, RAM - 0x1000); /* nowhere */
    expect_bad("no room for 243 bytes of multiboot information");
}
END_TEST

START_TEST(test_too_many_modules)
{
    struct image_module modules[IMAGE_MODULES_MAX + 1];

    for (unsigned i = 0; i <= IMAGE_MODULES_MAX; i++)
        modules[i] = (struct image_module){.data = file, .size = 1, .string = "a"};
    put_elf(0x100000, 0x1000);
    put_header(0x200, 0);
    image.modules = modules;
    image.module_count = IMAGE_MODULES_MAX + 1;
    expect_bad("33 modules, at most 32");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("multiboot");
    TCase *header = tcase_create("header");
    TCase *tables = tcase_create("tables");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(header, setup, teardown);
    tcase_add_test(header, test_header_place);
    tcase_add_test(header, test_elf64);
    tcase_add_test(header, test_header_not_one);
    tcase_add_test(header, test_flags);
    tcase_add_test(header, test_nobody_to_take_it);
    tcase_add_test(header, test_addresses);
    tcase_add_test(header, test_addresses_in_elf);
    tcase_add_loop_test(header, test_addresses_bad, 0, sizeof(wrong) / sizeof(wrong[0]));
    tcase_add_test(header, test_addresses_cut_off);
    suite_add_tcase(suite, header);
    tcase_add_checked_fixture(tables, setup, teardown);
    tcase_add_test(tables, test_information);
    tcase_add_test(tables, test_map);
    tcase_add_test(tables, test_memory_map);
    tcase_add_test(tables, test_no_room);
    tcase_add_test(tables, test_too_many_modules);
    suite_add_tcase(suite, tables);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

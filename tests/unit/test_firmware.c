/*
 * firmware/bios.asm with the devices of a PC that it programs, here as fakes that answer what a test
 * wants and remember what was written: keys and clock, timer, interrupt controller, port 92h; and
 * each of them absent.
 */
#include "core/loader.h"

#include "core/machine.h"
#include "firmware/firmware.h"
#include "util/bytes.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct machine *m;

/* ---- fakes ----------------------------------------------------------------------------------- */

/* Each access of a port range, with what a read gives. */
struct fake {
    struct device dev;
    uint32_t (*read)(uint16_t offset);
    uint8_t writes[64][2]; /* offset, value */
    unsigned count;
};

static uint32_t fake_read(struct device *dev, uint16_t offset, unsigned size)
{
    struct fake *f = dev->priv;

    (void)size;
    return f->read ? f->read(offset) : 0xff;
}

static void fake_write(struct device *dev, uint16_t offset, unsigned size, uint32_t value)
{
    struct fake *f = dev->priv;

    (void)size;
    if (f->count < 64) {
        f->writes[f->count][0] = (uint8_t)offset;
        f->writes[f->count][1] = (uint8_t)value;
    }
    f->count++;
}

static const struct device_ops fake_ops = {
    .name = "fake", .port_read = fake_read, .port_write = fake_write};

static struct fake uart, clock_chip, timer, pic, slave, port92;

/* In place of what the machine may have there. */
static void put_fake(struct fake *f, uint16_t port, unsigned ports, uint32_t (*read)(uint16_t))
{
    struct bus *bus = &m->ports;
    unsigned kept = 0;

    *f = (struct fake){.dev = {.ops = &fake_ops, .machine = m, .priv = f}, .read = read};
    for (unsigned i = 0; i < bus->count; i++)
        if (bus->ranges[i].base >= (uint64_t)port + ports ||
            bus->ranges[i].base + bus->ranges[i].size <= port)
            bus->ranges[kept++] = bus->ranges[i];
    bus->count = kept;
    ck_assert_int_eq(bus_add(bus, port, ports, &f->dev), 0);
}

static void setup(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct error err;

    config.ram_size = 2u << 20;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    machine_destroy(m);
}

/* A boot sector of `code`; what it leaves with is the stop. */
static void load(const char *code, size_t size)
{
    uint8_t sector[512] = {[510] = 0x55, [511] = 0xaa};
    struct image image = {.data = sector, .size = sizeof(sector), .name = "test"};
    struct error err;

    memcpy(sector, code, size);
    ck_assert_msg(machine_load(m, &image, &err) == 0, "%s", err.text);
}

static struct x86_state state;
static void (*after_load)(void); /* NULL: nothing */

static void run(const char *code, size_t size, enum stop_reason stop)
{
    struct run_limits limits = {.insns = 2000000};
    struct run_result result;

    load(code, size);
    if (after_load)
        after_load();
    ck_assert_int_eq(machine_run(m, &limits, &result), 0);
    ck_assert_msg(result.stop == stop, "stop %s", stop_reason_name(result.stop));
    machine_get_state(m, &state);
}

#define RUN(code) run(code, sizeof(code) - 1, STOP_HALT)

static unsigned reg(enum x86_gpr gpr)
{
    return state.gpr[gpr] & 0xffff;
}

static bool carry(void)
{
    return state.rflags & RFLAGS_CF;
}

static unsigned peek16(uint64_t gpa)
{
    uint8_t bytes[2];

    ck_assert(ram_read(&m->ram, gpa, bytes, 2));
    return get_le16(bytes);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const char *typed;

static uint32_t uart_typed(uint16_t offset)
{
    if (offset == 5)
        return 0x60 | (*typed != '\0');
    return offset == 0 && *typed ? (uint8_t)*typed++ : 0;
}

START_TEST(test_keys)
{
    static const struct {
        const char *typed;
        unsigned key;
    } keys[] = {
        {"a", 0x1e61},  {"A", 0x1e41},  {"z", 0x2c7a},    {"M", 0x324d},    {"0", 0x0b30},
        {"9", 0x0a39},  {"1", 0x0231},  {" ", 0x3920},    {"\r", 0x1c0d},   {"\n", 0x1c0d},
        {"\t", 0x0f09}, {"\b", 0x0e08}, {"\x7f", 0x0e08}, {"\x1b", 0x011b}, {"\x03", 0x2e03},
        {"/", 0x352f},  {"?", 0x353f},  {"-", 0x0c2d},    {"=", 0x0d3d},    {"[", 0x1a5b},
        {"]", 0x1b5d},  {";", 0x273b},  {"'", 0x2827},    {"`", 0x2960},    {"\\", 0x2b5c},
        {",", 0x332c},  {".", 0x342e},  {"\xe4", 0x00e4},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        teardown();
        setup();
        put_fake(&uart, 0x3f8, 8, uart_typed);
        typed = keys[i].typed;
        RUN("\x31\xc0\xcd\x16\xf4"); /* xor ax, ax; int 16h; hlt */
        ck_assert_uint_eq(reg(X86_RAX), keys[i].key);
    }
}
END_TEST

/* Sixteen characters: fifteen fit the buffer, the last one waits in the UART. */
START_TEST(test_key_buffer)
{
    put_fake(&uart, 0x3f8, 8, uart_typed);
    typed = "abcdefghijklmnop";
    RUN("\xb4\x01\xcd\x16\xf4"); /* mov ah, 1; int 16h; hlt */
    ck_assert_uint_eq(reg(X86_RAX), 0x1e61);
    ck_assert(!(state.rflags & RFLAGS_ZF));
    ck_assert_str_eq(typed, "p");
    ck_assert_uint_eq(peek16(0x41a), 0x1e);
    ck_assert_uint_eq(peek16(0x41c), 0x3c);
}
END_TEST

/* Receive: what came, then that nothing came. */
START_TEST(test_line)
{
    put_fake(&uart, 0x3f8, 8, uart_typed);
    typed = "k";
    RUN("\xb4\x02\x31\xd2\xcd\x14\x89\xc3\xb4\x02\xcd\x14\xf4"); /* AH = 2; int 14h, twice */
    ck_assert_uint_eq(reg(X86_RBX), 'k');
    ck_assert_uint_eq(reg(X86_RAX) >> 8, 0x80);
}
END_TEST

/* A UART that is absent: its ports read ffh. No key, and no endless wait for the transmitter. */
START_TEST(test_no_uart)
{
    put_fake(&uart, 0x3f8, 8, NULL);
    RUN("\xb4\x01\xcd\x16\xf4");
    ck_assert(state.rflags & RFLAGS_ZF);
    RUN("\xb8\x41\x0e\xcd\x10\xf4"); /* teletype */
    ck_assert_uint_eq(uart.writes[uart.count - 1][1], 'A');
}
END_TEST

/* ---- the clock ------------------------------------------------------------------------------- */

static unsigned updating; /* reads of register A that say so */

static uint32_t clock_reads(uint16_t offset)
{
    static const uint8_t value[0x33] = {
        [0] = 0x56, [2] = 0x34, [4] = 0x12,    [7] = 0x22,   [8] = 0x11,
        [9] = 0x26, [0x0b] = 3, [0x0d] = 0x80, [0x32] = 0x20};
    uint8_t index = 0;

    if (offset == 0)
        return 0xff;
    for (unsigned i = 0; i < clock_chip.count && i < 64; i++)
        if (clock_chip.writes[i][0] == 0)
            index = clock_chip.writes[i][1];
    if (index == 0x0a && updating) {
        updating--;
        return 0x80;
    }
    return index < sizeof(value) ? value[index] : 0xff;
}

START_TEST(test_clock)
{
    put_fake(&clock_chip, 0x70, 2, clock_reads);
    updating = 5;
    RUN("\xb4\x02\xcd\x1a\xf4");
    ck_assert(!carry());
    ck_assert_uint_eq(updating, 0);
    ck_assert_uint_eq(reg(X86_RCX), 0x1234);
    ck_assert_uint_eq(reg(X86_RDX), 0x5601);
    clock_chip.count = 0;
    RUN("\xb4\x04\xcd\x1a\xf4");
    ck_assert(!carry());
    ck_assert_uint_eq(reg(X86_RCX), 0x2026);
    ck_assert_uint_eq(reg(X86_RDX), 0x1122);
    clock_chip.count = 0;
    updating = 1000000; /* broken: it never ends */
    RUN("\xb4\x02\xcd\x1a\xf4");
    ck_assert(carry());
}
END_TEST

START_TEST(test_no_clock)
{
    put_fake(&clock_chip, 0x70, 2, NULL);
    RUN("\xb4\x02\xcd\x1a\xf4");
    ck_assert(carry());
    RUN("\xb4\x04\xcd\x1a\xf4");
    ck_assert(carry());
}
END_TEST

/* ---- the timer ------------------------------------------------------------------------------- */

static unsigned latched, high_byte;
static uint16_t counter;

/* Counter 0, 50 counts on at each look. */
static uint32_t timer_reads(uint16_t offset)
{
    unsigned latches = 0;

    (void)offset;
    for (unsigned i = 0; i < timer.count && i < 64; i++)
        latches += timer.writes[i][0] == 3 && timer.writes[i][1] == 0;
    if (latches) {
        latched += latches;
        timer.count = 0;
        counter -= 50;
        high_byte = 0;
    }
    return high_byte++ ? counter >> 8 : counter & 0xff;
}

/* 1,000,001 microseconds are 1,193,183 counts. */
START_TEST(test_wait)
{
    put_fake(&timer, 0x40, 4, timer_reads);
    latched = 0;
    RUN("\xb4\x86\xb9\x0f\x00\xba\x41\x42\xcd\x15\xf4"); /* CX:DX = f4241h */
    ck_assert(!carry());
    ck_assert_uint_ge(latched, 1193183 / 50);
    ck_assert_uint_le(latched, 1193183 / 50 + 5);
}
END_TEST

START_TEST(test_wait_nothing)
{
    put_fake(&timer, 0x40, 4, timer_reads);
    latched = 0;
    RUN("\xb4\x86\x31\xc9\x31\xd2\xcd\x15\xf4");
    ck_assert(!carry());
    ck_assert_uint_le(latched, 5);
}
END_TEST

START_TEST(test_no_timer)
{
    put_fake(&timer, 0x40, 4, NULL);
    RUN("\xb4\x86\x31\xc9\xba\x01\x00\xcd\x15\xf4");
    ck_assert(carry());
    ck_assert_uint_eq(reg(X86_RAX) >> 8, 0x86);
}
END_TEST

/* ---- the interrupt controllers --------------------------------------------------------------- */

static unsigned in_service;

static uint32_t pic_reads(uint16_t offset)
{
    return offset == 0 ? in_service : 0xff;
}

static bool wrote(const struct fake *f, uint8_t offset, uint8_t value)
{
    return f->count && f->writes[f->count - 1][0] == offset && f->writes[f->count - 1][1] == value;
}

/* The tick is counted and ended. */
START_TEST(test_tick)
{
    put_fake(&pic, 0x20, 2, pic_reads);
    RUN("\xcd\x08\xcd\x08\xf4");
    ck_assert_uint_eq(peek16(0x46c), 2);
    ck_assert(wrote(&pic, 0, 0x20));
}
END_TEST

START_TEST(test_unwanted_irq)
{
    put_fake(&pic, 0x20, 2, pic_reads);
    put_fake(&slave, 0xa0, 2, pic_reads);
    put_fake(&clock_chip, 0x70, 2, clock_reads);
    in_service = 1u << 5;
    RUN("\xb8\x34\x12\xcd\x0d\xf4"); /* mov ax, 1234h; int 0dh; hlt */
    ck_assert_uint_eq(reg(X86_RAX), 0x1234);
    ck_assert_uint_eq(reg(X86_RSP), 0x7c00);
    ck_assert(wrote(&pic, 0, 0x20));
    pic.count = slave.count = 0;
    RUN("\xcd\x70\xf4");
    ck_assert(wrote(&pic, 0, 0x20));
    ck_assert(wrote(&slave, 0, 0x20));
    ck_assert(wrote(&clock_chip, 0, 0x0c));
    ck_assert_uint_eq(reg(X86_RSP), 0x7c00);
}
END_TEST

/* With nothing in service vector 0dh is #GP: told at its place, and the end. */
START_TEST(test_exception)
{
    put_fake(&pic, 0x20, 2, pic_reads);
    in_service = 0;
    RUN("\x66\xb8\x00\x00\x00\x80\x0f\x22\xc0\xf4"); /* CR0.PG without PE */
    ck_assert_uint_eq(state.seg[X86_CS].selector, 0xf000);
    ck_assert_uint_eq(peek16(reg(X86_RBP)), 0x0d);
    ck_assert_uint_eq(peek16(reg(X86_RBP) + 2u), 0x7c06);
}
END_TEST

/* What POST writes, by the loader: both controllers from ICW1 on, the timer, the clock. */
START_TEST(test_post)
{
    static const uint8_t first[][2] = {{0, 0x11}, {1, 0x08}, {1, 0x04}, {1, 0x01}, {1, 0xfa}};
    static const uint8_t second[][2] = {{0, 0x11}, {1, 0x70}, {1, 0x02}, {1, 0x01}, {1, 0xff}};
    static const uint8_t rate[][2] = {{3, 0x34}, {0, 0}, {0, 0}};

    put_fake(&pic, 0x20, 2, pic_reads);
    put_fake(&slave, 0xa0, 2, pic_reads);
    put_fake(&timer, 0x40, 4, timer_reads);
    put_fake(&clock_chip, 0x70, 2, clock_reads);
    load("\xf4", 1);
    ck_assert_uint_eq(pic.count, 5);
    ck_assert_mem_eq(pic.writes, first, sizeof(first));
    ck_assert_uint_eq(slave.count, 5);
    ck_assert_mem_eq(slave.writes, second, sizeof(second));
    ck_assert_uint_eq(timer.count, 3);
    ck_assert_mem_eq(timer.writes, rate, sizeof(rate));
    ck_assert_uint_eq(clock_chip.count, 2);
}
END_TEST

/* ---- port 92h -------------------------------------------------------------------------------- */

static uint32_t port92_reads(uint16_t offset)
{
    (void)offset;
    return port92.count ? port92.writes[port92.count - 1][1] : 0x02;
}

START_TEST(test_a20)
{
    put_fake(&port92, 0x92, 1, port92_reads);
    RUN("\xb8\x00\x24\xcd\x15\xb8\x02\x24\xcd\x15\xf4"); /* off, tell */
    ck_assert_uint_eq(reg(X86_RAX), 0);
    ck_assert(wrote(&port92, 0, 0));
    RUN("\xb8\x01\x24\xcd\x15\xb8\x02\x24\xcd\x15\xf4"); /* on, tell */
    ck_assert_uint_eq(reg(X86_RAX), 1);
    ck_assert(wrote(&port92, 0, 2));
    RUN("\xb8\x03\x24\xcd\x15\xf4");
    ck_assert_uint_eq(reg(X86_RBX), 2);
}
END_TEST

START_TEST(test_no_a20)
{
    put_fake(&port92, 0x92, 1, NULL);
    RUN("\xb8\x00\x24\xcd\x15\xf4"); /* it cannot be switched off */
    ck_assert(carry());
    RUN("\xb8\x01\x24\xcd\x15\xf4");
    ck_assert(!carry());
    ck_assert_uint_eq(port92.count, 0);
    RUN("\xb8\x03\x24\xcd\x15\xf4");
    ck_assert_uint_eq(reg(X86_RBX), 0);
}
END_TEST

/* ---- the disk -------------------------------------------------------------------------------- */

static struct fake private_port;
static uint32_t disk_sectors;

static uint32_t private_reads(uint16_t offset)
{
    return offset == 8 ? disk_sectors : 0;
}

static void fake_private_port(void)
{
    put_fake(&private_port, 0x500, 16, private_reads);
}

static void expect_geometry(unsigned cylinders, unsigned heads)
{
    teardown();
    setup();
    after_load = fake_private_port;
    RUN("\xb8\x00\x08\xb2\x80\xcd\x13\xf4"); /* INT 13h/08h */
    after_load = NULL;
    ck_assert(!carry());
    ck_assert_uint_eq(reg(X86_RCX) & 0x3f, 63);
    ck_assert_uint_eq((reg(X86_RCX) >> 8) | (reg(X86_RCX) & 0xc0) << 2, cylinders - 1);
    ck_assert_uint_eq(reg(X86_RDX), (heads - 1) << 8 | 1);
}

START_TEST(test_geometry)
{
    disk_sectors = 1;
    expect_geometry(1, 16);
    disk_sectors = 1009;
    expect_geometry(2, 16);
    disk_sectors = 1024 * 1008;
    expect_geometry(1024, 16);
    disk_sectors = 1024 * 1008 + 1; /* 528 MB: heads double */
    expect_geometry(513, 32);
    disk_sectors = 2097152;
    expect_geometry(521, 64);
    disk_sectors = 0xffffffff;
    expect_geometry(1024, 128);
}
END_TEST

/* Cylinder 2, head 3, sector 4 of 16 heads: (2 * 16 + 3) * 63 + 3. */
START_TEST(test_place)
{
    unsigned i = 0;

    after_load = fake_private_port;
    disk_sectors = 1024 * 1008;
    RUN("\xb8\x05\x02\xb9\x04\x02\xba\x80\x03\xbb\x00\x20\xcd\x13\xf4");
    after_load = NULL;
    ck_assert(!carry());
    ck_assert_uint_eq(reg(X86_RAX), 5);
    while (i < private_port.count && private_port.writes[i][0] != 0)
        i++;
    ck_assert_uint_lt(i + 2, private_port.count);
    ck_assert_uint_eq(private_port.writes[i][1], ((2 * 16 + 3) * 63 + 3) & 0xff);
    ck_assert_uint_eq(private_port.writes[i + 1][0], 8);
    ck_assert_uint_eq(private_port.writes[i + 1][1], 5);
    ck_assert_uint_eq(private_port.writes[i + 2][1], 1); /* read */
}
END_TEST

/* A packet of 24 bytes with ffff:ffff: the buffer is a linear address, here above 1 MiB. */
START_TEST(test_linear_buffer)
{
    static const char code[] = "\xbe\x40\x7c\xb4\x42\xb2\x80\xcd\x13\xf4";
    uint8_t program[0x58] = {0}, *packet = program + 0x40;
    uint8_t byte;

    memcpy(program, code, sizeof(code) - 1);
    packet[0] = 24;
    packet[2] = 1;
    put_le32(packet + 4, 0xffffffff);
    put_le64(packet + 16, 0x110000);
    run((const char *)program, sizeof(program), STOP_HALT);
    ck_assert(!carry());
    ck_assert(ram_read(&m->ram, 0x110000, &byte, 1));
    ck_assert_uint_eq(byte, 0xbe);      /* the sector itself */
    put_le64(packet + 16, 0x100110000); /* out of reach */
    run((const char *)program, sizeof(program), STOP_HALT);
    ck_assert(carry());
    ck_assert_uint_eq(reg(X86_RAX) >> 8, 9);
    put_le64(packet + 16, 0x1fff00); /* past the end of RAM */
    run((const char *)program, sizeof(program), STOP_HALT);
    ck_assert(carry());
    ck_assert_uint_eq(reg(X86_RAX) >> 8, 9);
    ck_assert_uint_eq(peek16(0x7c42), 0); /* sectors done */
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

/* mov eax, 0e820h; mov ebx, INDEX; mov edx, "SMAP"; mov ecx, SIZE; mov di, 2000h; mov es, SEG */
static void e820(uint8_t index, uint8_t size, uint16_t segment)
{
    char code[] = "\x66\xb8\x20\xe8\x00\x00\x66\xbb\x00\x00\x00\x00\x66\xba\x50\x41\x4d\x53"
                  "\x66\xb9\x00\x00\x00\x00\xbf\x00\x20\xbe\x00\x00\x8e\xc6\xcd\x15\xf4";

    code[8] = (char)index;
    code[20] = (char)size;
    code[28] = (char)segment;
    code[29] = (char)(segment >> 8);
    run(code, sizeof(code) - 1, STOP_HALT);
}

START_TEST(test_e820)
{
    e820(4, 20, 0);
    ck_assert(!carry());
    ck_assert_uint_eq(state.gpr[X86_RBX], 0); /* the last */
    ck_assert_uint_eq(state.gpr[X86_RAX], 0x534d4150);
    ck_assert_uint_eq(state.gpr[X86_RCX], 20);
    ck_assert_uint_eq(peek16(0x2002), 0xfffc);
    e820(0, 24, 0x10);
    ck_assert_uint_eq(state.gpr[X86_RBX], 1);
    ck_assert_uint_eq(state.gpr[X86_RCX], 20);
    ck_assert_uint_eq(peek16(0x2100 + 8), 0xfc00);
    e820(5, 20, 0);
    ck_assert(carry());
    e820(0, 19, 0);
    ck_assert(carry());
    e820(0, 20, 0xf000); /* into the ROM */
    ck_assert(carry());
    ck_assert_uint_eq(reg(X86_RAX) >> 8, 0x86);
}
END_TEST

/* Source and destination: data of 4 GiB from 0. */
static void put_descriptors(void)
{
    uint8_t table[0x30] = {0};

    put_le64(table + 0x10, 0x00cf93000000ffff);
    put_le64(table + 0x18, 0x00cf93000000ffff);
    ck_assert(ram_write(&m->ram, 0x2000, table, sizeof(table)));
}

/* Real mode's limits are back behind a block move, and too large a one is refused. */
START_TEST(test_block_move)
{
    RUN("\xb4\x87\xb9\x01\x80\xbe\x00\x20\xcd\x15\xf4");
    ck_assert(carry());
    after_load = put_descriptors;
    RUN("\xb4\x87\x31\xc9\xbe\x00\x20\xcd\x15\xf4");
    after_load = NULL;
    ck_assert(!carry());
    ck_assert_uint_eq(reg(X86_RAX) >> 8, 0);
    ck_assert_uint_eq(state.cr0 & CR0_PE, 0);
    ck_assert_uint_eq(state.seg[X86_DS].limit, 0xffff);
    ck_assert_uint_eq(state.seg[X86_ES].limit, 0xffff);
    ck_assert_uint_eq(state.seg[X86_DS].base, 0);
    ck_assert_uint_eq(state.seg[X86_CS].base, 0);
    ck_assert_uint_eq(reg(X86_RSP), 0x7c00);
}
END_TEST

/* ---- no disk --------------------------------------------------------------------------------- */

/* A flat binary has no disk: every service says so. */
START_TEST(test_no_disk)
{
    static const struct {
        const char *code;
        bool carry;
        unsigned ah;
    } calls[] = {
        {"\xb8\x01\x02\xb9\x01\x00\xcd\x13\xf4", true, 1}, /* read */
        {"\xb8\x00\x08\xb9\x01\x00\xcd\x13\xf4", true, 1}, /* geometry */
        {"\xb8\x00\x15\xb9\x01\x00\xcd\x13\xf4", false, 0},
        {"\xbe\x1a\x70\xb4\x48\xcd\x13\x90\xf4", true, 1}, /* parameters; SI points to nothing */
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct image image = {.data = (const uint8_t *)calls[i].code,
                              .size = 9,
                              .name = "test",
                              .at = 0x1000,
                              .has_at = true};
        struct run_limits limits = {.insns = 100000};
        struct run_result result;
        struct error err;

        ck_assert_int_eq(machine_load(m, &image, &err), 0);
        ck_assert(ram_write(&m->ram, 0x701a, "\x1a", 1)); /* the size of its buffer */
        ck_assert_int_eq(machine_run(m, &limits, &result), 0);
        ck_assert_int_eq(result.stop, STOP_HALT);
        machine_get_state(m, &state);
        ck_assert_uint_eq(carry(), calls[i].carry);
        ck_assert_uint_eq(reg(X86_RAX) >> 8, calls[i].ah);
    }
}
END_TEST

/* ---- the ROM --------------------------------------------------------------------------------- */

START_TEST(test_rom)
{
    unsigned low = get_le16(firmware_rom), size = get_le16(firmware_rom + 2);

    ck_assert_uint_eq(size, 0x500);
    ck_assert_uint_le(low + size, FIRMWARE_SIZE);
    ck_assert_uint_le(get_le16(firmware_rom + 4) + 3u * get_le16(firmware_rom + 6), FIRMWARE_SIZE);
    ck_assert_uint_eq(firmware_rom[0xfff0], 0xea);
    ck_assert_uint_eq(get_le16(firmware_rom + 0xfff3), 0xf000);
    ck_assert_uint_eq(firmware_rom[0xfffe], 0xfc);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("firmware");
    TCase *services = tcase_create("services");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(services, setup, teardown);
    tcase_add_test(services, test_keys);
    tcase_add_test(services, test_key_buffer);
    tcase_add_test(services, test_line);
    tcase_add_test(services, test_no_uart);
    tcase_add_test(services, test_clock);
    tcase_add_test(services, test_no_clock);
    tcase_add_test(services, test_wait);
    tcase_add_test(services, test_wait_nothing);
    tcase_add_test(services, test_no_timer);
    tcase_add_test(services, test_tick);
    tcase_add_test(services, test_unwanted_irq);
    tcase_add_test(services, test_exception);
    tcase_add_test(services, test_post);
    tcase_add_test(services, test_a20);
    tcase_add_test(services, test_no_a20);
    tcase_add_test(services, test_geometry);
    tcase_add_test(services, test_place);
    tcase_add_test(services, test_linear_buffer);
    tcase_add_test(services, test_e820);
    tcase_add_test(services, test_block_move);
    tcase_add_test(services, test_no_disk);
    tcase_add_test(services, test_rom);
    tcase_set_timeout(services, 60);
    suite_add_tcase(suite, services);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

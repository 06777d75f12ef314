/* Models made by hand for tests of the screen. See screen_models.h. */
#include "tests/support/screen_models.h"

#include "mmu/ept.h"
#include "x86/paging.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lab_info sample_labs[] = {
    {.id = "01",
     .name = "anatomy",
     .title = "Anatomy of a virtual machine",
     .goal = "See what a virtual machine is made of: a CPU with its registers, memory, firmware, "
             "devices on ports, and the exits between them.",
     .sheet = "labs/01_anatomy/README.md",
     .exercise = "A boot sector that gives back a nonce",
     .command = "vlab start 01, then vlab check 01",
     .points = 40,
     .points_max = 100,
     .tried = true,
     .checks = {{"the boot sector runs to the debug-exit port", LAB_PASS, 20},
                {"every byte of the nonce is sent to the serial port", LAB_PASS, 20},
                {"the bytes are transformed", LAB_FAIL, 40},
                {"the run takes at most 400 exits", LAB_NOT_RUN, 20}},
     .check_count = 4},
    {.id = "02",
     .name = "trap-and-emulate",
     .title = "Trap and emulate",
     .goal = "Popek and Goldberg's condition, and why the classic x86 did not meet it.",
     .sheet = "labs/02_trap-and-emulate/README.md",
     .exercise = "A classifier of instructions",
     .command = "vlab start 02",
     .points_max = 100,
     .checks = {{"privileged instructions are told from sensitive ones", LAB_NOT_TRIED, 60},
                {"POPF is found to leak", LAB_NOT_TRIED, 40}},
     .check_count = 2},
    {.id = "03",
     .name = "exits",
     .title = "The exit loop",
     .goal = "Reason, qualification, instruction length.",
     .missing = "its guest has not been built: run make"},
};

static struct model *model_new(void)
{
    static struct model model;

    model_init(&model, sample_labs, sizeof(sample_labs) / sizeof(sample_labs[0]));
    return &model;
}

struct model *screen_model_empty(void)
{
    return model_new();
}

static void add_code(struct model *model, uint64_t address, const char *bytes, const char *text)
{
    struct code_line *line = &model->code[model->code_count++];

    line->address = address;
    for (; bytes[0] && bytes[1]; bytes += 2) {
        char pair[3] = {bytes[0], bytes[1], '\0'};

        line->bytes[line->length++] = (uint8_t)strtoul(pair, NULL, 16);
    }
    snprintf(line->text, sizeof(line->text), "%s", text);
}

static void add_exit(struct model *model, const struct vm_exit *exit)
{
    struct vm_exit copy = *exit;

    copy.seq = model->exits++;
    exit_ring_add(&model->ring, &copy);
    model->counts[exit->reason]++;
}

static void set_message(struct model *model, bool error, const char *text)
{
    model->message_id++;
    model->message_error = error;
    snprintf(model->message, sizeof(model->message), "%s", text);
}

static struct vm_exit exit_out(uint64_t insns, uint16_t port, char value, uint64_t rip)
{
    return (struct vm_exit){.insns = insns,
                            .rip = rip,
                            .qualification = (uint64_t)port << 16,
                            .value = (uint64_t)value,
                            .reason = EXIT_IO,
                            .native = 0x7b,
                            .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_INSN,
                            .cause = EXIT_CAUSE_BITMAP,
                            .mode = X86_MODE_REAL,
                            .insn_len = 1,
                            .insn = {0xee}};
}

static void real_code(struct model *model)
{
    add_code(model, 0x7c00, "fa", "cli");
    add_code(model, 0x7c01, "31c0", "xor ax, ax");
    add_code(model, 0x7c03, "8ed8", "mov ds, ax");
    add_code(model, 0x7c05, "0fa2", "cpuid");
    add_code(model, 0x7c07, "bae900", "mov dx, 0xe9");
    add_code(model, 0x7c0a, "b048", "mov al, 0x48");
    add_code(model, 0x7c0c, "ee", "out dx, al");
    add_code(model, 0x7c0d, "b069", "mov al, 0x69");
    add_code(model, 0x7c0f, "ee", "out dx, al");
    add_code(model, 0x7c10, "b00a", "mov al, 0xa");
    add_code(model, 0x7c12, "ee", "out dx, al");
    add_code(model, 0x7c13, "f4", "hlt");
    add_code(model, 0x7c14, "ebfd", "jmp 0x7c13");
    model->code_at = 9;
}

/* The machine stands at the end of its time. */
static void add_time(struct model *model)
{
    struct moment now = {model->exits, model->insns};

    model->time = (struct time_look){.on = true,
                                     .now = now,
                                     .end = now,
                                     .checkpoints = 12,
                                     .bytes = 3355443,
                                     .bytes_max = TIMELINE_MEMORY};
}

static void add_mark(struct model *model, enum time_mark_kind kind, struct moment at)
{
    model->time.marks[model->time.mark_count++] = (struct time_mark){.kind = kind, .at = at};
}

struct model *screen_model_past(void)
{
    struct model *model = screen_model_long();

    add_mark(model, TIME_SNAPSHOT, (struct moment){900, 20000});
    add_mark(model, TIME_BREAK, (struct moment){1200, 31000});
    add_mark(model, TIME_BREAK, (struct moment){1500, 43000});
    add_mark(model, TIME_SNAPSHOT, (struct moment){1500, 43000});
    add_mark(model, TIME_BREAK, (struct moment){2100, 54000});
    model->time.end = (struct moment){2201, 57000};
    model->time.past = true;
    return model;
}

struct model *screen_model_real(void)
{
    struct model *model = model_new();
    struct vm_exit cpuid = {.insns = 3,
                            .rip = 0x7c05,
                            .reason = EXIT_CPUID,
                            .native = 0x72,
                            .has = EXIT_HAS_INSN,
                            .insn_len = 2,
                            .insn = {0x0f, 0xa2}};
    struct vm_exit first = exit_out(6, 0xe9, 'H', 0x7c0c), second = exit_out(8, 0xe9, 'i', 0x7c0f);

    model->run = RUN_PAUSED;
    model->lab = 0;
    real_code(model);
    add_exit(model, &cpuid);
    add_exit(model, &first);
    add_exit(model, &second);
    text_tail_add(&model->text, TEXT_DEBUG_PORT, "Hi", 2);
    model->insns = 9;
    x86_segment_real(&model->now.seg[X86_CS], 0, true);
    model->now.rip = 0x7c10;
    model->now.rflags = RFLAGS_FIXED | RFLAGS_ZF | RFLAGS_PF;
    model->now.gpr[X86_RAX] = 0x69;
    model->now.gpr[X86_RDX] = 0xe9;
    model->now.gpr[X86_RSP] = 0x7c00;
    model->before = model->now;
    model->before.rip = 0x7c0d;
    model->before.gpr[X86_RAX] = 0x48;
    model->has_before = true;
    add_time(model);
    set_message(model, false, "exit 2: I/O");
    return model;
}

static struct device_info *add_device(struct model *model, const char *name, uint64_t first,
                                      uint64_t last)
{
    struct device_info *dev = &model->devices.devices[model->devices.count++];

    snprintf(dev->name, sizeof(dev->name), "%s", name);
    dev->ranges[dev->range_count++] = (struct device_range){.first = first, .last = last};
    dev->deadline = DEVICE_NEVER;
    return dev;
}

static void add_range(struct device_info *dev, uint64_t first, uint64_t last, bool memory)
{
    dev->ranges[dev->range_count++] =
        (struct device_range){.first = first, .last = last, .memory = memory};
}

static void add_field(struct device_info *dev, const char *name, unsigned bits, uint64_t value,
                      const char *text)
{
    struct device_field *field = &dev->fields[dev->field_count++];

    *field = (struct device_field){.value = value, .bits = (uint8_t)bits};
    snprintf(field->name, sizeof(field->name), "%s", name);
    snprintf(field->text, sizeof(field->text), "%s", text);
}

static void add_internal(struct device_info *dev, const char *name, unsigned bits, uint64_t value,
                         const char *text)
{
    add_field(dev, name, bits, value, text);
    dev->fields[dev->field_count - 1].internal = true;
}

static void add_chip(struct device_info *pic, const char *who, unsigned irr, unsigned imr)
{
    char name[24];

    snprintf(name, sizeof(name), "%s IRR", who);
    add_field(pic, name, 8, irr, irr ? "IRQ 4 requested" : "none requested");
    snprintf(name, sizeof(name), "%s ISR", who);
    add_field(pic, name, 8, 0, "none in service");
    snprintf(name, sizeof(name), "%s IMR", who);
    add_field(pic, name, 8, imr, "the others masked");
    snprintf(name, sizeof(name), "%s ICW2", who);
    add_internal(pic, name, 8, irr ? 0x20 : 0, irr ? "vectors 0x20-0x27" : "not written");
}

static void add_uart(struct model *model)
{
    struct device_info *uart = add_device(model, "uart", 0x3f8, 0x3ff);

    uart->lines = 1 << 4;
    uart->deadline = 123456;
    uart->changed = 1 << 0 | 1 << 2;
    add_field(uart, "RBR", 8, 'a', "'a'");
    add_field(uart, "IER", 8, 1, "received data");
    add_field(uart, "IIR", 8, 4, "received data available");
    add_field(uart, "LCR", 8, 3, "8N1, DLAB 0");
    add_field(uart, "MCR", 8, 0x0b, "DTR, RTS, OUT2 (interrupt on)");
    add_field(uart, "LSR", 8, 0x61, "DR, THRE, TEMT");
    add_field(uart, "MSR", 8, 0xb0, "CTS, DSR, DCD");
    add_field(uart, "divisor", 16, 12, "9600 baud");
    add_internal(uart, "FCR", 8, 0, "FIFO off");
    add_internal(uart, "FIFO 0-7", 64, UINT64_C(0x6100000000000000), "a");
    add_internal(uart, "next character", 64, 1041666, "in 1041666 ns");
}

struct model *screen_model_devices(void)
{
    struct model *model = screen_model_real();
    struct device_info *pic = add_device(model, "pic", 0x20, 0x21), *dev;

    text_tail_add(&model->text, TEXT_SERIAL, "\r\nlogin: \b\b> ", 14);
    model->devices.now = 100000;
    model->devices.levels = 1 << 0 | 1 << 4;
    model->devices.intr = true;
    model->devices.serial_waiting = 5;
    add_range(pic, 0xa0, 0xa1, false);
    add_range(pic, 0x4d0, 0x4d1, false);
    add_chip(pic, "master", 0x10, 0xef);
    add_chip(pic, "slave", 0, 0xff);
    dev = add_device(model, "pit", 0x40, 0x43);
    dev->lines = 1 << 0;
    dev->deadline = 54925493;
    dev = add_device(model, "i8042", 0x60, 0x60);
    add_range(dev, 0x64, 0x64, false);
    dev->lines = 1 << 1 | 1 << 12;
    dev->deadline = 99999;
    dev = add_device(model, "frame-buffer", 0x3c0, 0x3df);
    add_range(dev, 0xfd000000, 0xfdffffff, true);
    add_uart(model);
    return model;
}

static void long_code(struct model *model)
{
    add_code(model, 0xffff800000201228, "488b07", "mov rax, qword ptr [rdi]");
    add_code(model, 0xffff80000020122b, "4883c001", "add rax, 1");
    add_code(model, 0xffff80000020122f, "488906", "mov qword ptr [rsi], rax");
    add_code(model, 0xffff800000201232, "ee", "out dx, al");
    add_code(model, 0xffff800000201233, "48b80807060504030201", "movabs rax, 0x102030405060708");
    add_code(model, 0xffff80000020123d, "f4", "hlt");
    model->code_at = 2;
}

static void long_state(struct x86_state *s)
{
    s->cr0 = CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE;
    s->cr4 = CR4_PAE;
    s->cr3 = 0x1000;
    s->efer = EFER_LMA | EFER_LME;
    s->seg[X86_CS] = (struct x86_segment){
        .selector = 8, .limit = 0xffffffff, .access = 0xb | SEG_S | SEG_P | SEG_L | SEG_G};
    s->seg[X86_SS].selector = s->seg[X86_DS].selector = 0x10;
    s->gpr[X86_RAX] = 0x2a;
    s->gpr[X86_RDX] = 0x3f8;
    s->gpr[X86_RSI] = 0xffff800000400010;
    s->gpr[X86_RDI] = 0xffff800000400000;
    s->gpr[X86_RSP] = 0xffff800000007fe0;
    s->gpr[X86_RBP] = 0xffff800000007ff0;
    s->rip = 0xffff80000020122f;
    s->rflags = RFLAGS_FIXED | RFLAGS_PF | RFLAGS_CF;
    s->gdtr = (struct x86_table){.base = 0x6000, .limit = 0x27};
}

static void long_exits(struct model *model)
{
    static const char text[] = "Hello from the guest\r\npoke: writing \033 2a\n";
    struct vm_exit violation = {.insns = 48120,
                                .rip = 0xffff80000020122f,
                                .qualification = 0x18a,
                                .guest_linear = 0xffff800000400010,
                                .guest_physical = 0x400010,
                                .reason = EXIT_EPT_VIOLATION,
                                .native = 0x400,
                                .selector = 8,
                                .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_GVA | EXIT_HAS_GPA |
                                       EXIT_HAS_INSN,
                                .mode = X86_MODE_LONG64,
                                .insn_len = 3,
                                .insn = {0x48, 0x89, 0x06}};

    for (unsigned i = 0; i < 1842; i++) {
        struct vm_exit out =
            exit_out(26 * i, 0x3f8, text[i % (sizeof(text) - 1)], 0xffff800000201232);

        if (i % 20 == 7)
            out = (struct vm_exit){.insns = 26 * i,
                                   .rip = 0xffff800000201200,
                                   .value = 1,
                                   .reason = EXIT_CPUID,
                                   .native = 0x72,
                                   .has = EXIT_HAS_INSN,
                                   .insn_len = 2,
                                   .insn = {0x0f, 0xa2}};
        out.selector = 8;
        out.mode = X86_MODE_LONG64;
        add_exit(model, &out);
    }
    add_exit(model, &violation);
    text_tail_add(&model->text, TEXT_SERIAL, text, sizeof(text) - 1);
}

struct model *screen_model_long(void)
{
    struct model *model = model_new();

    model->run = RUN_PAUSED;
    model->lab = 0;
    model->insns = 48120;
    model->has_rate = true;
    model->rate_exits = 412345;
    model->rate_insns = 81234567;
    long_code(model);
    long_exits(model);
    long_state(&model->now);
    model->before = model->now;
    model->before.gpr[X86_RAX] = 0x29;
    model->before.rip = 0xffff80000020122b;
    model->before.rflags = RFLAGS_FIXED | RFLAGS_ZF;
    model->has_before = true;
    set_message(model, false, "exit 1842: EPT violation");
    add_time(model);
    return model;
}

static void add_snapshot(struct model *model, const char *name, unsigned depth, uint64_t exits,
                         uint64_t own)
{
    struct snapshots_look *look = &model->snapshots;
    struct snapshot_row *row = &look->rows[look->count++];

    *row = (struct snapshot_row){
        .depth = depth, .has_ram = true, .exits = exits, .own = own, .naive = 16 << 20};
    snprintf(row->id, sizeof(row->id), "%08x%08x", look->count, 0x1234u);
    snprintf(row->name, sizeof(row->name), "%s", name);
    look->all++;
}

static void add_diff(struct model *model, const char *text)
{
    struct snapshots_look *look = &model->snapshots;

    snprintf(look->diffs[look->diff_count++], SNAPSHOT_DIFF_TEXT, "%s", text);
    look->diff_all++;
}

struct model *screen_model_snapshots(void)
{
    struct model *model = screen_model_long();
    struct snapshots_look *look = &model->snapshots;

    *look = (struct snapshots_look){.on = true, .unsaved = true, .compared = true};
    add_snapshot(model, "reset", 0, 0, 4 << 20);
    add_snapshot(model, "long-mode", 1, 900, 65536);
    add_snapshot(model, "irq-on", 2, 1480, 40960);
    add_snapshot(model, "crash", 3, 1620, 12288);
    add_snapshot(model, "irq-off", 2, 1500, 28672);
    look->rows[2].lines = look->rows[3].lines = 2; /* irq-off is below them */
    look->rows[3].has_ram = false;
    snprintf(look->rows[4].note, sizeof(look->rows[4].note), "before cli");
    memcpy(look->here, look->rows[4].id, sizeof(look->here));
    memcpy(look->last, look->here, sizeof(look->last));
    look->since = (struct moment){1500, 43000};
    model->time.end = model->time.now = (struct moment){model->exits, model->insns};
    look->new_pages = 12;
    look->new_bytes = 12 * 4096 + 1024;
    memcpy(look->asked.id, look->rows[4].id, sizeof(look->asked.id));
    look->asked.on = true;
    add_diff(model, "RAX                0 -> 2a");
    add_diff(model, "PTE of ffff800000400000 (at 4000)  5061 -> 5063, R/W 0 -> 1");
    add_diff(model, "400000   96 bytes, the first at 400010: 00 -> 2a");
    look->diff_all += 11;
    look->diff_pages = look->restore_pages = 12;
    look->diff_bytes = look->restore_bytes = 96;
    look->pages = look->cell_count = 4096;
    look->cell_size = 1;
    for (unsigned i = 0; i < 12; i++)
        look->cells[i < 8 ? 0x400 + i : 0x100 * i] = 1;
    look->stored = 4404019;
    for (unsigned i = 0; i < look->count; i++) {
        look->rows[i].point = i;
        look->rows[i].added = i == 0 ? 5 << 20 : 1 << 20;
        look->unique += look->rows[i].added;
        look->naive += look->rows[i].naive;
        look->growth[look->growth_count++] = (struct snapshot_point){look->unique, look->naive};
    }
    return model;
}

struct model *screen_model_marked(void)
{
    struct model *model = screen_model_snapshots();
    struct snapshots_look *look = &model->snapshots;

    memcpy(look->asked.from, look->rows[1].id, sizeof(look->asked.from));
    look->diff_count = 0;
    look->diff_all = look->diff_pages = look->diff_bytes = 0;
    memset(look->cells, 0, sizeof(look->cells));
    add_diff(model, "RFLAGS             202 -> 2  IF 1 -> 0");
    return model;
}

static void add_break(struct model *model, const char *text, uint64_t hits, bool enabled)
{
    struct breakpoint *bp = &model->breaks[model->break_count];
    struct error err = {0};

    if (breakpoint_parse(bp, text, &err) < 0)
        abort();
    bp->id = ++model->break_count;
    bp->hits = hits;
    bp->enabled = enabled;
}

struct model *screen_model_breaks(void)
{
    struct model *model = screen_model_long();

    add_break(model, "cpuid", 92, true);
    add_break(model, "rip=ffff80000020122f", 1, true);
    add_break(model, "gpa=400000-400fff:w", 12345678901, true);
    add_break(model, "port=3f8-3ff", 0, false);
    add_break(model, "msr=c0000080", 0, true);
    return model;
}

static void add_cost(struct model *model, unsigned reason, uint64_t count, uint32_t min,
                     uint32_t mean, uint32_t max)
{
    model->counts[reason] = count;
    model->profile.rows[reason] = (struct trace_profile_row){
        .count = count, .cost_sum = count * mean, .cost_min = min, .cost_max = max};
    model->profile.total += count;
}

struct model *screen_model_day(void)
{
    struct model *model = screen_model_long();
    const uint64_t exits = 100000000000;

    for (uint64_t seq = model->ring.begin; seq < model->ring.end; seq++)
        model->ring.slots[seq % EXIT_RING].seq += exits - 1843;
    for (uint64_t to = exits, from = 1843; from-- > 0;)
        model->ring.slots[--to % EXIT_RING] = model->ring.slots[from];
    model->ring.begin = exits - 1843;
    model->ring.end = exits;
    model->exits = exits;
    model->has_cost = true;
    add_cost(model, EXIT_IO, 99999000000, 310, 1180, 41000000);
    add_cost(model, EXIT_CPUID, 999000, 900, 2050, 99000);
    add_cost(model, EXIT_RDMSR, 990, 640, 700, 1900);
    add_cost(model, EXIT_EPT_VIOLATION, 8, 3050, 6100, 90000);
    add_cost(model, EXIT_CR_ACCESS, 1, 4100, 4100, 4100);
    add_cost(model, EXIT_HLT, 1, 4000000000u, 4000000000u, 4000000000u);
    return model;
}

static void window_at(struct memory_window *w, uint64_t address)
{
    static const char text[] = "stack of the guest";

    w->on = true;
    w->start = memory_window_start(address);
    w->pages[0] = (struct memory_page){.gpa = 0x207000,
                                       .ept = EPT_READ | EPT_WRITE,
                                       .rights = X86_RIGHT_WRITE,
                                       .page_size = 4096,
                                       .rule = "all levels allow it"};
    for (unsigned i = 1; i < MEMORY_PAGES; i++)
        w->pages[i] = (struct memory_page){.status = MEMORY_UNMAPPED, .rule = "P = 0: not present"};
    for (unsigned i = 0; i < MEMORY_WINDOW; i++)
        w->bytes[i] = i % 64 < 24 ? 0 : (uint8_t)(i * 7);
    memcpy(w->bytes + 0xf90, text, sizeof(text));
    memcpy(w->bytes + 0xfe0, "\x32\x12\x20\x00\x00\x80\xff\xff", 8);
}

struct model *screen_model_memory(void)
{
    struct model *model = screen_model_long();
    struct code_line *insn = &model->memory_insn;

    model->memory_place.base = MEMORY_RSP;
    model->memory_at = model->now.gpr[X86_RSP];
    window_at(&model->memory, model->memory_at);
    window_at(&model->memory_before, model->memory_at);
    model->memory_before.bytes[0xfe0] = 0x2b;
    model->memory_before.bytes[0xfe8] = 0x99;
    model->memory_before.bytes[0xf97] = 'x';
    insn->address = model->memory_at;
    insn->length = 2;
    snprintf(insn->text, sizeof(insn->text), "xor dl, byte ptr [rdx]");
    return model;
}

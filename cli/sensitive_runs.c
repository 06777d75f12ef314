/*
 * Sensitive instructions on the machine, see sensitive_runs.h: flat 32-bit protected mode without paging, an
 * instruction in front of EIP, and every exception an exit.
 *
 *   1000  the instruction     3000  16 bytes of data, a pseudo-descriptor at first
 *   4000  GDT                 5000  the same again
 *   6000  TSS                 6f00  the stack
 */
#include "cli/sensitive_runs.h"

#include "core/machine.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CODE = 0x1000,
    DATA = 0x3000,
    DATA_SIZE = 16,
    GDT = 0x4000,
    GDT_OTHER = 0x5000,
    IDT = 0x5800,
    TSS = 0x6000
};
enum { STACK = 0x6f00, STACK_BELOW = 16, STACK_SIZE = 32 };

enum {
    SEL_CODE = 0x08,
    SEL_DATA = 0x10,
    SEL_CODE1 = 0x19,
    SEL_DATA1 = 0x21,
    SEL_CODE3 = 0x2b,
    SEL_DATA3 = 0x33,
    SEL_TSS = 0x38,
    SEL_TSS_OTHER = 0x40,
    SEL_TSS_FREE = 0x48,
    SEL_LDT = 0x50,
    GDT_LIMIT = 0x57
};

#define MEM(reg) 0x05 | (reg) << 3, 0x00, 0x30, 0x00, 0x00 /* ModRM: [DATA] */
#define PAT 0x277
#define SYSENTER_CS 0x174

static const struct sensitive_case cases[] = {
    {"sgdt [m]", {0x0f, 0x01, MEM(0)}, 7, .about = "GDTR"},
    {"sidt [m]", {0x0f, 0x01, MEM(1)}, 7, .about = "IDTR"},
    {"sldt eax", {0x0f, 0x00, 0xc0}, 3, .about = "LDTR"},
    {"str eax", {0x0f, 0x00, 0xc8}, 3, .about = "TR"},
    {"smsw eax", {0x0f, 0x01, 0xe0}, 3, .about = "CR0"},
    {"pushfd", {0x9c}, 1, .about = "IF, IOPL"},
    {"popfd", {0x9d}, 1, .about = "IF, IOPL"},
    {"iretd", {0xcf}, 1, .about = "IF, IOPL"},
    {"lar eax, ecx", {0x0f, 0x02, 0xc1}, 3, .ecx = SEL_CODE, .about = "DPL against CPL"},
    {"lsl eax, ecx", {0x0f, 0x03, 0xc1}, 3, .ecx = SEL_CODE, .about = "DPL against CPL"},
    {"verr cx", {0x0f, 0x00, 0xe1}, 3, .ecx = SEL_DATA, .about = "DPL against CPL"},
    {"verw cx", {0x0f, 0x00, 0xe9}, 3, .ecx = SEL_DATA, .about = "DPL against CPL"},
    {"mov eax, cs", {0x8c, 0xc8}, 2, .about = "CPL"},
    {"mov eax, ss", {0x8c, 0xd0}, 2, .about = "CPL"},
    {"push cs", {0x0e}, 1, .about = "CPL"},
    {"push ss", {0x16}, 1, .about = "CPL"},
    {"call cs:here", {0x9a, 0x07, 0x10, 0, 0, 0, 0}, 7, .selector_at = 5, .about = "CPL"},
    {"cli", {0xfa}, 1, .about = "IF"},
    {"sti", {0xfb}, 1, .about = "IF"},
    {"hlt", {0xf4}, 1, .about = "the CPU"},
    {"in al, 80h", {0xe4, 0x80}, 2, .about = "a port"},
    {"out 80h, al", {0xe6, 0x80}, 2, .about = "a port"},
    {"insb", {0x6c}, 1, .about = "a port"},
    {"outsb", {0x6e}, 1, .about = "a port"},
    {"lgdt [m]", {0x0f, 0x01, MEM(2)}, 7, .about = "GDTR"},
    {"lidt [m]", {0x0f, 0x01, MEM(3)}, 7, .about = "IDTR"},
    {"lldt cx", {0x0f, 0x00, 0xd1}, 3, .ecx = SEL_LDT, .about = "LDTR"},
    {"ltr cx", {0x0f, 0x00, 0xd9}, 3, .ecx = SEL_TSS_FREE, .about = "TR"},
    {"lmsw ax", {0x0f, 0x01, 0xf0}, 3, .eax = CR0_PE, .about = "CR0"},
    {"clts", {0x0f, 0x06}, 2, .about = "CR0"},
    {"mov eax, cr0", {0x0f, 0x20, 0xc0}, 3, .about = "CR0"},
    {"mov cr0, eax", {0x0f, 0x22, 0xc0}, 3, .eax = CR0_PE | CR0_ET, .about = "CR0"},
    {"mov eax, dr7", {0x0f, 0x21, 0xf8}, 3, .about = "DR7"},
    {"mov dr7, eax", {0x0f, 0x23, 0xf8}, 3, .eax = DR7_FIXED | 3, .about = "DR7"},
    {"rdmsr", {0x0f, 0x32}, 2, .ecx = PAT, .about = "an MSR"},
    {"wrmsr", {0x0f, 0x30}, 2, .eax = SEL_CODE, .ecx = SYSENTER_CS, .about = "an MSR"},
    {"invlpg [m]", {0x0f, 0x01, MEM(7)}, 7, .about = "the TLB"},
    {"wbinvd", {0x0f, 0x09}, 2, .about = "the caches"},
    {"mov eax, ds", {0x8c, 0xd8}, 2, .about = "nothing: for comparison"},
    {"add eax, ecx", {0x01, 0xc8}, 2, .eax = 1, .ecx = 2, .about = "nothing: for comparison"},
    {"push eax", {0x50}, 1, .eax = 7, .about = "nothing: for comparison"},
};

unsigned sensitive_count(void)
{
    return sizeof(cases) / sizeof(cases[0]);
}

const struct sensitive_case *sensitive_get(unsigned index)
{
    return &cases[index];
}

/* What a program can see. */
struct seen {
    uint32_t gpr[8], flags;
    uint8_t data[DATA_SIZE], stack[STACK_SIZE];
};

/* What a kernel has to itself. */
struct owned {
    uint64_t flags, cr0, dr7, sysenter_cs, gdt, idt;
    uint32_t gdt_limit, idt_limit, activity;
    uint16_t ldtr, tr;
};

/* One run. */
struct outcome {
    bool trapped;
    uint32_t vector; /* of the exception that it trapped with */
    struct seen before, after;
    struct owned owned_before, owned_after;
};

struct sensitive_bench {
    struct machine *machine;
    bool trapped;
    uint32_t vector;
};

static enum monitor_action on_exception(void *ctx, struct machine *m, struct vm_exit *exit)
{
    struct sensitive_bench *bench = ctx;

    (void)m;
    bench->trapped = true;
    bench->vector = INTR_VECTOR(exit->intr_info);
    return MONITOR_STOP;
}

int sensitive_create(struct sensitive_bench **out, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct sensitive_bench *bench = calloc(1, sizeof(*bench));
    int rc;

    if (!bench)
        return error_set(err, -ENOMEM, "sensitive: out of memory");
    config.ram_size = 1u << 20;
    rc = machine_create(&bench->machine, &config, err);
    if (rc < 0) {
        free(bench);
        return rc;
    }
    bench->machine->monitor.on_exit[EXIT_EXCEPTION_NMI] = on_exception;
    bench->machine->monitor.ctx = bench;
    *out = bench;
    return 0;
}

void sensitive_destroy(struct sensitive_bench *bench)
{
    if (!bench)
        return;
    machine_destroy(bench->machine);
    free(bench);
}

enum { TSS_LIMIT = 103, TSS_IO_MAP = 102 }; /* SDM vol. 3, 8.2.1 */

/* SDM vol. 3, 3.4.5: a descriptor of `limit` (as G counts it) at base 0. */
static void descriptor(uint8_t *gdt, unsigned selector, uint32_t limit, uint32_t access)
{
    put_le32(gdt + (selector & ~7u), limit & 0xffff);
    put_le32(gdt + (selector & ~7u) + 4, access << 8 | (limit & 0xf0000));
}

static void gdt_fill(uint8_t gdt[GDT_LIMIT + 1])
{
    memset(gdt, 0, GDT_LIMIT + 1);
    descriptor(gdt, SEL_CODE, 0xfffff, 0xc09b);
    descriptor(gdt, SEL_DATA, 0xfffff, 0xc093);
    descriptor(gdt, SEL_CODE1, 0xfffff, 0xc0bb);
    descriptor(gdt, SEL_DATA1, 0xfffff, 0xc0b3);
    descriptor(gdt, SEL_CODE3, 0xfffff, 0xc0fb);
    descriptor(gdt, SEL_DATA3, 0xfffff, 0xc0f3);
    descriptor(gdt, SEL_TSS, TSS_LIMIT, 0x8b);
    descriptor(gdt, SEL_TSS_OTHER, TSS_LIMIT, 0x8b);
    descriptor(gdt, SEL_TSS_FREE, TSS_LIMIT, 0x89);
    descriptor(gdt, SEL_LDT, 0xff, 0x82);
}

static const uint16_t code_selectors[SENSITIVE_RINGS] = {SEL_CODE, SEL_CODE1, SEL_CODE3};
static const uint16_t stack_selectors[SENSITIVE_RINGS] = {SEL_DATA, SEL_DATA1, SEL_DATA3};
static const uint32_t levels[SENSITIVE_RINGS] = {0, 1, 3};

static struct x86_segment flat(uint16_t selector, uint32_t access)
{
    return (struct x86_segment){.selector = selector, .limit = ~0u, .access = access};
}

/* `other`: other values in what a kernel has to itself. */
static void state_fill(const struct sensitive_case *what, unsigned ring, bool other,
                       struct x86_state *s)
{
    uint32_t dpl = levels[ring] << 5;

    x86_state_reset(s);
    memset(s->gpr, 0, sizeof(s->gpr));
    s->gpr[X86_RAX] = what->eax;
    s->gpr[X86_RCX] = what->ecx;
    s->gpr[X86_RDX] = 0;
    s->gpr[X86_RSI] = s->gpr[X86_RDI] = DATA;
    s->gpr[X86_RSP] = STACK;
    s->rip = CODE;
    for (int i = X86_ES; i <= X86_GS; i++)
        s->seg[i] = flat(SEL_DATA3, 0xc0f3);
    s->seg[X86_CS] = flat(code_selectors[ring], 0xc09b | dpl);
    s->seg[X86_SS] = flat(stack_selectors[ring], 0xc093 | dpl);
    s->seg[X86_TR] = (struct x86_segment){.base = TSS, .limit = TSS_LIMIT, .access = 0x8b};
    s->seg[X86_TR].selector = other ? SEL_TSS_OTHER : SEL_TSS;
    s->seg[X86_LDTR] = (struct x86_segment){.access = SEG_UNUSABLE};
    if (!other)
        s->seg[X86_LDTR] = (struct x86_segment){.selector = SEL_LDT, .limit = 0xff, .access = 0x82};
    s->gdtr = (struct x86_table){other ? GDT_OTHER : GDT, GDT_LIMIT};
    s->idtr = (struct x86_table){other ? IDT + 0x100 : IDT, 0};
    s->cr0 = CR0_PE | CR0_ET | (other ? CR0_MP : CR0_TS);
    s->rflags = RFLAGS_FIXED | (other ? 0 : RFLAGS_IF);
    s->dr7 = other ? DR7_FIXED | 1u << 9 : DR7_FIXED; /* GE, which does nothing */
}

/* What POPF and IRET take: EIP behind it, CS, EFLAGS; a pseudo-descriptor for LGDT and LIDT. */
static void memory_fill(struct machine *m, const struct sensitive_case *what, unsigned ring)
{
    static const uint8_t table[DATA_SIZE] = {0x3f, 0, 0x00, 0x70};
    uint8_t gdt[GDT_LIMIT + 1], stack[STACK_SIZE] = {0}, code[SENSITIVE_BYTES], io_map[2];
    bool iret = what->bytes[0] == 0xcf;

    gdt_fill(gdt);
    memcpy(code, what->bytes, sizeof(code));
    if (what->selector_at)
        put_le16(code + what->selector_at, code_selectors[ring]);
    put_le32(stack + STACK_BELOW, iret ? CODE + 1 : RFLAGS_FIXED);
    put_le32(stack + STACK_BELOW + 4, code_selectors[ring]);
    put_le32(stack + STACK_BELOW + 8, RFLAGS_FIXED);
    ram_write(&m->ram, CODE, code, sizeof(code));
    ram_write(&m->ram, DATA, table, sizeof(table));
    ram_write(&m->ram, GDT, gdt, sizeof(gdt));
    ram_write(&m->ram, GDT_OTHER, gdt, sizeof(gdt));
    put_le16(io_map, TSS_LIMIT + 1); /* none: IOPL alone decides */
    ram_write(&m->ram, TSS + TSS_IO_MAP, io_map, sizeof(io_map));
    ram_write(&m->ram, STACK - STACK_BELOW, stack, sizeof(stack));
    machine_written(m, 0, STACK + STACK_SIZE);
}

static void look(struct machine *m, struct seen *seen, struct owned *owned)
{
    const uint32_t visible =
        RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_DF | RFLAGS_OF;
    struct x86_state s;

    memset(owned, 0, sizeof(*owned));
    machine_get_state(m, &s);
    for (unsigned i = 0; i < 8; i++)
        seen->gpr[i] = (uint32_t)s.gpr[i];
    seen->flags = (uint32_t)s.rflags & visible;
    ram_read(&m->ram, DATA, seen->data, sizeof(seen->data));
    ram_read(&m->ram, STACK - STACK_BELOW, seen->stack, sizeof(seen->stack));
    owned->flags = s.rflags & (RFLAGS_IF | 3u << 12);
    owned->cr0 = s.cr0;
    owned->dr7 = s.dr7;
    owned->sysenter_cs = s.sysenter_cs;
    owned->gdt = s.gdtr.base;
    owned->gdt_limit = s.gdtr.limit;
    owned->idt = s.idtr.base;
    owned->idt_limit = s.idtr.limit;
    owned->ldtr = s.seg[X86_LDTR].selector;
    owned->tr = s.seg[X86_TR].selector;
    owned->activity = s.activity;
}

static int run_once(struct sensitive_bench *bench, const struct sensitive_case *what, unsigned ring,
                    bool other, struct outcome *o, struct error *err)
{
    struct machine *m = bench->machine;
    struct run_result result;
    struct x86_state s;
    int rc;

    memset(o, 0, sizeof(*o));
    state_fill(what, ring, other, &s);
    memory_fill(m, what, ring);
    machine_set_state(m, &s);
    look(m, &o->before, &o->owned_before);
    bench->trapped = false;
    rc = machine_step(m, &result);
    if (rc < 0 || result.stop == STOP_GUEST_ERROR) {
        *err = result.error;
        return rc < 0 ? rc : -EIO;
    }
    look(m, &o->after, &o->owned_after);
    o->trapped = bench->trapped;
    o->vector = bench->vector;
    return 0;
}

/* What an instruction changed: registers and bytes that were not touched are 0. */
static void changes(const struct outcome *o, struct seen *c)
{
    memset(c, 0, sizeof(*c));
    for (unsigned i = 0; i < 8; i++)
        if (o->after.gpr[i] != o->before.gpr[i])
            c->gpr[i] = o->after.gpr[i];
    c->flags = o->after.flags;
    for (unsigned i = 0; i < DATA_SIZE; i++)
        if (o->after.data[i] != o->before.data[i])
            c->data[i] = o->after.data[i];
    for (unsigned i = 0; i < STACK_SIZE; i++)
        if (o->after.stack[i] != o->before.stack[i])
            c->stack[i] = o->after.stack[i];
}

static bool shows_otherwise(const struct outcome *a, const struct outcome *b)
{
    struct seen x, y;

    changes(a, &x);
    changes(b, &y);
    return memcmp(&x, &y, sizeof(x)) != 0;
}

static bool is_changed(const struct outcome *o)
{
    return memcmp(&o->owned_before, &o->owned_after, sizeof(o->owned_before)) != 0;
}

static enum x86_sensitivity class_of(const struct outcome *ring0, const struct outcome *here,
                                     const struct outcome *other)
{
    if (here->trapped && !ring0->trapped)
        return X86_PRIVILEGED;
    if (shows_otherwise(here, other) || shows_otherwise(ring0, here) ||
        is_changed(ring0) != is_changed(here))
        return X86_SENSITIVE;
    return X86_INNOCUOUS;
}

static bool owned_text(const struct outcome *o, char *buf, size_t size)
{
    const struct owned *was = &o->owned_before, *is = &o->owned_after;

    if (is->activity != was->activity)
        snprintf(buf, size, "halts");
    else if ((is->flags ^ was->flags) & RFLAGS_IF)
        snprintf(buf, size, "IF %d", !!(is->flags & RFLAGS_IF));
    else if (is->cr0 != was->cr0)
        snprintf(buf, size, "CR0 %08x", (unsigned)is->cr0);
    else if (is->dr7 != was->dr7)
        snprintf(buf, size, "DR7 %08x", (unsigned)is->dr7);
    else if (is->gdt != was->gdt)
        snprintf(buf, size, "GDTR %08x", (unsigned)is->gdt);
    else if (is->idt != was->idt)
        snprintf(buf, size, "IDTR %08x", (unsigned)is->idt);
    else if (is->ldtr != was->ldtr)
        snprintf(buf, size, "LDTR %04x", is->ldtr);
    else if (is->tr != was->tr)
        snprintf(buf, size, "TR %04x", is->tr);
    else if (is->sysenter_cs != was->sysenter_cs)
        snprintf(buf, size, "MSR %08x", (unsigned)is->sysenter_cs);
    else
        return false;
    return true;
}

static bool seen_text(const struct outcome *o, char *buf, size_t size)
{
    const struct seen *was = &o->before, *is = &o->after;
    uint32_t pushed = get_le32(is->stack + STACK_BELOW - 4);

    if (is->gpr[X86_RSP] < STACK) /* a far CALL: CS, the first that is pushed */
        snprintf(buf, size, "pushed %08x", pushed);
    else if (memcmp(is->data, was->data, DATA_SIZE) != 0)
        snprintf(buf, size, "[m] %08x:%04x", get_le32(is->data + 2), get_le16(is->data));
    else if (is->gpr[X86_RAX] != was->gpr[X86_RAX])
        snprintf(buf, size, "eax %08x", is->gpr[X86_RAX]);
    else if ((is->flags ^ was->flags) & RFLAGS_ZF)
        snprintf(buf, size, "ZF %d", !!(is->flags & RFLAGS_ZF));
    else
        return false;
    return true;
}

/* Of two runs of one ring, the first that does something. */
static void effect_text(const struct outcome *o, const struct outcome *other, char *buf,
                        size_t size)
{
    if (o->trapped && (o->vector == X86_GP || o->vector == X86_UD))
        snprintf(buf, size, o->vector == X86_GP ? "#GP" : "#UD");
    else if (o->trapped)
        snprintf(buf, size, "exception %u", o->vector);
    else if (owned_text(o, buf, size) || seen_text(o, buf, size) || owned_text(other, buf, size))
        return;
    else
        snprintf(buf, size, "nothing");
}

int sensitive_measure(struct sensitive_bench *bench, const struct sensitive_case *what,
                      struct sensitive_row *row, struct error *err)
{
    struct outcome ring0;

    memset(row, 0, sizeof(*row));
    for (unsigned ring = 0; ring < SENSITIVE_RINGS; ring++) {
        struct outcome here, other;
        int rc = run_once(bench, what, ring, false, &here, err);

        rc = rc ? rc : run_once(bench, what, ring, true, &other, err);
        if (rc)
            return rc;
        if (ring == SENSITIVE_RING0)
            ring0 = here;
        effect_text(&here, &other, row->effect[ring], sizeof(row->effect[ring]));
        row->measured[ring] = class_of(&ring0, &here, &other);
    }
    return 0;
}

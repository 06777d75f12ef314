/*
 * What of /dev/kvm works on this host: small guests, each of which ends with an OUT that tells whether it
 * came through. They use what a module that runs without VT-x or AMD-V is known to lack. One that comes to
 * nothing within its time does not work.
 */
#include "backend/kvm/cpu.h"
#include "backend/kvm/kvm.h"

#include "util/bytes.h"
#include "x86/cpuid.h"

#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROBE_RAM (1u << 20)
#define PROBE_NS 300000000ull

#define CODE_AT 0x1000u
#define HANDLER_AT 0x1800u
#define TABLES_AT 0x2000u /* three pages: PML4, PDPT, page directory, as many as there are */
#define IDT_AT 0x6000u
#define GDT_AT 0x7000u
#define TSS_AT 0x7800u
#define STACK_TOP 0x9000u
#define VECTOR 0x42u

#define DONE_PORT 0xf4
#define DONE 0x2a
#define DONE_STATUS (DONE << 1 | 1)

enum probe_mode { MODE_REAL, MODE_FLAT32, MODE_PAGED32, MODE_PAE, MODE_LONG, MODE_LONG_USER };

struct probe {
    enum backend_need need;
    enum probe_mode mode;
    uint8_t size;
    uint8_t code[4]; /* what it is about; behind it, and as handler of its event: the OUT */
};

static const struct probe probes[] = {
    {NEED_REAL, MODE_REAL, 1, {0x90}},
    {NEED_PROT32, MODE_FLAT32, 1, {0x90}},
    {NEED_LONG, MODE_LONG, 1, {0x90}},
    {NEED_PAGING32, MODE_PAGED32, 1, {0x90}},
    {NEED_PAE, MODE_PAE, 1, {0x90}},
    {NEED_SSE, MODE_LONG, 3, {0x0f, 0x57, 0xc0}},             /* xorps xmm0, xmm0 */
    {NEED_X87, MODE_LONG, 2, {0xd9, 0xe8}},                   /* fld1 */
    {NEED_INT, MODE_LONG, 3, {0xcd, VECTOR, 0xf4}},           /* int; hlt */
    {NEED_INT_USER, MODE_LONG_USER, 3, {0xcd, VECTOR, 0xf4}}, /* the same */
    {NEED_VMCALL, MODE_LONG, 3, {0x0f, 0x01, 0xc1}},
    {NEED_MSR_EXITS, MODE_LONG, 2, {0x0f, 0x32}},          /* rdmsr, of IA32_APIC_BASE */
    {NEED_WINDOW, MODE_LONG, 4, {0xfb, 0x90, 0x90, 0xfa}}, /* sti; nop; nop; cli */
    {NEED_ALL, MODE_LONG, 3, {0x0f, 0x02, 0xc0}},          /* lar eax, ax */
};

/* What a guest itself never notices. */
#define OF_THE_MONITOR (1u << NEED_STEP | 1u << NEED_MSR_EXITS)

static const uint8_t done[] = {0xb0, DONE, 0xe6, DONE_PORT, 0xf4}; /* mov al; out; hlt */

/* ---- the guests -------------------------------------------------------------------------- */

static void put_tables(struct machine *m, enum probe_mode mode)
{
    uint8_t pages[3][8] = {{0}};

    if (mode == MODE_PAGED32) {
        put_le32(pages[0], 0x87); /* 4 MiB, for users, too */
    } else if (mode == MODE_PAE) {
        put_le64(pages[0], (TABLES_AT + PAGE_SIZE) | 1);
        put_le64(pages[1], 0x87);
    } else {
        put_le64(pages[0], (TABLES_AT + PAGE_SIZE) | 7);
        put_le64(pages[1], (TABLES_AT + 2 * PAGE_SIZE) | 7);
        put_le64(pages[2], 0x87);
    }
    for (unsigned i = 0; i < 3; i++)
        ram_write(&m->ram, TABLES_AT + i * PAGE_SIZE, pages[i], sizeof(pages[i]));
}

/* One 64-bit gate that ring 3 may use, a code segment for it, and a stack to come to. */
static void put_descriptors(struct machine *m)
{
    uint8_t gate[16] = {0}, code[8] = {0xff, 0xff, 0, 0, 0, 0x9b, 0xaf, 0}, stack[8];

    put_le16(gate, HANDLER_AT);
    put_le16(gate + 2, 0x08);
    gate[5] = 0xee;
    put_le64(stack, STACK_TOP);
    ram_write(&m->ram, IDT_AT + VECTOR * sizeof(gate), gate, sizeof(gate));
    ram_write(&m->ram, GDT_AT + 8, code, sizeof(code));
    ram_write(&m->ram, TSS_AT + 4, stack, sizeof(stack));
}

static void set_flat(struct x86_state *s, uint32_t code_flags, unsigned dpl)
{
    for (int i = X86_ES; i <= X86_GS; i++)
        s->seg[i] =
            (struct x86_segment){.limit = 0xffffffff,
                                 .selector = (uint16_t)(0x10 | dpl),
                                 .access = 0x3u | SEG_S | dpl << 5 | SEG_P | SEG_DB | SEG_G};
    s->seg[X86_CS].selector = (uint16_t)(0x08 | dpl);
    s->seg[X86_CS].access = 0xbu | SEG_S | dpl << 5 | SEG_P | SEG_G | code_flags;
    s->seg[X86_TR] = (struct x86_segment){
        .base = TSS_AT, .limit = 0x67, .selector = 0x18, .access = 0xbu | SEG_P};
    s->cr0 |= CR0_PE;
}

static void set_mode(struct x86_state *s, enum probe_mode mode)
{
    unsigned dpl = mode == MODE_LONG_USER ? 3 : 0;

    x86_state_reset(s);
    s->cr0 = CR0_ET | CR0_NE | CR0_MP;
    s->rip = CODE_AT;
    s->gpr[X86_RSP] = STACK_TOP;
    s->gpr[X86_RCX] = 0x1b;
    x86_segment_real(&s->seg[X86_CS], 0, true);
    if (mode == MODE_REAL)
        return;
    set_flat(s, mode >= MODE_LONG ? SEG_L : SEG_DB, dpl);
    s->rflags |= (uint64_t)dpl << 12; /* IOPL: the OUT is allowed */
    s->gdtr = (struct x86_table){.base = GDT_AT, .limit = 0x1f};
    s->idtr = (struct x86_table){.base = IDT_AT, .limit = 0xfff};
    if (mode == MODE_FLAT32)
        return;
    s->cr0 |= CR0_PG;
    s->cr3 = TABLES_AT;
    s->cr4 = mode == MODE_PAGED32 ? CR4_PSE : CR4_PAE;
    if (mode < MODE_LONG)
        return;
    s->cr4 |= CR4_OSFXSR;
    s->efer = EFER_LME | EFER_LMA;
}

static int make_guest(struct machine **m, const struct probe *probe, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct x86_state state;
    int rc;

    config.ram_size = PROBE_RAM;
    config.backend = &backend_kvm;
    rc = machine_create(m, &config, err);
    if (rc)
        return rc;
    if (probe->mode >= MODE_PAGED32)
        put_tables(*m, probe->mode);
    put_descriptors(*m);
    ram_write(&(*m)->ram, CODE_AT, probe->code, probe->size);
    ram_write(&(*m)->ram, CODE_AT + probe->size, done, sizeof(done));
    ram_write(&(*m)->ram, HANDLER_AT, done, sizeof(done));
    set_mode(&state, probe->mode);
    machine_set_state(*m, &state);
    return 0;
}

static bool passes(const struct probe *probe, struct error *err)
{
    struct run_limits limits = {.insns = PROBE_NS};
    struct run_result result;
    struct machine *m;
    bool ok;

    if (make_guest(&m, probe, err))
        return false;
    if (probe->need == NEED_WINDOW)
        m->controls.primary |= PRIMARY_INTERRUPT_WINDOW;
    ok = !machine_run(m, &limits, &result) && result.stop == STOP_DEBUG_EXIT &&
         result.status == DONE_STATUS;
    if (probe->need == NEED_MSR_EXITS)
        ok = ok && m->exit_counts[EXIT_RDMSR] == 1;
    else if (probe->need == NEED_WINDOW)
        ok = ok && m->exit_counts[EXIT_INTERRUPT_WINDOW] == 1;
    machine_destroy(m);
    return ok;
}

/* One instruction at a time, each of them counted; the OUT leaves. */
static bool steps(struct error *err)
{
    static const struct probe nop = {NEED_STEP, MODE_LONG, 2, {0x90, 0x90}};
    struct run_result result;
    struct machine *m;
    bool ok = true;

    if (make_guest(&m, &nop, err))
        return false;
    for (uint64_t i = 1; ok && i <= 3; i++)
        ok = !machine_step(m, &result) && result.stop == STOP_BUDGET && m->insns == i;
    ok = ok && !machine_step(m, &result) && result.stop == STOP_DEBUG_EXIT;
    machine_destroy(m);
    return ok;
}

/* ---- the report -------------------------------------------------------------------------- */

static const char *hardware(void)
{
    unsigned a, b, c = 0, d;

    if (__get_cpuid(1, &a, &b, &c, &d) && c & 1u << 5)
        return "VT-x";
    if (__get_cpuid(0x80000001, &a, &b, &c, &d) && c & 1u << 2)
        return "AMD-V";
    return "a CPU without VT-x and AMD-V";
}

/* What CPUID tells the guest of its CPU; that it has not is no fault of /dev/kvm. */
static void check_features(struct backend_report *report, uint32_t needs, struct error *err)
{
    static const struct probe nothing = {NEED_REAL, MODE_REAL, 1, {0x90}};
    struct machine *m;

    if (!(needs & (1u << NEED_LA57 | 1u << NEED_PKU)) || make_guest(&m, &nothing, err))
        return;
    if (!(((struct kvm_cpu *)m->vcpu->priv)->features & CPUID_LA57))
        report->lacks |= 1u << NEED_LA57;
    report->lacks |= 1u << NEED_PKU; /* PKRU is in no state that is kept of the guest */
    machine_destroy(m);
}

static void lack(struct backend_report *report, enum backend_need need)
{
    size_t used = strlen(report->missing);

    report->lacks |= 1u << need;
    snprintf(report->missing + used, sizeof(report->missing) - used, "%s%s", used ? "\n" : "",
             backend_need_text(need));
}

void kvm_probe(struct backend_report *report, uint32_t needs)
{
    struct error err = {0};
    struct utsname system;
    int device = kvm_device_open(&err);

    memset(report, 0, sizeof(*report));
    if (device >= 0)
        close(device);
    if (uname(&system) == 0)
        snprintf(report->version, sizeof(report->version), "Linux %.20s, %s", system.release,
                 hardware());
    if (needs & BACKEND_NEEDS_ALL)
        needs = ~0u;
    for (size_t i = 0; !err.code && i < sizeof(probes) / sizeof(probes[0]); i++)
        if (needs & 1u << probes[i].need && !passes(&probes[i], &err))
            lack(report, probes[i].need);
    if (!err.code && needs & 1u << NEED_STEP && !steps(&err))
        lack(report, NEED_STEP);
    if (report->lacks & ~OF_THE_MONITOR && !(report->lacks & 1u << NEED_ALL))
        lack(report, NEED_ALL);
    report->level = report->lacks ? BACKEND_LIMITED : BACKEND_FULL;
    if (!err.code)
        check_features(report, needs, &err);
    if (err.code) {
        report->level = BACKEND_ABSENT;
        snprintf(report->missing, sizeof(report->missing), "%s", err.text);
    }
}

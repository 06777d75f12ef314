/*
 * core/controls.c: each execution control lets its event pass when it is clear and makes it an exit
 * when it is set (SDM vol. 3, 25.6, 26.1.3, 26.2), bit by bit; bitmaps at their borders.
 */
#include "core/controls.h"
#include "x86/regs.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct controls c;

/* Nothing exits that a control can let pass. */
static void clear(void)
{
    memset(&c, 0, sizeof(c));
}

static bool exits(uint32_t reason)
{
    struct vm_exit exit = {.reason = reason};

    return controls_exit(&c, &exit);
}

/* ---- one bit each ---------------------------------------------------------------------------- */

enum word { PIN, PRIMARY, SECONDARY };

/* clang-format off */
static const struct {
    enum word word;
    uint32_t bit;      /* as the SDM's table numbers it */
    uint32_t reason;
    const char *name;
} bits[] = {
    {PIN, 0, EXIT_EXTERNAL_INTERRUPT, "external-interrupt exiting"},
    {PRIMARY, 2, EXIT_INTERRUPT_WINDOW, "interrupt-window exiting"},
    {PRIMARY, 7, EXIT_HLT, "HLT exiting"},
    {PRIMARY, 9, EXIT_INVLPG, "INVLPG exiting"},
    {PRIMARY, 10, EXIT_MWAIT, "MWAIT exiting"},
    {PRIMARY, 11, EXIT_RDPMC, "RDPMC exiting"},
    {PRIMARY, 12, EXIT_RDTSC, "RDTSC exiting"},
    {PRIMARY, 12, EXIT_RDTSCP, "RDTSC exiting, RDTSCP"},
    {PRIMARY, 22, EXIT_NMI_WINDOW, "NMI-window exiting"},
    {PRIMARY, 23, EXIT_DR_ACCESS, "MOV-DR exiting"},
    {PRIMARY, 29, EXIT_MONITOR, "MONITOR exiting"},
    {PRIMARY, 30, EXIT_PAUSE, "PAUSE exiting"},
    {SECONDARY, 2, EXIT_GDTR_IDTR, "descriptor-table exiting, GDTR and IDTR"},
    {SECONDARY, 2, EXIT_LDTR_TR, "descriptor-table exiting, LDTR and TR"},
    {SECONDARY, 6, EXIT_WBINVD, "WBINVD exiting"},
    {SECONDARY, 11, EXIT_RDRAND, "RDRAND exiting"},
    {SECONDARY, 16, EXIT_RDSEED, "RDSEED exiting"},
};
/* clang-format on */

static uint32_t *word_of(enum word word)
{
    return word == PIN ? &c.pin : word == PRIMARY ? &c.primary : &c.secondary;
}

START_TEST(test_bit)
{
    uint32_t mask = 1u << bits[_i].bit, *word = word_of(bits[_i].word);

    clear();
    if (bits[_i].word == SECONDARY)
        c.primary = PRIMARY_SECONDARY;
    ck_assert_msg(!exits(bits[_i].reason), "%s is clear", bits[_i].name);
    *word |= mask;
    ck_assert_msg(exits(bits[_i].reason), "%s is set", bits[_i].name);

    /* ... and no other bit of any word has a say. */
    c.pin = c.primary = c.secondary = ~0u;
    *word &= ~mask;
    ck_assert_msg(!exits(bits[_i].reason), "%s alone is clear", bits[_i].name);
}
END_TEST

/* Secondary controls count only when the primary ones say so (SDM 25.6.2). */
START_TEST(test_secondary_off)
{
    static const uint32_t reasons[] = {EXIT_GDTR_IDTR, EXIT_LDTR_TR, EXIT_WBINVD, EXIT_RDRAND,
                                       EXIT_RDSEED};

    clear();
    c.secondary = ~0u;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        ck_assert(!exits(reasons[i]));
}
END_TEST

/* SDM 26.1.2 and what no control knows. */
START_TEST(test_unconditional)
{
    static const uint32_t reasons[] = {EXIT_TRIPLE_FAULT,
                                       EXIT_INIT,
                                       EXIT_SIPI,
                                       EXIT_TASK_SWITCH,
                                       EXIT_CPUID,
                                       EXIT_GETSEC,
                                       EXIT_INVD,
                                       EXIT_VMCALL,
                                       EXIT_VMCLEAR,
                                       EXIT_VMLAUNCH,
                                       EXIT_VMPTRLD,
                                       EXIT_VMPTRST,
                                       EXIT_VMREAD,
                                       EXIT_VMRESUME,
                                       EXIT_VMWRITE,
                                       EXIT_VMXOFF,
                                       EXIT_VMXON,
                                       EXIT_XSETBV,
                                       EXIT_EPT_VIOLATION,
                                       EXIT_EPT_MISCONFIG,
                                       EXIT_INVEPT,
                                       EXIT_INVVPID,
                                       EXIT_ENTRY_GUEST_STATE};

    clear();
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        ck_assert_msg(exits(reasons[i]), "%s", exit_reason_name(reasons[i]));
}
END_TEST

/* ---- exceptions and NMI ---------------------------------------------------------------------- */

static bool exception_exits(uint32_t info, uint32_t error)
{
    struct vm_exit exit = {
        .reason = EXIT_EXCEPTION_NMI, .intr_info = INTR_VALID | info, .intr_error = error};

    return controls_exit(&c, &exit);
}

#define HARDWARE(vector) (INTR_HARDWARE_EXCEPTION << 8 | (uint32_t)(vector))
#define SOFTWARE(vector) (INTR_SOFTWARE_EXCEPTION << 8 | (uint32_t)(vector))

START_TEST(test_exception_bitmap)
{
    uint32_t vector = (uint32_t)_i;
    uint32_t info = vector == X86_BP || vector == X86_OF ? SOFTWARE(vector) : HARDWARE(vector);

    clear();
    c.exception_bitmap = ~(1u << vector);
    ck_assert(!exception_exits(info, 0));
    c.exception_bitmap = 1u << vector;
    ck_assert(exception_exits(info, 0));
}
END_TEST

/* The NMI's vector 2 is no business of the exception bitmap's. */
START_TEST(test_nmi)
{
    clear();
    c.exception_bitmap = ~0u;
    ck_assert(!exception_exits(INTR_NMI << 8 | X86_NMI, 0));
    clear();
    c.pin = PIN_NMI;
    ck_assert(exception_exits(INTR_NMI << 8 | X86_NMI, 0));
    ck_assert(!exception_exits(HARDWARE(X86_GP), 0));
}
END_TEST

/* SDM 25.6.3: match decides between bit 14 and its inverse. */
START_TEST(test_page_fault_mask)
{
    static const struct {
        uint32_t mask, match, error;
        bool matches;
    } cases[] = {
        {0, 0, 0, true},    {0, 0, 0x1f, true},       {0, 1, 0, false},   {0, 1, 1, false},
        {1, 1, 1, true},    {1, 1, 0, false},         {1, 0, 0x1e, true}, {1, 0, 1, false},
        {7, 6, 6, true},    {7, 6, 7, false},         {7, 6, 0x16, true}, {~0u, 2, 2, true},
        {~0u, 2, 3, false}, {0x10, 0x10, 0x11, true},
    };

    clear();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        c.pf_error_mask = cases[i].mask;
        c.pf_error_match = cases[i].match;
        c.exception_bitmap = 1u << X86_PF;
        ck_assert_msg(exception_exits(HARDWARE(X86_PF), cases[i].error) == cases[i].matches,
                      "case %zu, bit 14 set", i);
        c.exception_bitmap = 0;
        ck_assert_msg(exception_exits(HARDWARE(X86_PF), cases[i].error) == !cases[i].matches,
                      "case %zu, bit 14 clear", i);
        ck_assert(!exception_exits(HARDWARE(X86_GP), cases[i].error)); /* #PF only */
    }
}
END_TEST

/* ---- control registers ----------------------------------------------------------------------- */

static bool cr_exits(unsigned cr, enum cr_access access, uint64_t value)
{
    struct vm_exit exit = {.reason = EXIT_CR_ACCESS,
                           .qualification = cr | (uint64_t)access << 4 | X86_RBX << 8,
                           .value = value};

    return controls_exit(&c, &exit);
}

static bool lmsw_exits(uint16_t source, bool memory)
{
    struct vm_exit exit = {.reason = EXIT_CR_ACCESS,
                           .qualification = CR_ACCESS_LMSW << 4 | (uint64_t)source << 16 |
                                            (memory ? CR_QUAL_LMSW_MEM : 0),
                           .value = source};

    return controls_exit(&c, &exit);
}

/* A bit of CR0 or CR4 exits when the monitor owns it and the value differs from the shadow. */
START_TEST(test_cr_mask)
{
    unsigned cr = _i < 64 ? 0 : 4;
    uint64_t bit = 1ull << _i % 64, *mask, *shadow;

    clear();
    mask = cr ? &c.cr4_mask : &c.cr0_mask;
    shadow = cr ? &c.cr4_shadow : &c.cr0_shadow;
    ck_assert(!cr_exits(cr, CR_ACCESS_MOV_TO, bit)); /* not owned */
    *mask = ~bit;
    ck_assert(!cr_exits(cr, CR_ACCESS_MOV_TO, bit));
    *mask = bit;
    ck_assert(cr_exits(cr, CR_ACCESS_MOV_TO, bit)); /* owned, shadow 0 */
    ck_assert(!cr_exits(cr, CR_ACCESS_MOV_TO, ~bit));
    *shadow = bit;
    ck_assert(!cr_exits(cr, CR_ACCESS_MOV_TO, bit)); /* owned, shadow 1 */
    ck_assert(cr_exits(cr, CR_ACCESS_MOV_TO, ~bit));
    ck_assert(!cr_exits(cr ? 0 : 4, CR_ACCESS_MOV_TO, bit)); /* the other register has no mask */
    *mask = ~0ull;
    ck_assert(!cr_exits(cr, CR_ACCESS_MOV_FROM, 0)); /* reads never exit */
}
END_TEST

/* CLTS exits when TS is owned and the shadow has it set; otherwise it is nothing or done. */
START_TEST(test_clts)
{
    clear();
    c.cr0_shadow = CR0_TS;
    ck_assert(!cr_exits(0, CR_ACCESS_CLTS, 0));
    c.cr0_mask = ~(uint64_t)CR0_TS;
    ck_assert(!cr_exits(0, CR_ACCESS_CLTS, 0));
    c.cr0_mask = CR0_TS;
    ck_assert(cr_exits(0, CR_ACCESS_CLTS, 0));
    c.cr0_shadow = ~(uint64_t)CR0_TS;
    ck_assert(!cr_exits(0, CR_ACCESS_CLTS, 0));
}
END_TEST

START_TEST(test_lmsw)
{
    static const uint16_t loaded[] = {CR0_MP, CR0_EM, CR0_TS};

    for (size_t i = 0; i < sizeof(loaded) / sizeof(loaded[0]); i++) {
        clear();
        ck_assert(!lmsw_exits(loaded[i], false));
        c.cr0_mask = loaded[i];
        ck_assert(lmsw_exits(loaded[i], false));
        ck_assert(lmsw_exits(loaded[i], true));
        ck_assert(!lmsw_exits(0, false));
        c.cr0_shadow = loaded[i];
        ck_assert(!lmsw_exits(loaded[i], false));
        ck_assert(lmsw_exits(0, false));
    }
    clear();
    c.cr0_mask = CR0_PE; /* can be set, not cleared: only setting it exits */
    ck_assert(lmsw_exits(CR0_PE, false));
    ck_assert(!lmsw_exits(0, false));
    c.cr0_shadow = CR0_PE;
    ck_assert(!lmsw_exits(CR0_PE, false));
    ck_assert(!lmsw_exits(0, false));
    c.cr0_mask = ~0xfull; /* bits that LMSW does not load */
    c.cr0_shadow = 0;
    ck_assert(!lmsw_exits(0xffff, false));
}
END_TEST

START_TEST(test_cr3_targets)
{
    clear();
    ck_assert(!cr_exits(3, CR_ACCESS_MOV_TO, 0x5000)); /* CR3-load exiting is clear */
    ck_assert(!cr_exits(3, CR_ACCESS_MOV_FROM, 0x5000));
    c.primary = PRIMARY_CR3_LOAD;
    ck_assert(!cr_exits(3, CR_ACCESS_MOV_FROM, 0x5000));
    for (unsigned i = 0; i < CONTROLS_CR3_TARGETS; i++)
        c.cr3_target[i] = 0x1000 * (i + 1);
    for (unsigned count = 0; count <= CONTROLS_CR3_TARGETS; count++) {
        c.cr3_target_count = count;
        for (unsigned i = 0; i < CONTROLS_CR3_TARGETS; i++)
            ck_assert(cr_exits(3, CR_ACCESS_MOV_TO, 0x1000 * (i + 1)) == (i >= count));
        ck_assert(cr_exits(3, CR_ACCESS_MOV_TO, 0));
        ck_assert(cr_exits(3, CR_ACCESS_MOV_TO, 1ull << 63 | 0x1000)); /* every bit counts */
    }
    c.cr3_target_count = ~0u; /* more than there are */
    ck_assert(cr_exits(3, CR_ACCESS_MOV_TO, 0x5000));
    clear();
    c.primary = PRIMARY_CR3_STORE;
    ck_assert(cr_exits(3, CR_ACCESS_MOV_FROM, 0x5000));
    ck_assert(!cr_exits(3, CR_ACCESS_MOV_TO, 0x5000));
}
END_TEST

START_TEST(test_cr8)
{
    clear();
    c.primary = ~(PRIMARY_CR8_LOAD | PRIMARY_CR8_STORE);
    ck_assert(!cr_exits(8, CR_ACCESS_MOV_TO, 0));
    ck_assert(!cr_exits(8, CR_ACCESS_MOV_FROM, 0));
    c.primary = PRIMARY_CR8_LOAD;
    ck_assert(cr_exits(8, CR_ACCESS_MOV_TO, 0));
    ck_assert(!cr_exits(8, CR_ACCESS_MOV_FROM, 0));
    c.primary = PRIMARY_CR8_STORE;
    ck_assert(!cr_exits(8, CR_ACCESS_MOV_TO, 0));
    ck_assert(cr_exits(8, CR_ACCESS_MOV_FROM, 0));
}
END_TEST

/* ---- bitmaps --------------------------------------------------------------------------------- */

static bool io_exits(unsigned port, unsigned size, bool in)
{
    struct vm_exit exit = {.reason = EXIT_IO,
                           .qualification =
                               (uint64_t)port << 16 | (size - 1) | (in ? IO_QUAL_IN : 0)};

    return controls_exit(&c, &exit);
}

static void set_bit(uint8_t *bitmap, unsigned index)
{
    bitmap[index / 8] |= (uint8_t)(1u << index % 8);
}

START_TEST(test_io_unconditional)
{
    clear();
    ck_assert(!io_exits(0x80, 1, false));
    c.primary = PRIMARY_UNCONDITIONAL_IO;
    ck_assert(io_exits(0x80, 1, false));
    ck_assert(io_exits(0x80, 1, true));
    c.primary |= PRIMARY_IO_BITMAPS; /* which take its place */
    ck_assert(!io_exits(0x80, 1, false));
}
END_TEST

/* One port of the bitmap: every access that touches it, and none beside it. */
START_TEST(test_io_bitmap)
{
    static const unsigned ports[] = {0, 1, 7, 8, 0x3f8, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff};
    static const unsigned sizes[] = {1, 2, 4};
    unsigned port = ports[_i];

    clear();
    c.primary = PRIMARY_IO_BITMAPS;
    set_bit(c.io_bitmap, port);
    ck_assert_uint_eq(c.io_bitmap[(port < 0x8000 ? 0 : 4096) + port % 0x8000 / 8],
                      1u << port % 8); /* A is ports 0-7fff, B is 8000-ffff */
    for (unsigned s = 0; s < 3; s++) {
        for (unsigned at = port < 8 ? 0 : port - 8; at <= port + 8 && at <= 0xffff; at++) {
            bool touches = at <= port && port < at + sizes[s];
            bool wraps = at + sizes[s] > 0x10000;

            ck_assert_msg(io_exits(at, sizes[s], s & 1) == (touches || wraps),
                          "port %x, access %x size %u", port, at, sizes[s]);
        }
    }
}
END_TEST

/* An access that wraps around the 16-bit port space exits whatever the bitmaps say. */
START_TEST(test_io_wraps)
{
    clear();
    c.primary = PRIMARY_IO_BITMAPS;
    ck_assert(!io_exits(0xffff, 1, true));
    ck_assert(io_exits(0xffff, 2, true));
    ck_assert(!io_exits(0xfffc, 4, true));
    ck_assert(io_exits(0xfffd, 4, true));
}
END_TEST

static bool msr_exits(uint32_t reason, uint32_t msr)
{
    struct vm_exit exit = {.reason = reason, .msr = msr};

    return controls_exit(&c, &exit);
}

/* The four quarters of the MSR bitmap, SDM 25.6.9: at their first and last bits. */
START_TEST(test_msr_bitmap)
{
    static const struct {
        unsigned quarter; /* bytes from the bitmap's start */
        uint32_t reason, other, base;
    } quarters[] = {
        {0, EXIT_RDMSR, EXIT_WRMSR, 0},
        {1024, EXIT_RDMSR, EXIT_WRMSR, 0xc0000000},
        {2048, EXIT_WRMSR, EXIT_RDMSR, 0},
        {3072, EXIT_WRMSR, EXIT_RDMSR, 0xc0000000},
    };
    static const unsigned numbers[] = {0, 1, 7, 8, 0x10, 0x80, 0x1ffe, 0x1fff};

    for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
        uint32_t msr = quarters[_i].base + numbers[n];

        clear();
        c.primary = PRIMARY_MSR_BITMAPS;
        ck_assert(!msr_exits(quarters[_i].reason, msr));
        set_bit(c.msr_bitmap + quarters[_i].quarter, numbers[n]);
        ck_assert(msr_exits(quarters[_i].reason, msr));
        ck_assert(!msr_exits(quarters[_i].other, msr));
        ck_assert(!msr_exits(quarters[_i].reason, msr ^ 0xc0000000));
        ck_assert(!msr_exits(quarters[_i].reason, msr ^ 1));
    }
}
END_TEST

START_TEST(test_msr_outside)
{
    static const uint32_t outside[] = {0x2000, 0x40000000, 0xbfffffff, 0xc0002000, 0xffffffff};

    clear();
    ck_assert(msr_exits(EXIT_RDMSR, 0x10)); /* no bitmaps: all exit */
    ck_assert(msr_exits(EXIT_WRMSR, 0x10));
    c.primary = PRIMARY_MSR_BITMAPS;
    for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
        ck_assert(msr_exits(EXIT_RDMSR, outside[i]));
        ck_assert(msr_exits(EXIT_WRMSR, outside[i]));
    }
}
END_TEST

/* What the default hypervisor sees, and what it does not. */
START_TEST(test_default)
{
    static const uint32_t seen[] = {EXIT_EXTERNAL_INTERRUPT,
                                    EXIT_HLT,
                                    EXIT_INVLPG,
                                    EXIT_RDPMC,
                                    EXIT_RDTSC,
                                    EXIT_RDTSCP,
                                    EXIT_WBINVD};
    static const uint32_t passed[] = {
        EXIT_PAUSE,     EXIT_MONITOR, EXIT_MWAIT,     EXIT_RDRAND,           EXIT_RDSEED,
        EXIT_DR_ACCESS, EXIT_LDTR_TR, EXIT_GDTR_IDTR, EXIT_INTERRUPT_WINDOW, EXIT_NMI_WINDOW};

    controls_default(&c);
    for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++)
        ck_assert_msg(exits(seen[i]), "%s", exit_reason_name(seen[i]));
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        ck_assert_msg(!exits(passed[i]), "%s", exit_reason_name(passed[i]));
    for (uint32_t vector = 0; vector < 32; vector++)
        ck_assert(exception_exits(HARDWARE(vector), vector));
    for (unsigned port = 0; port <= 0xffff; port++)
        ck_assert(io_exits(port, 1, true));
    for (uint32_t msr = 0; msr < 0x2000; msr++)
        ck_assert(msr_exits(EXIT_RDMSR, msr) && msr_exits(EXIT_WRMSR, 0xc0000000 + msr));
    ck_assert(cr_exits(3, CR_ACCESS_MOV_TO, 0) && cr_exits(8, CR_ACCESS_MOV_TO, 0));
    ck_assert(!cr_exits(3, CR_ACCESS_MOV_FROM, 0) && !cr_exits(8, CR_ACCESS_MOV_FROM, 0));
}
END_TEST

/* ---- why ------------------------------------------------------------------------------------- */

static void check_cause(struct vm_exit exit, enum exit_cause cause, uint32_t owned)
{
    ck_assert_msg(controls_exit(&c, &exit), "%s", exit_reason_name(exit.reason));
    controls_cause(&c, &exit);
    ck_assert_msg(exit.cause == cause, "%s: cause %u", exit_reason_name(exit.reason), exit.cause);
    ck_assert_uint_eq(exit.owned, owned);
}

/* One bit's, or nobody's. */
START_TEST(test_cause_of_bit)
{
    memset(&c, 0xff, sizeof(c));
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        check_cause((struct vm_exit){.reason = bits[i].reason}, EXIT_CAUSE_CONTROL, 0);
    check_cause((struct vm_exit){.reason = EXIT_MONITOR_TRAP}, EXIT_CAUSE_CONTROL, 0);
    for (uint32_t reason = EXIT_VMCALL; reason <= EXIT_VMXON; reason++)
        check_cause((struct vm_exit){.reason = reason}, EXIT_CAUSE_ALWAYS, 0);
    check_cause((struct vm_exit){.reason = EXIT_CPUID}, EXIT_CAUSE_ALWAYS, 0);
    check_cause((struct vm_exit){.reason = EXIT_TRIPLE_FAULT}, EXIT_CAUSE_ALWAYS, 0);
    check_cause((struct vm_exit){.reason = EXIT_EPT_VIOLATION}, EXIT_CAUSE_ALWAYS, 0);
}
END_TEST

START_TEST(test_cause_of_exception)
{
    struct vm_exit nmi = {.reason = EXIT_EXCEPTION_NMI,
                          .intr_info = INTR_VALID | INTR_NMI << 8 | X86_NMI};
    struct vm_exit fault = {.reason = EXIT_EXCEPTION_NMI,
                            .intr_info = INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | X86_PF,
                            .intr_error = 2};

    clear();
    c.pin = PIN_NMI;
    check_cause(nmi, EXIT_CAUSE_CONTROL, 0);
    c.exception_bitmap = 1u << X86_PF;
    check_cause(fault, EXIT_CAUSE_BITMAP, 0);
    c.exception_bitmap = 0;
    c.pf_error_mask = 2;
    check_cause(fault, EXIT_CAUSE_NO_MATCH, 0);
}
END_TEST

START_TEST(test_cause_of_io)
{
    struct vm_exit out = {.reason = EXIT_IO, .qualification = 0x00800000};
    struct vm_exit wraps = {.reason = EXIT_IO, .qualification = 0xffff0001};

    clear();
    c.primary = PRIMARY_UNCONDITIONAL_IO;
    check_cause(out, EXIT_CAUSE_CONTROL, 0);
    check_cause(wraps, EXIT_CAUSE_CONTROL, 0);
    c.primary = PRIMARY_IO_BITMAPS;
    set_bit(c.io_bitmap, 0x80);
    check_cause(out, EXIT_CAUSE_BITMAP, 0);
    check_cause(wraps, EXIT_CAUSE_BEYOND, 0);
}
END_TEST

START_TEST(test_cause_of_msr)
{
    struct vm_exit exit = {.reason = EXIT_RDMSR, .msr = 0xc0000080};

    clear();
    check_cause(exit, EXIT_CAUSE_NO_BITMAP, 0);
    c.primary = PRIMARY_MSR_BITMAPS;
    set_bit(c.msr_bitmap + 1024, 0x80);
    check_cause(exit, EXIT_CAUSE_BITMAP, 0);
    exit.msr = 0x40000000;
    check_cause(exit, EXIT_CAUSE_BEYOND, 0);
}
END_TEST

/* `owned` are the bits that made it exit, and no others. */
START_TEST(test_cause_of_cr)
{
    struct vm_exit exit = {.reason = EXIT_CR_ACCESS, .value = CR0_PE | CR0_TS | CR0_MP};

    clear();
    c.cr0_mask = CR0_PE | CR0_TS | CR0_PG;
    c.cr0_shadow = CR0_TS;
    check_cause(exit, EXIT_CAUSE_MASK, CR0_PE); /* MP is the guest's, TS and PG as they were */
    exit.qualification = CR_ACCESS_CLTS << 4;
    check_cause(exit, EXIT_CAUSE_MASK, CR0_TS);
    exit.qualification = CR_ACCESS_LMSW << 4 | CR0_PE << 16;
    check_cause(exit, EXIT_CAUSE_MASK, CR0_PE | CR0_TS);
    exit.qualification = 4;
    exit.value = CR4_PAE | CR4_PGE;
    c.cr4_mask = CR4_PAE;
    check_cause(exit, EXIT_CAUSE_MASK, CR4_PAE);
    c.primary = PRIMARY_CR3_LOAD | PRIMARY_CR8_STORE;
    exit.qualification = 3;
    check_cause(exit, EXIT_CAUSE_CONTROL, 0);
    exit.qualification = 8 | CR_ACCESS_MOV_FROM << 4;
    check_cause(exit, EXIT_CAUSE_CONTROL, 0);
}
END_TEST

static void add_tests(TCase *all)
{
    tcase_add_loop_test(all, test_bit, 0, sizeof(bits) / sizeof(bits[0]));
    tcase_add_test(all, test_secondary_off);
    tcase_add_test(all, test_unconditional);
    tcase_add_loop_test(all, test_exception_bitmap, 0, 32);
    tcase_add_test(all, test_nmi);
    tcase_add_test(all, test_page_fault_mask);
    tcase_add_loop_test(all, test_cr_mask, 0, 128);
    tcase_add_test(all, test_clts);
    tcase_add_test(all, test_lmsw);
    tcase_add_test(all, test_cr3_targets);
    tcase_add_test(all, test_cr8);
    tcase_add_test(all, test_io_unconditional);
    tcase_add_loop_test(all, test_io_bitmap, 0, 10);
    tcase_add_test(all, test_io_wraps);
    tcase_add_loop_test(all, test_msr_bitmap, 0, 4);
    tcase_add_test(all, test_msr_outside);
    tcase_add_test(all, test_default);
    tcase_add_test(all, test_cause_of_bit);
    tcase_add_test(all, test_cause_of_exception);
    tcase_add_test(all, test_cause_of_io);
    tcase_add_test(all, test_cause_of_msr);
    tcase_add_test(all, test_cause_of_cr);
}

int main(void)
{
    Suite *suite = suite_create("controls");
    TCase *all = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    add_tests(all);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * The register rules: x86/control.c and x86/msr.c (what may be written), x86/cpuid.c (what is
 * reported is there), x86/operand.c (addresses), x86/syscall.c (what SYSCALL and SYSRET load).
 */
#include "core/exit.h"
#include "x86/control.h"
#include "x86/cpuid.h"
#include "x86/msr.h"
#include "x86/operand.h"
#include "x86/syscall.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_cr0)
{
    ck_assert(x86_cr0_valid(CR0_PE | CR0_ET, 0, 0, false));
    ck_assert(!x86_cr0_valid(1ull << 32, 0, 0, false));
    ck_assert(!x86_cr0_valid(CR0_PG, 0, 0, false));                 /* PG without PE */
    ck_assert(!x86_cr0_valid(CR0_PE | CR0_NW, 0, 0, false));        /* NW without CD */
    ck_assert(!x86_cr0_valid(CR0_PE | CR0_PG, 0, EFER_LME, false)); /* LME needs PAE */
    ck_assert(x86_cr0_valid(CR0_PE | CR0_PG, CR4_PAE, EFER_LME, false));
    ck_assert(!x86_cr0_valid(CR0_PE, CR4_PAE, EFER_LME | EFER_LMA, true)); /* from 64-bit code */
}
END_TEST

START_TEST(test_cr3_cr4)
{
    ck_assert(x86_cr3_valid(0xfffffff000, EFER_LMA));
    ck_assert(!x86_cr3_valid(1ull << 40, EFER_LMA));
    ck_assert(x86_cr3_valid(1ull << 40, 0)); /* the upper half does not exist outside long mode */
    ck_assert(x86_cr4_valid(CR4_PAE | CR4_SMEP | CR4_SMAP, 0, 0));
    ck_assert(!x86_cr4_valid(0, CR4_PAE, EFER_LMA)); /* PAE cannot be cleared in long mode */
    for (int bit = 0; bit < 64; bit++)
        ck_assert_int_eq(x86_cr4_valid(1ull << bit, 0, 0), (x86_cr4_supported() >> bit) & 1);
}
END_TEST

START_TEST(test_msr_writes)
{
    static const struct {
        uint32_t msr;
        uint64_t old, cr0, value;
        bool ok;
        uint64_t result;
    } cases[] = {
        {MSR_EFER, 0, 0, EFER_LME | EFER_SCE, true, EFER_LME | EFER_SCE},
        {MSR_EFER, EFER_LME | EFER_LMA, CR0_PG, EFER_LME, true, EFER_LME | EFER_LMA},
        {MSR_EFER, 0, 0, EFER_LMA, true, 0}, /* LMA is not the guest's to set */
        {MSR_EFER, 0, CR0_PG, EFER_LME, false, 0},
        {MSR_EFER, 0, 0, 1u << 12, false, 0}, /* SVME: there is no SVM */
        {MSR_FS_BASE, 0, 0, 0x0000800000000000, false, 0},
        {MSR_FS_BASE, 0, 0, 0xffff800000000000, true, 0xffff800000000000},
        {MSR_TSC_AUX, 0, 0, 1ull << 32, false, 0},
        {MSR_PAT, 0, 0, 0x0007040600070406, true, 0x0007040600070406},
        {MSR_APIC_BASE, 0, 0, 0xfee00900, false, 0},
        {0x12345, 0, 0, 0, false, 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = cases[i].value;
        bool ok = x86_msr_check_write(cases[i].msr, cases[i].old, cases[i].cr0, &value);

        ck_assert_msg(ok == cases[i].ok, "case %zu", i);
        if (ok)
            ck_assert_uint_eq(value, cases[i].result);
    }
    ck_assert_str_eq(x86_msr_name(MSR_EFER), "IA32_EFER");
    ck_assert_ptr_null(x86_msr_name(0x12345));
}
END_TEST

START_TEST(test_cpuid)
{
    ck_assert_uint_eq(x86_cpuid(0, 0).eax, 0x0d);
    ck_assert_uint_eq(x86_cpuid(1, 0).ecx >> 28 & 1, 0); /* AVX */
    ck_assert_uint_eq(x86_cpuid(1, 0).ecx >> 5 & 1, 0);  /* VMX */
    ck_assert_uint_eq(x86_cpuid(1, 0).ecx >> 31, 1);     /* a hypervisor is there */
    ck_assert_uint_eq(x86_cpuid(1, 99).edx, x86_cpuid(1, 0).edx);
    ck_assert_uint_eq(x86_cpuid(7, 1).ebx, 0);
    ck_assert_uint_eq(x86_cpuid(0x80000008, 0).eax & 0xff, 40); /* as the walker checks */
    ck_assert_uint_eq(x86_cpuid(0x77777777, 0).eax, 0);
}
END_TEST

/* Address forms of ModRM and SIB, one a line; LEA-like expectations worked out by hand. */
START_TEST(test_operand)
{
    static const struct {
        unsigned bits;
        uint8_t bytes[12];
        uint64_t linear;
    } cases[] = {
        {64, {0x0f, 0x01, 0x38}, 0x1000},                         /* [rax] */
        {64, {0x0f, 0x01, 0x7b, 0xf0}, 0x2ff0},                   /* [rbx-10h] */
        {64, {0x0f, 0x01, 0xbc, 0x98, 0x00, 0x01, 0, 0}, 0xd100}, /* [rax+rbx*4+100h] */
        {64, {0x0f, 0x01, 0x3d, 0x10, 0, 0, 0}, 0x400017},        /* [rip+10h] */
        {64, {0x0f, 0x01, 0x3c, 0x25, 0x78, 0x56, 0x34, 0x12}, 0x12345678},
        {64, {0x65, 0x0f, 0x01, 0x38}, 0x51000},       /* gs:[rax] */
        {64, {0x67, 0x0f, 0x01, 0x78, 0xff}, 0x0fff},  /* [eax-1] */
        {64, {0x41, 0x0f, 0x01, 0x7d, 0x00}, 0x13000}, /* [r13] */
        {64, {0x42, 0x0f, 0x01, 0x3c, 0x20}, 0x13000}, /* [rax+r12] */
    };
    struct x86_state s = {.rip = 0x400000, .cr0 = CR0_PE | CR0_PG, .efer = EFER_LMA};

    s.seg[X86_CS].access = SEG_L;
    s.seg[X86_GS].base = 0x50000;
    s.gpr[X86_RAX] = 0x1000;
    s.gpr[X86_RBX] = 0x3000;
    s.gpr[X86_R12] = 0x12000;
    s.gpr[X86_R13] = 0x13000;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct x86_insn insn;

        ck_assert(x86_decode(cases[i].bytes, 12, cases[i].bits, &insn));
        ck_assert_msg(x86_operand_linear(&insn, cases[i].bytes, &s) == cases[i].linear,
                      "case %zu: %#llx", i,
                      (unsigned long long)x86_operand_linear(&insn, cases[i].bytes, &s));
    }
}
END_TEST

START_TEST(test_operand16)
{
    static const uint8_t bx_si[] = {0x0f, 0x01, 0x78, 0x05}, bp[] = {0x0f, 0x01, 0x7e, 0xfe};
    static const uint8_t disp[] = {0x0f, 0x01, 0x3e, 0x34, 0x12};
    struct x86_state s = {0};
    struct x86_insn insn;

    s.gpr[X86_RBX] = 0xfff0;
    s.gpr[X86_RSI] = 0x20;
    s.gpr[X86_RBP] = 0x100;
    s.seg[X86_DS].base = 0x10000;
    s.seg[X86_SS].base = 0x20000;
    ck_assert(x86_decode(bx_si, sizeof(bx_si), 16, &insn));
    ck_assert_uint_eq(x86_operand_linear(&insn, bx_si, &s), 0x10015); /* wraps at 64 KiB */
    ck_assert(x86_decode(bp, sizeof(bp), 16, &insn));
    ck_assert_uint_eq(x86_operand_linear(&insn, bp, &s), 0x200fe); /* BP: stack segment */
    ck_assert(x86_decode(disp, sizeof(disp), 16, &insn));
    ck_assert_uint_eq(x86_operand_linear(&insn, disp, &s), 0x11234);
}
END_TEST

START_TEST(test_syscall_and_back)
{
    struct x86_state s = {
        .rip = 0x1000, .rflags = RFLAGS_IF | RFLAGS_DF | 2, .cr0 = CR0_PE | CR0_PG};
    unsigned vector = 0;

    s.efer = EFER_LMA;
    s.seg[X86_CS].access = 0xa0fb;
    s.seg[X86_SS].access = 0xc0f3;
    s.star = 0x0023001000000000;
    s.lstar = 0xffff800000001000;
    s.fmask = RFLAGS_IF | RFLAGS_DF;
    ck_assert(!x86_syscall(&s, 2, &vector)); /* EFER.SCE is clear */
    ck_assert_uint_eq(vector, X86_UD);
    s.efer |= EFER_SCE;
    ck_assert(x86_syscall(&s, 2, &vector));
    ck_assert_uint_eq(s.rip, s.lstar);
    ck_assert_uint_eq(s.gpr[X86_RCX], 0x1002);
    ck_assert_uint_eq(s.gpr[X86_R11], RFLAGS_IF | RFLAGS_DF | 2);
    ck_assert_uint_eq(s.rflags, 2);
    ck_assert_uint_eq(s.seg[X86_CS].selector, 0x10);
    ck_assert_uint_eq(s.seg[X86_SS].selector, 0x18);
    ck_assert_uint_eq(x86_cpl(&s), 0);
    ck_assert(x86_sysret(&s, true, &vector));
    ck_assert_uint_eq(s.rip, 0x1002);
    ck_assert_uint_eq(s.seg[X86_CS].selector, 0x33);
    ck_assert_uint_eq(s.seg[X86_SS].selector, 0x2b);
    ck_assert_uint_eq(x86_cpl(&s), 3);
    ck_assert_uint_eq(s.rflags, RFLAGS_IF | RFLAGS_DF | 2);
    ck_assert(!x86_sysret(&s, true, &vector)); /* not at CPL 3 */
    ck_assert_uint_eq(vector, X86_GP);
}
END_TEST

START_TEST(test_sysenter)
{
    struct x86_state s = {.cr0 = CR0_PE, .sysenter_esp = 0x8000, .sysenter_eip = 0x9000};
    unsigned vector = 0;

    ck_assert(!x86_sysenter(&s, &vector)); /* no code segment set up */
    ck_assert_uint_eq(vector, X86_GP);
    s.sysenter_cs = 0x08;
    ck_assert(x86_sysenter(&s, &vector));
    ck_assert_uint_eq(s.rip, 0x9000);
    ck_assert_uint_eq(s.gpr[X86_RSP], 0x8000);
    ck_assert_uint_eq(s.seg[X86_SS].selector, 0x10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registers");
    TCase *tc = tcase_create("registers");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, test_cr0);
    tcase_add_test(tc, test_cr3_cr4);
    tcase_add_test(tc, test_msr_writes);
    tcase_add_test(tc, test_cpuid);
    tcase_add_test(tc, test_operand);
    tcase_add_test(tc, test_operand16);
    tcase_add_test(tc, test_syscall_and_back);
    tcase_add_test(tc, test_sysenter);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

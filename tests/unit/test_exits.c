/*
 * Every exit that the machine makes, field by field as the SDM lays them out: RIP and count exact,
 * the instruction not executed, its length and bytes, qualification, interruption and vectoring
 * information; and with the control off no exit at all, and the guest sees what a bare CPU does.
 */
#include "tests/support/exit_check.h"

#include "core/irq.h"
#include "util/bytes.h"
#include "x86/insn_info.h"
#include "x86/msr.h"

#include <stdlib.h>
#include <string.h>

/* ---- instructions that one bit decides, or nothing ------------------------------------------- */

struct plain {
    const char *name;
    enter_fn *enter;
    uint8_t insn[11];
    unsigned size;
    uint32_t reason, has;
    uint64_t qualification;
    enum word word; /* NONE: unconditional */
    uint32_t bit;
};

/* clang-format off */
static const struct plain plain[] = {
    {"cpuid", enter_real, {0x0f, 0xa2}, 2, EXIT_CPUID, INSN, 0, NONE, 0},
    {"vmcall", enter_flat32, {0x0f, 0x01, 0xc1}, 3, EXIT_VMCALL, INSN, 0, NONE, 0},
    {"vmlaunch", enter_flat32, {0x0f, 0x01, 0xc2}, 3, EXIT_VMLAUNCH, INSN, 0, NONE, 0},
    {"vmresume", enter_flat32, {0x0f, 0x01, 0xc3}, 3, EXIT_VMRESUME, INSN, 0, NONE, 0},
    {"vmxoff", enter_flat32, {0x0f, 0x01, 0xc4}, 3, EXIT_VMXOFF, INSN, 0, NONE, 0},
    {"vmptrld [rbx+8]", enter_long64, {0x0f, 0xc7, 0x73, 0x08}, 4, EXIT_VMPTRLD, INSN | INFO | Q,
     8, NONE, 0},
    {"vmptrst [rbx-8]", enter_long64, {0x0f, 0xc7, 0x7b, 0xf8}, 4, EXIT_VMPTRST, INSN | INFO | Q,
     ~7ull, NONE, 0},
    {"vmclear [rbx]", enter_long64, {0x66, 0x0f, 0xc7, 0x33}, 4, EXIT_VMCLEAR, INSN | INFO | Q, 0,
     NONE, 0},
    {"vmxon [rip+16]", enter_long64, {0xf3, 0x0f, 0xc7, 0x35, 16, 0, 0, 0}, 8, EXIT_VMXON,
     INSN | INFO | Q, AT + BEFORE + 8 + 16, NONE, 0},
    {"vmread rbx, rax", enter_long64, {0x0f, 0x78, 0xc3}, 3, EXIT_VMREAD, INSN | INFO | Q, 0,
     NONE, 0},
    {"vmwrite rax, rbx", enter_long64, {0x0f, 0x79, 0xc3}, 3, EXIT_VMWRITE, INSN | INFO | Q, 0,
     NONE, 0},
    {"invlpg [8000h]", enter_flat32, {0x0f, 0x01, 0x3d, 0, 0x80, 0, 0}, 7, EXIT_INVLPG,
     INSN | Q | GVA, 0x8000, PRIMARY, 1u << 9},
    {"rdtsc", enter_real, {0x0f, 0x31}, 2, EXIT_RDTSC, INSN, 0, PRIMARY, 1u << 12},
    {"mov cr3, rax", enter_long64, {0x0f, 0x22, 0xd8}, 3, EXIT_CR_ACCESS, INSN | Q, 3, PRIMARY,
     1u << 15},
    {"mov rbx, cr3", enter_long64, {0x0f, 0x20, 0xdb}, 3, EXIT_CR_ACCESS, INSN | Q, 0x313, PRIMARY,
     1u << 16},
    {"mov cr8, rax", enter_long64, {0x44, 0x0f, 0x22, 0xc0}, 4, EXIT_CR_ACCESS, INSN | Q, 8,
     PRIMARY, 1u << 19},
    {"mov rbx, cr8", enter_long64, {0x44, 0x0f, 0x20, 0xc3}, 4, EXIT_CR_ACCESS, INSN | Q, 0x318,
     PRIMARY, 1u << 20},
    {"mov dr0, eax", enter_flat32, {0x0f, 0x23, 0xc0}, 3, EXIT_DR_ACCESS, INSN | Q, 0, PRIMARY,
     1u << 23},
    {"mov ebx, dr7", enter_flat32, {0x0f, 0x21, 0xfb}, 3, EXIT_DR_ACCESS, INSN | Q, 0x317, PRIMARY,
     1u << 23},
    {"out 42h, al", enter_real, {0xe6, 0x42}, 2, EXIT_IO, INSN | Q, 0x420040, PRIMARY, 1u << 24},
    {"pause", enter_real, {0xf3, 0x90}, 2, EXIT_PAUSE, INSN, 0, PRIMARY, 1u << 30},
    {"sgdt [7000h]", enter_flat32, {0x0f, 0x01, 0x05, 0, 0x70, 0, 0}, 7, EXIT_GDTR_IDTR,
     INSN | INFO | Q, 0x7000, SECONDARY, 1u << 2},
    {"sidt [7000h]", enter_flat32, {0x0f, 0x01, 0x0d, 0, 0x70, 0, 0}, 7, EXIT_GDTR_IDTR,
     INSN | INFO | Q, 0x7000, SECONDARY, 1u << 2},
    {"lgdt [7000h]", enter_flat32, {0x0f, 0x01, 0x15, 0, 0x70, 0, 0}, 7, EXIT_GDTR_IDTR,
     INSN | INFO | Q, 0x7000, SECONDARY, 1u << 2},
    {"lidt [7000h]", enter_flat32, {0x0f, 0x01, 0x1d, 0, 0x70, 0, 0}, 7, EXIT_GDTR_IDTR,
     INSN | INFO | Q, 0x7000, SECONDARY, 1u << 2},
    {"sldt ax", enter_flat32, {0x0f, 0x00, 0xc0}, 3, EXIT_LDTR_TR, INSN | INFO | Q, 0, SECONDARY,
     1u << 2},
    {"str ax", enter_flat32, {0x0f, 0x00, 0xc8}, 3, EXIT_LDTR_TR, INSN | INFO | Q, 0, SECONDARY,
     1u << 2},
    {"lldt [7000h]", enter_flat32, {0x0f, 0x00, 0x15, 0, 0x70, 0, 0}, 7, EXIT_LDTR_TR,
     INSN | INFO | Q, 0x7000, SECONDARY, 1u << 2},
    {"wbinvd", enter_real, {0x0f, 0x09}, 2, EXIT_WBINVD, INSN, 0, SECONDARY, 1u << 6},
};
/* clang-format on */

/* The instruction information is what x86/insn_info.c says, which has tests of its own. */
static uint32_t expected_info(const struct vm_exit *exit)
{
    unsigned bits = x86_mode_bits(exit->mode);
    struct x86_insn insn;
    uint32_t info;

    x86_decode(exit->insn, exit->insn_len, bits, &insn);
    x86_insn_info(&insn, exit->insn, bits, exit->reason, &info);
    return info;
}

START_TEST(test_plain_exits)
{
    const struct plain *p = &plain[_i];
    uint64_t gpr[X86_GPR_COUNT] = {
        [X86_RAX] = 0x10000, [X86_RBX] = 0x5bbb, [X86_RCX] = 0xccc, [X86_RDX] = 0xddd};
    const struct vm_exit *exit;

    place(p->enter, p->insn, p->size);
    set_regs(gpr);
    controls_bare();
    if (p->word != NONE)
        control(p->word, p->bit, true);
    stop_at_exits(true);
    for (int again = 0; again < 2; again++) { /* it has not executed: it exits once more */
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        exit = check_place(p->insn, p->size, BEFORE);
        ck_assert_msg(exit->reason == p->reason, "%s: %u", p->name, exit->reason);
        ck_assert_msg(exit->has == p->has, "%s: has %x", p->name, exit->has);
        ck_assert_msg(exit->qualification == p->qualification, "%s: qualification %llx", p->name,
                      (unsigned long long)exit->qualification);
        ck_assert_uint_eq(exit->insn_info, p->has & INFO ? expected_info(exit) : 0);
        ck_assert_mem_eq(at_exit.gpr, gpr, sizeof(gpr));
    }
}
END_TEST

/* With its bit clear, and all others of the word set, it runs as on a bare CPU. */
START_TEST(test_plain_passes)
{
    const struct plain *p = &plain[_i];

    if (p->word == NONE) /* test_plain_exits had all controls off */
        return;
    place(p->enter, p->insn, p->size);
    set_regs((uint64_t[X86_GPR_COUNT]){[X86_RAX] = p->qualification == 8 ? 5 : 0x10000}); /* CR8 */
    controls_bare();
    control(PRIMARY,
            PRIMARY_INVLPG | PRIMARY_RDTSC | PRIMARY_CR3_LOAD | PRIMARY_CR3_STORE |
                PRIMARY_CR8_LOAD | PRIMARY_CR8_STORE | PRIMARY_MOV_DR | PRIMARY_UNCONDITIONAL_IO |
                PRIMARY_PAUSE,
            true);
    control(SECONDARY, SECONDARY_DESCRIPTOR_TABLE | SECONDARY_WBINVD, true);
    control(p->word, p->bit, false);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_msg(f.count == 1, "%s: %u exits, the first is %s", p->name, f.count,
                  exit_reason_name(f.exits[0].reason));
    ck_assert_uint_eq(f.exits[0].reason, EXIT_HLT);
    ck_assert_uint_eq(f.exits[0].rip, AT + BEFORE + p->size);
    ck_assert_uint_eq(f.m->insns, BEFORE + 2);
}
END_TEST

START_TEST(test_hlt)
{
    static const uint8_t hlt[] = {0xf4};

    place(enter_real, hlt, 1);
    controls_bare();
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(check_place(hlt, 1, BEFORE)->reason, EXIT_HLT);
}
END_TEST

static void control_all_instructions(void)
{
    control(PRIMARY, PRIMARY_CR3_STORE | PRIMARY_CR8_STORE | PRIMARY_MOV_DR | PRIMARY_PAUSE, true);
    control(SECONDARY, SECONDARY_DESCRIPTOR_TABLE, true);
}

/* SDM 26.1.1: a fault by privilege level or I/O permission comes before the exit. */
START_TEST(test_privilege_first)
{
    static const struct {
        const char *name;
        uint8_t insn[7];
        unsigned size;
    } cases[] = {
        {"hlt", {0xf4}, 1},
        {"invd", {0x0f, 0x08}, 2},
        {"wbinvd", {0x0f, 0x09}, 2},
        {"rdmsr", {0x0f, 0x32}, 2},
        {"wrmsr", {0x0f, 0x30}, 2},
        {"clts", {0x0f, 0x06}, 2},
        {"lmsw ax", {0x0f, 0x01, 0xf0}, 3},
        {"mov cr0, eax", {0x0f, 0x22, 0xc0}, 3},
        {"mov eax, cr3", {0x0f, 0x20, 0xd8}, 3},
        {"invlpg [7000h]", {0x0f, 0x01, 0x3d, 0, 0x70, 0, 0}, 7},
        {"lgdt [7000h]", {0x0f, 0x01, 0x15, 0, 0x70, 0, 0}, 7},
        {"lidt [7000h]", {0x0f, 0x01, 0x1d, 0, 0x70, 0, 0}, 7},
        {"lldt ax", {0x0f, 0x00, 0xd0}, 3},
        {"ltr ax", {0x0f, 0x00, 0xd8}, 3},
        {"in al, dx", {0xec}, 1},
        {"out dx, al", {0xee}, 1},
        {"insb", {0x6c}, 1},
        {"outsb", {0x6e}, 1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct vm_exit *exit;

        fixture_again();
        control_all_instructions();
        place(enter_user, cases[i].insn, cases[i].size);
        stop_at_exits(true);
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        exit = check_place(cases[i].insn, cases[i].size, BEFORE);
        ck_assert_msg(exit->reason == EXIT_EXCEPTION_NMI, "%s: %s", cases[i].name,
                      exit_reason_name(exit->reason));
        ck_assert_uint_eq(exit->intr_info, HARDWARE(X86_GP) | INTR_HAS_ERROR);
        ck_assert_uint_eq(exit->intr_error, 0);
        ck_assert_uint_eq(exit->cpl, 3);
    }
}
END_TEST

/* ... and these leave at any privilege level. */
START_TEST(test_user_exits)
{
    static const struct {
        uint8_t insn[7];
        unsigned size;
        uint32_t reason;
    } cases[] = {
        {{0x0f, 0xa2}, 2, EXIT_CPUID},
        {{0x0f, 0x31}, 2, EXIT_RDTSC},
        {{0xf3, 0x90}, 2, EXIT_PAUSE},
        {{0x0f, 0x01, 0x05, 0, 0x70, 0, 0}, 7, EXIT_GDTR_IDTR}, /* sgdt [7000h] */
        {{0x0f, 0x00, 0xc8}, 3, EXIT_LDTR_TR},                  /* str ax */
        {{0x0f, 0x01, 0xc1}, 3, EXIT_VMCALL},
        {{0x0f, 0x01, 0xc2}, 3, EXIT_VMLAUNCH},
        {{0x0f, 0x01, 0xc4}, 3, EXIT_VMXOFF},
        {{0x0f, 0x78, 0xc3}, 3, EXIT_VMREAD},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct vm_exit *exit;

        fixture_again();
        control_all_instructions();
        place(enter_user, cases[i].insn, cases[i].size);
        stop_at_exits(true);
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        exit = check_place(cases[i].insn, cases[i].size, BEFORE);
        ck_assert_uint_eq(exit->reason, cases[i].reason);
        ck_assert_uint_eq(exit->cpl, 3);
    }
}
END_TEST

/* What is no instruction, or none in this mode, is #UD before any exit. */
START_TEST(test_undefined_first)
{
    static const struct {
        enter_fn *enter;
        uint8_t insn[3];
    } cases[] = {
        {enter_flat32, {0x0f, 0x22, 0xc8}}, /* mov cr1, eax */
        {enter_flat32, {0x0f, 0x22, 0xe8}}, /* mov cr5, eax */
        {enter_flat32, {0x0f, 0x20, 0xf8}}, /* mov eax, cr7 */
        {enter_flat32, {0x0f, 0x01, 0xf8}}, /* invlpg with a register */
        {enter_flat32, {0x0f, 0x01, 0xd1}}, /* xsetbv, CR4.OSXSAVE clear */
        {enter_real, {0x0f, 0x00, 0xc0}},   /* sldt ax */
        {enter_real, {0x0f, 0x00, 0xc8}},   /* str ax */
        {enter_real, {0x0f, 0x00, 0xd8}},   /* ltr ax */
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct vm_exit *exit;

        fixture_again();
        control_all_instructions();
        place(cases[i].enter, cases[i].insn, 3);
        stop_at_exits(true);
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        exit = check_place(cases[i].insn, 3, BEFORE);
        ck_assert_msg(exit->reason == EXIT_EXCEPTION_NMI && exit->intr_info == HARDWARE(X86_UD),
                      "case %zu: %s %x", i, exit_reason_name(exit->reason), exit->intr_info);
    }
}
END_TEST

/* RDPMC, MONITOR and MWAIT: the machine has none of them behind the exit. */
START_TEST(test_absent_exits)
{
    static const struct {
        uint8_t insn[3];
        unsigned size;
        uint32_t reason, control;
    } cases[] = {
        {{0x0f, 0x33}, 2, EXIT_RDPMC, PRIMARY_RDPMC},
        {{0x0f, 0x01, 0xc8}, 3, EXIT_MONITOR, PRIMARY_MONITOR},
        {{0x0f, 0x01, 0xc9}, 3, EXIT_MWAIT, PRIMARY_MWAIT},
    };

    place(enter_flat32, cases[_i].insn, cases[_i].size);
    controls_bare();
    control(PRIMARY, cases[_i].control, true);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(check_place(cases[_i].insn, cases[_i].size, BEFORE)->reason,
                      cases[_i].reason);
}
END_TEST

/* What instructions do that pass: the registers a bare CPU would leave. */
START_TEST(test_passed_results)
{
    /* mov eax,11223344h; mov dr1,eax; mov ebx,dr1; sidt [7000h];
       mov ecx,[7002h]; str dx; hlt */
    struct x86_state s;

    LOAD(enter_flat32, 0xb8, 0x44, 0x33, 0x22, 0x11, 0x0f, 0x23, 0xc8, 0x0f, 0x21, 0xcb, 0x0f, 0x01,
         0x0d, 0, 0x70, 0, 0, 0x8b, 0x0d, 0x02, 0x70, 0, 0, 0x0f, 0x00, 0xca, 0xf4);
    machine_get_state(f.m, &s);
    s.idtr = (struct x86_table){.base = 0x12345678, .limit = 0xabc};
    s.seg[X86_TR].selector = 0x28;
    machine_set_state(f.m, &s);
    controls_bare();
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.m->vcpu->ops->get_dr(f.m->vcpu, 1), 0x11223344);
    ck_assert_uint_eq(reg(X86_RBX), 0x11223344);
    ck_assert_uint_eq(reg(X86_RCX), 0x12345678);
    ck_assert_uint_eq(reg(X86_RDX) & 0xffff, 0x28);
}
END_TEST

/* RDTSC that passes still tells virtual time: runs repeat. */
START_TEST(test_passed_rdtsc)
{
    LOAD(enter_real, 0x90, 0x90, 0x0f, 0x31, 0xf4);
    controls_bare();
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(reg(X86_RAX), 2);
    ck_assert_uint_eq(reg(X86_RDX), 0);
}
END_TEST

/* ---- control registers, Table 28-3 ----------------------------------------------------------- */

/* Bits 3:0, 5:4 and 11:8: each register, both ways, each general-purpose register. */
START_TEST(test_cr_qualification)
{
    static const struct {
        unsigned cr;
        bool from;
    } moves[] = {{0, false}, {3, false}, {4, false}, {8, false}, {3, true}, {8, true}};
    unsigned gpr = (unsigned)_i;

    for (size_t i = 0; i < COUNT(moves); i++) {
        unsigned cr = moves[i].cr;
        uint8_t insn[] = {(uint8_t)(0x40 | (cr & 8) >> 1 | gpr >> 3), 0x0f,
                          moves[i].from ? 0x20 : 0x22, (uint8_t)(0xc0 | (cr & 7) << 3 | (gpr & 7))};
        uint64_t values[X86_GPR_COUNT];
        const struct vm_exit *exit;

        fixture_again();
        control(PRIMARY, PRIMARY_CR3_STORE | PRIMARY_CR8_STORE, true);
        place(enter_long64, insn, 4);
        for (unsigned n = 0; n < X86_GPR_COUNT; n++)
            values[n] = 0xabcdef0000000000 | n << 4;
        set_regs(values);
        stop_at_exits(true);
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        exit = check_place(insn, 4, BEFORE);
        ck_assert_uint_eq(exit->reason, EXIT_CR_ACCESS);
        ck_assert_uint_eq(exit->qualification, cr | (moves[i].from ? 1u : 0u) << 4 | gpr << 8);
        if (!moves[i].from)
            ck_assert_uint_eq(exit->value, values[gpr]);
        ck_assert_mem_eq(at_exit.gpr, values, sizeof(values));
        ck_assert_uint_eq(at_exit.cr3, 0x10000);
    }
}
END_TEST

/* Bits 31:16 and 6: LMSW's source, bit by bit, from a register and from memory. */
START_TEST(test_lmsw_qualification)
{
    static const uint8_t from_ax[] = {0x0f, 0x01, 0xf0},
                         from_memory[] = {0x0f, 0x01, 0x36, 0, 0x70};
    uint16_t source = (uint16_t)(1u << _i | CR0_TS); /* one that differs from the shadow */
    uint64_t gpr[X86_GPR_COUNT] = {[X86_RAX] = 0xffff0000u | source};
    uint8_t word[2];

    place(enter_real, from_ax, sizeof(from_ax));
    set_regs(gpr);
    stop_at_exits(true);
    run(100, 0);
    ck_assert_uint_eq(check_place(from_ax, 3, BEFORE)->qualification,
                      (uint64_t)source << 16 | CR_ACCESS_LMSW << 4);
    fixture_again();
    put_le16(word, source);
    ck_assert(ram_write(&f.m->ram, 0x7000, word, 2));
    ck_assert_uint_eq(one_exit(enter_real, from_memory, 5)->qualification,
                      (uint64_t)source << 16 | CR_ACCESS_LMSW << 4 | 1u << 6);
}
END_TEST

static void enter_with_ts(struct x86_state *s)
{
    enter_flat32(s);
    s->cr0 |= CR0_TS | CR0_MP;
}

START_TEST(test_clts_qualification)
{
    static const uint8_t clts[] = {0x0f, 0x06};
    const struct vm_exit *exit = one_exit(enter_with_ts, clts, 2);

    ck_assert_uint_eq(exit->reason, EXIT_CR_ACCESS);
    ck_assert_uint_eq(exit->qualification, CR_ACCESS_CLTS << 4);
    ck_assert(at_exit.cr0 & CR0_TS);
    stop_at_exits(false);
    run(100, 0);
    ck_assert(!(f.m->vcpu->ops->get_cr(f.m->vcpu, 0) & CR0_TS));
}
END_TEST

/* The guest reads the shadow's bits where the mask is set, and CR0's own where it is not. */
START_TEST(test_cr_shadow)
{
    struct controls c;

    /* mov eax,cr0; mov ebx,cr4; smsw cx; hlt */
    LOAD(enter_with_ts, 0x0f, 0x20, 0xc0, 0x0f, 0x20, 0xe3, 0x66, 0x0f, 0x01, 0xe1, 0xf4);
    controls_bare();
    c = f.m->controls;
    c.cr0_mask = CR0_TS | CR0_EM;
    c.cr0_shadow = CR0_EM | CR0_WP; /* WP is not owned: the shadow's counts for nothing */
    c.cr4_mask = CR4_PSE;
    c.cr4_shadow = CR4_PSE | CR4_PAE;
    machine_set_controls(f.m, &c);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(reg(X86_RAX), CR0_PE | CR0_MP | CR0_EM | CR0_ET);
    ck_assert_uint_eq(reg(X86_RBX), CR4_PSE);
    ck_assert_uint_eq(reg(X86_RCX) & 0xffff, CR0_PE | CR0_MP | CR0_EM | CR0_ET);
}
END_TEST

/* A write that changes no owned bit passes, and leaves those bits as they are. */
START_TEST(test_cr_write_passes)
{
    struct controls c;

    /* mov eax,cr0; or eax,10000h; mov cr0,eax; clts; hlt */
    LOAD(enter_with_ts, 0x0f, 0x20, 0xc0, 0x0d, 0, 0, 1, 0, 0x0f, 0x22, 0xc0, 0x0f, 0x06, 0xf4);
    controls_bare();
    c = f.m->controls;
    c.cr0_mask = CR0_TS;
    c.cr0_shadow = 0; /* the guest believes TS to be clear: CLTS passes and does nothing */
    machine_set_controls(f.m, &c);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.m->vcpu->ops->get_cr(f.m->vcpu, 0),
                      CR0_PE | CR0_MP | CR0_TS | CR0_ET | CR0_WP);
}
END_TEST

START_TEST(test_cr3_target)
{
    struct controls c;

    /* mov eax,11000h; mov cr3,eax; mov eax,12000h; mov cr3,eax; hlt */
    LOAD(enter_flat32, 0xb8, 0, 0x10, 1, 0, 0x0f, 0x22, 0xd8, 0xb8, 0, 0x20, 1, 0, 0x0f, 0x22, 0xd8,
         0xf4);
    controls_bare();
    c = f.m->controls;
    c.primary |= PRIMARY_CR3_LOAD;
    c.cr3_target[0] = 0x11000;
    c.cr3_target_count = 1;
    machine_set_controls(f.m, &c);
    run(100, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_CR_ACCESS);
    ck_assert_uint_eq(f.exits[0].value, 0x12000);
    ck_assert_uint_eq(f.exits[0].insns, 3);
    ck_assert_uint_eq(f.m->vcpu->ops->get_cr(f.m->vcpu, 3), 0x12000);
}
END_TEST

/* ---- debug registers, Table 28-4 ------------------------------------------------------------- */

/* Bits 2:0, 4 and 11:8: each register, both ways, each general-purpose register. */
START_TEST(test_dr_qualification)
{
    unsigned gpr = (unsigned)_i;

    for (unsigned dr = 0; dr < 16; dr++) {
        bool from = dr >= 8;
        uint8_t insn[] = {(uint8_t)(0x40 | gpr >> 3), 0x0f, from ? 0x21 : 0x23,
                          (uint8_t)(0xc0 | (dr & 7) << 3 | (gpr & 7))};
        const struct vm_exit *exit;

        fixture_again();
        control(PRIMARY, PRIMARY_MOV_DR, true);
        exit = one_exit(enter_long64, insn, 4);
        ck_assert_uint_eq(exit->reason, EXIT_DR_ACCESS);
        ck_assert_uint_eq(exit->qualification, (dr & 7) | (from ? 1u : 0u) << 4 | gpr << 8);
    }
}
END_TEST

/* ---- I/O, Table 28-5 ------------------------------------------------------------------------- */

enum io_form { IO_IMMEDIATE, IO_DX, IO_STRING, IO_REP, IO_FORMS };

static unsigned io_encode(uint8_t *insn, enum io_form form, bool in, unsigned size, uint8_t port)
{
    static const uint8_t opcodes[IO_FORMS][2] = {
        {0xe6, 0xe4}, {0xee, 0xec}, {0x6e, 0x6c}, {0x6e, 0x6c}};
    unsigned n = 0;

    if (form == IO_REP)
        insn[n++] = 0xf3;
    if (size == 4)
        insn[n++] = 0x66; /* in real mode */
    insn[n++] = opcodes[form][in] | (size > 1);
    if (form == IO_IMMEDIATE)
        insn[n++] = port;
    return n;
}

static uint64_t io_expected(enum io_form form, bool in, unsigned size, unsigned port)
{
    return (size - 1) | (in ? 1u : 0u) << 3 | (form >= IO_STRING ? 1u : 0u) << 4 |
           (form == IO_REP ? 1u : 0u) << 5 | (form == IO_IMMEDIATE ? 1u : 0u) << 6 |
           (uint64_t)port << 16;
}

static const struct vm_exit *io_exit(enum io_form form, bool in, unsigned size, unsigned port)
{
    uint64_t gpr[X86_GPR_COUNT] = {[X86_RAX] = 0x88776655,
                                   [X86_RCX] = 3,
                                   [X86_RDX] = port,
                                   [X86_RSI] = 0x3000,
                                   [X86_RDI] = 0x3800};
    uint8_t insn[4];
    unsigned n = io_encode(insn, form, in, size, (uint8_t)port);

    place(enter_real, insn, n);
    set_regs(gpr);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_mem_eq(at_exit.gpr, gpr, sizeof(gpr));
    return check_place(insn, n, BEFORE);
}

START_TEST(test_io_qualification)
{
    static const unsigned sizes[] = {1, 2, 4};

    for (enum io_form form = 0; form < IO_FORMS; form++) {
        for (unsigned i = 0; i < 6; i++) {
            bool in = i & 1, string = form >= IO_STRING;
            unsigned size = sizes[i / 2];
            const struct vm_exit *exit;

            fixture_again();
            ck_assert(ram_write(&f.m->ram, 0x3000, "\x55\x66\x77\x88", 4));
            exit = io_exit(form, in, size, 0x42);
            ck_assert_uint_eq(exit->reason, EXIT_IO);
            ck_assert_uint_eq(exit->qualification, io_expected(form, in, size, 0x42));
            ck_assert_uint_eq(exit->has, INSN | Q | (string ? INFO | GVA : 0));
            if (string) /* 16-bit addresses; OUTS reads DS */
                ck_assert_uint_eq(exit->insn_info, in ? 0 : X86_DS << 15);
            if (string)
                ck_assert_uint_eq(exit->guest_linear, in ? 0x3800 : 0x3000);
            if (!in)
                ck_assert_uint_eq(exit->value, 0x88776655 & (~0u >> (32 - 8 * size)));
        }
    }
}
END_TEST

/* The operand's address follows what the guest has just loaded: GS, then ES. */
/* SDM 26.1.3: MOV DR is the exception, it exits before its privilege is looked at. */
START_TEST(test_dr_before_privilege)
{
    const uint8_t mov[] = {0x0f, 0x23, 0xd8}; /* mov dr3,eax */
    const struct vm_exit *exit;

    control_all_instructions();
    place(enter_user, mov, sizeof(mov));
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = check_place(mov, sizeof(mov), BEFORE);
    ck_assert_uint_eq(exit->reason, EXIT_DR_ACCESS);
    ck_assert_uint_eq(exit->qualification, 3);
    ck_assert_uint_eq(exit->cpl, 3);
}
END_TEST

START_TEST(test_string_operand)
{
    LOAD(enter_real, 0xb8, 0x00, 0x04, 0x8e, 0xe8, 0xbe, 0x34, 0x12, 0x65, 0x6e, 0xb8, 0x00, 0x05,
         0x8e, 0xc0, 0xbf, 0x78, 0x06, 0x6c, 0xf4);
    run(100, 2);
    ck_assert_uint_eq(f.exits[0].guest_linear, 0x4000 + 0x1234);
    ck_assert_uint_eq(f.exits[0].insn_info, X86_GS << 15);
    ck_assert_uint_eq(f.exits[1].guest_linear, 0x5000 + 0x678);
    ck_assert_uint_eq(f.exits[1].insn_info, 0);
    ck_assert_uint_eq(f.exits[1].insns, 7);
}
END_TEST

/* Bits 31:16, one by one. */
START_TEST(test_io_port)
{
    unsigned port = 1u << _i;

    ck_assert_uint_eq(io_exit(IO_DX, false, 1, port)->qualification,
                      io_expected(IO_DX, false, 1, port));
}
END_TEST

/* A port whose bit is clear: the device answers, and nobody sees. Its neighbour exits. */
START_TEST(test_io_bitmap)
{
    struct controls c;

    /* mov dx,0e9h; mov al,'a'; out dx,al; mov ax,4242h; out 0e8h,ax; hlt */
    LOAD(enter_real, 0xba, 0xe9, 0, 0xb0, 'a', 0xee, 0xb8, 0x42, 0x42, 0xe7, 0xe8, 0xf4);
    c = f.m->controls;
    c.io_bitmap[0xe9 / 8] &= (uint8_t) ~(1u << 0xe9 % 8);
    machine_set_controls(f.m, &c);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 2);
    ck_assert_uint_eq(f.exits[0].rip, AT + 9); /* e8h exits, and with it the word */
    ck_assert_uint_eq(f.exits[0].qualification, 0xe80041);
    ck_assert_int_eq(f.text[0], 'a');
}
END_TEST

/* REP INS and OUTS that pass run to their end, like IN and OUT. */
START_TEST(test_io_strings_pass)
{
    /* mov si,3000h; mov cx,5; mov dx,0e9h; rep outsb; mov di,3800h; mov cl,3; rep insb; hlt */
    LOAD(enter_real, 0xbe, 0x00, 0x30, 0xb9, 5, 0, 0xba, 0xe9, 0, 0xf3, 0x6e, 0xbf, 0x00, 0x38,
         0xb1, 3, 0xf3, 0x6c, 0xf4);
    ck_assert(ram_write(&f.m->ram, 0x3000, "hello", 5));
    controls_bare();
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_str_eq(f.text, "hello");
    ck_assert_mem_eq(ram_ptr(&f.m->ram, 0x3800, 4), "\xe9\xe9\xe9\0", 4);
    ck_assert_uint_eq(reg(X86_RCX), 0);
    ck_assert_uint_eq(reg(X86_RSI), 0x3005);
    ck_assert_uint_eq(reg(X86_RDI), 0x3803);
}
END_TEST

/* ---- MSRs ------------------------------------------------------------------------------------ */

START_TEST(test_msr_exits)
{
    static const uint32_t msrs[] = {0, 0x10, 0x1fff, 0x2000, MSR_EFER, 0xc0001fff, ~0u};
    bool write = _i;
    uint8_t insn[] = {0x0f, write ? 0x30 : 0x32};

    for (size_t i = 0; i < COUNT(msrs); i++) {
        uint64_t gpr[X86_GPR_COUNT] = {[X86_RAX] = 0xaaaa0001, [X86_RDX] = 0x12345678};
        const struct vm_exit *exit;

        fixture_again();
        gpr[X86_RCX] = msrs[i];
        place(enter_flat32, insn, 2);
        set_regs(gpr);
        stop_at_exits(true);
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        exit = check_place(insn, 2, BEFORE);
        ck_assert_uint_eq(exit->reason, write ? EXIT_WRMSR : EXIT_RDMSR);
        ck_assert_uint_eq(exit->has, INSN);
        ck_assert_uint_eq(exit->msr, msrs[i]);
        if (write)
            ck_assert_uint_eq(exit->value, 0x12345678aaaa0001);
        ck_assert_mem_eq(at_exit.gpr, gpr, sizeof(gpr));
    }
}
END_TEST

START_TEST(test_msr_bitmap)
{
    /* mov ecx,c0000102h; mov eax,5; cdq; wrmsr; xor eax,eax; rdmsr; hlt */
    LOAD(enter_flat32, 0xb9, 2, 1, 0, 0xc0, 0xb8, 5, 0, 0, 0, 0x99, 0x0f, 0x30, 0x31, 0xc0, 0x0f,
         0x32, 0xf4);
    struct controls c = f.m->controls;

    c.msr_bitmap[3072 + 0x102 / 8] &= (uint8_t) ~(1u << 0x102 % 8); /* writes pass */
    machine_set_controls(f.m, &c);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 2);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_RDMSR);
    ck_assert_uint_eq(f.exits[0].insns, 5);
    ck_assert_uint_eq(reg(X86_RAX), 5);
}
END_TEST

/* ---- exceptions ------------------------------------------------------------------------------ */

struct exception {
    const char *name;
    enter_fn *enter;
    uint8_t insn[9];
    unsigned size;
    uint32_t info, error;
};

#define ERROR INTR_HAS_ERROR
#define SOFTWARE(vector) (INTR_VALID | INTR_SOFTWARE_EXCEPTION << 8 | (vector))

/* clang-format off */
static const struct exception exceptions[] = {
    {"div al", enter_real, {0xf6, 0xf0}, 2, HARDWARE(X86_DE), 0},
    {"int3", enter_real, {0xcc}, 1, SOFTWARE(X86_BP), 0},
    {"bound ax, [7000h]", enter_real, {0x62, 0x06, 0x00, 0x70}, 4, HARDWARE(X86_BR), 0},
    {"ud2", enter_real, {0x0f, 0x0b}, 2, HARDWARE(X86_UD), 0},
    {"fnop, CR0.TS", enter_with_ts, {0xd9, 0xd0}, 2, HARDWARE(X86_NM), 0},
    {"mov ds, 1008h: outside the GDT", enter_flat32, {0x8e, 0xd8}, 2, HARDWARE(X86_GP) | ERROR,
     0x1008},
    {"mov ss, 0", enter_flat32, {0x8e, 0xd3}, 2, HARDWARE(X86_GP) | ERROR, 0},
    {"mov [5123h], rax", enter_long64, {0x89, 0x04, 0x25, 0x23, 0x51, 0, 0}, 7,
     HARDWARE(X86_PF) | ERROR, PF_WRITE},
    {"mov eax, [8000000000000000h]", enter_long64, {0x8b, 0x01}, 2, HARDWARE(X86_GP) | ERROR, 0},
};
/* clang-format on */

static void exception_place(const struct exception *x)
{
    struct x86_state s;

    place(x->enter, x->insn, x->size);
    machine_get_state(f.m, &s);
    s.gpr[X86_RAX] = 0x1008;
    s.gpr[X86_RBX] = 0;
    s.gpr[X86_RCX] = 1ull << 63;
    if (strcmp(x->name, "div al") == 0)
        s.gpr[X86_RAX] = 0;
    machine_set_state(f.m, &s);
}

START_TEST(test_exception_exits)
{
    const struct exception *x = &exceptions[_i];
    struct controls c = {.exception_bitmap = 1u << INTR_VECTOR(x->info)};
    const struct vm_exit *exit;

    exception_place(x);
    machine_set_controls(f.m, &c);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = check_place(x->insn, x->size, BEFORE);
    ck_assert_uint_eq(exit->reason, EXIT_EXCEPTION_NMI);
    ck_assert_msg(exit->intr_info == x->info, "%s: %08x", x->name, exit->intr_info);
    ck_assert_msg(exit->intr_error == x->error, "%s: error %x", x->name, exit->intr_error);
    ck_assert_uint_eq(exit->has & ~(uint32_t)(Q | GVA), INSN | INTR);
}
END_TEST

/* With its bit clear the guest's own handler has it, and nobody else hears of it. */
START_TEST(test_exception_passes)
{
    const struct exception *x = &exceptions[_i];
    unsigned vector = INTR_VECTOR(x->info);

    if (x->enter != enter_real)
        return;
    fill_ivt();
    exception_place(x);
    controls_bare();
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_msg(f.count == 1, "%s: %u exits", x->name, f.count);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_HLT);
    ck_assert_uint_eq(f.exits[0].rip, 0x2000 + vector);
    ck_assert_uint_eq(get_le16(ram_ptr(&f.m->ram, reg(X86_RSP), 2)), /* faults: the instruction */
                      AT + BEFORE + (vector == X86_BP ? 1u : 0u));
}
END_TEST

START_TEST(test_into)
{
    static const uint8_t into[] = {0xce};
    struct x86_state s;

    place(enter_real, into, 1);
    machine_get_state(f.m, &s);
    s.rflags |= RFLAGS_OF;
    machine_set_state(f.m, &s);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(check_place(into, 1, BEFORE)->intr_info, SOFTWARE(X86_OF));
}
END_TEST

/* Faults that name a descriptor: selector 8. */
START_TEST(test_selector_faults)
{
    static const struct {
        uint8_t insn[3];
        unsigned size;
        uint8_t access; /* of the descriptor */
        uint32_t vector;
    } cases[] = {
        {{0x8e, 0xd8}, 2, 0x12, X86_NP},       /* mov ds, ax: not present */
        {{0x8e, 0xd0}, 2, 0x12, X86_SS_FAULT}, /* mov ss, ax: not present */
        {{0x8e, 0xd0}, 2, 0x9a, X86_GP},       /* mov ss, ax: a code segment */
        {{0x0f, 0x00, 0xd8}, 3, 0x09, X86_NP}, /* ltr ax: not present */
    };
    uint8_t descriptor[8] = {0xff, 0xff, 0, 0, 0, cases[_i].access, 0xcf, 0};
    const struct vm_exit *exit;
    struct x86_state s;

    ck_assert(ram_write(&f.m->ram, 0x8008, descriptor, 8));
    place(enter_flat32, cases[_i].insn, cases[_i].size);
    machine_get_state(f.m, &s);
    s.gdtr = (struct x86_table){.base = 0x8000, .limit = 15};
    s.gpr[X86_RAX] = 8;
    machine_set_state(f.m, &s);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = check_place(cases[_i].insn, cases[_i].size, BEFORE);
    ck_assert_uint_eq(exit->intr_info, HARDWARE(cases[_i].vector) | ERROR);
    ck_assert_uint_eq(exit->intr_error, 8);
}
END_TEST

/* Table 28-1, BS: a single step, after the instruction. */
START_TEST(test_single_step)
{
    struct x86_state s;

    LOAD(enter_real, 0x90, 0x40, 0xf4); /* nop; inc ax; hlt */
    machine_get_state(f.m, &s);
    s.rflags |= RFLAGS_TF;
    machine_set_state(f.m, &s);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].intr_info, HARDWARE(X86_DB));
    ck_assert_uint_eq(f.exits[0].qualification, 1u << 14);
    ck_assert_uint_eq(f.exits[0].rip, AT + 1);
    ck_assert_uint_eq(f.exits[0].insns, 1);
    ck_assert_uint_eq(at_exit.dr6, DR6_FIXED); /* SDM 28.2.1: the exit does not touch DR6 */
}
END_TEST

/* ---- delivery that fails, Table 25-18 -------------------------------------------------------- */

START_TEST(test_vectoring)
{
    static const struct {
        uint8_t insn[2];
        unsigned size;
        uint32_t info, error;
    } cases[] = {
        {{0xcd, 0x80}, 2, INTR_VALID | INTR_SOFTWARE << 8 | 0x80, 0x80 << 3 | 2},
        {{0xcc}, 1, SOFTWARE(X86_BP), X86_BP << 3 | 2},
    };
    struct controls c = {.exception_bitmap = 1u << X86_GP};
    const struct vm_exit *exit;

    place(enter_flat32, cases[_i].insn, cases[_i].size); /* the IDT is empty */
    machine_set_controls(f.m, &c);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = check_place(cases[_i].insn, cases[_i].size, BEFORE);
    ck_assert_uint_eq(exit->intr_info, HARDWARE(X86_GP) | ERROR);
    ck_assert_uint_eq(exit->intr_error, cases[_i].error);
    ck_assert_uint_eq(exit->has, INSN | INTR | VECTORING);
    ck_assert_uint_eq(exit->idt_vectoring, cases[_i].info);
}
END_TEST

/* The event that was being delivered keeps its error code, and a #PF its address in CR2. */
START_TEST(test_vectoring_error)
{
    static const uint8_t mov[] = {0x89, 0x04, 0x25, 0x23, 0x51, 0, 0}; /* mov [5123h], eax */
    struct controls c = {.exception_bitmap = 1u << X86_GP};
    const struct vm_exit *exit;

    place(enter_long64, mov, sizeof(mov));
    machine_set_controls(f.m, &c);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = check_place(mov, sizeof(mov), BEFORE);
    ck_assert_uint_eq(exit->intr_info, HARDWARE(X86_GP) | ERROR);
    ck_assert_uint_eq(exit->idt_vectoring, HARDWARE(X86_PF) | ERROR);
    ck_assert_uint_eq(exit->idt_error, PF_WRITE);
    ck_assert_uint_eq(at_exit.cr2, 0x5123);
}
END_TEST

/* #GP in delivering #GP is #DF, a #GP in that a triple fault: each says what came before. */
START_TEST(test_triple_fault)
{
    static const uint32_t seen[][2] = {
        {HARDWARE(X86_UD), 0},
        {HARDWARE(X86_GP) | ERROR, HARDWARE(X86_UD)},
        {HARDWARE(X86_GP) | ERROR, HARDWARE(X86_GP) | ERROR},
    };

    place(enter_flat32, (const uint8_t[]){0x0f, 0x0b}, 2);
    ck_assert_int_eq(run(100, 0).stop, STOP_TRIPLE_FAULT);
    ck_assert_uint_eq(f.count, 4);
    for (size_t i = 0; i < COUNT(seen); i++) {
        ck_assert_uint_eq(f.exits[i].reason, EXIT_EXCEPTION_NMI);
        ck_assert_uint_eq(f.exits[i].intr_info, seen[i][0]);
        ck_assert_uint_eq(f.exits[i].idt_vectoring, seen[i][1]);
    }
    ck_assert_uint_eq(f.exits[3].reason, EXIT_TRIPLE_FAULT);
    ck_assert_uint_eq(f.exits[3].rip, AT + BEFORE);
    ck_assert_uint_eq(f.exits[3].has, INSN); /* 28.2.4: not during event delivery */
    ck_assert_uint_eq(f.exits[3].intr_info | f.exits[3].idt_vectoring, 0);
    ck_assert_uint_eq(f.exits[3].cause, EXIT_CAUSE_ALWAYS);
    ck_assert_uint_eq(f.m->insns, BEFORE);
}
END_TEST

/* The stack of a handler lies outside memory: the EPT violation says what was being delivered. */
START_TEST(test_vectoring_ept)
{
    static const uint8_t int80[] = {0xcd, 0x80};
    uint8_t code[8] = {0xff, 0xff, 0, 0, 0, 0x9a, 0xcf, 0},
            gate[8] = {0, 0x20, 8, 0, 0, 0x8e, 0, 0};
    const struct vm_exit *exit;
    struct x86_state s;

    ck_assert(ram_write(&f.m->ram, 0x8008, code, 8));
    ck_assert(ram_write(&f.m->ram, 0x9000 + 8 * 0x80, gate, 8));
    place(enter_flat32, int80, 2);
    machine_get_state(f.m, &s);
    s.gdtr = (struct x86_table){.base = 0x8000, .limit = 15};
    s.idtr = (struct x86_table){.base = 0x9000, .limit = 0x7ff};
    s.gpr[X86_RSP] = 0x80000010;
    machine_set_state(f.m, &s);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = check_place(int80, 2, BEFORE);
    ck_assert_uint_eq(exit->reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(exit->has, INSN | Q | GPA | GVA | VECTORING);
    ck_assert_uint_eq(exit->idt_vectoring, INTR_VALID | INTR_SOFTWARE << 8 | 0x80);
    ck_assert_uint_eq(exit->qualification, 0x782); /* without paging: user-mode, writable */
    ck_assert_uint_eq(exit->guest_linear & ~0xfull, 0x80000000);
}
END_TEST

/* ---- EPT violations, Table 28-7 -------------------------------------------------------------- */

/* Bits 0 to 2 the access, 3 to 5 the rights that there are. */
START_TEST(test_ept_rights)
{
    static const struct {
        uint8_t insn[7];
        unsigned size, right;
    } accesses[] = {
        {{0xa1, 0x10, 0x80, 0, 0}, 5, EPT_READ},    /* mov eax,[8010h] */
        {{0xa3, 0x10, 0x80, 0, 0}, 5, EPT_WRITE},   /* mov [8010h],eax */
        {{0xe9, 0x09, 0x70, 0, 0}, 5, EPT_EXECUTE}, /* jmp 8010h */
    };
    static const unsigned rights[] = {
        0, EPT_READ, EPT_READ | EPT_WRITE, EPT_READ | EPT_EXECUTE, EPT_EXECUTE, EPT_ALL};

    for (size_t a = 0; a < COUNT(accesses); a++) {
        bool allowed = rights[_i] & accesses[a].right;
        bool fetch = accesses[a].right == EPT_EXECUTE;
        const struct vm_exit *exit;

        fixture_again();
        place(enter_flat32, accesses[a].insn, accesses[a].size);
        ck_assert(ram_write(&f.m->ram, 0x8010, "\xf4", 1));
        ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, rights[_i]), 0);
        stop_at_exits(true);
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        exit = &f.exits[0];
        ck_assert_uint_eq(exit->reason, allowed ? EXIT_HLT : EXIT_EPT_VIOLATION);
        if (allowed)
            continue;
        ck_assert_uint_eq(exit->qualification, accesses[a].right | rights[_i] << 3 | 0x780);
        ck_assert_uint_eq(exit->guest_linear, 0x8010);
        ck_assert_uint_eq(exit->guest_physical, 0x8010);
        ck_assert_uint_eq(exit->rip, fetch ? 0x8010 : AT + BEFORE);
        ck_assert_uint_eq(exit->insns, BEFORE + fetch);
        ck_assert_uint_eq(at_exit.rip, exit->rip);
    }
}
END_TEST

/* INC reads what it may and writes what it may not. */
START_TEST(test_ept_read_modify_write)
{
    static const uint8_t inc[] = {0xff, 0x05, 0x10, 0x80, 0, 0}; /* inc dword [8010h] */
    const struct vm_exit *exit;

    ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, EPT_READ), 0);
    exit = one_exit(enter_flat32, inc, sizeof(inc));
    ck_assert_uint_eq(exit->reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(exit->qualification & ~(uint64_t)EPT_QUAL_READ, 0x78a);
    ck_assert_uint_eq(exit->guest_physical, 0x8010);
}
END_TEST

/*
 * What the bytes behind the border would make of it does not matter: with some it is undefined, but the
 * fetch is refused first.
 */
START_TEST(test_fetch_before_undefined)
{
    static const uint8_t first[] = {0xc6, 0xc7, 0x8f, 0xfe, 0x0f}; /* need a ModR/M byte, or more */

    for (size_t i = 0; i < sizeof(first); i++) {
        fixture_again();
        LOAD(enter_flat32, 0xe9, 0xfa, 0x6f, 0, 0); /* jmp 7fffh */
        ck_assert(ram_write(&f.m->ram, 0x7fff, &first[i], 1));
        ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, EPT_READ), 0);
        stop_at_exits(true);
        ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
        ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
        ck_assert_uint_eq(f.exits[0].rip, 0x7fff);
        ck_assert_uint_eq(f.exits[0].guest_physical, 0x8000);
    }
}
END_TEST

/* An instruction whose second half may not be fetched: RIP is its start, the address is not. */
START_TEST(test_ept_fetch_across)
{
    const struct vm_exit *exit;

    LOAD(enter_flat32, 0xe9, 0xf9, 0x6f, 0, 0); /* jmp 7ffeh */
    ck_assert(ram_write(&f.m->ram, 0x7ffe, "\xb8\x01\x02\x03\x04\xf4", 6));
    ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, EPT_READ), 0);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = &f.exits[0];
    ck_assert_uint_eq(exit->reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(exit->qualification, 0x78c);
    ck_assert_uint_eq(exit->rip, 0x7ffe);
    ck_assert_uint_eq(exit->guest_linear, 0x8000);
    ck_assert_uint_eq(exit->guest_physical, 0x8000);
    ck_assert_uint_eq(exit->insns, 1);
}
END_TEST

static void enter_lost_tables(struct x86_state *s)
{
    uint8_t entry[8];

    enter_long64(s);
    put_le64(entry, 0x90000003); /* the second GiB's directory is where no memory is */
    ck_assert(ram_write(&f.m->ram, 0x11008, entry, 8));
}

/* Bit 8 clear: an access to a paging-structure entry; bit 7: the linear address is known. */
START_TEST(test_ept_page_walk)
{
    static const uint8_t mov[] = {0x8b, 0x04, 0x25, 0x34, 0x12, 0, 0x40}; /* mov eax,[40001234h] */
    const struct vm_exit *exit = one_exit(enter_lost_tables, mov, sizeof(mov));

    ck_assert_uint_eq(exit->reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(exit->qualification & ~3ull, 1u << 7);
    ck_assert(exit->qualification & 1);
    ck_assert_uint_eq(exit->guest_linear & ~0xfffull, 0x40001000);
    ck_assert_uint_eq(exit->guest_physical, 0x90000000);
}
END_TEST

/* ---- interrupts, NMIs, windows, the monitor trap --------------------------------------------- */

static struct device controller;

static uint8_t acknowledge(struct device *device)
{
    (void)device;
    f.m->irq.intr = false;
    return 0x31;
}

/* sti; nop; nop; nop; hlt: an interrupt comes after the second NOP. */
static void raise_interrupt(void)
{
    f.m->irq.controller = &controller;
    f.m->irq.acknowledge = acknowledge;
    run(3, 0);
    irq_set_pin(f.m, true);
}

/* The vector is in the interruption information when the exit acknowledges (SDM 25.7.1). */
START_TEST(test_external_interrupt)
{
    bool acknowledges = _i;
    struct controls c;

    LOAD(enter_real, 0xfb, 0x90, 0x90, 0x90, 0xf4);
    controls_bare();
    c = f.m->controls;
    c.pin = PIN_EXTERNAL_INTERRUPT;
    c.exit = acknowledges ? EXIT_ACK_INTERRUPT : 0;
    machine_set_controls(f.m, &c);
    raise_interrupt();
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXTERNAL_INTERRUPT);
    ck_assert_uint_eq(f.exits[0].has & ~(uint32_t)INSN, acknowledges ? INTR : 0);
    ck_assert_uint_eq(f.exits[0].intr_info, acknowledges ? INTR_VALID | 0x31 : 0);
    ck_assert_uint_eq(f.exits[0].rip, AT + 3);
    ck_assert_uint_eq(f.exits[0].insns, 3);
    ck_assert_uint_eq(at_exit.rip, AT + 3);
    ck_assert(f.m->irq.intr != acknowledges);
}
END_TEST

START_TEST(test_external_interrupt_passes)
{
    fill_ivt();
    LOAD(enter_real, 0xfb, 0x90, 0x90, 0x90, 0xf4);
    controls_bare();
    raise_interrupt();
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].rip, 0x2031);
    ck_assert_uint_eq(get_le16(ram_ptr(&f.m->ram, reg(X86_RSP), 2)), AT + 3);
}
END_TEST

START_TEST(test_nmi)
{
    LOAD(enter_real, 0x90, 0x90, 0xf4);
    controls_bare();
    control(PIN, PIN_NMI, true);
    run(1, 0);
    irq_raise_nmi(f.m);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(f.exits[0].intr_info, INTR_VALID | INTR_NMI << 8 | X86_NMI);
    ck_assert_uint_eq(f.exits[0].has & ~(uint32_t)INSN, INTR);
    ck_assert_uint_eq(f.exits[0].rip, AT + 1);
    ck_assert_uint_eq(f.exits[0].insns, 1);
    ck_assert_uint_eq(at_exit.rip, AT + 1);
}
END_TEST

START_TEST(test_nmi_passes)
{
    fill_ivt();
    LOAD(enter_real, 0x90, 0x90, 0xf4);
    controls_bare();
    run(1, 0);
    irq_raise_nmi(f.m);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].rip, 0x2000 + X86_NMI);
    ck_assert_uint_eq(get_le16(ram_ptr(&f.m->ram, reg(X86_RSP), 2)), AT + 1);
}
END_TEST

/* The window opens when IF is set and the shadow of STI is over. */
START_TEST(test_interrupt_window)
{
    LOAD(enter_real, 0xfa, 0x90, 0xfb, 0x90, 0x90, 0xf4); /* cli; nop; sti; nop; nop; hlt */
    controls_bare();
    control(PRIMARY, PRIMARY_INTERRUPT_WINDOW, true);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_INTERRUPT_WINDOW);
    ck_assert_uint_eq(f.exits[0].has & ~(uint32_t)INSN, 0);
    ck_assert_uint_eq(f.exits[0].rip, AT + 4);
    ck_assert_uint_eq(f.exits[0].insns, 4);
    ck_assert_uint_eq(at_exit.rip, AT + 4);
}
END_TEST

/* The NMI window is open from the start, whatever IF says. */
START_TEST(test_nmi_window)
{
    LOAD(enter_real, 0x90, 0x90, 0xf4);
    controls_bare();
    control(PIN, PIN_NMI | PIN_VIRTUAL_NMIS, true);
    run(1, 0);
    control(PRIMARY, PRIMARY_NMI_WINDOW, true);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_NMI_WINDOW);
    ck_assert_uint_eq(f.exits[0].rip, AT + 1);
    ck_assert_uint_eq(f.exits[0].insns, 1);
}
END_TEST

/* It is shut from the delivery of an NMI to the IRET that ends its handler. */
START_TEST(test_nmi_window_blocked)
{
    fill_ivt();
    ck_assert(ram_write(&f.m->ram, 0x2000 + X86_NMI, "\x90\xcf", 2)); /* nop; iret */
    LOAD(enter_real, 0x90, 0x90, 0x90, 0xf4);
    controls_bare();
    run(1, 0);
    irq_raise_nmi(f.m);
    run(1, 0);
    control(PIN, PIN_NMI | PIN_VIRTUAL_NMIS, true);
    control(PRIMARY, PRIMARY_NMI_WINDOW, true);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_NMI_WINDOW);
    ck_assert_uint_eq(f.exits[0].rip, AT + 1);
    ck_assert_uint_eq(f.exits[0].insns, 3);
}
END_TEST

/* POP SS shuts the interrupt window for one instruction. */
START_TEST(test_interrupt_window_ss)
{
    LOAD(enter_real, 0x16, 0xfb, 0x90, 0x17, 0x90, 0x90, 0xf4); /* push ss; sti; nop; pop ss; nop */
    controls_bare();
    run(4, 0);
    control(PRIMARY, PRIMARY_INTERRUPT_WINDOW, true);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_INTERRUPT_WINDOW);
    ck_assert_uint_eq(f.exits[0].rip, AT + 5);
    ck_assert_uint_eq(f.exits[0].insns, 5);
}
END_TEST

/* After each instruction; nothing but where the guest is. */
START_TEST(test_monitor_trap)
{
    LOAD(enter_real, 0x40, 0x40, 0x40, 0xf4); /* inc ax */
    controls_bare();
    control(PRIMARY, PRIMARY_MONITOR_TRAP, true);
    run(3, 0);
    ck_assert_uint_eq(f.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(f.exits[i].reason, EXIT_MONITOR_TRAP);
        ck_assert_uint_eq(f.exits[i].has & ~(uint32_t)INSN, 0);
        ck_assert_uint_eq(f.exits[i].rip, AT + 1 + i);
        ck_assert_uint_eq(f.exits[i].insns, 1 + i);
    }
    ck_assert_uint_eq(reg(X86_RAX), 3);
}
END_TEST

/* ---- the same place again -------------------------------------------------------------------- */

static void check_again(unsigned i, uint32_t reason, uint64_t insns, uint8_t second)
{
    const struct vm_exit *exit = &f.exits[i];

    ck_assert_uint_lt(i, f.count);
    ck_assert_uint_eq(exit->reason, reason);
    ck_assert_uint_eq(exit->insns, insns);
    ck_assert_uint_eq(exit->insn[1], second);
}

static void set_reg(enum x86_gpr gpr, uint64_t value)
{
    f.m->vcpu->ops->set_gpr(f.m->vcpu, gpr, value);
}

/* Two exits in a block, round after round: nop; cpuid; nop; cpuid; dec esi; jnz; hlt. */
START_TEST(test_again_counts)
{
    LOAD(enter_flat32, 0x90, 0x0f, 0xa2, 0x90, 0x0f, 0xa2, 0x4e, 0x75, 0xf7, 0xf4);
    set_reg(X86_RSI, 3);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    for (unsigned round = 0; round < 3; round++) {
        check_again(2 * round, EXIT_CPUID, 6 * round + 1, 0xa2);
        check_again(2 * round + 1, EXIT_CPUID, 6 * round + 3, 0xa2);
    }
}
END_TEST

/* nop; cpuid; nop; mov word [1001h], rdtsc; dec esi; jnz; hlt */
START_TEST(test_again_rewritten)
{
    LOAD(enter_flat32, 0x90, 0x0f, 0xa2, 0x90, 0x66, 0xc7, 0x05, 0x01, 0x10, 0, 0, 0x0f, 0x31, 0x4e,
         0x75, 0xf0, 0xf4);
    set_reg(X86_RSI, 3);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    check_again(0, EXIT_CPUID, 1, 0xa2);
    check_again(1, EXIT_RDTSC, 7, 0x31);
    check_again(2, EXIT_RDTSC, 13, 0x31);
}
END_TEST

/* cpuid; jmp to it; and the monitor writes RDTSC there. */
START_TEST(test_again_rewritten_by_host)
{
    static const uint8_t rdtsc[] = {0x0f, 0x31};

    LOAD(enter_flat32, 0x0f, 0xa2, 0xeb, 0xfc);
    ck_assert_int_eq(run(100, 3).stop, STOP_BUDGET);
    ck_assert_uint_eq(machine_write_linear(f.m, AT, rdtsc, 2), 2);
    ck_assert_int_eq(run(100, 2).stop, STOP_BUDGET);
    check_again(2, EXIT_CPUID, 4, 0xa2);
    check_again(3, EXIT_RDTSC, 6, 0x31);
    check_again(4, EXIT_RDTSC, 8, 0x31);
}
END_TEST

/*
 * jmp rdi; mov qword [entry of 8000h], 9003h; invlpg [8000h]; dec esi; jnz; hlt. At 8000h: cpuid;
 * jmp rbp. At 9000h: rdtsc; jmp rbp.
 */
START_TEST(test_again_mapped_anew)
{
    static const uint8_t cpuid[] = {0x0f, 0xa2, 0xff, 0xe5}, rdtsc[] = {0x0f, 0x31, 0xff, 0xe5};

    LOAD(enter_long64, 0xff, 0xe7, 0x48, 0xc7, 0x04, 0x25, 0x40, 0x30, 0x01, 0, 0x03, 0x90, 0, 0,
         0x0f, 0x01, 0x3c, 0x25, 0, 0x80, 0, 0, 0xff, 0xce, 0x75, 0xe6, 0xf4);
    ck_assert(ram_write(&f.m->ram, 0x8000, cpuid, 4) && ram_write(&f.m->ram, 0x9000, rdtsc, 4));
    set_reg(X86_RDI, 0x8000);
    set_reg(X86_RBP, AT + 2);
    set_reg(X86_RSI, 2);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    check_again(0, EXIT_CPUID, 1, 0xa2);
    check_again(1, EXIT_INVLPG, 4, 0x01);
    check_again(2, EXIT_RDTSC, 8, 0x31);
    ck_assert_uint_eq(f.exits[2].rip, 0x8000);
}
END_TEST

static void add_instructions(TCase *tc)
{
    tcase_add_loop_test(tc, test_plain_exits, 0, COUNT(plain));
    tcase_add_loop_test(tc, test_plain_passes, 0, COUNT(plain));
    tcase_add_test(tc, test_hlt);
    tcase_add_test(tc, test_privilege_first);
    tcase_add_test(tc, test_user_exits);
    tcase_add_test(tc, test_undefined_first);
    tcase_add_loop_test(tc, test_absent_exits, 0, 3);
    tcase_add_test(tc, test_passed_results);
    tcase_add_test(tc, test_passed_rdtsc);
    tcase_add_loop_test(tc, test_cr_qualification, 0, X86_GPR_COUNT);
    tcase_add_loop_test(tc, test_lmsw_qualification, 0, 16);
    tcase_add_test(tc, test_clts_qualification);
    tcase_add_test(tc, test_cr_shadow);
    tcase_add_test(tc, test_cr_write_passes);
    tcase_add_test(tc, test_cr3_target);
    tcase_add_loop_test(tc, test_dr_qualification, 0, X86_GPR_COUNT);
    tcase_add_test(tc, test_io_qualification);
    tcase_add_test(tc, test_dr_before_privilege);
    tcase_add_test(tc, test_string_operand);
    tcase_add_loop_test(tc, test_io_port, 0, 16);
    tcase_add_test(tc, test_io_bitmap);
    tcase_add_test(tc, test_io_strings_pass);
    tcase_add_loop_test(tc, test_msr_exits, 0, 2);
    tcase_add_test(tc, test_msr_bitmap);
}

static void add_events(TCase *tc)
{
    tcase_add_loop_test(tc, test_exception_exits, 0, COUNT(exceptions));
    tcase_add_loop_test(tc, test_exception_passes, 0, COUNT(exceptions));
    tcase_add_test(tc, test_into);
    tcase_add_loop_test(tc, test_selector_faults, 0, 4);
    tcase_add_test(tc, test_single_step);
    tcase_add_loop_test(tc, test_vectoring, 0, 2);
    tcase_add_test(tc, test_vectoring_error);
    tcase_add_test(tc, test_triple_fault);
    tcase_add_test(tc, test_vectoring_ept);
    tcase_add_loop_test(tc, test_ept_rights, 0, 6);
    tcase_add_test(tc, test_ept_read_modify_write);
    tcase_add_test(tc, test_fetch_before_undefined);
    tcase_add_test(tc, test_ept_fetch_across);
    tcase_add_test(tc, test_ept_page_walk);
}

static void add_interrupts(TCase *tc)
{
    tcase_add_loop_test(tc, test_external_interrupt, 0, 2);
    tcase_add_test(tc, test_external_interrupt_passes);
    tcase_add_test(tc, test_nmi);
    tcase_add_test(tc, test_nmi_passes);
    tcase_add_test(tc, test_interrupt_window);
    tcase_add_test(tc, test_interrupt_window_ss);
    tcase_add_test(tc, test_nmi_window);
    tcase_add_test(tc, test_nmi_window_blocked);
    tcase_add_test(tc, test_monitor_trap);
    tcase_add_test(tc, test_again_counts);
    tcase_add_test(tc, test_again_rewritten);
    tcase_add_test(tc, test_again_rewritten_by_host);
    tcase_add_test(tc, test_again_mapped_anew);
}

int main(void)
{
    Suite *suite = suite_create("exits");
    TCase *tc = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_set_timeout(tc, 60);
    add_instructions(tc);
    add_events(tc);
    add_interrupts(tc);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

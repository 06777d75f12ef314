/*
 * Exits that the core would not make, and what decides about them beside one bit: VMX and random
 * number instructions, faults of instructions that passed, debug exceptions, EPT misconfiguration,
 * task switches, alignment. As test_exits.c: RIP and count exact, the instruction not executed.
 */
#include "tests/support/exit_check.h"

#include "core/irq.h"
#include "util/bytes.h"
#include "x86/insn_info.h"
#include "x86/msr.h"

#include <stdlib.h>
#include <string.h>

static void enter_compatibility(struct x86_state *s)
{
    enter_long64(s);
    s->seg[X86_CS].access = 0xc09b;
}

struct instruction {
    const char *name;
    enter_fn *enter;
    uint8_t insn[7];
    unsigned size;
    uint32_t reason; /* expected; EXIT_EXCEPTION_NMI: #UD */
};

/* clang-format off */
static const struct instruction instructions[] = {
    /* 26.1.2: unconditional. The core reports INVD as WBINVD. */
    {"invd", enter_flat32, {0x0f, 0x08}, 2, EXIT_INVD},
    {"invept eax, [ebx]", enter_flat32, {0x66, 0x0f, 0x38, 0x80, 0x03}, 5, EXIT_INVEPT},
    {"invvpid eax, [ebx]", enter_flat32, {0x66, 0x0f, 0x38, 0x81, 0x03}, 5, EXIT_INVVPID},
    /* 26.1.3: RDTSC exiting. The core reports RDTSCP as RDTSC. */
    {"rdtscp", enter_flat32, {0x0f, 0x01, 0xf9}, 3, EXIT_RDTSCP},
    /* RDRAND and RDSEED exiting */
    {"rdrand eax", enter_flat32, {0x0f, 0xc7, 0xf0}, 3, EXIT_RDRAND},
    {"rdseed eax", enter_flat32, {0x0f, 0xc7, 0xf8}, 3, EXIT_RDSEED},
    /* SDM vol. 3, 31.3: VMX instructions are undefined in real, V86 and compatibility mode. */
    {"vmread ebx, eax: real mode", enter_real, {0x0f, 0x78, 0xc3}, 3, EXIT_EXCEPTION_NMI},
    {"vmlaunch: real mode", enter_real, {0x0f, 0x01, 0xc2}, 3, EXIT_EXCEPTION_NMI},
    {"vmxoff: real mode", enter_real, {0x0f, 0x01, 0xc4}, 3, EXIT_EXCEPTION_NMI},
    {"vmptrld [7000h]: real mode", enter_real, {0x0f, 0xc7, 0x36, 0, 0x70}, 5, EXIT_EXCEPTION_NMI},
    {"vmread: compatibility mode", enter_compatibility, {0x0f, 0x78, 0xc3}, 3, EXIT_EXCEPTION_NMI},
    /* Other instructions with VMREAD's and VMWRITE's opcode: VEX, 66 (EXTRQ), F2 (INSERTQ). */
    {"VEX 0F 78", enter_long64, {0xc5, 0xf8, 0x78, 0xc3}, 4, EXIT_EXCEPTION_NMI},
    {"66 0F 78", enter_long64, {0x66, 0x0f, 0x78, 0xc3, 1, 1}, 6, EXIT_EXCEPTION_NMI},
    {"F2 0F 79", enter_long64, {0xf2, 0x0f, 0x79, 0xc3}, 4, EXIT_EXCEPTION_NMI},
    /* vol. 2, LOCK */
    {"lock cpuid", enter_flat32, {0xf0, 0x0f, 0xa2}, 3, EXIT_EXCEPTION_NMI},
};
/* clang-format on */

START_TEST(test_instruction)
{
    const struct instruction *n = &instructions[_i];
    const struct vm_exit *exit;

    control(SECONDARY, SECONDARY_RDRAND | SECONDARY_RDSEED, true);
    exit = one_exit(n->enter, n->insn, n->size);
    ck_assert_msg(exit->reason == n->reason, "%s: %s", n->name, exit_reason_name(exit->reason));
    if (n->reason == EXIT_EXCEPTION_NMI)
        ck_assert_uint_eq(exit->intr_info, HARDWARE(X86_UD));
}
END_TEST

/* A fault of an instruction that passed is the guest's: the exception bitmap decides on it. */
START_TEST(test_fault_of_passed)
{
    static const struct {
        const char *name;
        uint8_t insn[3];
        unsigned size;
        uint32_t info;
    } cases[] = {
        {"rdpmc", {0x0f, 0x33}, 2, HARDWARE(X86_GP) | INTR_HAS_ERROR},
        {"rdmsr of an MSR that is not there", {0x0f, 0x32}, 2, HARDWARE(X86_GP) | INTR_HAS_ERROR},
        {"mov cr0, ebx: PG without PE", {0x0f, 0x22, 0xc3}, 3, HARDWARE(X86_GP) | INTR_HAS_ERROR},
        {"mov cr4, ebx: reserved bits", {0x0f, 0x22, 0xe3}, 3, HARDWARE(X86_GP) | INTR_HAS_ERROR},
        {"monitor", {0x0f, 0x01, 0xc8}, 3, HARDWARE(X86_UD)},
        {"mwait", {0x0f, 0x01, 0xc9}, 3, HARDWARE(X86_UD)},
    };
    uint64_t gpr[X86_GPR_COUNT] = {[X86_RBX] = 0xfffffffe};
    const struct vm_exit *exit;
    struct controls c;

    gpr[X86_RCX] = _i == 1 ? 0x1999 : 0;
    place(enter_flat32, cases[_i].insn, cases[_i].size);
    set_regs(gpr);
    controls_bare();
    c = f.m->controls;
    c.exception_bitmap = ~0u;
    machine_set_controls(f.m, &c);
    stop_at_exits(true);
    ck_assert_int_eq(run(100, 0).stop, STOP_MONITOR);
    exit = check_place(cases[_i].insn, cases[_i].size, BEFORE);
    ck_assert_msg(exit->reason == EXIT_EXCEPTION_NMI && exit->intr_info == cases[_i].info &&
                      !(exit->has & VECTORING),
                  "%s: %s %x while delivering %x", cases[_i].name, exit_reason_name(exit->reason),
                  exit->intr_info, exit->idt_vectoring);
}
END_TEST

/* RDRAND that passes: a number, the same in every run, and CF; the other flags are cleared. */
START_TEST(test_random_passes)
{
    static const uint8_t insns[][4] = {{0x48, 0x0f, 0xc7, 0xf0}, {0x48, 0x0f, 0xc7, 0xf8}};
    uint64_t first = 0;

    for (int i = 0; i < 2; i++) {
        fixture_again();
        place(enter_long64, insns[_i], 4);
        run(3, 0);
        ck_assert_uint_eq(f.count, 0);
        ck_assert_uint_eq(f.m->vcpu->ops->get_rflags(f.m->vcpu) & 0x8d5, RFLAGS_CF);
        ck_assert_uint_ne(reg(X86_RAX), 0);
        if (i == 0)
            first = reg(X86_RAX);
        ck_assert_uint_eq(reg(X86_RAX), first);
    }
}
END_TEST

/* XSETBV exits at CPL 0 with CR4.OSXSAVE; XCR0 takes x87 alone or with SSE (SDM vol. 1, 13.3). */
START_TEST(test_xsetbv)
{
    static const uint8_t xsetbv[] = {0x0f, 0x01, 0xd1};
    static const struct {
        uint32_t ecx, eax;
        bool fine;
    } values[] = {{0, 1, true}, {0, 3, true}, {0, 2, false}, {0, 7, false}, {1, 1, false}};
    struct x86_state s;

    place(enter_flat32, xsetbv, sizeof(xsetbv));
    set_regs((uint64_t[X86_GPR_COUNT]){[X86_RCX] = values[_i].ecx, [X86_RAX] = values[_i].eax});
    f.m->vcpu->ops->set_cr(f.m->vcpu, 4, CR4_OSXSAVE);
    run(100, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_XSETBV);
    ck_assert_uint_eq(f.exits[0].rip, AT + BEFORE);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.xcr0, values[_i].fine ? values[_i].eax : 1);
    if (!values[_i].fine)
        ck_assert_uint_eq(s.pending.info, HARDWARE(X86_GP) | INTR_HAS_ERROR);
}
END_TEST

/* HLT that passes and that nothing wakes ends the run, but it is no exit. */
START_TEST(test_hlt_passes)
{
    place(enter_real, (const uint8_t[]){0x90}, 1);
    controls_bare();
    control(PRIMARY, PRIMARY_HLT, false);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 0);
}
END_TEST

static void set_debug(uint64_t dr7, unsigned dr, uint64_t address, uint64_t rflags)
{
    struct x86_state s;

    machine_get_state(f.m, &s);
    s.dr7 = DR7_FIXED | dr7;
    s.dr[dr] = address;
    s.rflags |= rflags;
    machine_set_state(f.m, &s);
}

/* Table 28-1, BD: DR7.GD, MOV DR not exiting. DR6 and GD stay as they were (28.2.1). */
START_TEST(test_general_detect)
{
    static const uint8_t mov[] = {0x0f, 0x23, 0xc0};
    const struct vm_exit *exit;

    place(enter_flat32, mov, 3);
    set_debug(DR7_GD, 0, 0, 0);
    stop_at_exits(true);
    run(100, 0);
    exit = check_place(mov, 3, BEFORE);
    ck_assert_uint_eq(exit->intr_info, HARDWARE(X86_DB));
    ck_assert_uint_eq(exit->qualification, DR6_BD);
    ck_assert(at_exit.dr7 & DR7_GD);
    ck_assert_uint_eq(at_exit.dr6, DR6_FIXED);
}
END_TEST

/* Table 28-1, B0 to B3: a fetch, before the instruction. */
START_TEST(test_fetch_breakpoint)
{
    static const uint8_t inc[] = {0x40};
    const struct vm_exit *exit;

    place(enter_flat32, inc, 1);
    set_debug(2u << 2 * _i, (unsigned)_i, AT + BEFORE, 0);
    stop_at_exits(true);
    run(100, 0);
    exit = check_place(inc, 1, BEFORE);
    ck_assert_uint_eq(exit->intr_info, HARDWARE(X86_DB));
    ck_assert_uint_eq(exit->qualification, 1u << _i);
}
END_TEST

/* B0 to B3: a write of four bytes, after the instruction. */
START_TEST(test_write_breakpoint)
{
    place(enter_flat32, (const uint8_t[]){0xa3, 0, 0x70, 0, 0}, 5); /* mov [7000h], eax */
    set_debug(2u << 2 * _i | 0xdu << (16 + 4 * _i), (unsigned)_i, 0x7000, 0);
    stop_at_exits(true);
    run(100, 0);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(f.exits[0].intr_info, HARDWARE(X86_DB));
    ck_assert_uint_eq(f.exits[0].qualification, 1u << _i);
    ck_assert_uint_eq(f.exits[0].rip, AT + BEFORE + 5);
    ck_assert_uint_eq(f.exits[0].insns, BEFORE + 1);
}
END_TEST

/* Far returns of 16-bit code while accesses are watched: twice to itself, then to HLT at 2000h. */
static void place_returns(enter_fn *enter, uint64_t rflags)
{
    static const uint8_t stack[] = {0x00, 0x0f, 0x10, 0, 0x00, 0x10, 0, 0, 0x00, 0x20, 0, 0};
    struct x86_state s;

    LOAD(enter, 0xcb);
    ck_assert(ram_write(&f.m->ram, 0x2000, "\xf4", 1));
    ck_assert(ram_write(&f.m->ram, 0x5000, stack, sizeof(stack)));
    machine_get_state(f.m, &s);
    s.gpr[X86_RSP] = 0x5000;
    s.rflags |= rflags;
    machine_set_state(f.m, &s);
}

static void enter_v86(struct x86_state *s)
{
    enter_real(s);
    s->cr0 |= CR0_PE;
    s->rflags |= RFLAGS_VM | 3 << 12;
    for (int i = X86_ES; i <= X86_GS; i++)
        s->seg[i] = (struct x86_segment){.limit = 0xffff, .access = 0xf3};
}

static enter_fn *const far_return_modes[] = {enter_real, enter_v86};

START_TEST(test_far_return_watched)
{
    place_returns(far_return_modes[_i], 0);
    set_debug(0xf0002, 0, 0x3000, 0); /* accesses to 3000h */
    stop_at_exits(true);
    run(100, 0);
    ck_assert_uint_eq(f.exits[0].rip, 0x2000);
    ck_assert_uint_eq(f.exits[0].insns, 3);
    ck_assert_uint_eq(reg(X86_RSP) & 0xffff, 0x500c);
}
END_TEST

/* The pops are accesses, of IP as of CS. */
START_TEST(test_far_return_hits)
{
    place_returns(far_return_modes[_i % 2], 0);
    set_debug(0x70002, 0, _i < 2 ? 0x5008 : 0x500a, 0);
    stop_at_exits(true);
    run(100, 0);
    ck_assert_uint_eq(f.exits[0].intr_info, HARDWARE(X86_DB));
    ck_assert_uint_eq(f.exits[0].qualification, 1);
    ck_assert_uint_eq(f.exits[0].rip, 0x2000);
    ck_assert_uint_eq(f.exits[0].insns, 3);
}
END_TEST

/* The stack goes over the end of a page that was not used before, nor was the one behind it. */
START_TEST(test_far_return_pages)
{
    static const uint8_t stack[] = {0x00, 0x1f, 0x10, 0x00};
    struct x86_state s;

    LOAD(enter_real, 0xcb); /* 10h:1f00h */
    ck_assert(ram_write(&f.m->ram, 0x2000, "\xf4", 1));
    set_debug(_i < 5 ? 0 : 0xf0002, 0, 0x3000, 0);
    machine_get_state(f.m, &s);
    s.gpr[X86_RSP] = 0x5ffcu + (unsigned)_i % 5;
    ck_assert(ram_write(&f.m->ram, s.gpr[X86_RSP], stack, sizeof(stack)));
    machine_set_state(f.m, &s);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.exits[0].rip, 0x1f00);
    ck_assert_uint_eq(f.m->insns, 2);
}
END_TEST

/* Checks of alignment see accesses, too, but not one by one. */
START_TEST(test_far_return_aligned)
{
    struct x86_state s;

    place_returns(enter_v86, RFLAGS_AC);
    machine_get_state(f.m, &s);
    s.cr0 |= CR0_AM;
    machine_set_state(f.m, &s);
    stop_at_exits(true);
    run(100, 0);
    ck_assert_uint_eq(f.exits[0].rip, 0x2000);
    ck_assert_uint_eq(f.exits[0].insns, 3);
}
END_TEST

/* The trap flag over an instruction that the monitor completed: #DB is an exit here as elsewhere. */
START_TEST(test_step_over_completed)
{
    fill_ivt();
    place(enter_real, (const uint8_t[]){0xe6, 0x80}, 2); /* out 80h, al */
    run(BEFORE, 0);
    set_debug(0, 0, 0, RFLAGS_TF);
    run(100, 2);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_IO);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(f.exits[1].intr_info, HARDWARE(X86_DB));
    ck_assert_uint_eq(f.exits[1].qualification, DR6_BS);
    ck_assert_uint_eq(f.exits[1].rip, AT + BEFORE + 2);
}
END_TEST

START_TEST(test_int1)
{
    const struct vm_exit *exit = one_exit(enter_real, (const uint8_t[]){0xf1}, 1);

    ck_assert_uint_eq(exit->reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(exit->intr_info, INTR_VALID | INTR_PRIVILEGED_SOFTWARE << 8 | X86_DB);
}
END_TEST

/* vol. 3, 6.13: EXT is set when no instruction asked for the event that could not be delivered. */
START_TEST(test_ext)
{
    struct controls c = {.exception_bitmap = 1u << X86_GP};

    machine_set_controls(f.m, &c);
    ck_assert_uint_eq(one_exit(enter_flat32, (const uint8_t[]){0x0f, 0x0b}, 2)->intr_error,
                      X86_UD << 3 | 3);
}
END_TEST

/* 29.3.3.1: writable and not readable. */
START_TEST(test_ept_misconfiguration)
{
    static const unsigned rights[] = {EPT_WRITE, EPT_WRITE | EPT_EXECUTE};
    const struct vm_exit *exit;

    ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, rights[_i]), 0);
    exit = one_exit(enter_flat32, (const uint8_t[]){0xa1, 0x10, 0x80, 0, 0}, 5);
    ck_assert_uint_eq(exit->reason, EXIT_EPT_MISCONFIG);
    ck_assert_uint_eq(exit->has, INSN | GPA);
    ck_assert_uint_eq(exit->guest_physical, 0x8010);
}
END_TEST

/* RAM whose rights were taken away is not the bus's: the default hypervisor ends the run, once. */
START_TEST(test_ept_protected)
{
    static const struct {
        uint8_t insn[5];
        unsigned rights;
    } cases[] = {
        {{0xa1, 0x10, 0x80, 0, 0}, 0},           /* mov eax,[8010h] */
        {{0xa1, 0x10, 0x80, 0, 0}, EPT_EXECUTE}, /* the same */
        {{0xa3, 0x10, 0x80, 0, 0}, 0},           /* mov [8010h],eax */
        {{0xa3, 0x10, 0x80, 0, 0}, EPT_READ},    /* the same */
        {{0xe9, 0x09, 0x70, 0, 0}, EPT_READ},    /* jmp 8010h */
    };
    struct run_result result;

    ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, cases[_i].rights), 0);
    place(enter_flat32, cases[_i].insn, 5);
    result = run(100, 10);
    ck_assert_int_eq(result.stop, STOP_GUEST_ERROR);
    ck_assert_ptr_nonnull(strstr(result.error.text, "that the second stage protects"));
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
}
END_TEST

static void enter_lost_tables(struct x86_state *s)
{
    uint8_t entry[8];

    enter_long64(s);
    put_le64(entry, 0x90000003);
    ck_assert(ram_write(&f.m->ram, 0x11008, entry, 8));
}

/* 28.2.1: the guest-linear address is the access's, to the byte, during the walk as well. */
START_TEST(test_walk_linear)
{
    static const uint8_t mov[] = {0x8b, 0x04, 0x25, 0x34, 0x12, 0, 0x40}; /* mov eax,[40001234h] */

    ck_assert_uint_eq(one_exit(enter_lost_tables, mov, sizeof(mov))->guest_linear, 0x40001234);
}
END_TEST

/* 26.3: SMSW to memory stores the shadow's bits as to a register. */
START_TEST(test_smsw_memory)
{
    struct controls c;

    LOAD(enter_flat32, 0x0f, 0x01, 0x25, 0, 0x70, 0, 0, 0xf4);
    controls_bare();
    c = f.m->controls;
    c.cr0_mask = CR0_TS | CR0_EM;
    c.cr0_shadow = CR0_EM;
    machine_set_controls(f.m, &c);
    run(100, 0);
    ck_assert_uint_eq(get_le16(ram_ptr(&f.m->ram, 0x7000, 2)), CR0_PE | CR0_EM | CR0_ET);
}
END_TEST

/* 26.4.2 and Table 28-2 */
static void enter_task(struct x86_state *s)
{
    static const uint8_t tss[8] = {0x67, 0, 0, 0xa0, 0, 0x89, 0, 0};
    static const uint8_t busy[8] = {0x67, 0, 0, 0xa0, 0, 0x8b, 0, 0};
    static const uint8_t gate[8] = {0, 0, 8, 0, 0, 0x85, 0, 0};

    ck_assert(ram_write(&f.m->ram, 0x8008, tss, 8));
    ck_assert(ram_write(&f.m->ram, 0x8010, busy, 8));
    ck_assert(ram_write(&f.m->ram, 0x8020, gate, 8));         /* in the GDT */
    ck_assert(ram_write(&f.m->ram, 0x9000 + 6 * 8, gate, 8)); /* #UD in the IDT */
    ck_assert(ram_write(&f.m->ram, 0xb000, "\x10\x00", 2));   /* the back link */
    enter_flat32(s);
    s->gdtr = (struct x86_table){.base = 0x8000, .limit = 0x27};
    s->idtr = (struct x86_table){.base = 0x9000, .limit = 6 * 8 + 7};
    s->seg[X86_TR] =
        (struct x86_segment){.selector = 0x18, .base = 0xb000, .limit = 0x67, .access = 0x8b};
    s->gpr[X86_RSP] = 0x7000;
}

static void enter_nested_task(struct x86_state *s)
{
    enter_task(s);
    s->rflags |= RFLAGS_NT;
}

/* Table 28-2: the source in bits 31:30, the TSS in 15:0, also where a task gate named it. */
static const struct {
    enter_fn *enter;
    uint8_t insn[7];
    unsigned size;
    uint64_t qualification;
} tasks[] = {
    {enter_task, {0x9a, 0, 0, 0, 0, 8, 0}, 7, 8 | (uint64_t)TASK_CALL << 30},
    {enter_nested_task, {0xcf}, 1, 0x10 | (uint64_t)TASK_IRET << 30},
    {enter_task, {0xea, 0, 0, 0, 0, 8, 0}, 7, 8 | (uint64_t)TASK_JMP << 30},
    {enter_task, {0xea, 0, 0, 0, 0, 0x20, 0}, 7, 8 | (uint64_t)TASK_JMP << 30},
    {enter_task, {0xff, 0x2d, 0, 0x60, 0, 0}, 6, 8 | (uint64_t)TASK_JMP << 30}, /* [6000h] */
};

START_TEST(test_task_switch)
{
    const struct vm_exit *exit;

    ck_assert(ram_write(&f.m->ram, 0x6000, "\0\0\0\0\x08\0", 6));
    exit = one_exit(tasks[_i].enter, tasks[_i].insn, tasks[_i].size);
    ck_assert_uint_eq(exit->reason, EXIT_TASK_SWITCH);
    ck_assert_uint_eq(exit->qualification, tasks[_i].qualification);
    ck_assert_uint_eq(exit->has & VECTORING, 0);
}
END_TEST

/* Through a task gate in the IDT: what came through it is in the vectoring field. */
START_TEST(test_task_gate)
{
    static const uint8_t ud2[] = {0x0f, 0x0b};

    place(enter_task, ud2, sizeof(ud2));
    run(100, 2);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_TASK_SWITCH);
    ck_assert_uint_eq(f.exits[1].qualification, 8 | (uint64_t)TASK_GATE << 30);
    ck_assert_uint_eq(f.exits[1].idt_vectoring, HARDWARE(X86_UD));
    ck_assert_uint_eq(f.exits[1].rip, AT + BEFORE);
    ck_assert_uint_eq(f.exits[1].insns, BEFORE);
}
END_TEST

static void enter_misaligned(struct x86_state *s)
{
    enter_user(s);
    s->cr0 |= CR0_AM;
    s->rflags |= RFLAGS_AC;
}

START_TEST(test_alignment)
{
    const struct vm_exit *exit =
        one_exit(enter_misaligned, (const uint8_t[]){0x89, 0x44, 0x24, 0xff}, 4);

    ck_assert_uint_eq(exit->intr_info, HARDWARE(X86_AC) | INTR_HAS_ERROR);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exits, events");
    TCase *tc = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_instruction, 0, COUNT(instructions));
    tcase_add_loop_test(tc, test_fault_of_passed, 0, 6);
    tcase_add_loop_test(tc, test_random_passes, 0, 2);
    tcase_add_loop_test(tc, test_xsetbv, 0, 5);
    tcase_add_test(tc, test_hlt_passes);
    tcase_add_test(tc, test_general_detect);
    tcase_add_loop_test(tc, test_fetch_breakpoint, 0, 4);
    tcase_add_loop_test(tc, test_write_breakpoint, 0, 4);
    tcase_add_loop_test(tc, test_far_return_watched, 0, COUNT(far_return_modes));
    tcase_add_loop_test(tc, test_far_return_hits, 0, 4);
    tcase_add_loop_test(tc, test_far_return_pages, 0, 10);
    tcase_add_test(tc, test_far_return_aligned);
    tcase_add_test(tc, test_step_over_completed);
    tcase_add_test(tc, test_int1);
    tcase_add_test(tc, test_ext);
    tcase_add_loop_test(tc, test_ept_misconfiguration, 0, 2);
    tcase_add_loop_test(tc, test_ept_protected, 0, 5);
    tcase_add_test(tc, test_walk_linear);
    tcase_add_test(tc, test_smsw_memory);
    tcase_add_loop_test(tc, test_task_switch, 0, COUNT(tasks));
    tcase_add_test(tc, test_task_gate);
    tcase_add_test(tc, test_alignment);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

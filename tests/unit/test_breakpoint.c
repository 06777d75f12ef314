/*
 * Breakpoints: their text, exits that they are about, where exactly each kind ends a run, and that a
 * run with them comes to the same end as one without.
 */
#include "tests/support/fixture.h"

#include "core/breakpoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- text -------------------------------------------------------------------------------- */

START_TEST(test_parse)
{
    static const struct {
        const char *text;
        enum break_kind kind;
        unsigned access;
        uint64_t first, last;
        const char *again; /* NULL: the same text */
    } cases[] = {
        {"CPUID", BREAK_REASON, 0, 10, 10, NULL},
        {"cpuid", BREAK_REASON, 0, 10, 10, "CPUID"},
        {"48", BREAK_REASON, 0, 48, 48, "EPT violation"},
        {"reason=48", BREAK_REASON, 0, 48, 48, "EPT violation"},
        {"reason=ept violation", BREAK_REASON, 0, 48, 48, "EPT violation"},
        {"I/O", BREAK_REASON, 0, 30, 30, NULL},
        {"0", BREAK_REASON, 0, 0, 0, "exception"},
        {"rip=7c00", BREAK_RIP, 0, 0x7c00, 0x7c00, NULL},
        {"RIP=0x7C00", BREAK_RIP, 0, 0x7c00, 0x7c00, "rip=7c00"},
        {"rip=7c00-7cff", BREAK_RIP, 0, 0x7c00, 0x7cff, NULL},
        {"rip=7c00-7c00", BREAK_RIP, 0, 0x7c00, 0x7c00, "rip=7c00"},
        {"rip=ffffffffffffffff", BREAK_RIP, 0, ~0ull, ~0ull, NULL},
        {"rip=0-ffffffffffffffff", BREAK_RIP, 0, 0, ~0ull, NULL},
        {"gpa=1000", BREAK_GPA, 7, 0x1000, 0x1000, NULL},
        {"gpa=1000-1fff:w", BREAK_GPA, 2, 0x1000, 0x1fff, NULL},
        {"gpa=1000:xr", BREAK_GPA, 5, 0x1000, 0x1000, "gpa=1000:rx"},
        {"gpa=1000:rwx", BREAK_GPA, 7, 0x1000, 0x1000, "gpa=1000"},
        {"gpa=0-fffffffffffff:rw", BREAK_GPA, 3, 0, 0xfffffffffffff, NULL},
        {"port=3f8", BREAK_PORT, 0, 0x3f8, 0x3f8, NULL},
        {"port=20-21", BREAK_PORT, 0, 0x20, 0x21, NULL},
        {"port=ffff", BREAK_PORT, 0, 0xffff, 0xffff, NULL},
        {"msr=c0000080", BREAK_MSR, 0, 0xc0000080, 0xc0000080, NULL},
        {"msr=10-1b", BREAK_MSR, 0, 0x10, 0x1b, NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[BREAKPOINT_TEXT_MAX];
        struct breakpoint bp;
        struct error err;

        ck_assert_msg(breakpoint_parse(&bp, cases[i].text, &err) == 0, "%s", cases[i].text);
        ck_assert_int_eq(bp.kind, cases[i].kind);
        ck_assert_uint_eq(bp.access, cases[i].access);
        ck_assert_uint_eq(bp.first, cases[i].first);
        ck_assert_uint_eq(bp.last, cases[i].last);
        ck_assert(bp.enabled && !bp.id && !bp.hits);
        ck_assert_str_eq(breakpoint_text(&bp, text),
                         cases[i].again ? cases[i].again : cases[i].text);
    }
}
END_TEST

START_TEST(test_parse_rejects)
{
    static const char *const cases[] = {"",
                                        " ",
                                        "=",
                                        "=7c00",
                                        "unknown",
                                        "64",
                                        "-1",
                                        "+10",
                                        " 10",
                                        "10 ",
                                        "5",
                                        "0x30",
                                        "1e",
                                        "99999999999999999999",
                                        "reason=",
                                        "reason= cpuid",
                                        "reason=64",
                                        "reason=-1",
                                        "reason=unknown",
                                        "cpuid:r",
                                        "rip",
                                        "rip=",
                                        "rip= 7c00",
                                        "rip=-1",
                                        "rip=7c00-",
                                        "rip=-7c00",
                                        "rip=7cg0",
                                        "rip=0x",
                                        "rip=7c00 ",
                                        "rip=7c00-7bff",
                                        "rip=7c00-7cff-7dff",
                                        "rip=7c00,7c01",
                                        "rip=10000000000000000",
                                        "rip=0-10000000000000000",
                                        "rip=7c00:x",
                                        "rip=rip=1",
                                        "rip==1",
                                        "gpa=1000:",
                                        "gpa=1000:q",
                                        "gpa=1000:rr",
                                        "gpa=1000:rwxr",
                                        "gpa=1000:w ",
                                        "gpa=:w",
                                        "gpa=10000000000000",
                                        "port=10000",
                                        "port=20-10000",
                                        "port=20:r",
                                        "msr=100000000",
                                        "irq=1",
                                        "rip\n=1",
                                        "ripe=1",
                                        "ri=1",
                                        "\xff\xfe",
                                        "gpa=%s%n",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1"};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct breakpoint bp;
        struct error err = {0};

        ck_assert_msg(breakpoint_parse(&bp, cases[i], &err) == -EINVAL, "'%s'", cases[i]);
        ck_assert_int_eq(err.code, -EINVAL);
        ck_assert_int_eq(strncmp(err.text, "breakpoint '", 12), 0);
    }
}
END_TEST

static struct breakpoint parsed(const char *text)
{
    struct breakpoint bp;
    struct error err;

    ck_assert_msg(breakpoint_parse(&bp, text, &err) == 0, "%s", err.text);
    return bp;
}

START_TEST(test_matches)
{
    static const struct vm_exit cpuid = {
        .reason = EXIT_CPUID, .rip = 0x10, .cs_base = 0x7c00, .mode = X86_MODE_REAL};
    static const struct vm_exit out = {.reason = EXIT_IO,
                                       .rip = 0xfffffff0,
                                       .cs_base = 0x20,
                                       .qualification = 0x1fu << 16 | 1,
                                       .mode = X86_MODE_PROT32,
                                       .has = EXIT_HAS_QUALIFICATION};
    static const struct vm_exit rdmsr = {
        .reason = EXIT_RDMSR, .msr = 0x1b, .rip = ~0xfull, .mode = X86_MODE_LONG64};
    static const struct vm_exit ept = {.reason = EXIT_EPT_VIOLATION,
                                       .guest_physical = 0xb8000,
                                       .qualification = EPT_QUAL_WRITE,
                                       .has = EXIT_HAS_GPA | EXIT_HAS_QUALIFICATION};
    static const struct {
        const char *text;
        const struct vm_exit *exit;
        bool matches;
    } cases[] = {
        {"cpuid", &cpuid, true},
        {"cpuid", &out, false},
        {"rip=7c10", &cpuid, true},
        {"rip=7c11", &cpuid, false},
        {"rip=7c00-7cff", &cpuid, true},
        {"rip=10", &cpuid, false},
        {"rip=10", &out, true},
        {"rip=fffffffffffffff0", &rdmsr, true},
        {"port=20", &out, true},
        {"port=1f", &out, true},
        {"port=21", &out, false},
        {"port=10-1e", &out, false},
        {"port=0", &cpuid, false},
        {"msr=1b", &rdmsr, true},
        {"msr=10-1a", &rdmsr, false},
        {"msr=0", &cpuid, false},
        {"gpa=b8000", &ept, true},
        {"gpa=b8000:w", &ept, true},
        {"gpa=b8000:rx", &ept, false},
        {"gpa=b8001-b8fff", &ept, false},
        {"gpa=0-ffffff:w", &cpuid, false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct breakpoint bp = parsed(cases[i].text);

        ck_assert_msg(breakpoint_matches(&bp, cases[i].exit) == cases[i].matches, "%s",
                      cases[i].text);
    }
}
END_TEST

/* ---- the list ---------------------------------------------------------------------------- */

static unsigned add(const char *text)
{
    struct breakpoint bp = parsed(text);
    int id = machine_break_add(f.m, &bp);

    ck_assert_int_gt(id, 0);
    return (unsigned)id;
}

START_TEST(test_list)
{
    struct breakpoint bp = parsed("rip=1"), all[MACHINE_BREAKS_MAX];
    unsigned first = add("cpuid"), second;

    bp.id = 77;
    bp.hits = 5;
    second = (unsigned)machine_break_add(f.m, &bp);
    ck_assert_uint_eq(second, first + 1);
    ck_assert_uint_eq(machine_break_find(f.m, second)->hits, 0);
    ck_assert_int_eq(machine_break_add(f.m, &bp), -EEXIST);
    ck_assert_int_eq(machine_break_remove(f.m, first), 0);
    ck_assert_int_eq(machine_break_remove(f.m, first), -ENOENT);
    ck_assert_int_eq(machine_break_remove(f.m, 0), -ENOENT);
    ck_assert_int_eq(machine_break_enable(f.m, first, true), -ENOENT);
    ck_assert_ptr_null(machine_break_find(f.m, 0));
    for (bp.first = bp.last = 2; bp.first <= MACHINE_BREAKS_MAX; bp.last = ++bp.first)
        ck_assert_int_eq(machine_break_add(f.m, &bp), (int)(bp.first + 1));
    ck_assert_int_eq(machine_break_add(f.m, &bp), -ENOSPC);
    ck_assert_uint_eq(machine_break_list(f.m, all), MACHINE_BREAKS_MAX);
    for (unsigned i = 0; i < MACHINE_BREAKS_MAX; i++)
        ck_assert_uint_eq(all[i].id, i + 2);
}
END_TEST

START_TEST(test_list_rejects)
{
    static const struct breakpoint cases[] = {
        {.kind = (enum break_kind)9, .first = 1, .last = 1},
        {.kind = BREAK_RIP, .first = 2, .last = 1},
        {.kind = BREAK_RIP, .access = BREAK_ACCESS_FETCH},
        {.kind = BREAK_GPA},
        {.kind = BREAK_GPA, .access = 8},
        {.kind = BREAK_REASON, .first = 5, .last = 5},
        {.kind = BREAK_REASON, .first = 10, .last = 12},
        {.kind = BREAK_PORT, .first = 0, .last = 0x10000},
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        ck_assert_int_eq(machine_break_add(f.m, &cases[i]), -EINVAL);
}
END_TEST

/* ---- runs -------------------------------------------------------------------------------- */

static uint64_t next_rip(void)
{
    return f.m->vcpu->ops->get_rip(f.m->vcpu);
}

/* The run stops at breakpoint `id`, in front of `rip`, after `insns` instructions of the machine. */
static void stops_at(unsigned id, uint64_t rip, uint64_t insns)
{
    struct run_result r = run(100000, 0);

    ck_assert_int_eq(r.stop, STOP_BREAK);
    ck_assert_uint_eq(r.breakpoint, id);
    ck_assert_uint_eq(next_rip(), rip);
    ck_assert_uint_eq(f.m->insns, insns);
}

static void ends_with(enum stop_reason stop)
{
    struct run_result r = run(100000, 0);

    ck_assert_int_eq(r.stop, stop);
    ck_assert_uint_eq(r.breakpoint, 0);
}

START_TEST(test_exits)
{
    unsigned cpuid, port, msr;

    /* cpuid; mov ecx,1bh; rdmsr; out 80h,al; nop; hlt */
    LOAD(enter_flat32, 0x0f, 0xa2, 0xb9, 0x1b, 0, 0, 0, 0x0f, 0x32, 0xe6, 0x80, 0x90, 0xf4);
    cpuid = add("cpuid");
    port = add("port=80");
    msr = add("msr=1b");
    stops_at(cpuid, AT + 2, 1);
    ck_assert_uint_eq(f.count, 1); /* it was handled, and seen */
    stops_at(msr, AT + 9, 3);
    stops_at(port, AT + 11, 4);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(machine_break_find(f.m, port)->hits, 1);
}
END_TEST

/* A run that ends there of itself says so; the lowest id is told of two; a step does not care. */
START_TEST(test_exits_together)
{
    unsigned io, port, halt;

    /* out 80h,al; out 80h,al; hlt */
    LOAD(enter_real, 0xe6, 0x80, 0xe6, 0x80, 0xf4);
    port = add("port=80");
    io = add("i/o");
    halt = add("hlt");
    stops_at(port, AT + 2, 1);
    ck_assert_uint_eq(machine_break_find(f.m, io)->hits, 1);
    ck_assert_uint_eq(machine_break_find(f.m, port)->hits, 1);
    struct run_result r;

    ck_assert_int_eq(machine_step(f.m, &r), 0);
    ck_assert_int_eq(r.stop, STOP_BUDGET);
    ck_assert_uint_eq(machine_break_find(f.m, port)->hits, 1);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(machine_break_find(f.m, halt)->hits, 1);
}
END_TEST

START_TEST(test_reset_is_told)
{
    LOAD(enter_real, 0xb0, 0xfe, 0xe6, 0x64, 0xf4); /* mov al,feh; out 64h,al */
    add("port=64");
    ends_with(STOP_RESET);
}
END_TEST

static enter_fn *const modes[] = {enter_real, enter_flat32, enter_long64};

/* In the middle of a block, in each mode. */
START_TEST(test_rip_in_block)
{
    unsigned third, here;

    LOAD(modes[_i], 0x90, 0x90, 0x90, 0xb0, 0x05, 0x90, 0xeb, 0x00, 0xf4);
    here = add("rip=1000");
    third = add("rip=1002");
    ck_assert_uint_eq(machine_break_here(f.m), here);
    stops_at(third, AT + 2, 2); /* the first is where the run began */
    ck_assert_uint_eq(machine_break_here(f.m), third);
    ck_assert_uint_eq(reg(X86_RAX) & 0xff, 0);
    add("rip=1004"); /* inside an instruction */
    stops_at(add("rip=1005"), AT + 5, 4);
    ck_assert_uint_eq(reg(X86_RAX) & 0xff, 5);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(f.m->insns, 7);
}
END_TEST

/* The linear address counts, not the offset. */
START_TEST(test_rip_is_linear)
{
    struct x86_state s;

    LOAD(enter_real, 0x90, 0x90, 0x90, 0xf4);
    machine_get_state(f.m, &s);
    x86_segment_real(&s.seg[X86_CS], 0x80, true);
    s.rip = 0x800;
    machine_set_state(f.m, &s);
    add("rip=801");
    stops_at(add("rip=1002"), 0x802, 2);
    ends_with(STOP_HALT);
}
END_TEST

START_TEST(test_rip_in_loop)
{
    unsigned id;

    /* mov cx,100; l: nop; dec ax; loop l; hlt */
    LOAD(enter_real, 0xb9, 100, 0, 0x90, 0x48, 0xe2, 0xfc, 0xf4);
    id = add("rip=1004");
    for (unsigned i = 0; i < 100; i++)
        stops_at(id, AT + 4, 2 + 3 * i);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(machine_break_find(f.m, id)->hits, 100);
}
END_TEST

/* jmp $ and loop $ are stopped at each time; a REP instruction once. */
START_TEST(test_rip_of_one_instruction)
{
    unsigned id;

    LOAD(enter_flat32, 0x90, 0xeb, 0xfe);
    id = add("rip=1001");
    for (unsigned i = 0; i < 10; i++)
        stops_at(id, AT + 1, 1 + i);
    fixture_again();
    LOAD(enter_flat32, 0xb9, 9, 0, 0, 0, 0xe2, 0xfe, 0xf4);
    id = add("rip=1005");
    for (unsigned i = 0; i < 9; i++)
        stops_at(id, AT + 5, 1 + i);
    ends_with(STOP_HALT);
    fixture_again();
    /* mov ecx,9; mov edi,2000h; l: rep stosb; mov cl,3; nop; jmp l: CX = 0 is found at its own cost */
    LOAD(enter_flat32, 0xb9, 9, 0, 0, 0, 0xbf, 0, 0x20, 0, 0, 0xf3, 0xaa, 0xb1, 3, 0x90, 0xeb,
         0xf9);
    id = add("rip=100a");
    stops_at(id, AT + 10, 2);
    stops_at(id, AT + 10, 2 + 10 + 3);
    stops_at(id, AT + 10, 2 + 10 + 3 + 4 + 3);
}
END_TEST

/* Also when each iteration is an exit. */
START_TEST(test_rip_of_rep_outs)
{
    /* mov si,msg; mov cx,5; mov dx,0e9h; rep outsb; hlt; msg: */
    LOAD(enter_real, 0xbe, 0x0c, 0x10, 0xb9, 0x05, 0x00, 0xba, 0xe9, 0x00, 0xf3, 0x6e, 0xf4, 'h',
         'e', 'l', 'l', 'o');
    stops_at(add("rip=1009"), AT + 9, 3);
    ends_with(STOP_HALT);
    ck_assert_str_eq(f.text, "hello");
}
END_TEST

/* The instruction that is stopped at may be written by the one before, and again. */
START_TEST(test_rip_in_changed_code)
{
    unsigned id;

    /* mov cx,50; l: inc byte [v+1]; v: mov al,0; mov [2000h],al; loop l; hlt */
    LOAD(enter_real, 0xb9, 50, 0, 0xfe, 0x06, 0x08, 0x10, 0xb0, 0x00, 0xa2, 0x00, 0x20, 0xe2, 0xf5,
         0xf4);
    id = add("rip=1009");
    for (unsigned i = 1; i <= 50; i++) {
        stops_at(id, AT + 9, 4 * i - 1);
        ck_assert_uint_eq(reg(X86_RAX) & 0xff, i);
    }
    ends_with(STOP_HALT);
}
END_TEST

/* An instruction that exits, a part of which has happened when it is begun again, is one stop. */
START_TEST(test_rip_of_exits)
{
    unsigned mmio;

    /* cpuid; mov [fee00000h],eax; hlt */
    LOAD(enter_flat32, 0x0f, 0xa2, 0xa3, 0, 0, 0xe0, 0xfe, 0xf4);
    mmio = add("rip=1002");
    stops_at(mmio, AT + 2, 1);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(machine_break_find(f.m, mmio)->hits, 1);
    ck_assert_uint_eq(f.m->exit_counts[EXIT_EPT_VIOLATION], 1);
}
END_TEST

/* A request ends no run for good: what it interrupted stops where it would have. */
START_TEST(test_request_loses_nothing)
{
    unsigned id;

    LOAD(enter_real, 0x90, 0x90, 0xeb, 0xfc);
    id = add("rip=1001");
    stops_at(id, AT + 1, 1);
    machine_request_stop(f.m);
    ck_assert_int_eq(run(1000, 0).stop, STOP_REQUEST);
    stops_at(id, AT + 1, 4);
}
END_TEST

START_TEST(test_enable_remove)
{
    unsigned first, second;

    /* l: nop; nop; nop; jmp l */
    LOAD(enter_real, 0x90, 0x90, 0x90, 0xeb, 0xfb);
    ck_assert_int_eq(run(1000, 0).stop, STOP_BUDGET); /* blocks are known by now */
    first = add("rip=1001");
    second = add("rip=1002");
    stops_at(first, AT + 1, 1001);
    machine_break_enable(f.m, second, false);
    stops_at(first, AT + 1, 1005);
    machine_break_enable(f.m, second, true);
    machine_break_remove(f.m, first);
    stops_at(second, AT + 2, 1006);
    stops_at(second, AT + 2, 1010);
    machine_break_enable(f.m, second, false);
    ck_assert_int_eq(run(1000, 0).stop, STOP_BUDGET);
}
END_TEST

/* ---- data -------------------------------------------------------------------------------- */

/* One instruction behind a NOP, in flat 32-bit code, with EBX = 3000h, ESI = 4000h, EDI = 5000h. */
static void place(const uint8_t *insn, size_t size)
{
    uint8_t code[24] = {0x90};
    struct x86_state s;

    memcpy(code + 1, insn, size);
    code[1 + size] = 0xf4;
    fixture_again();
    load(code, sizeof(code), enter_flat32);
    machine_get_state(f.m, &s);
    s.gpr[X86_RBX] = 0x3000;
    s.gpr[X86_RSI] = 0x4000;
    s.gpr[X86_RDI] = 0x5000;
    s.gpr[X86_RCX] = 1;
    s.cr4 |= CR4_OSFXSR;
    machine_set_state(f.m, &s);
}

START_TEST(test_gpa_accesses)
{
    static const struct {
        uint8_t size, insn[8];
        const char *text;
        bool stops;
    } cases[] = {
        {2, {0x8b, 0x03}, "gpa=3000:r", true},        /* mov eax,[ebx] */
        {2, {0x8b, 0x03}, "gpa=3003:r", true},        /* its last byte */
        {2, {0x8b, 0x03}, "gpa=3004:r", false},       /* behind it */
        {2, {0x8b, 0x03}, "gpa=2fff:r", false},       /* before it */
        {2, {0x8b, 0x03}, "gpa=2000-30ff:r", true},   /* in the midst */
        {2, {0x8b, 0x03}, "gpa=3000:wx", false},      /* no write */
        {2, {0x8a, 0x03}, "gpa=3001", false},         /* mov al,[ebx] */
        {2, {0x89, 0x03}, "gpa=3002:w", true},        /* mov [ebx],eax */
        {2, {0x89, 0x03}, "gpa=3002:r", false},       /* no read */
        {2, {0x01, 0x03}, "gpa=3000:r", true},        /* add [ebx],eax */
        {2, {0x01, 0x03}, "gpa=3000:w", true},        /* */
        {3, {0x8b, 0x43, 0xfe}, "gpa=3000:r", true},  /* mov eax,[ebx-2], over the page's end */
        {3, {0x8b, 0x43, 0xfe}, "gpa=2fff:r", true},  /* */
        {3, {0x8b, 0x43, 0xfe}, "gpa=3001:r", true},  /* */
        {3, {0x8b, 0x43, 0xfe}, "gpa=3002:r", false}, /* */
        {3, {0x89, 0x43, 0xfe}, "gpa=3001:w", true},  /* mov [ebx-2],eax */
        {3, {0x89, 0x43, 0xfe}, "gpa=3002:w", false}, /* */
        {3, {0x89, 0x43, 0xfe}, "gpa=2ffe:w", true},  /* */
        {3, {0x89, 0x43, 0xfe}, "gpa=2ffd:w", false}, /* */
        {3, {0x01, 0x43, 0xfe}, "gpa=3001:w", true},  /* add [ebx-2],eax */
        {1, {0x50}, "gpa=6ffc:w", true},              /* push eax */
        {1, {0x50}, "gpa=7000:w", false},             /* */
        {2, {0xff, 0x33}, "gpa=6fff:w", true},        /* push [ebx] */
        {2, {0xff, 0x33}, "gpa=3000:r", true},        /* */
        {1, {0x58}, "gpa=7000:r", true},              /* pop eax */
        {1, {0x60}, "gpa=6fe0:w", true},              /* pusha: its last word */
        {1, {0xa4}, "gpa=4000:r", true},              /* movsb */
        {1, {0xa4}, "gpa=5000:w", true},              /* */
        {1, {0xa4}, "gpa=5000:r", false},             /* */
        {2, {0xf3, 0xa5}, "gpa=5003:w", true},        /* rep movsd */
        {1, {0xac}, "gpa=4000:r", true},              /* lodsb */
        {3, {0xf0, 0x01, 0x03}, "gpa=3003:w", true},  /* lock add [ebx],eax */
        {3, {0xf0, 0x01, 0x03}, "gpa=3003:r", true},  /* */
        {3, {0xf0, 0x01, 0x03}, "gpa=3004:w", false}, /* */
        {2, {0x87, 0x03}, "gpa=3000:w", true},        /* xchg [ebx],eax */
        {4, {0xf0, 0x0f, 0xc7, 0x0b}, "gpa=3007:w", true},  /* lock cmpxchg8b [ebx] */
        {4, {0xf0, 0x0f, 0xb1, 0x0b}, "gpa=3000:r", true},  /* lock cmpxchg [ebx],ecx */
        {3, {0x0f, 0x11, 0x03}, "gpa=300f:w", true},        /* movups [ebx],xmm0 */
        {3, {0x0f, 0x11, 0x03}, "gpa=3010:w", false},       /* */
        {4, {0x0f, 0x11, 0x43, 0xf8}, "gpa=3007:w", true},  /* movups [ebx-8],xmm0 */
        {4, {0x0f, 0x11, 0x43, 0xf8}, "gpa=3008:w", false}, /* */
        {4, {0x0f, 0x10, 0x43, 0xfc}, "gpa=300b:r", true},  /* movups xmm0,[ebx-4] */
        {2, {0xdb, 0x3b}, "gpa=3009:w", true},              /* fstp tbyte [ebx] */
        {3, {0x0f, 0xae, 0x03}, "gpa=3100:w", true},        /* fxsave [ebx] */
        {3, {0x0f, 0x01, 0x03}, "gpa=3005:w", true},        /* sgdt [ebx] */
        {4, {0x0f, 0xbc, 0x04, 0x1b}, "gpa=6000:r", true},  /* bsf eax,[ebx+ebx] */
        {5, {0xe8, 0, 0, 0, 0}, "gpa=6ffd:w", true},        /* call */
        {1, {0xd7}, "gpa=3000:r", true},                    /* xlatb */
        {3, {0x0f, 0x18, 0x03}, "gpa=3000", false},         /* prefetchnta [ebx] */
        {2, {0x8d, 0x03}, "gpa=3000", false},               /* lea eax,[ebx] */
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned id;

        place(cases[i].insn, cases[i].size);
        id = add(cases[i].text);
        if (cases[i].stops) {
            struct run_result r = run(1000, 0);

            ck_assert_msg(r.stop == STOP_BREAK && r.breakpoint == id && next_rip() == AT + 1 &&
                              f.m->insns == 1,
                          "case %zu, %s: %s at %llx", i, cases[i].text, stop_reason_name(r.stop),
                          (unsigned long long)next_rip());
        }
        ck_assert_msg(run(1000, 0).stop == STOP_HALT, "case %zu, %s", i, cases[i].text);
        ck_assert_uint_eq(machine_break_find(f.m, id)->hits, cases[i].stops);
        ck_assert_uint_eq(f.count, 1);
    }
}
END_TEST

/* Nothing of the instruction has happened. */
START_TEST(test_gpa_stops_before)
{
    unsigned id;

    place((const uint8_t[]){0x01, 0x03}, 2); /* add [ebx],eax */
    f.m->vcpu->ops->set_gpr(f.m->vcpu, X86_RAX, 5);
    id = add("gpa=3000:w");
    stops_at(id, AT + 1, 1);
    ck_assert_uint_eq(*ram_ptr(&f.m->ram, 0x3000, 1), 0);
    ck_assert_uint_eq(f.m->vcpu->ops->get_rflags(f.m->vcpu) & RFLAGS_PF, 0);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(*ram_ptr(&f.m->ram, 0x3000, 1), 5);
}
END_TEST

/* Two on one instruction are told one after the other, and RIP's before both. */
START_TEST(test_gpa_two_at_once)
{
    unsigned from, to, rip;

    place((const uint8_t[]){0xa4}, 1); /* movsb */
    to = add("gpa=5000:w");
    from = add("gpa=4000-4fff:r");
    rip = add("rip=1001");
    stops_at(rip, AT + 1, 1);
    stops_at(from, AT + 1, 1);
    stops_at(to, AT + 1, 1);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(reg(X86_RSI), 0x4001);
}
END_TEST

/* A loop that stores over a page's end: one stop for each byte of the range, at full count. */
START_TEST(test_gpa_in_loop)
{
    unsigned id;

    /* mov edi,2ff0h; mov ecx,40; l: mov [edi],al; inc edi; loop l; hlt */
    LOAD(enter_flat32, 0xbf, 0xf0, 0x2f, 0, 0, 0xb9, 40, 0, 0, 0, 0x88, 0x07, 0x47, 0xe2, 0xfb,
         0xf4);
    id = add("gpa=2ffe-3001:w");
    for (unsigned i = 14; i < 18; i++)
        stops_at(id, AT + 10, 2 + 3 * i);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(f.m->insns, 2 + 3 * 40 + 1);
}
END_TEST

/* Each iteration of REP is an access by itself. */
START_TEST(test_gpa_of_rep)
{
    unsigned id, rip;

    /* mov edi,2000h; mov ecx,8; rep stosb; hlt */
    LOAD(enter_flat32, 0xbf, 0, 0x20, 0, 0, 0xb9, 8, 0, 0, 0, 0xf3, 0xaa, 0xf4);
    id = add("gpa=2004-2006:w");
    rip = add("rip=100a");
    stops_at(rip, AT + 10, 2);
    for (unsigned i = 4; i < 7; i++) {
        stops_at(id, AT + 10, 2 + i);
        ck_assert_uint_eq(reg(X86_RCX), 8 - i);
    }
    ends_with(STOP_HALT);
}
END_TEST

/* The physical address counts, through whichever linear one. */
START_TEST(test_gpa_is_physical)
{
    unsigned id;

    /* mov [200000h+3000h],al, which the large page maps to 203000h; then its neighbour 3000h */
    LOAD(enter_long64, 0x88, 0x04, 0x25, 0x00, 0x30, 0x00, 0x00, 0x8a, 0x04, 0x25, 0x00, 0x40, 0x00,
         0x00, 0xf4);
    *ram_ptr(&f.m->ram, 0x13018, 1) = 3; /* page 3 -> 8000h */
    ram_ptr(&f.m->ram, 0x13018, 8)[1] = 0x80;
    id = add("gpa=8000:w");
    add("gpa=3000");
    stops_at(id, AT, 0);
    stops_at(add("gpa=4000:r"), AT + 7, 1);
    ends_with(STOP_HALT);
}
END_TEST

/* Two linear pages in a row that are far apart in physical memory. */
START_TEST(test_gpa_over_scattered_pages)
{
    unsigned id;

    /* mov rax,[2ffch]; hlt */
    LOAD(enter_long64, 0x48, 0x8b, 0x04, 0x25, 0xfc, 0x2f, 0x00, 0x00, 0xf4);
    ram_ptr(&f.m->ram, 0x13018, 8)[1] = 0x80; /* page 3 -> 8000h */
    id = add("gpa=8003:r");
    add("gpa=8004-8fff");
    add("gpa=3000-3fff");
    stops_at(id, AT, 0);
    ends_with(STOP_HALT);
}
END_TEST

START_TEST(test_gpa_fetch)
{
    unsigned id;

    /* nop; mov eax,1; nop; hlt; the second page of the same bytes is where they are fetched */
    LOAD(enter_flat32, 0x90, 0xb8, 1, 0, 0, 0, 0x90, 0xf4);
    id = add("gpa=1005:x"); /* its last byte */
    add("gpa=1001-1007:rw");
    stops_at(id, AT + 1, 1);
    ends_with(STOP_HALT);
}
END_TEST

/* What the CPU does by itself is no access: page walks and the delivery of events. */
START_TEST(test_gpa_is_about_instructions)
{
    /* int 40h; hlt */
    LOAD(enter_real, 0xcd, 0x40, 0xf4);
    ram_write(&f.m->ram, 0x100, "\x02\x10\x00\x00", 4);
    add("gpa=100-103");
    add("gpa=6ff0-6fff");
    ends_with(STOP_HALT);
    fixture_again();
    LOAD(enter_long64, 0x8a, 0x04, 0x25, 0x00, 0x40, 0x00, 0x00, 0xf4);
    add("gpa=10000-13fff");
    ends_with(STOP_HALT);
}
END_TEST

/* Pages are open while a far RET of real mode goes by: it has to arrive. Its second pop is seen. */
START_TEST(test_gpa_and_far_return)
{
    /* push 0; push 2000h; retf, to HLT */
    LOAD(enter_real, 0x6a, 0x00, 0x68, 0x00, 0x20, 0xcb);
    *ram_ptr(&f.m->ram, 0x2000, 1) = 0xf4;
    stops_at(add("gpa=6ffe:w"), AT, 0);
    stops_at(add("gpa=6ffe:r"), AT + 5, 2);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(next_rip(), 0x2001);
    ck_assert_uint_eq(f.m->insns, 4);
}
END_TEST

/* Where no memory is: before the exit. */
START_TEST(test_gpa_mmio)
{
    unsigned id;

    /* nop; mov [fee00000h],eax; hlt */
    LOAD(enter_flat32, 0x90, 0xa3, 0, 0, 0xe0, 0xfe, 0xf4);
    id = add("gpa=fee00000:w");
    stops_at(id, AT + 1, 1);
    ck_assert_uint_eq(f.count, 0);
    ends_with(STOP_HALT);
    ck_assert_uint_eq(f.m->exit_counts[EXIT_EPT_VIOLATION], 1);
    ck_assert_uint_eq(machine_break_find(f.m, id)->hits, 1);
}
END_TEST

/* A step goes over all of them, and leaves the next run its own. */
START_TEST(test_steps)
{
    struct run_result r;
    unsigned id;

    /* l: mov [ebx],eax; nop; jmp l */
    place((const uint8_t[]){0x89, 0x03, 0x90, 0xeb, 0xfb}, 5);
    id = add("gpa=3000:w");
    add("rip=1003");
    add("gpa=3001:w");
    for (unsigned i = 0; i < 8; i++) {
        ck_assert_int_eq(machine_step(f.m, &r), 0);
        ck_assert_int_eq(r.stop, STOP_BUDGET);
        ck_assert_uint_eq(r.insns, 1);
    }
    ck_assert_uint_eq(next_rip(), AT + 3); /* where a run begins */
    stops_at(id, AT + 1, 10);
    ck_assert_uint_eq(machine_break_find(f.m, id)->hits, 1);
}
END_TEST

START_TEST(test_gpa_enable_remove)
{
    unsigned first, second;

    /* l: mov [ebx],eax; mov eax,[esi]; jmp l */
    place((const uint8_t[]){0x89, 0x03, 0x8b, 0x06, 0xeb, 0xfa}, 6);
    ck_assert_int_eq(run(1000, 0).stop, STOP_BUDGET);
    first = add("gpa=3000:w");
    second = add("gpa=4000:r");
    stops_at(first, AT + 1, 1000);
    stops_at(second, AT + 3, 1001);
    machine_break_enable(f.m, first, false);
    stops_at(second, AT + 3, 1004);
    machine_break_enable(f.m, first, true);
    machine_break_remove(f.m, second);
    stops_at(first, AT + 1, 1006);
    machine_break_remove(f.m, first);
    ck_assert_int_eq(run(1000, 0).stop, STOP_BUDGET);
}
END_TEST

/* ---- what must not change ---------------------------------------------------------------- */

struct outcome {
    uint64_t hash, insns, exits, breaks;
    enum stop_reason stop;
    struct vm_exit kept[EXITS_KEPT];
};

typedef void guest_fn(void);

/*
 * Code that writes itself, strings over a page's end, exits, and the timer:
 *
 *   1000  xor ax,ax; mov es,ax; mov word [80h],handler; PIC to 20h, IRQ 0 alone; PIT every 3 ticks
 *   102a  sti; mov bp,300
 *   102e  l: mov di,1ffch; mov si,1000h; mov cx,9
 *   1037  rep movsb; cpuid; mov dx,0e9h; out dx,al; inc byte [v+1]
 *   1043  v: mov al,0; mov [2ffeh],eax; push ax; pop bx; dec bp; jnz l; mov al,1; out 0f4h,al
 *   1052  handler: inc word [4000h]; push ax; mov al,20h; out 20h,al; pop ax; iret
 */
static void guest_real(void)
{
    LOAD(enter_real, 0x31, 0xc0, 0x8e, 0xc0, 0xc7, 0x06, 0x80, 0x00, 0x52, 0x10, 0xb0, 0x11, 0xe6,
         0x20, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x01, 0xe6, 0x21, 0xb0, 0xfe,
         0xe6, 0x21, 0xb0, 0x34, 0xe6, 0x43, 0xb0, 0x03, 0xe6, 0x40, 0xb0, 0x00, 0xe6, 0x40, 0xfb,
         0xbd, 0x2c, 0x01, 0xbf, 0xfc, 0x1f, 0xbe, 0x00, 0x10, 0xb9, 0x09, 0x00, 0xf3, 0xa4, 0x0f,
         0xa2, 0xba, 0xe9, 0x00, 0xee, 0xfe, 0x06, 0x44, 0x10, 0xb0, 0x00, 0x66, 0xa3, 0xfe, 0x2f,
         0x50, 0x5b, 0x4d, 0x75, 0xe0, 0xb0, 0x01, 0xe6, 0xf4, 0xff, 0x06, 0x00, 0x40, 0x50, 0xb0,
         0x20, 0xe6, 0x20, 0x58, 0xcf);
}

/*
 *   1000  mov esp,9000h; mov ebx,1000
 *   100a  l: push rbx; mov [3ffdh],rbx
 *   1013  lock add [8000h],rbx; mov rax,[3ff9h]; pop rdx
 *   1025  mov ecx,0c0000080h; rdmsr; dec ebx; jnz l; mov al,1; out 0f4h,al
 */
static void guest_long(void)
{
    LOAD(enter_long64, 0xbc, 0x00, 0x90, 0x00, 0x00, 0xbb, 0xe8, 0x03, 0x00, 0x00, 0x53, 0x48, 0x89,
         0x1c, 0x25, 0xfd, 0x3f, 0x00, 0x00, 0xf0, 0x48, 0x01, 0x1c, 0x25, 0x00, 0x80, 0x00, 0x00,
         0x48, 0x8b, 0x04, 0x25, 0xf9, 0x3f, 0x00, 0x00, 0x5a, 0xb9, 0x80, 0x00, 0x00, 0xc0, 0x0f,
         0x32, 0xff, 0xcb, 0x75, 0xda, 0xb0, 0x01, 0xe6, 0xf4);
}

static guest_fn *const guests[] = {guest_real, guest_long};

static void run_through(guest_fn *guest, const char *const *texts, struct outcome *out)
{
    struct run_result r;

    fixture_again();
    guest();
    for (; *texts; texts++)
        add(*texts);
    memset(out, 0, sizeof(*out));
    do {
        r = run(0, 0);
        out->breaks += r.stop == STOP_BREAK;
    } while (r.stop == STOP_BREAK);
    out->stop = r.stop;
    out->hash = machine_state_hash(f.m);
    out->insns = f.m->insns;
    out->exits = f.m->exits;
    for (unsigned i = 0; i < EXITS_KEPT; i++)
        f.exits[i].cost = 0;
    memcpy(out->kept, f.exits, sizeof(out->kept));
}

static const char *const none[] = {NULL};
static const struct {
    unsigned guest;
    const char *texts[6];
    uint64_t breaks; /* at least */
} sets[] = {
    {0, {"cpuid"}, 300},
    {0, {"port=20-21"}, 6},
    {0, {"ext interrupt"}, 2},
    {0, {"rip=1037"}, 300},
    {0, {"rip=1043-1045"}, 600},
    {0, {"rip=1052"}, 2},
    {0, {"gpa=1044"}, 600},
    {0, {"gpa=2ffe-3001:w"}, 300},
    {0, {"gpa=2000-2004:rw"}, 1500},
    {0, {"gpa=4000"}, 2},
    {0, {"gpa=1000-1fff:x"}, 3000},
    {0, {"gpa=6000-6fff"}, 600},
    {0, {"cpuid", "rip=1039", "gpa=2000-2fff", "gpa=1000-1010", "port=e9"}, 900},
    {1, {"rdmsr"}, 1000},
    {1, {"msr=c0000080"}, 1000},
    {1, {"rip=1013"}, 1000},
    {1, {"rip=1014"}, 0},
    {1, {"gpa=4000:w"}, 1000},
    {1, {"gpa=3fff:r"}, 1000},
    {1, {"gpa=8000"}, 1000},
    {1, {"gpa=8000-8fff:w", "gpa=3000-3fff", "rip=100a", "rdmsr"}, 3000},
};

START_TEST(test_nothing_changes)
{
    static struct outcome without, with;
    guest_fn *guest = guests[sets[_i].guest];

    run_through(guest, none, &without);
    ck_assert_int_eq(without.stop, STOP_DEBUG_EXIT);
    run_through(guest, sets[_i].texts, &with);
    ck_assert_int_eq(with.stop, without.stop);
    ck_assert_uint_eq(with.insns, without.insns);
    ck_assert_uint_eq(with.exits, without.exits);
    ck_assert_uint_eq(with.hash, without.hash);
    ck_assert_int_eq(memcmp(with.kept, without.kept, sizeof(with.kept)), 0);
    ck_assert_msg(with.breaks >= sets[_i].breaks, "%s: %llu stops", sets[_i].texts[0],
                  (unsigned long long)with.breaks);
}
END_TEST

static TCase *text_tests(void)
{
    TCase *text = tcase_create("text");

    tcase_add_test(text, test_parse);
    tcase_add_test(text, test_parse_rejects);
    tcase_add_test(text, test_matches);
    return text;
}

static TCase *run_tests(void)
{
    TCase *runs = tcase_create("runs");

    tcase_add_checked_fixture(runs, fixture_setup, fixture_teardown);
    tcase_add_test(runs, test_list);
    tcase_add_test(runs, test_list_rejects);
    tcase_add_test(runs, test_exits);
    tcase_add_test(runs, test_exits_together);
    tcase_add_test(runs, test_reset_is_told);
    tcase_add_loop_test(runs, test_rip_in_block, 0, (int)COUNT(modes));
    tcase_add_test(runs, test_rip_is_linear);
    tcase_add_test(runs, test_rip_in_loop);
    tcase_add_test(runs, test_rip_of_one_instruction);
    tcase_add_test(runs, test_rip_of_rep_outs);
    tcase_add_test(runs, test_rip_in_changed_code);
    tcase_add_test(runs, test_rip_of_exits);
    tcase_add_test(runs, test_request_loses_nothing);
    tcase_add_test(runs, test_enable_remove);
    return runs;
}

static TCase *data_tests(void)
{
    TCase *data = tcase_create("data");

    tcase_add_checked_fixture(data, fixture_setup, fixture_teardown);
    tcase_add_test(data, test_gpa_accesses);
    tcase_add_test(data, test_gpa_stops_before);
    tcase_add_test(data, test_gpa_two_at_once);
    tcase_add_test(data, test_gpa_in_loop);
    tcase_add_test(data, test_gpa_of_rep);
    tcase_add_test(data, test_gpa_is_physical);
    tcase_add_test(data, test_gpa_over_scattered_pages);
    tcase_add_test(data, test_gpa_fetch);
    tcase_add_test(data, test_gpa_is_about_instructions);
    tcase_add_test(data, test_gpa_and_far_return);
    tcase_add_test(data, test_gpa_mmio);
    tcase_add_test(data, test_steps);
    tcase_add_test(data, test_gpa_enable_remove);
    tcase_add_loop_test(data, test_nothing_changes, 0, (int)COUNT(sets));
    tcase_set_timeout(data, 60);
    return data;
}

int main(void)
{
    Suite *suite = suite_create("breakpoint");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, text_tests());
    suite_add_tcase(suite, run_tests());
    suite_add_tcase(suite, data_tests());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

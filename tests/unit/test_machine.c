/*
 * The machine on its emulated CPU: each kind of exit with every field that the SDM fixes, exact
 * instruction counts, determinism, budgets, stop requests, and hostile guests.
 */
#include "tests/support/fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- exits ------------------------------------------------------------------------------- */

START_TEST(test_cpuid)
{
    LOAD(enter_real, 0x66, 0x31, 0xc0, 0x66, 0x31, 0xc9, 0x0f, 0xa2, 0xf4);
    ck_assert_int_eq(run(100, 1).stop, STOP_BUDGET);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_CPUID);
    ck_assert_uint_eq(f.exits[0].rip, AT + 6);
    ck_assert_uint_eq(f.exits[0].insns, 2);
    ck_assert_uint_eq(f.exits[0].insn_len, 2);
    ck_assert_uint_eq(f.exits[0].qualification, 0);
    ck_assert_uint_eq(f.exits[0].mode, X86_MODE_REAL);
    ck_assert_uint_eq(f.exits[0].has, EXIT_HAS_INSN);
    ck_assert_uint_eq(reg(X86_RBX), 0x68747541); /* "Auth" */
    ck_assert_uint_eq(f.m->vcpu->ops->get_rip(f.m->vcpu), AT + 8);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.m->insns, 4);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT); /* halted stays halted */
}
END_TEST

/* Every bit of the I/O qualification (SDM Table 28-5). */
START_TEST(test_io_qualification)
{
    static const struct {
        uint8_t code[4];
        uint64_t qualification;
        unsigned len;
    } cases[] = {
        {{0xe6, 0x42}, 0x42u << 16 | IO_QUAL_IMM | 0, 2},                /* out 42h,al */
        {{0xe7, 0x42}, 0x42u << 16 | IO_QUAL_IMM | 1, 2},                /* out 42h,ax */
        {{0x66, 0xe7, 0x42}, 0x42u << 16 | IO_QUAL_IMM | 3, 3},          /* out 42h,eax */
        {{0xe4, 0x42}, 0x42u << 16 | IO_QUAL_IMM | IO_QUAL_IN, 2},       /* in al,42h */
        {{0xee}, 0x1234u << 16, 1},                                      /* out dx,al */
        {{0xed}, 0x1234u << 16 | IO_QUAL_IN | 1, 1},                     /* in ax,dx */
        {{0x6e}, 0x1234u << 16 | IO_QUAL_STRING, 1},                     /* outsb */
        {{0x6d}, 0x1234u << 16 | IO_QUAL_STRING | IO_QUAL_IN | 1, 1},    /* insw */
        {{0xf3, 0x6e}, 0x1234u << 16 | IO_QUAL_STRING | IO_QUAL_REP, 2}, /* rep outsb */
        {{0xf3, 0x66, 0x6d}, 0x1234u << 16 | IO_QUAL_STRING | IO_QUAL_REP | IO_QUAL_IN | 3, 3},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t code[16] = {0xba, 0x34, 0x12, 0xb9, 0x03, 0x00}; /* mov dx,1234h; mov cx,3 */

        fixture_again();
        memcpy(code + 6, cases[i].code, 4);
        load(code, sizeof(code), enter_real);
        run(100, 1);
        ck_assert_uint_eq(f.exits[0].reason, EXIT_IO);
        ck_assert_uint_eq(f.exits[0].qualification, cases[i].qualification);
        ck_assert_uint_eq(f.exits[0].rip, AT + 6);
        ck_assert_uint_eq(f.exits[0].insn_len, cases[i].len);
    }
}
END_TEST

START_TEST(test_rep_outs)
{
    /* mov si,msg; mov cx,5; mov dx,0e9h; rep outsb; hlt; msg: */
    LOAD(enter_real, 0xbe, 0x0c, 0x10, 0xb9, 0x05, 0x00, 0xba, 0xe9, 0x00, 0xf3, 0x6e, 0xf4, 'h',
         'e', 'l', 'l', 'o');
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_str_eq(f.text, "hello");
    ck_assert_uint_eq(f.count, 6); /* one exit an element, then HLT */
    ck_assert_uint_eq(f.exits[4].rip, AT + 9);
    ck_assert_uint_eq(reg(X86_RSI), 0x1011);
    ck_assert_uint_eq(reg(X86_RCX), 0);
}
END_TEST

START_TEST(test_ins_writes_memory)
{
    /* mov di,2000h; mov dx,0e9h; insb; hlt */
    LOAD(enter_real, 0xbf, 0x00, 0x20, 0xba, 0xe9, 0x00, 0x6c, 0xf4);
    run(100, 0);
    ck_assert_uint_eq(*ram_ptr(&f.m->ram, 0x2000, 1), 0xe9);
    ck_assert_uint_eq(reg(X86_RDI), 0x2001);
}
END_TEST

/* The core ends the process over this one: the run ends instead, and the machine can be looked at. */
START_TEST(test_core_gives_up)
{
    struct run_result r;
    struct x86_state s;

    LOAD(enter_flat32, 0x40, 0xf0, 0x0f, 0xb3, 0xc6, 0x40); /* inc eax; lock btr esi,eax */
    r = run(100, 0);
    ck_assert_int_eq(r.stop, STOP_GUEST_ERROR);
    ck_assert_ptr_nonnull(strstr(r.error.text, "cannot translate"));
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.rip, AT);
    ck_assert_int_eq(run(100, 0).stop, STOP_GUEST_ERROR);
}
END_TEST

/* PCMPESTRI with the least integer as a length, for which the core reads beyond its operand. */
START_TEST(test_string_compare_length)
{
    /* mov eax,80000000h; mov edx,eax; pcmpestri xmm0,xmm1,0; nop */
    LOAD(enter_flat32, 0xb8, 0, 0, 0, 0x80, 0x89, 0xc2, 0x66, 0x0f, 0x3a, 0x61, 0xc1, 0x00, 0x90);
    f.m->vcpu->ops->set_cr(f.m->vcpu, 4, CR4_OSFXSR);
    run(4, 0);
    ck_assert_uint_eq(f.count, 0);
    ck_assert_uint_eq(reg(X86_RAX), 0x80000000);
    ck_assert_uint_eq(reg(X86_RDX), 0x80000000);
    ck_assert_uint_eq(reg(X86_RCX), 0); /* equal from the first byte on */
}
END_TEST

/* A store that faults leaves the flags of what came before it, however the run is cut. */
START_TEST(test_flags_at_a_fault)
{
    for (uint64_t piece = 1; piece < 6; piece++) {
        fixture_again();
        /* sub al,al; add al,1; sbb al,0; add [fffff000h],al */
        LOAD(enter_flat32, 0x28, 0xc0, 0x04, 0x01, 0x1c, 0x00, 0x00, 0x05, 0x00, 0xf0, 0xff, 0xef);
        while (f.count == 0)
            run(piece, 1);
        ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
        ck_assert_uint_eq(f.exits[0].insns, 3);
        ck_assert_uint_eq(f.m->vcpu->ops->get_rflags(f.m->vcpu) & 0x8d5, 0);
    }
}
END_TEST

START_TEST(test_debug_exit)
{
    LOAD(enter_real, 0xb0, 0x15, 0xe6, 0xf4, 0xf4);
    struct run_result r = run(100, 0);

    ck_assert_int_eq(r.stop, STOP_DEBUG_EXIT);
    ck_assert_uint_eq(r.status, 43);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT); /* and on, behind the OUT */
}
END_TEST

/* Every access type of the CR qualification (SDM Table 28-3). */
START_TEST(test_cr_access)
{
    /* mov ebx,19h; mov cr0,ebx; clts; mov ax,3; lmsw ax; xor eax,eax; mov cr3,eax; mov al,10h;
       mov cr4,eax */
    LOAD(enter_real, 0x66, 0xbb, 0x19, 0, 0, 0, 0x0f, 0x22, 0xc3, 0x0f, 0x06, 0xb8, 3, 0, 0x0f,
         0x01, 0xf0, 0x66, 0x31, 0xc0, 0x0f, 0x22, 0xd8, 0xb0, 0x10, 0x0f, 0x22, 0xe0);
    run(100, 5);
    ck_assert_uint_eq(f.exits[0].qualification, 0 | CR_ACCESS_MOV_TO << 4 | X86_RBX << 8);
    ck_assert_uint_eq(f.exits[0].value, 0x19);
    ck_assert_uint_eq(f.exits[0].rip, AT + 6);
    ck_assert_uint_eq(f.exits[1].qualification, CR_ACCESS_CLTS << 4);
    ck_assert_uint_eq(f.exits[2].qualification, CR_ACCESS_LMSW << 4 | 3u << 16);
    ck_assert_uint_eq(f.exits[3].qualification, 3);
    ck_assert_uint_eq(f.exits[4].qualification, 4);
    ck_assert_uint_eq(f.m->vcpu->ops->get_cr(f.m->vcpu, 0), 0x13); /* LMSW set MP, kept PE */
}
END_TEST

static void set_pkru(uint32_t pkru)
{
    struct x86_state s;

    machine_get_state(f.m, &s);
    s.cr4 |= CR4_PKE;
    s.pkru = pkru;
    machine_set_state(f.m, &s);
}

/* RDPKRU and WRPKRU (SDM vol. 2) leave no exit, and PKRU is part of the state and of its hash. */
START_TEST(test_pkru)
{
    uint64_t hash;
    struct x86_state s;

    /* rdpkru; mov ebx,eax; mov eax,0a5h; xor edx,edx; wrpkru; mov rax,cr4; hlt; ECX is 0 */
    LOAD(enter_long64, 0x0f, 0x01, 0xee, 0x89, 0xc3, 0xb8, 0xa5, 0, 0, 0, 0x31, 0xd2, 0x0f, 0x01,
         0xef, 0x0f, 0x20, 0xe0, 0xf4);
    set_pkru(0x12345670);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_HLT);
    ck_assert_uint_eq(f.m->insns, 7);
    ck_assert_uint_eq(reg(X86_RBX), 0x12345670);
    ck_assert_uint_eq(reg(X86_RAX), CR4_PAE | CR4_PKE);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.pkru, 0xa5);
    set_pkru(0xa5); /* as it is, but for the TLB */
    hash = machine_state_hash(f.m);
    set_pkru(0);
    ck_assert_uint_ne(machine_state_hash(f.m), hash);
    set_pkru(0xa5);
    ck_assert_uint_eq(machine_state_hash(f.m), hash);
    x86_state_reset(&s);
    ck_assert_uint_eq(s.pkru, 0);
}
END_TEST

/* Their faults: #UD without CR4.PKE, or with a prefix; #GP(0) unless ECX is 0, and EDX for the write. */
START_TEST(test_pkru_faults)
{
    static const struct {
        uint8_t prefix, last;
        bool pke;
        uint64_t rcx, rdx;
        int vector; /* -1: none */
    } cases[] = {
        {0x90, 0xee, true, 0xffffffff00000000, 1, -1},
        {0x90, 0xef, true, 0xffffffff00000000, 0xffffffff00000000, -1},
        {0x90, 0xee, true, 1, 0, X86_GP},
        {0x90, 0xef, true, 0x80000000, 0, X86_GP},
        {0x90, 0xef, true, 0, 1, X86_GP},
        {0x90, 0xee, false, 1, 0, X86_UD},
        {0x90, 0xef, false, 0, 1, X86_UD},
        {0xf0, 0xef, true, 0, 0, X86_UD},
        {0xf3, 0xee, true, 0, 0, X86_UD},
        {0x66, 0xef, true, 0, 0, X86_UD},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t code[] = {cases[i].prefix, 0x0f, 0x01, cases[i].last, 0xf4};

        fixture_again();
        load(code, sizeof(code), enter_long64);
        if (cases[i].pke)
            set_pkru(0);
        f.m->vcpu->ops->set_gpr(f.m->vcpu, X86_RCX, cases[i].rcx);
        f.m->vcpu->ops->set_gpr(f.m->vcpu, X86_RDX, cases[i].rdx);
        run(100, 1);
        if (cases[i].vector < 0) {
            ck_assert_uint_eq(f.exits[0].reason, EXIT_HLT);
            continue;
        }
        ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
        ck_assert_uint_eq(INTR_VECTOR(f.exits[0].intr_info), (unsigned)cases[i].vector);
        ck_assert_uint_eq(f.exits[0].intr_error, 0);
        ck_assert_uint_eq(f.exits[0].rip, AT + (cases[i].prefix == 0x90));
    }
}
END_TEST

START_TEST(test_lmsw_memory)
{
    /* mov word [2000h],0; lmsw [2000h] */
    LOAD(enter_real, 0xc7, 0x06, 0x00, 0x20, 0x06, 0x00, 0x0f, 0x01, 0x36, 0x00, 0x20);
    run(100, 1);
    ck_assert_uint_eq(f.exits[0].qualification, CR_ACCESS_LMSW << 4 | CR_QUAL_LMSW_MEM | 6u << 16);
}
END_TEST

START_TEST(test_msr)
{
    /* mov ecx,c0000102h; mov eax,5678h; mov edx,1234h; wrmsr; rdmsr; hlt */
    LOAD(enter_flat32, 0xb9, 0x02, 0x01, 0x00, 0xc0, 0xb8, 0x78, 0x56, 0, 0, 0xba, 0x34, 0x12, 0, 0,
         0x0f, 0x30, 0x31, 0xc0, 0x0f, 0x32, 0xf4);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_WRMSR);
    ck_assert_uint_eq(f.exits[0].msr, 0xc0000102);
    ck_assert_uint_eq(f.exits[0].value, 0x123400005678);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_RDMSR);
    ck_assert_uint_eq(f.exits[1].value, 0x123400005678);
    ck_assert_uint_eq(reg(X86_RAX), 0x5678);
}
END_TEST

START_TEST(test_unknown_msr_faults)
{
    LOAD(enter_flat32, 0xb9, 0x99, 0x99, 0, 0, 0x0f, 0x32);
    ck_assert_int_eq(run(100, 0).stop, STOP_TRIPLE_FAULT);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_RDMSR);
    ck_assert_uint_eq(f.exits[f.count - 1].reason, EXIT_TRIPLE_FAULT);
    ck_assert_int_eq(run(100, 0).stop, STOP_TRIPLE_FAULT);
}
END_TEST

START_TEST(test_invlpg_vmcall_rdtsc)
{
    /* mov ebx,40h; invlpg [ebx+ebx*4+10h]; vmcall; rdtsc; hlt */
    LOAD(enter_flat32, 0xbb, 0x40, 0, 0, 0, 0x0f, 0x01, 0x7c, 0x9b, 0x10, 0x0f, 0x01, 0xc1, 0x0f,
         0x31, 0xf4);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_INVLPG);
    ck_assert_uint_eq(f.exits[0].qualification, 0x150);
    ck_assert_uint_eq(f.exits[0].insn_len, 5);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_VMCALL);
    ck_assert_uint_eq(f.exits[1].insn_len, 3);
    ck_assert_uint_eq(f.exits[2].reason, EXIT_RDTSC);
    ck_assert_uint_eq(reg(X86_RAX), 3); /* virtual: the instructions retired before it */
}
END_TEST

/* The exception's interruption information and the #PF's address, to the byte (SDM 28.2.2). */
START_TEST(test_page_faults)
{
    static const struct {
        uint8_t code[12];
        size_t size;
        uint64_t address;
        uint32_t error;
    } cases[] = {
        {{0x8b, 0x04, 0x25, 0x23, 0x51, 0, 0}, 7, 0x5123, 0},                     /* read */
        {{0x89, 0x04, 0x25, 0x45, 0x51, 0, 0}, 7, 0x5145, PF_WRITE},              /* not present */
        {{0x88, 0x04, 0x25, 0x67, 0x61, 0, 0}, 7, 0x6167, PF_WRITE | PF_PRESENT}, /* read-only */
        {{0xff, 0x04, 0x25, 0x80, 0x61, 0, 0}, 7, 0x6180, PF_WRITE | PF_PRESENT}, /* inc [..] */
        {{0x48, 0x8b, 0x04, 0x25, 0xfc, 0x4f, 0, 0}, 8, 0x5000, 0}, /* crosses into 5000h */
        {{0xe9, 0xfb, 0x3f, 0, 0}, 5, 0x5000, 0},                   /* jmp 5000h: fetch */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture_again();
        load(cases[i].code, cases[i].size, enter_long64);
        run(100, 1);
        ck_assert_uint_eq(f.exits[0].reason, EXIT_EXCEPTION_NMI);
        ck_assert_uint_eq(f.exits[0].intr_info,
                          INTR_VALID | INTR_HAS_ERROR | INTR_HARDWARE_EXCEPTION << 8 | X86_PF);
        ck_assert_uint_eq(f.exits[0].intr_error, cases[i].error);
        ck_assert_uint_eq(f.exits[0].qualification, cases[i].address);
        ck_assert_uint_eq(f.exits[0].insns, i == 5);
        ck_assert_uint_eq(f.m->vcpu->ops->get_cr(f.m->vcpu, 2), cases[i].address);
    }
}
END_TEST

/* A linear address without paging: a user-mode one that may be written. */
#define NO_PAGING                                                                                  \
    (EPT_QUAL_GLA_VALID | EPT_QUAL_TRANSLATION | EPT_QUAL_LINEAR_USER | EPT_QUAL_LINEAR_WRITE)

/* The bits of the EPT-violation qualification (SDM Table 28-7). */
START_TEST(test_ept_violation)
{
    /* mov eax,[80000123h]; mov [80000456h],eax; hlt */
    LOAD(enter_flat32, 0xa1, 0x23, 0x01, 0, 0x80, 0xa3, 0x56, 0x04, 0, 0x80, 0xf4);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(f.exits[0].qualification, EPT_QUAL_READ | NO_PAGING);
    ck_assert_uint_eq(f.exits[0].guest_physical, 0x80000123);
    ck_assert_uint_eq(f.exits[0].guest_linear, 0x80000123);
    ck_assert_uint_eq(f.exits[1].qualification, EPT_QUAL_WRITE | NO_PAGING);
    ck_assert_uint_eq(f.exits[1].guest_physical, 0x80000456);
    ck_assert_uint_eq(reg(X86_RAX), 0xffffffff); /* nobody answers */
    ck_assert_uint_eq(f.m->insns, 3);
}
END_TEST

START_TEST(test_ept_rights)
{
    /* mov byte [8000h],1; hlt */
    LOAD(enter_flat32, 0xc6, 0x05, 0x00, 0x80, 0, 0, 1, 0xf4);
    ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, EPT_READ), 0);
    ck_assert_int_eq(run(100, 0).stop, STOP_GUEST_ERROR);
    ck_assert_uint_eq(f.exits[0].qualification, EPT_QUAL_WRITE | EPT_QUAL_READABLE | NO_PAGING);
    ck_assert_uint_eq(f.exits[0].guest_physical, 0x8000);
    ck_assert_uint_eq(*ram_ptr(&f.m->ram, 0x8000, 1), 0); /* it has not executed */
    ck_assert_int_eq(machine_protect(f.m, 0x8000, 0x1000, EPT_ALL), 0);
    ck_assert_int_eq(run(100, 0).stop, STOP_HALT);
    ck_assert_uint_eq(*ram_ptr(&f.m->ram, 0x8000, 1), 1);
}
END_TEST

/* In place of the fixture's machine, with the observer that keeps its exits. */
static void resize(uint64_t ram_size)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct exit_observer observer = f.m->observer;
    struct error err;

    machine_destroy(f.m);
    config.ram_size = ram_size;
    ck_assert_msg(machine_create(&f.m, &config, &err) == 0, "%s", err.text);
    f.m->observer = observer;
    f.count = 0;
}

START_TEST(test_least_ram)
{
    uint8_t last;

    resize(RAM_SIZE_MIN);
    LOAD(enter_flat32, 0xb0, 0x5a, 0xa2, 0xff, 0xff, 0x0f, 0x00, /* mov [fffffh],al */
         0xa2, 0x00, 0x00, 0x10, 0x00);                          /* mov [100000h],al */
    run(100, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(f.exits[0].guest_physical, 0x100000);
    ck_assert_uint_eq(f.exits[0].insns, 2);
    ck_assert(ram_read(&f.m->ram, 0xfffff, &last, 1) && last == 0x5a);
}
END_TEST

/* 4 GiB: 3 below the hole, 1 above 4 GiB; the last bytes of both, and what lies behind. */
START_TEST(test_most_ram)
{
    static const uint64_t pages[] = {0x13fe00083, 0xbfe00083, 0x140000083};
    static const uint64_t tops[] = {0x13ffffff8, 0xbffffff8};
    uint64_t value = 0;

    resize(RAM_SIZE_MAX);
    LOAD(enter_long64, 0x48, 0xb8, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, /* mov rax,.. */
         0x48, 0x89, 0x04, 0x25, 0xf8, 0xff, 0x5f, 0x00,  /* mov [5ffff8h],rax */
         0x48, 0x89, 0x04, 0x25, 0xf8, 0xff, 0x7f, 0x00,  /* mov [7ffff8h],rax */
         0x48, 0x8b, 0x1c, 0x25, 0xf8, 0xff, 0x5f, 0x00,  /* mov rbx,[5ffff8h] */
         0x48, 0x89, 0x04, 0x25, 0x10, 0x00, 0x80, 0x00); /* mov [800010h],rax */
    for (unsigned i = 0; i < 3; i++)
        ck_assert(ram_write(&f.m->ram, 0x12010 + 8 * i, &pages[i], 8));
    run(100, 1);
    ck_assert_uint_eq(f.exits[0].reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(f.exits[0].guest_physical, 0x140000010);
    ck_assert_uint_eq(f.exits[0].insns, 4);
    ck_assert_uint_eq(reg(X86_RBX), 0x1122334455667788);
    for (unsigned i = 0; i < 2; i++) {
        ck_assert(ram_read(&f.m->ram, tops[i], &value, 8));
        ck_assert_uint_eq(value, 0x1122334455667788);
    }
}
END_TEST

/* ---- counting, determinism, limits ------------------------------------------------------- */

/* A loop with branches, a call and a REP, then HLT: 7 + 50 * 8 ... counted by stepping. */
static const uint8_t loop_code[] = {
    0xb9, 0x32, 0,    /* mov cx,50 */
    0xe8, 0x09, 0,    /* again: call sub */
    0x40,             /* inc ax */
    0xa8, 0x01,       /* test al,1 */
    0x75, 0x01,       /* jnz +1 */
    0x43,             /* inc bx */
    0xe2, 0xf5,       /* loop again */
    0xf4,             /* hlt */
    0x57,             /* sub: push di */
    0xbf, 0x00, 0x30, /* mov di,3000h */
    0x51,             /* push cx */
    0xb9, 0x04, 0x00, /* mov cx,4 */
    0xf3, 0xaa,       /* rep stosb */
    0x59,             /* pop cx */
    0x5f,             /* pop di */
    0xc3,             /* ret */
};

START_TEST(test_count_equals_steps)
{
    struct run_result r;
    uint64_t fast, hash;

    load(loop_code, sizeof(loop_code), enter_real);
    r = run(0, 0);
    ck_assert_int_eq(r.stop, STOP_HALT);
    fast = f.m->insns;
    hash = machine_state_hash(f.m);
    fixture_again();
    load(loop_code, sizeof(loop_code), enter_real);
    do {
        uint64_t before = f.m->insns;

        ck_assert_int_eq(machine_step(f.m, &r), 0);
        ck_assert_uint_eq(f.m->insns, before + 1);
    } while (r.stop == STOP_BUDGET);
    ck_assert_int_eq(r.stop, STOP_HALT);
    ck_assert_uint_eq(f.m->insns, fast);
    ck_assert_uint_eq(machine_state_hash(f.m), hash);
}
END_TEST

/* Stopped after any number of instructions, and run on: the same end. */
START_TEST(test_budget_is_exact)
{
    uint64_t total, hash;

    load(loop_code, sizeof(loop_code), enter_real);
    run(0, 0);
    total = f.m->insns;
    hash = machine_state_hash(f.m);
    for (uint64_t at = 1; at < total; at += 37) {
        fixture_again();
        load(loop_code, sizeof(loop_code), enter_real);
        ck_assert_int_eq(run(at, 0).stop, STOP_BUDGET);
        ck_assert_uint_eq(f.m->insns, at);
        run(0, 0);
        ck_assert_uint_eq(f.m->insns, total);
        ck_assert_uint_eq(machine_state_hash(f.m), hash);
    }
}
END_TEST

/* Taking the whole state out and putting it back between instructions changes nothing. */
START_TEST(test_state_round_trip)
{
    uint64_t hash;

    load(loop_code, sizeof(loop_code), enter_real);
    run(0, 0);
    hash = machine_state_hash(f.m);
    fixture_again();
    load(loop_code, sizeof(loop_code), enter_real);
    for (int i = 0; i < 40; i++) {
        struct x86_state s;

        run(11, 0);
        machine_get_state(f.m, &s);
        machine_set_state(f.m, &s);
    }
    run(0, 0);
    ck_assert_uint_eq(machine_state_hash(f.m), hash);
}
END_TEST

/* An event that is raised and not delivered yet is part of the state. */
START_TEST(test_state_holds_pending_event)
{
    struct x86_state s;

    ram_write(&f.m->ram, 4 * X86_UD, "\x02\x10\x00\x00", 4);
    LOAD(enter_real, 0x0f, 0x0b, 0xf4); /* ud2; handler: hlt */
    run(10, 1);
    machine_get_state(f.m, &s);
    ck_assert_uint_eq(s.rip, AT);
    ck_assert_uint_eq(s.pending.info, INTR_VALID | INTR_HARDWARE_EXCEPTION << 8 | X86_UD);
    machine_set_state(f.m, &s);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_HLT);
    ck_assert_uint_eq(f.exits[1].rip, AT + 2);
}
END_TEST

START_TEST(test_self_modifying)
{
    /* mov cx,3; l: inc word [l2+1]; l2: mov ax,0; loop l; hlt */
    LOAD(enter_real, 0xb9, 3, 0, 0xff, 0x06, 0x08, 0x10, 0xb8, 0, 0, 0xe2, 0xf7, 0xf4);
    ck_assert_int_eq(run(1000, 0).stop, STOP_HALT);
    ck_assert_uint_eq(reg(X86_RAX) & 0xffff, 3);
    ck_assert_uint_eq(f.m->insns, 1 + 3 * 3 + 1);
}
END_TEST

/* The monitor rewrites an instruction that the CPU has run already. */
START_TEST(test_host_store_reaches_code)
{
    /* l: mov ax,1; out 80h,al; jmp l */
    LOAD(enter_real, 0xb8, 1, 0, 0xe6, 0x80, 0xeb, 0xf9);
    run(0, 3);
    ck_assert_uint_eq(machine_write_linear(f.m, AT + 1, "\x07", 1), 1);
    run(0, 1);
    ck_assert_uint_eq(f.exits[3].value & 0xff, 7);
}
END_TEST

START_TEST(test_code_across_pages)
{
    /* Page 4000h ends with nops, page 5000h is absent: the fetch fault is on 5000h, not earlier. */
    uint8_t nops[16];

    LOAD(enter_long64, 0xe9, 0xeb, 0x2f, 0, 0); /* jmp 3ff0h + 1000h */
    memset(nops, 0x90, sizeof(nops));
    ck_assert(ram_write(&f.m->ram, 0x4ff0, nops, sizeof(nops)));
    ram_write(&f.m->ram, AT, "\xe9\xeb\x3f\x00\x00", 5);
    run(1000, 1);
    ck_assert_uint_eq(f.exits[0].rip, 0x5000);
    ck_assert_uint_eq(f.exits[0].qualification, 0x5000);
    ck_assert_uint_eq(f.exits[0].insns, 17);
}
END_TEST

/* An instruction that begins on a present page and ends on an absent one. */
START_TEST(test_insn_across_pages)
{
    ram_write(&f.m->ram, 0x4ffc, "\x90\x90\x90\xb8", 4);
    LOAD(enter_long64, 0xe9, 0xf7, 0x3f, 0, 0);
    run(1000, 1);
    ck_assert_uint_eq(f.exits[0].rip, 0x4fff);
    ck_assert_uint_eq(f.exits[0].qualification, 0x5000);
    ck_assert_uint_eq(f.exits[0].insns, 4);
}
END_TEST

static void *request_stop(void *ctx)
{
    machine_request_stop(ctx);
    return NULL;
}

/* A #UD handler that is itself undefined retires nothing, and still ends. */
START_TEST(test_faults_without_end)
{
    struct run_result r;

    ram_write(&f.m->ram, 4 * X86_UD, "\x00\x10\x00\x00", 4); /* IVT: 0000:1000 */
    LOAD(enter_real, 0x0f, 0x0b);
    r = run(1000, 0);
    ck_assert_int_eq(r.stop, STOP_BUDGET);
    ck_assert_uint_eq(r.insns, 0);
    ck_assert_uint_ge(r.exits, 1000);
}
END_TEST

START_TEST(test_stop_request)
{
    pthread_t thread;

    LOAD(enter_real, 0xeb, 0xfe); /* jmp $ */
    ck_assert_int_eq(pthread_create(&thread, NULL, request_stop, f.m), 0);
    ck_assert_int_eq(run(0, 0).stop, STOP_REQUEST);
    pthread_join(thread, NULL);
    ck_assert_int_eq(run(10, 0).stop, STOP_BUDGET);
}
END_TEST

static enum monitor_action take_cpuid(void *ctx, struct machine *m, struct vm_exit *exit)
{
    *(int *)ctx += 1;
    m->vcpu->ops->set_gpr(m->vcpu, X86_RAX, 0x4242);
    m->vcpu->ops->complete(m->vcpu, exit->insn_len);
    return MONITOR_STOP;
}

START_TEST(test_monitor)
{
    int calls = 0;

    LOAD(enter_real, 0x0f, 0xa2, 0xf4);
    f.m->monitor.on_exit[EXIT_CPUID] = take_cpuid;
    f.m->monitor.ctx = &calls;
    ck_assert_int_eq(run(0, 0).stop, STOP_MONITOR);
    ck_assert_int_eq(calls, 1);
    ck_assert_uint_eq(reg(X86_RAX), 0x4242);
    ck_assert_int_eq(run(0, 0).stop, STOP_HALT);
}
END_TEST

START_TEST(test_two_machines)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *first = f.m, *second;
    struct error err;

    load(loop_code, sizeof(loop_code), enter_real);
    ck_assert_int_eq(machine_create(&second, &config, &err), 0);
    f.m = second;
    load(loop_code, sizeof(loop_code), enter_real);
    for (int i = 0; i < 20; i++) {
        f.m = i % 2 ? first : second;
        run(13, 0);
    }
    ck_assert_uint_eq(first->insns, second->insns);
    ck_assert_uint_eq(reg(X86_RAX), second->vcpu->ops->get_gpr(second->vcpu, X86_RAX));
    f.m = first;
    machine_destroy(second);
}
END_TEST

/* Ring 3, a gate for vectors 3 and 6 that ring 3 may not use by INT, and TR as RESET left it. */
static void enter_ring3(struct x86_state *s)
{
    uint8_t gate[8] = {0x02, 0x10, 0x08, 0x00, 0x00, 0x8e, 0x00, 0x00}; /* 0008:00001002, DPL 0 */
    uint8_t code[8] = {0xff, 0xff, 0x00, 0x00, 0x00, 0x9a, 0xcf, 0x00};

    ram_write(&f.m->ram, 0x8008, code, 8);
    ram_write(&f.m->ram, 0x9000 + 8 * X86_BP, gate, 8);
    ram_write(&f.m->ram, 0x9000 + 8 * X86_UD, gate, 8);
    enter_flat32(s);
    for (int i = X86_ES; i <= X86_GS; i++) {
        s->seg[i].access |= 3u << 5;
        s->seg[i].selector |= 3;
    }
    s->gdtr = (struct x86_table){.base = 0x8000, .limit = 0x0f};
    s->idtr = (struct x86_table){.base = 0x9000, .limit = 0x7f};
}

/* The way to ring 0 leads through a TSS that is none: #TS, #DF, shutdown, and the monitor lives. */
START_TEST(test_no_task_segment)
{
    LOAD(enter_ring3, 0x0f, 0x0b, 0xf4);
    ck_assert_int_eq(run(100, 0).stop, STOP_TRIPLE_FAULT);
    ck_assert_uint_eq(f.exits[0].intr_info & 0xff, X86_UD);
    ck_assert_uint_eq(f.exits[1].intr_info & 0xff, X86_TS);
    ck_assert_uint_eq(f.m->insns, 0);
}
END_TEST

/* INT3 through a gate that ring 3 may not use: #GP with the gate's number, and no retirement. */
START_TEST(test_software_interrupt_gate)
{
    LOAD(enter_ring3, 0xcc);
    ck_assert_int_eq(run(100, 0).stop, STOP_TRIPLE_FAULT);
    ck_assert_uint_eq(f.exits[0].intr_info, INTR_VALID | INTR_SOFTWARE_EXCEPTION << 8 | X86_BP);
    ck_assert_uint_eq(f.m->insns, 0);
}
END_TEST

/* Noise as a program, in each mode: no crash, no run past its budget, an end with a name. */
START_TEST(test_hostile)
{
    void (*const enters[])(struct x86_state *) = {enter_real, enter_flat32, enter_long64};

    srand((unsigned)_i + 1);
    for (int round = 0; round < 25; round++) {
        uint8_t code[256];
        struct run_result r;

        fixture_again();
        for (size_t i = 0; i < sizeof(code); i++)
            code[i] = (uint8_t)(rand() >> 7);
        load(code, sizeof(code), enters[round % 3]);
        r = run(5000, 500);
        ck_assert_uint_le(r.insns, 5000);
        ck_assert_uint_le(r.exits, 500);
        ck_assert_str_ne(stop_reason_name(r.stop), "unknown");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("machine");
    TCase *tc = tcase_create("exits"), *hostile = tcase_create("hostile");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, hostile);
    tcase_set_timeout(tc, 60);
    tcase_set_timeout(hostile, 120);
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_checked_fixture(hostile, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_cpuid);
    tcase_add_test(tc, test_io_qualification);
    tcase_add_test(tc, test_rep_outs);
    tcase_add_test(tc, test_ins_writes_memory);
    tcase_add_test(tc, test_core_gives_up);
    tcase_add_test(tc, test_string_compare_length);
    tcase_add_test(tc, test_flags_at_a_fault);
    tcase_add_test(tc, test_debug_exit);
    tcase_add_test(tc, test_cr_access);
    tcase_add_test(tc, test_pkru);
    tcase_add_test(tc, test_pkru_faults);
    tcase_add_test(tc, test_lmsw_memory);
    tcase_add_test(tc, test_msr);
    tcase_add_test(tc, test_unknown_msr_faults);
    tcase_add_test(tc, test_invlpg_vmcall_rdtsc);
    tcase_add_test(tc, test_page_faults);
    tcase_add_test(tc, test_ept_violation);
    tcase_add_test(tc, test_ept_rights);
    tcase_add_test(tc, test_least_ram);
    tcase_add_test(tc, test_most_ram);
    tcase_add_test(tc, test_count_equals_steps);
    tcase_add_test(tc, test_budget_is_exact);
    tcase_add_test(tc, test_state_round_trip);
    tcase_add_test(tc, test_state_holds_pending_event);
    tcase_add_test(tc, test_self_modifying);
    tcase_add_test(tc, test_host_store_reaches_code);
    tcase_add_test(tc, test_code_across_pages);
    tcase_add_test(tc, test_insn_across_pages);
    tcase_add_test(tc, test_faults_without_end);
    tcase_add_test(tc, test_stop_request);
    tcase_add_test(tc, test_monitor);
    tcase_add_test(tc, test_two_machines);
    tcase_add_test(hostile, test_no_task_segment);
    tcase_add_test(hostile, test_software_interrupt_gate);
    tcase_add_loop_test(hostile, test_hostile, 0, 8);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

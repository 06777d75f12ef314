/*
 * A run gives the same however it is cut: the same state at every exit and at the end, in pieces of
 * any size. Each program here once did not; what random guests (tests/fuzz) find is put here.
 */
#include "tests/support/exit_check.h"

#include "util/bytes.h"

#include <stdlib.h>
#include <string.h>

#define PIECES 12
#define INSNS 60

struct seen {
    uint64_t hashes[EXITS_KEPT], end;
    unsigned count;
    struct x86_state state;
};

static void keep_hash(void *ctx, const struct machine *m, const struct vm_exit *exit)
{
    struct seen *seen = ctx;

    (void)exit;
    if (seen->count < EXITS_KEPT)
        seen->hashes[seen->count++] = machine_state_hash(m);
}

/* INSNS instructions at most, in pieces of `piece`. */
static void run_pieces(const uint8_t *code, size_t size, enter_fn *enter, uint64_t piece,
                       struct seen *seen)
{
    struct run_result r = {.stop = STOP_BUDGET};

    fixture_again();
    memset(seen, 0, sizeof(*seen));
    f.m->observer.seen = keep_hash;
    f.m->observer.ctx = seen;
    load(code, size, enter);
    while (r.stop == STOP_BUDGET && f.m->insns < INSNS)
        r = run(f.m->insns + piece < INSNS ? piece : INSNS - f.m->insns, 0);
    machine_get_state(f.m, &seen->state);
    seen->end = machine_state_hash(f.m);
}

/* The machine stays as the last of the runs left it. */
static struct x86_state same_in_pieces(const uint8_t *code, size_t size, enter_fn *enter)
{
    struct seen whole, cut;

    run_pieces(code, size, enter, INSNS, &whole);
    for (uint64_t piece = 1; piece <= PIECES; piece++) {
        run_pieces(code, size, enter, piece, &cut);
        ck_assert_msg(cut.count == whole.count && cut.end == whole.end,
                      "in pieces of %u: %u exits of %u, %s state", (unsigned)piece, cut.count,
                      whole.count, cut.end == whole.end ? "the same" : "another");
        ck_assert_mem_eq(cut.hashes, whole.hashes, sizeof(whole.hashes));
    }
    return whole.state;
}

#define SAME(enter, ...)                                                                           \
    same_in_pieces((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), enter)

/* The entry of page 4000h (at 13020h) leads to 7000h, is not seen, and is seen behind INVLPG. */
START_TEST(test_stale_translation)
{
    struct x86_state s = SAME(enter_long64, 0xc6, 0x04, 0x25, 0, 0x40, 0, 0, 4, /* 4 at 4000h */
                              0xc6, 0x04, 0x25, 0, 0x70, 0, 0, 7,               /* 7 at 7000h */
                              0x66, 0xc7, 0x04, 0x25, 0x20, 0x30, 0x01, 0, 0x03, 0x70, 0x8a, 0x04,
                              0x25, 0, 0x40, 0, 0,                      /* mov al,[4000h] */
                              0x0f, 0xa2,                               /* cpuid */
                              0x90, 0x90, 0x90, 0x90, 0x90,             /* nop */
                              0x8a, 0x1c, 0x25, 0, 0x40, 0, 0,          /* mov bl,[4000h] */
                              0x0f, 0x01, 0x3c, 0x25, 0x01, 0x40, 0, 0, /* invlpg [4001h] */
                              0x8a, 0x3c, 0x25, 0, 0x40, 0, 0,          /* mov bh,[4000h] */
                              0xf4);

    ck_assert_uint_eq(s.gpr[X86_RBX] & 0xffff, 0x0704);
}
END_TEST

/* A saved state with its TLB goes on as the machine that it was taken from. */
START_TEST(test_saved_tlb)
{
    static const uint8_t code[] = {0xc6, 0x04, 0x25, 0,    0x40, 0,    0, 4,    0x66,
                                   0xc7, 0x04, 0x25, 0x20, 0x30, 0x01, 0, 0x03, 0x70,
                                   0x90, 0x8a, 0x1c, 0x25, 0,    0x40, 0, 0,    0xf4};
    static uint8_t saved[X86_TLB_SIZE * 16];
    struct x86_state s;
    size_t size;

    for (unsigned with = 0; with < 2; with++) {
        fixture_again();
        load(code, sizeof(code), enter_long64);
        run(3, 0);
        machine_get_state(f.m, &s);
        size = x86_tlb_save(&f.m->vcpu->tlb, saved, sizeof(saved));
        ck_assert_uint_ge(size, 32);
        machine_set_state(f.m, &s);
        ck_assert_uint_eq(f.m->vcpu->tlb.count, 0);
        ck_assert(x86_tlb_load(&f.m->vcpu->tlb, saved, with ? size : 0));
        run(0, 0);
        ck_assert_uint_eq(reg(X86_RBX) & 0xff, with ? 4 : 0);
    }
}
END_TEST

/* Instructions that keep the flags and reach memory: the flags are those of the ADD. */
START_TEST(test_flags_kept)
{
    struct seen cut;

    SAME(enter_real, 0xb4, 0x00,                                      /* again: mov ah,0 */
         0xc6, 0x06, 0x00, 0x30, 0xa3,                                /* mov byte [3000h],a3h */
         0x00, 0x26, 0x00, 0x30,                                      /* add [3000h],ah */
         0x0f, 0x01, 0x26, 0x00, 0x40,                                /* smsw [4000h] */
         0x0f, 0xa2,                                                  /* cpuid */
         0x0f, 0x01, 0x0e, 0x80, 0x00,                                /* sidt [80h] */
         0xeb, 0xe7);                                                 /* jmp again */
    run_pieces((const uint8_t[]){0xb0, 0xa3, 0xb4, 0x00, 0x00, 0xe0,  /* mov al,a3h; add al,ah */
                                 0x0f, 0x01, 0x26, 0x00, 0x40, 0xf4}, /* smsw [4000h]; hlt */
               12, enter_real, 4, &cut);
    ck_assert_uint_eq(cut.state.rflags & (RFLAGS_AF | RFLAGS_SF), RFLAGS_SF);
}
END_TEST

/*
 * #UD's handler at 2000h counts in BX; it is run once, and then the frame lies over two thirds
 * of that.
 */
static void enter_handler(struct x86_state *s)
{
    static const uint8_t handler[] = {0x43, 0x43, 0x43, 0x43, 0x43, 0x43,
                                      0x43, 0x43, 0x43, 0xbc, 0x09, 0x20, /* inc bx; mov sp,2009h */
                                      0xe9, 0xf1, 0xef};                  /* jmp AT */
    uint8_t place[4];

    put_le32(place, 0x2000);
    ram_write(&f.m->ram, 4 * X86_UD, place, 4);
    ram_write(&f.m->ram, 0x2000, handler, sizeof(handler));
    enter_real(s);
}

START_TEST(test_frame_over_code)
{
    struct x86_state s = SAME(enter_handler, 0x0f, 0x0b);

    ck_assert_uint_gt(s.gpr[X86_RBX], 10);
    ck_assert_uint_lt(s.gpr[X86_RBX], 30);
}
END_TEST

static void enter_traced(struct x86_state *s)
{
    enter_real(s);
    s->gpr[X86_RBX] = AT;
    s->rflags |= RFLAGS_TF;
}

/* One instruction under TF that writes over itself is counted once. */
START_TEST(test_traced_over_itself)
{
    SAME(enter_traced, 0x00, 0x27, 0xeb, 0xfc); /* add [bx],ah; jmp back */
    SAME(enter_traced, 0xfe, 0x07, 0xeb, 0xfc); /* inc byte [bx] */
}
END_TEST

/* INC and DEC of their own block: opcode FF, as jumps have. */
START_TEST(test_increment_own_block)
{
    struct x86_state s = SAME(enter_flat32, 0x40, 0xff, 0x05, 0x0c, 0x10, 0, 0, /* inc [100ch] */
                              0x40, 0xb8, 0x01, 0, 0, 0x10, 0x43, 0xeb, 0xf0);

    ck_assert_uint_gt(s.gpr[X86_RBX], 1);
}
END_TEST

/*
 * Read-modify-write of the dword at 1002h, which reaches into the block at 1004h; STC and a jump back
 * to it. The first operand is 10h. What 1002h holds in the end.
 */
static unsigned across_begin(const uint8_t *insn, size_t size)
{
    uint8_t code[16] = {0xeb, 0x02, 0x10, 0x00}, word[2];

    memcpy(code + 4, insn, size);
    memcpy(code + 4 + size, (const uint8_t[]){0xf9, 0xeb, (uint8_t)(0xfd - size)}, 3);
    same_in_pieces(code, size + 7, enter_flat32);
    ck_assert(ram_read(&f.m->ram, 0x1002, word, 2));
    return get_le16(word);
}

START_TEST(test_across_begin)
{
    static const uint8_t add[] = {0x83, 0x05, 0x02, 0x10, 0, 0, 5};
    static const uint8_t adc[] = {0x83, 0x15, 0x02, 0x10, 0, 0, 5};
    static const uint8_t inc[] = {0xff, 0x05, 0x02, 0x10, 0, 0};
    static const uint8_t xor_eax[] = {0x31, 0x05, 0x02, 0x10, 0, 0};
    static const uint8_t or_3[] = {0x83, 0x0d, 0x02, 0x10, 0, 0, 3};

    /* 60 instructions are the jump, 19 passes, and two more */
    ck_assert_uint_eq(across_begin(add, sizeof(add)), 0x10 + 20 * 5);
    ck_assert_uint_eq(across_begin(adc, sizeof(adc)), 0x10 + 20 * 6 - 1);
    ck_assert_uint_eq(across_begin(inc, sizeof(inc)), 0x10 + 20);
    ck_assert_uint_eq(across_begin(or_3, sizeof(or_3)), 0x13);
    ck_assert_uint_eq(across_begin(xor_eax, sizeof(xor_eax)), 0x10); /* EAX is 0 */
}
END_TEST

/* A store into its own block keeps the flags that an ADD left. */
START_TEST(test_store_keeps_flags)
{
    struct x86_state s = SAME(enter_flat32, 0xb0, 0xa3, 0x04, 0x00,     /* mov al,a3h; add al,0 */
                              0xc6, 0x05, 0x0c, 0x10, 0x00, 0x00, 0x41, /* mov byte [100ch],41h */
                              0xb1, 0x41, 0x0f, 0xa2, 0xeb, 0xef);      /* mov cl,41h; cpuid; jmp */

    ck_assert_uint_eq(s.rflags & (RFLAGS_AF | RFLAGS_SF), RFLAGS_SF);
}
END_TEST

/* A jump to itself with a prefix that means nothing: each time is one instruction, and the run ends. */
START_TEST(test_prefixed_jump)
{
    SAME(enter_flat32, 0xf3, 0xeb, 0xfd);
    SAME(enter_flat32, 0x90, 0xf2, 0xeb, 0xfd);
    ck_assert_uint_eq(f.m->insns, INSNS);
}
END_TEST

/* A jump into an instruction of its own block: what is there is not the block's, begun again. */
START_TEST(test_jump_into_instruction)
{
    SAME(enter_flat32, 0x90, 0xb8, 0x0f, 0xa2, 0x90, 0x90, 0xeb, 0xfa); /* mov eax,..; to CPUID */
    SAME(enter_flat32, 0x90, 0xb8, 0xfb, 0x90, 0x90, 0x90, 0xeb, 0xfa); /* to STI */
    ck_assert_uint_eq(f.m->insns, INSNS);
}
END_TEST

/* VEX with an opcode that is JNS without it, and XOP at the end of what the core takes for a block. */
START_TEST(test_undefined_prefixes)
{
    struct x86_state s = SAME(enter_long64, 0x90, 0x90, 0xc5, 0x8e, 0x89, 0x00, 0x00, 0x00, 0x00);

    ck_assert_uint_eq(s.rip, AT + 2);
    s = SAME(enter_flat32, 0x90, 0x8f, 0x48, 0x0f, 0x48, 0x07, 0xbc, 0x31, 0x15, 0x31, 0x15);
    ck_assert_uint_eq(s.rip, AT + 1);
    s = SAME(enter_flat32, 0x90, 0x0f, 0x73, 0x72, 0xbc, 0x66, 0xb8, 0x11, 0x3e, 0xf4); /* psllq */
    ck_assert_uint_eq(s.rip, AT + 1);
}
END_TEST

/* The end of step mode is no fetch: the page of the JMP is not in the TLB behind MOV to CR3. */
START_TEST(test_step_mode_left)
{
    static const uint8_t code[] = {0xe9, 0xfb, 0x0f, 0, 0};       /* jmp 2000h */
    static const uint8_t more[] = {0x0f, 0x22, 0xd8, 0x90, 0xf4}; /* mov cr3,rax; nop; hlt */
    uint64_t hashes[2];

    for (unsigned cut = 0; cut < 2; cut++) {
        fixture_again();
        load(code, sizeof(code), enter_long64);
        ck_assert(ram_write(&f.m->ram, 0x2000, more, sizeof(more)));
        f.m->vcpu->ops->set_gpr(f.m->vcpu, X86_RAX, 0x10000);
        for (unsigned i = 0; cut && i < 2; i++)
            run(1, 0);
        ck_assert_int_eq(run(0, 0).stop, STOP_HALT);
        ck_assert_uint_eq(f.m->vcpu->tlb.count, 1);
        hashes[cut] = machine_state_hash(f.m);
    }
    ck_assert_uint_eq(hashes[0], hashes[1]);
}
END_TEST

/* An instruction that may reach the MMIO bus, or a descriptor table, was not begun: it still may. */
START_TEST(test_request_keeps_permission)
{
    static const uint8_t mmio[] = {0xa3, 0, 0, 0xe0, 0xfe, 0xf4}; /* mov [fee00000h],eax */
    static const uint8_t table[] = {0x0f, 0x01, 0x05, 0, 0x30, 0, 0, 0xf4}; /* sgdt [3000h] */

    load(_i ? table : mmio, _i ? sizeof(table) : sizeof(mmio), enter_flat32);
    control(SECONDARY, SECONDARY_DESCRIPTOR_TABLE, true);
    run(0, 1);
    ck_assert_uint_eq(f.count, 1);
    for (unsigned i = 0; i < 3; i++) {
        machine_request_stop(f.m);
        ck_assert_int_eq(run(0, 0).stop, STOP_REQUEST);
    }
    ck_assert_int_eq(run(0, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.count, 2);
}
END_TEST

static void enter_mmio(struct x86_state *s)
{
    enter_real(s);
    s->seg[X86_DS].base = 0xfee00000;
}

/* The same when an interrupt comes first, or another state: it is for no other instruction. */
START_TEST(test_permission_is_for_one)
{
    static const uint8_t mov[] = {0xa3, 0, 0, 0xf4}; /* mov [0],ax; hlt */
    static const struct x86_event event = {.info = INTR_VALID | INTR_EXTERNAL << 8 | 0x20};

    load(mov, sizeof(mov), enter_mmio);
    ck_assert(ram_write(&f.m->ram, 0x80, "\0\x20\0\0", 4));
    ck_assert(ram_write(&f.m->ram, 0x2000, mov, sizeof(mov)));
    run(0, 1);
    if (_i)
        load(mov, sizeof(mov), enter_mmio);
    else
        f.m->vcpu->ops->inject(f.m->vcpu, &event);
    ck_assert_int_eq(run(0, 0).stop, STOP_HALT);
    ck_assert_uint_eq(f.exits[1].reason, EXIT_EPT_VIOLATION);
    ck_assert_uint_eq(f.exits[1].rip, _i ? AT : 0x2000);
}
END_TEST

/* 64-bit mode at CPL 3; all pages are the user's, but 8000h with the GDT: a data segment is 20h. */
static void enter_user64(struct x86_state *s)
{
    uint8_t *table = ram_ptr(&f.m->ram, 0x13000, 0x800);

    enter_long64(s);
    for (unsigned level = 0; level < 3; level++)
        *ram_ptr(&f.m->ram, 0x10000 + level * 0x1000, 1) |= 4;
    for (unsigned i = 0; i < 256; i++)
        table[8 * i] |= i == 5 || i == 8 ? 0 : 4;
    ck_assert(ram_write(&f.m->ram, 0x8020, "\xff\xff\0\0\0\xf3\xcf\0", 8));
    s->gdtr = (struct x86_table){.base = 0x8000, .limit = 0x27};
    s->seg[X86_CS].access |= 3 << 5;
    s->seg[X86_CS].selector = s->seg[X86_SS].selector = 0x23;
    s->seg[X86_SS].access |= 3 << 5;
    s->gpr[X86_RAX] = 0x23;
    s->rip = 0x4ffa;
}

/* As many entries as leave room for one page. */
static void fill_tlb(void)
{
    static uint8_t saved[(X86_TLB_SIZE - 1) * 16];

    for (unsigned i = 0; i < X86_TLB_SIZE - 1; i++)
        put_le64(saved + 16 * i, 0x100000000 + i * 0x1000 + X86_TLB_VALID);
    ck_assert(x86_tlb_load(&f.m->vcpu->tlb, saved, sizeof(saved)));
}

/*
 * What an access in front of a page that cannot be fetched has to be begun again for: a segment load
 * at CPL 3, and a TLB without room. And it may fault itself: mov [50ffh],al, to a byte.
 */
START_TEST(test_in_front_of_fault)
{
    static const uint8_t codes[][6] = {{0x8e, 0xc0, 0x90, 0x90, 0x90, 0x90},  /* mov es,ax */
                                       {0x8a, 0x08, 0x90, 0x90, 0x90, 0x90},  /* mov cl,[rax] */
                                       {0x88, 0x43, 0xff, 0x90, 0x90, 0x90},  /* mov [rbx-1],al */
                                       {0x88, 0x0b, 0x90, 0x90, 0x90, 0x90}}; /* mov [rbx],cl */

    load(NULL, 0, enter_user64);
    ck_assert(ram_write(&f.m->ram, 0x4ffa, codes[_i], 6));
    if (_i == 1)
        fill_tlb();
    f.m->vcpu->ops->set_gpr(f.m->vcpu, X86_RBX, _i == 2 ? 0x5100 : 0x8123);
    stop_at_exits(true);
    ck_assert_int_eq(run(1000, 0).stop, STOP_MONITOR);
    ck_assert_uint_eq(f.exits[0].intr_info & 0xff, X86_PF);
    ck_assert_uint_eq(f.exits[0].rip, _i < 2 ? 0x5000 : 0x4ffa);
    ck_assert_uint_eq(f.exits[0].guest_linear, _i < 2 ? 0x5000 : _i == 2 ? 0x50ff : 0x8123);
    ck_assert_uint_eq(f.exits[0].insns, _i < 2 ? 5 : 0);
}
END_TEST

/* The flags behind a LOOPE at its end, and in front of an RCR that faults, are those of the ADD. */
START_TEST(test_flags_forgotten)
{
    struct x86_state s =
        SAME(enter_flat32, 0x31, 0xc0, 0xb9, 1, 0, 0, 0, /* xor eax,eax; mov ecx,1 */
             0xeb, 0x00, 0x04, 0x0f, 0xe1, 0xfc,         /* add al,0fh; loope */
             0x0f, 0xa2, 0xf4);                          /* cpuid; hlt */

    s = SAME(enter_flat32, 0x31, 0xc0, 0xb9, 1, 0, 0, 0, 0xeb, 0x00, 0x04, 0x81, 0xe1, 0xfc, 0xf4);
    ck_assert_uint_eq(s.rflags & 0xff, RFLAGS_SF | RFLAGS_PF | 2);
    s = SAME(enter_long64, 0x31, 0xc0, 0xb1, 0x00, 0xeb, 0x00, 0x04, 0x81, /* add al,81h */
             0xd3, 0x1c, 0x25, 0, 0x50, 0, 0); /* rcr dword [5000h],cl */
    ck_assert_uint_eq(s.rflags & 0xff, RFLAGS_SF | RFLAGS_PF | 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cut");
    TCase *tc = tcase_create("cut");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_stale_translation);
    tcase_add_test(tc, test_saved_tlb);
    tcase_add_test(tc, test_flags_kept);
    tcase_add_test(tc, test_frame_over_code);
    tcase_add_test(tc, test_traced_over_itself);
    tcase_add_test(tc, test_increment_own_block);
    tcase_add_test(tc, test_across_begin);
    tcase_add_test(tc, test_store_keeps_flags);
    tcase_add_test(tc, test_prefixed_jump);
    tcase_add_test(tc, test_jump_into_instruction);
    tcase_add_test(tc, test_undefined_prefixes);
    tcase_add_test(tc, test_step_mode_left);
    tcase_add_loop_test(tc, test_request_keeps_permission, 0, 2);
    tcase_add_loop_test(tc, test_permission_is_for_one, 0, 2);
    tcase_add_loop_test(tc, test_in_front_of_fault, 0, 4);
    tcase_add_test(tc, test_flags_forgotten);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

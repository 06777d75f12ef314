/*
 * x86/decode.c: fields of chosen instructions, cut-off bytes, and lengths against Capstone on
 * random bytes. Where Capstone 4 is wrong, or follows AMD, the differences are listed one by one.
 */
#include "x86/decode.h"

#include "x86/regs.h"

/* Capstone has an enum of the same name. */
#define x86_insn capstone_x86_insn
#include <capstone/capstone.h>
#undef x86_insn

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_COUNT 1000000 /* strings for each code size */

struct sample {
    unsigned bits;
    uint8_t bytes[15];
    unsigned length, map, opcode, operand_size, address_size;
    uint64_t immediate;
};

/* clang-format off */
static const struct sample samples[] = {
    {16, {0xe4, 0x60}, 2, 0, 0xe4, 2, 2, 0x60},             /* in al, 60h */
    {16, {0xf4}, 1, 0, 0xf4, 2, 2, 0},                      /* hlt */
    {16, {0x66, 0xb8, 1, 2, 3, 4}, 6, 0, 0xb8, 4, 2, 0x04030201},
    {16, {0xb8, 1, 2}, 3, 0, 0xb8, 2, 2, 0x0201},
    {16, {0x67, 0x8b, 0x04, 0x25, 1, 2, 3, 4}, 8, 0, 0x8b, 2, 4, 0}, /* disp32 in 16-bit code */
    {16, {0xea, 0, 0x7c, 0, 0}, 5, 0, 0xea, 2, 2, 0x7c00},  /* jmp 0:7c00 */
    {16, {0x8b, 0x06, 0x34, 0x12}, 4, 0, 0x8b, 2, 2, 0},    /* mov ax, [1234h] */
    {32, {0x66, 0xe7, 0x80}, 3, 0, 0xe7, 2, 4, 0x80},       /* out 80h, ax */
    {32, {0xc8, 4, 0, 1}, 4, 0, 0xc8, 4, 4, 0x10004},       /* enter 4, 1 */
    {32, {0xf6, 0xc1, 0x7f}, 3, 0, 0xf6, 4, 4, 0x7f},       /* test cl, 7fh: group 3 immediate */
    {32, {0xf6, 0xd1}, 2, 0, 0xf6, 4, 4, 0},                /* not cl: none */
    {32, {0x0f, 0x22, 0xd8}, 3, 1, 0x22, 4, 4, 0},          /* mov cr3, eax */
    {32, {0x0f, 0x22, 0x18}, 3, 1, 0x22, 4, 4, 0},          /* the same: mod is ignored */
    {32, {0xc5, 0xf8, 0x77}, 3, 1, 0x77, 4, 4, 0},          /* vzeroupper */
    {32, {0xc5, 0x08}, 2, 0, 0xc5, 4, 4, 0},                /* lds ecx, [eax]: not VEX */
    {32, {0x0f, 0x01, 0xc1}, 3, 1, 0x01, 4, 4, 0},          /* vmcall */
    {64, {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8}, 10, 0, 0xb8, 8, 8, 0x0807060504030201},
    {64, {0xa1, 1, 2, 3, 4, 5, 6, 7, 8}, 9, 0, 0xa1, 4, 8, 0x0807060504030201}, /* moffs64 */
    {64, {0x67, 0xa1, 1, 2, 3, 4}, 6, 0, 0xa1, 4, 4, 0x04030201},
    {64, {0x0f, 0x20, 0xc0}, 3, 1, 0x20, 8, 8, 0},          /* mov rax, cr0 */
    {64, {0x66, 0xe8, 1, 2, 3, 4}, 6, 0, 0xe8, 8, 8, 0x04030201}, /* Intel: 66 is ignored */
    {64, {0x66, 0x0f, 0x84, 1, 2, 3, 4}, 7, 1, 0x84, 8, 8, 0x04030201},
    {64, {0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8}, 6, 3, 0x0f, 2, 8, 8}, /* palignr */
    {64, {0x8b, 0x05, 1, 2, 3, 4}, 6, 0, 0x8b, 4, 8, 0},    /* RIP-relative */
    {64, {0x48, 0x66, 0xb8, 1, 2}, 5, 0, 0xb8, 2, 8, 0x0201}, /* REX before a prefix is void */
};
/* clang-format on */

START_TEST(test_samples)
{
    const struct sample *s = &samples[_i];
    struct x86_insn insn;

    ck_assert(x86_decode(s->bytes, sizeof(s->bytes), s->bits, &insn));
    ck_assert_uint_eq(insn.length, s->length);
    ck_assert_uint_eq(insn.map, s->map);
    ck_assert_uint_eq(insn.opcode, s->opcode);
    ck_assert_uint_eq(insn.operand_size, s->operand_size);
    ck_assert_uint_eq(insn.address_size, s->address_size);
    ck_assert_uint_eq(insn.immediate, s->immediate);
}
END_TEST

START_TEST(test_cut_off)
{
    const struct sample *s = &samples[_i];
    struct x86_insn insn;

    for (unsigned size = 0; size < s->length; size++) {
        uint8_t *exact = malloc(size + 1); /* for the address sanitizer: nothing behind it */

        ck_assert_ptr_nonnull(exact);
        memcpy(exact, s->bytes, size);
        insn.length = 1;
        ck_assert(!x86_decode(exact, size, s->bits, &insn));
        ck_assert_uint_eq(insn.length, 0);
        free(exact);
    }
}
END_TEST

START_TEST(test_prefixes)
{
    static const uint8_t rep_outs[] = {0xf3, 0x65, 0x66, 0x6f};
    static const uint8_t lock[] = {0xf0, 0x2e, 0xf2, 0x41, 0x0f, 0xb1, 0x08};
    struct x86_insn insn;

    ck_assert(x86_decode(rep_outs, sizeof(rep_outs), 32, &insn));
    ck_assert(insn.rep && !insn.repne && insn.opsize_prefix && !insn.lock);
    ck_assert_uint_eq(insn.segment, X86_GS);
    ck_assert_uint_eq(insn.prefix_count, 3);
    ck_assert_uint_eq(insn.operand_size, 2);
    ck_assert(!insn.has_modrm);

    ck_assert(x86_decode(lock, sizeof(lock), 64, &insn));
    ck_assert(insn.lock && insn.repne && !insn.rep);
    ck_assert_uint_eq(insn.segment, 0xff); /* 64-bit mode has no CS override */
    ck_assert_uint_eq(insn.rex, 0x41);
    ck_assert(insn.has_modrm);
    ck_assert_uint_eq(x86_insn_rm(&insn), X86_R8);
    ck_assert_uint_eq(x86_insn_reg(&insn), X86_RCX);
}
END_TEST

START_TEST(test_fifteen_bytes)
{
    uint8_t bytes[16];
    struct x86_insn insn;

    memset(bytes, 0x66, sizeof(bytes));
    bytes[14] = 0x90;
    ck_assert(x86_decode(bytes, sizeof(bytes), 32, &insn));
    ck_assert_uint_eq(insn.length, 15);
    bytes[14] = 0x66;
    bytes[15] = 0x90;
    ck_assert(!x86_decode(bytes, sizeof(bytes), 32, &insn));
}
END_TEST

START_TEST(test_count)
{
    static const uint8_t code[] = {0x90, 0xb8, 1, 2, 3, 4, 0x0f, 0xa2, 0xe9, 1, 2};

    uint32_t last;

    ck_assert_uint_eq(x86_count_insns(code, 0, 32, &last), 0);
    ck_assert_uint_eq(last, 0);
    ck_assert_uint_eq(x86_count_insns(code, 1, 32, &last), 1);
    ck_assert_uint_eq(x86_count_insns(code, 8, 32, &last), 3);
    ck_assert_uint_eq(last, 6);
    ck_assert_uint_eq(x86_count_insns(code, sizeof(code), 32, &last), 4); /* the last is cut off */
}
END_TEST

/* ---- Capstone -------------------------------------------------------------------------------- */

/* One known difference: which instructions, and what Capstone makes of their length. */
struct difference {
    const char *what;
    bool (*applies)(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits);
    int capstone_more; /* bytes that Capstone counts more than we do, or STOPS_AT_OPCODE */
};

#define STOPS_AT_OPCODE 100 /* Capstone ends right after the opcode */

static bool has_prefix(const struct x86_insn *insn, const uint8_t *bytes, uint8_t prefix)
{
    return memchr(bytes, prefix, insn->prefix_count) != NULL;
}

static bool is_ud0_ud1(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    (void)bytes;
    (void)bits;
    return insn->map == 1 && (insn->opcode == 0xb9 || insn->opcode == 0xff);
}

static bool is_sse4a(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    (void)bits;
    return insn->map == 1 && insn->opcode == 0x78 &&
           (insn->opsize_prefix || has_prefix(insn, bytes, 0xf2));
}

static bool is_near_branch(const struct x86_insn *insn)
{
    if (insn->map == 1)
        return (insn->opcode & 0xf0) == 0x80;
    return insn->map == 0 && (insn->opcode == 0xe8 || insn->opcode == 0xe9);
}

static bool is_near_branch_66(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    (void)bytes;
    return bits == 64 && is_near_branch(insn) && insn->opsize_prefix;
}

static bool is_near_branch_67(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    return bits == 64 && is_near_branch(insn) && insn->rex & 8 && has_prefix(insn, bytes, 0x67);
}

static bool is_evex_rounding(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    const uint8_t *evex = bytes + insn->prefix_count;

    (void)bits;
    return evex[0] == 0x62 && evex[3] & 0x10 && insn->modrm >= 0xc0;
}

static bool is_66_hidden_by_f2(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    (void)bits;
    return insn->map == 0 && insn->opsize_prefix && has_prefix(insn, bytes, 0xf2) &&
           (insn->opcode == 0xe8 || insn->opcode == 0xe9 || insn->opcode == 0x68);
}

static bool is_ret_66_rexw(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits)
{
    (void)bytes;
    return bits == 64 && insn->map == 0 && insn->opcode == 0xc2 && insn->opsize_prefix &&
           insn->rex & 8;
}

static const struct difference differences[] = {
    {"UD0 and UD1 have a ModRM byte (SDM vol. 2, UD); Capstone has none", is_ud0_ud1,
     STOPS_AT_OPCODE},
    {"EXTRQ and INSERTQ (AMD, 66/F2 0F 78) have two imm8; Capstone takes VMREAD", is_sse4a, -2},
    {"64-bit near branches ignore 66 on Intel; Capstone follows AMD", is_near_branch_66, -2},
    {"the same with REX.W and 67, where Capstone takes rel16", is_near_branch_67, -2},
    {"EVEX with embedded rounding; Capstone counts the rounding as a byte", is_evex_rounding, 1},
    {"66 beside F2; Capstone loses the 66 and takes 32 bits", is_66_hidden_by_f2, 2},
    {"RET imm16 with 66 and REX.W; Capstone takes 32 bits", is_ret_66_rexw, 2},
};

static bool is_known(const struct x86_insn *insn, const uint8_t *bytes, unsigned bits, int capstone)
{
    for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
        const struct difference *d = &differences[i];
        int expected = d->capstone_more == STOPS_AT_OPCODE ? insn->prefix_count + 2
                                                           : insn->length + d->capstone_more;

        if (capstone == expected && d->applies(insn, bytes, bits))
            return true;
    }
    return false;
}

static uint64_t random64(uint64_t *state) /* xorshift64 */
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Pure noise is mostly one-byte opcodes: lead some of it into the other maps. */
static void random_bytes(uint8_t bytes[16], unsigned turn, uint64_t *state)
{
    static const uint8_t starts[16][2] = {
        {0}, {0x0f}, {0x66, 0x0f}, {0xf2, 0x0f}, {0}, {0x0f},       {0x66, 0x0f}, {0xc4},
        {0}, {0x0f}, {0x66, 0x0f}, {0xc5},       {0}, {0xf3, 0x0f}, {0x66, 0x0f}, {0x62}};
    const uint8_t *start = starts[turn % 16];
    uint64_t r = random64(state);

    memcpy(bytes, &r, 8);
    r = random64(state);
    memcpy(bytes + 8, &r, 8);
    for (unsigned i = 0; i < 2 && start[i]; i++)
        bytes[i] = start[i];
}

static void fail_with(const uint8_t *bytes, unsigned bits, const struct x86_insn *insn,
                      const cs_insn *capstone)
{
    char hex[64] = "";

    for (unsigned i = 0; i < 15; i++)
        sprintf(hex + 3 * i, " %02x", bytes[i]);
    ck_abort_msg("%u bits:%s: %u bytes here, %u in Capstone (%s %s)", bits, hex, insn->length,
                 capstone->size, capstone->mnemonic, capstone->op_str);
}

START_TEST(test_capstone)
{
    static const cs_mode modes[] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
    unsigned bits = 16u << _i;
    uint64_t state = 0x9e3779b97f4a7c15 + (unsigned)_i;
    unsigned compared = 0;
    cs_insn *theirs;
    csh handle;

    ck_assert_int_eq(cs_open(CS_ARCH_X86, modes[_i], &handle), CS_ERR_OK);
    theirs = cs_malloc(handle);
    for (unsigned turn = 0; turn < RANDOM_COUNT; turn++) {
        uint8_t bytes[16];
        const uint8_t *p = bytes;
        size_t left = 15;
        uint64_t address = 0;
        struct x86_insn ours;

        random_bytes(bytes, turn, &state);
        if (!cs_disasm_iter(handle, &p, &left, &address, theirs))
            continue;
        compared++;
        x86_decode(bytes, 15, bits, &ours);
        if (ours.length != theirs->size && !is_known(&ours, bytes, bits, theirs->size))
            fail_with(bytes, bits, &ours, theirs);
    }
    cs_free(theirs, 1);
    cs_close(&handle);
    ck_assert_uint_gt(compared, RANDOM_COUNT / 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decode");
    TCase *chosen = tcase_create("chosen");
    TCase *capstone = tcase_create("capstone");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(chosen, test_samples, 0, sizeof(samples) / sizeof(samples[0]));
    tcase_add_loop_test(chosen, test_cut_off, 0, sizeof(samples) / sizeof(samples[0]));
    tcase_add_test(chosen, test_prefixes);
    tcase_add_test(chosen, test_fifteen_bytes);
    tcase_add_test(chosen, test_count);
    suite_add_tcase(suite, chosen);
    tcase_add_loop_test(capstone, test_capstone, 0, 3);
    tcase_set_timeout(capstone, 120);
    suite_add_tcase(suite, capstone);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

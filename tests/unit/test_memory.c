/* Places in memory in each mode and as text, windows at the ends of the address space, patterns. */
#include "tui/memory.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct x86_state real, prot, wide;

static void setup(void)
{
    x86_state_reset(&real);
    for (unsigned seg = 0; seg < 6; seg++)
        x86_segment_real(&real.seg[seg], (uint16_t)(0x100 * (seg + 1)), seg == X86_CS);
    real.rip = 0x7c00;
    real.gpr[X86_RSP] = 0x1234fffe;
    real.gpr[X86_RSI] = 0xabcd0010;

    prot = real;
    prot.cr0 = CR0_PE | CR0_PG;
    prot.cr3 = 0x5fff;
    prot.seg[X86_CS] =
        (struct x86_segment){.access = 0xb | SEG_S | SEG_P | SEG_DB, .base = 0x400000};
    prot.seg[X86_SS] = (struct x86_segment){.access = 0x3 | SEG_S | SEG_P | SEG_DB, .base = 0x1000};
    prot.seg[X86_DS].base = 0xfffffff0;

    wide = prot;
    wide.cr4 = CR4_PAE;
    wide.efer = EFER_LMA | EFER_LME;
    wide.cr3 = 0x8000000000123018;
    wide.seg[X86_CS].access = 0xb | SEG_S | SEG_P | SEG_L;
    wide.seg[X86_FS].base = 0xffff888000000000;
    wide.gpr[X86_RSP] = 0xffff800000007fe0;
    wide.gpr[X86_R8 + 1] = 0x99;
    wide.gdtr.base = 0xfffffe0000001000;
}

static struct memory_place parse(const char *text)
{
    struct memory_place place;
    struct error err = {0};

    ck_assert_msg(memory_place_parse(&place, text, &err) == 0, "%s: %s", text, err.text);
    return place;
}

static void check(const char *text, const struct x86_state *state, uint64_t address)
{
    struct memory_place place = parse(text);
    uint64_t got = memory_place_address(&place, state);

    ck_assert_msg(got == address, "%s is %llx, not %llx", text, (unsigned long long)got,
                  (unsigned long long)address);
}

START_TEST(test_real_mode)
{
    check("7c00", &real, 0x7c00);
    check("0x7C00", &real, 0x7c00);
    check("sp", &real, 0x300 * 16 + 0xfffe); /* SS:SP, 16 bits of it */
    check("ip", &real, 0x200 * 16 + 0x7c00);
    check("si", &real, 0x400 * 16 + 0x10); /* DS */
    check("es:si", &real, 0x100 * 16 + 0x10);
    check("es:10", &real, 0x100 * 16 + 0x10);
    check("f000:fff0", &real, 0xffff0);
    check("ffff:ffff", &real, 0x10ffef);
    check("phys si", &real, 0x10);
    check("gs", &real, 0x600 * 16);
}
END_TEST

START_TEST(test_protected_mode)
{
    check("eip", &prot, 0x407c00);
    check("esp", &prot, 0x1234fffe + 0x1000);
    check("esp-10", &prot, 0x1234fffe + 0x1000 - 0x10);
    check("esi", &prot, 0xabcd0000); /* wraps at 4 GiB */
    check("cr3", &prot, 0x5000);
    check("rsp", &prot, 0x1234fffe + 0x1000); /* any size of name will do */
    check("100000000", &prot, 0x100000000);   /* a number is taken as it is */
}
END_TEST

START_TEST(test_long_mode)
{
    check("rsp+10", &wide, 0xffff800000007ff0);
    check(" rsp - 10 ", &wide, 0xffff800000007fd0);
    check("rip", &wide, 0x7c00); /* bases of CS, DS, ES, SS do not count */
    check("rsi", &wide, 0xabcd0010);
    check("fs", &wide, 0xffff888000000000);
    check("fs:28", &wide, 0xffff888000000028);
    check("fs:rsi", &wide, 0xffff888000000000 + 0xabcd0010);
    check("r9", &wide, 0x99);
    check("gdtr+8", &wide, 0xfffffe0000001008);
    check("cr3", &wide, 0x123000);
    check("phys rsp", &wide, 0xffff800000007fe0);
    check("ffffffffffffffff", &wide, UINT64_MAX);
    ck_assert(parse("cr3").physical && parse("phys 1000").physical && parse("GPA 1000").physical);
    ck_assert(!parse("rsp").physical);
}
END_TEST

START_TEST(test_no_address)
{
    static const char *const wrong[] = {
        "",        " ",       "xyz",    "rsp+",      "rsp+x",
        "rsp*2",   "0x",      ":10",    "es:",       "rsp:10",
        "10:rsp",  "phys",    "phys ",  "rspp",      "10000000000000000",
        "10000:0", "es:fs:1", "es:cr3", "7c00 7d00", "\xff\xfe"};
    struct memory_place place = {.base = MEMORY_RDX, .offset = 5}, before = place;

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct error err = {0};

        ck_assert_msg(memory_place_parse(&place, wrong[i], &err) < 0, "'%s'", wrong[i]);
        ck_assert(err.text[0]);
        ck_assert(memory_place_equal(&place, &before));
    }
}
END_TEST

static void check_text(const char *text, const struct x86_state *state, const char *want)
{
    struct memory_place place = parse(text), again;
    char buf[MEMORY_PLACE_MAX];

    ck_assert_str_eq(memory_place_text(&place, state, buf), want);
    if (!*want)
        return;
    again = parse(buf);
    ck_assert(memory_place_equal(&place, &again));
}

START_TEST(test_text)
{
    check_text("7c00", &wide, "");
    check_text("rsp", &wide, "RSP");
    check_text("rsp", &real, "SP");
    check_text("rsp-8", &prot, "ESP-8");
    check_text("es:di+ff", &real, "ES:DI+ff");
    check_text("fs:28", &wide, "FS+28");
    check_text("r10", &wide, "R10");
    check_text("cr3+8", &wide, "CR3+8");
    check_text("rax-8000000000000000", &wide, "RAX-8000000000000000");
}
END_TEST

/* It goes to an address, and is still counted from its register. */
START_TEST(test_move)
{
    struct memory_place place = parse("rsp");

    memory_place_move(&place, &wide, 0xffff800000007ff0);
    ck_assert_uint_eq(place.offset, 0x10);
    memory_place_move(&place, &wide, 0);
    ck_assert_uint_eq(memory_place_address(&place, &wide), 0);
    memory_place_move(&place, &wide, UINT64_MAX);
    ck_assert_uint_eq(memory_place_address(&place, &wide), UINT64_MAX);
    ck_assert_int_eq(place.base, MEMORY_RSP);
    ck_assert(memory_base_exists(MEMORY_R15, &wide) && !memory_base_exists(MEMORY_R15, &prot));
    ck_assert(memory_base_exists(MEMORY_GDTR, &real) && !memory_base_exists(MEMORY_NUMBER, &real));
}
END_TEST

START_TEST(test_window_start)
{
    static const uint64_t at[] = {0,
                                  1,
                                  3584,
                                  4096,
                                  0x7fffffff,
                                  0xffffffff,
                                  1ull << 63,
                                  UINT64_MAX - 8192,
                                  UINT64_MAX - 1,
                                  UINT64_MAX};

    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        uint64_t start = memory_window_start(at[i]), last = start + MEMORY_WINDOW - 1;

        ck_assert_uint_gt(last, start);
        ck_assert(at[i] >= start && at[i] <= last);
        ck_assert(start == 0 || at[i] - start >= 3584);
        ck_assert(last == UINT64_MAX || last - at[i] >= 3584);
    }
}
END_TEST

START_TEST(test_windows)
{
    static struct memory_window now, before;
    uint8_t bytes[16];

    ck_assert_ptr_null(memory_window_page(&now, 0)); /* it is off */
    now.on = before.on = true;
    now.start = 0x10400;
    before.start = 0x10000; /* what both have is compared */
    now.pages[1].status = MEMORY_UNMAPPED;
    now.bytes[8] = 1;
    before.bytes[0x408] = 2;
    before.bytes[0x3ff] = 3;
    ck_assert_ptr_eq(memory_window_page(&now, 0x10400), &now.pages[0]);
    ck_assert_ptr_eq(memory_window_page(&now, 0x11000), &now.pages[1]);
    ck_assert_ptr_eq(memory_window_page(&now, 0x123ff), &now.pages[2]);
    ck_assert_ptr_null(memory_window_page(&now, 0x12400));
    ck_assert_ptr_null(memory_window_page(&now, 0x103ff));
    ck_assert_uint_eq(memory_window_read(&now, 0x10ff8, bytes, 16), 8); /* to the page's end */
    ck_assert_uint_eq(memory_window_read(&now, 0x11000, bytes, 16), 0);
    ck_assert_uint_eq(memory_window_read(&now, 0x123f8, bytes, 16), 8);
    ck_assert(memory_changed(&now, &before, 0x10408));
    ck_assert(!memory_changed(&now, &before, 0x10409));
    ck_assert(!memory_changed(&now, &before, 0x103ff));
    before.physical = true;
    ck_assert(!memory_changed(&now, &before, 0x10408));
    now.start = UINT64_MAX - MEMORY_WINDOW + 1;
    ck_assert_uint_eq(memory_window_read(&now, UINT64_MAX, bytes, 16), 0);
    now.pages[1].status = MEMORY_THERE;
    ck_assert_uint_eq(memory_window_read(&now, UINT64_MAX, bytes, 16), 1);
    ck_assert_uint_eq(memory_window_read(&now, UINT64_MAX - 3, bytes, 16), 4);
}
END_TEST

START_TEST(test_patterns)
{
    uint8_t bytes[MEMORY_PATTERN];
    char many[400] = "";

    ck_assert_uint_eq(memory_pattern("0f a2", bytes), 2);
    ck_assert_uint_eq(bytes[0], 0x0f);
    ck_assert_uint_eq(bytes[1], 0xa2);
    ck_assert_uint_eq(memory_pattern(" EE ", bytes), 1);
    ck_assert_uint_eq(bytes[0], 0xee);
    ck_assert_uint_eq(memory_pattern("Hello", bytes), 5);
    ck_assert_mem_eq(bytes, "Hello", 5);
    ck_assert_uint_eq(memory_pattern("0fa2", bytes), 4); /* no pairs: text */
    ck_assert_uint_eq(memory_pattern("0f a", bytes), 4);
    ck_assert_uint_eq(memory_pattern("0x", bytes), 2);
    ck_assert_uint_eq(memory_pattern("\"0f\"", bytes), 2);
    ck_assert_mem_eq(bytes, "0f", 2);
    ck_assert_uint_eq(memory_pattern("", bytes), 0);
    for (unsigned i = 0; i < 130; i++)
        strcat(many, "ab ");
    ck_assert_uint_le(memory_pattern(many, bytes), MEMORY_PATTERN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tc = tcase_create("memory");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_real_mode);
    tcase_add_test(tc, test_protected_mode);
    tcase_add_test(tc, test_long_mode);
    tcase_add_test(tc, test_no_address);
    tcase_add_test(tc, test_text);
    tcase_add_test(tc, test_move);
    tcase_add_test(tc, test_window_start);
    tcase_add_test(tc, test_windows);
    tcase_add_test(tc, test_patterns);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

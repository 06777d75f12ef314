/*
 * core/control_names.c against core/controls.c: each name has the bit that really decides about its
 * reasons. core/controls_parse.c: lists of them, and what is wrong in one.
 */
#include "core/control_names.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct controls c;

static void clear(void)
{
    memset(&c, 0, sizeof(c));
    c.primary = PRIMARY_SECONDARY;
}

static bool exits(uint32_t reason)
{
    struct vm_exit exit = {.reason = reason};

    return controls_exit(&c, &exit);
}

static void parse(const char *list)
{
    struct error err = {.text = ""};

    ck_assert_msg(controls_parse(&c, list, &err) == 0, "%s: %s", list, err.text);
}

static void refuse(const char *list, const char *why)
{
    struct error err = {.text = ""};

    ck_assert_int_lt(controls_parse(&c, list, &err), 0);
    ck_assert_str_eq(err.text, why);
}

/* The monitor trap is the run loop's: no event that controls_exit() is asked about. */
START_TEST(test_names_decide)
{
    const struct control_name *name;

    for (unsigned i = 0; (name = control_name(i)) != NULL; i++) {
        for (uint32_t reason = 0; reason < EXIT_REASON_COUNT; reason++) {
            if (!(name->reasons >> reason & 1) || reason == EXIT_MONITOR_TRAP)
                continue;
            clear();
            ck_assert_msg(!exits(reason), "%s", name->word);
            parse(name->word);
            ck_assert_msg(exits(reason), "%s", name->word);
            ck_assert_ptr_eq(control_of_reason(reason), name);
        }
    }
}
END_TEST

START_TEST(test_names_are_whole)
{
    const struct control_name *name;
    unsigned count = 0;

    for (; (name = control_name(count)) != NULL; count++) {
        ck_assert_uint_eq(name->mask, 1u << control_bit(name));
        ck_assert_ptr_eq(control_of_bit(name->field, name->mask), name);
        for (unsigned other = 0; other < count; other++)
            ck_assert_str_ne(control_name(other)->word, name->word);
    }
    ck_assert_uint_eq(count, 28); /* every bit that core/controls.h defines */
    ck_assert_ptr_null(control_of_reason(EXIT_CPUID));
    ck_assert_ptr_null(control_of_reason(EXIT_IO));
    ck_assert_ptr_null(control_of_reason(~0u));
    ck_assert_ptr_null(control_of_bit(FIELD_PIN, 1u << 30));
}
END_TEST

START_TEST(test_bits)
{
    controls_default(&c);
    parse("pause,-rdtsc, mov-dr ,+mwait");
    ck_assert(c.primary & PRIMARY_PAUSE && c.primary & PRIMARY_MOV_DR && c.primary & PRIMARY_MWAIT);
    ck_assert(!(c.primary & PRIMARY_RDTSC));
    ck_assert(c.primary & PRIMARY_HLT); /* what is not named stays */
    parse("ack-interrupt,descriptor-table,-external-interrupt");
    ck_assert_uint_eq(c.exit, EXIT_ACK_INTERRUPT);
    ck_assert(c.secondary & SECONDARY_DESCRIPTOR_TABLE);
    ck_assert(!(c.pin & PIN_EXTERNAL_INTERRUPT));
    parse("hlt,-hlt,hlt"); /* in order */
    ck_assert(c.primary & PRIMARY_HLT);
}
END_TEST

/* What makes an exit for nothing but an instruction or an event; the modes stay as they are. */
START_TEST(test_all_and_none)
{
    struct vm_exit io = {.reason = EXIT_IO, .qualification = 0xffff0000};
    struct vm_exit msr = {.reason = EXIT_WRMSR, .msr = 0xc0001fff};

    controls_default(&c);
    parse("all");
    ck_assert(exits(EXIT_PAUSE) && exits(EXIT_RDSEED) && exits(EXIT_DR_ACCESS));
    ck_assert(!exits(EXIT_INTERRUPT_WINDOW) && !exits(EXIT_NMI_WINDOW));
    ck_assert(!(c.primary & (PRIMARY_MONITOR_TRAP | PRIMARY_UNCONDITIONAL_IO)));
    parse("nmi-window,none");
    ck_assert(!exits(EXIT_HLT) && !exits(EXIT_WBINVD) && !exits(EXIT_NMI_WINDOW));
    ck_assert(!controls_exit(&c, &io) && !controls_exit(&c, &msr));
    ck_assert_uint_eq(c.exception_bitmap, 0);
    ck_assert_uint_eq(c.cr0_mask | c.cr4_mask, 0);
    ck_assert_uint_eq(c.primary, PRIMARY_SECONDARY | PRIMARY_IO_BITMAPS | PRIMARY_MSR_BITMAPS);
    ck_assert_uint_eq(c.secondary, SECONDARY_EPT);
    ck_assert_uint_eq(c.pin, PIN_VIRTUAL_NMIS);
    parse("none,hlt");
    ck_assert(exits(EXIT_HLT));
}
END_TEST

START_TEST(test_masks)
{
    controls_default(&c);
    parse("none,exceptions=0x4000,exceptions=8,cr0=0x80000001,cr4=0x20,pf-mask=3,pf-match=2");
    ck_assert_uint_eq(c.exception_bitmap, 0x4008);
    ck_assert_uint_eq(c.cr0_mask, 0x80000001);
    ck_assert_uint_eq(c.cr4_mask, 0x20);
    ck_assert_uint_eq(c.pf_error_mask, 3);
    ck_assert_uint_eq(c.pf_error_match, 2);
    parse("-exceptions=8,-cr0=1");
    ck_assert_uint_eq(c.exception_bitmap, 0x4000);
    ck_assert_uint_eq(c.cr0_mask, 0x80000000);
    parse("exceptions,cr0,-cr4");
    ck_assert_uint_eq(c.exception_bitmap, ~0u);
    ck_assert_uint_eq(c.cr0_mask, ~0ull);
    ck_assert_uint_eq(c.cr4_mask, 0);
}
END_TEST

START_TEST(test_bitmaps)
{
    controls_default(&c);
    parse("none,io=0x3f8-0x3ff,io=65535,msr=0x10,msr=0xc0000080-0xc0000084");
    ck_assert_uint_eq(c.io_bitmap[0x3f8 / 8], 0xff);
    ck_assert_uint_eq(c.io_bitmap[0x3f8 / 8 - 1] | c.io_bitmap[0x400 / 8], 0);
    ck_assert_uint_eq(c.io_bitmap[0x1fff], 0x80);
    for (unsigned write = 0; write < 4096; write += 2048) {
        ck_assert_uint_eq(c.msr_bitmap[write + 2], 1);
        ck_assert_uint_eq(c.msr_bitmap[write + 1024 + 16], 0x1f);
        ck_assert_uint_eq(c.msr_bitmap[write + 1024 + 17], 0);
    }
    parse("-io=0x3f9,-msr=0x10");
    ck_assert_uint_eq(c.io_bitmap[0x3f8 / 8], 0xfd);
    ck_assert_uint_eq(c.msr_bitmap[2] | c.msr_bitmap[2050], 0);
    parse("io,msr");
    ck_assert_uint_eq(c.io_bitmap[0] & c.io_bitmap[0x1fff], 0xff);
    ck_assert_uint_eq(c.msr_bitmap[0] & c.msr_bitmap[4095], 0xff);
    parse("-io,-msr,msr=0-0x1fff,msr=0xc0001fff");
    ck_assert_uint_eq(c.io_bitmap[0] | c.io_bitmap[0x1fff], 0);
    ck_assert_uint_eq(c.msr_bitmap[1023], 0xff);
    ck_assert_uint_eq(c.msr_bitmap[4095], 0x80);
}
END_TEST

START_TEST(test_refused)
{
    char longer[200];

    clear();
    refuse("", "'' is no execution control");
    refuse("hlt,", "'' is no execution control");
    refuse("hlt,rdtcs", "'rdtcs' is no execution control");
    refuse("HLT", "'HLT' is no execution control");
    refuse("--hlt", "'--hlt' is no execution control");
    refuse("-all", "'-all' is no execution control");
    refuse("none=1", "'none=1' is no execution control");
    refuse("hlt=1", "'hlt=1': hlt takes no value");
    refuse("-ept", "'-ept': this machine always has 'Enable EPT'");
    refuse("exceptions=", "'exceptions=': not a number or a range of numbers");
    refuse("exceptions=0x", "'exceptions=0x': not a number or a range of numbers");
    refuse("exceptions=-1", "'exceptions=-1': not a number or a range of numbers");
    refuse("exceptions=1-2", "'exceptions=1-2': a mask, not a range");
    refuse("exceptions=0x100000000", "'exceptions=0x100000000': more than 32 bits");
    refuse("cr0=99999999999999999999",
           "'cr0=99999999999999999999': not a number or a range of numbers");
    refuse("io=5-4", "'io=5-4': not a number or a range of numbers");
    refuse("io=0-0x10000", "'io=0-0x10000': ports end at 0xffff");
    refuse("msr=0x2000", "'msr=0x2000': the bitmaps hold MSRs 0 to 0x1fff and 0xc0000000 to "
                         "0xc0001fff; all others always exit");
    refuse("msr=0-0xc0000000", "'msr=0-0xc0000000': the bitmaps hold MSRs 0 to 0x1fff and "
                               "0xc0000000 to 0xc0001fff; all others always exit");
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    refuse(longer, "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...' is no execution control");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control names");
    TCase *all = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(all, test_names_decide);
    tcase_add_test(all, test_names_are_whole);
    tcase_add_test(all, test_bits);
    tcase_add_test(all, test_all_and_none);
    tcase_add_test(all, test_masks);
    tcase_add_test(all, test_bitmaps);
    tcase_add_test(all, test_refused);
    suite_add_tcase(suite, all);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Mouse reports in both encodings, and bytes that are none. */
#include "tui/mouse_report.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The event of a report that comes byte by byte, as far as it is one. */
static struct event event_of(enum mouse_encoding encoding, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ck_assert(!mouse_report_whole(encoding, bytes, i));
    ck_assert(mouse_report_whole(encoding, bytes, size));
    return mouse_report_event(encoding, bytes, size);
}

static void is_mouse(struct event event, enum mouse what, int row, int col)
{
    ck_assert_int_eq(event.kind, EVENT_MOUSE);
    ck_assert_int_eq(event.mouse, what);
    ck_assert_int_eq(event.row, row);
    ck_assert_int_eq(event.col, col);
}

static void is_nothing(struct event event)
{
    ck_assert_int_eq(event.kind, EVENT_KEY);
    ck_assert_uint_eq(event.key, 0);
}

START_TEST(test_bytes)
{
    is_mouse(event_of(MOUSE_BYTES, " !!", 3), MOUSE_CLICK, 0, 0);
    is_mouse(event_of(MOUSE_BYTES, "$#8", 3), MOUSE_CLICK, 23, 2); /* with shift */
    is_mouse(event_of(MOUSE_BYTES, "`\xff\xfe", 3), MOUSE_WHEEL_UP, 221, 222);
    is_mouse(event_of(MOUSE_BYTES, "a#8", 3), MOUSE_WHEEL_DOWN, 23, 2);
    is_nothing(event_of(MOUSE_BYTES, "##8", 3)); /* released */
    is_nothing(event_of(MOUSE_BYTES, "\"#8", 3));
    is_nothing(event_of(MOUSE_BYTES, "@#8", 3)); /* moved */
    is_nothing(event_of(MOUSE_BYTES, "  !", 3)); /* no column */
    is_nothing(mouse_report_event(MOUSE_BYTES, " !", 2));
}
END_TEST

static struct event decimal(const char *text)
{
    return event_of(MOUSE_DECIMAL, text, strlen(text));
}

START_TEST(test_decimal)
{
    is_mouse(decimal("0;1;1M"), MOUSE_CLICK, 0, 0);
    is_mouse(decimal("16;300;240M"), MOUSE_CLICK, 239, 299);
    is_mouse(decimal("64;12;24M"), MOUSE_WHEEL_UP, 23, 11);
    is_mouse(decimal("65;12;24M"), MOUSE_WHEEL_DOWN, 23, 11);
    is_nothing(decimal("0;12;24m"));
    is_nothing(decimal("1;12;24M"));
    is_nothing(decimal("32;12;24M"));
    is_nothing(decimal("0;0;24M"));
    is_nothing(decimal("0;12M"));
    is_nothing(decimal("0;;24M"));
    is_nothing(decimal("0;1;2;3M"));
    is_nothing(decimal("0;99999;1M"));
    is_nothing(decimal("x"));
    is_nothing(decimal("0;11111111111111")); /* never ends: it is cut off */
    is_nothing(mouse_report_event(MOUSE_DECIMAL, "0;1;", 4));
    is_nothing(mouse_report_event(MOUSE_DECIMAL, "", 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mouse_report");
    TCase *tc = tcase_create("reports");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, test_bytes);
    tcase_add_test(tc, test_decimal);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

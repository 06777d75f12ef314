/* Two traces for the compare view: long ones, the rows around the first difference, files that are none. */
#include "core/machine.h"
#include "trace/trace.h"
#include "tui/session.h"
#include "tui/session_compare.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct tui_config config;
static struct session *s;
static struct model model; /* large */
static char folder[64], path[2][96];

static void setup(void)
{
    snprintf(folder, sizeof(folder), "%.40s/compare-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (unsigned i = 0; i < 2; i++)
        snprintf(path[i], sizeof(path[i]), "%s/%u.trace", folder, i);
    s = session_create(&config);
    ck_assert_ptr_nonnull(s);
}

static void teardown(void)
{
    session_destroy(s);
    for (unsigned i = 0; i < 2; i++)
        unlink(path[i]);
    rmdir(folder);
}

/* `count` exits, of which number `odd` has another value. */
static void write_trace(unsigned i, unsigned count, unsigned odd)
{
    struct trace_info info = {.image = "guest", .ram_size = 1 << 20, .backend = "emu"};
    struct trace_end end = {.exits = count, .stop = STOP_HALT};
    struct trace_writer *w;
    struct error err;

    ck_assert_int_eq(trace_writer_open(&w, path[i], &info, &err), 0);
    for (unsigned n = 0; n < count; n++) {
        struct vm_exit exit = {.seq = n, .reason = EXIT_CPUID, .value = n == odd ? 9 : 1};

        trace_writer_add(w, &exit);
    }
    ck_assert_int_eq(trace_writer_finish(w, &end, &err), 0);
}

static const struct compare_look *compare(void)
{
    char both[200];

    snprintf(both, sizeof(both), "%s %s", path[0], path[1]);
    session_compare(s, both);
    session_compare_publish(s, &model);
    return &model.compare;
}

/* Of a long trace the rows around the first difference are kept; the numbers are of all. */
START_TEST(test_window)
{
    const struct compare_look *look;

    write_trace(0, 5000, ~0u);
    write_trace(1, 5000, 3000);
    look = compare();
    ck_assert_str_eq(look->why_not, "");
    ck_assert_uint_eq(look->all, 5000);
    ck_assert_uint_eq(look->same, 4999);
    ck_assert_uint_eq(look->different, 1);
    ck_assert_uint_eq(look->before, 3000 - COMPARE_BEFORE);
    ck_assert_uint_eq(look->count, COMPARE_ROWS);
    ck_assert(look->has_first);
    ck_assert_uint_eq(look->rows[look->first].seq[0], 3000);
    ck_assert_int_eq(look->rows[look->first].kind, TRACE_DIFFERENT);
    ck_assert_str_eq(look->details[look->rows[look->first].detail].fields[0].name, "value");
    ck_assert_str_eq(look->end[1], "5000 exits, halt");
}
END_TEST

START_TEST(test_equal)
{
    const struct compare_look *look;

    write_trace(0, 10, ~0u);
    write_trace(1, 10, ~0u);
    look = compare();
    ck_assert(!look->has_first && look->count == 10 && look->before == 0);
}
END_TEST

/* Another answer has another id, also one that says why there is none. */
START_TEST(test_none)
{
    const struct compare_look *look;
    uint64_t id;

    session_compare(s, "one");
    session_compare_publish(s, &model);
    ck_assert_ptr_nonnull(strstr(model.compare.why_not, "two files"));
    id = model.compare.id;
    write_trace(0, 10, ~0u);
    look = compare();
    ck_assert_uint_ne(look->id, id);
    ck_assert_ptr_nonnull(strstr(look->why_not, path[1]));
    ck_assert_uint_eq(look->count, 0);
    ck_assert_int_eq(truncate(path[0], 200), 0);
    write_trace(1, 10, ~0u);
    ck_assert_ptr_nonnull(strstr(compare()->why_not, path[0]));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("session_compare");
    TCase *tc = tcase_create("session_compare");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_window);
    tcase_add_test(tc, test_equal);
    tcase_add_test(tc, test_none);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

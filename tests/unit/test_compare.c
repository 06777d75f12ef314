/* Two traces side by side: what belongs together, what stands alone, what differs. */
#include "core/machine.h"
#include "trace/compare.h"
#include "trace/trace.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[128];
static char path[2][160];
static struct trace_reader *reader[2];
static struct trace_compare c;
static struct error err;

static void setup(void)
{
    snprintf(folder, sizeof(folder), "%.100s/compare-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (unsigned i = 0; i < 2; i++)
        snprintf(path[i], sizeof(path[i]), "%s/%u", folder, i);
}

static void teardown(void)
{
    for (unsigned i = 0; i < 2; i++) {
        if (reader[i])
            trace_reader_close(reader[i]);
        reader[i] = NULL;
        unlink(path[i]);
    }
    rmdir(folder);
}

static void write_trace(unsigned side, const char *backend, const struct vm_exit *exits,
                        unsigned count)
{
    struct trace_info info = {.image = "guest", .ram_size = 1 << 20};
    struct trace_end end = {.exits = count, .stop = STOP_DEBUG_EXIT, .status = 1};
    struct trace_writer *w;

    snprintf(info.backend, sizeof(info.backend), "%s", backend);
    ck_assert_int_eq(trace_writer_open(&w, path[side], &info, &err), 0);
    for (unsigned i = 0; i < count; i++) {
        struct vm_exit exit = exits[i];

        exit.seq = i;
        exit.source = strcmp(backend, "kvm") == 0 ? EXIT_SOURCE_KVM : EXIT_SOURCE_EMULATED;
        trace_writer_add(w, &exit);
    }
    ck_assert_msg(trace_writer_finish(w, &end, &err) == 0, "%s", err.text);
}

static void begin(void)
{
    for (unsigned i = 0; i < 2; i++)
        ck_assert_msg(trace_reader_open(&reader[i], path[i], &err) == 0, "%s", err.text);
    trace_compare_begin(&c, reader[0], reader[1]);
}

/* The kinds of all pairs, a letter each: = same, # different, a b alone, k K kept, t T timed. */
static const char *kinds(void)
{
    static char text[64];
    struct trace_pair pair;
    unsigned n = 0;
    int rc;

    begin();
    while ((rc = trace_compare_next(&c, &pair, &err)) > 0) {
        unsigned b = pair.has[TRACE_B];

        text[n++] = pair.kind == TRACE_SAME        ? '='
                    : pair.kind == TRACE_DIFFERENT ? '#'
                    : pair.kind == TRACE_KEPT      ? "kK"[b]
                    : pair.kind == TRACE_TIMED     ? "tT"[b]
                                                   : "ab"[b];
        ck_assert(pair.has[TRACE_A] || b);
    }
    ck_assert_int_eq(rc, 0);
    text[n] = '\0';
    return text;
}

#define OUT(at, v)                                                                                 \
    {                                                                                              \
        .reason = EXIT_IO, .rip = (at), .value = (v), .qualification = 0xe90000, .insn_len = 1,    \
        .insn = {0xee}, .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_INSN                              \
    }
#define PLAIN(r, at)                                                                               \
    {                                                                                              \
        .reason = (r), .rip = (at)                                                                 \
    }
#define WRITE(a, b)                                                                                \
    (write_trace(0, "emu", a, sizeof(a) / sizeof(*(a))),                                           \
     write_trace(1, "kvm", b, sizeof(b) / sizeof(*(b))))

START_TEST(test_same)
{
    const struct vm_exit a[] = {OUT(1, 2), PLAIN(EXIT_CPUID, 3), PLAIN(EXIT_HLT, 4)};

    write_trace(0, "emu", a, 3);
    write_trace(1, "emu", a, 3);
    ck_assert_str_eq(kinds(), "===");
}
END_TEST

/* What the kernel keeps and what comes with the time stands alone, on its side. */
START_TEST(test_kept_and_timed)
{
    struct vm_exit a[] = {PLAIN(EXIT_CPUID, 1),
                          OUT(2, 2),
                          PLAIN(EXIT_CR_ACCESS, 3),
                          PLAIN(EXIT_EXTERNAL_INTERRUPT, 3),
                          OUT(4, 4),
                          PLAIN(EXIT_RDMSR, 5)};
    struct vm_exit b[] = {OUT(2, 2), PLAIN(EXIT_INTERRUPT_WINDOW, 3), OUT(4, 4),
                          PLAIN(EXIT_EXTERNAL_INTERRUPT, 4)};

    a[5].msr = 0x10; /* the time stamp is not behind the filter */
    WRITE(a, b);
    ck_assert_str_eq(kinds(), "k=ktT=kT");
}
END_TEST

/* Of two runs of one CPU everything counts, instructions before it, too. */
START_TEST(test_one_cpu)
{
    struct vm_exit a[] = {OUT(1, 1), OUT(2, 2)}, b[] = {OUT(1, 1), OUT(2, 2)};
    struct trace_field field;
    struct trace_pair pair;

    b[1].insns = 9;
    write_trace(0, "emu", a, 2);
    write_trace(1, "emu", b, 2);
    begin();
    ck_assert_int_eq(trace_compare_next(&c, &pair, &err), 1);
    ck_assert_int_eq(trace_compare_next(&c, &pair, &err), 1);
    ck_assert_int_eq(pair.kind, TRACE_DIFFERENT);
    ck_assert(trace_field_differs(&c, &pair, 0, &field));
    ck_assert_str_eq(field.name, "instructions before");
    ck_assert_str_eq(field.text[TRACE_B], "9");
    ck_assert(!trace_field_differs(&c, &pair, 1, &field));
}
END_TEST

START_TEST(test_fields)
{
    struct vm_exit a[] = {OUT(1, 1)}, b[] = {OUT(2, 1)};
    struct trace_field field;
    struct trace_pair pair;

    b[0].qualification = 0xe90001;
    WRITE(a, b);
    begin();
    ck_assert_int_eq(trace_compare_next(&c, &pair, &err), 1);
    ck_assert_int_eq(pair.kind, TRACE_DIFFERENT);
    ck_assert(trace_field_differs(&c, &pair, 0, &field));
    ck_assert_str_eq(field.name, "rip");
    ck_assert(trace_field_differs(&c, &pair, 1, &field));
    ck_assert_str_eq(field.name, "qualification");
    ck_assert_str_eq(field.text[TRACE_A], "0xe90000");
    ck_assert(!trace_field_differs(&c, &pair, 2, &field));
}
END_TEST

/* What a kernel does not tell is no difference: the instruction of a store, and where it was. */
START_TEST(test_not_told)
{
    struct vm_exit a[] = {
        {.reason = EXIT_EPT_VIOLATION,
         .rip = 1,
         .guest_physical = 0xd0000000,
         .qualification = 0x782,
         .guest_linear = 5,
         .insn_len = 2,
         .insn = {0x89, 0x03},
         .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_GPA | EXIT_HAS_GVA | EXIT_HAS_INSN},
        PLAIN(EXIT_TRIPLE_FAULT, 7)};
    struct vm_exit b[] = {{.reason = EXIT_EPT_VIOLATION,
                           .rip = 3,
                           .guest_physical = 0xd0000000,
                           .qualification = 0x102,
                           .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_GPA},
                          PLAIN(EXIT_TRIPLE_FAULT, 0xfff0)};

    WRITE(a, b);
    ck_assert_str_eq(kinds(), "==");
    teardown();
    setup();
    b[0].guest_physical++;
    WRITE(a, b);
    ck_assert_str_eq(kinds(), "#=");
    teardown();
    setup();
    b[0].guest_physical--;
    b[0].qualification = 0x101; /* a read */
    WRITE(a, b);
    ck_assert_str_eq(kinds(), "#=");
}
END_TEST

START_TEST(test_one_is_longer)
{
    struct vm_exit a[] = {OUT(1, 1), OUT(2, 2), PLAIN(EXIT_CPUID, 3)}, b[] = {OUT(1, 1)};

    WRITE(a, b);
    ck_assert_str_eq(kinds(), "=ak");
    teardown();
    setup();
    write_trace(0, "kvm", b, 1);
    write_trace(1, "emu", a, 3);
    ck_assert_str_eq(kinds(), "=bK");
}
END_TEST

/* What only one of them has stands alone, and the rest is found again; other data is no other instruction. */
START_TEST(test_goes_on_alike)
{
    struct vm_exit a[] = {OUT(1, 1), PLAIN(EXIT_CPUID, 2), OUT(3, 3), OUT(4, 4)};
    struct vm_exit b[] = {OUT(1, 1), PLAIN(EXIT_HLT, 8), PLAIN(EXIT_HLT, 9), PLAIN(EXIT_CPUID, 2),
                          OUT(4, 4)};
    struct vm_exit d[] = {OUT(1, 5), OUT(1, 1), OUT(4, 4)};

    write_trace(0, "emu", a, 4);
    write_trace(1, "emu", b, 5);
    ck_assert_str_eq(kinds(), "=bb=a=");
    teardown();
    setup();
    write_trace(0, "emu", a, 4);
    write_trace(1, "emu", d, 3);
    ck_assert_str_eq(kinds(), "##a=");
}
END_TEST

START_TEST(test_damaged)
{
    struct vm_exit a[] = {OUT(1, 1)};
    struct trace_pair pair;
    FILE *file;

    WRITE(a, a);
    file = fopen(path[1], "r+");
    ck_assert_int_eq(fseek(file, 200, SEEK_SET), 0);
    fputc(0x55, file);
    fclose(file);
    begin();
    ck_assert_int_lt(trace_compare_next(&c, &pair, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.text, path[1]));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compare");
    TCase *tc = tcase_create("compare");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_same);
    tcase_add_test(tc, test_kept_and_timed);
    tcase_add_test(tc, test_one_cpu);
    tcase_add_test(tc, test_fields);
    tcase_add_test(tc, test_not_told);
    tcase_add_test(tc, test_one_is_longer);
    tcase_add_test(tc, test_goes_on_alike);
    tcase_add_test(tc, test_damaged);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}

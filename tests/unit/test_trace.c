/*
 * emu/trace: what goes in comes out; a file that is cut at any byte gives the records of the blocks
 * before and says where; a flipped byte is noticed; a disk that is full or a folder that cannot be
 * written fails with a reason and leaves nothing behind.
 */
#include "core/machine.h"
#include "trace/format.h"
#include "trace/trace.h"
#include "util/bytes.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

static const struct trace_info info = {
    .image = "01_anatomy", .ram_size = 16u << 20, .backend = "emu"};
static char folder[64], path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "%s/trace-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/t.trace", folder);
}

static void remove_folder(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* fails when a temporary file was left */
}

/* Every field different from every other, and from record to record. */
static struct vm_exit sample(uint64_t n)
{
    struct vm_exit exit = {
        .seq = n,
        .insns = n * 37 + 5,
        .rip = 0xffffffff80001000 + n,
        .cs_base = 0x7c00,
        .qualification = 0x0060000b,
        .guest_linear = 0x1122334455667788,
        .guest_physical = 0xfee00000 + n,
        .value = ~n,
        .msr = 0xc0000080,
        .reason = (uint32_t)(n % 62),
        .native = 0x7b,
        .intr_info = 0x80000b0e,
        .intr_error = 6,
        .idt_vectoring = 0x80000308,
        .idt_error = 0x18,
        .insn_info = 0x2a9d8f00 + (uint32_t)n,
        .owned = 0x80050011,
        .cause = EXIT_CAUSE_MASK,
        .raised = 13,
        .cost = (uint32_t)(1000 + n),
        .selector = 0xf000,
        .has = 0x7f,
        .source = EXIT_SOURCE_KVM,
        .mode = X86_MODE_LONG64,
        .cpl = 3,
        .vcpu = 1,
        .insn_len = 15,
    };

    for (unsigned i = 0; i < sizeof(exit.insn); i++)
        exit.insn[i] = (uint8_t)(n + i);
    return exit;
}

static void write_sample(const char *to, unsigned records)
{
    const struct trace_end end = {
        .exits = records, .insns = 12345, .stop = STOP_DEBUG_EXIT, .status = 3};
    struct trace_writer *w;
    struct error err;

    ck_assert_int_eq(trace_writer_open(&w, to, &info, &err), 0);
    for (unsigned i = 0; i < records; i++) {
        struct vm_exit exit = sample(i);

        trace_writer_add(w, &exit);
    }
    ck_assert_int_eq(trace_writer_finish(w, &end, &err), 0);
}

/* Reads to the end or the first error; every record on the way must be the one written. */
static int read_sample(const char *from, unsigned *records, struct error *err)
{
    struct trace_reader *r;
    struct vm_exit exit;
    int rc = trace_reader_open(&r, from, err);

    *records = 0;
    if (rc)
        return rc;
    while ((rc = trace_reader_next(r, &exit, err)) == 1) {
        struct vm_exit expected = sample((*records)++);

        ck_assert_mem_eq(&exit, &expected, offsetof(struct vm_exit, insn) + sizeof(exit.insn));
    }
    ck_assert_int_eq(trace_reader_next(r, &exit, err), rc); /* and stays so */
    trace_reader_close(r);
    return rc;
}

static uint8_t *slurp(size_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *data;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fstat(fileno(f), &st), 0);
    *size = (size_t)st.st_size;
    data = malloc(*size);
    ck_assert_uint_eq(fread(data, 1, *size, f), *size);
    fclose(f);
    return data;
}

static void spill(const uint8_t *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(test_round_trip)
{
    static const unsigned counts[] = {0, 1, 511, 512, 513, 1024, 5000};
    struct trace_reader *r;
    struct vm_exit exit;
    struct error err;
    unsigned records;
    int rc;

    write_sample(path, counts[_i]);
    ck_assert_int_eq(read_sample(path, &records, &err), 0);
    ck_assert_uint_eq(records, counts[_i]);

    ck_assert_int_eq(trace_reader_open(&r, path, &err), 0);
    ck_assert_str_eq(trace_reader_info(r)->image, info.image);
    ck_assert_str_eq(trace_reader_info(r)->backend, info.backend);
    ck_assert_uint_eq(trace_reader_info(r)->ram_size, info.ram_size);
    while ((rc = trace_reader_next(r, &exit, &err)) == 1)
        ;
    ck_assert_int_eq(rc, 0);
    ck_assert_uint_eq(trace_reader_end(r)->exits, counts[_i]);
    ck_assert_uint_eq(trace_reader_end(r)->insns, 12345);
    ck_assert_uint_eq(trace_reader_end(r)->stop, STOP_DEBUG_EXIT);
    ck_assert_uint_eq(trace_reader_end(r)->status, 3);
    trace_reader_close(r);
}
END_TEST

START_TEST(test_layout)
{
    uint8_t record[TRACE_RECORD_SIZE];
    struct vm_exit exit = sample(7), back;
    static const uint8_t bad_at[] = {99, 100, 101, 103};

    trace_record_put(record, &exit);
    ck_assert_uint_eq(record[0], 7);
    ck_assert_uint_eq(record[67], 0xc0);  /* msr, high byte */
    ck_assert_uint_eq(record[97], 0xf0);  /* selector, high byte */
    ck_assert_uint_eq(record[104], 7);    /* first instruction byte */
    ck_assert_uint_eq(record[120], 0x07); /* instruction information */
    ck_assert_uint_eq(record[123], 0x2a);
    ck_assert_uint_eq(record[119], 13 << 3 | EXIT_CAUSE_MASK);
    ck_assert_uint_eq(record[127], 0x80); /* owned, high byte */
    ck_assert(trace_record_get(record, &back));
    ck_assert_uint_eq(back.insn_info, exit.insn_info);
    ck_assert_uint_eq(back.owned, exit.owned);
    ck_assert_uint_eq(back.cause, exit.cause);
    ck_assert_uint_eq(back.raised, exit.raised);
    ck_assert(back.has & EXIT_HAS_INSN_INFO);
    for (unsigned i = 0; i < sizeof(bad_at); i++) {
        uint8_t good = record[bad_at[i]];

        record[bad_at[i]] = 0xff;
        ck_assert(!trace_record_get(record, &back));
        record[bad_at[i]] = good;
    }
}
END_TEST

/* Records in the whole blocks of the first `size` bytes of a file of `records`. */
static unsigned whole_blocks(size_t size, unsigned records)
{
    size_t block = TRACE_HEAD_SIZE + TRACE_PAYLOAD_MAX + TRACE_SUM_SIZE;
    size_t after = size < TRACE_HEADER_SIZE ? 0 : size - TRACE_HEADER_SIZE;
    size_t last = TRACE_HEAD_SIZE + records % 512 * TRACE_RECORD_SIZE + TRACE_SUM_SIZE;
    unsigned full = records / 512;

    if (after < full * block)
        return (unsigned)(after / block) * 512;
    return after - full * block >= last ? records : full * 512;
}

static void check_cut(const uint8_t *data, size_t size, unsigned records)
{
    char position[32];
    struct error err;
    unsigned got;

    spill(data, size);
    ck_assert_int_lt(read_sample(path, &got, &err), 0);
    ck_assert_uint_eq(got, whole_blocks(size, records));
    snprintf(position, sizeof(position), "byte %zu:", size < TRACE_MAGIC_SIZE ? (size_t)0 : size);
    ck_assert_msg(strstr(err.text, position) && strstr(err.text, path), "cut at %zu: %s", size,
                  err.text);
}

START_TEST(test_cut_anywhere)
{
    size_t size;
    uint8_t *data;

    write_sample(path, 3);
    data = slurp(&size);
    for (size_t cut = 0; cut < size; cut++)
        check_cut(data, cut, 3);
    free(data);

    write_sample(path, 1030); /* three blocks: around every border */
    data = slurp(&size);
    for (size_t cut = size - 1; cut > 0; cut -= cut > 131 ? 131 : cut)
        check_cut(data, cut, 1030);
    free(data);
}
END_TEST

START_TEST(test_flip_anywhere)
{
    size_t size;
    uint8_t *data;

    write_sample(path, 3);
    data = slurp(&size);
    for (size_t at = 0; at < size; at++) {
        struct error err;
        unsigned got;

        data[at] ^= (uint8_t)(1u << at % 8);
        spill(data, size);
        ck_assert_msg(read_sample(path, &got, &err) < 0, "byte %zu flipped: not noticed", at);
        ck_assert(got == 0 || got == 3);
        ck_assert_ptr_nonnull(strstr(err.text, ": byte "));
        data[at] ^= (uint8_t)(1u << at % 8);
    }
    free(data);
}
END_TEST

START_TEST(test_blocks_moved)
{
    size_t block = TRACE_HEAD_SIZE + TRACE_PAYLOAD_MAX + TRACE_SUM_SIZE;
    struct error err;
    unsigned got;
    size_t size;
    uint8_t *data;

    write_sample(path, 1024);
    data = slurp(&size);
    /* The first block a second time, in the place of the second. */
    memcpy(data + TRACE_HEADER_SIZE + block, data + TRACE_HEADER_SIZE, block);
    spill(data, size);
    ck_assert_int_eq(read_sample(path, &got, &err), -EBADMSG);
    ck_assert_uint_eq(got, 512);
    free(data);
}
END_TEST

START_TEST(test_bytes_after_end)
{
    struct error err;
    unsigned got;
    FILE *f;

    write_sample(path, 2);
    f = fopen(path, "ab");
    fputc('x', f);
    fclose(f);
    ck_assert_int_eq(read_sample(path, &got, &err), -EINVAL);
    ck_assert_uint_eq(got, 2);
    ck_assert_ptr_nonnull(strstr(err.text, "follows the end"));
}
END_TEST

START_TEST(test_not_a_trace)
{
    struct error err;
    unsigned got;

    spill((const uint8_t *)"\177ELF and so on", 14);
    ck_assert_int_eq(read_sample(path, &got, &err), -EINVAL);
    ck_assert_ptr_nonnull(strstr(err.text, "not a trace file"));
    ck_assert_int_eq(read_sample(folder, &got, &err), -EISDIR);
    unlink(path);
    ck_assert_int_eq(read_sample(path, &got, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.text, path));
}
END_TEST

/* A whole header, but for what some other version of the format would say. */
static void check_header(unsigned at, uint32_t value, int code, const char *why)
{
    char line[256];
    struct error err;
    unsigned got;
    size_t size;
    uint8_t *data;

    write_sample(path, 1);
    data = slurp(&size);
    put_le32(data + at, value);
    put_le64(data + TRACE_HEADER_SUM_AT, XXH3_64bits(data, TRACE_HEADER_SUM_AT));
    spill(data, size);
    free(data);
    ck_assert_int_eq(read_sample(path, &got, &err), code);
    ck_assert_uint_eq(got, 0);
    snprintf(line, sizeof(line), "%s: byte %u: %s", path, at, why);
    ck_assert_str_eq(err.text, line);
}

START_TEST(test_other_versions)
{
    check_header(8, 1, -EPROTONOSUPPORT, "format version 1, and this program reads version 2");
    check_header(8, 3, -EPROTONOSUPPORT, "format version 3, and this program reads version 2");
    check_header(12, 120, -EINVAL, "records of 120 bytes, where version 2 has 128");
}
END_TEST

START_TEST(test_full_device)
{
    const struct trace_end end = {0};
    struct trace_writer *w;
    struct error err;
    struct vm_exit exit = sample(0);

    /* What is no regular file is written in place: the device must still be there after. */
    int rc = trace_writer_open(&w, "/dev/full", &info, &err);

    if (!rc) {
        for (unsigned i = 0; i < 2000; i++)
            trace_writer_add(w, &exit);
        rc = trace_writer_finish(w, &end, &err);
    }
    ck_assert_int_eq(rc, -ENOSPC);
    ck_assert_str_eq(err.text, "/dev/full: No space left on device");
    ck_assert_int_eq(access("/dev/full", F_OK), 0);
}
END_TEST

START_TEST(test_cannot_create)
{
    struct trace_writer *w;
    struct error err;
    char bad[256];

    snprintf(bad, sizeof(bad), "%s/none/t.trace", folder);
    ck_assert_int_eq(trace_writer_open(&w, bad, &info, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.text, bad));
    ck_assert_int_eq(trace_writer_open(&w, folder, &info, &err), -EISDIR);
    if (geteuid() == 0)
        return; /* root may write anywhere */
    ck_assert_int_eq(chmod(folder, 0500), 0);
    ck_assert_int_eq(trace_writer_open(&w, path, &info, &err), -EACCES);
    ck_assert_int_eq(chmod(folder, 0700), 0);
}
END_TEST

static unsigned files_in_folder(void)
{
    DIR *dir = opendir(folder);
    unsigned count = 0;
    struct dirent *e;

    while ((e = readdir(dir)) != NULL)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

START_TEST(test_old_file_until_finish)
{
    struct trace_writer *w;
    struct error err;
    unsigned got;

    write_sample(path, 4);
    ck_assert_int_eq(trace_writer_open(&w, path, &info, &err), 0);
    ck_assert_uint_eq(files_in_folder(), 2);
    ck_assert_int_eq(read_sample(path, &got, &err), 0);
    ck_assert_uint_eq(got, 4);
    trace_writer_abort(w);
    ck_assert_uint_eq(files_in_folder(), 1);
    ck_assert_int_eq(read_sample(path, &got, &err), 0);
    trace_writer_abort(NULL);
}
END_TEST

START_TEST(test_link_is_followed)
{
    char link[160];
    struct error err;
    struct stat st;
    unsigned got;

    write_sample(path, 1);
    snprintf(link, sizeof(link), "%s/link", folder);
    ck_assert_int_eq(symlink(path, link), 0);
    write_sample(link, 5);
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(read_sample(path, &got, &err), 0);
    ck_assert_uint_eq(got, 5);
    unlink(link);
}
END_TEST

START_TEST(test_names_are_made_printable)
{
    struct trace_info odd = {.image = "a\033[31m\nb\xff", .backend = "emu"};
    const struct trace_end end = {0};
    struct trace_writer *w;
    struct trace_reader *r;
    struct error err;

    ck_assert_int_eq(trace_writer_open(&w, path, &odd, &err), 0);
    ck_assert_int_eq(trace_writer_finish(w, &end, &err), 0);
    ck_assert_int_eq(trace_reader_open(&r, path, &err), 0);
    ck_assert_str_eq(trace_reader_info(r)->image, "a?[31m?b?");
    trace_reader_close(r);
}
END_TEST

START_TEST(test_profile)
{
    struct trace_profile p = {0};
    struct vm_exit exit = {.reason = EXIT_CPUID, .cost = 10};

    trace_profile_add(&p, &exit);
    exit.cost = 30;
    trace_profile_add(&p, &exit);
    exit.reason = 0xffffffff; /* from a file */
    exit.cost = 0;
    trace_profile_add(&p, &exit);
    ck_assert_uint_eq(p.total, 3);
    ck_assert_uint_eq(p.rows[EXIT_CPUID].count, 2);
    ck_assert_uint_eq(p.rows[EXIT_CPUID].cost_sum, 40);
    ck_assert_uint_eq(p.rows[EXIT_CPUID].cost_min, 10);
    ck_assert_uint_eq(p.rows[EXIT_CPUID].cost_max, 30);
    ck_assert_uint_eq(p.rows[EXIT_REASON_COUNT - 1].count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *files = tcase_create("files");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_loop_test(files, test_round_trip, 0, 7);
    tcase_add_test(files, test_layout);
    tcase_add_test(files, test_cut_anywhere);
    tcase_add_test(files, test_flip_anywhere);
    tcase_add_test(files, test_blocks_moved);
    tcase_add_test(files, test_bytes_after_end);
    tcase_add_test(files, test_not_a_trace);
    tcase_add_test(files, test_other_versions);
    tcase_add_test(files, test_full_device);
    tcase_add_test(files, test_cannot_create);
    tcase_add_test(files, test_old_file_until_finish);
    tcase_add_test(files, test_link_is_followed);
    tcase_add_test(files, test_names_are_made_printable);
    tcase_add_test(files, test_profile);
    tcase_set_timeout(files, 60);
    suite_add_tcase(suite, files);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

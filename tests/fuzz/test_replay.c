/*
 * The fuzz entries on their corpus (tests/fuzz/corpus), and on what is near it: every file cut at
 * many places and with single bits flipped. A find of the fuzzer goes into the corpus.
 */
#define LLVMFuzzerTestOneInput fuzz_breakpoint
#include "tests/fuzz/fuzz_breakpoint.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_decode
#include "tests/fuzz/fuzz_decode.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_dialogue
#include "tests/fuzz/fuzz_dialogue.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_loader
#include "tests/fuzz/fuzz_loader.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_shape
#include "tests/fuzz/fuzz_shape.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_store
#include "tests/fuzz/fuzz_store.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_trace
#include "tests/fuzz/fuzz_trace.c"
#undef LLVMFuzzerTestOneInput

#include <check.h>
#include <dirent.h>
#include <string.h>

#define VARIANTS_MAX 600 /* cuts and flips of one file, each */

static const struct {
    const char *name;
    int (*run)(const uint8_t *data, size_t size);
} targets[] = {{"breakpoint", fuzz_breakpoint},
               {"decode", fuzz_decode},
               {"dialogue", fuzz_dialogue},
               {"loader", fuzz_loader},
               {"shape", fuzz_shape},
               {"store", fuzz_store},
               {"trace", fuzz_trace}};
#define TARGET_COUNT (sizeof(targets) / sizeof(targets[0]))

/* A copy of the exact size, so that the address sanitizer sees a read behind it. */
static void run_exact(int (*run)(const uint8_t *, size_t), const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);

    ck_assert_ptr_nonnull(exact);
    memcpy(exact, data, size);
    run(exact, size);
    free(exact);
}

static void run_variants(int (*run)(const uint8_t *, size_t), uint8_t *data, size_t size)
{
    size_t step = size / VARIANTS_MAX + 1;

    run_exact(run, data, size);
    for (size_t at = 0; at < size; at += step) {
        run_exact(run, data, at);
        for (unsigned bit = at % 3; bit < 8; bit += 3) {
            data[at] ^= (uint8_t)(1u << bit);
            run_exact(run, data, size);
            data[at] ^= (uint8_t)(1u << bit);
        }
    }
}

START_TEST(test_corpus)
{
    char folder[900], path[1200];
    unsigned files = 0;
    struct dirent *e;
    struct error err;
    DIR *dir;

    snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", getenv("TOP") ? getenv("TOP") : ".",
             targets[_i].name);
    dir = opendir(folder);
    ck_assert_msg(dir != NULL, "%s: cannot open", folder);
    while ((e = readdir(dir)) != NULL) {
        uint8_t *data;
        size_t size;

        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        ck_assert_int_eq(file_read(path, 1 << 20, &data, &size, &err), 0);
        run_variants(targets[_i].run, data, size);
        free(data);
        files++;
    }
    closedir(dir);
    ck_assert_uint_ge(files, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *corpus = tcase_create("corpus");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(corpus, test_corpus, 0, (int)TARGET_COUNT);
    tcase_set_timeout(corpus, 120);
    suite_add_tcase(suite, corpus);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

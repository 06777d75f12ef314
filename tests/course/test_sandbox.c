/* exercises/grader/sandbox.c: what a child process may and may not do. */
#include "exercises/grader/sandbox.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[32], outside[64];

static const struct sandbox_limits limits = {
    .cpu_seconds = 1, .wall_seconds = 20, .memory_bytes = 256u << 20, .file_bytes = 4096};

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    char path[64];

    snprintf(folder, sizeof(folder), "/tmp/vlab-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/inside", folder);
    put(path, "1");
    snprintf(outside, sizeof(outside), "%s.outside", folder);
    put(outside, "2");
}

static void tear_down(void)
{
    char path[64];

    unlink(outside);
    snprintf(path, sizeof(path), "%s/inside", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/made", folder);
    unlink(path);
    rmdir(folder);
}

/* A tool of the base system with two arguments (the second may be NULL). */
static void run(const char *tool, char *first, char *second, struct sandbox_result *result)
{
    char path[64];
    char *const argv[] = {path, first, second, NULL};
    struct error err = {0};

    memset(result, 0, sizeof(*result));
    ck_assert_int_eq(sandbox_find(tool, path, sizeof(path), &err), 0);
    ck_assert_msg(sandbox_run(path, argv, folder, &limits, result, &err) == 0, "%s", err.text);
}

static bool locked(void)
{
    return strstr(sandbox_level(), "landlock") != NULL;
}

START_TEST(reads_its_folder_only)
{
    struct sandbox_result result;

    run("cat", "inside", NULL, &result);
    ck_assert_int_eq(result.end, SANDBOX_EXITED);
    ck_assert_int_eq(result.status, 0);
    run("cat", outside, NULL, &result);
    ck_assert_int_eq(result.status, locked());
    ck_assert(!locked() || strstr(result.messages, "Permission denied"));
    run("cat", "/etc/passwd", NULL, &result);
    ck_assert_int_eq(result.status, locked());
}
END_TEST

START_TEST(writes_its_folder_only)
{
    struct sandbox_result result;
    char other[80];

    run("cp", "inside", "made", &result);
    ck_assert_int_eq(result.status, 0);
    snprintf(other, sizeof(other), "%s.made", outside);
    run("cp", "inside", other, &result);
    ck_assert_int_eq(result.status != 0, locked());
    ck_assert_int_eq(access(other, F_OK) == 0, !locked());
    unlink(other);
}
END_TEST

START_TEST(keeps_to_its_limits)
{
    struct sandbox_result result;

    run("cp", "/dev/zero", "made", &result);
    if (!locked()) { /* else the source cannot be opened */
        ck_assert_int_eq(result.end, SANDBOX_KILLED);
        ck_assert_int_eq(result.status, SIGXFSZ);
    }
    run("yes", NULL, NULL, &result);
    ck_assert_int_eq(result.end, SANDBOX_KILLED);
    ck_assert_int_eq(result.status, SIGXCPU);
    run("sh", "-c", NULL, &result);
    ck_assert_int_eq(result.end, SANDBOX_EXITED);
    ck_assert_int_ne(result.status, 0);
    ck_assert(result.messages[0] != '\0');
}
END_TEST

START_TEST(wall_clock)
{
    struct sandbox_limits short_limits = limits;
    struct sandbox_result result;
    char path[64];
    char *const argv[] = {path, "1000", NULL};
    struct error err = {0};

    short_limits.wall_seconds = 1;
    ck_assert_int_eq(sandbox_find("sleep", path, sizeof(path), &err), 0);
    ck_assert_int_eq(sandbox_run(path, argv, folder, &short_limits, &result, &err), 0);
    ck_assert_int_eq(result.end, SANDBOX_TIMEOUT);
}
END_TEST

START_TEST(missing_program)
{
    struct sandbox_result result;
    char path[64];
    char *const argv[] = {"none", NULL};
    struct error err = {0};

    ck_assert_int_eq(sandbox_find("no-such-tool", path, sizeof(path), &err), -ENOENT);
    ck_assert_str_eq(err.text, "no-such-tool: not installed");
    ck_assert_int_lt(sandbox_run("/nowhere/none", argv, folder, &limits, &result, &err), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *tc = tcase_create("sandbox");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, reads_its_folder_only);
    tcase_add_test(tc, writes_its_folder_only);
    tcase_add_test(tc, keeps_to_its_limits);
    tcase_add_test(tc, wall_clock);
    tcase_add_test(tc, missing_program);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

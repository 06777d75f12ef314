/*
 * The screen on a line of 300 bytes a second while a guest makes as many exits as it can: keys are
 * acted on, frames do not pile up, and what is seen is not long ago.
 */
#include "tests/support/pty_screen.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* More than one frame of changes; a second of frames at full speed is ten times that. */
enum { BACKLOG_MAX = 3000, RATE = 300 };

static const uint8_t endless_guest[] = {0x0f, 0xa2, 0xeb, 0xfc}; /* cpuid; jmp back */

static struct pty_screen ps = {.rows = 24, .cols = 80};

/* The number of exits in the header. */
static uint64_t exits_shown(void)
{
    char line[400], *text;
    uint64_t exits = 0;

    pty_row(&ps, 0, line, sizeof(line));
    text = strstr(line, "exits ");
    for (text = text ? text + 6 : line; (*text >= '0' && *text <= '9') || *text == ','; text++)
        if (*text != ',')
            exits = exits * 10 + (uint64_t)(*text - '0');
    return exits;
}

START_TEST(test_slow_line)
{
    static const char *const arguments[] = {"tui", "01", NULL};
    char folder[400];
    uint64_t exits = 0;
    int status;

    snprintf(folder, sizeof(folder), "%s/data-XXXXXX", getenv("TMPDIR"));
    ck_assert_ptr_nonnull(mkdtemp(folder));
    pty_lab(folder, endless_guest, sizeof(endless_guest));
    pty_start(&ps, "xterm-256color", arguments);
    pty_until(&ps, "PAUSED", true);
    pty_set_rate(&ps, RATE);
    pty_keys(&ps, "c");
    pty_until(&ps, "RUNNING", true);
    ps.queued_max = 0;
    for (int changes = 0; changes < 4; changes += exits_shown() != exits) {
        exits = exits_shown();
        ck_assert(pty_pump(&ps, 100));
        ck_assert_uint_le(ps.queued_max, BACKLOG_MAX);
    }
    pty_keys(&ps, "i");
    pty_until(&ps, "stopped on request", true);
    ck_assert(!pty_has(&ps, "RUNNING"));
    pty_keys(&ps, "qq");
    status = pty_finish(&ps);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
    ck_assert_uint_le(ps.queued_max, BACKLOG_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slow");
    TCase *tc = tcase_create("slow");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 400);
    tcase_add_test(tc, test_slow_line);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

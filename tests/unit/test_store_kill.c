/*
 * emu/snapshot, killed: a process that changes a store is stopped at each of its system calls, and
 * killed there, for every one until it gets to its end. Whatever it was doing, the store opens,
 * every snapshot is whole, the one that was made, changed or deleted is so or not at all, and the
 * next process can go on.
 */
#include "tests/support/store_bench.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOPS_MAX 20000u

static char ids[4][NODE_ID_SIZE], template[240], exported[240];
static struct error err;

/*
 * A root, one below it, two below that: the first pack is half garbage and more, the last all of it.
 * Beside it a file of two snapshots of another store.
 */
static void setup(void)
{
    struct store *store;
    char other[NODE_ID_SIZE];

    bench_make_folder();
    bench_ram = 20;
    bench_disk = 10;
    store = bench_open(bench_dir);
    bench_save(store, BENCH_UNLIKE, "", other);
    bench_save(store, 1, other, ids[0]);
    bench_save(store, 2, ids[0], ids[1]);
    bench_save(store, 3, ids[1], ids[2]);
    bench_save(store, 4, ids[1], ids[3]);
    ck_assert_int_eq(store_delete(store, other, &err), 0);
    bench_save(store, BENCH_UNLIKE + 1, "", other);
    ck_assert_int_eq(store_delete(store, other, &err), 0);
    store_close(store);
    snprintf(template, sizeof(template), "%s/template", bench_folder);
    ck_assert_int_eq(rename(bench_dir, template), 0);

    snprintf(exported, sizeof(exported), "%s/exported", bench_folder);
    store = bench_open(bench_dir);
    bench_save(store, 5, "", other);
    bench_save(store, 6, other, other);
    ck_assert_int_eq(store_export(store, NULL, 0, exported, &err), 0);
    store_close(store);
    bench_remove(bench_dir);
}

static void teardown(void)
{
    bench_remove_folder();
}

/* ---- what the process does ------------------------------------------------------------------- */

static int do_save(struct store *store)
{
    char id[NODE_ID_SIZE];

    return bench_try_save(store, 7, ids[1], id, &err);
}

static int do_delete(struct store *store)
{
    return store_delete(store, ids[1], &err);
}

static int do_gc(struct store *store)
{
    uint64_t freed;

    return store_gc(store, &freed, &err);
}

static int do_update(struct store *store)
{
    return store_update(store, ids[2], "another", "words", &err);
}

static int do_import(struct store *store)
{
    return store_import(store, exported, NULL, NULL, &err);
}

/* ---- what must hold afterwards --------------------------------------------------------------- */

static void check_deleted(const struct store_list *list)
{
    const char *parent = bench_find(list, ids[1]) ? NULL : ids[0];

    for (unsigned i = 2; i < 4; i++) {
        const struct node *child = bench_find(list, ids[i]);

        ck_assert_ptr_nonnull(child);
        ck_assert(strcmp(child->parent, ids[0]) == 0 ||
                  (!parent && strcmp(child->parent, ids[1]) == 0));
    }
}

static void check_updated(const struct store_list *list)
{
    const struct node *node = bench_find(list, ids[2]);

    ck_assert_ptr_nonnull(node);
    ck_assert((strcmp(node->name, "another") == 0 && strcmp(node->note, "words") == 0) ||
              (strcmp(node->name, "name 3") == 0 && strcmp(node->note, "n\u00f6te 3") == 0));
}

static void check_others(const struct store_list *list)
{
    for (unsigned i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(bench_find(list, ids[i]));
}

static const struct {
    int (*run)(struct store *store);
    unsigned least, most; /* snapshots afterwards */
    void (*check)(const struct store_list *list);
} cases[] = {{do_save, 4, 5, check_others},
             {do_delete, 3, 4, check_deleted},
             {do_gc, 4, 4, check_others},
             {do_update, 4, 4, check_updated},
             {do_import, 4, 6, check_others}};
#define CASES ((int)(sizeof(cases) / sizeof(cases[0])))

/* The next process: it sees a whole store, saves into it, and clears up. */
static void go_on(int which)
{
    struct store *store = bench_open(bench_dir);
    struct store_list list;
    char id[NODE_ID_SIZE];
    uint64_t freed;

    ck_assert_int_eq(store_list(store, &list, &err), 0);
    cases[which].check(&list);
    store_list_free(&list);
    bench_all_whole(bench_dir, cases[which].least, cases[which].most);
    bench_save(store, 8, ids[0], id);
    ck_assert_msg(store_gc(store, &freed, &err) == 0, "%s", err.text);
    ck_assert_uint_eq(
        bench_files(bench_dir, "packs", ".tmp") + bench_files(bench_dir, "nodes", ".tmp"), 0);
    store_close(store);
    bench_all_whole(bench_dir, cases[which].least + 1, cases[which].most + 1);
}

/* ---- stopping and killing it ----------------------------------------------------------------- */

/* Never returns: its status is 0 when all went well. */
static void be_traced(int which)
{
    struct store *store;
    int rc;

    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
        _exit(77);
    raise(SIGSTOP);
    rc = store_open(&store, bench_dir, true, &err);
    if (!rc)
        rc = cases[which].run(store);
    _exit(rc != 0);
}

/* The process at its stop number `stop`, or -1: it came to its end before. */
static pid_t stopped_at(int which, unsigned stop)
{
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (!pid)
        be_traced(which);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return -2;
    ck_assert(WIFSTOPPED(status));
    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
    for (unsigned i = 0; i < stop; i++) {
        ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status)) {
            ck_assert_int_eq(WEXITSTATUS(status), 0);
            return -1;
        }
        ck_assert(WIFSTOPPED(status));
    }
    return pid;
}

/* At the entry to each call, before it is done: every second stop. */
START_TEST(test_killed_anywhere)
{
    pid_t pid = 0;
    unsigned stop;

    for (stop = 1; pid != -1 && stop < STOPS_MAX; stop += 2) {
        int status;

        bench_copy(template, bench_dir);
        pid = stopped_at(_i, stop);
        if (pid == -2) {
            fprintf(stderr, "ptrace() is not allowed here\n");
            return;
        }
        if (pid > 0) {
            kill(pid, SIGKILL);
            ck_assert_int_eq(waitpid(pid, &status, 0), pid);
            ck_assert(WIFSIGNALED(status));
        }
        go_on(_i);
        bench_remove(bench_dir);
    }
    ck_assert_int_eq(pid, -1);
    ck_assert_uint_gt(stop, 40);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store killed");
    TCase *killed = tcase_create("killed");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(killed, setup, teardown);
    tcase_add_loop_test(killed, test_killed_anywhere, 0, CASES);
    tcase_set_timeout(killed, 250);
    suite_add_tcase(suite, killed);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

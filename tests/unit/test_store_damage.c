/*
 * emu/snapshot on damaged files: each file of a store is cut at many lengths and has bytes flipped
 * at many places. Opening never fails for it; the damage is told with the snapshots that it belongs
 * to; every snapshot that is not named is whole.
 */
#include "snapshot/format.h"
#include "tests/support/store_bench.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES 4u
#define PLACES 120u /* cuts and flips of each file */

static char ids[NODES][NODE_ID_SIZE];
static struct error err;

/* A root, two below it, one below these. */
static void setup(void)
{
    struct store *store;

    bench_make_folder();
    bench_ram = 20;
    bench_disk = 10;
    store = bench_open(bench_dir);
    bench_save(store, 1, "", ids[0]);
    bench_save(store, 2, ids[0], ids[1]);
    bench_save(store, 3, ids[0], ids[2]);
    bench_save(store, 4, ids[2], ids[3]);
    store_close(store);
}

static void teardown(void)
{
    bench_remove_folder();
}

/* ---- what the store says --------------------------------------------------------------------- */

static bool named[NODES];

static void note_names(void *ctx, const struct store_problem *problem)
{
    ck_assert(problem->line[0]);
    for (size_t i = 0; i < problem->node_count; i++)
        for (unsigned n = 0; n < NODES; n++)
            if (strcmp(problem->nodes[i]->id, ids[n]) == 0)
                named[n] = true;
    (void)ctx;
}

/* Whoever is not named is whole, is in the list and has its parent. */
static void check_store(const char *what, size_t at)
{
    struct store *store = bench_open(bench_dir);
    struct store_usage usage;
    struct store_list list;
    int problems;

    memset(named, 0, sizeof(named));
    problems = store_verify(store, note_names, NULL, &err);
    ck_assert_msg(problems > 0, "%s %zu: nothing was found", what, at);
    ck_assert_int_eq(store_list(store, &list, &err), 0);
    ck_assert_uint_le(list.count + list.damaged_count, NODES);
    for (unsigned n = 0; n < NODES; n++) {
        bool whole = bench_is_whole(store, ids[n]);

        ck_assert_msg(whole || named[n], "%s %zu: snapshot %u is damaged, not named", what, at, n);
        ck_assert_msg(named[n] || bench_find(&list, ids[n]), "%s %zu: %u not listed", what, at, n);
    }
    ck_assert_int_eq(store_usage(store, &usage, &err), 0);
    store_usage_free(&usage);
    store_list_free(&list);
    store_close(store);
}

/* ---- each file in turn ----------------------------------------------------------------------- */

typedef void try_fn(const char *path, const uint8_t *data, size_t size);

/* With a zero behind it. */
static uint8_t *copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(1, size + 1);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, data, size);
    return copy;
}

static void cut(const char *path, const uint8_t *data, size_t size)
{
    uint8_t *longer = copy_of(data, size);

    for (size_t at = 0; at < size; at += at < 40 || at + 50 > size ? 1 : size / PLACES + 1) {
        bench_spill(path, data, at);
        check_store("cut at", at);
    }
    bench_spill(path, longer, size + 1);
    check_store("longer than", size);
    free(longer);
}

static void flip(const char *path, const uint8_t *data, size_t size)
{
    uint8_t *flipped = copy_of(data, size);

    for (size_t at = 0; at < size; at += at < 64 || at + 100 > size ? 3 : size / PLACES + 1) {
        flipped[at] ^= (uint8_t)(1u << (at % 8));
        bench_spill(path, flipped, size);
        check_store("flip at", at);
        flipped[at] = data[at];
    }
    free(flipped);
}

static void remove_it(const char *path, const uint8_t *data, size_t size)
{
    struct store *store;
    char to[300];

    unlink(path);
    store = bench_open(bench_dir);
    store_close(store);
    snprintf(to, sizeof(to), "%s/nodes", bench_dir);
    if (strncmp(path, to, strlen(to)) != 0)
        check_store("without", 0);
    (void)data, (void)size;
}

static void each_file(const char *folder, try_fn *try)
{
    char path[600], dir_path[300];
    struct dirent *e;
    unsigned files = 0;
    DIR *dir;

    snprintf(dir_path, sizeof(dir_path), "%s/%s", bench_dir, folder);
    dir = opendir(dir_path);
    ck_assert_ptr_nonnull(dir);
    while ((e = readdir(dir)) != NULL) {
        uint8_t *data;
        size_t size;

        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%.290s/%.255s", dir_path, e->d_name);
        data = bench_slurp(path, &size);
        try(path, data, size);
        bench_spill(path, data, size);
        free(data);
        files++;
    }
    closedir(dir);
    ck_assert_uint_eq(files, NODES);
    bench_all_whole(bench_dir, NODES, NODES);
}

static try_fn *const tries[] = {cut, flip, remove_it};

START_TEST(test_packs)
{
    each_file("packs", tries[_i]);
}
END_TEST

START_TEST(test_nodes)
{
    each_file("nodes", tries[_i]);
}
END_TEST

/* ---- one thing at a time --------------------------------------------------------------------- */

static void path_of_only(const char *folder, char path[600])
{
    char dir_path[300];
    struct dirent *e;
    DIR *dir;

    snprintf(dir_path, sizeof(dir_path), "%s/%s", bench_dir, folder);
    dir = opendir(dir_path);
    ck_assert_ptr_nonnull(dir);
    path[0] = '\0';
    while ((e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.')
            snprintf(path, 600, "%.290s/%.255s", dir_path, e->d_name);
    closedir(dir);
    ck_assert(path[0]);
}

static void node_path(const char *id, char path[600])
{
    snprintf(path, 600, "%s/nodes/%s.node", bench_dir, id);
}

static void flip_in(const char *path, size_t at)
{
    size_t size;
    uint8_t *data = bench_slurp(path, &size);

    ck_assert_uint_lt(at, size);
    data[at] ^= 0x10;
    bench_spill(path, data, size);
    free(data);
}

/* A store of one snapshot, of the seed that test_packs has as its first. */
static struct store *only_one(void)
{
    struct store *store;

    bench_remove(bench_dir);
    store = bench_open(bench_dir);
    bench_save(store, 1, "", ids[0]);
    return store;
}

/* Without its table a pack is read record by record: nothing is lost, and gc writes it anew. */
START_TEST(test_table_lost)
{
    struct store *store = only_one();
    uint64_t freed;
    char path[600];
    uint8_t *data;
    size_t size;

    store_close(store);
    path_of_only("packs", path);
    data = bench_slurp(path, &size);
    bench_spill(path, data, size - 100);
    free(data);
    store = bench_open(bench_dir);
    ck_assert(bench_is_whole(store, ids[0]));
    ck_assert_int_eq(store_verify(store, note_names, NULL, &err), 1);
    ck_assert_int_eq(store_gc(store, &freed, &err), 0);
    store_close(store);
    bench_all_whole(bench_dir, 1, 1);
}
END_TEST

/* What is damaged is stored anew by the next who has it; gc then drops the damaged copy. */
START_TEST(test_mended_by_a_save)
{
    struct store *store = only_one();
    char path[600], again[NODE_ID_SIZE];
    uint64_t freed;

    store_close(store);
    path_of_only("packs", path);
    flip_in(path, FILE_HEAD_SIZE + RECORD_HEAD_SIZE + 3);
    store = bench_open(bench_dir);
    ck_assert_int_eq(store_verify(store, note_names, NULL, &err), 1);
    ck_assert_int_eq(store_gc(store, &freed, &err), 0);
    ck_assert_uint_eq(freed, 0); /* what it had may be somewhere */
    bench_save(store, 1, ids[0], again);
    ck_assert(bench_is_whole(store, ids[0]));
    ck_assert_int_eq(store_verify(store, note_names, NULL, &err), 1); /* the copy */
    ck_assert(bench_is_whole(store, again));
    store_close(store);
    store = bench_open(bench_dir);
    ck_assert(bench_is_whole(store, ids[0]));
    ck_assert_int_eq(store_gc(store, &freed, &err), 0);
    store_close(store);
    bench_all_whole(bench_dir, 2, 2);
}
END_TEST

/* A snapshot of which nobody knows what it needs keeps everything; it can be deleted. */
START_TEST(test_gc_and_delete)
{
    struct store *store;
    struct store_list list;
    char path[600];
    uint64_t freed;

    node_path(ids[2], path);
    flip_in(path, 50);
    store = bench_open(bench_dir);
    ck_assert_int_eq(store_load(store, ids[2], &(struct node){0}, &err), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(err.text, ids[2]));
    ck_assert_int_eq(store_delete(store, ids[0], &err), 0);
    ck_assert_int_eq(store_gc(store, &freed, &err), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(err.text, ids[2]));
    ck_assert_int_eq(store_update(store, ids[2], "x", NULL, &err), -EBADMSG);
    ck_assert_int_eq(store_delete(store, ids[2], &err), 0);
    ck_assert_int_eq(store_list(store, &list, &err), 0);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_str_eq(bench_find(&list, ids[3])->parent, "");
    store_list_free(&list);
    ck_assert_int_eq(store_gc(store, &freed, &err), 0);
    store_close(store);
    bench_all_whole(bench_dir, 2, 2);
}
END_TEST

/* Damage behind a head stays visible when the head is written anew. */
START_TEST(test_update_hides_nothing)
{
    struct store *store;
    char path[600];

    node_path(ids[2], path);
    flip_in(path, NODE_HEAD_SIZE + 20);
    store = bench_open(bench_dir);
    ck_assert_int_eq(store_update(store, ids[2], "new", NULL, &err), 0);
    ck_assert_int_eq(store_delete(store, ids[0], &err), 0); /* its parent */
    ck_assert_int_eq(store_load(store, ids[2], &(struct node){0}, &err), -EBADMSG);
    ck_assert_int_eq(store_verify(store, note_names, NULL, &err), 1);
    ck_assert(named[2]);
    store_close(store);
}
END_TEST

/* Files that belong to nobody are not touched, and are no damage. */
START_TEST(test_strangers)
{
    static const char *const names[] = {"nodes/README", "packs/x.pack", "nodes/0123.node",
                                        "nodes/0123456789ABCDEF.node", "packs/a.tmp.bak"};
    char path[600];

    for (unsigned i = 0; i < 5; i++) {
        snprintf(path, sizeof(path), "%s/%s", bench_dir, names[i]);
        bench_spill(path, (const uint8_t *)"?", 1);
    }
    bench_all_whole(bench_dir, NODES, NODES);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store damage");
    TCase *cases = tcase_create("damage");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, test_packs, 0, 3);
    tcase_add_loop_test(cases, test_nodes, 0, 3);
    tcase_add_test(cases, test_table_lost);
    tcase_add_test(cases, test_mended_by_a_save);
    tcase_add_test(cases, test_gc_and_delete);
    tcase_add_test(cases, test_update_hides_nothing);
    tcase_add_test(cases, test_strangers);
    tcase_set_timeout(cases, 250);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * emu/snapshot: what is saved is what is loaded; equal content is stored once, whoever saves it;
 * several handles and several processes share a store; the tree survives deletes; what nothing needs
 * goes away and nothing else does; what a caller may not give is refused.
 */
#include "snapshot/store_parts.h"
#include "snapshot/tree.h"
#include "tests/support/prng.h"
#include "tests/support/store_bench.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct store *store;
static struct error err;

static void setup(void)
{
    bench_make_folder();
    store = bench_open(bench_dir);
}

static void teardown(void)
{
    store_close(store);
    bench_remove_folder();
}

static void object_of(uint8_t *data, size_t size, uint64_t seed)
{
    struct prng p = {.state = seed};

    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)prng_next(&p);
}

/* No object lies in the store twice. */
static void all_are_single(void)
{
    ck_assert_int_eq(store_refresh(store, &err), 0);
    for (size_t i = 0; i < store->index.count; i++)
        ck_assert_uint_eq(store->index.entries[i].next, INDEX_NONE);
}

static uint64_t garbage(void)
{
    struct store_usage usage;
    uint64_t bytes;

    ck_assert_int_eq(store_usage(store, &usage, &err), 0);
    bytes = usage.garbage;
    store_usage_free(&usage);
    return bytes;
}

static void collect(void)
{
    uint64_t freed;

    ck_assert_msg(store_gc(store, &freed, &err) == 0, "%s", err.text);
}

/* ---- objects --------------------------------------------------------------------------------- */

START_TEST(test_objects)
{
    static const size_t sizes[] = {1, 2, 15, 4096, 4097, 65535, 65536};
    static uint8_t data[OBJECT_SIZE_MAX], back[OBJECT_SIZE_MAX];
    struct object_id ids[14];
    struct store_save *save;
    struct node node = {0};
    size_t size;

    ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
    for (unsigned i = 0; i < 14; i++) {
        object_of(data, sizes[i / 2], i + 1);
        if (i % 2) /* compresses */
            memset(data + 1, 7, sizes[i / 2] - 1);
        ck_assert_int_eq(store_save_object(save, data, sizes[i / 2], &ids[i], &err), 0);
        ck_assert(store_save_has(save, &ids[i]));
        ck_assert_int_eq(store_get(store, &ids[i], back, sizeof(back), &size, &err), 0);
        ck_assert_mem_eq(back, data, size);
    }
    ck_assert_int_eq(store_save_finish(save, &node, &err), 0);
    for (unsigned i = 0; i < 14; i++) {
        object_of(data, sizes[i / 2], i + 1);
        if (i % 2)
            memset(data + 1, 7, sizes[i / 2] - 1);
        ck_assert_int_eq(store_get(store, &ids[i], back, sizeof(back), &size, &err), 0);
        ck_assert_uint_eq(size, sizes[i / 2]);
        ck_assert_mem_eq(back, data, size);
    }
    ck_assert_int_eq(store_get(store, &ids[6], back, 4095, &size, &err), -EMSGSIZE);
}
END_TEST

START_TEST(test_object_names)
{
    uint8_t data[4096] = {0}, back[64];
    struct object_id id = object_id_of(data, sizeof(data));
    char text[OBJECT_ID_TEXT];
    size_t size;

    ck_assert(object_id_is_zero(&id));
    memset(back, 1, sizeof(back));
    ck_assert_int_eq(store_get(store, &id, back, sizeof(back), &size, &err), 0);
    ck_assert_uint_eq(size, sizeof(back));
    ck_assert_mem_eq(back, data, sizeof(back));
    id = object_id_of((const uint8_t *)"abc", 3); /* the canonical form of xxhsum -H2 */
    ck_assert_str_eq(object_id_text(&id, text), "06b05ab6733a618578af5f94892f3950");
    ck_assert_int_eq(store_get(store, &id, back, sizeof(back), &size, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.text, text));
}
END_TEST

START_TEST(test_save_of_nothing)
{
    struct store_save *save, *other;
    uint8_t data[OBJECT_SIZE_MAX + 1] = {1};
    struct object_id id;

    ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
    ck_assert_int_eq(store_save_begin(store, &other, &err), -EBUSY);
    ck_assert_int_eq(store_save_object(save, data, 0, &id, &err), -EINVAL);
    ck_assert_int_eq(store_save_object(save, data, sizeof(data), &id, &err), -EINVAL);
    ck_assert_int_eq(store_save_object(save, data, 5, &id, &err), 0);
    store_save_abort(save);
    store_save_abort(NULL);
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ""), 0);
    ck_assert_uint_eq(bench_files(bench_dir, "nodes", ""), 0);
    ck_assert_int_eq(store_get(store, &id, data, sizeof(data), &(size_t){0}, &err), -ENOENT);
}
END_TEST

/* ---- snapshots ------------------------------------------------------------------------------- */

START_TEST(test_round_trip)
{
    char a[NODE_ID_SIZE], b[NODE_ID_SIZE];
    struct store_list list;

    bench_ram = _i ? 64 : 130; /* whole leaves, and not */
    bench_save(store, 4, "", a);
    bench_save(store, 5, a, b);
    bench_all_whole(bench_dir, 2, 2);
    ck_assert_int_eq(store_list(store, &list, &err), 0);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_str_eq(bench_find(&list, b)->parent, a);
    ck_assert_str_eq(bench_find(&list, a)->parent, "");
    ck_assert_ptr_null(bench_find(&list, a)->state);
    ck_assert_str_eq(bench_find(&list, a)->note, "n\u00f6te 4");
    store_list_free(&list);
}
END_TEST

START_TEST(test_same_content_once)
{
    char id[NODE_ID_SIZE];
    uint64_t objects;

    bench_save(store, 9, "", id);
    objects = store->index.count;
    for (unsigned i = 0; i < 3; i++)
        bench_save(store, 9, id, id);
    ck_assert_uint_eq(store->index.count, objects);
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ".pack"), 1);
    ck_assert_uint_eq(bench_files(bench_dir, "nodes", ".node"), 4);
    all_are_single();
}
END_TEST

START_TEST(test_zeros_take_nothing)
{
    struct object_id leaves[3] = {0};
    struct node node = {.ram = leaves, .ram_count = 3, .has_ram = true}, back;
    struct store_save *save;
    struct store_usage usage;

    ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
    ck_assert_int_eq(store_save_finish(save, &node, &err), 0);
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ""), 0);
    ck_assert_int_eq(store_load(store, node.id, &back, &err), 0);
    ck_assert_uint_eq(back.ram_count, 3);
    ck_assert(object_id_is_zero(&back.ram[2]));
    node_free(&back);
    ck_assert_int_eq(store_usage(store, &usage, &err), 0);
    ck_assert_uint_eq(usage.nodes[0].naive, 3 * 64 * 4096);
    ck_assert_uint_eq(usage.nodes[0].referenced, 0);
    store_usage_free(&usage);
}
END_TEST

START_TEST(test_refused)
{
    static const char *const bad[] = {
        "a\nb", "\x1b[2J",      "\x7f",     "\xc2\x9b",     "\xff",
        "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xe2\x80\xae", "\xf4\x90\x80\x80"};
    struct node node = {0};
    struct store_save *save;
    char id[NODE_ID_SIZE], large[NODE_NAME_SIZE + 1];

    bench_save(store, 1, "", id);
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert_int_eq(store_update(store, id, bad[i], NULL, &err), -EINVAL);
        ck_assert_int_eq(store_update(store, id, NULL, bad[i], &err), -EINVAL);
        snprintf(node.name, sizeof(node.name), "%s", bad[i]);
        ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
        ck_assert_int_eq(store_save_finish(save, &node, &err), -EINVAL);
    }
    memset(large, 'a', NODE_NAME_SIZE);
    large[NODE_NAME_SIZE] = '\0';
    ck_assert_int_eq(store_update(store, id, large, NULL, &err), -EINVAL);
    ck_assert_int_eq(store_update(store, "0123456789abcdef", "x", NULL, &err), -ENOENT);
    ck_assert_int_eq(store_update(store, "../nodes/x", "x", NULL, &err), -ENOENT);
    ck_assert_int_eq(store_load(store, "", &node, &err), -ENOENT);
    ck_assert_int_eq(store_delete(store, "0123456789abcdef", &err), -ENOENT);
    bench_all_whole(bench_dir, 1, 1);
}
END_TEST

/* What a caller remembers of a save before, and what is gone since. */
START_TEST(test_missing_leaf)
{
    uint8_t page[4096], leaf[32] = {0};
    struct object_id ids[2], gone;
    struct node node = {.ram = ids, .ram_count = 1};
    struct store_save *save;

    object_of(page, sizeof(page), 3);
    gone = object_id_of(page, sizeof(page));
    ids[0] = gone;
    ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
    ck_assert(!store_save_has(save, &gone));
    ck_assert_int_eq(store_save_finish(save, &node, &err), -ENOENT);
    memcpy(leaf + 16, gone.bytes, 16);
    ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
    ck_assert_int_eq(store_save_object(save, leaf, 32, &ids[0], &err), 0);
    ck_assert_int_eq(store_save_finish(save, &node, &err), -ENOENT);
    ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
    ck_assert_int_eq(store_save_object(save, leaf, 31, &ids[0], &err), 0);
    ck_assert_int_eq(store_save_finish(save, &node, &err), -EBADMSG); /* no list of ids */
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ""), 0);
    ck_assert_uint_eq(bench_files(bench_dir, "nodes", ""), 0);
}
END_TEST

START_TEST(test_update)
{
    char id[NODE_ID_SIZE], child[NODE_ID_SIZE];
    struct node node;

    bench_save(store, 1, "", id);
    bench_save(store, 2, id, child);
    ck_assert_int_eq(store_update(store, child, "\u4e00 name", NULL, &err), 0);
    ck_assert_int_eq(store_update(store, child, NULL, "a note", &err), 0);
    ck_assert_int_eq(store_load(store, child, &node, &err), 0);
    ck_assert_str_eq(node.name, "\u4e00 name");
    ck_assert_str_eq(node.note, "a note");
    ck_assert_str_eq(node.parent, id);
    node_free(&node);
    bench_all_whole(bench_dir, 2, 2);
}
END_TEST

START_TEST(test_parent_that_is_gone)
{
    char a[NODE_ID_SIZE], b[NODE_ID_SIZE];
    struct node node;

    bench_save(store, 1, "", a);
    ck_assert_int_eq(store_delete(store, a, &err), 0);
    bench_save(store, 2, a, b);
    ck_assert_int_eq(store_load(store, b, &node, &err), 0);
    ck_assert_str_eq(node.parent, "");
    node_free(&node);
}
END_TEST

START_TEST(test_delete_in_the_middle)
{
    char root[NODE_ID_SIZE], middle[NODE_ID_SIZE], child[4][NODE_ID_SIZE];
    struct store_list list;

    bench_save(store, 1, "", root);
    bench_save(store, 2, root, middle);
    for (unsigned i = 0; i < 4; i++)
        bench_save(store, 3 + i, middle, child[i]);
    ck_assert_int_eq(store_delete(store, middle, &err), 0);
    ck_assert_int_eq(store_list(store, &list, &err), 0);
    ck_assert_uint_eq(list.count, 5);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_str_eq(bench_find(&list, child[i])->parent, root);
    store_list_free(&list);
    ck_assert_int_eq(store_delete(store, root, &err), 0);
    ck_assert_int_eq(store_list(store, &list, &err), 0);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_str_eq(bench_find(&list, child[i])->parent, "");
    store_list_free(&list);
    bench_all_whole(bench_dir, 4, 4);
    collect();
    bench_all_whole(bench_dir, 4, 4);
}
END_TEST

/* ---- a tree that grows and shrinks ----------------------------------------------------------- */

#define TREE_NODES 50u

struct model {
    char id[NODE_ID_SIZE], parent[NODE_ID_SIZE];
};

static void matches_model(const struct model *model, unsigned count)
{
    struct store_list list;

    ck_assert_int_eq(store_list(store, &list, &err), 0);
    ck_assert_uint_eq(list.count, count);
    for (unsigned i = 0; i < count; i++) {
        const struct node *node = bench_find(&list, model[i].id);

        ck_assert_ptr_nonnull(node);
        ck_assert_str_eq(node->parent, model[i].parent);
    }
    store_list_free(&list);
}

static void delete_one(struct model *model, unsigned *count, unsigned victim)
{
    struct model gone = model[victim];

    ck_assert_int_eq(store_delete(store, gone.id, &err), 0);
    model[victim] = model[--*count];
    for (unsigned i = 0; i < *count; i++)
        if (strcmp(model[i].parent, gone.id) == 0)
            memcpy(model[i].parent, gone.parent, NODE_ID_SIZE);
}

START_TEST(test_random_tree)
{
    struct prng p = {.state = (uint64_t)_i + 1};
    struct model model[TREE_NODES];
    unsigned count = 0, seed = 1;

    for (unsigned made = 0; made < TREE_NODES;) {
        if (count && prng_percent(&p, 30)) {
            delete_one(model, &count, prng_below(&p, count));
        } else {
            const char *parent =
                count && prng_percent(&p, 90) ? model[prng_below(&p, count)].id : "";
            struct model *new = &model[count++];

            memset(new->parent, 0, NODE_ID_SIZE);
            memcpy(new->parent, parent, strlen(parent));
            bench_save(store, seed++, new->parent, new->id);
            made++;
        }
        if (prng_percent(&p, 10))
            collect();
    }
    matches_model(model, count);
    bench_all_whole(bench_dir, count, count);
    all_are_single();
    while (count)
        delete_one(model, &count, prng_below(&p, count));
    collect();
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ""), 0);
    ck_assert_uint_eq(bench_files(bench_dir, "nodes", ""), 0);
}
END_TEST

/* ---- several at once ------------------------------------------------------------------------- */

START_TEST(test_two_handles)
{
    struct store *other = bench_open(bench_dir);
    char a[NODE_ID_SIZE], b[NODE_ID_SIZE], c[NODE_ID_SIZE];
    uint64_t freed;

    bench_save(store, BENCH_UNLIKE, "", a);
    bench_save(other, BENCH_UNLIKE, a, b);
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ".pack"),
                      1); /* the other one has seen the first */
    bench_save(other, 2, a, c);
    ck_assert(bench_is_whole(store, c));
    ck_assert_int_eq(store_delete(other, a, &err), 0);
    ck_assert_int_eq(store_delete(other, b, &err), 0);
    ck_assert_int_eq(store_gc(other, &freed, &err), 0);
    ck_assert_uint_gt(freed, 0);
    ck_assert(bench_is_whole(store, c)); /* its packs are others now */
    bench_save(store, 3, c, a);
    ck_assert(bench_is_whole(other, a));
    store_close(other);
    all_are_single();
    bench_all_whole(bench_dir, 2, 2);
}
END_TEST

/* A process of its own; no failure of it may look like the test's end. */
static int save_many(unsigned first, unsigned count)
{
    struct store *mine;
    char id[NODE_ID_SIZE] = "";
    int rc = store_open(&mine, bench_dir, true, &err);

    for (unsigned i = 0; i < count && !rc; i++) {
        uint64_t freed;

        rc = bench_try_save(mine, first + i, id, id, &err);
        if (!rc && !bench_is_whole(mine, id))
            rc = -EIO;
        if (!rc && i % 5 == 4)
            rc = store_gc(mine, &freed, &err);
    }
    if (rc)
        fprintf(stderr, "%s\n", err.text);
    return rc != 0;
}

START_TEST(test_processes)
{
    enum { PROCESSES = 4, EACH = 8 };
    pid_t pids[PROCESSES];

    bench_remove(bench_dir); /* they create it, too; ours is of what is gone */
    for (unsigned i = 0; i < PROCESSES; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (!pids[i])
            _exit(save_many(1 + i * 5, EACH)); /* some the same as the next one's */
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;

        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
    store_close(store);
    store = bench_open(bench_dir);
    bench_all_whole(bench_dir, PROCESSES * EACH, PROCESSES * EACH);
    all_are_single();
    ck_assert_uint_eq(garbage(), 0);
}
END_TEST

/* ---- how much, and what goes away ------------------------------------------------------------ */

START_TEST(test_usage)
{
    char a[NODE_ID_SIZE], b[NODE_ID_SIZE];
    struct store_usage u;

    bench_save(store, 1, "", a);
    ck_assert_int_eq(store_usage(store, &u, &err), 0);
    ck_assert_uint_eq(u.count, 1);
    ck_assert_uint_eq(u.nodes[0].own, u.nodes[0].referenced);
    ck_assert_uint_eq(u.nodes[0].naive, (bench_ram + bench_disk) * 4096 + 3001);
    ck_assert_uint_eq(u.garbage, 0);
    ck_assert_uint_eq(u.nodes[0].added, u.unique);
    ck_assert_uint_lt(u.nodes[0].own, u.on_disk);
    store_usage_free(&u);
    bench_save(store, 2, a, b);
    bench_save(store, 2, a, b);
    ck_assert_int_eq(store_usage(store, &u, &err), 0);
    ck_assert_uint_eq(u.count, 3);
    ck_assert_uint_eq(u.nodes[1].own, 0); /* one of the two that are equal */
    ck_assert_uint_gt(u.nodes[0].own + u.nodes[1].own + u.nodes[2].own, 0);
    ck_assert_uint_lt(u.unique, u.naive);
    ck_assert_uint_eq(u.nodes[0].added + u.nodes[1].added + u.nodes[2].added, u.unique);
    store_usage_free(&u);
    ck_assert_int_eq(store_delete(store, a, &err), 0);
    ck_assert_uint_gt(garbage(), 0);
    collect();
    ck_assert_int_eq(store_usage(store, &u, &err), 0);
    ck_assert_uint_lt(u.garbage, u.on_disk / 2);
    store_usage_free(&u);
}
END_TEST

START_TEST(test_gc)
{
    char ids[10][NODE_ID_SIZE], path[300];
    struct store_usage before, after;
    uint64_t freed;

    for (unsigned i = 0; i < 10; i++)
        bench_save(store, BENCH_UNLIKE * (i % 2) + i, i ? ids[i - 1] : "", ids[i]);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_int_eq(store_delete(store, ids[i], &err), 0);
    snprintf(path, sizeof(path), "%s/packs/left.pack.1-2.tmp", bench_dir);
    bench_spill(path, (const uint8_t *)"left", 4);
    ck_assert_int_eq(store_usage(store, &before, &err), 0);
    ck_assert_int_eq(store_gc(store, &freed, &err), 0);
    ck_assert_int_eq(store_usage(store, &after, &err), 0);
    ck_assert_uint_eq(before.on_disk - freed, after.on_disk);
    ck_assert_uint_lt(after.on_disk, before.on_disk / 2);
    ck_assert_uint_lt(bench_files(bench_dir, "packs", ".pack"), 8);
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ".tmp"), 0);
    ck_assert_int_eq(store_gc(store, &freed, &err), 0);
    ck_assert_uint_eq(freed, 0);
    bench_all_whole(bench_dir, 1, 1);
    all_are_single();
    store_usage_free(&before);
    store_usage_free(&after);
}
END_TEST

/* ---- no room --------------------------------------------------------------------------------- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(test_full_disk)
{
    char a[NODE_ID_SIZE], b[NODE_ID_SIZE];
    unsigned failed = 0;
    int rc = -1;

    signal(SIGXFSZ, SIG_IGN);
    bench_save(store, 1, "", a);
    for (rlim_t limit = 0;; limit += limit < 8192 ? 700 : 9000) {
        limit_files(limit);
        rc = bench_try_save(store, 2, a, b, &err);
        limit_files(RLIM_INFINITY);
        if (!rc)
            break;
        ck_assert_int_eq(rc, -EFBIG);
        ck_assert_ptr_nonnull(strstr(err.text, "snapshot store: cannot write "));
        ck_assert_ptr_nonnull(strstr(err.text, ": File too large"));
        ck_assert_uint_eq(bench_files(bench_dir, "packs", ""), 1);
        ck_assert_uint_eq(bench_files(bench_dir, "nodes", ""), 1);
        if (failed++ % 8 == 0)
            bench_all_whole(bench_dir, 1, 1);
    }
    ck_assert_uint_gt(failed, 10);
    bench_all_whole(bench_dir, 2, 2);
}
END_TEST

START_TEST(test_full_disk_elsewhere)
{
    char a[NODE_ID_SIZE], b[NODE_ID_SIZE], c[NODE_ID_SIZE], to[300];
    uint64_t freed;
    int rc[3];

    signal(SIGXFSZ, SIG_IGN);
    bench_save(store, BENCH_UNLIKE, "", a);
    bench_save(store, 2, a, b);
    bench_save(store, 3, b, c);
    snprintf(to, sizeof(to), "%s/out", bench_folder);
    limit_files(500); /* Check needs some, too, to say anything */
    rc[0] = store_delete(store, a, &err);
    rc[1] = store_update(store, a, "x", NULL, &err);
    rc[2] = store_export(store, NULL, 0, to, &err);
    limit_files(RLIM_INFINITY);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(rc[i], -EFBIG);
    bench_all_whole(bench_dir, 3, 3);
    ck_assert_int_ne(access(to, F_OK), 0);
    ck_assert_int_eq(store_export(store, NULL, 0, "/dev/full", &err), -ENOSPC);
    ck_assert_int_eq(store_delete(store, a, &err), 0);
    ck_assert_int_eq(store_delete(store, c, &err), 0);
    limit_files(500);
    rc[0] = store_gc(store, &freed, &err);
    limit_files(RLIM_INFINITY);
    ck_assert_int_eq(rc[0], -EFBIG);
    bench_all_whole(bench_dir, 1, 1);
    ck_assert_uint_eq(bench_files(bench_dir, "packs", ".tmp"), 0);
}
END_TEST

START_TEST(test_open)
{
    char path[300];
    struct store *s;

    snprintf(path, sizeof(path), "%s/none", bench_folder);
    ck_assert_int_eq(store_open(&s, path, false, &err), -ENOENT);
    ck_assert_ptr_nonnull(strstr(err.text, path));
    snprintf(path, sizeof(path), "%s/none/deeper", bench_folder);
    ck_assert_int_eq(store_open(&s, path, true, &err), -ENOENT);
    snprintf(path, sizeof(path), "%s/lock", bench_dir);
    ck_assert_int_eq(store_open(&s, path, true, &err), -ENOTDIR);
    ck_assert_int_eq(store_open(&s, bench_dir, false, &err), 0);
    store_close(s);
    store_close(NULL);
}
END_TEST

/* ---- parts ----------------------------------------------------------------------------------- */

START_TEST(test_tree_order)
{
    /* 0 <- 1 <- 2; 3 and 4 go in a circle, 5 hangs on it; 6 is its own parent */
    size_t parent[] = {TREE_NONE, 0, 1, 4, 3, 4, 6}, order[7], at[7], roots = 0;

    ck_assert_int_eq(tree_order(parent, 7, order), 0);
    for (size_t i = 0; i < 7; i++)
        at[order[i]] = i;
    for (size_t i = 0; i < 7; i++) {
        roots += parent[i] == TREE_NONE;
        if (parent[i] != TREE_NONE)
            ck_assert_uint_lt(at[parent[i]], at[i]);
    }
    ck_assert_uint_eq(roots, 3);
    ck_assert_int_eq(tree_order(NULL, 0, NULL), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *cases = tcase_create("store");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, test_objects);
    tcase_add_test(cases, test_object_names);
    tcase_add_test(cases, test_save_of_nothing);
    tcase_add_loop_test(cases, test_round_trip, 0, 2);
    tcase_add_test(cases, test_same_content_once);
    tcase_add_test(cases, test_zeros_take_nothing);
    tcase_add_test(cases, test_refused);
    tcase_add_test(cases, test_missing_leaf);
    tcase_add_test(cases, test_update);
    tcase_add_test(cases, test_parent_that_is_gone);
    tcase_add_test(cases, test_delete_in_the_middle);
    tcase_add_loop_test(cases, test_random_tree, 0, 4);
    tcase_add_test(cases, test_two_handles);
    tcase_add_test(cases, test_processes);
    tcase_add_test(cases, test_usage);
    tcase_add_test(cases, test_gc);
    tcase_add_test(cases, test_full_disk);
    tcase_add_test(cases, test_full_disk_elsewhere);
    tcase_add_test(cases, test_open);
    tcase_add_test(cases, test_tree_order);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* A bench for the snapshot store, see store_bench.h. */
#include "tests/support/store_bench.h"

#include "tests/support/prng.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_SIZE 3000u

char bench_folder[200], bench_dir[220];
unsigned bench_ram = 130, bench_disk = 70;

/* ---- files ----------------------------------------------------------------------------------- */

void bench_make_folder(void)
{
    snprintf(bench_folder, sizeof(bench_folder), "%.150s/store-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(bench_folder));
    snprintf(bench_dir, sizeof(bench_dir), "%s/store", bench_folder);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

void bench_remove(const char *path)
{
    nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void bench_remove_folder(void)
{
    bench_remove(bench_folder);
}

uint8_t *bench_slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    uint8_t *data;

    ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(fstat(fileno(f), &st), 0);
    *size = (size_t)st.st_size;
    data = malloc(*size + 1);
    ck_assert_uint_eq(fread(data, 1, *size, f), *size);
    fclose(f);
    return data;
}

void bench_spill(const char *path, const uint8_t *data, size_t size)
{
    FILE *f = fopen(path, "wb");

    ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
    ck_assert_uint_eq(fwrite(data, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

static void copy_file(const char *from, const char *to)
{
    size_t size;
    uint8_t *data = bench_slurp(from, &size);

    bench_spill(to, data, size);
    free(data);
}

void bench_copy(const char *from, const char *to)
{
    DIR *dir = opendir(from);
    struct dirent *e;

    ck_assert_ptr_nonnull(dir);
    ck_assert_int_eq(mkdir(to, 0777), 0);
    while ((e = readdir(dir)) != NULL) {
        char source[600], target[600];
        struct stat st;

        if (e->d_name[0] == '.')
            continue;
        snprintf(source, sizeof(source), "%.300s/%.255s", from, e->d_name);
        snprintf(target, sizeof(target), "%.300s/%.255s", to, e->d_name);
        ck_assert_int_eq(stat(source, &st), 0);
        if (S_ISDIR(st.st_mode))
            bench_copy(source, target);
        else
            copy_file(source, target);
    }
    closedir(dir);
}

unsigned bench_files(const char *store_dir, const char *folder, const char *suffix)
{
    char path[300];
    struct dirent *e;
    unsigned count = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "%.250s/%s", store_dir, folder);
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while ((e = readdir(dir)) != NULL) {
        size_t length = strlen(e->d_name), tail = strlen(suffix);

        count +=
            length >= tail && e->d_name[0] != '.' && strcmp(e->d_name + length - tail, suffix) == 0;
    }
    closedir(dir);
    return count;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

struct store *bench_open(const char *dir)
{
    struct store *store = NULL;
    struct error err;

    ck_assert_msg(store_open(&store, dir, true, &err) == 0, "%s", err.text);
    return store;
}

static void fill_noise(uint8_t *to, size_t size, struct prng *p)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)prng_next(p);
}

void bench_page(uint8_t page[STORE_PAGE_SIZE], unsigned seed, bool disk, unsigned n)
{
    bool is_own = seed >= BENCH_UNLIKE ? n % 8 != seed % 8 : n % 8 == seed % 8;
    struct prng p = {.state = n * 1000003u + (is_own ? seed * 7919u : 0) + disk};

    memset(page, n % 5 == 4 ? 0 : (int)(n % 251), STORE_PAGE_SIZE);
    if (n % 5 == 1)
        fill_noise(page, STORE_PAGE_SIZE, &p); /* nothing to compress */
    if (is_own || n % 5 == 2)
        fill_noise(page + 100 * (n % 30), 64, &p);
}

static int save_list(struct store_save *save, unsigned seed, bool disk, unsigned pages,
                     struct object_id *leaves, struct error *err)
{
    uint8_t page[STORE_PAGE_SIZE], leaf[STORE_LEAF_PAGES * OBJECT_ID_SIZE];
    unsigned in_leaf = 0;
    int rc = 0;

    for (unsigned n = 0; n < pages && !rc; n++) {
        struct object_id id;

        bench_page(page, seed, disk, n);
        rc = store_save_object(save, page, sizeof(page), &id, err);
        if (rc)
            break;
        memcpy(leaf + OBJECT_ID_SIZE * in_leaf++, id.bytes, OBJECT_ID_SIZE);
        if (in_leaf < STORE_LEAF_PAGES && n + 1 < pages)
            continue;
        rc = store_save_object(save, leaf, in_leaf * OBJECT_ID_SIZE, leaves++, err);
        in_leaf = 0;
    }
    return rc;
}

static size_t leaves_of(unsigned pages)
{
    return (pages + STORE_LEAF_PAGES - 1) / STORE_LEAF_PAGES;
}

static void fill_node(struct node *node, unsigned seed, const char *parent)
{
    struct prng p = {.state = seed};

    snprintf(node->parent, sizeof(node->parent), "%s", parent);
    snprintf(node->lab, sizeof(node->lab), "0%u_lab", seed % 10);
    snprintf(node->name, sizeof(node->name), "name %u", seed);
    snprintf(node->note, sizeof(node->note), "n\u00f6te %u", seed);
    node->created = 1000 + (int64_t)(seed / 2);
    node->exits = seed * 3u;
    node->insns = seed;
    node->ram_size = (uint64_t)bench_ram * STORE_PAGE_SIZE;
    node->has_ram = true;
    node->state_size = STATE_SIZE + seed % 7;
    node->state = calloc(1, node->state_size);
    fill_noise(node->state, seed % 3 ? 100 : node->state_size, &p);
    node->ram_count = leaves_of(bench_ram);
    node->disk_count = leaves_of(bench_disk);
    node->ram = calloc(node->ram_count + 1, OBJECT_ID_SIZE);
    node->disk = calloc(node->disk_count + 1, OBJECT_ID_SIZE);
}

int bench_try_save(struct store *store, unsigned seed, const char *parent, char id[NODE_ID_SIZE],
                   struct error *err)
{
    struct node node = {0};
    struct store_save *save;
    int rc = store_save_begin(store, &save, err);

    if (rc)
        return rc;
    fill_node(&node, seed, parent);
    rc = save_list(save, seed, false, bench_ram, node.ram, err);
    if (!rc)
        rc = save_list(save, seed, true, bench_disk, node.disk, err);
    if (rc)
        store_save_abort(save);
    else
        rc = store_save_finish(save, &node, err);
    memcpy(id, node.id, NODE_ID_SIZE);
    node_free(&node);
    return rc;
}

void bench_save(struct store *store, unsigned seed, const char *parent, char id[NODE_ID_SIZE])
{
    struct error err;

    ck_assert_msg(bench_try_save(store, seed, parent, id, &err) == 0, "%s", err.text);
}

static bool list_is_whole(struct store *store, unsigned seed, bool disk, unsigned pages,
                          const struct object_id *leaves, size_t count)
{
    uint8_t page[STORE_PAGE_SIZE], found[STORE_PAGE_SIZE];
    uint8_t leaf[STORE_LEAF_PAGES * OBJECT_ID_SIZE];
    struct error err;
    size_t size;

    if (count != leaves_of(pages))
        return false;
    for (unsigned n = 0; n < pages; n++) {
        struct object_id id;

        if (n % STORE_LEAF_PAGES == 0 &&
            store_get(store, &leaves[n / STORE_LEAF_PAGES], leaf, sizeof(leaf), &size, &err))
            return false;
        memcpy(id.bytes, leaf + OBJECT_ID_SIZE * (n % STORE_LEAF_PAGES), OBJECT_ID_SIZE);
        if (store_get(store, &id, found, sizeof(found), &size, &err) || size != sizeof(found))
            return false;
        bench_page(page, seed, disk, n);
        if (memcmp(page, found, sizeof(page)) != 0)
            return false;
    }
    return true;
}

bool bench_is_whole(struct store *store, const char *id)
{
    struct node node, want = {0};
    struct error err;
    bool whole;

    if (store_load(store, id, &node, &err))
        return false;
    fill_node(&want, (unsigned)node.insns, node.parent);
    whole =
        strcmp(node.id, id) == 0 && strcmp(node.lab, want.lab) == 0 &&
        node.created == want.created && node.exits == want.exits && node.has_ram &&
        node.ram_size == want.ram_size && node.state_size == want.state_size &&
        memcmp(node.state, want.state, node.state_size) == 0 &&
        list_is_whole(store, (unsigned)node.insns, false, bench_ram, node.ram, node.ram_count) &&
        list_is_whole(store, (unsigned)node.insns, true, bench_disk, node.disk, node.disk_count);
    node_free(&node);
    node_free(&want);
    return whole;
}

const struct node *bench_find(const struct store_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->nodes[i].id, id) == 0)
            return &list->nodes[i];
    return NULL;
}

static void print_problem(void *ctx, const struct store_problem *problem)
{
    (void)ctx;
    fprintf(stderr, "%s\n", problem->line);
}

void bench_all_whole(const char *dir, unsigned at_least, unsigned at_most)
{
    struct store *store = bench_open(dir);
    struct store_list list;
    struct error err;

    ck_assert_int_eq(store_verify(store, print_problem, NULL, &err), 0);
    ck_assert_int_eq(store_list(store, &list, &err), 0);
    ck_assert_uint_ge(list.count, at_least);
    ck_assert_uint_le(list.count, at_most);
    ck_assert_uint_eq(list.damaged_count, 0);
    for (size_t i = 0; i < list.count; i++) {
        const struct node *node = &list.nodes[i];

        ck_assert_msg(bench_is_whole(store, node->id), "%s is not whole", node->id);
        ck_assert(!node->parent[0] || bench_find(&list, node->parent));
        if (i)
            ck_assert_int_le(list.nodes[i - 1].created, node->created);
    }
    store_list_free(&list);
    store_close(store);
}

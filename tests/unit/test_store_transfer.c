/*
 * emu/snapshot, from store to store by a file: what arrives is what was sent, once; ids and parents
 * that clash or are missing; files that are cut, flipped, or made to deceive change nothing.
 */
#include "snapshot/node_format.h"
#include "snapshot/pack.h"
#include "tests/support/store_bench.h"
#include "util/bytes.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static char file[240], other_dir[240];
static struct store *store, *other;
static struct error err;
static char ids[4][NODE_ID_SIZE];

/* A root, one below it, two below that; the other store is empty. */
static void setup(void)
{
    bench_make_folder();
    bench_ram = 20;
    bench_disk = 10;
    snprintf(file, sizeof(file), "%s/file", bench_folder);
    snprintf(other_dir, sizeof(other_dir), "%s/other", bench_folder);
    store = bench_open(bench_dir);
    other = bench_open(other_dir);
    bench_save(store, 1, "", ids[0]);
    bench_save(store, 2, ids[0], ids[1]);
    bench_save(store, 3, ids[1], ids[2]);
    bench_save(store, BENCH_UNLIKE, ids[1], ids[3]);
}

static void teardown(void)
{
    store_close(store);
    store_close(other);
    bench_remove_folder();
}

static void send(const char (*which)[NODE_ID_SIZE], size_t count)
{
    ck_assert_msg(store_export(store, which, count, file, &err) == 0, "%s", err.text);
}

static size_t receive(char (**got)[NODE_ID_SIZE])
{
    size_t count;

    ck_assert_msg(store_import(other, file, got, &count, &err) == 0, "%s", err.text);
    return count;
}

static const char *parent_in(struct store *s, const char *id)
{
    static char parent[NODE_ID_SIZE];
    struct node node;

    ck_assert_int_eq(store_load(s, id, &node, &err), 0);
    memcpy(parent, node.parent, sizeof(parent));
    node_free(&node);
    return parent;
}

/* ---- there and back -------------------------------------------------------------------------- */

START_TEST(test_all)
{
    char(*got)[NODE_ID_SIZE];

    send(NULL, 0);
    for (unsigned i = 0; i < 2; i++) { /* the second time it is there already */
        ck_assert_uint_eq(receive(&got), 4);
        ck_assert_str_eq(got[0], ids[0]); /* parents first */
        ck_assert_str_eq(got[1], ids[1]);
        free(got);
        bench_all_whole(other_dir, 4, 4);
        ck_assert_str_eq(parent_in(other, ids[3]), ids[1]);
        ck_assert_str_eq(parent_in(other, ids[0]), "");
    }
    ck_assert_int_eq(store_import(other, file, NULL, NULL, &err), 0);
}
END_TEST

/* One whose parent stays behind: a root there, unless the parent is there already. */
START_TEST(test_some)
{
    char(*got)[NODE_ID_SIZE];
    uint64_t freed;

    send((const char(*)[NODE_ID_SIZE])ids[3], 1);
    ck_assert_uint_eq(receive(&got), 1);
    free(got);
    bench_all_whole(other_dir, 1, 1);
    ck_assert_str_eq(parent_in(other, ids[3]), "");
    ck_assert_int_eq(store_gc(other, &freed, &err), 0);
    ck_assert_uint_eq(freed, 0); /* nothing came that it does not need */
    send((const char(*)[NODE_ID_SIZE])ids[1], 1);
    receive(&got);
    free(got);
    send((const char(*)[NODE_ID_SIZE])ids[2], 1);
    receive(&got);
    free(got);
    ck_assert_str_eq(parent_in(other, ids[2]), ids[1]);
    bench_all_whole(other_dir, 3, 3);
}
END_TEST

START_TEST(test_what_is_kept)
{
    char(*got)[NODE_ID_SIZE];
    struct node node;

    send(NULL, 0);
    receive(&got);
    free(got);
    ck_assert_int_eq(store_update(other, ids[2], "mine", "mine", &err), 0);
    ck_assert_int_eq(store_delete(other, ids[1], &err), 0);
    receive(&got);
    free(got);
    ck_assert_int_eq(store_load(other, ids[2], &node, &err), 0);
    ck_assert_str_eq(node.name, "mine");
    ck_assert_str_eq(node.parent, ids[0]);
    node_free(&node);
    bench_all_whole(other_dir, 4, 4);
}
END_TEST

/* ids[1] is another snapshot there: it gets a new id, and its children follow. */
START_TEST(test_id_that_is_taken)
{
    char taken[NODE_ID_SIZE], from[600], to[600];
    char(*got)[NODE_ID_SIZE];
    struct node node;
    uint8_t *bytes;
    size_t size;

    bench_save(other, 9, "", taken);
    snprintf(from, sizeof(from), "%s/nodes/%s.node", other_dir, taken);
    snprintf(to, sizeof(to), "%s/nodes/%s.node", other_dir, ids[1]);
    bytes = bench_slurp(from, &size);
    ck_assert_ptr_null(node_head_get(bytes, &node));
    memcpy(node.id, ids[1], sizeof(node.id));
    node_head_patch(bytes, &node);
    bench_spill(to, bytes, size);
    unlink(from);
    free(bytes);
    send(NULL, 0);
    ck_assert_uint_eq(receive(&got), 4);
    ck_assert_str_eq(got[0], ids[0]);
    ck_assert_str_ne(got[1], ids[1]);
    ck_assert_str_eq(parent_in(other, got[1]), ids[0]);
    ck_assert_str_eq(parent_in(other, ids[2]), got[1]);
    ck_assert_str_eq(parent_in(other, ids[3]), got[1]);
    free(got);
    bench_all_whole(other_dir, 5, 5);
}
END_TEST

/* What is damaged there is mended by what arrives. */
START_TEST(test_mends)
{
    char(*got)[NODE_ID_SIZE];
    char path[600];
    uint8_t *bytes;
    size_t size;

    send(NULL, 0);
    receive(&got);
    free(got);
    snprintf(path, sizeof(path), "%s/nodes/%s.node", other_dir, ids[2]);
    bytes = bench_slurp(path, &size);
    bytes[300] ^= 1;
    bench_spill(path, bytes, size);
    free(bytes);
    receive(&got);
    free(got);
    bench_all_whole(other_dir, 4, 4);
}
END_TEST

START_TEST(test_export_refused)
{
    static const char unknown[1][NODE_ID_SIZE] = {"0123456789abcdef"};
    char path[600];
    uint8_t *bytes;
    size_t size;

    send(NULL, 0);
    ck_assert_int_eq(store_export(store, unknown, 1, file, &err), -ENOENT);
    ck_assert_int_eq(store_export(store, NULL, 0, bench_folder, &err), -EISDIR);
    snprintf(path, sizeof(path), "%s/none/file", bench_folder);
    ck_assert_int_eq(store_export(store, NULL, 0, path, &err), -ENOENT);
    snprintf(path, sizeof(path), "%s/nodes/%s.node", bench_dir, ids[2]);
    bytes = bench_slurp(path, &size);
    bench_spill(path, bytes, size - 1);
    free(bytes);
    ck_assert_int_eq(store_export(store, (const char(*)[NODE_ID_SIZE])ids[2], 1, file, &err),
                     -EBADMSG);
    receive(NULL); /* the file is as it was */
    bench_all_whole(other_dir, 4, 4);
}
END_TEST

START_TEST(test_import_refused)
{
    struct store_save *save;

    ck_assert_int_eq(store_import(other, "/nonexistent", NULL, NULL, &err), -ENOENT);
    ck_assert_int_eq(store_import(other, bench_folder, NULL, NULL, &err), -EISDIR);
    ck_assert_int_eq(store_import(other, "/dev/null", NULL, NULL, &err), -ENODATA);
    ck_assert_int_eq(store_import(other, "/dev/zero", NULL, NULL, &err), -EBADMSG);
    send(NULL, 0);
    ck_assert_int_eq(store_save_begin(other, &save, &err), 0);
    ck_assert_int_eq(store_import(other, file, NULL, NULL, &err), -EBUSY);
    store_save_abort(save);
}
END_TEST

/* ---- hostile files --------------------------------------------------------------------------- */

/* It is refused with a line that says where, and nothing has come in. */
static void refused(const uint8_t *data, size_t size, int code)
{
    int rc;

    bench_spill(file, data, size);
    err = (struct error){0};
    rc = store_import(other, file, NULL, NULL, &err);
    ck_assert_msg(rc < 0, "%zu bytes: taken", size);
    ck_assert_msg(!code || rc == code, "%d, not %d: %s", rc, code, err.text);
    ck_assert_int_eq(err.code, rc);
    ck_assert_msg(strncmp(err.text, file, 20) == 0, "%s", err.text);
    ck_assert_uint_eq(bench_files(other_dir, "packs", ""), 0);
    ck_assert_uint_eq(bench_files(other_dir, "nodes", ""), 0);
}

START_TEST(test_cut_anywhere)
{
    uint8_t *data;
    size_t size;

    send(NULL, 0);
    data = bench_slurp(file, &size);
    for (size_t at = 0; at < size; at += at < 50 || at + 200 > size ? 1 : size / 300 + 1)
        refused(data, at, -ENODATA);
    data[size] = 0;
    refused(data, size + 1, -EBADMSG);
    free(data);
}
END_TEST

START_TEST(test_flip_anywhere)
{
    uint8_t *data;
    size_t size;

    send(NULL, 0);
    data = bench_slurp(file, &size);
    for (size_t at = 0; at < size; at += at < 100 || at + 200 > size ? 1 : size / 400 + 1) {
        data[at] ^= (uint8_t)(1u << (at % 8));
        refused(data, size, 0);
        data[at] ^= (uint8_t)(1u << (at % 8));
    }
    free(data);
}
END_TEST

/* A file under construction, with checksums that are right. */
struct forged {
    uint8_t bytes[1 << 20];
    size_t size;
    uint64_t objects, nodes;
};

static struct forged forged;

static void forge_start(void)
{
    forged.size = FILE_HEAD_SIZE;
    forged.objects = forged.nodes = 0;
    file_head_put(forged.bytes, EXPORT_MAGIC);
}

static struct object_id forge_object(const uint8_t *data, size_t size)
{
    struct object_id id = object_id_of(data, size);
    struct codec codec = {0};

    forged.size += record_make(&codec, forged.bytes + forged.size, &id, data, size);
    forged.objects++;
    codec_end(&codec);
    return id;
}

static uint8_t *forge_node(const char *id, const char *parent, struct object_id *ram, size_t count)
{
    struct node node = {.ram = ram, .ram_count = count};
    uint8_t *bytes, *at = forged.bytes + forged.size;
    struct codec codec = {0};
    size_t size;

    memcpy(node.id, id, strlen(id));
    memcpy(node.parent, parent, strlen(parent));
    ck_assert_int_eq(node_encode(&codec, &node, &bytes, &size), 0);
    memcpy(at, bytes, size);
    forged.size += size;
    forged.nodes++;
    free(bytes);
    codec_end(&codec);
    return at;
}

static void resum(uint8_t *head)
{
    put_le64(head + NODE_HEAD_SUM_AT, XXH3_64bits(head, NODE_HEAD_SUM_AT));
}

static void forge_end(void)
{
    uint8_t *end = forged.bytes + forged.size;

    memcpy(end, END_MAGIC, MAGIC_SIZE);
    put_le64(end + 8, forged.objects);
    put_le64(end + 16, forged.nodes);
    put_le64(end + 24, XXH3_64bits(forged.bytes, forged.size));
    put_le64(end + 32, XXH3_64bits(end, 32));
    forged.size += EXPORT_END_SIZE;
}

static void forged_is_refused(void)
{
    forge_end();
    refused(forged.bytes, forged.size, -EBADMSG);
}

#define ID_A "aaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccc"

/* Parents in a circle, and parents that are nowhere: taken, with one of them as a root. */
START_TEST(test_circle)
{
    struct store_list list;
    unsigned roots = 0;

    forge_start();
    forge_node(ID_A, ID_B, NULL, 0);
    forge_node(ID_B, ID_A, NULL, 0);
    forge_node(ID_C, ID_C, NULL, 0);
    forge_node("dddddddddddddddd", "eeeeeeeeeeeeeeee", NULL, 0);
    forge_end();
    bench_spill(file, forged.bytes, forged.size);
    ck_assert_uint_eq(receive(NULL), 4);
    ck_assert_int_eq(store_list(other, &list, &err), 0);
    ck_assert_uint_eq(list.count, 4);
    ck_assert_uint_eq(list.damaged_count, 0);
    for (size_t i = 0; i < 4; i++)
        roots += list.nodes[i].parent[0] == '\0';
    ck_assert_uint_eq(roots, 3);
    store_list_free(&list);
}
END_TEST

START_TEST(test_forged_objects)
{
    static uint8_t page[4096] = {1}, leaf[1040];
    struct object_id id;
    uint8_t *record;

    forge_start(); /* a leaf that is not there */
    id = object_id_of(page, sizeof(page));
    forge_node(ID_A, "", &id, 1);
    forged_is_refused();

    forge_start(); /* a page that is not there */
    memcpy(leaf, id.bytes, 16);
    id = forge_object(leaf, 16);
    forge_node(ID_A, "", &id, 1);
    forged_is_refused();

    forge_start(); /* a leaf of 65 pages */
    id = forge_object(leaf, 1040);
    forge_node(ID_A, "", &id, 1);
    forged_is_refused();

    forge_start(); /* a page under another's name */
    record = forged.bytes + forged.size;
    forge_object(page, sizeof(page));
    record[16] ^= 1;
    put_le64(record + RECORD_SUM_AT,
             XXH3_64bits_withSeed(record + RECORD_HEAD_SIZE, get_le32(record + 8),
                                  XXH3_64bits(record, RECORD_SUM_AT)));
    forged_is_refused();

    forge_start(); /* more than an object may have */
    record = forged.bytes + forged.size;
    forge_object(page, sizeof(page));
    put_le32(record + 12, OBJECT_SIZE_MAX + 1);
    forged_is_refused();

    forge_start(); /* an object behind a node */
    forge_node(ID_A, "", NULL, 0);
    forge_object(page, sizeof(page));
    forged_is_refused();
}
END_TEST

START_TEST(test_forged_nodes)
{
    static const struct {
        size_t at;
        uint32_t value;
    } fields[] = {{8, 2},           {12, 2},          {80, 0xffffffff}, {80, NODE_LEAVES_MAX + 1},
                  {84, 0x10000000}, {88, 0xffffffff}, {88, 1},          {92, 1},
                  {96, 0xffffffff}, {100, 1},         {16, 0x2f2e2e2f}, {32, 0x41414141},
                  {168, 0x4a325b1b}};

    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        uint8_t *head;

        forge_start();
        head = forge_node(ID_A, ID_B, NULL, 0);
        put_le32(head + fields[i].at, fields[i].value);
        resum(head);
        forged_is_refused();
    }
    forge_start();
    forge_node(ID_A, "", NULL, 0);
    forge_node(ID_A, "", NULL, 0); /* twice */
    forged_is_refused();
    forge_start();
    forge_node(ID_A, "", NULL, 0);
    forged.nodes = 2;
    forged_is_refused();
}
END_TEST

/* A state that says it is 16 MiB and is not, and lists of which only the start is there. */
START_TEST(test_forged_payload)
{
    struct object_id zeros[1000] = {0};
    uint8_t *head;

    forge_start();
    head = forge_node(ID_A, "", zeros, 1000);
    put_le32(head + 80, 1001);
    resum(head);
    forged_is_refused();
    forge_start();
    head = forge_node(ID_A, "", zeros, 1000);
    put_le32(head + 80, NODE_LEAVES_MAX);
    put_le32(head + 84, NODE_LEAVES_MAX);
    resum(head);
    forged_is_refused();
    forge_start();
    head = forge_node(ID_A, "", zeros, 1000); /* the lists' bytes as a state */
    put_le32(head + 88, NODE_STATE_MAX);
    put_le32(head + 92, get_le32(head + 96));
    put_le32(head + 80, 0);
    put_le32(head + 96, 0);
    resum(head);
    forged_is_refused();
}
END_TEST

START_TEST(test_other_version)
{
    forge_start();
    put_le32(forged.bytes + 8, 2);
    put_le64(forged.bytes + 16, XXH3_64bits(forged.bytes, 16));
    forge_end();
    refused(forged.bytes, forged.size, -EPROTONOSUPPORT);
    forge_start();
    memcpy(forged.bytes, PACK_MAGIC, MAGIC_SIZE);
    forged_is_refused();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store transfer");
    TCase *cases = tcase_create("transfer");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, test_all);
    tcase_add_test(cases, test_some);
    tcase_add_test(cases, test_what_is_kept);
    tcase_add_test(cases, test_id_that_is_taken);
    tcase_add_test(cases, test_mends);
    tcase_add_test(cases, test_export_refused);
    tcase_add_test(cases, test_import_refused);
    tcase_add_test(cases, test_cut_anywhere);
    tcase_add_test(cases, test_flip_anywhere);
    tcase_add_test(cases, test_circle);
    tcase_add_test(cases, test_forged_objects);
    tcase_add_test(cases, test_forged_nodes);
    tcase_add_test(cases, test_forged_payload);
    tcase_add_test(cases, test_other_version);
    tcase_set_timeout(cases, 120);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * Machines into the store and out of it: each goes on as the one that it was taken from, at every exit, at
 * any place of every guest; pages that two snapshots share are stored once.
 */
#include "core/pages.h"
#include "snapshot/shape.h"
#include "snapshot/snapshot.h"
#include "tests/support/guest_machine.h"
#include "tests/support/prng.h"
#include "tests/support/store_bench.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXITS 60u
#define INSNS 50000u

static struct store *store;
static struct error err;
static const struct text_sink nobody;

static void setup(void)
{
    bench_make_folder();
    ck_assert_msg(store_open(&store, bench_dir, true, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    store_close(store);
    bench_remove_folder();
}

static void take(const struct machine *m, struct snapshot_about about, char id[NODE_ID_SIZE])
{
    about.created = 1;
    ck_assert_msg(snapshot_take(store, m, &about, id, &err) == 0, "%s", err.text);
}

static struct machine *out(const char *id)
{
    struct machine *m;
    bool boots;

    ck_assert_msg(snapshot_machine(store, id, NULL, &nobody, &m, &boots, &err) == 0, "%s",
                  err.text);
    ck_assert(!boots);
    return m;
}

static void run_for(struct machine *m, uint64_t insns, uint64_t exits, struct run_result *r)
{
    const struct run_limits limits = {.insns = insns, .exits = exits};

    ck_assert_int_eq(machine_run(m, &limits, r), 0);
}

START_TEST(test_goes_on)
{
    const char *name = guest_names[_i];
    struct prng random = {(uint64_t)_i + 3};
    struct machine *m = guest_machine(name);
    struct run_result r = {.stop = STOP_BUDGET};

    for (unsigned place = 0; place < 4 && r.stop == STOP_BUDGET; place++) {
        char id[NODE_ID_SIZE];
        struct machine *other;
        struct run_result again;

        take(m, (struct snapshot_about){.name = "place"}, id);
        other = out(id);
        ck_assert_uint_eq(machine_state_hash(other), machine_state_hash(m));
        ck_assert(other->exits == m->exits && other->insns == m->insns);
        run_for(m, 1 + prng_below(&random, INSNS), EXITS, &r);
        run_for(other, r.insns ? r.insns : 1, 0, &again);
        while (other->exits < m->exits)
            run_for(other, 1, 1, &again);
        ck_assert_msg(machine_state_hash(other) == machine_state_hash(m), "%s: another state",
                      name);
        machine_destroy(other);
    }
    machine_destroy(m);
}
END_TEST

/* With shadow paging the page faults come again, and what the guest sees is the same. */
START_TEST(test_shadow)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *m, *other;
    char id[NODE_ID_SIZE];
    struct run_result r;

    config.shadow_paging = true;
    m = guest_machine_of("page_long.elf", config);
    run_for(m, 6000, 0, &r);
    take(m, (struct snapshot_about){.name = "x"}, id);
    other = out(id);
    ck_assert(other->config.shadow_paging);
    ck_assert_uint_eq(machine_state_hash(other), machine_state_hash(m));
    run_for(m, 0, 0, &r);
    ck_assert_int_eq(r.stop, STOP_DEBUG_EXIT);
    run_for(other, 0, 0, &r);
    ck_assert_int_eq(r.stop, STOP_DEBUG_EXIT);
    ck_assert_uint_eq(machine_state_hash(other), machine_state_hash(m));
    machine_destroy(other);
    machine_destroy(m);
}
END_TEST

/* A node without RAM boots again from its disk, as that was written until then. */
START_TEST(test_without_ram)
{
    struct machine *m = guest_machine("bios_disk.bin"), *other;
    struct snapshot_about about = {.name = "off", .without_ram = true};
    char id[NODE_ID_SIZE];
    struct run_result r;
    bool boots;

    take(m, about, id);
    ck_assert_int_eq(snapshot_machine(store, id, NULL, &nobody, &other, &boots, &err), 0);
    ck_assert(boots);
    run_for(other, 0, 0, &r);
    ck_assert_int_eq(r.stop, STOP_DEBUG_EXIT);
    machine_destroy(other);
    run_for(m, 0, 0, &r);
    take(m, about, id);
    ck_assert_int_eq(snapshot_machine(store, id, NULL, &nobody, &other, &boots, &err), 0);
    ck_assert_uint_eq(other->insns, 0);
    ck_assert_mem_eq(other->disk.data, m->disk.data, (size_t)m->disk.blocks * DISK_BLOCK);
    machine_destroy(other);
    machine_destroy(m);
    m = guest_machine("prot32.elf");
    ck_assert_int_eq(snapshot_take(store, m, &about, id, &err), -EINVAL);
    ck_assert_str_eq(err.text, "snapshot without RAM: the machine has no disk that its firmware "
                               "could boot from");
    machine_destroy(m);
}
END_TEST

/* The second of two near ones takes what has changed, and little more. */
START_TEST(test_shares)
{
    struct machine *m = guest_machine("long64.elf");
    struct store_usage usage;
    char first[NODE_ID_SIZE], second[NODE_ID_SIZE];
    struct run_result r;
    uint64_t dirty;

    run_for(m, 8000, 0, &r);
    take(m, (struct snapshot_about){.name = "one"}, first);
    machine_clear_dirty(m, DIRTY_TIME);
    run_for(m, 3000, 0, &r);
    dirty = m->ram.dirty[DIRTY_TIME].count;
    take(m, (struct snapshot_about){.name = "two", .parent = first}, second);
    ck_assert_int_eq(store_usage(store, &usage, &err), 0);
    ck_assert_uint_eq(usage.count, 2);
    ck_assert_uint_gt(dirty, 0);
    for (size_t i = 0; i < 2; i++)
        if (!strcmp(usage.nodes[i].id, second))
            ck_assert_uint_le(usage.nodes[i].own, dirty * PAGE_SIZE + 16384);
    store_usage_free(&usage);
    machine_destroy(m);
}
END_TEST

/* ---- into a machine that there is -------------------------------------------------------------- */

static int put_back(struct machine *m, const char *id)
{
    bool boots;

    return snapshot_restore(store, id, m, &boots, &err);
}

/* Forward, back, forward again: the same places, whatever the machine did in between. */
START_TEST(test_restore)
{
    const char *name = guest_names[_i];
    struct prng random = {(uint64_t)_i + 5};
    struct machine *m = guest_machine(name), *other = guest_machine(name);
    char id[NODE_ID_SIZE];
    struct run_result r;
    uint64_t then, end, exits;

    run_for(m, 1 + prng_below(&random, INSNS), EXITS, &r);
    take(m, (struct snapshot_about){.name = "then"}, id);
    then = machine_state_hash(m);
    run_for(m, INSNS, 0, &r);
    end = machine_state_hash(m);
    exits = m->exits;
    for (unsigned again = 0; again < 2; again++) {
        struct machine *to = again ? other : m;
        uint64_t insns = r.insns;

        ck_assert_msg(put_back(to, id) == 0, "%s: %s", name, err.text);
        ck_assert_msg(machine_state_hash(to) == then, "%s: another state", name);
        run_for(to, insns ? insns : 1, 0, &(struct run_result){0});
        while (to->exits < exits)
            run_for(to, 1, 1, &(struct run_result){0});
        ck_assert_msg(machine_state_hash(to) == end, "%s: another end", name);
    }
    machine_destroy(other);
    machine_destroy(m);
}
END_TEST

START_TEST(test_restore_shadow)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *m;
    char id[NODE_ID_SIZE];
    struct run_result r;
    uint64_t then, end;

    config.shadow_paging = true;
    m = guest_machine_of("page_long.elf", config);
    run_for(m, 6000, 0, &r);
    take(m, (struct snapshot_about){.name = "x"}, id);
    then = machine_state_hash(m);
    run_for(m, 0, 0, &r);
    end = machine_state_hash(m);
    ck_assert_int_eq(put_back(m, id), 0);
    ck_assert_uint_eq(machine_state_hash(m), then);
    run_for(m, 0, 0, &r);
    ck_assert_int_eq(r.stop, STOP_DEBUG_EXIT);
    ck_assert_uint_eq(machine_state_hash(m), end);
    machine_destroy(m);
}
END_TEST

/* Only what differs is written, and it is in the dirty log. */
START_TEST(test_restore_writes_little)
{
    struct machine *m = guest_machine("bios_disk.bin");
    char id[NODE_ID_SIZE];
    const uint8_t one = 1;

    take(m, (struct snapshot_about){.name = "x"}, id);
    ck_assert(ram_write(&m->ram, 0x200000, &one, 1));
    disk_sector(&m->disk, 3)[7] ^= 1;
    machine_clear_dirty(m, DIRTY_TIME);
    disk_clear_dirty(&m->disk);
    ck_assert_msg(put_back(m, id) == 0, "%s", err.text);
    ck_assert_uint_eq(m->ram.dirty[DIRTY_TIME].count, 1);
    ck_assert_uint_eq(m->ram.dirty[DIRTY_TIME].pages[0], 0x200);
    ck_assert_uint_eq(m->disk.logged_count, 1);
    ck_assert_uint_eq(m->disk.logged[0], 0);
    machine_destroy(m);
}
END_TEST

/* A page that two machines share becomes the restored one's own; the other keeps what it has. */
START_TEST(test_restore_shared)
{
    struct host_memory *host = host_memory_create();
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *m, *other;
    char id[NODE_ID_SIZE];
    uint8_t byte = 0xaa;

    config.host = host;
    m = guest_machine_of("prot32.elf", config);
    other = guest_machine_of("prot32.elf", config);
    take(m, (struct snapshot_about){.name = "x"}, id);
    ck_assert(ram_write(&m->ram, 0x300000, &byte, 1));
    ck_assert_int_eq(machine_share(m, other, 0x300000, PAGE_SIZE), 0);
    ck_assert_msg(put_back(m, id) == 0, "%s", err.text);
    ck_assert(ram_read(&m->ram, 0x300000, &byte, 1) && byte == 0);
    ck_assert(ram_read(&other->ram, 0x300000, &byte, 1) && byte == 0xaa);
    machine_destroy(other);
    machine_destroy(m);
    host_memory_release(host);
}
END_TEST

/* A switched-off PC, in the place of one that runs: all of RAM is zero, the disk is the snapshot's. */
START_TEST(test_restore_without_ram)
{
    struct machine *m = guest_machine("bios_disk.bin"), *fresh;
    char id[NODE_ID_SIZE];
    struct run_result r;
    bool boots;

    take(m, (struct snapshot_about){.name = "off", .without_ram = true}, id);
    run_for(m, 0, 0, &r);
    ck_assert_int_eq(snapshot_restore(store, id, m, &boots, &err), 0);
    ck_assert(boots);
    ck_assert_int_eq(snapshot_machine(store, id, NULL, &nobody, &fresh, &boots, &err), 0);
    ck_assert_uint_eq(machine_state_hash(m), machine_state_hash(fresh));
    run_for(m, 0, 0, &r);
    ck_assert_int_eq(r.stop, STOP_DEBUG_EXIT);
    machine_destroy(fresh);
    machine_destroy(m);
}
END_TEST

static void refused(struct machine *m, const char *id, const char *what)
{
    uint64_t before = machine_state_hash(m);

    ck_assert_int_eq(put_back(m, id), -EINVAL);
    ck_assert_msg(strstr(err.text, what) != NULL, "%s", err.text);
    ck_assert_uint_eq(machine_state_hash(m), before);
    machine_destroy(m);
}

START_TEST(test_restore_refuses)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *m = guest_machine("bios_disk.bin");
    char id[NODE_ID_SIZE];

    take(m, (struct snapshot_about){.name = "x"}, id);
    config.shadow_paging = true;
    refused(guest_machine_of("bios_disk.bin", config), id, "a machine with another --mmu");
    config.shadow_paging = false;
    config.rtc_start++;
    refused(guest_machine_of("bios_disk.bin", config), id, "another time");
    config.rtc_start--;
    config.nmi_count = 1;
    refused(guest_machine_of("bios_disk.bin", config), id, "another --nmi");
    refused(guest_machine("prot32.elf"), id, "a disk of another size");
    machine_rom(m)->host[5] ^= 1;
    refused(m, id, "another ROM");
}
END_TEST

/* A monitor's tables are not the machine's to keep. */
START_TEST(test_refuses_a_monitors_tables)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    const struct snapshot_about about = {.name = "x"};
    struct machine *m;
    char id[NODE_ID_SIZE];

    config.shadow_paging = config.monitor_shadows = true;
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
    ck_assert_int_eq(snapshot_take(store, m, &about, id, &err), -EINVAL);
    machine_destroy(m);
}
END_TEST

/* ---- damage ------------------------------------------------------------------------------------ */

/* The only page that is not the same everywhere, destroyed: the error says which it is. */
static void break_packs(void)
{
    char folder[240], path[520];
    struct dirent *e;
    DIR *dir;

    snprintf(folder, sizeof(folder), "%s/packs", bench_dir);
    dir = opendir(folder);
    ck_assert_ptr_nonnull(dir);
    while ((e = readdir(dir)) != NULL) {
        uint8_t *data;
        size_t size;

        if (!strstr(e->d_name, ".pack"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        data = bench_slurp(path, &size);
        for (size_t i = size / 3; i < size; i++)
            data[i] ^= 0x55;
        bench_spill(path, data, size);
        free(data);
    }
    closedir(dir);
}

START_TEST(test_damage_is_named)
{
    struct machine *m = guest_machine("bios_disk.bin"), *other;
    char id[NODE_ID_SIZE];
    struct run_result r;
    uint64_t before;
    bool boots;

    run_for(m, 3000, 0, &r);
    take(m, (struct snapshot_about){.name = "x"}, id);
    run_for(m, 3000, 0, &r);
    before = machine_state_hash(m);
    break_packs();
    store_close(store);
    ck_assert_int_eq(store_open(&store, bench_dir, true, &err), 0);
    ck_assert_int_ne(snapshot_machine(store, id, NULL, &nobody, &other, &boots, &err), 0);
    ck_assert_ptr_null(other);
    ck_assert_msg(strstr(err.text, id) != NULL, "%s", err.text);
    ck_assert_msg(strstr(err.text, ", RAM at ") || strstr(err.text, ", disk at sector ") ||
                      strstr(err.text, ", ROM at offset "),
                  "%s", err.text);
    ck_assert_int_ne(put_back(m, id), 0);
    ck_assert_uint_eq(machine_state_hash(m), before);
    machine_destroy(m);
}
END_TEST

static bool stop_soon(void *ctx, uint64_t done, uint64_t all)
{
    (void)all;
    ++*(unsigned *)ctx;
    return done == 0;
}

START_TEST(test_interrupted)
{
    struct machine *m = guest_machine("long64.elf");
    unsigned asked = 0;
    const struct snapshot_about about = {.name = "x", .progress = stop_soon, .ctx = &asked};
    char id[NODE_ID_SIZE];
    struct store_list list;

    ck_assert_int_eq(snapshot_take(store, m, &about, id, &err), -EINTR);
    ck_assert_uint_eq(asked, 2);
    ck_assert_int_eq(store_list(store, &list, &err), 0);
    ck_assert_uint_eq(list.count, 0);
    store_list_free(&list);
    machine_destroy(m);
}
END_TEST

/* A node that the store takes, and that is no machine: refused, whatever its bytes. */
START_TEST(test_hostile)
{
    struct machine *m = guest_machine("bios_disk.bin"), *other;
    struct prng random = {11};
    char id[NODE_ID_SIZE];
    struct node good = {.has_ram = false};
    unsigned refused = 0;
    bool boots;

    take(m, (struct snapshot_about){.name = "good"}, id);
    ck_assert_int_eq(store_load(store, id, &good, &err), 0);
    for (unsigned i = 0; i < 150; i++) {
        struct node bad = good;
        struct store_save *save;
        uint8_t *state = malloc(good.state_size);

        memcpy(state, good.state, good.state_size);
        bad.state = state;
        if (i % 5 == 0)
            bad.state_size = prng_below(&random, (uint32_t)good.state_size);
        else
            state[prng_below(&random, i % 2 ? 40 : (uint32_t)good.state_size)] ^=
                1u << prng_below(&random, 8);
        bad.ram_count -= i % 7 == 0;
        ck_assert_int_eq(store_save_begin(store, &save, &err), 0);
        ck_assert_msg(store_save_finish(save, &bad, &err) == 0, "%s", err.text);
        err.text[0] = 0;
        if (snapshot_machine(store, bad.id, NULL, &nobody, &other, &boots, &err)) {
            ck_assert_int_ne(err.text[0], 0);
            refused++;
        }
        machine_destroy(other);
        free(state);
    }
    ck_assert_uint_gt(refused, 60);
    node_free(&good);
    machine_destroy(m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tc = tcase_create("snapshot");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_goes_on, 0, (int)guest_name_count);
    tcase_add_test(tc, test_shadow);
    tcase_add_test(tc, test_without_ram);
    tcase_add_test(tc, test_shares);
    tcase_add_loop_test(tc, test_restore, 0, (int)guest_name_count);
    tcase_add_test(tc, test_restore_shadow);
    tcase_add_test(tc, test_restore_writes_little);
    tcase_add_test(tc, test_restore_shared);
    tcase_add_test(tc, test_restore_without_ram);
    tcase_add_test(tc, test_restore_refuses);
    tcase_add_test(tc, test_refuses_a_monitors_tables);
    tcase_add_test(tc, test_damage_is_named);
    tcase_add_test(tc, test_interrupted);
    tcase_add_test(tc, test_hostile);
    tcase_set_timeout(tc, 0); /* tools/run-tests.sh has one for all */
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

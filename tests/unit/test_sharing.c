/*
 * Frames that back guest memory: remapped, and shared by two guests until one of them writes
 * (machine_back(), machine_share()), with everything that can be the first to write.
 */
#include "core/host_memory.h"
#include "mmu/ept.h"

#include "core/backend.h"
#include "tests/support/fixture.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define RAM (2u << 20)

/* The fixture's machine, and another with the same host memory. */
static struct machine *other;

static void setup(void)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct error err;

    fixture_setup();
    config.ram_size = RAM;
    config.host = f.m->ram.host;
    ck_assert_msg(machine_create(&other, &config, &err) == 0, "%s", err.text);
}

static void teardown(void)
{
    machine_destroy(other);
    fixture_teardown();
}

static struct run_result run_other(uint64_t insns)
{
    struct run_limits limits = {.insns = insns};
    struct run_result result;

    ck_assert_int_eq(machine_run(other, &limits, &result), 0);
    return result;
}

static uint32_t word(const struct machine *m, uint64_t gpa)
{
    uint8_t bytes[4];

    ck_assert(ram_read(&m->ram, gpa, bytes, 4));
    return get_le32(bytes);
}

static uint32_t references(const struct machine *m, uint64_t gpa)
{
    return host_frame_references(m->ram.host, ram_hpa(&m->ram, gpa));
}

/* All of the fixture's memory in the other machine too, which stands at the same place. */
static void share_all(void)
{
    struct x86_state s;

    ck_assert_int_eq(machine_share(f.m, other, 0, RAM), 0);
    machine_get_state(f.m, &s);
    machine_set_state(other, &s);
    ck_assert_uint_eq(references(f.m, 0x7000), 2);
}

/* ---- who writes first ---------------------------------------------------------------------- */

/* mov dword [7008h],1111h; hlt, in one of them: one exit, two frames from then on. */
START_TEST(test_store)
{
    uint64_t before;

    LOAD(enter_flat32, 0xc7, 0x05, 0x08, 0x70, 0, 0, 0x11, 0x11, 0, 0, 0xf4);
    share_all();
    before = ram_hpa(&f.m->ram, 0x7000);
    ck_assert_int_eq(run_other(10).stop, STOP_HALT);
    ck_assert_uint_eq(other->exit_counts[EXIT_EPT_VIOLATION], 1);
    ck_assert_uint_eq(word(other, 0x7008), 0x1111);
    ck_assert_uint_eq(word(f.m, 0x7008), 0);
    ck_assert_uint_eq(ram_hpa(&f.m->ram, 0x7000), before);
    ck_assert_uint_ne(ram_hpa(&other->ram, 0x7000), before);
    ck_assert_uint_eq(references(f.m, 0x7000), 1);
    ck_assert_uint_eq(references(other, 0x7000), 1);
    ck_assert_uint_eq(references(other, 0x8000), 2); /* the rest is still shared */
    ck_assert(ram_is_dirty(&other->ram, DIRTY_TIME, 0x7000));

    /* the last owner gets its right back, and no copy */
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_uint_eq(ram_hpa(&f.m->ram, 0x7000), before);
    ck_assert_uint_eq(f.m->exit_counts[EXIT_EPT_VIOLATION], 1);
    ck_assert_uint_eq(machine_state_hash(f.m), machine_state_hash(other));
}
END_TEST

/* A page that is its own again makes no more exits. */
START_TEST(test_one_exit_a_page)
{
    LOAD(enter_flat32, 0xb9, 0, 4, 0, 0, 0xbf, 0, 0x70, 0, 0, 0xf3, 0xab, 0xf4); /* rep stosd */
    share_all();
    ck_assert_int_eq(run_other(2000).stop, STOP_HALT);
    ck_assert_uint_eq(other->exit_counts[EXIT_EPT_VIOLATION], 1);
}
END_TEST

/* An event's delivery is the first to write on the stack: it is done over, and once. */
START_TEST(test_delivery)
{
    struct x86_state s;

    LOAD(enter_real, 0xcd, 0x40); /* int 40h */
    ck_assert(ram_write(&f.m->ram, 0x40 * 4, "\x00\x06\x00\x00", 4));
    ck_assert(ram_write(&f.m->ram, 0x600, "\xf4", 1));
    share_all();
    ck_assert_int_eq(run_other(10).stop, STOP_HALT);
    machine_get_state(other, &s);
    ck_assert_uint_eq(s.gpr[X86_RSP], 0x7000 - 6);
    ck_assert_uint_eq(s.rip, 0x601);
    ck_assert_uint_eq(word(other, 0x7000 - 6) & 0xffff, AT + 2);
    ck_assert_uint_eq(word(f.m, 0x7000 - 6), 0);
    ck_assert_uint_eq(other->exit_counts[EXIT_EPT_VIOLATION], 1);
}
END_TEST

/* A and D of the guest's entries are writes to its tables. */
START_TEST(test_flags)
{
    LOAD(enter_long64, 0x8b, 0x04, 0x25, 0x08, 0x70, 0, 0, 0xf4); /* mov eax,[7008h] */
    share_all();
    ck_assert_int_eq(run_other(10).stop, STOP_HALT);
    ck_assert_uint_eq(other->exit_counts[EXIT_EPT_VIOLATION],
                      4); /* four tables, at the first fetch */
    ck_assert_uint_eq(word(other, 0x13000 + 8 * 7) & 0x60, 0x20);
    ck_assert_uint_eq(word(f.m, 0x13000 + 8 * 7) & 0x60, 0);
}
END_TEST

/* One guest changes its code, the other goes on with the old. */
START_TEST(test_code)
{
    struct x86_state s;

    /* mov byte [602h],22h; jmp 600h, where nop; mov al,11h; hlt is */
    LOAD(enter_flat32, 0xc6, 0x05, 0x02, 0x06, 0, 0, 0x22, 0xe9, 0xf4, 0xf5, 0xff, 0xff);
    ck_assert(ram_write(&f.m->ram, 0x600, "\x90\xb0\x11\xf4", 4));
    share_all();
    ck_assert_int_eq(run_other(10).stop, STOP_HALT);
    ck_assert_uint_eq(other->vcpu->ops->get_gpr(other->vcpu, X86_RAX) & 0xff, 0x22);
    ck_assert_uint_eq(word(f.m, 0x600), 0xf411b090);
    machine_get_state(f.m, &s);
    s.rip = 0x600;
    machine_set_state(f.m, &s);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_uint_eq(reg(X86_RAX) & 0xff, 0x11);
}
END_TEST

/* The monitor's own writes. */
START_TEST(test_monitor)
{
    uint8_t byte = 0x77;

    LOAD(enter_flat32, 0xf4);
    share_all();
    ck_assert(ram_write(&other->ram, 0x9000, &byte, 1));
    ck_assert_uint_eq(machine_write_linear(f.m, 0xa000, &byte, 1), 1);
    ck_assert_uint_eq(word(f.m, 0x9000), 0);
    ck_assert_uint_eq(word(other, 0x9000), 0x77);
    ck_assert_uint_eq(word(other, 0xa000), 0);
    ck_assert_uint_eq(references(f.m, 0x9000), 1);
    ck_assert_uint_eq(references(f.m, 0xb000), 2);
}
END_TEST

/* ---- other frames -------------------------------------------------------------------------- */

/* Code that has run, and data that was read, are the new frame's at once. */
START_TEST(test_back)
{
    struct x86_state s;
    uint64_t hpa, old = ram_hpa(&f.m->ram, 0x0);

    LOAD(enter_flat32, 0xb0, 0x11, 0xa2, 0x08, 0x70, 0, 0, 0xf4); /* mov al,11h; mov [7008h],al */
    old = ram_hpa(&f.m->ram, AT);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_int_eq(host_frame_take(f.m->ram.host, &hpa), 0);
    memcpy(host_memory_ptr(f.m->ram.host, hpa + AT % PAGE_SIZE, 8),
           "\xb0\x22\xa2\x08\x70\x00\x00\xf4", 8);
    ck_assert_int_eq(machine_back(f.m, AT, hpa), 0);
    ck_assert_uint_eq(host_frame_references(f.m->ram.host, hpa), 2);
    ck_assert_uint_eq(host_frame_references(f.m->ram.host, old), 0);
    host_frame_drop(f.m->ram.host, hpa);
    machine_get_state(f.m, &s);
    s.rip = AT;
    s.activity = X86_ACTIVE;
    machine_set_state(f.m, &s);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT);
    ck_assert_uint_eq(word(f.m, 0x7008) & 0xff, 0x22);
    ck_assert_int_eq(machine_back(f.m, RAM, hpa), -EFAULT);
    ck_assert_int_eq(machine_back(f.m, AT, 0x3000), -EINVAL); /* no frame is there */
}
END_TEST

/* A breakpoint on a guest-physical address is where the page is now. */
START_TEST(test_break)
{
    struct breakpoint stop = {.kind = BREAK_GPA,
                              .access = BREAK_ACCESS_WRITE,
                              .first = 0x7008,
                              .last = 0x7008,
                              .enabled = true};

    LOAD(enter_flat32, 0xc7, 0x05, 0x08, 0x70, 0, 0, 0x11, 0x11, 0, 0, 0xf4);
    share_all();
    ck_assert(ram_write(&other->ram, 0x7000, "", 1)); /* a frame of its own */
    ck_assert_int_gt(machine_break_add(other, &stop), 0);
    ck_assert_int_eq(run_other(10).stop, STOP_BREAK);
    ck_assert_uint_eq(word(other, 0x7008), 0);
    ck_assert_int_eq(run(10, 0).stop, STOP_HALT); /* it is the other's */
}
END_TEST

/* ---- whose memory it is -------------------------------------------------------------------- */

START_TEST(test_frames_are_given_back)
{
    struct host_memory *host = host_memory_hold(f.m->ram.host);
    uint64_t used;

    LOAD(enter_flat32, 0xc7, 0x05, 0x08, 0x70, 0, 0, 0x11, 0x11, 0, 0, 0xf4);
    share_all();
    ck_assert_int_eq(run_other(10).stop, STOP_HALT);
    if (_i) { /* which of them goes first does not matter */
        machine_destroy(f.m);
        f.m = NULL;
        ck_assert_uint_eq(word(other, 0x7008), 0x1111);
        used = host->frames_used;
        ck_assert_uint_eq(used, RAM / PAGE_SIZE + other->ept.tables);
    }
    machine_destroy(other);
    other = NULL;
    machine_destroy(f.m);
    f.m = NULL;
    ck_assert_uint_eq(host->frames_used, 0);
    host_memory_release(host);
}
END_TEST

START_TEST(test_other_host)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct machine *stranger;
    struct error err;

    config.ram_size = RAM;
    ck_assert_int_eq(machine_create(&stranger, &config, &err), 0);
    ck_assert_int_eq(machine_share(f.m, stranger, 0, PAGE_SIZE), -EXDEV);
    machine_destroy(stranger);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sharing");
    TCase *tc = tcase_create("sharing");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_store);
    tcase_add_test(tc, test_one_exit_a_page);
    tcase_add_test(tc, test_delivery);
    tcase_add_test(tc, test_flags);
    tcase_add_test(tc, test_code);
    tcase_add_test(tc, test_monitor);
    tcase_add_test(tc, test_back);
    tcase_add_test(tc, test_break);
    tcase_add_loop_test(tc, test_frames_are_given_back, 0, 2);
    tcase_add_test(tc, test_other_host);
    suite_add_tcase(suite, tc);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * Shadow paging under every guest of guests.txt: it prints and ends as with a second stage, and the
 * shadow is never wider than the guest's tables and the map together, looked at behind exits.
 */
#include "core/backend.h"
#include "core/handle_shadow.h"
#include "core/loader.h"
#include "core/machine.h"
#include "mmu/shadow.h"
#include "mmu/shadow_check.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXITS_MAX 2000000u
#define CHECKS_MAX 60u /* of each guest */
#define TEXT_MAX 65536

struct guest {
    char name[48];
    char file[64];
};

static struct guest guests[160];
static unsigned guest_count;

struct outcome {
    char text[TEXT_MAX];
    size_t size;
    enum stop_reason stop;
    unsigned status;
    unsigned checks;
};

static void keep_text(void *ctx, enum text_source source, const char *text, size_t size)
{
    struct outcome *o = ctx;

    (void)source;
    for (size_t i = 0; i < size && o->size + 1 < TEXT_MAX; i++)
        o->text[o->size++] = text[i];
}

static struct machine *start(const struct guest *guest, bool shadow, struct outcome *o)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    const char *build = getenv("BUILD");
    struct image image = {.name = guest->name};
    struct machine *m;
    struct error err;
    uint8_t *data;
    char path[512];

    memset(o, 0, sizeof(*o));
    snprintf(path, sizeof(path), "%s/tests/guest/%s", build ? build : "build", guest->file);
    ck_assert_msg(file_read(path, 1u << 24, &data, &image.size, &err) == 0, "%s", err.text);
    image.data = data;
    config.ram_size = 32u << 20; /* as the guests of this list are run */
    config.shadow_paging = shadow;
    config.text = (struct text_sink){.write = keep_text, .ctx = o};
    ck_assert_msg(machine_create(&m, &config, &err) == 0, "%s", err.text);
    ck_assert_msg(machine_load(m, &image, &err) == 0, "%s: %s", guest->name, err.text);
    free(data);
    return m;
}

static bool is_table(const void *ctx, uint64_t gpa)
{
    return shadow_is_tracked(ctx, gpa);
}

static void check(struct machine *m, const struct guest *guest)
{
    const struct shadow_tables tables = {.is_table = is_table, .ctx = m->shadow};
    struct shadow_breach breach;
    struct x86_paging gpt, cpu;

    m->vcpu->ops->get_paging(m->vcpu, &gpt);
    shadow_registers(&gpt, m->shadow_root, m->ram.host, &cpu);
    ck_assert_msg(shadow_check(&cpu, &gpt, m->cpu_ept, &tables, &breach),
                  "%s, exit %" PRIu64 ", rip %" PRIx64 ": %s %c at %" PRIx64 ": hpa %" PRIx64
                  ", allowed %" PRIx64 ": %s",
                  guest->name, m->exits, m->vcpu->ops->get_rip(m->vcpu),
                  breach.user ? "user" : "supervisor", "rwx"[breach.access], breach.gva, breach.hpa,
                  breach.allowed, breach.why);
}

/* One exit a turn while checks are left, each where the CPU would go on from. */
static void run(struct machine *m, const struct guest *guest, struct outcome *o)
{
    struct run_result r = {.stop = STOP_BUDGET};
    unsigned turn = 0;

    while (r.stop == STOP_BUDGET && m->exits < EXITS_MAX) {
        bool looks = m->shadow && o->checks < CHECKS_MAX;
        uint64_t faults = m->exit_counts[EXIT_EXCEPTION_NMI];
        struct run_limits limits = {.exits = looks ? 1 : EXITS_MAX - m->exits};

        ck_assert_int_eq(machine_run(m, &limits, &r), 0);
        if (!looks || r.stop != STOP_BUDGET || m->exit_counts[EXIT_EXCEPTION_NMI] == faults ||
            turn++ % 5)
            continue;
        ck_assert_int_eq(shadow_before_run(m), 0);
        if (shadow_is_open(m->shadow))
            continue;
        check(m, guest);
        o->checks++;
    }
    o->stop = r.stop;
    o->status = r.status;
    machine_destroy(m);
}

START_TEST(test_same_as_ept)
{
    static struct outcome ept, shadow;
    const struct guest *guest = &guests[_i];

    run(start(guest, false, &ept), guest, &ept);
    run(start(guest, true, &shadow), guest, &shadow);
    ck_assert_msg(strcmp(ept.text, shadow.text) == 0, "%s: prints\n%s\ninstead of\n%s", guest->name,
                  shadow.text, ept.text);
    ck_assert_msg(ept.stop == shadow.stop && ept.status == shadow.status, "%s: %s, %u", guest->name,
                  stop_reason_name(shadow.stop), shadow.status);
    ck_assert(ept.size || ept.stop == STOP_TRIPLE_FAULT);
    ck_assert_uint_gt(shadow.checks, 0);
}
END_TEST

/* "name format ...", one a line. */
static void read_list(void)
{
    FILE *file = fopen("tests/guest/guests.txt", "r");
    char line[256], name[40], format[8];

    while (file && fgets(line, sizeof(line), file)) {
        if (line[0] == '#' || sscanf(line, "%39s %7s", name, format) != 2)
            continue;
        if (guest_count == sizeof(guests) / sizeof(guests[0]))
            break;
        snprintf(guests[guest_count].name, sizeof(guests[0].name), "%s", name);
        snprintf(guests[guest_count].file, sizeof(guests[0].file), "%s.%s", name, format);
        guest_count++;
    }
    if (file)
        fclose(file);
}

int main(void)
{
    Suite *suite = suite_create("shadow guests");
    TCase *tc = tcase_create("shadow guests");
    SRunner *runner;
    int failed;

    read_list();
    tcase_add_loop_test(tc, test_same_as_ept, 0, (int)guest_count);
    tcase_set_timeout(tc, 300);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner) + (guest_count < 80);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * A day of a guest that makes a million exits a second, shortened: of each hour the last 198,000
 * exits are made by a real machine; the clock, the machine's and the profile's counters are put
 * forward by those before. At the end every counter is exact, every view shows it, and no more is
 * allocated than after the first hour, but for what the core may keep for itself.
 */
#include "core/loader.h"
#include "tui/session.h"
#include "tui/update.h"
#include "tui/view.h"

#include <check.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { HOURS = 24, MADE = 198000, CORE_BYTES = 4096 };
#define HOUR_EXITS 3600000000u

/*
 * 1000  ee       out dx, al   to no device, two of three exits
 * 1001  ee       out dx, al
 * 1002  0f a2    cpuid
 * 1004  eb fa    jmp 1000
 */
static const uint8_t guest[] = {0xee, 0xee, 0x0f, 0xa2, 0xeb, 0xfa};

static const struct lab_info lab = {.id = "01", .name = "soak"};
static struct model model;
static struct ui ui;

static int open_guest(void *ctx, unsigned index, const struct text_sink *text,
                      struct machine **machine, struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct image image = {.kind = IMAGE_FLAT, .name = "guest", .at = 0x1000, .has_at = true};
    struct controls controls;
    int rc;

    (void)ctx;
    (void)index;
    config.text = *text;
    rc = machine_create(machine, &config, err);
    if (rc < 0)
        return rc;
    image.data = guest;
    image.size = sizeof(guest);
    controls = (*machine)->controls;
    controls.pin &= ~PIN_EXTERNAL_INTERRUPT; /* the firmware's timer, at some time of the day */
    machine_set_controls(*machine, &controls);
    return machine_load(*machine, &image, err);
}

static void execute(struct session *s, enum command_kind kind)
{
    struct event event = {.kind = EVENT_MODEL};
    struct command command = {.kind = kind};

    session_execute(s, &command);
    session_publish(s, &model);
    update(&model, &ui, &event, &command);
}

static void skip_reason(struct session *s, unsigned reason, uint64_t exits)
{
    s->machine->exit_counts[reason] += exits;
    s->profile.rows[reason].count += exits;
    s->profile.rows[reason].cost_sum += exits * 1000;
    s->profile.total += exits;
    s->machine->exits += exits;
}

/* The rest of an hour: two thirds I/O, one CPUID; an exit takes a microsecond. */
static void skip_hour(struct session *s)
{
    uint64_t thirds = (HOUR_EXITS - MADE) / 3;

    skip_reason(s, EXIT_IO, 2 * thirds);
    skip_reason(s, EXIT_CPUID, thirds);
    s->machine->insns += HOUR_EXITS - MADE;
    s->machine->slept += 1000 * ((uint64_t)HOUR_EXITS - MADE);
}

static void draw_all(struct grid *grid)
{
    for (unsigned view = 0; view < VIEW_COUNT; view++) {
        ui_show(&ui, (enum view_id)view);
        grid_clear(grid);
        screen_draw(&model, &ui, grid);
    }
    ui_show(&ui, VIEW_STEP);
}

static bool shows(const struct grid *grid, const char *text)
{
    for (int row = 0; row < grid->rows; row++) {
        char line[400];

        for (int col = 0; col < grid->cols; col++)
            line[col] = (char)(grid_at(grid, row, col)->ch & 0x7f);
        line[grid->cols] = '\0';
        if (strstr(line, text))
            return true;
    }
    return false;
}

static void check_ring(void)
{
    ck_assert_uint_eq(model.ring.end - model.ring.begin, EXIT_RING);
    ck_assert_uint_eq(model.ring.end, model.exits);
    for (uint64_t seq = model.ring.begin; seq < model.ring.end; seq++)
        if (exit_ring_get(&model.ring, seq)->seq != seq)
            ck_abort_msg("exit %llu is not in its place", (unsigned long long)seq);
}

static void check_day(struct grid *grid)
{
    uint64_t sum = 0, day = (uint64_t)HOUR_EXITS * HOURS;

    for (unsigned reason = 0; reason < EXIT_REASON_COUNT; reason++)
        sum += model.counts[reason];
    ck_assert_uint_eq(model.exits, day);
    ck_assert_uint_eq(sum, day);
    ck_assert_uint_eq(model.counts[EXIT_IO], day / 3 * 2);
    ck_assert_uint_eq(model.counts[EXIT_CPUID], day / 3);
    ck_assert_uint_eq(model.profile.total, day);
    ck_assert_uint_eq(model.profile.rows[EXIT_IO].count, day / 3 * 2);
    ui_show(&ui, VIEW_STEP);
    screen_draw(&model, &ui, grid);
    ck_assert(shows(grid, "exits 86,400,000,000 "));
    ck_assert(shows(grid, "counted all 86,400,000,000: I/O 66%  CPUID 33%"));
    ui_show(&ui, VIEW_EXITS);
    grid_clear(grid);
    screen_draw(&model, &ui, grid);
    ck_assert(shows(grid, "57,600,000,000"));
    ck_assert(shows(grid, "28,800,000,000"));
    ck_assert(shows(grid, "66.6%"));
}

START_TEST(test_a_day)
{
    struct tui_config config = {.labs = &lab, .lab_count = 1, .lab = -1, .open = open_guest};
    struct session *s = session_create(&config);
    struct grid *grid = grid_create(48, 160);
    size_t allocated = 0;

    ck_assert_ptr_nonnull(s);
    model_init(&model, &lab, 1);
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 48, 160);
    s->has_cost = true;
    execute(s, COMMAND_OPEN);
    s->limits.exits = MADE;
    for (int hour = 1; hour <= HOURS; hour++) {
        skip_hour(s);
        s->ring.begin = s->ring.end = s->machine->exits; /* those in between were not made */
        execute(s, COMMAND_CONTINUE);
        ck_assert_int_eq(s->result.stop, STOP_BUDGET);
        check_ring();
        draw_all(grid);
        if (hour == 1)
            allocated = mallinfo2().uordblks;
    }
    session_publish(s, &model);
    ck_assert_uint_le(model.time.bytes, model.time.bytes_max);
    ck_assert_uint_le(mallinfo2().uordblks, allocated + CORE_BYTES + model.time.bytes);
    check_day(grid);
    grid_destroy(grid);
    session_destroy(s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("soak");
    TCase *tc = tcase_create("soak");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, test_a_day);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * Claim: the whole map of a guest of 64 MiB, whose tables map it by pages of 4 KiB, is worked out and
 * drawn in 5 ms: what the pages view costs at each stop. Once all of it is one range, once no two pages
 * belong together, as far as ranges are kept.
 */
#include "support/measure.h"
#include "tui/session.h"
#include "tui/view.h"
#include "util/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RAM_BYTES (64ull << 20)
#define PML4 0x10000ull
#define TABLES 0x200000ull
#define GOAL_MS 5.0

enum { ROWS = 48, COLS = 160 };

static bool scattered;

static void put_entry(struct machine *m, uint64_t gpa, uint64_t entry)
{
    uint8_t bytes[8];

    put_le64(bytes, entry);
    ram_write(&m->ram, gpa, bytes, sizeof(bytes));
}

static void put_tables(struct machine *m)
{
    uint64_t pages = RAM_BYTES / PAGE_SIZE;

    put_entry(m, PML4, (PML4 + PAGE_SIZE) | 3);
    put_entry(m, PML4 + PAGE_SIZE, (PML4 + 2 * PAGE_SIZE) | 3);
    for (uint64_t i = 0; i < RAM_BYTES >> 21; i++)
        put_entry(m, PML4 + 2 * PAGE_SIZE + 8 * i, (TABLES + i * PAGE_SIZE) | 3);
    for (uint64_t i = 0; i < pages; i++)
        put_entry(m, TABLES + 8 * i, (scattered ? pages - 1 - i : i) * PAGE_SIZE | 3);
}

static int open_machine(void *ctx, unsigned lab, const struct text_sink *text, struct machine **out,
                        struct error *err)
{
    struct machine_config config = MACHINE_CONFIG_DEFAULT;
    struct x86_state s;
    int rc;

    (void)ctx;
    (void)lab;
    config.ram_size = RAM_BYTES;
    config.text = *text;
    rc = machine_create(out, &config, err);
    if (rc < 0)
        return rc;
    put_tables(*out);
    machine_get_state(*out, &s);
    s.cr0 = CR0_PG | CR0_WP | CR0_ET | CR0_PE;
    s.cr4 = CR4_PAE;
    s.cr3 = PML4;
    s.efer = EFER_LMA | EFER_LME;
    s.seg[X86_CS].access = 0xb | SEG_S | SEG_P | SEG_L | SEG_G;
    machine_set_state(*out, &s);
    return 0;
}

/* From the question to the grid, ms. */
static double look_and_draw(struct session *session, struct model *model, struct grid *grid)
{
    struct command look = {.kind = COMMAND_LOOK_PAGES};
    double start = measure_now();
    struct ui ui;

    look.pages.on = true;
    session_execute(session, &look);
    session_publish(session, model);
    ui_init(&ui, VIEW_STEP, VIEW_PAGES, ROWS, COLS);
    screen_draw(model, &ui, grid);
    return (measure_now() - start) * 1e3;
}

static int measure_map(const char *claim, struct model *model, struct grid *grid)
{
    static const struct lab_info lab = {.id = "01"};
    struct tui_config config = {.labs = &lab, .lab_count = 1, .open = open_machine};
    struct session *session = session_create(&config);
    struct command open = {.kind = COMMAND_OPEN};
    double ms[MEASURE_REPEATS];
    struct error err = {0};
    struct spread got;

    model_init(model, &lab, 1);
    if (session)
        session_execute(session, &open);
    if (!session || session->run != RUN_PAUSED) {
        session_destroy(session);
        error_set(&err, -ENOMEM, "screen_pages: no machine");
        return measure_fail(&err);
    }
    for (int i = 0; i < MEASURE_REPEATS; i++)
        ms[i] = look_and_draw(session, model, grid);
    session_destroy(session);
    got = measure_spread(ms, MEASURE_REPEATS);
    measure_row(claim, "none: a goal of its own", "5.0 ms", got, "ms", got.median <= GOAL_MS);
    return 0;
}

int main(void)
{
    struct model *model = calloc(1, sizeof(*model));
    struct grid *grid = grid_create(ROWS, COLS);
    struct error err = {0};
    int status;

    if (!grid || !model) {
        error_set(&err, -ENOMEM, "out of memory");
        return measure_fail(&err);
    }
    status = measure_map("pages view, 160x48: a 64 MiB guest's map of 16,384 pages, one range",
                         model, grid);
    scattered = true;
    if (!status)
        status = measure_map("the same, no two pages in one range (512 ranges kept)", model, grid);
    grid_destroy(grid);
    free(model);
    return status;
}

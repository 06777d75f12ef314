/* What holds for every view at every size, whatever it shows; and the details of an exit. */
#include "tests/support/screen_models.h"
#include "tui/registers.h"
#include "tui/theme.h"
#include "tui/view.h"
#include "tui/view/step.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 80, COLS_MAX = 250, GUARD = 512 };

/* A grid in the middle of a larger buffer, so that a write beside it is seen. */
struct guarded {
    struct grid grid;
    struct cell cells[GUARD + ROWS_MAX * COLS_MAX + GUARD];
};

static struct guarded guarded;
static const struct cell canary = {.ch = 0xdead, .role = 0xaa, .attr = 0x55};

static void guard(int rows, int cols)
{
    for (int i = 0; i < GUARD; i++)
        guarded.cells[i] = guarded.cells[GUARD + rows * cols + i] = canary;
    guarded.grid = (struct grid){.rows = rows, .cols = cols, .cells = guarded.cells + GUARD};
}

static bool is_canary(const struct cell *cell)
{
    return cell->ch == canary.ch && cell->role == canary.role && cell->attr == canary.attr;
}

/* A ck_assert() in these loops would cost more than all the drawing. */
static void check_cells(const char *what)
{
    int count = guarded.grid.rows * guarded.grid.cols;

    for (int i = 0; i < GUARD; i++)
        if (!is_canary(&guarded.cells[i]) || !is_canary(&guarded.cells[GUARD + count + i]))
            ck_abort_msg("%s: a write outside the grid at %dx%d", what, guarded.grid.cols,
                         guarded.grid.rows);
    for (int i = 0; i < count; i++) {
        const struct cell *cell = &guarded.grid.cells[i];

        if (cell->ch < 0x20 || cell->ch == 0x7f || cell->role >= ROLE_COUNT)
            ck_abort_msg("%s: cell %d is %x with role %d", what, i, cell->ch, cell->role);
    }
}

static void draw_at(const struct model *model, struct ui *ui, int rows, int cols)
{
    ui->rows = rows;
    ui->cols = cols;
    guard(rows, cols);
    screen_draw(model, ui, &guarded.grid);
    check_cells(view_ops(ui_view(ui))->name);
}

START_TEST(test_nothing_outside)
{
    struct model *(*const models[])(void) = {screen_model_empty, screen_model_real,
                                             screen_model_long, screen_model_devices};
    const struct model *model = models[_i / VIEW_COUNT]();
    enum view_id view = (enum view_id)(_i % VIEW_COUNT);
    struct ui ui;

    ui_init(&ui, VIEW_STEP, view, 1, 1);
    ui_message(&ui, true, "%0199d", 0);
    for (int rows = 1; rows <= ROWS_MAX; rows++)
        for (int cols = 1; cols <= COLS_MAX; cols += rows % 3 == 0 ? 1 : 3)
            draw_at(model, &ui, rows, cols);
}
END_TEST

/* What only these models have to show. */
START_TEST(test_own_models)
{
    static struct model *(*const models[])(void) = {
        screen_model_day,       screen_model_memory, screen_model_pages,
        screen_model_shadow,    screen_model_ept,    screen_model_heat,
        screen_model_snapshots, screen_model_marked, screen_model_compare};
    static const enum view_id views[] = {VIEW_EXITS,     VIEW_MEMORY,    VIEW_PAGES,
                                         VIEW_PAGES,     VIEW_EPT,       VIEW_HEAT,
                                         VIEW_SNAPSHOTS, VIEW_SNAPSHOTS, VIEW_COMPARE};
    const struct model *model = models[_i]();
    struct ui ui;

    ui_init(&ui, VIEW_STEP, views[_i], 1, 1);
    for (int rows = 1; rows <= ROWS_MAX; rows++)
        for (int cols = 1; cols <= COLS_MAX; cols++)
            draw_at(model, &ui, rows, cols);
}
END_TEST

/* Each pane alone, and scrolled much further than it is long. */
START_TEST(test_panes_alone)
{
    const struct model *model = screen_model_snapshots();
    enum view_id view = (enum view_id)_i;
    struct ui ui;

    ui_init(&ui, VIEW_STEP, view, 1, 1);
    ui.zoom = ui.explain = true;
    for (unsigned pane = 1; pane <= PANES_MAX; pane++) {
        if (!view_focus(&ui, pane))
            continue;
        for (int size = 1; size <= ROWS_MAX; size++) {
            ui.scroll[view][pane] = size % 5 * 100;
            draw_at(model, &ui, size, size * 3);
        }
    }
}
END_TEST

static bool pane_fits(const struct pane *pane, const struct ui *ui)
{
    return pane->rows >= (pane->number == 9 ? 3 : 4) && /* 9 is a line */ pane->cols >= 20 &&
           pane->row >= 1 && pane->col >= 0 && pane->row + pane->rows <= ui->rows - 2 &&
           pane->col + pane->cols <= ui->cols && pane->name != NULL;
}

START_TEST(test_panes_fit)
{
    struct pane panes[PANES_MAX];
    struct ui ui;

    ui_init(&ui, VIEW_STEP, (enum view_id)_i, 24, 80);
    for (ui.rows = SCREEN_MIN_ROWS; ui.rows <= ROWS_MAX; ui.rows++)
        for (ui.cols = SCREEN_MIN_COLS; ui.cols <= COLS_MAX; ui.cols++) {
            unsigned count = view_panes(&ui, panes);
            bool small = ui.rows < SCREEN_FULL_ROWS || ui.cols < SCREEN_FULL_COLS;

            if (count < 1 || (small && count > 1))
                ck_abort_msg("%u panes at %dx%d", count, ui.cols, ui.rows);
            for (unsigned i = 0; i < count; i++)
                if (!pane_fits(&panes[i], &ui))
                    ck_abort_msg("pane %u at %dx%d", panes[i].number, ui.cols, ui.rows);
        }
}
END_TEST

START_TEST(test_same_model_same_grid)
{
    const struct model *model = screen_model_long();
    struct grid *a = grid_create(48, 160), *b = grid_create(48, 160);
    struct ui ui;

    ui_init(&ui, VIEW_STEP, VIEW_STEP, 48, 160);
    memset(b->cells, 0, sizeof(*b->cells) * 48 * 160);
    screen_draw(model, &ui, a);
    screen_draw(model, &ui, b);
    ck_assert(grid_equal(a, b));
    grid_destroy(a);
    grid_destroy(b);
}
END_TEST

static bool grid_has(const struct grid *grid, const char *text)
{
    for (int row = 0; row < grid->rows; row++)
        for (int col = 0; col < grid->cols; col++) {
            size_t i = 0;

            while (text[i] && grid_at(grid, row, col + (int)i) &&
                   grid_at(grid, row, col + (int)i)->ch == (unsigned char)text[i])
                i++;
            if (!text[i])
                return true;
        }
    return false;
}

START_TEST(test_too_small_says_so)
{
    const struct model *model = screen_model_real();
    struct grid *grid = grid_create(11, 60);
    struct ui ui;

    ui_init(&ui, VIEW_STEP, VIEW_STEP, 11, 60);
    screen_draw(model, &ui, grid);
    ck_assert(grid_has(grid, "60x11 is too small: vlab needs 40x12"));
    grid_destroy(grid);
}
END_TEST

/* The guest owns what it prints: escape sequences must not reach the terminal. */
START_TEST(test_guest_text_is_harmless)
{
    struct model *model = screen_model_real();
    struct grid *grid = grid_create(30, 100);
    struct ui ui;

    text_tail_add(&model->text, TEXT_SERIAL,
                  "\033[2J\x9b"
                  "1m\x7f\xff end",
                  12);
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 30, 100);
    screen_draw(model, &ui, grid);
    for (int i = 0; i < 30 * 100; i++)
        ck_assert(grid->cells[i].ch >= 0x20 &&
                  (grid->cells[i].ch < 0x7f || grid->cells[i].ch > 0x9f));
    ck_assert(grid_has(grid, "[2J"));
    grid_destroy(grid);
}
END_TEST

/* The cursor is on the selected row, and the row is marked in a way that needs no colour. */
START_TEST(test_selection)
{
    const struct model *model = screen_model_long();
    struct grid *grid = grid_create(24, 80);
    struct ui ui;
    const struct cell *cell;

    ui_init(&ui, VIEW_STEP, VIEW_STEP, 24, 80);
    view_move(model, &ui, MOVE_UP);
    screen_draw(model, &ui, grid);
    cell = grid_at(grid, grid->cursor_row, grid->cursor_col);
    ck_assert_ptr_nonnull(cell);
    ck_assert_uint_eq(cell->ch, '>');
    ck_assert_uint_eq(cell->attr, CELL_SELECTED);
    ck_assert(grid_has(grid, ">1841"));
    ck_assert(grid_has(grid, "now, not at the exit"));
    grid_destroy(grid);
}
END_TEST

/* Roles that say something important have a mark or an attribute where there are no colours. */
/* ltr cx: the qualification and the instruction information, as words and as numbers. */
START_TEST(test_instruction_information)
{
    const struct vm_exit exit = {.reason = EXIT_LDTR_TR,
                                 .has = EXIT_HAS_QUALIFICATION | EXIT_HAS_INSN_INFO,
                                 .insn_info = 3u << 28 | 1 << 10 | 1 << 3,
                                 .mode = X86_MODE_PROT32};
    struct area area;

    guard(24, 120);
    area = area_all(&guarded.grid);
    grid_clear(&guarded.grid);
    step_why(&exit, true, &area, 0);
    check_cells("why");
    ck_assert(grid_has(&guarded.grid, "Exit qualification 0, field by field:"));
    ck_assert(grid_has(&guarded.grid, "operands bits 6:3  Reg1: 1 (ecx)"));
    ck_assert(grid_has(&guarded.grid, "operands bits 29:28  instruction: 3 (LTR)"));
    grid_clear(&guarded.grid);
    step_fields(&exit, &area, 0);
    check_cells("fields");
    ck_assert(grid_has(&guarded.grid, "insn info        30000408"));
}
END_TEST

static void find_pkru(const struct model *model, bool there)
{
    struct regs regs;
    const struct reg *reg;

    regs_collect(&regs, model);
    reg = regs_system(&regs, REG_PKRU);
    ck_assert_int_eq(reg != NULL, there);
    if (!there)
        return;
    ck_assert_str_eq(reg->name, "PKRU");
    ck_assert_uint_eq(reg->now, 0xc0);
    ck_assert(regs_changed(&regs, reg));
}

/* PKRU is in the list of registers while CR4.PKE makes it mean something. */
START_TEST(test_pkru)
{
    struct model *model = screen_model_long();
    struct ui ui;

    model->now.pkru = 0xc0;
    model->before.pkru = 0x30;
    model->has_before = true;
    find_pkru(model, false);
    model->now.cr4 |= CR4_PKE;
    find_pkru(model, true);
    ui_init(&ui, VIEW_STEP, VIEW_STEP, 1, 1);
    draw_at(model, &ui, 60, 120);
}
END_TEST

START_TEST(test_mono_loses_nothing)
{
    static const enum role important[] = {ROLE_CHANGED, ROLE_DENY,    ROLE_ERROR, ROLE_SELECTED,
                                          ROLE_PAUSED,  ROLE_RUNNING, ROLE_KEY,   ROLE_DISABLED};

    for (unsigned i = 0; i < sizeof(important) / sizeof(important[0]); i++) {
        struct style style = theme_style(THEME_MONO, important[i], 0);

        ck_assert_msg(style.attrs != 0 || theme_mark(important[i]) != ' ', "%s",
                      theme_role_name(important[i]));
        ck_assert_int_eq(style.fg, -1);
        ck_assert_int_eq(style.bg, -1);
    }
    ck_assert(theme_style(THEME_MONO, ROLE_NORMAL, CELL_SELECTED).attrs & STYLE_REVERSE);
    ck_assert_int_eq(theme_mark(ROLE_CHANGED), '*');
    ck_assert_int_eq(theme_mark(ROLE_DENY), '!');
    ck_assert_int_eq(theme_mark(ROLE_SELECTED), '>');
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("views");
    TCase *tc = tcase_create("views");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, test_nothing_outside, 0, 4 * VIEW_COUNT);
    tcase_add_loop_test(tc, test_own_models, 0, 9);
    tcase_add_loop_test(tc, test_panes_alone, 0, VIEW_COUNT);
    tcase_add_loop_test(tc, test_panes_fit, 0, VIEW_COUNT);
    tcase_add_test(tc, test_same_model_same_grid);
    tcase_add_test(tc, test_too_small_says_so);
    tcase_add_test(tc, test_guest_text_is_harmless);
    tcase_add_test(tc, test_selection);
    tcase_add_test(tc, test_instruction_information);
    tcase_add_test(tc, test_pkru);
    tcase_add_test(tc, test_mono_loses_nothing);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

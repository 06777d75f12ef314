/*
 * The pages that the guest writes.
 *
 *   1 Pages          RAM from its start on, a character for some pages: '*' written in the last run,
 *                    shades for how many runs wrote there before, '.' never written
 *   2 At the cursor  the same in numbers
 *
 * A run is what one command did: a step, a continue.
 */
#include "core/ram.h"
#include "tui/act_ept.h"
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"
#include "tui/widget/raster.h"

#include <stdio.h>
#include <string.h>

enum { PLACE_ROWS = 5, HEAT_MAP = 1, HEAT_PLACE = 2 };

static unsigned heat_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    panes[0] = (struct pane){
        .number = HEAT_MAP, .row = row, .rows = rows - PLACE_ROWS + 1, .cols = ui->cols};
    panes[1] = (struct pane){
        .number = HEAT_PLACE, .row = row + rows - PLACE_ROWS, .rows = PLACE_ROWS, .cols = ui->cols};
    return 2;
}

static void heat_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    const struct heat_look *look = &model->heat;
    char last[NUMBER_MAX], ever[NUMBER_MAX], pages[NUMBER_MAX];

    (void)ui;
    if (look->on && pane->number == HEAT_MAP)
        snprintf(pane->detail, sizeof(pane->detail),
                 "%s in the last run, %s since the start, of %s", text_grouped(look->last, last),
                 text_grouped(look->ever, ever), text_grouped(look->pages, pages));
}

static uint64_t raster_pages(const struct heat_look *look, const struct raster *r)
{
    return (uint64_t)r->cells * look->cell_size;
}

static struct heat_cell cells_sum(const struct heat_look *look, uint64_t first, uint32_t count)
{
    struct heat_cell sum = {0};

    for (uint64_t i = first; i < first + count && i < look->count; i++) {
        sum.last = (uint16_t)(sum.last + look->cells[i].last);
        sum.ever = (uint16_t)(sum.ever + look->cells[i].ever);
        if (look->cells[i].runs > sum.runs)
            sum.runs = look->cells[i].runs;
    }
    return sum;
}

static uint32_t shade(unsigned runs)
{
    return runs < 2 ? 0x2591 : runs < 4 ? 0x2592 : runs < 16 ? 0x2593 : 0x2588;
}

static void cell_draw(const struct area *area, int row, int col, const struct heat_cell *cell)
{
    if (cell->last)
        area_char(area, row, col, ROLE_CHANGED, (uint32_t)theme_mark(ROLE_CHANGED));
    else if (cell->ever)
        area_char(area, row, col, ROLE_BAR, shade(cell->runs));
    else
        area_char(area, row, col, ROLE_DIM, '.');
}

static uint64_t cursor_page(const struct heat_look *look, const struct ui *ui)
{
    return ui->heat.page < look->pages ? ui->heat.page : look->pages - 1;
}

static void cursor_draw(const struct area *area, int row, int col)
{
    struct area cell = area_part(area, row, col, 1, 1);

    area_select_row(&cell, 0);
}

static int map_draw(const struct heat_look *look, const struct ui *ui, const struct area *area)
{
    struct raster r = raster_fit(look->count, area->rows, area->cols);
    uint64_t at = cursor_page(look, ui) / raster_pages(look, &r);

    for (uint32_t line = 0; line < r.lines; line++) {
        uint64_t first = (uint64_t)line * r.cols;

        raster_label(area, (int)line, heat_gpa(first * raster_pages(look, &r)));
        for (uint32_t i = 0; i < r.cols && (first + i) * r.cells < look->count; i++) {
            struct heat_cell cell = cells_sum(look, (first + i) * r.cells, r.cells);

            cell_draw(area, (int)line, RASTER_LABEL_COLS + (int)i, &cell);
        }
    }
    cursor_draw(area, (int)(at / r.cols), RASTER_LABEL_COLS + (int)(at % r.cols));
    return (int)r.lines;
}

/* The raster of the pane that has the cursor, as it is placed now. */
static struct raster raster_now(const struct heat_look *look, const struct ui *ui)
{
    struct pane panes[PANES_MAX];
    unsigned count = view_panes(ui, panes);
    int rows = ui->rows, cols = ui->cols;

    for (unsigned i = 0; i < count; i++)
        if (panes[i].number == HEAT_MAP) {
            rows = panes[i].rows - 2;
            cols = panes[i].cols - 2;
        }
    return raster_fit(look->count, rows, cols);
}

static int place_draw(const struct heat_look *look, const struct ui *ui, const struct area *area)
{
    struct raster r = raster_now(look, ui);
    uint64_t pages = raster_pages(look, &r), first = cursor_page(look, ui) / pages * pages;
    struct heat_cell cell = cells_sum(look, first / look->cell_size, r.cells);
    uint64_t last = first + pages <= look->pages ? first + pages : look->pages;
    char runs[NUMBER_MAX], all[NUMBER_MAX];

    area_printf(area, 0, 1, ROLE_ADDRESS, "guest-physical %llx-%llx",
                (unsigned long long)heat_gpa(first),
                (unsigned long long)heat_gpa(last - 1) + (PAGE_SIZE - 1));
    area_printf(
        area, 1, 1, ROLE_NUMBER, "of %llu page%s: %u written in the last run, %u since the start",
        (unsigned long long)(last - first), last - first == 1 ? "" : "s", cell.last, cell.ever);
    if (look->first_only) {
        area_text(area, 2, 1, ROLE_DIM,
                  "with shadow paging a page is seen in the run that writes it first");
        return 3;
    }
    area_printf(area, 2, 1, ROLE_DIM, "written in %s of %s runs; a character is %llu page%s",
                text_grouped(cell.runs, runs), text_grouped(look->runs, all),
                (unsigned long long)pages, pages == 1 ? "" : "s");
    return 3;
}

static int heat_draw(const struct model *model, const struct ui *ui, unsigned number,
                     const struct area *area)
{
    if (!model->heat.on) {
        if (number == ui->focus[VIEW_HEAT])
            area_text(area, 0, 1, ROLE_DIM,
                      model->lab < 0 ? "No lab is open: l lists them." : "not read yet");
        return 1;
    }
    return number == HEAT_MAP ? map_draw(&model->heat, ui, area)
                              : place_draw(&model->heat, ui, area);
}

static bool heat_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                      int page)
{
    const struct heat_look *look = &model->heat;
    struct raster r;
    uint64_t pages, at, lines;

    (void)number;
    if (!look->on)
        return true;
    r = raster_now(look, ui);
    pages = raster_pages(look, &r);
    at = cursor_page(look, ui) / pages;
    lines = move_apply(move, at / r.cols, r.lines, page - 1);
    ui->heat.page = (lines * r.cols + at % r.cols) * pages;
    ui->heat.page = cursor_page(look, ui);
    return true;
}

static bool heat_side(const struct model *model, struct ui *ui, unsigned number, int direction)
{
    const struct heat_look *look = &model->heat;
    uint64_t pages, at;
    struct raster r;

    if (!look->on || number != HEAT_MAP)
        return false;
    r = raster_now(look, ui);
    pages = raster_pages(look, &r);
    at = cursor_page(look, ui) / pages;
    if (direction > 0 || at > 0)
        ui->heat.page = (at + (uint64_t)(int64_t)direction) * pages;
    ui->heat.page = cursor_page(look, ui);
    return true;
}

static void heat_click(const struct model *model, struct ui *ui, const struct pane *pane, int row)
{
    const struct heat_look *look = &model->heat;
    struct raster r;

    if (!look->on || pane->number != HEAT_MAP)
        return;
    r = raster_now(look, ui);
    ui->heat.page = (uint64_t)row * r.cols * raster_pages(look, &r);
    ui->heat.page = cursor_page(look, ui);
}

const struct view_ops view_heat = {
    .name = "heat",
    .title = "HEAT",
    .panes = {NULL, "Pages written", "At the cursor"},
    .first_focus = HEAT_MAP,
    .layout = heat_layout,
    .detail = heat_detail,
    .draw = heat_draw,
    .move = heat_move,
    .side = heat_side,
    .click = heat_click,
};

/*
 * Which pages of RAM differ between the two that are compared: a character for some of them.
 *
 *        0 ................................................................
 *   400000 █▒-▒............................................................
 *
 * What counts is what is in a page: one that was written, and then got back what it had, does not differ.
 */
#include "core/ram.h"
#include "tui/view/snapshots.h"
#include "tui/widget/raster.h"
#include "util/text.h"

enum { NONE = '.', FEW = 0x2591, MANY = 0x2592, FULL = 0x2588 };

/* As the pane is placed now, drawn or not. */
static struct raster raster_now(const struct snapshots_look *look, const struct pane *pane)
{
    return raster_fit(look->cell_count, pane->rows - 2, pane->cols - 2);
}

/* So many pages of a character that are many. */
static uint32_t many(uint32_t pages)
{
    return (pages + 3) / 4;
}

static uint32_t glyph(uint32_t differ, uint32_t pages)
{
    if (differ == 0)
        return NONE;
    if (differ >= pages)
        return FULL;
    return differ >= many(pages) ? MANY : FEW;
}

static uint32_t cells_sum(const struct snapshots_look *look, uint32_t first, uint32_t count)
{
    uint32_t sum = 0;

    for (uint32_t i = first; i < first + count && i < look->cell_count; i++)
        sum += look->cells[i];
    return sum;
}

/* The last character may stand for fewer pages than the others. */
static uint32_t pages_in(const struct snapshots_look *look, const struct raster *r, uint32_t at)
{
    uint64_t pages = (uint64_t)r->cells * look->cell_size, first = at * pages;

    return (uint32_t)(first + pages <= look->pages ? pages : look->pages - first);
}

static void line_draw(const struct snapshots_look *look, const struct raster *r, uint32_t line,
                      const struct area *area)
{
    uint32_t first = line * r->cols;

    raster_label(area, (int)line, ram_page_gpa((uint64_t)first * r->cells * look->cell_size));
    for (uint32_t i = 0; i < r->cols && (first + i) * r->cells < look->cell_count; i++) {
        uint32_t differ = cells_sum(look, (first + i) * r->cells, r->cells);

        area_char(area, (int)line, RASTER_LABEL_COLS + (int)i, differ ? ROLE_CHANGED : ROLE_DIM,
                  glyph(differ, pages_in(look, r, first + i)));
    }
}

int snap_pages(const struct model *model, const struct ui *ui, const struct area *area)
{
    const struct snapshots_look *look = &model->snapshots;
    struct raster r = raster_fit(look->cell_count, area->rows, area->cols);

    if (!snap_is_compared(model, ui))
        return 1;
    for (uint32_t line = 0; line < r.lines; line++)
        line_draw(look, &r, line, area);
    return (int)r.lines;
}

/* ". 0  ░ 1-7  ▒ 8-31  █ 32" */
static void add_legend(struct text *t, uint32_t pages)
{
    uint32_t from = many(pages);

    if (pages == 1) {
        text_add(t, ". same  \u2588 differs");
        return;
    }
    text_add(t, ". 0");
    if (from > 1)
        text_add(t, "  \u2591 1-%u", from - 1);
    if (from < pages - 1)
        text_add(t, "  \u2592 %u-%u  \u2588 %u", from, pages - 1, pages);
    else
        text_add(t, "  \u2592 %u  \u2588 %u", from, pages);
}

void snap_pages_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    const struct snapshots_look *look = &model->snapshots;
    const struct snapshot_row *row = snap_selected(model, ui), *from = snap_from(model, ui);
    struct raster r = raster_now(look, pane);
    uint32_t pages = r.cells * look->cell_size;
    struct text t;

    if (!snap_is_compared(model, ui))
        return;
    text_start(&t, pane->detail, sizeof(pane->detail));
    text_add(&t, "since %.16s, cell = %u page%s   ", from ? from->name : row->name, pages,
             pages == 1 ? "" : "s");
    add_legend(&t, pages);
}

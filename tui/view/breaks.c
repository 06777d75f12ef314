/* The breakpoints: where a run stops, whether each is on, and how often it was reached. */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"

#include <stdio.h>

enum { COL_ID = 1, COL_STATE = 5, COL_HITS = 9, HITS_COLS = 14, COL_WHERE = 25 };

static unsigned breaks_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    panes[0] = (struct pane){.number = 1, .row = row, .rows = rows, .cols = ui->cols};
    return 1;
}

static void breaks_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    (void)ui;
    snprintf(pane->detail, sizeof(pane->detail), "%u of %u", model->break_count,
             MACHINE_BREAKS_MAX);
}

static unsigned selected(const struct model *model, const struct ui *ui)
{
    return ui->selected_break < model->break_count ? ui->selected_break : model->break_count - 1;
}

static int none_draw(const struct area *area)
{
    static const char text[] =
        "There is no breakpoint. b asks where to stop:\n"
        "\n"
        "  cpuid, 48, ept violation   after such an exit\n"
        "  port=3f8, port=20-21       after an exit for I/O on the port\n"
        "  msr=c0000080               after an exit for RDMSR or WRMSR of it\n"
        "  rip=7c05                   before the instruction at that linear address\n"
        "  gpa=1000-1fff:w            before a write to that guest-physical memory\n"
        "                             (r reads, w writes, x fetches)\n"
        "\n"
        "Numbers of addresses, ports and MSRs are hexadecimal.";
    int row = 0;

    for (const char *line = text; line; row++) {
        const char *end = line;

        while (*end && *end != '\n')
            end++;
        area_printf(area, row, 1, ROLE_DIM, "%.*s", (int)(end - line), line);
        line = *end ? end + 1 : NULL;
    }
    return row;
}

static void break_draw(const struct area *area, int row, const struct breakpoint *bp)
{
    char where[BREAKPOINT_TEXT_MAX], hits[NUMBER_MAX];

    area_printf(area, row, COL_ID, ROLE_NUMBER, "%3u", bp->id);
    area_text(area, row, COL_STATE, bp->enabled ? ROLE_ALLOW : ROLE_DISABLED,
              bp->enabled ? "on" : "off");
    area_printf(area, row, COL_HITS, ROLE_NUMBER, "%*s", HITS_COLS, text_grouped(bp->hits, hits));
    area_text(area, row, COL_WHERE, bp->enabled ? ROLE_MNEMONIC : ROLE_DISABLED,
              breakpoint_text(bp, where));
}

static int breaks_draw(const struct model *model, const struct ui *ui, unsigned number,
                       const struct area *area)
{
    int first, at = (int)selected(model, ui);

    (void)number;
    if (model->break_count == 0)
        return none_draw(area);
    area_text(area, 0, COL_ID, ROLE_LABEL, " no");
    area_printf(area, 0, COL_HITS, ROLE_LABEL, "%*s", HITS_COLS, "reached");
    area_text(area, 0, COL_WHERE, ROLE_LABEL, "stops at");
    first = at >= area->rows - 1 ? at - area->rows + 2 : 0;
    for (int i = first; i < (int)model->break_count && i - first < area->rows - 1; i++) {
        int row = i - first + 1;

        break_draw(area, row, &model->breaks[i]);
        if (i == at) {
            area_char(area, row, 0, ROLE_SELECTED, (uint32_t)theme_mark(ROLE_SELECTED));
            area_select_row(area, row);
        }
    }
    return (int)model->break_count + 1;
}

static bool breaks_move(const struct model *model, struct ui *ui, unsigned number, enum move move,
                        int page)
{
    (void)number;
    if (model->break_count > 0)
        ui->selected_break =
            (unsigned)move_apply(move, selected(model, ui), model->break_count, page - 1);
    return true;
}

const struct view_ops view_breaks = {
    .name = "breaks",
    .title = "BREAKPOINTS",
    .panes = {NULL, "Breakpoints"},
    .first_focus = 1,
    .endless = 1 << 1,
    .layout = breaks_layout,
    .detail = breaks_detail,
    .draw = breaks_draw,
    .move = breaks_move,
};

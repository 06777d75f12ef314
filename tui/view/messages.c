/* What was said in the message line: the newest at the bottom, with where the machine stood. */
#include "tui/text.h"
#include "tui/theme.h"
#include "tui/view.h"

#include <stdio.h>

enum { INSN_COLS = 16 };

static unsigned messages_layout(const struct ui *ui, int row, int rows, struct pane *panes)
{
    panes[0] = (struct pane){.number = 1, .row = row, .rows = rows, .cols = ui->cols};
    return 1;
}

static uint64_t kept(const struct ui *ui)
{
    return ui->logged < LOG_LINES ? ui->logged : LOG_LINES;
}

static void messages_detail(const struct model *model, const struct ui *ui, struct pane *pane)
{
    (void)model;
    snprintf(pane->detail, sizeof(pane->detail), "%llu, the last %llu are kept",
             (unsigned long long)ui->logged, (unsigned long long)kept(ui));
}

static void line_draw(const struct area *area, int row, const struct log_line *line)
{
    char insns[NUMBER_MAX];

    area_printf(area, row, 0, ROLE_NUMBER, "%*s", INSN_COLS - 3, text_grouped(line->insns, insns));
    if (line->error)
        area_char(area, row, INSN_COLS - 2, ROLE_ERROR, (uint32_t)theme_mark(ROLE_ERROR));
    area_text(area, row, INSN_COLS, line->error ? ROLE_ERROR : ROLE_MESSAGE, line->text);
}

static int messages_draw(const struct model *model, const struct ui *ui, unsigned number,
                         const struct area *area)
{
    uint64_t count = kept(ui);
    int rows = area->rows - 1, last = (int)count - ui->scroll[VIEW_MESSAGES][number];
    int first = last > rows ? last - rows : 0;

    (void)model;
    if (count == 0) {
        area_text(area, 0, 1, ROLE_DIM, "Nothing was said so far.");
        return 1;
    }
    area_printf(area, 0, 0, ROLE_LABEL, "%*s", INSN_COLS - 3, "instruction");
    area_text(area, 0, INSN_COLS, ROLE_LABEL, "message");
    for (int i = first; i < (int)count && i - first < rows; i++)
        line_draw(area, i - first + 1, &ui->log[(ui->logged - count + (uint64_t)i) % LOG_LINES]);
    return (int)count + 1;
}

const struct view_ops view_messages = {
    .name = "messages",
    .title = "MESSAGES",
    .panes = {NULL, "Messages"},
    .first_focus = 1,
    .from_end = 1 << 1,
    .endless = 1 << 1,
    .layout = messages_layout,
    .detail = messages_detail,
    .draw = messages_draw,
};

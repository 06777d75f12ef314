/* The state of the screen, see ui.h. */
#include "tui/ui.h"
#include "tui/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ui_init(struct ui *ui, enum view_id root, enum view_id top, int rows, int cols)
{
    memset(ui, 0, sizeof(*ui));
    ui->rows = rows;
    ui->cols = cols;
    ui->follow = true;
    ui->stack[0] = root;
    ui->depth = 1;
    for (unsigned view = 0; view < VIEW_COUNT; view++)
        ui->focus[view] = view_ops((enum view_id)view)->first_focus;
    if (top != root)
        ui_show(ui, top);
}

enum view_id ui_view(const struct ui *ui)
{
    return ui->stack[ui->depth - 1];
}

void ui_show(struct ui *ui, enum view_id view)
{
    ui->zoom = false;
    for (unsigned i = 0; i < ui->depth; i++)
        if (ui->stack[i] == view) {
            ui->depth = i + 1;
            return;
        }
    ui->stack[ui->depth++] = view;
}

void ui_message(struct ui *ui, bool error, const char *fmt, ...)
{
    va_list ap;

    ui->message_error = error;
    va_start(ap, fmt);
    vsnprintf(ui->message, sizeof(ui->message), fmt, ap);
    va_end(ap);
}

bool ui_one_pane(const struct ui *ui)
{
    return ui->zoom || ui->rows < SCREEN_FULL_ROWS || ui->cols < SCREEN_FULL_COLS;
}

bool ui_busy(const struct ui *ui, const struct model *model)
{
    return ui->sent > model->done || model->run == RUN_RUNNING || model->run == RUN_OPENING;
}

const struct vm_exit *ui_exit(const struct ui *ui, const struct model *model)
{
    const struct exit_ring *ring = &model->ring;
    uint64_t seq = ui->selected_exit;

    if (ring->begin == ring->end)
        return NULL;
    if (ui->follow || seq >= ring->end)
        seq = ring->end - 1;
    if (seq < ring->begin)
        seq = ring->begin;
    return exit_ring_get(ring, seq);
}

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

static void log_add(struct ui *ui)
{
    struct log_line *line = &ui->log[ui->logged++ % LOG_LINES];

    line->error = ui->message_error;
    line->insns = ui->insns;
    snprintf(line->text, sizeof(line->text), "%s", ui->message);
}

void ui_message(struct ui *ui, bool error, const char *fmt, ...)
{
    va_list ap;

    ui->message_error = error;
    va_start(ap, fmt);
    vsnprintf(ui->message, sizeof(ui->message), fmt, ap);
    va_end(ap);
    if (ui->message[0])
        log_add(ui);
}

bool ui_one_pane(const struct ui *ui)
{
    return ui->zoom || ui->rows < SCREEN_FULL_ROWS || ui->cols < SCREEN_FULL_COLS;
}

bool ui_shows_tour(const struct ui *ui)
{
    return ui->tour > 0 && ui_view(ui) == VIEW_STEP;
}

bool ui_busy(const struct ui *ui, const struct model *model)
{
    return ui->sent > model->done || model->run == RUN_RUNNING || model->run == RUN_OPENING;
}

const struct vm_exit *ui_exit(const struct ui *ui, const struct model *model)
{
    if (ui->follow)
        return exit_list_last(&model->ring, &ui->filter);
    return exit_list_at(&model->ring, &ui->filter, ui->selected_exit);
}

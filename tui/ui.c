/* The state of the screen, see ui.h. */
#include "tui/ui.h"
#include "tui/reasons.h"
#include "tui/view.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ui_init(struct ui *ui, enum view_id root, enum view_id top, int rows, int cols)
{
    memset(ui, 0, sizeof(*ui));
    ui->rows = rows;
    ui->cols = cols;
    ui->follow = ui->reason_follow = true;
    ui->memory.place.base = MEMORY_RSP;
    ui->pages.question.place.base = MEMORY_RIP;
    ui->pages.question.access = X86_FETCH;
    ui->ept.question.place.physical = true;
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
    return ui->tour > 0 && (ui_view(ui) == VIEW_STEP || ui_view(ui) == VIEW_SNAPSHOTS);
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

static unsigned profile_reason(const struct ui *ui, const struct model *model)
{
    uint8_t order[EXIT_REASON_COUNT];

    if (ui->reason_chosen && model->counts[ui->reason] > 0)
        return ui->reason;
    return reasons_sort(model->counts, order) > 0 ? order[0] : EXIT_REASON_COUNT;
}

unsigned ui_reason(const struct ui *ui, const struct model *model)
{
    const struct vm_exit *exit;

    if (ui_view(ui) == VIEW_EXITS)
        return profile_reason(ui, model);
    exit = ui_exit(ui, model);
    return exit ? exit->reason : EXIT_REASON_COUNT;
}

void ui_reason_filter(const struct ui *ui, const struct model *model, struct exit_filter *filter)
{
    unsigned reason = profile_reason(ui, model);

    *filter = (struct exit_filter){
        .on = true,
        .only = {.kind = BREAK_REASON, .enabled = true, .first = reason, .last = reason}};
}

const struct vm_exit *ui_reason_exit(const struct ui *ui, const struct model *model)
{
    struct exit_filter filter;

    ui_reason_filter(ui, model, &filter);
    if (ui->reason_follow)
        return exit_list_last(&model->ring, &filter);
    return exit_list_at(&model->ring, &filter, ui->reason_exit);
}

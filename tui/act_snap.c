/* See act_snap.h. What loses something is asked for twice. */
#include "tui/act_snap.h"
#include "tui/view.h"

#include <stdio.h>
#include <string.h>

/* The second press of the same key on the same snapshot. */
static bool is_meant(struct ui *ui, enum action_id id, const struct snapshot_row *row)
{
    if (ui->snap.meant == id && !strcmp(ui->snap.meant_id, row->id))
        return true;
    ui->snap.meant = id;
    memcpy(ui->snap.meant_id, row->id, sizeof(ui->snap.meant_id));
    return false;
}

static void send_id(struct ui *ui, struct command *command, enum command_kind kind,
                    const struct snapshot_row *row, const char *text)
{
    update_send(ui, command, kind);
    memcpy(command->id, row->id, sizeof(command->id));
    snprintf(command->text, sizeof(command->text), "%s", text);
    ui->snap.meant = 0;
}

/* Something was run since the last snapshot, wherever the machine is now. */
static bool loses(const struct model *model)
{
    return moment_compare(model->time.end, model->snapshots.since) > 0;
}

static void restore(const struct model *model, struct ui *ui, const struct snapshot_row *row,
                    struct command *command)
{
    if (!loses(model) || is_meant(ui, ACTION_SNAP_RESTORE, row))
        send_id(ui, command, COMMAND_SNAP_RESTORE, row, "");
    else if (model->time.past)
        ui_message(ui, true,
                   "the run's end is not kept: r again restores; first J end, then T keeps it");
    else
        ui_message(ui, true, "the run since then is not kept: r again restores, T keeps it first");
}

static void delete (struct ui *ui, const struct snapshot_row *row, struct command *command)
{
    if (is_meant(ui, ACTION_SNAP_DELETE, row))
        send_id(ui, command, COMMAND_SNAP_DELETE, row, "");
    else
        ui_message(ui, true, "x again deletes %.40s; its children stay", row->name);
}

static void mark(struct ui *ui, const struct snapshot_row *row)
{
    memcpy(ui->snap.mark, row->id, sizeof(ui->snap.mark));
    ui_message(ui, false, "%.40s is marked: D compares another one with it", row->name);
}

/* What is compared, and with what. */
static bool act_diff(struct ui *ui, enum action_id id, const struct snapshot_row *row)
{
    switch (id) {
    case ACTION_SNAP_MARK:
        mark(ui, row);
        return true;
    case ACTION_SNAP_DIFF_MARK:
    case ACTION_SNAP_DIFF:
        ui->snap.from_mark = id == ACTION_SNAP_DIFF_MARK;
        ui->scroll[VIEW_SNAPSHOTS][SNAP_DIFF_PANE] = 0;
        return true;
    default:
        return false;
    }
}

bool snap_act(const struct model *model, struct ui *ui, enum action_id id, const char *argument,
              struct command *command)
{
    const struct snapshot_row *row = snap_selected(model, ui);

    if (id == ACTION_SNAP_TAKE) {
        update_send(ui, command, COMMAND_SNAP_TAKE);
        snprintf(command->text, sizeof(command->text), "%s", argument);
        return true;
    }
    if (!row)
        return false;
    if (act_diff(ui, id, row))
        return true;
    switch (id) {
    case ACTION_SNAP_RESTORE:
        restore(model, ui, row, command);
        return true;
    case ACTION_SNAP_DELETE:
        delete (ui, row, command);
        return true;
    case ACTION_SNAP_RENAME:
        send_id(ui, command, COMMAND_SNAP_RENAME, row, argument);
        return true;
    case ACTION_SNAP_NOTE:
        send_id(ui, command, COMMAND_SNAP_NOTE, row, argument);
        return true;
    case ACTION_SNAP_FOLD:
        snap_select(model, ui, row);
        snap_fold(ui, row);
        return true;
    default:
        return false;
    }
}

static bool question_equal(const struct snapshots_question *a, const struct snapshots_question *b)
{
    return a->on == b->on && (!a->on || (!strcmp(a->id, b->id) && !strcmp(a->from, b->from)));
}

void snap_ask(const struct model *model, struct ui *ui, struct command *command)
{
    const struct snapshot_row *row = snap_selected(model, ui);
    struct snapshots_question want = {.on = ui_view(ui) == VIEW_SNAPSHOTS && model->lab >= 0};
    struct snapshots_question have = model->snapshots.asked;

    if (want.on && row)
        memcpy(want.id, row->id, sizeof(want.id));
    if (want.on && snap_from(model, ui))
        memcpy(want.from, ui->snap.mark, sizeof(want.from));
    have.on = model->snapshots.on;
    if (question_equal(&have, &want))
        return;
    if (ui->snap.has_asked && question_equal(&ui->snap.asked, &want) && ui->sent > model->done)
        return;
    update_send(ui, command, COMMAND_LOOK_SNAPSHOTS);
    command->snapshots = ui->snap.asked = want;
    ui->snap.has_asked = true;
}

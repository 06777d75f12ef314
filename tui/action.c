/* The table of actions, and when each can be done. See action.def. */
#include "tui/action.h"
#include "tui/act_snap.h"
#include "tui/key.h"

static const char *always(const struct model *model, const struct ui *ui)
{
    (void)model;
    (void)ui;
    return NULL;
}

static const char *not_paused(const struct model *model, const struct ui *ui)
{
    (void)ui;
    switch (model->run) {
    case RUN_NONE:
        return "no lab is open: l lists them";
    case RUN_OPENING:
        return "the lab is being opened";
    case RUN_RUNNING:
        return "the guest is running: i stops it";
    case RUN_ENDED:
        return "the guest has ended: r restarts it";
    case RUN_PAUSED:
        break;
    }
    return NULL;
}

/* There is a machine, and it stands still. */
static const char *no_time(const struct model *model, const struct ui *ui)
{
    if (model->run == RUN_ENDED && model->time.on)
        return NULL;
    return not_paused(model, ui);
}

static const char *not_past(const struct model *model, const struct ui *ui)
{
    const char *why = no_time(model, ui);

    if (why || moment_compare(model->time.start, model->time.now) != 0)
        return why;
    return "this is the start: there is nothing before";
}

static const char *no_mark(const struct model *model, const struct ui *ui)
{
    return ui->has_mark ? no_time(model, ui) : "no moment is marked: m marks one";
}

static const char *not_running(const struct model *model, const struct ui *ui)
{
    return ui_busy(ui, model) ? NULL : "the guest is not running";
}

static const char *cannot_restart(const struct model *model, const struct ui *ui)
{
    (void)ui;
    if (model->lab < 0)
        return "no lab is open: l lists them";
    return model->run == RUN_RUNNING ? "the guest is running: i stops it" : NULL;
}

static const char *no_exit(const struct model *model, const struct ui *ui)
{
    if (ui_exit(ui, model))
        return NULL;
    return ui->filter.on ? "no exit is listed: f and Enter list all" : "no exit has happened yet";
}

static const char *cannot_open(const struct model *model, const struct ui *ui)
{
    if (ui->selected_lab >= model->lab_count)
        return "there is no lab";
    if ((int)ui->selected_lab == model->lab)
        return NULL;
    if (model->labs[ui->selected_lab].missing[0])
        return model->labs[ui->selected_lab].missing;
    return model->run == RUN_RUNNING ? "the guest of another lab is running: stop it first" : NULL;
}

static const char *cannot_zoom(const struct model *model, const struct ui *ui)
{
    (void)model;
    if (ui->rows < SCREEN_FULL_ROWS || ui->cols < SCREEN_FULL_COLS)
        return "below 80x24 there is one pane only";
    return NULL;
}

static const char *no_machine(const struct model *model, const struct ui *ui)
{
    (void)ui;
    return model->lab < 0 ? "no lab is open: l lists them" : NULL;
}

static const char *no_exit_to_repeat(const struct model *model, const struct ui *ui)
{
    const char *why = not_paused(model, ui);

    if (why)
        return why;
    return ui_reason(ui, model) < EXIT_REASON_COUNT ? NULL : "no exit has happened yet";
}

static const char *no_exit_to_find(const struct model *model, const struct ui *ui)
{
    const char *why = not_past(model, ui);

    if (why)
        return why;
    return ui_reason(ui, model) < EXIT_REASON_COUNT ? NULL : "no exit has happened yet";
}

static const char *no_reason(const struct model *model, const struct ui *ui)
{
    return ui_reason_exit(ui, model) ? NULL : "no exit of a reason is kept";
}

static const char *no_snapshot(const struct model *model, const struct ui *ui)
{
    const char *why = no_time(model, ui);

    if (why)
        return why;
    return snap_selected(model, ui) ? NULL : "there is no snapshot: T takes one";
}

static const char *no_snap_mark(const struct model *model, const struct ui *ui)
{
    const char *why = no_snapshot(model, ui);

    if (why)
        return why;
    return snap_row(model, ui->snap.mark) ? NULL : "no snapshot is marked: m marks one";
}

static const char *no_below(const struct model *model, const struct ui *ui)
{
    const struct snapshot_row *row = snap_selected(model, ui);

    if (!row)
        return no_snapshot(model, ui);
    return snap_below(model, row) ? NULL : "nothing is below the selected snapshot";
}

static const char *no_find(const struct model *model, const struct ui *ui)
{
    (void)model;
    return ui->find[0] ? NULL : "nothing was looked for: / asks what";
}

static const char *no_place(const struct model *model, const struct ui *ui)
{
    return ui->memory.backs > 0 ? no_machine(model, ui) : "there is no place before";
}

static const char *no_break(const struct model *model, const struct ui *ui)
{
    (void)ui;
    return model->break_count > 0 ? NULL : "there is no breakpoint: b makes one";
}

static const char *cannot_type(const struct model *model, const struct ui *ui)
{
    if (ui->typing)
        return "the guest has the keys already";
    return model->run == RUN_ENDED ? "the guest has ended: r restarts it" : no_machine(model, ui);
}

static const char *not_typing(const struct model *model, const struct ui *ui)
{
    (void)model;
    return ui->typing ? NULL : "the keys are not the guest's: Enter in the serial console";
}

static const char *no_difference(const struct model *model, const struct ui *ui)
{
    (void)ui;
    if (!model->compare.count)
        return "no traces are compared: a asks for two";
    return model->compare.has_first ? NULL : "nothing differs";
}

#define IN(view) (1u << VIEW_##view)
#define MACHINE                                                                                    \
    (IN(STEP) | IN(EXITS) | IN(PAGES) | IN(EPT) | IN(HEAT) | IN(MEMORY) | IN(BREAKS) | IN(DEVICES))
#define EVERYWHERE ((1u << VIEW_COUNT) - 1)

static const struct action actions[ACTION_COUNT] = {
#define ACTION(symbol, where, keys, name, label, asks, text, why_not)                              \
    [ACTION_##symbol] = {where, keys, name, label, asks, text, why_not},
#include "tui/action.def"
#undef ACTION
};

const struct action *action_get(enum action_id id)
{
    return &actions[id];
}

bool action_in(enum action_id id, enum view_id view)
{
    return actions[id].where >> view & 1;
}

bool action_everywhere(enum action_id id)
{
    return actions[id].where == EVERYWHERE;
}

enum action_id action_find(enum view_id view, uint32_t key)
{
    unsigned id = 0;

    while (id < ACTION_COUNT &&
           !(action_in((enum action_id)id, view) && key_in(actions[id].keys, key)))
        id++;
    return (enum action_id)id;
}
